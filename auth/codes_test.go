package auth_test

import (
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
