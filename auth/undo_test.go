package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

const otherMail = "other@example.com"

// A guarded is a seller with two mailboxes and a number; weakly, or with a key as well.
type guarded struct {
	*waiting
	c auth.Caller // a session that has just shown the best there is
}

func guard(t *testing.T, strong bool) *guarded {
	t.Helper()
	return guardIn(newWorld(t), strong)
}

func guardIn(in *world, strong bool) *guarded {
	in.t.Helper()
	t, w := in.t, &waiting{world: in}
	w.seller(sellerMail, sellerNumber)
	_, c := w.addPhone(with(caller("home"), w.signIn(caller("home"), sellerMail).Token), sellerNumber)
	w.addMailbox(c, otherMail)
	if strong {
		w.stick = stick(t, virtual.Options{})
		w.addKey(c, w.stick, auth.SecurityKey, "Blue key")
	}
	w.pass(3*day + time.Hour) // the mailbox is settled
	g := &guarded{waiting: w}
	g.c = g.in("home")
	w.mail()
	return g
}

// in signs in with the best there is.
func (g *guarded) in(browser string) auth.Caller {
	g.t.Helper()
	if g.stick != nil {
		return g.byKey(browser)
	}
	return g.byText(browser)
}

// state is what an undo may put back, as the owner sees it.
func (g *guarded) state(c auth.Caller) string {
	g.t.Helper()
	info, err := g.s.Security(g.t.Context(), c)
	ok(g.t, "overview", err)
	var methods []string
	for _, m := range info.Methods {
		methods = append(methods, fmt.Sprint(m.Kind, " ", m.Masked))
	}
	slices.Sort(methods)
	return strings.Join([]string{info.Me.UserName, string(info.Me.MaskedEmail), string(info.MaskedPhone),
		string(info.SecurityCode.State), fmt.Sprint(info.QuestionAt), strings.Join(methods, ", ")}, "; ")
}

// links are the tokens that went out with the newest notice of a template, by address.
func (g *guarded) links(template string) map[string]string {
	links := map[string]string{}
	for _, m := range g.mail() {
		if _, newer := links[string(m.Recipient)]; !newer && m.Template == template && m.Args["undo"] != "" {
			links[string(m.Recipient)] = token(m.Args["undo"])
		}
	}
	return links
}

// undo is the one that went to an address.
func (g *guarded) undo(template, to string) string {
	g.t.Helper()
	link := g.links(template)[to]
	if link == "" {
		g.t.Fatalf("no %s with a link to %s", template, to)
	}
	return link
}

type deed struct {
	template string
	do       func(t *testing.T, g *guarded)
}

// deeds are the acts whose notices carry a link.
func deeds() map[string]deed {
	return map[string]deed{
		"a method was added": {auth.TemplateChange, func(_ *testing.T, g *guarded) {
			g.addMailbox(g.c, "third@example.com")
		}},
		"a method was removed": {auth.TemplateChange, func(t *testing.T, g *guarded) {
			_, err := g.s.Remove(t.Context(), g.c, g.only(g.c, auth.Phone).ID)
			ok(t, "remove", err)
		}},
		"recovery codes were made": {auth.TemplateChange, func(t *testing.T, g *guarded) {
			_, err := g.s.RecoveryCodes(t.Context(), g.c)
			ok(t, "codes", err)
		}},
		"the password was changed": {auth.TemplateChange, func(t *testing.T, g *guarded) {
			_, err := g.s.ChangePassword(t.Context(), g.c, password, newPassword)
			ok(t, "password", err)
		}},
		"the e-mail was changed": {auth.TemplateChange, func(t *testing.T, g *guarded) {
			_, err := g.s.ChangeEmail(t.Context(), g.c, "new@example.com")
			ok(t, "e-mail", err)
			_, err = g.s.ConfirmEmail(t.Context(), g.c, token(g.lastMail(auth.TemplateEmailChange).Args["link"]))
			ok(t, "confirm", err)
		}},
		"the number was changed": {auth.TemplateChange, func(t *testing.T, g *guarded) {
			_, err := g.s.ChangePhone(t.Context(), g.c, "+8613800138005", "")
			ok(t, "number", err)
		}},
		"the user name was changed": {auth.TemplateChange, func(t *testing.T, g *guarded) {
			_, err := g.s.ChangeUserName(t.Context(), g.c, "小明二店")
			ok(t, "name", err)
		}},
		"a question was set": {auth.TemplateChange, func(t *testing.T, g *guarded) {
			ok(t, "question", g.s.SetQuestion(t.Context(), g.c, "Another one?", "something else"))
		}},
		"the security code was set": {auth.TemplateChange, func(t *testing.T, g *guarded) { g.setCode(g.c) }},
		"a new browser":             {auth.TemplateNewBrowser, func(_ *testing.T, g *guarded) { g.in("elsewhere") }},
	}
}

// A link in a notice reverts what a weak proof did, from whichever address, and once: every session ends, and nothing
// changes for a day.
func TestNotMeRevertsWhatAWeakProofDid(t *testing.T) {
	for name, d := range deeds() {
		for _, to := range []string{sellerMail, otherMail} {
			t.Run(name+" "+to, func(t *testing.T) {
				g := guard(t, false)
				before := g.state(g.c)
				d.do(t, g)
				link := g.undo(d.template, to)
				info, err := g.s.LookUndo(t.Context(), caller("mail"), link)
				ok(t, "look", err)
				if sign := d.template == auth.TemplateNewBrowser; info.Ends != sign {
					t.Errorf("got %v for nothing to revert, want it of a sign-in alone", info.Ends)
				}
				if !info.Done || info.Pauses || !info.Due.Equal(info.AskAt.Add(72*time.Hour)) {
					t.Errorf("what it would stop: got %+v, want a deed to revert for three days", info)
				}
				_, err = g.s.Undo(t.Context(), caller("mail"), link)
				ok(t, "undo", err)
				_, err = g.s.Me(t.Context(), g.c)
				wantCode(t, "the session", err, auth.SessionEnded)
				c := g.in("home") // with the password of before
				if got := g.state(c); got != before {
					t.Errorf("after it: got %s, want %s", got, before)
				}
				_, err = g.s.ChangePhone(t.Context(), c, "", "")
				wantCode(t, "a change within the day", err, auth.ChangePaused)
				g.pass(24 * time.Hour)
				_, err = g.s.ChangePhone(t.Context(), g.in("home"), "", "")
				ok(t, "a change after the day", err)
			})
		}
	}
}

// What a strong proof did it only pauses: it stays, and nothing more changes but behind a strong proof that is younger.
func TestNotMeOnlyPausesWhatAStrongProofDid(t *testing.T) {
	for name, d := range deeds() {
		t.Run(name, func(t *testing.T) {
			g := guard(t, true)
			d.do(t, g)
			info, err := g.s.Undo(t.Context(), caller("mail"), g.undo(d.template, sellerMail))
			ok(t, "undo", err)
			if !info.Pauses {
				t.Errorf("got %+v, want that it pauses", info)
			}
			_, err = g.s.Me(t.Context(), g.c)
			wantCode(t, "the session", err, auth.SessionEnded)
			if strings.Contains(name, "password") {
				return // the new one stays, and opens
			}
			email := sellerMail
			if strings.Contains(name, "e-mail") {
				email = "new@example.com"
			}
			c := caller("home")
			ch, err := g.s.SignInBegin(t.Context(), c, g.signIn(c, email).Ceremony, auth.MethodChoice{Kind: auth.WebAuthn})
			ok(t, "begin", err)
			done, err := g.s.SignInFinish(t.Context(), c, ch.Ceremony, touch(t, g.stick, ch))
			ok(t, "a strong proof", err)
			_, err = g.s.ChangePhone(t.Context(), with(c, done.Token), "+8613800138006", "")
			ok(t, "lifts the pause at once", err)
		})
	}
}

// "Not me" works once a notice, whichever address says it, and an address that was replaced stops nothing but that.
func TestNotMeWorksOnceANoticeAndForOwnAddresses(t *testing.T) {
	g := guard(t, false)
	g.addMailbox(g.c, "third@example.com")
	links := g.links(auth.TemplateChange)
	_, err := g.s.Undo(t.Context(), caller("mail"), links[sellerMail])
	ok(t, "the first", err)
	_, err = g.s.LookUndo(t.Context(), caller("mail"), links[otherMail])
	wantCode(t, "to look at the second", err, auth.LinkUsed)
	_, err = g.s.Undo(t.Context(), caller("mail"), links[otherMail])
	wantCode(t, "the second", err, auth.LinkUsed)

	g = guard(t, false)
	_, err = g.s.ChangePhone(t.Context(), g.c, "+8613800138005", "")
	ok(t, "number", err)
	early := g.undo(auth.TemplateChange, sellerMail)
	g.pass(time.Minute)
	deeds()["the e-mail was changed"].do(t, g)
	moved := g.undo(auth.TemplateChange, sellerMail)
	_, err = g.s.Undo(t.Context(), caller("mail"), early)
	wantCode(t, "another notice of an address that was replaced", err, auth.LinkUsed)
	_, err = g.s.Undo(t.Context(), caller("mail"), moved)
	ok(t, "its own replacement", err)

	g = guard(t, false)
	g.addMailbox(g.c, "third@example.com")
	late := g.undo(auth.TemplateChange, sellerMail)
	g.pass(72 * time.Hour)
	_, err = g.s.Undo(t.Context(), caller("mail"), late)
	wantCode(t, "after three days", err, auth.LinkUsed)
}

// The notice of a recovery code that was used is named after the ceremony in which it was: its link works all the same,
// once, at a sign-in as at a step-up.
func TestNotMeByTheNoticeOfAUsedCode(t *testing.T) {
	for name, use := range map[string]func(g *guarded, code string){
		"at a sign-in": func(g *guarded, code string) {
			ch := g.begun(caller("thief"), auth.MethodChoice{Kind: auth.Lookup})
			ok(t, "a code", g.finish(caller("thief"), ch, typed(code))())
		},
		"at a step-up": func(g *guarded, code string) {
			c := g.in("thief")
			g.mail()
			ch, err := g.s.StepUpBegin(t.Context(), c, auth.ActRename, "", auth.MethodChoice{Kind: auth.Lookup})
			ok(t, "begin", err)
			ok(t, "a code", lastErr(g.s.StepUpFinish(t.Context(), c, ch.Ceremony, typed(code))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := guard(t, true)
			set, err := g.s.RecoveryCodes(t.Context(), g.c)
			ok(t, "codes", err)
			g.mail()
			use(g, set.Codes[0])
			link := g.undo(auth.TemplateChange, otherMail)
			info, err := g.s.LookUndo(t.Context(), caller("mail"), link)
			if ok(t, "look", err); !info.Ends {
				t.Errorf("a used code: got %+v, want nothing to revert", info)
			}
			ok(t, "not me", lastErr(g.s.Undo(t.Context(), caller("mail"), link)))
			wantCode(t, "every session", g.me(&g.c)(), auth.SessionEnded)
			wantCode(t, "not me again", lastErr(g.s.Undo(t.Context(), caller("mail"), link)), auth.LinkUsed)
		})
	}
}
