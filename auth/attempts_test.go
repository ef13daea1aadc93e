package auth

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// throttle is how versions before stored what attempts and quotas are now.
type throttle struct {
	Fails int       `json:"f"`
	Burst int       `json:"b,omitempty"`
	At    time.Time `json:"t"`
	Until time.Time `json:"u,omitzero"`
	Keep  bool      `json:"k,omitempty"`
}

// What an older store has counted goes on to count.
func TestCountsOfOlderStoresAreRead(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	now := s.now()
	old := store.NewCollection[throttle]("throttle", s.keys).In(s.realm())
	guesses := throttle{Fails: 7, Burst: 6, At: now, Until: now.Add(time.Minute), Keep: true}
	sends := throttle{Fails: 9, At: now, Until: now.Add(-time.Hour)}
	if err := s.db.Update(t.Context(), func(tx store.Tx) error {
		if err := old.Put(tx, "c/A/totp", &guesses); err != nil {
			return err
		}
		return old.Put(tx, "n/A/B", &sends)
	}); err != nil {
		t.Fatal(err)
	}
	type both struct {
		answers attempts
		sends   quota
	}
	got, err := do(t.Context(), s, Caller{}, ActLook, func(w *Work) (both, error) {
		a, err := w.attempts("c/A/totp")
		if err != nil {
			return both{}, err
		}
		q, err := w.quota("n/A/B")
		return both{a, q}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := both{attempts{7, 6, now, now.Add(time.Minute), true, time.Time{}}, quota{9, now.Add(-time.Hour), now}}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The edges of what wrong answers cost: the wait doubles to its cap and stays there, a quiet day ends it a second
// after it is over, and no other second does.
func TestTheEdgesOfWaits(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	g := Marketplace().Guesses
	var a attempts
	for n := 1; n <= 100; n++ {
		a = a.afterFailure(g, now)
		if want := max(0, g.Free-n); a.freeTries(g, now) != want {
			t.Errorf("after %d: got %d free, want %d", n, a.freeTries(g, now), want)
		}
		switch wait := a.RestsUntil.Sub(now); {
		case n < g.Free && !a.RestsUntil.IsZero():
			t.Errorf("after %d: got a wait until %s, want none", n, a.RestsUntil)
		case n >= g.Free && wait != min(g.Cap, g.Wait<<min(20, n-g.Free)):
			t.Errorf("after %d: got a wait of %s", n, wait)
		}
	}
	for after, free := range map[time.Duration]int{day: 0, day + time.Second: g.Free} {
		at := now.Add(after)
		if got := a.freeTries(g, at); got != free {
			t.Errorf("%s later: got %d free, want %d", after, got, free)
		}
		if next := a.afterFailure(g, at); next.Burst == 1 != (free > 0) || next.Failures != 101 || !next.Keep ||
			next.At != at {
			t.Errorf("one more %s later: got %+v", after, next)
		}
	}
	g.Limit = 0
	if a = (attempts{}).afterFailure(g, now); a.Keep {
		t.Error("without a limit: got a count that is never swept")
	}
	a = attempts{Failures: 6, Burst: 6, At: now, RestsUntil: now.Add(time.Hour), Keep: true}
	if got, want := a.withoutOne(), (attempts{Failures: 5, Burst: 5, At: now, Keep: true}); got != want {
		t.Errorf("one taken back: got %+v, want %+v", got, want)
	}
	if got := (attempts{}).withoutOne(); got != (attempts{}) {
		t.Errorf("one taken back of none: got %+v", got)
	}
}

// A count goes two days after its last and after its wait, not a second before; one that leads to a limit never.
func TestTheEdgesOfCounts(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	w := &Work{now: now}
	long := now.Add(-100 * day)
	for _, x := range []struct {
		what string
		of   attempts
		over bool
	}{
		{"two days", attempts{At: now.Add(-2 * day)}, false},
		{"a second more", attempts{At: now.Add(-2*day - time.Second)}, true},
		{"a wait that ended two days ago", attempts{At: long, RestsUntil: now.Add(-2 * day)}, false},
		{"one that ended a second before", attempts{At: long, RestsUntil: now.Add(-2*day - time.Second)}, true},
		{"one that leads to a limit", attempts{At: long, RestsUntil: long, Keep: true}, false},
	} {
		if got := w.countOver(&x.of); got != x.over {
			t.Errorf("%s: got over %v, want %v", x.what, got, x.over)
		}
	}
}

// What a mailed code and an introduction leave goes a day later, not a second before.
func TestTheEdgesOfIntroductions(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	w := &Work{now: now}
	for ago, over := range map[time.Duration]bool{24 * time.Hour: false, 24*time.Hour + time.Second: true} {
		codes, met := &mailedCodes{At: now.Add(-ago)}, &introduction{At: now.Add(-ago)}
		if w.mailedCodesOver(codes) != over || w.introductionOver(met) != over {
			t.Errorf("%s: got over %v and %v, want %v", ago, w.mailedCodesOver(codes), w.introductionOver(met), over)
		}
	}
}
