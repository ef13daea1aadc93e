package password

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

// Whoever comes first is served before all others, however long these have waited, and finds room where theirs is full.
func TestTheFirstQueueGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := cheap(0, 2)   // a hash runs
		var order []string // written by whoever has the place
		wait := func(name string, h *Hasher) {
			go func() {
				if err := h.places.take(t.Context(), h.lane); err != nil {
					t.Errorf("%s: got %v, want a place", name, err)
					return
				}
				order = append(order, name)
				h.places.leave()
			}()
			synctest.Wait()
		}
		wait("stranger 1", h)
		wait("stranger 2", h)
		if err := h.Dummy(t.Context(), "x"); !errors.Is(err, ErrBusy) {
			t.Errorf("a third stranger: got %v, want %v", err, ErrBusy)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.First().Dummy(gone, "x"); !errors.Is(err, context.Canceled) {
			t.Errorf("an owner who is gone: got %v, want %v: there was room for him", err, context.Canceled)
		}
		wait("owner 1", h.First())
		wait("owner 2", h.First())
		if err := h.First().Dummy(t.Context(), "x"); !errors.Is(err, ErrBusy) {
			t.Errorf("a third owner: got %v, want %v", err, ErrBusy)
		}
		h.places.leave()
		synctest.Wait()
		want := []string{"owner 1", "owner 2", "stranger 1", "stranger 2"}
		if !slices.Equal(order, want) {
			t.Errorf("got %q, want %q", order, want)
		}
	})
}

// Who gives up leaves no place behind, nor takes one along, even where it was handed to him at that moment.
func TestWhoGivesUpTakesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{room: 1}
		gaveUp := 0
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				if err := p.take(ctx, later); err != nil {
					gaveUp++
					return
				}
				p.leave()
			}()
			synctest.Wait()
			p.mu.Lock()
			cancel()
			p.handOver()
			p.mu.Unlock()
			synctest.Wait()
			if p.free != 1 || len(p.waiting[later]) != 0 {
				t.Fatalf("got %d places free and %d waiting, want 1 and none", p.free, len(p.waiting[later]))
			}
			p.free = 0
		}
		if gaveUp == 0 {
			t.Error("of 100 none gave up with the place in his hands")
		}
	})
}
