package auth_test

import (
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

func signUpLink(w *world) ending {
	link := w.signUpLink(sellerMail)
	return w.after(day-tick, func() error {
		return lastErr(w.s.ConfirmSignUp(w.t.Context(), caller("home"), link, form(sellerNumber)))
	}, auth.LinkUsed)
}

func emailLink(w *world) ending {
	o := owner(w)
	_, err := w.s.ChangeEmail(w.t.Context(), o.byKey("home"), "new@example.com")
	ok(w.t, "ask", err)
	link := token(w.lastMail(auth.TemplateEmailChange).Args["link"])
	return w.after(day-tick, func() error {
		return lastErr(w.s.ConfirmEmail(w.t.Context(), o.byKey("home"), link))
	}, auth.LinkUsed)
}

func resetLink(w *world) ending {
	owner(w)
	ok(w.t, "forgot", forgot(w.t.Context(), w.s, caller("home"), sellerMail))
	link := token(w.lastMail(auth.TemplateReset).Args["link"])
	return w.after(30*time.Minute-tick, func() error {
		return w.s.ResetPassword(w.t.Context(), caller("home"), link, newPassword)
	}, auth.LinkUsed)
}

// askedMail asks for a code by mail and returns what types it.
func (w *world) askedMail(c auth.Caller) func() error {
	ch, err := w.s.IntroduceBegin(w.t.Context(), c, sellerMail, "")
	ok(w.t, "ask", err)
	code := w.lastMail(auth.TemplateIntroduce).Args["code"]
	return func() error { return w.s.IntroduceFinish(w.t.Context(), c, ch.Ceremony, code) }
}

func introductionBegun(w *world) ending {
	owner(w)
	return w.after(30*time.Minute-tick, w.askedMail(caller("new")), auth.CeremonyExpired)
}

func introducedBrowser(w *world) ending {
	owner(w)
	ok(w.t, "introduce", w.askedMail(caller("new"))())
	w.pass(day - 30*time.Second)
	for range 5 { // strangers of its network have to wait
		wantCode(w.t, "a wrong password", w.guess("stranger", "Wrong-Horse9"), auth.SignInRefused)
	}
	return w.after(30*time.Second, func() error { return w.guess("new", password) }, auth.SignInRefused)
}

func codeAgain(w *world) ending {
	owner(w)
	flow := w.signIn(caller("home"), sellerMail).Ceremony
	begin := func() error { return lastErr(w.s.SignInBegin(w.t.Context(), caller("home"), flow, bySMS)) }
	ok(w.t, "the first", begin())
	w.pass(30*time.Second - tick)
	return ending{use: begin, before: auth.ResendTooSoon}
}

func daysCodes(w *world) ending {
	owner(w)
	w.pass(day)
	begin := func() error {
		flow := w.signIn(caller("home"), sellerMail).Ceremony
		return lastErr(w.s.SignInBegin(w.t.Context(), caller("home"), flow, bySMS))
	}
	for range 10 {
		ok(w.t, "a code", begin())
		w.pass(time.Minute)
	}
	w.pass(day - 10*time.Minute - tick)
	return ending{use: begin, before: auth.SendLimitReached}
}

func waitAfterFive(w *world) ending {
	owner(w)
	for range 5 {
		wantCode(w.t, "a wrong password", w.guess("home", "Wrong-Horse9"), auth.SignInRefused)
	}
	w.pass(time.Minute - tick)
	return ending{use: func() error { return w.guess("home", password) }, before: auth.SignInLocked}
}

func (w *world) me(c *auth.Caller) func() error {
	return func() error { return lastErr(w.s.Me(w.t.Context(), *c)) }
}

func sessionUnused(w *world) ending {
	o := owner(w)
	c := o.byKey("home")
	return w.after(12*time.Hour-tick, w.me(&c), auth.SessionEnded)
}

// inUse signs in and uses the session every few hours, raised half-way where raise says so, until a second before last.
func (w *world) inUse(remember, raised bool, last, every time.Duration) ending {
	o := owner(w)
	c := caller("home")
	f := auth.SignInForm{Identifier: sellerMail, Password: password, Remember: remember}
	info, err := w.s.SignIn(w.t.Context(), c, f)
	ok(w.t, "sign in", err)
	ch, err := w.s.SignInBegin(w.t.Context(), c, info.Ceremony, byKey)
	ok(w.t, "begin", err)
	done, err := w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, touch(w.t, o.stick, ch))
	ok(w.t, "sign in", err)
	c.Token = done.Token
	for passed := every; passed < last; passed += every {
		w.pass(every)
		ok(w.t, "in use", w.me(&c)())
		if !raised {
			continue
		}
		ch, err := w.s.StepUpBegin(w.t.Context(), c, auth.ActRename, "", byKey)
		ok(w.t, "begin a step-up", err)
		up, err := w.s.StepUpFinish(w.t.Context(), c, ch.Ceremony, touch(w.t, o.stick, ch))
		ok(w.t, "step up", err)
		c.Token = up.Token
	}
	return w.after(every-tick, w.me(&c), auth.SessionEnded)
}

func sessionInUse(w *world) ending      { return w.inUse(false, false, day, 6*time.Hour) }
func sessionRaised(w *world) ending     { return w.inUse(false, true, day, 6*time.Hour) }
func sessionKept(w *world) ending       { return w.inUse(true, false, 30*day, 30*day) }
func sessionKeptRaised(w *world) ending { return w.inUse(true, true, 30*day, 5*day) }

// trusted makes home a trusted browser and returns what signs in there without a second step.
func (w *world) trusted() func() error {
	o := owner(w)
	b, err := w.s.TrustBrowser(w.t.Context(), o.byKey("home"))
	ok(w.t, "trust", err)
	return func() error {
		if info := w.signIn(caller(b.Cookie), sellerMail); info.Step != auth.StepDone {
			return auth.Refuse(auth.StepUpRequired)
		}
		return nil
	}
}

func trustedBrowser(w *world) ending {
	return w.after(30*day-tick, w.trusted(), auth.StepUpRequired)
}

func trustedDaily(w *world) ending {
	sign := w.trusted()
	for range 29 {
		w.pass(day)
		ok(w.t, "sign in", sign())
	}
	return w.after(day-tick, sign, auth.StepUpRequired)
}

func removalWaits(w *world) ending {
	o := owner(w)
	o.ask(o.byText("home"))
	return w.after(day-tick, func() error {
		ok(w.t, "sweep", w.s.Sweep(w.t.Context()))
		flow := w.signIn(caller("home"), sellerMail).Ceremony
		return lastErr(w.s.SignInBegin(w.t.Context(), caller("home"), flow, byKey))
	}, auth.NoSuchMethod)
}

func removalUndone(w *world) ending {
	o := owner(w)
	o.ask(o.byText("home"))
	link := token(w.lastMail(auth.TemplateRemoval).Args["undo"])
	press := func() error { return lastErr(w.s.Undo(w.t.Context(), caller("mail"), link)) }
	return w.after(day-tick, press, auth.LinkUsed)
}

func pauseAfterVeto(w *world) ending {
	o := owner(w)
	o.ask(o.byText("thief"))
	o.owner = o.byKey("home")
	ok(w.t, "stop", w.s.CancelChange(w.t.Context(), o.owner, o.changeID()))
	w.pass(day - time.Minute - tick)
	c := o.byText("home") // a minute passes
	return ending{use: func() error { return lastErr(w.s.Remove(w.t.Context(), c, o.key)) }, before: auth.ChangePaused}
}

func pauseAfterNotMe(w *world) ending {
	g := guardIn(w, false)
	deeds()["a new browser"].do(w.t, g)
	_, err := w.s.Undo(w.t.Context(), caller("mail"), g.undo(auth.TemplateNewBrowser, sellerMail))
	ok(w.t, "not me", err)
	w.pass(day - time.Minute - tick)
	c := g.in("home") // a minute passes
	change := func() error { return lastErr(w.s.ChangePhone(w.t.Context(), c, "", "")) }
	return ending{use: change, before: auth.ChangePaused}
}

func undoLink(w *world) ending {
	g := guardIn(w, false)
	deeds()["a new browser"].do(w.t, g)
	link := g.undo(auth.TemplateNewBrowser, sellerMail)
	press := func() error { return lastErr(w.s.Undo(w.t.Context(), caller("mail"), link)) }
	return w.after(3*day-tick, press, auth.LinkUsed)
}

func codesFile(w *world) ending {
	o := owner(w)
	c := o.byKey("home")
	set, err := w.s.RecoveryCodes(w.t.Context(), c)
	ok(w.t, "codes", err)
	return w.after(5*time.Minute-tick, func() error {
		return lastErr(w.s.CodesFile(w.t.Context(), c, set.Sealed))
	}, auth.CeremonyExpired)
}

func tokenBefore(w *world) ending {
	secret, c := w.enrolled(sellerMail, sellerNumber)
	w.stepUp(c, secret)
	return w.after(30*time.Second-tick, w.me(&c), auth.SessionRequired)
}

// fresh is how long a second step counts for an act.
func fresh(a auth.Action, age time.Duration) func(*world) ending {
	return func(w *world) ending {
		o := owner(w)
		c := o.byKey("home")
		info, err := w.s.Security(w.t.Context(), c)
		ok(w.t, "overview", err)
		first := info.Methods[0]
		ctx := w.t.Context()
		acts := map[auth.Action]func() error{
			auth.ActRename:      func() error { return lastErr(w.s.Rename(ctx, c, first.ID, "Red key", "")) },
			auth.ActAdd:         func() error { return lastErr(w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.TOTP})) },
			auth.ActTrust:       func() error { return lastErr(w.s.TrustBrowser(ctx, c)) },
			auth.ActRemove:      func() error { return lastErr(w.s.Remove(ctx, c, first.ID)) },
			auth.ActLose:        func() error { return lastErr(w.s.LoseDevice(ctx, c, first.Device)) },
			auth.ActCodes:       func() error { return lastErr(w.s.RecoveryCodes(ctx, c)) },
			auth.ActContact:     func() error { return lastErr(w.s.ChangePhone(ctx, c, "", "")) },
			auth.ActNewPassword: func() error { return lastErr(w.s.ChangePassword(ctx, c, password, newPassword)) },
			auth.ActUserName:    func() error { return lastErr(w.s.ChangeUserName(ctx, c, "小明二店")) },

			auth.ActQuestion:        func() error { return w.s.SetQuestion(ctx, c, ownQuestion, ownAnswer) },
			auth.ActOwnQuestion:     func() error { return lastErr(w.s.OwnQuestion(ctx, c)) },
			auth.ActSetSecurityCode: func() error { return lastErr(w.s.SetSecurityCode(ctx, c)) },
			auth.ActMailPassword:    func() error { return lastErr(w.s.MailOwnPasswordLink(ctx, c)) },
			auth.ActSecurityCode: func() error {
				err := lastErr(w.s.ShowSecurityCode(ctx, c, "00000"))
				if e, is := err.(*auth.Error); is && e.Code == auth.SecurityCodeNotSet {
					return nil // that far it came
				}
				return err
			},

			auth.ActOwnEmail: func() error { return lastErr(w.s.OwnEmail(ctx, c)) },
		}
		return w.after(age, acts[a], auth.StepUpRequired)
	}
}
