package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
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
