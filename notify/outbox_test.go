package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

var _ Outbox = (*auth.Service)(nil)

// What must never be seen in a log.
const (
	canaryCode   = "918273"
	canaryPhone  = "+8613812345678"
	canaryMail   = "canary.person@example.com"
	canarySecret = "canary-secret-5f2c"
	canaryAnswer = "canary-provider-words"
)

// clock is set by hand.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

const lease = time.Minute

// box is an outbox in memory that keeps the contract of Outbox.
type box struct {
	mu       sync.Mutex
	now      func() time.Time
	queue    []*auth.Message
	messages map[string]*auth.Message
	settled  map[string][]auth.Outcome
	broken   int // Settle fails this many times
	wake     chan struct{}
}

func newBox(now func() time.Time) *box {
	return &box{now: now, messages: map[string]*auth.Message{}, settled: map[string][]auth.Outcome{},
		wake: make(chan struct{}, 1)}
}

func (b *box) put(m auth.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.State == "" {
		m.State = auth.Queued
	}
	b.queue = append(b.queue, &m)
	b.messages[m.ID] = &m
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *box) DueUpTo(_ context.Context, max int, last auth.Rank) ([]auth.Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var due [auth.Ranks][]*auth.Message
	now := b.now()
	b.queue = slices.DeleteFunc(b.queue, func(m *auth.Message) bool { return m.State != auth.Queued })
	for _, m := range b.queue {
		if r := m.Rank(); r <= last && len(due[r]) < max && !m.NextAt.After(now) {
			due[r] = append(due[r], m)
		}
	}
	var list []auth.Message
	for _, m := range slices.Concat(due[:last+1]...) {
		if len(list) < max {
			m.NextAt = now.Add(lease)
			list = append(list, *m)
		}
	}
	return list, nil
}

func (b *box) Settle(_ context.Context, id string, o auth.Outcome) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken > 0 {
		b.broken--
		return errors.New("disk full")
	}
	m := b.messages[id]
	if m.State != auth.Queued {
		return nil
	}
	b.settled[id] = append(b.settled[id], o)
	m.State = o.State
	m.Gateway = o.Gateway
	m.Reference = o.Reference
	m.Reason = o.Reason
	if o.State == auth.Queued {
		m.Tries++
		m.NextAt = o.NextAt
	}
	return nil
}

func (b *box) Wake() <-chan struct{} { return b.wake }

// receipt applies a receipt: the first final word stays.
func (b *box) receipt(r auth.Receipt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.messages {
		if m.Gateway == r.Gateway && m.Reference == r.Reference && m.State == auth.Accepted {
			m.State, m.Reason = r.State, r.Reason
		}
	}
}

func (b *box) get(id string) auth.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return *b.messages[id]
}

func (b *box) count(s auth.Delivery) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, m := range b.messages {
		if m.State == s {
			n++
		}
	}
	return n
}

func sms(id string, now time.Time) auth.Message {
	return auth.Message{ID: id, Channel: auth.SMS, Recipient: canaryPhone, Language: "zh-CN",
		Template: auth.TemplateCode,
		Args:     map[string]string{"code": canaryCode}, Label: "K7", CreatedAt: now, Expires: now.Add(5 * time.Minute)}
}

func letter(id string, now time.Time) auth.Message {
	m := sms(id, now)
	m.Channel, m.Recipient = auth.Mail, canaryMail
	return m
}

func render(m auth.Message) (Text, error) {
	body := "【Latchkey】" + m.Args["code"] + " 是您的验证码（编号 " + m.Label + "）。"
	return Text{Subject: "您的验证码", Body: body, HTML: "<p>" + m.Args["code"] + "</p>"}, nil
}

// fake is a driver whose every delivery does what play says.
type fake struct {
	name  string
	on    []auth.Channel
	limit int
	play  func(ctx context.Context, n int, m auth.Message) error // n counts its deliveries from 0

	mu    sync.Mutex
	calls []string // ids
	times []time.Time
	log   *[]string // names of gateways in the order of calls, shared
}

func (f *fake) Name() string { return f.name }
func (f *fake) slots() int   { return f.limit }
func (f *fake) Channels() []auth.Channel {
	if f.on == nil {
		return []auth.Channel{auth.SMS}
	}
	return f.on
}

func (f *fake) Deliver(ctx context.Context, m auth.Message, _ Text) (string, error) {
	f.mu.Lock()
	n := len(f.calls)
	f.calls = append(f.calls, m.ID)
	f.times = append(f.times, time.Now())
	if f.log != nil {
		*f.log = append(*f.log, f.name)
	}
	f.mu.Unlock()
	if f.play != nil {
		if err := f.play(ctx, n, m); err != nil {
			return "", err
		}
	}
	return f.name + "/" + m.ID, nil
}

func (f *fake) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// script plays one word a delivery, the last one for ever.
func script(words string) func(context.Context, int, auth.Message) error {
	list := strings.Fields(words)
	return func(_ context.Context, n int, _ auth.Message) error {
		switch w := list[min(n, len(list)-1)]; w {
		case "ok":
			return nil
		case "later":
			return &Failure{Class: Later, Word: WordBusy}
		case "never":
			return &Failure{Class: Never, Word: WordRefused}
		case "unsure":
			return &Failure{Class: Unsure, Word: WordNoAnswer}
		case "plain":
			return errors.New(canaryAnswer)
		case "panic":
			panic(canaryAnswer)
		default:
			return fmt.Errorf("no such word: %s", w)
		}
	}
}

// journal is a log that tests may read.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func (j *journal) logger() *slog.Logger {
	timeless := func(_ []string, a slog.Attr) slog.Attr { // a clock's digits may be those of a canary
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	return slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: timeless}))
}

// clean fails if a canary got into the log, or if nothing was logged at all.
func (j *journal) clean(t *testing.T) {
	t.Helper()
	got := j.String()
	if got == "" {
		t.Error("got an empty log, want one that could have held a canary")
	}
	for _, c := range []string{
		canaryCode, canaryPhone, canaryPhone[1:], canaryMail, canarySecret, canaryAnswer, "验证码",
	} {
		if strings.Contains(got, c) {
			t.Errorf("got %q in the log, want it nowhere:\n%s", c, got)
		}
	}
}

// pump delivers everything that is due at the clock's time and waits for it.
func pump(d *Dispatcher) {
	ctx := context.Background()
	for d.lease(ctx, ctx) {
		d.working.Wait()
	}
	d.working.Wait()
}

// settleAll pumps and moves the clock until nothing is queued, at most n times.
func settleAll(d *Dispatcher, b *box, c *clock, n int) {
	for range n {
		pump(d)
		if b.count(auth.Queued) == 0 {
			return
		}
		c.add(15 * time.Second)
	}
}

// start runs d and returns what ends it and waits for that.
func start(t *testing.T, d *Dispatcher) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- d.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: got %v, want no error", err)
		}
	}
}
