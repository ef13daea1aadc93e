package server

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// D13: the e-mail first, then the form behind the mailed link, in whichever browser; its end is signed in.
func signUpPages() []page {
	return []page{
		{path: "/sign-up", who: anyone, uses: []string{"SignUp"}, bound: true, get: signUpPage, post: signUpPost},
		{path: "/sign-up/sent", who: anyone, get: signUpSent},
		{path: "/sign-up/confirm/{link}", who: holder, uses: []string{"LookLink", "ConfirmSignUp"}, bound: true,
			get: confirmPage, post: confirmPost},
	}
}

func signUpPage(x *request) error {
	return x.show(http.StatusOK, &assets.SignUp{Frame: x.frame(), Email: x.field("email")})
}

func signUpPost(x *request) error {
	email := x.field("email")
	info, err := x.s.service.SignUp(x.r.Context(), x.caller, email)
	if err == nil {
		x.keepDraft(draft{email, info.ResendAt})
		return x.redirect("/sign-up/sent")
	}
	v := &assets.SignUp{Frame: x.frame(), Email: email}
	status, err := x.refused(&v.Frame, err)
	if err != nil {
		return err
	}
	return x.show(status, v)
}

// A draft is a sign-up on its way: where the mail went, and when another may be asked for.
type draft struct {
	Email  string    `json:"e"`
	Resend time.Time `json:"t"`
}

func (x *request) keepDraft(d draft) {
	raw, err := json.Marshal(d)
	if text := base64.RawURLEncoding.EncodeToString(raw); err == nil && len(text) <= maxFlash {
		x.put(draftCookie, text, flowLife)
	}
}

// draft is the sign-up on its way, empty for none.
func (x *request) draft() (d draft) {
	text, _ := cookie(x.r, x.s.cookieName(draftCookie))
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &d) != nil {
		return draft{}
	}
	return d
}

func signUpSent(x *request) error {
	d := x.draft()
	return x.show(http.StatusOK, &assets.SignUpSent{Frame: x.frame(), Email: d.Email, Resend: d.Resend})
}

// confirmForm is the form behind the link, with what was typed; the password never comes back.
func (x *request) confirmForm() *assets.SignUpConfirm {
	return &assets.SignUpConfirm{Frame: x.frame(), Link: x.param("link"), Name: x.field("name"),
		UserName: x.field("user-name"), Phone: x.field("phone"), Terms: x.field("terms") == "yes",
		Rules: passwordRules(x.s.config.Policy.Password)}
}

// confirmPage is the same empty form for every link of an address, until the address has an account.
func confirmPage(x *request) error { return x.showConfirm(x.confirmForm(), nil) }

// showConfirm shows the form, with what was refused, or what to do now where the link opens nothing any more.
func (x *request) showConfirm(v *assets.SignUpConfirm, refused error) error {
	email, err := x.s.service.LookLink(x.r.Context(), x.caller, auth.LinkSignUp, v.Link)
	if err != nil {
		v.Link, refused = "", err
	}
	v.Email = string(email)
	if refused == nil {
		return x.show(http.StatusOK, v)
	}
	status, err := x.refused(&v.Frame, refused)
	if err != nil {
		return err
	}
	v.Known = v.Problems[0].Code == string(auth.SignedUp)
	return x.show(status, v)
}

func confirmPost(x *request) error {
	v := x.confirmForm()
	f := auth.SignUpForm{Name: v.Name, UserName: v.UserName, Phone: v.Phone, Password: x.field("password"),
		Terms: v.Terms}
	info, err := x.signedIn(x.s.service.ConfirmSignUp(x.r.Context(), x.caller, v.Link, f))
	if err != nil {
		return x.showConfirm(v, err)
	}
	x.drop(draftCookie)
	return x.continueSignIn(info, string(info.Who))
}
