package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// The second step is switched off by an act of the service itself that is in the trail, and by no other: no demand on a
// person is enough for it.
func TestWhoSwitchesTheSecondStepOff(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	me, err := w.s.Me(ctx, o.byKey("home"))
	ok(t, "who", err)
	strongly := auth.Demand{Class: auth.Strong, MaxAge: 10 * time.Minute}
	door, err := auth.Register(w.s, auth.Part{Name: "cases", Rules: map[auth.Action]auth.Rule{
		"case-done": {Who: auth.System, Audit: true}, "case-unseen": {Who: auth.System},
		"case-mine": {Who: auth.Enrolled, Demand: strongly, Audit: true}, "case-any": {Who: auth.Anyone, Audit: true},
	}})
	ok(t, "a part", err)
	off := func(a auth.Action, c auth.Caller) error {
		return door.Do(ctx, c, a, func(p *auth.Work) error {
			return p.SwitchOffSecondStep(me.Account, auth.SwitchOff{CoolOff: time.Hour})
		})
	}
	for a, c := range map[auth.Action]auth.Caller{"case-unseen": door.Staff(auth.Caller{}, "ann"), "case-mine": o.byKey("home"),
		"case-any": {}} {
		if err := off(a, c); err == nil || strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: got %v, want a failure", a, err)
		}
	}
	wantCode(t, "a seller as the service", off("case-done", o.byKey("home")), auth.Forbidden)
	if len(o.overview().Methods) == 0 {
		t.Fatal("got the second step off, want it on")
	}
	session := o.byKey("home")
	ok(t, "switch it off", off("case-done", door.Staff(auth.Caller{}, "ann")))
	wantCode(t, "a session of before", lastErr(w.s.Me(ctx, session)), auth.SessionEnded)
	wantCode(t, "the old password", lastErr(w.s.SignIn(ctx, auth.Caller{}, auth.SignInForm{Identifier: sellerMail,
		Password: password})), auth.SignInRefused)
}

// Switching the second step off may move an account to another address: to its own again, and to none that somebody
// else has.
func TestWhereARecoveredAccountMoves(t *testing.T) {
	for to, want := range map[ident.Email]auth.Code{sellerMail: "", "new@example.com": "", "other@example.com": auth.AccountExists} {
		w := newWorld(t)
		o := owner(w)
		w.seller("other@example.com", "+8613900139000")
		me, err := w.s.Me(t.Context(), o.byKey("home"))
		ok(t, "who", err)
		door, err := auth.Register(w.s, auth.Part{Name: "cases", Rules: map[auth.Action]auth.Rule{
			"case-done": {Who: auth.System, Audit: true}}})
		ok(t, "a part", err)
		err = door.Do(t.Context(), door.Staff(auth.Caller{}, "ann"), "case-done", func(p *auth.Work) error {
			return p.SwitchOffSecondStep(me.Account, auth.SwitchOff{Email: to, CoolOff: time.Hour})
		})
		if want != "" {
			wantCode(t, string(to), err, want)
			continue
		}
		ok(t, string(to), err)
		if got := auth.ReadAccount(t, w.s, me.Account, nil).Email; got != to {
			t.Errorf("got the address %s, want %s", got, to)
		}
	}
}

// What the staff see of an account counts the sessions by which somebody can act: none that is over, or was replaced.
func TestStandingCountsLiveSessions(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	me, err := w.s.Me(t.Context(), c)
	ok(t, "who", err)
	door, err := auth.Register(w.s, auth.Part{Name: "cases", Rules: map[auth.Action]auth.Rule{
		"case-see": {Who: auth.System, Audit: true}}})
	ok(t, "a part", err)
	want := func(what string, n int) {
		t.Helper()
		x, err := auth.Do(t.Context(), door, door.Staff(auth.Caller{}, "ann"), "case-see",
			func(p *auth.Work) (*auth.Standing, error) { return p.Standing(me.Account) })
		ok(t, what, err)
		if x.Sessions != n {
			t.Errorf("%s: got %d sessions, want %d", what, x.Sessions, n)
		}
	}
	want("after enrolling, which replaced the first", 1)
	w.pass(time.Minute)
	away := caller("away")
	away = with(away, w.second(away, w.signIn(away, sellerMail), secret).Token)
	want("another browser", 2)
	ok(t, "signing out", w.s.SignOut(t.Context(), away))
	want("signed out", 1)
	w.pass(31 * day)
	want("a month later", 0)
}

// An act that is about somebody twice is in his history once, and in the actor's own as his.
func TestAnActIsNotedOnceForWhomItIsAbout(t *testing.T) {
	w := newWorld(t)
	x := w.stall()
	_, c := w.enrolled(sellerMail, sellerNumber)
	_, other := w.enrolled("other@example.com", "+8613900139000")
	mine, err := w.s.Me(t.Context(), c)
	ok(t, "who", err)
	his, err := w.s.Me(t.Context(), other)
	ok(t, "the other", err)
	ok(t, "an act", x.door.Do(t.Context(), c, actOffer, func(p *auth.Work) error {
		for _, id := range []auth.AccountID{his.Account, mine.Account, his.Account} {
			p.NoteFor(id)
		}
		return nil
	}))
	for who, c := range map[string]auth.Caller{"whom it is about": other, "who did it": c} {
		list, err := w.s.History(t.Context(), c, "", auth.MaxHistory)
		ok(t, who, err)
		n := 0
		for _, e := range list.Events {
			if e.Action == actOffer {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s: got the act %d times in his history, want once", who, n)
		}
	}
}
