package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// addMailbox binds codes by e-mail.
func (w *world) addMailbox(c auth.Caller, address string) (*auth.BindInfo, auth.Caller) {
	w.t.Helper()
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.Email, Address: address, Channel: auth.Mail})
	ok(w.t, "begin to add a mailbox", err)
	code, _ := w.code(auth.Mail)
	info, err := w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Response: code})
	ok(w.t, "add a mailbox", err)
	if info.Token != "" {
		c.Token = info.Token
	}
	return info, c
}

// reset sets another password by a mailed link.
func (w *world) reset(email, password string) {
	w.t.Helper()
	ok(w.t, "forgot", forgot(w.t.Context(), w.s, caller("x"), email))
	link := token(w.lastMail(auth.TemplateReset).Args["link"])
	ok(w.t, "reset", w.s.ResetPassword(w.t.Context(), caller("x"), link, password))
}

// A seller who reset the password before he had a second step is told that this
// mailbox cannot be it, and can sign in with another one.
func TestResetBeforeEnrolmentDoesNotShutTheMailboxOut(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", sellerNumber)
	w.reset("seller@example.com", "Another-Horse9")
	sign := func() *auth.SignInInfo {
		info, err := w.s.SignIn(t.Context(), caller("home"), auth.SignInForm{Identifier: "seller@example.com",
			Password: "Another-Horse9"})
		ok(t, "sign in", err)
		return info
	}
	c := with(caller("home"), sign().Token)
	_, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.Email, Address: "Seller+codes@example.com", Channel: auth.Mail})
	wantCode(t, "the mailbox that reset", err, auth.MailboxResets)
	w.addMailbox(c, "codes@example.com")
	if info := sign(); info.Step != auth.StepSecond || len(info.Methods) != 1 {
		t.Errorf("the sign-in after enrolment: got %s with %d methods, want the mailbox offered", info.Step,
			len(info.Methods))
	}
}

// D4: who keeps asking for reset links stops neither the codes that the owner
// signs in with nor the links themselves.
func TestStrangersResetsStopNothing(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", sellerNumber)
	w.addMailbox(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), "codes@example.com")
	ctx := t.Context()
	w.pass(time.Hour)
	w.mail()
	sent := 0
	for range 40 {
		w.pass(time.Minute)
		ok(t, "a stranger's forgot", forgot(ctx, w.s, caller("stranger"), "seller@example.com"))
		sent += len(w.mail())
	}
	if sent > 12 {
		t.Errorf("reset mails in 40 minutes: got %d, want few", sent)
	}
	info := w.signIn(caller("home"), "seller@example.com")
	_, err := w.s.SignInBegin(ctx, caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.Email,
		Channel: auth.Mail})
	ok(t, "the owner's code", err)
	w.mail()
	w.pass(30 * time.Minute)
	w.reset("seller@example.com", "Another-Horse9")
}

// Authelia CVE-2025-24806, for mailboxes: another spelling is no other mailbox.
// It is no backup for itself (R61) and gets no more mails.
func TestSpellingsOfAMailboxAreOne(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", sellerNumber)
	_, c := w.addMailbox(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token),
		"codes@example.com")
	for _, spelling := range []string{"Codes@example.com", "ｃodes@EXAMPLE.com"} {
		_, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.Email, Address: spelling, Channel: auth.Mail})
		wantCode(t, spelling, err, auth.MethodExists)
	}
	sent := 0
	for _, spelling := range []string{"other@example.com", "Other@example.com", "oTher@example.com",
		"otHer@example.com"} {
		for range 10 {
			w.pass(31 * time.Second)
			if _, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.Email, Address: spelling,
				Channel: auth.Mail}); err == nil {
				sent++
			}
		}
	}
	if sent > 10 {
		t.Errorf("codes to one mailbox in a day: got %d, want at most 10", sent)
	}
}

// Who signs up with somebody else's address chooses neither the words nor the
// spelling of the address of the mail that its owner gets.
func TestSignUpMailSaysNothingOfAStrangers(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", sellerNumber)
	w.pass(time.Hour)
	// It folds to the same key, and may be another mailbox.
	_, err := w.s.SignUp(t.Context(), caller("stranger"), "ſeller@example.com")
	ok(t, "sign up", err)
	m := w.lastMail(auth.TemplateSignUpExisting)
	if m.Recipient != "seller@example.com" || m.Args["name"] != "Wei" {
		t.Errorf("the owner's mail: got %s to %s, want Wei to seller@example.com", m.Args["name"], m.Recipient)
	}
}

// Repeating a sign-up or a reset fills nobody's history.
func TestRefusedMailsFillNoHistory(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	w.pass(time.Minute)
	for range 30 {
		ok(t, "forgot", forgot(t.Context(), w.s, caller("stranger"), "seller@example.com"))
	}
	h, err := w.s.History(t.Context(), c, "", 100)
	ok(t, "history", err)
	if n := count(h, auth.ActForgot); n != 1 {
		t.Errorf("30 requests at once: got %d events, want 1", n)
	}
}

func count(h *auth.HistoryInfo, a auth.Action) int {
	n := 0
	for _, e := range h.Events {
		if e.Action == a {
			n++
		}
	}
	return n
}
