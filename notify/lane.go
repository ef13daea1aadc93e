package notify

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A lane is one driver with its slots and its waiting room. Some of both are
// kept: one part in eight, but at least one, for codes alone, and as much again
// for codes and resets. So however many sign-ups there are, and however slow
// the gateway is, a code leaves at once; and who waits is let in by rank.
//
//	slots   codes   resets   notices and sign-ups
//	    1       1        1        1
//	    2       2        2        1
//	    4       4        3        2
//	    6       6        5        4
//	    8       8        7        6
//	   16      16       14       12
type lane struct {
	Driver
	slots int // deliveries at one time

	mu      sync.Mutex
	inside  tally // waiting or under way
	active  tally // under way
	waiting [auth.Ranks][]*waiter
	silent  int       // tries in a row that nobody knows the end of
	probed  time.Time // when one of them was last made for a message that had not been tried
}

// A gateway that is silent so often in a row is passed over by new messages, but for one a minute: else each of them
// would wait out its tries there.
const (
	silentAfter = 3
	probeEvery  = time.Minute
)

// heard notes how a try ended.
func (l *lane) heard(unsure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.silent++; !unsure {
		l.silent = 0
	}
}

// passedOver reports whether a new message goes to the next gateway first. Where it does not, the message is the probe.
func (l *lane) passedOver(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.silent < silentAfter {
		return false
	}
	if now.Sub(l.probed) < probeEvery {
		return true
	}
	l.probed = now
	return false
}

// A waiter is a message that waits for a slot.
type waiter struct {
	rank  auth.Rank
	begin chan struct{} // closed when it may begin
}

const roomPerSlot = 8

func newLane(d Driver) *lane {
	n := 8
	if s, ok := d.(interface{ slots() int }); ok && s.slots() > 0 {
		n = s.slots()
	}
	return &lane{Driver: d, slots: n}
}

// limit is how many slots messages of the rank and of those after it may have
// together.
func (l *lane) limit(r auth.Rank) int {
	kept := max(1, l.slots/8)
	last := max(1, l.slots-2*kept)
	switch r {
	case auth.RankCode:
		return l.slots
	case auth.RankReset:
		return min(l.slots, max(last+1, l.slots-kept))
	}
	return last
}

// rooms is limit for the waiting room. Sign-ups never fill it, so that a notice
// finds a place.
func (l *lane) rooms(r auth.Rank) int {
	places := roomPerSlot
	if r == auth.RankSignUp {
		places -= 2
	}
	return places * l.limit(r)
}

// A tally counts messages by rank.
type tally [auth.Ranks]int

// room is how many more of the rank there may be, where limit says how many of
// a rank and of those after it.
func (t *tally) room(r auth.Rank, limit func(auth.Rank) int) int {
	room, later := int(^uint(0)>>1), 0
	for q := auth.Rank(auth.Ranks) - 1; q >= 0; q-- {
		later += t[q]
		if q <= r {
			room = min(room, limit(q)-later)
		}
	}
	return max(0, room)
}

// enter waits for a slot. It returns errFull if there is no room or ctx ends
// before, errStopped once quit is closed; on nil, leave must follow.
func (l *lane) enter(ctx context.Context, quit <-chan struct{}, r auth.Rank) error {
	select {
	case <-quit:
		return errStopped
	default:
	}
	w := l.knock(r)
	if w == nil {
		return errFull
	}
	var err error
	select {
	case <-w.begin:
		return nil
	case <-ctx.Done():
		err = errFull
	case <-quit:
		err = errStopped
	}
	l.giveUp(w)
	return err
}

// knock takes a place in the waiting room, nil if there is none.
func (l *lane) knock(r auth.Rank) *waiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inside.room(r, l.rooms) == 0 {
		return nil
	}
	w := &waiter{rank: r, begin: make(chan struct{})}
	l.inside[r]++
	l.waiting[r] = append(l.waiting[r], w)
	l.admit()
	return w
}

// admit lets in who waits, the soonest rank first, in the order of coming.
func (l *lane) admit() {
	for r := range l.waiting {
		for len(l.waiting[r]) > 0 && l.active.room(auth.Rank(r), l.limit) > 0 {
			w := l.waiting[r][0]
			l.waiting[r] = l.waiting[r][1:]
			l.active[r]++
			close(w.begin)
		}
	}
}

// giveUp takes w out of the waiting room, or gives back the slot that it was
// given meanwhile.
func (l *lane) giveUp(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside[w.rank]--
	if i := slices.Index(l.waiting[w.rank], w); i >= 0 {
		l.waiting[w.rank] = slices.Delete(l.waiting[w.rank], i, i+1)
	} else {
		l.active[w.rank]--
	}
	l.admit()
}

func (l *lane) leave(r auth.Rank) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside[r]--
	l.active[r]--
	l.admit()
}
