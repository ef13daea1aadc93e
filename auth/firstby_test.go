package auth_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/virtual"
)

const newPassword = "Another-Horse9"

// mailboxes says how many mailboxes are offered as second step behind the new password.
func (w *world) mailboxes(email string) (n int) {
	w.t.Helper()
	w.pass(time.Minute)
	info, err := w.s.SignIn(w.t.Context(), caller("thief"), auth.SignInForm{Identifier: email, Password: newPassword})
	ok(w.t, "sign in", err)
	for _, m := range info.Methods {
		if m.Kind == auth.Email {
			n++
		}
	}
	return n
}

// D14: who has a stolen mailbox alone has the first factor by it, and not the second as well: under none of its
// aliases, and wherever the owner moves his e-mail before he notices.
func TestMailboxThatResetIsRememberedAsItself(t *testing.T) {
	for name, c := range map[string]struct {
		bound string
		want  int
		meet  func(w *world, key *virtual.Client)
	}{
		"itself":           {bound: "seller@example.com"},
		"an alias":         {bound: "seller+codes@example.com"},
		"another mailbox":  {bound: "codes@example.com", want: 1},
		"the e-mail moved": {bound: "seller@example.com", meet: (*world).moveEmail},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			browser, _, session := w.withKey("seller@example.com", sellerNumber, virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true}, auth.Passkey)
			w.addMailbox(session, c.bound)
			w.reset("seller@example.com", newPassword)
			email := "seller@example.com"
			if c.meet != nil {
				c.meet(w, browser)
				email = "new@example.com"
			}
			if got := w.mailboxes(email); got != c.want {
				t.Errorf("after the reset: got %d mailboxes offered as second step, want %d", got, c.want)
			}
		})
	}
}

// moveEmail moves the e-mail to new@example.com in a session that a passkey alone has opened: the password that
// somebody else may have set was not asked for.
func (w *world) moveEmail(browser *virtual.Client) {
	w.t.Helper()
	ctx := w.t.Context()
	ch, err := w.s.SignInKeyFirst(ctx, caller("home"), auth.KeyFirstForm{Identifier: "seller@example.com", Verify: true})
	ok(w.t, "key first", err)
	info, err := w.s.SignInFinish(ctx, caller("home"), ch.Ceremony, touch(w.t, browser, ch))
	ok(w.t, "the passkey", err)
	if info.Step != auth.StepDone {
		w.t.Fatalf("a passkey alone: got step %s", info.Step)
	}
	c := with(caller("home"), info.Token)
	_, err = w.s.ChangeEmail(ctx, c, "new@example.com")
	ok(w.t, "change the e-mail", err)
	_, err = w.s.ConfirmEmail(ctx, c, token(w.lastMail(auth.TemplateEmailChange).Args["link"]))
	ok(w.t, "confirm it", err)
}

// A second step of another kind, shown beside the new password, ends it.
func TestAnotherSecondStepEndsIt(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled("seller@example.com", sellerNumber)
	w.addMailbox(c, "seller@example.com")
	w.reset("seller@example.com", newPassword)
	info, err := w.s.SignIn(t.Context(), caller("home"), auth.SignInForm{Identifier: "seller@example.com", Password: newPassword})
	ok(t, "sign in", err)
	w.second(caller("home"), info, secret)
	if got := w.mailboxes("seller@example.com"); got != 1 {
		t.Errorf("after an app's code: got %d mailboxes, want 1", got)
	}
}

// The mailbox that resets is not the only second step: not by binding it, nor by taking away what stood beside it, nor
// by moving the e-mail into it. A lost phone goes all the same.
func TestMailboxThatResetsIsNotTheOnlySecondStep(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.seller("seller@example.com", sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token)
	_, err := w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.Email, Address: "seller@example.com", Channel: auth.Mail})
	if e := wantCode(t, "bind it", err, auth.MailboxResets); e.Field != "email" {
		t.Errorf("field: got %q, want email", e.Field)
	}
	_, c = w.enrolApp(c)
	bound, c := w.addMailbox(c, "codes@example.com")
	for _, address := range []string{"codes@example.com", "codes+x@example.com"} {
		app := w.only(c, auth.TOTP)
		_, err = w.s.Remove(ctx, c, bound.Authenticator.ID)
		ok(t, "remove the other mailbox", err)
		bound, c = w.addMailbox(c, "seller@example.com")
		_, err = w.s.Remove(ctx, c, app.ID)
		wantCode(t, "remove what stood beside it", err, auth.MailboxResets)
		_, err = w.s.Remove(ctx, c, bound.Authenticator.ID)
		ok(t, "remove it", err)
		w.pass(time.Minute)
		bound, c = w.addMailbox(c, address)
	}
	_, err = w.s.Remove(ctx, c, w.only(c, auth.TOTP).ID)
	ok(t, "another mailbox may be the only one", err)
	c = w.mailIn("seller@example.com")
	_, err = w.s.ChangeEmail(ctx, c, "codes@example.com")
	wantCode(t, "move the e-mail into it", err, auth.MailboxResets)
}

// mailIn signs in with a code by e-mail.
func (w *world) mailIn(email string) auth.Caller {
	w.t.Helper()
	w.pass(time.Minute)
	info := w.signIn(caller("home"), email)
	ch, err := w.s.SignInBegin(w.t.Context(), caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.Email, Channel: auth.Mail})
	ok(w.t, "begin", err)
	code, _ := w.code(auth.Mail)
	done, err := w.s.SignInFinish(w.t.Context(), caller("home"), ch.Ceremony, code)
	ok(w.t, "finish", err)
	return with(caller("home"), done.Token)
}

// only is the account's one method of a kind.
func (w *world) only(c auth.Caller, k auth.Kind) auth.AuthenticatorInfo {
	w.t.Helper()
	info, err := w.s.Security(w.t.Context(), c)
	ok(w.t, "overview", err)
	at := slices.IndexFunc(info.Methods, func(m auth.AuthenticatorInfo) bool { return m.Kind == k })
	if at < 0 {
		w.t.Fatalf("no %s", k)
	}
	return info.Methods[at]
}

// An account of an older version, with a flag in place of the mailbox, is read as what it meant.
func TestOlderAccountThatWasReset(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	w.addMailbox(c, "seller@example.com")
	w.reset("seller@example.com", newPassword)
	w.rewriteAccounts(t, func(doc map[string]any) {
		if doc["fb"] != "seller@example.com" {
			t.Errorf("remembered: got %v", doc["fb"])
		}
		delete(doc, "fb")
		doc["mr"] = true
	})
	if got := w.mailboxes("seller@example.com"); got != 0 {
		t.Errorf("got %d mailboxes offered, want 0", got)
	}
}

// rewriteAccounts turns the stored accounts into what version 0 wrote.
func (w *world) rewriteAccounts(t *testing.T, change func(map[string]any)) {
	t.Helper()
	err := w.db.Update(t.Context(), func(tx store.Tx) error {
		var all []store.Doc
		for d, err := range tx.Scan("account", "", "", 100) {
			if err != nil {
				return err
			}
			all = append(all, d)
		}
		var failed []error
		for _, d := range all {
			doc := map[string]any{}
			text := d.Data[1 : len(d.Data)-1] // between the frame and the version
			failed = append(failed, json.Unmarshal(text, &doc))
			change(doc)
			text, err := json.Marshal(doc)
			failed = append(failed, err, tx.Put("account", d.Key, slices.Concat([]byte{0}, text, []byte{0})))
		}
		return errors.Join(failed...)
	})
	ok(t, "rewrite", err)
}
