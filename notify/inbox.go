package notify

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

const (
	inboxName  = "lab"
	inboxKeep  = 10_000   // messages kept; the oldest go first
	inboxSize  = 32 << 20 // bytes of their texts kept
	mostCopies = 20

	lookAgain = 20 * time.Millisecond // at the most often, while somebody waits
)

// Inbox is the Driver of a lab: it keeps what was sent, for programs that wait
// for a code or a link, and does to messages what faults say. Delays are in the
// lab's time. It is safe for concurrent use.
type Inbox struct {
	// Queued reports whether a message is still wanted; nil: every one is. One that
	// was on its way when the lab was reset must not come into the next.
	Queued func(ctx context.Context, id string) bool

	now func() time.Time

	mu      sync.Mutex
	arrived []auth.InboxMessage // by cursor
	travels []auth.InboxMessage // not there yet: At is when they will be
	size    int                 // of the texts of both
	faults  []auth.DeliveryFault
	seen    map[string]bool
	before  map[string]bool // seen earlier: of two generations the older is forgotten
	last    int             // the newest cursor
	news    chan struct{}   // closed when something may have changed
}

// NewInbox returns an empty inbox by the lab's clock.
func NewInbox(now func() time.Time) *Inbox {
	return &Inbox{now: now, seen: map[string]bool{}, news: make(chan struct{})}
}

// Name returns "lab".
func (b *Inbox) Name() string { return inboxName }

// Channels returns all of them.
func (b *Inbox) Channels() []auth.Channel { return []auth.Channel{auth.SMS, auth.Voice, auth.Mail} }

// Deliver takes a message, or does to it what a fault says. One that came
// already is not taken again.
func (b *Inbox) Deliver(ctx context.Context, m auth.Message, t Text) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen[m.ID] || b.before[m.ID] || b.Queued != nil && !b.Queued(ctx, m.ID) {
		return m.ID, nil
	}
	f := b.fault(m)
	if f.Refuse {
		return "", &Failure{Class: Never, Word: WordRefused}
	}
	if len(b.seen) >= inboxKeep {
		b.before, b.seen = b.seen, map[string]bool{}
	}
	b.seen[m.ID] = true
	if f.Lose {
		return m.ID, nil
	}
	one := auth.InboxMessage{At: b.now().Add(f.Delay).UTC(), Channel: m.Channel, Recipient: m.Recipient,
		Language: m.Language, Label: m.Label,
		Subject: t.Subject, Text: t.Body, HTML: t.HTML, Code: m.Args["code"], Link: m.Args["link"]}
	if one.Link == "" {
		one.Link = m.Args["undo"]
	}
	for range min(max(f.Copies, 1), mostCopies) {
		b.travels = append(b.travels, one)
		b.size += sizeOf(&one)
	}
	b.arrive()
	b.wake()
	return m.ID, nil
}

// fault finds what is to be done to a message, and counts it.
func (b *Inbox) fault(m auth.Message) auth.DeliveryFault {
	for i := range b.faults {
		f := &b.faults[i]
		if f.Channel != "" && f.Channel != m.Channel || f.Recipient != "" && f.Recipient != m.Recipient || f.Times < 0 {
			continue
		}
		found := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				b.faults = slices.Delete(b.faults, i, i+1)
			}
		}
		return found
	}
	return auth.DeliveryFault{}
}

// Messages returns what a query asks for, the oldest first.
func (b *Inbox) Messages(ctx context.Context, q auth.InboxQuery) []auth.InboxMessage {
	over := time.NewTimer(q.Wait)
	defer over.Stop()
	for {
		found, news, next := b.look(q)
		if len(found) > 0 || q.Wait <= 0 {
			return found
		}
		due := time.NewTimer(max(next, lookAgain)) // a clock that stands just before would keep us busy
		select {
		case <-news:
		case <-due.C:
		case <-over.C:
			q.Wait = 0 // a last look
		case <-ctx.Done():
			q.Wait = 0
		}
		due.Stop()
	}
}

// look returns what is there now, what tells of news, and when to look again if
// nothing does.
func (b *Inbox) look(q auth.InboxQuery) (found []auth.InboxMessage, news <-chan struct{}, next time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next = b.arrive()
	for _, m := range b.arrived {
		if m.Cursor > q.After && (q.Recipient == "" || q.Recipient == m.Recipient) &&
			(q.Channel == "" || q.Channel == m.Channel) {
			found = append(found, m)
		}
	}
	return found, b.news, next
}

// arrive lets messages whose time has come arrive, and returns how long the next
// one will take.
func (b *Inbox) arrive() time.Duration {
	now, next := b.now(), time.Hour
	slices.SortStableFunc(b.travels, func(x, y auth.InboxMessage) int { return x.At.Compare(y.At) })
	for len(b.travels) > 0 {
		if wait := b.travels[0].At.Sub(now); wait > 0 {
			next = wait
			break
		}
		b.last++
		one := b.travels[0]
		one.Cursor, b.travels = b.last, b.travels[1:]
		b.arrived = append(b.arrived, one)
	}
	b.bound()
	return next
}

// bound forgets the oldest messages when there are too many, and of those on
// their way the ones that would come last.
func (b *Inbox) bound() {
	extra := 0
	for n := len(b.arrived); extra < n && (n-extra > inboxKeep || b.size > inboxSize); extra++ {
		b.size -= sizeOf(&b.arrived[extra])
	}
	b.arrived = slices.Delete(b.arrived, 0, extra)
	for n := len(b.travels); n > inboxKeep || b.size > inboxSize; n-- {
		b.size -= sizeOf(&b.travels[n-1])
		b.travels = slices.Delete(b.travels, n-1, n)
	}
}

func sizeOf(m *auth.InboxMessage) int { return len(m.Subject) + len(m.Text) + len(m.HTML) }

// Wake makes whoever waits look again, after the clock was moved.
func (b *Inbox) Wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wake()
}

func (b *Inbox) wake() {
	close(b.news)
	b.news = make(chan struct{})
}

// Empty forgets all messages, also those on their way. Cursors go on.
func (b *Inbox) Empty() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.arrived = nil
	b.travels = nil
	b.size = 0
	b.seen, b.before = map[string]bool{}, nil
}

// Faults returns what is done to messages.
func (b *Inbox) Faults() []auth.DeliveryFault {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.faults)
}

// SetFaults says what is to be done to messages from now on; the first fault
// that fits counts.
func (b *Inbox) SetFaults(list []auth.DeliveryFault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = slices.Clone(list)
}
