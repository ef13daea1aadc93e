package server

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// withApp is a browser that has enrolled an app, and the app's secret.
func (w *world) withApp() (p *person, secret string) {
	w.t.Helper()
	p = w.registered()
	s := p.open("/security/app/new")
	secret = secretOf(s)
	p.fill(s, "/security/app/new", "code", w.code(secret))
	return p, secret
}

func TestContactPages(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	p.open("/security").says("Security e-mail", "Phone number of the account")
	w.pass(time.Hour)
	s := p.open("/security/contact").at("/confirm", 200).says("You are about to change your contact details")
	s = p.fill(s, "/confirm", "code", w.code(secret)).at("/security/contact", 200)

	s = p.fill(s, "/security/contact/email", "email", "nonsense").at("/security/contact", 200)
	if got := s.form("/security/contact/email").fields.Get("email"); got != "nonsense" {
		t.Errorf("after a refusal: got %q in the field, want what was typed", got)
	}
	s = p.fill(s, "/security/contact/email", "email", "new@example.com").at("/security/contact",
		200).says("We sent a link to the new address", "15:00:30")
	w.pass(11 * time.Second) // until then it is the same press
	p.fill(s, "/security/contact/email", "email", "new@example.com").at("/security/contact", 200)
	link := path(w.mailed(auth.TemplateEmailChange).Args["link"])

	// The link is opened in the browser of the mail, which is signed in nowhere: it makes nobody's change.
	q := w.browser()
	q.open(link).at("/sign-in", 200)
	s = p.open(link).at(link, 200).says("Make this your security e-mail?")
	p.fill(s, link).at("/done/email-changed", 200).says("Security e-mail changed")
	p.open(link).at(link, 410).says("This link has been used")
	if told := w.mailed(auth.TemplateChange); told.Recipient != testEmail || told.Args["what"] != "email" {
		t.Errorf("got %s told of %q, want the old address of the e-mail", told.Recipient, told.Args["what"])
	}
	q.fill(q.open("/sign-in"), "/sign-in", "identifier", "new@example.com", "password", testPassword, "shared",
		"yes").at("/sign-in/verify", 200)
}

func TestContactPhonePage(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	s := p.fill(p.open("/security/contact"), "/security/contact/phone", "phone",
		"1380013800").at("/security/contact", 200)
	s = p.fill(s, "/security/contact/phone", "phone", "").at("/security/contact", 200).says("Type a phone number")
	p.open("/security").says("+86 138 0013 8000")
	w.pass(time.Second)
	p.fill(s, "/security/contact/phone", "phone", "+86 138 0013 8001").at("/security", 200).says("+86 138 0013 8001",
		"Your number is changed")
	if told := w.mailed(auth.TemplateChange); told.Args["what"] != "phone" {
		t.Errorf("got told of %q, want the phone", told.Args["what"])
	}
	if p.open("/security/contact").form("/security/contact/phone").fields.Has("remove") {
		t.Error("got the number removed by a press, want to be asked first")
	}
	s = p.fill(p.open("/security/contact/phone/remove").says("Remove the number", "8001"),
		"/security/contact/phone").at("/security", 200).says("The number was removed")
	p.open("/security/contact/phone/remove").at("/security/contact", 200)
	if strings.Contains(wordsOf(s.text), "8001") {
		t.Error("got the number still listed, want it gone")
	}
	p.open("/security/history").says("Phone number of the account changed")
}

func TestContactOverTheAPI(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	w.enrolled(p)
	var asked struct{ Email string }
	p.must("POST", "/contact/email", m{"email": "new@example.com"}, &asked)
	if asked.Email != "n•••@example.com" {
		t.Errorf("got %q, want the new address, masked", asked.Email)
	}
	link := lastPart(w.mailed(auth.TemplateEmailChange).Args["link"])
	p.must("POST", "/contact/email/confirm", m{"link": link}, &asked)
	if got := refused(t, p.api("POST", "/contact/email/confirm", m{"link": link},
		nil)); got.Code != string(auth.LinkUsed) {
		t.Errorf("the link again: got %s, want %s", got.Code, auth.LinkUsed)
	}
	var set struct{ Phone string }
	p.must("POST", "/contact/phone", m{"phone": "+8613800138001"}, &set)
	if set.Phone != "+86 ••• •••• 8001" {
		t.Errorf("got %q, want the new number, masked", set.Phone)
	}
	if got := refused(t, p.api("POST", "/contact/phone", m{"phone": "13800138001"},
		nil)); got.Code != string(auth.PhoneNoCountry) {
		t.Errorf("without a country code: got %s, want %s", got.Code, auth.PhoneNoCountry)
	}
	p.must("POST", "/contact/phone", m{"phone": "13800138002", "region": "CN"}, &set)
	var named struct{ UserName string }
	p.must("POST", "/user-name", m{"userName": " 小明二店 "}, &named)
	if named.UserName != "小明二店" {
		t.Errorf("got %q, want the new user name as it is shown", named.UserName)
	}
	if got := refused(t, p.api("POST", "/contact/phone", m{"phone": "138", "region": "CN"},
		nil)); got.Code != string(auth.PhoneOtherCountry) || got.Field != "phone" {
		t.Errorf("digits missing: got %s of %q, want %s", got.Code, got.Field, auth.PhoneOtherCountry)
	}
}

func TestUserNamePage(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	w.pass(time.Hour)
	s := p.open("/security/name").at("/confirm", 200).says("You are about to change your user name")
	s = p.fill(s, "/confirm", "code", w.code(secret)).at("/security/name", 200).says("Now: “小明的店”")
	s = p.fill(s, "/security/name", "user-name", " \u3000").at("/security/name", 200).says("Error:", "Type a user name")
	w.pass(time.Second)
	s = p.fill(s, "/security/name", "user-name", testPassword).at("/security/name", 200).says("This is your password")
	if got := s.form("/security/name").fields.Get("user-name"); got != testPassword {
		t.Errorf("after a refusal: got %q in the field, want what was typed", got)
	}
	w.pass(time.Second)
	p.fill(s, "/security/name", "user-name", "小明二店 🧧").at("/security", 200).says("User name changed", "小明二店 🧧")
	if told := w.mailed(auth.TemplateChange); told.Args["what"] != "user-name" {
		t.Errorf("got told of %q, want the user name", told.Args["what"])
	}
	p.open("/security/history").says("User name changed: “小明二店 🧧”")
}

// D13: the end of sign-up offers to prove the number, and nothing is typed twice; until then it is said everywhere that
// it does not sign in.
func TestClaimedNumberIsProvedWithoutTypingItAgain(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	const unproved = "does not sign you in"
	s := p.touch(p.open("/security/keys/new"), stick(t, "red"), "/security/keys/new", "name", "Red")
	s.at("/security/start", 200)
	s.says("+86 138 0013 8000", unproved, "Confirm it with a code").holds(`<a href="/security/phone/new?backup=1">`)
	p.open("/security").says("+86 138 0013 8000", unproved)
	p.open("/security/contact").says(unproved)
	s = p.open("/security/phone/new?backup=1").says("Your number:", "+86 138 0013 8000")
	if f := s.form("/security/phone/new").fields; f.Has("phone") {
		t.Errorf("got the form %v, want no field for the number", f)
	}
	p.open("/security/phone/new?other=1").holds(`name="phone"`)
	s = p.fill(s, "/security/phone/new", "via", "sms").at("/security/phone/new", 200)
	m := w.mailed(auth.TemplateCode)
	if string(m.Recipient) != "+8613800138000" {
		t.Errorf("the code went to %s", string(m.Recipient))
	}
	p.fill(s, "/security/phone/new", "code", m.Args["code"]).at("/security", 200).says("you can sign in with it")
	for _, path := range []string{"/security", "/security/contact", "/security/start"} {
		if s := p.open(path); strings.Contains(wordsOf(s.text), unproved) {
			t.Errorf("%s: a number that was proved: got that it %s", path, unproved)
		}
	}
	p.open("/security/phone/new").holds(`name="phone"`)
}

// Numbers as people type them: by the country chosen beside them, which is at first that of another number of the
// account, else that of the language where it is served. A refusal says what is missing and keeps what was chosen.
func TestNumbersAsPeopleTypeThem(t *testing.T) {
	const refused = "138"
	for _, c := range []struct {
		lang           string
		served         []string
		first          string // the choice at first
		typed, chosen  string
		says, keptThen string // where it is refused
	}{
		{"en", []string{"CN", "GB"}, "", "138 0013 8000", "", "Choose the country or region of this number", ""},
		{"en", []string{"CN", "GB"}, "", "138 0013 8000", "CN", "", ""},
		{"en", []string{"CN", "GB"}, "", refused, "CN", "Check that it has all its digits", "CN"},
		{"en", []string{"CN", "GB"}, "", "07400 123456", "GB", "", ""},
		{"en", []string{"GB"}, "GB", "07400 123456", "GB", "", ""},
		{"zh-CN", []string{"CN", "GB"}, "CN", "138 0013 8000", "CN", "", ""},
		{"zh-CN", []string{"CN", "GB"}, "CN", "+44 7400 123456", "CN", "", ""}, // a plus sign wins
		{"zh-CN", []string{"CN", "GB"}, "CN", refused, "CN", "请核对号码位数，或另选国家/地区。", "CN"},
		{"zh-CN", []string{"GB", "DE"}, "", "138 0013 8000", "", "请选择号码所属的国家/地区", ""},
		{"zh-CN", nil, "CN", "138 0013 8000", "CN", "", ""},
	} {
		w := newWorld(t, servingIn(c.served...))
		p := w.browser()
		link := w.signUpPath(testEmail)
		s := p.speak(p.open(link), c.lang)
		if got := s.form(link).fields.Get("region"); got != c.first {
			t.Errorf("%+v: at first got %q chosen", c, got)
		}
		s = p.fill(s, link, "name", "Wei", "user-name", "wei", "phone", c.typed, "region", c.chosen, "password",
			testPassword, "terms", "yes")
		if c.says == "" {
			s.at("/security/start", 200)
			continue
		}
		if f := s.says(c.says).form(link).fields; f.Get("region") != c.keptThen || f.Get("phone") != c.typed {
			t.Errorf("%+v: then got %v", c, f)
		}
	}
}

// servingIn is a site that sends texts to some countries alone.
func servingIn(codes ...string) func(*auth.Config, *Config) {
	return func(d *auth.Config, f *Config) {
		d.Policy.Countries = codes
		f.Policy = d.Policy
	}
}

// Every form that asks for a number asks for its country, and goes by it.
func TestEveryNumberHasItsCountry(t *testing.T) {
	w := newWorld(t)
	p := w.registered() // in English, where nobody could tell: by the number that the account has
	p.touch(p.open("/security/keys/new"), stick(t, "red"), "/security/keys/new", "name", "Red")
	for path, action := range map[string]string{"/security/contact": "/security/contact/phone",
		"/security/phone/new?other=1": "/security/phone/new"} {
		if got := p.open(path).form(action).fields.Get("region"); got != "CN" {
			t.Errorf("%s: got %q chosen, want the country of the account's number", path, got)
		}
		s := p.fill(p.open(path), action, "phone", "07400 123456", "region", "CN").says("Check that it has all its digits")
		if got := s.form(action).fields.Get("region"); got != "CN" {
			t.Errorf("%s: got %q chosen after a refusal, want it kept", path, got)
		}
		w.pass(time.Minute)
	}
	p.fill(p.open("/security/contact"), "/security/contact/phone", "phone", "07400 123456", "region",
		"GB").at("/security", 200).says("+44 7400 123456")
	for _, via := range []string{"sms", "call"} {
		w.pass(2 * time.Minute)
		p.fill(p.open("/security/phone/new?other=1"), "/security/phone/new", "phone", "07400 123456", "region", "GB", "via",
			via).at("/security/phone/new", 200)
		if m := w.mailed(auth.TemplateCode); string(m.Recipient) != "+447400123456" {
			t.Errorf("%s: the code went to %s", via, string(m.Recipient))
		}
	}
}

// R34: who has lost his phone or his mailbox changes these first and is led back to the password, by either.
func TestDeadContactsAreChangedBeforeThePassword(t *testing.T) {
	const first = "/security/contact"
	w := newWorld(t)
	p, _ := w.withApp()
	p.open("/security/password").holds(`href="/security/contact?for=password"`)
	s := p.open("/security/contact?for=password").at(first, 200).says("Then go on with the password")
	s.holds(`class="back" href="/security/password"`)
	s = p.fill(s, first+"/phone", "phone", "").at(first, 200).says("Then go on with the password")
	p.fill(s, first+"/phone", "phone", "13800138001", "region", "CN").at("/security/password", 200).says(
		"Your number is changed", "Current password")
	s = p.fill(p.open("/security/contact?for=password"), first+"/email", "email", "nonsense").at(first, 200).says(
		"Then go on with the password")
	p.fill(s, first+"/email", "email", "new@example.com").at(first, 200).says("We sent a link to the new address",
		"Then go on with the password")
	link := path(w.mailed(auth.TemplateEmailChange).Args["link"])
	p.fill(p.open(link), link).at("/done/email-changed", 200).holds(`href="/security/password"`)

	s = p.open(first).says("You sign in with them")
	p.fill(s, first+"/phone", "phone", "+8613800138002").at("/security", 200)
}
