package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// plainTexts says codes: enough where the words do not matter.
type plainTexts struct{}

func (plainTexts) Match(chosen, accept string) string {
	if chosen == "zh-CN" || chosen == "" && strings.HasPrefix(accept, "zh") {
		return "zh-CN"
	}
	return "en"
}

func (plainTexts) Problem(lang, code string, _ assets.Args) (string, string) {
	return lang + " " + code, "detail"
}

func (plainTexts) Say(_, key string, _ assets.Args) string { return key }

func (plainTexts) Entry(_ string, e assets.Event) assets.EntryWords {
	return assets.EntryWords{What: e.What, Times: e.Times, Browser: e.Browser, Place: e.Place}
}

func (plainTexts) EntryColumns(string) assets.EntryHeads { return assets.EntryHeads{} }

func newServer(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	cfg := Config{Service: newWorld(t).service, Texts: plainTexts{}, Origin: "https://accounts.example", Site: "Example",
		Contact: "mailto:security@accounts.example", Rate: web.Rate{Burst: -1},
		Now: func() time.Time { return time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC) }}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return s
}

// ask sends one request; head is pairs of names and values.
func ask(s *Server, method, path, body string, head ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = s.site.Host
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(head); i += 2 {
		if head[i] == "Host" {
			r.Host = head[i+1]
			continue
		}
		r.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

type answered struct {
	Type, Title, Detail, Code, Field, RequestID string
	Status                                      int
}

func refused(t *testing.T, w *httptest.ResponseRecorder) answered {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("got content type %q and body %s, want a problem document", got, w.Body)
	}
	var p answered
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("problem document: %v", err)
	}
	if p.Status != w.Code {
		t.Errorf("got status %d in the body, want %d as in the head", p.Status, w.Code)
	}
	return p
}

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		origin, prefix, base string
		ok                   bool
	}{
		{"https://accounts.example", "__Host-", "", true},
		{"https://accounts.example/", "__Host-", "", true},
		{"https://shop.example/account/", "__Secure-", "/account", true},
		{"http://localhost:8080", "", "", true},
		{"http://127.0.0.1:8080", "", "", true},
		{"http://accounts.example", "", "", false},
		{"accounts.example", "", "", false},
		{"https://u:p@accounts.example", "", "", false},
		{"https://accounts.example/?a", "", "", false},
		{"https://accounts.example/{x}", "", "", false},
	} {
		s, err := web.NewSite(c.origin, nil)
		if (err == nil) != c.ok {
			t.Errorf("%s: got error %v, want ok %v", c.origin, err, c.ok)
			continue
		}
		if c.ok && (s.Prefix != c.prefix || s.Base != c.base) {
			t.Errorf("%s: got prefix %q and base %q, want %q and %q", c.origin, s.Prefix, s.Base, c.prefix, c.base)
		}
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	s := newServer(t, nil)
	for _, path := range []string{"/api/v1/session", "/nowhere", "/health/live", "/.well-known/webauthn", "/openapi.json"} {
		h := ask(s, "GET", path, "").Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "max-age=63072000",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: got %s %q, want %q", path, name, got, want)
			}
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: got policy %q, want a strict one", path, csp)
		}
		if h.Get("X-Request-Id") == "" {
			t.Errorf("%s: got no request id, want one", path)
		}
	}
	local := newServer(t, func(c *Config) { c.Origin = "http://localhost:8080" })
	if got := ask(local, "GET", "/health/live", "").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("got HSTS %q over http, want none", got)
	}
}

func TestRequestID(t *testing.T) {
	s := newServer(t, nil)
	if got := ask(s, "GET", "/health/live", "", "X-Request-Id", "abcDEF-12345").Header().Get("X-Request-Id"); got != "abcDEF-12345" {
		t.Errorf("got %q, want the given id", got)
	}
	for _, bad := range []string{"short", "with space in it", "line\nbreak-----", strings.Repeat("a", 65)} {
		if got := ask(s, "GET", "/health/live", "", "X-Request-Id", bad).Header().Get("X-Request-Id"); got == bad || got == "" {
			t.Errorf("%q: got %q, want an id of our own", bad, got)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	s := newServer(t, nil)
	for _, c := range []struct {
		method, path string
		status       int
		code         auth.Code
	}{
		{"GET", "/api/v1/nothing", 404, auth.NotFound},
		{"GET", "/nothing", 404, auth.NotFound},
		{"PUT", "/api/v1/session", 405, auth.MethodNotAllowed},
		{"GET", "/api/v1/sign-in", 405, auth.MethodNotAllowed},
		{"POST", "/health/live", 405, auth.MethodNotAllowed},
	} {
		w := ask(s, c.method, c.path, "")
		if p := refused(t, w); w.Code != c.status || p.Code != string(c.code) {
			t.Errorf("%s %s: got %d %s, want %d %s", c.method, c.path, w.Code, p.Code, c.status, c.code)
		}
		if c.status == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: got no Allow, want the methods", c.method, c.path)
		}
	}
	if w := ask(s, "OPTIONS", "/api/v1/session", ""); w.Code != 204 || !strings.Contains(w.Header().Get("Allow"), "DELETE") {
		t.Errorf("OPTIONS: got %d %q, want 204 and the methods", w.Code, w.Header().Get("Allow"))
	}
	if w := ask(s, "HEAD", "/openapi.json", ""); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD: got %d and %d bytes, want 200 and none", w.Code, w.Body.Len())
	}
}

func TestHosts(t *testing.T) {
	s := newServer(t, func(c *Config) {
		c.RelatedOrigins = []string{"https://retail.example"}
		c.TrustedProxies = proxies("10.0.0.0/8")
	})
	local := newServer(t, func(c *Config) { c.Origin = "http://localhost:8080" })
	for _, c := range []struct {
		s    *Server
		host string
		ok   bool
	}{
		{s, "accounts.example", true}, {s, "ACCOUNTS.example", true}, {s, "retail.example", true},
		{s, "evil.example", false}, {s, "accounts.example.evil.example", false}, {s, "127.0.0.1:8080", false},
		{local, "127.0.0.1:9999", true}, {local, "[::1]:8080", true}, {local, "rebound.example:8080", false},
	} {
		if got := ask(c.s, "GET", "/openapi.json", "", "Host", c.host).Code == 200; got != c.ok {
			t.Errorf("%s at %s: got served %v, want %v", c.host, c.s.site.Origin, got, c.ok)
		}
	}
	if got := ask(s, "GET", "/health/ready", "", "Host", "10.1.2.3").Code; got != 200 {
		t.Errorf("health by address: got %d, want 200", got)
	}
}

// What an operator should look at stands on the page of health, though requests are served.
func TestHealthTellsOfAlarms(t *testing.T) {
	for _, c := range []struct {
		alarms func() []string
		want   string
	}{
		{nil, "ok\n"}, {func() []string { return nil }, "ok\n"},
		{func() []string { return []string{"texts: the day's cap", "clock"} }, "ok\nalarm: texts: the day's cap\nalarm: clock\n"},
	} {
		s := newServer(t, func(cfg *Config) { cfg.Alarms = c.alarms })
		if got := ask(s, "GET", "/health/ready", ""); got.Code != 200 || got.Body.String() != c.want {
			t.Errorf("got %d %q, want 200 %q", got.Code, got.Body, c.want)
		}
	}
}

func TestCrossOriginIsRefused(t *testing.T) {
	s := newServer(t, nil)
	for _, c := range []struct {
		name string
		head []string
		ok   bool
	}{
		{"same origin", []string{"Sec-Fetch-Site", "same-origin"}, true},
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"a sibling host", []string{"Sec-Fetch-Site", "same-site"}, false},
		{"old browser, own origin", []string{"Origin", "https://accounts.example"}, true},
		{"old browser, another origin", []string{"Origin", "https://evil.example"}, false},
		{"opaque origin", []string{"Origin", "null"}, false},
		{"bearer from another site", []string{"Sec-Fetch-Site", "cross-site", "Authorization", "Bearer x"}, false},
		{"a program", nil, true},
	} {
		w := ask(s, "POST", "/api/v1/sign-in", "{", c.head...)
		want := string(auth.MalformedRequest)
		if !c.ok {
			want = string(auth.CrossOrigin)
		}
		if p := refused(t, w); p.Code != want {
			t.Errorf("%s: got %s, want %s", c.name, p.Code, want)
		}
	}
}

func TestClientAddress(t *testing.T) {
	s := newServer(t, func(c *Config) {
		c.TrustedProxies = proxies("10.0.0.0/8", "fd00::/8")
	})
	for _, c := range []struct {
		peer  string
		lines []string
		want  string
	}{
		{"192.0.2.1:1234", nil, "192.0.2.1"},
		{"192.0.2.1:1234", []string{"203.0.113.9"}, "192.0.2.1"},
		{"10.0.0.1:1234", []string{"203.0.113.9"}, "203.0.113.9"},
		{"10.0.0.1:1234", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"10.0.0.1:1234", []string{"1.1.1.1", "203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"10.0.0.1:1234", []string{"203.0.113.9, junk"}, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"junk, 10.0.0.2"}, "10.0.0.2"},
		{"[fd00::1]:1234", []string{"2001:db8::7"}, "2001:db8::7"},
		{"[::ffff:192.0.2.1]:1234", nil, "192.0.2.1"},
		{"10.0.0.1:1234", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		for _, l := range c.lines {
			r.Header.Add("X-Forwarded-For", l)
		}
		if got := s.front.Client(r).String(); got != c.want {
			t.Errorf("%s %q: got %s, want %s", c.peer, c.lines, got, c.want)
		}
	}
}

func TestForwardedHeadersDoNotResetTheLimit(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Rate = web.Rate{Burst: 3, PerSecond: 1} })
	for i := range 5 {
		w := ask(s, "POST", "/api/v1/sign-in", "{", "X-Forwarded-For", netip.AddrFrom4([4]byte{1, 1, 1, byte(i)}).String())
		want := 400
		if i >= 3 {
			want = 429
		}
		if w.Code != want {
			t.Errorf("request %d: got %d, want %d", i, w.Code, want)
		}
		if want == 429 && w.Header().Get("Retry-After") != "1" {
			t.Errorf("got Retry-After %q, want 1", w.Header().Get("Retry-After"))
		}
	}
}

func TestInFlightIsBounded(t *testing.T) {
	s := newServer(t, func(c *Config) { c.InFlight = 1 })
	other := [3]netip.Prefix{netip.MustParsePrefix("203.0.113.1/32")}
	if err := s.front.InFlight.Take(other, 1); err != nil {
		t.Fatal(err)
	}
	w := ask(s, "GET", "/api/v1/session", "")
	if p := refused(t, w); w.Code != 503 || p.Code != string(auth.Unavailable) {
		t.Errorf("got %d %s, want 503 unavailable", w.Code, p.Code)
	}
	if got := ask(s, "GET", "/health/live", "").Code; got != 200 {
		t.Errorf("health while full: got %d, want 200", got)
	}
	s.front.InFlight.Give(other, 1)
	if got := ask(s, "GET", "/openapi.json", "").Code; got != 200 || !empty(s.front.InFlight, 1) {
		t.Errorf("after: got %d, or something still in flight, want 200 and nothing", got)
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	s.at(s.echo, "GET", "/broken", "/broken", func(*request) error { panic("broken on purpose") })
	w := ask(s, "GET", "/broken", "")
	if p := refused(t, w); w.Code != 500 || p.Code != string(auth.Internal) {
		t.Errorf("got %d %s, want 500 internal", w.Code, p.Code)
	}
	if strings.Contains(w.Body.String(), "purpose") || !strings.Contains(log.String(), "broken on purpose") {
		t.Errorf("got body %s and log %s, want the panic in the log alone", w.Body, &log)
	}
}

func TestLogHoldsNobody(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	ask(s, "POST", "/api/v1/sign-in?canary-query=1", `{"identifier":"canary@example.com","password":"canary-pass","canary-member":1}`,
		"Cookie", "__Host-latchkey=canary-cookie", "Authorization", "Bearer canary-bearer", "User-Agent", "canary-agent")
	ask(s, "DELETE", "/api/v1/sessions/canary-id", "")
	if got := log.String(); strings.Contains(got, "canary") || strings.Contains(got, "192.0.2.1") {
		t.Errorf("got %s, want nothing about the person", got)
	}
	if got := log.String(); !strings.Contains(got, "route=\"POST /sign-in\"") || !strings.Contains(got, "code=unknown-member") {
		t.Errorf("got %s, want route and code", got)
	}
}

func TestWellKnown(t *testing.T) {
	s := newServer(t, func(c *Config) {
		c.Origin, c.RelatedOrigins = "https://accounts.example/a", []string{"https://retail.example"}
	})
	for path, want := range map[string]string{
		"/.well-known/webauthn":            `{"origins":["https://accounts.example","https://retail.example"]}`,
		"/a/.well-known/passkey-endpoints": `{"enroll":"https://accounts.example/a/security/keys/new","manage":"https://accounts.example/a/security/keys"}`,
		"/a/robots.txt":                    "User-agent: *\nDisallow: /\n",
	} {
		if got := ask(s, "GET", path, "").Body.String(); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if w := ask(s, "GET", "/.well-known/change-password", ""); w.Code != 302 || w.Header().Get("Location") != "/a/security/password" {
		t.Errorf("change-password: got %d %q, want 302 to the page", w.Code, w.Header().Get("Location"))
	}
	txt := ask(s, "GET", "/.well-known/security.txt", "").Body.String()
	if !strings.Contains(txt, "Contact: mailto:security@accounts.example\nExpires: 2026-09-03T00:00:00Z\n") {
		t.Errorf("security.txt: got %s, want contact and expiry", txt)
	}
	if w := ask(s, "GET", "/api/v1/session", ""); w.Code != 404 {
		t.Errorf("outside of the sub-path: got %d, want 404", w.Code)
	}
}

func TestReady(t *testing.T) {
	broken := false
	s := newServer(t, func(c *Config) {
		c.Ready = func(context.Context) error {
			if broken {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
	})
	if got := ask(s, "GET", "/health/ready", "").Code; got != 200 {
		t.Errorf("got %d, want 200", got)
	}
	broken = true
	w := ask(s, "GET", "/health/ready", "")
	if w.Code != 503 || strings.Contains(w.Body.String(), "EOF") {
		t.Errorf("got %d %s, want 503 without the reason", w.Code, w.Body)
	}
}

func TestServeDrains(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Origin = "http://localhost:8080" })
	entered, leave := make(chan struct{}), make(chan struct{})
	s.at(s.echo, "GET", "/slow", "/slow", func(x *request) error {
		close(entered)
		<-leave
		x.Send(200, "text/plain", []byte("done"))
		return nil
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	answer := make(chan string, 1)
	go func() {
		r, err := http.Get("http://" + l.Addr().String() + "/slow")
		if err != nil {
			answer <- err.Error()
			return
		}
		b, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		answer <- string(b)
	}()
	<-entered
	stop()
	for { // once the listener is closed the drain has begun
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		_ = c.Close()
	}
	close(leave)
	if got := <-answer; got != "done" {
		t.Errorf("request under way: got %q, want done", got)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: got %v, want nil", err)
	}
}

func TestOutdated(t *testing.T) {
	const apple = "AppleWebKit/605.1.15 (KHTML, like Gecko) "
	for ua, want := range map[string]bool{
		"": false, "curl/8.5": false,
		"Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko":                                                        true,
		"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)":                                                                   true,
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0 Safari/537.36 Edge/17.17134":         true,
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945 Safari/537.36":                  true,
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0 Safari/537.36":                       false,
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0 Mobile Safari/537.36": false,
		"Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0":                                                 true,
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                               false,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 12_5_7 like Mac OS X) " + apple + "Version/12.1.2 Mobile/15E148 Safari/604.1":      true,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 13_3 like Mac OS X) " + apple + "CriOS/120.0 Mobile/15E148 Safari/604.1":           true,
		"Mozilla/5.0 (iPad; CPU OS 13_4 like Mac OS X) " + apple + "Version/13.1 Mobile/15E148 Safari/604.1":                   false,
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) " + apple + "Version/13.0 Safari/605.1.15":                            true,
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + apple + "Version/18.1 Safari/605.1.15":                            false,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99999999999999999999.0 Safari/537.36":   false,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/ Safari/537.36":                         false,
	} {
		if got := web.Outdated(ua); got != want {
			t.Errorf("%s: got %v, want %v", ua, got, want)
		}
	}
}

// What is no page is no page either for whoever says that he reads pages, as a browser does that opens such an address.
func TestProgramsAreAnsweredAsPrograms(t *testing.T) {
	w := newLabWorld(t)
	for path, status := range map[string]int{"/api/v1/nothing": 404, "/api/v1/session": 401, "/attestation/options": 0} {
		method, body := "GET", ""
		if status == 0 {
			method, body = "POST", "{"
		}
		r := httptest.NewRequest(method, testOrigin+path, strings.NewReader(body))
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Content-Type", "application/json")
		got := httptest.NewRecorder()
		w.server.ServeHTTP(got, r)
		if media := got.Header().Get("Content-Type"); !strings.Contains(media, "json") || status != 0 && got.Code != status {
			t.Errorf("%s: got %d %s, want JSON", path, got.Code, media)
		}
	}
}

// Only on a person's own machine does a page say that nothing is sent: a site that keeps its messages says nothing.
func TestOnlyALocalSiteSaysThatNothingIsSent(t *testing.T) {
	w := localWorld(t, nil)
	const said = "/dev/messages"
	if got := opens(w.server, "GET", "http://localhost:8080/sign-in"); !strings.Contains(got.Body.String(), said) {
		t.Errorf("got no %q at home: %s", said, got.Body)
	}
	w = newWorld(t, func(_ *auth.Config, c *Config) { c.Sink = noMessages{} })
	if s := w.browser().open("/sign-in").at("/sign-in", 200); strings.Contains(s.text, said) {
		t.Errorf("got %q at a site", said)
	}
}
