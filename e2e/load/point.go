package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// An operation is one thing that a worker does again and again.
type operation struct {
	name string
	once func(ctx context.Context, w *worker) error
	// count is how many there are in all, 0 if there is no end to them. A counted operation has no
	// warm-up: it would use some up.
	count int
}

// A worker is one client of a closed loop: it asks, waits for the answer, and asks again.
type worker struct {
	index, of int
	turn      int
	client    *client
	buf       []byte
	signing   time.Duration // spent on signatures, which a real client does elsewhere

	took   []time.Duration
	errors int
	first  error
}

// mine returns the bounds of this worker's share of n things: no two workers touch the same one, as
// no two people press the same key.
func (w *worker) mine(n int) (from, to int) { return w.index * n / w.of, (w.index + 1) * n / w.of }

// pick returns the index of the next thing in this worker's share, round and round.
func (w *worker) pick(n int) int {
	from, to := w.mine(n)
	i := from + w.turn%(to-from)
	w.turn++
	return i
}

// A result is one point: what N clients saw and what it cost the server.
type result struct {
	Operation  string        `json:"operation"`
	Clients    int           `json:"clients"`
	Older      bool          `json:"older,omitempty"` // of the build beside
	Seconds    float64       `json:"seconds"`
	Done       int           `json:"done"`
	Errors     int           `json:"errors"`
	FirstError string        `json:"firstError,omitempty"`
	PerSecond  float64       `json:"perSecond"`
	P50        time.Duration `json:"p50ns"`
	P99        time.Duration `json:"p99ns"`
	Most       time.Duration `json:"maxns"`
	Signing    time.Duration `json:"signingns"` // by the client, an operation; within its latency
	CPU        time.Duration `json:"cpuns"`     // of the server, an operation
	V          time.Duration `json:"vns"`
	InV        float64       `json:"inV"` // CPU / V
	Commits    float64       `json:"commits"`
	RSS        int64         `json:"rss"`
	High       int64         `json:"hwm"`
	Steal      float64       `json:"steal"`
}

// errorLimit ends a point that only fails: an answer of 429 costs next to nothing and would be asked
// for a hundred thousand times.
const errorLimit = 1000

// run measures one point and reports it.
func (p *plan) run(ctx context.Context, c *child, r *report, op operation, n int, length time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	warm, most := p.warm, p.most
	if op.count > 0 {
		warm = 0
		most = op.count
		length = p.limit
	}
	l := newLoop(c, op, n, most)
	defer l.close()
	wait := l.start(ctx)
	time.Sleep(warm)
	before, err := c.edge()
	if err != nil {
		return err
	}
	u, err := startUnit()
	if err != nil {
		return err
	}
	l.measuring.Store(true)
	select {
	case <-time.After(length):
	case <-wait:
	case <-ctx.Done():
	}
	l.measuring.Store(false)
	after, err := c.edge()
	v := u.end()
	l.stop()
	<-wait
	if err != nil {
		return err
	}
	one := l.result(before, after, v)
	one.Older = c.older
	r.add(one)
	return nil
}

// A loop is N workers that do one operation.
type loop struct {
	op        operation
	workers   []*worker
	left      atomic.Int64
	errors    atomic.Int64
	measuring atomic.Bool
	over      atomic.Bool
}

func newLoop(c *child, op operation, n, most int) *loop {
	l := &loop{op: op}
	l.left.Store(int64(most))
	for i := range n {
		l.workers = append(l.workers, &worker{index: i, of: n, client: &client{addr: c.addr}})
	}
	return l
}

func (l *loop) stop() { l.over.Store(true) }

func (l *loop) close() {
	for _, w := range l.workers {
		w.client.close()
	}
}

// start lets the workers go; the channel is closed when all have ended.
func (l *loop) start(ctx context.Context) <-chan struct{} {
	var all sync.WaitGroup
	for _, w := range l.workers {
		all.Go(func() { l.work(ctx, w) })
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	return done
}

func (l *loop) work(ctx context.Context, w *worker) {
	if l.op.count > 0 { // the share of a counted operation is fixed
		from, to := w.mine(l.op.count)
		for range to - from {
			l.once(ctx, w)
		}
		return
	}
	for !l.over.Load() && ctx.Err() == nil && l.left.Add(-1) >= 0 && l.errors.Load() < errorLimit {
		l.once(ctx, w)
	}
}

// once does the operation and counts it if it ended within the measured time.
func (l *loop) once(ctx context.Context, w *worker) {
	began, signed := time.Now(), w.signing
	err := l.op.once(ctx, w)
	took := time.Since(began)
	if err != nil {
		l.errors.Add(1)
		w.errors++
		if w.first == nil {
			w.first = err
		}
		return
	}
	if !l.measuring.Load() && l.op.count == 0 {
		w.signing = signed
		return
	}
	w.took = append(w.took, took)
}

// An edge is what is read at the beginning and the end of a point.
type edge struct {
	at      time.Time
	cpu     time.Duration
	machine machine
	commits uint64
	rss     int64
	high    int64
}

func (c *child) edge() (e edge, err error) {
	if e.machine, err = readMachine(); err != nil {
		return e, err
	}
	if e.commits, err = commits(c.db); err != nil {
		return e, err
	}
	if e.rss, e.high, err = memory(c.pid()); err != nil {
		return e, err
	}
	if e.cpu, err = processCPU(c.pid()); err != nil {
		return e, fmt.Errorf("reading the server's CPU time: %w", err)
	}
	e.at = time.Now()
	return e, nil
}

func (l *loop) result(before, after edge, v time.Duration) result {
	r := result{Operation: l.op.name, Clients: len(l.workers), V: v, RSS: after.rss, High: after.high}
	var took []time.Duration
	var signing time.Duration
	for _, w := range l.workers {
		took = append(took, w.took...)
		signing += w.signing
		r.Errors += w.errors
		if w.first != nil && r.FirstError == "" {
			r.FirstError = w.first.Error()
		}
	}
	slices.Sort(took)
	r.Done = len(took)
	r.Seconds = after.at.Sub(before.at).Seconds()
	r.Steal = after.machine.stolen(before.machine)
	if r.Done == 0 {
		return r
	}
	n := time.Duration(r.Done)
	r.PerSecond = float64(r.Done) / r.Seconds
	r.P50 = quantile(took, 0.5)
	r.P99 = quantile(took, 0.99)
	r.Most = took[len(took)-1]
	r.Signing = signing / n
	r.CPU = (after.cpu - before.cpu) / n
	if v > 0 {
		r.InV = float64(r.CPU) / float64(v)
	}
	r.Commits = float64(after.commits-before.commits) / float64(r.Done)
	return r
}
