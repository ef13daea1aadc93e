package server

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// atLab sends one request with headers to a lab, as a browser on a tester's machine would.
func atLab(w *world, method, path, host, body string, head map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://"+host+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:4321"
	r.Header.Set("Content-Type", "application/json")
	for name, value := range head {
		r.Header.Set(name, value)
	}
	out := httptest.NewRecorder()
	w.server.ServeHTTP(out, r)
	return out
}

func newLocalLab(t *testing.T) *world {
	return newLabWorld(t, func(a *auth.Config, c *Config) {
		a.Origin, c.Origin = "http://localhost:41234", "http://localhost:41234"
	})
}

// An evil page in a tester's browser moves nothing in his lab, and reads nothing of it: not as itself, not from
// another port of his machine, not under a name of its own that it made point here.
func TestNoPageReachesALab(t *testing.T) {
	w := newLocalLab(t)
	const home = "localhost:41234"
	for _, rt := range append(labRoutes(), conformRoutes()...) {
		path := "/api/v1" + rt.path
		if rt.root {
			path = rt.path
		}
		for _, c := range []struct {
			name, host string
			head       map[string]string
			reads      bool
		}{
			{"another site", home, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
				false},
			{"an older browser", home, map[string]string{"Origin": "https://evil.example"}, false},
			{"another port", home, map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
				false},
			{"another port, older", home, map[string]string{"Origin": "http://localhost:3000"}, false},
			{"a sandboxed frame", home, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "null"}, false},
			{"a name made to point here", "evil.example:41234", map[string]string{"Sec-Fetch-Site": "same-origin",
				"Origin": "http://evil.example:41234"}, true},
			{"such a name, older", "evil.example:41234", nil, true},
			{"a name that begins like ours", "localhost.evil.example:41234", nil, true},
		} {
			r := atLab(w, rt.method, path, c.host, "{}", c.head)
			for name := range r.Header() {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: got header %s, want none: nobody else may read", c.name, name)
				}
			}
			if (rt.method != "GET" || c.reads) && codeIn(r) != auth.CrossOrigin {
				t.Errorf("%s: %s %s: got %d %s, want %s", c.name, rt.method, path, r.Code, r.Body, auth.CrossOrigin)
			}
		}
		if r := atLab(w, "OPTIONS", path, home, "", map[string]string{"Origin": "https://evil.example",
			"Access-Control-Request-Method":  rt.method,
			"Access-Control-Request-Headers": "latchkey-lab-later"}); strings.Contains(fmt.Sprint(r.Header()),
			"Access-Control") {
			t.Errorf("asked beforehand for %s: got %v, want no leave", path, r.Header())
		}
	}
	if r := atLab(w, "GET", "/api/v1/lab", home, "", nil); r.Code != 200 {
		t.Errorf("a program on this machine: got %d, want 200", r.Code)
	}
}

// Browsers keep one cookie jar for all ports of a host: labs side by side must not end each other's sessions.
func TestLabsShareNoCookies(t *testing.T) {
	names := map[string]int{}
	for _, port := range []string{"41234", "41235"} {
		w := newLabWorld(t, func(a *auth.Config, c *Config) {
			a.Origin, c.Origin = "http://localhost:"+port, "http://localhost:"+port
		})
		r := atLab(w, "POST", "/api/v1/lab/accounts", "localhost:"+port, `{"name":"ann","session":true}`,
			map[string]string{"Sec-Fetch-Site": "same-origin"})
		for _, c := range r.Result().Cookies() {
			names[c.Name]++
		}
		if len(r.Result().Cookies()) < 2 || strings.Contains(r.Body.String(), `"lab.`) {
			t.Errorf("got %v, want a session and a browser by cookie alone", r.Result().Cookies())
		}
	}
	for name, n := range names {
		if n > 1 || name == sessionCookie || name == browserCookie {
			t.Errorf("%s: got it of both or as at a site, want each lab's own", name)
		}
	}
}

// Fixtures that cannot be are refused, and nothing of them stays.
func TestHostileFixtures(t *testing.T) {
	w := newLabWorld(t)
	p := w.program()
	key := exportedKey(t, stick(t, "hostile"))
	p.must("POST", "/lab/accounts", m{"name": "ann", "methods": []m{{"kind": "webauthn", "virtual": key}}}, nil)
	twice := exportedKey(t, stick(t, "twice"))
	for name, form := range map[string]m{
		"a key of somebody else": {"name": "bob", "methods": []m{{"kind": "webauthn", "virtual": key}}},
		"a key twice": {"name": "bob", "methods": []m{{"kind": "webauthn", "virtual": twice},
			{"kind": "webauthn", "virtual": twice}}},
		"too many codes": {"name": "bob",
			"methods": []m{{"kind": "lookup", "codes": strings.Split(strings.Repeat("ABCD-EFGH ", 64), " ")}}},
		"two sheets":        {"name": "bob", "methods": []m{{"kind": "lookup"}, {"kind": "lookup"}}},
		"a handle too long": {"name": "bob", "handle": strings.Repeat("A", 100)},
		"flavour": {"name": "bob",
			"methods": []m{{"kind": "webauthn", "virtual": twice, "flavour": "peppermint"}}},
		"backed up, not eligible": {"name": "bob",
			"methods": []m{{"kind": "webauthn", "credential": "AAEC", "backupState": true,
				"publicKey": "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}}},
		"language": {"name": "bob", "language": "tlh"},
		"password": {"name": "bob", "password": strings.Repeat("x", 5000)},
	} {
		if r := p.api("POST", "/lab/accounts", form, nil); r.Code < 400 || r.Code >= 500 {
			t.Errorf("%s: got %d %s, want it refused", name, r.Code, r.Body)
			p.api("POST", "/lab/reset", nil, nil)
			p.must("POST", "/lab/accounts", m{"name": "ann", "methods": []m{{"kind": "webauthn", "virtual": key}}}, nil)
		}
	}
	p.must("POST", "/lab/accounts", m{"name": "bob"}, nil)
}

// Time goes one way, for one request as well: what goes back is refused rather than passed over.
func TestNoRequestJudgedEarlier(t *testing.T) {
	w := newLocalLab(t)
	for later, want := range map[string]auth.Code{"-1s": auth.MalformedRequest, "9999999h": auth.MalformedRequest,
		"-2562047h": auth.MalformedRequest, "2562047h": ""} {
		if r := atLab(w, "GET", "/api/v1/lab", "localhost:41234", "",
			map[string]string{laterHeader: later}); codeIn(r) != want {
			t.Errorf("%s: got %d %s, want %q", later, r.Code, r.Body, want)
		}
	}
}
