package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// idenplane #407: a step-up is believed for its signature, not for its fields.
func TestStepUpChecksTheSignature(t *testing.T) {
	w := newWorld(t)
	browser, _, c := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	ctx := t.Context()
	w.pass(time.Hour)
	ch, err := w.s.StepUpBegin(ctx, c, auth.ActRename, "", auth.MethodChoice{Kind: auth.WebAuthn})
	ok(t, "begin", err)
	good := string(touch(t, browser, ch))
	at := strings.Index(good, `"signature":"`) + len(`"signature":"`) + 20
	other := byte('A')
	if good[at] == 'A' {
		other = 'B'
	}
	_, err = w.s.StepUpFinish(ctx, c, ch.Ceremony, []byte(good[:at]+string(other)+good[at+1:]))
	if err == nil {
		t.Fatal("a step-up with another signature was believed")
	}
	info, err := w.s.StepUp(ctx, c, auth.ActRename, "")
	ok(t, "ask", err)
	if info.Done {
		t.Error("a forged step-up counts")
	}
}

// A mistyped action, and one of the service's own, is no action: the answer "all is shown" would let a caller through
// who asks for what he thinks is guarded.
func TestStepUpKnowsItsActions(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	for _, a := range []auth.Action{"", "no-such-action", auth.ActDeliver, auth.ActSweep} {
		_, err := w.s.StepUp(t.Context(), c, a, "")
		wantCode(t, "ask about "+string(a), err, auth.NotFound)
		_, err = w.s.StepUpBegin(t.Context(), c, a, "", auth.MethodChoice{Kind: auth.TOTP})
		wantCode(t, "begin for "+string(a), err, auth.NotFound)
	}
}
