package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// stepUp takes a fresh second step with the app and returns the caller with the session's next token.
func (w *world) stepUp(c auth.Caller, secret string) auth.Caller {
	w.t.Helper()
	w.pass(31 * time.Second) // a code counts once
	ch, err := w.s.StepUpBegin(w.t.Context(), c, auth.ActRename, "", auth.MethodChoice{Kind: auth.TOTP})
	ok(w.t, "begin a step-up", err)
	done, err := w.s.StepUpFinish(w.t.Context(), c, ch.Ceremony, w.app(secret))
	ok(w.t, "step up", err)
	return with(c, done.Token)
}

// exchanged fails the test unless the caller's token was exchanged: it opens nothing after 30 s.
func (w *world) exchanged(c auth.Caller) {
	w.t.Helper()
	w.pass(30 * time.Second)
	_, err := w.s.Me(w.t.Context(), c)
	wantCode(w.t, "the token before the last after 30 s", err, auth.SessionRequired)
}

// In a browser the token before the last opens its session for 30 s, at the level that it had; whoever comes with it
// later is not told that the session is over, because it is not.
func TestTokenBeforeTheLast(t *testing.T) {
	w := newWorld(t)
	secret, before := w.enrolled("seller@example.com", sellerNumber)
	w.pass(time.Hour)
	last := w.stepUp(before, secret)
	me, err := w.s.Me(t.Context(), before)
	ok(t, "the token before the last", err)
	if !me.Session.AuthTime.Before(w.time().Add(-time.Hour)) || !me.Session.Current {
		t.Errorf("the token before the last: got %+v, want the session at the level that it had", me.Session)
	}
	need, err := w.s.StepUp(t.Context(), before, auth.ActRename, "")
	ok(t, "ask with the token before the last", err)
	if need.Done {
		t.Error("the token before the last shows a proof that came after it")
	}
	list, err := w.s.Sessions(t.Context(), before)
	ok(t, "list", err)
	if len(list) != 1 || !list[0].Current {
		t.Errorf("got %+v, want one session, the caller's", list)
	}
	elsewhere := before
	elsewhere.Browser = "elsewhere"
	_, err = w.s.Me(t.Context(), elsewhere)
	wantCode(t, "the token before the last from another browser", err, auth.SessionRequired)
	w.exchanged(before)
	_, err = w.s.Me(t.Context(), last)
	ok(t, "the last token", err)
}

// An exchanged token is never exchanged again: a step-up with it is refused before its code is judged.
func TestTokenBeforeTheLastIsNotExchanged(t *testing.T) {
	w := newWorld(t)
	secret, before := w.enrolled("seller@example.com", sellerNumber)
	w.pass(31 * time.Second)
	other, err := w.s.StepUpBegin(t.Context(), before, auth.ActRename, "", auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin in another tab", err)
	last := w.stepUp(before, secret)
	_, err = w.s.StepUpFinish(t.Context(), before, other.Ceremony, typed("000000"))
	wantCode(t, "a step-up by the token before the last", err, auth.CeremonyOtherBrowser)
	_, err = w.s.ChangePassword(t.Context(), before, password, "Another-Horse8")
	if err == nil {
		t.Error("the token before the last was exchanged by a new password")
	}
	w.pass(31 * time.Second)
	_, err = w.s.StepUpFinish(t.Context(), last, other.Ceremony, w.app(secret))
	ok(t, "the other tab's step-up with the last token", err)
}

// Of the tokens before the last only one opens; and none outlives its session.
func TestTokensOfALine(t *testing.T) {
	w := newWorld(t, func(cfg *auth.Config) { cfg.Policy.Guesses.Free = 50 })
	secret, first := w.enrolled("seller@example.com", sellerNumber)
	codes, err := w.s.RecoveryCodes(t.Context(), first)
	ok(t, "recovery codes", err)
	second := w.stepUp(first, secret)
	ch, err := w.s.StepUpBegin(t.Context(), second, auth.ActRename, "", auth.MethodChoice{Kind: auth.Lookup})
	ok(t, "begin with a recovery code", err)
	done, err := w.s.StepUpFinish(t.Context(), second, ch.Ceremony, typed(codes.Codes[0]))
	ok(t, "a recovery code", err)
	third := with(second, done.Token)
	_, err = w.s.Me(t.Context(), first)
	wantCode(t, "the token before the one before the last", err, auth.SessionRequired)
	_, err = w.s.Me(t.Context(), second)
	ok(t, "the token before the last", err)
	ok(t, "sign out by the token before the last", w.s.SignOut(t.Context(), second))
	for name, c := range map[string]auth.Caller{"first": first, "second": second, "third": third} {
		_, err := w.s.Me(t.Context(), c)
		wantCode(t, "the "+name+" token after signing out", err, auth.SessionEnded)
	}
}

// A program has one token.
func TestProgramsHaveOneToken(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled("seller@example.com", sellerNumber)
	program := auth.Caller{IP: c.IP, Agent: "program"}
	info := w.second(program, w.signIn(program, "seller@example.com"), secret)
	before := with(program, info.Token)
	w.stepUp(before, secret)
	_, err := w.s.Me(t.Context(), before)
	wantCode(t, "a program's exchanged token", err, auth.SessionEnded)
}

// What one tab has begun outlives the step-up in another.
func TestBindingOutlivesAStepUpInAnotherTab(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled("seller@example.com", sellerNumber)
	begun, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.Phone, Number: "+8613800138009", Channel: auth.SMS})
	ok(t, "begin a binding", err)
	code := w.lastMail(auth.TemplateCode).Args["code"]
	c = w.stepUp(c, secret)
	_, err = w.s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: begun.Ceremony, Response: typed(code)})
	ok(t, "finish it after the step-up", err)
}

// The records of exchanged tokens go, and with them nothing else.
func TestExchangedTokensAreSwept(t *testing.T) {
	w := newWorld(t)
	secret, before := w.enrolled("seller@example.com", sellerNumber)
	last := w.stepUp(before, secret)
	w.pass(6 * time.Minute)
	ok(t, "sweep", w.s.Sweep(t.Context()))
	_, err := w.s.Me(t.Context(), before)
	wantCode(t, "a swept token", err, auth.SessionEnded)
	_, err = w.s.Me(t.Context(), last)
	ok(t, "the last token", err)
}
