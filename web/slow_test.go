package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are made by hand, so that time can be the bubble's.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.made:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// Go leaves every time limit of a server at 0: whoever sends a byte a minute, or reads none, would hold his
// connection for ever. Each of these is let go when its time is over.
func TestSlowClientsMeetTheirLimit(t *testing.T) {
	for _, c := range []struct {
		name, sends string
		deaf        bool // reads nothing of the answer
		want        time.Duration
	}{
		{"says nothing", "", false, readHeaderTimeout},
		{"ends no header", "GET /read HTTP/1.1\r\nHost: accounts.example\r\n", false, readHeaderTimeout},
		{"ends no body", "POST /read HTTP/1.1\r\nHost: accounts.example\r\nContent-Length: 100\r\n\r\nidentifier=", false,
			readTimeout},
		{"ends no body that nobody reads", "POST /health/live HTTP/1.1\r\nHost: accounts.example\r\nContent-Length: 100\r\n\r\nx",
			false, readTimeout},
		{"sends no more", "GET /read HTTP/1.1\r\nHost: accounts.example\r\n\r\n", false, idleTimeout},
		{"reads nothing", "GET /read HTTP/1.1\r\nHost: accounts.example\r\n\r\n", true, writeTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := frontOf(t, Config{}, plain{answer: func(x *Exchange) {
					if _, err := io.ReadAll(x.Request().Body); err != nil {
						panic(http.ErrAbortHandler)
					}
					x.Send(http.StatusOK, "text/plain", bytes.Repeat([]byte("x"), 1<<16))
				}})
				l := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
				ctx, stop := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() { served <- f.Serve(ctx, l, func() {}) }()

				ours, theirs := net.Pipe()
				began := time.Now()
				gone := &watched{Conn: theirs, closed: make(chan struct{})}
				l.made <- gone
				go func() { _, _ = io.WriteString(ours, c.sends) }()
				if !c.deaf {
					go func() { _, _ = io.Copy(io.Discard, ours) }()
				}
				<-gone.closed
				if got := time.Since(began); got < c.want || got > c.want+time.Second {
					t.Errorf("held for %s, want %s", got, c.want)
				}
				_ = ours.Close()
				stop()
				if err := <-served; err != nil {
					t.Errorf("serving: got %v, want nil", err)
				}
			})
		})
	}
}

// watched tells when the server has let go of a connection.
type watched struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (w *watched) Close() error {
	w.once.Do(func() { close(w.closed) })
	return w.Conn.Close()
}

// A phone with a bad connection gets its form through; a body that comes slower than that does not, and hears why.
func TestBodiesComeAtTheLeastRate(t *testing.T) {
	for _, c := range []struct {
		name     string
		size     int
		chunk    int
		every    time.Duration
		status   int
		from, to time.Duration
	}{
		{"at once", 2000, 2000, 0, 200, 0, time.Second},
		{"a slow phone", MaxBody, 1024, time.Second, 200, 63 * time.Second, 65 * time.Second},
		{"a phone in a tunnel", 2000, 1000, 14 * time.Second, 200, 14 * time.Second, 29 * time.Second},
		{"a trickle", MaxBody, 100, time.Second, 408, 15 * time.Second, 20 * time.Second},
		{"a byte a minute", 100, 1, time.Minute, 408, 15 * time.Second, 16 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFront(t, Config{})
				l := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
				ctx, stop := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() { served <- f.Serve(ctx, l, func() {}) }()
				ours, theirs := net.Pipe()
				l.made <- theirs
				began := time.Now()
				said := make(chan struct{})
				go func() {
					defer close(said)
					_, err := fmt.Fprintf(ours,
						"POST /a HTTP/1.1\r\nHost: accounts.example\r\nContent-Length: %d\r\n\r\n", c.size)
					for sent := 0; err == nil && sent < c.size; sent += c.chunk {
						_, err = io.WriteString(ours, strings.Repeat("{", min(c.chunk, c.size-sent)))
						time.Sleep(c.every) // of the bubble
					}
				}()
				r, err := http.ReadResponse(bufio.NewReader(ours), nil)
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); r.StatusCode != c.status || took < c.from || took > c.to {
					t.Errorf("got %d after %s, want %d between %s and %s", r.StatusCode, took, c.status, c.from, c.to)
				}
				if f.Reading.taken() != 0 || f.InFlight.taken() != 0 {
					t.Errorf("got %d bytes and %d places still taken, want none", f.Reading.taken(), f.InFlight.taken())
				}
				_ = ours.Close()
				stop()
				<-served
				<-said
			})
		})
	}
}
