package server

import (
	"net/http"
	"testing"
	"time"
)

// The browser is asked once whether it may be trusted: who goes back to the question is led on, and who has said no
// may say yes.
func TestTrustIsAskedOnce(t *testing.T) {
	for _, said := range []string{"yes", "no"} {
		w := newWorld(t)
		_, secret := w.withApp()
		w.pass(time.Hour)
		q := w.browser()
		s := q.fill(q.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword)
		s = q.fill(s, "/sign-in/verify", "code", w.code(secret)).at("/sign-in/trust", http.StatusOK)
		q.fill(s, "/sign-in/trust", "trust", said).at("/security", http.StatusOK)
		want := map[string]string{"yes": "/security", "no": "/sign-in/trust"}[said] // who goes back may say yes after all
		q.open("/sign-in/trust").at(want, http.StatusOK)
	}
}
