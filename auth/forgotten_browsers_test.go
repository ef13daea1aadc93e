package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A thief who has signed in is one of the owner's browsers to the counts, until the owner answers: a new password by
// mail or "this was not me" makes his browser a stranger's again.
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

// Who enrols is the owner: a browser in which nothing but the password was shown is a stranger's from then on.
func TestEnrolmentForgetsWhoKnewThePasswordAlone(t *testing.T) {
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	w.signIn(caller("thief"), sellerMail)
	home := with(caller("home"), w.signIn(caller("home"), sellerMail).Token)
	_, home = w.enrolApp(home)
	for range 6 {
		wantCode(t, "the thief", w.guess("thief", "Wrong-Horse9"), auth.SignInRefused)
	}
	list, err := w.s.Browsers(t.Context(), home)
	ok(t, "browsers", err)
	if len(list) != 1 || !list[0].Current {
		t.Errorf("got the browsers %+v, want the one that enrolled", list)
	}
}

// A browser is forgotten with the last of what was shown in it, and not before; the one at hand stays.
func TestABrowserIsForgottenWithWhatWasShownInIt(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	o.byText("text alone")
	o.byText("both")
	o.byKey("both")
	known := func(c auth.Caller) (n int) {
		list, err := w.s.Browsers(t.Context(), c)
		ok(t, "browsers", err)
		return len(list)
	}
	c := o.byKey("home")
	before := known(c)
	ok(t, "remove", lastErr(w.s.Remove(t.Context(), c, o.phone.Authenticator.ID)))
	if got := known(c); got != before-1 {
		t.Errorf("after the number went: got %d browsers of %d, want one less", got, before)
	}
	for range 5 {
		wantCode(t, "a slip", w.guess("both", "Wrong-Horse9"), auth.SignInRefused)
	}
	wantCode(t, "where the key was shown as well", w.guess("both", password), auth.SignInLocked)
	c = o.byKey("home")
	w.addPhone(c, sellerNumber)
	ok(t, "remove", lastErr(w.s.Remove(t.Context(), c, o.key)))
	if got := known(o.byText("home")); got != 1 {
		t.Errorf("after the key went: got %d browsers, want the one that it went in", got)
	}
}
