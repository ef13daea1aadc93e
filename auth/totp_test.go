package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Hanko #2723: a code of the app counts once, for whatever purpose it is shown.
func TestAppCodeIsNotReplayed(t *testing.T) {
	w := newWorld(t)
	secret, owner := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	_, err := w.s.StepUpBegin(ctx, owner, auth.ActRename, "", auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin", err)
	info := w.signIn(caller("elsewhere"), "seller@example.com")
	ch, err := w.s.SignInBegin(ctx, caller("elsewhere"), info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin", err)
	_, err = w.s.SignInFinish(ctx, caller("elsewhere"), ch.Ceremony, w.app(secret))
	wantCode(t, "the code that enrolled the app", err, auth.CodeUsed)
	w.pass(31 * time.Second)
	seen := w.app(secret)
	_, err = w.s.SignInFinish(ctx, caller("elsewhere"), ch.Ceremony, seen)
	ok(t, "a fresh code", err)
	up, err := w.s.StepUpBegin(ctx, owner, auth.ActRename, "", auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin a step-up", err)
	_, err = w.s.StepUpFinish(ctx, owner, up.Ceremony, seen)
	wantCode(t, "the code of the sign-in, for a step-up", err, auth.CodeUsed)
}
