package auth

import (
	"context"
	"slices"
	"sync"
	"time"
)

// The levels on which refusals leave.
const (
	levelFloor = 200 * time.Millisecond
	levelBeat  = 100 * time.Millisecond
	levelCeil  = 2 * time.Second // no higher for what was slow once
)

// A level holds the refusals of one act back until the same beat: what is done
// for a seller and not for nobody, two commits say, must not show in when an
// answer comes. The beat is one that the last answers all made: a fixed one
// tells on a busy machine, where who does more misses it more often.
type level struct {
	mu   sync.Mutex
	took [64]time.Duration
	next int
}

// until returns how long after its start an answer that took d leaves.
func (l *level) until(d time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took[l.next] = d
	l.next = (l.next + 1) % len(l.took)
	most := max(levelFloor, d, min(levelCeil, slices.Max(l.took[:])))
	return (most + levelBeat - 1) / levelBeat * levelBeat
}

// hold waits until an answer that began at start leaves on l.
func (s *Service) hold(ctx context.Context, l *level, start time.Time) {
	d := time.Since(start)
	s.pause(ctx, l.until(d)-d)
}
