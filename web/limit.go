package web

import (
	"net/netip"
	"sync"
	"time"
)

// maxClients bounds the memory of a limiter: two generations of this many, for each width of networks.
const maxClients = 1 << 15

// A Rate bounds one client (an IPv4 address or an IPv6 /64): Burst requests at once, then PerSecond. An IPv6 /56 gets
// four times as much, a /48 and an IPv4 /24 eight times. A negative Burst is no bound.
type Rate struct {
	Burst     int
	PerSecond float64
}

// DefaultRate lets an office of sellers sign in behind one address, and a machine try a few times a second. Guesses
// are bounded by the domain, per account; this bounds what guessing costs the site.
func DefaultRate() Rate { return Rate{Burst: 120, PerSecond: 4} }

// networks are what one request counts against, the narrowest first: an IPv4 address and its /24, or an IPv6 /64, of
// which one household has all, its /56, which many providers give a household, and its /48, which anybody can rent. A
// width that the address does not have is the zero Prefix.
func networks(a netip.Addr) [3]netip.Prefix {
	widths := [3]int{64, 56, 48}
	if a.Is4() {
		widths = [3]int{32, 0, 24}
	}
	var nets [3]netip.Prefix
	for i, bits := range widths {
		if bits > 0 {
			nets[i], _ = a.WithZone("").Prefix(bits) // of no address: the zero Prefix
		}
	}
	return nets
}

// counts reports whether the network at this width is one to count against. What has no address at all is one client.
func counts(width int, net netip.Prefix) bool { return width == 0 || net.IsValid() }

// A limiter is a token bucket for each client and for the networks around him, which get more than one client and less
// than all of theirs together. A request needs a token of each.
type limiter struct {
	off    bool
	mu     sync.Mutex
	widths [3]buckets
}

func newLimiter(r Rate) *limiter {
	l := &limiter{off: r.Burst < 0}
	for i, times := range [3]int{1, 4, 8} {
		rate := Rate{Burst: r.Burst * times, PerSecond: r.PerSecond * float64(times)}
		l.widths[i] = buckets{rate: rate, now: map[netip.Prefix]bucket{}}
	}
	return l
}

// take spends one request of a client's bucket; wait is how long until there is another.
func (l *limiter) take(who netip.Addr, at time.Time) (ok bool, wait time.Duration) {
	if l.off {
		return true, 0
	}
	nets := networks(who)
	l.mu.Lock()
	defer l.mu.Unlock()
	var found [3]bucket
	for i, net := range nets {
		if counts(i, net) {
			found[i] = l.widths[i].find(net, at)
			wait = max(wait, l.widths[i].wait(found[i]))
		}
	}
	for i, net := range nets {
		if !counts(i, net) {
			continue
		}
		if wait == 0 { // who is refused has spent nothing of what he shares
			found[i].left--
		}
		l.widths[i].keep(net, found[i], at)
	}
	return wait == 0, wait
}

// buckets are those of one width, in two generations: when the younger is full the elder is dropped. Whoever has many
// addresses can make us forget, never grow, and gains nothing by it: since is the moment from which on everybody is
// remembered, so that an unknown client gets no more than he would have by now if he had spent everything before.
type buckets struct {
	rate     Rate
	now, old map[netip.Prefix]bucket
	begun    time.Time // when the younger generation began
	since    time.Time // zero: nobody was ever forgotten
}

type bucket struct {
	left float64
	at   time.Time
}

// find returns a client's bucket as it is now. An unknown client has one request in any case.
func (t *buckets) find(net netip.Prefix, at time.Time) bucket {
	b, known := t.now[net]
	if !known {
		b, known = t.old[net]
	}
	burst := float64(t.rate.Burst)
	switch {
	case !known && t.since.IsZero():
		return bucket{left: burst, at: at}
	case !known:
		return bucket{left: min(max(at.Sub(t.since).Seconds()*t.rate.PerSecond, 1), burst), at: at}
	}
	if past := at.Sub(b.at).Seconds(); past > 0 { // a clock that went back gives nothing
		b.left, b.at = min(b.left+past*t.rate.PerSecond, burst), at
	}
	return b
}

// wait is how long until a bucket has a request, 0 if it has one.
func (t *buckets) wait(b bucket) time.Duration {
	if b.left >= 1 {
		return 0
	}
	return max(time.Duration((1-b.left)/t.rate.PerSecond*float64(time.Second)), 1)
}

func (t *buckets) keep(net netip.Prefix, b bucket, at time.Time) {
	if t.begun.IsZero() {
		t.begun = at
	}
	if _, there := t.now[net]; !there && len(t.now) >= maxClients {
		if t.old != nil {
			t.since = t.begun
		}
		t.old, t.now, t.begun = t.now, make(map[netip.Prefix]bucket, maxClients/8), at
	}
	t.now[net] = b
}
