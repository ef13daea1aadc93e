package server

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// The e-mail, the mail, the form, and a session that has to enrol: nothing is typed twice, and any browser will do.
func TestSignUpPages(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	s := p.fill(p.open("/sign-up"), "/sign-up", "email", testEmail).at("/sign-up/sent", 200).says(testEmail, "You can ask again at",
		"14:00:30")
	link := path(w.mailed(auth.TemplateSignUp).Args["link"])
	// Early, as by a second press: the same page, with the time.
	s = p.fill(s, "/sign-up").at("/sign-up/sent", 200).says("14:00:30")
	w.pass(31 * time.Second)
	p.fill(s, "/sign-up").at("/sign-up/sent", 200)
	second := path(w.mailed(auth.TemplateSignUp).Args["link"])

	q := w.browser()
	for _, path := range []string{link, second, link} {
		f := q.open(path).at(path, 200).form(path).fields
		if f.Get("username") != testEmail || f.Get("name") != "" || f.Get("phone") != "" {
			t.Errorf("got the form %v, want it empty, for the address of the mail", f)
		}
	}
	q.fill(q.open(second), second, "name", "Wei", "user-name", "小明的店", "phone", "+8613800138000", "password", testPassword,
		"terms", "yes").at("/security/start", 200)
	for _, path := range []string{link, second} {
		p.open(path).at(path, 409).says("This address has an account already").holds(`<a class="btn btn-main" href="/sign-in">`)
	}
	p.open("/sign-up/confirm/nothing").at("/sign-up/confirm/nothing", 410).says("This link has been used")
}

// Where enough mails have gone to a mailbox, the page says until when, and refuses nothing.
func TestSignUpPageAfterTheCap(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	for range 3 {
		p.fill(p.open("/sign-up"), "/sign-up", "email", testEmail).at("/sign-up/sent", 200)
		w.mailed(auth.TemplateSignUp)
		w.pass(time.Minute)
	}
	p.fill(p.open("/sign-up"), "/sign-up", "email", testEmail).at("/sign-up/sent", 200).says("You can ask again at")
	if list, err := w.service.Due(t.Context(), 10); err != nil || len(list) > 0 {
		t.Errorf("got %d mails, %v, want none", len(list), err)
	}
}
