package yubiotp_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/auth/factortest"
	"github.com/latchkey-auth/latchkey/yubiotp"
)

func TestFactor(t *testing.T) {
	factortest.Run(t, factortest.Suite{
		New:       func() auth.Factor { return yubiotp.New() },
		Claimant:  func(int) factortest.Claimant { return new(key) },
		Wrong:     []auth.Code{auth.CodeWrong},
		Malformed: []auth.Code{auth.CodeMalformed, auth.CodeLayout, auth.CodeIncomplete},
		Replayed:  []auth.Code{auth.CodeUsed},
		Secrets: func(_ *auth.Ceremony, a *auth.Authenticator) []string {
			var d struct{ I, K string }
			if err := json.Unmarshal(a.Data, &d); err != nil || d.K == "" {
				return nil
			}
			return []string{d.I, d.K}
		},
	})
}

// What is one code is one, however it comes out of a keyboard.
func TestWhatKeyboardsMakeOfACode(t *testing.T) {
	f := factor(1)
	k, a := bind(t, f)
	dvorak := func(code string) string {
		return strings.Map(func(r rune) rune {
			return rune("jxe.uidchtnbpygk"[strings.IndexRune("cbdefghijklnrtuv", r)])
		}, code)
	}
	wide := func(code string) string { return strings.Map(func(r rune) rune { return r + 'ａ' - 'a' }, code) }
	for name, typed := range map[string]func(string) string{
		"as it is":             func(c string) string { return c },
		"Caps Lock":            strings.ToUpper,
		"Enter behind it":      func(c string) string { return c + "\r\n" },
		"blanks in it":         func(c string) string { return " " + c[:12] + " " + c[12:] },
		"Dvorak":               dvorak,
		"Dvorak and Caps Lock": func(c string) string { return strings.ToUpper(dvorak(c)) },
		"Turkish":              func(c string) string { return strings.ReplaceAll(c, "i", "ı") },
		"Turkish, Caps Lock":   func(c string) string { return strings.ReplaceAll(strings.ToUpper(c), "I", "İ") },
		"full width":           wide,
		"Caps Lock, seen by the key": func(string) string {
			defer func() { k.caps = false }()
			k.caps = true
			return k.touched()
		},
	} {
		_, err := verify(f, typed(k.touched()), a)
		wants(t, name, err, "")
	}
}

// What could not have been right is told apart from a wrong code, by what helps against it.
func TestWhatIsNoCode(t *testing.T) {
	f := factor(1)
	k, a := bind(t, f)
	code := k.touched()
	for name, x := range map[string]struct {
		typed string
		want  auth.Code
	}{
		"nothing":                 {"", auth.CodeIncomplete},
		"half":                    {code[:22], auth.CodeIncomplete},
		"all but one":             {code[1:], auth.CodeIncomplete},
		"a block too little":      {code[14:], auth.CodeIncomplete},
		"two touches":             {code + k.touched(), auth.CodeIncomplete},
		"an id of 18 letters":     {"cccccc" + code, auth.CodeIncomplete},
		"without the public id":   {code[12:], auth.CodeWrong},
		"with a longer public id": {"cccc" + code, auth.CodeWrong},
		"digits":                  {"123456", auth.CodeLayout},
		"a letter that is none":   {"a" + code[1:], auth.CodeLayout},
		"Cyrillic":                {strings.Repeat("с", 44), auth.CodeLayout},
		"an input method":         {"测试" + code[2:], auth.CodeLayout},
		"invalid UTF-8":           {"\xff" + code[1:], auth.CodeLayout},
	} {
		got, err := verify(f, x.typed, a)
		wants(t, name, err, x.want)
		if got != nil {
			t.Errorf("%s: got an authenticator beside the refusal", name)
		}
	}
}

// Every bit of a block counts, and so does the public id before it.
func TestACodeThatWasBentIsWrong(t *testing.T) {
	f := factor(1)
	k, a := bind(t, f)
	for i := range 128 {
		p := k.plain()
		p[11]++ // later than the last
		p[i/8] ^= 1 << (i % 8)
		_, err := verify(f, k.encrypted(p), a)
		wants(t, "a bit turned and the CRC with it not", err, auth.CodeWrong)
	}
	other := *k
	other.private = append([]byte{k.private[0] ^ 1}, k.private[1:]...)
	_, err := verify(f, other.touched(), a)
	wants(t, "another private id", err, auth.CodeWrong)
	other = *k
	other.public = "vvcccccccccc"
	_, err = verify(f, other.touched(), a)
	wants(t, "another public id", err, auth.CodeWrong)
	_, err = verify(f, k.touched(), a)
	wants(t, "the key itself", err, "")
}

// A code counts once, and after it none that was typed before.
func TestCountersOnlyRise(t *testing.T) {
	f := factor(1)
	k, a := bind(t, f)
	early, late := k.touched(), k.plugged().touched()
	after, err := verify(f, late, a)
	wants(t, "a code after the key was plugged in again", err, "")
	for name, code := range map[string]string{"the same": late, "one before it": early} {
		got, err := verify(f, code, after)
		wants(t, name, err, auth.CodeUsed)
		if got != nil {
			t.Errorf("%s: got an authenticator beside the refusal, want it untouched", name)
		}
	}
	k.caps = true
	after, err = verify(f, k.touched(), after)
	wants(t, "with Caps Lock", err, "")
	k.caps = false
	after, err = verify(f, k.touched(), after)
	wants(t, "without it again", err, "")
	k.session = 254
	for _, name := range []string{"the last of a session", "the first of the next"} {
		after, err = verify(f, k.touched(), after)
		wants(t, name, err, "")
	}
	k.use = 0x7fff
	k.session = 254
	_, err = verify(f, k.touched(), after)
	wants(t, "the last that a key ever types", err, "")
}

// TestCountersRiseWhateverIsTyped plays any sequence of counters: each is taken at most once, and none below
// one that was taken. The timestamp has no say in it.
func TestCountersRiseWhateverIsTyped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := factor(rapid.Byte().Draw(t, "seed"))
		k, c := new(key), &auth.Ceremony{Purpose: auth.ForBind, Kind: auth.YubiOTP, Now: noon}
		if err := f.BeginBind(c, auth.Subject{}); err != nil {
			t.Fatal(err)
		}
		response, _ := k.Bind(c)
		a, err := f.FinishBind(c, response)
		if err != nil {
			t.Fatal(err)
		}
		last := uint32(k.use)<<8 | uint32(k.session)
		for range rapid.IntRange(1, 30).Draw(t, "tries") {
			now := uint32(max(0, int(last)+rapid.IntRange(-300, 300).Draw(t, "away")))
			k.use, k.session = uint16(now>>8), byte(now)
			k.stamp, k.random = rapid.Uint32Range(0, 1<<24-1).Draw(t, "stamp"), rapid.Uint16().Draw(t, "random")
			after, err := verify(f, k.code(), a)
			if taken := err == nil; taken != (now > last) {
				t.Fatalf("counters %x after %x: got %v", now, last, err)
			}
			if err == nil {
				last, a = now, after
			}
		}
	})
}

// No key types twice with the same counters: what does has the secret of another.
func TestACopyIsFrozen(t *testing.T) {
	f := factor(1)
	k, a := bind(t, f)
	for name, copied := range map[string]func(*key){
		"another random number": func(c *key) { c.random++ }, "another timestamp": func(c *key) { c.stamp++ },
	} {
		a, err := verify(f, k.touched(), a)
		wants(t, name+": the key itself", err, "")
		other := *k
		copied(&other)
		got, err := verify(f, other.code(), a)
		wants(t, name, err, auth.KeyFrozen)
		if got == nil || got.State != auth.Frozen || string(got.Data) != string(a.Data) {
			t.Errorf("%s: got %+v, want it frozen, with the counters it had", name, got)
		}
		at := uint32(k.use)<<8 | uint32(k.session)
		if r := got.Traits.Regression; r == nil || *r != (auth.Regression{Had: at, Shown: at}) {
			t.Errorf("%s: got %+v, want its owner told at which count", name, r)
		}
	}
}

// Of several keys a code is the one's whose it is.
func TestSeveralKeys(t *testing.T) {
	f := factor(1)
	one, a := bind(t, f)
	two, b := bind(t, f)
	b.ID = "b"
	for name, k := range map[string]*key{"a": one, "b": two} {
		for _, list := range [][]*auth.Authenticator{{a, b}, {b, a}} {
			got, err := verify(f, k.touched(), list...)
			wants(t, name, err, "")
			if got == nil || got.ID != name {
				t.Errorf("a code of %s: got %v", name, got)
			}
		}
	}
}

// After a backup was put back nobody knows which codes were used.
func TestKeysFromBeforeARestoreAreDead(t *testing.T) {
	f := factor(1)
	k, a := bind(t, f)
	c := &auth.Ceremony{Purpose: auth.ForSignIn, Kind: auth.YubiOTP, Now: noon.AddDate(0, 0, 1), Restored: noon}
	_, err := f.FinishVerify(c, []*auth.Authenticator{a}, reply(k.touched()))
	wants(t, "bound before", err, auth.CodeUsed)
	a.BoundAt = noon.Add(1)
	_, err = f.FinishVerify(c, []*auth.Authenticator{a}, reply(k.touched()))
	wants(t, "bound after", err, "")
}

// Two codes bind: both the key's, and the second one later.
func TestBindingTakesTwo(t *testing.T) {
	f := factor(1)
	c := begin(t, f, auth.BindInput{})
	k := new(key)
	if err := k.learn(c); err != nil {
		t.Fatal(err)
	}
	one, two := k.touched(), k.touched()
	three := k.plugged().touched()
	wrong, _ := k.Wrong(&auth.Ceremony{})
	var other auth.CodeResponse
	if err := json.Unmarshal(wrong, &other); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		first, second, field string
		want                 auth.Code
	}{
		"two in a row":         {one, two, "", ""},
		"one left out between": {one, three, "", ""},
		"the same twice":       {one, one, "second", auth.CodeUsed},
		"the other way":        {two, one, "second", auth.CodeUsed},
		"one of another key":   {other.Code, two, "code", auth.CodeWrong},
		"then another key's":   {one, other.Code, "second", auth.CodeWrong},
		"half of the first":    {one[:20], two, "code", auth.CodeIncomplete},
		"half of the second":   {one, two[:20], "second", auth.CodeIncomplete},
		"another keyboard":     {one, "123456", "second", auth.CodeLayout},
	} {
		a, err := f.FinishBind(c, pair(x.first, x.second))
		wants(t, name, err, x.want)
		if e, ok := err.(*auth.Error); ok && e.Field != x.field {
			t.Errorf("%s: got the field %q, want %q", name, e.Field, x.field)
		}
		if err != nil {
			continue
		}
		_, err = verify(f, x.second, a)
		wants(t, name+": the second code again", err, auth.CodeUsed)
	}
	foreign := &auth.Ceremony{State: json.RawMessage(`{"p":"cb","i":"00","k":"00"}`)}
	if _, err := f.FinishBind(foreign, pair(one, two)); err == nil || strings.Contains(err.Error(), "refused") {
		t.Errorf("a ceremony of something else: got %v, want a failure", err)
	}
}
