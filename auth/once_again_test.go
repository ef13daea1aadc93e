package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A repeat is an act that got a session, or was done in one, what happens within the ten seconds after it, and what the
// same request says then.
type repeat struct {
	first func() error
	then  func()
	again func() error
	want  auth.Code
}

// fromKey signs in by the key in the owner's browser, as a request of one body.
func (o *waiting) fromKey() func() error {
	home := asked(caller("home"), "body")
	ch := o.begun(caller("home"), byKey)
	answer := touch(o.t, o.stick, ch)
	return func() error {
		done, err := o.s.SignInFinish(o.t.Context(), home, ch.Ceremony, answer)
		if err == nil {
			o.owner = with(caller("home"), done.Token)
		}
		return err
	}
}

// raised takes a step-up by the key, as a request of one body.
func (o *waiting) raised(c auth.Caller) func(auth.Caller) error {
	ch, err := o.s.StepUpBegin(o.t.Context(), c, auth.ActRename, "", byKey)
	ok(o.t, "begin a step-up", err)
	answer := touch(o.t, o.stick, ch)
	return func(c auth.Caller) error {
		done, err := o.s.StepUpFinish(o.t.Context(), asked(c, "step-up"), ch.Ceremony, answer)
		if err == nil {
			o.owner = with(caller("home"), done.Token)
		}
		return err
	}
}

const overByTime = "its session is over by time"

// repeats are the ways in which a success stops being had again before its time is over.
func repeats() map[string]func(*world) repeat {
	return map[string]func(*world) repeat{
		"its session was signed out": func(w *world) repeat {
			o := owner(w)
			finish := o.fromKey()
			out := func() { ok(w.t, "out", w.s.SignOut(w.t.Context(), o.owner)) }
			return repeat{finish, out, finish, auth.CeremonyUsed}
		},
		"its session was raised since": func(w *world) repeat {
			o := owner(w)
			finish := o.fromKey()
			return repeat{finish, func() { ok(w.t, "raise", o.raised(o.owner)(o.owner)) }, finish, auth.CeremonyUsed}
		},
		overByTime: func(w *world) repeat {
			o := owner(w)
			finish := o.fromKey()
			return repeat{finish, func() { w.pass(5 * time.Second) }, finish, auth.CeremonyUsed}
		},
		"another session asks in the same browser": func(w *world) repeat {
			o := owner(w)
			c := o.owner
			step := o.raised(c)
			var other auth.Caller
			return repeat{func() error { return step(c) }, func() { other = o.byKey("home") },
				func() error { return step(other) }, auth.CeremonyUsed}
		},
		"another account asks in the same browser": func(w *world) repeat {
			_, a := w.enrolled(sellerMail, sellerNumber)
			_, b := w.enrolled("second@example.com", "+8613800138002")
			codes := func(c auth.Caller) error { return lastErr(w.s.RecoveryCodes(w.t.Context(), asked(c, "body"))) }
			return repeat{func() error { return codes(a) }, func() {},
				func() error { return codes(b) }, auth.CeremonyUsed}
		},
		"its time ends while it is looked for": func(w *world) repeat {
			p := pressEndSession(w)
			press := func() error { return lastErr(p.act2(asked(p.c, "body"))) }
			return repeat{press, func() {
				w.pass(9 * time.Second)
				w.between.before(1, func() { w.pass(time.Second) })
			}, press, auth.CeremonyUsed}
		},
		"it was no success": func(w *world) repeat {
			o := owner(w)
			ch := o.begun(caller("home"), byKey)
			press := func() error {
				return lastErr(w.s.SignInFinish(w.t.Context(), asked(caller("home"), "body"), ch.Ceremony,
					wrongAnswer(auth.WebAuthn)))
			}
			return repeat{func() error {
				if press() == nil {
					w.t.Error("a wrong answer was accepted")
				}
				return nil
			}, func() {}, press, auth.CeremonyUsed}
		},
	}
}

// act2 is act without the token.
func (p pressed) act2(c auth.Caller) (any, error) {
	_, answer, err := p.act(c)
	return answer, err
}

// A success is had again by its own session alone, and as long as that is what it was then.
func TestASuccessIsHadAgainByItsOwnSession(t *testing.T) {
	for name, prepare := range repeats() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *auth.Config) {
				if name == overByTime {
					c.Policy.SessionShort = 5 * time.Second
				}
			})
			r := prepare(w)
			ok(t, "the first", r.first())
			before, _ := w.stored()
			r.then()
			wantCode(t, "the same request", r.again(), r.want)
			if after, _ := w.stored(); after["authenticator"] != before["authenticator"] {
				t.Errorf("got %v, before %v, want nothing granted", after, before)
			}
		})
	}
}

// Eight times, and each time the session has one token more: the last one opens it.
func TestASuccessIsHadAgainEightTimes(t *testing.T) {
	for name, prepare := range presses() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := prepare(w)
			if !p.fresh {
				return
			}
			tokens := map[string]bool{}
			last := ""
			for range 9 {
				got, _, err := p.act(asked(p.c, "body"))
				ok(t, "the same request", err)
				tokens[got] = true
				last = got
			}
			if len(tokens) != 9 {
				t.Errorf("got %d tokens, want nine different ones", len(tokens))
			}
			_, _, err := p.act(asked(p.c, "body"))
			wantCode(t, "the ninth repeat", err, auth.CeremonyUsed)
			ok(t, "the last token", lastErr(w.s.Me(t.Context(), with(p.c, last))))
		})
	}
}

// A sweep in between takes nothing away, and a program, which has no cookie, is done what it asks each time.
func TestASuccessOutlastsASweep(t *testing.T) {
	w := newWorld(t)
	p := pressEndSession(w)
	press := func(c auth.Caller) error {
		_, _, err := p.act(asked(c, "body"))
		return err
	}
	ok(t, "the first", press(p.c))
	w.pass(5 * time.Second)
	ok(t, "sweep", w.s.Sweep(t.Context()))
	w.pass(4 * time.Second)
	ok(t, "the same request", press(p.c))
	w.pass(time.Second)
	wantCode(t, "after ten seconds", press(p.c), auth.NotFound)

	w = newWorld(t)
	o := owner(w)
	done := with(caller(""), o.byKey("").Token)
	other, err := w.s.Me(t.Context(), o.byKey("elsewhere"))
	ok(t, "another session", err)
	end := func() error { return w.s.EndSession(t.Context(), asked(done, "body"), other.Session.ID) }
	ok(t, "a program", end())
	wantCode(t, "the same request of a program", end(), auth.NotFound)
}
