package auth_test

import (
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// resetHoldings are the thieves who come by a forgotten password.
func resetHoldings() map[string]holding {
	const sim = "removes the number"
	return map[string]holding{
		"the SIM and the user name": {
			loots: map[string]loot{
				"a texted code":         lootTextedCode,
				"the number shown":      lootNumberShown,
				"a proof":               lootNumberProof,
				"a sign-in begun by it": lootNumberFlow,
			},
			answers: []string{"resets", "says not me", "changes the password", sim},
		},
		"the SIM and the user name, by which he has reset the password": {
			loots:   map[string]loot{"the password": lootNumberReset},
			answers: []string{"resets", "says not me"},
		},
		"the SIM and the mailbox": {
			loots: map[string]loot{
				"a session":       byMailbox(lootSession),
				"a known browser": byMailbox(lootKnown),
			},
			answers: []string{"resets", "says not me", "changes the password", sim},
		},
		"the SIM and the mailbox, by which he has reset the password": {
			loots: map[string]loot{
				"a session":         byReset(lootSession),
				"a known browser":   byReset(lootKnown),
				"a trusted browser": byReset(lootTrust),
			},
			answers: []string{"resets", "says not me"},
		},
	}
}

func lootTextedCode(r *robbed) func() error {
	asked, code := r.textedCode(caller("thief"), sellerNumber)
	return func() error { return lastErr(r.s.ForgotPhoneCode(r.t.Context(), caller("thief"), asked, code)) }
}

func lootNumberShown(r *robbed) func() error {
	shown := r.numberShown(caller("thief"))
	return func() error {
		return lastErr(r.s.ForgotUserName(r.t.Context(), caller("thief"), shown, "小明的店"))
	}
}

func lootNumberProof(r *robbed) func() error {
	proof := r.numberProof(caller("thief"))
	return func() error { return r.s.ResetByCode(r.t.Context(), caller("thief"), proof, "Thief-Magpie7") }
}

// lootNumberFlow works if the sign-in that waits for another second step asks for one still.
func lootNumberFlow(r *robbed) func() error {
	flow := r.temporary(caller("thief"), r.numberProof(caller("thief"))).Ceremony
	mail := auth.MethodChoice{Kind: auth.Email, Channel: auth.Mail}
	return func() error { return lastErr(r.s.SignInBegin(r.t.Context(), caller("thief"), flow, mail)) }
}

// lootNumberReset works if the password that the thief has set still opens the first step.
func lootNumberReset(r *robbed) func() error {
	ok(r.t, "reset", lootNumberProof(r)())
	r.pressed = r.undo(auth.TemplateChange, otherMail)
	return func() error { return r.guess("thief", "Thief-Magpie7") }
}

// textAfter gives a text as the second step of a sign-in.
func (r *robbed) textAfter(c auth.Caller, info *auth.SignInInfo) auth.Caller {
	r.pass(time.Minute)
	ch, err := r.s.SignInBegin(r.t.Context(), c, info.Ceremony, bySMS)
	ok(r.t, "begin", err)
	code, _ := r.code(auth.SMS)
	done, err := r.s.SignInFinish(r.t.Context(), c, ch.Ceremony, code)
	ok(r.t, "sign in by text", err)
	return with(c, done.Token)
}

// byMailbox has the thief come in by a mailed link in place of the password, which stays.
func byMailbox(l loot) loot {
	return func(r *robbed) func() error {
		r.enter = func(browser string) auth.Caller {
			c := caller(browser)
			info, err := r.s.SignInTemporary(r.t.Context(), c, auth.TemporaryForm{Link: r.resetLink()})
			ok(r.t, "the link", err)
			return r.textAfter(c, info)
		}
		return l(r)
	}
}

// byReset has him come in by a password that he has set by such a link.
func byReset(l loot) loot {
	return func(r *robbed) func() error {
		r.enter = func(browser string) auth.Caller {
			c := caller(browser)
			r.current = "Thief-Magpie7"
			ok(r.t, "reset", r.s.ResetPassword(r.t.Context(), c, r.resetLink(), r.current))
			r.pressed = r.undo(auth.TemplateChange, otherMail)
			info, err := r.s.SignIn(r.t.Context(), c, auth.SignInForm{Identifier: sellerMail, Password: r.current})
			ok(r.t, "sign in", err)
			return r.textAfter(c, info)
		}
		return l(r)
	}
}
