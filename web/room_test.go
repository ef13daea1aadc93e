package web

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// taken is how many places are taken.
func (r *Room) taken() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}

// As a room fills the share of each shrinks, networks share one, and something is left for who comes next.
func TestSharesShrinkAsTheRoomFills(t *testing.T) {
	grab := func(r *Room, address string, n int) (got int, err error) {
		who := networks(netip.MustParseAddr(address))
		for ; got < n && err == nil; got++ {
			err = r.Take(who, 1)
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
		r, sum := NewRoom(1024), 0
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
	r := NewRoom(1)
	if _, err := grab(r, "203.0.113.1", 1); err != nil {
		t.Errorf("the only place: got %v, want it", err)
	}
	var e *auth.Error
	if _, err := grab(r, "198.51.100.1", 1); !errors.As(err, &e) || e.Code != auth.Unavailable {
		t.Errorf("a full room: got %v, want unavailable", err)
	}
	r.Give(networks(netip.MustParseAddr("203.0.113.1")), 1)
	if got := len(r.held[0]) + len(r.held[1]) + len(r.held[2]); r.taken() != 0 || got != 0 {
		t.Errorf("given back: got %d places and %d clients, want none", r.taken(), got)
	}
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
		r := NewRoom(c.size)
		for _, a := range c.before {
			if err := r.Take(networks(netip.MustParseAddr(a)), 1); err != nil {
				t.Fatal(err)
			}
		}
		who := networks(netip.MustParseAddr(c.who))
		if got := code(r.Take(who, c.n)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		} else if got == "" {
			r.Give(who, c.n)
		}
		if r.used != len(c.before) {
			t.Errorf("%s: got %d places taken after all, want %d", c.name, r.used, len(c.before))
		}
	}
}
