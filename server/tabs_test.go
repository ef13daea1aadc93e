package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

const secondEmail = "other@example.com"

// secondSeller is a second seller, with an app; it returns the app's secret.
func (w *world) secondSeller() string {
	w.t.Helper()
	p := w.program()
	w.signUp(p, secondEmail, m{"name": "Other", "userName": "other", "phone": "+8613800138001"})
	var a answer
	p.must("POST", "/sign-in", m{"identifier": secondEmail, "password": testPassword}, &a)
	p.bearer = a.Token
	return p.addApp()
}

func (p *person) signInAs(identifier string) *sheet {
	p.w.t.Helper()
	return p.fill(p.open("/sign-in"), "/sign-in", "identifier", identifier, "password", testPassword, "remember", "yes")
}

// greeted is whom the page says is signing in.
func (s *sheet) greeted(who, not string) {
	s.t.Helper()
	if says := wordsOf(s.text); !strings.Contains(says, who) || strings.Contains(says, not) {
		s.t.Errorf("%s: got %q, want a page of %s that does not name %s", s.path, says, who, not)
	}
}

// Two sign-ins in two tabs share one cookie. A page may never greet one account and carry the other's challenge: the
// code that is typed would be judged, counted, or worse accepted, for the account that the page does not name.
func TestTwoTabsKeepTheirAccountsApart(t *testing.T) {
	w := newWorld(t)
	w.enrolled(w.program())
	secret := w.secondSeller()
	w.pass(60e9)
	p := w.browser()
	one := p.signInAs(testEmail).at("/sign-in/verify", 200)
	p.signInAs(secondEmail).at("/sign-in/verify", 200).greeted(secondEmail, testEmail)
	s := p.fill(one, "/sign-in/verify", "code", "000000").at("/sign-in/verify", 200)
	s.greeted(secondEmail, testEmail)
	p.fill(s, "/sign-in/verify", "code", w.code(secret)).at("/sign-in/trust", 200).greeted("other",
		testEmail)
}

// The same for a code on its way: the number that is named must be the greeted account's.
func TestTwoTabsKeepTheirNumbersApart(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	s := p.fill(p.open("/security/phone/new"), "/security/phone/new", "phone",
		"+8613800138000").at("/security/phone/new", 200)
	p.fill(s, "/security/phone/new", "code", w.mailed(auth.TemplateCode).Args["code"])
	w.secondSeller()
	w.pass(120e9)
	q := w.browser()
	one := q.signInAs(testEmail).at("/sign-in/verify", 200)
	one = q.fill(one, "/sign-in/send", "with", "sms")
	q.signInAs(secondEmail).at("/sign-in/verify", 200).greeted(secondEmail, testEmail)
	s = q.fill(one, "/sign-in/verify", "code", "000000")
	s.greeted(secondEmail, "8000")
	s = q.fill(one, "/sign-in/send", "with", "sms")
	s.greeted(secondEmail, "8000")
}

// A wrong password after a touched key must be answered for the account of that key.
func TestTwoTabsKeepTheirKeysApart(t *testing.T) {
	w := newWorld(t)
	w.seller()
	q := w.program()
	q.password()
	key := q.addKey("Red key")
	w.secondSeller()
	p := w.browser()
	s := p.fill(p.open("/sign-in/key"), "/sign-in/key", "identifier", testEmail)
	one := p.touch(s, key, "/sign-in/key").at("/sign-in/key", 200)
	p.signInAs(secondEmail).at("/sign-in/verify", 200)
	s = p.fill(one, "/sign-in/key/password", "password", "Wrong-Horse9").at("/sign-in/key", 200)
	if got := s.form("/sign-in/key/password").fields.Get("username"); got != testEmail {
		t.Errorf("got the password asked for %q, want %q", got, testEmail)
	}
}

// A form may say no more than JSON may: text that is not UTF-8 would be stored or compared as something else.
func TestFormsAreUTF8(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	p.open("/sign-in")
	for _, body := range []string{"identifier=%ff%fe&password=b", "identifier=a&password=%c3%28", "%ff=a",
		"identifier=\xff"} {
		if r := p.send("POST", "/sign-in", "application/x-www-form-urlencoded", body); r.Code != http.StatusBadRequest {
			t.Errorf("%q: got %d, want 400", body, r.Code)
		}
	}
}

// "This is a shared computer" said on the way of the key counts as much as on the way of the password.
func TestSharedComputerCountsForKeysToo(t *testing.T) {
	w := newWorld(t, func(a *auth.Config, _ *Config) { a.Policy.TrustLife = 24 * 3600e9 })
	w.seller()
	q := w.program()
	q.password()
	key := q.addKey("Red key")
	choices := map[string][]string{"shared": {"shared", "yes"}, "kept": {"remember", "yes"}, "nothing ticked": nil,
		"both": {"remember", "yes", "shared", "yes"}}
	for choice, ticked := range choices {
		want := "/sign-in/trust"
		if strings.Contains(strings.Join(ticked, " "), "shared") {
			want = "/security"
		}
		p := w.browser()
		s := p.fill(p.open("/sign-in/key"), "/sign-in/key", append([]string{"identifier", testEmail}, ticked...)...)
		s = p.touch(s, key, "/sign-in/key").at("/sign-in/key", 200)
		s = p.fill(s, "/sign-in/key/password", "password", testPassword)
		if s.path != want {
			t.Errorf("%s: got %s, want %s", choice, s.path, want)
		}
	}
}

// Names are shown as they are typed and never as markup.
func TestNamesAreNeverMarkup(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	for _, name := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{.}}`,
		`' onfocus='alert(1)`, "\u202egnp.exe"} {
		s := p.open("/security/keys/new")
		p.touch(s, stick(t, name), "/security/keys/new", "name", name, "place", name)
		for _, path := range []string{"/security", "/security/keys", "/security/history",
			"/confirm?for=password&next=/security/password"} {
			for n := range parsed(p.open(path).text).Descendants() {
				if n.Data == "script" && attr(n, "src") == "" || attr(n, "onerror") != "" || attr(n, "onfocus") != "" {
					t.Errorf("%s with %q: got markup %v", path, name, n)
				}
			}
			if strings.Contains(p.open(path).text, "\u202e") {
				t.Errorf("%s: got a direction override shown", path)
			}
		}
	}
}

// What is typed wrongly comes back in the form; as text, also in attributes.
func TestTypedTextIsNeverMarkup(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	const evil = `"><script>alert(1)</script>`
	for path, fields := range map[string][]string{
		"/sign-in": {"identifier", evil, "password", evil}, "/forgot": {"identifier", evil},
		"/sign-in/key": {"identifier", evil},
		"/sign-up":     {"email", evil},
		w.signUpPath("new@example.com"): {"name", evil, "user-name", evil, "phone", evil, "password", evil,
			"terms", "yes"},
	} {
		s := p.fill(p.open(path), path, fields...)
		for _, s := range []*sheet{s, p.open("/forgot"), p.open("/sign-in"),
			p.open(path + "?with=" + url.QueryEscape(evil) + "&id=" + url.QueryEscape(evil)),
			p.open("/nothing" + url.PathEscape(evil))} {
			if strings.Contains(s.text, "<script>alert") {
				t.Errorf("%s: got what was typed as markup", s.path)
			}
		}
	}
}

// Known, known without a key, and unknown identifiers are answered alike by every page that a stranger can ask.
func TestPagesTellNobodyWhoHasAnAccount(t *testing.T) {
	w := newWorld(t)
	w.enrolled(w.program())
	answer := func(path, who string, pairs ...string) (int, string, string, string) {
		p := w.browser()
		f := p.open(path).form(path)
		v := url.Values{}
		for k := range f.fields {
			v.Set(k, f.fields.Get(k))
		}
		v.Set("identifier", who)
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		r := p.send("POST", path, "application/x-www-form-urlencoded", v.Encode())
		var names []string
		for _, c := range r.Result().Cookies() {
			names = append(names, c.Name)
		}
		return r.Code, r.Header().Get("Location"), strings.Join(names, " "),
			strings.ReplaceAll(wordsOf(r.Body.String()), who, "")
	}
	for _, c := range []struct {
		path  string
		pairs []string
	}{{"/sign-in", []string{"password", "Wrong-Horse9"}}, {"/sign-in/key", nil}, {"/forgot", nil}} {
		s1, l1, c1, w1 := answer(c.path, testEmail, c.pairs...)
		s2, l2, c2, w2 := answer(c.path, "seller@example.net", c.pairs...)
		if s1 != s2 || l1 != l2 || c1 != c2 || w1 != w2 {
			t.Errorf("%s: got %d %q %q %q for a seller and %d %q %q %q for nobody, want the same", c.path, s1, l1, c1,
				w1, s2, l2, c2, w2)
		}
	}
}

// Pages that hold secrets, and their refusals, are kept by no cache and tell no other site their address.
func TestSecretsAreNotCached(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	form := "application/x-www-form-urlencoded"
	app := p.send("GET", "/security/app/new", "", "")
	s := p.open("/security/app/new")
	p.fill(s, "/security/app/new", "code", w.code(secretOf(s)))
	codes := p.send("GET", p.send("POST", "/security/codes", form, "").Header().Get("Location"), "", "")
	file := p.send("POST", "/security/codes/file", form,
		url.Values{"sealed": {p.sheet("", codes).form("/security/codes/file").fields.Get("sealed")}}.Encode())
	if file.Code != 200 || !strings.HasPrefix(file.Header().Get("Content-Disposition"), "attachment") ||
		file.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("the file: got %d %v, want a download of plain text", file.Code, file.Header())
	}
	for name, r := range map[string]http.Header{"the seed": app.Header(), "codes": codes.Header(),
		"their file": file.Header()} {
		if r.Get("Cache-Control") != "no-store" || r.Get("Referrer-Policy") != "same-origin" ||
			r.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: got %v, want no-store, same-origin and nosniff", name, r)
		}
	}
}

// A text that one tab has asked for is nothing that the page of another tab's account knows of.
func TestATextBelongsToItsSignIn(t *testing.T) {
	w := newWorld(t)
	owner, _ := w.withApp()
	owner.addPhone("+8613900139000")
	other := w.program()
	w.signUp(other, secondEmail, m{"name": "Other", "userName": "other", "phone": "+8613800138001"})
	var a answer
	other.must("POST", "/sign-in", m{"identifier": secondEmail, "password": testPassword}, &a)
	other.bearer = a.Token
	other.addApp()
	other.addPhone("+8613700137000")
	w.pass(2 * time.Minute)
	p := w.browser()
	p.signInAs(testEmail)
	p.fill(p.open("/sign-in/verify?with=sms"), "/sign-in/send", "with", "sms").says("9000")
	p.signInAs(secondEmail)
	s := p.open("/sign-in/verify?with=sms").at("/sign-in/verify", 200)
	s.says("7000").form("/sign-in/send")
	if strings.Contains(s.text, "9000") {
		t.Errorf("got %s, want nothing of the other tab's number", wordsOf(s.text))
	}
}
