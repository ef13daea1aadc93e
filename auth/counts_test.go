package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// throttled counts the documents that count tries.
func (w *world) throttled() int {
	w.t.Helper()
	type any struct{}
	n := 0
	err := w.db.View(w.t.Context(), func(tx store.Tx) error {
		n = 0
		for _, err := range store.NewCollection[any]("throttle", w.keys).Scan(tx, "", "", 10000) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	ok(w.t, "count", err)
	return n
}

// Patience must not multiply guesses: the hundred consecutive wrong codes are
// counted over months, however quiet the days between them are.
func TestSweepForgetsNoGuesses(t *testing.T) {
	w := newWorld(t, longFlows)
	w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	c := caller("home")
	for range 25 {
		info := w.signIn(c, "seller@example.com")
		ch, err := w.s.SignInBegin(ctx, c, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
		ok(t, "begin", err)
		for range 4 {
			if _, err = w.s.SignInFinish(ctx, c, ch.Ceremony, typed("000000")); err == nil {
				t.Fatal("000000 was accepted")
			}
		}
		w.pass(100 * time.Hour)
		ok(t, "sweep", w.s.Sweep(ctx))
	}
	info := w.signIn(c, "seller@example.com")
	_, err := w.s.SignInBegin(ctx, c, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	wantCode(t, "after a hundred wrong codes, four at a time", err, auth.MethodDisabled)
}

// What counts a day's messages goes when the day is long over.
func TestSweepForgetsSends(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.seller("seller@example.com", sellerNumber)
	w.pass(100 * time.Hour)
	ok(t, "sweep", w.s.Sweep(ctx))
	before := w.throttled()
	for range 9 {
		w.pass(time.Minute)
		_, err := w.s.SignUp(ctx, caller("x"), "other@example.com")
		ok(t, "sign up", err)
		ok(t, "forgot", forgot(ctx, w.s, caller("x"), "seller@example.com"))
	}
	w.pass(100 * time.Hour)
	ok(t, "sweep", w.s.Sweep(ctx))
	if got := w.throttled(); got != before {
		t.Errorf("counts after the sweep: got %d, want %d", got, before)
	}
}
