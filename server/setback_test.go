package server

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Whatever is wrong with a form, it answers with 303, to a page that can be loaded again: from whoever comes, to every
// address of the table that takes one.
func TestNoFormIsAnsweredWithARefusal(t *testing.T) {
	w := newWorld(t, func(a *auth.Config, c *Config) { a.Pace.Burst, c.Rate.Burst = -1, -1 })
	seller, _ := w.withApp()
	must := w.browser()
	w.signUp(w.program(), "must@example.com", m{"name": "Must", "userName": "must", "phone": "+8613800138001"})
	must.fill(must.open("/sign-in"), "/sign-in", "identifier", "must@example.com",
		"password", testPassword).at("/security/start", 200)
	people := map[string]*person{"seller": seller, "visitor": w.browser(), "one who must enrol": must}
	forms := 0
	for who, p := range people {
		p.open("/sign-in")
		for _, pg := range w.server.pageTable() {
			if pg.post == nil || pg.path == "/sign-out" || pg.path == "/language" { // which has no field to mistype
				continue
			}
			path := strings.NewReplacer("{id}", "nothing", "{link}", "nothing").Replace(pg.path)
			for _, body := range []string{"",
				"identifier=x&email=x&phone=x&name=&code=1&password=x&ceremony=x&response=%7B%7D&trust=yes"} {
				forms++
				got := p.send(http.MethodPost, path, "application/x-www-form-urlencoded", body)
				if got.Code >= 400 {
					t.Errorf("%s posts %q to %s: got %d, want 303", who, body, path, got.Code)
				}
			}
		}
	}
	if forms < 150 {
		t.Errorf("got %d forms posted, want those of the table", forms)
	}
}

// Nor from a session that has asked more than it may at once: the page that follows says when there is more.
func TestNoFormOfATiredSessionIsAnsweredWithARefusal(t *testing.T) {
	w := newWorld(t, func(_ *auth.Config, c *Config) { c.Rate.Burst = -1 })
	p, _ := w.withApp()
	for p.api(http.MethodDelete, "/methods/nothing", nil, nil).Code != http.StatusTooManyRequests {
	}
	told := 0
	for _, pg := range w.server.pageTable() {
		if pg.post == nil || pg.path == "/sign-out" || pg.path == "/language" {
			continue
		}
		path := strings.NewReplacer("{id}", "nothing", "{link}", "nothing").Replace(pg.path)
		got := p.send(http.MethodPost, path, "application/x-www-form-urlencoded", "")
		if got.Code >= 400 {
			t.Errorf("POST %s: got %d, want 303", path, got.Code)
		}
		if s := p.follow(path, got); strings.Contains(s.text, "Too many tries, please wait") {
			told++
		}
	}
	if told < 20 {
		t.Errorf("got %d pages that say it, want most that change something", told)
	}
}

// The page that follows a refusal says it, beside what was typed; loading it again shows it again, and later the form
// with what was typed alone, for 5 minutes.
func TestRefusedFormAfterReload(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", "wei@example.com", "password", "Canary-Pass9")
	for _, at := range []struct {
		after time.Duration
		told  bool
		typed string
	}{{0, true, "wei@example.com"}, {20 * time.Second, true, "wei@example.com"}, {time.Minute, false, "wei@example.com"},
		{5 * time.Minute, false, ""}} {
		w.pass(at.after)
		s := p.open("/sign-in").at("/sign-in", 200)
		if told := strings.Contains(s.text, "<title>Error:"); told != at.told {
			t.Errorf("%s later: got it told %v, want %v", at.after, told, at.told)
		}
		if got := s.form("/sign-in").fields.Get("identifier"); got != at.typed || strings.Contains(s.text, "Canary") {
			t.Errorf("%s later: got %q in the field, want %q and no password", at.after, got, at.typed)
		}
	}
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", "wei@example.com", "password", "Canary-Pass9")
	if s := p.open("/forgot"); strings.Contains(s.text, "<title>Error:") {
		t.Error("another page tells of the refusal")
	}
	if sealed := p.cookie("__Host-" + setbackCookie); sealed == "" || strings.Contains(sealed, "wei") {
		t.Errorf("got the cookie %q, want it sealed", sealed)
	}
	q := w.browser()
	q.open("/sign-in")
	u, _ := url.Parse(testOrigin + "/")
	const name = "__Host-" + setbackCookie
	stolen := &http.Cookie{Name: name, Value: p.cookie(name), Path: "/", Secure: true}
	q.jar.SetCookies(u, []*http.Cookie{stolen})
	if s := q.open("/sign-in"); strings.Contains(s.text, "wei@example.com") {
		t.Error("another browser reads what was typed")
	}
}

// On a shared computer nothing that was typed is kept.
func TestSharedComputerKeepsNothingTyped(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	s := p.fill(p.open("/sign-in"), "/sign-in", "identifier", "wei@example.com",
		"password", "Canary-Pass9", "shared", "yes").
		at("/sign-in", 200).says("Error:")
	if strings.Contains(s.text, "wei@example.com") {
		t.Error("what was typed on a shared computer is shown again")
	}
	s = p.fill(p.open("/sign-up"), "/sign-up", "email", "half@").says("Error:")
	if strings.Contains(s.text, "half@") {
		t.Error("what was typed later, on that computer, is shown again")
	}
}

// The secret that was scanned is shown again while it can be finished, in the session that has begun it.
func TestScannedSecretOutlivesAReload(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	secret := secretOf(p.open("/security/app/new"))
	w.pass(10 * time.Minute)
	if got := secretOf(p.open("/security/app/new")); got != secret {
		t.Errorf("after a reload: got %s, want %s", got, secret)
	}
	s := p.fill(p.open("/security/app/new"), "/security/app/new", "code", "000000").says("Error:")
	if got := secretOf(s); got != secret {
		t.Errorf("after a wrong code: got %s, want %s", got, secret)
	}
	w.pass(10 * time.Minute) // by now it cannot be finished any more
	later := secretOf(p.open("/security/app/new"))
	if later == secret {
		t.Error("a binding that is over is shown again")
	}
	p.fill(p.open("/security/app/new"), "/security/app/new", "code", w.code(later)).at("/security/start", 200)
	if got := secretOf(p.open("/security/app/new")); got == later {
		t.Error("the secret of a bound app is shown again")
	}
}

// No form is answered with a page: loading it again, and going back to it, would show the browser's own. A file is left
// where it was asked for, and what is no form of ours is answered where it is.
func TestEveryFormIsAnsweredWithARedirect(t *testing.T) {
	w := newWorld(t)
	forms := 0
	w.watch = func(r *http.Request, got *httptest.ResponseRecorder) {
		if r.Method != http.MethodPost || strings.HasPrefix(r.URL.Path, "/api/") {
			return
		}
		forms++
		file := strings.HasPrefix(got.Header().Get("Content-Disposition"), "attachment")
		if got.Code != http.StatusSeeOther && got.Code != http.StatusMethodNotAllowed && !file {
			t.Errorf("POST %s: got %d %s, want 303", r.URL.RequestURI(), got.Code, got.Header().Get("Content-Type"))
		}
	}
	takeTour(t, w, "en")
	if forms < 50 {
		t.Errorf("got %d forms on the tour, want all", forms)
	}
}
