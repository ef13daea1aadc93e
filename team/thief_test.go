package team_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/team"
)

// A theft is a stolen session of an administrator of two shops, who has just shown his second step in it.
type theft struct {
	*world
	shop, other   string
	owner, second *person // of the two shops
	victim        *person
	guest         *person // a member whom the shop's invitation has made
	thief         *person // an account of the thief's own
	stolen        auth.Caller
}

func robShop(t *testing.T) *theft {
	t.Helper()
	w := newWorld(t)
	x := &theft{world: w, owner: w.person("owner"), second: w.person("second"), victim: w.person("victim"),
		thief: w.person("thief")}
	x.shop, x.other = x.owner.shop(), x.second.shop()
	x.victim.joins(x.owner, x.shop, team.Administrator)
	w.pass(time.Minute)
	x.victim.joins(x.second, x.other, team.Administrator)
	x.guest = x.owner.invited(x.shop, "guest", team.Member)
	w.pass(time.Minute)
	x.victim.signIn()
	x.stolen = x.victim.Caller
	x.victim.signIn()
	w.mail()
	return x
}

// loots are what the thief puts in place. What each returns is what he does with it later: it says nothing if it works.
func loots() map[string]func(*theft) func() error {
	invitation := func(shop func(*theft) string) func(*theft) func() error {
		return func(x *theft) func() error {
			token := (&person{w: x.world, Caller: x.stolen}).invite(shop(x), "thief@example.com", team.Member)
			return func() error {
				x.thief.signIn()
				_, err := x.shops.AcceptInvitation(x.t.Context(), x.thief.Caller, token)
				return err
			}
		}
	}
	session := func(shop func(*theft) string) func(*theft) func() error {
		return func(x *theft) func() error {
			return func() error {
				_, err := x.shops.Shop(x.t.Context(), x.stolen, shop(x))
				return err
			}
		}
	}
	own, other := func(x *theft) string { return x.shop }, func(x *theft) string { return x.other }
	return map[string]func(*theft) func() error{
		"the session": session(own), "the session, in the other shop": session(other),
		"an invitation": invitation(own), "an invitation to the other shop": invitation(other),
		"contact data": func(x *theft) func() error {
			_, err := x.shops.ChangeContact(x.t.Context(), x.stolen, x.shop, x.guest.id,
				team.ContactForm{Email: "thief-2@example.com"})
			wantCode(x.t, "moving", err, "")
			return func() error {
				x.pass(25 * time.Hour)
				wantCode(x.t, "sweeping", x.s.Sweep(x.t.Context()), "")
				x.guest.signIn()
				me, err := x.s.Me(x.t.Context(), x.guest.Caller)
				if err == nil && !strings.HasPrefix(string(me.MaskedEmail), "t") {
					err = errors.New("the guest's e-mail is his own")
				}
				return err
			}
		},
		"a place of his own": func(x *theft) func() error {
			wantCode(x.t, "joining", invitation(own)(x)(), "")
			return func() error {
				x.thief.signIn()
				_, err := x.shops.Shop(x.t.Context(), x.thief.Caller, x.shop)
				return err
			}
		},
	}
}

// shopAnswers are what the one he stole from does who notices, and what the shop's owner does.
func shopAnswers() map[string]func(*theft) error {
	byOwner := func(act func(*team.Service, *theft) error) func(*theft) error {
		return func(x *theft) error {
			x.owner.signIn()
			return act(x.shops, x)
		}
	}
	return map[string]func(*theft) error{
		"he changes his password": func(x *theft) error {
			_, err := x.s.ChangePassword(x.t.Context(), x.victim.Caller, lab.Password, "Another-Horse9")
			return err
		},
		"he says not me": func(x *theft) error {
			_, err := x.s.ChangeUserName(x.t.Context(), x.stolen, "thief-was-here")
			wantCode(x.t, "the thief's change", err, "")
			for _, m := range x.mail() {
				if link := m.Args["undo"]; string(m.Recipient) == "victim@example.com" && link != "" {
					_, err := x.s.Undo(x.t.Context(), auth.Caller{}, link[strings.LastIndex(link, "/")+1:])
					return err
				}
			}
			return errors.New("no notice")
		},
		"he ends the other sessions": func(x *theft) error {
			return x.s.EndOtherSessions(x.t.Context(), x.victim.Caller)
		},
		"he leaves": func(x *theft) error {
			return x.shops.LeaveShop(x.t.Context(), x.victim.Caller, x.shop)
		},
		"he is suspended": byOwner(func(s *team.Service, x *theft) error {
			return s.SuspendMember(x.t.Context(), x.owner.Caller, x.shop, x.victim.id)
		}),
		"he is removed": byOwner(func(s *team.Service, x *theft) error {
			return s.RemoveMember(x.t.Context(), x.owner.Caller, x.shop, x.victim.id)
		}),
		"he is degraded": byOwner(func(s *team.Service, x *theft) error {
			return s.SetRole(x.t.Context(), x.owner.Caller, x.shop, x.victim.id, team.Member)
		}),
		"the thief is removed": byOwner(func(s *team.Service, x *theft) error {
			err := s.RemoveMember(x.t.Context(), x.owner.Caller, x.shop, x.thief.id)
			if errors.Is(err, auth.Refuse(auth.NotFound)) {
				err = nil
			}
			return err
		}),
	}
}

// What a thief with the session of somebody of two shops has put in place falls with that one's answer and with the
// shop's (promise 17), in the shop that the answer is about. "" and what is not here falls; the rest is why it stands.
func TestWhatAThiefPutInPlaceInAShopFalls(t *testing.T) {
	const (
		another = "the answer is about the other shop"
		open    = "it is on the shop's page, where it is withdrawn"
		place   = "the owners hear who joins, and remove him: that is no part of the one he stole from"
		rank    = "he looks at the shop as the member that he is"
		thief   = "it is about the thief's place alone"
	)
	stands := map[string]map[string]string{
		"the session": {"he is degraded": rank, "the thief is removed": thief},
		"the session, in the other shop": {"he leaves": another, "he is suspended": another, "he is removed": another,
			"he is degraded": another, "the thief is removed": thief},
		"an invitation": {"he ends the other sessions": open, "the thief is removed": thief},
		"an invitation to the other shop": {"he ends the other sessions": open, "he leaves": another,
			"he is suspended": another, "he is removed": another, "he is degraded": another,
			"the thief is removed": thief},
		"contact data": {"the thief is removed": thief},
		"a place of his own": {"he changes his password": place, "he says not me": place,
			"he ends the other sessions": place, "he leaves": place, "he is suspended": place, "he is removed": place,
			"he is degraded": place},
	}
	for puts, loot := range loots() {
		for says, answer := range shopAnswers() {
			t.Run(puts+": "+says, func(t *testing.T) {
				t.Parallel()
				x := robShop(t)
				wantCode(t, "before any answer", loot(x)(), "")
				x = robShop(t)
				use := loot(x)
				if err := answer(x); err != nil {
					t.Fatalf("%s: got %v", says, err)
				}
				if err := use(); (err == nil) != (stands[puts][says] != "") {
					t.Errorf("got %v; it stands: want %v", err, stands[puts][says] != "")
				}
			})
		}
	}
}
