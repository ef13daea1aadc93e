package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// disable uses up the hundred guesses at a kind of code, as one who knows the
// password can in a known browser.
func (w *world) disable(c auth.Caller, email string, kind auth.Kind) {
	w.t.Helper()
	info := w.signIn(c, email)
	for range 100 {
		w.pass(2 * time.Hour)
		ch, err := w.s.SignInBegin(w.t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: kind})
		ok(w.t, "begin", err)
		if _, err = w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, typed("000000")); err == nil {
			w.t.Fatal("000000 was accepted")
		}
	}
	_, err := w.s.SignInBegin(w.t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: kind})
	wantCode(w.t, "after a hundred wrong codes", err, auth.MethodDisabled)
}

func longFlows(c *auth.Config) {
	c.Policy.SignInLife, c.Policy.CodeLife = 1000*time.Hour, 1000*time.Hour
}

// Who knows the password must not switch the second step off by guessing until
// it is disabled, and then enrol a method of his own.
func TestDisabledSecondStepIsStillASecondStep(t *testing.T) {
	w := newWorld(t, longFlows)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	_, err := w.s.RecoveryCodes(t.Context(), c)
	ok(t, "recovery codes", err)
	thief := caller("thief")
	w.disable(caller("home"), "seller@example.com", auth.TOTP)
	info := w.signIn(thief, "seller@example.com")
	if info.Step != auth.StepSecond || info.Token != "" {
		t.Errorf("with every method disabled: got step %s, want %s and no session", info.Step, auth.StepSecond)
	}
	if len(info.Methods) != 1 || info.Methods[0].Kind != auth.Lookup {
		t.Errorf("what is left: got %+v, want the recovery codes", info.Methods)
	}
}

// A copied key that was noticed must not open the account to its password alone.
func TestFrozenKeyIsStillASecondStep(t *testing.T) {
	w := newWorld(t)
	browser, _, _ := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	clone := *browser
	clone.Authenticators = []*virtual.Authenticator{browser.Authenticators[0].Clone()}
	c := caller("elsewhere")
	sign := func(b *virtual.Client) error {
		info := w.signIn(c, "seller@example.com")
		ch, err := w.s.SignInBegin(t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: auth.WebAuthn})
		ok(t, "begin", err)
		_, err = w.s.SignInFinish(t.Context(), c, ch.Ceremony, touch(t, b, ch))
		return err
	}
	ok(t, "the original", sign(browser))
	ok(t, "the original again", sign(browser))
	wantCode(t, "the copy, behind", sign(&clone), auth.KeyFrozen)
	if info := w.signIn(c, "seller@example.com"); info.Step != auth.StepSecond || info.Token != "" {
		t.Errorf("with the only key frozen: got step %s, want %s and no session", info.Step, auth.StepSecond)
	}
}

// GHSA-hp74-gm6m-2qm5: a strong method that was disabled by guessing does not
// make a text enough to add one.
func TestDisabledStrongMethodStillDemandsAStrongStep(t *testing.T) {
	w := newWorld(t, longFlows)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	w.addPhone(c, sellerNumber)
	ctx := t.Context()
	thief := caller("thief")
	w.disable(caller("home"), "seller@example.com", auth.TOTP)
	w.mail()
	info := w.signIn(thief, "seller@example.com")
	ch, err := w.s.SignInBegin(ctx, thief, info.Ceremony, auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS})
	ok(t, "begin", err)
	code, _ := w.code(auth.SMS)
	done, err := w.s.SignInFinish(ctx, thief, ch.Ceremony, code)
	ok(t, "a text that was caught", err)
	thief.Token = done.Token
	_, err = w.s.BindBegin(ctx, thief, auth.BindForm{Kind: auth.WebAuthn, Flavour: auth.SecurityKey})
	wantCode(t, "a key of the thief", err, auth.TooWeak)
	_, err = w.s.RecoveryCodes(ctx, thief)
	wantCode(t, "recovery codes", err, auth.TooWeak)
	_, err = w.s.ChangePassword(ctx, thief, password, "Another-Horse9")
	wantCode(t, "the password", err, auth.TooWeak)
}
