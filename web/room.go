package web

import (
	"net/netip"
	"sync"

	"github.com/latchkey-auth/latchkey/auth"
)

// A Room is a number of places that all clients share. Nobody gets more than a part of what is free at that moment: a
// quarter for one client, a third for his /56, half for his /48 or /24. So the share of each shrinks as the room fills:
// whoever takes all that he can get leaves four fifths of what he found. Whoever holds nothing may always take one of
// the places that are free.
type Room struct {
	size int
	mu   sync.Mutex
	used int
	held [3]map[netip.Prefix]int // by width; no longer than there are requests under way
}

// NewRoom returns one with so many places.
func NewRoom(size int) *Room {
	return &Room{size: size, held: [3]map[netip.Prefix]int{{}, {}, {}}}
}

// Take takes n places for a client, or refuses. Whoever took gives as many back.
func (r *Room) Take(who [3]netip.Prefix, n int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	free := r.size - r.used
	if n > free {
		return auth.Refuse(auth.Unavailable)
	}
	for i, part := range [3]int{4, 3, 2} {
		if held := r.held[i][who[i]]; held > 0 && held+n > free/part {
			return auth.Refuse(auth.TooManyRequests)
		}
	}
	r.change(who, n)
	return nil
}

// Give gives places back.
func (r *Room) Give(who [3]netip.Prefix, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.change(who, -n)
}

func (r *Room) change(who [3]netip.Prefix, n int) {
	r.used += n
	for i, net := range who {
		if !counts(i, net) {
			continue
		}
		if r.held[i][net] += n; r.held[i][net] == 0 {
			delete(r.held[i], net)
		}
	}
}
