package auth_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// restartWith goes on with the same store under another policy, or without a factor.
func (w *world) restartWith(change func(*auth.Config)) {
	w.t.Helper()
	change(&w.cfg)
	s, err := auth.New(w.cfg)
	ok(w.t, "start", err)
	w.s = s
}

// What the site takes no more is neither offered nor taken, and does not count as the other way in that a mailbox which
// resets must not be without.
func TestWhatTheSiteTakesNoMore(t *testing.T) {
	without := func(k auth.Kind) func(*auth.Config) {
		return func(c *auth.Config) {
			c.Factors = slices.DeleteFunc(slices.Clone(c.Factors), func(f auth.Factor) bool { return f.Kind() == k })
		}
	}
	for name, c := range map[string]struct {
		change func(*auth.Config)
		gone   auth.Kind
	}{
		"mailboxes by policy": {func(c *auth.Config) { c.Policy.EmailSecondStep = false }, auth.Email},
		"texts":               {without(auth.Phone), auth.Phone},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			secret, session := w.enrolled(sellerMail, sellerNumber)
			w.addPhone(session, sellerNumber)
			w.addMailbox(session, otherMail)
			w.pass(time.Hour)
			w.restartWith(c.change)
			info := w.signIn(caller("home"), sellerMail)
			is := func(m auth.MethodInfo) bool { return m.Kind == c.gone }
			if len(info.Methods) != 2 || slices.ContainsFunc(info.Methods, is) {
				t.Errorf("got %+v, want two methods and no %s", info.Methods, c.gone)
			}
			_, err := w.s.SignInBegin(t.Context(), caller("home"), info.Ceremony, auth.MethodChoice{Kind: c.gone})
			wantCode(t, "it", err, auth.NoSuchMethod)
			w.second(caller("home"), info, secret)
		})
	}
	w := newWorld(t)
	_, session := w.enrolled(sellerMail, sellerNumber)
	w.addPhone(session, "+85251234567")
	w.pass(time.Hour)
	w.restartWith(func(c *auth.Config) { c.Policy.Countries = []string{"CN"} })
	_, err := w.s.SignInBegin(t.Context(), caller("home"), w.signIn(caller("home"), sellerMail).Ceremony, bySMS)
	wantCode(t, "a text to a country that is served no more", err, auth.CountryNotServed)
}

// What a key is, is told where it is asked for: a stick, a passkey, or both.
func TestWhichKeysAreAskedFor(t *testing.T) {
	w := newWorld(t)
	_, _, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	asked := func(keys, passkeys bool, names int) {
		t.Helper()
		m := w.signIn(caller("home"), sellerMail).Methods[0]
		if m.Keys != keys || m.Passkeys != passkeys || len(m.Names) != names {
			t.Errorf("got %+v, want keys %v, passkeys %v", m, keys, passkeys)
		}
	}
	asked(true, false, 1)
	w.pass(time.Minute)
	laptop := stick(t, virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true})
	bound, _ := w.addKey(c, laptop, auth.Passkey, "Laptop")
	asked(true, true, 2)
	for _, m := range w.security(c).Methods {
		if m.ID != bound.Authenticator.ID {
			ok(t, "remove", lastErr(w.s.Remove(t.Context(), c, m.ID)))
		}
	}
	asked(false, true, 1)
}
