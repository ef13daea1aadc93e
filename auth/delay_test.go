package auth

import (
	"testing"
	"time"
)

// On a busy machine, too, a fast answer waits for the beat of the slow ones
// around it; one slow answer is not remembered for ever, nor beyond a bound.
func TestRefusalsLeaveOnOneLevel(t *testing.T) {
	const ms = time.Millisecond
	var l delayFloor
	for i, c := range []struct{ took, want time.Duration }{
		{3 * ms, 200 * ms}, {200 * ms, 200 * ms}, {201 * ms, 300 * ms}, {60 * ms, 300 * ms},
		{5 * time.Second, 5 * time.Second},
		{60 * ms, 2 * time.Second},
	} {
		if got := l.leaveAfter(c.took); got != c.want {
			t.Errorf("answer %d that took %v: got %v, want %v", i, c.took, got, c.want)
		}
	}
	for range 2 * len(l.took) {
		l.leaveAfter(60 * ms)
	}
	if got := l.leaveAfter(60 * ms); got != 200*ms {
		t.Errorf("long after a slow answer: got %v, want 200 ms", got)
	}
}
