package auth

import (
	"context"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// sweepCursors remember where the last sweep of each collection ended. Only
// spent marks, of which every sign-in leaves one, have an index by time: of the
// rest a sweep reads a bounded number of slices and goes on there the next time.
type sweepCursors struct {
	sync.Mutex
	at map[string]string
}

// sweeper reads one slice of one collection.
type sweeper func(w *Work, from string) (over []string, next string, err error)

// sweepOf returns a sweeper over a collection whose documents are over as
// the function says.
func sweepOf[T any](c *store.Collection[T], over func(*T, time.Time) bool) sweeper {
	return func(w *Work, from string) ([]string, string, error) {
		var keys []string
		n, last := 0, ""
		for item, err := range c.Scan(w.tx, from, "", scanBatch) {
			if err != nil {
				return nil, "", err
			}
			n, last = n+1, item.ID
			if over(item.Doc, w.now) {
				keys = append(keys, item.ID)
			}
		}
		if n < scanBatch {
			return keys, "", nil
		}
		return keys, last + "\x00", nil
	}
}

// maxSlices bounds one sweep of a collection: 100,000 documents.
const maxSlices = 200

// sweepSpent reads from the index by time instead.
func (s *Service) sweepSpent(w *Work, _ string) ([]string, string, error) {
	var keys []string
	for _, b := range spreads {
		rows, err := s.spent.Range(w.tx, "ends", string(b), string(b)+stampKey(w.now), scanBatch-len(keys))
		if err != nil {
			return nil, "", err
		}
		for _, r := range rows {
			keys = append(keys, r.ID)
		}
		if len(keys) == scanBatch {
			return keys, "more", nil
		}
	}
	return keys, "", nil
}

// Sweep removes a slice of what is over, and applies changes that came due.
// Call it every minute or so; nothing depends on when.
func (s *Service) Sweep(ctx context.Context) error {
	sys := Caller{system: true}
	steps := []struct {
		name   string
		find   sweeper
		delete func(store.Tx, string) error
	}{
		{"spent", s.sweepSpent, s.spent.Delete},
		{"link", sweepOf(s.links, func(l *link, now time.Time) bool { return now.After(l.Expires) }), s.links.Delete},
		{"session", sweepOf(s.sessions, func(x *Session, now time.Time) bool { return now.After(x.Expires) }), s.sessions.Delete},
		{"sent", sweepOf(s.sentBox, func(m *Message, now time.Time) bool { return now.Sub(m.ChangedAt) > keepSent }), s.sentBox.Delete},
		{"throttle", sweepOf(s.throttles, s.forgotten), s.throttles.Delete},
	}
	for _, st := range steps {
		for range maxSlices {
			more, err := s.sweepStep(ctx, sys, st.name, st.find, st.delete)
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
	}
	var due []string
	find := sweepOf(s.changes, func(c *change, now time.Time) bool { return !now.Before(c.Due) })
	if _, err := s.sweepStep(ctx, sys, "change", find, func(_ store.Tx, key string) error {
		due = append(due, key)
		return nil
	}); err != nil {
		return err
	}
	for _, key := range due {
		if err := s.applyChange(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// forgotten says whether a count may go: one of messages, or of guesses that
// have no limit, two days after its last. Guesses that have one are counted
// until a right answer: who guesses a few a day would otherwise never reach it.
func (s *Service) forgotten(t *throttle, now time.Time) bool {
	return !t.Keep && now.Sub(t.At) > 2*quiet && now.After(t.Until.Add(2*quiet))
}

// sweepStep finds on a snapshot and deletes in a transaction of its own, which
// looks again: what was renewed meanwhile stays.
func (s *Service) sweepStep(ctx context.Context, c Caller, name string, find sweeper, remove func(store.Tx, string) error) (more bool, err error) {
	s.cursor.Lock()
	if s.cursor.at == nil {
		s.cursor.at = map[string]string{}
	}
	from := s.cursor.at[name]
	s.cursor.Unlock()
	var over []string
	var next string
	err = s.Do(ctx, c, ActOutbox, func(w *Work) error {
		var err error
		over, next, err = find(w, from)
		return err
	})
	if err != nil {
		return false, err
	}
	if len(over) > 0 {
		err = s.Do(ctx, c, ActSweep, func(w *Work) error {
			again, _, err := find(w, from)
			if err != nil {
				return err
			}
			for _, key := range again {
				if err := remove(w.tx, key); err != nil {
					return err
				}
			}
			return nil
		})
	}
	s.cursor.Lock()
	s.cursor.at[name] = next
	s.cursor.Unlock()
	return next != "", err
}
