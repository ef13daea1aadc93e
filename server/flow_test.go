package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Whoever opens the middle of a flow that he has not begun is led to its beginning, or to what can be seen without: by
// a visitor and by a seller, every page of the table that is not for a link.
func TestMiddleOfAFlowLeadsToItsBeginning(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	for who, c := range map[string]struct {
		p    *person
		want map[string]string // what is shown instead of the page itself
	}{
		"visitor": {w.browser(), map[string]string{"/": "/security", "/sign-in/key/password": "/sign-in/key",
			"/sign-in/verify": "/sign-in", "/sign-in/security-code": "/sign-in",
			"/sign-in/send": "/sign-in/verify", "/sign-in/help": "/sign-in", "/sign-in/mail/code": "/sign-in/mail",
			"/forgot/check": "/forgot", "/forgot/choose": "/forgot", "/forgot/choose/sign-in": "/forgot/choose", "/forgot/phone/check": "/forgot/phone",
			"/forgot/phone/code": "/forgot/phone", "/forgot/phone/name": "/forgot/phone",
			"/help/check": "/help/check?c=1", "/help/ticket": "/help/check?c=1"}},
		"seller": {p, map[string]string{"/": "/security", "/sign-in/key/password": "/sign-in/key",
			"/sign-in/verify": "/sign-in", "/sign-in/security-code": "/sign-in",
			"/sign-in/send": "/sign-in/verify", "/sign-in/help": "/sign-in", "/sign-in/mail/code": "/sign-in/mail",
			"/forgot/check": "/forgot", "/forgot/choose": "/forgot", "/forgot/choose/sign-in": "/forgot/choose", "/forgot/phone/check": "/forgot/phone",
			"/forgot/phone/code": "/forgot/phone", "/forgot/phone/name": "/forgot/phone",
			"/security/password/mail":     "/security/password",
			"/security/security-code/use": "/security/security-code", "/security/security-code/saved": "/security/security-code",
			"/help/check": "/help/check?c=1", "/help/ticket": "/help/check?c=1",
			"/security/phone/new/send": "/security/phone/new",
			"/security/email/new/send": "/security/email/new", "/security/codes/file": "/security/codes",
			"/security/data/file":   "/security/data",
			"/security/codes/saved": "/security", "/security/password/mine": "/security", "/security/password/keep": "/security",
			"/security/reminders/{id}/put-off": "/security",
			"/security/sessions/end":           "/security/sessions",
			"/security/browsers/end":           "/security/browsers", "/security/contact/email": "/security/contact",
			"/security/contact/phone": "/security/contact", "/confirm/send": "/security", "/shop/joined": "/shop",
			"/security/hand-over/confirm": "/security/hand-over", "/security/hand-over/stop": "/security/hand-over",
			"/hand-over/decline": "/hand-over", "/security/close/keep": "/security",
			"/security/keys-only/off": "/security/keys-only"}},
	} {
		for _, pg := range w.server.pageTable() {
			if pg.get == nil || strings.Contains(pg.path, "{") || pg.path == messagesPath ||
				who == "visitor" && (pg.who == session || pg.who == enrolled) || strings.HasPrefix(pg.path,
				"/security/token/") {
				continue
			}
			got := c.p.send(http.MethodGet, pg.path, "", "")
			if to := got.Header().Get("Location"); to != c.want[pg.path] || to == "" && got.Code >= 500 {
				t.Errorf("%s opens %s: got %d to %q, want to be led to %q", who, pg.path, got.Code, to, c.want[pg.path])
			}
		}
	}
}

// What a change of language takes along: what was typed, never a secret, and nothing where nothing was typed.
func TestWhatAChangeOfLanguageTakesAlong(t *testing.T) {
	for _, c := range []struct {
		to, body string
		want     string // "" for nothing
	}{
		{"/sign-in", "identifier=a&password=p&remember=yes&shared=yes", "identifier=a&remember=yes&shared=yes"},
		{"/sign-up", "email=a&lang=en", "email=a"}, {"/sign-up", "email=", ""}, {"/sign-up", "", ""},
		{"/security/phone/new", "via=sms", ""}, {"/security/phone/new", "via=sms&phone=1", "phone=1&via=sms"},
		{"/security/app/new", "ceremony=c&code=1", "ceremony=c"}, {"/security/app/new?backup=1", "ceremony=c",
			"ceremony=c"},
		{"/security/app/new", "ceremony=", ""}, {"/security/phone/new", "ceremony=c&code=1", ""},
		{"/security/phone/new", "ceremony=c&phone=1", "phone=1"}, {"/security/codes", "sealed=s", "sealed=s"},
		{"/sign-in/verify", "response=r&code=1&current=p", ""}, {"/x", "name=n&user-name=u&place=p&terms=yes",
			"name=n&place=p&terms=yes&user-name=u"},
	} {
		posted, err := url.ParseQuery(c.body)
		if err != nil {
			t.Fatal(err)
		}
		if got := carried(c.to, posted).Encode(); got != c.want {
			t.Errorf("%s with %s: got %s, want %s", c.to, c.body, got, c.want)
		}
	}
}

// A path names a method of its own sort alone; the set of recovery codes has one name for all.
func TestPathsOfMethods(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	p.addKey("Blue key")
	p.must("POST", "/recovery-codes", nil, nil)
	ids := map[string]string{"keys": p.methodID("webauthn"), "app": p.methodID("totp"), "codes": p.methodID("lookup")}
	for _, sort := range []string{"keys", "app", "phone", "email", "codes"} {
		for _, of := range []string{"keys", "app", "codes"} {
			got := p.send(http.MethodGet, "/security/"+sort+"/"+ids[of]+"/remove", "", "").Code
			if want := sort == of; (got == http.StatusOK) != want {
				t.Errorf("the %s as one of %s: got %d, want it shown: %v", of, sort, got, want)
			}
		}
		for _, id := range []string{"all", "", "none"} {
			got := p.send(http.MethodGet, "/security/"+sort+"/"+id+"/remove", "", "").Code
			if want := sort == "codes" && id == "all"; (got == http.StatusOK) != want {
				t.Errorf("%q as one of %s: got %d, want it shown: %v", id, sort, got, want)
			}
		}
	}
}

// Who has few recovery codes left is told on the overview, by how many; who has enough is not.
func TestFewCodesAreToldOf(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	var set answer
	p.must("POST", "/recovery-codes", nil, &set)
	for i, code := range set.Codes {
		left := len(set.Codes) - i
		says := map[int]string{1: "One recovery code is left", 2: "2 recovery codes are left",
			3: "3 recovery codes are left"}[left]
		told := wordsOf(p.open("/security").text)
		if says != "" && !strings.Contains(told, says) || says == "" && strings.Contains(told, "Make ten new ones") {
			t.Errorf("%d left: got %q told, want %q", left, told, says)
		}
		if left == 1 { // "not now" takes it away
			s := p.open("/security")
			s.holds(`href="/security/codes">Make new codes`)
			s = p.fill(s, "/security/reminders/few-codes/put-off").at("/security", 200).says("We’ll remind you later")
			lacks(s, "recovery code is left")
			lacks(p.open("/security"), "recovery code is left")
		}
		q := w.browser()
		w.pass(time.Minute)
		var begun answer
		q.must("POST", "/sign-in/begin", m{"ceremony": q.password().Ceremony, "kind": "lookup"}, &begun)
		q.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code}}, nil)
	}
}

// Whoever was on his way somewhere when he was asked to sign in comes there afterwards: by every page of the table that
// needs a session, and by the address that other sites of the shop use.
func TestWhoSignsInComesBack(t *testing.T) {
	w := newWorld(t)
	_, secret := w.withApp()
	signIn := func(p *person) string {
		w.pass(time.Minute)
		s := p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword)
		form := s.form("/sign-in/verify").fields
		form.Set("code", w.code(secret))
		got := p.send(http.MethodPost, "/sign-in/verify", "application/x-www-form-urlencoded", form.Encode())
		if got.Header().Get("Location") == "/sign-in/trust" {
			got = p.send(http.MethodPost, "/sign-in/trust", "application/x-www-form-urlencoded", "")
		}
		return got.Header().Get("Location")
	}
	p := w.browser()
	if got := signIn(p); got != "/security" {
		t.Errorf("from nowhere: got to %q, want the overview", got)
	}
	p = w.browser()
	p.open("/sign-in?return=" + url.QueryEscape("/security/history?before=1"))
	if got := signIn(p); got != "/security/history?before=1" {
		t.Errorf("from another site: got to %q, want where that said", got)
	}
	if got := signIn(p); got != "/security" {
		t.Errorf("once more: got to %q, want the overview: one way back is gone once", got)
	}
	pages := 0
	for _, pg := range w.server.pageTable() {
		if pg.get == nil || pg.who != session && pg.who != enrolled || strings.HasPrefix(pg.path, "/security/token/") {
			continue
		}
		p := w.browser()
		path := strings.NewReplacer("{id}", "x", "{link}", "x", "{shop}", "x", "{member}", "x", "{case}", "x",
			"{form}", "csv").Replace(pg.path) + "?a=b"
		if pg.path == "/confirm" {
			path += "&for=password"
		}
		got := p.send(http.MethodGet, path, "", "")
		switch to := got.Header().Get("Location"); {
		case to == "/sign-in" && p.cookie("__Host-"+returnCookie) == path:
			pages++
		case to == "/sign-in" || got.Code != http.StatusSeeOther && got.Code != http.StatusOK:
			t.Errorf("%s: got %d to %q with the way back %q, want it kept", path, got.Code, to,
				p.cookie("__Host-"+returnCookie))
		}
	}
	if pages < 20 {
		t.Errorf("got %d pages that need a session, want all", pages)
	}
}
