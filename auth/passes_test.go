package auth_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// woken reports whether somebody has been told since that there is something to deliver.
func (w *world) woken() bool {
	select {
	case <-w.s.Wake():
		return true
	default:
		return false
	}
}

// Whoever writes a message wakes who delivers it, by a refusal as well; a pass that writes none wakes nobody.
func TestWhoWritesAMessageWakesTheOutbox(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	w.mail()
	w.woken()
	for _, x := range []struct {
		what string
		do   func() error
		want bool
	}{
		{"a look", w.me(&c), false},
		{"another name", func() error {
			return lastErr(w.s.Rename(t.Context(), c, w.only(c, auth.TOTP).ID, "App",
				""))
		}, false},
		{"a link", func() error { return forgot(t.Context(), w.s, caller("x"), sellerMail) }, true},
		{"a link for nobody", func() error { return forgot(t.Context(), w.s, caller("x"), "nobody@example.com") },
			false},
		{"guesses that lock", func() error { w.lock("thief"); return nil }, true},
	} {
		ok(t, x.what, x.do())
		if got := w.woken(); got != x.want {
			t.Errorf("%s: got woken %v, want %v", x.what, got, x.want)
		}
	}
}

// lock gives five wrong passwords.
func (w *world) lock(browser string) {
	w.t.Helper()
	for range 5 {
		wantCode(w.t, "a guess", w.guess(browser, "Wrong-Horse9"), auth.SignInRefused)
	}
}

// A look at a session costs a commit only where its last use is long ago.
func TestALookIsNotedNowAndThen(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	grain := w.cfg.Policy.SessionIdle / 16
	for _, x := range []struct {
		after time.Duration
		want  int
	}{{0, 0}, {grain, 0}, {time.Second, 1}, {0, 0}, {grain, 0}, {time.Second, 1}} {
		w.pass(x.after)
		if got := w.between.counted(func() { ok(t, "look", w.me(&c)()) }); got != x.want {
			t.Errorf("%s later: got %d commits, want %d", x.after, got, x.want)
		}
	}
}

// A day has so many reset links, then one in a link's life, which is as long as the mail says; nobody is told that
// there are no more, and the history has those that went out.
func TestResetLinksAreFew(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled(sellerMail, sellerNumber)
	w.pass(2 * day)
	w.mail()
	ask := func() (links []auth.Message) {
		t.Helper()
		ok(t, "forgot", forgot(t.Context(), w.s, caller("x"), sellerMail))
		for _, m := range w.mail() {
			if m.Template == auth.TemplateReset {
				links = append(links, m)
			}
		}
		return links
	}
	sent := 0
	for range 40 {
		w.pass(30 * time.Second)
		for _, m := range ask() {
			sent++
			if got := m.Expires.Sub(w.time()); got != 30*time.Minute || m.Recipient != sellerMail ||
				m.Language != "en" {
				t.Errorf("got a link good for %s: %+v", got, m)
			}
		}
		if len(ask()) != 0 {
			t.Error("at once: got another link")
		}
	}
	if sent != w.cfg.Policy.SendsPerDay {
		t.Errorf("in 20 minutes: got %d links, want %d", sent, w.cfg.Policy.SendsPerDay)
	}
	w.pass(15 * time.Minute) // the last was sent half an hour ago
	if len(ask()) != 1 {
		t.Error("a link's life later: got none")
	}
	w.pass(30*time.Minute - time.Second)
	if len(ask()) != 0 {
		t.Error("a second before the next: got a link")
	}
	c, _ := w.at("home", "Firefox", secret)
	h, err := w.s.History(t.Context(), c, "", 100)
	ok(t, "history", err)
	if got := count(h, auth.ActForgot); got != sent+1 {
		t.Errorf("history: got %d links asked for, want the %d that went out", got, sent+1)
	}
}

// What a new password in the settings is refused for names the field at fault and costs no guess: what is typed as the
// current one, what the rules refuse, and a session that may not.
func TestWhatANewPasswordIsRefusedFor(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	c := o.byKey("home")
	change := func(c auth.Caller, current, next string) error {
		return lastErr(w.s.ChangePassword(t.Context(), c, current, next))
	}
	for range 3 {
		e := wantCode(t, "a wrong one", change(c, "Wrong-Horse9", newPassword), auth.PasswordWrong)
		if e.Field != "current" {
			t.Errorf("a wrong one: got the field %q", e.Field)
		}
	}
	for range 8 {
		wantCode(t, "a short one", change(c, password, "Short-1"), auth.PasswordTooShort)
	}
	w.seller("other@example.com", "+8613800138001")
	enrolling := with(caller("till"), w.signIn(caller("till"), "other@example.com").Token)
	wantCode(t, "who has to enrol", change(enrolling, password, newPassword), auth.MustEnrol)
	before := w.time()
	next, err := w.s.ChangePassword(t.Context(), c, password, newPassword)
	ok(t, "change", err)
	wantCode(t, "the token of before", change(c, newPassword, password), auth.CeremonyOtherBrowser)
	c.Token = next
	info, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	if !info.PasswordAt.Equal(before) {
		t.Errorf("changed: got it at %s, want %s", info.PasswordAt, before)
	}
	if list := w.listed(c); len(list) != 1 || !list[0].Current {
		t.Errorf("browsers: got %+v, want the one at hand", list)
	}
	if list, err := w.s.Sessions(t.Context(), c); err != nil || !slices.ContainsFunc(list,
		func(x auth.SessionInfo) bool { return x.Current }) {
		t.Errorf("sessions: got %+v, %v", list, err)
	}
}

// What is stored is of whole seconds, whenever it happens.
func TestTimesAreOfWholeSeconds(t *testing.T) {
	w := newWorld(t)
	w.pass(700 * time.Millisecond)
	_, c := w.enrolled(sellerMail, sellerNumber)
	info, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	want := w.time().Truncate(time.Second)
	for what, got := range map[string]time.Time{"password": info.PasswordAt, "on since": info.EnrolledAt,
		"bound": info.Methods[0].BoundAt, "shown": info.Me.Session.AuthTime} {
		if !got.Equal(want) {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
}
