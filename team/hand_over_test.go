package team_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/team"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// A handing is a shop that its owner hands over to a buyer, who may be anybody.
type handing struct {
	*world
	shop   string
	owner  *person
	senior *person // another owner, for longer
	member *person // somebody who belongs to the shop
	buyer  *person
	link   string // as it was mailed last
}

// hand is a shop with two owners, of whom the younger one hands his place over; he has been one for a day.
func hand(t testing.TB) *handing {
	t.Helper()
	w := newWorld(t)
	h := &handing{world: w, senior: w.person("senior"), owner: w.person("owner"), member: w.person("member"),
		buyer: w.person("buyer")}
	h.shop = h.senior.shop()
	w.pass(time.Minute)
	h.owner.joins(h.senior, h.shop, team.Owner)
	h.member.joins(h.senior, h.shop, team.Member)
	w.pass(day)
	for _, p := range []*person{h.senior, h.owner, h.member, h.buyer} {
		p.signIn()
	}
	w.mail()
	return h
}

func (h *handing) begin() error {
	h.mail()
	_, err := h.shops.BeginHandOver(h.t.Context(), h.owner.Caller, h.shop, "buyer@example.com")
	if err != nil {
		return err
	}
	for _, m := range h.mail() {
		if m.Template == auth.TemplateHandOverLink {
			h.link = m.Args["link"][strings.LastIndex(m.Args["link"], "/")+1:]
		}
	}
	return nil
}

func (h *handing) take(p *person) error {
	_, err := h.shops.TakeHandOver(h.t.Context(), p.Caller, h.link)
	return err
}

func (h *handing) confirm(p *person) error {
	_, err := h.shops.ConfirmHandOver(h.t.Context(), h.owner.Caller, h.shop, p.id)
	return err
}

// agreed has both sides speak.
func (h *handing) agreed() {
	h.t.Helper()
	wantCode(h.t, "begin", h.begin(), "")
	wantCode(h.t, "take", h.take(h.buyer), "")
	wantCode(h.t, "confirm", h.confirm(h.buyer), "")
}

// due lets time pass, and does what comes due.
func (h *handing) due(d time.Duration) {
	h.t.Helper()
	h.pass(d)
	wantCode(h.t, "sweep", h.s.Sweep(h.t.Context()), "")
	for _, p := range []*person{h.senior, h.owner, h.member, h.buyer} {
		p.signIn()
	}
}

// is is who is what in the shop, to whoever of its people looks.
func (h *handing) is() string {
	h.t.Helper()
	for _, p := range []*person{h.senior, h.buyer, h.owner} {
		if roles := p.roles(h.shop); !strings.HasPrefix(roles, "refused") {
			return roles
		}
	}
	return ""
}

const asBefore = "senior owner, owner owner, member member"

// Of a shop five links are mailed in a day, and none at once after another; one that is not mailed leaves nothing behind
// that waits.
func TestHandOversOfADay(t *testing.T) {
	h := hand(t)
	stop := func() { wantCode(t, "stop", h.shops.StopHandOver(t.Context(), h.owner.Caller, h.shop), "") }
	waits := func() int {
		info, err := h.s.Security(t.Context(), h.owner.Caller)
		wantCode(t, "overview", err, "")
		return len(info.Changes)
	}
	wantCode(t, "begin", h.begin(), "")
	stop()
	wantCode(t, "at once again", h.begin(), auth.ResendTooSoon)
	if got := waits(); got != 0 {
		t.Errorf("not mailed: got %d changes that wait, want none", got)
	}
	for range 3 {
		h.pass(2 * time.Minute)
		h.owner.signIn()
		wantCode(t, "again", h.begin(), "")
		stop()
	}
	h.pass(2 * time.Minute)
	h.owner.signIn()
	wantCode(t, "the sixth", h.begin(), auth.SendLimitReached)
	h.pass(day)
	h.owner.signIn()
	wantCode(t, "the next day", h.begin(), "")
	if got := waits(); got != 1 {
		t.Errorf("the next day: got %d changes that wait, want one", got)
	}
}

// Whose account is switched off before the day is over gets no shop.
func TestWhoIsSwitchedOffTakesNothingOver(t *testing.T) {
	h := hand(t)
	h.agreed()
	wantCode(t, "switching off", h.lab.Switch(t.Context(), auth.Caller{}, h.buyer.id, false), "")
	h.pass(day + time.Minute)
	wantCode(t, "sweep", h.s.Sweep(t.Context()), "")
	h.senior.signIn()
	if got := h.senior.roles(h.shop); got != asBefore {
		t.Errorf("got %s, want %s", got, asBefore)
	}
}

// An owner's place becomes the other one's, a day after both have spoken: he ranks as the former one did and is settled
// at once, the former one has left, the others stay, and neither moves money for a week.
func TestAShopChangesHands(t *testing.T) {
	h := hand(t)
	ctx := t.Context()
	wantCode(t, "begin", h.begin(), "")
	offer, err := h.shops.LookHandOver(ctx, auth.Caller{}, h.link)
	if err != nil || offer.Shop != "senior's shop" || offer.By != "owner" {
		t.Errorf("got the offer %+v, %v", offer, err)
	}
	wantCode(t, "confirming before anybody has taken it", h.confirm(h.buyer), auth.HandOverNotTaken)
	wantCode(t, "the owner himself", h.take(h.owner), auth.HandOverOwn)
	wantCode(t, "take", h.take(h.buyer), "")
	wantCode(t, "the link again", h.take(h.member), auth.HandOverOver)
	wantCode(t, "confirming another one", h.confirm(h.member), auth.HandOverNotTaken)
	h.due(day - time.Second)
	info, err := h.shops.HandOver(ctx, h.owner.Caller, h.shop)
	if err != nil || info.State != team.HandOverTaken || info.To != h.buyer.id || info.ToName != "buyer" {
		t.Errorf("got %+v, %v, want who has taken it", info, err)
	}
	wantCode(t, "confirm", h.confirm(h.buyer), "")
	wantCode(t, "confirm again", h.confirm(h.buyer), auth.HandOverNotTaken)
	h.due(day - time.Second)
	if got := h.is(); got != asBefore {
		t.Errorf("a second before: got %s", got)
	}
	if me, err := h.s.Me(ctx, h.owner.Caller); err != nil || me.Payout.Allowed || me.Payout.Why != "handing-over" {
		t.Errorf("the owner before: got %+v, %v, want no payout", me, err)
	}
	h.due(time.Second)
	if got := h.is(); got != "senior owner, buyer owner, member member" {
		t.Errorf("got %s, want the buyer in the owner's place", got)
	}
	for _, p := range []*person{h.owner, h.buyer} {
		if me, err := h.s.Me(ctx, p.Caller); err != nil || me.Payout.Allowed || me.Payout.Why != "handed-over" ||
			me.Payout.Until.Before(h.time().Add(week-time.Second)) {
			t.Errorf("%s: got %+v, %v, want no payout for a week", p.name, me.Payout, err)
		}
	}
	wantCode(t, "the former owner looks", lastErr(h.shops.Shop(ctx, h.owner.Caller, h.shop)), auth.NotFound)
	wantCode(t, "the senior leaves: the buyer is settled", h.shops.LeaveShop(ctx, h.senior.Caller, h.shop), "")
	for p, want := range map[*person]string{h.owner: "shop-handed-over", h.buyer: "shop-handed-over"} {
		list, err := h.s.History(ctx, p.Caller, "", 100)
		if err != nil || !slices.ContainsFunc(list.Events, func(e auth.EventInfo) bool {
			return string(e.Action) == want && e.Outcome == "" && e.Item == "senior's shop"
		}) {
			t.Errorf("%s's history: got %+v, %v, want %s in it", p.name, list, err, want)
		}
	}
}

func lastErr[T any](_ T, err error) error { return err }

// A member who takes it over is promoted, and a co-owner loses no rank by it.
func TestAMemberTakesAShopOver(t *testing.T) {
	for who, want := range map[string]string{"member": "senior owner, member owner",
		"senior": "senior owner, member member"} {
		h := hand(t)
		p := map[string]*person{"member": h.member, "senior": h.senior}[who]
		wantCode(t, "begin", h.begin(), "")
		wantCode(t, "take", h.take(p), "")
		wantCode(t, "confirm", h.confirm(p), "")
		h.due(day)
		if got := h.is(); got != want {
			t.Errorf("%s: got %s, want %s", who, got, want)
		}
	}
}

// Only an owner, and one for a day, hands his place over, once at a time.
func TestWhoHandsAShopOver(t *testing.T) {
	h := hand(t)
	ctx := t.Context()
	begin := func(p *person, to string) error { return lastErr(h.shops.BeginHandOver(ctx, p.Caller, h.shop, to)) }
	wantCode(t, "a member", begin(h.member, "x@example.com"), auth.RoleTooLow)
	wantCode(t, "an outsider", begin(h.buyer, "x@example.com"), auth.NotFound)
	wantCode(t, "to nobody", begin(h.owner, "nonsense"), auth.EmailMalformed)
	wantCode(t, "a member looks", lastErr(h.shops.HandOver(ctx, h.member.Caller, h.shop)), auth.RoleTooLow)
	wantCode(t, "none is under way", lastErr(h.shops.HandOver(ctx, h.owner.Caller, h.shop)), auth.NotFound)
	wantCode(t, "begin", h.begin(), "")
	wantCode(t, "a second one", begin(h.owner, "y@example.com"), auth.ChangePending)
	wantCode(t, "another owner, of his own place", begin(h.senior, "z@example.com"), "")
	wantCode(t, "a member made owner", h.shops.SetRole(ctx, h.senior.Caller, h.shop, h.member.id, team.Owner), "")
	wantCode(t, "for less than a day", begin(h.member, "x@example.com"), auth.HandOverTooSoon)
	h.pass(11 * time.Minute)
	wantCode(t, "without a fresh proof", h.take(h.buyer), auth.StepUpRequired)
	h.buyer.signIn()
	for range few().Shops {
		h.buyer.shop()
	}
	wantCode(t, "who has no room", h.take(h.buyer), auth.TooManyShops)
	h.due(day)
	wantCode(t, "the link a day later", h.take(h.buyer), auth.HandOverOver)
	wantCode(t, "begin anew", h.begin(), "")
	for _, link := range []string{"", "x", h.link[1:], h.link[:len(h.link)-1] + "_"} {
		wantCode(t, "a link that is none", lastErr(h.shops.LookHandOver(ctx, auth.Caller{}, link)), auth.HandOverOver)
	}
}

// handOverStops are what ends a hand-over, of either side and of the shop.
func handOverStops() map[string]func(*handing) error {
	return map[string]func(*handing) error{
		"the owner stops it": func(h *handing) error {
			return h.shops.StopHandOver(h.t.Context(), h.owner.Caller, h.shop)
		},
		"the other one declines": func(h *handing) error {
			list, err := h.shops.HandOversTo(h.t.Context(), h.buyer.Caller)
			if err != nil || len(list) == 0 {
				return err
			}
			return h.shops.DeclineHandOver(h.t.Context(), h.buyer.Caller, list[0].ID)
		},
		"the link in a notice": func(h *handing) error {
			for _, m := range h.mail() {
				if link := m.Args["undo"]; m.Template == auth.TemplateHandOver && link != "" {
					return lastErr(h.s.Undo(h.t.Context(), auth.Caller{}, link[strings.LastIndex(link, "/")+1:]))
				}
			}
			return h.shops.StopHandOver(h.t.Context(), h.owner.Caller, h.shop) // delivered already
		},
		"in the owner's settings": func(h *handing) error {
			info, err := h.s.Security(h.t.Context(), h.owner.Caller)
			if err != nil {
				return err
			}
			return h.s.CancelChange(h.t.Context(), h.owner.Caller, info.Changes[0].ID)
		},
		"the owner's new password": func(h *handing) error {
			return lastErr(h.s.ChangePassword(h.t.Context(), h.owner.Caller, lab.Password, "Another-Horse9"))
		},
		"the owner signs out": func(h *handing) error { return h.s.SignOut(h.t.Context(), h.owner.Caller) },
		"the owner leaves": func(h *handing) error {
			return h.shops.LeaveShop(h.t.Context(), h.owner.Caller, h.shop)
		},
		"the owner steps down": func(h *handing) error {
			return h.shops.StepDown(h.t.Context(), h.owner.Caller, h.shop, team.Member)
		},
		"the owner is removed": func(h *handing) error {
			return h.shops.RemoveMember(h.t.Context(), h.senior.Caller, h.shop, h.owner.id)
		},
		"the owner is degraded": func(h *handing) error {
			return h.shops.SetRole(h.t.Context(), h.senior.Caller, h.shop, h.owner.id, team.Administrator)
		},
		"the owner is suspended": func(h *handing) error {
			return h.shops.SuspendMember(h.t.Context(), h.senior.Caller, h.shop, h.owner.id)
		},
		"nobody goes on": func(h *handing) error { return nil },
	}
}

// Whoever stops it, at whatever step: the shop keeps its owners, the link leads nowhere, and who has taken it hears.
func TestWhatStopsAHandOver(t *testing.T) {
	steps := map[string]func(*handing){
		"begun": func(h *handing) { wantCode(h.t, "begin", h.begin(), "") },
		"taken": func(h *handing) {
			wantCode(h.t, "begin", h.begin(), "")
			wantCode(h.t, "take", h.take(h.buyer), "")
		},
		"agreed": (*handing).agreed,
	}
	stops := handOverStops()
	stops["the other one's new password"] = func(h *handing) error {
		return lastErr(h.s.ChangePassword(h.t.Context(), h.buyer.Caller, lab.Password, "Another-Horse9"))
	}
	stops["the other one is suspended in the shop"] = func(h *handing) error {
		h.pass(time.Minute)
		token := h.senior.invite(h.shop, "buyer@example.com", team.Member)
		wantCode(h.t, "joining", lastErr(h.shops.AcceptInvitation(h.t.Context(), h.buyer.Caller, token)), "")
		return h.shops.SuspendMember(h.t.Context(), h.senior.Caller, h.shop, h.buyer.id)
	}
	stops["the other one has no room any more"] = func(h *handing) error {
		for range few().Shops {
			h.buyer.shop()
		}
		return nil
	}
	for at, come := range steps {
		for what, stop := range stops {
			t.Run(at+": "+what, func(t *testing.T) {
				t.Parallel()
				early := strings.HasPrefix(what, "the other one") && at == "begun"
				if early || what == "nobody goes on" && at == "agreed" {
					return
				}
				h := hand(t)
				come(h)
				wantCode(t, "stopping", stop(h), "")
				h.mail()
				h.due(day + time.Minute)
				if got := h.is(); strings.Contains(got, "buyer owner") || !strings.Contains(got, "senior owner") {
					t.Errorf("got %s, want the owners as before", got)
				}
				wantCode(t, "the link", h.take(h.member), auth.HandOverOver)
				list, err := h.shops.HandOversTo(t.Context(), h.buyer.Caller)
				if err != nil || len(list) > 0 {
					t.Errorf("got %+v, %v, want none under way", list, err)
				}
			})
		}
	}
}

// Of what the former owner has put in place nothing stands: his invitations, contact data that he moves, his session.
func TestNothingOfAFormerOwnerOfAShopStands(t *testing.T) {
	h := hand(t)
	ctx := t.Context()
	guest := h.senior.invited(h.shop, "guest", team.Member)
	h.owner.signIn()
	invited := h.owner.invite(h.shop, "late@example.com", team.Administrator)
	h.agreed()
	h.pass(time.Hour)
	h.owner.signIn()
	wantCode(t, "moving", lastErr(h.shops.ChangeContact(ctx, h.owner.Caller, h.shop, guest.id,
		team.ContactForm{Email: "former@example.com"})), "")
	session := h.owner.Caller
	h.pass(23 * time.Hour)
	wantCode(t, "sweep", h.s.Sweep(ctx), "")
	late := h.world.person("late")
	wantCode(t, "his invitation", lastErr(h.shops.AcceptInvitation(ctx, late.Caller, invited)),
		auth.InvitationOver)
	for what, err := range map[string]error{
		"his session looks": lastErr(h.shops.Shop(ctx, session, h.shop)),
		"hands it over":     lastErr(h.shops.BeginHandOver(ctx, h.owner.Caller, h.shop, "x@example.com")),
		"confirms again":    h.confirm(h.buyer), "takes it again": h.take(h.owner),
	} {
		if err == nil {
			t.Errorf("the former owner: %s: got it done", what)
		}
	}
	h.pass(day)
	wantCode(t, "sweep", h.s.Sweep(ctx), "")
	guest.signIn()
	if me, err := h.s.Me(ctx, guest.Caller); err != nil || !strings.HasPrefix(string(me.MaskedEmail), "g") {
		t.Errorf("contact data that he moves: got %+v, %v, want the guest's own", me, err)
	}
}

// Everybody hears of every step: the owner at every address with a link that stops it, the other one, the co-owners;
// who gets the link is told nothing by the mail.
func TestWhoHearsOfAHandOver(t *testing.T) {
	h := hand(t)
	heard := func(what string, want ...string) {
		t.Helper()
		var got []string
		for _, m := range h.mail() {
			if m.Template == auth.TemplateHandOverLink {
				h.link = m.Args["link"][strings.LastIndex(m.Args["link"], "/")+1:]
				if len(m.Args) != 1 || m.Account != "" {
					t.Errorf("got the link mailed with %v", m.Args)
				}
			}
			to, _, _ := strings.Cut(string(m.Recipient), "@")
			got = append(got, to+" "+strings.TrimSpace(m.Template+" "+m.Args["step"]+m.Args["did"]))
			if undo := m.Args["undo"] != ""; undo != (m.Template == auth.TemplateHandOver) {
				t.Errorf("%s: got a link that stops it %v in %s", what, undo, m.Template)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	info, err := h.shops.BeginHandOver(t.Context(), h.owner.Caller, h.shop, "stranger@example.org")
	wantCode(t, "begin", err, "")
	heard("begun", "owner hand-over begun", "senior shop-people hand-over-begun", "stranger hand-over-link")
	wantCode(t, "take", h.take(h.buyer), "")
	heard("taken", "buyer hand-over-taker to-taken", "owner hand-over taken")
	wantCode(t, "confirm", h.confirm(h.buyer), "")
	heard("agreed", "buyer hand-over-taker to-agreed", "owner hand-over agreed",
		"senior shop-people hand-over-agreed")
	for who, acts := range map[*person][]auth.Action{h.owner: {team.ActHandOver, team.ActTakeOver, team.ActConfirmHandOver},
		h.buyer: {team.ActTakeOver, team.ActConfirmHandOver}} {
		for _, a := range acts {
			list, err := h.s.History(t.Context(), who.Caller, "", 100)
			if err != nil || !slices.ContainsFunc(list.Events, func(e auth.EventInfo) bool { return e.Action == a }) {
				t.Errorf("got no %s in the history of %s, %v", a, who.id, err)
			}
		}
	}
	h.pass(day)
	wantCode(t, "sweep", h.s.Sweep(t.Context()), "")
	heard("done", "buyer hand-over-yours", "owner hand-over-done", "senior shop-people hand-over-done")
	if info.State != team.HandOverBegun {
		t.Errorf("got %+v", info)
	}
}
