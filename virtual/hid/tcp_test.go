package hid

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
)

func TestListenOnLoopbackOnly(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:0": true, "localhost:0": true,
		":0": false, "0.0.0.0:0": false, "[::]:0": false, "192.0.2.1:0": false, "127.0.0.1": false, "": false,
	} {
		l, err := Listen(address)
		if got := err == nil; got != want {
			t.Errorf("listening on %q: got %v, want it to be taken: %t", address, err, want)
		}
		if l != nil {
			_ = l.Close()
		}
	}
}

func TestListenerServesSeveralHosts(t *testing.T) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- New(&stick{}, Options{}).ServeListener(ctx, l) }()
	for range 3 {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		h, err := Open(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := h.Call(t.Context(), CommandPing, pattern(5000)); err != nil || !bytes.Equal(got, pattern(5000)) {
			t.Errorf("got %d bytes, %v, want those sent", len(got), err)
		}
		defer conn.Close() // left open: stop has to end it
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("stopped: got %v, want nil", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the listener is still open")
	}
}

func TestListenerThatFails(t *testing.T) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := New(&stick{}, Options{}).ServeListener(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want %v", err, net.ErrClosed)
	}
}
