package server

import (
	"errors"
	"net/http"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// shopHandOverPages are a shop that gets another owner, for both sides.
func shopHandOverPages() []page {
	return []page{
		{path: "/shop/{shop}/hand-over", who: enrolled, what: "shop",
			uses: []string{"StepUp", "Shop", "HandOver", "BeginHandOver"}, get: handOverPage, post: handOverPost},
		{path: "/shop/{shop}/hand-over/confirm", who: enrolled, what: "shop", uses: []string{"ConfirmHandOver"},
			get: toHandOver, post: confirmHandOverPost},
		{path: "/shop/{shop}/hand-over/stop", who: enrolled, uses: []string{"StopHandOver"}, get: toHandOver,
			post: stopHandOverPost},
		{path: "/shop/hand-over/{link}", who: holder, what: "shop", uses: []string{"LookHandOver", "TakeHandOver"},
			get: offerPage, post: offerPost},
		{path: "/shop/taken/{offer}/decline", who: enrolled, uses: []string{"DeclineHandOver"}, get: toShops,
			post: declinePost},
	}
}

func (x *request) handOverPath() string { return x.shopPath("/hand-over") }

func toHandOver(x *request) error { return x.redirect(x.handOverPath()) }

func handOverPage(x *request) error {
	info, f, err := x.placeToChange(team.ActHandOver)
	if err != nil {
		return err
	}
	if info.Role != team.Owner {
		return auth.Refuse(auth.RoleTooLow)
	}
	v := &assets.ShopHandOver{Frame: f, ShopLine: shopLine(info), Email: x.field("email")}
	hand, err := x.s.shops.HandOver(x.r.Context(), x.caller, info.ID)
	switch {
	case err == nil:
		v.Hand = handOf(hand)
	case !errors.Is(err, auth.Refuse(auth.NotFound)):
		return err
	}
	return x.show(http.StatusOK, v)
}

func handOf(info *team.HandOverInfo) *assets.HandOver {
	return &assets.HandOver{ID: info.ID, State: string(info.State), Shop: info.Name, By: info.By,
		Sent: string(info.MaskedEmail), To: string(info.To), ToName: info.ToName, ToEmail: string(info.ToEmail),
		Until: info.Until}
}

func handOverPost(x *request) error {
	info, err := x.s.shops.BeginHandOver(x.r.Context(), x.caller, x.param("shop"), x.field("email"))
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "hand-begun", Name: string(info.MaskedEmail)})
	return toHandOver(x)
}

func confirmHandOverPost(x *request) error {
	info, err := x.s.shops.ConfirmHandOver(x.r.Context(), x.caller, x.param("shop"), auth.AccountID(x.field("to")))
	if err != nil {
		return x.refuseTo(x.handOverPath(), err)
	}
	x.leaveFlash(flash{Key: "hand-agreed", Time: info.Until})
	return toHandOver(x)
}

func stopHandOverPost(x *request) error {
	err := x.s.shops.StopHandOver(x.r.Context(), x.caller, x.param("shop"))
	return x.toldOn(x.shopPath(""), "hand-stopped", err)
}

func declinePost(x *request) error {
	err := x.s.shops.DeclineHandOver(x.r.Context(), x.caller, x.param("offer"))
	return x.toldOn("/shop", "hand-stopped", err)
}

// offerPage shows what a link is for, to whoever holds it: signed in, or not yet.
func offerPage(x *request) error {
	f := x.frame()
	if me, err := x.s.service.Me(x.r.Context(), x.caller); err == nil {
		f.Who, f.SignedIn = me.UserName, true
		f.Enrolled = !me.Session.Restricted
	}
	v := &assets.ShopOffer{Frame: f, Link: x.param("link")}
	info, err := x.s.shops.LookHandOver(x.r.Context(), x.caller, v.Link)
	if err != nil {
		return x.deadLink(&v.Frame, &v.Link, err, v)
	}
	v.Name, v.By = info.Shop, info.By
	v.Until, v.KeysFrom = info.Until, info.KeysFrom
	return x.show(http.StatusOK, v)
}

func offerPost(x *request) error {
	if _, err := x.s.shops.TakeHandOver(x.r.Context(), x.caller, x.param("link")); err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "hand-taken"})
	return toShops(x)
}
