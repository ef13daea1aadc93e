package desk

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/staff"
)

func peoplePages() []page {
	return []page{
		{path: "/desk/staff", act: staff.ActPeople, get: staffPage},
		{path: "/desk/staff/invite", act: staff.ActInvite, back: "/desk/staff", post: invitePost},
		{path: "/desk/staff/{id}", act: staff.ActPeople, get: personPage},
		{path: "/desk/staff/{id}/role", act: staff.ActRole, back: "/desk/staff/{id}", post: rolePost},
		{path: "/desk/staff/{id}/suspend", act: staff.ActSuspend, back: "/desk/staff/{id}", get: suspendAsk, post: suspendPost},
		{path: "/desk/staff/{id}/ask-keys", act: staff.ActAskKeys, back: "/desk/staff/{id}", post: askKeysPost},
		{path: "/desk/staff/{id}/new-keys", act: staff.ActNewKeys, back: "/desk/staff/{id}", get: newKeysAsk, post: newKeysPost},
		{path: "/desk/staff/{id}/assign", act: staff.ActAssign, back: "/desk/staff/{id}", post: assignPost},
	}
}

func person(p staff.Person) assets.DeskPerson {
	return assets.DeskPerson{ID: p.ID, Name: p.Name, Email: p.Email, Role: string(p.Role), Keys: p.Keys,
		Joined:    p.JoinedAt,
		Suspended: p.SuspendedAt, AskedBy: p.AskedBy, MayGrant: p.MayGrant, Accounts: p.Accounts}
}

func roles() []string {
	var all []string
	for _, r := range staff.Roles() {
		all = append(all, string(r))
	}
	return all
}

func staffPage(x *exchange) error {
	list, err := x.d.Staff.People(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	v := &assets.DeskStaff{Frame: x.frame(), Roles: roles(), Email: x.posted.Get("email"), Name: x.posted.Get("name"),
		Role: x.posted.Get("role")}
	for _, p := range list {
		v.People = append(v.People, person(p))
	}
	return x.show(http.StatusOK, v)
}

func invitePost(x *exchange) error {
	email := x.field("email")
	err := x.d.Staff.Invite(x.r.Context(), x.caller, email, x.field("name"), staff.Role(x.field("role")))
	if err != nil {
		return err
	}
	return x.done("/desk/staff", "desk-invited", email)
}

func personPage(x *exchange) error {
	p, err := x.d.Staff.Person(x.r.Context(), x.caller, x.r.PathValue("id"))
	if err != nil {
		return err
	}
	v := &assets.DeskPersonPage{Frame: x.frame(), DeskPerson: person(*p), Roles: roles(), Own: p.ID == x.me.ID,
		Identifier: x.posted.Get("identifier")}
	return x.show(http.StatusOK, v)
}

// changed leads back to whom an act was about.
func (x *exchange) changed(notice string, err error) error {
	if err != nil {
		return err
	}
	return x.done("/desk/staff/"+x.r.PathValue("id"), notice, "")
}

func rolePost(x *exchange) error {
	return x.changed("desk-role", x.d.Staff.SetRole(x.r.Context(), x.caller, x.r.PathValue("id"),
		staff.Role(x.field("role"))))
}

func suspendAsk(x *exchange) error {
	v := x.asks("desk-ask.suspend", "/desk/staff/"+x.r.PathValue("id"))
	v.Field = "out"
	return x.show(http.StatusOK, v)
}

func newKeysAsk(x *exchange) error {
	return x.show(http.StatusOK, x.asks("desk-ask.new-keys", "/desk/staff/"+x.r.PathValue("id")))
}

func suspendPost(x *exchange) error {
	out := x.field("out") == "yes"
	notice := "desk-back"
	if out {
		notice = "desk-suspended"
	}
	return x.changed(notice, x.d.Staff.Suspend(x.r.Context(), x.caller, x.r.PathValue("id"), out))
}

func askKeysPost(x *exchange) error {
	return x.changed("desk-keys-asked", x.d.Staff.AskNewKeys(x.r.Context(), x.caller, x.r.PathValue("id")))
}

func newKeysPost(x *exchange) error {
	return x.changed("desk-keys-granted", x.d.Staff.GrantNewKeys(x.r.Context(), x.caller, x.r.PathValue("id")))
}

func assignPost(x *exchange) error {
	return x.changed("desk-assigned", x.d.Staff.Assign(x.r.Context(), x.caller, x.r.PathValue("id"),
		x.field("identifier"),
		x.field("on") == "yes"))
}
