package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// labToken begins every session token of a lab. Outside of a lab it is no
// base64url, so that no such token can ever be read there.
const labToken = "lab."

// The refusals of a store that was made for the other purpose.
var (
	// ErrRealStore says that a store may hold real accounts and can be no lab.
	ErrRealStore = errors.New("this store was not made as a lab: it may hold real accounts, so no lab can be opened on it; give the lab a folder of its own")
	// ErrLabStore says that a store is a lab's.
	ErrLabStore = errors.New("this store is a lab: anybody may make accounts in it, so it is never served as a real site; serve it with --lab, or name another folder")
)

// A Lab is a service that testers may move about: its clock, its whole store,
// and with package lab its accounts. It exists only over a store that was marked
// as a lab when it was made. The mark is drawn at random and bound into every
// sealed ceremony; a reset draws a new one, so that nothing from before it is
// good any more.
//
//	POST /lab/clock ─────► Move ──┬──► do (rules: Who Tester) ──► store
//	POST /lab/reset ─────► Reset ─┘
//	POST /lab/accounts ──► lab.Make ──► Do, and the acts of plant.go that no site has
//
// Everything else in a lab is the service as it is: the same factors, the same
// rules, the same door.
type Lab struct {
	s     *Service
	clock *Clock

	worldLock sync.RWMutex // held by whoever is inside the door; a reset has it alone

	mu   sync.Mutex
	mark []byte
}

// Lab returns the lab, nil if the service is none.
func (s *Service) Lab() *Lab { return s.lab }

// realm keeps what a lab seals apart from what a site seals.
func (s *Service) realm() string {
	if s.lab != nil {
		return "lab"
	}
	return ""
}

// otherPurpose tells a site's record that was sealed for the other purpose from
// one that err keeps from being read.
func (s *Service) otherPurpose(tx store.Tx, err error) error {
	realm, is := "lab", ErrLabStore
	if s.lab != nil {
		realm, is = "", ErrRealStore
	}
	if _, e := store.NewCollection[siteMeta]("meta", s.keys).In(realm).Get(tx, "site"); errors.Is(err, store.ErrSealed) && e == nil {
		return is
	}
	return err
}

// checkLab refuses a store of the other purpose, and tells a new one from one
// that has accounts but was never served, or has lost its record. Of a lab it
// looks at an account, too: the record may have been put beside a site's.
func (s *Service) checkLab(tx store.Tx, m *siteMeta, fresh bool) error {
	switch {
	case s.lab == nil && len(m.Lab) > 0:
		return ErrLabStore
	case s.lab != nil && len(m.Lab) == 0:
		return ErrRealStore
	case s.lab == nil && !fresh:
		return nil
	}
	for _, err := range s.accounts.Scan(tx, "", "", 1) {
		sealed := errors.Is(err, store.ErrSealed)
		switch {
		case s.lab == nil && sealed:
			return fmt.Errorf("the site's record is lost, and the accounts are of a lab or under other keys: %w", err)
		case err != nil && !sealed:
			return err
		case s.lab != nil && (fresh || sealed):
			return ErrRealStore
		}
	}
	return nil
}

// marked returns the mark of the lab, "" outside of one.
func (l *Lab) marked() string {
	if l == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.mark)
}

func (l *Lab) setMark(mark []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mark = mark
}

// A LabInfo says what a lab is, for programs that are to test it.
type LabInfo struct {
	Site   string
	Origin string
	RPID   string `json:"rpId"`
	Clock  ClockInfo
}

// ClockInfo is the time of a lab. Now is the clock that testers move; Told is
// what the service goes by: it stands still while Now is before it, for a clock
// that goes back must revive nothing.
type ClockInfo struct {
	Now     time.Time
	Told    time.Time
	Stopped bool
}

// State says what the lab is and what time it has.
func (l *Lab) State(ctx context.Context, c Caller) (*LabInfo, error) {
	return do(ctx, l.s, c, ActLabLook, func(*Work) (*LabInfo, error) {
		return &LabInfo{Site: l.s.siteName, Origin: l.s.origin, RPID: l.s.rpID, Clock: l.clockInfo()}, nil
	})
}

// Clock says what time it is in the lab.
func (l *Lab) Clock(ctx context.Context, c Caller) (*ClockInfo, error) {
	return do(ctx, l.s, c, ActLabLook, func(*Work) (*ClockInfo, error) {
		info := l.clockInfo()
		return &info, nil
	})
}

func (l *Lab) clockInfo() ClockInfo {
	now, stopped := l.clock.read()
	return ClockInfo{Now: now.UTC(), Told: l.s.now(), Stopped: stopped}
}

// A ClockForm moves the clock: first to Set, if it is not zero, then on by
// Advance; then it stops or runs.
type ClockForm struct {
	Set       time.Time
	Advance   time.Duration
	Stop, Run bool
}

// Move moves the clock and does what came due by it: delayed removals, ends of
// what is swept, messages that waited.
func (l *Lab) Move(ctx context.Context, c Caller, f ClockForm) (*ClockInfo, error) {
	if err := l.s.do(ctx, c, ActLabLook, func(*Work) error { return nil }); err != nil {
		return nil, err
	}
	if f.Stop && f.Run || !l.clock.move(f) {
		return nil, Refuse(MalformedRequest)
	}
	if err := l.s.do(ctx, c, ActLabClock, (*Work).saveTime); err != nil {
		return nil, err
	}
	if err := l.s.Sweep(ctx); err != nil {
		return nil, fmt.Errorf("doing what came due: %w", err)
	}
	l.s.wakeUp()
	return l.Clock(ctx, c)
}

// resetBatch is how many documents one transaction of a reset deletes.
const resetBatch = 500

// Reset empties the store: accounts, sessions, messages, history. The clock is
// the machine's again. Tokens and ceremonies from before are void, those too
// that are on their way: they were begun before a higher restore epoch.
func (l *Lab) Reset(ctx context.Context, c Caller) error {
	mark := l.s.random(len(l.mark))
	l.worldLock.Lock()
	defer l.worldLock.Unlock()
	ctx = context.WithoutCancel(ctx) // half a world is none
	before := l.s.siteRecord.Load()
	site := siteMeta{Restore: before.Restore + 1, Secret: before.Secret, Lab: mark}
	pass := func(fn func(*Work) error) error {
		_, err := l.s.pass(ctx, c, ActLabReset, fn)
		return err
	}
	made, err := resultOf(pass, func(w *Work) (*siteMeta, error) {
		m := site
		return &m, l.s.meta.Put(w.tx, "site", &m)
	})
	if err != nil {
		return err
	}
	l.s.siteRecord.Store(made)
	l.setMark(mark)
	l.s.repeats.clear()
	for _, empty := range l.s.emptiers() {
		for more := true; more; {
			more, err = resultOf(pass, func(w *Work) (bool, error) { return empty(w.tx) })
			if err != nil {
				return err
			}
		}
	}
	l.clock.reset()
	l.s.forgetTime()
	return nil
}

// Queued reports whether a message still waits to be delivered: one that was on
// its way when the lab was reset is of a world that is gone.
func (l *Lab) Queued(ctx context.Context, c Caller, id string) (bool, error) {
	return do(ctx, l.s, c, ActLabLook, func(w *Work) (bool, error) {
		_, err := l.s.outbox.Get(w.tx, id)
		return err == nil, ignoreMissing(err)
	})
}

// emptiers delete a batch of each collection and report whether there is more.
func (s *Service) emptiers() []func(store.Tx) (bool, error) {
	list := []func(store.Tx) (bool, error){
		emptier(s.sessions), emptier(s.accounts), emptier(s.authenticators), emptier(s.devices), emptier(s.browsers),
		emptier(s.introductions), emptier(s.mailed), emptier(s.tickets),
		emptier(s.attempts), emptier(s.consumed), emptier(s.links), emptier(s.changes), emptier(s.outbox), emptier(s.sentBox),
		emptier(s.events), emptier(s.chains), emptier(s.recallRuns), emptier(s.recallModels),
	}
	_ = s.eachCollection(func(c chores) error {
		list = append(list, c.emptyBatch)
		return nil
	})
	return list
}

func emptier[T any](c *store.Collection[T]) func(store.Tx) (bool, error) {
	return func(tx store.Tx) (bool, error) {
		var ids []string
		for item, err := range c.Scan(tx, "", "", resetBatch) {
			if err != nil {
				return false, err
			}
			ids = append(ids, item.ID)
		}
		for _, id := range ids {
			if err := c.Delete(tx, id); err != nil {
				return false, err
			}
		}
		return len(ids) == resetBatch, nil
	}
}
