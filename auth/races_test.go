package auth_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A race is a use case that looks first and concludes in its last transaction; meanwhile are the things that can happen
// between, and what the use case then says. Alone it succeeds.
type race struct {
	run       func() error
	meanwhile map[string]meanwhile
}

type meanwhile struct {
	act  func()
	want auth.Code
}

// A racing is the seller who races, with what can happen to him meanwhile.
type racing struct {
	*waiting
	id    auth.AccountID
	other auth.Caller // another session of his, elsewhere, which has just shown the key
	stall *stall
}

func racer(w *world) *racing {
	r := &racing{waiting: owner(w), stall: w.stall()}
	r.owner, r.other = r.byKey("home"), r.byKey("desk")
	me, err := w.s.Me(w.t.Context(), r.other)
	ok(w.t, "who", err)
	r.id = me.Account
	return r
}

func (r *racing) newPassword() { r.reset(sellerMail, newPassword) }
func (r *racing) freeze() {
	ok(r.t, "freeze", r.stall.in(r.t, func(p *auth.Work) error { return p.Freeze(r.id) }))
}
func (r *racing) restore()   { ok(r.t, "a backup", lastErr(r.s.Restored(r.t.Context(), true))) }
func (r *racing) endOthers() { ok(r.t, "end", r.s.EndOtherSessions(r.t.Context(), r.other)) }
func (r *racing) notMe() {
	r.byText("elsewhere")
	link := token(r.lastMail(auth.TemplateNewBrowser).Args["undo"])
	ok(r.t, "not me", lastErr(r.s.Undo(r.t.Context(), caller("mail"), link)))
}
func (r *racing) drop(id string) func() {
	return func() { ok(r.t, "remove", lastErr(r.s.Remove(r.t.Context(), r.other, id))) }
}

// always are what ends whatever an account has under way.
func (r *racing) always(want, frozen auth.Code) map[string]meanwhile {
	return map[string]meanwhile{
		"a new password": {r.newPassword, want},
		"frozen":         {r.freeze, frozen},
		"not me":         {r.notMe, want},
		"a backup":       {r.restore, want},
	}
}

// inSession are these, and what ends a session.
func (r *racing) inSession() map[string]meanwhile {
	m := r.always(auth.SessionEnded, auth.SessionEnded)
	m["its session ended"] = meanwhile{r.endOthers, auth.SessionEnded}
	return m
}

func plus(m map[string]meanwhile, more map[string]meanwhile) map[string]meanwhile {
	for name, x := range more {
		m[name] = x
	}
	return m
}

// five are as many wrong answers as there may be at once.
func five(answer func() error) func() {
	return func() {
		for range 5 {
			_ = answer()
		}
	}
}

// races are the use cases with a look before and a conclusion after.
func races() map[string]func(*world) race {
	return map[string]func(*world) race{
		"a password": raceForPassword, "a password and no second step": raceForFirst, "a text": raceForText,
		"an app's code": raceForApp, "a key": raceForKey, "a key first": raceForKeyFirst,
		"a passkey that names its account": raceForPasskey, "the password after a touch": raceForKeyPassword,
		"a step-up": raceForStepUp, "another method": raceForBinding, "the first method": raceForFirstMethod,
		"a new password": raceForNewPassword, "a reset": raceForReset, "recovery codes": raceForCodes,
		"the end of a sign-up": raceForSignUp, "a new e-mail": raceForEmail, "a new number": raceForNumber,
		"a new user name": raceForUserName, "a question": raceForQuestion, "a security code": raceForSecurityCode,
		"a security code shown": raceForShownCode, "a password by a question": raceForAnswer,
		"a removal that comes due": raceForDue, "a lease": raceForLease, "a look that is noted": raceForTouch,
	}
}

// What changes between the look and the conclusion is seen by the conclusion.
func TestWhatChangedMeanwhileIsSeen(t *testing.T) {
	for name, prepare := range races() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := prepare(w)
			updates := w.between.counted(func() { ok(t, "alone", r.run()) })
			for what := range r.meanwhile {
				w := newWorld(t)
				r := prepare(w)
				w.between.before(updates, r.meanwhile[what].act)
				err := r.run()
				if w.between.act != nil {
					t.Fatalf("%s: never happened", what)
				}
				says(t, what, err, r.meanwhile[what].want)
			}
		})
	}
}

func raceForPassword(w *world) race {
	r := racer(w)
	return race{func() error { return w.guess("home", password) }, map[string]meanwhile{
		"a new password": {r.newPassword, auth.SignInRefused}, "frozen": {r.freeze, auth.AccountDisabled},
		"not me": {r.notMe, ""},
	}}
}

// raceForFirst is a password of an account that gets its second step meanwhile: it opens no session.
func raceForFirst(w *world) race {
	w.seller(sellerMail, sellerNumber)
	first := with(caller("desk"), w.signIn(caller("desk"), sellerMail).Token)
	return race{func() error {
		f := auth.SignInForm{Identifier: sellerMail, Password: password}
		info, err := w.s.SignIn(w.t.Context(), caller("home"), f)
		if err == nil && info.Token == "" {
			return auth.Refuse(auth.StepUpRequired)
		}
		return err
	}, map[string]meanwhile{"it enrols": {func() { w.enrolApp(first) }, auth.StepUpRequired}}}
}

func raceForText(w *world) race {
	r, c := racer(w), caller("home")
	flow := w.signIn(c, sellerMail).Ceremony
	ch, err := w.s.SignInBegin(w.t.Context(), c, flow, bySMS)
	ok(w.t, "begin", err)
	code, _ := w.code(auth.SMS)
	wrong := w.finish(c, ch, typed("000000"))
	void := r.always(auth.CeremonyVoid, auth.AccountDisabled)
	return race{w.finish(c, ch, code), plus(void, map[string]meanwhile{
		"the number removed": {r.drop(r.phone.Authenticator.ID), auth.CeremonyVoid},
		"five wrong codes":   {five(wrong), auth.MethodResting},
		"the same code":      {func() { ok(w.t, "the same", w.finish(c, ch, code)()) }, auth.CeremonyUsed},
		"a key in its place": {func() {
			key, err := w.s.SignInBegin(w.t.Context(), c, flow, byKey)
			ok(w.t, "begin", err)
			ok(w.t, "the key", w.finish(c, key, touch(w.t, r.stick, key))())
		}, auth.CeremonyUsed},
		"another name": {func() {
			_, err := w.s.Rename(w.t.Context(), r.other, r.phone.Authenticator.ID, "Work", "")
			ok(w.t, "rename", err)
		}, ""},
	})}
}

func raceForApp(w *world) race {
	secret, _ := w.enrolled(sellerMail, sellerNumber)
	w.pass(31 * time.Second)
	begun, elsewhere := w.begun(caller("home"), byApp), w.begun(caller("shop"), byApp)
	code := w.app(secret)
	return race{w.finish(caller("home"), begun, code), map[string]meanwhile{
		"the same code elsewhere": {func() {
			ok(w.t, "elsewhere", w.finish(caller("shop"), elsewhere, code)())
		}, auth.CodeUsed},
	}}
}

func raceForKey(w *world) race {
	r := racer(w)
	w.addPhone(r.other, "+8613800138007") // or the key could not go
	ch := w.begun(caller("shop"), byKey)
	use := w.finish(caller("shop"), ch, touch(w.t, r.stick, ch))
	return race{use, plus(r.always(auth.CeremonyVoid, auth.AccountDisabled), map[string]meanwhile{
		"the key removed": {r.drop(r.key), auth.CeremonyVoid},
		"the same touch":  {func() { ok(w.t, "the same", use()) }, auth.CeremonyUsed},
		"a later touch":   {func() { r.byKey("till") }, auth.KeyFrozen},
	})}
}

func raceForKeyFirst(w *world) race {
	r := racer(w)
	ch, err := w.s.SignInKeyFirst(w.t.Context(), caller("shop"), auth.KeyFirstForm{Identifier: sellerMail})
	ok(w.t, "begin", err)
	use := w.finish(caller("shop"), ch, touch(w.t, r.stick, ch))
	return race{use, plus(r.always(auth.KeyWrong, auth.KeyWrong), map[string]meanwhile{
		"the key removed": {r.drop(r.key), auth.KeyWrong},
		"the same touch":  {func() { ok(w.t, "the same", use()) }, auth.CeremonyUsed},
	})}
}

// raceForPasskey pins nothing of the account before the answer names it.
func raceForPasskey(w *world) race {
	r := racer(w)
	device := stick(w.t, uncounted())
	bound, _ := w.addKey(r.owner, device, auth.Passkey, "This phone")
	ch, err := w.s.SignInKeyFirst(w.t.Context(), caller("shop"), auth.KeyFirstForm{})
	ok(w.t, "begin", err)
	use := w.finish(caller("shop"), ch, touch(w.t, device, ch))
	return race{use, map[string]meanwhile{
		"the passkey removed": {r.drop(bound.Authenticator.ID), auth.KeyWrong},
		"frozen":              {r.freeze, auth.KeyWrong},
		"a new password":      {r.newPassword, ""},
		"a backup":            {r.restore, auth.KeyWrong},
		"the same touch":      {func() { ok(w.t, "the same", use()) }, auth.CeremonyUsed},
	}}
}

func raceForKeyPassword(w *world) race {
	r := racer(w)
	ch, err := w.s.SignInKeyFirst(w.t.Context(), caller("shop"), auth.KeyFirstForm{Identifier: sellerMail})
	ok(w.t, "begin", err)
	info, err := w.s.SignInFinish(w.t.Context(), caller("shop"), ch.Ceremony, touch(w.t, r.stick, ch))
	ok(w.t, "touch", err)
	use := func() error {
		return lastErr(w.s.SignInPassword(w.t.Context(), caller("shop"), info.Ceremony, password))
	}
	return race{use, plus(r.always(auth.CeremonyVoid, auth.AccountDisabled), map[string]meanwhile{
		"the key removed":   {r.drop(r.key), auth.CeremonyVoid},
		"the same password": {func() { ok(w.t, "the same", use()) }, auth.CeremonyUsed},
	})}
}

func raceForStepUp(w *world) race {
	r := racer(w)
	ch, err := w.s.StepUpBegin(w.t.Context(), r.owner, auth.ActRename, "", bySMS)
	ok(w.t, "begin", err)
	code, _ := w.code(auth.SMS)
	finish := func(code json.RawMessage) func() error {
		return func() error { return lastErr(w.s.StepUpFinish(w.t.Context(), r.owner, ch.Ceremony, code)) }
	}
	return race{finish(code), plus(r.inSession(), map[string]meanwhile{
		"five wrong codes": {five(finish(typed("000000"))), auth.MethodResting},
		"another step-up": {func() {
			key, err := w.s.StepUpBegin(w.t.Context(), r.owner, auth.ActRename, "", byKey)
			ok(w.t, "begin", err)
			_, err = w.s.StepUpFinish(w.t.Context(), r.owner, key.Ceremony, touch(w.t, r.stick, key))
			ok(w.t, "the key", err)
		}, auth.CeremonyOtherBrowser},
		"the number removed": {r.drop(r.phone.Authenticator.ID), auth.CeremonyVoid},
	})}
}

func raceForBinding(w *world) race {
	const number = "+8613800138007"
	r := racer(w)
	begin := func(c auth.Caller) (*auth.Challenge, json.RawMessage) {
		ch, err := w.s.BindBegin(w.t.Context(), c, textTo(number))
		ok(w.t, "begin", err)
		code, _ := w.code(auth.SMS)
		return ch, code
	}
	finish := func(c auth.Caller, ch *auth.Challenge, code json.RawMessage) func() error {
		d := auth.BindDone{Ceremony: ch.Ceremony, Response: code}
		return func() error { return lastErr(w.s.BindFinish(w.t.Context(), c, d)) }
	}
	ch, code := begin(r.owner)
	use := finish(r.owner, ch, code)
	return race{use, plus(r.inSession(), map[string]meanwhile{
		"a method removed": {r.drop(r.phone.Authenticator.ID), auth.CeremonyVoid},
		"five wrong codes": {five(finish(r.owner, ch, typed("000000"))), auth.MethodResting},
		"the same code":    {func() { ok(w.t, "the same", use()) }, auth.CeremonyUsed},
		"the same number": {func() {
			w.pass(time.Minute)
			ok(w.t, "elsewhere", func() error { ch, code := begin(r.other); return finish(r.other, ch, code)() }())
		}, auth.MethodExists},
		"as many as there may be": {func() {
			for range 18 {
				w.pass(31 * time.Second)
				w.enrolApp(r.other)
			}
		}, auth.TooManyMethods},
	})}
}

func raceForFirstMethod(w *world) race {
	w.seller(sellerMail, sellerNumber)
	home := with(caller("home"), w.signIn(caller("home"), sellerMail).Token)
	desk := with(caller("desk"), w.signIn(caller("desk"), sellerMail).Token)
	ch, err := w.s.BindBegin(w.t.Context(), home, textTo(sellerNumber))
	ok(w.t, "begin", err)
	code, _ := w.code(auth.SMS)
	d := auth.BindDone{Ceremony: ch.Ceremony, Response: code}
	return race{func() error { return lastErr(w.s.BindFinish(w.t.Context(), home, d)) }, map[string]meanwhile{
		"another session enrols": {func() { w.enrolApp(desk) }, auth.SessionEnded},
		"another tab enrols":     {func() { w.enrolApp(home) }, auth.StepUpRequired},
		"a new password":         {func() { w.reset(sellerMail, newPassword) }, auth.SessionEnded},
	}}
}

func raceForNewPassword(w *world) race {
	r := racer(w)
	change := func(c auth.Caller, to string) func() error {
		return func() error { return lastErr(w.s.ChangePassword(w.t.Context(), c, password, to)) }
	}
	return race{change(r.owner, newPassword), plus(r.inSession(), map[string]meanwhile{
		"another one in another tab": {func() {
			ok(w.t, "change", change(r.owner, "Third-Horse99")())
		}, auth.PasswordWrong},
		"another one in another session": {func() {
			ok(w.t, "change", change(r.other, "Third-Horse99")())
		}, auth.SessionEnded},
		"a step-up": {func() {
			key, err := w.s.StepUpBegin(w.t.Context(), r.owner, auth.ActRename, "", byKey)
			ok(w.t, "begin", err)
			_, err = w.s.StepUpFinish(w.t.Context(), r.owner, key.Ceremony, touch(w.t, r.stick, key))
			ok(w.t, "the key", err)
		}, auth.CeremonyOtherBrowser},
	})}
}

func raceForReset(w *world) race {
	r := racer(w)
	ok(w.t, "forgot", forgot(w.t.Context(), w.s, caller("x"), sellerMail))
	link := token(w.lastMail(auth.TemplateReset).Args["link"])
	use := func() error { return w.s.ResetPassword(w.t.Context(), caller("shop"), link, "Third-Horse99") }
	return race{use, map[string]meanwhile{
		"the same link": {func() { ok(w.t, "the same", use()) }, auth.LinkUsed},
		"another link": {func() {
			w.pass(time.Minute)
			r.newPassword()
		}, auth.LinkUsed},
		"not me":          {r.notMe, auth.LinkUsed},
		"frozen":          {r.freeze, auth.LinkUsed},
		"a backup":        {r.restore, auth.LinkUsed},
		"another e-mail":  {func() { w.emailTo(r.other, "new@example.com") }, auth.LinkUsed},
		"a key removed":   {r.drop(r.phone.Authenticator.ID), auth.LinkUsed},
		"another browser": {func() { r.byKey("till") }, ""},
	}}
}

// emailTo moves an account's e-mail.
func (w *world) emailTo(c auth.Caller, address string) {
	w.t.Helper()
	_, err := w.s.ChangeEmail(w.t.Context(), c, address)
	ok(w.t, "ask", err)
	_, err = w.s.ConfirmEmail(w.t.Context(), c, token(w.lastMail(auth.TemplateEmailChange).Args["link"]))
	ok(w.t, "confirm", err)
}

func raceForCodes(w *world) race {
	r := racer(w)
	return race{func() error { return lastErr(w.s.RecoveryCodes(w.t.Context(), r.owner)) }, r.inSession()}
}

func raceForSignUp(w *world) race {
	link := w.signUpLink(sellerMail)
	w.pass(time.Minute)
	other := w.signUpLink(sellerMail)
	confirm := func(link string) func() error {
		return func() error {
			return lastErr(w.s.ConfirmSignUp(w.t.Context(), caller("home"), link, form(sellerNumber)))
		}
	}
	return race{confirm(link), map[string]meanwhile{
		"by another link": {func() { ok(w.t, "the other", confirm(other)()) }, auth.SignedUp},
	}}
}

func raceForEmail(w *world) race {
	r := racer(w)
	change := func() error { return lastErr(w.s.ChangeEmail(w.t.Context(), r.owner, "new@example.com")) }
	return race{change, r.inSession()}
}

func raceForNumber(w *world) race {
	r := racer(w)
	return race{func() error { return lastErr(w.s.ChangePhone(w.t.Context(), r.owner, "", "")) }, r.inSession()}
}

func raceForUserName(w *world) race {
	r := racer(w)
	return race{func() error { return lastErr(w.s.ChangeUserName(w.t.Context(), r.owner, "小明二店")) }, r.inSession()}
}

func raceForQuestion(w *world) race {
	r := racer(w)
	return race{func() error { return w.s.SetQuestion(w.t.Context(), r.owner, ownQuestion, ownAnswer) }, r.inSession()}
}

func raceForSecurityCode(w *world) race {
	r := racer(w)
	set := func() error { return lastErr(w.s.SetSecurityCode(w.t.Context(), r.owner)) }
	return race{set, plus(r.inSession(), map[string]meanwhile{
		"set by another session": {func() { w.setCode(r.other) }, auth.SecurityCodeSet},
	})}
}

func raceForShownCode(w *world) race {
	r := racer(w)
	code := w.setCode(r.owner)
	return race{func() error { return lastErr(w.s.ShowSecurityCode(w.t.Context(), r.owner, code)) }, r.inSession()}
}

func raceForAnswer(w *world) race {
	r := racer(w)
	ok(w.t, "a question", w.s.SetQuestion(w.t.Context(), r.owner, ownQuestion, ownAnswer))
	change := func() error {
		return lastErr(w.s.ChangePasswordByAnswer(w.t.Context(), r.owner, ownAnswer, "Vivid-Marmot7"))
	}
	return race{change, plus(r.inSession(), map[string]meanwhile{
		"another question": {func() {
			ok(w.t, "another", w.s.SetQuestion(w.t.Context(), r.other, ownQuestion, "something else"))
		}, auth.AnswerWrong},
		"no question": {func() { ok(w.t, "none", w.s.RemoveQuestion(w.t.Context(), r.other)) }, auth.QuestionNotSet},
	})}
}

// raceForDue is a removal that is stopped in the moment in which it comes due.
func raceForDue(w *world) race {
	r := racer(w)
	r.ask(r.byText("shop"))
	r.owner = r.byKey("home")
	id := r.changeID()
	w.pass(day - 2*time.Minute)
	c := r.byText("home") // a minute passes
	w.pass(time.Minute)
	gone := func() error {
		ok(w.t, "sweep", w.s.Sweep(w.t.Context()))
		if w.methods(c) != "phone" {
			return auth.Refuse(auth.MethodExists)
		}
		return nil
	}
	return race{gone, map[string]meanwhile{
		"stopped": {func() { ok(w.t, "stop", w.s.CancelChange(w.t.Context(), c, id)) }, auth.MethodExists},
	}}
}

func raceForLease(w *world) race {
	r := racer(w)
	w.mail()
	ok(w.t, "forgot", forgot(w.t.Context(), w.s, caller("x"), sellerMail))
	return race{func() error {
		if list, err := w.s.Due(w.t.Context(), 100); err != nil || len(list) == 0 {
			return auth.Refuse(auth.NotFound)
		}
		return nil
	}, map[string]meanwhile{
		"leased by another": {func() {
			_, err := w.s.Due(w.t.Context(), 100)
			ok(w.t, "lease", err)
		}, auth.NotFound},
		"delivered by another": {func() { w.mail() }, auth.NotFound},
		"a backup":             {r.restore, auth.NotFound},
	}}
}

// raceForTouch is a look that notes that a session is used: it revives none.
func raceForTouch(w *world) race {
	r := racer(w)
	w.pass(time.Hour)
	return race{func() error {
		ok(w.t, "look", w.me(&r.owner)())
		return w.me(&r.owner)()
	}, map[string]meanwhile{"signed out": {func() {
		ok(w.t, "out", w.s.SignOut(w.t.Context(), r.owner))
	}, auth.SessionEnded}}}
}
