package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A stranger who guesses passwords on and on fills nobody's history: what is
// not judged is not written.
func TestGuessesWhileLockedFillNoHistory(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	for range 30 {
		_, err := w.s.SignIn(t.Context(), caller("stranger"), auth.SignInForm{Identifier: "seller@example.com",
			Password: "Wrong-Horse9"})
		wantCode(t, "a stranger", err, auth.SignInRefused)
	}
	w.pass(time.Minute)
	ok(t, "sweep", w.s.Sweep(t.Context()))
	if events, times := refusals(t, w, c, auth.ActSignIn); events != 2 || times != 5 {
		t.Errorf("30 wrong passwords: got %d events of %d, want the 5 that were judged, in two", events, times)
	}
}
