package web

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

// What a request counts against, the narrowest first.
func TestNetworksOfAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.77":             "203.0.113.77/32 invalid Prefix 203.0.113.0/24",
		"2001:db8:1:23ff:5:6:7:8":  "2001:db8:1:23ff::/64 2001:db8:1:2300::/56 2001:db8:1::/48",
		"fe80::1:2:3:4%eth0":       "fe80::/64 fe80::/56 fe80::/48",
		"2001:db8:1:2301:5:6:7:8%": "",
	} {
		a, err := netip.ParseAddr(text)
		if err != nil {
			continue
		}
		n := networks(a)
		if got := n[0].String() + " " + n[1].String() + " " + n[2].String(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	none := networks(netip.Addr{})
	for i, n := range none {
		if n.IsValid() || counts(i, n) != (i == 0) {
			t.Errorf("no address, width %d: got %v that counts %v, want it to count as one client", i, n, counts(i, n))
		}
	}
}

// A bucket gives what its rate says, to the request, and says when the next is there, to the nanosecond.
func TestBucketsToTheRequest(t *testing.T) {
	who, at := netip.MustParseAddr("203.0.113.1"), start()
	l := newLimiter(Rate{Burst: 3, PerSecond: 2})
	take := func(want bool, wait time.Duration) {
		t.Helper()
		if ok, w := l.take(who, at); ok != want || w != wait {
			t.Errorf("at %s: got %v, wait %s, want %v, %s", at.Sub(start()), ok, w, want, wait)
		}
	}
	for range 3 {
		take(true, 0)
	}
	take(false, 500*time.Millisecond)
	at = at.Add(250 * time.Millisecond)
	take(false, 250*time.Millisecond)
	at = at.Add(250 * time.Millisecond)
	take(true, 0)
	take(false, 500*time.Millisecond)
	at = at.Add(500*time.Millisecond - 1)
	if ok, w := l.take(who, at); ok || w <= 0 || w > 2 {
		t.Errorf("a nanosecond early: got %v, wait %d, want it refused for a moment", ok, w)
	}
	at = at.Add(time.Hour) // no more than the burst
	for range 3 {
		take(true, 0)
	}
	take(false, 500*time.Millisecond)
	off := newLimiter(Rate{Burst: -1})
	for range 1000 {
		if ok, wait := off.take(who, at); !ok || wait != 0 {
			t.Fatal("no bound: got it refused")
		}
	}
	nobody := newLimiter(Rate{Burst: 1, PerSecond: 1})
	first, _ := nobody.take(netip.Addr{}, at)
	if second, _ := nobody.take(netip.Addr{}, at); !first || second {
		t.Errorf("no address: got %v and %v, want them to be one client", first, second)
	}
}

// which everybody is remembered.
func TestGenerationsOfBuckets(t *testing.T) {
	b := buckets{rate: Rate{Burst: 10, PerSecond: 1}, now: map[netip.Prefix]bucket{}}
	at := start()
	fill := func(from, n int) {
		for i := range n {
			b.keep(networks(nth("2000::", 64, from+i))[0], bucket{left: 5, at: at}, at)
		}
	}
	sizes := func(now, old int, since time.Time) {
		t.Helper()
		if len(b.now) != now || len(b.old) != old || !b.since.Equal(since) {
			t.Errorf("got %d and %d clients, all remembered since %v, want %d, %d, %v", len(b.now), len(b.old),
				b.since, now, old, since)
		}
	}
	fill(0, maxClients)
	sizes(maxClients, 0, time.Time{})
	fill(0, 5) // the same ones again
	sizes(maxClients, 0, time.Time{})
	at = at.Add(time.Second)
	fill(maxClients, 1)
	sizes(1, maxClients, time.Time{})
	if got := b.find(networks(nth("2000::", 64, 7))[0], at).left; got != 6 {
		t.Errorf("of the elder generation: got %v left, want its 5 and one since", got)
	}
	at = at.Add(time.Second)
	fill(maxClients+1, maxClients)
	sizes(1, maxClients, start().Add(time.Second))
	at = at.Add(time.Second)
	if got := b.find(networks(nth("2000::", 64, 9))[0], at).left; got != 2 {
		t.Errorf("forgotten, 2 s after everybody is remembered: got %v left, want 2", got)
	}
	fill(3*maxClients, maxClients)
	sizes(1, maxClients, start().Add(2*time.Second))
}

func TestLimiter(t *testing.T) {
	l := newLimiter(Rate{Burst: 2, PerSecond: 0.5})
	at := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff")
	for i, c := range []struct {
		who  netip.Addr
		in   time.Duration
		want bool
	}{{a, 0, true}, {b, 0, true}, {a, 0, false}, {a, time.Second, false}, {a, 2 * time.Second, true}, {a, -time.Hour, false},
		{netip.MustParseAddr("2001:db8:0:1::1"), 0, true}} {
		if got, _ := l.take(c.who, at.Add(c.in)); got != c.want {
			t.Errorf("step %d: got %v, want %v", i, got, c.want)
		}
	}
	for i := range 3 * maxClients {
		l.take(netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}), at)
	}
	for i := range l.widths {
		if got := len(l.widths[i].now) + len(l.widths[i].old); got > 2*maxClients {
			t.Errorf("width %d: got %d clients remembered, want at most %d", i, got, 2*maxClients)
		}
	}
}
