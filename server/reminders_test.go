package server

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// patient is a site whose sessions outlive every wait of this test, and which asks for new passwords and another look.
func patient(c *auth.Config, f *Config) {
	const day = 24 * time.Hour
	c.Policy.PasswordAge, c.Policy.ReviewAfter = 200*day, 300*day
	c.Policy.Dormant = 0
	c.Policy.SessionLife = 2000 * day
	c.Policy.SessionIdle = c.Policy.SessionLife
	c.Policy.SessionShort = c.Policy.SessionLife
	f.Policy = c.Policy
}

// remindable is somebody for whom everything is due but a published password: one key, few codes, a number that nobody
// has proved, a shop of two with one owner, and the most of a year.
func remindable(t *testing.T) (w *world, p *person) {
	t.Helper()
	w = newWorld(t, patient, knows(t, testCA(t), "FIDO_CERTIFIED_L1"))
	p, _ = w.withApp()
	p.addKeyOf("Red", modelOf(testCA(t)))
	shop := p.shop("Blue shop")
	p.colleague(shop, "mo", "member")
	var set answer
	p.must("POST", "/recovery-codes", nil, &set)
	for _, code := range set.Codes[2:] {
		w.pass(time.Minute)
		q := w.browser()
		var begun answer
		q.must("POST", "/sign-in/begin", m{"ceremony": q.password().Ceremony, "kind": "lookup"}, &begun)
		q.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code}}, nil)
	}
	w.pass(320 * 24 * time.Hour)
	return w, p
}

// withBreached is the same site, with a list of breached passwords by now, on which that of everybody here stands, and
// with one of models, in which Red's is revoked.
func (w *world) withBreached(t *testing.T) *world {
	t.Helper()
	left, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	return newWorldAt(t, w.time(), left, patient, knows(t, testCA(t), "REVOKED"), func(c *auth.Config, _ *Config) {
		c.Breached = breached(t, testPassword)
	})
}

// Every reminder is on the overview in its turn, alone, says what it is about, and leads to a page; "not now" brings
// the next one.
func TestEveryReminderIsShown(t *testing.T) {
	before, p := remindable(t)
	w := before.withBreached(t)
	p.w = w
	w.browser().password()
	if err := w.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	const day = "\n3 March 2026\n" // a time stands apart
	turns := []struct{ what, title, says, button string }{
		{"breached-password", "Your password has been published", "choose one that you use nowhere else", "Not now"},
		{"recalled-key", "“Red” is recalled", "It still signs you in", "Not now"},
		{"few-codes", "2 recovery codes are left", "Make ten new ones", "Not now"},
		{"second-key", "“Red” is your only security key", "Should it break or be lost", "Not now"},
		{"untested-key", "Try “Red” once", "It was last touched on" + day, "Not now"},
		{"phone-not-proved", "Your phone number is not confirmed", "Until a code has reached it", "Not now"},
		{"one-owner", "You are the only owner of “Blue shop”", "Make somebody you trust an owner too", "Not now"},
		{"old-password", "Your password is from" + day, "above all if another site has the same", "Not now"},
		{"old-settings", "Is all of this still right?", "You last changed something on" + day, "All is right"},
	}
	s := p.open("/security")
	for i, turn := range turns {
		for _, said := range []string{turn.title, turn.says, turn.button} {
			if !strings.Contains(wordsOf(s.text), said) {
				t.Errorf("%s: got no %q, want it; it says:\n%s", turn.what, said, wordsOf(s.text))
			}
		}
		for j, other := range turns {
			if j != i {
				lacks(s, other.title)
			}
		}
		if turn.what != "old-settings" { // which is about this page
			to := s.hrefBefore("/security/reminders/" + turn.what + "/put-off")
			if got := p.send(http.MethodGet, to, "", "").Code; got != http.StatusOK && got != http.StatusSeeOther {
				t.Errorf("%s: got %d at %s, want a page", turn.what, got, to)
			}
		}
		s = p.fill(s, "/security/reminders/"+turn.what+"/put-off").at("/security",
			http.StatusOK).says("We’ll remind you later")
		lacks(s, turn.title)
	}
	lacks(p.open("/security"), "Not now")
}

// hrefBefore is where the last link leads that stands before a form.
func (s *sheet) hrefBefore(action string) string {
	s.t.Helper()
	before, _, found := strings.Cut(s.text, `action="`+action)
	at := strings.LastIndex(before, `href="`)
	if !found || at < 0 {
		s.t.Fatalf("%s: got no link before the form to %s", s.path, action)
	}
	to, _, _ := strings.Cut(before[at+len(`href="`):], `"`)
	return to
}
