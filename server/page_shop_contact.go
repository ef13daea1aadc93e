package server

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// shopContactPages are contact data that an administrator moves for somebody who cannot verify.
func shopContactPages() []page {
	return []page{
		{path: "/shop/{shop}/members/{member}/contact", who: enrolled, what: "shop", uses: []string{"StepUp", "Shop"},
			get: memberContactPage},
		{path: "/shop/{shop}/members/{member}/contact/email", who: enrolled, what: "shop",
			uses: []string{"ChangeContact"}, get: toMemberContact, post: memberEmailPost},
		{path: "/shop/{shop}/members/{member}/contact/phone", who: enrolled, what: "shop",
			uses: []string{"ChangeContact"}, get: toMemberContact, post: memberPhonePost},
		{path: "/shop/{shop}/members/{member}/contact/stop", who: enrolled, uses: []string{"StopContact"},
			get: toPerson, post: stopContactPost},
	}
}

func (x *request) memberContactPath() string { return x.personPath() + "/contact" }

func toMemberContact(x *request) error { return x.redirect(x.memberContactPath()) }

func memberContactPage(x *request) error {
	info, who, f, err := x.person()
	if err != nil {
		return err
	}
	if !who.MayMove {
		return auth.Refuse(auth.NotShopsAccount)
	}
	return x.show(http.StatusOK, &assets.ShopContact{Frame: f, ShopLine: shopLine(info), Person: personOf(who),
		Email: x.field("email"), Phone: x.field("phone"), Countries: x.countries("")})
}

func memberEmailPost(x *request) error {
	return x.moveContact(team.ContactForm{Email: x.field("email")})
}

func memberPhonePost(x *request) error {
	if x.field("phone") == "" {
		return x.refuseTo(x.memberContactPath(), auth.RefuseField(auth.PhoneMalformed, "phone"))
	}
	return x.moveContact(team.ContactForm{Phone: x.field("phone"), Region: x.field("region")})
}

func (x *request) moveContact(form team.ContactForm) error {
	info, err := x.s.shops.ChangeContact(x.r.Context(), x.caller, x.param("shop"), x.memberID(), form)
	if err != nil {
		return x.refuseTo(x.memberContactPath(), err)
	}
	x.leaveFlash(flash{Key: "contact-planned", Time: info.Due, Tone: "info"})
	return toPerson(x)
}

func stopContactPost(x *request) error {
	err := x.s.shops.StopContact(x.r.Context(), x.caller, x.param("shop"), x.memberID())
	return x.toldOn(x.personPath(), "contact-stopped", err)
}
