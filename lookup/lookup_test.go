package lookup_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/auth/factortest"
	"github.com/latchkey-auth/latchkey/lookup"
)

func noon() time.Time { return time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC) }

func reply(code string) json.RawMessage {
	text, err := json.Marshal(auth.CodeResponse{Code: code})
	if err != nil {
		panic(err)
	}
	return text
}

// sheet is the paper with the codes.
type sheet struct {
	codes []string
	next  int
}

func (s *sheet) Bind(c *auth.Ceremony) (json.RawMessage, error) {
	var p struct{ Codes []string }
	err := json.Unmarshal(c.Prompt, &p)
	s.codes = p.Codes
	return json.RawMessage(`{"saved":true}`), err
}

func (s *sheet) Answer(*auth.Ceremony) (json.RawMessage, error) {
	s.next++
	return reply(s.codes[s.next-1]), nil
}

func (s *sheet) Wrong(c *auth.Ceremony) (json.RawMessage, error) {
	if c.Purpose == auth.ForBind {
		return json.RawMessage(`{"saved":false}`), nil
	}
	return reply("0000-0000"), nil
}

func factor(t testing.TB) *lookup.Factor {
	t.Helper()
	f, err := lookup.New(lookup.Config{Iterations: 1000})
	if err != nil {
		t.Fatal(err)
	}
	f.Rand = rand.NewChaCha8([32]byte{3})
	return f
}

func TestFactor(t *testing.T) {
	factortest.Run(t, factortest.Suite{
		New:       func() auth.Factor { return factor(t) },
		Claimant:  func(int) factortest.Claimant { return new(sheet) },
		Wrong:     []auth.Code{auth.RecoveryWrong, auth.CodeMalformed},
		Malformed: []auth.Code{auth.CodeMalformed},
		Replayed:  []auth.Code{auth.RecoveryUsed},
		Secrets: func(_ *auth.Ceremony, a *auth.Authenticator) []string {
			var d struct{ S, H string }
			if err := json.Unmarshal(a.Data, &d); err != nil {
				return nil
			}
			return []string{d.S, d.H}
		},
	})
}

// bound binds a set and returns it with its sheet.
func bound(t testing.TB, f *lookup.Factor) (*auth.Authenticator, []string) {
	t.Helper()
	c := &auth.Ceremony{Now: noon()}
	if err := f.BeginBind(c, auth.Subject{}); err != nil {
		t.Fatal(err)
	}
	s := new(sheet)
	res, err := s.Bind(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range s.codes {
		if strings.Contains(string(c.State), code) ||
			strings.Contains(string(c.State), strings.ReplaceAll(code, "-", "")) {
			t.Fatal("the state holds a code")
		}
	}
	a, err := f.FinishBind(c, res)
	if err != nil {
		t.Fatal(err)
	}
	a.ID = "a"
	return a, s.codes
}

func verify(f *lookup.Factor, code string, list ...*auth.Authenticator) (*auth.Authenticator, error) {
	return f.FinishVerify(&auth.Ceremony{Now: noon()}, list, reply(code))
}

func wants(t testing.TB, err error, want auth.Code) {
	t.Helper()
	if want == "" && err != nil {
		t.Fatalf("got %v, want success", err)
	}
	if want != "" && !errors.Is(err, auth.Refuse(want)) {
		t.Fatalf("got %v, want the refusal %s", err, want)
	}
}

func TestEachOnce(t *testing.T) {
	f := factor(t)
	a, codes := bound(t, f)
	if len(codes) != 10 || a.Traits.Left != 10 {
		t.Fatalf("got %d codes, %d left, want 10", len(codes), a.Traits.Left)
	}
	shape, seen := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`), map[string]bool{}
	for i, code := range codes {
		if !shape.MatchString(code) || seen[code] {
			t.Errorf("got code %q, want four and four symbols, never twice", code)
		}
		seen[code] = true
		var err error
		a, err = verify(f, code, a)
		wants(t, err, "")
		if a.Traits.Left != 9-i {
			t.Errorf("got %d left, want %d", a.Traits.Left, 9-i)
		}
		none, err := verify(f, code, a)
		wants(t, err, auth.RecoveryUsed)
		if none != nil {
			t.Error("got an authenticator beside the refusal")
		}
	}
	var d struct{ U []int64 }
	if err := json.Unmarshal(a.Data, &d); err != nil || len(d.U) != 10 || d.U[0] != noon().Unix() {
		t.Errorf("got times %v and %v, want ten of %d", d.U, err, noon().Unix())
	}
}

func TestTypedAsPeopleDo(t *testing.T) {
	f := factor(t)
	a, codes := bound(t, f)
	for _, code := range codes {
		plain := strings.ReplaceAll(code, "-", "")
		wide := strings.Map(func(r rune) rune { return r - '!' + '！' }, plain)
		for _, typed := range []string{
			plain, strings.ToLower(code), " " + code + "\n", plain[:2] + " " + plain[2:], code[:4] + "–" + code[5:],
			wide, strings.ToLower(wide),
			strings.NewReplacer("0", "O", "1", "I").Replace(code),
			strings.NewReplacer("0", "o", "1", "l").Replace(code), "\u200e" + code,
		} {
			if _, err := verify(f, typed, a); err != nil {
				t.Errorf("typed %q for %s: got %v, want success", typed, code, err)
			}
		}
	}
	for _, typed := range []string{"", " ", "-", codes[0][:8], codes[0] + "0", "UUUU-UUUU", "７ＫＱＭ", "恢复码恢复码恢复",
		strings.Repeat("A", 200)} {
		_, err := verify(f, typed, a)
		wants(t, err, auth.RecoveryWrong)
	}
}

// TestConfusables: the letters that are read as digits, in a set that has both.
func TestConfusables(t *testing.T) {
	f := factor(t)
	for range 200 {
		a, codes := bound(t, f)
		for _, code := range codes {
			if !strings.Contains(code, "0") || !strings.Contains(code, "1") {
				continue
			}
			_, err := verify(f, strings.NewReplacer("0", "o", "1", "L").Replace(code), a)
			wants(t, err, "")
			return
		}
	}
	t.Fatal("no code with 0 and 1 was drawn")
}

// TestSetsAreSalted: the same codes leave nothing alike in two sets.
func TestSetsAreSalted(t *testing.T) {
	f := factor(t)
	var sums [2]string
	for i := range sums {
		salt := strings.Repeat(string(rune('a'+i)), 16)
		codes := ""
		for n := range 10 {
			codes += fmt.Sprintf("code%d", n)
		}
		f.Rand = strings.NewReader(salt + codes)
		a, _ := bound(t, f)
		var d struct{ H string }
		if err := json.Unmarshal(a.Data, &d); err != nil {
			t.Fatal(err)
		}
		sums[i] = d.H
	}
	if sums[0] == sums[1] || sums[0][:20] == sums[1][:20] {
		t.Error("got the same digests under two salts")
	}
}

// TestOlderSets verify as they were made when the site asks for more work.
func TestOlderSets(t *testing.T) {
	a, codes := bound(t, factor(t))
	newer, err := lookup.New(lookup.Config{})
	wants(t, err, "")
	_, err = verify(newer, codes[3], a)
	wants(t, err, "")
}

func TestConfig(t *testing.T) {
	for _, n := range []int{-1, 1, 999, 1_000_001} {
		if f, err := lookup.New(lookup.Config{Iterations: n}); err == nil || f != nil {
			t.Errorf("%d iterations: got no error, want one", n)
		}
	}
}

// TestRandomnessFails: a set is never made of what could not be read.
func TestRandomnessFails(t *testing.T) {
	f := factor(t)
	for _, n := range []int{0, 15, 16, 20, 64} {
		f.Rand = strings.NewReader(strings.Repeat("x", n))
		if n == 64 { // ten times the same code is no set either
			f.Rand = strings.NewReader(strings.Repeat("x", 1000))
		}
		c := &auth.Ceremony{Now: noon()}
		if err := f.BeginBind(c, auth.Subject{}); err == nil || c.State != nil || c.Prompt != nil {
			t.Errorf("%d bytes: got %v, want a failure and no state", n, err)
		}
	}
}

// TestTimeNotSet: used at no time would mean not used.
func TestTimeNotSet(t *testing.T) {
	f := factor(t)
	a, codes := bound(t, f)
	got, err := f.FinishVerify(&auth.Ceremony{}, []*auth.Authenticator{a}, reply(codes[0]))
	if err == nil || got != nil {
		t.Errorf("got %v and %v, want a failure", got, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	f, err := lookup.New(lookup.Config{})
	if err != nil {
		b.Fatal(err)
	}
	a, codes := bound(b, f)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verify(f, codes[0], a); err != nil {
			b.Fatal(err)
		}
	}
}
