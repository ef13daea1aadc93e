package server

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

const signOutPath = "/sign-out"

func signPages() []page {
	return []page{
		{path: "/", who: anyone, get: func(x *request) error { return x.redirect("/security") }},
		{path: "/sign-in", who: anyone, uses: []string{"SignIn", "SignInKeyFirst"}, get: signInPage,
			post: signInPost},
		{path: "/sign-in/key", who: anyone, uses: []string{"SignInKeyFirst", "SignInFinish", "SignInState"},
			get: keyFirstPage, post: keyFirstPost},
		{path: "/sign-in/key/password", who: holder, uses: []string{"SignInPassword"},
			get: func(x *request) error { return x.redirect("/sign-in/key") }, post: keyPasswordPost},
		{path: "/sign-in/verify", who: holder, uses: []string{"SignInState", "SignInBegin", "SignInFinish",
			"Challenge"}, get: verifyPage, post: verifyPost},
		{path: "/sign-in/send", who: holder, uses: []string{"SignInBegin", "SignInResend"},
			get: func(x *request) error { return x.redirect("/sign-in/verify") }, post: verifySend},
		{path: "/sign-in/help", who: holder, uses: []string{"SignInState", "Challenge"}, get: signInHelp},
		{path: "/sign-in/security-code", who: holder, uses: []string{"SignInState", "CodeSignIn"}, get: codeSignInPage,
			post: codeSignInPost},
		{path: "/sign-in/trust", who: enrolled, what: "browsers", uses: []string{"Security", "TrustBrowser"}, get: trustPage,
			post: trustPost},
		{path: "/sign-out", who: session, uses: []string{"SignOut"}, get: signedOut, post: signOutPost},
	}
}

// linkPage shows the page of a mailed link, without its button if the link is no good. Opening it spends nothing,
// because mail scanners follow links.
func (x *request) linkPage(f *assets.Frame, link *string, purpose string, v assets.View) error {
	_, err := x.s.service.LookLink(x.r.Context(), x.caller, purpose, *link)
	if err == nil {
		return x.show(http.StatusOK, v)
	}
	return x.deadLink(f, link, err, v)
}

func (x *request) deadLink(f *assets.Frame, link *string, err error, v assets.View) error {
	e := new(auth.Error)
	errors.As(err, &e) // refused shows that it is one
	status, err := x.refused(f, err)
	if err != nil {
		return err
	}
	switch e.Code {
	case auth.LinkUsed, auth.LinkOtherAccount, auth.MailboxResets, auth.InvitationOver, auth.HandOverOver:
		*link = ""
	}
	return x.show(status, v)
}

// signInPage also carries a conditional ceremony: a discoverable key or passkey appears in the browser's autofill.
func signInPage(x *request) error {
	if back := safeReturn(x.query("return")); back != "" {
		x.put(returnCookie, back, flowLife)
	}
	v := &assets.SignIn{Frame: x.frame(), Identifier: x.identifier(),
		Remember: x.field("remember") == "yes", Shared: x.field("shared") == "yes", Locked: x.setBack(auth.SignInLocked)}
	var err error
	if v.As, err = x.signedInAs(); err != nil {
		return err
	}
	v.To = x.wayBack()
	if !v.WeChat {
		ch, err := x.s.service.SignInKeyFirst(x.r.Context(), x.caller, auth.KeyFirstForm{})
		if err == nil {
			v.Key = keyPrompt(ch, false)
		} else if e := new(auth.Error); !errors.As(err, &e) {
			return err
		}
	}
	return x.show(http.StatusOK, v)
}

// signedInAs is who is signed in in this browser, "" for nobody.
func (x *request) signedInAs() (string, error) {
	if x.caller.Token == "" {
		return "", nil
	}
	me, err := x.s.service.Me(x.r.Context(), x.caller)
	if e := new(auth.Error); errors.As(err, &e) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return me.UserName, nil
}

// wayBack is the path, without the base, to which a seller wanted before he was asked to sign in.
func (x *request) wayBack() string {
	back := x.query("return")
	if back == "" {
		back, _ = web.Cookie(x.r, x.s.cookieName(returnCookie))
	}
	return next(strings.TrimPrefix(safeReturn(back), x.s.site.Base))
}

func signInPost(x *request) error {
	f := auth.SignInForm{Identifier: strings.TrimSpace(x.field("identifier")), Password: x.field("password"),
		Remember: x.field("remember") == "yes", Shared: x.field("shared") == "yes"}
	x.noteShared(f.Shared)
	info, err := x.signedIn(x.s.service.SignIn(x.r.Context(), x.caller, f))
	if err == nil {
		return x.continueSignIn(info, f.Identifier)
	}
	if mailCodeNeeded(err) {
		return x.refuseTo(mailCodePath, err)
	}
	return err
}

// noteShared notes that the person called the computer a shared one: what is typed in this browser is not kept.
func (x *request) noteShared(shared bool) {
	if shared {
		x.put(sharedCookie, "1", 0)
	} else if _, n := web.Cookie(x.r, x.s.cookieName(sharedCookie)); n > 0 {
		x.drop(sharedCookie)
	}
}

// continueSignIn leads a sign-in to what it needs next.
func (x *request) continueSignIn(info *auth.SignInInfo, identifier string) error {
	switch info.Step {
	case auth.StepSecond:
		x.keepFlow(info.Ceremony, identifier)
		return x.redirect("/sign-in/verify")
	case auth.StepPassword:
		x.keepFlow(info.Ceremony, identifier)
		return x.redirect("/sign-in/key")
	}
	x.drop(flowCookie)
	x.drop(stepCookie)
	if info.Step == auth.StepWait {
		x.leaveFlash(flash{Key: "code-waits", Time: info.Due, Tone: "info"})
		return x.redirect("/done/code-waits")
	}
	if info.Step == auth.StepEnrol {
		return x.redirect("/security/start")
	}
	if _, refused := web.Cookie(x.r, x.s.cookieName(untrustCookie)); info.MayTrust && refused == 0 {
		return x.redirect("/sign-in/trust")
	}
	return x.home()
}

// home leads back to where the seller came from.
func (x *request) home() error {
	back, n := web.Cookie(x.r, x.s.cookieName(returnCookie))
	if n > 0 {
		x.drop(returnCookie)
	}
	if back = safeReturn(back); back == "" {
		return x.redirect("/security")
	}
	x.Header().Set("Location", back)
	x.WriteHeader(http.StatusSeeOther)
	return nil
}

// keepFlow keeps a sealed sign-in, and the identifier as typed for the form of whoever has to begin again.
func (x *request) keepFlow(ceremony, identifier string) {
	x.put(flowCookie, ceremony+"."+x.sealed(flowCookie, []byte(clip(identifier, 254))), flowLife)
}

func clip(s string, n int) string {
	if len(s) > n {
		return ""
	}
	return s
}

// flow is the sign-in under way, "" for none, and the identifier that began it.
func (x *request) flow() (ceremony, identifier string) {
	v, _ := web.Cookie(x.r, x.s.cookieName(flowCookie))
	ceremony, text, _ := strings.Cut(v, ".")
	identifier, _, _ = strings.Cut(string(x.opened(flowCookie, text)), "\n")
	return ceremony, identifier
}

// keepTexted is keepFlow of a ceremony whose code was texted: the page that asks for the code names the text's label.
func (x *request) keepTexted(ch *auth.Challenge, number string) {
	if d := ch.Delivery; d != nil && d.Channel == auth.SMS {
		number = clip(number, 64) + "\n" + d.Label
	}
	x.keepFlow(ch.Ceremony, number)
}

// textLabel is the label of the text that the flow waits for, "" for none.
func (x *request) textLabel() string {
	v, _ := web.Cookie(x.r, x.s.cookieName(flowCookie))
	_, text, _ := strings.Cut(v, ".")
	_, label, _ := strings.Cut(string(x.opened(flowCookie, text)), "\n")
	return label
}

// identifier is what was typed on this page, else at the beginning of the sign-in under way.
func (x *request) identifier() string {
	if typed := x.field("identifier"); typed != "" {
		return typed
	}
	_, identifier := x.flow()
	return identifier
}

// keyFirstPage is D5: the key before the password. With a touched key under way it asks for the password.
func keyFirstPage(x *request) error {
	ceremony, _ := x.flow()
	identifier := x.identifier()
	v := &assets.SignInKey{Frame: x.frame(), Step: "identifier", Identifier: identifier}
	if ceremony != "" {
		info, err := x.s.service.SignInState(x.r.Context(), x.caller, ceremony)
		if err == nil && info.Step == auth.StepPassword {
			v.Step = "password"
			v.Ceremony = ceremony
			v.Who = string(info.Who)
			v.Identifier = identifier
			return x.show(http.StatusOK, v)
		}
	}
	if x.field("identifier") != "" || x.query("with") == "key" { // which was named, or whose key was refused
		return x.askKeyFirst(identifier)
	}
	return x.show(http.StatusOK, v)
}

// keyFirstPost takes an identifier and asks for the key, or takes the key's answer: of that page, or of the
// conditional ceremony on the sign-in page.
func keyFirstPost(x *request) error {
	identifier := strings.TrimSpace(x.field("identifier"))
	if x.field("ceremony") == "" {
		x.noteShared(x.field("shared") == "yes")
		return x.nameKeyOwner(identifier)
	}
	response, err := rawJSON(x.field("response"))
	var info *auth.SignInInfo
	if err == nil {
		info, err = x.signedIn(x.s.service.SignInFinish(x.r.Context(), x.caller, x.field("ceremony"), response))
	}
	if err == nil {
		return x.continueSignIn(info, identifier)
	}
	if identifier == "" { // the conditional ceremony: back to its form
		return x.refuseTo("/sign-in", err)
	}
	return err
}

// nameKeyOwner leads to the page that asks for the key of whoever was named.
func (x *request) nameKeyOwner(identifier string) error {
	if identifier == "" {
		return x.redirect("/sign-in/key")
	}
	x.keepFlow("", identifier)
	at := url.Values{"with": {"key"}}
	for _, name := range []string{"remember", "shared"} {
		if x.field(name) == "yes" {
			at.Set(name, "yes")
		}
	}
	return x.redirect("/sign-in/key?" + at.Encode())
}

func (x *request) askKeyFirst(identifier string) error {
	said := func(name string) bool { return x.field(name) == "yes" || x.query(name) == "yes" }
	v := &assets.SignInKey{Frame: x.frame(), Step: "identifier", Identifier: identifier, Remember: said("remember"),
		Shared: said("shared")}
	if identifier != "" && !v.WeChat {
		ch, err := x.s.service.SignInKeyFirst(x.r.Context(), x.caller, auth.KeyFirstForm{Identifier: identifier,
			Remember: v.Remember, Shared: v.Shared})
		if err != nil {
			return err
		}
		v.Step, v.Key = "key", keyPrompt(ch, !x.setBack())
	}
	return x.show(http.StatusOK, v)
}

func keyPasswordPost(x *request) error {
	ceremony := x.field("ceremony")
	kept, identifier := x.flow()
	info, err := x.signedIn(x.s.service.SignInPassword(x.r.Context(), x.caller, ceremony, x.field("password")))
	if err == nil {
		return x.continueSignIn(info, identifier)
	}
	if startAgain(err) {
		return x.signInAnew(err)
	}
	if kept != ceremony { // another tab's sign-in came between: the key says whose password is asked for
		if now, lost := x.s.service.SignInState(x.r.Context(), x.caller, ceremony); lost == nil {
			x.keepFlow(ceremony, string(now.Who))
		}
	}
	return x.refuseTo("/sign-in/key", err)
}

// startAgain reports whether a flow is over.
func startAgain(err error) bool {
	var e *auth.Error
	return errors.As(err, &e) && (e.Code == auth.CeremonyExpired || e.Code == auth.CeremonyVoid ||
		e.Code == auth.CeremonyUsed || e.Code == auth.CeremonyOtherBrowser)
}

// signInAnew shows the sign-in form to somebody whose flow is over, with what he typed at its beginning.
func (x *request) signInAnew(err error) error {
	_, identifier := x.flow()
	x.keepFlow("", identifier)
	x.drop(stepCookie)
	return x.refuseTo("/sign-in", err)
}

// trustPage asks once: whoever comes back to it, trusted by now, goes on.
func trustPage(x *request) error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	if !info.MayTrust {
		return x.home()
	}
	return x.show(http.StatusOK, &assets.TrustOffer{Frame: f, Days: days(x.s.config.Policy.TrustLife)})
}

func trustPost(x *request) error {
	if x.field("trust") != "yes" {
		x.put(untrustCookie, "1", browserLife) // asked once
		return x.home()
	}
	if _, err := trustBrowser(x); err != nil {
		return err
	}
	x.leaveFlash(flash{Key: "browser-trusted"})
	return x.home()
}

func signOutPost(x *request) error {
	err := x.s.service.SignOut(x.r.Context(), x.caller)
	var e *auth.Error
	if err != nil && !errors.As(err, &e) {
		return err
	}
	for _, name := range []string{sessionCookie, flowCookie, stepCookie, returnCookie, noticeCookie, setbackCookie,
		appCookie, codesCookie, secretCookie} {
		x.drop(name)
	}
	return x.redirect("/sign-out")
}

func signedOut(x *request) error {
	return x.show(http.StatusOK, &assets.Message{Frame: x.frame(), Key: "signed-out"})
}
