package server

import (
	"errors"
	"net/http"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// accountHandPages are an account that gets another owner, for both sides.
func accountHandPages() []page {
	return []page{
		{path: "/security/hand-over", who: enrolled, what: "hand-over",
			uses: []string{"StepUp", "Shops", "AccountHandOver", "HandAccountOver"}, get: handAccountPage,
			post: handAccountPost},
		{path: "/security/hand-over/confirm", who: enrolled, what: "hand-over", uses: []string{"ConfirmAccount"},
			get: toHandAccount, post: confirmAccountPost},
		{path: "/security/hand-over/stop", who: enrolled, uses: []string{"StopAccount"}, get: toHandAccount,
			post: stopAccountPost},
		{path: "/hand-over", who: enrolled, what: "hand-over", uses: []string{"MyAccountOffer", "TakeAccount"},
			get: myOfferPage, post: myOfferPost},
		{path: "/hand-over/decline", who: enrolled, uses: []string{"DeclineAccount"}, get: toMyOffer,
			post: declineAccountPost},
		{path: "/hand-over/{link}", who: holder, what: "hand-over", uses: []string{"LookAccountOffer", "TakeAccount"},
			get: accountOfferPage, post: accountOfferPost},
		{path: "/hand-over/{link}/sign-up", who: holder, uses: []string{"SignUpOffered"}, get: toAccountOffer,
			post: offeredSignUpPost},
	}
}

func toHandAccount(x *request) error  { return x.redirect("/security/hand-over") }
func toMyOffer(x *request) error      { return x.redirect("/hand-over") }
func toAccountOffer(x *request) error { return x.redirect("/hand-over/" + x.param("link")) }

// handAccountPage is the owner's. Who is in a shop is told the way before he is asked for anything.
func handAccountPage(x *request) error {
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	v := &assets.AccountHandOver{Frame: f, Email: x.field("email")}
	list, err := x.s.shops.Shops(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	for _, s := range list {
		v.Shops = append(v.Shops, assets.ShopLine{ID: s.ID, Name: s.Name, Role: string(s.Role)})
	}
	if len(list) > 0 {
		return x.show(http.StatusOK, v)
	}
	if err := x.mayNow(team.ActHandAccount); err != nil {
		return err
	}
	info, err := x.s.shops.AccountHandOver(x.r.Context(), x.caller)
	switch {
	case err == nil:
		v.Hand = accountHand(info)
	case !errors.Is(err, auth.Refuse(auth.NotFound)):
		return err
	}
	return x.show(http.StatusOK, v)
}

func accountHand(info *team.AccountHandOver) *assets.HandOver {
	return &assets.HandOver{State: string(info.State), By: info.By, Sent: string(info.MaskedEmail), ToName: info.ToName,
		Signs: info.Signs, Until: info.Until}
}

func handAccountPost(x *request) error {
	info, err := x.s.shops.HandAccountOver(x.r.Context(), x.caller, x.field("email"))
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "account-begun", Name: string(info.MaskedEmail)})
	return toHandAccount(x)
}

func confirmAccountPost(x *request) error {
	info, err := x.s.shops.ConfirmAccount(x.r.Context(), x.caller, x.field("signs"))
	if err != nil {
		return x.refuseTo("/security/hand-over", err)
	}
	x.leaveFlash(flash{Key: "account-agreed", Time: info.Until})
	return toHandAccount(x)
}

func stopAccountPost(x *request) error {
	return x.toldOn("/security", "account-stays", x.s.shops.StopAccount(x.r.Context(), x.caller))
}

// myOfferPage is for who takes an account over: his own was made for it.
func myOfferPage(x *request) error {
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	info, err := x.s.shops.MyAccountOffer(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.AccountOffer{Frame: f, Hand: accountHand(info)})
}

func myOfferPost(x *request) error { return x.takeAccount("") }

// takeAccount is the word of who takes an account over, by the link of this page or by what his own was made for.
func (x *request) takeAccount(link string) error {
	if _, err := x.s.shops.TakeAccount(x.r.Context(), x.caller, link); err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "account-taken"})
	return toMyOffer(x)
}

func declineAccountPost(x *request) error {
	return x.toldOn("/security", "account-declined", x.s.shops.DeclineAccount(x.r.Context(), x.caller))
}

// accountOfferPage shows what a link is for, to whoever holds it: signed in, or not yet.
func accountOfferPage(x *request) error {
	f := x.frame()
	if me, err := x.s.service.Me(x.r.Context(), x.caller); err == nil {
		f.Who, f.SignedIn = me.UserName, true
		f.Enrolled = !me.Session.Restricted
	}
	v := &assets.AccountOffer{Frame: f, Link: x.param("link")}
	info, err := x.s.shops.LookAccountOffer(x.r.Context(), x.caller, v.Link)
	if err != nil {
		return x.deadLink(&v.Frame, &v.Link, err, v)
	}
	v.UserName, v.SignUp = info.UserName, info.HasNone
	v.Hand = &assets.HandOver{State: string(team.HandOverBegun), By: info.By, Until: info.Until}
	return x.show(http.StatusOK, v)
}

func accountOfferPost(x *request) error { return x.takeAccount(x.param("link")) }

// offeredSignUpPost leads whoever has no account to the form of sign-up: he has shown the mailbox.
func offeredSignUpPost(x *request) error {
	link, err := x.s.shops.SignUpOffered(x.r.Context(), x.caller, x.param("link"))
	if errors.Is(err, auth.Refuse(auth.SignedUp)) { // by now: he signs in
		return toAccountOffer(x)
	}
	if err != nil {
		return x.refuseTo("/hand-over/"+x.param("link"), err)
	}
	return x.redirect("/sign-up/confirm/" + link)
}
