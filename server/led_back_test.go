package server

import (
	"strings"
	"testing"
	"time"
)

// What is refused is said on a page where something can be done about it.
func TestRefusalsLeadWhereTheyCanBeMended(t *testing.T) {
	t.Run("the code of a reset by phone is over", func(t *testing.T) {
		w := newWorld(t)
		p := w.browser()
		s := p.fillPhone("+8613800138001").at("/forgot/phone/code", 200)
		w.pass(time.Hour)
		p.fill(s, "/forgot/phone/code", "code", "000000").at("/forgot/phone", 200).says("Error:")
	})
	t.Run("an invitation that was withdrawn", func(t *testing.T) {
		w := newWorld(t)
		owner, _ := w.withApp()
		shop := owner.shop("Blue")
		token := owner.invite(shop, "mo@example.com", "member")
		page := w.browser()
		w.signUp(page, "mo@example.com", m{"name": "Mo", "userName": "mo", "phone": "+8613900139000"})
		page.addApp()
		s := page.open("/shop/invitation/"+token).at("/shop/invitation/"+token, 200)
		action := s.actionWith("/" + token)
		people := owner.open("/shop/" + shop)
		owner.fill(people, people.actionWith("/withdraw"))
		page.fill(s, action).says("This invitation has been used, withdrawn or is too old")
	})
	t.Run("a role that there is not", func(t *testing.T) {
		w := newWorld(t)
		owner, _ := w.withApp()
		shop := owner.shop("Blue")
		q := owner.colleague(shop, "mo", "member")
		s := owner.open("/shop/" + shop + "/members/" + q.idOf())
		owner.fill(s, s.actionWith("/members/"+q.idOf()), "role", "emperor").says("Error:")
	})
}

// Help of a call that is under way offers no call instead.
func TestACallOffersNoCallInstead(t *testing.T) {
	for via, offered := range map[string]bool{"sms": true, "call": false} {
		w := newWorld(t)
		p, _ := w.withApp()
		s := p.open("/security/phone/new?other=1")
		s = p.fill(s, "/security/phone/new", "phone", "+8613900139000", "via", via)
		if got := strings.Contains(wordsOf(s.text), "Call me instead"); got != offered {
			t.Errorf("by %s: got a call instead offered: %v, want %v", via, got, offered)
		}
	}
}

// A language that was chosen nowhere in particular leads to the first page.
func TestLanguageWithoutAWayBack(t *testing.T) {
	w := newWorld(t)
	for _, back := range []string{"", "?return=", "?return=https%3A%2F%2Fevil.example%2F"} {
		p := w.browser()
		p.follow("/language", p.send("POST", "/language"+back, "application/x-www-form-urlencoded", "lang=zh-CN")).
			at("/sign-in", 200).says("登录")
	}
}

// After a wrong code the help of its way is open; that of a key is in its own place.
func TestHelpOpensAfterAWrongCode(t *testing.T) {
	w := newWorld(t)
	w.enrolled(w.program())
	w.pass(time.Minute)
	p := w.browser()
	s := p.signInAs(testEmail)
	const open = `<details id="help" class="no-print" open>`
	if strings.Contains(s.text, open) {
		t.Error("before a code: got the help open")
	}
	if s = p.fill(s, "/sign-in/verify", "code", "000000"); !strings.Contains(s.text, open) {
		t.Error("after a wrong code: got the help closed")
	}
}

// A form that has lost the code under way, such as one that a password manager sent, loses it for no other page.
func TestAFormWithoutItsCeremonyLosesNoCode(t *testing.T) {
	w := newWorld(t)
	owner, _ := w.withApp()
	owner.addPhone("+8613900139000")
	w.pass(time.Minute)
	p := w.browser()
	p.signInAs(testEmail)
	s := p.fill(p.open("/sign-in/verify?with=sms"), "/sign-in/send", "with", "sms").says("Enter the code we texted you")
	p.fill(s, "/sign-in/verify", "with", "sms", "code", "000000", "ceremony", "")
	p.open("/sign-in/verify?with=sms").says("Enter the code we texted you")
}

// A code of a binding that has expired shows the way to a new one at once.
func TestABindingWhoseCodeExpiredShowsHowToGetAnother(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	s := p.fill(p.open("/security/phone/new?other=1"), "/security/phone/new", "phone", "+8613900139000", "via", "sms")
	const open = `<details id="help" class="no-print" open>`
	if strings.Contains(s.text, open) {
		t.Error("before a code: got the help open")
	}
	w.pass(6 * time.Minute)
	if s = p.fill(s, "/security/phone/new", "code", "000000").says("This code is too old"); !strings.Contains(s.text, open) {
		t.Error("after the code has expired: got the help closed")
	}
}

// Inside an app the page says nothing of a browser's version, and nothing of a key that will answer in a minute.
func TestPagesInsideAnAppSayWhatIsTrue(t *testing.T) {
	w := newWorld(t)
	owner := w.registered()
	owner.addKey("Blue key")
	w.pass(time.Minute)
	p := w.browser()
	p.agent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.47"
	for path, not := range map[string]string{"/help/check?c=1": "ersion 116", "/sign-in/verify?with=key": "load this page again in a minute"} {
		if path != "/help/check?c=1" {
			p.signInAs(testEmail)
		}
		if s := p.open(path); strings.Contains(wordsOf(s.text), not) {
			t.Errorf("%s: got %q inside WeChat, want nothing of it", path, not)
		}
	}
}
