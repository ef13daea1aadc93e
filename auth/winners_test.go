package auth_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/virtual"
)

// winners has n do the same, each of them looking before any concludes, and says how many succeed.
func (w *world) winners(n int, try func(i int) error) int {
	w.between.meet(n)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if try(i) == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	return int(won.Load())
}

// uncounted is a passkey that does not count its signatures, as those of phones.
func uncounted() virtual.Options {
	return virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true,
		Counter: virtual.CounterZero}
}

// A passkey that does not count shows nothing of a repeat: the challenge alone is what is used once, whether the key
// names its account or the identifier did.
func TestAKeyWithoutACounterIsTakenOnce(t *testing.T) {
	for name, identifier := range map[string]string{"it names its account": "", "an identifier does": sellerMail} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			device, _, _ := w.withKey(sellerMail, sellerNumber, uncounted(), auth.Passkey)
			begin := func() func(int) error {
				ch, err := w.s.SignInKeyFirst(t.Context(), caller("shop"), auth.KeyFirstForm{Identifier: identifier})
				ok(t, "begin", err)
				use := w.finish(caller("shop"), ch, touch(t, device, ch))
				return func(int) error { return use() }
			}
			twice := begin()
			ok(t, "once", twice(1))
			wantCode(t, "the same answer again", twice(2), auth.CeremonyUsed)
			if won := w.winners(64, begin()); won != 1 {
				t.Errorf("the same answer 64 times at once: got %d sessions, want 1", won)
			}
		})
	}
}

// A driver that hangs loses its lease after two minutes, and no sooner; what it says when another has delivered the
// message changes nothing.
func TestAHangingDriverDoublesNothing(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	owner(w)
	due := func() []auth.Message {
		t.Helper()
		list, err := w.s.Due(ctx, 100)
		ok(t, "lease", err)
		return list
	}
	ok(t, "forgot", forgot(ctx, w.s, caller("x"), sellerMail))
	slow := due()
	w.pass(2*time.Minute - tick)
	if again := due(); len(slow) != 1 || len(again) != 0 {
		t.Fatalf("got %d messages and within the lease %d, want one and none", len(slow), len(again))
	}
	w.pass(tick)
	quick := due()
	if len(quick) != 1 || quick[0].ID != slow[0].ID || quick[0].Args["link"] != slow[0].Args["link"] {
		t.Fatalf("after the lease: got %+v, want the same message", quick)
	}
	ok(t, "the quick one", w.s.Settle(ctx, quick[0].ID, auth.Outcome{State: auth.Accepted, Gateway: "quick"}))
	for _, late := range []auth.Delivery{auth.Queued, auth.Failed, auth.Accepted, auth.Expired} {
		ok(t, "the slow one", w.s.Settle(ctx, slow[0].ID, auth.Outcome{State: late, Gateway: "slow", NextAt: w.time()}))
		w.pass(time.Minute)
		if again := due(); len(again) != 0 {
			t.Errorf("after the slow one said %s: got the message again", late)
		}
	}
	sent := store.NewCollection[auth.Message]("sent", w.keys)
	err := w.db.View(ctx, func(tx store.Tx) error {
		m, err := sent.Get(tx, slow[0].ID)
		if err == nil && (m.State != auth.Accepted || m.Gateway != "quick") {
			t.Errorf("what became of it: got %s by %s, want what the quick one said", m.State, m.Gateway)
		}
		return err
	})
	ok(t, "look", err)
}

// Many deliverers at once lease a message once.
func TestAMessageIsLeasedOnce(t *testing.T) {
	w := newWorld(t)
	owner(w)
	ok(t, "forgot", forgot(t.Context(), w.s, caller("x"), sellerMail))
	got := w.winners(64, func(int) error {
		list, err := w.s.Due(t.Context(), 100)
		if err == nil && len(list) == 0 {
			return auth.Refuse(auth.NotFound)
		}
		return err
	})
	if got != 1 {
		t.Errorf("64 deliverers: %d got the message, want 1", got)
	}
}
