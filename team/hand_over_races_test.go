package team_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/team"
)

// A link has one winner, whoever takes the shop over; the owner confirms once; and nothing is done twice.
func TestOneWinnerOfAHandOver(t *testing.T) {
	h := hand(t)
	wantCode(t, "begin", h.begin(), "")
	if won := atOnce(t, func(i int) error {
		return h.take([]*person{h.buyer, h.member,
			h.senior}[i%3])
	}); won != 1 {
		t.Errorf("got %d who have taken it, want one", won)
	}
	info, err := h.shops.HandOver(t.Context(), h.owner.Caller, h.shop)
	if err != nil {
		t.Fatal(err)
	}
	to := &person{id: info.To}
	h.mail()
	if won := atOnce(t, func(int) error { return h.confirm(to) }); won != 1 {
		t.Errorf("got it confirmed %d times, want once", won)
	}
	h.pass(day)
	h.mail()
	atOnce(t, func(int) error { return h.s.Sweep(t.Context()) })
	told := 0
	for _, m := range h.mail() {
		if m.Template == auth.TemplateHandOverYours {
			told++
		}
	}
	if told != 1 {
		t.Errorf("got the new owner told %d times, want once", told)
	}
}

// At the moment when it comes due, both sides stop it and the service does it: it is done or stopped, not both, and the
// shop has one of the two for an owner.
func TestAHandOverIsDoneOrStopped(t *testing.T) {
	h := hand(t)
	h.agreed()
	h.pass(day)
	h.buyer.signIn()
	list, err := h.shops.HandOversTo(t.Context(), h.buyer.Caller)
	if err != nil || len(list) > 0 { // it is due: nobody stops it any more
		t.Errorf("got %+v, %v, want it over for who looks", list, err)
	}
	h = hand(t)
	h.agreed()
	h.pass(day - time.Second)
	h.owner.signIn()
	h.buyer.signIn()
	list, err = h.shops.HandOversTo(t.Context(), h.buyer.Caller)
	if err != nil || len(list) != 1 {
		t.Fatalf("got %+v, %v, want one under way", list, err)
	}
	var stopped, done atomic.Int32
	atOnce(t, func(i int) error {
		var err error
		switch i % 4 {
		case 0:
			err = h.shops.StopHandOver(t.Context(), h.owner.Caller, h.shop)
		case 1:
			err = h.shops.DeclineHandOver(t.Context(), h.buyer.Caller, list[0].ID)
		case 2:
			h.pass(100 * time.Millisecond)
			return h.s.Sweep(t.Context())
		default:
			err = h.confirm(h.buyer)
			if err == nil {
				done.Add(1)
			}
			return err
		}
		if err == nil {
			stopped.Add(1)
		}
		return err
	})
	h.due(time.Minute)
	is := h.is()
	handed := strings.Contains(is, "buyer owner")
	if handed == strings.Contains(is, "owner owner") || handed == (stopped.Load() > 0) || stopped.Load() > 1 ||
		done.Load() > 0 {
		t.Errorf("got %s, stopped %d times, confirmed again %d times, want one of the two", is, stopped.Load(),
			done.Load())
	}
}

// A handModel is one hand-over, kept by simple rules beside the real one.
type handModel struct {
	*handing
	state  string // "", "begun", "taken", "agreed"
	until  time.Time
	taker  *person
	places map[string]team.Role // of whom the model knows to be in the shop
	paused time.Time            // until when nothing is begun, after another session's stop

	session  int // the owner's how manieth
	began    int // the one that began it
	password string
}

// signsIn gives everybody a fresh session.
func (m *handModel) signsIn() {
	m.session++
	for _, p := range []*person{m.senior, m.owner, m.member, m.buyer} {
		p.signIn()
	}
}

// may does a step that is allowed or not, and fails where the service sees that otherwise.
func (m *handModel) may(r *rapid.T, what string, allowed bool, err error) bool {
	if refused := new(auth.Error); err != nil && !errors.As(err, &refused) || (err == nil) != allowed {
		r.Fatalf("%s at %q: got %v, want it allowed %v", what, m.state, err, allowed)
	}
	return allowed
}

func (m *handModel) live() bool { return m.state != "" && m.time().Before(m.until) }

// sweep is what time does.
func (m *handModel) sweep(r *rapid.T) {
	if err := m.s.Sweep(m.t.Context()); err != nil {
		r.Fatal(err)
	}
	if m.state == "" || m.time().Before(m.until) {
		return
	}
	if m.state == "agreed" {
		delete(m.places, "owner")
		m.places[m.taker.name] = team.Owner
	}
	m.state = ""
}

func (m *handModel) steps() map[string]func(*rapid.T) {
	ctx := m.t.Context()
	isOwner := func() bool { return m.places["owner"] == team.Owner }
	return map[string]func(*rapid.T){
		"begin": func(r *rapid.T) {
			m.pass(2 * time.Minute) // mails to one address have a pace
			m.sweep(r)
			m.signsIn()
			err := m.begin()
			if errors.Is(err, auth.Refuse(auth.SendLimitReached)) {
				return
			}
			if m.may(r, "beginning", isOwner() && !m.live() && !m.time().Before(m.paused), err) {
				m.state, m.until = "begun", m.time().Add(day)
				m.began = m.session
			}
		},
		"take": func(r *rapid.T) {
			p := rapid.SampledFrom([]*person{m.buyer, m.member}).Draw(r, "who")
			if m.may(r, "taking", m.link != "" && m.live() && m.state == "begun", m.take(p)) {
				m.state, m.until = "taken", m.time().Add(day)
				m.taker = p
			}
		},
		"confirm": func(r *rapid.T) {
			p := rapid.SampledFrom([]*person{m.buyer, m.member}).Draw(r, "whom")
			taken := isOwner() && m.live() && m.state == "taken" && m.taker == p
			if m.may(r, "confirming", taken, m.confirm(p)) {
				m.state, m.until = "agreed", m.time().Add(day)
			}
		},
		"stop": func(r *rapid.T) {
			if m.may(r, "stopping", isOwner() && m.live(), m.shops.StopHandOver(ctx, m.owner.Caller, m.shop)) {
				m.state = ""
				if m.began != m.session {
					m.paused = m.time().Add(day)
				}
			}
		},
		"decline": func(r *rapid.T) {
			list, err := m.shops.HandOversTo(ctx, m.buyer.Caller)
			if err != nil || len(list) > 0 != (m.live() && m.state != "begun" && m.taker == m.buyer) {
				r.Fatalf("at %q: got %+v, %v", m.state, list, err)
			}
			if len(list) > 0 && m.may(r, "declining", true, m.shops.DeclineHandOver(ctx, m.buyer.Caller, list[0].ID)) {
				m.state = ""
			}
		},
		"the owner leaves": func(r *rapid.T) {
			if m.may(r, "leaving", isOwner(), m.shops.LeaveShop(ctx, m.owner.Caller, m.shop)) {
				m.state = ""
				delete(m.places, "owner")
			}
		},
		"a new password": func(r *rapid.T) {
			to := map[string]string{lab.Password: "Another-Horse9", "Another-Horse9": lab.Password}[m.password]
			next, err := m.s.ChangePassword(ctx, m.owner.Caller, m.password, to)
			if err != nil {
				r.Fatal(err)
			}
			m.owner.Token, m.state = next, ""
			m.password = to
		},
		"time": func(r *rapid.T) {
			m.pass(13 * time.Hour)
			m.sweep(r)
			m.signsIn()
		},
		"": func(r *rapid.T) {
			is := m.senior.roles(m.shop)
			if !strings.Contains(is, "senior owner") {
				r.Fatalf("got %s: the senior owner has lost his place", is)
			}
			for _, name := range []string{"owner", "buyer", "member"} {
				if role := m.places[name]; strings.Contains(is, name+" "+string(role)) != (role != "") {
					r.Fatalf("at %q: got %s, want %s as %q", m.state, is, name, role)
				}
			}
		},
	}
}

// However both sides begin, take, confirm and stop, and whatever else happens to the owner: the other one is owner when
// both have spoken, a day has passed and nobody has stopped it, and never else; the shop has an owner always.
func TestHandOverModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := &handModel{handing: hand(t), password: lab.Password,
			places: map[string]team.Role{"owner": team.Owner, "member": team.Member}}
		steps := m.steps()
		for range rapid.IntRange(1, 16).Draw(r, "steps") {
			name := rapid.SampledFrom([]string{"begin", "begin", "take", "take", "take", "confirm", "confirm",
				"confirm", "time", "time", "stop", "decline", "the owner leaves", "a new password"}).Draw(r, "step")
			steps[name](r)
			steps[""](r)
		}
	})
}
