package auth_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// finds reports whether a number names an account whose password is the usual one.
func (w *world) finds(number string) bool {
	w.t.Helper()
	_, err := w.s.SignIn(w.t.Context(), caller("home"), auth.SignInForm{Identifier: number, Password: password})
	return err == nil
}

// A code proves the number that it was sent to: not the one that the account claims, and none that it is changed to.
func TestACodeProvesTheNumberItWasSentTo(t *testing.T) {
	const (
		claimed = sellerNumber
		bound   = "+8613800138007"
		third   = "+8613800138008"
	)
	w := newWorld(t)
	ctx := t.Context()
	w.seller(sellerMail, claimed)
	_, c := w.addPhone(with(caller("home"), w.signIn(caller("home"), sellerMail).Token), bound)
	proved := func(when string, want bool, numbers ...string) {
		t.Helper()
		info, err := w.s.Security(ctx, c)
		ok(t, "overview", err)
		if info.PhoneConfirmed != want {
			t.Errorf("%s: got the account's number confirmed %v, want %v", when, info.PhoneConfirmed, want)
		}
		for _, n := range []string{claimed, bound, third} {
			if got, want := w.finds(n), slices.Contains(numbers, n); got != want {
				t.Errorf("%s: %s signs in: got %v, want %v", when, n, got, want)
			}
		}
	}
	proved("another one was bound", false)
	ok(t, "change", lastErr(w.s.ChangePhone(ctx, c, third, "")))
	proved("changed to one that nobody has shown", false)
	ok(t, "change", lastErr(w.s.ChangePhone(ctx, c, bound, "")))
	proved("changed to the bound one", true, bound)
	ok(t, "change", lastErr(w.s.ChangePhone(ctx, c, claimed, "")))
	proved("changed back to the claimed one", false)
	_, c = w.addPhone(c, claimed)
	proved("that was bound as well", true, claimed)
	ok(t, "take it away", lastErr(w.s.ChangePhone(ctx, c, "", "")))
	proved("taken away", false)
}

// What one session has begun no other finishes, were it of the same account in the same browser; nor does another
// account's.
func TestWhatOneSessionBeganNoOtherFinishes(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	o := owner(w)
	first, second := o.byKey("home"), o.byKey("home")
	_, other := w.enrolled("other@example.com", "+8613800138001")
	app, err := w.s.BindBegin(ctx, first, auth.BindForm{Kind: auth.TOTP})
	ok(t, "begin to bind", err)
	var prompt struct{ Secret string }
	ok(t, "prompt", json.Unmarshal(app.Prompt, &prompt))
	text, err := w.s.BindBegin(ctx, first, textTo("+8613800138007"))
	ok(t, "begin to bind a number", err)
	step, err := w.s.StepUpBegin(ctx, first, auth.ActRename, "", byKey)
	ok(t, "begin a step-up", err)
	touched := touch(t, o.stick, step)
	codes, err := w.s.RecoveryCodes(ctx, first)
	ok(t, "codes", err)
	before := w.methods(first)
	w.pass(31 * time.Second)
	for who, c := range map[string]auth.Caller{"another session": second, "another account": other} {
		for what, use := range map[string]func(auth.Caller) error{
			"a binding": func(c auth.Caller) error {
				d := auth.BindDone{Ceremony: app.Ceremony, Response: w.app(prompt.Secret)}
				return lastErr(w.s.BindFinish(ctx, c, d))
			},
			"a resend": func(c auth.Caller) error { return lastErr(w.s.BindResend(ctx, c, text.Ceremony, auth.SMS)) },
			"a look":   func(c auth.Caller) error { return lastErr(w.s.Challenge(ctx, c, auth.ForBind, app.Ceremony)) },
			"a look at a step-up": func(c auth.Caller) error {
				return lastErr(w.s.Challenge(ctx, c, auth.ForStepUp, step.Ceremony))
			},
			"a step-up": func(c auth.Caller) error { return lastErr(w.s.StepUpFinish(ctx, c, step.Ceremony, touched)) },
		} {
			wantCode(t, who+": "+what, use(c), auth.CeremonyOtherBrowser)
		}
	}
	wantCode(t, "the codes of one account in the other's hands", lastErr(w.s.CodesFile(ctx, other, codes.Sealed)),
		auth.CeremonyOtherBrowser)
	ok(t, "the codes in another session of their account", lastErr(w.s.CodesFile(ctx, second, codes.Sealed)))
	if got := w.methods(first); got != before {
		t.Errorf("methods: got %s, want %s", got, before)
	}
	d := auth.BindDone{Ceremony: app.Ceremony, Response: w.app(prompt.Secret)}
	ok(t, "where it was begun", lastErr(w.s.BindFinish(ctx, first, d)))
}

// Forgetting one browser forgets it alone, with its count; the trust and the counts of others stay.
func TestForgettingOneBrowserForgetsItAlone(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	o := owner(w)
	trusted, err := w.s.TrustBrowser(ctx, o.byKey("home"))
	ok(t, "trust", err)
	c := o.byKey("desk")
	for _, b := range []string{"shop", "till"} {
		o.byKey(b)
		for range 5 {
			wantCode(t, "a slip", w.guess(b, "Wrong-Horse9"), auth.SignInRefused)
		}
		wantCode(t, b+" after five slips", w.guess(b, password), auth.SignInLocked)
	}
	list, err := w.s.Browsers(ctx, with(caller("shop"), c.Token))
	ok(t, "browsers", err)
	shop := list[slices.IndexFunc(list, func(b auth.BrowserInfo) bool { return b.Current })]
	ok(t, "forget", w.s.ForgetBrowser(ctx, c, shop.ID))
	ok(t, "the forgotten one is a stranger's, without its count", w.guess("shop", password))
	wantCode(t, "another's count", w.guess("till", password), auth.SignInLocked)
	if info := w.signIn(caller(trusted.Cookie), sellerMail); info.Step != auth.StepDone {
		t.Errorf("another's trust: got step %s, want it to stand", info.Step)
	}
	left, err := w.s.Browsers(ctx, c)
	ok(t, "browsers", err)
	if len(left) != len(list)-1 || slices.ContainsFunc(left, func(b auth.BrowserInfo) bool { return b.ID == shop.ID }) {
		t.Errorf("browsers: got %d, want all but one of %d", len(left), len(list))
	}
}

// One ended session ends no other, and what it asked for alone.
func TestOneEndedSessionEndsNoOther(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	o := owner(w)
	red, _ := w.addKey(o.byKey("home"), stick(t, virtual.Options{}), auth.SecurityKey, "Red key")
	asker, other := o.byText("shop"), o.byText("till")
	o.ask(asker)
	ok(t, "another asks", lastErr(w.s.Remove(ctx, other, red.Authenticator.ID)))
	me, err := w.s.Me(ctx, asker)
	ok(t, "who", err)
	c := o.byKey("home")
	ok(t, "end", w.s.EndSession(ctx, c, me.Session.ID))
	wantCode(t, "the ended one", w.me(&asker)(), auth.SessionEnded)
	ok(t, "the other", w.me(&other)())
	info, err := w.s.Security(ctx, c)
	ok(t, "overview", err)
	if len(info.Changes) != 1 || info.Changes[0].Item != "Red key" {
		t.Errorf("what waits: got %+v, want what the other asked for", info.Changes)
	}
}
