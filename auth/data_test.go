package auth_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Everything is taken with a fresh step alone, a few times a day, and whoever reads the owner's mail ends all access by
// the link in the notice.
func TestTakingEverything(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	w.pass(11 * time.Minute)
	wantCode(t, "an old step", lastErr(w.s.TakeData(t.Context(), c)), auth.StepUpRequired)
	c = w.stepUp(c, secret)
	for range 5 {
		ok(t, "take", lastErr(w.s.TakeData(t.Context(), c)))
	}
	wantCode(t, "the sixth of a day", lastErr(w.s.TakeData(t.Context(), c)), auth.SendLimitReached)
	m := w.lastMail(auth.TemplateChange)
	if m.Args["what"] != "data-taken" || m.Args["ends"] != "yes" {
		t.Errorf("got the notice %v, want that it was taken, and a link that ends all", m.Args)
	}
	ok(t, "not me", lastErr(w.s.Undo(t.Context(), caller("mail"), token(m.Args["undo"]))))
	wantCode(t, "after it", lastErr(w.s.TakeData(t.Context(), c)), auth.SessionEnded)
}

// What is taken tells the account as it is, its addresses in full, and nothing that opens it.
func TestWhatIsTaken(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	_, c = w.addPhone(w.stepUp(c, secret), "+8613800138001")
	codes, err := w.s.RecoveryCodes(t.Context(), c)
	ok(t, "codes", err)
	ok(t, "question", w.s.SetQuestion(t.Context(), c, "What was our first stall called?", "Blue lantern"))
	d, err := w.s.TakeData(t.Context(), c)
	ok(t, "take", err)
	isSpare := func(m auth.HeldMethod) bool { return m.Kind == auth.Phone && m.Address == "+8613800138001" }
	raw, err := json.Marshal(d)
	ok(t, "write", err)
	if d.Account.Email != sellerMail || d.Account.Phone != sellerNumber ||
		d.Account.Question != "What was our first stall called?" ||
		len(d.Methods) != 3 || !slices.ContainsFunc(d.Methods, isSpare) || len(d.Devices) != 2 ||
		len(d.Sessions) != 1 ||
		!d.Sessions[0].Current || len(d.Browsers) != 1 || d.Browsers[0].Browser == "" {
		t.Errorf("got %s", raw)
	}
	never := []string{secret, "Blue lantern", "blue lantern", password, c.Token}
	mustNotHold(t, raw, append(never, codes.Codes...))
}

// mustNotHold fails if a file holds one of the secrets, in any of the spellings that a dump would be searched for.
func mustNotHold(t *testing.T, file []byte, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if len(secret) < 6 {
			t.Fatalf("a canary too short to be searched for: %q", secret)
		}
		for how, form := range spellings(secret) {
			if bytes.Contains(file, []byte(form)) {
				t.Errorf("got the secret %q in it, %s", secret, how)
			}
		}
	}
}
