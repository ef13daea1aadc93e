package auth_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A refused key leaves nothing behind: its device was never there.
func TestRefusedKeyLeavesNoDevice(t *testing.T) {
	w := newWorld(t)
	w.withKey("seller@example.com", sellerNumber, virtual.Options{Seed: []byte("one")}, auth.SecurityKey)
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

// Wrong codes of a binding are counted as those of a sign-in are: they tell what is left, they make wait, a hundred of
// them end it; and they lock no sign-in.
func TestWrongCodesOfABindingAreCountedAsAnyOther(t *testing.T) {
	w := newWorld(t, longFlows, func(c *auth.Config) { c.Policy.SessionIdle, c.Policy.SessionShort = 1000*time.Hour, 1000*time.Hour })
	ctx := t.Context()
	w.seller("seller@example.com", sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token)
	ch, err := w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.TOTP})
	ok(t, "begin", err)
	var prompt struct{ Secret string }
	ok(t, "prompt", json.Unmarshal(ch.Prompt, &prompt))
	finish := func(response json.RawMessage) error {
		_, err := w.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ch.Ceremony, Response: response})
		return err
	}
	for i := range 100 {
		e := wantCode(t, "a wrong code", finish(otherCode(w.app(prompt.Secret))), auth.CodeWrong)
		if want := strconv.Itoa(max(0, 4-i)); i < 5 && e.Args["n"] != want {
			t.Errorf("tries left after %d: got %q, want %s", i+1, e.Args["n"], want)
		}
		if i == 4 {
			if got := e.Until.Sub(w.time()); got != time.Minute {
				t.Errorf("after five: got a wait of %s told, want 1m", got)
			}
			wantCode(t, "a right code while it rests", finish(w.app(prompt.Secret)), auth.MethodResting)
		}
		if i >= 4 {
			w.pass(2 * time.Hour)
		}
	}
	wantCode(t, "a right code after a hundred wrong ones", finish(w.app(prompt.Secret)), auth.MethodDisabled)
}
