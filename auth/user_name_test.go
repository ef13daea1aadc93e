package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// storedNames are the user names of the only account, as they are stored: that of today and that of the sign-up.
func (w *world) storedNames(t *testing.T) (now, first any) {
	t.Helper()
	w.rewriteAccounts(t, func(a map[string]any) { now, first = a["un"], a["fun"] })
	return now, first
}

// R18: whatever the name becomes, that of the sign-up stays on record; an account of before has it in the only name.
func TestChangeUserName(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	if now, first := w.storedNames(t); now != "小明的店" || first != nil {
		t.Fatalf("before: got %v and %v, want one name", now, first)
	}
	w.mail()
	for _, step := range []struct{ typed, want string }{
		{"  Wei’s 店 🧧 ", "Wei’s 店 🧧"}, {"third", "third"}, {"小明的店", "小明的店"},
	} {
		got, err := w.s.ChangeUserName(ctx, c, step.typed)
		ok(t, step.typed, err)
		me, err := w.s.Me(ctx, c)
		ok(t, "me", err)
		if now, first := w.storedNames(t); got != step.want || me.UserName != step.want || now != step.want || first != "小明的店" {
			t.Errorf("%q: got %q, shown %q, stored %v and first %v", step.typed, got, me.UserName, now, first)
		}
		w.hears(step.typed, "email seller@example.com: change user-name")
	}
	_, err := w.s.ChangeUserName(ctx, c, "小明的店")
	ok(t, "the same name", err)
	w.hears("the same name")
	for typed, code := range map[string]auth.Code{" \u3000": auth.UserNameMissing, "a\u202eb": auth.UserNameMalformed,
		strings.Repeat("长", 41): auth.UserNameMalformed} {
		_, err := w.s.ChangeUserName(ctx, c, typed)
		wantCode(t, typed, err, code)
	}
	w.pass(11 * time.Minute)
	_, err = w.s.ChangeUserName(ctx, c, "fourth")
	wantCode(t, "without a fresh second step", err, auth.StepUpRequired)
}

// R38: the password is no user name. What could be one is counted as a guess at it, in every session apart from what
// strangers spend: no thief with a session finds it by way of names.
func TestThePasswordIsNoUserName(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	_, err := w.s.ChangeUserName(ctx, c, password)
	wantCode(t, "the password", err, auth.UserNameIsPassword)
	for range 5 {
		_, err := w.s.ChangeUserName(ctx, c, "Wrong-Horse9")
		ok(t, "what could be a password", err)
	}
	_, err = w.s.ChangeUserName(ctx, c, password)
	wantCode(t, "the password, after five guesses", err, auth.SignInLocked)
	_, err = w.s.ChangeUserName(ctx, c, "no password at all, for want of a digit")
	ok(t, "what cannot be one", err)
	w.pass(3 * time.Minute)
	_, err = w.s.ChangeUserName(ctx, c, password)
	wantCode(t, "the password, after the wait", err, auth.UserNameIsPassword)
	_, err = w.s.ChangeUserName(ctx, c, "Wrong-Horse9")
	ok(t, "a right guess ends the count", err)
}

// A press that comes twice is one change and one notice.
func TestUserNameTwiceIsOnce(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	w.mail()
	c.Request = "a press"
	for range 2 {
		got, err := w.s.ChangeUserName(t.Context(), c, "second")
		ok(t, "a press", err)
		if got != "second" {
			t.Errorf("got %q, want the name", got)
		}
	}
	w.hears("two presses", "email seller@example.com: change user-name")
}
