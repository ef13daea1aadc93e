package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// unusedMails sweeps, and returns what an account that nobody uses was told.
func (w *world) unusedMails() map[string]int {
	w.t.Helper()
	ok(w.t, "sweep", w.s.Sweep(w.t.Context()))
	got := map[string]int{}
	for _, m := range w.mail() {
		if m.Template == auth.TemplateUnused || m.Template == auth.TemplateDormant {
			got[m.Template+" "+m.Args["due"]]++
		}
	}
	return got
}

// wantTold passes to a time after the last sign-in and wants one mail, or none.
func (w *world) wantTold(used time.Time, after time.Duration, template string, due time.Duration) {
	w.t.Helper()
	w.pass(used.Add(after).Sub(w.time()))
	want := template + " "
	if due > 0 {
		want += w.time().Add(due).Format(time.RFC3339)
	}
	got := w.unusedMails()
	if template == "" && len(got) == 0 || template != "" && len(got) == 1 && got[want] == 1 {
		return
	}
	w.t.Errorf("after %s: got %v, want %q once", after, got, want)
}

// An account that nobody uses is told twice, then switched off: with the right password in the words of any that is,
// with a wrong one as ever.
func TestAnAccountThatNobodyUses(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	w.mail()
	used := w.time()
	w.wantTold(used, 335*day-time.Second, "", 0)
	w.wantTold(used, 335*day, auth.TemplateUnused, 30*day)
	w.wantTold(used, 358*day-time.Second, "", 0)
	w.wantTold(used, 358*day, auth.TemplateUnused, 7*day)
	w.wantTold(used, 365*day-time.Second, "", 0)
	signIn := func(typed string) error {
		_, err := w.s.SignIn(t.Context(), caller("new"), auth.SignInForm{Identifier: sellerMail, Password: typed})
		return err
	}
	ok(t, "a second before", signIn(password))
	w.wantTold(used, 365*day, auth.TemplateDormant, 0)
	wantCode(t, "the right password", signIn(password), auth.AccountDisabled)
	wantCode(t, "a wrong one", signIn("Wrong-Horse9"), auth.SignInRefused)
	_, err := w.s.Me(t.Context(), c)
	wantCode(t, "a session", err, auth.SessionEnded)
	w.wantTold(used, 800*day, "", 0)
}

// actUnused lets an account lie, with a sweep after each wait; what was told before the last is read.
func actUnused(waits ...time.Duration) func(*robbed) {
	return func(r *robbed) {
		for _, wait := range waits {
			r.mail()
			r.pass(wait)
			ok(r.t, "sweep", r.s.Sweep(r.t.Context()))
		}
	}
}

func unusedAccount(w *world) ending {
	w.enrolled(sellerMail, sellerNumber)
	for _, wait := range []time.Duration{335 * day, 23 * day} {
		w.pass(wait)
		ok(w.t, "sweep", w.s.Sweep(w.t.Context()))
	}
	return w.after(7*day-tick, func() error {
		ok(w.t, "sweep", w.s.Sweep(w.t.Context()))
		_, err := w.s.SignIn(w.t.Context(), caller("home"), auth.SignInForm{Identifier: sellerMail, Password: password})
		return err
	}, auth.AccountDisabled)
}

// A sign-in begins the count anew, whatever was told before.
func TestASignInEndsDormancy(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled(sellerMail, sellerNumber)
	w.mail()
	used := w.time()
	w.wantTold(used, 335*day, auth.TemplateUnused, 30*day)
	w.wantTold(used, 364*day, auth.TemplateUnused, 7*day)
	w.second(caller("home"), w.signIn(caller("home"), sellerMail), secret)
	w.mail()
	again := w.time()
	w.wantTold(again, 335*day-time.Second, "", 0)
	w.wantTold(again, 335*day, auth.TemplateUnused, 30*day)
}

// Nobody is switched off without both mails, each in its time, though the program stood still for years; and where the
// policy has no such time, nobody is.
func TestNobodyIsSwitchedOffUntold(t *testing.T) {
	w := newWorld(t)
	w.enrolled(sellerMail, sellerNumber)
	w.mail()
	used := w.time()
	w.wantTold(used, 1000*day, auth.TemplateUnused, 30*day)
	w.wantTold(used, 1023*day-time.Second, "", 0)
	w.wantTold(used, 1023*day, auth.TemplateUnused, 7*day)
	w.wantTold(used, 1030*day-time.Second, "", 0)
	w.wantTold(used, 1030*day, auth.TemplateDormant, 0)

	w = newWorld(t, func(c *auth.Config) { c.Policy.Dormant = 0 })
	w.enrolled(sellerMail, sellerNumber)
	w.mail()
	w.wantTold(w.time(), 2000*day, "", 0)
}

// Of an account of before sign-ins were noted the count begins on the day on which it would be told, and not before.
func TestAnAccountOfBeforeSignInsWereNoted(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	me, err := w.s.Me(t.Context(), c)
	ok(t, "who", err)
	made := auth.ReadAccount(t, w.s, me.Account, func(a *auth.Account) { a.UsedAt = time.Time{} }).CreatedAt
	used := func() time.Time { return auth.ReadAccount(t, w.s, me.Account, nil).UsedAt }
	w.pass(made.Add(335*day - time.Second).Sub(w.time()))
	ok(t, "sweep", w.s.Sweep(t.Context()))
	if at := used(); !at.IsZero() {
		t.Errorf("before: got it used at %s, want nothing noted", at)
	}
	w.pass(time.Second)
	if told := w.unusedMails(); len(told) > 0 || !used().Equal(w.time()) {
		t.Errorf("on the day: got it used at %s and %v told, want today and nothing", used(), told)
	}
}
