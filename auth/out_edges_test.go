package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// weakly signs in with the password and a text, as the form says.
func (k *keyed) weakly(c auth.Caller, f auth.SignInForm) auth.Caller {
	k.t.Helper()
	k.mail()
	info, err := k.s.SignIn(k.t.Context(), c, f)
	ok(k.t, "sign in", err)
	ch, err := k.s.SignInBegin(k.t.Context(), c, info.Ceremony, choice(info, auth.Phone))
	ok(k.t, "begin", err)
	done, err := k.s.SignInFinish(k.t.Context(), c, ch.Ceremony, k.right(auth.Phone))
	ok(k.t, "sign in by text", err)
	return with(c, done.Token)
}

// Who says "it was me" with something weak must say it in a browser that the account knew before: neither on a shared
// computer nor by a program is there one. Where nothing was counted there is nothing to forgive, and it costs nothing.
func TestItWasMeNeedsAKnownBrowser(t *testing.T) {
	f := auth.SignInForm{Identifier: target, Password: password}
	shared := f
	shared.Shared = true
	for name, c := range map[string]struct {
		browser string
		form    auth.SignInForm
		slips   int
		want    auth.Code
	}{
		"on a shared computer":           {"cafe", shared, 5, auth.TooWeak},
		"by a program":                   {"", f, 5, auth.TooWeak},
		"in a browser that is known":     {"shop", f, 5, ""},
		"after one slip":                 {"cafe", shared, 1, auth.TooWeak},
		"nothing counted":                {"cafe", shared, 0, ""},
		"nothing counted, by a program":  {"", f, 0, ""},
		"nothing counted, known browser": {"shop", f, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeyed(t)
			session := k.weakly(caller(c.browser), c.form)
			k.slip(auth.TOTP, c.slips)
			says(t, "it was me", k.s.ItWasMe(t.Context(), session), c.want)
			info, err := k.s.Security(t.Context(), session)
			ok(t, "overview", err)
			if out := c.slips == 5 && c.want != ""; info.PasswordOut != out {
				t.Errorf("the password is out: got %v, want %v", info.PasswordOut, out)
			}
		})
	}
}

// A key that a stranger shows after the password was found out signs him in, and forgives nothing: only a new password
// does, or the owner's word.
func TestAKeyForgivesNoPasswordThatIsOut(t *testing.T) {
	k := newKeyed(t)
	late := behind("late", "203.0.113.9")
	ch, err := k.begin(late, auth.WebAuthn)
	ok(t, "begun before", err)
	k.slip(auth.TOTP, 5)
	ok(t, "the key", k.finish(late, ch, touch(t, k.stick, ch))())
	wantCode(t, "another stranger", k.steps(behind("later", "198.18.0.1"), auth.TOTP, true), auth.MailCodeNeeded)
}

// A strong proof counts for the owner's word as long as for a removal, to the second.
func TestItWasMeBehindAStrongProof(t *testing.T) {
	for age, want := range map[time.Duration]auth.Code{
		10 * time.Minute: "", 10*time.Minute + tick: auth.StepUpRequired,
	} {
		k := newKeyed(t)
		f := auth.SignInForm{Identifier: target, Password: password, Shared: true}
		c := caller("cafe")
		info, err := k.s.SignIn(t.Context(), c, f)
		ok(t, "sign in", err)
		ch, err := k.s.SignInBegin(t.Context(), c, info.Ceremony, byKey)
		ok(t, "begin", err)
		done, err := k.s.SignInFinish(t.Context(), c, ch.Ceremony, touch(t, k.stick, ch))
		ok(t, "sign in by the key", err)
		at := k.time()
		k.slip(auth.TOTP, 5)
		k.pass(at.Add(age).Sub(k.time()))
		says(t, "it was me, after "+age.String(), k.s.ItWasMe(t.Context(), with(c, done.Token)), want)
	}
}
