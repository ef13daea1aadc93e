package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// The second step is asked for by the way and of the method that the address names, and by the best one where it names
// none that there is; the others are offered.
func TestSecondStepByEveryWay(t *testing.T) {
	w := newWorld(t)
	owner, _ := w.withApp()
	owner.addKey("Blue key")
	ids := map[string]string{"totp": owner.methodID("totp"), "key": owner.methodID("webauthn")}
	owner.addKey("Red key")
	for _, number := range []string{"+8613900139000", "+8613700137000"} {
		w.pass(time.Minute)
		var begun, done answer
		owner.must("POST", "/methods/begin", m{"kind": "phone", "number": number, "channel": "sms"}, &begun)
		code := w.mailed(auth.TemplateCode).Args["code"]
		owner.must("POST", "/methods/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code}}, &done)
		ids[number] = done.Authenticator.ID
	}
	w.pass(time.Minute)
	p := w.browser()
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword).at("/sign-in/verify", 200)
	for _, c := range []struct{ query, want, masked string }{
		{"", "key", ""}, {"?with=key", "key", ""}, {"?with=app", "app", ""},
		{"?with=key&id=" + ids["key"], "key", ""}, {"?with=nothing", "key", ""},
		{"?with=sms&id=" + ids["+8613900139000"], ids["+8613900139000"], "9000"},
		{"?with=sms&id=" + ids["+8613700137000"], ids["+8613700137000"], "7000"},
		{"?with=call&id=" + ids["+8613700137000"], ids["+8613700137000"], "7000"},
		{"?with=sms&id=none", "key", ""}, {"?with=sms&id=" + ids["totp"], "key", ""}, {"?with=email", "key", ""},
	} {
		s := p.open("/sign-in/verify"+c.query).at("/sign-in/verify", 200)
		action := "/sign-in/verify"
		if c.masked != "" {
			action = "/sign-in/send"
			s.says(c.masked)
		}
		f := s.form(action).fields
		if asked := s.form(action).options; c.want == "key" && strings.Count(asked, `"type":"public-key"`) != 2 {
			t.Errorf("%q: got %s, want any of the keys, whichever the address names", c.query, asked)
		}
		if got := strings.TrimSpace(f.Get("with") + " " + f.Get("id")); got != c.want {
			t.Errorf("%q: got %q asked for, want %q", c.query, got, c.want)
		}
	}
}

// A sign-in whose time is over begins anew, with what was typed at its beginning: by every form of it.
func TestSignInThatIsOverBeginsAnew(t *testing.T) {
	w := newWorld(t)
	_, _ = w.withApp()
	for _, path := range []string{"/sign-in/verify", "/sign-in/send", "/sign-in/key/password"} {
		w.pass(time.Minute)
		p := w.browser()
		s := p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password",
			testPassword).at("/sign-in/verify", 200)
		form := s.form("/sign-in/verify").fields
		form.Set("password", testPassword)
		w.pass(16 * time.Minute)
		s = p.follow(path, p.send(http.MethodPost, path, "application/x-www-form-urlencoded",
			form.Encode())).at("/sign-in", 200)
		if got := s.form("/sign-in").fields.Get("identifier"); got != testEmail || !strings.Contains(s.text,
			"<title>Error:") {
			t.Errorf("%s: got %q in the form, want what was typed and why", path, got)
		}
		if got := p.cookie("__Host-" + stepCookie); got != "" {
			t.Errorf("%s: got the step's cookie %q, want it gone", path, got)
		}
	}
}

// Who called the computer a shared one and then does not is believed: what he types is kept again.
func TestSharedComputerIsSaidAnew(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	for _, c := range []struct{ path, shared string }{{"/sign-in", "yes"}, {"/sign-in", "no"}, {"/sign-in/key",
		"yes"}, {"/sign-in/key", ""}} {
		p.fill(p.open(c.path), c.path, "identifier", "wei@example.com", "password", "Wrong-Horse9", "shared", c.shared)
		if got := p.cookie("__Host-" + sharedCookie); (got != "") != (c.shared == "yes") {
			t.Errorf("%s, shared %q: got the cookie %q", c.path, c.shared, got)
		}
	}
}

// WeChat's browser has no keys: pages that ask for one say so, and begin no ceremony.
func TestNoCeremonyInWeChat(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	p.addKey("Blue key")
	weChat := func(p *person) *person {
		p.agent += " MicroMessenger/8.0.50"
		return p
	}
	w.pass(time.Minute)
	q := weChat(w.browser())
	check := func(s *sheet) {
		t.Helper()
		for _, f := range s.forms {
			if f.options != "" {
				t.Errorf("%s: got a ceremony for the browser, want none in WeChat", s.path)
			}
		}
	}
	check(q.open("/sign-in").at("/sign-in", 200))
	check(q.fill(q.open("/sign-in/key"), "/sign-in/key", "identifier", testEmail).at("/sign-in/key", 200))
	s := q.fill(q.open("/sign-in"), "/sign-in", "identifier", testEmail, "password",
		testPassword).at("/sign-in/verify", 200)
	check(s)
	s = q.open("/sign-in/verify?with=app")
	q.fill(s, "/sign-in/verify", "code", w.code(secret))
	for _, path := range []string{"/security/keys/new", "/security/keys/new?kind=passkey", "/security/keys/test",
		"/security/keys/" + q.methodID("webauthn") + "/test"} {
		check(q.open(path))
	}
}

// A code that is sent again by the other channel is the same code, and the page says so; one of another sending is new,
// and says that the older ones are void.
func TestWhatIsSaidOfACodeSentAgain(t *testing.T) {
	w := newWorld(t)
	owner, _ := w.withApp()
	var begun answer
	owner.must("POST", "/methods/begin", m{"kind": "phone", "number": "+8613900139000", "channel": "sms"}, &begun)
	code := func() string { return w.mailed(auth.TemplateCode).Args["code"] }
	owner.must("POST", "/methods/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code()}}, nil)
	w.pass(time.Minute)
	p := w.browser()
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword).at("/sign-in/verify", 200)
	s := p.fill(p.open("/sign-in/verify?with=sms"), "/sign-in/send", "with", "sms")
	said := wordsOf(s.text)
	if strings.Contains(said, "is on its way") {
		t.Errorf("the first: got it said to be sent again:\n%s", said)
	}
	first := code()
	for _, c := range []struct{ with, says string }{{"call", "The same code is on its way"}, {"sms",
		"A new code is on its way"},
		{"sms", "A new code is on its way"}} {
		w.pass(time.Minute)
		s = p.fill(s, "/sign-in/send", "with", c.with).says(c.says)
		if now := code(); (now == first) != (c.with == "call") {
			t.Errorf("by %s: got the code %s after %s", c.with, now, first)
		}
	}
}

// What is done is said to people who are not signed in, by addresses that can be loaded again; and no other address
// says that something is done.
func TestWhatIsDoneIsSaid(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	for _, what := range []string{"undone", "password-changed", "removal-stopped", "paused", "introduced",
		"email-changed"} {
		p.open("/done/"+what).at("/done/"+what, http.StatusOK)
	}
	for _, what := range []string{"signed-out", "nothing", "key-lost", "browser-trusted"} {
		p.open("/done/"+what).at("/done/"+what, http.StatusNotFound)
	}
}

// The session that looks stands first in its list, whichever began last.
func TestOwnSessionStandsFirst(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	people := []*person{p}
	for range 2 {
		w.pass(time.Minute)
		q := w.browser()
		q.address = "198.51.100.7:4321"
		s := q.fill(q.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword)
		q.fill(s, "/sign-in/verify", "code", w.code(secret))
		people = append(people, q)
	}
	for i, p := range people {
		said := wordsOf(p.open("/security/sessions").at("/security/sessions", 200).text)
		own, other := strings.Index(said, "This browser"), strings.Index(said, "End\n")
		if own < 0 || other < own {
			t.Errorf("session %d: got its own at %d and the first other's end at %d, want its own first", i, own, other)
		}
	}
}

// After the last wrong code the page says until when the method waits, and asks for no code that nothing could come of;
// afterwards it does again.
func TestAMethodThatWaitsAsksForNoCode(t *testing.T) {
	w := newWorld(t)
	secret := w.enrolled(w.program())
	w.pass(time.Minute)
	p := w.browser()
	p.fill(p.signInAs(testEmail), "/sign-in/verify", "code", w.code(secret))
	w.pass(time.Minute)
	p.send(http.MethodPost, "/sign-out", "application/x-www-form-urlencoded", "")
	s := p.signInAs(testEmail).at("/sign-in/verify", 200)
	tries, asks := 0, func(s *sheet) bool { return strings.Contains(s.text, `name="code"`) }
	for ; tries < 10 && asks(s); tries++ {
		s = p.fill(s, "/sign-in/verify", "code", "000000")
	}
	for _, at := range []*sheet{s, p.open("/sign-in/verify?with=app"), p.open("/sign-in/verify")} {
		at.says("This method is paused until")
		if asks(at) || strings.Contains(wordsOf(at.text), "tries left") {
			t.Errorf("after %d wrong codes: got %s, want the time and no field", tries, wordsOf(at.text))
		}
	}
	w.pass(5 * time.Minute)
	s = p.open("/sign-in/verify?with=app").at("/sign-in/verify", 200)
	p.fill(s, "/sign-in/verify", "code", w.code(secret)).says("Signed in as")
	if tries != 5 {
		t.Errorf("got the wait after %d wrong codes, want 5", tries)
	}
}

// Nobody is told of no tries that are left.
func TestNoTriesAreNotCounted(t *testing.T) {
	w := newWorld(t)
	owner, secret := w.withApp()
	owner.addPhone("+8613900139000")
	w.pass(2 * time.Minute)
	for _, lang := range []string{"en", "zh-CN"} {
		p := w.browser()
		p.fill(p.signInAs(testEmail), "/sign-in/verify", "code", w.code(secret))
		w.pass(time.Minute)
		p.lang = lang
		p.send(http.MethodPost, "/sign-out", "application/x-www-form-urlencoded", "")
		p.signInAs(testEmail)
		s := p.fill(p.open("/sign-in/verify?with=sms"), "/sign-in/send", "with", "sms")
		for n, said := range []string{"4", "3", "2", "", "", ""} { // one is a word in English
			s = p.fill(s, "/sign-in/verify", "code", "000000")
			counted := strings.Contains(s.text, "tries left") || strings.Contains(s.text, "还可尝试")
			if strings.Contains(s.text, "0 tries") || strings.Contains(s.text, "尝试 0 次") || said != "" && !counted {
				t.Errorf("%s: after %d wrong codes: got %s", lang, n+1, wordsOf(s.text))
			}
		}
		w.pass(time.Hour)
	}
}

// The page of help offers what can be done about a text that is on its way, and nothing of the kind before.
func TestHelpKnowsOfATextUnderWay(t *testing.T) {
	w := newWorld(t)
	owner, _ := w.withApp()
	owner.addPhone("+8613900139000")
	w.pass(time.Minute)
	p := w.browser()
	p.signInAs(testEmail)
	before := p.open("/sign-in/help?with=sms").at("/sign-in/help", 200)
	p.fill(p.open("/sign-in/verify?with=sms"), "/sign-in/send", "with", "sms")
	after := p.open("/sign-in/help?with=sms").at("/sign-in/help", 200)
	const word = "You can ask for a new code at"
	if after.says(word); strings.Contains(wordsOf(before.text), word) {
		t.Errorf("before anything was sent: got %q said", word)
	}
}

// A code that is under way to one number is not shown as on its way to another.
func TestACodeUnderWayIsOfOneNumber(t *testing.T) {
	w := newWorld(t)
	owner, _ := w.withApp()
	owner.addPhone("+8613900139000")
	one := owner.methodID("phone")
	w.pass(time.Minute)
	owner.addPhone("+8613700137000")
	w.pass(time.Minute)
	p := w.browser()
	p.signInAs(testEmail)
	s := p.open("/sign-in/verify?with=sms&id=" + one).says("9000")
	p.fill(s, "/sign-in/send", "with", "sms").says("9000", "Enter the code we texted you")
	p.open("/sign-in/verify?with=sms&id="+one).says("9000", "Enter the code we texted you")
	for _, other := range owner.methodIDs("phone") {
		if other != one {
			p.open("/sign-in/verify?with=sms&id="+other).says("7000", "Get a code by text").form("/sign-in/send")
		}
	}
}
