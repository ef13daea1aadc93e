package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A parting is a part, in small, that has something wait for its callers.
type parting struct {
	*waiting
	door *auth.Door
	c    auth.Caller    // who has begun it
	of   auth.AccountID // whose account it waits for
	id   string
	bars bool // it is in the way of the end of an account
}

func parts(t *testing.T) *parting {
	t.Helper()
	w := newWorld(t)
	o := owner(w)
	best := auth.Rule{Who: auth.Enrolled, Demand: auth.Demand{Class: auth.Best, MaxAge: 10 * time.Minute}, Audit: true,
		Change: true}
	unseen, weak := best, best
	unseen.Audit, weak.Demand.Class = false, auth.Weak
	unchanged := best
	unchanged.Change = false
	x := &parting{waiting: o, of: w.numberOf(sellerNumber)}
	door, err := auth.Register(w.s, auth.Part{Name: "parting", MayClose: x.mayClose, Rules: map[auth.Action]auth.Rule{"part-begin": best,
		"part-unseen": unseen, "part-weak": weak, "part-unchanged": unchanged, "part-look": {},
		"part-stop": {Who: auth.Enrolled, Audit: true}, "part-done": {Who: auth.System, Audit: true}}})
	ok(t, "a part", err)
	x.door, x.c = door, o.byKey("home")
	w.pass(time.Minute)
	w.mail()
	return x
}

// mayClose is auth.Part.MayClose.
func (x *parting) mayClose(*auth.Work, auth.AccountID) error {
	if x.bars {
		return auth.Refuse(auth.AccountDisputed)
	}
	return nil
}

func (x *parting) begin(a auth.Action, c auth.Caller) error {
	return x.door.Do(x.t.Context(), c, a, func(p *auth.Work) (err error) {
		x.id, err = p.BeginWait(auth.Wait{What: "hand-over", Item: "Blue shop", Due: p.Now().Add(day)})
		if err != nil {
			return err
		}
		return p.NotifyWait(x.of, x.id, auth.TemplateMove, map[string]string{"shop": "Blue shop"}, true)
	})
}

// waits reports whether it still waits.
func (x *parting) waits() (waits bool) {
	x.t.Helper()
	ok(x.t, "look", x.door.Do(x.t.Context(), auth.Caller{}, "part-look", func(p *auth.Work) (err error) {
		waits, err = p.Waits(x.of, x.id)
		return err
	}))
	return waits
}

// in is a pass of the service itself.
func (x *parting) in(act func(*auth.Work) error) error {
	return x.door.Do(x.t.Context(), x.door.Operator("x"), "part-done", act)
}

// Only an act that is audited and asks for the best fresh proof has something wait.
func TestWhoHasSomethingWait(t *testing.T) {
	x := parts(t)
	for _, a := range []auth.Action{"part-unseen", "part-weak", "part-unchanged"} {
		if err := x.begin(a, x.c); err == nil || strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: got %v, want a failure", a, err)
		}
	}
	wantCode(t, "behind a text, where there is a key", x.begin("part-begin", x.byText("shop")), auth.TooWeak)
	x.mail()
	ok(t, "behind the key", x.begin("part-begin", x.c))
	x.hears("begun", "email "+sellerMail+": contact-move", "sms "+sellerNumber+": contact-move")
	info, err := x.s.Security(t.Context(), x.c)
	ok(t, "overview", err)
	if len(info.Changes) != 1 || info.Changes[0].What != "hand-over" || info.Changes[0].Item != "Blue shop" ||
		len(info.Changes[0].Methods) != 0 {
		t.Errorf("got %+v among what waits", info.Changes)
	}
}

// What a part has begun falls with everything that a change falls with that waits, and with nothing else; it never
// comes due by itself, and its part moves and ends it.
func TestWhatEndsAWait(t *testing.T) {
	press := func(x *parting) error {
		link := token(x.lastMail(auth.TemplateMove).Args["undo"])
		if info, err := x.s.LookUndo(x.t.Context(), auth.Caller{}, link); err != nil || info.What != "hand-over" {
			x.t.Errorf("the link: got %+v, %v", info, err)
		}
		return lastErr(x.s.Undo(x.t.Context(), caller("mail"), link))
	}
	for name, c := range map[string]struct {
		act   func(*parting) error
		stays bool
	}{
		"the link in the notice": {press, false},
		"in the settings, by who asked": {func(x *parting) error {
			return x.s.CancelChange(x.t.Context(), x.c, x.id)
		}, false},
		"in the settings, by another session": {func(x *parting) error {
			return x.s.CancelChange(x.t.Context(), x.byKey("desk"), x.id)
		}, false},
		"a new password": {func(x *parting) error {
			_, err := x.s.ChangePassword(x.t.Context(), x.byKey("desk"), password, newPassword)
			return err
		}, false},
		"the end of the session that asked": {func(x *parting) error { return x.s.SignOut(x.t.Context(), x.c) }, false},
		"the end of the other sessions": {func(x *parting) error {
			return x.s.EndOtherSessions(x.t.Context(), x.byKey("desk"))
		}, false},
		"the method that it had shown": {func(x *parting) error {
			c := x.byKey("desk")
			_, c = x.addKey(c, stick(x.t, virtual.Options{}), auth.SecurityKey, "Red key")
			return lastErr(x.s.Remove(x.t.Context(), c, x.key))
		}, false},
		"its part": {func(x *parting) error {
			return x.in(func(p *auth.Work) error { return p.EndWait(x.of, x.id) })
		}, false},
		"the account is switched off": {func(x *parting) error {
			return x.in(func(p *auth.Work) error { return p.Freeze(x.of) })
		}, false},
		"a restored backup": {func(x *parting) error {
			return lastErr(x.s.Restored(x.t.Context(), false))
		}, false},
		"the end of another session": {func(x *parting) error {
			return x.s.SignOut(x.t.Context(), x.byKey("desk"))
		}, true},
		"that session has run out": {func(x *parting) error {
			x.pass(13 * time.Hour)
			return nil
		}, true},
		"it comes due, and its part does nothing": {func(x *parting) error {
			x.pass(2 * day)
			return x.s.Sweep(x.t.Context())
		}, true},
		"long after that": {func(x *parting) error {
			x.pass(4 * day)
			return x.s.Sweep(x.t.Context())
		}, false},
		"it is put off": {func(x *parting) error {
			err := x.in(func(p *auth.Work) error {
				return p.MoveWait(x.of, auth.Wait{ID: x.id, What: "hand-over-asked", Due: p.Now().Add(3 * day)})
			})
			x.pass(4 * day)
			ok(x.t, "sweep", x.s.Sweep(x.t.Context()))
			return err
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := parts(t)
			ok(t, "begin", x.begin("part-begin", x.c))
			if !x.waits() {
				t.Fatal("it does not wait")
			}
			ok(t, name, c.act(x))
			if got := x.waits(); got != c.stays {
				t.Errorf("got it wait %v, want %v", got, c.stays)
			}
		})
	}
}

// Somebody who stops it by the link says that another one had a session of his: all end, and nothing is begun anew for
// a day. Whoever stops his own may begin at once; after another session's, he waits.
func TestAfterAWaitWasStopped(t *testing.T) {
	x := parts(t)
	ctx := t.Context()
	ok(t, "begin", x.begin("part-begin", x.c))
	ok(t, "stop his own", x.door.Do(ctx, x.c, "part-stop", func(p *auth.Work) error { return p.StopWait(x.id) }))
	ok(t, "begin again", x.begin("part-begin", x.c))
	ok(t, "another session stops it", x.s.CancelChange(ctx, x.byKey("desk"), x.id))
	wantCode(t, "begin then", x.begin("part-begin", x.c), auth.ChangePaused)
	x.pass(day)
	x.mail()
	c := x.byKey("till")
	ok(t, "a day later", x.begin("part-begin", c))
	link := token(x.lastMail(auth.TemplateMove).Args["undo"])
	ok(t, "not me", lastErr(x.s.Undo(ctx, caller("mail"), link)))
	wantCode(t, "the session", x.me(&c)(), auth.SessionEnded)
	wantCode(t, "the link again", lastErr(x.s.Undo(ctx, caller("mail"), link)), auth.LinkUsed)
	for what, act := range map[string]func(*auth.Work) error{
		"moving it":  func(p *auth.Work) error { return p.MoveWait(x.of, auth.Wait{ID: x.id}) },
		"telling it": func(p *auth.Work) error { return p.NotifyWait(x.of, x.id, auth.TemplateMove, nil, false) },
	} {
		wantCode(t, what, x.in(act), auth.NotFound)
	}
}
