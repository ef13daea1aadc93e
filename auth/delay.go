package auth

import (
	"context"
	"slices"
	"sync"
	"time"
)

// When refusals leave: floorMin after their start at the earliest, on a multiple of
// floorStep.
const (
	floorMin  = 200 * time.Millisecond
	floorStep = 100 * time.Millisecond
	floorMax  = 2 * time.Second // no higher for what was slow once
)

// A delayFloor holds the refusals of one act back until the same beat: what is done
// for a seller and not for nobody, two commits say, must not show in when an
// answer comes. The beat is one that the last answers all made: a fixed one
// tells on a busy machine, where who does more misses it more often.
type delayFloor struct {
	mu   sync.Mutex
	took [64]time.Duration
	next int
}

// leaveAfter returns how long after its start an answer that took d leaves.
func (l *delayFloor) leaveAfter(d time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took[l.next] = d
	l.next = (l.next + 1) % len(l.took)
	most := max(floorMin, d, min(floorMax, slices.Max(l.took[:])))
	return (most + floorStep - 1) / floorStep * floorStep
}

// delayRefusal waits until an answer that began at start leaves on l.
func (s *Service) delayRefusal(ctx context.Context, l *delayFloor, start time.Time) {
	d := time.Since(start)
	s.pause(ctx, l.leaveAfter(d)-d)
}
