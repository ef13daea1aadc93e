package auth

import (
	"sync"
	"time"
)

// A Clock is the time of a lab: the machine's, moved by what testers say. All
// of the program reads it. It is safe for concurrent use.
type Clock struct {
	machine func() time.Time

	mu      sync.Mutex
	ahead   time.Duration // of the machine, while it runs
	at      time.Time     // where it stands, while it is stopped
	stopped bool
}

// NewClock returns a clock that runs with the machine's; nil: one that does not
// jump within the process.
func NewClock(machine func() time.Time) *Clock {
	if machine == nil {
		machine = steadyClock()
	}
	return &Clock{machine: machine}
}

// Now is the time.
func (c *Clock) Now() time.Time {
	now, _ := c.read()
	return now
}

func (c *Clock) read() (now time.Time, stopped bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now(), c.stopped
}

func (c *Clock) now() time.Time {
	if c.stopped {
		return c.at
	}
	return c.machine().Add(c.ahead)
}

// The years that a lab's clock may show: a Duration, which it is ahead of the
// machine's, is 292 years at most, and what goes beyond is cut off silently.
const (
	firstYear = 2000
	lastYear  = 2300
)

// move does what a form says, in one step for whoever reads. It is false, with
// nothing moved, for a time that no clock shows.
func (c *Clock) move(f ClockForm) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.now()
	if !f.Set.IsZero() {
		at = f.Set
	}
	at = at.Add(f.Advance).Round(0)
	if y := at.UTC().Year(); y < firstYear || y > lastYear {
		return false
	}
	if f.Stop || f.Run {
		c.stopped = f.Stop
	}
	c.at, c.ahead = at, at.Sub(c.machine())
	return true
}

// reset gives the machine's time back.
func (c *Clock) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = false
	c.ahead = 0
}

// notBefore moves a clock that lags behind the time that the store has seen: a
// lab that is opened again goes on where it was.
func (c *Clock) notBefore(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.now(); at.Before(t) {
		c.ahead += t.Sub(at)
	}
}

// callerTime is the time at which a caller's request is judged: in a lab he may ask
// for a later one than it is, for himself alone, so that many can test side by
// side what only time brings about.
func (s *Service) callerTime(c Caller, t time.Time) time.Time {
	if s.lab == nil || c.Later <= 0 {
		return t
	}
	return t.Add(c.Later).Truncate(time.Second)
}
