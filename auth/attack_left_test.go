package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A stranger who guesses passwords on and on fills nobody's history: what is
// not judged is not written.
func TestGuessesWhileLockedFillNoHistory(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", phoneIndex)
	for range 30 {
		_, err := w.s.SignIn(t.Context(), caller("stranger"), auth.SignInForm{Identifier: "seller@example.com",
			Password: "Wrong-Horse9"})
		wantCode(t, "a stranger", err, auth.SignInRefused)
	}
	h, err := w.s.History(t.Context(), c, "", 100)
	ok(t, "history", err)
	if n := count(h, auth.ActSignIn) - 1; n != 5 {
		t.Errorf("30 wrong passwords: got %d events, want the 5 that were judged", n)
	}
}

// A refused key leaves nothing behind: its device was never there.
func TestRefusedKeyLeavesNoDevice(t *testing.T) {
	w := newWorld(t)
	w.withKey("seller@example.com", phoneIndex, virtual.Options{Seed: []byte("one")}, auth.SecurityKey)
	ctx := t.Context()
	w.seller("other@example.com", "+8613800138001")
	c := with(caller("other"), w.signIn(caller("other"), "other@example.com").Token)
	_, c = w.enrolApp(c)
	for range 3 {
		ch, err := w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.WebAuthn, Flavour: auth.SecurityKey})
		ok(t, "begin", err)
		response, err := stick(t, virtual.Options{Seed: []byte("one")}).Create(publicKey(t, ch.Prompt))
		ok(t, "create", err)
		_, err = w.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ch.Ceremony, Response: response})
		wantCode(t, "a credential id of another account", err, auth.KeyExcluded)
	}
	info, err := w.s.Security(ctx, c)
	ok(t, "overview", err)
	for _, row := range info.Forecast {
		for _, d := range row.Lost {
			if d.Kind == auth.Stick {
				t.Fatalf("forecast: got a key that was refused, %+v", d)
			}
		}
	}
}

// Enrolment ends what somebody else with the password was waiting with.
func TestEnrolmentEndsOtherRestrictedSessions(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", phoneIndex)
	thief := with(caller("thief"), w.signIn(caller("thief"), "seller@example.com").Token)
	w.enrolApp(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token))
	_, err := w.s.Security(t.Context(), thief)
	wantCode(t, "a restricted session from before the enrolment", err, auth.SessionEnded)
}

// Making new recovery codes removes the old ones, and with them what they
// opened elsewhere.
func TestNewRecoveryCodesEndWhatTheOldOnesOpened(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", phoneIndex)
	ctx := t.Context()
	set, err := w.s.RecoveryCodes(ctx, c)
	ok(t, "make", err)
	thief := caller("thief")
	info := w.signIn(thief, "seller@example.com")
	ch, err := w.s.SignInBegin(ctx, thief, info.Ceremony, auth.MethodChoice{Kind: auth.Lookup})
	ok(t, "begin", err)
	done, err := w.s.SignInFinish(ctx, thief, ch.Ceremony, typed(set.Codes[3]))
	ok(t, "a code from the drawer", err)
	w.pass(time.Minute)
	_, err = w.s.RecoveryCodes(ctx, c)
	ok(t, "make again", err)
	_, err = w.s.Me(ctx, with(thief, done.Token))
	wantCode(t, "the session that the old codes opened", err, auth.SessionEnded)
	_, err = w.s.Me(ctx, c)
	ok(t, "the owner's own", err)
}
