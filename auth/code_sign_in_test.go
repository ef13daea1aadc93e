package auth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// byCode signs in with the password and the security code.
func (w *world) byCode(c auth.Caller, code string) (*auth.SignInInfo, error) {
	w.t.Helper()
	return w.s.CodeSignIn(w.t.Context(), c, w.signIn(c, sellerMail).Ceremony, code)
}

// coded is an owner with a security code, which somebody in a browser has used at a sign-in.
func coded(w *world, browser string) (o *waiting, code string) {
	w.t.Helper()
	o = owner(w)
	code = w.setCode(o.byKey("home"))
	w.pass(time.Hour)
	w.mail()
	info, err := w.byCode(caller(browser), code)
	ok(w.t, "the code", err)
	if info.Step != auth.StepWait {
		w.t.Fatalf("the code without a second step: got the step %s, want that it waits", info.Step)
	}
	return o, code
}

// entersBy is what the code says at a sign-in: nothing where it opens a session, SecurityCodeWaits where it waits.
func (w *world) entersBy(browser, code string) error {
	info, err := w.byCode(caller(browser), code)
	if err == nil && info.Step == auth.StepWait {
		return auth.Refuse(auth.SecurityCodeWaits)
	}
	return err
}

// R30, with the password alone: it waits, everybody hears, no money moves; then it switches the second step off, and
// the session may only enrol.
func TestSecurityCodeInPlaceOfTheSecondStep(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	code := w.setCode(o.byKey("home"))
	w.pass(time.Hour)
	home := o.byKey("home")
	w.mail()
	info, err := w.byCode(caller("new"), code)
	ok(t, "the code", err)
	due := w.time().Add(72 * time.Hour)
	if info.Step != auth.StepWait || !info.Due.Equal(due) || !info.Expires.Equal(due.Add(7*day)) ||
		info.Token != "" || info.Ceremony != "" {
		t.Errorf("got %+v, want it to wait until %s and nothing else", info, due)
	}
	w.hears("asked", "email "+sellerMail+": security-code-waits", "sms "+sellerNumber+": security-code-waits")
	w.pass(time.Hour)
	again, err := w.byCode(caller("new"), code)
	ok(t, "the code again", err)
	if again.Step != auth.StepWait || !again.Due.Equal(due) {
		t.Errorf("asked again: got %+v, want it to wait until %s", again, due)
	}
	w.hears("asked again")
	me, err := w.s.Me(ctx, home)
	ok(t, "me", err)
	if p := me.Payout; p.Allowed || p.Why != "security-code" || !p.Until.Equal(due) {
		t.Errorf("payouts meanwhile: got %+v, want none until %s", p, due)
	}
	wantCode(t, "a payout", lastErr(w.s.StepUp(ctx, home, auth.ActPayout, payText)), auth.PayoutRefused)
	if list := o.overview().Changes; len(list) != 1 || list[0].What != "security-code" || !list[0].Due.Equal(due) {
		t.Errorf("what waits: got %+v, want the sign-in", list)
	}
	w.pass(71 * time.Hour)
	w.mail()
	owners := o.byKey("home")
	info, err = w.byCode(caller("new"), code)
	ok(t, "the code when it counts", err)
	const told = ": change signed-in-by-code"
	w.hears("signed in", "email "+sellerMail+told, "sms "+sellerNumber+told)
	c := with(caller("new"), info.Token)
	if info.Step != auth.StepEnrol || info.Token == "" {
		t.Fatalf("got the step %s, want a session that has to enrol", info.Step)
	}
	wantCode(t, "anything else", w.s.SetQuestion(ctx, c, ownQuestion, ownAnswer), auth.MustEnrol)
	wantCode(t, "the owner's session", w.me(&owners)(), auth.SessionEnded)
	security, err := w.s.Security(ctx, c)
	ok(t, "overview", err)
	if len(security.Methods) != 0 || !security.EnrolledAt.IsZero() || security.SecurityCode.State != auth.SecretUsed ||
		len(security.Changes) != 0 {
		t.Errorf("got %+v, want no method, the code used and nothing that waits", security)
	}
	_, c = w.enrolApp(c)
	me, err = w.s.Me(ctx, c)
	ok(t, "me", err)
	if p := me.Payout; p.Allowed || p.Why != "security-code" || !p.Until.Equal(w.time().Add(72*time.Hour)) {
		t.Errorf("payouts as long as it can be undone: got %+v, want none for 72 hours", p)
	}
}

// Where a site makes nobody enrol, who comes in by the code has to all the same.
func TestSecurityCodeHasToEnrolWhereNobodyMust(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.MustEnrol = false })
	_, code := coded(w, "new")
	w.pass(72 * time.Hour)
	info, err := w.byCode(caller("new"), code)
	ok(t, "the code", err)
	if info.Step != auth.StepEnrol || !info.Session.Restricted {
		t.Errorf("got the step %s, want that it enrols", info.Step)
	}
	err = w.s.SetQuestion(t.Context(), with(caller("new"), info.Token), ownQuestion, ownAnswer)
	wantCode(t, "anything else", err, auth.MustEnrol)
}

// Without a code, with a wrong one or one that a weak proof has just set, nothing waits; the password has to be shown.
func TestWhatIsRefusedInPlaceOfTheSecondStep(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	wantCode(t, "no code", w.entersBy("new", "00000"), auth.SecurityCodeNotSet)
	code := w.setCode(o.byKey("home"))
	e := wantCode(t, "a wrong code", w.entersBy("new", "00000"), auth.SecurityCodeWrong)
	if e.Field != "securityCode" || e.Args["n"] != "4" {
		t.Errorf("a wrong code: got the field %q and %s left, want 4", e.Field, e.Args["n"])
	}
	ch, err := w.s.SignInKeyFirst(ctx, caller("new"), auth.KeyFirstForm{Identifier: sellerMail})
	ok(t, "begin", err)
	touched, err := w.s.SignInFinish(ctx, caller("new"), ch.Ceremony, touch(t, o.stick, ch))
	ok(t, "touch", err)
	_, err = w.s.CodeSignIn(ctx, caller("new"), touched.Ceremony, code)
	wantCode(t, "after a touch alone", err, auth.CeremonyOtherBrowser)
	flow := w.signIn(caller("new"), sellerMail).Ceremony
	_, err = w.s.CodeSignIn(ctx, caller("elsewhere"), flow, code)
	wantCode(t, "in another browser", err, auth.CeremonyOtherBrowser)
	ok(t, "the code", lastErr(w.s.CodeSignIn(ctx, caller("new"), flow, code)))
	_, err = w.s.SignInBegin(ctx, caller("new"), flow, byKey)
	wantCode(t, "the sign-in is over with it", err, auth.CeremonyUsed)

	r := rob(newWorld(t), true)
	weak := r.setCode(r.byText("home"))
	wantCode(t, "a code that a text has set", r.entersBy("new", weak), auth.SecurityCodeWaits)
	if n := len(r.overview().Changes); n != 0 {
		t.Errorf("it can still be undone: got %d changes that wait, want none", n)
	}
}

// A stop is a way to stop a sign-in by the code that waits, in the owner's session. It says by which password he
// signs in from then on.
type stop struct {
	do       func(o *waiting, c auth.Caller)
	password string
	paused   bool // the next one is not asked for at once
}

func stops() map[string]stop {
	press := func(template string) func(*waiting, auth.Caller) {
		return func(o *waiting, _ auth.Caller) {
			ok(o.t, "press", lastErr(o.s.Undo(o.t.Context(), caller("mail"), token(o.lastMail(template).Args["undo"]))))
		}
	}
	return map[string]stop{
		"its link": {do: press(auth.TemplateCodeWaits), paused: true},
		"its link, after it counts": {do: func(o *waiting, _ auth.Caller) {
			link := token(o.lastMail(auth.TemplateCodeWaits).Args["undo"])
			o.pass(80 * time.Hour)
			ok(o.t, "press", lastErr(o.s.Undo(o.t.Context(), caller("mail"), link)))
		}, paused: true},
		"the list of what waits": {do: func(o *waiting, c auth.Caller) {
			ok(o.t, "stop", o.s.CancelChange(o.t.Context(), c, o.overview().Changes[0].ID))
		}, paused: true},
		"another notice": {do: func(o *waiting, c auth.Caller) {
			o.byKey("elsewhere")
			press(auth.TemplateNewBrowser)(o, c)
		}, paused: true},
		"the end of the other sessions": {do: func(o *waiting, c auth.Caller) {
			ok(o.t, "end", o.s.EndOtherSessions(o.t.Context(), c))
		}},
		"another password": {do: func(o *waiting, c auth.Caller) {
			ok(o.t, "change", lastErr(o.s.ChangePassword(o.t.Context(), c, password, newPassword)))
		}, password: newPassword},
		"a reset": {do: func(o *waiting, _ auth.Caller) { o.reset(sellerMail, newPassword) }, password: newPassword},
		"a freeze": {do: func(o *waiting, c auth.Caller) {
			me, err := o.s.Me(o.t.Context(), c)
			ok(o.t, "who", err)
			in := o.stall()
			ok(o.t, "freeze", in.in(o.t, func(p *auth.Work) error { return p.Freeze(me.Account) }))
			ok(o.t, "thaw", in.in(o.t, func(p *auth.Work) error { return p.Thaw(me.Account) }))
		}},
		"a restored backup": {do: func(o *waiting, _ auth.Caller) {
			ok(o.t, "restore", lastErr(o.s.Restored(o.t.Context(), false)))
		}},
	}
}

// Whatever stops it, it is over: nothing waits, payouts are approved again, and the code only asks anew.
func TestWhatStopsASignInByTheCode(t *testing.T) {
	for name, s := range stops() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			o, code := coded(w, "former")
			s.do(o, o.byKey("home"))
			enter := func(browser string) (*auth.SignInInfo, error) {
				f := auth.SignInForm{Identifier: sellerMail, Password: password}
				if s.password != "" {
					f.Password = s.password
				}
				info, err := w.s.SignIn(t.Context(), caller(browser), f)
				ok(t, "the password", err)
				return info, err
			}
			info, _ := enter("home")
			ch, err := w.s.SignInBegin(t.Context(), caller("home"), info.Ceremony, byKey)
			ok(t, "begin", err)
			done, err := w.s.SignInFinish(t.Context(), caller("home"), ch.Ceremony, touch(t, o.stick, ch))
			ok(t, "the key", err)
			security, err := w.s.Security(t.Context(), with(caller("home"), done.Token))
			ok(t, "overview", err)
			if p := security.Me.Payout; len(security.Changes) != 0 || !p.Allowed {
				t.Errorf("got %d changes that wait, payouts %+v, want none and allowed", len(security.Changes), p)
			}
			info, _ = enter("former")
			again, err := w.s.CodeSignIn(t.Context(), caller("former"), info.Ceremony, code)
			if s.paused {
				wantCode(t, "the code at once", err, auth.ChangePaused)
				w.pass(25 * time.Hour)
				info, _ = enter("former")
				again, err = w.s.CodeSignIn(t.Context(), caller("former"), info.Ceremony, code)
			}
			ok(t, "the code", err)
			if again.Step != auth.StepWait || !again.Due.Equal(w.time().Add(72*time.Hour)) {
				t.Errorf("the code after it: got %+v, want that it waits anew", again)
			}
		})
	}
}

// What retires the code ends what waits for it.
func TestARetiredCodeWaitsForNothing(t *testing.T) {
	m := newCodeModel(t)
	m.set(true)
	ok(t, "the code", lastErr(m.byCode(caller("former"), m.code)))
	m.retire()
	old := m.retired[0]
	m.set(true)
	m.pass(73 * time.Hour)
	wantCode(t, "the retired one", m.entersBy("former", old), auth.SecurityCodeWrong)
	wantCode(t, "the new one", m.entersBy("former", m.code), auth.SecurityCodeWaits)
}

// Strangers who know the password spend nothing of the owner's: his own browser has all its tries, and five wrong codes
// say that the password is out.
func TestStrangersCodesAreCountedApart(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	code := w.setCode(o.byKey("home"))
	for range 5 {
		wantCode(t, "a stranger's", lastErr(w.byCode(behind("thief", "203.0.113.7"), "00000")), auth.SecurityCodeWrong)
	}
	f := auth.SignInForm{Identifier: sellerMail, Password: password}
	_, err := w.s.SignIn(t.Context(), behind("thief", "203.0.113.7"), f)
	wantCode(t, "the password that is out", err, auth.MailCodeNeeded)
	flow := w.signIn(caller("home"), sellerMail).Ceremony
	for i := range 4 {
		_, err := w.s.CodeSignIn(t.Context(), caller("home"), flow, "00000")
		e := wantCode(t, "the owner's", err, auth.SecurityCodeWrong)
		if want := string(rune('4' - i)); e.Args["n"] != want {
			t.Errorf("the owner's: got %s tries left, want %s", e.Args["n"], want)
		}
	}
	ok(t, "the owner's right one", lastErr(w.s.CodeSignIn(t.Context(), caller("home"), flow, code)))
}

// Wrong codes of a stranger before the right one were slips: as many again do not say that the password is out.
func TestARightCodeForgivesSlips(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	code := w.setCode(o.byKey("home"))
	for range 2 {
		for range 4 {
			wantCode(t, "a slip", lastErr(w.byCode(caller("new"), "00000")), auth.SecurityCodeWrong)
		}
		ok(t, "the right one", lastErr(w.byCode(caller("new"), code)))
	}
}

// A stranger who was let through before the password was out gets no further by the code.
func TestAFlowOfBeforeTakesNoCodeOnceThePasswordIsOut(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	code := w.setCode(o.byKey("home"))
	flow := w.signIn(behind("thief", "203.0.113.7"), sellerMail).Ceremony
	for range 5 {
		wantCode(t, "a stranger's", lastErr(w.byCode(behind("other", "203.0.113.9"), "00000")), auth.SecurityCodeWrong)
	}
	_, err := w.s.CodeSignIn(t.Context(), behind("thief", "203.0.113.7"), flow, code)
	wantCode(t, "the right code", err, auth.MailCodeNeeded)
}

// A lost answer gets the same again: what waits, and the session of the same act; nothing is granted anew.
func TestSignInByTheCodeTwiceIsOnce(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	code := w.setCode(o.byKey("home"))
	press := func(flow string) (first, second *auth.SignInInfo) {
		c := caller("new")
		c.Request = "a press of " + flow
		first, err := w.s.CodeSignIn(ctx, c, flow, code)
		ok(t, "a press", err)
		second, err = w.s.CodeSignIn(ctx, c, flow, code)
		ok(t, "the same press", err)
		return first, second
	}
	w.mail()
	first, second := press(w.signIn(caller("new"), sellerMail).Ceremony)
	if first.Step != auth.StepWait || second.Step != auth.StepWait || !first.Due.Equal(second.Due) {
		t.Errorf("got %+v and %+v, want the same wait", first, second)
	}
	if n := len(w.heard()); n != 2 {
		t.Errorf("got %d notices, want a mail and a text", n)
	}
	w.pass(72 * time.Hour)
	first, second = press(w.signIn(caller("new"), sellerMail).Ceremony)
	if first.Step != auth.StepEnrol || second.Step != auth.StepEnrol || second.Token == first.Token {
		t.Fatalf("got the steps %s and %s, want one session by two tokens", first.Step, second.Step)
	}
	ok(t, "the newer token", lastErr(w.s.Security(ctx, with(caller("new"), second.Token))))
	if list, err := w.s.Security(ctx, with(caller("new"), second.Token)); err != nil || list.Sessions != 1 {
		t.Errorf("got %+v sessions, want 1", list)
	}
}

// However many sign-ins show the code at once, one opens a session, and one is asked for.
func TestOneSignInByTheCodeOfSixtyFour(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	code := w.setCode(o.byKey("home"))
	at := func(want auth.Step) int {
		flows := make([]string, 64)
		for i := range flows {
			flows[i] = w.signIn(caller("new"), sellerMail).Ceremony
		}
		return w.winners(64, func(i int) error {
			info, err := w.s.CodeSignIn(t.Context(), caller("new"), flows[i], code)
			if err == nil && info.Step != want {
				return auth.Refuse(auth.SecurityCodeWaits)
			}
			return err
		})
	}
	w.mail()
	at(auth.StepWait)
	if n := len(w.heard()); n != 2 {
		t.Errorf("asked by 64 at once: got %d notices, want a mail and a text", n)
	}
	w.pass(72 * time.Hour)
	if won := at(auth.StepEnrol); won != 1 {
		t.Errorf("got %d sessions of 64 at once, want 1", won)
	}
	w2 := newWorld(t)
	_, code = coded(w2, "new")
	w2.pass(72 * time.Hour)
	flow := w2.signIn(caller("new"), sellerMail).Ceremony
	if won := w2.winners(64, func(int) error {
		return lastErr(w2.s.CodeSignIn(t.Context(), caller("new"), flow, code))
	}); won != 1 {
		t.Errorf("one sign-in shown 64 times: got %d sessions, want 1", won)
	}
}

// "Not me" after it puts everything back, whatever was bound and moved since.
func TestNotMePutsBackWhatTheCodeSwitchedOff(t *testing.T) {
	w := newWorld(t)
	g := guardIn(w, true)
	code := w.setCode(g.c)
	w.pass(time.Hour)
	before := g.state(g.in("home"))
	w.mail()
	ok(t, "ask", lastErr(w.byCode(caller("thief"), code)))
	w.pass(72 * time.Hour)
	w.mail()
	info, err := w.byCode(caller("thief"), code)
	ok(t, "the code", err)
	link := g.undo(auth.TemplateChange, sellerMail) // which he replaces below: its link counts all the same
	his := stick(t, virtual.Options{})
	_, c := w.addKey(with(caller("thief"), info.Token), his, auth.SecurityKey, "His key")
	w.pass(time.Minute)
	_, c = w.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, "Another of his")
	ok(t, "his name", lastErr(w.s.ChangeUserName(t.Context(), c, "His shop")))
	ok(t, "his question", w.s.SetQuestion(t.Context(), c, "His own?", "something else"))
	ok(t, "his number", lastErr(w.s.ChangePhone(t.Context(), c, "+8613800138005", "")))
	w.emailTo(c, thiefs)
	look, err := w.s.LookUndo(t.Context(), caller("mail"), link)
	ok(t, "look", err)
	if look.What != "signed-in-by-code" || look.Pauses {
		t.Errorf("what it would put back: got %+v", look)
	}
	ok(t, "not me", lastErr(w.s.Undo(t.Context(), caller("mail"), link)))
	wantCode(t, "his session", w.me(&c)(), auth.SessionEnded)
	after := g.in("home")
	if got, want := g.state(after), strings.Replace(before, "; set; ", "; used; ", 1); got != want {
		t.Errorf("after it: got %s\nwant %s", got, want)
	}
	me, err := w.s.Me(t.Context(), after)
	ok(t, "me", err)
	if !me.Payout.Allowed {
		t.Errorf("payouts behind the key: got %+v, want them allowed", me.Payout)
	}
	security, err := w.s.Security(t.Context(), after)
	ok(t, "overview", err)
	if security.EnrolledAt.IsZero() {
		t.Error("got the second step off, want it on")
	}
	if slices.ContainsFunc(security.Methods, func(m auth.AuthenticatorInfo) bool { return m.Name == "His key" }) {
		t.Error("his key stands")
	}
}
