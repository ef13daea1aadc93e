package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// R42: a sign-in that was called one at a shared computer trusts no browser,
// though the browser is known from before, nor after a step-up.
func TestSharedSignInTrustsNothing(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled("seller@example.com", phoneIndex)
	ctx := t.Context()
	c := caller("home")
	info, err := w.s.SignIn(ctx, c, auth.SignInForm{Identifier: "seller@example.com", Password: password, Shared: true})
	ok(t, "sign in", err)
	c.Token = w.second(c, info, secret).Token
	_, err = w.s.TrustBrowser(ctx, c)
	wantCode(t, "trust", err, auth.Forbidden)
	ch, err := w.s.StepUpBegin(ctx, c, auth.ActTrust, "", auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "step up", err)
	w.pass(31 * time.Second)
	up, err := w.s.StepUpFinish(ctx, c, ch.Ceremony, w.app(secret))
	ok(t, "step up", err)
	_, err = w.s.TrustBrowser(ctx, with(c, up.Token))
	wantCode(t, "trust after a step-up", err, auth.Forbidden)
}

// NIST SP 800-63B-4 §2.2.3: under that preset an hour unused ends every session;
// keeping signed in has nothing to lengthen.
func TestIdleEndsKeptSessionsUnderNIST(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) {
		c.Policy.SessionIdle, c.Policy.SessionLife = time.Hour,
			c.Policy.SessionShort
	})
	secret, _ := w.enrolled("seller@example.com", phoneIndex)
	ctx := t.Context()
	c := caller("home")
	info, err := w.s.SignIn(ctx, c, auth.SignInForm{Identifier: "seller@example.com", Password: password,
		Remember: true})
	ok(t, "sign in", err)
	c.Token = w.second(c, info, secret).Token
	w.pass(59 * time.Minute)
	_, err = w.s.Me(ctx, c)
	ok(t, "within the hour", err)
	w.pass(time.Hour)
	_, err = w.s.Me(ctx, c)
	wantCode(t, "after an hour", err, auth.SessionEnded)
}
