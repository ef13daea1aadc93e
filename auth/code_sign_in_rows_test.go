package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// This file is the sign-in by the security code in the tables of lives, notices, counts and thieves.

func codeSignInWaits(w *world) ending {
	_, code := coded(w, "new")
	w.pass(3*day - tick)
	return ending{use: func() error { return w.entersBy("new", code) }, before: auth.SecurityCodeWaits}
}

func codeSignInOpen(w *world) ending {
	_, code := coded(w, "new")
	return w.after(10*day-tick, func() error { return w.entersBy("new", code) }, auth.SecurityCodeWaits)
}

func codeSignInStopped(w *world) ending {
	coded(w, "new")
	link := token(w.lastMail(auth.TemplateCodeWaits).Args["undo"])
	press := func() error { return lastErr(w.s.Undo(w.t.Context(), caller("mail"), link)) }
	return w.after(10*day-tick, press, auth.LinkUsed)
}

func codeSignInUndone(w *world) ending {
	_, code := coded(w, "new")
	w.pass(3 * day)
	w.mail()
	ok(w.t, "the code", w.entersBy("new", code))
	link := token(w.lastMail(auth.TemplateChange).Args["undo"])
	press := func() error { return lastErr(w.s.Undo(w.t.Context(), caller("mail"), link)) }
	return w.after(3*day-tick, press, auth.LinkUsed)
}

func actCodeWaits(r *robbed) {
	code := r.setCode(r.c)
	r.mail()
	ok(r.t, "the code", lastErr(r.byCode(caller("elsewhere"), code)))
}

func actCodeSignIn(r *robbed) {
	code := r.setCode(r.c)
	ok(r.t, "the code", lastErr(r.byCode(caller("elsewhere"), code)))
	r.pass(72 * time.Hour)
	r.mail()
	ok(r.t, "the code", r.entersBy("elsewhere", code))
}

func actOutByCode(r *robbed) {
	r.setCode(r.c)
	r.mail()
	for range 5 {
		wantCode(r.t, "a wrong code", lastErr(r.byCode(caller("thief"), "00000")), auth.SecurityCodeWrong)
	}
}

// askByCode has the thief, who may be the former owner, begin a sign-in by the security code.
func (r *robbed) askByCode() (code string) {
	code = r.setCode(r.atDesk())
	r.pass(time.Hour)
	r.mail()
	ok(r.t, "the code", lastErr(r.byCode(caller("thief"), code)))
	return code
}

// lootCodeWait works if the thief comes in when the code counts.
func lootCodeWait(r *robbed) func() error {
	code := r.askByCode()
	return func() error {
		r.pass(73 * time.Hour)
		f := auth.SignInForm{Identifier: sellerMail, Password: password}
		info, err := r.s.SignIn(r.t.Context(), caller("thief"), f)
		if err != nil {
			return err
		}
		if info, err = r.s.CodeSignIn(r.t.Context(), caller("thief"), info.Ceremony, code); err != nil {
			return err
		}
		if info.Step == auth.StepWait {
			return auth.Refuse(auth.SecurityCodeWaits)
		}
		return nil
	}
}

// comesIn has the thief come in by the code, which nobody has stopped.
func (r *robbed) comesIn() auth.Caller {
	code := r.askByCode()
	r.pass(72 * time.Hour)
	r.mail()
	info, err := r.byCode(caller("thief"), code)
	ok(r.t, "the code", err)
	r.pressed = r.undo(auth.TemplateChange, otherMail)
	return with(caller("thief"), info.Token)
}

func lootCodeSession(r *robbed) func() error {
	c := r.comesIn()
	return func() error { return lastErr(r.s.BindBegin(r.t.Context(), c, auth.BindForm{Kind: auth.TOTP})) }
}

// lootCodeKey works if his own key still completes a sign-in.
func lootCodeKey(r *robbed) func() error {
	c := r.comesIn()
	his := stick(r.t, virtual.Options{})
	r.addKey(c, his, auth.SecurityKey, "His key")
	return func() error {
		f := auth.SignInForm{Identifier: sellerMail, Password: password}
		info, err := r.s.SignIn(r.t.Context(), caller("thief"), f)
		if err != nil {
			return err
		}
		ch, err := r.s.SignInBegin(r.t.Context(), caller("thief"), info.Ceremony, byKey)
		if err != nil {
			return err
		}
		answer, err := his.Get(ch.Prompt)
		if err != nil {
			return err
		}
		return r.finish(caller("thief"), ch, answer)()
	}
}

// lootCodeEmail works if a new password is mailed to the thief.
func lootCodeEmail(r *robbed) func() error {
	c := r.comesIn()
	_, c = r.addKey(c, stick(r.t, virtual.Options{}), auth.SecurityKey, "His key")
	r.emailTo(c, thiefs)
	return func() error {
		r.pressHis()
		r.pass(time.Minute)
		ok(r.t, "forgot", forgot(r.t.Context(), r.s, caller("thief"), thiefs))
		for _, m := range r.mail() {
			if m.Template == auth.TemplateReset && string(m.Recipient) == thiefs {
				return nil
			}
		}
		return auth.Refuse(auth.NotFound)
	}
}

func guessSecurityCode(t *testing.T) (*world, guessing) {
	w := newWorld(t, fewAllowed)
	o := owner(w)
	code := w.setCode(o.byKey("home"))
	w.pass(time.Hour)
	wrong := func() error { return lastErr(w.byCode(caller("home"), "00000")) }
	right := func() error { return lastErr(w.byCode(caller("home"), code)) }
	return w, guessing{wrong, right, auth.MethodResting}
}
