package main

import (
	"testing"
	"time"
)

// TestBootTimeIsAskedForSeldom has a machine run, sleep and have its wall clock set: boot time is right after each, and
// a busy second asks the machine once.
func TestBootTimeIsAskedForSeldom(t *testing.T) {
	var boot time.Duration
	var mono time.Duration
	wall := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	asked := 0
	c := &bootClock{
		ask: func() time.Duration { asked++; return boot },
		now: func() (time.Time, time.Duration) { return wall, mono },
	}
	runs := func(d time.Duration) { boot += d; mono += d; wall = wall.Add(d) }
	check := func(what string, asks int) {
		t.Helper()
		before := asked
		if got := c.read(); got != boot {
			t.Errorf("%s: got %v, want %v", what, got, boot)
		}
		if got := asked - before; got != asks {
			t.Errorf("%s: the machine was asked %d times, want %d", what, got, asks)
		}
	}
	boot = time.Hour
	check("at the start", 1)
	for range 100 {
		runs(10 * time.Millisecond)
		check("while it runs", 0)
	}
	runs(time.Millisecond)
	check("after a second", 1)
	runs(100 * time.Millisecond)
	boot += time.Minute
	wall = wall.Add(time.Minute)
	check("after a minute of sleep", 1)
	runs(100 * time.Millisecond)
	check("awake again", 0)
	wall = wall.Add(-time.Hour)
	check("after the wall clock was set back", 1)
	runs(100 * time.Millisecond)
	check("with the clock set back", 0)
}
