package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// D13: the e-mail first, then the form behind the mailed link, in whichever browser; its end is signed in.
func signUpPages() []page {
	return []page{
		{path: "/sign-up", who: anyone, uses: []string{"SignUp"}, get: signUpPage, post: signUpPost},
		{path: "/sign-up/sent", who: anyone, get: signUpSent},
		{path: "/sign-up/confirm/{link}", who: holder, uses: []string{"LookLink", "ConfirmSignUp"},
			get: confirmPage, post: confirmPost},
	}
}

func signUpPage(x *request) error {
	return x.show(http.StatusOK, &assets.SignUp{Frame: x.frame(), Email: x.field("email")})
}

func signUpPost(x *request) error {
	email := x.field("email")
	info, err := x.signUp(email)
	if err == nil {
		x.keepDraft(draft{email, info.ResendAt})
		return x.redirect("/sign-up/sent")
	}
	return x.refuseTo("/sign-up", err)
}

// A draft is a sign-up on its way: where the mail went, and when another may be asked for.
type draft struct {
	Email  string    `json:"e"`
	Resend time.Time `json:"t"`
}

func (x *request) keepDraft(d draft) {
	if raw, err := json.Marshal(d); err == nil {
		if text := x.sealed(draftCookie, raw); len(text) <= maxFlash {
			x.put(draftCookie, text, flowLife)
		}
	}
}

// draft is the sign-up on its way, empty for none.
func (x *request) draft() (d draft) {
	text, _ := web.Cookie(x.r, x.s.cookieName(draftCookie))
	if json.Unmarshal(x.opened(draftCookie, text), &d) != nil {
		return draft{}
	}
	return d
}

func signUpSent(x *request) error {
	d := x.draft()
	return x.show(http.StatusOK, &assets.SignUpSent{Frame: x.frame(), Email: d.Email, Resend: d.Resend})
}

// confirmPage is the form behind the link, with what was typed; the password never comes back. It is the same empty
// form for every link of an address, until the address has an account. It says what to do now where the link opens
// nothing any more.
func confirmPage(x *request) error {
	v := &assets.SignUpConfirm{Frame: x.frame(), Link: x.param("link"), Name: x.field("name"),
		UserName: x.field("user-name"), Phone: x.field("phone"), Terms: x.field("terms") == "yes",
		Countries: x.countries(""), Rules: passwordRules(x.s.config.Policy.Password)}
	email, dead := x.s.service.LookLink(x.r.Context(), x.caller, auth.LinkSignUp, v.Link)
	v.Email = string(email)
	if dead == nil {
		return x.show(http.StatusOK, v)
	}
	v.Link, v.Known = "", errors.Is(dead, auth.Refuse(auth.SignedUp))
	if v.Known {
		var err error
		if v.As, err = x.signedInAs(); err != nil {
			return err
		}
	}
	if v.As != "" { // he came back to the mail after his own sign-up
		return x.show(http.StatusOK, v)
	}
	status, err := x.refused(&v.Frame, dead)
	if err != nil {
		return err
	}
	return x.show(status, v)
}

func confirmPost(x *request) error {
	f := auth.SignUpForm{Name: x.field("name"), UserName: x.field("user-name"), Phone: x.field("phone"),
		Region: x.field("region"), Password: x.field("password"), Terms: x.field("terms") == "yes"}
	info, err := x.signedIn(x.s.service.ConfirmSignUp(x.r.Context(), x.caller, x.param("link"), f))
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.drop(draftCookie)
	return x.continueSignIn(info, string(info.Who))
}
