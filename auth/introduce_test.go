package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// introduce asks for a code by mail and types it.
func (b *besieged) introduce(c auth.Caller) error {
	b.t.Helper()
	ch, err := b.s.IntroduceBegin(b.t.Context(), c, target, "")
	ok(b.t, "ask for a code", err)
	for _, m := range b.mail() {
		if m.Template == auth.TemplateIntroduce {
			b.inbox = m.Args["code"]
		}
	}
	return b.s.IntroduceFinish(b.t.Context(), c, ch.Ceremony, b.inbox)
}

// An introduced browser has counts of its own: strangers' wrong answers are not its, whatever it signs in with.
func TestAMailedCodeIntroducesABrowser(t *testing.T) {
	for _, k := range guessed {
		t.Run(string(k), func(t *testing.T) {
			b := newBesieged(t)
			c := behind("new", "203.0.113.7")
			b.fail(behind("thief", "203.0.113.8"), k, 5, 31*time.Second)
			if err := b.succeed(c, k); err == nil {
				t.Error("a stranger after five wrong answers: the right one was judged at once")
			}
			ok(t, "the mailed code", b.introduce(c))
			ok(t, "then", b.succeed(c, k))
		})
	}
}

// All introduced browsers of an account make each other wait, disable nothing, and are known by a complete sign-in.
func TestIntroducedBrowsersAreOneSide(t *testing.T) {
	b := newBesieged(t)
	one, two := behind("one", "203.0.113.7"), behind("two", "198.51.100.7")
	ok(t, "the mailed code", b.introduce(one))
	b.fail(one, auth.TOTP, 5, 0)
	ok(t, "another mailed code", b.introduce(two))
	wantCode(t, "the other one", b.succeed(two, auth.TOTP), auth.MethodResting)
	ok(t, "a known one", b.succeed(caller("home"), auth.TOTP))
	for range 15 {
		b.pass(2 * time.Hour)
		ok(t, "the mailed code", b.introduce(one))
		b.fail(one, auth.TOTP, 8, 2*time.Hour)
	}
	b.pass(2 * time.Hour)
	ok(t, "after 120", b.introduce(one))
	ok(t, "after 120 the right one", b.succeed(one, auth.TOTP))
	b.pass(48 * time.Hour)
	b.fail(behind("thief", "203.0.113.7"), auth.TOTP, 4, 0)
	b.fail(one, auth.TOTP, 4, 0) // known by now: a count of its own
	ok(t, "known", b.succeed(one, auth.TOTP))
}

// A reset link introduces the browser that used it; a new password ends every introduction of before.
func TestAResetLinkIntroducesItsBrowser(t *testing.T) {
	b := newBesieged(t)
	thief := behind("thief", "127.0.0.1")
	ok(t, "the mailed code", b.introduce(thief))
	b.reset(target, password) // in browser x
	b.fail(behind("other", "127.0.0.9"), auth.Password, 5, 0)
	wantCode(t, "one introduced before", b.succeed(thief, auth.Password), auth.SignInRefused)
	ok(t, "the browser of the reset", b.succeed(caller("x"), auth.Password))
}

// A mailed code works in a browser that asked, as people type it, and nowhere else; never for nobody's identifier.
func TestMailedCodesAreBound(t *testing.T) {
	b := newBesieged(t)
	ctx := t.Context()
	a, err := b.s.IntroduceBegin(ctx, caller("a"), target, "")
	ok(t, "ask", err)
	m := b.lastMail(auth.TemplateIntroduce)
	code := m.Args["code"]
	if len(strings.ReplaceAll(code, "-", "")) != 8 {
		t.Errorf("the code: got %q, want eight signs", code)
	}
	nobody, err := b.s.IntroduceBegin(ctx, caller("a"), "nobody@example.com", "")
	ok(t, "ask for nobody", err)
	if len(nobody.Ceremony) != len(a.Ceremony) {
		t.Errorf("sealed for nobody: got %d signs, want %d", len(nobody.Ceremony), len(a.Ceremony))
	}
	wantCode(t, "nobody's", b.s.IntroduceFinish(ctx, caller("a"), nobody.Ceremony, code), auth.CodeWrong)
	err = b.s.IntroduceFinish(ctx, caller("b"), a.Ceremony, code)
	wantCode(t, "in another browser", err, auth.CeremonyOtherBrowser)
	wantCode(t, "a wrong one", b.s.IntroduceFinish(ctx, caller("a"), a.Ceremony, "0000-0000"), auth.CodeWrong)
	wantCode(t, "half of it", b.s.IntroduceFinish(ctx, caller("a"), a.Ceremony, code[:4]), auth.CodeMalformed)
	_, err = b.s.IntroduceBegin(ctx, auth.Caller{}, target, "")
	wantCode(t, "without a browser", err, auth.CookiesOff)
	as := strings.NewReplacer("0", "o", "1", "l").Replace(strings.ToLower(code))
	ok(t, "as typed", b.s.IntroduceFinish(ctx, caller("a"), a.Ceremony, " "+as+" "))
	wantCode(t, "again", b.s.IntroduceFinish(ctx, caller("a"), a.Ceremony, code), auth.CeremonyUsed)
	late, err := b.s.IntroduceBegin(ctx, caller("c"), target, "")
	ok(t, "ask again", err)
	b.pass(31 * time.Minute)
	wantCode(t, "too late", b.s.IntroduceFinish(ctx, caller("c"), late.Ceremony, code), auth.CeremonyExpired)
}

// Who brings no cookie is a stranger of his network, never introduced: his wrong answers make no other one wait.
func TestWithoutACookieNobodyIsIntroduced(t *testing.T) {
	b := newBesieged(t)
	b.fail(behind("", "203.0.113.7"), auth.Password, 5, 0)
	ok(t, "elsewhere", b.succeed(behind("", "198.51.100.7"), auth.Password))
}
