package auth

import (
	"sync"
	"time"
)

// A Pace bounds what one session may ask to be changed: Burst acts at once, then PerSecond. More than anybody presses,
// far less than a machine can. The zero Pace is 60 and 1; a negative Burst is no bound.
type Pace struct {
	Burst     int
	PerSecond float64
}

// maxPaced bounds the memory of a pacer: sessions that have asked something lately.
const maxPaced = 1 << 16

// pacer is a token bucket for each session:
//
//	session's name -> {left, at}
//
// An act is counted once it is over and a session was found behind its token, so that nobody takes memory, or anybody's
// place in it, with tokens that he made up; it is refused before anything is read.
type pacer struct {
	pace  Pace
	mu    sync.Mutex
	found map[string]paced
}

type paced struct {
	left float64
	at   time.Time
}

func newPacer(p Pace) *pacer {
	if p == (Pace{}) {
		p = Pace{Burst: 60, PerSecond: 1}
	}
	return &pacer{pace: p, found: map[string]paced{}}
}

func (p *pacer) off() bool { return p.pace.Burst < 0 }

// at is a session's bucket as it is now.
func (p *pacer) at(id string, now time.Time) paced {
	burst := float64(p.pace.Burst)
	b, known := p.found[id]
	if !known {
		return paced{left: burst, at: now}
	}
	if past := now.Sub(b.at).Seconds(); past > 0 { // a clock that went back gives nothing
		b.left = min(b.left+past*p.pace.PerSecond, burst)
		b.at = now
	}
	return b
}

// refuse refuses the session of that name while it has asked too often.
func (p *pacer) refuse(id string, now time.Time) error {
	if p.off() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := p.at(id, now); b.left < 1 {
		wait := time.Duration((1 - b.left) / p.pace.PerSecond * float64(time.Second))
		return Refuse(TooManyRequests).At(now.Add(wait))
	}
	return nil
}

// spend counts an act of a session.
func (p *pacer) spend(id string, now time.Time) {
	if p.off() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.found[id]; !known && len(p.found) >= maxPaced {
		p.forget(now)
	}
	b := p.at(id, now)
	b.left--
	p.found[id] = b
}

// forget makes room: whoever has all his acts again need not be remembered, and if nobody has, all are forgotten.
func (p *pacer) forget(now time.Time) {
	for id := range p.found {
		if p.at(id, now).left >= float64(p.pace.Burst) {
			delete(p.found, id)
		}
	}
	if len(p.found) >= maxPaced {
		clear(p.found)
	}
}

// refuseHasty refuses a caller whose session has asked too often.
func (s *Service) refuseHasty(c Caller, rule Rule, now time.Time) error {
	if !rule.Who.signedIn() {
		return nil
	}
	if _, id, ok := s.parseToken(c.Token); ok {
		return s.pacer.refuse(id, now)
	}
	return nil
}
