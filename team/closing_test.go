package team_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// closes asks for the end of an account, freshly signed in.
func (p *person) closes() error {
	p.w.pass(time.Minute)
	p.signIn()
	_, err := p.w.s.CloseAccount(p.w.t.Context(), p.Caller, true)
	return err
}

// gone reports whether there is no account any more once all its days have passed; what was told meanwhile is
// in heard.
func (p *person) gone(heard ...*[]auth.Message) bool {
	p.w.t.Helper()
	for range 16 {
		p.w.pass(24 * time.Hour)
		if err := p.w.s.Sweep(p.w.t.Context()); err != nil {
			p.w.t.Fatal(err)
		}
		for _, to := range heard {
			*to = append(*to, p.w.mail()...)
		}
	}
	_, err := p.w.s.AccountState(p.w.t.Context(), p.id)
	return errors.Is(err, auth.Refuse(auth.NotFound))
}

// Who has others beside him in a shop hands it over or leaves it first; what he takes over is ended first as
// well.
func TestWhatOfShopsIsInTheWayOfAnEnd(t *testing.T) {
	for name, c := range map[string]struct {
		first func(w *world, p *person) // what is in the way
		code  auth.Code
		then  func(w *world, p *person) error // what the refusal says to do; nil: nothing is in the way
	}{
		"a shop of his alone": {func(_ *world, p *person) { p.shop() }, "", nil},
		"a place in another's shop": {func(w *world, p *person) {
			o := w.person("owner")
			p.joins(o, o.shop(), team.Member)
		}, auth.ClosingInShop, func(w *world, p *person) error { return p.leavesAll() }},
		"a shop with others": {func(w *world, p *person) {
			q := w.person("colleague")
			q.joins(p, p.shop(), team.Owner)
		}, auth.ClosingInShop, func(w *world, p *person) error {
			w.pass(25 * time.Hour) // until the other owner counts
			p.signIn()
			return p.leavesAll()
		}},
		"a shop that he takes over": {func(w *world, p *person) {
			o := w.person("owner")
			shop := o.shop()
			w.pass(25 * time.Hour)
			o.signIn()
			w.mail()
			if _, err := w.shops.BeginHandOver(w.t.Context(), o.Caller, shop, p.name+"@example.com"); err != nil {
				w.t.Fatal(err)
			}
			for _, m := range w.mail() {
				if m.Template == auth.TemplateHandOverLink {
					p.signIn()
					_, token, _ := strings.Cut(m.Args["link"], "/shop/hand-over/")
					_, err := w.shops.TakeHandOver(w.t.Context(), p.Caller, token)
					wantCode(w.t, "take", err, "")
				}
			}
		}, auth.ClosingHandOver, func(w *world, p *person) error {
			list, err := w.shops.HandOversTo(w.t.Context(), p.Caller)
			if err != nil || len(list) != 1 {
				w.t.Fatalf("got %v, %v", list, err)
			}
			return w.shops.DeclineHandOver(w.t.Context(), p.Caller, list[0].ID)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.person("wei")
			c.first(w, p)
			wantCode(t, "ask", p.closes(), c.code)
			if c.then != nil {
				wantCode(t, "what it says to do", c.then(w, p), "")
				wantCode(t, "ask then", p.closes(), "")
			}
			if !p.gone() {
				t.Error("got an account, want none")
			}
		})
	}
}

// leavesAll has p leave every shop.
func (p *person) leavesAll() error {
	list, err := p.w.shops.Shops(p.w.t.Context(), p.Caller)
	for _, s := range list {
		err = errors.Join(err, p.w.shops.LeaveShop(p.w.t.Context(), p.Caller, s.ID))
	}
	return err
}

// A shop of his alone goes with him, with its invitations; a place that he is suspended in ends, and that
// shop's owners hear of it. Who joins while he waits puts it off.
func TestWhatOfShopsGoesWithAnAccount(t *testing.T) {
	w := newWorld(t)
	p, o := w.person("wei"), w.person("owner")
	own, others := p.shop(), o.shop()
	invitation := p.invite(own, "friend@example.com", team.Member)
	p.joins(o, others, team.Member)
	wantCode(t, "suspend", w.shops.SuspendMember(t.Context(), o.Caller, others, p.id), "")
	wantCode(t, "ask", p.closes(), "")
	var heard []auth.Message
	if !p.gone(&heard) {
		t.Fatal("got an account, want none")
	}
	told := slices.ContainsFunc(heard, func(m auth.Message) bool {
		return m.Template == auth.TemplateShopPeople && m.Args["did"] == "account-closed" && m.Args["member"] == "wei"
	})
	if !told {
		t.Error("the owner of the other shop: got nothing told, want that one has gone")
	}
	o.signIn()
	info, err := w.shops.Shop(t.Context(), o.Caller, others)
	if err != nil || len(info.Members) != 1 {
		t.Errorf("the other shop: got %+v, %v, want its owner alone", info, err)
	}
	_, err = w.shops.LookInvitation(t.Context(), auth.Caller{}, invitation)
	wantCode(t, "an invitation of his shop", err, auth.InvitationOver)
	wantCode(t, "its value", w.shops.SetValue(t.Context(), auth.Caller{}, own, 1), auth.NotFound)
}

// Whoever joins a shop of his while he waits has a shop whose owner must not vanish.
func TestWhoJoinsPutsAnEndOff(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	shop := p.shop()
	q := w.person("colleague")
	wantCode(t, "ask", p.closes(), "")
	p.signIn()
	q.joins(p, shop, team.Member)
	if p.gone() {
		t.Fatal("got no account, want it put off")
	}
	p.signIn()
	info, err := w.s.Closing(t.Context(), p.Caller)
	if err != nil || !info.PutOff {
		t.Errorf("got %+v, %v, want it put off", info, err)
	}
	q.signIn()
	wantCode(t, "leave", w.shops.LeaveShop(t.Context(), q.Caller, shop), "")
	if !p.gone() {
		t.Error("once the other one has left: got an account, want none")
	}
}
