package auth_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Making new recovery codes removes the old ones, and with them what they
// opened elsewhere.
func TestNewRecoveryCodesEndWhatTheOldOnesOpened(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
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

// Codes are the way back to something: without another method that works none are made, and a site without them has
// none. What is answered says when, for whom, and once.
func TestWhereRecoveryCodesAreMade(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.Guesses.Limit = 3 })
	secret, c := w.enrolled(sellerMail, sellerNumber)
	set, err := w.s.RecoveryCodes(t.Context(), c)
	ok(t, "codes", err)
	if len(set.Codes) != 10 || !set.MadeAt.Equal(w.time()) || set.MaskedEmail != "s•••@example.com" {
		t.Errorf("got %+v", set)
	}
	file, err := w.s.CodesFile(t.Context(), c, set.Sealed)
	ok(t, "file", err)
	if !slices.Equal(file.Codes, set.Codes) || !file.MadeAt.Equal(set.MadeAt) || file.MaskedEmail != set.MaskedEmail {
		t.Errorf("file: got %+v, want %+v", file, set)
	}
	x := w.only(c, auth.Lookup)
	if !x.BoundAt.Equal(w.time()) || x.State != auth.Active || x.DeviceKind != auth.Paper || x.Left != 10 {
		t.Errorf("the set: got %+v", x)
	}
	ok(t, "a backup", lastErr(w.s.Restored(t.Context(), false)))
	w.pass(3 * time.Minute) // the codes of before are void
	c = with(c, w.second(c, w.signIn(c, sellerMail), secret).Token)
	wantCode(t, "the file after a restored backup", lastErr(w.s.CodesFile(t.Context(), c, set.Sealed)),
		auth.CeremonyVoid)
	for range 3 {
		_ = w.finish(caller("home"), w.begun(caller("home"), byApp), typed("000000"))()
	}
	before := w.documents("authenticator")
	wantCode(t, "beside an app that is switched off", lastErr(w.s.RecoveryCodes(t.Context(), c)), auth.MethodRefused)
	if w.documents("authenticator") != before {
		t.Error("refused: got the earlier set changed")
	}
	cfg := w.cfg
	without(auth.Lookup)(&cfg)
	s, err := auth.New(cfg)
	ok(t, "a site without codes", err)
	wantCode(t, "there", lastErr(s.RecoveryCodes(t.Context(), c)), auth.NoSuchMethod)
	w.pass(11 * time.Minute)
	commits := w.between.counted(func() {
		wantCode(t, "without a fresh step", lastErr(w.s.RecoveryCodes(t.Context(), c)), auth.StepUpRequired)
	})
	if commits != 1 {
		t.Errorf("without a fresh step: got %d commits, want that of the refusal", commits)
	}
}

// New codes end what the old ones opened elsewhere and nothing else: not the session that made them, by whatever it was
// opened, and none that another method opened.
func TestNewRecoveryCodesEndNothingElse(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	set, err := w.s.RecoveryCodes(t.Context(), c)
	ok(t, "make", err)
	shop, _ := w.at("shop", "Safari", secret)
	desk := caller("desk")
	ch := w.begun(desk, auth.MethodChoice{Kind: auth.Lookup})
	done, err := w.s.SignInFinish(t.Context(), desk, ch.Ceremony, typed(set.Codes[0]))
	ok(t, "a code", err)
	desk.Token = done.Token
	ok(t, "make again", lastErr(w.s.RecoveryCodes(t.Context(), desk)))
	ok(t, "the one that made them", w.me(&desk)())
	ok(t, "one by the app", w.me(&shop)())
}
