package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A frozen key works again when its owner says, behind another strong proof, that both touches were his; where they
// were not, the copies meet again.
func TestUnfreeze(t *testing.T) {
	w := newWorld(t)
	browser, _, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	secret, _ := w.enrolApp(c)
	clone := *browser
	clone.Authenticators = []*virtual.Authenticator{browser.Authenticators[0].Clone()}
	sign := func(b *virtual.Client) error {
		x := caller("elsewhere")
		ch, err := w.s.SignInBegin(t.Context(), x, w.signIn(x, sellerMail).Ceremony, byKey)
		if err != nil {
			return err
		}
		_, err = w.s.SignInFinish(t.Context(), x, ch.Ceremony, touch(t, b, ch))
		return err
	}
	for range 3 {
		ok(t, "the original", sign(browser))
	}
	hadAt := w.now
	w.pass(time.Hour)
	wantCode(t, "the copy, behind", sign(&clone), auth.KeyFrozen)
	shownAt := w.now
	w.pass(time.Hour)

	x := caller("home")
	x.Token = w.second(x, w.signIn(x, sellerMail), secret).Token
	key := w.only(x, auth.WebAuthn)
	r := key.Regression
	if list, err := w.s.MethodHistory(t.Context(), x, key.ID, 1); err != nil || list.Events[0].Outcome != auth.KeyFrozen {
		t.Errorf("got %+v, %v, want it in the key's own history", list, err)
	}
	if key.State != auth.Frozen || r == nil || !r.HadAt.Equal(hadAt) || !r.ShownAt.Equal(shownAt) || r.Shown != r.Had-2 {
		t.Fatalf("got %s and %+v, want it frozen, 2 behind, with both times", key.State, r)
	}
	w.mail()
	for range 2 { // a second press is no second act
		ok(t, "unfreeze", lastErr(w.s.Unfreeze(t.Context(), x, key.ID)))
	}
	if told := w.mail(); len(told) != 1 || told[0].Args["what"] != "unfrozen-webauthn" {
		t.Errorf("got %v, want one mail that it works again", told)
	}
	if key = w.only(x, auth.WebAuthn); key.State != auth.Active || key.Regression != nil {
		t.Errorf("got %s and %+v, want it active", key.State, key.Regression)
	}
	ok(t, "the copy, from its own count", sign(&clone))
	ok(t, "the original, ahead of it", sign(browser))
	wantCode(t, "the copy, behind again", sign(&clone), auth.KeyFrozen)
}

// What proves no more than a text lets no copied key work again, nor does a proof that is old, nor another's session.
func TestWhoMayUnfreeze(t *testing.T) {
	for name, row := range map[string]struct {
		asks func(r *robbed) auth.Caller
		want auth.Code
	}{
		"a text":           {func(r *robbed) auth.Caller { return r.byText("elsewhere") }, auth.TooWeak},
		"an app, long ago": {func(r *robbed) auth.Caller { r.pass(11 * time.Minute); return r.c }, auth.StepUpRequired},
		"another account": {func(r *robbed) auth.Caller {
			_, c := r.enrolled("other@example.com", "+8613900139000")
			return c
		}, auth.NoSuchMethod},
		"the very key, just before": {nil, auth.StepUpRequired},
		"nobody":                    {func(*robbed) auth.Caller { return caller("home") }, auth.SessionRequired},
	} {
		t.Run(name, func(t *testing.T) {
			r := rob(newWorld(t), false)
			r.c = r.byKey("home")
			r.enrolApp(r.c)
			before := r.byKey("shop")
			key := r.only(r.c, auth.WebAuthn)
			actStep(auth.ActRename, copiedKey)(r)
			c := before
			if row.asks != nil {
				c = row.asks(r)
			}
			wantCode(t, name, lastErr(r.s.Unfreeze(t.Context(), c, key.ID)), row.want)
			if key = r.only(r.byText("shop"), auth.WebAuthn); key.State != auth.Frozen {
				t.Errorf("got it %s, want it frozen", key.State)
			}
		})
	}
}
