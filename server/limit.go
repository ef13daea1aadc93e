package server

import (
	"net/netip"
	"sync"
	"time"
)

// maxClients bounds the memory of a limiter: two generations of this many.
const maxClients = 1 << 15

// A limiter is a token bucket for each client. Full buckets need no memory, so that clients who come back late are
// simply forgotten: when a generation is full the one before it is dropped. An attacker with many addresses can only
// make it forget, never grow.
type limiter struct {
	rate Rate
	mu   sync.Mutex
	now  map[netip.Addr]bucket
	old  map[netip.Addr]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimiter(r Rate) *limiter {
	return &limiter{rate: r, now: map[netip.Addr]bucket{}}
}

// take spends one request of a client's bucket; wait is how long until there is another.
func (l *limiter) take(who netip.Addr, at time.Time) (ok bool, wait time.Duration) {
	if l.rate.Burst < 0 {
		return true, 0
	}
	who = neighbourhood(who)
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.now[who]
	if !known {
		if b, known = l.old[who]; !known {
			b = bucket{left: float64(l.rate.Burst), at: at}
		}
	}
	if past := at.Sub(b.at).Seconds(); past > 0 { // a clock that went back gives nothing
		b.left, b.at = min(b.left+past*l.rate.PerSecond, float64(l.rate.Burst)), at
	}
	if ok = b.left >= 1; ok {
		b.left--
	} else {
		wait = time.Duration((1 - b.left) / l.rate.PerSecond * float64(time.Second))
	}
	l.keep(who, b)
	return ok, wait
}

func (l *limiter) keep(who netip.Addr, b bucket) {
	if _, there := l.now[who]; !there && len(l.now) >= maxClients {
		l.old, l.now = l.now, make(map[netip.Addr]bucket, maxClients/8)
	}
	l.now[who] = b
}

// neighbourhood is what counts as one client: an IPv4 address, or an IPv6 /64, of which one household has all.
func neighbourhood(a netip.Addr) netip.Addr {
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// shares bounds how many requests one client has under way. Without it one machine that never ends its requests would
// hold all that the server takes at once, and everybody else would be turned away.
type shares struct {
	most int
	mu   sync.Mutex
	held map[netip.Addr]int // no longer than there are requests under way
}

func newShares(most int) *shares { return &shares{most: max(most, 1), held: map[netip.Addr]int{}} }

// take counts a request of a client, unless it has its share. Whoever took gives back.
func (s *shares) take(who netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[who] >= s.most {
		return false
	}
	s.held[who]++
	return true
}

func (s *shares) give(who netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[who]--; s.held[who] <= 0 {
		delete(s.held, who)
	}
}
