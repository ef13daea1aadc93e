package auth

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/ident"
)

// The parts of a number: a half for proved numbers, a quarter for each of the others, never less than one, and no limit
// stays none.
func TestPartsOfBudgets(t *testing.T) {
	for most, want := range map[int]string{
		0: "0 0 0 0", 1: "1 1 1 1", 2: "1 1 1 1", 3: "2 1 1 1", 4: "2 1 1 1", 5: "3 2 2 1", 8: "4 2 2 1", 9: "5 3 3 1",
		31: "16 8 8 1", 32: "16 8 8 2", 80000: "40000 20000 20000 5000",
	} {
		got := fmt.Sprint(proved.of(most), binding.of(most), fresh.of(most), partOf(most))
		if got != want {
			t.Errorf("of %d: got %s, want %s", most, got, want)
		}
	}
}

// drawing is somebody's draws as text, by the beginning of their keys: how much, and whether it is the same document as
// that of another one.
func drawing(list, other []draw) string {
	var all []string
	for i, d := range list {
		name, _, _ := strings.Cut(d.key, "/")
		same := i < len(other) && other[i].key == d.key
		all = append(all, fmt.Sprint(name, " ", d.most, " ", same, " ", d.code))
	}
	return strings.Join(all, ", ")
}

// A network is an IPv4 address or a /56, and four times as much for the /24 or /48 around it, however it is written.
func TestNetworksOfDraws(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	of := func(address string) []draw {
		ip, _ := netip.ParseAddr(address)
		return (&Work{s: s, caller: Caller{IP: ip}}).networkDraws()
	}
	for addresses, want := range map[string]string{
		"203.0.113.7 203.0.113.7":               "true true",
		"203.0.113.7 ::ffff:203.0.113.7":        "true true",
		"203.0.113.7 203.0.113.8":               "false true",
		"203.0.113.7 203.0.112.7":               "false false",
		"2001:db8:1:100::1 2001:db8:1:1ff::2":   "true true",
		"2001:db8:1:100::1%a 2001:db8:1:1ff::2": "true true",
		"2001:db8:1:100::1 2001:db8:1:200::1":   "false true",
		"2001:db8:1:100::1 2001:db8:2:100::1":   "false false",
	} {
		one, two, _ := strings.Cut(addresses, " ")
		flags := strings.Fields(want)
		want := fmt.Sprintf("pw 30 %s texts-later, pw 120 %s texts-later", flags[0], flags[1])
		if got := drawing(of(one), of(two)); got != want {
			t.Errorf("%s: got %s, want %s", addresses, got, want)
		}
	}
	if got := of(""); got != nil {
		t.Errorf("without an address: got %s", drawing(got, nil))
	}
	s.policy.BindsPerNetwork = 0
	if got := of("203.0.113.7"); len(got) != 0 {
		t.Errorf("without a limit: got %s", drawing(got, nil))
	}
}

// What a text draws of whom: the numbers that begin alike by eight signs, the country, the site, and of a proved one
// the number itself; of a binding the address and the mailbox, aliases folded.
func TestWhatATextDraws(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	w := &Work{s: s, caller: Caller{IP: netip.MustParseAddr("203.0.113.7")}}
	const number = "+8613800138000"
	for other, same := range map[ident.Phone]string{number: "true true", "+8613800000000": "true",
		"+8613700138000": "false"} {
		got := w.textDraws(number, proved)
		two := w.textDraws(other, proved)
		if first, _, _ := strings.Cut(same, " "); fmt.Sprint(got[0].key == two[0].key) != first {
			t.Errorf("%s: got the same block %v, want %s", other, got[0].key == two[0].key, first)
		}
		if (got[3].key == two[3].key) != (other == number) {
			t.Errorf("%s: got the same number %v", other, got[3].key == two[3].key)
		}
	}
	for by, want := range map[budget]string{
		proved:  "pp 500 true send-limit-reached, pc 1000 true send-limit-reached, ps 2500 true send-limit-reached, pn 20 true send-limit-reached",
		binding: "ppb 250 true texts-later, pcb 500 true texts-later, psb 1250 true texts-later",
		fresh:   "ppf 250 true texts-later, pcf 500 true texts-later, psf 1250 true texts-later",
	} {
		list := w.textDraws(number, by)
		if got := drawing(list, list); got != want {
			t.Errorf("%q: got %s, want %s", by, got, want)
		}
		for i, d := range list {
			if d.alarm != (i == 2) {
				t.Errorf("%q: got an alarm %v of %s", by, d.alarm, d.key)
			}
		}
	}
	if got := drawing(w.strangersDraws(number), nil); got != "pu 10 false send-limit-reached" {
		t.Errorf("of a number by strangers: got %s", got)
	}
	a := &Account{Email: "seller+one@example.com"}
	other := &Account{Email: "seller+two@example.com", EnrolledAt: s.now()}
	first := w.bindDraws(a, SMS, number)
	for what, x := range map[string]struct {
		list []draw
		want string
	}{
		"a number": {first, "m 10 true send-limit-reached, o 10 true send-limit-reached, pw 30 true texts-later, " +
			"pw 120 true texts-later, ppf 250 true texts-later, pcf 500 true texts-later, psf 1250 true texts-later"},
		"of who has a second step": {w.bindDraws(other, Voice, number), "m 10 true send-limit-reached, " +
			"o 10 true send-limit-reached, ppb 250 false texts-later, pcb 500 false texts-later, psb 1250 false texts-later"},
		"a mailbox": {w.bindDraws(a, Mail, "box@example.com"),
			"m 10 false send-limit-reached, o 10 true send-limit-reached"},
	} {
		if got := drawing(x.list, first); got != x.want {
			t.Errorf("%s: got %s, want %s", what, got, x.want)
		}
	}
	s.policy.SendsPerNumber = 0
	if got := w.strangersDraws(number); len(got) != 0 {
		t.Errorf("without a limit: got %s", drawing(got, nil))
	}
}

// An id begins with a letter or a digit, whatever was drawn for it, and no two draws but those of such an id are one.
func TestAnIDBeginsWithALetterOrADigit(t *testing.T) {
	ids := map[string]int{}
	for b := range 256 {
		id := idText(append([]byte{byte(b)}, make([]byte, 15)...))
		ids[id]++
		if len(id) != 22 || strings.ContainsAny(id[:1], "-_") {
			t.Errorf("%#x: got %s", b, id)
		}
	}
	if len(ids) != 256-8 {
		t.Errorf("got %d ids of 256 draws, want all but the eight", len(ids))
	}
	s := &Service{rand: rand.Reader}
	for range 300 {
		if id := s.newID(); strings.ContainsAny(id[:1], "-_") {
			t.Errorf("got %s", id)
		}
	}
}
