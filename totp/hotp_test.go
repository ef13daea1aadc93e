package totp_test

import (
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/totp"
)

// count returns the code of a counter.
func (d *device) count(n uint64) string { return oath(d.secret, totp.SHA1, 6, n) }

func TestLookAhead(t *testing.T) {
	f := token(t, totp.Config{})
	d, a := bindAt(t, f, noon) // counters 0 and 1 are used
	for n, want := range map[uint64]auth.Code{
		0: auth.CodeUsed, 1: auth.CodeUsed, 2: "", 6: "", 11: "", 12: auth.CodeWrong, 101: auth.CodeWrong,
		102: auth.CodeWrong,
	} {
		_, err := verifyAt(f, a, noon, d.count(n))
		if got := codeOf(err); got != want {
			t.Errorf("counter %d: got %q, want %q", n, got, want)
		}
	}
}

func TestCounterOnlyRises(t *testing.T) {
	f := token(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	a, err := verifyAt(f, a, noon, d.count(8))
	wants(t, err, "")
	for n := range uint64(9) {
		_, err := verifyAt(f, a, noon, d.count(n))
		wants(t, err, auth.CodeUsed)
	}
	_, err = verifyAt(f, a, noon, d.count(9))
	wants(t, err, "")
}

func TestResync(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second uint64
		wait          time.Duration
		want          auth.Code
	}{
		{"two in a row", 60, 61, time.Second, ""},
		{"at the far end", 101, 102, time.Second, ""},
		{"beyond", 102, 103, time.Second, auth.CodeWrong},
		{"the same twice", 60, 60, time.Second, auth.CodeWrong},
		{"with a gap", 60, 62, time.Second, auth.CodeWrong},
		{"backwards", 60, 59, time.Second, auth.CodeWrong},
		{"too late", 60, 61, 5 * time.Minute, auth.CodeWrong},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := token(t, totp.Config{})
			d, a := bindAt(t, f, noon)
			after, err := verifyAt(f, a, noon, d.count(c.first))
			wants(t, err, auth.CodeWrong)
			if after != nil {
				a = after
			}
			after, err = verifyAt(f, a, noon.Add(c.wait), d.count(c.second))
			wants(t, err, c.want)
			if c.want == "" {
				_, err = verifyAt(f, after, noon.Add(c.wait), d.count(c.second))
				wants(t, err, auth.CodeUsed)
			}
		})
	}
}

// TestFarCodeAnswersLikeAnyWrongOne: the first code of a resynchronisation
// tells a guesser nothing.
func TestFarCodeAnswersLikeAnyWrongOne(t *testing.T) {
	f := token(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	_, far := verifyAt(f, a, noon, d.count(60))
	_, wrong := verifyAt(f, a, noon, d.not(&auth.Ceremony{}))
	one, _ := json.Marshal(far)
	other, _ := json.Marshal(wrong)
	if string(one) != string(other) {
		t.Errorf("got %s for a code far ahead, want %s", one, other)
	}
}

// TestResyncNeverGoesBack: a far code that was overtaken leads nowhere.
func TestResyncNeverGoesBack(t *testing.T) {
	f := token(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	a, err := verifyAt(f, a, noon, d.count(12))
	wants(t, err, auth.CodeWrong)
	for _, n := range []uint64{9, 19} {
		a, err = verifyAt(f, a, noon, d.count(n))
		wants(t, err, "")
	}
	_, err = verifyAt(f, a, noon, d.count(13))
	wants(t, err, auth.CodeUsed)
}

// TestCountsRiseWhateverIsTyped plays any sequence: a counter is accepted at
// most once and never below one that was accepted.
func TestCountsRiseWhateverIsTyped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, err := totp.NewHOTP(totp.Config{})
		if err != nil {
			t.Fatal(err)
		}
		f.Rand = seeded(rapid.Byte().Draw(t, "seed"))
		d, a := bindAt(t, f, noon)
		last, at := uint64(0), noon
		for range rapid.IntRange(1, 30).Draw(t, "tries") {
			at = at.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "seconds")) * time.Second)
			n := uint64(max(0, int(last)+rapid.IntRange(-20, 130).Draw(t, "away")))
			if !d.unique(n) {
				continue
			}
			after, err := verifyAt(f, a, at, d.count(n))
			if err == nil {
				if n <= last {
					t.Fatalf("counter %d was accepted after %d", n, last)
				}
				last = n
			}
			if after != nil {
				a = after
			}
		}
	})
}

func TestTouchCodePrompt(t *testing.T) {
	c := &auth.Ceremony{Now: noon}
	if err := token(t, totp.Config{}).BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
		t.Fatal(err)
	}
	var p struct {
		Secret  string
		Hex     string
		URI     string
		Counter *int
		Digits  int
	}
	if err := json.Unmarshal(c.Prompt, &p); err != nil {
		t.Fatal(err)
	}
	if p.Counter == nil || *p.Counter != 0 || p.Digits != 6 || !strings.Contains(p.URI, "&counter=0") ||
		!strings.HasPrefix(p.URI, "otpauth://hotp/") {
		t.Errorf("got prompt %+v, want counter 0, 6 digits and both in the URI", p)
	}
	raw, err := base32.StdEncoding.DecodeString(p.Secret)
	if err != nil || hex.EncodeToString(raw) != p.Hex || len(raw) != 20 {
		t.Errorf("got %s and %s, want one secret, twice", p.Secret, p.Hex)
	}
}

// One code could be a guess: it takes two, of neighbouring counters and in their order.
func TestTouchCodesAreBoundByTwo(t *testing.T) {
	f := token(t, totp.Config{})
	for name, x := range map[string]struct {
		first, second uint64
		want          auth.Code
	}{
		"the first two":    {0, 1, ""},
		"a few later":      {9, 10, ""},
		"beyond the look":  {10, 11, auth.CodeWrong},
		"the same twice":   {0, 0, auth.CodeWrong},
		"the other way":    {1, 0, auth.CodeWrong},
		"one left out":     {0, 2, auth.CodeWrong},
		"one, and a guess": {0, 500, auth.CodeWrong},
		"a guess, and one": {500, 1, auth.CodeWrong},
	} {
		d := &device{}
		c := &auth.Ceremony{Purpose: auth.ForBind, Kind: auth.HOTP, Now: noon}
		if err := f.BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
			t.Fatal(err)
		}
		if err := d.learn(c); err != nil {
			t.Fatal(err)
		}
		a, err := f.FinishBind(c, pair(d.count(x.first), d.count(x.second)))
		if got := codeOf(err); got != x.want {
			t.Errorf("%s: got %q, want %q", name, got, x.want)
		}
		if err != nil {
			continue
		}
		if a.Traits.Flavour != auth.TouchCode {
			t.Errorf("%s: got a %q, want a touch code", name, a.Traits.Flavour)
		}
		_, err = verifyAt(f, a, noon, d.count(x.second))
		wants(t, err, auth.CodeUsed)
	}
}
