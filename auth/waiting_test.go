package auth_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A waiting is a seller whose key somebody has asked to remove with a text, from a browser of his own.
type waiting struct {
	*world
	email string          // that it signs in by, if not sellerMail
	key   string          // the key's id
	phone auth.BindInfo   // the number
	stick *virtual.Client // the key
	owner auth.Caller     // a session that has just shown the key
	asker auth.Caller     // the session that asked
	due   time.Time
	undo  string // the mailed way to stop it
}

const sellerMail = "seller@example.com"

// waits returns a seller with a key and a number, and a removal of the key that waits.
func waits(t *testing.T, change ...func(*auth.Config)) *waiting {
	t.Helper()
	w := &waiting{world: newWorld(t, change...)}
	stick, bound, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	phone, c := w.addPhone(c, sellerNumber)
	w.key, w.phone = bound.Authenticator.ID, *phone
	w.stick, w.owner = stick, c
	w.asker = w.byText("thief")
	w.due = w.ask(w.asker)
	w.undo = token(w.lastMail(auth.TemplateRemoval).Args["undo"])
	w.owner = w.byKey("home")
	return w
}

// byText signs in with the password and a text.
func (w *waiting) byText(browser string) auth.Caller {
	w.t.Helper()
	w.pass(time.Minute)
	c := caller(browser)
	ch, err := w.s.SignInBegin(w.t.Context(), c, w.signIn(c, cmp.Or(w.email, sellerMail)).Ceremony,
		auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS})
	ok(w.t, "begin", err)
	code, _ := w.code(auth.SMS)
	done, err := w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, code)
	ok(w.t, "sign in by text", err)
	return with(c, done.Token)
}

// byKey signs in with the password and the key.
func (w *waiting) byKey(browser string) auth.Caller {
	w.t.Helper()
	c := caller(browser)
	ch, err := w.s.SignInBegin(w.t.Context(), c, w.signIn(c, cmp.Or(w.email, sellerMail)).Ceremony, auth.MethodChoice{Kind: auth.WebAuthn})
	ok(w.t, "begin", err)
	done, err := w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, touch(w.t, w.stick, ch))
	ok(w.t, "sign in by key", err)
	return with(c, done.Token)
}

// ask asks for the removal of the key, and fails the test if it does not wait.
func (w *waiting) ask(c auth.Caller) time.Time {
	w.t.Helper()
	gone, err := w.s.Remove(w.t.Context(), c, w.key)
	ok(w.t, "ask for the removal", err)
	if gone.Due.IsZero() {
		w.t.Fatal("a text removed a key at once")
	}
	return gone.Due
}

// stands reports whether the change still waits, and whether the key survives the time at which it would come due.
func (w *waiting) stands() bool {
	w.t.Helper()
	info, err := w.s.Security(w.t.Context(), w.byKey("home"))
	ok(w.t, "overview", err)
	listed := len(info.Changes) > 0
	w.pass(25 * time.Hour)
	ok(w.t, "sweep", w.s.Sweep(w.t.Context()))
	gone := !slices.ContainsFunc(w.overview().Methods, func(m auth.AuthenticatorInfo) bool { return m.ID == w.key })
	if gone != listed {
		w.t.Errorf("the change was listed: %v; the key went: %v", listed, gone)
	}
	return gone
}

func (w *waiting) overview() *auth.SecurityInfo {
	w.t.Helper()
	info, err := w.s.Security(w.t.Context(), w.byText("home"))
	ok(w.t, "overview", err)
	return info
}

// endAsker ends the session that asked, from the list.
func (w *waiting) endAsker(t *testing.T) {
	t.Helper()
	me, err := w.s.Me(t.Context(), w.asker)
	ok(t, "who", err)
	ok(t, "end", w.s.EndSession(t.Context(), w.owner, me.Session.ID))
}

// changeID is the id of the one change that waits.
func (w *waiting) changeID() string {
	w.t.Helper()
	info, err := w.s.Security(w.t.Context(), w.owner)
	ok(w.t, "overview", err)
	if len(info.Changes) != 1 {
		w.t.Fatalf("got %d changes, want 1", len(info.Changes))
	}
	return info.Changes[0].ID
}

// raise takes another second step in the asker's session, which changes its token.
func (w *waiting) raise() {
	w.t.Helper()
	w.pass(time.Minute)
	ch, err := w.s.StepUpBegin(w.t.Context(), w.asker, auth.ActRename, "",
		auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS})
	ok(w.t, "step up", err)
	code, _ := w.code(auth.SMS)
	up, err := w.s.StepUpFinish(w.t.Context(), w.asker, ch.Ceremony, code)
	ok(w.t, "step up", err)
	w.asker.Token = up.Token
}

// D15: what waits falls with who asked for it, however that goes, and with nothing else.
func TestAWaitingChangeFallsWithWhoAskedForIt(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(t *testing.T, w *waiting)
		falls bool
	}{
		"nothing":                          {func(*testing.T, *waiting) {}, false},
		"the asker is ended from the list": {func(t *testing.T, w *waiting) { w.endAsker(t) }, true},
		"ended from the list, its token changed since": {func(t *testing.T, w *waiting) {
			w.raise()
			w.raise()
			w.endAsker(t)
		}, true},
		"the others are ended": {func(t *testing.T, w *waiting) {
			ok(t, "end", w.s.EndOtherSessions(t.Context(), w.owner))
		}, true},
		"the others are ended after the asker's has run out": {func(t *testing.T, w *waiting) {
			w.pass(13 * time.Hour)
			ok(t, "end", w.s.EndOtherSessions(t.Context(), w.byKey("home")))
		}, true},
		"the asker ends the others": {func(t *testing.T, w *waiting) {
			ok(t, "end", w.s.EndOtherSessions(t.Context(), w.asker))
		}, false},
		"the asker signs out": {func(t *testing.T, w *waiting) {
			ok(t, "sign out", w.s.SignOut(t.Context(), w.asker))
		}, true},
		"another signs out": {func(t *testing.T, w *waiting) {
			ok(t, "sign out", w.s.SignOut(t.Context(), w.owner))
		}, false},
		"the asking method is removed": {func(t *testing.T, w *waiting) {
			w.addMailbox(w.owner, "other@example.com")
			_, err := w.s.Remove(t.Context(), w.owner, w.phone.Authenticator.ID)
			ok(t, "remove the number", err)
			w.pass(time.Minute)
			w.addPhone(w.owner, sellerNumber) // to look with
		}, true},
		"another method is removed": {func(t *testing.T, w *waiting) {
			other, c := w.addMailbox(w.owner, "other@example.com")
			_, err := w.s.Remove(t.Context(), c, other.Authenticator.ID)
			ok(t, "remove the mailbox", err)
		}, false},
		"a new password by mail": {func(t *testing.T, w *waiting) { w.reset(sellerMail, password) }, true},
		"not me": {func(t *testing.T, w *waiting) {
			_, err := w.s.Undo(t.Context(), caller("mail"), w.undo)
			ok(t, "undo", err)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := waits(t)
			c.do(t, w)
			if got := !w.stands(); got != c.falls {
				t.Errorf("the change falls: got %v, want %v", got, c.falls)
			}
		})
	}
}

// After a veto nothing waits for a while, whoever asks and by whatever way it was stopped; what a strong method does at
// once is not held up.
func TestAfterAVetoThereIsAPause(t *testing.T) {
	for name, c := range map[string]struct {
		stop   func(t *testing.T, w *waiting)
		paused bool
	}{
		"by the mailed link": {func(t *testing.T, w *waiting) {
			_, err := w.s.Undo(t.Context(), caller("mail"), w.undo)
			ok(t, "undo", err)
		}, true},
		"in the settings": {func(t *testing.T, w *waiting) {
			ok(t, "stop", w.s.CancelChange(t.Context(), w.owner, w.changeID()))
		}, true},
		"by who had asked": {func(t *testing.T, w *waiting) {
			w.raise()
			ok(t, "stop", w.s.CancelChange(t.Context(), w.asker, w.changeID()))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := waits(t)
			c.stop(t, w)
			_, err := w.s.Remove(t.Context(), w.byText("thief"), w.key)
			if !c.paused {
				ok(t, "again", err)
				return
			}
			e := wantCode(t, "again", err, auth.ChangePaused)
			w.pass(e.Until.Sub(w.time()) - time.Second)
			_, err = w.s.Remove(t.Context(), w.byKey("home"), w.phone.Authenticator.ID)
			ok(t, "with the key", err)
			w.pass(time.Minute)
			w.addPhone(w.byKey("home"), sellerNumber)
			w.pass(time.Hour)
			gone, err := w.s.Remove(t.Context(), w.byText("home"), w.key)
			ok(t, "after the pause", err)
			if gone.Due.IsZero() {
				t.Error("a text removed a key at once")
			}
		})
	}
}

// Stopping one change stops no other, and nobody else's.
func TestOneStoppedChangeStopsNoOther(t *testing.T) {
	w := waits(t)
	first := w.changeID()
	bound, _ := w.addKey(w.owner, stick(t, virtual.Options{}), auth.SecurityKey, "Red key")
	_, err := w.s.Remove(t.Context(), w.asker, bound.Authenticator.ID)
	ok(t, "ask for another", err)
	_, stranger := w.enrolled("other@example.com", "+8613800138009")
	wantCode(t, "somebody else's", w.s.CancelChange(t.Context(), stranger, first), auth.NotFound)
	wantCode(t, "no id", w.s.CancelChange(t.Context(), w.owner, ""), auth.NotFound)
	ok(t, "stop", w.s.CancelChange(t.Context(), w.owner, first))
	info, err := w.s.Security(t.Context(), w.owner)
	ok(t, "overview", err)
	if len(info.Changes) != 1 || info.Changes[0].Item != "Red key" {
		t.Errorf("after one was stopped: got %+v, want the other", info.Changes)
	}
}

// The history says of which method a removal was stopped.
func TestAStoppedRemovalIsOfItsMethod(t *testing.T) {
	w := waits(t)
	ok(t, "stop", w.s.CancelChange(t.Context(), w.owner, w.changeID()))
	h, err := w.s.History(t.Context(), w.owner, "", auth.MaxHistory)
	ok(t, "history", err)
	at := slices.IndexFunc(h.Events, func(e auth.EventInfo) bool { return e.Action == auth.ActCancelChange })
	if at < 0 {
		t.Fatal("got no word of it in the history")
	}
	if e := h.Events[at]; e.Kind != auth.WebAuthn || e.Item != "Blue key" || e.ItemID != w.key {
		t.Errorf("got %+v, want the key", e)
	}
}
