package auth_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

const sellerNumber = "+8613800138000"

// code returns the code of the newest message on a channel.
func (w *world) code(ch auth.Channel) (json.RawMessage, auth.Message) {
	w.t.Helper()
	for _, m := range w.mail() {
		if m.Template == auth.TemplateCode && m.Channel == ch {
			return typed(m.Args["code"]), m
		}
	}
	w.t.Fatalf("no code by %s in the outbox", ch)
	return nil, auth.Message{}
}

// addPhone binds a number by a text.
func (w *world) addPhone(c auth.Caller, n string) (*auth.BindInfo, auth.Caller) {
	w.t.Helper()
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.Phone, Number: n, Channel: auth.SMS})
	ok(w.t, "begin to add a number", err)
	code, _ := w.code(auth.SMS)
	info, err := w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Response: code})
	ok(w.t, "add a number", err)
	if info.Token != "" {
		c.Token = info.Token
	}
	return info, c
}

func TestTextThenCall(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", sellerNumber)
	_, _ = w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), sellerNumber)
	ctx := t.Context()
	c := caller("elsewhere")
	w.pass(time.Hour)
	w.mail() // the notice of the new number
	info := w.signIn(c, sellerNumber)
	if len(w.mail()) != 0 {
		t.Error("a message before a method was chosen")
	}
	ch, err := w.s.SignInBegin(ctx, c, info.Ceremony, auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS})
	ok(t, "begin", err)
	d := ch.Delivery
	if d == nil || d.Masked != "+86 ••• •••• 8000" || d.State != auth.Queued || len(d.Label) != 2 || d.LeftToday != 9 {
		t.Errorf("delivery: got %+v, want queued, masked, with a label, and 9 left today to strangers", d)
	}
	_, err = w.s.SignInResend(ctx, c, ch.Ceremony, auth.Voice)
	wantCode(t, "at once again", err, auth.ResendTooSoon)
	text, sms := w.code(auth.SMS)
	w.pass(31 * time.Second)
	again, err := w.s.SignInResend(ctx, c, ch.Ceremony, auth.Voice)
	ok(t, "call me instead", err)
	_, call := w.code(auth.Voice)
	if call.Args["code"] != sms.Args["code"] || call.Label != sms.Label {
		t.Errorf("one code on both channels: got %s %s by call, %s %s by text", call.Label, call.Args["code"],
			sms.Label, sms.Args["code"])
	}
	done, err := w.s.SignInFinish(ctx, c, again.Ceremony, text)
	ok(t, "the code", err)
	if done.Step != auth.StepDone || done.Session.AAL != 2 {
		t.Errorf("after the code: got %+v, want signed in", done)
	}
}

func TestDeliveryIsToldAsItIs(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", sellerNumber)
	w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), sellerNumber)
	ctx := t.Context()
	w.pass(time.Hour)
	c := caller("elsewhere")
	info := w.signIn(c, "seller@example.com")
	ch, err := w.s.SignInBegin(ctx, c, info.Ceremony, auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS})
	ok(t, "begin", err)
	state := func() auth.Delivery {
		t.Helper()
		got, err := w.s.Challenge(ctx, c, auth.ForSignIn, ch.Ceremony)
		ok(t, "look", err)
		return got.Delivery.State
	}
	if got := state(); got != auth.Queued {
		t.Errorf("before delivery: got %s, want queued", got)
	}
	_, m := w.code(auth.SMS)
	if got := state(); got != auth.Accepted {
		t.Errorf("after the gateway took it: got %s, want accepted", got)
	}
	ok(t, "receipt", w.s.Receipt(ctx, "test", m.ID, auth.Failed, "absent"))
	if got := state(); got != auth.Failed {
		t.Errorf("after its receipt: got %s, want failed", got)
	}
	ok(t, "receipt again", w.s.Receipt(ctx, "test", m.ID, auth.Delivered, ""))
	if got := state(); got != auth.Failed {
		t.Errorf("a second receipt: got %s, want failed still", got)
	}
}

func TestSendsAreCapped(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", sellerNumber)
	w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), sellerNumber)
	ctx := t.Context()
	sent := 1
	var err error
	for range 20 {
		w.pass(time.Minute)
		info := w.signIn(caller("home"), "seller@example.com")
		if _, err = w.s.SignInBegin(ctx, caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.Phone,
			Channel: auth.SMS}); err != nil {
			break
		}
		sent++
	}
	wantCode(t, "one more", err, auth.SendLimitReached)
	if sent != 10 {
		t.Errorf("texts in a day: got %d, want 10", sent)
	}
	w.pass(24 * time.Hour)
	info := w.signIn(caller("home"), "seller@example.com")
	_, err = w.s.SignInBegin(ctx, caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS})
	ok(t, "the next day", err)
}

func TestNumbersThatCannot(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.Countries = []string{"CN", "GB"} })
	w.seller("seller@example.com", sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token)
	for _, x := range []struct {
		number  string
		channel auth.Channel
		want    auth.Code
	}{
		{"13800138000", auth.SMS, auth.PhoneNoCountry},
		{"+86 10 6552 9988", auth.SMS, auth.PhoneLandline},
		{"+33 6 12 34 56 78", auth.SMS, auth.CountryNotServed},
		{"+86 1", auth.SMS, auth.PhoneMalformed},
	} {
		_, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.Phone, Number: x.number, Channel: x.channel})
		wantCode(t, x.number, err, x.want)
	}
	_, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.Phone, Number: "+86 10 6552 9988",
		Channel: auth.Voice})
	ok(t, "a landline that is called", err)
}

// D6: a weak method adds a first strong one, and removes a strong one only
// after a delay that every address can stop.
func TestWeakMethodRemovesAStrongOneLater(t *testing.T) {
	w := newWorld(t)
	_, bound, c := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	_, c = w.addPhone(c, sellerNumber)
	ctx := t.Context()
	w.pass(time.Hour)
	_, err := w.s.Remove(ctx, c, bound.Authenticator.ID)
	wantCode(t, "without a fresh proof", err, auth.StepUpRequired)
	byText := func() {
		ch, err := w.s.StepUpBegin(ctx, c, auth.ActRemove, bound.Authenticator.ID, auth.MethodChoice{Kind: auth.Phone,
			Channel: auth.SMS})
		ok(t, "step up by text", err)
		code, _ := w.code(auth.SMS)
		up, err := w.s.StepUpFinish(ctx, c, ch.Ceremony, code)
		ok(t, "step up by text", err)
		c.Token = up.Token
	}
	byText()
	info, err := w.s.StepUp(ctx, c, auth.ActRemove, bound.Authenticator.ID)
	ok(t, "ask", err)
	if info.Done || !info.Waits || info.Demand.Class != auth.Strong {
		t.Errorf("after a text: got %+v, want that it would wait", info)
	}
	// GHSA-hp74-gm6m-2qm5: a weaker method is no step-up for a stronger one.
	_, err = w.s.RecoveryCodes(ctx, c)
	wantCode(t, "recovery codes after a text", err, auth.TooWeak)
	_, err = w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.TOTP})
	wantCode(t, "another method after a text", err, auth.TooWeak)
	gone, err := w.s.Remove(ctx, c, bound.Authenticator.ID)
	ok(t, "remove", err)
	if got := gone.Due.Sub(w.time()); got != 24*time.Hour {
		t.Fatalf("removal waits %s, want 24h", got)
	}
	undo := token(w.lastMail(auth.TemplateRemoval).Args["undo"])
	_, err = w.s.Remove(ctx, c, bound.Authenticator.ID)
	wantCode(t, "again", err, auth.ChangePending)
	_, err = w.s.Undo(ctx, caller("mail"), undo)
	ok(t, "undo", err)
	_, err = w.s.Me(ctx, c)
	wantCode(t, "the session that asked, after its owner said that it was not him", err, auth.SessionEnded)
	_, err = w.s.Undo(ctx, caller("mail"), undo)
	wantCode(t, "undo twice", err, auth.LinkUsed)
	w.pass(25 * time.Hour)
	ok(t, "sweep", w.s.Sweep(ctx))
	c = with(caller("home"), w.textIn("seller@example.com"))
	if got := w.methods(c); got != "webauthn phone" {
		t.Fatalf("after undo: got %q, want both methods", got)
	}
	gone, err = w.s.Remove(ctx, c, bound.Authenticator.ID)
	ok(t, "remove", err)
	w.pass(23 * time.Hour)
	ok(t, "sweep early", w.s.Sweep(ctx))
	c = with(caller("home"), w.textIn("seller@example.com"))
	if got := w.methods(c); got != "webauthn phone" {
		t.Fatalf("before it is due: got %q, want both methods", got)
	}
	w.pass(2 * time.Hour)
	ok(t, "sweep", w.s.Sweep(ctx))
	c = with(caller("home"), w.textIn("seller@example.com"))
	if got := w.methods(c); got != "phone" {
		t.Errorf("after it came due at %s: got %q, want the number alone", gone.Due, got)
	}
}

// textIn signs in with a text and returns the session's token.
func (w *world) textIn(id string) string {
	w.t.Helper()
	w.pass(time.Minute)
	info := w.signIn(caller("home"), id)
	ch, err := w.s.SignInBegin(w.t.Context(), caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.Phone,
		Channel: auth.SMS})
	ok(w.t, "begin", err)
	code, _ := w.code(auth.SMS)
	done, err := w.s.SignInFinish(w.t.Context(), caller("home"), ch.Ceremony, code)
	ok(w.t, "finish", err)
	return done.Token
}

func (w *world) methods(c auth.Caller) string {
	w.t.Helper()
	info, err := w.s.Security(w.t.Context(), c)
	ok(w.t, "overview", err)
	var kinds []string
	for _, m := range info.Methods {
		kinds = append(kinds, string(m.Kind))
	}
	return strings.Join(kinds, " ")
}

func TestRecoveryCodes(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	set, err := w.s.RecoveryCodes(ctx, c)
	ok(t, "make", err)
	if len(set.Codes) != 10 {
		t.Fatalf("got %d codes, want 10", len(set.Codes))
	}
	file, err := w.s.CodesFile(ctx, c, set.Sealed)
	ok(t, "file", err)
	if strings.Join(file.Codes, " ") != strings.Join(set.Codes, " ") {
		t.Error("the file holds other codes")
	}
	use := func(code string) error {
		w.pass(time.Second)
		info := w.signIn(caller("home"), "seller@example.com")
		ch, err := w.s.SignInBegin(ctx, caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.Lookup})
		if err != nil {
			return err
		}
		_, err = w.s.SignInFinish(ctx, caller("home"), ch.Ceremony, typed(code))
		return err
	}
	ok(t, "a code", use(strings.ToLower(set.Codes[0])))
	wantCode(t, "the code again", use(set.Codes[0]), auth.RecoveryUsed)
	again, err := w.s.RecoveryCodes(ctx, c)
	ok(t, "make again", err)
	wantCode(t, "a code of the earlier set", use(set.Codes[1]), auth.RecoveryWrong)
	ok(t, "a code of the new set", use(again.Codes[1]))
	info, err := w.s.Security(ctx, c)
	ok(t, "overview", err)
	if got := info.Methods[len(info.Methods)-1]; got.Left != 9 {
		t.Errorf("left: got %d, want 9", got.Left)
	}
	if !info.BackupNeeded {
		t.Error("recovery codes alone count as the backup (R61)")
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			i, err := w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: "seller@example.com",
				Password: password})
			if err != nil {
				return
			}
			ch, err := w.s.SignInBegin(ctx, caller("home"), i.Ceremony, auth.MethodChoice{Kind: auth.Lookup})
			if err != nil {
				return
			}
			if _, err := w.s.SignInFinish(ctx, caller("home"), ch.Ceremony, typed(again.Codes[5])); err == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("one recovery code, 64 sign-ins: got %d winners, want 1", won.Load())
	}
}

// R61: what falls with the same phone is no backup.
func TestBackupLivesElsewhere(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	info, c := w.addPhone(c, sellerNumber)
	if !info.BackupNeeded {
		t.Error("an app and the texts of one phone: got no need of a backup")
	}
	bound, c := w.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, "Blue key")
	if bound.BackupNeeded {
		t.Error("a phone and a key: got a backup asked for")
	}
	over, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	if len(over.Forecast) == 0 {
		t.Fatal("no forecast")
	}
	for _, row := range over.Forecast {
		if len(row.Lost) == 1 && row.Lost[0].Kind == auth.Handset && (len(row.Falls) != 2 || len(row.Left) != 1) {
			t.Errorf("losing the phone: %d fall and %d are left, want 2 and 1", len(row.Falls), len(row.Left))
		}
	}
}

func TestPasswordReset(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	_, c = w.addPhone(c, sellerNumber)
	w.mail()
	ctx := t.Context()
	ok(t, "forgot by an unknown address", forgot(ctx, w.s, caller("x"), "nobody@example.com"))
	if n := len(w.mail()); n > 1 { // the notice of the app is the one
		t.Errorf("a reset for nobody: got %d mails", n)
	}
	w.pass(time.Minute)
	ok(t, "forgot", forgot(ctx, w.s, caller("x"), sellerNumber))
	link := token(w.lastMail(auth.TemplateReset).Args["link"])
	wantCode(t, "a weak password", w.s.ResetPassword(ctx, caller("x"), link, "password"), auth.PasswordNoUpper)
	// Reset without the mailed token is a fault of others (CVE-2026-18963).
	wantCode(t, "without the token", w.s.ResetPassword(ctx, caller("x"), "", "Another-Horse9"), auth.LinkUsed)
	_, err := w.s.LookLink(ctx, caller("x"), auth.LinkSignUp, link)
	wantCode(t, "a token of another purpose", err, auth.LinkUsed)
	ok(t, "reset", w.s.ResetPassword(ctx, caller("x"), link, "Another-Horse9"))
	wantCode(t, "reset twice", w.s.ResetPassword(ctx, caller("x"), link, "Another-Horse9"), auth.LinkUsed)
	_, err = w.s.Me(ctx, c)
	wantCode(t, "a session from before", err, auth.SessionEnded)
	_, err = w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: "seller@example.com", Password: password})
	wantCode(t, "the old password", err, auth.SignInRefused)
	info, err := w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: "seller@example.com",
		Password: "Another-Horse9"})
	ok(t, "the new password", err)
	if info.Step != auth.StepSecond {
		t.Errorf("after a reset: got step %s, want the second step (D7)", info.Step)
	}
}

// D6: the mailbox that reset the password is not the second step as well.
func TestMailboxIsNotBothSteps(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	ch, err := w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.Email, Address: "seller@example.com", Channel: auth.Mail})
	ok(t, "begin", err)
	code, _ := w.code(auth.Mail)
	_, err = w.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ch.Ceremony, Response: code})
	ok(t, "add the mailbox", err)
	w.pass(time.Minute)
	offered := func(pw string) bool {
		info, err := w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: "seller@example.com", Password: pw})
		ok(t, "sign in", err)
		for _, m := range info.Methods {
			if m.Kind == auth.Email {
				return true
			}
		}
		_, err = w.s.SignInBegin(ctx, caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.Email,
			Channel: auth.Mail})
		if !errors.Is(err, auth.Refuse(auth.NoSuchMethod)) {
			t.Errorf("not offered, yet begun: %v", err)
		}
		return false
	}
	if !offered(password) {
		t.Error("before a reset the mailbox is not offered")
	}
	ok(t, "forgot", forgot(ctx, w.s, caller("x"), "seller@example.com"))
	link := token(w.lastMail(auth.TemplateReset).Args["link"])
	ok(t, "reset", w.s.ResetPassword(ctx, caller("x"), link, "Another-Horse9"))
	if offered("Another-Horse9") {
		t.Error("after a reset by mail the same mailbox is offered as second step")
	}
}

func TestChangePassword(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	e := wantCode(t, "a wrong current password", lastErr(w.s.ChangePassword(ctx, c, "Wrong-Horse9", "Another-Horse9")),
		auth.PasswordWrong)
	if e.Field != "current" {
		t.Errorf("field: got %q, want current", e.Field)
	}
	wantCode(t, "a simple one", lastErr(w.s.ChangePassword(ctx, c, password, "short")), auth.PasswordTooShort)
	token, err := w.s.ChangePassword(ctx, c, password, "Another-Horse9")
	ok(t, "change", err)
	w.exchanged(c)
	_, err = w.s.Me(ctx, with(c, token))
	ok(t, "the token after", err)
	w.pass(11 * time.Minute)
	_, err = w.s.ChangePassword(ctx, with(c, token), "Another-Horse9", password)
	wantCode(t, "without a fresh second step", err, auth.StepUpRequired)
	_, err = w.s.ChangePassword(ctx, with(c, ""), "Another-Horse9", password)
	wantCode(t, "without a session", err, auth.SessionRequired)
}
