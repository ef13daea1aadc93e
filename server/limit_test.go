package server

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

// nth is the i-th network of a width behind a prefix.
func nth(prefix string, bits, i int) netip.Addr {
	a := netip.MustParseAddr(prefix)
	if a.Is4() {
		b := a.As4()
		binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+uint32(i)<<(32-bits))
		return netip.AddrFrom4(b)
	}
	b := a.As16()
	binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(b[:8])+uint64(i)<<(64-bits))
	return netip.AddrFrom16(b)
}

// However many addresses somebody has in one network, the network has a bound.
func TestNetworksHaveABound(t *testing.T) {
	rate, at := Rate{Burst: 10, PerSecond: 1}, start()
	for _, c := range []struct {
		name, prefix string
		bits, count  int // the addresses asked from
		want         int
	}{
		{"one address", "203.0.113.0", 32, 1, 10},
		{"a /24", "203.0.113.0", 32, 256, 80},
		{"two /24", "203.0.112.0", 32, 512, 160},
		{"a /64", "2001:db8::", 64, 1, 10},
		{"a /56", "2001:db8::", 64, 256, 40},
		{"a /48 by its /64", "2001:db8::", 64, 1 << 16, 80},
		{"a /48 by its /56", "2001:db8::", 56, 256, 80},
	} {
		l, got := newLimiter(rate), 0
		for range 20 {
			for i := range c.count {
				if ok, wait := l.take(nth(c.prefix, c.bits, i), at); ok {
					got++
				} else if wait <= 0 || wait > time.Second {
					t.Fatalf("%s: got a wait of %s, want at most 1s", c.name, wait)
				}
			}
			if c.count > 1000 {
				break
			}
		}
		if got != c.want {
			t.Errorf("%s: got %d requests taken at once, want %d", c.name, got, c.want)
		}
		if ok, _ := l.take(netip.MustParseAddr("198.51.100.7"), at); !ok {
			t.Errorf("%s: a client elsewhere was refused, want it taken", c.name)
		}
	}
}

// Who is refused for himself takes nothing from his neighbours.
func TestOneClientDoesNotSpendForItsNetwork(t *testing.T) {
	l, at := newLimiter(Rate{Burst: 10, PerSecond: 1}), start()
	for range 1000 {
		l.take(netip.MustParseAddr("203.0.113.1"), at)
	}
	for i := range 10 {
		if ok, _ := l.take(netip.MustParseAddr("203.0.113.2"), at); !ok {
			t.Errorf("request %d of a neighbour: got it refused, want it taken", i)
		}
	}
}

// Whoever makes the limiter forget gains nothing: an unknown client gets what it would have had, and one request.
func TestForgottenClientsStartWithLittle(t *testing.T) {
	l, at := newLimiter(Rate{Burst: 120, PerSecond: 4}), start()
	who := netip.MustParseAddr("203.0.113.1")
	taken := func() (n int) {
		for {
			if ok, _ := l.take(who, at); !ok {
				return n
			}
			n++
		}
	}
	if got := taken(); got != 120 {
		t.Fatalf("at first: got %d requests, want 120", got)
	}
	others := func(from, count int) {
		for i := range count {
			l.take(nth("2000::", 48, from+i), at)
		}
	}
	for round := range 2 {
		others(round<<20, 2*maxClients+2)
		if got := taken(); got > 1 {
			t.Errorf("round %d, forgotten at once: got %d requests, want 1 at most", round, got)
		}
	}
	at = at.Add(5 * time.Second)
	others(1<<24, 2*maxClients+2)
	if got := taken(); got > 21 {
		t.Errorf("forgotten for 5 s: got %d requests, want what it would have had, 20, and one", got)
	}
	at = at.Add(time.Minute) // nobody turns the table over any more
	if ok, _ := l.take(netip.MustParseAddr("198.51.100.1"), at); !ok {
		t.Error("a new client: got it refused, want it taken")
	}
	who = netip.MustParseAddr("192.0.2.1")
	if got := taken(); got != 120 {
		t.Errorf("a new client when all is quiet again: got %d requests, want 120", got)
	}
}

// A clock that goes back gives nobody anything.
func TestLimiterBearsAClockThatGoesBack(t *testing.T) {
	l, at := newLimiter(Rate{Burst: 2, PerSecond: 1}), start()
	for i := range 3 * maxClients {
		l.take(nth("2000::", 48, i), at)
	}
	if b := l.widths[0].find(networks(netip.MustParseAddr("203.0.113.9"))[0], at.Add(-time.Hour)); b.left != 1 {
		t.Errorf("an unknown client an hour earlier: got %v requests, want 1", b.left)
	}
}
