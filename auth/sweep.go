package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
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
type sweeper func(w *Work, from string) (sweepSlice, error)

// sweepSlice is what was found in a slice of a collection: the keys of what is over,
// and where the next slice begins, "" after the last.
type sweepSlice struct {
	keys []string
	next string
}

// sweeperOf returns a sweeper over a collection whose documents are over as
// the function says.
func sweeperOf[T any](c *store.Collection[T], over func(*Work, *T) bool) sweeper {
	return func(w *Work, from string) (sweepSlice, error) {
		var found sweepSlice
		n, last := 0, ""
		for item, err := range c.Scan(w.tx, from, "", scanBatch) {
			if err != nil {
				return sweepSlice{}, err
			}
			n, last = n+1, item.ID
			if over(w, item.Doc) {
				found.keys = append(found.keys, item.ID)
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

// sweepConsumed reads from the index by time instead.
func (s *Service) sweepConsumed(w *Work, _ string) (sweepSlice, error) {
	var keys []string
	for _, b := range spreads {
		rows, err := s.consumed.Range(w.tx, "ends", string(b), string(b)+timeKey(w.now), scanBatch-len(keys))
		if err != nil {
			return sweepSlice{}, err
		}
		for _, r := range rows {
			keys = append(keys, r.ID)
		}
		if len(keys) == scanBatch {
			return sweepSlice{keys, "more"}, nil
		}
	}
	return sweepSlice{keys: keys}, nil
}

// Sweep removes a slice of what is over, and applies changes that came due. Call it every minute or so; nothing
// depends on when. What cannot be done holds up nothing else: the error is all that was in the way.
func (s *Service) Sweep(ctx context.Context) error {
	sys := Caller{system: true}
	var failed error
	for _, do := range slices.Concat(s.ownChores(sys), s.chores(sys)) {
		if ctx.Err() != nil {
			break
		}
		failed = errors.Join(failed, WithoutPanic(func() error { return do(ctx) }))
	}
	return errors.Join(failed, ctx.Err())
}

// WithoutPanic makes a panic an error with its stack: what is done behind the requests must not end the program at a
// document that it cannot deal with. The value is left out, since it may quote the document.
func WithoutPanic(do func() error) (err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		text, stack := fmt.Sprintf("%T", v), debug.Stack()
		if cause, ok := v.(error); ok {
			if r, ok := errors.AsType[runtime.Error](cause); ok {
				text = r.Error()
			}
		}
		if inner, ok := v.(interface{ Trace() []byte }); ok { // of an update, which another goroutine ran
			stack = inner.Trace()
		}
		err = fmt.Errorf("panic: %s\n%s", text, stack)
	}()
	return do()
}

// ownChores are those of auth itself, in the order in which they are done.
func (s *Service) ownChores(sys Caller) []func(context.Context) error {
	list := []func(context.Context) error{s.saveIdleTime,
		func(ctx context.Context) error { return s.checkRecalls(ctx, sys) },
		func(ctx context.Context) error { return s.writeRepeats(ctx, sys) }}
	for _, c := range []struct {
		name   string
		find   sweeper
		remove func(store.Tx, string) error
	}{
		{"spent", s.sweepConsumed, s.consumed.Delete},
		{"link", sweeperOf(s.links, func(w *Work, l *link) bool { return w.now.After(l.Expires) }), s.links.Delete},
		{"session", sweeperOf(s.sessions, (*Work).sessionSwept), s.sessions.Delete},
		{"sent", sweeperOf(s.sentBox, func(w *Work, m *Message) bool { return w.now.Sub(m.ChangedAt) > receiptWait }), s.sentBox.Delete},
		{"introduction", sweeperOf(s.introductions, (*Work).introductionOver), s.introductions.Delete},
		{"mailed-code", sweeperOf(s.mailed, (*Work).mailedCodesOver), s.mailed.Delete},
		{"ticket", sweeperOf(s.tickets, (*Work).ticketOver), s.tickets.Delete},
		{"throttle", sweeperOf(s.attempts, (*Work).countOver), s.attempts.Delete},
	} {
		list = append(list, func(ctx context.Context) error { return s.sweepAll(ctx, sys, c.name, c.find, c.remove) })
	}
	moves := func(w *Work, c *change) bool { return c.movesContact() && !w.now.Before(c.Due) }
	for _, c := range []struct {
		name  string
		find  sweeper
		apply func(context.Context, Caller, string) error
	}{
		{"change", sweeperOf(s.changes, (*Work).removalDue), s.applyChange},
		{"keys only", sweeperOf(s.changes, (*Work).keysOffDue), s.applyKeysOff},
		{"move", sweeperOf(s.changes, moves), s.applyMove},
		{"last day", sweeperOf(s.changes, (*Work).lastDayDue), s.beginLastDay},
		{"closing", sweeperOf(s.changes, (*Work).closingDue), s.applyClosing},
		{"account", sweeperOf(s.accounts, (*Work).unindexed), s.index},
		{"dormant", sweeperOf(s.accounts, (*Work).dormancyDue), s.applyDormancy},
	} {
		list = append(list, func(ctx context.Context) error { return s.applyDue(ctx, sys, c.name, c.find, c.apply) })
	}
	return list
}

// chores are those of every collection of a part.
func (s *Service) chores(sys Caller) (list []func(context.Context) error) {
	_ = s.eachCollection(func(c chores) error {
		list = append(list, func(ctx context.Context) error { return s.sweepAll(ctx, sys, c.name, c.findOver, c.remove) })
		if c.findDue != nil {
			list = append(list, func(ctx context.Context) error {
				return s.applyDue(ctx, sys, c.name+" due", c.findDue, c.apply)
			})
		}
		return nil
	})
	return list
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

// dueSlices bounds how much of a collection one sweep looks through for what is due: 10,000 documents, so that a million
// accounts are seen within two hours. It ends sooner where it has done a slice's worth of acts: each is a commit.
const dueSlices = 20

// applyDue applies what has come due in some slices of a collection.
func (s *Service) applyDue(ctx context.Context, c Caller, name string, find sweeper, apply func(context.Context, Caller, string) error) error {
	var failed error
	applied := 0
	for range dueSlices {
		due, err := s.sweepStep(ctx, c, name, find, nil)
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, key := range due.keys {
			failed = errors.Join(failed, WithoutPanic(func() error { return apply(ctx, c, key) })) // it holds up no other
		}
		if applied += len(due.keys); due.next == "" || applied >= scanBatch || ctx.Err() != nil {
			break
		}
	}
	return failed
}

// sessionSwept reports whether the record of a session may go.
func (w *Work) sessionSwept(x *session) bool {
	return w.now.After(x.Expires) || x.exchanged() && w.now.Sub(x.NextAt) > rotationKept
}

// sweepStep finds on a snapshot and deletes in a transaction of its own, which
// looks again: what was renewed meanwhile stays. Without remove it only finds.
func (s *Service) sweepStep(ctx context.Context, c Caller, name string, find sweeper,
	remove func(store.Tx, string) error) (sweepSlice, error) {
	from := s.sweepCursors.get(name)
	found, err := do(ctx, s, c, ActOutbox, func(w *Work) (sweepSlice, error) { return find(w, from) })
	if err != nil {
		return sweepSlice{}, err
	}
	if len(found.keys) > 0 && remove != nil {
		err = s.do(ctx, c, ActSweep, func(w *Work) error {
			again, err := find(w, from)
			if err != nil {
				return err
			}
			for _, key := range again.keys {
				if err := remove(w.tx, key); err != nil {
					return err
				}
			}
			return nil
		})
	}
	s.sweepCursors.set(name, found.next)
	return found, err
}
