package desk

import (
	"errors"
	"net/http"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

func accountPages() []page {
	return []page{
		{path: "/desk/accounts", act: staff.ActFind, get: findPage, post: findPost},
		{path: "/desk/accounts/{id}", act: staff.ActAccount, get: accountPage},
		{path: "/desk/accounts/{id}/reset", act: staff.ActReset, back: "/desk/accounts/{id}", post: resetPost},
		{path: "/desk/accounts/{id}/sessions", act: staff.ActSessions, back: "/desk/accounts/{id}", get: sessionsAsk, post: sessionsPost},
		{path: "/desk/accounts/{id}/unlock", act: staff.ActUnlock, get: unlockAsk, post: unlockPost},
	}
}

// findPage asks for an exact identifier: nothing is listed, and nothing is completed.
func findPage(x *exchange) error {
	return x.show(http.StatusOK, &assets.DeskFind{Frame: x.frame(), Identifier: x.posted.Get("identifier")})
}

func findPost(x *exchange) error {
	found, err := x.d.Staff.Find(x.r.Context(), x.caller, x.field("identifier"))
	if err != nil {
		return nobody(err, "identifier")
	}
	return x.redirect("/desk/accounts/" + string(found.ID))
}

// nobody says of what a field names, where a page would be missing, that no account has it.
func nobody(err error, field string) error {
	if e, ok := errors.AsType[*auth.Error](err); ok && e.Code == auth.NotFound {
		e.Code, e.Field = auth.AccountUnknown, field
	}
	return err
}

// named says which field a refusal without one is about.
func named(err error, field string) error {
	if e, ok := err.(*auth.Error); ok && e.Field == "" {
		e.Field = field
	}
	return err
}

func accountPage(x *exchange) error {
	a, err := x.d.Staff.Account(x.r.Context(), x.caller, auth.AccountID(x.r.PathValue("id")))
	if err != nil {
		return err
	}
	v := &assets.DeskAccount{Frame: x.frame(), ID: string(a.ID), Name: a.Name, UserName: a.UserName,
		Email: string(a.MaskedEmail), Phone: string(a.MaskedPhone), Made: a.CreatedAt, Enrolled: a.EnrolledAt,
		Password: a.PasswordAt, Frozen: a.FrozenAt, Paused: a.PausedUntil, CoolsOff: a.CoolUntil, Sessions: a.Sessions,
		Typed: x.posted.Get("email"), MayEnd: x.d.Staff.May(x.me.Role, staff.ActSessions),
		Held: a.Held, PasswordDue: a.PasswordDue, Closes: a.ClosesAt, KeysOnly: a.KeysOnlyAt,
		Dormant: a.Dormant, MayUnlock: a.Dormant && x.d.Staff.May(x.me.Role, staff.ActUnlock)}
	rows := x.d.Service.Methods()
	for _, m := range a.Methods {
		line := assets.Method{Way: assets.Way(rows.Of(m.Kind, m.Flavour).Face.Way), Made: m.BoundAt, Used: m.UsedAt}
		if m.State != auth.Active {
			line.State = string(m.State)
		}
		v.Methods = append(v.Methods, line)
	}
	return x.show(http.StatusOK, v)
}

func resetPost(x *exchange) error {
	id := x.r.PathValue("id")
	if err := x.d.Staff.StartReset(x.r.Context(), x.caller, auth.AccountID(id), x.field("email")); err != nil {
		return named(err, "email")
	}
	return x.done("/desk/accounts/"+id, "desk-reset", "")
}

// asks is a page that asks before its button does something.
func (x *exchange) asks(what, back string) *assets.DeskAsk {
	return &assets.DeskAsk{Frame: x.frame(), What: what, Action: x.local(), Back: back}
}

func sessionsAsk(x *exchange) error {
	return x.show(http.StatusOK, x.asks("desk-end", "/desk/accounts/"+x.r.PathValue("id")))
}

func sessionsPost(x *exchange) error {
	id := x.r.PathValue("id")
	if err := x.d.Staff.EndSessions(x.r.Context(), x.caller, auth.AccountID(id)); err != nil {
		return err
	}
	return x.done("/desk/accounts/"+id, "desk-sessions", "")
}

// unlockAsk is the list of what support makes sure of. It reads nothing.
func unlockAsk(x *exchange) error {
	v := &assets.DeskUnlock{Frame: x.frame(), ID: x.r.PathValue("id"), Email: x.posted.Get("email")}
	for _, a := range staff.Assurances() {
		v.Checks = append(v.Checks, assets.DeskTick{Name: string(a), On: x.posted.Get(sureField(a)) != ""})
	}
	return x.show(http.StatusOK, v)
}

func sureField(a staff.Assurance) string { return "sure-" + string(a) }

func unlockPost(x *exchange) error {
	var sure []staff.Assurance
	for _, a := range staff.Assurances() {
		if x.field(sureField(a)) != "" {
			sure = append(sure, a)
		}
	}
	id := x.r.PathValue("id")
	if err := x.d.Staff.Unlock(x.r.Context(), x.caller, auth.AccountID(id), x.field("email"), sure); err != nil {
		return named(err, "email")
	}
	return x.done("/desk/accounts/"+id, "desk-unlocked", "")
}
