package lookup_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
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
		f, err := lookup.New(lookup.Config{Iterations: n})
		if err == nil || f != nil || !strings.Contains(err.Error(), "1000 to 1000000") {
			t.Errorf("%d iterations: got %v, want what may be", n, err)
		}
	}
	for _, n := range []int{0, 1000, 1_000_000} {
		if _, err := lookup.New(lookup.Config{Iterations: n}); err != nil {
			t.Errorf("%d iterations: got %v, want no error", n, err)
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
	for _, now := range []time.Time{{}, time.Unix(0, 0)} {
		got, err := f.FinishVerify(&auth.Ceremony{Now: now}, []*auth.Authenticator{a}, reply(codes[0]))
		if err == nil || got != nil {
			t.Errorf("%v: got %v and %v, want a failure", now, got, err)
		}
	}
}

// edited returns JSON with one member of it, or of what it holds in r, set to another value.
func edited(t *testing.T, data json.RawMessage, name string, value any) json.RawMessage {
	t.Helper()
	members := map[string]any{}
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	in := members
	if set, ok := members["r"].(map[string]any); ok && name != "f" {
		in = set
	}
	in[name] = value
	out, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWhatIsStoredIsChecked reads sets, and begun ones, that no Bind has made.
func TestWhatIsStoredIsChecked(t *testing.T) {
	f := factor(t)
	a, codes := bound(t, f)
	c := &auth.Ceremony{Now: noon()}
	if err := f.BeginBind(c, auth.Subject{}); err != nil {
		t.Fatal(err)
	}
	salt := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for _, tt := range []struct {
		name  string
		value any
		taken bool
	}{
		{"s", salt(16), true}, {"s", salt(15), false}, {"s", salt(17), false}, {"s", "", false},
		{"i", 1000, true}, {"i", 999, false}, {"i", 1_000_000, true}, {"i", 1_000_001, false}, {"i", 0, false},
		{"u", []int{}, false}, {"u", []int{0}, false}, {"u", make([]int, 11), false}, {"u", make([]int, 10), true},
		{"h", "", false}, {"h", salt(16), false},
	} {
		b := *a
		b.Data = edited(t, a.Data, tt.name, tt.value)
		_, err := verify(f, codes[0], &b)
		if taken := err == nil || errors.As(err, new(*auth.Error)); taken != tt.taken {
			t.Errorf("a set with %s %v: got %v, want it read %v", tt.name, tt.value, err, tt.taken)
		}
		begun := *c
		begun.State = edited(t, c.State, tt.name, tt.value)
		if _, err := f.FinishBind(&begun, []byte(`{"saved":true}`)); (err == nil) != tt.taken {
			t.Errorf("a begun set with %s %v: got %v, want it read %v", tt.name, tt.value, err, tt.taken)
		}
	}
	b := *a
	b.Data = edited(t, edited(t, a.Data, "u", []int{}), "h", "")
	if _, err := verify(f, codes[0], &b); err == nil || errors.As(err, new(*auth.Error)) {
		t.Errorf("a set of no codes: got %v, want a failure", err)
	}
	c.State = edited(t, c.State, "f", auth.TOTP)
	if _, err := f.FinishBind(c, []byte(`{"saved":true}`)); err == nil {
		t.Error("an app's binding: got a set of recovery codes, want a failure")
	}
}

// TestCodesAreWhatWasDrawn: forty bits, five a sign, and none twice.
func TestCodesAreWhatWasDrawn(t *testing.T) {
	f := factor(t)
	drawn := strings.Repeat("s", 16) + "\x00\x00\x00\x00\x01" + "\xff\xff\xff\xff\xff" + "\xff\xff\xff\xff\xff"
	for i := range byte(8) {
		drawn += string([]byte{i, 0x10, 0x32, 0x54, 0x76})
	}
	f.Rand = strings.NewReader(drawn)
	a, codes := bound(t, f)
	want := []string{"0000-0001", "ZZZZ-ZZZZ", "0083-4N3P", "0483-4N3P", "0883-4N3P", "0C83-4N3P", "0G83-4N3P",
		"0M83-4N3P", "0R83-4N3P", "0W83-4N3P"}
	if !slices.Equal(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
	for _, code := range codes {
		var err error
		a, err = verify(f, code, a)
		wants(t, err, "")
	}
	if a.Traits.Left != 0 {
		t.Errorf("after all of them: got %d left, want 0", a.Traits.Left)
	}
}

// TestFixtures makes sets of codes that were given or drawn, and none of what no code can be.
func TestFixtures(t *testing.T) {
	f := factor(t)
	input := func(codes ...string) auth.FixtureInput {
		return auth.FixtureInput{MethodForm: auth.MethodForm{Codes: codes},
			Random: strings.NewReader(strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 9))}
	}
	many := slices.Repeat([]string{"abcd 2345"}, 11)
	for _, codes := range [][]string{nil, {"ABCD-2345"}, {"abcd 2345", "0000-0000"}, many[:10]} {
		a, shown, err := f.MakeFixture(input(codes...))
		want := len(codes)
		if want == 0 {
			want = 10
		}
		if err != nil || len(shown.Codes) != want || a.Kind != auth.Lookup || a.Traits.Left != want {
			t.Fatalf("%v: got %v, %v, %v, want %d codes", codes, a, shown, err, want)
		}
		last := strings.ReplaceAll(shown.Codes[want-1], " ", "")
		_, err = verify(f, strings.ReplaceAll(last, "-", ""), a)
		wants(t, err, "")
	}
	for _, codes := range [][]string{{"ABC"}, {""}, {"ABCD-234U"}, many} {
		_, _, err := f.MakeFixture(input(codes...))
		wants(t, err, auth.MalformedRequest)
	}
}

// TestNoTwoSetsAreOne looks a code up in every set, and says of one that is in none that it is wrong.
func TestNoTwoSetsAreOne(t *testing.T) {
	f := factor(t)
	a, mine := bound(t, f)
	b, theirs := bound(t, f)
	b.ID = "b"
	got, err := verify(f, theirs[9], a, b)
	wants(t, err, "")
	if got.ID != "b" {
		t.Errorf("got %s, want b", got.ID)
	}
	_, err = verify(f, theirs[9], a, got)
	wants(t, err, auth.RecoveryUsed)
	_, err = verify(f, mine[0])
	wants(t, err, auth.RecoveryWrong)
	_, err = verify(f, "ABC", a)
	wants(t, err, auth.RecoveryWrong)
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
