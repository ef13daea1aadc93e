package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

func TestChangeEmail(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	w.seller("other@example.com", "+8613800138001")
	ctx := t.Context()
	w.mail()
	_, err := w.s.ChangeEmail(ctx, c, "new@example.com")
	ok(t, "ask", err)
	m := w.lastMail(auth.TemplateEmailChange)
	if m.Recipient != "new@example.com" {
		t.Errorf("the link went to %s, want the new address", m.Recipient)
	}
	if m.Args["name"] != "" {
		t.Errorf("to an address that is not proved the mail says %q", m.Args["name"])
	}
	_, err = w.s.ConfirmEmail(ctx, c, "forged")
	wantCode(t, "a forged link", err, auth.LinkUsed)
	_, err = w.s.ConfirmEmail(ctx, caller("mail"), token(m.Args["link"]))
	wantCode(t, "whoever reads the mail", err, auth.SessionRequired)
	_, stranger := w.enrolled("stranger@example.com", "+8613800138002")
	_, err = w.s.ConfirmEmail(ctx, stranger, token(m.Args["link"]))
	wantCode(t, "a session of another account", err, auth.LinkOtherAccount)
	w.mail()
	masked, err := w.s.ConfirmEmail(ctx, c, token(m.Args["link"]))
	ok(t, "confirm", err)
	if masked != "n•••@example.com" {
		t.Errorf("confirmed: got %s", masked)
	}
	if told := w.lastMail(auth.TemplateChange); told.Recipient != "seller@example.com" {
		t.Errorf("told: got %s, want the old address", told.Recipient)
	}
	_, err = w.s.ConfirmEmail(ctx, c, token(m.Args["link"]))
	wantCode(t, "the link again", err, auth.LinkUsed)
	_, err = w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: "seller@example.com", Password: password})
	wantCode(t, "the old address", err, auth.SignInRefused)
	w.signIn(caller("home"), "new@example.com")
	// An address that another account has: the mail goes out, the change does not happen.
	w.pass(time.Minute)
	_, err = w.s.ChangeEmail(ctx, c, "other@example.com")
	ok(t, "ask for another's address", err)
	_, err = w.s.ConfirmEmail(ctx, c, token(w.lastMail(auth.TemplateEmailChange).Args["link"]))
	wantCode(t, "another's address", err, auth.LinkUsed)
	w.signIn(caller("home"), "new@example.com")
	w.pass(11 * time.Minute)
	_, err = w.s.ChangeEmail(ctx, c, "third@example.com")
	wantCode(t, "without a fresh second step", err, auth.StepUpRequired)
}

func TestChangePhone(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	_, err := w.s.ChangePhone(ctx, c, "13800138001", "")
	wantCode(t, "without a country code", err, auth.PhoneNoCountry)
	masked, err := w.s.ChangePhone(ctx, c, "+86 138 0013 8001", "")
	ok(t, "change", err)
	if masked != "+86 ••• •••• 8001" {
		t.Errorf("changed to %s", masked)
	}
	_, err = w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: "+8613800138001", Password: password})
	wantCode(t, "a number that was only claimed", err, auth.SignInRefused)
	_, c = w.addPhone(c, "+8613800138001")
	w.signIn(caller("home"), "+8613800138001")
	_, err = w.s.ChangePhone(ctx, c, "138 0013 8002", "")
	wantCode(t, "another without a country code", err, auth.PhoneNoCountry)
	c.Language = "zh-CN"
	_, err = w.s.ChangePhone(ctx, c, "138 0013 8002", "")
	ok(t, "the same on a Chinese page", err)
	_, err = w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: "+8613800138001", Password: password})
	wantCode(t, "the old number", err, auth.SignInRefused)
}

// R61: what is to be the backup must not fall with the rest.
func TestBackupThatFallsWithItIsRefused(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	ch, err := w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.Phone, Number: sellerNumber, Channel: auth.SMS})
	ok(t, "begin", err)
	code, _ := w.code(auth.SMS)
	_, err = w.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ch.Ceremony, Response: code, Backup: true})
	wantCode(t, "the texts of the app's phone as its backup", err, auth.BackupFallsWith)
	_, err = w.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ch.Ceremony, Response: code, Backup: true, Device: "new"})
	ok(t, "the texts of another phone", err)
}

// Nobody pumps texts to one number from many accounts.
func TestTextsToOneNumberAreCappedAcrossAccounts(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.SendsPerDay = 3 })
	ctx := t.Context()
	var err error
	sent := 0
	for i := range 5 {
		email := string(rune('a'+i)) + "@example.com"
		w.seller(email, "+8613800138009")
		c := with(caller("home"), w.signIn(caller("home"), email).Token)
		if _, err = w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.Phone, Number: sellerNumber,
			Channel: auth.SMS}); err != nil {
			break
		}
		sent++
	}
	wantCode(t, "one more", err, auth.SendLimitReached)
	if sent != 3 {
		t.Errorf("texts to one number: got %d, want 3", sent)
	}
}

// A new password stops what somebody else may have asked for with a text.
func TestNewPasswordStopsWaitingRemovals(t *testing.T) {
	w := newWorld(t)
	_, bound, c := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	w.addPhone(c, sellerNumber)
	ctx := t.Context()
	w.pass(time.Hour)
	c = with(caller("home"), w.textIn("seller@example.com"))
	gone, err := w.s.Remove(ctx, c, bound.Authenticator.ID)
	ok(t, "remove", err)
	if gone.Due.IsZero() {
		t.Fatal("a text removed a key at once")
	}
	ok(t, "forgot", forgot(ctx, w.s, caller("x"), "seller@example.com"))
	ok(t, "reset", w.s.ResetPassword(ctx, caller("x"), token(w.lastMail(auth.TemplateReset).Args["link"]), password))
	w.pass(25 * time.Hour)
	ok(t, "sweep", w.s.Sweep(ctx))
	c = with(caller("home"), w.textIn("seller@example.com"))
	if got := w.methods(c); got != "webauthn phone" {
		t.Errorf("after the reset: got %q, want both methods", got)
	}
}

// The owner is told when a method is switched off or frozen without his asking.
func TestOwnerIsToldOfWhatGuessesDid(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.Guesses.Limit = 3 })
	secret, _ := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	w.mail()
	info := w.signIn(caller("home"), "seller@example.com")
	ch, err := w.s.SignInBegin(ctx, caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin", err)
	for range 3 {
		_, err = w.s.SignInFinish(ctx, caller("home"), ch.Ceremony, otherCode(w.app(secret)))
		wantCode(t, "wrong", err, auth.CodeWrong)
	}
	if m := w.lastMail(auth.TemplateChange); m.Args["what"] != "disabled-totp" {
		t.Errorf("told: got %s, want disabled-totp", m.Args["what"])
	}
}

func TestOwnerIsToldOfAFrozenKey(t *testing.T) {
	w := newWorld(t)
	browser, _, _ := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	clone := *browser
	clone.Authenticators = []*virtual.Authenticator{browser.Authenticators[0].Clone()}
	sign := func(b *virtual.Client) error {
		info := w.signIn(caller("home"), "seller@example.com")
		ch, err := w.s.SignInBegin(t.Context(), caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.WebAuthn})
		if err != nil {
			return err
		}
		_, err = w.s.SignInFinish(t.Context(), caller("home"), ch.Ceremony, touch(t, b, ch))
		return err
	}
	ok(t, "the original", sign(browser))
	ok(t, "the original", sign(browser))
	w.mail()
	wantCode(t, "the copy", sign(&clone), auth.KeyFrozen)
	if m := w.lastMail(auth.TemplateChange); m.Args["what"] != "frozen-webauthn" || m.Args["item"] != "Blue key" {
		t.Errorf("told: got %v, want frozen-webauthn of Blue key", m.Args)
	}
}

func TestNISTEndsIdleSessionsThatAreKept(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) {
		p := &c.Policy
		p.SessionIdle = time.Hour
		p.SessionLife = 24 * time.Hour
		p.SessionShort = 24 * time.Hour
	})
	secret, _ := w.enrolled("seller@example.com", sellerNumber)
	info, err := w.s.SignIn(t.Context(), caller("home"), auth.SignInForm{Identifier: "seller@example.com",
		Password: password, Remember: true})
	ok(t, "sign in", err)
	done := w.second(caller("home"), info, secret)
	w.pass(time.Hour)
	_, err = w.s.Me(t.Context(), with(caller("home"), done.Token))
	wantCode(t, "an idle session that is kept", err, auth.SessionEnded)
}

func TestAuditOfTheWholeSite(t *testing.T) {
	w := newWorld(t)
	w.enrolled("seller@example.com", sellerNumber)
	chains, events, err := w.s.VerifyAudit(t.Context(), nil)
	ok(t, "verify", err)
	if chains < 2 || events < 4 {
		t.Errorf("got %d chains and %d events, want the account's and the site's", chains, events)
	}
}

// A link to a new e-mail ends with what the account rested on when it was asked for: the owner may be another.
func TestALinkToANewEmailEndsWithThePassword(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(r *racing) auth.Caller // returns the session that presses
		want      auth.Code
	}{
		"nothing":      {func(r *racing) auth.Caller { return r.owner }, ""},
		"a new number": {func(r *racing) auth.Caller { r.addPhone(r.owner, "+8613800138007"); return r.owner }, ""},
		"a new password": {func(r *racing) auth.Caller {
			next, err := r.s.ChangePassword(t.Context(), r.owner, password, newPassword)
			ok(t, "change", err)
			return with(r.owner, next)
		}, auth.LinkUsed},
		"a method removed": {func(r *racing) auth.Caller {
			ok(t, "remove", lastErr(r.s.Remove(t.Context(), r.owner, r.phone.Authenticator.ID)))
			return r.owner
		}, auth.LinkUsed},
		"not me": {func(r *racing) auth.Caller { r.notMe(); return r.byKey("home") }, auth.LinkUsed},
		"another new e-mail": {func(r *racing) auth.Caller {
			r.pass(time.Minute)
			r.emailTo(r.owner, "third@example.com")
			return r.owner
		}, auth.LinkUsed},
		"an end of all others": {func(r *racing) auth.Caller { r.endOthers(); return r.byKey("home") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := racer(newWorld(t))
			_, err := r.s.ChangeEmail(t.Context(), r.owner, "new@example.com")
			ok(t, "ask", err)
			link := token(r.lastMail(auth.TemplateEmailChange).Args["link"])
			says(t, "the link", lastErr(r.s.ConfirmEmail(t.Context(), c.meanwhile(r), link)), c.want)
		})
	}
}

// What is answered to a new e-mail: where the mail went, until when its link is good, when it may be sent again; a day
// has so many, whoever asks, and what is no mailbox costs nothing.
func TestANewEmailIsAskedForSoOften(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	for i := range w.cfg.Policy.SendsPerDay {
		c = w.stepUp(c, secret)
		w.mail()
		info, err := w.s.ChangeEmail(t.Context(), c, "New@Example.com")
		ok(t, "ask", err)
		want := auth.SignUpInfo{MaskedEmail: "N•••@example.com", Expires: w.time().Add(day),
			ResendAt: w.time().Add(30 * time.Second)}
		if *info != want {
			t.Errorf("asked: got %+v, want %+v", *info, want)
		}
		m := w.lastMail(auth.TemplateEmailChange)
		if !m.Expires.Equal(info.Expires) || m.Channel != auth.Mail || m.Account == "" {
			t.Errorf("got the mail %+v", m)
		}
		if i+1 == w.cfg.Policy.SendsPerDay {
			break
		}
		e := wantCode(t, "again at once", lastErr(w.s.ChangeEmail(t.Context(), c, "new@example.com")),
			auth.ResendTooSoon)
		if !e.Until.Equal(info.ResendAt) {
			t.Errorf("after %d: got it again at %s, want %s", i+1, e.Until, info.ResendAt)
		}
	}
	c = w.stepUp(c, secret)
	for _, to := range []string{"new@example.com", "other@example.com"} {
		wantCode(t, "one more", lastErr(w.s.ChangeEmail(t.Context(), c, to)), auth.SendLimitReached)
	}
	before := w.documents("throttle", "outbox", "link")
	e := wantCode(t, "no mailbox", lastErr(w.s.ChangeEmail(t.Context(), c, "nonsense")), auth.EmailMalformed)
	if e.Field != "email" || w.documents("throttle", "outbox", "link") != before {
		t.Errorf("no mailbox: got %+v, and something counted", e)
	}
}

// A mailbox that has become the only second step meanwhile is not moved into by a link of before.
func TestALinkMovesNoEmailIntoTheOnlySecondStep(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.Guesses.Limit = 3 })
	_, c := w.enrolled(sellerMail, sellerNumber)
	_, c = w.addMailbox(c, "codes@example.com")
	w.pass(time.Minute)
	ok(t, "ask", lastErr(w.s.ChangeEmail(t.Context(), c, "codes+x@example.com")))
	link := token(w.lastMail(auth.TemplateEmailChange).Args["link"])
	for range 3 {
		_ = w.finish(caller("home"), w.begun(caller("home"), byApp), typed("000000"))()
	}
	wantCode(t, "confirm", lastErr(w.s.ConfirmEmail(t.Context(), c, link)), auth.MailboxResets)
	w.signIn(caller("home"), sellerMail)
}

// The same number again tells nobody and keeps its proof; another one that was shown by a code while nobody else has
// shown it since is proved from then on.
func TestTheSameNumberAgain(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	_, c = w.addPhone(c, sellerNumber)
	w.mail()
	ok(t, "the same", lastErr(w.s.ChangePhone(t.Context(), c, sellerNumber, "")))
	if list := w.mail(); len(list) != 0 {
		t.Errorf("the same number: got %+v told", list)
	}
	if !w.finds(sellerNumber) {
		t.Error("the same number: got it proved no more")
	}
	n, err := w.s.ChangePhone(t.Context(), c, "138 0013 8001", "CN")
	ok(t, "by its region", err)
	if n != "+86 ••• •••• 8001" {
		t.Errorf("by its region: got %s", n)
	}
	for number, want := range map[string]auth.Code{"abc": auth.PhoneMalformed, "+86 1": auth.PhoneMalformed,
		"13800138001": auth.PhoneNoCountry} {
		wantCode(t, number, lastErr(w.s.ChangePhone(t.Context(), c, number, "")), want)
	}
	own, err := w.s.OwnEmail(t.Context(), c)
	if err != nil || own != sellerMail {
		t.Errorf("the own e-mail: got %q, %v", own, err)
	}
}
