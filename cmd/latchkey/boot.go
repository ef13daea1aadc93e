package main

import (
	"sync"
	"time"
)

const (
	bootGrain = time.Second           // how long the monotonic clock stands in for boot time
	bootSlack = 10 * time.Millisecond // what NTP's slewing may put between two clocks meanwhile
)

// A bootClock tells the time since the machine's start, suspend included. Asking the machine costs a system call each
// time, which a sign-in would make ten times: between two of them the monotonic clock goes on. That one stands still
// while the machine is suspended, but then the wall clock has gone further than it, and the machine is asked.
type bootClock struct {
	ask func() time.Duration                        // the machine
	now func() (wall time.Time, mono time.Duration) // without a system call

	mu   sync.Mutex
	wall time.Time // when the machine was asked
	mono time.Duration
	boot time.Duration // what it said
}

func newBootClock(ask func() time.Duration) *bootClock {
	start := time.Now()
	return &bootClock{ask: ask, now: func() (time.Time, time.Duration) {
		t := time.Now()
		return t.Round(0), t.Sub(start)
	}}
}

// read returns the time since the machine's start.
func (c *bootClock) read() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, mono := c.now()
	passed := mono - c.mono
	apart := wall.Sub(c.wall) - passed
	if passed > bootGrain || apart.Abs() > bootSlack {
		c.wall = wall
		c.mono = mono
		c.boot = c.ask()
		return c.boot
	}
	return c.boot + passed
}
