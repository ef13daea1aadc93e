package server

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// Who is a program and who is a browser: one sign of a browser is enough, and only a program's bearer token is read.
func TestWhoIsABrowser(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Origin = "http://localhost:8080" })
	id := strings.Repeat("A", 43)
	for _, c := range []struct {
		name    string
		page    bool
		head    []string
		program bool
		browser string // "" for one that is drawn
		token   string
	}{
		{"a program", false, []string{"Authorization", "Bearer t"}, true, "", "t"},
		{"a program without a token", false, nil, true, "", ""},
		{"a page", true, []string{"Authorization", "Bearer t"}, false, "", ""},
		{"fetch", false, []string{"Sec-Fetch-Site", "same-origin", "Authorization", "Bearer t"}, false, "", ""},
		{"origin", false, []string{"Origin", "http://localhost:8080", "Authorization", "Bearer t"}, false, "", ""},
		{"browser's cookie", false, []string{"Cookie", "8080-latchkey-browser=" + id, "Authorization", "Bearer t"},
			false, id, ""},
		{"session's cookie", false, []string{"Cookie", "8080-latchkey=s", "Authorization", "Bearer t"}, false, "", "s"},
		{"both", false, []string{"Cookie", "8080-latchkey=s; 8080-latchkey-browser=" + id}, false, id, "s"},
		{"two sessions", false, []string{"Cookie", "8080-latchkey=s; 8080-latchkey=s; 8080-latchkey-browser=" + id},
			false, id, ""},
		{"two browsers", false, []string{"Cookie", "8080-latchkey-browser=" + id + "; 8080-latchkey-browser=" + id},
			false, "", ""},
		{"no browser's id", false, []string{"Cookie", "8080-latchkey-browser=short"}, false, "", ""},
	} {
		x := asking(s, "POST", "/", c.head...)
		x.Page = c.page
		if err := x.identify(); err != nil {
			t.Fatal(err)
		}
		if x.program != c.program || x.caller.Token != c.token {
			t.Errorf("%s: got program %v and token %q, want %v and %q", c.name, x.program, x.caller.Token, c.program,
				c.token)
		}
		drawn := !c.program && c.browser == ""
		set := x.Header().Get("Set-Cookie")
		if x.fresh != drawn || drawn != strings.HasPrefix(set, "8080-latchkey-browser="+x.caller.Browser+";") ||
			!drawn && (x.caller.Browser != c.browser || set != "") {
			t.Errorf("%s: got browser %q, fresh %v, cookie %q, want %q", c.name, x.caller.Browser, x.fresh, set,
				c.browser)
		}
		if drawn && len(x.caller.Browser) != 43 {
			t.Errorf("%s: drew %q, want 43 signs", c.name, x.caller.Browser)
		}
		if (x.caller.Request != "") != !c.program {
			t.Errorf("%s: got the request's mark %q, want one for browsers alone", c.name, x.caller.Request)
		}
	}
}

// The token of a program is what follows Bearer, in any case, and nothing else.
func TestBearer(t *testing.T) {
	for head, want := range map[string]string{"Bearer t": "t", "bearer t": "t", "BEARER  t ": "t", "Bearer": "",
		"Bearer ": "",
		"Basic t": "", "t": "", "": "", "Bearert": ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", head)
		if got := bearer(r); got != want {
			t.Errorf("%q: got %q, want %q", head, got, want)
		}
	}
}
