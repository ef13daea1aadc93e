package auth

import (
	"errors"
	"testing"
	"time"
)

// A bench is a clock with a wall clock and a boot time that the test moves.
type bench struct {
	serviceClock
	wallNow time.Time
	bootNow time.Duration
}

func newBench(high time.Time, wall time.Time, anyClock bool) (*bench, error) {
	b := &bench{wallNow: wall, bootNow: time.Hour}
	b.start(func() time.Time { return b.wallNow }, func() time.Duration { return b.bootNow })
	return b, b.begin(high, anyClock)
}

// run lets both clocks go on.
func (b *bench) run(d time.Duration) { b.wallNow, b.bootNow = b.wallNow.Add(d), b.bootNow+d }

// Steps of the wall clock at their edges: ten minutes a day are followed, a minute beyond and ten behind are borne
// without an alarm, and a day later there are ten more.
func TestTheEdgesOfTheClock(t *testing.T) {
	start := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	b, err := newBench(start, start, false)
	if err != nil {
		t.Fatal(err)
	}
	at := start
	reads := func(what string, want time.Time, changed, alarm bool) {
		t.Helper()
		got, wall, did := b.read()
		if !got.Equal(want) || !wall.Equal(b.wallNow) || did != changed || b.alarm != alarm {
			t.Errorf("%s: got %s by %s, changed %v, alarm %v, want %s, %v, %v", what, got, wall, did, b.alarm, want, changed, alarm)
		}
	}
	reads("at first", at, false, false)
	b.wallNow, at = b.wallNow.Add(maxSteps), at.Add(maxSteps)
	reads("ten minutes", at, false, false)
	b.wallNow = b.wallNow.Add(clockGrain)
	reads("a minute more", at, false, false)
	b.wallNow = b.wallNow.Add(time.Second)
	reads("a second more", at, true, true)
	reads("still", at, false, true)
	b.wallNow = at.Add(-maxSteps)
	reads("ten minutes behind", at, true, false)
	b.wallNow = b.wallNow.Add(-time.Second)
	reads("a second more behind", at, true, true)
	b.wallNow = at
	reads("right again", at, true, false)
	b.run(24*time.Hour - time.Second)
	b.wallNow, at = b.wallNow.Add(time.Second), at.Add(24*time.Hour-time.Second)
	reads("a second before the day is over", at, false, false)
	b.run(time.Second)
	at = at.Add(2 * time.Second)
	reads("a day later", at, false, false)
	b.wallNow = b.wallNow.Add(maxSteps)
	reads("ten minutes after one second", at, true, true)
	b.set(b.wallNow)
	reads("accepted", b.wallNow, false, false)
}

// A start is refused more than thirty days ahead of the data, but for who says that the clock is right; and no start
// goes back.
func TestTheEdgesOfAStart(t *testing.T) {
	high := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		ahead    time.Duration
		anyClock bool
		refused  bool
		at       time.Duration
	}{
		{maxAhead, false, false, maxAhead}, {maxAhead + time.Second, false, true, 0}, {maxAhead + time.Second, true, false, 0},
		{-time.Hour, false, false, 0}, {time.Second, false, false, time.Second},
	} {
		b, err := newBench(high, high.Add(x.ahead), x.anyClock)
		if errors.Is(err, ErrClockAhead) != x.refused || !b.at.Equal(high.Add(x.at)) || !b.saved.Equal(high) {
			t.Errorf("%s ahead: got %v, %s", x.ahead, err, b.at)
		}
	}
	if b, err := newBench(time.Time{}, high, false); err != nil || !b.at.Equal(high) {
		t.Errorf("an empty store: got %v, %s", err, b.at)
	}
	b, _ := newBench(high, high, false)
	for after, due := range map[time.Duration]bool{clockGrain: true, clockGrain - time.Second: false} {
		if got := b.due(high.Add(after), clockGrain); got != due {
			t.Errorf("%s later: got due %v", after, got)
		}
	}
	b.noteSaved(high.Add(time.Minute))
	b.noteSaved(high)
	if !b.saved.Equal(high.Add(time.Minute)) {
		t.Errorf("saved: got %s, want the latest", b.saved)
	}
	var bare serviceClock
	wall := high
	bare.start(func() time.Time { return wall }, nil)
	_ = bare.begin(time.Time{}, false)
	for step, want := range []time.Duration{time.Hour, 0} { // forward, and never back
		wall = high.Add(want)
		if got, _, _ := bare.read(); !got.Equal(high.Add(time.Hour)) {
			t.Errorf("without a boot time, step %d: got %s", step, got)
		}
	}
}

// A clock that is given no wall time takes the machine's, with the boot time that it is given or, with none, its own.
func TestAClockTakesTheMachinesTime(t *testing.T) {
	var c serviceClock
	c.start(nil, nil)
	if c.wall == nil || c.boot == nil {
		t.Fatal("got a clock without the machine's times")
	}
	const given = 7 * time.Second
	c.start(nil, func() time.Duration { return given })
	if got := c.boot(); got != given {
		t.Errorf("got the boot time %s, want the given %s", got, given)
	}
}
