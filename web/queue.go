package web

import (
	"context"
	"sync"
	"time"
)

// A Queue hands out turns, one every so often; the time of a turn that nobody took is lost.
type Queue struct {
	Every, Most time.Duration

	mu   sync.Mutex
	next time.Time
}

// Turn is how long from now until the caller's turn.
func (q *Queue) Turn(now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.next.Before(now) {
		q.next = now
	}
	wait := q.next.Sub(now)
	if wait >= q.Most { // the queue is full: who comes now waits as long as all in it
		return q.Most
	}
	q.next = q.next.Add(q.Every)
	return wait
}

// Wait waits for the caller's turn, or until he is gone.
func (q *Queue) Wait(ctx context.Context) {
	d := q.Turn(time.Now())
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
