package server

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Five wrong second steps lead an unknown browser to the mailed code, at once and with the right password later, with
// what was typed. The code introduces the browser, and the sign-in goes on.
func TestPagesWhileThePasswordIsOut(t *testing.T) {
	w := newWorld(t)
	secret := w.enrolled(w.program())
	signIn := func(p *person, password string) *sheet {
		return p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", password)
	}
	p := w.browser()
	s := signIn(p, testPassword).at("/sign-in/verify", 200)
	for range 4 {
		s = p.fill(s, "/sign-in/verify", "code", other(w.code(secret))).at("/sign-in/verify", 200)
	}
	says := []string{"Confirm this browser first", "Use your key first"}
	p.fill(s, "/sign-in/verify", "code", other(w.code(secret))).at("/sign-in/mail", 200).says(says...)
	p.fill(s, "/sign-in/verify", "code", w.code(secret)).at("/sign-in/mail", 200).says(says...)

	q := w.browser()
	q.address = "198.51.100.7:4321"
	signIn(q, "Wrong-Horse9").at("/sign-in", 200).says("E-mail, phone or password is not right")
	s = signIn(q, testPassword).at("/sign-in/mail", 200)
	s.says(says...)
	got := s.form("/sign-in/mail").fields.Get("identifier")
	if got != testEmail || strings.Contains(s.text, testPassword) {
		t.Errorf("got identifier %q, want what was typed but the password", got)
	}
	s = q.fill(s, "/sign-in/mail").at("/sign-in/mail/code", 200)
	q.fill(s, "/sign-in/mail/code", "code", w.mailed(auth.TemplateIntroduce).Args["code"]).at("/done/introduced", 200)
	w.pass(time.Minute)
	s = signIn(q, testPassword).at("/sign-in/verify", 200)
	q.fill(s, "/sign-in/verify", "code", w.code(secret)).at("/sign-in/trust", 200)

	s = q.open("/security").says("Somebody may know your password")
	q.fill(s, "/security/password/mine").at("/security", 200).says("Noted: it was you")
	if s = q.open("/security"); strings.Contains(s.text, "/security/password/mine") {
		t.Error("the overview still asks")
	}
	w.pass(time.Minute)
	signIn(w.browser(), testPassword).at("/sign-in/verify", 200)
}
