package notify

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

func toInbox(t *testing.T, b *Inbox, id string, to ident.Recipient, c auth.Channel, body string) {
	t.Helper()
	if _, err := b.Deliver(t.Context(), auth.Message{ID: id, Recipient: to, Channel: c}, Text{Body: body}); err != nil {
		t.Fatal(err)
	}
}

// TestInboxRemembersTwoGenerations: of so many ids, and a message of the older ones is still not taken again.
func TestInboxRemembersTwoGenerations(t *testing.T) {
	b := NewInbox(time.Now)
	sizes := func(want, before int) {
		t.Helper()
		if len(b.seen) != want || len(b.before) != before {
			t.Errorf("got %d ids and %d of before, want %d and %d", len(b.seen), len(b.before), want, before)
		}
	}
	toInbox(t, b, "first", "a", auth.SMS, "")
	sizes(1, 0)
	toInbox(t, b, "other", "a", auth.SMS, "")
	sizes(2, 0)
	for i := range inboxKeep - 2 {
		b.seen[fmt.Sprint(i)] = true
	}
	sizes(inboxKeep, 0)
	toInbox(t, b, "next", "a", auth.SMS, "")
	sizes(1, inboxKeep)
	toInbox(t, b, "first", "a", auth.SMS, "")
	sizes(1, inboxKeep)
	if got := len(b.Messages(t.Context(), auth.InboxQuery{})); got != 3 {
		t.Errorf("got %d messages, want each once", got)
	}
}

// TestWhichFaultStrikes: the first that fits the channel and the recipient and is not used up; 0 is for ever.
func TestWhichFaultStrikes(t *testing.T) {
	b := NewInbox(time.Now)
	b.SetFaults([]auth.DeliveryFault{
		{Times: -1, Copies: 1},
		{Channel: auth.Mail, Recipient: "x", Times: 1, Copies: 2},
		{Channel: auth.Mail, Copies: 3},
		{Recipient: "x", Times: 2, Copies: 4},
		{Channel: auth.Voice, Copies: 5},
	})
	for i, tt := range []struct {
		to     ident.Recipient
		on     auth.Channel
		copies int
	}{
		{"y", auth.SMS, 0}, {"x", auth.SMS, 4}, {"x", auth.Mail, 2}, {"x", auth.Mail, 3}, {"y", auth.Mail, 3},
		{"x", auth.Voice, 4}, {"x", auth.Voice, 5}, {"y", auth.Voice, 5}, {"x", auth.SMS, 0}, {"x", auth.Mail, 3},
	} {
		if got := b.fault(auth.Message{Recipient: tt.to, Channel: tt.on}).Copies; got != tt.copies {
			t.Errorf("message %d: got fault %d, want %d", i, got, tt.copies)
		}
	}
	if got := len(b.Faults()); got != 3 {
		t.Errorf("got %d faults left, want the two that counted to be gone", got)
	}
}

// TestInboxIsAsked for one person's messages, for those of a channel, and for those after another.
func TestInboxIsAsked(t *testing.T) {
	b := NewInbox(time.Now)
	for _, to := range []ident.Recipient{"x", "y"} {
		for _, c := range []auth.Channel{auth.SMS, auth.Mail} {
			toInbox(t, b, string(to)+string(c), to, c, "")
		}
	}
	for _, tt := range []struct {
		q    auth.InboxQuery
		want string
	}{
		{auth.InboxQuery{}, "1 2 3 4"},
		{auth.InboxQuery{Recipient: "x"}, "1 2"},
		{auth.InboxQuery{Channel: auth.Mail}, "2 4"},
		{auth.InboxQuery{Recipient: "y", Channel: auth.SMS}, "3"},
		{auth.InboxQuery{After: 2}, "3 4"},
		{auth.InboxQuery{After: 4}, ""},
		{auth.InboxQuery{Recipient: "z"}, ""},
	} {
		var got []string
		for _, m := range b.Messages(t.Context(), tt.q) {
			got = append(got, fmt.Sprint(m.Cursor))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.q, got, tt.want)
		}
	}
}

// TestWhoWaitsIsWoken by a message, by one whose time comes, and by the lab's clock; and looks seldom until then.
func TestWhoWaitsIsWoken(t *testing.T) {
	for _, tt := range []struct {
		name  string
		delay time.Duration // of a message that is on its way
		act   func(t *testing.T, b *Inbox, clock *atomic.Int64)
		wait  time.Duration
		after time.Duration // until there is an answer
		found int
		looks int64 // at the clock at the most; 0: not counted
	}{
		{"a message", 0, func(t *testing.T, b *Inbox, _ *atomic.Int64) { toInbox(t, b, "a", "a", auth.SMS, "") },
			10 * time.Minute, 0, 1, 0},
		{"its time", 10 * time.Minute, nil, time.Hour, 10 * time.Minute, 1, 3},
		{"the clock", 10 * time.Minute, func(_ *testing.T, b *Inbox, clock *atomic.Int64) {
			clock.Store(int64(10 * time.Minute))
			b.Wake()
		}, time.Hour, 0, 1, 0},
		{"nothing", 0, nil, 150 * time.Minute, 150 * time.Minute, 0, 4},
		{"nothing, for less than an hour", 0, nil, 59 * time.Minute, 59 * time.Minute, 0, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var moved, looks atomic.Int64
				b := NewInbox(func() time.Time {
					looks.Add(1)
					return time.Now().Add(time.Duration(moved.Load()))
				})
				if tt.delay > 0 {
					b.SetFaults([]auth.DeliveryFault{{Delay: tt.delay}})
					toInbox(t, b, "late", "a", auth.SMS, "")
				}
				looks.Store(0)
				begun := time.Now()
				var found int
				var took time.Duration
				done := make(chan struct{})
				go func() {
					defer close(done)
					found = len(b.Messages(t.Context(), auth.InboxQuery{Wait: tt.wait}))
					took = time.Since(begun)
				}()
				synctest.Wait()
				if tt.act != nil {
					tt.act(t, b, &moved)
				}
				<-done
				if found != tt.found || took != tt.after || tt.looks > 0 && looks.Load() > tt.looks {
					t.Errorf("got %d messages after %s and %d looks, want %d after %s and %d",
						found, took, looks.Load(), tt.found, tt.after, tt.looks)
				}
			})
		})
	}
}

// TestLooksWhileTheClockStands are 20 ms apart: the wait of a message that is nearly there is no reason to hurry.
func TestLooksWhileTheClockStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := time.Now()
		looks := 0
		b := NewInbox(func() time.Time { looks++; return stopped })
		b.SetFaults([]auth.DeliveryFault{{Delay: 1}})
		toInbox(t, b, "a", "a", auth.SMS, "")
		looks = 0
		if got := b.Messages(t.Context(), auth.InboxQuery{Wait: 210 * time.Millisecond}); len(got) != 0 {
			t.Errorf("got %d messages, want none", len(got))
		}
		if looks != 12 { // at first, ten times, at last
			t.Errorf("got %d looks in 210 ms, want 12", looks)
		}
	})
}

// TestInboxSortsByTime: what was sent later and comes sooner is read first.
func TestInboxSortsByTime(t *testing.T) {
	clock := &labClock{at: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)}
	b := NewInbox(clock.now)
	for _, hours := range []time.Duration{3, 1, 2} {
		b.SetFaults([]auth.DeliveryFault{{Delay: hours * time.Hour}})
		toInbox(t, b, fmt.Sprint(hours), ident.Recipient(fmt.Sprint(int(hours))), auth.SMS, "")
	}
	clock.pass(2 * time.Hour)
	got := b.Messages(t.Context(), auth.InboxQuery{})
	if len(got) != 2 || got[0].Recipient != "1" || got[1].Recipient != "2" {
		t.Errorf("got %+v, want those of one and two hours", got)
	}
}

// TestWhatAnInboxHolds to one message and to one byte, of those that are there and of those on their way.
func TestWhatAnInboxHolds(t *testing.T) {
	for _, tt := range []struct {
		name             string
		messages, body   int
		arrived, travels int
	}{
		{"as many as are kept", inboxKeep, 0, inboxKeep, inboxKeep},
		{"one more", inboxKeep + 1, 0, inboxKeep, inboxKeep},
		{"as much as is kept", 2, inboxSize / 2, 2, 2},
		{"a byte more each", 2, inboxSize/2 + 1, 1, 1},
	} {
		for _, arrived := range []bool{true, false} {
			b := NewInbox(time.Now)
			list, want := &b.arrived, tt.arrived
			if !arrived {
				list, want = &b.travels, tt.travels
			}
			text := strings.Repeat("x", tt.body)
			for i := range tt.messages {
				one := auth.InboxMessage{Cursor: i, At: time.Now().Add(time.Hour), Text: text}
				*list = append(*list, one)
				b.size += sizeOf(&one)
			}
			b.bound()
			first := tt.messages - want // the oldest go, or those that would come last
			if !arrived {
				first = 0
			}
			if len(*list) != want || (*list)[0].Cursor != first || b.size != want*tt.body {
				t.Errorf("%s, arrived %v: got %d from %d on and %d bytes, want %d from %d on and %d",
					tt.name, arrived, len(*list), (*list)[0].Cursor, b.size, want, first, want*tt.body)
			}
			if b.Empty(); b.size != 0 || len(b.arrived)+len(b.travels) != 0 {
				t.Errorf("%s: got %d bytes after emptying, want none", tt.name, b.size)
			}
		}
	}
}
