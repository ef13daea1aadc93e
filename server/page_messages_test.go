package server

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// opens asks for an address of this machine as a browser on it does.
func opens(s *Server, method, address string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, address, nil)
	r.RemoteAddr = "127.0.0.1:4321"
	r.Header.Set("Accept", "text/html")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// letIn opens the printed address and returns the cookie that it leaves.
func letIn(t *testing.T, s *Server) *http.Cookie {
	t.Helper()
	w := opens(s, "GET", s.MessagesAddress())
	for _, c := range w.Result().Cookies() {
		if strings.HasSuffix(c.Name, messagesCookie) {
			return c
		}
	}
	t.Fatalf("the printed address: got %d without a cookie, want one", w.Code)
	return nil
}

func localWorld(t *testing.T, log *bytes.Buffer) *world {
	return newWorld(t, func(a *auth.Config, c *Config) {
		a.Origin = "http://localhost:8080"
		c.Origin = "http://localhost:8080"
		c.Sink = noMessages{}
		if log != nil {
			c.Logger = slog.New(slog.NewTextHandler(log, nil))
		}
	})
}

// A proxy on this machine that adds no header looks like somebody who sits here: only the printed address opens the
// page of messages, once, for the browser that used it.
func TestMessagesNeedThePrintedAddress(t *testing.T) {
	w := localWorld(t, nil)
	const page = "http://localhost:8080/dev/messages"
	if got := opens(w.server, "GET", page).Code; got != http.StatusNotFound {
		t.Errorf("without the token: got %d, want 404", got)
	}
	long := "?token=" + strings.Repeat("A", 43)
	for _, guess := range []string{"?token=", "?token=guess", long, "?token=guess&token=other"} {
		if got := opens(w.server, "GET", page+guess).Code; got != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", guess, got)
		}
	}
	printed := w.server.MessagesAddress()
	if !strings.HasPrefix(printed, page+"?token=") || len(printed) < len(page)+40 {
		t.Fatalf("got the address %s, want one with a token", printed)
	}
	opens(w.server, "HEAD", printed) // whoever only looks whether it is there uses nothing up
	first := opens(w.server, "GET", printed)
	if first.Code != http.StatusSeeOther || first.Header().Get("Location") != "/dev/messages" {
		t.Fatalf("the printed address: got %d to %q, want the page", first.Code, first.Header().Get("Location"))
	}
	if got := opens(w.server, "GET", printed).Code; got != http.StatusNotFound {
		t.Errorf("the same address again: got %d, want 404", got)
	}
	var pass *http.Cookie
	for _, c := range first.Result().Cookies() {
		if c.Name == "8080-latchkey-messages" {
			pass = c
		}
	}
	if pass == nil || !pass.HttpOnly || pass.MaxAge != 0 || pass.SameSite != http.SameSiteLaxMode {
		t.Fatalf("got the cookie %v, want one for as long as the browser runs, for no script", pass)
	}
	for range 2 {
		if got := opens(w.server, "GET", page, pass).Code; got != http.StatusOK {
			t.Errorf("with the cookie: got %d, want the page", got)
		}
	}
	wrong := &http.Cookie{Name: pass.Name, Value: strings.Repeat("A", 43)}
	for name, cookies := range map[string][]*http.Cookie{"a wrong cookie": {wrong}, "two cookies": {wrong, pass},
		"two cookies, the first right": {pass, wrong}} {
		if got := opens(w.server, "GET", page, cookies...).Code; got != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", name, got)
		}
	}
	if other := localWorld(t, nil); opens(other.server, "GET", page, pass).Code != http.StatusNotFound {
		t.Error("after a restart: got the page with the old cookie, want the new address to be needed")
	}
}

// A page says how messages are read where it is: by the printed address, or in a lab without one.
func TestPagesSayWhereMessagesAre(t *testing.T) {
	here := func(a *auth.Config, c *Config) {
		a.Origin = "http://localhost:8080"
		c.Origin, c.Sink = a.Origin, noMessages{}
	}
	for name, w := range map[string]*world{"a site": newWorld(t, here), "a lab": newLabWorld(t, here)} {
		page := opens(w.server, "GET", "http://localhost:8080/sign-in").Body.String()
		printed := strings.Contains(page, "Open the address that the program printed")
		if printed != (name == "a site") || !strings.Contains(page, "/dev/messages") {
			t.Errorf("%s: got %s", name, page)
		}
		if w.server.MessagesAddress() != "" != printed {
			t.Errorf("%s: got the address %q, want what its pages say", name, w.server.MessagesAddress())
		}
	}
}

// Who has used the address up and comes with another browser finds a new one in the log, once a minute at most.
func TestLogTellsWhereMessagesAre(t *testing.T) {
	var log bytes.Buffer
	w := localWorld(t, &log)
	const page = "http://localhost:8080/dev/messages"
	letIn(t, w.server)
	for range 5 {
		opens(w.server, "GET", page)
	}
	if got := strings.Count(log.String(), page+"?token="); got != 1 {
		t.Fatalf("got %d addresses in the log, want one", got)
	}
	letIn(t, w.server) // with the one that stands there
	if !strings.Contains(log.String(), w.server.MessagesAddress()) {
		t.Error("got another address in the log than the one that is good, want that")
	}
	opens(w.server, "GET", page)
	w.pass(2 * time.Minute)
	opens(w.server, "GET", page)
	if got := strings.Count(log.String(), page+"?token="); got != 3 {
		t.Errorf("got %d addresses in the log, want one for each that was used up and one a minute", got)
	}
}

// Every address of ours in a message can be followed there, and no other.
func TestLinksInMessages(t *testing.T) {
	w := localWorld(t, nil)
	got := w.server.links("Open http://localhost:8080/forgot/password/a-b_9, or http://localhost:8080/help/check.\n" +
		"http://localhost:8081/other http://elsewhere.example/forgot")
	if want := []string{"http://localhost:8080/forgot/password/a-b_9", "http://localhost:8080/help/check"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Only where messages are not sent is there a page of them.
func TestNoAddressWithoutMessages(t *testing.T) {
	for name, s := range map[string]*Server{"a real site": newWorld(t).server,
		"a gateway": newServer(t, func(c *Config) { c.Origin = "http://localhost:8080" })} {
		if got := s.MessagesAddress(); got != "" {
			t.Errorf("%s: got %s, want none", name, got)
		}
	}
}

// Browsers keep one jar for all ports of a host: a sign-in at one site on a machine ends none at another.
func TestSitesOfOneMachineKeepTheirCookiesApart(t *testing.T) {
	seen := map[string]string{}
	for _, origin := range []string{"http://localhost", "http://localhost:8080", "http://localhost:8081",
		"https://shop.example", "https://shop.example:8443"} {
		s := newServer(t, func(c *Config) { c.Origin = origin })
		for _, name := range []string{sessionCookie, browserCookie, flowCookie, stepCookie, languageCookie,
			returnCookie, noticeCookie, untrustCookie, draftCookie, messagesCookie} {
			full := s.cookieName(name)
			if was, ok := seen[full]; ok {
				t.Errorf("%s: got the cookie %s of %s, want one of its own", origin, full, was)
			}
			seen[full] = origin
		}
	}
}
