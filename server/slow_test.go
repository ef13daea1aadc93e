package server

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
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

// Echo v4 leaves every time limit of its server at 0: whoever sends a byte a minute, or reads none, would hold his
// connection for ever. Each of these is let go when its time is over.
func TestSlowClientsMeetTheirLimit(t *testing.T) {
	for _, c := range []struct {
		name, sends string
		deaf        bool // reads nothing of the answer
		want        time.Duration
	}{
		{"says nothing", "", false, readHeaderTimeout},
		{"ends no header", "GET /read HTTP/1.1\r\nHost: localhost:8080\r\n", false, readHeaderTimeout},
		{"ends no body", "POST /read HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 100\r\n\r\nidentifier=", false,
			readTimeout},
		{"ends no body that nobody reads", "POST /health/live HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 100\r\n\r\nx",
			false, readTimeout},
		{"sends no more", "GET /read HTTP/1.1\r\nHost: localhost:8080\r\n\r\n", false, idleTimeout},
		{"reads nothing", "GET /read HTTP/1.1\r\nHost: localhost:8080\r\n\r\n", true, writeTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, func(c *Config) { c.Origin = "http://localhost:8080" })
				for _, method := range []string{http.MethodGet, http.MethodPost} {
					s.at(s.echo, method, "/read", "/read", func(x *request) error {
						if _, err := io.ReadAll(x.r.Body); err != nil {
							panic(http.ErrAbortHandler)
						}
						x.send(http.StatusOK, "text/plain", bytes.Repeat([]byte("x"), 1<<16))
						return nil
					})
				}
				l := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
				ctx, stop := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() { served <- s.Serve(ctx, l) }()

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
