package auth_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// A notary is a part that has an account made for a buyer, and gives him another one.
type notary struct {
	*world
	door   *auth.Door
	secret string // of the buyer's app
	own    auth.Caller
}

func (w *world) notary() *notary {
	w.t.Helper()
	door, err := auth.Register(w.s, auth.Part{Name: "succession", Rules: map[auth.Action]auth.Rule{"offer": {},
		"given": {Who: auth.System, Audit: true}}})
	ok(w.t, "a part", err)
	return &notary{world: w, door: door}
}

func (n *notary) give(id auth.AccountID, to auth.Successor) error {
	return n.door.Do(n.t.Context(), n.door.Operator("notary"), "given", func(p *auth.Work) error {
		return p.HandOver(id, to)
	})
}

// offered has the buyer make an account by a link of the part's; he has no second step yet.
func (n *notary) offered() auth.AccountID {
	n.t.Helper()
	link, err := auth.Do(n.t.Context(), n.door, auth.Caller{}, "offer", func(p *auth.Work) (string, error) {
		return p.SignUpLink(buyers, "deal")
	})
	ok(n.t, "a link", err)
	f := form("+8613800138777")
	f.Name, f.UserName = "Mei", "Mei的店"
	f.Password = buyersWords
	info, err := n.s.ConfirmSignUp(n.t.Context(), caller("buyer"), link, f)
	ok(n.t, "sign up", err)
	n.own = with(caller("buyer"), info.Token)
	me, err := n.s.Me(n.t.Context(), n.own)
	ok(n.t, "who", err)
	return me.Account
}

// successor is offered, with an app.
func (n *notary) successor() auth.AccountID {
	n.t.Helper()
	id := n.offered()
	n.secret, n.own = n.enrolApp(n.own)
	return id
}

// signsIn is a session of the buyer's, by what he has set up in the account that is no more.
func (n *notary) signsIn() auth.Caller {
	n.t.Helper()
	n.pass(time.Minute)
	c := caller("buyer")
	info, err := n.s.SignIn(n.t.Context(), c, auth.SignInForm{Identifier: buyers, Password: buyersWords})
	ok(n.t, "sign in", err)
	if info.Step == auth.StepEnrol || info.Token != "" {
		n.t.Fatalf("got step %s, want his second step asked for", info.Step)
	}
	return with(c, n.second(c, info, n.secret).Token)
}

// Only an account that the part has had made, and that has a second step, becomes another one; and it is no more then,
// with all that was stored for it.
func TestWhoBringsAnAccount(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	n := w.notary()
	ctx := t.Context()
	id := w.numberOf(sellerNumber)
	_, other := w.enrolled("other@example.com", "+8613800138055")
	me, err := w.s.Me(ctx, other)
	ok(t, "who", err)
	bare := n.offered()
	for what, from := range map[string]auth.AccountID{"another seller's": me.Account, "its own": id,
		"one without a second step": bare} {
		if err := n.give(id, auth.Successor{From: from}); err == nil || strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: got %v, want a failure", what, err)
		}
	}
	wantCode(t, "one that is not there", n.give(id, auth.Successor{From: "x"}), auth.NotFound)
	if len(o.overview().Methods) == 0 {
		t.Fatal("got the account handed over, want it the owner's")
	}
	n.secret, n.own = n.enrolApp(n.own)
	ok(t, "give", n.give(id, auth.Successor{From: bare, CoolOff: week}))
	for _, kept := range []string{"account", "authenticator", "device", "session", "browser", "introduction", "change",
		"mailed-code", "throttle"} {
		if left := w.keysOf(kept, bare); len(left) > 0 {
			t.Errorf("%s: got %q left of the account that is no more", kept, left)
		}
	}
	wantCode(t, "a session of his in it", lastErr(w.s.Me(ctx, n.own)), auth.SessionEnded)
	n.signsIn()
	if err := w.db.View(ctx, func(tx store.Tx) error {
		_, err := tx.Get("account", string(bare))
		return err
	}); err == nil {
		t.Error("got the account, want it gone")
	}
}

// Of every field of an account it is said whether it is the successor's, the account's own, or anew. A new field must
// be added here.
func TestEveryFieldOfASuccessor(t *testing.T) {
	const (
		his   = "the successor's"
		stays = "the account's"
		gone  = "gone"
		anew  = "anew"
	)
	want := map[string]string{"V": stays, "ID": stays, "Parent": stays, "CreatedAt": stays, "DisabledAt": stays,
		"Name": his, "UserName": his, "Email": his, "Phone": his, "PhoneAt": his, "Language": his, "Handle": his,
		"Password": his, "PasswordAt": his, "TemporaryAt": his, "Holds": gone, "BreachedAt": gone, "PutOff": gone, "EnrolledAt": his, "FirstBy": his, "EmailWeakAt": his,
		"FirstUserName": his, "SecurityCode": his, "Question": his, "KeysOnlyAt": his,
		"Epoch": anew, "StrongAt": anew, "CoolUntil": anew, "CoolWhy": anew, "HandedAt": anew, "UsedAt": anew,
		"Dormancy": gone, "DormancyAt": gone, "PausedUntil": gone, "PausedAt": gone, "MadeBy": gone}
	r := rob(newWorld(t), false)
	n := r.notary()
	id := r.numberOf(sellerNumber)
	c := r.atDesk()
	r.setCode(c)
	ok(t, "a question", r.s.SetQuestion(t.Context(), c, "Where is the harbour?", "behind the mill"))
	from := n.successor()
	full := func(step time.Duration, parent auth.AccountID) func(*auth.Account) {
		return func(a *auth.Account) {
			now := r.time().Add(-step)
			a.Parent, a.FirstUserName = parent, a.UserName+"1"
			a.FirstBy, a.Language = ident.Recipient(parent+"@example.com"), string(parent)
			for _, at := range []*time.Time{&a.TemporaryAt, &a.EmailWeakAt, &a.PausedUntil, &a.PausedAt, &a.DormancyAt,
				&a.CreatedAt, &a.PhoneAt, &a.PasswordAt, &a.EnrolledAt, &a.KeysOnlyAt} {
				*at = now
			}
			a.Dormancy, a.UsedAt = 1, now.Add(-day)
		}
	}
	before := auth.ReadAccount(t, r.s, id, full(time.Hour, "parent"))
	r.pass(time.Minute)
	n.own = n.signsIn()
	ok(t, "a question", r.s.SetQuestion(t.Context(), n.own, "Where is the boat?", "in the harbour"))
	r.setCode(n.own)
	brought := auth.ReadAccount(t, r.s, from, full(2*time.Hour, "other"))
	ok(t, "hand over", n.give(id, auth.Successor{From: from, CoolOff: week}))
	after := auth.ReadAccount(t, r.s, id, nil)
	was, is := reflect.ValueOf(before), reflect.ValueOf(after)
	his0 := reflect.ValueOf(brought)
	for i := range was.NumField() {
		name := was.Type().Field(i).Name
		field := is.Field(i).Interface()
		got := anew
		switch {
		case is.Field(i).IsZero() && want[name] != stays:
			got = gone
		case reflect.DeepEqual(was.Field(i).Interface(), field):
			got = stays
		case reflect.DeepEqual(his0.Field(i).Interface(), field):
			got = his
		}
		if got != want[name] {
			t.Errorf("Account.%s: got it %q, want %q", name, got, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("rows of no field: %v", want)
	}
}

// Signs that are read out are the same for one label, others for another one, and are taken as people type them.
func TestSigns(t *testing.T) {
	w := newWorld(t)
	n := w.notary()
	ok(t, "look", n.door.Do(t.Context(), auth.Caller{}, "offer", func(p *auth.Work) error {
		signs := p.Signs("a")
		if len(signs) != 9 || signs != p.Signs("a") || signs == p.Signs("b") {
			t.Errorf("got %q and %q", signs, p.Signs("b"))
		}
		folded := strings.NewReplacer("0", "o", "1", "l", "-", " ").Replace(strings.ToLower(signs))
		if !p.AreSigns("a", signs) || !p.AreSigns("a", folded) {
			t.Errorf("got %q refused", folded)
		}
		for _, typed := range []string{"", p.Signs("b"), signs[:8], signs + "0"} {
			if p.AreSigns("a", typed) {
				t.Errorf("got %q taken", typed)
			}
		}
		return nil
	}))
}
