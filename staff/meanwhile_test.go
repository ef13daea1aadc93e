package staff_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/virtual"
)

// interrupted is a factor of keys in which something happens between a key's answer and what comes of it.
type interrupted struct {
	auth.Factor
	meanwhile func()
}

func (f *interrupted) FinishVerify(c *auth.Ceremony, list []*auth.Authenticator,
	response json.RawMessage) (*auth.Authenticator, error) {
	key, err := f.Factor.FinishVerify(c, list, response)
	if do := f.meanwhile; do != nil {
		f.meanwhile = nil
		do()
	}
	return key, err
}

// asksFor begins a sign-in that a key has answered, and returns the press that finishes it.
func (p *worker) asksFor(key *virtual.Authenticator) func() error {
	p.w.t.Helper()
	prompt, err := p.w.staff.SignIn(p.w.t.Context(), p.Caller, p.email)
	wantCode(p.w.t, "signing in", err, "")
	response, err := answers(key, prompt, false)
	wantCode(p.w.t, "a key's answer", err, "")
	return func() error {
		_, err := p.w.staff.FinishSignIn(p.w.t.Context(), p.Caller, prompt.Ceremony, response)
		return err
	}
}

// What happens to a key, or to whom it is of, between its answer and what comes of it counts: nobody is signed in by a
// key that is not the one any more that has answered, and what is known of it is not set back.
func TestWhatHappensToAKeyWhileItAnswers(t *testing.T) {
	host := func(w *world, p *worker) (string, error) {
		link, err := w.staff.Add(w.t.Context(), "root (uid 0)", p.email, "Ann", staff.Support)
		return lastPart(link), err
	}
	boss := func(w *world) auth.Caller { return w.worker("boss", staff.Administrator).Caller }
	for name, row := range map[string]struct {
		meanwhile       func(w *world, p *worker, later func() error) error
		signIn, touched auth.Code
		opens           auth.Code // the same key afterwards
	}{
		"nothing": {func(*world, *worker, func() error) error { return nil }, "", "", ""},
		"it answers something else": {func(_ *world, p *worker, _ func() error) error { return p.signIn(p.keys[0]) },
			auth.CeremonyUsed, auth.CeremonyUsed, ""},
		"another key of his answers": {func(_ *world, p *worker, _ func() error) error { return p.signIn(p.keys[1]) }, "", "", ""},
		"a copy of it shows up": {func(_ *world, p *worker, later func() error) error {
			err := p.signIn(p.keys[0])
			if got := code(later()); got != auth.KeyFrozen { // an answer of before
				return errors.New("the copy: got " + string(got))
			}
			return err
		}, auth.CeremonyUsed, auth.CeremonyUsed, "frozen"},
		"his keys begin anew": {func(w *world, p *worker, _ func() error) error {
			_, err := host(w, p)
			return err
		}, auth.CeremonyUsed, auth.SessionEnded, "none"},
		"he has other keys": {func(w *world, p *worker, _ func() error) error {
			link, err := host(w, p)
			return errors.Join(err, w.joining(w.browser("elsewhere"), link)())
		}, auth.CeremonyUsed, auth.SessionEnded, "none"},
		"he is locked out": {func(w *world, p *worker, _ func() error) error {
			return w.staff.Suspend(w.t.Context(), boss(w), p.id, true)
		}, auth.KeyWrong, auth.SessionEnded, "none"},
		"he has another role": {func(w *world, p *worker, _ func() error) error {
			return w.staff.SetRole(w.t.Context(), boss(w), p.id, staff.Auditor)
		}, "", auth.SessionEnded, ""},
	} {
		for what, want := range map[string]auth.Code{"signing in": row.signIn, "touching": row.touched} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				var f *interrupted
				w := newWorld(t, func(inner auth.Factor) auth.Factor {
					f = &interrupted{Factor: inner}
					return f
				})
				p := w.worker("ann", staff.Support)
				later := p.asksFor(p.keys[0])
				act := p.asksFor(p.keys[0])
				if what == "touching" {
					act = p.touch
				}
				f.meanwhile = func() {
					other := *p // in another browser's place: the session of p stays p's
					wantCode(t, "meanwhile", row.meanwhile(w, &other, later), "")
				}
				wantCode(t, what, act(), want)
				if f.meanwhile != nil {
					t.Error("nothing happened meanwhile")
				}
				if err := p.signIn(p.keys[0]); (err == nil) != (row.opens == "") {
					t.Errorf("the key afterwards: got %v, want %q", err, row.opens)
				}
			})
		}
	}
}
