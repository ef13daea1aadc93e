package auth_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// leased is what a deliverer gets now.
func (w *world) leased() []auth.Message {
	w.t.Helper()
	list, err := w.s.Due(w.t.Context(), 10)
	ok(w.t, "lease", err)
	return list
}

// What a deliverer says of a message: one that is to be tried again comes when it says, at once if that is over; one
// that is over comes no more, and one that is unknown, or over already, stays as it is.
func TestWhatADelivererSaysOfAMessage(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	program := caller("home")
	program.Language = ""
	ok(t, "sign up", lastErr(w.s.SignUp(ctx, program, sellerMail)))
	m := w.leased()[0]
	settle := func(what string, o auth.Outcome) { ok(t, what, w.s.Settle(ctx, m.ID, o)) }
	again := func(what string, tries int) {
		t.Helper()
		list := w.leased()
		if tries < 0 && len(list) == 0 {
			return
		}
		if len(list) != 1 || list[0].Tries != tries {
			t.Fatalf("%s: got %+v, want it after %d tries", what, list, tries)
		}
	}
	settle("the relay is busy", auth.Outcome{State: auth.Queued, Reason: "busy", NextAt: w.time().Add(5 * time.Minute)})
	w.pass(5*time.Minute - tick)
	again("a second before its time", -1)
	w.pass(tick)
	again("in its time", 1)
	settle("busy, an hour ago", auth.Outcome{State: auth.Queued, NextAt: w.time().Add(-time.Hour)})
	again("at once", 2)
	ok(t, "one that is unknown", w.s.Settle(ctx, "nothing", auth.Outcome{State: auth.Failed}))
	settle("refused", auth.Outcome{State: auth.Failed, Reason: "no such mailbox"})
	settle("what comes late", auth.Outcome{State: auth.Queued})
	w.pass(time.Hour)
	again("one that is over", -1)
	sent := w.newestSent()
	if sent.State != auth.Failed || sent.Reason != "no such mailbox" || len(sent.Args) > 0 {
		t.Errorf("in the sent box: got %+v, want it refused, without its words", sent)
	}
}

// newestSent is the newest message in the sent box.
func (w *world) newestSent() *auth.Message {
	w.t.Helper()
	var found *auth.Message
	sent := store.NewCollection[auth.Message]("sent", w.keys)
	ok(w.t, "read", w.db.View(w.t.Context(), func(tx store.Tx) error {
		found = nil
		for item, err := range sent.Prefix(tx, "", 1000) {
			if err != nil {
				return err
			}
			if found == nil || !item.Doc.CreatedAt.Before(found.CreatedAt) {
				found = item.Doc
			}
		}
		return nil
	}))
	return found
}

// How far a code has come is shown as its gateway says, and as expired when its time is over and nobody has said more.
func TestHowFarACodeHasCome(t *testing.T) {
	for state, late := range map[auth.Delivery]auth.Delivery{
		auth.Queued: auth.Expired, auth.Accepted: auth.Expired,
		auth.Delivered: auth.Delivered, auth.Failed: auth.Failed,
	} {
		t.Run(string(state), func(t *testing.T) {
			w := newWorld(t)
			ctx := t.Context()
			c := owner(w).byKey("home")
			ch, err := w.s.BindBegin(ctx, c, textTo("+8613800138007"))
			ok(t, "begin", err)
			began := w.time()
			accepted := auth.Outcome{State: auth.Accepted, Gateway: "g", Reference: "r"}
			w.pass(2 * time.Second)
			for _, m := range w.leased() {
				switch state {
				case auth.Queued:
					continue
				case auth.Accepted:
					ok(t, "settle", w.s.Settle(ctx, m.ID, accepted))
				default:
					ok(t, "settle", w.s.Settle(ctx, m.ID, accepted))
					w.pass(2 * time.Second)
					ok(t, "receipt", w.s.Receipt(ctx, "g", "r", state, "why"))
				}
			}
			for _, other := range []auth.Delivery{auth.Queued, auth.Accepted, auth.Expired} {
				ok(t, "a receipt that says nothing final", w.s.Receipt(ctx, "g", "r", other, ""))
				ok(t, "of a message that is unknown", w.s.Receipt(ctx, "g", "nothing", other, ""))
			}
			look := func() *auth.DeliveryInfo {
				t.Helper()
				again, err := w.s.Challenge(ctx, c, auth.ForBind, ch.Ceremony)
				ok(t, "look", err)
				return again.Delivery
			}
			d := look()
			changed := map[auth.Delivery]time.Duration{auth.Queued: 0, auth.Accepted: 2 * time.Second}
			at, early := changed[state]
			if !early {
				at = 4 * time.Second
				if m := w.newestSent(); m.Reason != "why" {
					t.Errorf("got the reason %q kept, want the gateway's", m.Reason)
				}
			}
			if d.State != state || !d.ChangedAt.Equal(began.Add(at)) || !d.ResendAt.Equal(began.Add(30*time.Second)) {
				t.Errorf("at once: got %+v, want %s since %v after it began", d, state, at)
			}
			w.pass(began.Add(5*time.Minute - tick).Sub(w.time()))
			if d := look(); d.State != state {
				t.Errorf("in its last second: got %s, want %s", d.State, state)
			}
			w.pass(tick)
			if d := look(); d.State != late {
				t.Errorf("when its time is over: got %s, want %s", d.State, late)
			}
		})
	}
}

// A ceremony that sent nothing, or whose message is gone, says nothing of one and goes on.
func TestAChallengeWithoutAMessage(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	byText := w.begun(caller("home"), bySMS)
	flow := w.signIn(caller("home"), sellerMail).Ceremony
	byKey, err := w.s.SignInBegin(t.Context(), caller("home"), flow, byKey)
	ok(t, "begin", err)
	w.mail()
	w.lose("sent")
	for what, ceremony := range map[string]string{"by a key": byKey.Ceremony, "by a text": byText.Ceremony} {
		again, err := w.s.Challenge(t.Context(), caller("home"), auth.ForSignIn, ceremony)
		ok(t, what, err)
		if again.Delivery != nil || len(again.Methods) != 2 {
			t.Errorf("%s: got %+v, want both methods and no message", what, again)
		}
	}
	ok(t, "the key", w.finish(caller("home"), byKey, touch(t, o.stick, byKey))())
}

// What a page that asks for a step-up is told: whether all is shown, and whether a weaker method makes a removal wait.
func TestWhatAStepUpIsAskedFor(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	w.stepUpBy(o)
	device := func() string {
		info, err := w.s.Security(t.Context(), o.owner)
		ok(t, "overview", err)
		for _, m := range info.Methods {
			if m.ID == o.key {
				return m.Device
			}
		}
		return ""
	}()
	for name, c := range map[string]struct {
		by          auth.MethodChoice // shown just before
		action      auth.Action
		target      string
		done, waits bool
		methods     int
	}{
		"a name, by a text":               {bySMS, auth.ActRename, "", true, false, 2},
		"a number, by a text":             {bySMS, auth.ActContact, "", false, false, 1},
		"a password, by a text":           {bySMS, auth.ActNewPassword, "", false, false, 1},
		"a removal, by a text":            {bySMS, auth.ActRemove, o.key, false, true, 2},
		"a device that is lost, by text":  {bySMS, auth.ActLose, device, false, true, 2},
		"a removal, by the key":           {byKey, auth.ActRemove, o.key, true, false, 2},
		"a device that is lost, by a key": {byKey, auth.ActLose, device, true, false, 2},
		"a number is removed, by a text":  {bySMS, auth.ActRemove, o.phone.Authenticator.ID, true, false, 2},
		"what demands nothing":            {auth.MethodChoice{}, auth.ActEndSession, "", true, false, 2},
		"nothing shown":                   {auth.MethodChoice{}, auth.ActRemove, o.key, false, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w.pass(time.Hour)
			if c.by.Kind != "" {
				w.step(o, c.by)
			}
			info, err := w.s.StepUp(t.Context(), o.owner, c.action, c.target)
			ok(t, "ask", err)
			if info.Done != c.done || info.Waits != c.waits || len(info.Methods) != c.methods ||
				c.waits != info.Due.Equal(w.time().Add(day)) {
				t.Errorf("got %+v, want done %v, waits %v, %d methods", info, c.done, c.waits, c.methods)
			}
		})
	}
}

// stepUpBy gives the owner a session by the key.
func (w *world) stepUpBy(o *waiting) { o.owner = o.byKey("home") }

// step takes a step-up in the owner's session.
func (w *world) step(o *waiting, m auth.MethodChoice) {
	w.t.Helper()
	ch, err := w.s.StepUpBegin(w.t.Context(), o.owner, auth.ActRename, "", m)
	ok(w.t, "begin", err)
	var answer []byte
	if m.Kind == auth.WebAuthn {
		answer = touch(w.t, o.stick, ch)
	} else {
		code, _ := w.code(auth.SMS)
		answer = code
	}
	done, err := w.s.StepUpFinish(w.t.Context(), o.owner, ch.Ceremony, slices.Clone(answer))
	ok(w.t, "step up", err)
	o.owner.Token = done.Token
}

// A receipt that nothing is known of is to come again while a message is under way, whose reference may come yet;
// else it is about somebody else's message.
func TestAReceiptThatNothingIsKnownOf(t *testing.T) {
	w := newWorld(t)
	unknown := func() error { return w.s.Receipt(t.Context(), "g", "somebody else's", auth.Delivered, "") }
	ok(t, "with an empty outbox", unknown())
	ok(t, "sign up", lastErr(w.s.SignUp(t.Context(), caller("home"), sellerMail)))
	ok(t, "with one that waits", unknown())
	m := w.leased()[0]
	wantCode(t, "with one under way", unknown(), auth.Unavailable)
	ok(t, "taken", w.s.Settle(t.Context(), m.ID, auth.Outcome{State: auth.Accepted, Gateway: "g", Reference: "r"}))
	ok(t, "with none any more", unknown())
}

// Whoever has the store to himself takes back at once what a deliverer had who is gone; what waits for later waits on.
func TestWhatWasUnderWayAtTheEndIsTakenBack(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for _, email := range []string{sellerMail, "other@example.com"} {
		ok(t, "sign up", lastErr(w.s.SignUp(ctx, caller("home"), email)))
	}
	list := w.leased()
	ok(t, "busy", w.s.Settle(ctx, list[1].ID, auth.Outcome{State: auth.Queued, NextAt: w.time().Add(time.Hour)}))
	if again := w.leased(); len(again) > 0 {
		t.Fatalf("got %d leased twice", len(again))
	}
	ok(t, "a new start", w.s.Reclaim(ctx))
	if again := w.leased(); len(again) != 1 || again[0].ID != list[0].ID {
		t.Errorf("after a new start: got %+v, want the one that was under way", again)
	}
}
