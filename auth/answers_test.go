package auth_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// What could not have been right is no guess: a code that is none, and one whose time is over, however often.
func TestWhatIsNoGuess(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	in := caller("home")
	app := w.begun(in, byApp)
	for range 8 {
		e := wantCode(t, "no code", w.finish(in, app, typed("12"))(), auth.CodeMalformed)
		if e.Args["n"] != "" || !e.Until.IsZero() {
			t.Errorf("no code: got %+v, want it not counted", e)
		}
	}
	w.pass(31 * time.Second)
	ok(t, "the right one", w.finish(in, app, w.app(secret))())
	w.pass(31 * time.Second)
	c = w.stepUp(c, secret)
	w.mail()
	text, err := w.s.BindBegin(t.Context(), c, textTo("+8613800138007"))
	ok(t, "begin", err)
	code, _ := w.code(auth.SMS)
	finish := func(ch *auth.Challenge, code json.RawMessage) error {
		return lastErr(w.s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Response: code}))
	}
	w.pass(w.cfg.Policy.CodeLife)
	for range 8 {
		wantCode(t, "a code whose time is over", finish(text, code), auth.CodeExpired)
	}
	w.mail()
	again, err := w.s.BindResend(t.Context(), c, text.Ceremony, auth.SMS)
	ok(t, "again", err)
	code, _ = w.code(auth.SMS)
	e := wantCode(t, "a wrong one", finish(again, otherCode(code)), auth.CodeWrong)
	if e.Args["n"] != "4" || e.Args["label"] == "" || e.Args["label"] != again.Delivery.Label {
		t.Errorf("a wrong one: got %v, want four left, and which message counts: %s", e.Args, again.Delivery.Label)
	}
	ok(t, "the right one", finish(again, code))
}

// Wrong codes of a binding switch off nothing that is bound already.
func TestWrongCodesOfABindingDisableNothing(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.Guesses.Limit = 3 })
	secret, c := w.enrolled(sellerMail, sellerNumber)
	ch, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.TOTP})
	ok(t, "begin", err)
	finish := func(code json.RawMessage) error {
		return lastErr(w.s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Response: code}))
	}
	for range 3 {
		wantCode(t, "a wrong code", finish(typed("000000")), auth.CodeWrong)
	}
	wantCode(t, "one more", finish(typed("000000")), auth.MethodDisabled)
	if got := w.only(c, auth.TOTP).State; got != auth.Active {
		t.Errorf("the app that is bound: got it %s", got)
	}
	w.second(caller("home"), w.signIn(caller("home"), sellerMail), secret)
}

// A site that gives strangers no wrong answer at all still knows its owners.
func TestNoStrangersAreJudged(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled(sellerMail, sellerNumber)
	cfg := w.cfg
	cfg.Policy.StrangersPerDay = 0
	var err error
	w.s, err = auth.New(cfg)
	ok(t, "such a site", err)
	w.second(caller("home"), w.signIn(caller("home"), sellerMail), secret)
	if err := w.guess("elsewhere", password); err == nil {
		t.Error("a stranger: got his password judged")
	}
}
