package server

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// The list of sessions and the history tell the method that was used, not one of its kin: a recovery code is no app, a
// call is no text, and what is kept on this computer is no USB key.
func TestPagesTellTheMethodThatWasUsed(t *testing.T) {
	w := newWorld(t)
	owner, secret := w.withApp()
	red := stick(t, "red")
	owner.touch(owner.open("/security/keys/new"), red, "/security/keys/new", "name", "Red")
	device, err := virtual.New(virtual.Options{Platform: true, ResidentKeys: true,
		UserVerification: virtual.UVSucceeds})
	if err != nil {
		t.Fatal(err)
	}
	built := &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{device}}
	owner.touch(owner.open("/security/keys/new?kind=passkey"), built, "/security/keys/new", "name", "This PC")
	s := owner.fill(owner.open("/security/phone/new?other=1"), "/security/phone/new", "phone", "+8613800138000",
		"via", "sms")
	owner.fill(s, "/security/phone/new", "code", w.mailed(auth.TemplateCode).Args["code"])
	s = owner.fill(owner.open("/security/codes"), "/security/codes")
	codes := regexp.MustCompile(`<li>([0-9A-Z]{4}-[0-9A-Z]{4})</li>`).FindStringSubmatch(s.text)
	if len(codes) == 0 {
		t.Fatalf("got no recovery codes on %s", s.path)
	}
	send := func(p *person, s *sheet, way string) *sheet {
		return p.fill(p.fill(s, "/sign-in/send", "with", way), "/sign-in/verify", "code",
			w.mailed(auth.TemplateCode).Args["code"])
	}
	for way, c := range map[string]struct {
		said string
		show func(p *person, s *sheet) *sheet
	}{
		"key":     {"Security key", func(p *person, s *sheet) *sheet { return p.touch(s, red, "/sign-in/verify") }},
		"passkey": {"Passkey", func(p *person, s *sheet) *sheet { return p.touch(s, built, "/sign-in/verify") }},
		"app": {"Authenticator app", func(p *person, s *sheet) *sheet {
			return p.fill(s, "/sign-in/verify", "code", w.code(secret))
		}},
		"recovery": {"Recovery code", func(p *person, s *sheet) *sheet {
			return p.fill(s, "/sign-in/verify", "code", codes[1])
		}},
		"sms":  {"Text message", func(p *person, s *sheet) *sheet { return send(p, s, "sms") }},
		"call": {"Voice call", func(p *person, s *sheet) *sheet { return send(p, s, "call") }},
	} {
		w.pass(3 * time.Minute)
		p := w.browser()
		p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password",
			testPassword).at("/sign-in/verify", 200)
		c.show(p, p.open("/sign-in/verify?with="+way))
		// What is newest stands first.
		sessions := wordsOf(p.open("/security/sessions").at("/security/sessions", 200).text)
		if got := regexp.MustCompile("Second step: (.*)").FindStringSubmatch(sessions); got == nil || got[1] != c.said {
			t.Errorf("%s: the sessions say %q of this one", way, got)
		}
		events := wordsOf(p.open("/security/history").text)
		if got := regexp.MustCompile("Signed in: (.*)").FindStringSubmatch(events); got == nil || got[1] != c.said {
			t.Errorf("%s: the history says %q", way, got)
		}
	}
	w.pass(3 * time.Minute)
	p := w.browser()
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword).at("/sign-in/verify", 200)
	p.fill(p.open("/sign-in/verify?with=call"), "/sign-in/send", "with", "call").says("You asked for a call to",
		"Call me again", "another call at", "Your call is about to go out")
	owner.open("/security/history").says("Code asked for: Voice call", "Code asked for: Text message")
}

// A call is made by the phone network, if at all: what is known of it is said, and nothing more.
func TestNoPageSaysThatACallWasMade(t *testing.T) {
	w := newWorld(t)
	made := regexp.MustCompile(`(?i)\b(we|have) (just )?(called|rang|phoned)|call was made|已拨打|已致电|我们已打`)
	for _, lang := range []string{"en", "zh-CN"} {
		for _, key := range w.texts.Keys() {
			if !strings.Contains(key, "call") && !strings.Contains(key, "voice") {
				continue
			}
			said := w.texts.Say(lang, key, nil)
			if m := made.FindString(said); m != "" {
				t.Errorf("%s in %s: got %q", key, lang, m)
			}
		}
	}
	for _, state := range []string{"queued", "accepted", "delivered", "failed"} {
		if !w.texts.Has("delivery." + state + ".call.title") {
			t.Errorf("a call that is %s: got the words of a text", state)
		}
	}
}
