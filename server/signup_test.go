package server

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
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

// Password managers know an account by one name, its e-mail, on every form that has a password or leads to one.
func TestPasswordManagersGetOneName(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	name := func(s *sheet, want string) {
		t.Helper()
		names := regexp.MustCompile(`<input[^>]*autocomplete="username[^>]*>`).FindAllString(s.text, -1)
		if len(names) != 1 || want != "" && !strings.Contains(names[0], `value="`+want+`"`) {
			t.Errorf("%s: got the names %q, want one: %s", s.path, names, want)
		}
	}
	name(p.open("/sign-up"), "")
	p.fill(p.open("/sign-up"), "/sign-up", "email", testEmail)
	link := path(w.mailed(auth.TemplateSignUp).Args["link"])
	s := p.open(link)
	name(s, testEmail)
	s = p.fill(s, link, "name", "Wei", "user-name", "小明的店", "phone", "138", "password", "short")
	name(s, testEmail)
	p.fill(s, link, "phone", "+8613800138000", "password", testPassword, "terms", "yes").at("/security/start", 200)
	p.touch(p.open("/security/keys/new"), stick(t, "red"), "/security/keys/new")
	s = p.open("/security/password").at("/security/password", 200)
	name(s, testEmail)
	name(p.fill(s, "/security/password", "current", "wrong", "password", "short"), testEmail)
	p.fill(p.open("/security"), "/sign-out")
	name(p.open("/sign-in"), "")
	p.fillForgot(testEmail)
	link = path(w.mailed(auth.TemplateReset).Args["link"])
	s = p.open(link)
	name(s, testEmail)
	name(p.fill(s, s.path, "password", "short"), testEmail)
}

// All that is wrong with a new password is said at once, on every form that takes one.
func TestFormsNameAllFaultsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.seller()
	p := w.browser()
	p.fillForgot(testEmail)
	s := p.open(path(w.mailed(auth.TemplateReset).Args["link"]))
	p.fill(s, s.path, "password", "abcdefgh-").says("Add a capital letter", "Add a digit")
	link := w.signUpPath("new@example.com")
	s = p.fill(p.open(link), link, "name", " ", "user-name", " ", "phone", " ", "password", "abc")
	s.says("Type a name", "Type a user name", "Type a phone number", "too short", "Add a capital letter", "Add a digit",
		"Add a symbol", "terms")
	var answer struct {
		Code string
		Also []struct{ Code, Field, Title string }
	}
	got := w.program().api("POST", "/sign-up/confirm", m{"link": lastPart(link), "name": "", "userName": "", "phone": "1",
		"password": "abcdefgh", "terms": false}, nil)
	if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	codes := answer.Code
	for _, also := range answer.Also {
		codes += " " + also.Code
		if also.Field == "" || also.Title == "" {
			t.Errorf("%s: got field %q and title %q, want both", also.Code, also.Field, also.Title)
		}
	}
	if want := "name-missing user-name-missing phone-malformed password-no-upper password-no-digit password-no-sign " +
		"password-too-simple terms-not-accepted"; codes != want {
		t.Errorf("got %s, want %s", codes, want)
	}
}

// What somebody typed into the forms of sign-up, sign-in and reset is in no cookie for others to read, in no coding.
func TestCookiesTellNobodyWhatWasTyped(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	typed := []string{"seller@example.com", "Wei Canary", "小明的店", "13800138000"}
	seen := map[string]bool{}
	look := func(when string) {
		t.Helper()
		u, err := url.Parse(testOrigin + "/")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.jar.Cookies(u) {
			seen[c.Name] = true
			for part := range strings.SplitSeq(c.Value, ".") {
				plain, _ := url.QueryUnescape(part)
				decoded, _ := base64.RawURLEncoding.DecodeString(part)
				for _, word := range typed {
					if strings.Contains(part+" "+plain+" "+string(decoded), word) {
						t.Errorf("%s: the cookie %s tells %q", when, c.Name, word)
					}
				}
			}
		}
	}
	p.fill(p.open("/sign-up"), "/sign-up", "email", testEmail).at("/sign-up/sent", 200).says(testEmail)
	look("a sign-up")
	link := path(w.mailed(auth.TemplateSignUp).Args["link"])
	form := []string{"name", "Wei Canary", "user-name", "小明的店", "phone", "+8613800138000", "terms", "yes", "password"}
	s := p.fill(p.open(link), link, append(form, "short")...)
	look("a form of sign-up that was refused")
	p.fill(s, link, append(form, testPassword)...).at("/security/start", 200)
	look("the end of sign-up")
	p.touch(p.open("/security/keys/new"), stick(t, "red"), "/security/keys/new")
	p.fill(p.open("/security"), "/sign-out")
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword).at("/sign-in/verify", 200)
	look("a sign-in")
	p.fillForgot(testEmail).at("/forgot/sent", 200)
	if got := p.open("/sign-in").form("/sign-in").fields.Get("identifier"); got != testEmail {
		t.Errorf("got the identifier %q, want what this browser typed", got)
	}
	look("a reset")
	for _, name := range []string{"__Host-latchkey-sign-up", "__Host-latchkey-flow", "__Host-latchkey-refused"} {
		if !seen[name] {
			t.Errorf("got no cookie %s on the way, want it looked into", name)
		}
	}
}
