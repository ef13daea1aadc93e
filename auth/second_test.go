package auth_test

import (
	"context"
	"errors"
	"github.com/latchkey-auth/latchkey/store"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A passkey that names its account opens none that is switched off, nor by a credential that is frozen: strangers are
// told the same of all of it.
func TestAPasskeyOpensOnlyWhatIsOpen(t *testing.T) {
	options := virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true}
	for name, shut := range map[string]func(w *world, browser *virtual.Client){
		"the account is switched off": func(w *world, browser *virtual.Client) {
			x := w.stall()
			id := w.accountOf(w.passkey(browser, "elsewhere"))
			ok(w.t, "freeze", x.in(w.t, func(p *auth.Work) error {

				return p.Freeze(id)
			}))
		},
		"the key is frozen": func(w *world, browser *virtual.Client) {
			clone := *browser
			clone.Authenticators = []*virtual.Authenticator{browser.Authenticators[0].Clone()}
			for range 3 {
				w.passkey(browser, "home")
			}
			c := caller("thief")
			ch, err := w.s.SignInKeyFirst(w.t.Context(), c, auth.KeyFirstForm{})
			ok(w.t, "begin", err)
			if w.finish(c, ch, touch(w.t, &clone, ch))() == nil {
				w.t.Fatal("a copy was accepted")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			browser, _, _ := w.withKey(sellerMail, sellerNumber, options, auth.Passkey)
			shut(w, browser)
			c := caller("home")
			ch, err := w.s.SignInKeyFirst(t.Context(), c, auth.KeyFirstForm{})
			ok(t, "begin", err)
			wantCode(t, "the passkey", w.finish(c, ch, touch(t, browser, ch))(), auth.KeyWrong)
		})
	}
}

// passkey signs in with it alone.
func (w *world) passkey(browser *virtual.Client, at string) auth.Caller {
	w.t.Helper()
	c := caller(at)
	ch, err := w.s.SignInKeyFirst(w.t.Context(), c, auth.KeyFirstForm{})
	ok(w.t, "begin", err)
	done, err := w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, touch(w.t, browser, ch))
	ok(w.t, "the passkey alone", err)
	return with(c, done.Token)
}

// accountOf is the account of a session.
func (w *world) accountOf(c auth.Caller) auth.AccountID {
	w.t.Helper()
	me, err := w.s.Me(w.t.Context(), c)
	ok(w.t, "who", err)
	return me.Account
}

// Who signs in by a passkey that named the account is greeted by the mask of its address; where a sign-in stands is
// told by the same seal.
func TestWhereASignInStandsIsToldAsItWas(t *testing.T) {
	w := newWorld(t)
	options := virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true}
	browser, _, _ := w.withKey(sellerMail, sellerNumber, options, auth.Passkey)
	c := caller("home")
	ch, err := w.s.SignInKeyFirst(t.Context(), c, auth.KeyFirstForm{})
	ok(t, "begin", err)
	done, err := w.s.SignInFinish(t.Context(), c, ch.Ceremony, touch(t, browser, ch))
	ok(t, "the passkey", err)
	masked := ident.Email(sellerMail).Mask()
	if done.Step != auth.StepDone || string(done.Who) != string(masked) {
		t.Errorf("got %+v, want %s greeted", done, masked)
	}
	info := w.signIn(c, sellerMail)
	again, err := w.s.SignInState(t.Context(), c, info.Ceremony)
	ok(t, "look", err)
	if again.Ceremony != info.Ceremony || again.Who != info.Who || again.Step != info.Step {
		t.Errorf("got %+v, want %+v", again, info)
	}
}

// What is tested is in the history as a test; whoever typed an address reads it whole, whoever did not reads its mask.
func TestWhatAStepUpWasFor(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	for _, a := range []auth.Action{auth.ActTest, auth.ActRename} {
		ch, err := w.s.StepUpBegin(t.Context(), o.owner, a, "", byKey)
		ok(t, "begin", err)
		done, err := w.s.StepUpFinish(t.Context(), o.owner, ch.Ceremony, touch(t, o.stick, ch))
		ok(t, "finish", err)
		o.owner.Token = done.Token
	}
	h, err := w.s.History(t.Context(), o.owner, "", 10)
	ok(t, "history", err)
	var acts []auth.Action
	for _, e := range h.Events[:2] {
		acts = append(acts, e.Action)
	}
	if !slices.Equal(acts, []auth.Action{auth.ActStepUp, auth.ActTest}) {
		t.Errorf("got %v, want a step-up after a test", acts)
	}
	ch, err := w.s.BindBegin(t.Context(), o.owner, textTo("+8613800138007"))
	ok(t, "bind", err)
	again, err := w.s.Challenge(t.Context(), o.owner, auth.ForBind, ch.Ceremony)
	ok(t, "look", err)
	if again.Delivery.Recipient != "+8613800138007" {
		t.Errorf("got %+v, want the number that was typed", again.Delivery)
	}
	text := w.begun(caller("home"), bySMS)
	again, err = w.s.Challenge(t.Context(), caller("home"), auth.ForSignIn, text.Ceremony)
	ok(t, "look", err)
	if again.Delivery.Recipient != "" {
		t.Errorf("got %+v, want the mask alone", again.Delivery)
	}
}

// What happens to a method while its answer is checked is not undone by what was checked.
func TestANameGivenMeanwhileStays(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ch := w.begun(caller("shop"), byKey)
	answer := touch(t, o.stick, ch)
	w.between.before(1, func() {
		ok(t, "rename", lastErr(w.s.Rename(t.Context(), o.owner, o.key, "Red key", "drawer")))
	})
	ok(t, "the key", w.finish(caller("shop"), ch, answer)())
	for _, m := range w.security(o.owner).Methods {
		if m.ID == o.key && (m.Name != "Red key" || m.Place != "drawer" || m.UsedAt.IsZero()) {
			t.Errorf("got %+v, want the new name, and the use", m)
		}
	}
	long := make([]rune, 61)
	for i := range long {
		long[i] = '抽'
	}
	info, err := w.s.Rename(t.Context(), o.owner, o.key, "Green key", string(long))
	ok(t, "a long place", err)
	if info.Place != string(long[:60]) {
		t.Errorf("got the place %q, want sixty signs of it", info.Place)
	}
	w.pass(time.Minute)
}

// A refusing store is one that cannot write.
type refusingStore struct{ store.DB }

func (refusingStore) Update(context.Context, func(store.Tx) error) error { return store.ErrUnavailable }

// A code that could not be counted was not judged: that is told apart from one that is wrong, and nothing is counted.
func TestACodeThatCouldNotBeChecked(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	secret, _ := w.enrolApp(o.owner)
	c := caller("home")
	app, key := w.begun(c, byApp), w.begun(c, byKey)
	answer := touch(t, o.stick, key)
	w.pass(31 * time.Second)
	good := w.between.DB
	w.between.DB = refusingStore{good}
	for range 6 {
		wantCode(t, "a right code", w.finish(c, app, w.app(secret))(), auth.CodeUnavailable)
		wantCode(t, "a wrong code", w.finish(c, app, otherCode(w.app(secret)))(), auth.CodeUnavailable)
	}
	if err := w.finish(c, key, answer)(); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a key: got %v, want %v", err, auth.ErrUnavailable)
	}
	w.between.DB = good
	ok(t, "the code again", w.finish(c, app, w.app(secret))())
}
