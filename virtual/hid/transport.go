package hid

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// A Device is the authenticator behind the framing. It is asked one thing at a time and returns soon after ctx is
// done: the host sent CANCEL, resynchronized or hung up.
type Device interface {
	// Command answers a CTAP2 request: a command byte and CBOR to a status byte and CBOR. Cancelled while it waits for
	// its user, it answers CTAP2_ERR_KEEPALIVE_CANCEL.
	Command(ctx context.Context, request []byte) []byte

	// APDU answers a U2F raw message: an ISO 7816-4 command to a response with its status word.
	APDU(ctx context.Context, request []byte) []byte
}

// Options describe a Transport. The zero value knows CBOR, MSG and WINK.
type Options struct {
	NoCBOR  bool          // a key of U2F alone: CBOR is refused
	NoMSG   bool          // a key of CTAP2 alone: MSG is refused
	Version [3]byte       // of the device: major, minor, build
	Timeout time.Duration // from a message's first packet to its last; 3 s when 0

	Waiting func() bool // whether the device waits for its user now: KEEPALIVE says so; nil: never. See Watch
	Wink    func()      // sees a WINK; may be nil
}

const (
	defaultTimeout = 3 * time.Second        // what U2F HID calls its default message timeout
	keepaliveEvery = 100 * time.Millisecond // §11.2.9.1.7
	maxLock        = 10                     // seconds, §11.2.9.2.2
	maxChannels    = 256                    // of one host; its oldest is forgotten for one more
)

// A Transport is the face of a Device: channels, transactions, locks. It is safe for concurrent use.
type Transport struct {
	device  Device
	options Options
	random  io.Reader     // of channels
	turn    chan struct{} // full while the device works, also on what nobody waits for any more

	mu          sync.Mutex
	channels    map[uint32]*port
	active      *transaction // nil: idle
	locked      uint32       // the channel that holds the lock
	lockedUntil time.Time
}

// A transaction is one request and its answer (§11.2.5.1).
type transaction struct {
	port    *port
	channel uint32
	message message
	timer   *time.Timer        // runs while the request is being received
	cancel  context.CancelFunc // nil while the request is being received
}

// New makes the transport of a device.
func New(d Device, o Options) *Transport {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return &Transport{
		device: d, options: o, random: rand.Reader, turn: make(chan struct{}, 1), channels: map[uint32]*port{},
	}
}

// Serve talks to one host over rw, which carries reports of 64 bytes and nothing else, until the host hangs up (nil),
// ctx ends or rw fails; it closes rw, and nothing of the host is left when it returns. It may be called for several
// hosts at once: they share the device.
func (t *Transport) Serve(ctx context.Context, rw io.ReadWriteCloser) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p := &port{ctx: ctx, out: make(chan []report, 4)}
	closed := context.AfterFunc(ctx, func() { _ = rw.Close() }) // ends a Read or Write that waits
	written := make(chan struct{})
	go func() {
		defer close(written)
		if err := p.write(rw); err != nil {
			stop(err)
		}
	}()
	err := t.read(p, rw)
	t.leave(p)
	p.running.Wait()
	close(p.out)
	<-written
	if closed() {
		_ = rw.Close()
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("serving a host: %w", context.Cause(ctx))
	}
	return fmt.Errorf("serving a host: reading a report: %w", err)
}

// read takes reports until there are no more; io.EOF says that the host hung up between two.
func (t *Transport) read(p *port, from io.Reader) error {
	for {
		var r report
		if _, err := io.ReadFull(from, r[:]); err != nil {
			return err
		}
		p.send(t.receive(p, &r))
	}
}

// receive takes one report and returns what is to be answered at once.
func (t *Transport) receive(p *port, r *report) []report {
	t.mu.Lock()
	defer t.mu.Unlock()
	channel := r.channel()
	switch {
	case !r.initial():
		return t.proceed(p, r)
	case r.command() == CommandCancel: // never answered, §11.2.9.1.5
		if a := t.active; a.on(p, channel) && a.cancel != nil {
			a.cancel()
		}
		return nil
	case r.command() == CommandInit:
		return t.initialize(p, r)
	case t.channels[channel] != p:
		return fail(channel, InvalidChannel)
	case t.active.on(p, channel) && t.active.cancel == nil: // a message in the middle of another, §11.2.5.4
		t.abort()
		return fail(channel, InvalidSequence)
	case t.active != nil || t.lockedFor(channel):
		return fail(channel, ChannelBusy)
	}
	if e := t.options.admit(r); e != 0 {
		return fail(channel, e)
	}
	tx := &transaction{port: p, channel: channel, message: begin(r)}
	if tx.message.complete() {
		return t.dispatch(tx)
	}
	t.active = tx
	tx.timer = time.AfterFunc(t.options.Timeout, func() { t.expire(tx) })
	return nil
}

// admit refuses a first packet by its command and length; 0: it does not.
func (o Options) admit(r *report) Error {
	least := 0
	most := MaxMessage
	known := true
	switch r.command() {
	case CommandPing:
	case CommandMsg:
		known = !o.NoMSG
	case CommandCBOR:
		least, known = 1, !o.NoCBOR
	case CommandLock:
		least, most = 1, 1
	case CommandWink:
		most = 0
	default:
		known = false
	}
	switch n := r.length(); {
	case !known:
		return InvalidCommand
	case n < least || n > most:
		return InvalidLength
	}
	return 0
}

// proceed takes a continuation packet. One that belongs to no message is ignored (§11.2.5.4).
func (t *Transport) proceed(p *port, r *report) []report {
	tx := t.active
	if !tx.on(p, r.channel()) || tx.cancel != nil {
		return nil
	}
	if err := tx.message.proceed(r); err != nil {
		t.abort()
		return fail(tx.channel, InvalidSequence)
	}
	if !tx.message.complete() {
		return nil
	}
	tx.timer.Stop()
	t.active = nil
	return t.dispatch(tx)
}

// dispatch answers a complete request, or starts the work on it. The caller holds the lock, and nothing is active.
func (t *Transport) dispatch(tx *transaction) []report {
	m := tx.message
	switch m.command {
	case CommandPing:
		return split(tx.channel, CommandPing, m.data)
	case CommandLock:
		if m.data[0] > maxLock {
			return fail(tx.channel, InvalidParameter)
		}
		t.locked, t.lockedUntil = tx.channel, time.Now().Add(time.Duration(m.data[0])*time.Second)
		return split(tx.channel, CommandLock, nil)
	}
	var ctx context.Context
	ctx, tx.cancel = context.WithCancel(tx.port.ctx)
	t.active = tx
	tx.port.running.Go(func() { t.run(ctx, tx) })
	return nil
}

// initialize answers INIT (§11.2.9.1.3): with a new channel on the broadcast channel, else by aborting what the
// channel does (§11.2.5.3).
func (t *Transport) initialize(p *port, r *report) []report {
	channel := r.channel()
	assigned := channel
	switch {
	case channel != Broadcast && t.channels[channel] != p:
		return fail(channel, InvalidChannel)
	case r.length() != nonceSize:
		return fail(channel, InvalidLength)
	case t.lockedFor(channel):
		return fail(channel, ChannelBusy)
	case channel == Broadcast:
		assigned = t.allocate(p)
	case t.active.on(p, channel):
		t.abort()
	}
	capabilities := byte(CapabilityWink)
	if !t.options.NoCBOR {
		capabilities |= CapabilityCBOR
	}
	if t.options.NoMSG {
		capabilities |= CapabilityNoMsg
	}
	answer := append([]byte(nil), r[initialHeader:initialHeader+nonceSize]...)
	answer = binary.BigEndian.AppendUint32(answer, assigned)
	answer = append(answer, version)
	answer = append(answer, t.options.Version[:]...)
	return split(channel, CommandInit, append(answer, capabilities))
}

// allocate gives p a channel that nobody has.
func (t *Transport) allocate(p *port) uint32 {
	for {
		var drawn [4]byte
		_, _ = io.ReadFull(t.random, drawn[:]) // rand.Reader never fails
		channel := binary.BigEndian.Uint32(drawn[:])
		if channel == 0 || channel == Broadcast || t.channels[channel] != nil {
			continue
		}
		if len(p.channels) == maxChannels {
			oldest := p.channels[0]
			p.channels = p.channels[1:]
			t.forget(p, oldest)
		}
		p.channels = append(p.channels, channel)
		t.channels[channel] = p
		return channel
	}
}

// forget takes a channel away, with its transaction and its lock.
func (t *Transport) forget(p *port, channel uint32) {
	if t.active.on(p, channel) {
		t.abort()
	}
	if t.locked == channel {
		t.lockedUntil = time.Time{}
	}
	delete(t.channels, channel)
}

// leave takes everything away from a host that hung up.
func (t *Transport) leave(p *port) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, channel := range p.channels {
		t.forget(p, channel)
	}
}

// lockedFor reports whether a channel other than this one holds the lock (§11.2.9.2.2).
func (t *Transport) lockedFor(channel uint32) bool {
	return t.locked != channel && time.Now().Before(t.lockedUntil)
}

// on reports whether tx is under way on that channel; tx may be nil.
func (tx *transaction) on(p *port, channel uint32) bool {
	return tx != nil && tx.port == p && tx.channel == channel
}

// abort ends the active transaction without an answer.
func (t *Transport) abort() {
	if t.active.cancel != nil {
		t.active.cancel()
	} else {
		t.active.timer.Stop()
	}
	t.active = nil
}

// expire ends a transaction whose request did not become complete in time (§11.2.5.2).
func (t *Transport) expire(tx *transaction) {
	t.mu.Lock()
	late := t.active == tx && tx.cancel == nil
	if late {
		t.active = nil
		tx.port.running.Add(1) // before leave, which takes the same lock, so before Wait
	}
	t.mu.Unlock()
	if late {
		defer tx.port.running.Done()
		tx.port.send(fail(tx.channel, MessageTimeout))
	}
}
