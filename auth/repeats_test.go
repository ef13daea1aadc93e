package auth_test

import (
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// refusals is how many refusals of an act a history tells of, and in how many events.
func refusals(t *testing.T, w *world, c auth.Caller, a auth.Action) (events, times int) {
	t.Helper()
	h, err := w.s.History(t.Context(), c, "", 100)
	ok(t, "history", err)
	for _, e := range h.Events {
		if e.Action == a && e.Outcome != "" {
			events++
			times += max(e.Times, 1)
		}
	}
	return events, times
}

// rename is an act on a method that is not there.
func rename(w *world, c auth.Caller) error {
	_, err := w.s.Rename(w.t.Context(), c, "nothing", "a name", "")
	return err
}

// What is refused again and again is one event a minute, and no refusal is lost.
func TestRepeatsAreOneEventAMinute(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	tell := func(n int) {
		for range n {
			wantCode(t, "no such method", rename(w, c), auth.NoSuchMethod)
		}
	}
	for _, step := range []struct {
		name          string
		asked         int
		after         time.Duration
		sweep         bool
		events, times int
	}{
		{"the first", 1, 0, false, 1, 1},
		{"its repeats", 500, 0, true, 1, 1},
		{"when the minute is over", 0, time.Minute, true, 2, 501},
		{"a sweep with nothing to write", 0, time.Minute, true, 2, 501},
		{"another later", 1, time.Minute, false, 3, 502},
		{"and its repeats", 50, 0, false, 3, 502},
		{"written by the next refusal", 1, time.Minute, false, 4, 553},
	} {
		w.pass(step.after)
		tell(step.asked)
		if step.sweep {
			ok(t, "sweep", w.s.Sweep(t.Context()))
		}
		if events, times := refusals(t, w, c, auth.ActRename); events != step.events || times != step.times {
			t.Errorf("%s: got %d events of %d refusals, want %d of %d", step.name, events, times, step.events, step.times)
		}
	}
	if _, _, err := w.s.VerifyAudit(t.Context(), nil); err != nil {
		t.Errorf("the chains: got %v, want them whole", err)
	}
}

// Many at once, while minutes end and sweeps write: each refusal is told of once.
func TestRepeatsAtOnceAreAllCounted(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	const askers, each = 8, 20
	var all sync.WaitGroup
	for range askers {
		all.Go(func() {
			for i := range each {
				if rename(w, c) == nil {
					t.Error("got a new name, want a refusal")
				}
				if i%5 == 0 {
					w.pass(time.Minute)
					if err := w.s.Sweep(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	w.pass(time.Minute)
	ok(t, "sweep", w.s.Sweep(t.Context()))
	if _, times := refusals(t, w, c, auth.ActRename); times != askers*each {
		t.Errorf("got %d refusals told of, want %d", times, askers*each)
	}
}

// What differs is told apart: another act, another reason, another session.
func TestDifferentRefusalsAreDifferentEvents(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled("seller@example.com", sellerNumber)
	other := caller("another browser")
	info, err := w.s.SignIn(t.Context(), other, auth.SignInForm{Identifier: "seller@example.com", Password: password})
	ok(t, "password", err)
	w.pass(time.Minute)
	other.Token = w.second(other, info, secret).Token
	for range 3 {
		wantCode(t, "one session", rename(w, c), auth.NoSuchMethod)
		wantCode(t, "another session", rename(w, other), auth.NoSuchMethod)
		wantCode(t, "another act", w.s.EndSession(t.Context(), c, "nothing"), auth.NotFound)
	}
	if events, _ := refusals(t, w, c, auth.ActRename); events != 2 {
		t.Errorf("two sessions: got %d events, want 2", events)
	}
	if events, _ := refusals(t, w, c, auth.ActEndSession); events != 1 {
		t.Errorf("another act: got %d events, want 1", events)
	}
}
