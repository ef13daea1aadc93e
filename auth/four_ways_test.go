package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

const (
	ownQuestion = "The name of my first teacher?"
	ownAnswer   = "Frau  Müller-Straße"
)

// setCode makes the account's security code.
func (w *world) setCode(c auth.Caller) string {
	w.t.Helper()
	info, err := w.s.SetSecurityCode(w.t.Context(), c)
	ok(w.t, "a security code", err)
	return info.Code
}

// aWay is one of the four that is typed: what is right, what is wrong, and how a wrong one is refused.
type aWay struct {
	right string
	wrong auth.Code
	field string
	use   func(c auth.Caller, typed, password string) (string, error)
}

// fourWays sets up all ways that are typed.
func (w *world) fourWays(c auth.Caller) map[string]aWay {
	w.t.Helper()
	ctx := w.t.Context()
	ok(w.t, "a question", w.s.SetQuestion(ctx, c, ownQuestion, ownAnswer))
	return map[string]aWay{
		"the current password": {password, auth.PasswordWrong, "current",
			func(c auth.Caller, typed, password string) (string, error) {
				return w.s.ChangePassword(ctx, c, typed, password)
			}},
		"the question": {ownAnswer, auth.AnswerWrong, "answer",
			func(c auth.Caller, typed, password string) (string, error) {
				return w.s.ChangePasswordByAnswer(ctx, c, typed, password)
			}},
		"the security code": {w.setCode(c), auth.SecurityCodeWrong, "securityCode",
			func(c auth.Caller, typed, password string) (string, error) {
				return w.s.ChangePasswordByCode(ctx, c, typed, password)
			}},
	}
}

// R25, R76, D11: each way changes the password, none without a fresh second step, and a wrong answer changes nothing,
// is counted apart from the others, and makes wait.
func TestFourWaysToChangeThePassword(t *testing.T) {
	for _, name := range []string{"the current password", "the question", "the security code"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := owner(w)
			c := o.byKey("home")
			way := w.fourWays(c)[name]
			other := o.byText("desk")
			_, err := way.use(o.byText("weak"), way.right, newPassword)
			wantCode(t, "behind a text, where there is a key", err, auth.TooWeak)
			_, err = way.use(c, "nonsense", newPassword)
			wantCode(t, "a wrong answer", err, way.wrong)
			if e := refusal(t, err); e.Field != way.field {
				t.Errorf("got the field %q, want %q", e.Field, way.field)
			}
			_, err = way.use(c, way.right, "short")
			wantCode(t, "a password that is none", err, auth.PasswordTooShort)
			token, err := way.use(c, way.right, newPassword)
			ok(t, "the right answer", err)
			_, err = w.s.Me(t.Context(), other)
			wantCode(t, "another session", err, auth.SessionEnded)
			c = with(c, token)
			ok(t, "his own session", lastErr(w.s.Me(t.Context(), c)))
			wantCode(t, "the old password", w.guess("home", password), auth.SignInRefused)
			ok(t, "the new password", w.guess("home", newPassword))
			w.pass(11 * time.Minute)
			_, err = way.use(c, way.right, password)
			wantCode(t, "without a fresh second step", err, auth.StepUpRequired)
		})
	}
}

// refusal is an expected refusal as it is told.
func refusal(t *testing.T, err error) *auth.Error {
	t.Helper()
	e, is := err.(*auth.Error)
	if !is {
		t.Fatalf("got %v, want a refusal", err)
	}
	return e
}

// Promise 3: wrong answers to the question and to the code are counted, each apart: five at once, then waits that grow.
func TestWrongAnswersOfTheWaysAreCounted(t *testing.T) {
	for _, name := range []string{"the question", "the security code"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := owner(w)
			c := o.byKey("home")
			ways := w.fourWays(c)
			for n := range 5 {
				_, err := ways[name].use(c, "nonsense", newPassword)
				wantCode(t, "a wrong answer", err, ways[name].wrong)
				if got, want := refusal(t, err).Args["n"], string(rune('4'-n)); got != want {
					t.Errorf("after %d: got %s tries left, want %s", n+1, got, want)
				}
			}
			_, err := ways[name].use(c, ways[name].right, newPassword)
			wantCode(t, "the right answer, after five", err, auth.MethodResting)
			for other, way := range ways {
				if other == name {
					continue
				}
				_, err := way.use(c, "nonsense", newPassword)
				wantCode(t, "a wrong answer to "+other, err, way.wrong)
			}
			w.pass(2*time.Minute + time.Second)
			ok(t, "the right answer, after the wait", lastErr(ways[name].use(c, ways[name].right, newPassword)))
		})
	}
}

// A hundred tries at once are no more than five.
func TestParallelTriesOfTheWaysAreFive(t *testing.T) {
	w := newWorld(t)
	c := owner(w).byKey("home")
	ways := w.fourWays(c)
	for _, name := range []string{"the question", "the security code"} {
		wrong := make(chan struct{}, 64)
		w.winners(64, func(int) error {
			_, err := ways[name].use(c, "nonsense", newPassword)
			if e, is := err.(*auth.Error); is && e.Code == ways[name].wrong {
				wrong <- struct{}{}
			}
			return err
		})
		if len(wrong) != 5 {
			t.Errorf("%s: got %d tries judged of 64 at once, want 5", name, len(wrong))
		}
	}
}

// R28: an answer is compared folded, without its blanks and dashes; what anybody would guess is refused.
func TestQuestion(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	c := o.byKey("home")
	ctx := t.Context()
	_, err := w.s.ChangePasswordByAnswer(ctx, c, ownAnswer, newPassword)
	wantCode(t, "without a question", err, auth.QuestionNotSet)
	wantCode(t, "taking away none", w.s.RemoveQuestion(ctx, c), auth.QuestionNotSet)
	for _, x := range []struct {
		asked, answer string
		want          auth.Code
	}{
		{" \u3000", ownAnswer, auth.QuestionMissing}, {ownQuestion, " - ", auth.AnswerMissing},
		{ownQuestion, "x", auth.AnswerTooPlain}, {ownQuestion, "TEACHER", auth.AnswerTooPlain},
		{strings.Repeat("长", 101), ownAnswer, auth.QuestionTooLong},
		{ownQuestion, strings.Repeat("长", 101), auth.QuestionTooLong},
	} {
		wantCode(t, x.asked+x.answer, w.s.SetQuestion(ctx, c, x.asked, x.answer), x.want)
	}
	ok(t, "the longest", w.s.SetQuestion(ctx, c, strings.Repeat("长", 100), strings.Repeat("短", 100)))
	ok(t, "away with it", w.s.RemoveQuestion(ctx, c))
	wantCode(t, "behind a text", w.s.SetQuestion(ctx, o.byText("weak"), ownQuestion, ownAnswer), auth.TooWeak)
	w.mail()
	ok(t, "set", w.s.SetQuestion(ctx, c, ownQuestion, ownAnswer))
	w.hears("set", "email "+sellerMail+": change question")
	got, err := w.s.OwnQuestion(ctx, c)
	ok(t, "look", err)
	at := w.time()
	if info := o.overview(); got != ownQuestion || !info.QuestionAt.Equal(at) {
		t.Errorf("got %q of %s, want the question of %s", got, info.QuestionAt, at)
	}
	for _, typed := range []string{"frau müllerstraße", "ＦＲＡＵ MÜLLER STRASSE", "frau-müller-strasse "} {
		c = o.byKey("home")
		token, err := w.s.ChangePasswordByAnswer(ctx, c, typed, newPassword)
		ok(t, typed, err)
		_, err = w.s.ChangePasswordByAnswer(ctx, with(c, token), typed, password)
		ok(t, typed, err)
	}
	c = o.byKey("home")
	w.mail()
	ok(t, "take it away", w.s.RemoveQuestion(ctx, c))
	w.hears("take it away", "email "+sellerMail+": change question-removed")
	_, err = w.s.ChangePasswordByAnswer(ctx, c, ownAnswer, newPassword)
	wantCode(t, "the answer to what is gone", err, auth.QuestionNotSet)
}

// R27: the link of a forgotten password, asked for in the settings: within the limits of that, and to nobody but the
// owner.
func TestMailOwnPasswordLink(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	_, err := w.s.MailOwnPasswordLink(ctx, o.byText("weak"))
	wantCode(t, "behind a text", err, auth.TooWeak)
	c := o.byKey("home")
	w.mail()
	info, err := w.s.MailOwnPasswordLink(ctx, c)
	ok(t, "ask", err)
	m := w.lastMail(auth.TemplateResetLink)
	if m.Recipient != sellerMail || info.MaskedEmail != "s•••@example.com" || !m.Expires.Equal(info.Expires) {
		t.Errorf("got a mail to %s, told %+v", m.Recipient, info)
	}
	_, err = w.s.MailOwnPasswordLink(ctx, c)
	wantCode(t, "again at once", err, auth.ResendTooSoon)
	ok(t, "reset", w.s.ResetPassword(ctx, caller("mail"), token(m.Args["link"]), newPassword))
	_, err = w.s.Me(ctx, c)
	wantCode(t, "the session that asked", err, auth.SessionEnded)
	ok(t, "the new password", w.guess("home", newPassword))
}

// A new question begins with all its tries: the old one's wrong answers were to something else.
func TestANewQuestionHasAllItsTries(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	c := o.byKey("home")
	way := w.fourWays(c)["the question"]
	for range 4 {
		wantCode(t, "a wrong answer", lastErr(way.use(c, "nonsense", newPassword)), auth.AnswerWrong)
	}
	ok(t, "a new question", w.s.SetQuestion(t.Context(), c, "Where?", "by the sea"))
	_, err := way.use(c, "nonsense", newPassword)
	if got := refusal(t, err).Args["n"]; got != "4" {
		t.Errorf("got %q tries left, want 4", got)
	}
}
