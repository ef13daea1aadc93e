package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A half-filled form is not lost when the language is changed; passwords and codes never come back.
func TestLanguageKeepsAHalfFilledForm(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	link := w.signUpPath("new@example.com")
	s := p.speak(p.open(link), "zh-CN", "name", "Wei", "user-name", "小明的店", "phone", "+86 138",
		"password", "Secret-Horse9", "terms", "yes")
	s.says("注册")
	f := s.form(link).fields
	for name, want := range map[string]string{"name": "Wei", "user-name": "小明的店", "phone": "+86 138",
		"terms": "yes", "password": ""} {
		if got := f.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if strings.Contains(s.text, "Secret-Horse9") {
		t.Error("got the password back, want it nowhere")
	}
	// and back: the button of the page that was drawn at once leads to the same page
	s = p.speak(s, "en").says("Create")
	if got := s.form(link).fields.Get("phone"); got != "+86 138" {
		t.Errorf("the second time: got %q, want it kept", got)
	}
	s = p.speak(p.open("/sign-in"), "zh-CN", "identifier", testEmail, "password", "Secret-Horse9", "remember",
		"yes").says("登录")
	if f = s.form("/sign-in").fields; f.Get("identifier") != testEmail || f.Get("password") != "" ||
		f.Get("remember") != "yes" {
		t.Errorf("sign-in: got %v, want identifier and choice alone", f)
	}
	if s = p.speak(p.open("/forgot"), "en", "identifier",
		testEmail); s.form("/forgot").fields.Get("identifier") != testEmail {
		t.Error("forgot: got the identifier lost, want it kept")
	}
	p.speak(p.open("/forgot"), "zh-CN").at("/forgot", 200) // nothing typed: the page's own address
}

func TestLanguageKeepsTheScanAndTheCodes(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	s := p.open("/security/app/new")
	secret := secretOf(s)
	s = p.speak(s, "zh-CN", "code", "123456", "place", "pc")
	if got := secretOf(s); got != secret {
		t.Errorf("got secret %s, want the one that was scanned, %s", got, secret)
	}
	if f := s.form("/security/app/new").fields; f.Get("code") != "" || f.Get("place") != "pc" {
		t.Errorf("got %v, want the place and no code", f)
	}
	p.fill(s, "/security/app/new", "code", w.code(secret)).at("/security/start", 200)
	s = p.fill(p.open("/security/codes"), "/security/codes")
	first := wordsOf(s.text)[strings.Index(wordsOf(s.text), "-")-4:][:9]
	s = p.speak(s, "en")
	if !strings.Contains(s.text, first) {
		t.Errorf("got no %s, want the codes that were just made", first)
	}
	w.pass(6 * time.Minute)
	if s = p.speak(s, "zh-CN"); strings.Contains(s.text, first) {
		t.Error("after their time: got the codes again, want the page to make new ones")
	}
}

func TestProposedNameIsInThePagesLanguage(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	s := p.open("/security/keys/new")
	if got := s.form("/security/keys/new").fields.Get("name"); got != "Key 1" {
		t.Errorf("got %q, want Key 1", got)
	}
	s = p.speak(s, "zh-CN")
	if got := s.form("/security/keys/new").fields.Get("name"); got != "密钥 1" {
		t.Errorf("got %q, want 密钥 1", got)
	}
	s = p.speak(s, "en", "name", "Till", "place", "Shop")
	if f := s.form("/security/keys/new").fields; f.Get("name") != "Till" || f.Get("place") != "Shop" {
		t.Errorf("got %v, want what was typed", f)
	}
	p.touch(s, stick(t, "red"), "/security/keys/new").at("/security/start", 200)
	if got := p.open("/security/keys/new").form("/security/keys/new").fields.Get("name"); got != "Key 2" {
		t.Errorf("got %q, want Key 2", got)
	}
}

// On a shared computer no cookie carries what was typed: the page is drawn at once, in the language that was chosen.
func TestLanguageOnASharedComputer(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	p.open("/sign-in")
	typed := url.Values{"identifier": {"half@typed"}, "shared": {"yes"}, "lang": {"zh-CN"}, "password": {"Canary-Pass9"}}
	got := p.send(http.MethodPost, "/language?return=/sign-in", "application/x-www-form-urlencoded", typed.Encode())
	s := p.sheet("/sign-in", got)
	if got.Code != http.StatusOK || !strings.Contains(s.text, `lang="zh-CN"`) ||
		s.form("/sign-in").fields.Get("identifier") != "half@typed" || strings.Contains(s.text, "Canary") {
		t.Errorf("got %d %s, want the page in Chinese with what was typed", got.Code, s.text)
	}
	for _, c := range got.Result().Cookies() {
		if strings.HasSuffix(c.Name, setbackCookie) && c.MaxAge >= 0 && c.Value != "" {
			t.Errorf("got the cookie %s, want nothing kept", c.Name)
		}
	}
}
