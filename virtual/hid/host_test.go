package hid

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Two hosts share one device, as two programs do.
func TestTwoHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stick{touched: make(chan struct{})}
		transport := New(s, Options{})
		a, b := plugIn(t, transport), plugIn(t, transport)
		onA, onB := a.channel(), b.channel()
		b.call(onA, CommandPing, nil)
		b.refused(onA, InvalidChannel)
		b.call(onA, CommandInit, pattern(8))
		b.refused(onA, InvalidChannel)

		a.call(onA, CommandLock, []byte{10})
		a.expect(onA, CommandLock, nil)
		a.call(onA, CommandCBOR, []byte{1}) // waits for a touch
		synctest.Wait()
		b.call(onB, CommandCBOR, []byte{4})
		b.refused(onB, ChannelBusy)
		b.call(onA, CommandCancel, nil)
		b.silent()

		_ = a.conn.Close() // with it go its request, its lock and its channels
		if err := <-a.err; err != nil {
			t.Errorf("got %v, want nil", err)
		}
		b.call(onB, CommandCBOR, []byte{4})
		b.expect(onB, CommandCBOR, []byte{0, 4})
		if len(transport.channels) != 1 {
			t.Errorf("got %d channels left, want the other host's", len(transport.channels))
		}
		_ = b.conn.Close()
		<-b.err
	})
}

func TestServeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stick{touched: make(chan struct{})}
		transport := New(s, Options{})

		w := plugIn(t, transport) // in the middle of a report
		if _, err := w.conn.Write(make([]byte, 63)); err != nil {
			t.Fatal(err)
		}
		_ = w.conn.Close()
		if err := <-w.err; !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut off in a report: got %v, want %v", err, io.ErrUnexpectedEOF)
		}

		ctx, stop := context.WithCancel(t.Context()) // by the context, though the device waits
		host, device := net.Pipe()
		done := make(chan error)
		go func() { done <- transport.Serve(ctx, device) }()
		h, err := Open(ctx, host)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.write(split(h.channel, CommandCBOR, []byte{1})); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: got %v, want %v", err, context.Canceled)
		}
		if transport.active != nil || len(transport.channels) != 0 {
			t.Errorf("got %v active and %d channels, want none", transport.active, len(transport.channels))
		}
	})
}

// A host that asks and never reads stops nobody else.
func TestHostThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stick{touched: make(chan struct{})}
		transport := New(s, Options{})
		w := plugIn(t, transport)
		ch := w.channel()

		host, device := net.Pipe()
		done := make(chan error)
		go func() { done <- transport.Serve(t.Context(), device) }()
		h, err := Open(t.Context(), host)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.write(split(h.channel, CommandCBOR, []byte{1})); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second) // of keepalives
		s.touched <- struct{}{}
		synctest.Wait()
		w.call(ch, CommandCBOR, []byte{4})
		w.expect(ch, CommandCBOR, []byte{0, 4})

		go func() {
			for {
				if err := h.write(split(Broadcast, CommandInit, pattern(8))); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		w.call(ch, CommandCBOR, []byte{4})
		w.expect(ch, CommandCBOR, []byte{0, 4})
		_ = host.Close()
		<-done
		_ = w.conn.Close()
		<-w.err
	})
}

func TestChannelsAreDrawnAgain(t *testing.T) {
	var drawn []byte
	for _, channel := range []uint32{0, Broadcast, 7, 7, 0, 8} {
		drawn = binary.BigEndian.AppendUint32(drawn, channel)
	}
	transport := New(&stick{}, Options{})
	transport.random = bytes.NewReader(drawn)
	for _, want := range []uint32{7, 8} {
		if got := transport.allocate(&port{}); got != want {
			t.Errorf("got channel %d, want %d", got, want)
		}
	}
}

func TestHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stick{touched: make(chan struct{})}
		transport := New(s, Options{Version: [3]byte{1, 2, 3}, Waiting: func() bool { return true }})
		conn, device := net.Pipe()
		go func() { _ = transport.Serve(t.Context(), device) }()
		defer conn.Close()
		h, err := Open(t.Context(), conn)
		if err != nil || h.Version != [3]byte{1, 2, 3} || h.Capabilities != CapabilityWink|CapabilityCBOR {
			t.Fatalf("got %+v, %v", h, err)
		}
		got, err := h.Call(t.Context(), CommandPing, pattern(MaxMessage))
		if err != nil || !bytes.Equal(got, pattern(MaxMessage)) {
			t.Errorf("got %d bytes, %v, want those sent", len(got), err)
		}
		_, err = h.Call(t.Context(), 0x40, nil)
		if !errors.Is(err, InvalidCommand) {
			t.Errorf("got %v, want %v", err, InvalidCommand)
		}
		if _, err = h.Call(t.Context(), CommandPing, pattern(MaxMessage+1)); err == nil {
			t.Error("a message too long was sent")
		}
		ctx, stop := context.WithCancel(t.Context())
		h.Keepalive = func(status byte) {
			if status != StatusUPNeeded {
				t.Errorf("got status %d, want %d", status, StatusUPNeeded)
			}
			stop()
		}
		got, err = h.Call(ctx, CommandCBOR, []byte{1})
		if err != nil || !bytes.Equal(got, []byte{keepaliveCancel}) {
			t.Errorf("cancelled: got %x, %v, want %x", got, err, keepaliveCancel)
		}
	})
}

// A stream is a device that has said everything beforehand.
type stream struct{ io.Reader }

func (stream) Write(b []byte) (int, error) { return len(b), nil }

func TestHostOfStrangeDevices(t *testing.T) {
	packets := func(messages ...[]report) (all []byte) {
		for _, r := range slices.Concat(messages...) {
			all = append(all, r[:]...)
		}
		return all
	}
	answer := split(5, CommandPing, pattern(100))
	long := split(5, CommandPing, nil)
	binary.BigEndian.PutUint16(long[0][5:], MaxMessage+1)
	for name, c := range map[string]struct {
		said []byte
		want error // io.ErrNoProgress: any
	}{
		"between others": {packets(split(6, CommandPing, []byte{1}), answer[:1],
			split(6, CommandPing, pattern(100)), answer[1:]), nil},
		"out of sequence":    {packets(answer[:1], split(5, CommandPing, pattern(300))[2:]), InvalidSequence},
		"another command":    {packets(split(5, CommandWink, nil)), io.ErrNoProgress},
		"the end alone":      {packets(answer[1:]), io.ErrNoProgress},
		"too long":           {packets(long), io.ErrNoProgress},
		"half":               {packets(answer[:1]), io.EOF},
		"half of one report": {packets(answer)[:70], io.ErrUnexpectedEOF},
		"error":              {packets(fail(5, LockRequired)), LockRequired},
	} {
		h := &Host{rw: stream{bytes.NewReader(c.said)}, channel: 5}
		got, err := h.Call(t.Context(), CommandPing, nil)
		switch {
		case c.want == nil && (err != nil || !bytes.Equal(got, pattern(100))):
			t.Errorf("%s: got %x, %v, want the answer", name, got, err)
		case c.want == io.ErrNoProgress && err == nil, c.want != io.ErrNoProgress && !errors.Is(err, c.want):
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for name, said := range map[string][]byte{
		"another nonce": packets(split(Broadcast, CommandInit, make([]byte, 17))),
		"too short":     packets(split(Broadcast, CommandInit, make([]byte, 16))),
		"busy":          packets(fail(Broadcast, ChannelBusy)),
	} {
		if _, err := Open(t.Context(), stream{bytes.NewReader(said)}); err == nil {
			t.Errorf("INIT answered by %s opened a channel", name)
		}
	}
}

func TestErrorsAreNamed(t *testing.T) {
	for e, want := range map[Error]string{ChannelBusy: "ctaphid: ERR_CHANNEL_BUSY", 0x55: "ctaphid: error 0x55"} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
