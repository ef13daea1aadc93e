package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// A labClock is a clock that tests move.
type labClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *labClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *labClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestInboxTakesAMessageOnce(t *testing.T) {
	clock := &labClock{at: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)}
	b := NewInbox(clock.now)
	m := auth.Message{ID: "one", Channel: auth.Mail, Recipient: "a@example.com",
		Args: map[string]string{"undo": "http://localhost/undo/x"}}
	for range 2 { // the lease had lapsed
		if _, err := b.Deliver(t.Context(), m, Text{Subject: "s", Body: "b"}); err != nil {
			t.Fatal(err)
		}
	}
	got := b.Messages(t.Context(), auth.InboxQuery{})
	if len(got) != 1 || got[0].Link != "http://localhost/undo/x" || got[0].Subject != "s" ||
		!got[0].At.Equal(clock.now()) {
		t.Errorf("got %+v, want it once", got)
	}
}

// A fault counts what it does, and the first that fits decides.
func TestInboxFaultsCount(t *testing.T) {
	b := NewInbox(time.Now)
	b.SetFaults([]auth.DeliveryFault{{Recipient: "+861", Refuse: true, Times: 2},
		{Channel: auth.SMS, Lose: true, Times: 1}})
	send := func(id string, to ident.Recipient, c auth.Channel) error {
		_, err := b.Deliver(context.Background(), auth.Message{ID: id, Recipient: to, Channel: c}, Text{})
		return err
	}
	var refused *Failure
	for _, id := range []string{"a", "a"} { // the same message, tried again
		if err := send(id, "+861", auth.SMS); !errors.As(err, &refused) || refused.Class != Never {
			t.Errorf("got %v, want it refused for good", err)
		}
	}
	for _, id := range []string{"a", "b", "c"} {
		if err := send(id, "+861", auth.SMS); err != nil {
			t.Errorf("%s: got %v, want it taken", id, err)
		}
	}
	if got := b.Messages(t.Context(), auth.InboxQuery{}); len(got) != 2 || len(b.Faults()) != 0 {
		t.Errorf("got %d messages and faults %v, want the first lost, two there and nothing left to do",
			len(got), b.Faults())
	}
}

// Messages on their way arrive in the order of their times, and whoever waits is woken by the clock.
func TestInboxWaitsByTheLabsTime(t *testing.T) {
	clock := &labClock{at: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)}
	b := NewInbox(clock.now)
	for id, delay := range map[string]time.Duration{"late": time.Hour, "later": 2 * time.Hour, "last": 3 * time.Hour} {
		b.SetFaults([]auth.DeliveryFault{{Delay: delay}})
		if _, err := b.Deliver(t.Context(), auth.Message{ID: id, Recipient: ident.Recipient(id), Channel: auth.SMS},
			Text{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.Messages(t.Context(), auth.InboxQuery{}); len(got) != 0 {
		t.Errorf("at first: got %d messages, want none", len(got))
	}
	came := make(chan []auth.InboxMessage)
	go func() { came <- b.Messages(context.Background(), auth.InboxQuery{Wait: time.Minute}) }()
	clock.pass(2 * time.Hour)
	b.Wake()
	got := <-came
	if len(got) != 2 || got[0].Recipient != "late" || got[0].Cursor != 1 || got[1].Recipient != "later" {
		t.Errorf("got %+v, want the first two in their order", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := b.Messages(ctx, auth.InboxQuery{After: 2, Wait: time.Minute}); len(got) != 0 {
		t.Errorf("given up: got %d messages, want none", len(got))
	}
	b.Empty()
	clock.pass(24 * time.Hour)
	if got := b.Messages(t.Context(), auth.InboxQuery{}); len(got) != 0 {
		t.Errorf("emptied: got %d messages, want none", len(got))
	}
}

// However much is sent, and however late it is to come, the inbox holds so much and no more.
func TestInboxIsBounded(t *testing.T) {
	clock := &labClock{at: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)}
	b := NewInbox(clock.now)
	body := Text{HTML: strings.Repeat("x", 64<<10)}
	for _, delay := range []time.Duration{0, time.Hour} {
		b.SetFaults([]auth.DeliveryFault{{Delay: delay, Copies: mostCopies}})
		for i := range 40 { // 50 MB
			if _, err := b.Deliver(t.Context(), auth.Message{ID: fmt.Sprint(delay, i), Channel: auth.Mail},
				body); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.SetFaults(nil)
	many := 2*inboxKeep + 10
	if testing.Short() {
		many = inboxKeep + 10
	}
	for i := range many {
		if _, err := b.Deliver(t.Context(), auth.Message{ID: fmt.Sprint("small", i)}, Text{}); err != nil {
			t.Fatal(err)
		}
	}
	sum := 0
	for _, m := range append(b.arrived, b.travels...) {
		sum += sizeOf(&m)
	}
	if sum != b.size || sum > inboxSize || len(b.arrived) > inboxKeep || len(b.travels) > inboxKeep || len(b.seen)+
		len(b.before) > 2*inboxKeep {
		t.Errorf("got %d messages, %d on their way, %d ids and %d bytes (counted: %d), want all bounded",
			len(b.arrived), len(b.travels), len(b.seen)+len(b.before), sum, b.size)
	}
}

// Whoever waits does not burn a processor while a stopped clock stands just before a message.
func TestInboxWaitsQuietly(t *testing.T) {
	clock := &labClock{at: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)}
	var looks atomic.Int64
	b := NewInbox(func() time.Time { looks.Add(1); return clock.now() })
	b.SetFaults([]auth.DeliveryFault{{Delay: 1}})
	if _, err := b.Deliver(t.Context(), auth.Message{ID: "a"}, Text{}); err != nil {
		t.Fatal(err)
	}
	if got := b.Messages(t.Context(), auth.InboxQuery{Wait: 200 * time.Millisecond}); len(got) != 0 {
		t.Errorf("got %d messages, want none yet", len(got))
	}
	if n := looks.Load(); n > 20 {
		t.Errorf("got %d looks at the clock in a fifth of a second, want few", n)
	}
}

// A message that was on its way when the lab was emptied does not come into the next.
func TestInboxTakesNothingFromBefore(t *testing.T) {
	b := NewInbox(time.Now)
	b.Queued = func(_ context.Context, id string) bool { return id == "new" }
	for _, id := range []string{"old", "new"} {
		if _, err := b.Deliver(t.Context(), auth.Message{ID: id, Recipient: ident.Recipient(id)}, Text{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.Messages(t.Context(), auth.InboxQuery{}); len(got) != 1 || got[0].Recipient != "new" {
		t.Errorf("got %+v, want the new one alone", got)
	}
}

// Under concurrency a fault strikes as often as it says.
func TestInboxFaultsCountUnderConcurrency(t *testing.T) {
	b := NewInbox(time.Now)
	b.SetFaults([]auth.DeliveryFault{{Lose: true, Times: 100}, {Copies: 2, Times: 50}})
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			for k := range 10 {
				if _, err := b.Deliver(context.Background(), auth.Message{ID: fmt.Sprint(i, " ", k)},
					Text{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got, want := len(b.Messages(t.Context(), auth.InboxQuery{})), 640-100+50; got != want || len(b.Faults()) != 0 {
		t.Errorf("got %d messages and %d faults left, want %d and none", got, len(b.Faults()), want)
	}
}
