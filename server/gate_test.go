package server

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// One machine that opens many requests and never sends their bodies takes no more than its share: others are served.
func TestOneClientCannotHoldEverySlot(t *testing.T) {
	w := newWorld(t, func(_ *auth.Config, c *Config) { c.InFlight = 16 })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.server.Serve(ctx, l) }()
	defer func() { cancel(); <-ended }()
	for range 40 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		// The body is asked for once a handler reads it: then this request holds its slot.
		if _, err := fmt.Fprintf(c,
			"POST /api/v1/sign-in/state HTTP/1.1\r\nHost: accounts.example\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	p := w.browser()
	if r := p.send("GET", "/sign-in", "", ""); r.Code != http.StatusOK {
		t.Errorf("another client while one holds its requests open: got %d, want 200", r.Code)
	}
}

// A forwarded address with a port is still an address: without it, all clients behind such a proxy would be one.
func TestForwardedAddressMayHaveAPort(t *testing.T) {
	s := newServer(t, func(c *Config) { c.TrustedProxies = proxies("10.0.0.0/8") })
	for hop, want := range map[string]string{
		"203.0.113.9:50123": "203.0.113.9", "[2001:db8::7]:50123": "2001:db8::7", "[2001:db8::7]": "10.0.0.1",
		"1.1.1.1, 203.0.113.9:5": "203.0.113.9", "203.0.113.9:port": "10.0.0.1",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:1234"
		r.Header.Set("X-Forwarded-For", hop)
		if got := s.front.Client(r).String(); got != want {
			t.Errorf("%q: got %s, want %s", hop, got, want)
		}
	}
}

// The page of messages signs anybody in as anybody: whatever a proxy in front adds, it is not served through one.
func TestMessagesAreNotShownThroughAProxy(t *testing.T) {
	w := newWorld(t, func(a *auth.Config, c *Config) {
		a.Origin = "http://localhost:8080"
		c.Origin = "http://localhost:8080"
		c.Sink = noMessages{}
	})
	pass := letIn(t, w.server)
	for _, head := range []string{"", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP",
		"Forwarded", "Via"} {
		r := httptest.NewRequest("GET", "http://localhost:8080/dev/messages", nil)
		r.RemoteAddr = "127.0.0.1:4321"
		r.Header.Set("Accept", "text/html")
		r.AddCookie(pass)
		want := http.StatusOK
		if head != "" {
			r.Header.Set(head, "203.0.113.9")
			want = http.StatusNotFound
		}
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		if rec.Code != want {
			t.Errorf("with %q: got %d, want %d", head, rec.Code, want)
		}
	}
}

type noMessages struct{}

func (noMessages) Recent(int) ([]Sent, error) { return nil, nil }

// Odd ways to write an address reach either the route that they name or none, and change nothing on the way.
func TestOddAddresses(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	token := p.cookie("__Host-latchkey")
	for _, target := range []string{"//sign-out", "/sign-out/", "/%73ign-out", "/./sign-out", "/x/../sign-out",
		"/sign-out%2f", "/health/../sign-out",
		"/health/%2e%2e/sign-out", "/sign-out;a=b", "/SIGN-OUT", "//accounts.example/sign-out"} {
		r := httptest.NewRequest("POST", testOrigin+"/", strings.NewReader(""))
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL, r.RequestURI = u, target
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie",
			"__Host-latchkey="+token+"; __Host-latchkey-browser="+p.cookie("__Host-latchkey-browser"))
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		if rec.Code != 404 && rec.Code != 405 {
			t.Errorf("%s: got %d %s, want 404 or 405", target, rec.Code, rec.Header().Get("Location"))
		}
	}
	p.open("/security/start").at("/security/start", 200)
}

// A method may not be overridden by a header or a field, and no page acts on GET or HEAD.
func TestNothingActsOnGET(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	w.program().forgot(testEmail)
	link := path(w.mailed(auth.TemplateReset).Args["link"])
	seal := p.cookie("__Host-latchkey")
	for _, method := range []string{"GET", "HEAD"} {
		for _, pg := range w.server.pageTable() {
			path := strings.NewReplacer("{link}", lastPart(link), "{what}", "confirmed", "{id}", "x").Replace(pg.path)
			r := httptest.NewRequest(method, testOrigin+path+"?_method=POST&method=DELETE", nil)
			for _, h := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
				r.Header.Set(h, "POST")
			}
			r.Header.Set("Accept", "text/html")
			r.Header.Set("Cookie",
				"__Host-latchkey="+seal+"; __Host-latchkey-browser="+p.cookie("__Host-latchkey-browser"))
			w.server.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	p.open("/security/start").at("/security/start", 200) // still signed in
	s := p.open(link)
	p.fill(s, s.path, "password", "Another-Horse9").at("/done/password-changed", 200) // and the link unspent
}

// The host that a request names, or that a proxy says it named, stands in no mail and no answer.
func TestLinksComeFromConfigurationAlone(t *testing.T) {
	w := newWorld(t, func(_ *auth.Config, c *Config) {
		c.TrustedProxies = proxies("192.0.2.0/24")
	})
	w.seller()
	r := httptest.NewRequest("POST", "https://evil.example/api/v1/forgot",
		strings.NewReader(`{"identifier":"`+testEmail+`","work":"`+w.program().worked()+`"}`))
	r.Header.Set("Content-Type", "application/json")
	for _, h := range []string{"X-Forwarded-Host", "X-Original-Host", "X-Host", "Origin"} {
		r.Header.Set(h, "evil.example")
	}
	r.Header.Del("Origin")
	r.Header.Set("Forwarded", "host=evil.example;proto=https")
	r.Header.Set("X-Forwarded-Proto", "https")
	r.RemoteAddr = "192.0.2.7:1234"
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		t.Fatalf("got %d %s, want 200", rec.Code, rec.Body)
	}
	if got := w.mailed(auth.TemplateReset).Args["link"]; !strings.HasPrefix(got, testOrigin+"/") {
		t.Errorf("got %s, want an address of %s", got, testOrigin)
	}
	for k, v := range rec.Header() {
		if strings.Contains(strings.Join(v, " "), "evil") {
			t.Errorf("%s: got %v, want no word of the request", k, v)
		}
	}
}

// A page takes forms alone and the API JSON alone, whatever else a browser can be made to send without asking first.
func TestMediaTypesAreNotMixed(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	p.open("/sign-in")
	for _, c := range []struct{ path, media, body string }{
		{"/sign-in", "multipart/form-data; boundary=x",
			"--x\r\nContent-Disposition: form-data; name=\"identifier\"\r\n\r\na\r\n--x--"},
		{"/sign-in", "text/plain", "identifier=a&password=b"}, {"/sign-in", "", "identifier=a"}, {"/sign-in",
			"application/json", "{}"},
		{"/api/v1/sign-in", "application/x-www-form-urlencoded", "identifier=a"}, {"/api/v1/sign-in", "text/plain",
			"{}"},
		{"/api/v1/sign-in", "text/json", "{}"}, {"/api/v1/sign-in", "multipart/form-data; boundary=x", "{}"},
		{"/api/v1/sign-in", "", "{}"},
	} {
		if r := p.send("POST", c.path, c.media, c.body); r.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%s as %q: got %d, want 415", c.path, c.media, r.Code)
		}
	}
}

// A session is never one that was there before the sign-in, nor does an old one outlive a change of rights.
func TestSessionIsNewAtEveryStep(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	seen := map[string]string{p.cookie("__Host-latchkey"): "the restricted one"}
	fresh := func(step string) {
		t.Helper()
		got := p.cookie("__Host-latchkey")
		if was := seen[got]; was != "" || got == "" {
			t.Errorf("%s: got the session of %q, want a new one", step, was)
		}
		for old := range seen {
			r := httptest.NewRequest("GET", testOrigin+"/api/v1/session", nil)
			r.Header.Set("Authorization", "Bearer "+old)
			rec := httptest.NewRecorder()
			w.server.ServeHTTP(rec, r)
			if rec.Code != http.StatusUnauthorized {
				t.Errorf("%s: the session of %q got %d, want 401", step, seen[old], rec.Code)
			}
		}
		seen[got] = step
	}
	s := p.open("/security/app/new")
	secret := secretOf(s)
	p.fill(s, "/security/app/new", "code", w.code(secret))
	fresh("enrolled")
	w.pass(3600e9)
	s = p.open("/security/password").at("/confirm", 200)
	p.fill(s, "/confirm", "code", w.code(secret))
	fresh("raised")
	p.fill(p.open("/security/password"), "/security/password", "current", testPassword, "password",
		"Another-Horse9").at("/security", 200)
	fresh("after a new password")
}

// An address without a path must not be glued to our own name, where it would become a user name before another host.
func TestLocalNameIsNotGluedToAnAddress(t *testing.T) {
	w := newWorld(t, func(a *auth.Config, c *Config) {
		a.Origin, c.Origin = "http://localhost:8080",
			"http://localhost:8080"
	})
	r := httptest.NewRequest("GET", "http://127.0.0.1:8080/", nil)
	u, err := url.ParseRequestURI("http:@evil.example")
	if err != nil {
		t.Fatal(err)
	}
	r.URL = u
	r.Header.Set("Accept", "text/html")
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	if got := rec.Header().Get("Location"); got != "" || rec.Code != http.StatusNotFound {
		t.Errorf("got %d to %q, want 404 and no redirect", rec.Code, got)
	}
}

// a site on this machine; nothing else is.
func TestWhoIsLedToTheOneName(t *testing.T) {
	w := newWorld(t)
	site := func(origin string) *Server {
		return newServer(t, func(c *Config) {
			c.Origin = origin
			c.Pages = w.pages
			c.Texts = w.texts
			c.TrustedProxies = proxies("192.0.2.0/24")
		})
	}
	local, public := site("http://localhost:8080"), site(testOrigin)
	for _, c := range []struct {
		name             string
		s                *Server
		method, accept   string
		host, path, want string
	}{
		{"by address", local, "GET", "text/html", "127.0.0.1:8080", "/sign-in", "http://localhost:8080/sign-in"},
		{"by address of the newer kind", local, "GET", "text/html", "[::1]:8080", "/", "http://localhost:8080/"},
		{"by its name", local, "GET", "text/html", "localhost:8080", "/sign-in", ""},
		{"by its name in capitals", local, "GET", "text/html", "LOCALHOST:8080", "/sign-in", ""},
		{"a program", local, "GET", "application/json", "127.0.0.1:8080", "/api/v1/session", ""},
		{"a form", local, "POST", "text/html", "127.0.0.1:8080", "/sign-in", ""},
		{"a head", local, "HEAD", "text/html", "127.0.0.1:8080", "/sign-in", ""},
		{"a public site", public, "GET", "text/html", "10.0.0.9", "/sign-in", ""},
	} {
		r := httptest.NewRequest(c.method, "http://"+c.host+c.path, nil)
		r.Header.Set("Accept", c.accept)
		got := httptest.NewRecorder()
		c.s.ServeHTTP(got, r)
		if to := got.Header().Get("Location"); to != c.want {
			t.Errorf("%s: got %d to %q, want %q", c.name, got.Code, to, c.want)
		}
	}
}

// What this machine is called.
func TestNamesOfThisMachine(t *testing.T) {
	for name, want := range map[string]bool{"localhost": true, "shop.localhost": true, "127.0.0.1": true,
		"127.9.9.9": true,
		"::1":       true, "[::1]": true, "xlocalhost": false, "localhost.example": false, "": false, "10.0.0.1": false,
		"accounts.example": false, "128.0.0.1": false} {
		if got := web.IsLoopback(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
	for origin, ok := range map[string]bool{"https://shop.example": true, "http://localhost": true,
		"http://shop.example":   false,
		"https://shop.example?": true, "https://shop.example?a": false, "https://shop.example#a": false,
		"https:///a":             false,
		"https://u@shop.example": false, "https://shop.example/{a}": false, "https://shop.example/a:b": false,
		"https://shop.example/a*": false, "https://shop.example/%41": false, "https://shop.example/%2F": false,
		"ftp://localhost": false,
		"localhost":       false, "https://shop.example/a/b/": true, ":": false} {
		if _, err := web.NewSite(origin, nil); (err == nil) != ok {
			t.Errorf("%q: got %v, want it taken: %v", origin, err, ok)
		}
	}
	for related, ok := range map[string]bool{"https://retail.example": true, "https://retail.example:8443": true,
		web.AppOrigin + "x": true, "http://retail.example": false, "https://retail.example/": false, "https://": false,
		"retail.example": false, "https:retail.example": false, ":": false} {
		if _, err := web.NewSite(testOrigin, []string{related}); (err == nil) != ok {
			t.Errorf("related %q: got %v, want it taken: %v", related, err, ok)
		}
	}
}

// proxies are networks as they stand in a file.
func proxies(texts ...string) web.Networks {
	var n web.Networks
	if err := n.UnmarshalText([]byte(strings.Join(texts, ","))); err != nil {
		panic(err)
	}
	return n
}
