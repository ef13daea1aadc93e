package auth_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// A stranger who guesses passwords on and on fills nobody's history: what is
// not judged is not written.
func TestGuessesWhileLockedFillNoHistory(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", phoneIndex)
	for range 30 {
		_, err := w.s.SignIn(t.Context(), caller("stranger"), auth.SignInForm{Identifier: "seller@example.com",
			Password: "Wrong-Horse9"})
		wantCode(t, "a stranger", err, auth.SignInRefused)
	}
	h, err := w.s.History(t.Context(), c, "", 100)
	ok(t, "history", err)
	if n := count(h, auth.ActSignIn) - 1; n != 5 {
		t.Errorf("30 wrong passwords: got %d events, want the 5 that were judged", n)
	}
}
