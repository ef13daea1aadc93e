package auth_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

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
