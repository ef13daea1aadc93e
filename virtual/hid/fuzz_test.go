package hid

import (
	"context"
	"encoding/binary"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// FuzzFrames sends a device whatever a host could. It never panics, never answers what is no packet, answers on no
// channel it was not addressed on, and serves an honest host afterwards. In the input, a channel number of 0x01 to 0x03
// stands for one that was given to the host, and 0x04 for a wait.
func FuzzFrames(f *testing.F) {
	join := func(messages ...[]report) (all []byte) {
		for _, m := range messages {
			for i := range m {
				all = append(all, m[i][:]...)
			}
		}
		return all
	}
	wait := func(hundredths byte) []report { return split(4, CommandPing, []byte{hundredths}) }
	f.Add(join(split(1, CommandPing, pattern(200)), split(2, CommandCBOR, []byte{4})))
	f.Add(join(split(1, CommandCBOR, []byte{1}), split(1, CommandCancel, nil), wait(30),
		split(2, CommandMsg, pattern(80))))
	f.Add(join(split(1, CommandLock, []byte{9}), split(2, CommandPing, nil), split(Broadcast, CommandInit, pattern(8)),
		wait(250)))
	f.Add(join(split(1, CommandPing, pattern(200))[:2], wait(250), wait(250), split(1, CommandPing, pattern(200))[2:]))
	f.Add(join(split(1, CommandPing, pattern(200))[:1], split(1, CommandInit, pattern(8)), split(3, CommandWink, nil)))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	f.Fuzz(func(t *testing.T, input []byte) {
		synctest.Test(t, func(t *testing.T) { playFrames(t, input) })
	})
}

func playFrames(t *testing.T, input []byte) {
	if len(input) > 64*ReportSize {
		t.Skip("longer than any message here needs")
	}
	transport := New(&stick{touched: make(chan struct{})}, Options{})
	w := plugIn(t, transport)
	given := map[uint32]uint32{1: w.channel(), 2: w.channel(), 3: w.channel()}
	addressed := map[uint32]bool{}
	for len(input) > 0 {
		var r report
		input = input[copy(r[:], input):]
		if r.channel() == 4 {
			time.Sleep(time.Duration(r[7]) * 10 * time.Millisecond)
		}
		if channel, ok := given[r.channel()]; ok {
			binary.BigEndian.PutUint32(r[:], channel)
		}
		addressed[r.channel()] = true
		w.send(r)
		synctest.Wait()
		checkAnswers(t, w, addressed)
	}
	host, device := net.Pipe() // a touch may be waited for, a lock be held: until their host has gone
	_ = w.conn.Close()
	<-w.err
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- transport.Serve(ctx, device) }()
	h, err := Open(ctx, host)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.Call(ctx, CommandCBOR, []byte{4}); err != nil || string(got) != "\x00\x04" {
		t.Fatalf("afterwards: got %x, %v", got, err)
	}
	stop()
	<-done
}

// checkAnswers empties what has come from the device, which has to be whole messages.
func checkAnswers(t *testing.T, w *wire, addressed map[uint32]bool) {
	for len(w.got) > 0 {
		r := <-w.got
		if !addressed[r.channel()] || !r.initial() || r.length() > MaxMessage {
			t.Fatalf("got packet %x, addressed were %v", r, addressed)
		}
		m := begin(&r)
		for !m.complete() {
			next := <-w.got
			if err := m.proceed(&next); err != nil || next.channel() != r.channel() {
				t.Fatalf("got packet %x after %x: %v", next, r, err)
			}
		}
		if m.command == CommandCancel {
			t.Fatalf("got command %x", m.command)
		}
	}
}
