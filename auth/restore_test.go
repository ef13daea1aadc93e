package auth_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/store"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/store/storetest"
	"github.com/latchkey-auth/latchkey/virtual"
)

// backup copies the store's file: between two commits it is always whole.
func (w *world) backup() []byte {
	w.t.Helper()
	file, err := os.ReadFile(w.path)
	ok(w.t, "back up", err)
	return file
}

// putBack starts the world anew on a backup.
func (w *world) putBack(backup []byte) {
	w.t.Helper()
	w.path = filepath.Join(w.t.TempDir(), "latchkey.db")
	ok(w.t, "put back", os.WriteFile(w.path, backup, 0o600))
	db, err := bolt.Open(w.path, bolt.Options{})
	ok(w.t, "open", err)
	w.t.Cleanup(func() { db.Close() })
	w.db = storetest.Twice(db, 1)
	w.cfg.DB = w.db
	w.s, err = auth.New(w.cfg)
	ok(w.t, "start", err)
}

// A life is what a seller has under way when a backup is taken.
type life struct {
	backup  []byte
	session auth.Caller
	home    auth.Caller // a trusted browser
	secret  string      // of the app
	code    string      // a recovery code that is used after the backup
	codes   *auth.CodesInfo
	flow    string // the password was right
	begun   string // and the app is asked for
	first   string // a key is asked for before anything else
	touched []byte // and it has answered
	reset   string
	undo    string
	texts   string // session of the one whose key is to be removed
	sent    int    // messages in the outbox
}

// lead lets two sellers do things, takes a backup and uses it all up.
func (w *world) lead() *life {
	t, ctx, l := w.t, w.t.Context(), new(life)
	key, bound, c := w.withKey("key@example.com", "+8613800138001",
		virtual.Options{UserVerification: virtual.UVSucceeds}, auth.SecurityKey)
	_, c = w.addPhone(c, "+8613800138001")
	w.pass(time.Hour)
	up, err := w.s.StepUpBegin(ctx, c, auth.ActRemove, bound.Authenticator.ID, auth.MethodChoice{Kind: auth.Phone,
		Channel: auth.SMS})
	ok(t, "step up", err)
	text, _ := w.code(auth.SMS)
	done, err := w.s.StepUpFinish(ctx, c, up.Ceremony, text)
	ok(t, "step up", err)
	_, err = w.s.Remove(ctx, with(c, done.Token), bound.Authenticator.ID)
	ok(t, "ask for a removal", err)
	l.undo = token(w.lastMail(auth.TemplateRemoval).Args["undo"])
	l.texts = done.Token
	first, err := w.s.SignInKeyFirst(ctx, caller("home"), auth.KeyFirstForm{Identifier: "key@example.com"})
	ok(t, "key first", err)
	l.first, l.touched = first.Ceremony, touch(t, key, first)

	l.secret, l.session = w.enrolled("app@example.com", sellerNumber)
	l.codes, err = w.s.RecoveryCodes(ctx, l.session)
	ok(t, "recovery codes", err)
	l.code = l.codes.Codes[0]
	b, err := w.s.TrustBrowser(ctx, l.session)
	ok(t, "trust", err)
	l.home = caller(b.Cookie)
	l.session.Browser = b.Cookie
	w.mail()
	ok(t, "forgot", forgot(ctx, w.s, caller("home"), "app@example.com"))
	due, err := w.s.Due(ctx, 10) // on its way, and not yet taken
	ok(t, "due", err)
	l.sent, l.reset = len(due), token(due[0].Args["link"])
	l.flow = w.signIn(caller("away"), "app@example.com").Ceremony
	ch, err := w.s.SignInBegin(ctx, caller("away"), l.flow, auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin", err)
	l.begun = ch.Ceremony
	w.pass(time.Minute)
	l.backup = w.backup()
	return l
}

func (w *world) lookup(code string) error {
	c := caller("drawer")
	info := w.signIn(c, "app@example.com")
	ch, err := w.s.SignInBegin(w.t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: auth.Lookup})
	if err != nil {
		return err
	}
	_, err = w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, typed(code))
	return err
}

// Promise 8: a restored old backup revives nothing. Each thing is tried on the
// backup as it is, where it works, and after Restored, where it must not.
func TestRestoredBackupRevivesNothing(t *testing.T) {
	for _, c := range []struct {
		what string
		try  func(w *world, l *life) error
		want auth.Code
	}{
		{"a session", func(w *world, l *life) error { _, err := w.s.Me(t.Context(), l.session); return err },
			auth.SessionEnded},
		{"a sign-in after its password", func(w *world, l *life) error {
			_, err := w.s.SignInBegin(t.Context(), caller("away"), l.flow, auth.MethodChoice{Kind: auth.TOTP})
			return err
		}, auth.CeremonyVoid},
		{"a second step that was begun", func(w *world, l *life) error {
			_, err := w.s.SignInFinish(t.Context(), caller("away"), l.begun, w.app(l.secret))
			return err
		}, auth.CeremonyVoid},
		{"a key that was asked for first", func(w *world, l *life) error {
			_, err := w.s.SignInFinish(t.Context(), caller("home"), l.first, l.touched)
			return err
		}, auth.KeyWrong},
		{"a mailed link", func(w *world, l *life) error {
			return w.s.ResetPassword(t.Context(), caller("home"), l.reset, "Another-Horse9")
		}, auth.LinkUsed},
		{"a link that stops a removal", func(w *world, l *life) error {
			_, err := w.s.Undo(t.Context(), caller("home"),
				l.undo)
			return err
		}, auth.LinkUsed},
		{"a recovery code", func(w *world, l *life) error { return w.lookup(l.code) }, auth.NoSuchMethod},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			l := w.lead()
			w.putBack(l.backup)
			ok(t, "on the backup as it is", c.try(w, l))
			w.putBack(l.backup)
			_, err := w.s.Restored(t.Context(), false)
			ok(t, "restored", err)
			restored := w.backup()
			wantCode(t, "after the restore", c.try(w, l), c.want)
			w.putBack(restored)
			wantCode(t, "after another start", c.try(w, l), c.want)
		})
	}
}

// What is begun after the restore is good: links, sign-ins, sessions.
func TestWhatBeginsAfterARestoreIsGood(t *testing.T) {
	w := newWorld(t)
	l := w.lead()
	w.putBack(l.backup)
	_, err := w.s.Restored(t.Context(), false)
	ok(t, "restored", err)
	w.mail()
	w.pass(time.Minute)
	ok(t, "forgot", forgot(t.Context(), w.s, caller("home"), "app@example.com"))
	link := token(w.lastMail(auth.TemplateReset).Args["link"])
	ok(t, "a new password", w.s.ResetPassword(t.Context(), caller("home"), link, "Another-Horse9"))
	w.seller("new@example.com", "+8613800138002")
	c := with(caller("new"), w.signIn(caller("new"), "new@example.com").Token)
	ok(t, "a new session", lastErr(w.s.Me(t.Context(), c)))
	_, c = w.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, "Red key")
	ok(t, "its next", lastErr(w.s.Me(t.Context(), c)))
}

// An app code that was used after the backup was taken is unused in the backup.
// None that may have been used works; the first that cannot have been does.
func TestRestoreKillsAppCodes(t *testing.T) {
	w := newWorld(t)
	l := w.lead()
	ctx := t.Context()
	try := func(code []byte) error {
		info := w.signIn(caller("app"), "app@example.com")
		ch, err := w.s.SignInBegin(ctx, caller("app"), info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
		ok(t, "begin", err)
		_, err = w.s.SignInFinish(ctx, caller("app"), ch.Ceremony, code)
		return err
	}
	w.pass(20 * time.Second) // some way into a step, taken from an app whose clock is fast
	now := w.app(l.secret)
	w.pass(30 * time.Second)
	early := w.app(l.secret)
	w.pass(-30 * time.Second)
	ok(t, "used after the backup", try(now))
	ok(t, "and the next", try(early))

	w.putBack(l.backup)
	ok(t, "on the backup as it is, once more", try(now))
	w.putBack(l.backup)
	_, err := w.s.Restored(ctx, true)
	ok(t, "restored", err)
	wantCode(t, "the code of now", try(now), auth.CodeUsed)
	wantCode(t, "the next", try(early), auth.CodeUsed)
	w.pass(time.Minute)
	ok(t, "the first that nobody can have used", try(w.app(l.secret)))
	ok(t, "recovery codes that were to be kept", w.lookup(l.code))
}

// The same backup put back twice is not the same world twice, and the epoch
// rises whatever the clock says.
func TestRestoreTwice(t *testing.T) {
	w := newWorld(t)
	l := w.lead()
	ctx := t.Context()
	w.putBack(l.backup)
	_, err := w.s.Restored(ctx, false)
	ok(t, "restored", err)
	flow := w.signIn(caller("between"), "app@example.com").Ceremony
	w.putBack(l.backup)
	_, err = w.s.Restored(ctx, false) // in the same second
	ok(t, "restored again", err)
	_, err = w.s.SignInBegin(ctx, caller("between"), flow, auth.MethodChoice{Kind: auth.TOTP})
	wantCode(t, "a sign-in from between", err, auth.CeremonyVoid)
	info, err := w.s.Restored(ctx, false)
	ok(t, "and again, with nothing put back", err)
	if info.Codes != 0 {
		t.Errorf("got %d sets made void, want none: they are gone", info.Codes)
	}
}

// Trust, waiting removals and unsent messages of the backup end; their owners
// are told of their recovery codes, and can make new ones.
func TestRestoreEndsWhatWaits(t *testing.T) {
	w := newWorld(t)
	l := w.lead()
	ctx := t.Context()
	w.putBack(l.backup)
	if got := w.signIn(l.home, "app@example.com").Step; got != auth.StepDone {
		t.Fatalf("a trusted browser on the backup as it is: got step %s, want %s", got, auth.StepDone)
	}
	w.pass(5 * time.Minute) // beyond every lease
	if got := len(w.mail()); got != l.sent {
		t.Fatalf("messages on the backup as it is: got %d, want %d", got, l.sent)
	}
	w.pass(-5 * time.Minute)

	w.putBack(l.backup)
	info, err := w.s.Restored(ctx, false)
	ok(t, "restored", err)
	if info.Codes != 1 || !info.At.Equal(w.time()) {
		t.Errorf("got %+v, want one void set, now", info)
	}
	if got := w.signIn(l.home, "app@example.com").Step; got != auth.StepSecond {
		t.Errorf("a browser that was trusted: got step %s, want %s", got, auth.StepSecond)
	}
	w.pass(5 * time.Minute)
	list := w.mail()
	if len(list) != 1 || list[0].Template != auth.TemplateCodesVoid || list[0].Recipient != "app@example.com" {
		t.Errorf("got the messages %+v, want only that the recovery codes are void", list)
	}
	w.pass(24 * time.Hour)
	ok(t, "sweep", w.s.Sweep(ctx))
	if got := w.methods(with(caller("home"), w.textIn("key@example.com"))); got != "webauthn phone" {
		t.Errorf("after the removal would have come due: got %q, want both methods", got)
	}

	c := with(caller("app"), w.second(caller("app"), w.signIn(caller("app"), "app@example.com"), l.secret).Token)
	h, err := w.s.History(ctx, c, "", 100)
	ok(t, "history", err)
	if count(h, auth.ActRestore) != 1 {
		t.Errorf("got the history %+v, want one event of the restore", h.Events)
	}
	set, err := w.s.RecoveryCodes(ctx, c)
	ok(t, "new recovery codes", err)
	ok(t, "one of them", w.lookup(set.Codes[0]))
	_, events, err := w.s.VerifyAudit(ctx, nil)
	ok(t, "audit", err)
	if events == 0 {
		t.Error("got no event, want those of the backup and since")
	}
	_, err = w.s.CodesFile(ctx, with(caller("home"), c.Token), l.codes.Sealed)
	wantCode(t, "the file of the void set", err, auth.CeremonyExpired)
}

// Every owner of void codes is told, in words and in the history, and nothing is left of the sheet that they stood on.
func TestOwnersOfVoidCodesAreTold(t *testing.T) {
	w := newWorld(t)
	var owners []auth.Caller
	for i, email := range []string{"one@example.com", "two@example.com"} {
		_, c := w.enrolled(email, "+861380013800"+string(rune('1'+i)))
		ok(t, "codes", lastErr(w.s.RecoveryCodes(t.Context(), c)))
		owners = append(owners, caller(email))
	}
	before := strings.Count(w.documents("device"), "\n")
	w.mail()
	w.pass(time.Minute)
	info, err := w.s.Restored(t.Context(), false)
	ok(t, "restored", err)
	if info.Codes != 2 {
		t.Errorf("got %d sets ended, want 2", info.Codes)
	}
	w.hears("void codes", "email one@example.com: codes-void", "email two@example.com: codes-void")
	if got := strings.Count(w.documents("device"), "\n"); got != before-2 {
		t.Errorf("got %d devices, want %d", got, before-2)
	}
	events := store.NewCollection[auth.Event]("event", w.keys)
	told := 0
	ok(t, "read", w.db.View(t.Context(), func(tx store.Tx) error {
		told = 0
		for item, err := range events.Prefix(tx, "", 1000) {
			if err != nil {
				return err
			}
			if e := item.Doc; e.Action == auth.ActRestore && e.Kind == auth.Lookup {
				told++
			}
		}
		return nil
	}))
	if told != len(owners) {
		t.Errorf("got %d histories that tell of it, want %d", told, len(owners))
	}
}
