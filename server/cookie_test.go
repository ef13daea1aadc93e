package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// asking is a request before any route: what the face knows of it is to be found out.
func asking(s *Server, method, path string, head ...string) *request {
	r := httptest.NewRequest(method, s.site.Origin+s.site.Base+path, nil)
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Add(head[i], head[i+1])
	}
	return &request{Exchange: s.front.Exchange(httptest.NewRecorder(), r), s: s, r: r}
}

// Every cookie of a site has the name, the path and the promises that go with its address: over https it is never sent
// in the open, no script reads it, no other site's form sends it, and a life of less than a second ends it.
func TestCookiesOfEverySite(t *testing.T) {
	for origin, want := range map[string]string{
		"https://accounts.example":      "__Host-%=v; Path=/; ATTR; HttpOnly; Secure; SameSite=Lax",
		"https://accounts.example:8443": "__Host-8443-%=v; Path=/; ATTR; HttpOnly; Secure; SameSite=Lax",
		"https://shop.example/account":  "__Secure-%=v; Path=/account; ATTR; HttpOnly; Secure; SameSite=Lax",
		"http://localhost:8080":         "8080-%=v; Path=/; ATTR; HttpOnly; SameSite=Lax",
		"http://localhost":              "%=v; Path=/; ATTR; HttpOnly; SameSite=Lax",
	} {
		s := newServer(t, func(c *Config) { c.Origin = origin })
		for _, name := range []string{sessionCookie, browserCookie, flowCookie, stepCookie, languageCookie,
			returnCookie,
			noticeCookie, untrustCookie, draftCookie, messagesCookie, setbackCookie, sharedCookie, appCookie,
			codesCookie} {
			for life, attr := range map[time.Duration]string{90 * time.Second: "Max-Age=90; ", 0: "",
				time.Second:  "Max-Age=1; ",
				-time.Second: "Max-Age=0; "} {
				x := asking(s, "GET", "/")
				x.put(name, "v", life)
				line := strings.Replace(strings.Replace(want, "%", name, 1), "ATTR; ", attr, 1)
				if got := x.Header().Get("Set-Cookie"); got != line {
					t.Errorf("%s, %s: got %q, want %q", origin, life, got, line)
				}
			}
			x := asking(s, "GET", "/")
			x.drop(name)
			if got := x.Header().Get("Set-Cookie"); !strings.Contains(got, "=; ") || !strings.Contains(got,
				"Max-Age=0") {
				t.Errorf("%s: dropped with %q, want it ended", origin, got)
			}
		}
	}
}

// A session's cookie lives as long as the session that is kept, and else as long as the browser; a program has none,
// and its token in the answer alone.
func TestLifeOfTheSessionsCookie(t *testing.T) {
	w := newWorld(t)
	end := w.time().Add(48 * time.Hour)
	for name, c := range map[string]struct {
		token   string
		session auth.SessionInfo
		program bool
		want    string // of the cookie, "" for none
	}{
		"kept":         {"tok", auth.SessionInfo{Remember: true, Expires: end}, false, "; Max-Age=172800; "},
		"about to end": {"tok", auth.SessionInfo{Remember: true, Expires: w.time()}, false, "; Max-Age=1; "},
		"over": {"tok", auth.SessionInfo{Remember: true, Expires: w.time().Add(-time.Hour)}, false,
			"; Max-Age=1; "},
		"of this browser": {"tok", auth.SessionInfo{Expires: end}, false, "; Path=/; HttpOnly"},
		"a program's":     {"tok", auth.SessionInfo{Remember: true, Expires: end}, true, ""},
		"none":            {"", auth.SessionInfo{Remember: true, Expires: end}, false, ""},
	} {
		x := asking(w.server, "POST", "/")
		x.program = c.program
		token := c.token
		if err := x.issueSession(&token, &c.session); err != nil {
			t.Fatal(err)
		}
		got := x.Header().Get("Set-Cookie")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got cookie %q, want %q in it", name, got, c.want)
		}
		left := c.token
		if c.want != "" {
			left = ""
		}
		if token != left || x.caller.Token != c.token {
			t.Errorf("%s: got %q left in the answer and the caller %q, want %q and %q", name, token, x.caller.Token,
				left,
				c.token)
		}
	}
	// A rotation says nothing of the session: it is asked for, and nothing is set for who has none.
	x, token := asking(w.server, "POST", "/"), "nobody's"
	if err := x.issueSession(&token, nil); err == nil || x.Header().Get("Set-Cookie") != "" {
		t.Errorf("a token of no session: got %v and %q, want an error and no cookie", err, x.Header().Get("Set-Cookie"))
	}
}

// What is sealed for a browser opens there alone, under its own name, and nothing stands for nothing.
func TestSealedForOneBrowser(t *testing.T) {
	s := newServer(t, nil)
	x, other := asking(s, "GET", "/"), asking(s, "GET", "/")
	x.caller.Browser = strings.Repeat("a", 43)
	other.caller.Browser = strings.Repeat("b", 43)
	text := x.sealed(appCookie, []byte("secret"))
	if got := string(x.opened(appCookie, text)); got != "secret" {
		t.Errorf("got %q, want what was sealed", got)
	}
	for name, got := range map[string][]byte{"another browser": other.opened(appCookie, text),
		"another name": x.opened(codesCookie, text), "nothing": x.opened(appCookie, ""),
		"garbage": x.opened(appCookie, "x")} {
		if got != nil {
			t.Errorf("%s: got %q opened, want nothing", name, got)
		}
	}
	if got := x.sealed(appCookie, nil); got != "" {
		t.Errorf("nothing: got it sealed as %q, want nothing", got)
	}
}

// What has nothing to say says that; a request without a route has no parameters.
func TestAnswersOfNothing(t *testing.T) {
	x := asking(newServer(t, nil), http.MethodDelete, "/")
	x.reply(nil, nil)
	if w := x.ResponseWriter.(*httptest.ResponseRecorder); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("nothing to say: got %d %q, want 204", w.Code, w.Body)
	}
	if x.param("id") != "" || x.query("a") != "" {
		t.Errorf("no parameters: got %q and %q, want none", x.param("id"), x.query("a"))
	}
}
