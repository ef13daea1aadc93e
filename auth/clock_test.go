package auth_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// A machine is a world whose boot time and wall clock go apart as tests say:
// pass steps the wall clock alone.
type machine struct {
	*world
	log bytes.Buffer

	boot   sync.Mutex
	booted time.Duration
}

func newMachine(t *testing.T) *machine {
	m := new(machine)
	m.world = newWorld(t, func(c *auth.Config) {
		c.Boot = m.sinceBoot
		c.Log = slog.New(slog.NewTextHandler(&m.log, nil))
	})
	return m
}

func (m *machine) sinceBoot() time.Duration {
	m.boot.Lock()
	defer m.boot.Unlock()
	return m.booted
}

// run lets time go by: awake or suspended, boot time and the wall clock agree.
func (m *machine) run(d time.Duration) {
	m.boot.Lock()
	m.booted += d
	m.boot.Unlock()
	m.pass(d)
}

// restart starts the service anew over the same store, on a machine that has just been booted.
func (m *machine) restart(change ...func(*auth.Config)) error {
	m.boot.Lock()
	m.booted = time.Second
	m.boot.Unlock()
	cfg := m.cfg
	for _, f := range change {
		f(&cfg)
	}
	s, err := auth.New(cfg)
	if err == nil {
		m.s = s
	}
	return err
}

// away is how far the wall clock is ahead of service time.
func (m *machine) away() time.Duration { return m.time().Sub(m.s.Now()) }

// Service time follows boot time and small steps forward; what is beyond raises the alarm, and nothing goes back.
func TestServiceTime(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name  string
		moves func(m *machine)
		away  time.Duration
		alarm bool
	}{
		{"runs", func(m *machine) { m.run(time.Hour) }, 0, false},
		{"suspended", func(m *machine) { m.run(9 * day) }, 0, false},
		{"a step of NTP", func(m *machine) { m.pass(120 * time.Second) }, 0, false},
		{"ten minutes", func(m *machine) { m.pass(10 * time.Minute) }, 0, false},
		{"more than ten minutes", func(m *machine) { m.pass(10*time.Minute + time.Second) }, 10*time.Minute + time.Second, true},
		{"days", func(m *machine) { m.pass(5 * day); m.run(time.Hour) }, 5 * day, true},
		{"small steps in a day", func(m *machine) { m.pass(6 * time.Minute); m.s.Now(); m.pass(6 * time.Minute) },
			6 * time.Minute, true},
		{"small steps in two days", func(m *machine) {
			m.pass(6 * time.Minute)
			m.s.Now()
			m.run(day)
			m.pass(6 * time.Minute)
		}, 0, false},
		{"drift", func(m *machine) {
			for range 240 {
				m.run(time.Hour)
				m.pass(2 * time.Second)
				m.s.Now()
			}
		}, 0, false},
		{"drift back", func(m *machine) {
			for range 240 {
				m.run(time.Hour)
				m.pass(-2 * time.Second)
				m.s.Now()
			}
		}, -480 * time.Second, false},
		{"back an hour", func(m *machine) { m.pass(-time.Hour) }, -time.Hour, true},
		{"back and forth", func(m *machine) { m.pass(-5 * day); m.s.Now(); m.pass(5 * day) }, 0, false},
		{"forth and back", func(m *machine) { m.pass(5 * day); m.s.Now(); m.pass(-5 * day) }, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			before := m.s.Now()
			tt.moves(m)
			if got := m.away(); got != tt.away {
				t.Errorf("the wall clock is ahead by %v, want %v", got, tt.away)
			}
			if m.s.Now().Before(before) {
				t.Errorf("service time went back from %v to %v", before, m.s.Now())
			}
			if got := m.s.ClockAlarm(); got != tt.alarm {
				t.Errorf("alarm: got %v, want %v", got, tt.alarm)
			}
			if got := bytes.Contains(m.log.Bytes(), []byte("level=ERROR")); tt.alarm && !got {
				t.Error("nothing in the log")
			}
		})
	}
}

// Whatever the wall clock has done, the code that a phone shows by it is right, and only once.
func TestAppCodesFollowTheWallClock(t *testing.T) {
	const day = 24 * time.Hour
	for name, step := range map[string]time.Duration{"none": 0, "120 s": 120 * time.Second, "5 days": 5 * day,
		"an hour back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.run(2 * time.Hour)
			c := caller("home")
			m.seller("wei@example.com", "+8613800138000")
			secret, _ := m.enrolApp(with(c, m.signIn(c, "wei@example.com").Token))
			if step < 0 { // a step that was used is not seen again by going back: later ones are good
				m.run(2 * time.Hour)
				m.second(c, m.signIn(c, "wei@example.com"), secret)
				used := m.app(secret)
				m.pass(step)
				m.wantUsed(c, used)
				m.run(-step)
			} else {
				m.pass(step)
			}
			m.run(time.Minute)
			m.second(c, m.signIn(c, "wei@example.com"), secret)
			m.wantUsed(c, m.app(secret))
		})
	}
}

// wantUsed fails the test unless a code that was used once is refused.
func (m *machine) wantUsed(c auth.Caller, code []byte) {
	m.t.Helper()
	info := m.signIn(c, "wei@example.com")
	ch, err := m.s.SignInBegin(m.t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	ok(m.t, "begin", err)
	if _, err = m.s.SignInFinish(m.t.Context(), c, ch.Ceremony, code); err == nil {
		m.t.Error("a code that was used passes again")
	}
}

// A step forward ends no wait until an operator accepts it; his name is in the audit trail.
func TestClockAccepted(t *testing.T) {
	m := newMachine(t)
	_, c := m.enrolled("wei@example.com", "+8613800138000")
	m.pass(20 * 24 * time.Hour) // more than a session idles
	_, err := m.s.Me(t.Context(), c)
	ok(t, "a session after a step that nobody has accepted", err)
	_, err = m.s.RepairClock(t.Context(), "lin")
	if !errors.Is(err, auth.ErrClockNotBehind) {
		t.Errorf("repairing a clock that is ahead: got %v", err)
	}
	state, err := m.s.AcceptClock(t.Context(), "lin")
	ok(t, "accept", err)
	if !state.Service.Equal(state.Wall) || !state.Saved.Equal(state.Wall) || state.Alarm {
		t.Errorf("after accepting: got %+v, want all times the same", state)
	}
	_, err = m.s.Me(t.Context(), c)
	wantCode(t, "a session after its end", err, auth.SessionEnded)
	_, err = m.s.AcceptClock(t.Context(), "lin")
	if !errors.Is(err, auth.ErrClockNotAhead) {
		t.Errorf("accepting twice: got %v", err)
	}
	events := m.siteEvents(auth.ActClock)
	if len(events) != 1 || events[0].Who != "lin" || events[0].Item == "" {
		t.Errorf("the audit trail: got %+v, want one event by lin", events)
	}
	if _, _, err := m.s.VerifyAudit(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// siteEvents returns the events of the site's own chains that are about an action.
func (m *machine) siteEvents(a auth.Action) (found []auth.Event) {
	m.t.Helper()
	events := store.NewCollection[auth.Event]("event", m.keys)
	err := m.db.View(m.t.Context(), func(tx store.Tx) error {
		found = nil
		for item, err := range events.Prefix(tx, "site-", 1000) {
			if err != nil {
				return err
			}
			if item.Doc.Action == a {
				found = append(found, *item.Doc)
			}
		}
		return nil
	})
	ok(m.t, "read the audit trail", err)
	return found
}

// One start with the clock days ahead is put right: service time goes back, and nothing comes back to life.
func TestClockRepaired(t *testing.T) {
	const ahead = 20 * 24 * time.Hour
	m := newMachine(t)
	secret, old := m.enrolled("wei@example.com", "+8613800138000")
	m.pass(ahead)
	ok(t, "start ahead", m.restart())
	if m.s.ClockAlarm() || m.away() != 0 {
		t.Fatalf("a start 20 days ahead is believed: away %v", m.away())
	}
	wrong := caller("wrong")
	for range 6 {
		_, err := m.s.SignIn(t.Context(), wrong, auth.SignInForm{Identifier: "wei@example.com", Password: "not-it"})
		wantCode(t, "a wrong password", err, auth.SignInRefused)
	}
	ok(t, "sweep", m.s.Sweep(t.Context()))
	m.pass(-ahead)
	ok(t, "start right", m.restart())
	m.s.Now()
	if !m.s.ClockAlarm() {
		t.Error("no alarm, with service time 20 days ahead")
	}
	m.run(time.Minute)
	during := m.second(caller("home"), m.signIn(caller("home"), "wei@example.com"), secret) // true codes are right
	state, err := m.s.RepairClock(t.Context(), "lin")
	ok(t, "repair", err)
	if !state.Service.Equal(state.Wall) || state.Alarm {
		t.Errorf("after the repair: got %+v, want all times the same", state)
	}
	for what, token := range map[string]string{"from before": old.Token, "of the wrong time": during.Token} {
		_, err := m.s.Me(t.Context(), with(caller("home"), token))
		wantCode(t, "a session "+what, err, auth.SessionEnded)
	}
	ok(t, "start again", m.restart())
	if m.away() != 0 {
		t.Errorf("after another start: away %v, want 0", m.away())
	}
	m.run(time.Hour)
	m.second(wrong, m.signIn(wrong, "wei@example.com"), secret) // the wait of the wrong time is over as well
}

// A start more than 30 days after the store was last used is refused, unless the operator says that the clock is right.
func TestStartFarAhead(t *testing.T) {
	const day = 24 * time.Hour
	m := newMachine(t)
	m.enrolled("wei@example.com", "+8613800138000")
	m.pass(30 * day)
	ok(t, "30 days later", m.restart())
	ok(t, "a quiet hour is noted", m.s.Sweep(t.Context()))
	m.pass(30*day + time.Minute)
	if err := m.restart(); !errors.Is(err, auth.ErrClockAhead) {
		t.Fatalf("more than 30 days later: got %v, want a refusal", err)
	}
	ok(t, "told", m.restart(func(c *auth.Config) { c.AnyClock = true }))
	if got := m.away(); got < 30*day {
		t.Errorf("opened to look: away %v, want service time where it was", got)
	}
	_, err := m.s.AcceptClock(t.Context(), "lin")
	ok(t, "accept", err)
	ok(t, "start again", m.restart())
	for range 60 { // a site that nobody visits is not behind
		m.run(day)
		ok(t, "sweep", m.s.Sweep(t.Context()))
	}
	ok(t, "after 60 quiet days", m.restart())
}

// A heldDB lets a test act before a write, once its pass has looked at the clock.
type heldDB struct {
	store.DB
	before func()
}

func (d *heldDB) Update(ctx context.Context, fn func(store.Tx) error) error {
	if d.before != nil {
		d.before()
	}
	return d.DB.Update(ctx, fn)
}

// A pass that began before the clock was repaired does not bring the old time back.
func TestRepairOutlastsPassesUnderWay(t *testing.T) {
	m := newMachine(t)
	m.enrolled("wei@example.com", "+8613800138000")
	held := &heldDB{DB: m.db}
	ok(t, "start", m.restart(func(c *auth.Config) { c.DB = held }))
	m.run(2 * time.Minute) // the time is due to be saved
	m.pass(-2 * time.Hour)
	held.before = func() {
		held.before = nil
		_, err := m.s.RepairClock(t.Context(), "lin")
		ok(t, "repair", err)
	}
	_, err := m.s.Forgot(t.Context(), caller("home"), auth.ForgotForm{Identifier: "wei@example.com"}) // known: no puzzle
	ok(t, "forgot", err)
	state, err := m.s.ClockState(t.Context())
	ok(t, "look", err)
	if state.Saved.After(state.Wall) {
		t.Errorf("stored: got %v, want no later than %v", state.Saved, state.Wall)
	}
}

// The clock is set where it is a minute apart and not before, to the whole second, and not beyond what it shows.
func TestTheClockIsSetByWholeSeconds(t *testing.T) {
	const half = 500 * time.Millisecond
	accept := func(m *machine) (*auth.ClockState, error) { return m.s.AcceptClock(m.t.Context(), "lin") }
	repair := func(m *machine) (*auth.ClockState, error) { return m.s.RepairClock(m.t.Context(), "lin") }
	for name, c := range map[string]struct {
		step time.Duration
		set  func(m *machine) (*auth.ClockState, error)
		want error
	}{
		"ahead by less than a minute":  {time.Minute - tick, accept, auth.ErrClockNotAhead},
		"ahead by a minute":            {time.Minute, accept, nil},
		"ahead by a minute and a half": {90*time.Second + half, accept, nil},
		"behind by less than a minute": {-time.Minute + tick, repair, auth.ErrClockNotBehind},
		"behind by a minute":           {-time.Minute, repair, nil},
		"behind by an hour":            {-time.Hour + half, repair, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.run(time.Minute + 7*time.Second)
			m.pass(10 * time.Minute) // what is followed in a day
			m.s.Now()
			m.pass(c.step)
			state, err := c.set(m)
			if !errors.Is(err, c.want) || err != nil && c.want == nil {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if c.want != nil {
				return
			}
			whole := m.time().Truncate(time.Second)
			if !state.Saved.Equal(whole) || !state.Service.Equal(whole) || !state.Wall.Equal(m.time()) || state.Alarm {
				t.Errorf("got %+v, want service time at %v", state, whole)
			}
		})
	}
}

// What was counted at a wrong time is counted as of the time that is right: the wait is as long as it would have been,
// and a day later it is forgotten.
func TestCountsOfAWrongTimeAreCountedAsOfTheRightOne(t *testing.T) {
	const ahead = 20 * 24 * time.Hour
	m := newMachine(t)
	m.enrolled(sellerMail, sellerNumber)
	wrong := func(n int) {
		t.Helper()
		for range n {
			wantCode(t, "a wrong password", m.guess("new", "Wrong-Horse9"), auth.SignInRefused)
		}
	}
	wrong(2)
	m.pass(ahead)
	ok(t, "start ahead", m.restart())
	wrong(5)
	m.pass(-ahead)
	ok(t, "start right", m.restart())
	m.s.Now()
	ok(t, "repair", lastErr(m.s.RepairClock(t.Context(), "lin")))
	wantCode(t, "while it rests", m.guess("new", password), auth.SignInRefused)
	m.run(time.Minute)
	ok(t, "after the wait", m.guess("new", password))
	wrong(4)
	ok(t, "four more", m.guess("new", password))
	wrong(5)
	m.run(25 * time.Hour)
	wrong(4)
	ok(t, "a day later four are free again", m.guess("new", password))
}

// A backup that is put back where service time has stopped behind the wall clock goes on by the wall clock, to the
// second; one that was put back at a wrong time kills no code of the right one.
func TestTheClockOfARestoredBackup(t *testing.T) {
	m := newMachine(t)
	m.enrolled(sellerMail, sellerNumber)
	m.pass(20*24*time.Hour + 7*time.Second + 500*time.Millisecond)
	if m.away() == 0 {
		t.Fatal("the step was followed")
	}
	ok(t, "restored", lastErr(m.s.Restored(t.Context(), true)))
	if m.s.Now(); m.away() != 0 || m.s.ClockAlarm() {
		t.Errorf("got service time %v behind, want it at the wall clock", m.away())
	}

	m = newMachine(t)
	secret, _ := m.enrolled(sellerMail, sellerNumber)
	const ahead = 20 * 24 * time.Hour
	m.pass(ahead)
	ok(t, "start ahead", m.restart())
	ok(t, "restored at a wrong time", lastErr(m.s.Restored(t.Context(), true)))
	m.pass(-ahead)
	ok(t, "start right", m.restart())
	m.s.Now()
	ok(t, "repair", lastErr(m.s.RepairClock(t.Context(), "lin")))
	m.run(2 * time.Minute)
	m.second(caller("home"), m.signIn(caller("home"), sellerMail), secret)
}
