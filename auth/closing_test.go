package auth_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A leaver is a seller with a key and a number who has asked for the end of his account, or is about to.
type leaver struct {
	*parting
	at time.Time // when he asked
}

func leaves(t *testing.T) *leaver {
	t.Helper()
	l := &leaver{parting: parts(t)}
	l.asks(l.c)
	l.mail()
	return l
}

func (l *leaver) asks(c auth.Caller) {
	l.t.Helper()
	info, err := l.s.CloseAccount(l.t.Context(), c, true)
	ok(l.t, "ask", err)
	if l.at = l.time(); !info.Due.Equal(l.at.Add(14*day)) || info.PutOff {
		l.t.Fatalf("got %+v, want the end in 14 days", info)
	}
}

// until passes to a time after he asked, sweeps, and returns the templates and steps of what was told.
func (l *leaver) until(after time.Duration) string {
	l.t.Helper()
	l.pass(l.at.Add(after).Sub(l.time()))
	return l.sweeps()
}

func (w *world) sweeps() string {
	w.t.Helper()
	ok(w.t, "sweep", w.s.Sweep(w.t.Context()))
	got := map[string]bool{}
	for _, m := range w.mail() {
		got[strings.TrimSpace(string(m.Channel)+" "+m.Template+" "+m.Args["step"])] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(got)), ", ")
}

// exists reports whether there is an account of that id.
func (l *leaver) exists() bool {
	l.t.Helper()
	_, err := l.s.AccountState(l.t.Context(), l.of)
	if err != nil {
		wantCode(l.t, "look", err, auth.NotFound)
	}
	return err == nil
}

// wants fails if the account is there and should not be, or the other way round, or if anything else was told.
func (l *leaver) wants(after time.Duration, there bool, told string) {
	l.t.Helper()
	if got := l.until(after); got != told {
		l.t.Errorf("after %s: got told %q, want %q", after, got, told)
	}
	if got := l.exists(); got != there {
		l.t.Fatalf("after %s: got an account %v, want %v", after, got, there)
	}
}

const (
	toldLast   = "email closing closing-last, sms closing"
	toldPutOff = "email closing closing-put-off, sms closing"
	toldClosed = "email account-closed"
	toldKept   = "email closing-kept"
)

// An account is closed 14 days after its owner has asked for it: told at once and a day before, at every
// address and number. Until then all but payouts is as it was; afterwards nothing of it opens anything, and its
// e-mail is free.
func TestClosingAnAccount(t *testing.T) {
	l := leaves(t)
	ctx := t.Context()
	again, err := l.s.CloseAccount(ctx, l.c, true)
	ok(t, "asked twice", err)
	if !again.Due.Equal(l.at.Add(14*day)) || len(l.mail()) > 0 {
		t.Errorf("asked twice: got it due %s, want it once", again.Due)
	}
	info, err := l.s.Security(ctx, l.c)
	ok(t, "overview", err)
	if p := info.Me.Payout; p.Allowed || p.Why != "closing" || !p.Until.Equal(again.Due) || len(info.Changes) != 1 ||
		info.Changes[0].What != "closing" {
		t.Errorf("got the payout %+v and the changes %+v", p, info.Changes)
	}
	ok(t, "sign out", l.s.SignOut(ctx, l.c))
	l.wants(13*day-tick, true, "")
	l.wants(13*day, true, toldLast)
	c := l.byKey("desk")
	l.wants(14*day-tick, true, "email new-browser")
	l.wants(14*day, false, toldClosed)
	wantCode(t, "a session", lastErr(l.s.Me(ctx, c)), auth.SessionEnded)
	wantCode(t, "the right password", lastErr(l.s.SignIn(ctx, caller("home"),
		auth.SignInForm{Identifier: sellerMail, Password: password})), auth.SignInRefused)
	l.seller(sellerMail, sellerNumber)
	if now := l.signIn(caller("home"), sellerMail); now.Step != auth.StepEnrol {
		t.Errorf("his e-mail, signed up anew: got %s, want a new account", now.Step)
	}
}

// Who asks is told, with all his other sessions ended; a link of every mail stops it, and none opens anything
// later.
func TestWhoHearsOfAClosing(t *testing.T) {
	l := &leaver{parting: parts(t)}
	other := l.byKey("desk")
	l.mail()
	l.asks(l.c)
	wantCode(t, "another session", lastErr(l.s.Me(t.Context(), other)), auth.SessionEnded)
	ok(t, "his own", lastErr(l.s.Me(t.Context(), l.c)))
	var links []string
	for _, m := range l.mail() {
		if m.Template != auth.TemplateClosing || m.Args["step"] != "closing-asked" && m.Channel == auth.Mail {
			t.Errorf("got told %s %v", m.Template, m.Args)
		}
		if m.Channel == auth.Mail {
			links = append(links, token(m.Args["undo"]))
		}
	}
	if len(links) != 1 {
		t.Fatalf("got %d mails, want one to each address", len(links))
	}
	what, err := l.s.LookUndo(t.Context(), caller("mail"), links[0])
	if err != nil || what.What != "closing" || what.Done {
		t.Errorf("the link: got %+v, %v", what, err)
	}
	l.wants(13*day, true, toldLast)
	l.wants(14*day, false, toldClosed)
	for _, link := range links {
		wantCode(t, "a link of before, looked at", lastErr(l.s.LookUndo(t.Context(), caller("mail"), link)), auth.LinkUsed)
		wantCode(t, "and pressed", lastErr(l.s.Undo(t.Context(), caller("mail"), link)), auth.LinkUsed)
	}
}

// What an owner does who has not asked for the end of his account, or thinks better of it, stops it, and he is
// told where that was not his word for it. What nobody has done does not.
func TestWhatStopsAClosing(t *testing.T) {
	press := func(l *leaver, template string) error {
		return lastErr(l.s.Undo(l.t.Context(), caller("mail"), token(l.lastMail(template).Args["undo"])))
	}
	for name, c := range map[string]struct {
		act  func(*leaver) error
		told string // in the end
	}{
		"kept in the session that asked": {func(l *leaver) error { return l.s.KeepAccount(l.t.Context(), l.c) }, ""},
		"kept in another session": {func(l *leaver) error {
			return l.s.KeepAccount(l.t.Context(), l.byText("desk"))
		}, "email new-browser"},
		"stopped among what waits": {func(l *leaver) error {
			info, err := l.s.Security(l.t.Context(), l.c)
			ok(l.t, "overview", err)
			return l.s.CancelChange(l.t.Context(), l.c, info.Changes[0].ID)
		}, ""},
		"not me, of another notice": {func(l *leaver) error {
			l.byText("desk")
			return press(l, auth.TemplateNewBrowser)
		}, toldKept},
		"a password by a link": {func(l *leaver) error {
			l.reset(sellerMail, newPassword)
			return nil
		}, "email change, email closing-kept, sms change"},
		"a new password": {func(l *leaver) error {
			_, err := l.s.ChangePassword(l.t.Context(), l.c, password, newPassword)
			return err
		}, "email change, email closing-kept, sms change"},
		"the end of the session that asked, by another": {func(l *leaver) error {
			me, err := l.s.Me(l.t.Context(), l.c)
			ok(l.t, "who", err)
			c := l.byKey("home")
			l.mail()
			return l.s.EndSession(l.t.Context(), c, me.Session.ID)
		}, toldKept},
		"the end of all others": {func(l *leaver) error {
			c := l.byKey("home")
			l.mail()
			return l.s.EndOtherSessions(l.t.Context(), c)
		}, toldKept},
		"the end of the method that it was asked with": {func(l *leaver) error {
			_, c := l.addKey(l.c, stick(l.t, virtual.Options{}), auth.SecurityKey, "Red key")
			l.mail()
			return lastErr(l.s.Remove(l.t.Context(), c, l.key))
		}, "email change, email closing-kept"},
		"a response": {func(l *leaver) error {
			return l.in(func(p *auth.Work) error { return p.Hold(l.of, auth.Hold{By: "r", Freeze: true}) })
		}, toldKept},
		"switched off": {func(l *leaver) error { return l.in(func(p *auth.Work) error { return p.Freeze(l.of) }) }, toldKept},
		"a recovery case": {func(l *leaver) error {
			return l.in(func(p *auth.Work) error { return p.SwitchOffSecondStep(l.of, auth.SwitchOff{}) })
		}, toldKept},
		"a part": {func(l *leaver) error {
			return l.in(func(p *auth.Work) error { return p.StopClosing(l.of) })
		}, toldKept},
		"a hand-over": {func(l *leaver) error { return l.handOver(l.of) }, toldKept},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := leaves(t)
			ok(t, name, c.act(l))
			if got := l.sweeps(); got != c.told {
				t.Errorf("got told %q, want %q", got, c.told)
			}
			l.wants(20*day, true, "")
			l.wants(40*day, true, "")
		})
	}
}

// A link in the mail stops it without signing in, and ends all access: somebody else had a session.
func TestTheLinkStopsAClosing(t *testing.T) {
	for _, when := range []time.Duration{0, 13 * day} {
		l := &leaver{parting: parts(t)}
		l.asks(l.c)
		if when > 0 {
			l.mail()
			ok(t, "sweep", l.s.Sweep(t.Context()))
			l.pass(when)
			ok(t, "sweep", l.s.Sweep(t.Context()))
		}
		link := token(l.lastMail(auth.TemplateClosing).Args["undo"])
		ok(t, "press", lastErr(l.s.Undo(t.Context(), caller("mail"), link)))
		wantCode(t, "again", lastErr(l.s.Undo(t.Context(), caller("mail"), link)), auth.LinkUsed)
		wantCode(t, "the session that asked", lastErr(l.s.Me(t.Context(), l.c)), auth.SessionEnded)
		l.mail()
		wantCode(t, "asked for again", lastErr(l.s.CloseAccount(t.Context(), l.byKey("home"), true)), auth.ClosingCooling)
		l.mail()
		l.wants(40*day, true, "")
	}
}

// What ends by itself stops nothing: a session that runs out, or is signed out of.
func TestWhatDoesNotStopAClosing(t *testing.T) {
	l := leaves(t)
	l.pass(13 * time.Hour)
	ok(t, "another signs out", l.s.SignOut(t.Context(), l.byKey("desk")))
	l.mail()
	l.wants(13*day, true, toldLast)
	l.wants(14*day, false, toldClosed)
}

// Nobody asks with a session alone, or by a text where there is a key, or unread; a few times a day.
func TestWhoClosesAnAccount(t *testing.T) {
	l := &leaver{parting: parts(t)}
	ctx := t.Context()
	wantCode(t, "unread", lastErr(l.s.CloseAccount(ctx, l.c, false)), auth.ClosingNotUnderstood)
	wantCode(t, "by a text", lastErr(l.s.CloseAccount(ctx, l.byText("desk"), true)), auth.TooWeak)
	l.pass(11 * time.Minute)
	wantCode(t, "a session alone", lastErr(l.s.CloseAccount(ctx, l.c, true)), auth.StepUpRequired)
	wantCode(t, "nothing waits", lastErr(l.s.Closing(ctx, l.c)), auth.NotFound)
	wantCode(t, "nothing to stop", l.s.KeepAccount(ctx, l.c), auth.NotFound)
	c := l.byKey("home")
	for range 3 {
		l.asks(c)
		ok(t, "keep", l.s.KeepAccount(ctx, c))
		l.pass(time.Second)
	}
	wantCode(t, "a fourth time in a day", lastErr(l.s.CloseAccount(ctx, c, true)), auth.SendLimitReached)
	wantCode(t, "nothing waits then", lastErr(l.s.Closing(ctx, c)), auth.NotFound)
}

// inTheWay are what an account is not closed in, by what asking for it says.
func inTheWay() map[string]struct {
	begin func(*leaver)
	end   func(*leaver)
	code  auth.Code
} {
	cool := func(l *leaver) {
		until := l.time().Add(day)
		if !l.at.IsZero() {
			until = l.at.Add(16 * day)
		}
		ok(l.t, "cool off", l.in(func(p *auth.Work) error { return p.CoolOff(l.of, until, "recovered") }))
	}
	nothing := func(*leaver) {}
	return map[string]struct {
		begin func(*leaver)
		end   func(*leaver)
		code  auth.Code
	}{
		"a cooling-off": {cool, nothing, auth.ClosingCooling},
		"something of a part's that waits": {func(l *leaver) {
			ok(l.t, "begin", l.begin("part-begin", l.byKey("home")))
		}, func(l *leaver) {
			ok(l.t, "end", l.in(func(p *auth.Work) error { return p.EndWait(l.of, l.id) }))
		}, auth.ClosingChangePending},
		"a part": {func(l *leaver) { l.bars = true }, func(l *leaver) { l.bars = false }, auth.AccountDisputed},
	}
}

// What is in the way of it is told before anything is asked for.
func TestWhatIsInTheWayOfAClosing(t *testing.T) {
	for name, c := range inTheWay() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &leaver{parting: parts(t)}
			c.begin(l)
			l.mail()
			wantCode(t, "look", l.s.MayClose(t.Context(), l.c), c.code)
			wantCode(t, "ask", lastErr(l.s.CloseAccount(t.Context(), l.c, true)), c.code)
			wantCode(t, "it waits", lastErr(l.s.Closing(t.Context(), l.c)), auth.NotFound)
			if got := l.mail(); len(got) > 0 {
				t.Errorf("got told %v", got)
			}
		})
	}
	l := &leaver{parting: parts(t)}
	c := l.byKey("desk")
	ok(t, "a hold", l.in(func(p *auth.Work) error { return p.Hold(l.of, auth.Hold{By: "r", Freeze: true, Password: true}) }))
	l.mail()
	wantCode(t, "held", lastErr(l.s.CloseAccount(t.Context(), c, true)), auth.SessionEnded)
}

// What comes in the way later puts it off, on the day before and on the day itself; its owner is told once, and
// once it is over he has a last day again.
func TestAClosingIsPutOff(t *testing.T) {
	for name, c := range inTheWay() {
		for _, from := range []time.Duration{12 * day, 13*day + time.Hour} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				l := leaves(t)
				if from > 13*day {
					l.wants(13*day, true, toldLast)
				}
				l.pass(l.at.Add(from).Sub(l.time()))
				c.begin(l)
				l.mail()
				l.wants(14*day, true, toldPutOff)
				info, err := l.s.Closing(t.Context(), l.byKey("home"))
				if err != nil || !info.PutOff || !info.Due.After(l.time().Add(day)) {
					t.Errorf("got %+v, %v", info, err)
				}
				l.mail()
				l.wants(15*day, true, "")
				c.end(l)
				l.wants(16*day, true, toldLast)
				l.wants(17*day-tick, true, "")
				l.wants(17*day, false, toldClosed)
			})
		}
	}
}

// However long the program stood still, the last day is told, and passes.
func TestTheLastDayIsNeverLeftOut(t *testing.T) {
	l := leaves(t)
	l.wants(100*day, true, toldLast)
	l.wants(101*day-tick, true, "")
	l.wants(101*day, false, toldClosed)
}

// A clock that was set ahead by an operator, or a backup that was put back, closes nothing by itself.
func TestARestoredClosingIsNone(t *testing.T) {
	l := leaves(t)
	ok(t, "a backup", lastErr(l.s.Restored(t.Context(), false)))
	l.mail()
	l.wants(13*day, true, "")
	l.wants(20*day, true, "")
	wantCode(t, "it waits", lastErr(l.s.Closing(t.Context(), l.byKey("home"))), auth.NotFound)
}

// A closing is no sooner than in a week, whatever the policy says.
func TestAClosingTakesAWeekAtLeast(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.Closing = time.Hour })
	o := owner(w)
	info, err := w.s.CloseAccount(t.Context(), o.byKey("home"), true)
	if err != nil || !info.Due.Equal(w.time().Add(7*day)) || w.s.ClosingDelay() != 7*day {
		t.Errorf("got %+v, %v, want it in a week", info, err)
	}
}

// Sixty-four at once, who ask, stop and sweep on the last day: the account is there or not, whole either way,
// and whoever was told that it stays has it.
func TestSixtyFourAroundTheEnd(t *testing.T) {
	l := leaves(t)
	l.wants(13*day, true, toldLast)
	c := l.byKey("home")
	l.mail()
	l.pass(l.at.Add(14 * day).Sub(l.time()))
	kept := make([]error, 64)
	var all sync.WaitGroup
	for i := range kept {
		all.Go(func() {
			switch i % 3 {
			case 0:
				kept[i] = l.s.KeepAccount(t.Context(), c)
			case 1:
				_, _ = l.s.CloseAccount(t.Context(), c, true)
			default:
				_ = l.s.Sweep(t.Context())
			}
		})
	}
	all.Wait()
	stays := false
	for i := 0; i < len(kept); i += 3 {
		stays = stays || kept[i] == nil
	}
	ok(t, "sweep", l.s.Sweep(t.Context()))
	if l.exists() != stays {
		t.Errorf("told that it stays: %v; got an account: %v", stays, l.exists())
	}
	if _, err := l.s.Me(t.Context(), c); (err == nil) != stays {
		t.Errorf("got the session %v, want it as the account", err)
	}
}

// closingEnds is the last day of an account: it is there until its last second is over.
func closingEnds(w *world) ending {
	o := owner(w)
	c := o.byKey("home")
	ok(w.t, "ask", lastErr(w.s.CloseAccount(w.t.Context(), c, true)))
	ok(w.t, "sign out", w.s.SignOut(w.t.Context(), c))
	w.pass(13 * day)
	ok(w.t, "sweep", w.s.Sweep(w.t.Context()))
	return w.after(day-tick, func() error {
		ok(w.t, "sweep", w.s.Sweep(w.t.Context()))
		_, err := w.s.SignIn(w.t.Context(), caller("home"), auth.SignInForm{Identifier: sellerMail, Password: password})
		return err
	}, auth.SignInRefused)
}

// lootClosing asks for the end of the account. Every mailbox of its owner hears of it, in two weeks of time.
func lootClosing(r *robbed) func() error {
	c := r.byText("thief")
	me, err := r.s.Me(r.t.Context(), c)
	ok(r.t, "who", err)
	ok(r.t, "ask", lastErr(r.s.CloseAccount(r.t.Context(), c, true)))
	r.pressed = r.undo(auth.TemplateClosing, otherMail)
	return func() error {
		for range 15 {
			r.pass(day)
			ok(r.t, "sweep", r.s.Sweep(r.t.Context()))
		}
		if _, err := r.s.AccountState(r.t.Context(), me.Account); err != nil {
			return nil
		}
		return auth.Refuse(auth.NotFound) // the end of it
	}
}
