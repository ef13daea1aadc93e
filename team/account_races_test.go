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
)

// An account is taken once, whoever has come by a link of its owner's; it is confirmed once, and handed over once.
func TestOneWinnerOfAnAccount(t *testing.T) {
	d := newDeal(t)
	ctx := t.Context()
	wantCode(t, "begin", d.begin(), "")
	d.comes()
	first, link := d.buyer, d.link
	wantCode(t, "stop", d.shops.StopAccount(ctx, d.owner.Caller), "")
	wantCode(t, "to another mailbox", lastErr(d.shops.HandAccountOver(ctx, d.owner.Caller, "second@example.org")),
		"")
	for _, m := range d.mail() {
		if m.Template == auth.TemplateAccountHandLink {
			d.link = m.Args["link"][strings.LastIndex(m.Args["link"], "/")+1:]
		}
	}
	d.comes()
	both := []*person{first, d.buyer}
	won := atOnce(t, func(i int) error {
		return lastErr(d.shops.TakeAccount(ctx, both[i%2].Caller, []string{d.link, link}[i/2%2]))
	})
	if won != 1 {
		t.Errorf("got it taken %d times, want once", won)
	}
	signs := ""
	for _, p := range both {
		if info, err := d.shops.MyAccountOffer(ctx, p.Caller); err == nil && info.Signs != "" {
			signs = info.Signs
		}
	}
	if won := atOnce(t, func(int) error { return d.confirm(signs) }); won != 1 {
		t.Errorf("got it confirmed %d times, want once", won)
	}
	d.mail()
	d.pass(day)
	atOnce(t, func(int) error { return d.s.Sweep(ctx) })
	told := 0
	for _, m := range d.mail() {
		if m.Template == auth.TemplateAccountHandYours {
			told++
		}
	}
	if told != 1 {
		t.Errorf("got the new owner told %d times, want once", told)
	}
}

// At the moment when it comes due, both sides stop it and the service does it: it is done or stopped, and not both.
func TestAnAccountIsHandedOverOrStays(t *testing.T) {
	d := newDeal(t)
	d.agreed()
	d.due(day - time.Second)
	var stopped atomic.Int32
	atOnce(t, func(i int) error {
		var err error
		switch i % 3 {
		case 0:
			err = d.shops.StopAccount(t.Context(), d.owner.Caller)
		case 1:
			err = d.shops.DeclineAccount(t.Context(), d.buyer.Caller)
		default:
			d.pass(100 * time.Millisecond)
			return d.s.Sweep(t.Context())
		}
		if err == nil {
			stopped.Add(1)
		}
		return err
	})
	d.due(time.Minute)
	if n := stopped.Load(); n > 1 || d.isBuyers() == (n > 0) {
		t.Errorf("got it the buyer's: %v, and stopped %d times, want one of the two", d.isBuyers(), n)
	}
}

// A dealModel is one account's hand-over, kept by simple rules beside the real one.
type dealModel struct {
	*deal
	state  string // "", "begun", "taken", "agreed"
	until  time.Time
	handed bool
	wrong  int
	cool   time.Time // until when nothing is begun: what was confirmed, and another session's stop

	session, began int
	password       string
}

func (m *dealModel) live() bool { return m.state != "" && m.time().Before(m.until) }

func (m *dealModel) may(r *rapid.T, what string, allowed bool, err error) bool {
	if refused := new(auth.Error); err != nil && !errors.As(err, &refused) || (err == nil) != allowed {
		r.Fatalf("%s at %q: got %v, want it allowed %v", what, m.state, err, allowed)
	}
	return allowed
}

// after lets time pass, and is what it does.
func (m *dealModel) after(d time.Duration) {
	m.due(d)
	m.session++
	if m.state == "" || m.time().Before(m.until) {
		return
	}
	m.handed = m.handed || m.state == "agreed"
	m.state = ""
}

func (m *dealModel) steps() map[string]func(*rapid.T) {
	ctx := m.t.Context()
	return map[string]func(*rapid.T){
		"begin": func(r *rapid.T) {
			m.after(2 * time.Minute) // mails to one address have a pace
			err := m.begin()
			if errors.Is(err, auth.Refuse(auth.SendLimitReached)) {
				return
			}
			if m.may(r, "beginning", !m.live() && !m.time().Before(m.cool), err) {
				m.state, m.until = "begun", m.time().Add(day)
				m.began, m.wrong = m.session, 0
				if m.buyer == nil {
					m.comes()
				}
			}
		},
		"take": func(r *rapid.T) {
			if m.buyer == nil {
				return
			}
			err := lastErr(m.shops.TakeAccount(ctx, m.buyer.Caller, m.link))
			if m.may(r, "taking", m.live() && m.state == "begun", err) {
				m.state, m.until = "taken", m.time().Add(day)
			}
		},
		"confirm": func(r *rapid.T) {
			if m.buyer == nil {
				return
			}
			if m.may(r, "confirming", m.live() && m.state == "taken", m.confirm(m.signs())) {
				m.state, m.until = "agreed", m.time().Add(day)
				m.cool = m.until
			}
		},
		"wrong signs": func(r *rapid.T) {
			m.may(r, "wrong signs", false, m.confirm("0000-0000"))
			if m.live() && m.state == "taken" {
				if m.wrong++; m.wrong == 5 {
					m.state = ""
				}
			}
		},
		"stop": func(r *rapid.T) {
			if m.may(r, "stopping", m.live(), m.shops.StopAccount(ctx, m.owner.Caller)) {
				m.state = ""
				if until := m.time().Add(day); m.began != m.session && until.After(m.cool) {
					m.cool = until
				}
			}
		},
		"decline": func(r *rapid.T) {
			if m.buyer == nil {
				return
			}
			taken := m.live() && m.state != "begun"
			if taken && m.may(r, "declining", true, m.shops.DeclineAccount(ctx, m.buyer.Caller)) {
				m.state = ""
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
		"time": func(*rapid.T) { m.after(13 * time.Hour) },
	}
}

// However both sides begin, take, confirm and stop, and whatever else happens to the owner: the account is the other
// one's when both have spoken, a day has passed and nobody has stopped it, and never else; what he signs in with is what
// he has set up, and it never was without a second step.
func TestAccountHandOverModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := &dealModel{deal: newDeal(t), password: lab.Password}
		steps := m.steps()
		for range rapid.IntRange(1, 18).Draw(r, "steps") {
			steps[rapid.SampledFrom([]string{"begin", "begin", "take", "take", "take", "confirm", "confirm", "confirm",
				"time",
				"time", "time", "stop", "decline", "wrong signs", "a new password"}).Draw(r, "step")](r)
			if got := m.isBuyers(); got != m.handed {
				r.Fatalf("at %q: got it the buyer's: %v, want %v", m.state, got, m.handed)
			}
			me, err := m.s.Me(m.t.Context(), m.owner.Caller)
			if err != nil || me.Session.Restricted {
				r.Fatalf("at %q: got %+v, %v, want a second step", m.state, me, err)
			}
			if m.handed {
				return
			}
		}
	})
}
