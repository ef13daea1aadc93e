package server

import (
	"errors"
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

func forgotPages() []page {
	return []page{
		{path: "/forgot", who: anyone, uses: []string{"Forgot"}, get: forgotPage, post: forgotPost},
		{path: "/forgot/check", who: anyone, uses: []string{"Puzzle", "PuzzlePicture", "Forgot"}, get: forgotCheck,
			post: forgotPost},
		{path: "/forgot/sent", who: anyone, uses: []string{"ForgotCode"}, get: forgotSent, post: forgotCodePost},
		{path: "/forgot/choose", who: holder, uses: []string{"ResetByCode"}, get: choosePage, post: choosePost},
		{path: "/forgot/choose/sign-in", who: holder, uses: []string{"SignInTemporary"},
			get: func(x *request) error { return x.redirect(choosePath) }, post: chooseTemporary},
		{path: "/forgot/link/{link}", who: holder,
			get: func(x *request) error { return x.redirect("/forgot/password/" + x.param("link")) }},
		{path: "/forgot/password/{link}", who: holder, uses: []string{"LookLink", "ResetPassword"},
			get: resetPage, post: resetPost},
		{path: "/forgot/password/{link}/sign-in", who: holder, uses: []string{"SignInTemporary"},
			get:  func(x *request) error { return x.redirect("/forgot/password/" + x.param("link")) },
			post: linkTemporary},
		{path: "/undo/{link}", who: holder, uses: []string{"LookUndo", "Undo", "Reported"}, get: undoPage,
			post: undoPost},
		{path: "/done/{what}", who: anyone, get: donePage},
	}
}

func forgotPage(x *request) error {
	return x.show(http.StatusOK, &assets.Forgot{Frame: x.frame(), Identifier: x.identifier()})
}

const (
	forgotCheckPath = "/forgot/check"
	forgotSentPath  = "/forgot/sent"
	choosePath      = "/forgot/choose"
)

// forgotPost answers alike for known and unknown. Who has to solve a puzzle is led to one, not told that he did wrong.
func forgotPost(x *request) error {
	before, _ := x.flow()
	f := auth.ForgotForm{Identifier: strings.TrimSpace(x.field("identifier")), Ceremony: before}
	f.PuzzleAnswer = auth.PuzzleAnswer{Puzzle: x.field("puzzle"), Signs: x.field("signs"), Work: x.field("work")}
	ch, err := x.s.service.Forgot(x.r.Context(), x.caller, f)
	switch {
	case err == nil:
		x.keepFlow(ch.Ceremony, f.Identifier)
		return x.redirect(forgotSentPath)
	case f.Puzzle == "" && errors.Is(err, auth.Refuse(auth.PuzzleNeeded)):
		x.keepFlow(before, f.Identifier)
		return x.redirect(forgotCheckPath)
	}
	return x.refuseTo(forgotCheckPath, err)
}

// forgotCheck shows a new puzzle each time.
func forgotCheck(x *request) error {
	v := &assets.ForgotCheck{Frame: x.frame(), Identifier: x.identifier()}
	if v.Identifier == "" {
		return x.redirect("/forgot")
	}
	return x.showPuzzle(v)
}

func forgotSent(x *request) error {
	ceremony, identifier := x.flow()
	return x.show(http.StatusOK, &assets.ForgotSent{Frame: x.frame(), Identifier: identifier, Ceremony: ceremony})
}

// forgotCodePost takes the mailed code: what follows is chosen on the next page.
func forgotCodePost(x *request) error {
	_, identifier := x.flow()
	ch, err := x.s.service.ForgotCode(x.r.Context(), x.caller, x.field("ceremony"), x.field("code"))
	if startAgain(err) {
		return x.refuseTo("/forgot", err)
	}
	if err != nil {
		return x.refuseTo(forgotSentPath, err)
	}
	x.keepFlow(ch.Ceremony, identifier)
	return x.redirect(choosePath)
}

// choosePage stands behind the right code.
func choosePage(x *request) error {
	ceremony, identifier := x.flow()
	if ceremony == "" {
		return x.redirect("/forgot")
	}
	return x.show(http.StatusOK, &assets.ForgotPassword{Frame: x.frame(), Ceremony: ceremony, UserName: identifier,
		Rules: passwordRules(x.s.config.Policy.Password), Temporary: x.s.config.Policy.TemporaryCodes})
}

// choosePost sets the new password. It signs nobody in: the second step follows at the sign-in (D7).
func choosePost(x *request) error {
	_, identifier := x.flow()
	err := x.s.service.ResetByCode(x.r.Context(), x.caller, x.field("ceremony"), x.field("password"))
	if startAgain(err) {
		return x.refuseTo("/forgot", err)
	}
	if err != nil {
		return x.refuseTo(choosePath, err)
	}
	x.keepFlow("", identifier)
	return x.redirect("/done/password-changed")
}

// chooseTemporary signs in by the code instead of a new password.
func chooseTemporary(x *request) error {
	_, identifier := x.flow()
	info, err := signInTemporary(x, &auth.TemporaryForm{Ceremony: x.field("ceremony"), Shared: x.sharedComputer()})
	if startAgain(err) {
		return x.refuseTo("/forgot", err)
	}
	if err != nil {
		return x.refuseTo(choosePath, err)
	}
	return x.continueSignIn(info, identifier)
}

// linkTemporary is the same by the link.
func linkTemporary(x *request) error {
	info, err := signInTemporary(x, &auth.TemporaryForm{Link: x.param("link"), Shared: x.sharedComputer()})
	if err != nil {
		return x.refuseTo("/forgot/password/"+x.param("link"), err)
	}
	return x.continueSignIn(info, string(info.Who))
}

// resetPage shows the form, or what to do now where the link opens nothing any more.
func resetPage(x *request) error {
	v := &assets.ForgotPassword{Frame: x.frame(), Link: x.param("link"),
		Rules: passwordRules(x.s.config.Policy.Password), Temporary: x.s.config.Policy.TemporaryCodes}
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
	v := &assets.Undo{Frame: x.frame(), Link: x.param("link"), What: "other"}
	info, err := x.s.service.LookUndo(x.r.Context(), x.caller, v.Link)
	if errors.Is(err, auth.Refuse(auth.LinkUsed)) { // its own report has it
		if said, missing := x.s.recovery.Reported(x.r.Context(), x.caller, v.Link); missing == nil {
			return x.show(http.StatusOK, &assets.NotMe{Frame: v.Frame, NotMeCase: x.s.notMe(said)})
		}
	}
	if err != nil {
		return x.deadLink(&v.Frame, &v.Link, err, v)
	}
	v.What, v.Name = x.s.undone(info), info.Item
	if !info.Done {
		v.Contact = info.What == "contact"
		v.Hands = strings.HasPrefix(info.What, "hand-over")
		v.Account = strings.HasPrefix(info.What, "hand-over-account")
	}
	v.At, v.Until = info.AskAt, info.Due
	v.Ahead, v.Pause = !info.Done, info.Pauses
	v.Ends = info.Ends
	v.Closes = v.Ahead && info.What == "closing"
	v.KeysOnly = v.Ahead && info.What == "keys-only-off"
	v.Code = v.Ahead && info.What == string(auth.SecurityCode)
	return x.show(http.StatusOK, v)
}

// undone is how texts name what a link in a notice stops.
func (s *Server) undone(info *auth.ChangeInfo) string {
	if !info.Done {
		return s.removal(info)
	}
	return web.Deed(s.methods, info.What, info.Kind, info.Flavour)
}

func undoPost(x *request) error {
	info, err := x.s.service.Undo(x.r.Context(), x.caller, x.param("link"))
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "not-me", Link: x.local()})
	switch {
	case info.Ends:
		return x.redirect("/done/ended")
	case info.Pauses:
		return x.redirect("/done/paused")
	case info.Done:
		return x.redirect("/done/undone")
	case info.What == "contact":
		return x.redirect("/done/contact-stopped")
	case info.What == "closing":
		return x.redirect("/done/account-kept")
	case info.What == "keys-only-off":
		return x.redirect("/done/keys-only-stays")
	case strings.HasPrefix(info.What, "hand-over-account"):
		return x.redirect("/done/account-stays")
	case strings.HasPrefix(info.What, "hand-over"):
		return x.redirect("/done/hand-over-stopped")
	}
	return x.redirect("/done/removal-stopped")
}

// donePage says that something is done, to people who are not signed in. It can be loaded again.
func donePage(x *request) error {
	switch what := x.param("what"); what {
	case "undone", "ended":
		return x.show(http.StatusOK, &assets.Message{Frame: x.frame(), Key: what, Next: "/forgot"})
	case "password-changed", "removal-stopped", "contact-stopped", "paused", "introduced", "code-waits",
		"case-waits", "hand-over-stopped", "account-stays", "account-kept", "keys-only-stays":
		return x.show(http.StatusOK, &assets.Message{Frame: x.frame(), Key: what})
	case "email-changed":
		return x.show(http.StatusOK, &assets.Message{Frame: x.frame(), Key: what, Next: "/security",
			Also: "/security/password"})
	}
	return auth.Refuse(auth.NotFound)
}
