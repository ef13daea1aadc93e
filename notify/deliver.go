package notify

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// unsure lists the words whose count is kept in Message.Reason.
var unsure = []string{WordNoAnswer, WordServerError, WordUnreadable, WordFault}

// errors of an attempt that never reached the driver.
var (
	errFull    = errors.New("no room")
	errStopped = errors.New("stopped")
	errTooLate = errors.New("expired")
)

// deliver brings one leased message one round further and settles it. quit is
// closed when nothing new may begin.
func (d *Dispatcher) deliver(ctx context.Context, quit <-chan struct{}, m auth.Message) {
	if o, ok := d.owes(m.ID); ok {
		d.settle(ctx, m, o)
		return
	}
	if d.late(m) {
		d.settle(ctx, m, auth.Outcome{State: auth.Expired, Gateway: m.Gateway, Reason: m.Reason})
		return
	}
	hold, cancel := context.WithTimeout(ctx, Hold)
	defer cancel()
	t, err := d.words(m)
	if err != nil {
		d.log.Error("message cannot be rendered", "message", m.ID, "template", m.Template)
		d.settle(ctx, m, d.again(m, m.Gateway, WordRender, 0))
		return
	}
	d.settle(ctx, m, d.round(hold, quit, m, t))
}

func (d *Dispatcher) late(m auth.Message) bool {
	return !m.Expires.IsZero() && !d.now().Before(m.Expires)
}

// words renders m; a panic of a template is its own. The error is not logged:
// it may quote the arguments.
func (d *Dispatcher) words(m auth.Message) (t Text, err error) {
	defer func() {
		if r := recover(); r != nil {
			d.panicked("render", m, r)
			err = errors.New("rendering panicked")
		}
	}()
	return d.render(m)
}

// round offers m to each gateway of its channel at most once, beginning where
// the message stands, and returns what became of it.
func (d *Dispatcher) round(ctx context.Context, quit <-chan struct{}, m auth.Message, t Text) auth.Outcome {
	lanes := d.lanes[m.Channel]
	if len(lanes) == 0 {
		return auth.Outcome{State: auth.Failed, Reason: WordNoGateway}
	}
	first, pending := d.standing(m, lanes)
	if m.Gateway == "" {
		first = d.speaking(lanes)
	}
	var put struct { // the most preferred gateway that may take it later
		at    int
		fail  *Failure
		found bool
	}
	var last auth.Outcome
	for i := range lanes {
		at := (first + i) % len(lanes)
		name := lanes[at].Name()
		count := 0
		if i == 0 {
			count = pending
		}
		reference, err := d.attempt(ctx, quit, lanes[at], m, t)
		if err == nil {
			lanes[at].heard(false)
			d.took(m)
			return auth.Outcome{State: auth.Accepted, Gateway: name, Reference: reference}
		}
		if o, ok := d.untried(m, name, count, err); ok {
			return o
		}
		f := failure(err)
		if !errors.Is(err, errFull) { // else it was not asked
			lanes[at].heard(f.Class == Unsure)
		}
		d.log.Warn("gateway did not take a message", "message", m.ID, "gateway", name, "class", f.Class.String(),
			"reason", f.Word, "status", f.Status, "detail", f.Detail)
		switch {
		case f.Class == Unsure, f.Class == Later && count > 0:
			d.tookNot(m)
			return d.again(m, name, counted(f, m, count+1), f.After)
		case f.Class == Later && (!put.found || at < put.at):
			put.at = at
			put.fail = f
			put.found = true
		}
		last = auth.Outcome{State: auth.Failed, Gateway: name, Reason: f.Word}
	}
	if last.Reason != "" {
		d.tookNot(m)
	}
	if put.found {
		return d.again(m, lanes[put.at].Name(), put.fail.Word, put.fail.After)
	}
	return last
}

// speaking is where a message begins that was never tried: at the first gateway that answers of late, or the first. It
// is not stored: a crash within the first try may lead the message to another one, as any message then may come twice.
func (d *Dispatcher) speaking(lanes []*lane) int {
	now := d.now()
	return max(0, slices.IndexFunc(lanes, func(l *lane) bool { return !l.passedOver(now) }))
}

// untried turns an attempt that never reached the driver into an outcome, if
// the round ends with it. A message that may have been sent by this gateway
// keeps its reason, hence its place; one that was not may go to the next.
func (d *Dispatcher) untried(m auth.Message, name string, pending int, err error) (auth.Outcome, bool) {
	switch {
	case errors.Is(err, errTooLate):
		return auth.Outcome{State: auth.Expired, Gateway: m.Gateway, Reason: m.Reason}, true
	case errors.Is(err, errStopped):
		return auth.Outcome{State: auth.Queued, Gateway: m.Gateway, Reason: m.Reason, NextAt: d.now()}, true
	case errors.Is(err, errFull) && pending > 0:
		return d.again(m, name, m.Reason, 0), true
	}
	return auth.Outcome{}, false
}

// standing returns the gateway to begin with and how many tries there have
// been Unsure. It depends on what is stored alone, so that after a crash, or on
// another node, the same gateway is asked with the same key.
func (d *Dispatcher) standing(m auth.Message, lanes []*lane) (at, pending int) {
	at = slices.IndexFunc(lanes, func(l *lane) bool { return l.Name() == m.Gateway })
	if at < 0 {
		return 0, 0
	}
	for _, word := range unsure {
		rest, ok := strings.CutPrefix(m.Reason, word)
		if !ok {
			continue
		}
		pending = 1
		if n, err := strconv.Atoi(strings.TrimPrefix(rest, "-")); err == nil {
			pending = n
		}
	}
	if pending >= d.limits.Unsure {
		return (at + 1) % len(lanes), 0 // its tries are used up
	}
	return at, pending
}

// counted returns the reason of the n-th Unsure try. A Later after an Unsure
// keeps the earlier word: the message may still have been sent.
func counted(f *Failure, m auth.Message, n int) string {
	word := f.Word
	if !slices.Contains(unsure, word) {
		word = WordNoAnswer
		for _, w := range unsure {
			if strings.HasPrefix(m.Reason, w) {
				word = w
			}
		}
	}
	if n > 1 {
		word += "-" + strconv.Itoa(n)
	}
	return word
}

// attempt waits for a slot of l and delivers once. It ends with ctx or with
// the message's life, whichever comes first.
func (d *Dispatcher) attempt(
	ctx context.Context, quit <-chan struct{}, l *lane, m auth.Message, t Text,
) (reference string, err error) {
	if err := l.enter(ctx, quit, m.Rank()); err != nil {
		return "", err
	}
	defer l.leave(m.Rank())
	if d.late(m) {
		return "", errTooLate
	}
	if !m.Expires.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.Expires.Sub(d.now()))
		defer cancel()
	}
	defer func() {
		if r := recover(); r != nil {
			d.panicked(l.Name(), m, r)
			err = &Failure{Class: Unsure, Word: WordFault}
		}
	}()
	return l.Deliver(ctx, m, t)
}

// panicked logs where, never what: the value may quote the message.
func (d *Dispatcher) panicked(where string, m auth.Message, r any) {
	d.log.Error("panic while delivering", "where", where, "message", m.ID,
		"type", fmt.Sprintf("%T", r), "stack", string(debug.Stack()))
}

// failure returns what err says; an error of unknown kind is Unsure.
func failure(err error) *Failure {
	if errors.Is(err, errFull) {
		return &Failure{Class: Later, Word: WordBusy}
	}
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Class: Unsure, Word: WordFault}
}

// again queues m for gateway after a wait that grows with its tries, or fails
// it if there is no time or no try left.
func (d *Dispatcher) again(m auth.Message, gateway, reason string, after time.Duration) auth.Outcome {
	wait := min(d.limits.First, d.limits.Most)
	for range m.Tries {
		wait = min(2*wait, d.limits.Most)
	}
	wait = wait/2 + time.Duration(d.Jitter()*float64(wait/2))
	wait = max(wait, min(after, d.limits.Most))
	next := d.now().Add(wait)
	if m.Tries+1 >= d.limits.Tries || (!m.Expires.IsZero() && !next.Before(m.Expires)) {
		return auth.Outcome{State: auth.Failed, Gateway: gateway, Reason: reason}
	}
	return auth.Outcome{State: auth.Queued, Gateway: gateway, Reason: reason, NextAt: next}
}

// settle stores o. If the store will not have it, o is remembered for when
// the lease lapses, so that an accepted message is not sent twice.
func (d *Dispatcher) settle(ctx context.Context, m auth.Message, o auth.Outcome) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := d.outbox.Settle(ctx, m.ID, o)
	for _, wait := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, 800 * time.Millisecond} {
		if err == nil {
			break
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
			err = d.outbox.Settle(ctx, m.ID, o)
		}
		t.Stop()
	}
	if err != nil {
		d.log.Error("outcome cannot be stored", "message", m.ID, "state", o.State, "error", err)
		d.owe(m, o)
		return
	}
	d.log.Info("message settled", "message", m.ID, "channel", m.Channel, "template", m.Template,
		"gateway", o.Gateway, "state", o.State, "reason", o.Reason, "tries", m.Tries)
	if o.State == auth.Queued {
		time.AfterFunc(o.NextAt.Sub(d.now()), d.poke)
	}
}

// owe remembers an outcome and forgets those of messages that are over.
func (d *Dispatcher) owe(m auth.Message, o auth.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, old := range d.owed {
		if old.until.Before(d.now()) {
			delete(d.owed, id)
		}
	}
	if len(d.owed) < 10_000 {
		d.owed[m.ID] = debt{outcome: o, until: m.Expires.Add(time.Hour)}
	}
}

func (d *Dispatcher) owes(id string) (auth.Outcome, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, ok := d.owed[id]
	delete(d.owed, id)
	return o.outcome, ok
}

// String names the class.
func (c Class) String() string {
	switch c {
	case Later:
		return "later"
	case Never:
		return "never"
	}
	return "unsure"
}
