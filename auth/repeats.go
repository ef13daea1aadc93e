package auth

import (
	"context"
	"sync"
	"time"
)

const (
	// repeatWindow is how long the repeats of a refused act are counted before they are written: what a crash may lose.
	repeatWindow = time.Minute
	// maxRepeats bounds the memory of repeats. What finds no place is written as it is.
	maxRepeats = 1 << 14
)

// repeats counts beside the chains what is refused again and again, so that nobody fills the disk with refusals. The
// first is written as it is; those of the minute after it are one event with their number, written when the minute is
// over, by the next of them or by a sweep:
//
//	{chain, action, outcome, method, session} -> {since, times, last}
//
// Whether a refusal is the first is settled before the transaction ends and noted once it is durable; meanwhile the
// pass that writes it owns the entry, and whoever comes in between is a repeat.
type repeats struct {
	sync.Mutex
	found map[repeatKey]*repeated
}

type repeatKey struct {
	chain   AccountID
	action  Action
	outcome Code
	method  string
	session string
}

type repeated struct {
	since time.Time   // when the last event was written
	times int         // how many came since
	last  Event       // as the newest of them would have been written
	owner *repeatTurn // who is writing now
}

// repeatTurn is what one pass through the door decided about its refusal.
type repeatTurn struct {
	key    repeatKey
	event  Event // if it is only counted
	writes bool  // it writes an event and owns the entry
	counts bool  // it is counted and writes nothing
	taken  int   // the repeats that its event stands for
}

// begin decides, within the transaction, whether the refusal e is written and how many times the event says then;
// 0: it is not. The same turn may ask again: a pass may run twice.
func (r *repeats) begin(turn *repeatTurn, key repeatKey, e Event, now time.Time) (times int) {
	r.Lock()
	defer r.Unlock()
	r.release(turn)
	*turn = repeatTurn{key: key, event: e}
	entry := r.found[key]
	switch {
	case entry == nil && len(r.found) >= maxRepeats:
		return 1
	case entry == nil:
		entry = &repeated{since: now}
		r.found[key] = entry
	case entry.owner != nil, now.Sub(entry.since) < repeatWindow:
		turn.counts = true
		return 0
	}
	entry.owner, turn.writes = turn, true
	turn.taken = entry.times
	return entry.times + 1
}

// release undoes what begin did for an earlier run of the same pass.
func (r *repeats) release(turn *repeatTurn) {
	entry := r.found[turn.key]
	if !turn.writes || entry == nil || entry.owner != turn {
		return
	}
	entry.owner = nil
	if entry.times == 0 { // it never was written
		delete(r.found, turn.key)
	}
}

// settle notes what the pass left behind, once that is durable; or that nothing was.
func (r *repeats) settle(turn *repeatTurn, durable bool, now time.Time) {
	if !turn.writes && !turn.counts {
		return
	}
	r.Lock()
	defer r.Unlock()
	entry := r.found[turn.key]
	if entry == nil && turn.counts { // forgotten meanwhile
		entry = &repeated{since: now}
		r.found[turn.key] = entry
	}
	switch {
	case entry == nil:
	case turn.counts && durable:
		entry.times++
		entry.last = turn.event
	case turn.writes && durable && entry.owner == turn:
		entry.owner, entry.since = nil, now
		entry.times -= turn.taken
	case turn.writes:
		r.release(turn)
	}
}

// over lists what has waited a minute, at most n, and forgets what has nothing to write.
func (r *repeats) over(now time.Time, n int) []repeatKey {
	r.Lock()
	defer r.Unlock()
	var keys []repeatKey
	for key, entry := range r.found {
		switch {
		case entry.owner != nil || now.Sub(entry.since) < repeatWindow:
		case entry.times == 0:
			delete(r.found, key)
		case len(keys) < n:
			keys = append(keys, key)
		}
	}
	return keys
}

// claim takes the repeats of one kind for a sweep to write, if there are any.
func (r *repeats) claim(turn *repeatTurn, key repeatKey) bool {
	r.Lock()
	defer r.Unlock()
	entry := r.found[key]
	if entry == nil || entry.owner != nil || entry.times == 0 {
		return false
	}
	entry.owner = turn
	*turn = repeatTurn{key: key, event: entry.last, writes: true, taken: entry.times}
	return true
}

func (r *repeats) clear() {
	r.Lock()
	defer r.Unlock()
	r.found = map[repeatKey]*repeated{}
}

// writeRepeats appends what was counted, an event for each kind of refusal.
func (s *Service) writeRepeats(ctx context.Context, c Caller) error {
	now := s.now()
	for _, key := range s.repeats.over(now, maxRepeats) {
		turn := new(repeatTurn)
		if !s.repeats.claim(turn, key) {
			continue
		}
		err := s.do(ctx, c, ActSweep, func(w *Work) error {
			e := turn.event
			e.At = w.now
			e.Times = turn.taken
			return w.chainEvent(key.chain, e)
		})
		s.repeats.settle(turn, err == nil, now)
		if err != nil {
			return err
		}
	}
	return nil
}
