package password

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// ErrBusy says that too many wait to be hashed already.
var ErrBusy = errors.New("too many passwords wait to be hashed")

// A lane is one of the two queues for a place.
type lane int

const (
	later lane = iota
	first      // served before any of the other
	lanes
)

// places are where hashes run, a bounded number at a time. Whoever finds none
// waits in one of two queues, each with a bound of its own, so that a flood in the
// one neither shuts the other out nor comes before it. A place is handed from whoever
// leaves to whoever waits. The nil places are always full.
type places struct {
	mu      sync.Mutex
	free    int
	room    int                    // how many may wait in each queue
	waiting [lanes][]chan struct{} // closed when a place is handed over
}

// take waits for a place. Fails with ErrBusy when too many wait, and when ctx
// ends; then no place is taken.
func (p *places) take(ctx context.Context, l lane) error {
	if p == nil {
		return ErrBusy
	}
	p.mu.Lock()
	if p.free > 0 {
		p.free--
		p.mu.Unlock()
		return nil
	}
	if len(p.waiting[l]) >= p.room {
		p.mu.Unlock()
		return ErrBusy
	}
	turn := make(chan struct{})
	p.waiting[l] = append(p.waiting[l], turn)
	p.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	if !p.abandon(l, turn) { // handed over at the same time
		p.leave()
	}
	return fmt.Errorf("waiting to hash a password: %w", context.Cause(ctx))
}

// abandon leaves the queue, and reports whether it was still in it.
func (p *places) abandon(l lane, turn chan struct{}) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting[l], turn)
	if i < 0 {
		return false
	}
	p.waiting[l] = slices.Delete(p.waiting[l], i, i+1)
	return true
}

// leave hands the place to whoever has waited longest in the first queue, else in the other.
func (p *places) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handOver()
}

func (p *places) handOver() {
	for _, l := range [lanes]lane{first, later} {
		if len(p.waiting[l]) > 0 {
			close(p.waiting[l][0])
			p.waiting[l] = slices.Delete(p.waiting[l], 0, 1)
			return
		}
	}
	p.free++
}
