package server

import (
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

func forgotPages() []page {
	return []page{
		{path: "/forgot", who: anyone, uses: []string{"Forgot"}, bound: true, get: forgotPage, post: forgotPost},
		{path: "/forgot/sent", who: anyone, get: forgotSent},
		{path: "/forgot/link/{link}", who: holder,
			get: func(x *request) error { return x.redirect("/forgot/password/" + x.param("link")) }},
		{path: "/forgot/password/{link}", who: holder, uses: []string{"LookLink", "ResetPassword"}, bound: true,
			get: resetPage, post: resetPost},
		{path: "/undo/{link}", who: holder, uses: []string{"LookLink", "Undo"}, bound: true, get: undoPage,
			post: undoPost},
		{path: "/done/{what}", who: anyone, get: donePage},
	}
}

func forgotPage(x *request) error {
	return x.show(http.StatusOK, &assets.Forgot{Frame: x.frame(), Identifier: x.identifier()})
}

// forgotPost answers alike for known and unknown.
func forgotPost(x *request) error {
	identifier := strings.TrimSpace(x.field("identifier"))
	if err := x.s.service.Forgot(x.r.Context(), x.caller, identifier); err != nil {
		return x.refuseTo("/forgot", err)
	}
	x.keepFlow("", identifier)
	return x.redirect("/forgot/sent")
}

func forgotSent(x *request) error {
	_, identifier := x.flow()
	return x.show(http.StatusOK, &assets.ForgotSent{Frame: x.frame(), Identifier: identifier})
}

// resetPage shows the form, or what to do now where the link opens nothing any more.
func resetPage(x *request) error {
	v := &assets.ForgotPassword{Frame: x.frame(), Link: x.param("link"),
		Rules: passwordRules(x.s.config.Policy.Password)}
	email, dead := x.s.service.LookLink(x.r.Context(), x.caller, auth.LinkReset, v.Link)
	v.UserName = string(email)
	if dead == nil {
		return x.show(http.StatusOK, v)
	}
	v.Link = ""
	status, err := x.refused(&v.Frame, dead)
	if err != nil {
		return err
	}
	return x.show(status, v)
}

// resetPost sets the new password. It signs nobody in: the second step follows at the sign-in (D7).
func resetPost(x *request) error {
	if err := x.s.service.ResetPassword(x.r.Context(), x.caller, x.param("link"), x.field("password")); err != nil {
		return x.refuseTo(x.local(), err)
	}
	return x.redirect("/done/password-changed") // this browser may be signed in to another account
}

func undoPage(x *request) error {
	v := &assets.Undo{Frame: x.frame(), Link: x.param("link"), What: "other", Ahead: true}
	return x.linkPage(&v.Frame, &v.Link, auth.LinkUndo, v)
}

func undoPost(x *request) error {
	if _, err := x.s.service.Undo(x.r.Context(), x.caller, x.param("link")); err != nil {
		return x.refuseTo(x.local(), err)
	}
	return x.redirect("/done/removal-stopped")
}

// donePage says that something is done, to people who are not signed in. It can be loaded again.
func donePage(x *request) error {
	switch what := x.param("what"); what {
	case "password-changed", "removal-stopped":
		return x.show(http.StatusOK, &assets.Message{Frame: x.frame(), Key: what})
	case "email-changed":
		return x.show(http.StatusOK, &assets.Message{Frame: x.frame(), Key: what, Next: "/security"})
	}
	return auth.Refuse(auth.NotFound)
}
