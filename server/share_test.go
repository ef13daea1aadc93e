package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// posting begins a request with a body.
const posting = "POST /api/v1/sign-in HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type: application/json\r\n"

// serving answers on a real listener until the test ends.
func serving(t *testing.T, s *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() { cancel(); <-ended })
	return l.Addr().String()
}

// from opens a connection from one of this machine's addresses.
func from(t *testing.T, address, to string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	c, err := d.DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Four machines that open as many requests as the server answers at once, and send one byte of each body, hold no
// place: everybody else is answered.
func TestSlowBodiesHoldNoPlaces(t *testing.T) {
	for _, c := range []struct{ name, length string }{
		{"short ones", "Content-Length: 100\r\n"},
		{"long ones", fmt.Sprintf("Content-Length: %d\r\n", maxBody)},
		{"of unknown length", "Transfer-Encoding: chunked\r\n"},
		{"too long ones", fmt.Sprintf("Content-Length: %d\r\n", maxBody+1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, func(c *Config) { c.Origin = "http://localhost:8080" })
			address := serving(t, s)
			for i := range defaultInFlight {
				slow := from(t, fmt.Sprintf("127.0.%d.1", i%4+1), address)
				_, err := io.WriteString(slow,
					posting+"Expect: 100-continue\r\n"+
						c.length+"\r\n{")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := bufio.NewReader(slow).ReadString('\n'); err != nil { // it is being read, or refused
					t.Fatal(err)
				}
			}
			if got := s.inFlight.taken(); got != 0 {
				t.Errorf("got %d places taken by bodies that are still to come, want none", got)
			}
			refused := 0
			for i := range 100 {
				other := from(t, fmt.Sprintf("127.1.%d.1", i), address)
				_, _ = io.WriteString(other,
					posting+"Content-Length: 1\r\n\r\n{")
				r, err := http.ReadResponse(bufio.NewReader(other), nil)
				if err != nil {
					t.Fatal(err)
				}
				if r.StatusCode != http.StatusBadRequest { // it was read, and found wanting
					refused++
				}
				_ = r.Body.Close()
			}
			if refused > 0 {
				t.Errorf("got %d of 100 others turned away, want none", refused)
			}
		})
	}
}

// As a room fills the share of each shrinks, networks share one, and something is left for who comes next.
func TestSharesShrinkAsTheRoomFills(t *testing.T) {
	grab := func(r *room, address string, n int) (got int, err error) {
		who := networks(netip.MustParseAddr(address))
		for ; got < n && err == nil; got++ {
			err = r.take(who, 1)
		}
		if err != nil {
			got--
		}
		return got, err
	}
	for _, c := range []struct {
		name string
		who  []string
		most int // of all of them together
	}{
		{"one client", []string{"203.0.113.1"}, 1024 / 5},
		{"four clients", []string{"203.0.113.1", "198.51.100.1", "192.0.2.1", "192.0.3.1"}, 1024 * 369 / 625},
		{"a /24", []string{"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5", "203.0.113.6"},
			1024 / 3},
		{"a /56", []string{"2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:3::1"}, 1024 / 4},
		{"a /48", []string{"2001:db8::1", "2001:db8:0:100::1", "2001:db8:0:200::1", "2001:db8:0:300::1",
			"2001:db8:0:400::1"}, 1024 / 3},
	} {
		r, sum := newRoom(1024), 0
		for range 3 {
			for _, who := range c.who {
				got, err := grab(r, who, 1024)
				var e *auth.Error
				if !errors.As(err, &e) || e.Code != auth.TooManyRequests {
					t.Errorf("%s: got %v, want an end to its share", c.name, err)
				}
				sum += got
			}
		}
		if sum < c.most/2 || sum > c.most+len(c.who) {
			t.Errorf("%s: got %d of 1024 places, want about %d", c.name, sum, c.most)
		}
		if got, _ := grab(r, "100.64.0.1", 20); got != 20 {
			t.Errorf("%s: another client got %d places, want 20", c.name, got)
		}
	}
	r := newRoom(1)
	if _, err := grab(r, "203.0.113.1", 1); err != nil {
		t.Errorf("the only place: got %v, want it", err)
	}
	var e *auth.Error
	if _, err := grab(r, "198.51.100.1", 1); !errors.As(err, &e) || e.Code != auth.Unavailable {
		t.Errorf("a full room: got %v, want unavailable", err)
	}
	r.give(networks(netip.MustParseAddr("203.0.113.1")), 1)
	if got := len(r.held[0]) + len(r.held[1]) + len(r.held[2]); r.taken() != 0 || got != 0 {
		t.Errorf("given back: got %d places and %d clients, want none", r.taken(), got)
	}
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
		{"at once", 2000, 2000, 0, 400, 0, time.Second},
		{"a slow phone", maxBody, 1024, time.Second, 400, 63 * time.Second, 65 * time.Second},
		{"a phone in a tunnel", 2000, 1000, 14 * time.Second, 400, 14 * time.Second, 29 * time.Second},
		{"a trickle", maxBody, 100, time.Second, 408, 15 * time.Second, 20 * time.Second},
		{"a byte a minute", 100, 1, time.Minute, 408, 15 * time.Second, 16 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, func(c *Config) { c.Origin = "http://localhost:8080" })
				l := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
				ctx, stop := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() { served <- s.Serve(ctx, l) }()
				ours, theirs := net.Pipe()
				l.made <- theirs
				began := time.Now()
				said := make(chan struct{})
				go func() {
					defer close(said)
					_, err := fmt.Fprintf(ours,
						posting+"Content-Length: %d\r\n\r\n", c.size)
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
				if s.reading.taken() != 0 || s.inFlight.taken() != 0 {
					t.Errorf("got %d bytes and %d places still taken, want none", s.reading.taken(), s.inFlight.taken())
				}
				_ = ours.Close()
				stop()
				<-served
				<-said
			})
		})
	}
}

// taken is how many places are taken.
func (r *room) taken() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}

// A room is shared to the place: a quarter of what is free for one, a third for his /56, half for his /48.
func TestRoomToThePlace(t *testing.T) {
	code := func(err error) auth.Code {
		var e *auth.Error
		if errors.As(err, &e) {
			return e.Code
		}
		return ""
	}
	for _, c := range []struct {
		name   string
		size   int
		before []string // who has taken a place each
		who    string
		n      int
		want   auth.Code
	}{
		{"the first, all of it", 8, nil, "203.0.113.1", 8, ""},
		{"the first, more than all", 8, nil, "203.0.113.1", 9, auth.Unavailable},
		{"a stranger, the last one", 2, []string{"198.51.100.1"}, "203.0.113.1", 1, ""},
		{"nobody, when it is full", 1, []string{"198.51.100.1"}, "203.0.113.1", 1, auth.Unavailable},
		{"his second of 9", 9, []string{"203.0.113.1"}, "203.0.113.1", 1, ""},
		{"his second of 8", 8, []string{"203.0.113.1"}, "203.0.113.1", 1, auth.TooManyRequests},
		{"his /56's second of 7", 7, []string{"2001:db8::1"}, "2001:db8:0:1::1", 1, ""},
		{"his /56's second of 6", 6, []string{"2001:db8::1"}, "2001:db8:0:1::1", 1, auth.TooManyRequests},
		{"his /48's second of 5", 5, []string{"2001:db8::1"}, "2001:db8:0:100::1", 1, ""},
		{"his /48's second of 4", 4, []string{"2001:db8::1"}, "2001:db8:0:100::1", 1, auth.TooManyRequests},
		{"his /24's second of 5", 5, []string{"203.0.113.1"}, "203.0.113.2", 1, ""},
		{"his /24's second of 4", 4, []string{"203.0.113.1"}, "203.0.113.2", 1, auth.TooManyRequests},
		{"elsewhere", 4, []string{"203.0.113.1"}, "203.0.114.2", 1, ""},
	} {
		r := newRoom(c.size)
		for _, a := range c.before {
			if err := r.take(networks(netip.MustParseAddr(a)), 1); err != nil {
				t.Fatal(err)
			}
		}
		who := networks(netip.MustParseAddr(c.who))
		if got := code(r.take(who, c.n)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		} else if got == "" {
			r.give(who, c.n)
		}
		if r.used != len(c.before) {
			t.Errorf("%s: got %d places taken after all, want %d", c.name, r.used, len(c.before))
		}
	}
}
