package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/latchkey-auth/latchkey/web"
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
		{"long ones", fmt.Sprintf("Content-Length: %d\r\n", web.MaxBody)},
		{"of unknown length", "Transfer-Encoding: chunked\r\n"},
		{"too long ones", fmt.Sprintf("Content-Length: %d\r\n", web.MaxBody+1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, func(c *Config) { c.Origin = "http://localhost:8080" })
			address := serving(t, s)
			for i := range web.DefaultInFlight {
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
			if !empty(s.front.InFlight, web.DefaultInFlight) {
				t.Error("places are taken by bodies that are still to come, want none")
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

// empty reports whether nobody holds any place of a room of that size.
func empty(r *web.Room, size int) bool {
	who := [3]netip.Prefix{}
	if r.Take(who, size) != nil {
		return false
	}
	r.Give(who, size)
	return true
}
