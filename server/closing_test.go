package server

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

const day = 24 * time.Hour

// closingFaults provoke the codes of the end of an account.
func closingFaults() map[auth.Code]provocation {
	closes := func(c *trial) *httptest.ResponseRecorder { return c.post("/account-closing", m{"understood": true}) }
	return map[auth.Code]provocation{
		auth.ClosingNotUnderstood: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/account-closing", m{"understood": false})
		}),
		auth.ClosingInShop: do(func(c *trial) *httptest.ResponseRecorder {
			c.p.colleague(c.p.shop("Blue"), "Mo", "member")
			return closes(c)
		}),
		auth.ClosingHandOver: do(func(c *trial) *httptest.ResponseRecorder {
			other := c.program()
			other.comesBy(c.p.handsAccount())
			other.lang = c.lang
			return other.api("POST", "/account-closing", m{"understood": true}, nil)
		}),
		auth.ClosingChangePending: do(func(c *trial) *httptest.ResponseRecorder {
			c.p.handsAccount()
			return closes(c)
		}),
		auth.ClosingCooling: do(func(c *trial) *httptest.ResponseRecorder {
			q := c.program()
			q.comesBy(c.p.handsAccount())
			q.must("POST", "/account-offer/take", m{}, nil)
			var offer struct{ Signs string }
			q.must("GET", "/account-offer", nil, &offer)
			c.p.must("POST", "/account-hand-over/confirm", m{"signs": offer.Signs}, nil)
			c.p.must("DELETE", "/account-hand-over", nil, nil)
			return closes(c)
		}),
		auth.AccountDisputed: do(func(c *trial) *httptest.ResponseRecorder {
			c.post("/recovery/case/open", m{"link": c.program().askCase(testEmail, "phone")})
			return closes(c)
		}),
	}
}

// asHost asks what the marketplace's own program asks about an account.
func (w *world) asHost(id string) (code int, closesAt time.Time) {
	p := w.program()
	p.bearer = hostToken
	var is struct{ ClosesAt time.Time }
	got := p.api("GET", "/accounts/"+id, nil, &is)
	return got.Code, is.ClosesAt
}

// closes passes all the days of it, each with a sweep.
func (w *world) closes() {
	w.t.Helper()
	for range 15 {
		w.sweep()
		w.pass(day)
	}
	w.sweep()
}

func (w *world) sweep() {
	w.t.Helper()
	if err := w.service.Sweep(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// An account is closed over the API: the marketplace learns when it will be and that it is no more, and whoever
// signs in to it is told what every stranger is.
func TestClosingOverHTTP(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	w.enrolled(p)
	id := p.idOf()
	if got := p.api("GET", "/accounts/"+id, nil, nil); refused(t, got).Code != "forbidden" {
		t.Errorf("a seller asks as the marketplace: got %d %s", got.Code, got.Body)
	}
	if code, at := w.asHost(id); code != 200 || !at.IsZero() {
		t.Errorf("before: got %d %s, want an account that stays", code, at)
	}
	var waits struct{ Due time.Time }
	p.must("POST", "/account-closing", m{"understood": true}, &waits)
	p.must("GET", "/account-closing", nil, &waits)
	var me struct {
		Payout struct {
			Allowed bool
			Why     string
		}
	}
	p.must("GET", "/session", nil, &me)
	if code, at := w.asHost(id); code != 200 || !at.Equal(waits.Due) || waits.Due.Sub(w.time()) != 14*day ||
		me.Payout.Allowed || me.Payout.Why != "closing" {
		t.Errorf("while it waits: got %d %s and payouts %v", code, at, me.Payout)
	}
	p.must("DELETE", "/account-closing", nil, nil)
	if got := refused(t, p.api("GET", "/account-closing", nil, nil)); got.Code != "not-found" {
		t.Errorf("kept: got %s", got.Code)
	}
	p.must("POST", "/account-closing", m{"understood": true}, nil)
	w.closes()
	if got := p.api("GET", "/session", nil, nil); got.Code != http.StatusUnauthorized {
		t.Errorf("its session: got %d, want 401", got.Code)
	}
	if code, _ := w.asHost(id); code != http.StatusNotFound {
		t.Errorf("the marketplace: got %d, want 404", code)
	}
	stranger := w.program()
	was := stranger.api("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, nil)
	never := stranger.api("POST", "/sign-in", m{"identifier": "nobody@example.com", "password": testPassword}, nil)
	said := func(got *httptest.ResponseRecorder) string {
		before, _, _ := strings.Cut(got.Body.String(), `"requestId"`)
		return before
	}
	if was.Code != never.Code || said(was) != said(never) || said(was) == "" {
		t.Errorf("a sign-in: got %d %s, want what strangers are told: %d %s", was.Code, was.Body, never.Code, never.Body)
	}
}

// On pages: what it means, a tick, the note on the overview, and the link in the mail, which stops it without
// signing in.
func TestClosingOnPages(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	id := p.idOf()
	w.pass(time.Hour)
	s := p.open("/security/close").at("/confirm", 200).says("You are about to close your account")
	s = p.fill(s, "/confirm", "code", w.code(secret)).at("/security/close", 200).says("14 days", "download your data")
	s = p.fill(s, "/security/close").at("/security/close", 200).says("Tick the box to go on")
	p.fill(s, "/security/close", "understood", "yes").at("/security", 200).says("This account closes at", "Keep my account",
		"We have told you")
	s = p.open("/security/close").at("/security/close", 200).says("This account closes at")
	p.fill(s, "/security/close/keep").at("/security", 200).says("Your account stays")
	if strings.Contains(p.open("/security").text, "Keep my account") {
		t.Error("kept: got it offered again")
	}
	w.pass(time.Minute)
	p.fill(p.open("/security/close"), "/security/close", "understood", "yes").at("/security", 200)
	p.open("/security/history").says("Closing of the account asked for", "Account kept")
	link := path(w.mailed(auth.TemplateClosing).Args["undo"])
	q := w.browser()
	s = q.open(link).at(link, 200).says("Keep this account?")
	q.fill(s, link).says("Stopped: your account stays")
	p.open("/security").at("/sign-in", 200)
	w.closes()
	if code, _ := w.asHost(id); code != http.StatusOK {
		t.Errorf("stopped by the link: got %d, want an account", code)
	}
}

// What others depend on is said before anybody is asked for anything.
func TestWhatIsInTheWayStandsOnThePage(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	p.colleague(p.shop("Blue shop"), "Mo", "member")
	w.pass(time.Hour)
	s := p.open("/security/close").at("/security/close", 200).says("Other people are in your shop")
	if strings.Contains(s.text, "understood") {
		t.Error("got a form, want none")
	}
}

// keepsOfClosed are what holds something of an account that was closed, and why: see the table in
// docs/integration.md.
func keepsOfClosed() []string {
	return []string{"event", "chain", "moved", "audit_state", "link", "outbox", "sent", "spent", "ticket", "throttle",
		"recovery_case", "recovery_piece"}
}

// Nothing is left of an account that was closed, in no collection but those that say so: neither its id nor
// anything by which people know its owner. A month later the trail alone has its id.
func TestNothingIsLeftOfAClosedAccount(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	id := p.idOf()
	p.addKey("Blue key")
	p.addPhone("+8613800138055")
	p.shop("Blue shop")
	shop := p.shop("Red shop")
	p.invite(shop, "friend@example.com", "member")
	p.must("POST", "/question", m{"question": "What was our first stall called?", "answer": "Blue lantern"}, nil)
	p.must("POST", "/security-code", nil, nil)
	p.must("POST", "/browsers/trust", nil, nil)
	if !slices.Contains(w.holding(id), "browser") {
		t.Fatalf("got %v, want a browser that is trusted", w.holding(id))
	}
	w.program().askCase(testEmail, "phone") // which nobody opens
	w.pass(time.Minute)
	signs := []string{id, testEmail, "+8613800138000", "+8613800138055", "Blue key", "Red shop", "friend@example.com"}
	if len(w.holding(id)) < 8 {
		t.Fatalf("got %v, want an account that much is held of", w.holding(id))
	}
	p.must("POST", "/account-closing", m{"understood": true}, nil)
	w.closes()
	for _, sign := range signs {
		for _, name := range w.holding(sign) {
			if !slices.Contains(keepsOfClosed(), name) {
				t.Errorf("%s: got %q in it, want nothing of the account", name, sign)
			}
		}
	}
	for range 100 {
		w.pass(day)
		w.sweep()
	}
	for _, sign := range signs {
		for _, name := range w.holding(sign) {
			if !slices.Contains([]string{"event", "chain", "moved", "outbox"}, name) { // nobody delivers here
				t.Errorf("%s, months later: got %q in it, want the trail alone", name, sign)
			}
		}
	}
}

// holding are the collections in which a text stands, in a key or a document, as they lie in the store: of
// those in the table of the guide, which is held against all that there are.
func (w *world) holding(text string) (names []string) {
	w.t.Helper()
	guide, err := os.ReadFile("../docs/integration.md")
	if err != nil {
		w.t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(guide), "| kept | in the file |")
	table, _, _ = strings.Cut(table, "\n\n")
	all := regexp.MustCompile("`([a-z_-]+)`").FindAllStringSubmatch(strings.ReplaceAll(table, " | ", "\n"), -1)
	if len(all) < 30 {
		w.t.Fatalf("got %d collections in the table, want all", len(all))
	}
	if err := w.db.View(w.t.Context(), func(tx store.Tx) error {
		names = nil
		for _, name := range all {
			for doc, err := range tx.Scan(name[1], "", "", 100_000) {
				if err != nil {
					return err
				}
				holds := strings.Contains(doc.Key, text) || bytes.Contains(doc.Data, []byte(text))
				if holds && !slices.Contains(names, name[1]) {
					names = append(names, name[1])
				}
			}
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return names
}

// closesAccounts is the end of an account on pages, asked for and stopped.
func (o *tour) closesAccounts() {
	const at = "/security/close"
	p := o.visitor()
	o.newcomer(p, "closes@example.com", "An", "+8613800138023")
	p.fill(p.open(at), at)
	p.fill(p.open(at), at, "understood", "yes")
	p.open("/security")
	p.open(at)
	p.fill(p.open("/security"), at+"/keep")
	p.open(at + "/keep")
	o.later()
	p.fill(p.open(at), at, "understood", "yes")
	link := o.link(auth.TemplateClosing, "undo")
	q := o.visitor()
	q.fill(q.open(link), link)
	p.open("/security")
}

// apiCloses has a newcomer of the hand-over ask for the end of his account, and keep it.
func (o *tour) apiCloses() {
	p := o.client()
	o.newcomer(p, "closes@example.com", "An", "+8613800138023")
	p.must("POST", "/account-closing", m{"understood": true}, nil)
	p.must("GET", "/account-closing", nil, nil)
	p.must("DELETE", "/account-closing", nil, nil)
}
