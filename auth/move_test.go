package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

const actMove auth.Action = "mover-move"

// A mover is a part that moves contact data, as shops do.
type mover struct{ door *auth.Door }

// ShopsOf implements auth.Shops.
func (*mover) ShopsOf(*auth.Work, auth.AccountID) ([]auth.Membership, error) { return nil, nil }

// OwnedAlone implements auth.Shops.
func (*mover) OwnedAlone(*auth.Work, auth.AccountID) ([]auth.Membership, error) { return nil, nil }

// MayMove implements auth.Shops.
func (*mover) MayMove(*auth.Work, string, auth.AccountID, auth.AccountID) error { return nil }

func (w *world) mover(rule auth.Rule) *mover {
	w.t.Helper()
	x := new(mover)
	var err error
	x.door, err = auth.Register(w.s, auth.Part{Name: "mover", Rules: map[auth.Action]auth.Rule{actMove: rule}, Shops: x})
	ok(w.t, "registering", err)
	return x
}

func movesContact() auth.Rule {
	return auth.Rule{Who: auth.Enrolled, Demand: auth.Demand{Class: auth.Best, MaxAge: 10 * time.Minute}, Audit: true,
		Change: true}
}

func (x *mover) move(t testing.TB, c auth.Caller, m auth.ContactMove) error {
	return x.door.Do(t.Context(), c, actMove, func(w *auth.Work) error {
		_, err := w.MoveContact(m)
		return err
	})
}

// actMoved has somebody else move the owner's contact data, and its day pass.
func actMoved(m auth.ContactMove) func(*robbed) {
	return func(r *robbed) {
		me, err := r.s.Me(r.t.Context(), r.c)
		ok(r.t, "looking", err)
		_, by := r.enrolled("admin@example.com", "+8613800138056")
		m.Account = me.Account
		ok(r.t, "moving", r.mover(movesContact()).move(r.t, by, m))
		r.mail()
		r.pass(day)
		ok(r.t, "sweep", r.s.Sweep(r.t.Context()))
	}
}

// A part moves no contact data by an act that asks for too little: that is a failure, and nothing waits.
func TestMovingContactAsksForEnough(t *testing.T) {
	for name, change := range map[string]func(*auth.Rule){
		"not audited":   func(r *auth.Rule) { r.Audit = false },
		"while paused":  func(r *auth.Rule) { r.Change = false },
		"a weak proof":  func(r *auth.Rule) { r.Demand.Class = auth.Weak },
		"to enrol with": func(r *auth.Rule) { r.Who = auth.SignedIn },
	} {
		w := newWorld(t)
		_, owner := w.enrolled(sellerMail, sellerNumber)
		me, err := w.s.Me(t.Context(), owner)
		ok(t, "looking", err)
		_, by := w.enrolled("admin@example.com", "+8613800138056")
		rule := movesContact()
		change(&rule)
		w.mail()
		err = w.mover(rule).move(t, by, auth.ContactMove{Account: me.Account, Email: "new@example.com"})
		if err == nil {
			t.Errorf("%s: got it done, want a failure", name)
		}
		w.hears(name)
	}
}

// A mailbox that is the only second step is not made the one that resets the password, neither when it is asked for nor
// when the day has passed; and old backups move nothing.
func TestWhatIsNotMoved(t *testing.T) {
	w := newWorld(t)
	x := w.mover(movesContact())
	_, by := w.enrolled("admin@example.com", "+8613800138056")
	w.seller(sellerMail, sellerNumber)
	c := with(caller("phone"), w.signIn(caller("phone"), sellerMail).Token)
	_, c = w.addMailbox(c, "box@example.com")
	me, err := w.s.Me(t.Context(), c)
	ok(t, "looking", err)
	to := func(email ident.Email) auth.ContactMove { return auth.ContactMove{Account: me.Account, Email: email} }
	wantCode(t, "the only second step", x.move(t, by, to("box@example.com")), auth.MailboxResets)
	ok(t, "another", x.move(t, by, to("new@example.com")))
	_, err = w.s.Restored(t.Context(), false)
	ok(t, "a backup", err)
	w.pass(day)
	ok(t, "sweep", w.s.Sweep(t.Context()))
	w.signIn(caller("home"), sellerMail) // which the old e-mail still names
}
