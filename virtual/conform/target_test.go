package conform

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestTargetsAreLoopbackOrTheTestersOwn(t *testing.T) {
	for _, c := range []struct {
		url  string
		own  []string
		want string // the origin; empty: refused
	}{
		{"http://localhost:8080", nil, "http://localhost:8080"},
		{"http://LOCALHOST:8080/base/", nil, "http://localhost:8080"},
		{"https://localhost:443", nil, "https://localhost"},
		{"http://127.0.0.1:8080", nil, "http://localhost:8080"},
		{"http://127.9.8.7:8080", nil, "http://localhost:8080"},
		{"http://[::1]:8080", nil, "http://localhost:8080"},
		{"https://shop.localhost", nil, "https://shop.localhost"},
		{"https://shop.example", []string{"Shop.example"}, "https://shop.example"},
		{"https://shop.example", []string{"example"}, ""},
		{"https://pay.shop.example", []string{"shop.example"}, ""},
		{"http://10.0.0.1", nil, ""},
		{"http://0.0.0.0:8080", nil, ""},
		{"http://localhost.shop.example", nil, ""},
		{"http://notlocalhost", nil, ""},
		{"http://127.0.0.1.shop.example", nil, ""},
		{"http://2130706433", nil, ""},
		{"ftp://localhost", nil, ""},
		{"http://shop:secret@localhost", nil, ""},
		{"localhost:8080", nil, ""},
		{"http://", nil, ""},
	} {
		w, err := Target{URL: c.url, Own: c.own}.open()
		switch {
		case c.want == "" && err == nil:
			t.Errorf("%s, own %v: got it opened, want an error", c.url, c.own)
		case c.want != "" && err != nil:
			t.Errorf("%s, own %v: got %v, want it opened", c.url, c.own, err)
		case c.want != "" && w.origin != c.want:
			t.Errorf("%s: got origin %s, want %s", c.url, w.origin, c.want)
		}
	}
}

// A name proves nothing: what it was resolved to is looked at before a packet leaves.
func TestTheDialerLooksAtTheAddress(t *testing.T) {
	for _, c := range []struct{ base, dial string }{
		{"http://localhost", "shop.example:80"},
		{"http://localhost", "127.0.0.1:80"}, // loopback, and not the target all the same
		{"http://192.0.2.1", "192.0.2.1:80"}, // as if the name check had let it through
		{"http://[2001:db8::1]", "[2001:db8::1]:80"},
	} {
		base, err := url.Parse(c.base)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := dialer(base, false)(t.Context(), "tcp", c.dial)
		if conn != nil {
			conn.Close()
		}
		if !errors.Is(err, ErrNotLoopback) {
			t.Errorf("target %s, dialling %s: got %v, want ErrNotLoopback", c.base, c.dial, err)
		}
	}
	w, err := Target{URL: "http://localhost"}.open()
	if err != nil {
		t.Fatal(err)
	}
	if w.transport.Proxy != nil {
		t.Error("got a transport with a proxy, want none whatever the environment says")
	}
}

func serve(t *testing.T, h http.HandlerFunc) *web {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	w, err := Target{URL: s.URL}.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.transport.CloseIdleConnections)
	return w
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	w := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/begin" {
			t.Errorf("got a request for %s, want none", r.URL)
		}
		http.Redirect(w, r, "https://shop.example/end", http.StatusSeeOther)
	})
	r, err := w.browser().do(t.Context(), request{method: "GET", path: "/begin"})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.header.Get("Location"); r.status != http.StatusSeeOther || got != "https://shop.example/end" {
		t.Errorf("got %d to %q, want the redirect itself", r.status, got)
	}
}

func TestABrowserKeepsItsCookies(t *testing.T) {
	w := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/in":
			http.SetCookie(w, &http.Cookie{Name: "__Host-session", Value: "one", Path: "/", Secure: true,
				HttpOnly: true})
			http.SetCookie(w, &http.Cookie{Name: "deep", Value: "two", Path: "/deep"})
		case "/out":
			http.SetCookie(w, &http.Cookie{Name: "__Host-session", Path: "/", MaxAge: -1})
		}
		_, _ = io.WriteString(w, r.Header.Get("Cookie")+" | "+r.Header.Get("Origin")+" | "+r.Host)
	})
	b, other := w.browser(), w.browser()
	host := strings.TrimPrefix(w.origin, "http://")
	for _, c := range []struct {
		who        *browser
		path, want string
	}{
		{b, "/in", ""},
		{b, "/", "__Host-session=one"},
		{b, "/deeper", "__Host-session=one"},
		{b, "/deep/down", "__Host-session=one; deep=two"},
		{other, "/", ""},
		{b, "/out", "__Host-session=one"},
		{b, "/", ""},
	} {
		r, err := c.who.do(t.Context(), request{method: "GET", path: c.path})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(r.body), c.want+" | "+w.origin+" | "+host; got != want {
			t.Errorf("%s: got %q, want %q", c.path, got, want)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	w := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for range responseLimit/1024 + 1 {
			_, _ = w.Write(make([]byte, 1024))
		}
	})
	if _, err := w.browser().do(t.Context(), request{method: "GET", path: "/"}); err == nil ||
		!strings.Contains(err.Error(), "longer than") {
		t.Errorf("got %v, want an error about the length", err)
	}
}

func TestNobodyThereIsUnreachable(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	w, err := Target{URL: s.URL}.open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.browser().do(t.Context(), request{method: "GET", path: "/"}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v, want ErrUnreachable", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.browser().do(ctx, request{method: "GET", path: "/"}); !errors.Is(err, context.Canceled) ||
		errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}
