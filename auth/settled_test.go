package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Who may say "not me": an address that a weak proof has brought only when that cannot be reverted any more, any other
// at once. All hear of everything.
func TestWhichAddressesMaySayNotMe(t *testing.T) {
	const fresh = "fresh@example.com"
	mailbox := func(g *guarded) { g.addMailbox(g.c, fresh) }
	moved := func(g *guarded) { g.emailTo(g.c, fresh) }
	movedBack := func(g *guarded) {
		moved(g)
		g.pressed(sellerMail)
	}
	boundToo := func(g *guarded) { g.addMailbox(g.c, sellerMail) }
	for name, c := range map[string]struct {
		strong bool
		bring  func(*guarded)
		after  time.Duration
		may    bool
	}{
		"a mailbox that a text has brought":           {false, mailbox, 0, false},
		"a second before its coming cannot be undone": {false, mailbox, 3*day - tick, false},
		"when it cannot be undone":                    {false, mailbox, 3 * day, true},
		"a mailbox that a key has brought":            {true, mailbox, 0, true},
		"an e-mail moved by a text":                   {false, moved, 0, false},
		"a second before the move cannot be undone":   {false, moved, 3*day - tick, false},
		"when the move cannot be undone":              {false, moved, 3 * day, true},
		"an e-mail moved by a key":                    {true, moved, 0, true},
		"an e-mail moved back by who pressed not me":  {false, movedBack, 0, true},
		"an e-mail that is bound as a method as well": {false, boundToo, 0, true},
		"a mailbox that was bound before, moved to":   {false, func(g *guarded) { g.emailTo(g.c, otherMail) }, 0, true},
		"the e-mail of an account that is a day old":  {false, func(*guarded) {}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, c.strong)
			c.bring(g)
			g.pass(max(0, c.after-time.Minute)) // a minute passes at the sign-in
			g.mail()
			in := &robbed{guarded: g, named: sellerNumber}
			in.newBrowser()
			links := map[string]bool{}
			for _, m := range g.mail() {
				if m.Template == auth.TemplateNewBrowser {
					links[string(m.Recipient)] = m.Args["undo"] != ""
				}
			}
			to := fresh
			if _, there := links[fresh]; !there {
				to = sellerMail
			}
			if _, there := links[sellerMail]; !there && to == sellerMail {
				to = otherMail
			}
			if may, hears := links[to]; !hears || may != c.may {
				t.Errorf("%s hears: got %v, may say not me: got %v, want %v", to, hears, may, c.may)
			}
		})
	}
}

// newBrowser signs in somewhere new, by the number that names the account and a text.
func (r *robbed) newBrowser() {
	r.t.Helper()
	r.pass(time.Minute)
	c := caller("somewhere new")
	ch, err := r.s.SignInBegin(r.t.Context(), c, r.signIn(c, r.named).Ceremony, bySMS)
	ok(r.t, "begin", err)
	for _, m := range r.mail() {
		if m.Template == auth.TemplateCode && m.Channel == auth.SMS {
			ok(r.t, "sign in", r.finish(c, ch, typed(m.Args["code"]))())
		}
	}
}

// pressed presses the newest notice of a change that came to an address.
func (g *guarded) pressed(to string) {
	g.t.Helper()
	ok(g.t, "not me", lastErr(g.s.Undo(g.t.Context(), caller("mail"), g.undo(auth.TemplateChange, to))))
}
