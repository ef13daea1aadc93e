package team_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// atOnce calls act 64 times at the same moment and returns how many were done; any failure but a refusal is an error.
func atOnce(t *testing.T, act func(i int) error) int {
	t.Helper()
	var begin, end sync.WaitGroup
	var done atomic.Int32
	begin.Add(1)
	for i := range 64 {
		end.Go(func() {
			begin.Wait()
			err := act(i)
			if refused := new(auth.Error); err != nil && !errors.As(err, &refused) {
				t.Errorf("call %d: got %v", i, err)
			}
			if err == nil {
				done.Add(1)
			}
		})
	}
	begin.Done()
	end.Wait()
	return int(done.Load())
}

// An invitation has one winner, whoever presses.
func TestOneWinnerOfAnInvitation(t *testing.T) {
	w := newWorld(t)
	owner := w.person("owner")
	shop := owner.shop()
	var guests []*person
	for i := range 4 {
		guests = append(guests, w.person("guest"+string(rune('a'+i))))
	}
	token := owner.invite(shop, "guest@example.com", team.Member)
	won := atOnce(t, func(i int) error {
		_, err := w.shops.AcceptInvitation(t.Context(), guests[i%4].Caller, token)
		return err
	})
	if info, err := w.shops.Shop(t.Context(), owner.Caller,
		shop); err != nil || won != 1 || len(info.Members) != 2 {
		t.Errorf("got %d winners and %+v, %v, want one", won, info, err)
	}
}

// Of contact data that many move at the same moment one change waits, and it is done once, however many sweep.
func TestOneContactMoveOfMany(t *testing.T) {
	w := newWorld(t)
	shop, people := w.staffed()
	two := []*person{people[team.Owner], people[team.Administrator]}
	guest := two[0].invited(shop, "guest", team.Member)
	won := atOnce(t, func(i int) error {
		_, err := w.shops.ChangeContact(t.Context(), two[i%2].Caller, shop, guest.id,
			team.ContactForm{Email: fmt.Sprintf("new-%d@example.com", i)})
		return err
	})
	if won != 1 {
		t.Errorf("got %d changes that wait, want one", won)
	}
	w.pass(24 * time.Hour)
	w.mail()
	atOnce(t, func(int) error { return w.s.Sweep(t.Context()) })
	told := 0
	for _, m := range w.mail() {
		if m.Template == auth.TemplateChange && m.Args["what"] == "email" && m.Channel == auth.Mail {
			told++
		}
	}
	guest.signIn()
	list, err := w.s.History(t.Context(), guest.Caller, "", 20)
	if err != nil {
		t.Fatal(err)
	}
	done := slices.DeleteFunc(list.Events, func(e auth.EventInfo) bool { return e.Action != auth.ActMoved })
	if told != 1 || len(done) != 1 || done[0].Outcome != "" {
		t.Errorf("got it told %d times and %+v in the history, want it done once", told, done)
	}
}

// Many who stop a change at the moment when it comes due, and the sweep that does it: it is done or stopped, not both.
func TestAContactMoveIsDoneOrStopped(t *testing.T) {
	h := help(t)
	h.pass(24 * time.Hour)
	admin := h.signedIn(h.admin)
	var stopped atomic.Int32
	atOnce(t, func(i int) error {
		if i%2 == 0 {
			return h.s.Sweep(t.Context())
		}
		err := h.shops.StopContact(t.Context(), admin, h.shop, h.guest.id)
		if err == nil {
			stopped.Add(1)
		}
		return err
	})
	me, err := h.s.Me(t.Context(), h.signedIn(h.guest))
	if err != nil {
		t.Fatal(err)
	}
	if moved := me.MaskedEmail[0] == 'n'; stopped.Load() > 1 || moved == (stopped.Load() == 1) {
		t.Errorf("got it stopped %d times and moved: %v, want one of the two", stopped.Load(), moved)
	}
}

// Two owners who leave at the same moment leave one behind, and so do two who step down.
func TestTwoOwnersLeaveAtOnce(t *testing.T) {
	for name, act := range map[string]func(w *world, shop string, c auth.Caller) error{
		"leave": func(w *world, shop string, c auth.Caller) error {
			return w.shops.LeaveShop(w.t.Context(), c,
				shop)
		},
		"step down": func(w *world, shop string, c auth.Caller) error {
			return w.shops.StepDown(w.t.Context(), c, shop, team.Member)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			two := []*person{w.person("one"), w.person("two")}
			shop := two[0].shop()
			two[1].joins(two[0], shop, team.Owner)
			w.pass(25 * time.Hour)
			two[0].signIn()
			two[1].signIn()
			if went := atOnce(t, func(i int) error { return act(w, shop, two[i%2].Caller) }); went != 1 {
				t.Errorf("got %d who went, want one", went)
			}
			if one, other := two[0].roles(shop), two[1].roles(shop); one+other == "" || !owns(one) && !owns(other) {
				t.Errorf("got %q and %q, want an owner left", one, other)
			}
		})
	}
}

func owns(roles string) bool {
	return len(roles) > 8 && (roles[:9] == "one owner" || roles[:9] == "two owner")
}

// However people are invited, degraded, suspended and removed, and however they leave, a shop has an owner who is not
// suspended; nobody acts on who ranks above him.
func TestAShopAlwaysHasAnOwner(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		people := []*person{w.person("a"), w.person("b"), w.person("c")}
		shop := people[0].shop()
		who := rapid.SampledFrom(people)
		role := rapid.SampledFrom(team.Roles())
		on := func(act func(p, q *person, to team.Role) error) func(*rapid.T) {
			return func(r *rapid.T) {
				p, q := who.Draw(r, "by"), who.Draw(r, "whom")
				to := role.Draw(r, "role")
				if err := act(p, q, to); err != nil {
					if refused := new(auth.Error); !errors.As(err, &refused) {
						r.Fatalf("got %v", err)
					}
				}
			}
		}
		ctx := t.Context()
		r.Repeat(map[string]func(*rapid.T){
			"join": on(func(p, q *person, to team.Role) error {
				w.mail()
				w.pass(time.Minute)
				p.signIn()
				q.signIn()
				if _, err := w.shops.InviteMember(ctx, p.Caller, shop, q.name+"@example.com", to); err != nil {
					return err
				}
				for _, m := range w.mail() {
					if m.Template == auth.TemplateShopInvite {
						_, err := w.shops.AcceptInvitation(ctx, q.Caller,
							m.Args["link"][len("http://localhost:8080/shop/invitation/"):])
						return err
					}
				}
				return errors.New("no mail")
			}),
			"role": on(func(p, q *person, to team.Role) error {
				return w.shops.SetRole(ctx, p.Caller, shop, q.id, to)
			}),
			"suspend": on(func(p, q *person, _ team.Role) error {
				return w.shops.SuspendMember(ctx, p.Caller, shop, q.id)
			}),
			"resume": on(func(p, q *person, _ team.Role) error {
				return w.shops.ResumeMember(ctx, p.Caller, shop, q.id)
			}),
			"remove": on(func(p, q *person, _ team.Role) error {
				return w.shops.RemoveMember(ctx, p.Caller, shop, q.id)
			}),
			"leave": on(func(p, _ *person, _ team.Role) error { return w.shops.LeaveShop(ctx, p.Caller, shop) }),
			"step down": on(func(p, _ *person, to team.Role) error {
				return w.shops.StepDown(ctx, p.Caller, shop, to)
			}),
			"time": func(*rapid.T) {
				w.pass(9 * time.Hour)
				for _, p := range people {
					p.signIn()
				}
			},
			"": func(r *rapid.T) {
				owners := 0
				for _, p := range people {
					if info, err := w.shops.Shop(ctx, p.Caller, shop); err == nil && info.Role == team.Owner {
						owners++
					}
				}
				if owners == 0 {
					r.Fatal("got a shop without an owner who may act")
				}
			},
		})
	})
}
