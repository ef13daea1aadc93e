package server

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// leadsAway reports whether a page of somebody on his way leads him to the sign-in form by its notice.
func (s *sheet) leadsAway() bool {
	return regexp.MustCompile(`(?s)<div class="note[^>]*>.*?href="/sign-in"`).MatchString(s.text)
}

// An app's code is as good after ten minutes on the page as after one, at the sign-in and before an act; only once, and
// the same press again is told the same.
func TestALateAppCodeIsTaken(t *testing.T) {
	w := newWorld(t)
	owner, secret := w.withApp()
	w.pass(time.Hour)
	s := owner.open("/security/contact").at("/confirm", 200)
	w.pass(10 * time.Minute)
	owner.fill(s, "/confirm", "code", w.code(secret)).at("/security/contact", 200)
	w.pass(time.Minute)
	p := w.browser()
	s = p.signInAs(testEmail).at("/sign-in/verify", 200)
	w.pass(10 * time.Minute)
	code := w.code(secret)
	f := s.form("/sign-in/verify").fields
	f.Set("code", code)
	before := *p
	first := p.send(http.MethodPost, "/sign-in/verify", "application/x-www-form-urlencoded", f.Encode())
	again := before.send(http.MethodPost, "/sign-in/verify", "application/x-www-form-urlencoded", f.Encode())
	if a, b := first.Header().Get("Location"), again.Header().Get("Location"); a != "/sign-in/trust" || b != a {
		t.Errorf("a late code, twice: got %q and %q, want /sign-in/trust", a, b)
	}
	q := w.browser()
	s = q.signInAs(testEmail).at("/sign-in/verify", 200)
	q.fill(s, "/sign-in/verify", "code", code).at("/sign-in/verify", 200)
}

// Whoever types a sent code too late is told that it has expired, where he asks for the next one.
func TestALateTextHasExpired(t *testing.T) {
	w := newWorld(t)
	owner := w.registered()
	owner.addPhone("+8613900139000")
	w.pass(2 * time.Minute)
	p := w.browser()
	p.signInAs(testEmail)
	s := p.fill(p.open("/sign-in/verify?with=sms"), "/sign-in/send", "with", "sms")
	code := w.mailed(auth.TemplateCode).Args["code"]
	w.pass(6 * time.Minute)
	s = p.fill(s, "/sign-in/verify", "code", code).at("/sign-in/verify", 200).says("This code is too old")
	if s.form("/sign-in/send"); s.leadsAway() {
		t.Error("at the sign-in: got led to its beginning, want to the next code")
	}
	w.pass(time.Hour)
	s = owner.open("/confirm?for=name&with=sms&next=/security/password").at("/confirm", 200)
	s = owner.fill(s, "/confirm/send", "with", "sms").at("/confirm", 200)
	code = w.mailed(auth.TemplateCode).Args["code"]
	w.pass(6 * time.Minute)
	s = owner.fill(s, "/confirm", "code", code).at("/confirm", 200).says("This code is too old")
	if s.form("/confirm/send"); s.leadsAway() {
		t.Error("before an act: got led to the sign-in, want to the next code")
	}
	q := w.browser()
	s = q.fillPhone("+8613800138000").at("/forgot/phone/code", 200)
	w.pass(6 * time.Minute)
	s = q.fill(s, "/forgot/phone/code", "code", "000000").at("/forgot/phone", 200).says("This code is too old")
	if got := s.form("/forgot/phone").fields.Get("phone"); got != "+8613800138000" || s.leadsAway() {
		t.Errorf("forgotten: got the number %q and perhaps a way to the sign-in, want it kept and none", got)
	}
}

// Nobody who is signed in, or signing in, is led to the sign-in form because a page was open for long.
func TestALatePageLeadsNobodyAway(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	w.pass(time.Hour)
	s := p.open("/security/contact").at("/confirm", 200)
	w.pass(16 * time.Minute)
	s = p.fill(s, "/confirm", "code", w.code(secret)).at("/confirm", 200).says("This page was open for too long")
	if s.leadsAway() {
		t.Error("signed in: got led to the sign-in")
	}
	p.fill(s, "/confirm", "code", w.code(secret)).at("/security/contact", 200)
	q := w.browser()
	s = q.signInAs(testEmail).at("/sign-in/verify", 200)
	w.pass(16 * time.Minute)
	s = q.fill(s, "/sign-in/verify", "code", w.code(secret)).at("/sign-in", 200).says("This page was open for too long")
	if s.leadsAway() {
		t.Error("on the form itself: got led to it")
	}
}

// The link of a mail whose code has set the password says so when it is opened, on whichever device.
func TestTheLinkOfAUsedCodeSaysSo(t *testing.T) {
	w := newWorld(t)
	w.seller()
	p := w.browser()
	s := p.fillForgot(testEmail).at("/forgot/sent", 200)
	sent := w.mailed(auth.TemplateReset).Args
	q := w.browser()
	q.open(path(sent["link"])).form("/forgot/password/" + lastPart(sent["link"]))
	s = p.fill(s, "/forgot/sent", "code", sent["code"]).at("/forgot/choose", 200)
	p.fill(s, "/forgot/choose", "password", "Other-Horse9").at("/done/password-changed", 200)
	s = q.open(path(sent["link"])).says("This link has been used or is too old")
	if strings.Contains(s.text, `name="password"`) {
		t.Error("got a password asked for that nothing can come of")
	}
}

// Whoever is signed in and comes to the sign-in form is told so, by every way back to it.
func TestSignedInAndBackAtTheForm(t *testing.T) {
	w := newWorld(t)
	up := w.signUpPath(testEmail)
	p := w.browser()
	s := p.open(up)
	p.fill(s, s.path, "name", "Wei", "user-name", "小明的店", "phone", "+8613800138000", "password", testPassword,
		"terms", "yes").at("/security/start", 200)
	s = p.open(up).says("You are signed in as “小明的店”", "Continue with this account")
	if s.status != http.StatusOK || strings.Contains(s.text, "<title>Error:") {
		t.Errorf("back at the mail: got %d and perhaps an error, want neither", s.status)
	}
	w.browser().open(up).says("This address has an account already")
	for _, at := range []string{"/sign-in", "/sign-in/verify", "/sign-in/send"} {
		s = p.open(at).at("/sign-in", 200).says("You are signed in as “小明的店”", "Use another account")
		if s.form("/sign-in"); !strings.Contains(s.text, `href="/security">Continue`) {
			t.Errorf("%s: got no way on to the account, want one", at)
		}
	}
	if s = p.open("/sign-in?return=/shop"); !strings.Contains(s.text, `href="/shop">Continue`) {
		t.Error("got no way on to the shops, want one to where he wanted")
	}
	if s = w.browser().open("/sign-in"); strings.Contains(s.text, "You are signed in") {
		t.Error("a stranger: got told that somebody is signed in")
	}
}

// A wait of less than an hour is told to the second: who is told the minute that has begun comes back too early.
func TestWaitsSayTheirSeconds(t *testing.T) {
	w := newWorld(t)
	owner, _ := w.withApp()
	owner.addPhone("+8613900139000")
	w.pass(2*time.Minute + 9*time.Second)
	p := w.browser()
	p.signInAs(testEmail)
	p.fill(p.open("/sign-in/verify?with=sms"), "/sign-in/send", "with", "sms")
	until := w.time().Add(auth.Marketplace().ResendAfter)
	w.pass(time.Second)
	q := w.browser()
	q.signInAs(testEmail)
	q.fill(q.open("/sign-in/verify?with=sms"), "/sign-in/send",
		"with", "sms").says("You can ask for a new code at", until.Format("15:04:05"))
}

// Whoever has no account is asked first to make one: signing in would lose the invitation.
func TestAnInvitationAsksFirstForAnAccount(t *testing.T) {
	w := newWorld(t)
	owner, _ := w.withApp()
	shop := owner.shop("Lotus")
	for email, want := range map[string]string{"new@example.com": "/sign-up", testEmail: ""} {
		w.pass(time.Minute)
		if email == testEmail {
			w.secondSeller()
			email = secondEmail
		}
		link := "/shop/invitation/" + owner.invite(shop, email, "member")
		s := w.browser().open(link).at(link, 200)
		before, _, _ := strings.Cut(s.text, `<button class="btn btn-main"`)
		_, action, _ := strings.Cut(before[strings.LastIndex(before, "<form"):], `action="`)
		if action, _, _ = strings.Cut(action, `"`); action != link+want {
			t.Errorf("%s: got the main button of %s, want of %s", email, action, link+want)
		}
	}
}

// A number that was changed leads on to its confirmation.
func TestANewNumberLeadsToItsConfirmation(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	s := p.open("/security/contact").at("/security/contact", 200)
	s = p.fill(s, "/security/contact/phone", "phone", "+8613900139000").at("/security", 200).says("Your number is changed")
	if !strings.Contains(s.text, `<a href="/security/phone/new">Confirm it with a code</a>`) {
		t.Error("got no way to confirm the number, want one")
	}
}
