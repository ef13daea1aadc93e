package server

import (
	"cmp"
	"net/http"
	"slices"
	"sync"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

func contactPages() []page {
	return []page{
		{path: "/security/contact", who: enrolled, what: "contact", uses: []string{"StepUp", "Security"},
			get: contactsPage},
		{path: "/security/contact/email", who: enrolled, what: "email", uses: []string{"ChangeEmail"},
			get: toContacts, post: emailPost},
		{path: "/security/contact/phone", who: enrolled, what: "phone", uses: []string{"ChangePhone"},
			get: toContacts, post: phonePost},
		{path: "/security/contact/phone/remove", who: enrolled, what: "phone", uses: []string{"StepUp", "Security"},
			get: phoneRemovePage},
		{path: "/security/contact/email/{link}", who: enrolled, what: "email", uses: []string{"LookLink", "ConfirmEmail"},
			get: emailConfirmPage, post: emailConfirmPost},
		{path: "/security/name", who: enrolled, what: "name", uses: []string{"StepUp", "Security", "ChangeUserName"},
			get: userNamePage, post: userNamePost},
	}
}

func toContacts(x *request) error { return x.redirect("/security/contact") }

// forPassword reports whether contact data are changed first, because they are dead, and then the password (R34).
func (x *request) forPassword() bool {
	return x.query("for") == "password" || x.field("for") == "password"
}

// contacts is the page of contact data, with what it is changed for.
func (x *request) contacts() string {
	if x.forPassword() {
		return "/security/contact?for=password"
	}
	return "/security/contact"
}

// contactsPage asks for a fresh second step before a form is filled in, not after.
func contactsPage(x *request) error {
	if err := x.mayContact(); err != nil {
		return err
	}
	return x.showContacts()
}

func (x *request) mayContact() error { return x.mayNow(auth.ActContact) }

// mayNow asks for a fresh second step before the form of an act is filled in.
func (x *request) mayNow(a auth.Action) error {
	need, err := x.s.service.StepUp(x.r.Context(), x.caller, a, "")
	if err == nil && !need.Done {
		return auth.Refuse(auth.StepUpRequired)
	}
	return err
}

func (x *request) showContacts() error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.Contacts{Frame: f, EmailNow: ownEmail(info),
		PhoneNow: ownPhone(info), PhoneProved: info.PhoneConfirmed, Email: x.field("email"), Phone: x.field("phone"),
		ForPassword: x.forPassword(), Countries: x.countries(info.Region)})
}

// countries is the choice of where a number is dialled: what was chosen already, else the region of a number that the
// account has, else that of the page's language.
func (x *request) countries(own string) assets.Countries {
	c := assets.Countries{List: x.s.regions(x.caller.Language)}
	for _, code := range []string{x.field("region"), own, x.s.config.Policy.HomeRegion(x.caller.Language)} {
		if c.Chosen == "" && slices.ContainsFunc(c.List, func(r assets.Country) bool { return r.Code == code }) {
			c.Chosen = code
		}
	}
	return c
}

// served returns the regions that numbers may be of, as a page in a language lists them. They are named when first
// asked for: a site may serve them all.
func served(codes []string) func(lang string) []assets.Country {
	lists := map[string]func() []assets.Country{}
	for _, lang := range []string{assets.English, assets.Chinese} {
		lists[lang] = sync.OnceValue(func() []assets.Country {
			var list []assets.Country
			for _, r := range ident.Regions(codes, lang) {
				list = append(list, assets.Country{Code: r.Code, Name: r.Name + " +" + r.Calling})
			}
			return list
		})
	}
	return func(lang string) []assets.Country { return lists[lang]() }
}

// phoneRemovePage asks before the number goes.
func phoneRemovePage(x *request) error {
	if err := x.mayContact(); err != nil {
		return err
	}
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	if info.MaskedPhone == "" {
		return x.redirect("/security/contact")
	}
	return x.show(http.StatusOK, &assets.PhoneRemove{Frame: f, PhoneNow: ownPhone(info)})
}

// ownEmail is the account's address as its session may read it.
func ownEmail(info *auth.SecurityInfo) string {
	return cmp.Or(info.Email.Show(), string(info.Me.MaskedEmail))
}

// ownPhone is the account's number as its session may read it.
func ownPhone(info *auth.SecurityInfo) string {
	return cmp.Or(info.Phone.Show(), string(info.MaskedPhone))
}

func emailPost(x *request) error {
	info, err := x.s.service.ChangeEmail(x.r.Context(), x.caller, x.field("email"))
	if err != nil {
		return x.refuseTo(x.contacts(), err)
	}
	x.leaveFlash(flash{Key: "email-asked", Time: info.ResendAt})
	return x.redirect(x.contacts())
}

// ownNumber is the number that the account claims and has yet to prove, masked: it is not asked for once more. "" where
// there is none, and where another one was asked for.
func (x *request) ownNumber(info *auth.SecurityInfo) string {
	if info.PhoneConfirmed || x.query("other") != "" || x.field("phone") != "" {
		return ""
	}
	return ownPhone(info)
}

func phonePost(x *request) error {
	number := x.field("phone")
	if x.field("remove") == "yes" {
		number = ""
	} else if number == "" { // an empty field is a slip, and must not take the number away
		return x.refuseTo(x.contacts(), auth.RefuseField(auth.PhoneMissing, "phone"))
	}
	if _, err := x.s.service.ChangePhone(x.r.Context(), x.caller, number, x.field("region")); err != nil {
		return x.refuseTo(x.contacts(), err)
	}
	p := flash{Key: "phone-changed"}
	if number == "" {
		p = flash{Key: "phone-gone"}
	}
	x.leaveFlash(p)
	if x.forPassword() {
		return x.redirect("/security/password")
	}
	return x.redirect("/security")
}

// emailConfirmPage needs a session of the account that asked: whoever opens the mail elsewhere signs in there first.
func emailConfirmPage(x *request) error {
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	v := &assets.EmailConfirm{Frame: f, Link: x.param("link")}
	return x.linkPage(&v.Frame, &v.Link, auth.LinkEmail, v)
}

func emailConfirmPost(x *request) error {
	if _, err := x.s.service.ConfirmEmail(x.r.Context(), x.caller, x.param("link")); err != nil {
		return x.refuseTo(x.local(), err)
	}
	return x.redirect("/done/email-changed")
}

func userNamePage(x *request) error {
	if err := x.mayNow(auth.ActUserName); err != nil {
		return err
	}
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.UserName{Frame: f, Now: info.Me.UserName, Typed: x.field("user-name")})
}

func userNamePost(x *request) error {
	if _, err := x.s.service.ChangeUserName(x.r.Context(), x.caller, x.field("user-name")); err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "user-name-changed"})
	return x.redirect("/security")
}
