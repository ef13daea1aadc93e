package hid

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// A port is one host: what is written to it, and what it started.
type port struct {
	ctx      context.Context // ends with the host
	out      chan []report   // whole messages
	running  sync.WaitGroup  // of requests being worked on
	channels []uint32        // oldest first; guarded by Transport.mu
}

// send queues packets for the host. A host that does not read waits for nobody but itself.
func (p *port) send(packets []report) {
	if len(packets) == 0 {
		return
	}
	select {
	case p.out <- packets:
	case <-p.ctx.Done():
	}
}

// write writes what is queued, a report at a time, until the queue is closed or to fails.
func (p *port) write(to io.Writer) error {
	for packets := range p.out {
		for i := range packets {
			if _, err := to.Write(packets[i][:]); err != nil {
				return err
			}
		}
	}
	return nil
}

// run has the device work on a request, tells the host so while it takes, and answers.
func (t *Transport) run(ctx context.Context, tx *transaction) {
	answer := make(chan []byte, 1)
	go func() {
		t.turn <- struct{}{} // what was aborted may still be returning
		defer func() { <-t.turn }()
		if !t.current(tx) {
			answer <- nil
			return
		}
		answer <- t.work(ctx, tx.message)
	}()
	tick := time.NewTicker(keepaliveEvery)
	defer tick.Stop()
	for {
		select {
		case data := <-answer:
			if t.conclude(tx) {
				tx.port.send(reply(tx, data))
			}
			return
		case <-tick.C:
			t.keepalive(tx)
		}
	}
}

// work asks the device.
func (t *Transport) work(ctx context.Context, m message) []byte {
	switch m.command {
	case CommandCBOR:
		return t.device.Command(ctx, m.data)
	case CommandMsg:
		return t.device.APDU(ctx, m.data)
	}
	if t.options.Wink != nil {
		t.options.Wink()
	}
	return nil
}

// reply is the answer to tx, or OtherError for what no frame can carry.
func reply(tx *transaction, data []byte) []report {
	if len(data) > MaxMessage || len(data) == 0 && tx.message.command != CommandWink {
		return fail(tx.channel, OtherError)
	}
	return split(tx.channel, tx.message.command, data)
}

// conclude makes the transport idle again; false if tx was aborted meanwhile.
func (t *Transport) conclude(tx *transaction) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	tx.cancel()
	if t.active != tx {
		return false
	}
	t.active = nil
	return true
}

// current reports whether tx has not been aborted.
func (t *Transport) current(tx *transaction) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.active == tx
}

// keepalive tells the host that tx is being worked on, unless the host has not even read what it was told before.
func (t *Transport) keepalive(tx *transaction) {
	if !t.current(tx) {
		return
	}
	status := byte(StatusProcessing)
	if t.options.Waiting != nil && t.options.Waiting() {
		status = StatusUPNeeded
	}
	select {
	case tx.port.out <- split(tx.channel, CommandKeepalive, []byte{status}):
	default:
	}
}

// Watch is touch (an authenticator's Touch callback), and for Options.Waiting whether it is being waited for.
func Watch(touch func(ctx context.Context, rpID string) bool) (func(ctx context.Context, rpID string) bool,
	func() bool) {
	waits := new(atomic.Int32)
	watched := func(ctx context.Context, rpID string) bool {
		waits.Add(1)
		defer waits.Add(-1)
		return touch(ctx, rpID)
	}
	return watched, func() bool { return waits.Load() > 0 }
}
