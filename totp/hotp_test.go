package totp_test

import (
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
	d, a := bindAt(t, f, noon) // counter 0 is used
	for n, want := range map[uint64]auth.Code{
		0: auth.CodeUsed, 1: "", 5: "", 10: "", 11: auth.CodeWrong, 100: auth.CodeWrong, 101: auth.CodeWrong,
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
		{"at the far end", 100, 101, time.Second, ""},
		{"beyond", 101, 102, time.Second, auth.CodeWrong},
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

func imported() *totp.Token {
	return &totp.Token{Serial: "T-0001", Secret: []byte("12345678901234567890"), Counter: 40, Digits: 8,
		Algorithm: totp.SHA256}
}

func TestImportedToken(t *testing.T) {
	f, tok := token(t, totp.Config{}), imported()
	in, err := json.Marshal(totp.Input{BindInput: auth.BindInput{Serial: "T-0001"}, Token: tok})
	if err != nil {
		t.Fatal(err)
	}
	c := &auth.Ceremony{Now: noon, Input: in}
	if err := f.BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
		t.Fatal(err)
	}
	if got, want := string(c.Prompt), `{"serial":"T-0001","digits":8}`; got != want {
		t.Errorf("got prompt %s, want %s", got, want)
	}
	a, err := f.FinishBind(c, reply(oath(tok.Secret, totp.SHA256, 8, 43)))
	wants(t, err, "")
	_, err = verifyAt(f, a, noon, oath(tok.Secret, totp.SHA256, 8, 43))
	wants(t, err, auth.CodeUsed)
	_, err = verifyAt(f, a, noon, oath(tok.Secret, totp.SHA256, 8, 44))
	wants(t, err, "")
}

func TestTokenInput(t *testing.T) {
	f := token(t, totp.Config{})
	begin := func(in totp.Input) error {
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		return f.BeginBind(&auth.Ceremony{Now: noon, Input: text}, auth.Subject{Name: "li", Site: "s"})
	}
	wants(t, begin(totp.Input{BindInput: auth.BindInput{Serial: "T-0001"}}), auth.NoSuchMethod)
	if err := begin(totp.Input{BindInput: auth.BindInput{Serial: "T-0002"}, Token: imported()}); err == nil {
		t.Error("a token of another serial number: got no error, want one")
	}
	for name, spoil := range map[string]func(*totp.Token){
		"no serial": func(k *totp.Token) { k.Serial = "" }, "no secret": func(k *totp.Token) { k.Secret = nil },
		"short secret": func(k *totp.Token) { k.Secret = k.Secret[:10] },
		"digits":       func(k *totp.Token) { k.Digits = 9999 },
		"algorithm":    func(k *totp.Token) { k.Algorithm = "MD5" },
		"counter":      func(k *totp.Token) { k.Counter = 1 << 60 },
		"serial":       func(k *totp.Token) { k.Serial = strings.Repeat("1", 65) },
	} {
		k := imported()
		spoil(k)
		if err := k.Validate(); err == nil || strings.Contains(err.Error(), "1234567890") {
			t.Errorf("%s: got %v, want an error without the secret", name, err)
		}
		if err := begin(totp.Input{BindInput: auth.BindInput{Serial: k.Serial}, Token: k}); err == nil {
			t.Errorf("%s: got it bound, want an error", name)
		}
	}
}

func TestTouchCodePrompt(t *testing.T) {
	c := &auth.Ceremony{Now: noon}
	if err := token(t, totp.Config{}).BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
		t.Fatal(err)
	}
	var p struct {
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
}
