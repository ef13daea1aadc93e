package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// times returns service time and the wall clock's. It raises the alarm.
func (s *Service) times() (service, wall time.Time) {
	service, wall, changed := s.clock.read()
	if changed {
		if off := wall.Sub(service); s.ClockAlarm() {
			s.log.Error("the wall clock and service time are apart: look at it with latchkey clock",
				"wall", wall, "service", service, "ahead", off.String())
		} else {
			s.log.Info("the wall clock and service time agree again")
		}
	}
	return service, wall
}

// now is service time in seconds UTC; it never goes back, across restarts either.
func (s *Service) now() time.Time {
	service, _ := s.times()
	return service.Truncate(time.Second)
}

// Now is service time: what every wait and life that the service tells goes by.
func (s *Service) Now() time.Time {
	service, _ := s.times()
	return service
}

// ClockAlarm reports whether the wall clock is so far from service time that an
// operator has to look.
func (s *Service) ClockAlarm() bool {
	s.clock.Lock()
	defer s.clock.Unlock()
	return s.clock.alarm
}

// startSite reads the site's record, or makes it at the first start.
func (s *Service) startSite(anyClock bool) error {
	secret, mark := s.random(32), s.random(16)
	err := s.db.Update(context.Background(), func(tx store.Tx) error {
		m, err := s.meta.Get(tx, "site")
		fresh := errors.Is(err, store.ErrNotFound)
		if fresh {
			m = &siteMeta{Secret: secret}
			if s.lab != nil {
				m.Lab = mark
			}
		} else if err != nil {
			return s.otherPurpose(tx, err)
		}
		if err := s.checkLab(tx, m, fresh); err != nil {
			return err
		}
		if err := s.clock.begin(m.High, anyClock); err != nil {
			return err
		}
		s.siteRecord.Store(m)
		if err := s.saveDummyAccount(tx); err != nil || !fresh {
			return err
		}
		m.High = s.clock.at.Truncate(time.Second)
		return s.meta.Insert(tx, "site", m)
	})
	if err != nil {
		return fmt.Errorf("reading the site's record: %w", err)
	}
	if s.lab != nil {
		s.lab.setMark(s.siteRecord.Load().Lab)
		s.lab.clock.notBefore(s.siteRecord.Load().High)
	}
	return nil
}

// forgetTime ends the promise that time never goes back: a lab that was emptied
// holds nothing that it could revive.
func (s *Service) forgetTime() { s.clock.set(time.Time{}) }

// saveTimeIfDue saves service time in a transaction that writes anyway.
func (w *Work) saveTimeIfDue() error {
	if !w.saveTimeDue || w.auditAccount == "" {
		return nil
	}
	return w.saveTime()
}

// saveTime saves service time. A pass from before an operator has set the clock
// saves nothing: it would undo that.
func (w *Work) saveTime() error {
	m, err := w.s.meta.Get(w.tx, "site")
	if err == nil && m.ClockSet == w.clockSet {
		m.High = w.clockNow
		err = w.s.meta.Put(w.tx, "site", m)
	}
	if err != nil {
		return fmt.Errorf("saving the time: %w", err)
	}
	return nil
}

// saveIdleTime saves service time where nothing has been written for long, so that
// a quiet month does not look like a clock that is ahead.
func (s *Service) saveIdleTime(ctx context.Context) error {
	now := s.now()
	if !s.clock.due(now, clockIdle) {
		return nil
	}
	err := s.do(ctx, Caller{system: true}, ActSweep, (*Work).saveTime)
	if err == nil {
		s.clock.noteSaved(now)
	}
	return err
}

// A ClockState is what an operator is told about time.
type ClockState struct {
	Wall    time.Time // the machine's clock: app codes go by it
	Service time.Time // waits, locks and lives go by it
	Saved   time.Time // the service time that is stored
	Alarm   bool      // they are further apart than they get by themselves
}

// ClockState returns both times.
func (s *Service) ClockState(ctx context.Context) (*ClockState, error) {
	service, wall := s.times()
	alarm := s.ClockAlarm()
	return do(ctx, s, Caller{system: true}, ActLookClock, func(w *Work) (*ClockState, error) {
		m, err := s.meta.Get(w.tx, "site")
		if err != nil {
			return nil, fmt.Errorf("reading the site's record: %w", err)
		}
		return &ClockState{Wall: wall, Service: service, Saved: m.High, Alarm: alarm}, nil
	})
}

// The reasons why the clock is not set.
var (
	ErrClockNotAhead  = errors.New("the wall clock is not ahead of service time: there is nothing to accept")
	ErrClockNotBehind = errors.New("the wall clock is not behind service time: there is nothing to repair")
)

// AcceptClock makes the wall clock service time where it is ahead, on an operator's
// word: every wait that ends by it is over.
func (s *Service) AcceptClock(ctx context.Context, operator string) (*ClockState, error) {
	service, wall := s.times()
	if wall.Sub(service) < clockGrain {
		return nil, ErrClockNotAhead
	}
	return s.setClock(ctx, operator, service, wall, func(*Work, *siteMeta) {})
}

// RepairClock makes the wall clock service time where it is behind, on an operator's
// word: the service has once believed a clock that was ahead. Time going back would
// revive what was over; so all of that ends, as after a restore (Restored), save
// recovery codes: none that was used is forgotten.
func (s *Service) RepairClock(ctx context.Context, operator string) (*ClockState, error) {
	service, wall := s.times()
	if service.Sub(wall) < clockGrain {
		return nil, ErrClockNotBehind
	}
	at, drawn := wall.Truncate(time.Second), s.epochBits()
	if err := s.moveCounts(ctx, at); err != nil {
		return nil, err
	}
	state, err := s.setClock(ctx, operator, service, wall, func(_ *Work, m *siteMeta) {
		m.newEpoch(at, drawn)
		m.Restored, m.NoCodes = earlier(m.Restored, at), earlier(m.NoCodes, at)
	})
	if err != nil {
		return nil, err
	}
	return state, s.moveCounts(ctx, at) // those of meanwhile
}

// moveCounts moves what was counted later than to back to it, with the waits that
// follow: else who was refused at a wrong time would be so until then.
func (s *Service) moveCounts(ctx context.Context, to time.Time) error {
	sys := Caller{system: true}
	find := sweeperOf(s.attempts, func(_ *Work, t *attempts) bool { return t.At.After(to) })
	for from, more := "", true; more; {
		found, err := do(ctx, s, sys, ActOutbox, func(w *Work) (sweepSlice, error) { return find(w, from) })
		if err != nil {
			return fmt.Errorf("looking for later counts: %w", err)
		}
		if len(found.keys) > 0 {
			err = s.do(ctx, sys, ActSweep, func(w *Work) error { return w.moveBack(found.keys, to) })
		}
		if err != nil {
			return fmt.Errorf("moving counts: %w", err)
		}
		from, more = found.next, found.next != ""
	}
	return nil
}

// moveBack moves counts back. A quota lies there as attempts do: its day begins where their rest ends.
func (w *Work) moveBack(keys []string, to time.Time) error {
	for _, key := range keys {
		t, err := w.attempts(key)
		if err != nil {
			return err
		}
		ahead := t.At.Sub(to)
		if ahead <= 0 {
			continue
		}
		t.At = to
		if !t.RestsUntil.IsZero() {
			t.RestsUntil = t.RestsUntil.Add(-ahead)
		}
		if err := w.s.attempts.Put(w.tx, key, &t); err != nil {
			return err
		}
	}
	return nil
}

// setClock makes to service time, in the store and then here.
func (s *Service) setClock(ctx context.Context, operator string, from, to time.Time,
	change func(*Work, *siteMeta)) (*ClockState, error) {
	to = to.Truncate(time.Second)
	caller := Caller{system: true, operator: operator}
	site, err := do(ctx, s, caller, ActClock, func(w *Work) (*siteMeta, error) {
		m, err := s.meta.Get(w.tx, "site")
		if err != nil {
			return nil, fmt.Errorf("reading the site's record: %w", err)
		}
		w.About(siteChain("clock"))
		w.Note("", from.Format(time.RFC3339)+" -> "+to.Format(time.RFC3339))
		m.High = to
		m.ClockSet++
		change(w, m)
		return m, s.meta.Put(w.tx, "site", m)
	})
	if err != nil {
		return nil, err
	}
	s.clock.set(to)
	s.siteRecord.Store(site)
	return s.ClockState(ctx)
}

func earlier(t, u time.Time) time.Time {
	if u.Before(t) {
		return u
	}
	return t
}
