package server

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/web"
)

// secured is the head of every answer.
func secured() map[string]string {
	return map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
			"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Frame-Options":              "DENY",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), " +
			"microphone=(), geolocation=(), payment=(), usb=(), hid=(), serial=()",
		"Cache-Control":             "no-store",
		"Strict-Transport-Security": "max-age=63072000",
		"X-Request-Id":              "(drawn)",
		"Content-Length":            "(right)",
	}
}

// The whole head of a page, an answer of the API, a problem and an asset: nothing is missing, nothing else is there.
func TestEveryHeaderOfAnAnswer(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	stranger := w.browser()
	cookie := "__Host-latchkey-browser=(drawn); Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"
	for _, c := range []struct {
		name string
		got  *httptest.ResponseRecorder
		also map[string]string // "": not there
	}{
		{"a page", stranger.send("GET", "/sign-up", "", ""), map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Content-Language": "en", "Set-Cookie": cookie}},
		{"an answer", p.send("GET", "/api/v1/session", "", ""), map[string]string{"Content-Type": "application/json"}},
		{"a problem", stranger.send("GET", "/api/v1/session", "", ""), map[string]string{
			"Content-Type": "application/problem+json", "Content-Language": "en",
			"Www-Authenticate": `Bearer realm="latchkey"`}},
		{"an asset", w.browser().send("GET", w.pages.Static().Path("icon.svg"), "", ""), map[string]string{
			"Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=31536000, immutable",
			"Vary": "Accept-Encoding"}},
	} {
		want := secured()
		maps.Copy(want, c.also)
		for name, v := range c.got.Header() {
			value := strings.Join(v, " | ")
			switch name {
			case "X-Request-Id", "Content-Length":
				value = want[name]
			case "Set-Cookie":
				_, attributes, _ := strings.Cut(value, ";")
				value = "__Host-latchkey-browser=(drawn);" + attributes
			}
			if value != want[name] {
				t.Errorf("%s: got %s %q, want %q", c.name, name, value, want[name])
			}
			delete(want, name)
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			t.Errorf("%s: got no %s, want %q", c.name, name, want[name])
		}
	}
}

// chunked is a request whose body has no length.
func (p *person) chunked(path, media string, size int) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, testOrigin+path, strings.NewReader(strings.Repeat("a", size)))
	r.ContentLength = -1
	r.RemoteAddr = p.address
	r.Header.Set("Content-Type", media)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range p.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	p.w.server.ServeHTTP(w, r)
	return w
}

// A body that does not say its length is read to the limit, and one byte more is refused: by every page and route.
func TestChunkedBodiesHaveTheLimit(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	ids := strings.NewReplacer("{id}", "x", "{link}", "x", "{kind}", "phone", "{name}", "x", "{key}", "x")
	check := func(path, media string) {
		t.Helper()
		if got := p.chunked(path, media, web.MaxBody+1).Code; got != http.StatusRequestEntityTooLarge {
			t.Errorf("POST %s, one byte over the limit: got %d, want 413", path, got)
		}
		if got := p.chunked(path, media, web.MaxBody).Code; got == http.StatusRequestEntityTooLarge {
			t.Errorf("POST %s, just the limit: got %d, want it read", path, got)
		}
	}
	forms := 0
	for _, page := range w.server.pageTable() {
		if page.post != nil && page.path != messagesPath && !page.file {
			forms++
			check(ids.Replace(page.path), "application/x-www-form-urlencoded")
		}
	}
	for _, rt := range routes() {
		if rt.in != nil && rt.method == http.MethodPost {
			check("/api/v1"+ids.Replace(rt.path), "application/json")
		}
	}
	if forms < 30 {
		t.Errorf("got %d pages with a form, want all", forms)
	}
}

// Whoever has to wait is told how long, by a number that is a time to come.
func TestEveryWaitSaysHowLong(t *testing.T) {
	estate, tries := newEstate(t), provocations()
	n := 0
	for code, status := range web.Statuses() {
		if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable ||
			slices.Contains(toldAtTheDesk(), code) {
			continue
		}
		n++
		c := estate.trial(t, "en", tries[code])
		got := tries[code].do(c)
		wait, err := strconv.Atoi(got.Header().Get("Retry-After"))
		if got.Code != status || err != nil || wait < 1 || wait > 48*60*60 {
			t.Errorf("%s: got %d with Retry-After %q, want %d and seconds", code, got.Code,
				got.Header().Get("Retry-After"), status)
		}
		if err := c.db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n < 8 {
		t.Errorf("got %d codes of waits, want all", n)
	}
}

// Two cookies of one name: a neighbouring host has planted one. Neither is believed, whichever comes first.
func TestOfTwoCookiesNeitherIsBelieved(t *testing.T) {
	for _, name := range []string{browserCookie, sessionCookie} {
		for _, first := range []bool{true, false} {
			w := newWorld(t)
			p := w.registered()
			own, planted := p.cookie("__Host-"+name), strings.Repeat("A", 43)
			r := httptest.NewRequest("GET", testOrigin+"/security", nil)
			r.RemoteAddr = p.address
			for _, c := range p.jar.Cookies(r.URL) {
				if c.Name != "__Host-"+name {
					r.AddCookie(c)
				}
			}
			both := []string{own, planted}
			if !first {
				slices.Reverse(both)
			}
			for _, v := range both {
				r.AddCookie(&http.Cookie{Name: "__Host-" + name, Value: v})
			}
			got := httptest.NewRecorder()
			w.server.ServeHTTP(got, r)
			drawn := ""
			for _, c := range got.Result().Cookies() {
				if c.Name == "__Host-"+browserCookie {
					drawn = c.Value
				}
			}
			switch {
			case name == sessionCookie && got.Header().Get("Location") != "/sign-in":
				t.Errorf("two sessions, own first %v: got %d %s, want nobody signed in", first, got.Code,
					got.Header().Get("Location"))
			case name == browserCookie && (drawn == "" || drawn == own || drawn == planted):
				t.Errorf("two browsers, own first %v: got %q, want a new one", first, drawn)
			}
		}
	}
}

// Wherever an address to return to points, browsers stay on this host: they take a backslash for a slash, leave tabs
// and line ends out, resolve dots, and see a host behind two slashes or more.
func TestNoAddressLeadsElsewhere(t *testing.T) {
	w := newWorld(t)
	secret := w.enrolled(w.program())
	for _, to := range []string{"//evil.example", "///evil.example", "////evil.example", `/\evil.example`,
		`\\evil.example`, `/\/evil.example`, "/\t/evil.example", "/\n/evil.example", "\t//evil.example",
		" //evil.example", "/%2Fevil.example", "%2F%2Fevil.example", "/%5Cevil.example", "/%09/evil.example",
		"/.//evil.example", "/..//evil.example", "https:evil.example", "https:/evil.example", "https://evil.example",
		"//evil.example%2F@accounts.example", "/@evil.example", "javascript:alert(1)",
		"//accounts.example@evil.example", "/security//evil.example", "/security/..//evil.example"} {
		w.pass(61e9)
		p := w.browser()
		p.open("/sign-in?return=" + url.QueryEscape(to))
		p.send("POST", "/language?return="+url.QueryEscape(to), "application/x-www-form-urlencoded", "lang=en")
		s := p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "shared", "yes")
		form := s.form("/sign-in/verify").fields
		form.Set("code", w.code(secret))
		for _, got := range []*httptest.ResponseRecorder{
			p.send("POST", "/language?return="+url.QueryEscape(to), "application/x-www-form-urlencoded", "lang=en"),
			p.send("POST", "/sign-in/verify", "application/x-www-form-urlencoded", form.Encode()),
		} {
			location := got.Header().Get("Location")
			seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimSpace(location))
			base, _ := url.Parse(testOrigin + "/sign-in/verify")
			at, err := base.Parse(seen)
			away := strings.HasPrefix(seen, "//") || err != nil || at.Host != base.Host || at.Scheme != base.Scheme
			if away || got.Code != http.StatusSeeOther {
				t.Errorf("%q: got %d to %q, want a page of this host", to, got.Code, location)
			}
		}
	}
}
