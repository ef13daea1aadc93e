package auth_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// temporary signs in by what a reset could be done by.
func (w *world) temporary(c auth.Caller, proof string) *auth.SignInInfo {
	w.t.Helper()
	info, err := w.s.SignInTemporary(w.t.Context(), c, auth.TemporaryForm{Ceremony: proof})
	ok(w.t, "temporary", err)
	return info
}

// resetLink asks for a new password in a browser and returns the token of the mailed link.
func (w *world) resetLink(c auth.Caller, email string) string {
	w.t.Helper()
	w.askReset(c, email)
	return token(w.lastMail(auth.TemplateReset).Args["link"])
}

// R13, R14: a code stands in for the password once, in its browser, and the second step stays; the mailbox that it came
// to is none (D14). The password stays as it is; a new one is offered until it is chosen, or the offer is put aside.
func TestATemporaryCodeStandsInForThePasswordOnce(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	secret, session := w.enrolled("seller@example.com", sellerNumber)
	_, session = w.addMailbox(session, "seller+codes@example.com")
	w.mail()
	x := caller("x")
	proof := w.resetProof(x, "seller@example.com")
	_, err := w.s.SignInTemporary(ctx, caller("y"), auth.TemporaryForm{Ceremony: proof})
	wantCode(t, "another browser", err, auth.CeremonyOtherBrowser)
	_, err = w.s.SignInTemporary(ctx, x, auth.TemporaryForm{Ceremony: w.askReset(x, "nobody@example.com")})
	wantCode(t, "nothing proved", err, auth.CeremonyOtherBrowser)
	_, err = w.s.SignInTemporary(ctx, x, auth.TemporaryForm{})
	wantCode(t, "nothing", err, auth.CeremonyOtherBrowser)
	info := w.temporary(x, proof)
	if info.Token != "" || info.Step != auth.StepSecond || len(info.Methods) != 1 || info.Methods[0].Kind != auth.TOTP {
		t.Errorf("got %s with %+v, want the app asked for, and never the mailbox", info.Step, info.Methods)
	}
	_, err = w.s.SignInBegin(ctx, x, info.Ceremony, auth.MethodChoice{Kind: auth.Email, Channel: auth.Mail})
	wantCode(t, "a code by the same mailbox", err, auth.NoSuchMethod)
	_, err = w.s.SignInTemporary(ctx, x, auth.TemporaryForm{Ceremony: proof})
	wantCode(t, "twice", err, auth.CeremonyUsed)
	wantCode(t, "for a new password then", w.s.ResetByCode(ctx, x, proof, "Another-Horse9"), auth.CeremonyUsed)
	done := w.second(x, info, secret)
	if s := done.Session; done.Step != auth.StepDone || s.AAL != 2 || !slices.Equal(s.AMR, []string{"email", "otp", "mfa"}) {
		t.Errorf("got %s at level %d by %v", done.Step, s.AAL, s.AMR)
	}
	_, err = w.s.Me(ctx, session)
	ok(t, "the session before", err)
	c := with(x, done.Token)
	if w.security(c).TemporaryAt.IsZero() {
		t.Error("after it: got no offer of a new password")
	}
	ok(t, "keep it", w.s.KeepPassword(ctx, c))
	if !w.security(c).TemporaryAt.IsZero() {
		t.Error("put aside: got the offer still")
	}
	w.pass(time.Minute)
	w.second(x, w.signIn(x, "seller@example.com"), secret) // the old password
	w.pass(time.Minute)
	c = with(x, w.second(x, w.temporary(x, w.resetProof(x, "seller@example.com")), secret).Token)
	_, err = w.s.ChangePassword(ctx, c, password, "Another-Horse9")
	ok(t, "a new password", err)
	info, err = w.s.SignIn(ctx, x, auth.SignInForm{Identifier: "seller@example.com", Password: "Another-Horse9"})
	ok(t, "sign in with it", err)
	if !w.security(with(x, w.second(x, info, secret).Token)).TemporaryAt.IsZero() {
		t.Error("a new password: got the offer still")
	}
}

// A browser that is trusted for the second step behind the password is not behind a mailbox: it may be open beside it.
func TestATrustedBrowserTrustsNoTemporaryCode(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	trusted, err := w.s.TrustBrowser(t.Context(), c)
	ok(t, "trust", err)
	home := caller(trusted.Cookie)
	if info := w.signIn(home, "seller@example.com"); info.Step != auth.StepDone {
		t.Fatalf("by the password: got %s", info.Step)
	}
	w.mail()
	if info := w.temporary(home, w.resetProof(home, "seller@example.com")); info.Step != auth.StepSecond {
		t.Errorf("got %s, want the second step asked for", info.Step)
	}
}

// The link does as much in whichever browser it is opened, once for either use; where policy takes the password alone
// it does not; and who has yet to enrol can do nothing else.
func TestALinkStandsInForThePasswordOnce(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.enrolled("seller@example.com", sellerNumber)
	w.seller("new@example.com", "+8613800138009")
	w.mail()
	link := w.resetLink(caller("x"), "seller@example.com")
	y := caller("y")
	info, err := w.s.SignInTemporary(ctx, y, auth.TemporaryForm{Link: link})
	ok(t, "the link", err)
	if info.Step != auth.StepSecond || info.Who != "s•••@example.com" {
		t.Errorf("got %s for %s", info.Step, info.Who)
	}
	_, err = w.s.SignInTemporary(ctx, y, auth.TemporaryForm{Link: link})
	wantCode(t, "twice", err, auth.LinkUsed)
	wantCode(t, "for a new password", w.s.ResetPassword(ctx, y, link, "Another-Horse9"), auth.LinkUsed)
	if info := w.temporary(y, w.resetProof(y, "new@example.com")); info.Step != auth.StepEnrol || !info.Session.Restricted {
		t.Errorf("before enrolment: got %s, want a session that has to enrol", info.Step)
	}
	w.restartWith(func(c *auth.Config) { c.Policy.MustEnrol = false })
	w.pass(time.Minute)
	_, err = w.s.SignInTemporary(ctx, y, auth.TemporaryForm{Ceremony: w.resetProof(y, "new@example.com")})
	wantCode(t, "with nothing behind it", err, auth.MethodRefused)
	proof := w.resetProof(y, "seller@example.com")
	w.restartWith(func(c *auth.Config) { c.Policy.TemporaryCodes = false })
	_, err = w.s.SignInTemporary(ctx, y, auth.TemporaryForm{Ceremony: proof})
	wantCode(t, "by policy", err, auth.MethodRefused)
	ok(t, "a new password", w.s.ResetByCode(ctx, y, proof, "Another-Horse9"))
}

// Of many who use one proof or one link, in either way, one wins.
func TestAResetHasOneWinnerWhateverItIsFor(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.enrolled("seller@example.com", sellerNumber)
	w.mail()
	x := caller("x")
	proof := w.resetProof(x, "seller@example.com")
	reset := func(i int) string { return fmt.Sprintf("Another-Horse%c9", 'A'+i%26) }
	if won := w.winners(64, func(i int) error {
		if i%2 == 0 {
			return w.s.ResetByCode(ctx, x, proof, reset(i))
		}
		return lastErr(w.s.SignInTemporary(ctx, x, auth.TemporaryForm{Ceremony: proof}))
	}); won != 1 {
		t.Errorf("one proof: got %d winners, want 1", won)
	}
	w.pass(time.Minute)
	link := w.resetLink(x, "seller@example.com")
	if won := w.winners(64, func(i int) error {
		if i%2 == 0 {
			return w.s.ResetPassword(ctx, x, link, reset(i))
		}
		return lastErr(w.s.SignInTemporary(ctx, x, auth.TemporaryForm{Link: link}))
	}); won != 1 {
		t.Errorf("one link: got %d winners, want 1", won)
	}
}
