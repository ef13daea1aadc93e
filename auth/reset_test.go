package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// askReset asks for a new password in a browser and returns its ceremony.
func (w *world) askReset(c auth.Caller, identifier string) string {
	w.t.Helper()
	ch, err := forgotten(w.t.Context(), w.s, c, identifier)
	ok(w.t, "forgot", err)
	return ch.Ceremony
}

// resetProof asks for a new password and types the mailed code.
func (w *world) resetProof(c auth.Caller, email string) string {
	w.t.Helper()
	asked := w.askReset(c, email)
	ch, err := w.s.ForgotCode(w.t.Context(), c, asked, w.lastMail(auth.TemplateReset).Args["code"])
	ok(w.t, "the code", err)
	return ch.Ceremony
}

// A mailed code does what the link does, in a browser that asked, as people type it, and nowhere else; never for
// nobody's identifier. What is sealed for nobody is as long.
func TestAMailedCodeSetsANewPassword(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	_, session := w.enrolled("seller@example.com", sellerNumber)
	w.mail()
	x := caller("x")
	asked := w.askReset(x, "seller@example.com")
	m := w.lastMail(auth.TemplateReset)
	code := m.Args["code"]
	nobody := w.askReset(x, "nobody@example.com")
	if len(nobody) != len(asked) {
		t.Errorf("sealed for nobody: got %d signs, want %d", len(nobody), len(asked))
	}
	_, err := w.s.ForgotCode(ctx, x, nobody, code)
	wantCode(t, "nobody's", err, auth.CodeWrong)
	_, err = w.s.ForgotCode(ctx, caller("y"), asked, code)
	wantCode(t, "another browser", err, auth.CeremonyOtherBrowser)
	_, err = w.s.ForgotCode(ctx, x, asked, "0000-0000")
	wantCode(t, "another code", err, auth.CodeWrong)
	_, err = w.s.ForgotCode(ctx, x, asked, code[:4])
	wantCode(t, "half a code", err, auth.CodeMalformed)
	wantCode(t, "no code", w.s.ResetByCode(ctx, x, asked, "Another-Horse9"), auth.CeremonyOtherBrowser)
	wantCode(t, "to introduce", w.s.IntroduceFinish(ctx, x, asked, code), auth.CeremonyOtherBrowser)
	proof, err := w.s.ForgotCode(ctx, x, asked, " "+strings.ToLower(code))
	ok(t, "as typed", err)
	_, err = w.s.ForgotCode(ctx, x, asked, code)
	wantCode(t, "the code again", err, auth.CeremonyUsed)
	_, err = w.s.ForgotCode(ctx, x, proof.Ceremony, code)
	wantCode(t, "a code for the proof", err, auth.CeremonyUsed)
	_, err = w.s.SignInState(ctx, x, proof.Ceremony)
	wantCode(t, "as a sign-in", err, auth.CeremonyOtherBrowser)
	wantCode(t, "in another browser", w.s.ResetByCode(ctx, caller("y"), proof.Ceremony, "Another-Horse9"),
		auth.CeremonyOtherBrowser)
	wantCode(t, "a bad password", w.s.ResetByCode(ctx, x, proof.Ceremony, "short"), auth.PasswordTooShort)
	ok(t, "reset", w.s.ResetByCode(ctx, x, proof.Ceremony, "Another-Horse9"))
	wantCode(t, "again", w.s.ResetByCode(ctx, x, proof.Ceremony, "Third-Horse99"), auth.CeremonyUsed)
	_, err = w.s.Me(ctx, session)
	wantCode(t, "the session before", err, auth.SessionEnded)
	wantCode(t, "the link beside", w.s.ResetPassword(ctx, x, token(m.Args["link"]), "Third-Horse99"), auth.LinkUsed)
	info, err := w.s.SignIn(ctx, x, auth.SignInForm{Identifier: "seller@example.com", Password: "Another-Horse9"})
	ok(t, "the new password", err)
	if info.Step != auth.StepSecond || info.Token != "" {
		t.Errorf("after a reset: got %s, want the second step asked for (D7)", info.Step)
	}
}

// Of many who type one code, or use one proof, one wins.
func TestAMailedCodeHasOneWinner(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.enrolled("seller@example.com", sellerNumber)
	w.mail()
	x := caller("x")
	asked := w.askReset(x, "seller@example.com")
	code := w.lastMail(auth.TemplateReset).Args["code"]
	proofs := make([]string, 64)
	won := w.winners(64, func(i int) error {
		ch, err := w.s.ForgotCode(ctx, x, asked, code)
		if err == nil {
			proofs[i] = ch.Ceremony
		}
		return err
	})
	if won != 1 {
		t.Errorf("one code 64 times at once: got %d winners, want 1", won)
	}
	proof := strings.Join(proofs, "")
	if won := w.winners(64, func(i int) error {
		return w.s.ResetByCode(ctx, x, proof, "Another-Horse"+string(rune('A'+i%26))+"9")
	}); won != 1 {
		t.Errorf("one proof 64 times at once: got %d winners, want 1", won)
	}
}

// What is too old, from before a new password, or mailed to a mailbox that the account has no more, opens nothing.
func TestMailedCodesOfAResetEnd(t *testing.T) {
	x := caller("x")
	for name, c := range map[string]struct {
		end  func(w *world, session auth.Caller)
		code auth.Code // of a code that was not typed
		want auth.Code // of a proof
	}{
		"a quarter of an hour": {func(w *world, _ auth.Caller) { w.pass(15 * time.Minute) }, "", auth.CeremonyExpired},
		"half an hour": {func(w *world, _ auth.Caller) { w.pass(30 * time.Minute) }, auth.CeremonyExpired,
			auth.CeremonyExpired},
		"a new password": {func(w *world, _ auth.Caller) {
			w.pass(time.Minute)
			w.reset("seller@example.com", "Third-Horse99")
		}, auth.CodeWrong, auth.CeremonyVoid},
		"a restore": {func(w *world, _ auth.Caller) {
			_, err := w.s.Restored(w.t.Context(), true)
			ok(w.t, "restored", err)
		}, auth.CodeWrong, auth.CeremonyVoid},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, session := w.enrolled("seller@example.com", sellerNumber)
			w.mail()
			proof := w.resetProof(x, "seller@example.com")
			w.pass(time.Minute)
			asked := w.askReset(x, "seller@example.com")
			code := w.lastMail(auth.TemplateReset).Args["code"]
			c.end(w, session)
			wantCode(t, "the proof", w.s.ResetByCode(t.Context(), x, proof, "Another-Horse9"), c.want)
			_, err := w.s.ForgotCode(t.Context(), x, asked, code)
			if c.code == "" {
				ok(t, "the code", err)
				return
			}
			wantCode(t, "the code", err, c.code)
		})
	}
}
