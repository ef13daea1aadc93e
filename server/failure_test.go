package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/team"
	"github.com/latchkey-auth/latchkey/web"
)

// post sends a form to a path, and returns the status, where the answer leads, and the cookies that it drops.
func (p *person) post(path string, fields ...string) (status int, to string, dropped []string) {
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	got := p.send(http.MethodPost, path, "application/x-www-form-urlencoded", v.Encode())
	for _, c := range got.Result().Cookies() {
		if c.MaxAge < 0 {
			dropped = append(dropped, c.Name)
		}
	}
	return got.Code, got.Header().Get("Location"), dropped
}

// A store that has failed is no refusal of a form: it is told where it arose, leads nowhere, and takes no session away.
func TestAFailureIsNoRefusal(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	visitor := w.browser()
	visitor.open("/sign-in")
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who    *person
		path   string
		fields []string
	}{
		{visitor, "/sign-in", []string{"identifier", testEmail, "password", testPassword}},
		{visitor, "/recovery/ask", []string{"identifier", testEmail, "lost-phone", "yes"}},
		{visitor, "/sign-up", []string{"email", "new@example.com"}},
		{p, "/sign-out", nil},
		{p, "/security/email/new", []string{"email", "new@example.com"}},
	} {
		status, to, dropped := c.who.post(c.path, c.fields...)
		if status < 500 || to != "" || len(dropped) > 0 {
			t.Errorf("%s: got %d to %q, with the cookies %v dropped, want a failure that changes nothing", c.path, status, to,
				dropped)
		}
	}
	got := p.send(http.MethodDelete, "/api/v1/session", "", "") // by a script of the page
	if got.Code < 500 || len(got.Result().Cookies()) > 0 {
		t.Errorf("signing out by the API: got %d with %v, want a failure that changes nothing", got.Code, got.Result().Cookies())
	}
}

// Nobody is asked to fill in what nobody will decide.
func TestNoCaseIsAskedForWhereNobodyDecides(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	p.open("/recovery/ask").at("/recovery/ask", 200)
	again, err := auth.New(w.domain)
	if err != nil {
		t.Fatal(err)
	}
	if w.server.recovery, err = recovery.New(again, testOrigin, recovery.Config{}, nil); err != nil {
		t.Fatal(err)
	}
	p.open("/recovery/ask").at("/recovery", 200)
}

// Who asks for a second mail at once is shown the field for the code of the first where that was asked for, and
// elsewhere the form: there is no code that this browser could take.
func TestAskingForAMailAgainAtOnce(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	fields := []string{"email", "backup@example.net"}
	if _, to, _ := p.post("/security/email/new", fields...); !strings.HasSuffix(to, "sent=1") {
		t.Fatalf("the first: led to %q, want the field for its code", to)
	}
	w.pass(time.Second)
	if _, to, _ := p.post("/security/email/new", "email", "backup@example.net "); !strings.HasSuffix(to, "sent=1") {
		t.Errorf("again: led to %q, want the field for the code under way", to)
	}
	w.pass(11 * time.Second) // no more the same press
	other, origin := w.browser(), &url.URL{Scheme: "https", Host: "accounts.example", Path: "/"}
	for _, c := range p.jar.Cookies(origin) {
		if c.Name != w.server.cookieName(stepCookie) {
			other.jar.SetCookies(origin, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/", Secure: true}})
		}
	}
	if _, to, _ := other.post("/security/email/new", fields...); to != "/security/email/new" {
		t.Errorf("without what the first left: led to %q, want the form", to)
	}
}

// A code that has been used leads to the beginning, where another text can be asked for, and not back to its own field.
func TestAUsedTextLeadsToTheBeginning(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	var asked answer // of nobody's number: the tries use it up
	p.must("POST", "/forgot/phone", m{"phone": "+8613900139000", "work": p.worked()}, &asked)
	for range 5 {
		p.post("/forgot/phone/code", "ceremony", asked.Ceremony, "code", "000000")
		w.pass(time.Minute)
	}
	if status, to, _ := p.post("/forgot/phone/code", "ceremony", asked.Ceremony, "code", "000000"); status != http.StatusSeeOther ||
		to != "/forgot/phone" {
		t.Errorf("a used one: got %d to %q, want the beginning", status, to)
	}
}

// Pictures of puzzles are dear to draw: each is one of a client's requests.
func TestPicturesOfPuzzlesAreCounted(t *testing.T) {
	w := newWorld(t, func(_ *auth.Config, c *Config) { c.Rate = web.Rate{Burst: 4, PerSecond: 0.001} })
	p := w.browser()
	var puzzle struct{ Puzzle string }
	if got := p.api(http.MethodGet, "/puzzle", nil, &puzzle); got.Code != http.StatusOK {
		t.Fatalf("a puzzle: got %d", got.Code)
	}
	refused := 0
	for range 6 {
		if p.send(http.MethodGet, "/api/v1/puzzle/"+puzzle.Puzzle, "", "").Code == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("got %d of 6 pictures refused, want 2", refused)
	}
}

// The page of messages shows each with its links.
func TestTheMessagesAreShown(t *testing.T) {
	w := newWorld(t, func(a *auth.Config, c *Config) {
		a.Origin, c.Origin = "http://localhost:8080", "http://localhost:8080"
		c.Sink = oneMessage{}
	})
	page := opens(w.server, http.MethodGet, "http://localhost:8080/dev/messages", letIn(t, w.server)).Body.String()
	for _, part := range []string{"The subject", "wei@example.com", `href="http://localhost:8080/reset/abc"`} {
		if !strings.Contains(page, part) {
			t.Errorf("got a page without %q", part)
		}
	}
}

type oneMessage struct{}

func (oneMessage) Recent(int) ([]Sent, error) {
	return []Sent{{At: start(), Channel: auth.Mail, Recipient: "wei@example.com", Subject: "The subject",
		Text: "Press http://localhost:8080/reset/abc to go on."}}, nil
}

// A change that was stopped is told as what it was: of a method, by its name alone, or of no method.
func TestWhatWasStopped(t *testing.T) {
	for e, want := range map[auth.EventInfo]string{
		{Action: auth.ActCancelChange, ItemID: "x", Item: "Key"}: "removal-stopped",
		{Action: auth.ActCancelChange, Item: "Key"}:              "removal-stopped",
		{Action: auth.ActCancelChange, ItemID: "x"}:              "removal-stopped",
		{Action: auth.ActCancelChange}:                           "code-sign-in-stopped",
		{Action: team.ActContact, Due: start()}:                  "contact-planned",
	} {
		if got, _ := eventName(e, nil); got != want {
			t.Errorf("%+v: got %s, want %s", e, got, want)
		}
	}
}
