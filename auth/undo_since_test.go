package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/virtual"
)

// lose deletes what a store of before may lack.
func (w *world) lose(collection string) {
	w.t.Helper()
	ok(w.t, "lose", w.db.Update(w.t.Context(), func(tx store.Tx) error {
		var keys []string
		for d, err := range tx.Scan(collection, "", "", 1000) {
			if err != nil {
				return err
			}
			keys = append(keys, d.Key)
		}
		for _, key := range keys {
			if err := tx.Delete(collection, key); err != nil {
				return err
			}
		}
		return nil
	}))
}

// What has changed since a notice was sent is not undone by it: the link says that it is used, or ends all access and
// leaves what stands.
func TestNotMeRevertsNothingThatHasChangedSince(t *testing.T) {
	press := func(g *guarded, link string) error { return lastErr(g.s.Undo(g.t.Context(), caller("mail"), link)) }
	for name, c := range map[string]struct {
		strong bool
		do     func(g *guarded) (link string)
		want   auth.Code
		then   func(g *guarded)
	}{
		"a change that its owner has stopped": {true, func(g *guarded) string {
			g.ask(g.byText("thief"))
			link := token(g.lastMail(auth.TemplateRemoval).Args["undo"])
			g.owner = g.byKey("home")
			ok(g.t, "stop", g.s.CancelChange(g.t.Context(), g.owner, g.changeID()))
			wantCode(g.t, "to look", lastErr(g.s.LookUndo(g.t.Context(), caller("mail"), link)), auth.LinkUsed)
			return link
		}, auth.LinkUsed, nil},
		"a method that has gone again": {false, func(g *guarded) string {
			info, _ := g.addMailbox(g.c, "third@example.com")
			link := g.undo(auth.TemplateChange, sellerMail)
			ok(g.t, "remove", lastErr(g.s.Remove(g.t.Context(), g.c, info.Authenticator.ID)))
			return link
		}, "", func(g *guarded) {
			if got := g.methods(g.in("home")); got != "phone email" {
				g.t.Errorf("got %s, want the methods as they were", got)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, c.strong)
			if c.strong {
				g.key = g.only(g.c, auth.WebAuthn).ID
			}
			says(t, "not me", press(g, c.do(g)), c.want)
			if c.then != nil {
				c.then(g)
			}
		})
	}
}

// A password that the owner has replaced since stays, whatever a link of before puts back; and an e-mail that is
// somebody else's by now is not taken from him.
func TestNotMeTakesNothingBackThatIsNotItsOwn(t *testing.T) {
	g := guard(t, false)
	deeds()["the password was changed"].do(t, g)
	link := g.undo(auth.TemplateChange, sellerMail)
	g.pass(time.Minute)
	g.reset(sellerMail, "Owner-Marmot77")
	ok(t, "not me", lastErr(g.s.Undo(t.Context(), caller("mail"), link)))
	wantCode(t, "the password of before", g.guess("home", password), auth.SignInRefused)
	ok(t, "the owner's", g.guess("home", "Owner-Marmot77"))

	g = guard(t, false)
	deeds()["the e-mail was changed"].do(t, g)
	link = g.undo(auth.TemplateChange, sellerMail)
	g.seller(sellerMail, "+8613800138009")
	wantCode(t, "an e-mail that is another's", lastErr(g.s.Undo(t.Context(), caller("mail"), link)), auth.LinkUsed)
	ok(t, "its owner", g.guess("elsewhere", password))
}

// What a strong proof has set since is not reverted by the link of a weak change before it; a weak change behind
// another is, by the first notice as well.
func TestNotMeRevertsNothingStrong(t *testing.T) {
	ctx := t.Context()
	email := "the e-mail was changed"
	for name, c := range map[string]struct {
		deed  string
		again func(g *guarded, c auth.Caller)
	}{
		"e-mail": {email, func(g *guarded, c auth.Caller) {
			ok(t, "e-mail", lastErr(g.s.ChangeEmail(ctx, c, "last@example.com")))
			ok(t, "confirm", lastErr(g.s.ConfirmEmail(ctx, c, token(g.lastMail(auth.TemplateEmailChange).Args["link"]))))
			g.email = "last@example.com"
		}},
		"number": {"the number was changed", func(g *guarded, c auth.Caller) {
			ok(t, "number", lastErr(g.s.ChangePhone(ctx, c, "+8613800138006", "")))
		}},
		"user name": {"the user name was changed", func(g *guarded, c auth.Caller) {
			ok(t, "name", lastErr(g.s.ChangeUserName(ctx, c, "小明三店")))
		}},
		"question": {"a question was set", func(g *guarded, c auth.Caller) {
			ok(t, "question", g.s.SetQuestion(ctx, c, "A third one?", "nothing of that"))
		}},
		"question that was taken away": {"", func(g *guarded, c auth.Caller) {
			ok(t, "question", g.s.SetQuestion(ctx, c, "A third one?", "nothing of that"))
		}},
	} {
		for _, strong := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", strongly ", strong), func(t *testing.T) {
				g := guard(t, false)
				do := deeds()[c.deed].do
				if c.deed == "" {
					ok(t, "a question", g.s.SetQuestion(ctx, g.c, "The first one?", "this and that"))
					g.mail()
					do = func(t *testing.T, g *guarded) { ok(t, "no question", g.s.RemoveQuestion(ctx, g.c)) }
				}
				before := g.state(g.c)
				do(t, g)
				link := g.undo(auth.TemplateChange, sellerMail)
				if c.deed == email {
					g.email = "new@example.com"
				}
				g.pass(time.Minute)
				by := g.in("home")
				if strong {
					g.stick = stick(t, virtual.Options{})
					g.addKey(by, g.stick, auth.SecurityKey, "Blue key")
					by = g.in("home")
				}
				c.again(g, by)
				if strong {
					before = g.state(by)
				} else {
					g.email = sellerMail
				}
				ok(t, "not me", lastErr(g.s.Undo(ctx, caller("mail"), link)))
				if got := g.state(g.in("home")); got != before {
					t.Errorf("got %s, want %s", got, before)
				}
			})
		}
	}
}

// The notice of a mailbox that was removed may be answered from that mailbox; a key that was registered again by now is
// not put back beside itself.
func TestNotMeByWhatWasRemoved(t *testing.T) {
	g := guard(t, false)
	ok(t, "remove", lastErr(g.s.Remove(t.Context(), g.c, g.only(g.c, auth.Email).ID)))
	link := g.undo(auth.TemplateChange, otherMail)
	ok(t, "look", lastErr(g.s.LookUndo(t.Context(), caller("mail"), link)))
	ok(t, "not me, by the mailbox that went", lastErr(g.s.Undo(t.Context(), caller("mail"), link)))
	if got := g.methods(g.in("home")); got != "phone email" {
		t.Errorf("got %s, want the mailbox again", got)
	}
	w := newWorld(t, func(c *auth.Config) { c.Policy.MaxMethods = 30 })
	o := owner(w)
	w.addMailbox(o.owner, otherMail)
	ok(t, "remove a number, by a text", lastErr(w.s.Remove(t.Context(), o.byText("home"), o.phone.Authenticator.ID)))
	link = token(w.lastMail(auth.TemplateChange).Args["undo"])
	w.lose("device") // as an older store may be
	ok(t, "rename", lastErr(w.s.Rename(t.Context(), o.byKey("home"), o.key, "Red key", "drawer")))
	ok(t, "not me", lastErr(w.s.Undo(t.Context(), caller("mail"), link)))
}

// Whose last method comes back has two-step verification on again, since when he had it.
func TestNotMeSwitchesTwoStepVerificationOnAgain(t *testing.T) {
	g := guard(t, false)
	before, err := g.s.Security(t.Context(), g.c)
	ok(t, "overview", err)
	ok(t, "remove one", lastErr(g.s.Remove(t.Context(), g.c, g.only(g.c, auth.Email).ID)))
	g.mail()
	ok(t, "remove the last", lastErr(g.s.Remove(t.Context(), g.c, g.only(g.c, auth.Phone).ID)))
	ok(t, "not me", lastErr(g.s.Undo(t.Context(), caller("mail"), g.undo(auth.TemplateChange, sellerMail))))
	g.pass(time.Minute)
	after, err := g.s.Security(t.Context(), g.in("home"))
	ok(t, "overview", err)
	if before.EnrolledAt.IsZero() || !after.EnrolledAt.Equal(before.EnrolledAt) {
		t.Errorf("got it on since %s, want since %s", after.EnrolledAt, before.EnrolledAt)
	}
}

// A first method that a link takes away leaves an account that may enrol at once: the pause holds up no enrolment.
func TestWhoHasToEnrolIsNotPaused(t *testing.T) {
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	w.addPhone(with(caller("home"), w.signIn(caller("home"), sellerMail).Token), sellerNumber)
	ok(t, "not me", lastErr(w.s.Undo(t.Context(), caller("mail"), token(w.lastMail(auth.TemplateChange).Args["undo"]))))
	w.pass(time.Minute)
	info := w.signIn(caller("home"), sellerMail)
	if info.Step != auth.StepEnrol {
		t.Fatalf("got %+v, want it to enrol", info)
	}
	w.addKey(with(caller("home"), info.Token), stick(t, virtual.Options{}), auth.SecurityKey, "Blue key")
}

// An address that was removed answers the notice of its own removal, and none of another's; what comes back is as it
// was, with where it is kept.
func TestNotMeByAnAddressOfAnotherNotice(t *testing.T) {
	const third = "third@example.com"
	g := guard(t, false)
	g.addMailbox(g.c, third)
	g.pass(3*day + time.Hour)
	g.c = g.in("home")
	phone := g.only(g.c, auth.Phone)
	ok(t, "rename", lastErr(g.s.Rename(t.Context(), g.c, phone.ID, "Old phone", "drawer")))
	ids := map[string]string{}
	for _, m := range g.security(g.c).Methods {
		if m.Kind == auth.Email {
			ids[string(m.Recipient)] = m.ID
		}
	}
	g.mail()
	ok(t, "remove the number", lastErr(g.s.Remove(t.Context(), g.c, phone.ID)))
	links := g.links(auth.TemplateChange)
	g.c = g.byMail("home", otherMail)
	ok(t, "remove a mailbox", lastErr(g.s.Remove(t.Context(), g.c, ids[third])))
	wantCode(t, "to look, from the mailbox that went", lastErr(g.s.LookUndo(t.Context(), caller("mail"), links[third])),
		auth.LinkUsed)
	wantCode(t, "the number, from it", lastErr(g.s.Undo(t.Context(), caller("mail"), links[third])), auth.LinkUsed)
	ok(t, "from one that stays", lastErr(g.s.Undo(t.Context(), caller("mail"), links[otherMail])))
	if back := g.only(g.in("home"), auth.Phone); back.Name != "Old phone" || back.Place != "drawer" {
		t.Errorf("got %+v, want it as it was", back)
	}
}

// byMail signs in with the password and a code to a mailbox.
func (g *guarded) byMail(browser, to string) auth.Caller {
	g.t.Helper()
	g.pass(time.Minute)
	c := caller(browser)
	info := g.signIn(c, sellerMail)
	var m auth.MethodChoice
	for _, x := range info.Methods {
		if x.Kind == auth.Email && m.ID == "" || string(x.Masked) == string(ident.Recipient(to).Mask()) {
			m = auth.MethodChoice{Kind: x.Kind, ID: x.ID, Channel: auth.Mail}
		}
	}
	ch, err := g.s.SignInBegin(g.t.Context(), c, info.Ceremony, m)
	ok(g.t, "begin", err)
	code, _ := g.code(auth.Mail)
	done, err := g.s.SignInFinish(g.t.Context(), c, ch.Ceremony, code)
	ok(g.t, "sign in by mail", err)
	return with(c, done.Token)
}
