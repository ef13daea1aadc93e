package auth_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// Where a new method lives: with what is on the same phone or PC until its owner says otherwise, every key and mailbox
// by itself, and where he says it does.
func TestWhereANewMethodLives(t *testing.T) {
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), sellerMail).Token)
	blue, c := w.addKey(c, stick(t, virtual.Options{Seed: []byte("blue")}), auth.SecurityKey, "Blue key")
	red, c := w.addKey(c, stick(t, virtual.Options{Seed: []byte("red")}), auth.SecurityKey, "Red key")
	number, c := w.addPhone(c, sellerNumber)
	box, c := w.addMailbox(c, mailbox)
	app := func(d auth.BindDone) auth.AuthenticatorInfo {
		t.Helper()
		w.pass(31 * time.Second)
		ch, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.TOTP})
		ok(t, "begin", err)
		var prompt struct{ Secret string }
		ok(t, "prompt", json.Unmarshal(ch.Prompt, &prompt))
		d.Ceremony, d.Response = ch.Ceremony, w.app(prompt.Secret)
		info, err := w.s.BindFinish(t.Context(), c, d)
		ok(t, "bind", err)
		return info.Authenticator
	}
	usual := app(auth.BindDone{})
	nowhere := app(auth.BindDone{Device: "nonsense"})
	another := app(auth.BindDone{Device: "new", Place: "  " + strings.Repeat("drawer", 20)})
	pc := app(auth.BindDone{Device: string(auth.Computer)})
	pcToo := app(auth.BindDone{Device: string(auth.Computer)})
	named := app(auth.BindDone{Device: another.Device})
	onKey := app(auth.BindDone{Device: red.Authenticator.Device})
	names := map[string]string{}
	var got []string
	for _, x := range []auth.AuthenticatorInfo{blue.Authenticator, red.Authenticator, number.Authenticator,
		box.Authenticator,
		usual, nowhere, another, pc, pcToo, named, onKey} {
		if names[x.Device] == "" {
			names[x.Device] = string(x.DeviceKind) + fmt.Sprint(len(names))
		}
		got = append(got, names[x.Device])
	}
	want := "stick0 stick1 phone2 mailbox3 phone2 phone2 phone4 pc5 pc5 phone4 stick1"
	if strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
	if n := len(another.Place); n == 0 || n > 60 || strings.HasPrefix(another.Place, " ") {
		t.Errorf("a place: got %q, want it cut to 60 signs", another.Place)
	}
	info, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	for _, row := range info.Forecast {
		for _, d := range row.Lost {
			if (d.Name != "") != (d.Kind == auth.Stick) {
				t.Errorf("got the name %q of a %s: a key's is its own", d.Name, d.Kind)
			}
		}
	}
}

// What is to be the backup is the first there is, or one that stays when all else is lost.
func TestWhatMayBeTheBackup(t *testing.T) {
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), sellerMail).Token)
	bind := func(form auth.BindForm, d auth.BindDone) error {
		t.Helper()
		w.pass(31 * time.Second)
		w.mail()
		ch, err := w.s.BindBegin(t.Context(), c, form)
		ok(t, "begin", err)
		d.Ceremony, d.Backup = ch.Ceremony, true
		if form.Kind == auth.Phone {
			d.Response, _ = w.code(auth.SMS)
		} else {
			var prompt struct{ Secret string }
			ok(t, "prompt", json.Unmarshal(ch.Prompt, &prompt))
			d.Response = w.app(prompt.Secret)
		}
		info, err := w.s.BindFinish(t.Context(), c, d)
		if err == nil && info.Token != "" {
			c.Token = info.Token
		}
		return err
	}
	app, text := auth.BindForm{Kind: auth.TOTP}, textTo(sellerNumber)
	ok(t, "the first", bind(app, auth.BindDone{Name: "Old phone"}))
	e := wantCode(t, "texts of the same phone", bind(text, auth.BindDone{}), auth.BackupFallsWith)
	if e.Args["name"] != "Old phone" {
		t.Errorf("falls with: got %v, want the old phone", e.Args)
	}
	needed := func(when string, want bool) {
		t.Helper()
		if info, err := w.s.Security(t.Context(), c); err != nil || info.BackupNeeded != want {
			t.Errorf("%s: got a backup asked for %v, %v", when, !want, err)
		}
	}
	needed("with one phone", true)
	ok(t, "texts of another", bind(text, auth.BindDone{Device: "new"}))
	needed("with two", false)
	ok(t, "an app beside two", bind(app, auth.BindDone{}))
}

// A binding ends once: the same app is not bound twice by its next code, and no number without a code is proved by it.
func TestABindingEndsOnce(t *testing.T) {
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), sellerMail).Token)
	_, c = w.enrolApp(c)
	ok(t, "take the number away", lastErr(w.s.ChangePhone(t.Context(), c, "", "")))
	ch, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.TOTP})
	ok(t, "begin", err)
	var prompt struct{ Secret string }
	ok(t, "prompt", json.Unmarshal(ch.Prompt, &prompt))
	finish := func() error {
		w.pass(31 * time.Second)
		return lastErr(w.s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony,
			Response: w.app(prompt.Secret)}))
	}
	ok(t, "finish", finish())
	wantCode(t, "finish again", finish(), auth.CeremonyUsed)
	info, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	if info.PhoneConfirmed || len(info.Methods) != 2 {
		t.Errorf("got %d methods, the number that is none confirmed %v", len(info.Methods), info.PhoneConfirmed)
	}
}

// The first method ends what waited to enrol beside it, and where nobody has to, nothing that was open.
func TestWhatTheFirstMethodEnds(t *testing.T) {
	for name, must := range map[string]bool{"who has to enrol": true, "who need not": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *auth.Config) { c.Policy.MustEnrol = must })
			w.seller(sellerMail, sellerNumber)
			c := with(caller("home"), w.signIn(caller("home"), sellerMail).Token)
			other := with(caller("shop"), w.signIn(caller("shop"), sellerMail).Token)
			_, c = w.enrolApp(c)
			ok(t, "where it was bound", w.me(&c)())
			if err := w.me(&other)(); (err != nil) != must {
				t.Errorf("another session: got %v", err)
			}
		})
	}
}

// A method that is no mailbox, bound after a reset by mail, makes that mailbox a second step again like any other.
func TestTheFirstMethodAfterAResetEndsWhatItLeft(t *testing.T) {
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	w.reset(sellerMail, newPassword)
	info, err := w.s.SignIn(t.Context(), caller("x"), auth.SignInForm{Identifier: sellerMail, Password: newPassword})
	ok(t, "sign in", err)
	_, c := w.enrolApp(with(caller("x"), info.Token))
	w.addMailbox(c, sellerMail)
	if got := w.mailboxes(sellerMail); got != 1 {
		t.Errorf("got %d mailboxes offered, want 1", got)
	}
}

// A PC, an extension and the sheet of codes are one each until their owner says otherwise, as the phone is.
func TestWhatIsOneOfItsKind(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	on := map[string]int{}
	for _, k := range []auth.DeviceKind{auth.Handset, auth.Computer, auth.Extension, auth.Handset, auth.Computer,
		auth.Extension} {
		w.pass(31 * time.Second)
		ch, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.TOTP})
		ok(t, "begin", err)
		d := auth.BindDone{Ceremony: ch.Ceremony, Device: string(k), Response: w.app(secretOf(t, ch))}
		info, err := w.s.BindFinish(t.Context(), c, d)
		ok(t, "bind", err)
		on[string(info.Authenticator.DeviceKind)+info.Authenticator.Device]++
	}
	for range 2 {
		w.pass(time.Minute)
		ok(t, "codes", lastErr(w.s.RecoveryCodes(t.Context(), c)))
		x := w.only(c, auth.Lookup)
		on[string(x.DeviceKind)+x.Device]++
	}
	if len(on) != 4 {
		t.Errorf("got %v, want two each on a phone, a PC, an extension and a sheet", on)
	}
}

// Nothing backs up what falls with it: not a sheet of codes beside it, and not what is switched off.
func TestWhatIsNoBackup(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.Guesses.Limit = 3 })
	secret, c := w.enrolled(sellerMail, sellerNumber)
	ok(t, "codes", lastErr(w.s.RecoveryCodes(t.Context(), c)))
	_, c = w.addMailbox(c, mailbox)
	for range 3 {
		w.pass(31 * time.Second)
		ch := w.begun(caller("home"), auth.MethodChoice{Kind: auth.Email, Channel: auth.Mail})
		_ = w.finish(caller("home"), ch, typed("000000"))()
	}
	c = w.stepUp(c, secret)
	w.mail()
	info, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	if !info.BackupNeeded {
		t.Error("beside codes and what is switched off: got no backup asked for")
	}
	ch, err := w.s.BindBegin(t.Context(), c, textTo(sellerNumber))
	ok(t, "begin", err)
	code, _ := w.code(auth.SMS)
	d := auth.BindDone{Ceremony: ch.Ceremony, Response: code, Backup: true}
	wantCode(t, "texts of the app's phone", lastErr(w.s.BindFinish(t.Context(), c, d)), auth.BackupFallsWith)
	d.Backup = false
	ok(t, "without calling it a backup", lastErr(w.s.BindFinish(t.Context(), c, d)))
}
