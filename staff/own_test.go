package staff_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

// in is the worker in another browser.
func (p *worker) in(browser string) *worker {
	p.w.t.Helper()
	other := *p
	other.Caller = p.w.browser(browser)
	wantCode(p.w.t, "signing in elsewhere", other.signIn(p.keys[0]), "")
	return &other
}

func (p *worker) me() error { _, err := p.w.staff.Me(p.w.t.Context(), p.Caller); return err }

// A member ends his other sessions, one or all of them; the one that asks goes on, and nobody else's ends.
func TestEndingOnesOwnSessions(t *testing.T) {
	w := newWorld(t)
	p, q := w.worker("ann", staff.Support), w.worker("bob", staff.Support)
	first, second := p.in("first"), p.in("second")
	third := p.in("third")
	list, err := w.staff.Sessions(t.Context(), p.Caller)
	if err != nil || len(list) != 4 {
		t.Fatalf("got %+v, %v, want all four", list, err)
	}
	theirs, err := w.staff.Sessions(t.Context(), first.Caller)
	if err != nil {
		t.Fatal(err)
	}
	id := ""
	for _, x := range theirs {
		if x.Own {
			id = x.ID
		}
	}
	others, err := w.staff.Sessions(t.Context(), q.Caller)
	if err != nil || len(others) != 1 || !others[0].Own {
		t.Fatalf("somebody else: got %+v, %v, want his own", others, err)
	}
	end := func(id string) error { return w.staff.EndOwnSessions(t.Context(), p.Caller, id) }
	wantCode(t, "somebody else's", end(others[0].ID), auth.NotFound)
	wantCode(t, "one", end(id), "")
	wantCode(t, "that one", first.me(), auth.SessionEnded)
	wantCode(t, "another", second.me(), "")
	wantCode(t, "it again", end(id), auth.NotFound)
	wantCode(t, "all others", end(""), "")
	for _, x := range []*worker{second, third} {
		wantCode(t, "one of all", x.me(), auth.SessionEnded)
	}
	wantCode(t, "the one that asked", p.me(), "")
	wantCode(t, "somebody else's session", q.me(), "")
}

// A member removes one of three keys after a fresh touch, and never one of the last two. What was opened by it ends, it
// opens nothing more, and he is told.
func TestRemovingOnesOwnKey(t *testing.T) {
	w := newWorld(t)
	p, q := w.worker("ann", staff.Support), w.worker("bob", staff.Support)
	remove := func(id string) error { return w.staff.RemoveKey(t.Context(), p.Caller, id) }
	me, err := w.staff.Me(t.Context(), p.Caller)
	if err != nil {
		t.Fatal(err)
	}
	first := me.Keys[0].ID
	wantCode(t, "one of two", remove(first), auth.Forbidden)
	byFirst := p.in("elsewhere")
	wantCode(t, "a third", p.addKey(), "")
	wantCode(t, "signing in by the second", p.signIn(p.keys[1]), "")
	theirs, err := w.staff.Me(t.Context(), q.Caller)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "somebody else's", remove(theirs.Keys[0].ID), auth.NotFound)
	w.pass(10*time.Minute + time.Second)
	wantCode(t, "an old touch", remove(first), auth.StepUpRequired)
	wantCode(t, "signing in again", p.signIn(p.keys[1]), "")
	w.mail()
	wantCode(t, "one of three", remove(first), "")
	told := w.mail()
	if len(told) != 1 || told[0].Template != auth.TemplateDeskKeyGone || string(told[0].Recipient) != p.email {
		t.Errorf("got %+v told, want a mail to him", told)
	}
	wantCode(t, "what was opened by it", byFirst.me(), auth.SessionEnded)
	wantCode(t, "what was opened by another", p.me(), "")
	if err := p.signIn(p.keys[0]); err == nil {
		t.Error("the key that was removed: got a session, want none")
	}
	wantCode(t, "signing in by one that is left", p.signIn(p.keys[2]), "")
	if me, err = w.staff.Me(t.Context(), p.Caller); err != nil || len(me.Keys) != 2 {
		t.Errorf("got %+v, %v, want two keys", me, err)
	}
	wantCode(t, "one of the last two", remove(me.Keys[0].ID), auth.Forbidden)
}

// A mail that the limits do not allow changes nothing: no link is there that nobody has, and keys, sessions and what was
// mailed before stand.
func TestNothingIsDoneForAMailThatIsNotSent(t *testing.T) {
	w := newWorld(t)
	a, b := w.worker("ann", staff.Administrator), w.worker("bob", staff.Administrator)
	p := w.worker("pat", staff.Support)
	w.pass(time.Hour)
	for _, x := range []*worker{a, b} {
		wantCode(t, "touching", x.signIn(x.keys[0]), "")
	}
	renew := func() error {
		wantCode(t, "asking", w.staff.AskNewKeys(t.Context(), a.Caller, p.id), "")
		return w.staff.GrantNewKeys(t.Context(), b.Caller, p.id)
	}
	w.mail()
	wantCode(t, "granting", renew(), "")
	again, err := w.invited(p.email, w.link(auth.TemplateDeskInvitation))
	if err == nil {
		err = again.addKey()
	}
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "granting at once again", renew(), auth.ResendTooSoon)
	wantCode(t, "the session", again.me(), "")
	wantCode(t, "the keys", again.signIn(again.keys[0]), "")
	w.pass(time.Minute + time.Second)
	wantCode(t, "granting later", w.staff.GrantNewKeys(t.Context(), b.Caller, p.id), "")
	wantCode(t, "the session, then", again.me(), auth.SessionEnded)

	invite := func() error {
		return w.staff.Invite(t.Context(), a.Caller, "new@desk.example", "New", staff.Support)
	}
	w.mail()
	wantCode(t, "inviting", invite(), "")
	link := w.link(auth.TemplateDeskInvitation)
	wantCode(t, "inviting at once again", invite(), auth.ResendTooSoon)
	if _, err := w.staff.Invited(t.Context(), w.browser("n"), link); err != nil {
		t.Errorf("the link of before: got %v, want it good", err)
	}
}
