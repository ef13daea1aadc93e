package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A thief who has signed in is one of the owner's browsers to the counts, until the owner answers: a new password by mail
// or "this was not me" makes his browser a stranger's again.
func TestTheOwnersAnswerMakesAThiefAStranger(t *testing.T) {
	for name, answer := range map[string]func(*world){
		"a reset": func(w *world) { w.reset("seller@example.com", "Vivid-Marmot7") },
		"not me": func(w *world) {
			_, err := w.s.Undo(w.t.Context(), caller("home"), token(w.lastMail(auth.TemplateNewBrowser).Args["undo"]))
			ok(w.t, "not me", err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			secret, _ := w.enrolled("seller@example.com", sellerNumber)
			w.pass(time.Minute)
			thief := caller("thief")
			w.second(thief, w.signIn(thief, "seller@example.com"), secret)
			guess := func() error {
				var err error
				for range 7 {
					_, err = w.s.SignIn(t.Context(), thief, auth.SignInForm{Identifier: "seller@example.com", Password: "Wrong-Horse9"})
				}
				return err
			}
			wantCode(t, "the thief, whose browser is known", guess(), auth.SignInLocked)
			w.pass(2 * time.Hour)
			answer(w)
			wantCode(t, "the thief after the owner's answer", guess(), auth.SignInRefused)
		})
	}
}
