package notify

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Limits bound what the Dispatcher does. A zero field means the default.
type Limits struct {
	Poll   time.Duration // how often to look without being woken; 10 s
	First  time.Duration // the wait after the first try, doubled each time; 1 s
	Most   time.Duration // the longest wait between tries; 15 min
	Tries  int           // how often one message is tried in all; 40
	Unsure int           // Unsure tries in a row at one gateway; 3
	Drain  time.Duration // how long Run finishes what it began; 7 s
}

func (l Limits) orDefaults() Limits {
	set := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.Poll, 10*time.Second)
	set(&l.First, time.Second)
	set(&l.Most, 15*time.Minute)
	set(&l.Drain, 7*time.Second)
	if l.Tries <= 0 {
		l.Tries = 40
	}
	if l.Unsure <= 0 {
		l.Unsure = 3
	}
	return l
}

// A Dispatcher delivers what an Outbox holds. Make one with New or
// NewDispatcher; Run it once.
type Dispatcher struct {
	// Jitter returns a number in [0,1) that spreads retries, so that messages
	// which failed together do not come back together. It may be replaced
	// before Run.
	Jitter func() float64

	outbox  Outbox
	render  Render
	now     func() time.Time
	log     *slog.Logger
	limits  Limits
	lanes   map[auth.Channel][]*lane // in order of preference
	all     []*lane
	sink    *Sink
	nudge   chan struct{}  // a retry is due, or room was made
	working sync.WaitGroup // deliveries under way

	mu     sync.Mutex
	flying map[string]bool      // messages being delivered here
	leased tally                // they, by rank
	full   bool                 // Run waits for room
	owed   map[string]debt      // outcomes that the outbox would not store
	missed map[auth.Channel]int // messages in a row that no gateway took
}

// A debt is an outcome that could not be stored. While this process lives the
// message is not sent again merely because the store failed.
type debt struct {
	outcome auth.Outcome
	until   time.Time // when the message is over anyway
}

// NewDispatcher returns a Dispatcher for drivers made by the caller; their
// order is the order of preference within a channel. now is the clock that
// expiry and retries are counted by. Nothing runs until Run.
func NewDispatcher(
	l Limits, o Outbox, r Render, now func() time.Time, log *slog.Logger, drivers ...Driver,
) *Dispatcher {
	d := &Dispatcher{
		Jitter: rand.Float64,
		outbox: o, render: r, now: now, log: log, limits: l.orDefaults(),
		lanes:  map[auth.Channel][]*lane{},
		nudge:  make(chan struct{}, 1),
		flying: map[string]bool{},
		owed:   map[string]debt{},
		missed: map[auth.Channel]int{},
	}
	for _, driver := range drivers {
		l := newLane(driver)
		d.all = append(d.all, l)
		for _, c := range driver.Channels() {
			d.lanes[c] = append(d.lanes[c], l)
		}
		if s, ok := driver.(*Sink); ok {
			d.sink = s
		}
	}
	return d
}

// Sink returns the file sink, nil if no channel goes to it.
func (d *Dispatcher) Sink() *Sink { return d.sink }

// Run delivers until ctx ends. It then begins nothing new, gives what is under
// way Limits.Drain to finish, cuts off the rest and returns nil within a
// second more. What was cut off is still in the outbox.
func (d *Dispatcher) Run(ctx context.Context) error {
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	for ctx.Err() == nil {
		if more := d.lease(ctx, work); !more {
			d.wait(ctx)
		}
	}
	d.drain(cut)
	return nil
}

// lease starts the delivery of what is due and reports whether to look again
// at once. It asks for what people wait for by itself first: so there is always
// room for that, however much of the rest there is.
func (d *Dispatcher) lease(ctx, work context.Context) (more bool) {
	for _, last := range []auth.Rank{auth.RankReset, auth.RankSignUp} {
		ask := min(d.free(last), 64)
		if ask == 0 {
			continue
		}
		list, err := d.outbox.DueUpTo(ctx, ask, last)
		if err != nil {
			if ctx.Err() == nil {
				d.log.Error("outbox cannot be read", "error", err)
			}
			return false
		}
		if d.begin(ctx, work, list) > 0 && len(list) == ask {
			more = true
		}
	}
	return more
}

// begin starts the delivery of each message that is not being delivered here
// already, and returns how many those are.
func (d *Dispatcher) begin(ctx, work context.Context, list []auth.Message) (started int) {
	for _, m := range list {
		if !d.claim(m) {
			continue
		}
		started++
		d.working.Go(func() {
			defer d.release(m)
			d.deliver(work, ctx.Done(), m)
		})
	}
	return started
}

// wait returns when there may be something to do.
func (d *Dispatcher) wait(ctx context.Context) {
	t := time.NewTimer(d.limits.Poll)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-d.outbox.Wake():
	case <-d.nudge:
	case <-t.C:
	}
}

// drain waits for deliveries under way, then cuts them off. A driver that does
// not even heed that is left behind: its lease lapses.
func (d *Dispatcher) drain(cut func()) {
	done := make(chan struct{})
	go func() {
		d.working.Wait()
		close(done)
	}()
	defer time.AfterFunc(d.limits.Drain, cut).Stop()
	if !within(done, d.limits.Drain+time.Second) {
		d.log.Warn("deliveries left behind; they will be tried again", "count", d.busy())
	}
}

func within(done <-chan struct{}, limit time.Duration) bool {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

// free returns how many more messages of the rank may be leased, and notes if
// none.
func (d *Dispatcher) free(r auth.Rank) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.leased.room(r, d.most)
	d.full = n == 0
	return n
}

// most is how many messages of the rank and of those after it may be leased at
// one time: what the rooms hold, and some being rendered or settled.
func (d *Dispatcher) most(r auth.Rank) int {
	n := 16 - 4*int(r)
	for _, l := range d.all {
		n += l.rooms(r)
	}
	return n
}

func (d *Dispatcher) busy() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.flying)
}

// claim marks a message as being delivered here; false if it already is,
// because its lease lapsed under a driver that does not end.
func (d *Dispatcher) claim(m auth.Message) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.flying[m.ID] {
		return false
	}
	d.flying[m.ID] = true
	d.leased[m.Rank()]++
	return true
}

func (d *Dispatcher) release(m auth.Message) {
	d.mu.Lock()
	delete(d.flying, m.ID)
	d.leased[m.Rank()]--
	full := d.full
	d.mu.Unlock()
	if full {
		d.poke()
	}
}

func (d *Dispatcher) poke() {
	select {
	case d.nudge <- struct{}{}:
	default:
	}
}
