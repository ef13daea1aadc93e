package web

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Alone nobody waits; in a crowd each waits one turn longer; a full queue makes nobody wait longer than all of it, and
// takes no turn from whoever comes later; time that nobody used is lost.
func TestTurns(t *testing.T) {
	q := Queue{Every: 10 * time.Millisecond, Most: 30 * time.Millisecond}
	at := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	for i, c := range []struct{ later, want time.Duration }{
		{0, 0}, {0, 10}, {0, 20}, {0, 30}, {0, 30}, {5, 25}, {0, 30}, {10, 25}, {1000, 0}, {0, 10},
	} {
		at = at.Add(c.later * time.Millisecond)
		if got := q.Turn(at); got != c.want*time.Millisecond {
			t.Errorf("%d: got a wait of %v, want %v", i, got, c.want*time.Millisecond)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		q := Queue{Every: time.Minute, Most: time.Hour}
		for i := range 3 {
			began := time.Now()
			q.next = began.Add(time.Duration(i) * time.Minute)
			q.Wait(t.Context())
			if got, want := time.Since(began), time.Duration(i)*time.Minute; got != want {
				t.Errorf("turn %d: waited %v, want %v", i, got, want)
			}
		}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		began := time.Now()
		q.next = began.Add(time.Hour - 1)
		if q.Wait(ctx); time.Since(began) != time.Second {
			t.Errorf("who leaves: waited %v, want as long as he was there", time.Since(began))
		}
	})
}
