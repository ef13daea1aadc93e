package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// clockGrain is how far the stored high-water mark may lag.
const clockGrain = time.Minute

// steadyClock returns a clock that follows the monotonic clock from its start: a
// step of the wall clock within the process neither locks nor revives
// anything, while slewing by NTP is followed.
func steadyClock() func() time.Time {
	start := time.Now()
	return func() time.Time { return start.Add(time.Since(start)).Round(0) }
}

// startSite reads the site's record, or makes it at the first start.
func (s *Service) startSite(now func() time.Time) error {
	if now == nil {
		now = steadyClock()
	}
	s.clock.wall = now
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
		s.clock.high, s.clock.saved = m.High, m.High
		s.siteRecord.Store(m)
		if err := s.saveDummyAccount(tx); err != nil || !fresh {
			return err
		}
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
func (s *Service) forgetTime() {
	s.clock.Lock()
	defer s.clock.Unlock()
	s.clock.high, s.clock.saved = time.Time{}, time.Time{}
}

// now is the time in seconds UTC; it never goes back, across restarts either.
func (s *Service) now() time.Time {
	s.clock.Lock()
	defer s.clock.Unlock()
	t := s.clock.wall().UTC().Truncate(time.Second)
	if t.Before(s.clock.high) {
		return s.clock.high
	}
	s.clock.high = t
	return t
}

// timeDue reports whether the high-water mark should be saved beside the next
// write. It is asked outside of the transaction, which may run twice.
func (s *Service) timeDue(now time.Time) bool {
	s.clock.Lock()
	defer s.clock.Unlock()
	return now.Sub(s.clock.saved) >= clockGrain
}

// timeSaved notes that the mark is durable.
func (s *Service) timeSaved(at time.Time) {
	s.clock.Lock()
	defer s.clock.Unlock()
	if at.After(s.clock.saved) {
		s.clock.saved = at
	}
}

// saveTimeIfDue saves the high-water mark in a transaction that writes anyway.
func (w *Work) saveTimeIfDue() error {
	if !w.saveTimeDue || w.auditAccount == "" {
		return nil
	}
	return w.saveTime()
}

// saveTime saves the high-water mark.
func (w *Work) saveTime() error {
	m, err := w.s.meta.Get(w.tx, "site")
	if err == nil {
		m.High = w.clockNow
		err = w.s.meta.Put(w.tx, "site", m)
	}
	if err != nil {
		return fmt.Errorf("saving the time: %w", err)
	}
	return nil
}
