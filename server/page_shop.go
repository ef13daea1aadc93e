package server

import (
	"errors"
	"net/http"
	"slices"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

func shopPages() []page {
	return []page{
		{path: "/shop", who: enrolled, uses: []string{"Shops", "WaitingInvitation", "HandOversTo"}, get: shopsPage},
		{path: "/shop/joined", who: enrolled, what: "shop", uses: []string{"AcceptInvitation"}, get: toShops,
			post: joinedPost},
		{path: "/shop/new", who: enrolled, what: "shop", uses: []string{"StepUp", "CreateShop"}, get: shopNewPage,
			post: shopNewPost},
		{path: "/shop/{shop}", who: enrolled, uses: []string{"Shop", "CasesToVouch"}, get: shopPage},
		{path: "/shop/{shop}/name", who: enrolled, what: "shop", uses: []string{"StepUp", "Shop", "RenameShop"},
			get: shopNamePage, post: shopNamePost},
		{path: "/shop/{shop}/invite", who: enrolled, what: "shop", uses: []string{"StepUp", "Shop", "InviteMember"},
			get: shopInvitePage, post: shopInvitePost},
		{path: "/shop/{shop}/invitations/{invitation}/withdraw", who: enrolled, uses: []string{"WithdrawInvitation"},
			get: toShop, post: withdrawPost},
		{path: "/shop/{shop}/members/{member}", who: enrolled, what: "shop",
			uses: []string{"StepUp", "Shop", "SetRole"}, get: shopPersonPage, post: shopRolePost},
		{path: "/shop/{shop}/members/{member}/suspend", who: enrolled, what: "shop", uses: []string{"SuspendMember"},
			get: toPerson, post: suspendPost},
		{path: "/shop/{shop}/members/{member}/resume", who: enrolled, what: "shop", uses: []string{"ResumeMember"},
			get: toPerson, post: resumePost},
		{path: "/shop/{shop}/members/{member}/remove", who: enrolled, what: "shop",
			uses: []string{"StepUp", "Shop", "RemoveMember"}, get: shopRemovePage, post: shopRemovePost},
		{path: "/shop/{shop}/leave", who: enrolled, what: "shop", uses: []string{"StepUp", "Shop", "LeaveShop"},
			get: shopLeavePage, post: shopLeavePost},
		{path: "/shop/{shop}/role", who: enrolled, what: "shop", uses: []string{"StepDown"}, get: toLeave,
			post: stepDownPost},
		{path: "/shop/invitation/{link}", who: holder, what: "shop",
			uses: []string{"LookInvitation", "AcceptInvitation"}, get: invitationPage, post: invitationPost},
		{path: "/shop/invitation/{link}/sign-up", who: holder, uses: []string{"SignUpInvited"}, get: toInvitation,
			post: invitedSignUpPost},
	}
}

// shopPath is the path of the shop that this page is about, and what stands below it.
func (x *request) shopPath(below string) string { return "/shop/" + x.param("shop") + below }

func (x *request) personPath() string { return x.shopPath("/members/" + x.param("member")) }

func toShops(x *request) error      { return x.redirect("/shop") }
func toShop(x *request) error       { return x.redirect(x.shopPath("")) }
func toPerson(x *request) error     { return x.redirect(x.personPath()) }
func toLeave(x *request) error      { return x.redirect(x.shopPath("/leave")) }
func toInvitation(x *request) error { return x.redirect("/shop/invitation/" + x.param("link")) }

// shopsPage lists the seller's shops, and the invitation that his account was made by.
func shopsPage(x *request) error {
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	list, err := x.s.shops.Shops(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	waiting, err := x.s.shops.WaitingInvitation(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	v := &assets.Shops{Frame: f}
	for _, s := range list {
		v.Shops = append(v.Shops, assets.ShopLine{ID: s.ID, Name: s.Name, Role: string(s.Role)})
	}
	taken, err := x.s.shops.HandOversTo(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	for i := range taken {
		v.Taken = append(v.Taken, *handOf(&taken[i]))
	}
	if waiting != nil {
		v.Invite = assets.ShopLine{Name: waiting.Shop, Role: string(waiting.Role)}
	}
	return x.show(http.StatusOK, v)
}

func joinedPost(x *request) error { return x.join("", "/shop") }

// join takes the place that an invitation is for; a refusal is told on the page at that path.
func (x *request) join(link, back string) error {
	info, err := x.s.shops.AcceptInvitation(x.r.Context(), x.caller, link)
	if err != nil {
		return x.refuseTo(back, err)
	}
	x.leaveFlash(flash{Key: "shop-joined", Name: info.Name})
	return x.redirect("/shop/" + info.ID)
}

// shopNewPage asks for a fresh second step before a form is filled in, not after; so do the others below.
func shopNewPage(x *request) error {
	if err := x.mayNow(team.ActCreate); err != nil {
		return err
	}
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.ShopName{Frame: f, Typed: x.field("name")})
}

func shopNewPost(x *request) error {
	info, err := x.s.shops.CreateShop(x.r.Context(), x.caller, x.field("name"))
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "shop-created"})
	return x.redirect("/shop/" + info.ID)
}

// place is the shop that the page is about, as the seller sees it.
func (x *request) place() (*team.ShopInfo, assets.Frame, error) {
	f, err := x.signedFrame()
	if err != nil {
		return nil, f, err
	}
	info, err := x.s.shops.Shop(x.r.Context(), x.caller, x.param("shop"))
	return info, f, err
}

// placeToChange is place for a page whose form needs a fresh second step.
func (x *request) placeToChange(a auth.Action) (*team.ShopInfo, assets.Frame, error) {
	if err := x.mayNow(a); err != nil {
		return nil, assets.Frame{}, err
	}
	return x.place()
}

func shopLine(info *team.ShopInfo) assets.ShopLine {
	return assets.ShopLine{ID: info.ID, Name: info.Name, Role: string(info.Role)}
}

func shopPage(x *request) error {
	info, f, err := x.place()
	if err != nil {
		return err
	}
	v := &assets.Shop{Frame: f, ShopLine: shopLine(info), MayInvite: len(info.Gives) > 0,
		MayRename: info.Role == team.Owner, KeysFrom: info.KeysFrom}
	for i := range info.Members {
		v.People = append(v.People, personOf(&info.Members[i]))
	}
	for _, w := range info.Invited {
		v.Waits = append(v.Waits, assets.Waiting{ID: w.ID, To: string(w.MaskedEmail), Role: string(w.Role), By: w.By,
			Until: w.Expires})
	}
	ask, err := x.s.recovery.CasesToVouch(x.r.Context(), x.caller, info.ID)
	if err != nil {
		return err
	}
	for i := range ask {
		v.Asks = append(v.Asks, assets.WordAsked{Case: ask[i].ID, Name: ask[i].Name, At: ask[i].OpenedAt,
			Given: ask[i].Given})
	}
	return x.show(http.StatusOK, v)
}

func personOf(m *team.MemberInfo) assets.Person {
	p := assets.Person{ID: string(m.ID), Name: m.Name, Email: string(m.MaskedEmail), Role: string(m.Role),
		InvitedBy: m.InvitedBy, Since: m.JoinedAt, Paused: m.Suspended, Self: m.Self, MayChange: m.MayChange,
		MayMove: m.MayMove}
	if m.Moves != nil {
		p.Moves = &assets.ContactMove{Email: string(m.Moves.MaskedEmail), Phone: string(m.Moves.MaskedPhone),
			At: m.Moves.Due}
	}
	return p
}

func shopNamePage(x *request) error {
	info, f, err := x.placeToChange(team.ActRename)
	if err != nil {
		return err
	}
	v := &assets.ShopName{Frame: f, ID: info.ID, Typed: info.Name}
	if x.posted.Has("name") {
		v.Typed = x.field("name")
	}
	return x.show(http.StatusOK, v)
}

func shopNamePost(x *request) error {
	if err := x.s.shops.RenameShop(x.r.Context(), x.caller, x.param("shop"), x.field("name")); err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "shop-renamed"})
	return toShop(x)
}

func roleNames(list []team.Role) []string {
	var names []string
	for _, r := range list {
		names = append(names, string(r))
	}
	return names
}

func shopInvitePage(x *request) error {
	info, f, err := x.placeToChange(team.ActInvite)
	if err != nil {
		return err
	}
	if len(info.Gives) == 0 {
		return auth.Refuse(auth.RoleTooLow)
	}
	v := &assets.ShopInvite{Frame: f, ShopLine: shopLine(info), Roles: roleNames(info.Gives), Email: x.field("email")}
	v.Role = string(team.Member)
	if x.field("role") != "" {
		v.Role = x.field("role")
	}
	return x.show(http.StatusOK, v)
}

func shopInvitePost(x *request) error {
	info, err := x.s.shops.InviteMember(x.r.Context(), x.caller, x.param("shop"), x.field("email"),
		team.Role(x.field("role")))
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "shop-invited", Name: string(info.MaskedEmail)})
	return toShop(x)
}

func withdrawPost(x *request) error {
	err := x.s.shops.WithdrawInvitation(x.r.Context(), x.caller, x.param("shop"), x.param("invitation"))
	return x.toldOn(x.shopPath(""), "shop-withdrawn", err)
}

// toldOn goes on to a page that tells what was done, or what was refused.
func (x *request) toldOn(path, done string, err error) error {
	if err != nil {
		return x.refuseTo(path, err)
	}
	x.leaveFlash(flash{Key: done})
	return x.redirect(path)
}

// person is whom the page is about: somebody whom the seller may change.
func (x *request) person() (*team.ShopInfo, *team.MemberInfo, assets.Frame, error) {
	info, f, err := x.placeToChange(team.ActRole)
	if err != nil {
		return nil, nil, f, err
	}
	at := slices.IndexFunc(info.Members, func(m team.MemberInfo) bool { return m.ID == x.memberID() })
	if at < 0 {
		return nil, nil, f, auth.Refuse(auth.NotFound)
	}
	if !info.Members[at].MayChange {
		return nil, nil, f, auth.Refuse(auth.RoleTooLow)
	}
	return info, &info.Members[at], f, nil
}

func shopPersonPage(x *request) error {
	info, who, f, err := x.person()
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.ShopPerson{Frame: f, ShopLine: shopLine(info), Person: personOf(who),
		Roles: roleNames(info.Gives)})
}

func shopRolePost(x *request) error {
	err := x.s.shops.SetRole(x.r.Context(), x.caller, x.param("shop"), x.memberID(), team.Role(x.field("role")))
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "shop-role"})
	return toShop(x)
}

func suspendPost(x *request) error {
	err := x.s.shops.SuspendMember(x.r.Context(), x.caller, x.param("shop"), x.memberID())
	return x.toldOn(x.personPath(), "shop-suspended", err)
}

func resumePost(x *request) error {
	err := x.s.shops.ResumeMember(x.r.Context(), x.caller, x.param("shop"), x.memberID())
	return x.toldOn(x.personPath(), "shop-resumed", err)
}

func shopRemovePage(x *request) error {
	info, who, f, err := x.person()
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.ShopRemove{Frame: f, ShopLine: shopLine(info), Person: personOf(who)})
}

func shopRemovePost(x *request) error {
	if err := x.s.shops.RemoveMember(x.r.Context(), x.caller, x.param("shop"), x.memberID()); err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "shop-removed"})
	return toShop(x)
}

func shopLeavePage(x *request) error {
	info, f, err := x.placeToChange(team.ActLeave)
	if err != nil {
		return err
	}
	all := team.Roles()
	return x.show(http.StatusOK, &assets.ShopLeave{Frame: f, ShopLine: shopLine(info), MayLeave: info.MayLeave,
		Roles: roleNames(all[slices.Index(all, info.Role)+1:])})
}

func shopLeavePost(x *request) error {
	if err := x.s.shops.LeaveShop(x.r.Context(), x.caller, x.param("shop")); err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "shop-left"})
	return toShops(x)
}

func stepDownPost(x *request) error {
	if err := x.s.shops.StepDown(x.r.Context(), x.caller, x.param("shop"), team.Role(x.field("role"))); err != nil {
		return x.refuseTo(x.shopPath("/leave"), err)
	}
	x.leaveFlash(flash{Key: "shop-role"})
	return toShop(x)
}

// invitationPage shows what a link is for, to whoever holds it: signed in, or not yet.
func invitationPage(x *request) error {
	f := x.frame()
	if me, err := x.s.service.Me(x.r.Context(), x.caller); err == nil {
		f.Who, f.SignedIn = me.UserName, true
		f.Enrolled = !me.Session.Restricted
	}
	v := &assets.ShopInvitation{Frame: f, Link: x.param("link")}
	info, err := x.s.shops.LookInvitation(x.r.Context(), x.caller, v.Link)
	if err != nil {
		return x.deadLink(&v.Frame, &v.Link, err, v)
	}
	v.Name, v.Role = info.Shop, string(info.Role)
	v.By, v.Until = info.By, info.Expires
	v.KeysFrom = info.KeysFrom
	v.SignUp = info.HasNone
	return x.show(http.StatusOK, v)
}

func invitationPost(x *request) error { return x.join(x.param("link"), x.local()) }

// invitedSignUpPost leads whoever has no account to the form of sign-up: he has shown the mailbox.
func invitedSignUpPost(x *request) error {
	link, err := x.s.shops.SignUpInvited(x.r.Context(), x.caller, x.param("link"))
	if errors.Is(err, auth.Refuse(auth.SignedUp)) { // by now: he signs in
		return toInvitation(x)
	}
	if err != nil {
		return x.refuseTo("/shop/invitation/"+x.param("link"), err)
	}
	return x.redirect("/sign-up/confirm/" + link)
}
