package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/latchkey-auth/latchkey/store"
)

// What one commit may hold, so that nobody waits long for others.
const (
	groupCalls = 1024
	groupBytes = 8 << 20
)

// A call is one Update on its way through the writer.
type call struct {
	ctx   context.Context
	fn    func(store.Tx) error
	state atomic.Int32
	done  chan struct{} // holds one answer

	// The answer, written before done.
	err    error
	panics *Panic
	exits  bool // fn ended its goroutine
}

// States of a call: whoever moves it on from waiting decides its fate.
const (
	waiting int32 = iota
	taken         // by the writer: it will be answered
	left          // by its caller: the writer passes it over
)

// A Panic is what Update panics with when fn did, with the stack that fn had.
type Panic struct {
	Value any
	Stack []byte
}

// Error returns the value and the stack.
func (p *Panic) Error() string { return fmt.Sprintf("%v\n\nin an update:\n%s", p.Value, p.Stack) }

// Trace returns the stack.
func (p *Panic) Trace() []byte { return p.Stack }

// Unwrap returns the value if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// newCall makes a call for the pool.
func newCall() any { return &call{done: make(chan struct{}, 1)} }

// Update implements store.DB. If fn panics, so does Update in its caller's goroutine, with a *Panic, and
// nothing of fn is written; other Updates are not touched.
func (db *DB) Update(ctx context.Context, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := db.pool.Get().(*call)
	c.ctx = ctx
	c.fn = fn
	c.err = nil
	c.panics = nil
	c.exits = false
	c.state.Store(waiting)
	select {
	case <-db.closing:
		return store.ErrClosed
	default:
	}
	select {
	case db.calls <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.closing:
		return store.ErrClosed
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.state.CompareAndSwap(waiting, left) {
			return ctx.Err()
		}
		<-c.done
	case <-db.stopped: // the call came after the last round
		if c.state.CompareAndSwap(waiting, left) {
			return store.ErrClosed
		}
		<-c.done
	}
	err := c.err
	panics := c.panics
	exits := c.exits
	c.ctx = nil
	c.fn = nil
	c.err = nil
	c.panics = nil
	db.pool.Put(c)
	switch {
	case panics != nil:
		panic(panics)
	case exits:
		runtime.Goexit()
	}
	return err
}

// A writer is the one goroutine that writes, and its group under way.
type writer struct {
	db      *DB
	tx      *bbolt.Tx // nil between groups
	reader  reader    // over tx
	over    overlay
	members []*call
	applied int // fns of the group that have written
	bytes   int // that they have written
	broken  error
}

// loop writes groups until the store closes. A fn may end the goroutine it runs in (a test's FailNow
// does): the group then goes on in another one.
func (w *writer) loop() {
	ended := false
	defer func() {
		if !ended {
			go w.loop()
		}
	}()
	for w.group() {
	}
	ended = true
	close(w.db.stopped)
}

// group runs the calls that wait in one transaction; it returns false when the store closes and none is left.
func (w *writer) group() bool {
	if w.tx == nil {
		first := w.wait()
		if first == nil {
			return false
		}
		if err := w.begin(); err != nil {
			w.refuse(first, err)
			return true
		}
		w.run(first)
	}
	for len(w.members) < groupCalls && w.bytes < groupBytes && w.broken == nil {
		select {
		case c := <-w.db.calls:
			w.run(c)
			continue
		default:
		}
		break
	}
	w.end()
	return true
}

// wait returns the next call, nil when the store closes and none is left.
func (w *writer) wait() *call {
	select {
	case c := <-w.db.calls:
		return c
	case <-w.db.closing:
	}
	select {
	case c := <-w.db.calls:
		return c
	default:
		return nil
	}
}

func (w *writer) begin() error {
	if w.db.dead.Load() {
		return store.ErrUnknownOutcome
	}
	tx, err := w.db.bolt.Begin(true)
	if err != nil {
		return fmt.Errorf("beginning to write: %w", err)
	}
	w.tx, w.reader = tx, reader{tx: tx}
	return nil
}

// refuse answers a call that was not run.
func (w *writer) refuse(c *call, err error) {
	if c.state.CompareAndSwap(waiting, taken) {
		w.members = append(w.members, c)
		w.answer(err)
	}
}

// run runs one call on an overlay and applies what it wrote if it returns nil.
func (w *writer) run(c *call) {
	if !c.state.CompareAndSwap(waiting, taken) {
		return
	}
	w.members = append(w.members, c)
	if c.err = c.ctx.Err(); c.err != nil {
		return
	}
	w.over.reset()
	tx := &update{view: view{reader: w.reader}, over: &w.over}
	returned := false
	defer func() {
		tx.ended = true
		w.reader = tx.reader // with the buckets it has opened
		if returned {
			return
		}
		if v := recover(); v != nil {
			c.panics = &Panic{Value: v, Stack: debug.Stack()}
		} else {
			c.exits = true
		}
	}()
	c.err = c.fn(tx)
	returned = true
	if c.err == nil && w.over.size > 0 {
		w.applied++
		w.bytes += w.over.size
		w.broken = w.over.apply(w.tx, &tx.reader)
	}
}

// end commits the group and answers its members.
func (w *writer) end() {
	tx, id := w.tx, w.tx.ID()
	w.tx = nil
	var err error
	switch {
	case w.broken != nil: // nothing a fn can do leads here; its part may be in the transaction
		tx.Rollback()
		err = fmt.Errorf("writing: %w", w.broken)
	case w.applied == 0:
		tx.Rollback()
	default:
		if err = w.db.commit(tx); err != nil {
			err = w.db.outcome(err, id)
		} else {
			w.db.commits.Add(1)
		}
	}
	w.answer(err)
}

// answer tells the members how they ended: an error of the group stands before their own answers, which
// were given on what never came to be.
func (w *writer) answer(err error) {
	w.db.updates.Add(uint64(len(w.members)))
	for i, c := range w.members {
		if err != nil {
			c.err = err
		}
		c.done <- struct{}{}
		w.members[i] = nil
	}
	w.members = w.members[:0]
	w.applied = 0
	w.bytes = 0
	w.broken = nil
	w.reader = reader{}
}

// outcome tells what a failed commit of the transaction id has left behind. No space is a known rollback
// only as long as the meta page in force is still the one before.
func (db *DB) outcome(err error, id int) error {
	if noSpace(err) {
		if tx, e := db.bolt.Begin(false); e == nil {
			before := tx.ID() < id
			tx.Rollback()
			if before {
				return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
			}
		}
	}
	if db.dead.CompareAndSwap(false, true) {
		close(db.failed)
	}
	return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, err)
}

// noSpace knows the errors of a full disk or quota. bbolt gives those of growing the file as text only.
func noSpace(err error) bool {
	for _, known := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, berrors.ErrMaxSizeReached} {
		if errors.Is(err, known) || strings.HasSuffix(err.Error(), ": "+known.Error()) {
			return true
		}
	}
	return false
}
