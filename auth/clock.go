package auth

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	clockGrain = time.Minute         // how far the stored time may lag while there are writes
	clockIdle  = time.Hour           // and while there are none
	maxSteps   = 10 * time.Minute    // the steps of the wall clock that service time follows in a day
	maxAhead   = 30 * 24 * time.Hour // how much later than the store a start may be
)

// ErrClockAhead is why New refuses a store: the wall clock is so much later than
// the store that rather the clock is wrong. Config.AnyClock opens it all the same.
var ErrClockAhead = errors.New("the clock is more than 30 days ahead of the data")

// A serviceClock tells service time, by which waits, locks, lives and delays go.
//
//	start           the wall clock, or the stored time if that is later
//	while it runs   boot time, suspend included; steps of the wall clock forward, up to maxSteps in a day
//	beyond          goes on by boot time, with an alarm, until an operator accepts the wall clock
//	wall goes back  goes on by boot time: nothing that is over comes back
//
// App codes go by the wall clock itself: phones do, and a counter holds replay.
type serviceClock struct {
	sync.Mutex
	wall   func() time.Time
	boot   func() time.Duration // nil: all that the wall clock goes forward has passed
	at     time.Time            // service time when boot was read
	booted time.Duration
	steps  time.Duration // followed since stepDay
	day    time.Duration // the boot time at which the day of steps began
	saved  time.Time     // the latest time written to the store
	alarm  bool
}

// steadyClock returns a clock that follows the monotonic clock from its start: a
// step of the wall clock within the process neither locks nor revives
// anything, while slewing by NTP is followed.
func steadyClock() func() time.Time {
	start := time.Now()
	return func() time.Time { return start.Add(time.Since(start)).Round(0) }
}

// sinceStart is the boot time of a machine that does not tell it: without suspend.
func sinceStart() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// start sets the clock: wall and boot may be nil for the machine's.
func (c *serviceClock) start(wall func() time.Time, boot func() time.Duration) {
	if wall == nil {
		wall = time.Now
		if boot == nil {
			boot = sinceStart()
		}
	}
	c.wall, c.boot = wall, boot
}

// begin sets service time over a store that has seen high.
func (c *serviceClock) begin(high time.Time, anyClock bool) error {
	c.Lock()
	defer c.Unlock()
	c.at, c.saved = high, high
	if c.boot != nil {
		c.booted = c.boot()
		c.day = c.booted
	}
	now := c.wall().UTC().Round(0)
	if c.boot != nil && !high.IsZero() && now.Sub(high) > maxAhead {
		if anyClock {
			return nil
		}
		return fmt.Errorf("%w: it shows %s, and the data were last used at %s; set the clock right, or if it is right, "+
			"say so with latchkey clock accept", ErrClockAhead, now.Format(time.RFC3339), high.UTC().Format(time.RFC3339))
	}
	if now.After(c.at) {
		c.at = now
	}
	return nil
}

// read returns both times, and whether the alarm has just begun or ended.
func (c *serviceClock) read() (service, wall time.Time, changed bool) {
	c.Lock()
	defer c.Unlock()
	var boot time.Duration
	if c.boot != nil {
		boot = c.boot()
	}
	wall = c.wall().UTC().Round(0)
	if c.boot == nil {
		if wall.After(c.at) {
			c.at = wall
		}
		return c.at, wall, false
	}
	if boot > c.booted {
		c.at, c.booted = c.at.Add(boot-c.booted), boot
	}
	if boot-c.day >= 24*time.Hour {
		c.steps, c.day = 0, boot
	}
	gap := wall.Sub(c.at)
	if gap > 0 && c.steps+gap <= maxSteps {
		c.at, c.steps, gap = wall, c.steps+gap, 0
	}
	alarm := gap > clockGrain || gap < -maxSteps
	changed, c.alarm = alarm != c.alarm, alarm
	return c.at, wall, changed
}

// set makes t service time, as an operator says.
func (c *serviceClock) set(t time.Time) {
	c.Lock()
	defer c.Unlock()
	c.at, c.saved, c.alarm = t, t, false
}

// due reports whether the time should be saved beside the next write.
func (c *serviceClock) due(now time.Time, grain time.Duration) bool {
	c.Lock()
	defer c.Unlock()
	return now.Sub(c.saved) >= grain
}

// noteSaved says that a time is durable.
func (c *serviceClock) noteSaved(at time.Time) {
	c.Lock()
	defer c.Unlock()
	if at.After(c.saved) {
		c.saved = at
	}
}
