package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// TestKeysRotateUnderASite rotates the keys of the data between the two halves of a sign-in: who is signed in stays so,
// what was begun is finished, an address is found, and the audit trail says who asked.
func TestKeysRotateUnderASite(t *testing.T) {
	m := newMachine(t)
	secret, c := m.enrolled("wei@example.com", sellerNumber)
	m.pass(time.Minute)
	other := caller("another browser")
	begun := m.signIn(other, "wei@example.com")
	for want := 2; want <= 3; want++ {
		n, err := m.s.RotateKeys(t.Context(), "lin")
		ok(t, "rotating", err)
		if n != want || m.s.Roots() != want {
			t.Errorf("got %d keys, %d told, want %d", m.s.Roots(), n, want)
		}
	}
	_, err := m.s.Me(t.Context(), c)
	ok(t, "a session of before", err)
	m.second(other, begun, secret)
	m.pass(time.Minute)
	third := caller("a third")
	m.second(third, m.signIn(third, "wei@example.com"), secret)
	events := m.siteEvents(auth.ActRotateKeys)
	if len(events) != 2 || events[0].Who != "lin" || events[0].Item == "" || events[0].Item == events[1].Item {
		t.Errorf("the audit trail: got %+v, want two events by lin", events)
	}
	if _, _, err := m.s.VerifyAudit(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
