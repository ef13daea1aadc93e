package auth

import (
	"context"
	"errors"
	"sync"

	"github.com/latchkey-auth/latchkey/store"
)

// sweepCursors remember where the last sweep of each collection ended. Only
// spent marks, of which every sign-in leaves one, have an index by time: of the
// rest a sweep reads a bounded number of slices and goes on there the next time.
type sweepCursors struct {
	sync.Mutex
	at map[string]string
}

func (c *sweepCursors) get(name string) string {
	c.Lock()
	defer c.Unlock()
	return c.at[name]
}

func (c *sweepCursors) set(name, next string) {
	c.Lock()
	defer c.Unlock()
	if c.at == nil {
		c.at = map[string]string{}
	}
	c.at[name] = next
}

// sweeper reads one slice of one collection.
type sweeper func(w *Work, from string) (slice, error)

// slice is what was found in a slice of a collection: the keys of what is over,
// and where the next slice begins, "" after the last.
type slice struct {
	over []string
	next string
}

// sweepOf returns a sweeper over a collection whose documents are over as
// the function says.
func sweepOf[T any](c *store.Collection[T], over func(*Work, *T) bool) sweeper {
	return func(w *Work, from string) (slice, error) {
		var found slice
		n, last := 0, ""
		for item, err := range c.Scan(w.tx, from, "", scanBatch) {
			if err != nil {
				return slice{}, err
			}
			n, last = n+1, item.ID
			if over(w, item.Doc) {
				found.over = append(found.over, item.ID)
			}
		}
		if n == scanBatch {
			found.next = last + "\x00"
		}
		return found, nil
	}
}

// maxSlices bounds one sweep of a collection: 100,000 documents.
const maxSlices = 200

// sweepSpent reads from the index by time instead.
func (s *Service) sweepSpent(w *Work, _ string) (slice, error) {
	var keys []string
	for _, b := range spreads {
		rows, err := s.spent.Range(w.tx, "ends", string(b), string(b)+stampKey(w.now), scanBatch-len(keys))
		if err != nil {
			return slice{}, err
		}
		for _, r := range rows {
			keys = append(keys, r.ID)
		}
		if len(keys) == scanBatch {
			return slice{keys, "more"}, nil
		}
	}
	return slice{over: keys}, nil
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
		{"link", sweepOf(s.links, func(w *Work, l *link) bool { return w.now.After(l.Expires) }), s.links.Delete},
		{"session", sweepOf(s.sessions, func(w *Work, x *Session) bool { return w.now.After(x.Expires) }), s.sessions.Delete},
		{"sent", sweepOf(s.sentBox, func(w *Work, m *Message) bool { return w.now.Sub(m.ChangedAt) > keepSent }), s.sentBox.Delete},
		{"throttle", sweepOf(s.throttles, (*Work).forgotten), s.throttles.Delete},
	}
	for _, st := range steps {
		if err := s.sweepAll(ctx, sys, st.name, st.find, st.delete); err != nil {
			return err
		}
	}
	find := sweepOf(s.changes, func(w *Work, c *change) bool { return !w.now.Before(c.Due) })
	if err := s.comeDue(ctx, sys, "change", find, s.applyChange); err != nil {
		return err
	}
	return s.collections(func(c chores) error {
		if err := s.sweepAll(ctx, sys, c.name, c.sweep, c.remove); err != nil || c.due == nil {
			return err
		}
		return s.comeDue(ctx, sys, c.name+" due", c.due, c.apply)
	})
}

// sweepAll sweeps a collection, slice by slice.
func (s *Service) sweepAll(ctx context.Context, c Caller, name string, find sweeper, remove func(store.Tx, string) error) error {
	for range maxSlices {
		found, err := s.sweepStep(ctx, c, name, find, remove)
		if err != nil || found.next == "" {
			return err
		}
	}
	return nil
}

// comeDue applies what has come due in a slice of a collection.
func (s *Service) comeDue(ctx context.Context, c Caller, name string, find sweeper, apply func(context.Context, Caller, string) error) error {
	due, err := s.sweepStep(ctx, c, name, find, nil)
	if err != nil {
		return err
	}
	for _, key := range due.over {
		err = errors.Join(err, apply(ctx, c, key)) // one that cannot be done holds up no other
	}
	return err
}

// forgotten says whether a count may go: one of messages, or of guesses that
// have no limit, two days after its last. Guesses that have one are counted
// until a right answer: who guesses a few a day would otherwise never reach it.
func (w *Work) forgotten(t *throttle) bool {
	return !t.Keep && w.now.Sub(t.At) > 2*quiet && w.now.After(t.Until.Add(2*quiet))
}

// sweepStep finds on a snapshot and deletes in a transaction of its own, which
// looks again: what was renewed meanwhile stays. Without remove it only finds.
func (s *Service) sweepStep(ctx context.Context, c Caller, name string, find sweeper,
	remove func(store.Tx, string) error) (slice, error) {
	from := s.cursor.get(name)
	found, err := do(ctx, s, c, ActOutbox, func(w *Work) (slice, error) { return find(w, from) })
	if err != nil {
		return slice{}, err
	}
	if len(found.over) > 0 && remove != nil {
		err = s.do(ctx, c, ActSweep, func(w *Work) error {
			again, err := find(w, from)
			if err != nil {
				return err
			}
			for _, key := range again.over {
				if err := remove(w.tx, key); err != nil {
					return err
				}
			}
			return nil
		})
	}
	s.cursor.set(name, found.next)
	return found, err
}
