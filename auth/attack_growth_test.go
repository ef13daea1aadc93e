package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// What one account may keep is bounded, so that ending all of it ends all of
// it: a thief cannot hide a session or a trusted browser behind hundreds.
func TestSessionsAndBrowsersAreBounded(t *testing.T) {
	w := newWorld(t)
	o := virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true}
	browser, _, owner := w.withKey("seller@example.com", phoneIndex, o, auth.Passkey)
	ctx := t.Context()
	var last auth.Caller
	for i := range 110 {
		w.pass(time.Second)
		c := caller(fmt.Sprint("browser ", i))
		ch, err := w.s.SignInKeyFirst(ctx, c, auth.KeyFirstForm{})
		ok(t, "begin", err)
		done, err := w.s.SignInFinish(ctx, c, ch.Ceremony, touch(t, browser, ch))
		ok(t, "finish", err)
		last = with(c, done.Token)
	}
	list, err := w.s.Sessions(ctx, last)
	ok(t, "sessions", err)
	if len(list) < 80 || len(list) > 100 { // at 100 they are cut to 80
		t.Errorf("sessions: got %d, want 80 to 100", len(list))
	}
	_, err = w.s.Me(ctx, owner)
	wantCode(t, "the one that was longest unused", err, auth.SessionEnded)
	known, err := w.s.Browsers(ctx, last)
	ok(t, "browsers", err)
	if len(known) != 100 {
		t.Errorf("browsers: got %d, want 100", len(known))
	}
	ok(t, "forget all", w.s.ForgetBrowser(ctx, last, ""))
	known, err = w.s.Browsers(ctx, last)
	ok(t, "browsers", err)
	if len(known) != 0 {
		t.Errorf("browsers after all were forgotten: got %d, want none", len(known))
	}
}
