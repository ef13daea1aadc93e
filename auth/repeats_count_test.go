package auth

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A ledger is what is counted beside the chains, with the passes that tests hold open.
type ledger struct {
	repeats
	t   *testing.T
	now time.Time
}

func newLedger(t *testing.T) *ledger {
	return &ledger{repeats: repeats{found: map[repeatKey]*repeated{}}, t: t,
		now: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)}
}

func named(name string) repeatKey { return repeatKey{chain: AccountID(name)} }

// refused begins a pass that refuses, and says how many times its event tells of; 0: it writes none.
func (l *ledger) refused(name string) (*repeatTurn, int) {
	turn := new(repeatTurn)
	return turn, l.begin(turn, named(name), Event{Item: name}, l.now)
}

// wrote is a whole pass.
func (l *ledger) wrote(name string, durable bool) int {
	turn, times := l.refused(name)
	l.settle(turn, durable, l.now)
	return times
}

func (l *ledger) want(what string, got, want int) {
	l.t.Helper()
	if got != want {
		l.t.Errorf("%s: got %d, want %d", what, got, want)
	}
}

// claimed takes what a sweep would write and says how many times that tells of.
func (l *ledger) claimed(name string, durable bool) int {
	turn := new(repeatTurn)
	if !l.claim(turn, named(name)) {
		return 0
	}
	if turn.taken == 0 {
		l.t.Error("a sweep is given nothing to write")
	}
	l.settle(turn, durable, l.now)
	return turn.taken
}

// Each refusal is told of once, whatever fails on the way.
func TestEachRefusalIsToldOfOnce(t *testing.T) {
	for name, run := range map[string]func(l *ledger){
		"a first that was never written": func(l *ledger) {
			l.want("the first", l.wrote("a", false), 1)
			l.want("the next is the first", l.wrote("a", true), 1)
		},
		"a repeat that was never counted": func(l *ledger) {
			l.wrote("a", true)
			l.wrote("a", true)
			l.wrote("a", false)
			l.now = l.now.Add(repeatWindow)
			l.want("a sweep", l.claimed("a", true), 1)
		},
		"a sweep that could not write": func(l *ledger) {
			l.wrote("a", true)
			l.wrote("a", true)
			l.now = l.now.Add(repeatWindow)
			l.want("it", l.claimed("a", false), 1)
			l.want("the next", l.claimed("a", true), 1)
			l.want("and one after it", l.claimed("a", true), 0)
		},
		"a refusal that was to tell of them could not be written": func(l *ledger) {
			l.wrote("a", true)
			l.wrote("a", true)
			l.now = l.now.Add(repeatWindow)
			l.want("it", l.wrote("a", false), 2)
			l.want("the next", l.wrote("a", true), 2)
		},
		"forgotten while a repeat was under way": func(l *ledger) {
			l.wrote("a", true)
			turn, times := l.refused("a")
			l.want("a repeat", times, 0)
			l.now = l.now.Add(repeatWindow)
			l.want("nothing to write", len(l.over(l.now, 10)), 0)
			l.settle(turn, true, l.now)
			l.want("not before its minute", len(l.over(l.now, 10)), 0)
			l.now = l.now.Add(repeatWindow)
			l.want("a sweep", l.claimed("a", true), 1)
		},
		"forgotten, and not counted after all": func(l *ledger) {
			l.wrote("a", true)
			turn, _ := l.refused("a")
			l.now = l.now.Add(repeatWindow)
			l.over(l.now, 10)
			l.settle(turn, false, l.now)
			l.want("a sweep", l.claimed("a", true), 0)
		},
		"a pass that runs twice": func(l *ledger) {
			turn, times := l.refused("a")
			l.want("the first run", times, 1)
			l.want("the second run", l.begin(turn, named("a"), Event{}, l.now), 1)
			l.settle(turn, true, l.now)
			l.want("a repeat", l.wrote("a", true), 0)
		},
		"a pass that runs twice as another refusal": func(l *ledger) {
			turn, _ := l.refused("a")
			l.want("the second run", l.begin(turn, named("b"), Event{}, l.now), 1)
			l.settle(turn, true, l.now)
			l.want("what it was not, after all", l.wrote("a", true), 1)
			l.want("what it was", l.wrote("b", true), 0)
		},
		"all forgotten while a pass was under way": func(l *ledger) {
			turn, _ := l.refused("a")
			l.clear()
			other, times := l.refused("a")
			l.want("the next is a first", times, 1)
			l.settle(turn, true, l.now)
			l.want("meanwhile", l.wrote("a", true), 0)
			l.settle(other, false, l.now)
			l.now = l.now.Add(repeatWindow)
			l.want("its repeat is told of by the next", l.wrote("a", true), 2)
		},
		"all forgotten, and another writes": func(l *ledger) {
			turn, _ := l.refused("a")
			l.clear()
			other, _ := l.refused("a")
			l.settle(turn, true, l.now)
			l.wrote("a", true)
			l.now = l.now.Add(repeatWindow)
			l.want("over, while it writes", len(l.over(l.now, 10)), 0)
			l.settle(other, true, l.now)
			l.now = l.now.Add(repeatWindow)
			l.want("the repeat meanwhile", l.claimed("a", true), 1)
		},
		"all forgotten, and the pass runs again": func(l *ledger) {
			turn, _ := l.refused("a")
			l.clear()
			l.want("the second run", l.begin(turn, named("a"), Event{}, l.now), 1)
			l.settle(turn, true, l.now)
			l.want("a repeat", l.wrote("a", true), 0)
		},
		"all forgotten, and the pass failed": func(l *ledger) {
			turn, _ := l.refused("a")
			l.clear()
			l.settle(turn, false, l.now)
			l.want("the next is a first", l.wrote("a", true), 1)
		},
		"no sweep takes what a pass is writing": func(l *ledger) {
			l.wrote("a", true)
			l.wrote("a", true)
			l.now = l.now.Add(repeatWindow)
			turn, times := l.refused("a")
			l.want("the pass", times, 2)
			l.want("over", len(l.over(l.now, 10)), 0)
			l.want("a sweep", l.claimed("a", true), 0)
			l.settle(turn, true, l.now)
			l.now = l.now.Add(repeatWindow)
			l.want("a sweep after it", l.claimed("a", true), 0)
		},
		"what is not there": func(l *ledger) { l.want("a sweep", l.claimed("a", true), 0) },
	} {
		t.Run(name, func(t *testing.T) { run(newLedger(t)) })
	}
}

// The memory is bounded: what finds no place is written as it is, each time, and a sweep takes so many at a time.
func TestRepeatsAreBounded(t *testing.T) {
	l := newLedger(t)
	for i := range maxRepeats - 1 {
		l.wrote(fmt.Sprint(i), true)
	}
	l.want("the last that finds a place", l.wrote("last", true), 1)
	l.want("its repeat", l.wrote("last", true), 0)
	l.want("one that finds none", l.wrote("late", true), 1)
	l.want("again", l.wrote("late", true), 1)
	l.want("remembered", len(l.found), maxRepeats)
	l.wrote("0", true)
	l.wrote("1", true)
	l.now = l.now.Add(repeatWindow - time.Second)
	l.want("a second before the minute is over", len(l.over(l.now, 10)), 0)
	l.now = l.now.Add(time.Second)
	some := l.over(l.now, 2)
	l.want("two at a time", len(some), 2)
	l.want("three repeated", len(l.over(l.now, 10)), 3)
	l.want("the others are forgotten", len(l.found), 3)
	if slices.Contains(some, named("5")) {
		t.Error("got one without a repeat")
	}
}
