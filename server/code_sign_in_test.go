package server

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// withCode is the secret of a seller's app, and his security code.
func (w *world) withCode(t *testing.T) (secret, code string) {
	t.Helper()
	p, secret := w.withApp()
	s := p.open("/security/security-code")
	code = codeOn(t, p.fill(s, "/security/security-code"))
	w.pass(time.Hour)
	return secret, code
}

// R30, without a second step: the page of the second step leads to the code, which waits; its owner reads of it and
// stops it, on the overview or by the mailed link.
func TestCodeSignInPage(t *testing.T) {
	const at = "/sign-in/security-code"
	w := newWorld(t)
	secret, code := w.withCode(t)
	ask := func(q *person) *sheet {
		q.signInAs(testEmail).at("/sign-in/verify", 200).says("Use the security code").holds(`href="` + at + `"`)
		return q.open(at).at(at, 200)
	}
	q := w.browser()
	q.open(at).at("/sign-in", 200)
	s := ask(q).says("After 72 hours", "7 days", "No security code?", "Support can’t sign you in")
	s = q.fill(s, at, "security-code", "00000").at(at, 200).says("This security code is not right",
		"Tries left before a wait: 4")
	s = q.fill(s, at, "security-code", code).at("/done/code-waits", 200).says("The security code works from",
		"sign in here with your password and the code again")
	q.open(s.path).at("/done/code-waits", 200).says("Now it has to wait")
	q.open("/sign-in/verify").at("/sign-in", 200)

	link := path(w.mailed(auth.TemplateCodeWaits).Args["undo"])
	w.browser().open(link).at(link, 200).says("Stop this sign-in?")
	w.pass(time.Minute)
	p := w.browser()
	p.fill(p.open(p.signInAs(testEmail).path), "/sign-in/verify", "code", w.code(secret))
	s = p.open("/security").says("Somebody asked to sign in with the security code", "no payout can be approved")
	lacks(s, "will be removed at", "asked for with a weaker method")
	for _, f := range s.forms {
		if len(f.action) > 5 && f.action[len(f.action)-5:] == "/stop" {
			p.fill(s, f.action).at("/security", 200).says("The sign-in with the security code was stopped")
		}
	}
	lacks(p.open("/security"), "Somebody asked to sign in")
	p.open("/security/history").says("Sign-in with the security code asked for", "Sign-in with the security code stopped",
		"Security code refused")
	w.browser().open(link).at(link, 410)

	q.fill(ask(q), at, "security-code", code).at(at, 200).says("A change was stopped not long ago")
	w.pass(25 * time.Hour)
	q.fill(ask(q), at, "security-code", code).at("/done/code-waits", 200)
	w.pass(72 * time.Hour)
	q.fill(ask(q), at, "security-code", code).at("/security/start", 200)
	q.open("/security/history").at("/security/start", 200)
	link = path(w.mailed(auth.TemplateChange).Args["undo"])
	r := w.browser()
	s = r.open(link).at(link, 200).says("Signed in with the security code; all methods were removed")
	r.fill(s, link).at("/done/undone", 200)
	r.signInAs(testEmail).at("/sign-in/verify", 200).says("Enter the code from your app")
}

// An unknown browser is led to the mailed code once strangers have typed five wrong ones.
func TestCodeSignInLeadsToTheMailedCode(t *testing.T) {
	const at = "/sign-in/security-code"
	w := newWorld(t)
	w.withCode(t)
	q := w.browser()
	q.signInAs(testEmail)
	s := q.open(at)
	for range 5 {
		s = q.fill(s, at, "security-code", "00000")
	}
	q.fill(s, at, "security-code", "00000").at(mailCodePath, 200)
}
