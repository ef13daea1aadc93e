package auth_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A guessing is one kind of question: what a wrong and a right answer to it say, and what five wrong ones lead to.
type guessing struct {
	wrong func() error
	right func() error
	rests auth.Code
}

// guessings are all questions whose wrong answers are guesses, each in its own browser or session.
func guessings() map[string]func(*testing.T) (*world, guessing) {
	list := map[string]func(*testing.T) (*world, guessing){
		"the password in the settings": guessCurrent, "the password after a touch": guessAfterTouch,
		"the code of a binding": guessBinding, "a code at a step-up": guessStepUp,
		"the security code at sign-in": guessSecurityCode,
	}
	for _, k := range guessed {
		list["at sign-in: "+string(k)] = func(t *testing.T) (*world, guessing) { return guessKind(t, k) }
	}
	return list
}

// fewAllowed has the hundred be seven: more wrong answers than may be given at once, and fewer than twice four.
func fewAllowed(c *auth.Config) {
	c.Policy.Guesses.Limit, c.Policy.Passwords.Limit = 7, 7
	c.Policy.Proven.Limit = 7
	c.Policy.SendsPerDay, c.Policy.SendsPerNumber = 100, 100
}

// A right answer ends what was counted of wrong ones, the waits and the sum towards the limit: four wrong ones after it
// are as four at first. Without it the fifth makes wait.
func TestARightAnswerClearsItsCount(t *testing.T) {
	for name, prepare := range guessings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, g := prepare(t)
			for range 3 {
				four(t, g)
				ok(t, "the right one after four", g.right())
				w.pass(time.Minute)
			}
			four(t, g)
			if err := g.wrong(); err == nil {
				t.Fatal("a wrong answer was accepted")
			}
			wantCode(t, "the right one after five", g.right(), g.rests)
			w.pass(time.Minute)
			ok(t, "the right one after the wait", g.right())
		})
	}
}

func four(t *testing.T, g guessing) {
	t.Helper()
	for range 4 {
		if err := g.wrong(); err == nil || wantSaid(err, g.rests) {
			t.Fatalf("a wrong answer: got %v, want it judged and refused", err)
		}
	}
}

func guessKind(t *testing.T, k auth.Kind) (*world, guessing) {
	b := newBesieged(t, fewAllowed)
	home := caller("home")
	rests := auth.MethodResting
	if k == auth.Password {
		rests = auth.SignInLocked
	}
	wrong := func() error {
		if k == auth.Password {
			return b.guess("home", "Wrong-Horse9")
		}
		b.pass(31 * time.Second)
		ch, err := b.begin(home, k)
		if err != nil {
			return err
		}
		return b.finish(home, ch, b.wrong(k))()
	}
	return b.world, guessing{wrong, func() error { return b.succeed(home, k) }, rests}
}

func guessCurrent(t *testing.T) (*world, guessing) {
	w := newWorld(t, fewAllowed)
	o := owner(w)
	c, current := o.byKey("home"), password
	change := func(typed string) error {
		token, err := w.s.ChangePassword(t.Context(), c, typed, otherPassword(current))
		if err == nil {
			current = otherPassword(current)
			c.Token = token
		}
		return err
	}
	return w, guessing{func() error { return change("Wrong-Horse9") }, func() error { return change(current) },
		auth.SignInLocked}
}

// otherPassword is one of two passwords: the other.
func otherPassword(current string) string {
	if current == password {
		return newPassword
	}
	return password
}

func guessAfterTouch(t *testing.T) (*world, guessing) {
	w := newWorld(t, fewAllowed)
	o := owner(w)
	try := func(typed string) error {
		ch, err := w.s.SignInKeyFirst(t.Context(), caller("shop"), auth.KeyFirstForm{Identifier: sellerMail})
		ok(t, "begin", err)
		info, err := w.s.SignInFinish(t.Context(), caller("shop"), ch.Ceremony, touch(t, o.stick, ch))
		ok(t, "touch", err)
		return lastErr(w.s.SignInPassword(t.Context(), caller("shop"), info.Ceremony, typed))
	}
	return w, guessing{func() error { return try("Wrong-Horse9") }, func() error { return try(password) },
		auth.SignInLocked}
}

func guessBinding(t *testing.T) (*world, guessing) {
	w := newWorld(t, fewAllowed)
	c := owner(w).byKey("home")
	bind := func(right bool) error {
		ch, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.TOTP})
		ok(t, "begin", err)
		var prompt struct{ Secret string }
		ok(t, "prompt", json.Unmarshal(ch.Prompt, &prompt))
		d := auth.BindDone{Ceremony: ch.Ceremony, Response: w.app(prompt.Secret)}
		if !right {
			d.Response = otherCode(d.Response)
		}
		return lastErr(w.s.BindFinish(t.Context(), c, d))
	}
	return w, guessing{func() error { return bind(false) }, func() error { return bind(true) }, auth.MethodResting}
}

func guessStepUp(t *testing.T) (*world, guessing) {
	w := newWorld(t, fewAllowed)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	step := func(right bool) error {
		w.pass(31 * time.Second)
		ch, err := w.s.StepUpBegin(t.Context(), c, auth.ActRename, "", byApp)
		if err != nil {
			return err
		}
		answer := w.app(secret)
		if !right {
			answer = otherCode(answer)
		}
		done, err := w.s.StepUpFinish(t.Context(), c, ch.Ceremony, answer)
		if err == nil {
			c.Token = done.Token
		}
		return err
	}
	return w, guessing{func() error { return step(false) }, func() error { return step(true) }, auth.MethodResting}
}

// A password in the settings is judged only behind a fresh second step: without one it costs the owner nothing and
// tells nothing, were it the right one.
func TestPasswordsWithoutAFreshStepAreNotJudged(t *testing.T) {
	w := newWorld(t, fewAllowed)
	o := owner(w)
	c := o.byKey("home")
	w.pass(11 * time.Minute)
	change := func(c auth.Caller, typed string) error {
		return lastErr(w.s.ChangePassword(t.Context(), c, typed, newPassword))
	}
	for range 8 {
		wantCode(t, "a wrong one without a fresh step", change(c, "Wrong-Horse9"), auth.StepUpRequired)
		wantCode(t, "the right one without a fresh step", change(c, password), auth.StepUpRequired)
	}
	ok(t, "the right one with a fresh step", change(o.byKey("home"), password))
}

// Whatever kind is disabled, binding it anew brings it back: what was counted of the one before is over.
func TestBindingAnewBringsEachKindBack(t *testing.T) {
	for _, k := range []auth.Kind{auth.TOTP, auth.Phone, auth.Email, auth.Lookup} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			b := newBesieged(t, fewAllowed)
			b.fail(caller("home"), k, 7, 2*time.Hour)
			b.pass(2 * time.Hour)
			wantCode(t, "after seven", b.succeed(caller("home"), k), auth.MethodDisabled)
			b.anew(k)
			for _, c := range []auth.Caller{caller("home"), caller("shop"), behind("elsewhere", "203.0.113.7")} {
				if err := b.succeed(c, k); err != nil {
					t.Errorf("bound anew, at %s: got %v, want no error", c.Browser, err)
				}
			}
		})
	}
}

// anew binds a kind again, in a session by another.
func (b *besieged) anew(k auth.Kind) {
	b.t.Helper()
	by := auth.TOTP
	if k == by {
		by = auth.Lookup
	}
	b.pass(31 * time.Second)
	ch, err := b.begin(caller("shop"), by)
	ok(b.t, "begin", err)
	done, err := b.s.SignInFinish(b.t.Context(), caller("shop"), ch.Ceremony, b.right(by))
	ok(b.t, "sign in", err)
	c := with(caller("shop"), done.Token)
	switch k {
	case auth.TOTP:
		b.secret, _ = b.enrolApp(c)
	case auth.Phone:
		b.addPhone(c, sellerNumber)
	case auth.Email:
		b.addMailbox(c, mailbox)
	case auth.Lookup:
		set, err := b.s.RecoveryCodes(b.t.Context(), c)
		ok(b.t, "codes", err)
		b.codes = set.Codes
	}
}
