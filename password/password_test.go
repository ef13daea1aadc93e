package password

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fold compares as identifiers are compared, as far as these tests ask for.
func fold(s string) string { return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s))) }

func owner(userName, email, name string) Owner {
	local, _, _ := strings.Cut(email, "@")
	return Owner{Identifiers: []string{userName, email, local}, Words: []string{userName, local, name}, Fold: fold}
}

func TestProblems(t *testing.T) {
	market, nist := Policy{Min: 8, Max: 20, Classes: true}, Policy{Min: 15, Max: 128}
	tests := []struct {
		policy   Policy
		password string
		want     []Problem
	}{
		{market, "vK7#mq2L", nil},
		{market, " vK7#mq2L\n", nil}, // blanks from pasting
		{market, "我的Shop在7楼!wq", nil},
		{market, "Ünï7#kwöz", nil},
		{market, "Кот7#Ыжик", nil},
		{market, "ΣίσυφοςK7#", nil},
		{market, "Тигр🐯7wQлес", nil},
		{market, "Ｖｋ７＃ｍｑ２Ｌ", nil},
		{market, "vK7#mq2", []Problem{TooShort}},
		{market, "e\u0301K7#mq2", []Problem{TooShort}}, // seven after NFC
		{market, "", []Problem{TooShort, NoUpper, NoLower, NoDigit, NoSign}},
		{market, "vK7#mq2LvX9!pw4ZtR8%k", []Problem{TooLong}},
		{market, strings.Repeat("e\u0301", 13) + "K7#mq2L", nil}, // 20 after NFC
		{market, "vk7#mq2l", []Problem{NoUpper}},
		{market, "VK7#MQ2L", []Problem{NoLower}},
		{market, "vKx#mqzL", []Problem{NoDigit}},
		{market, "vK7xmq2L", []Problem{NoSign}},
		{market, "我爱北京天安门上", []Problem{NoUpper, NoLower, NoDigit, NoSign}},
		{market, "vK7 mq2L", nil}, // a blank shows
		{market, "BestShop1!", []Problem{IsUserName}},
		{market, "Mailbox77#", []Problem{IsUserName}},
		{market, "Ｂｅｓｔｓｈｏｐ1!", []Problem{IsUserName}},
		{market, "Mailbox77@Example.com", []Problem{TooLong, IsUserName}},
		{market, "Wang1990!Lei", []Problem{TooSimple}},
		{market, "Password1!", []Problem{TooCommon}},
		{market, "P@ssw0rd", []Problem{TooCommon}},
		{market, "!!Dr4g0n7", []Problem{TooCommon}},
		{market, "Summer2026!", []Problem{TooCommon}},
		{market, "Woaini1314!", []Problem{TooCommon}},
		{market, "Drowssap1!", []Problem{TooCommon}},
		{market, "Ｐassword1!", []Problem{TooCommon}},
		{market, "Dragon12345678!", []Problem{TooCommon}},
		{market, "Abcdefg1!", []Problem{TooCommon}},
		{market, "Aa1!Aa1!Aa1!", []Problem{TooSimple}},
		{market, "Aaaaaaaaaaaa1!", []Problem{TooSimple}},
		{market, "1Qaz@Wsx3edc", []Problem{TooSimple}},
		{market, "Zxcvbnm,./1", []Problem{TooCommon}},
		{market, "Hijklmnop7!", []Problem{TooSimple}},
		{market, "Wl19901231!", []Problem{TooSimple}},
		{nist, "vK7#mq2L", []Problem{TooShort}},
		{nist, "correct horse battery staple", nil},
		{nist, "我每天早上七点钟去市场买新鲜的菜", nil},
		{nist, "passwordpassword", []Problem{TooCommon}},
		{nist, "marketmarketmarket", []Problem{TooSimple}},
		{nist, "123456789012345", []Problem{TooSimple}},
		{nist, strings.Repeat("a", 15), []Problem{TooSimple}},
		{nist, "qwertyuiopasdfghjkl", []Problem{TooSimple}},
		{nist, "abababababababab", []Problem{TooSimple}},
		{nist, strings.Repeat("哈", 15), []Problem{TooSimple}},
		{nist, strings.Repeat("ab7#", 33), []Problem{TooLong, TooSimple}},
	}
	for _, tt := range tests {
		got := tt.policy.Problems(tt.password, owner("BestShop", "mailbox77@example.com", "Lei Wang"))
		if !slices.Equal(got, tt.want) {
			t.Errorf("Problems(%q): got %v, want %v (%.1f bits)", tt.password, got, tt.want,
				bits([]rune(tt.password), nil))
		}
	}
}

// A short or missing word of the account must not make passwords impossible.
func TestUserNameInPassword(t *testing.T) {
	tests := []struct {
		password string
		user     string
		email    string
		want     bool
	}{
		{"vK7#mq2L", "", "", false},
		{"vK7#mq2L", "vK7#MQ2L", "", true},
		{"vK7#mq2L", "mq2", "", false},
		{"XvK7#mq2LwpT9", "mq2L", "", false},
		{"SELLER99!", "seller", "", true},
		{"Seller99!x7Kq", "seller", "", false},
		{"小李的店7!", "小李的店", "", true},
		{"ΟΔΥΣΣΕΥΣ7!", "οδυσσευς", "", true},
		{"A@example.com", "", "a@example.com", true},
		{"Seller99!", "", "SELLER@example.com", true},
	}
	for _, tt := range tests {
		if got := owner(tt.user, tt.email, "").isNamed(normalPassword(tt.password)); got != tt.want {
			t.Errorf("isNamed(%q, %q, %q): got %v, want %v", tt.password, tt.user, tt.email, got, tt.want)
		}
	}
}

// What password managers make must pass, or sellers learn to make worse.
func TestRandomPasswordsPass(t *testing.T) {
	const (
		alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#$%&*+-=?@"
		total    = 3000
	)
	rng := rand.New(rand.NewPCG(1, 2))
	tests := []struct {
		length, mayFail int
		policy          Policy
	}{{8, 30, Policy{Min: 8, Max: 20}}, {12, 0, Policy{Min: 8, Max: 20}}, {20, 0, Policy{Min: 15, Max: 128}}}
	for _, tt := range tests {
		failed := 0
		for range total {
			b := make([]byte, tt.length)
			for i := range b {
				b[i] = alphabet[rng.IntN(len(alphabet))]
			}
			if len(tt.policy.Problems(string(b), owner("seller", "seller@example.com", "Li Lei"))) > 0 {
				failed++
			}
		}
		if failed > tt.mayFail {
			t.Errorf("random passwords of %d refused: got %d of %d, want %d at most", tt.length, failed,
				total, tt.mayFail)
		}
	}
}

func TestCommonLists(t *testing.T) {
	total := 0
	for name, list := range map[string]string{"common": commonList, "local": localList} {
		lines := strings.Split(strings.TrimSuffix(list, "\n"), "\n")
		total += len(lines)
		if !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
			t.Errorf("list %s: got lines out of order or twice", name)
		}
		for _, line := range lines {
			if found, begun := search(list, line); !found || !begun || line != strings.ToLower(line) ||
				len(line) < shortestWord || len(line) > longestCommon {
				t.Fatalf("list %s, line %q: got found %v, begun %v", name, line, found, begun)
			}
		}
	}
	if total < 10_000 {
		t.Errorf("common passwords: got %d, want 10,000 at least (R39)", total)
	}
	for _, word := range []string{"", "\n", "a", "vk7#mq2l", "password\n", "zzzzzzzzzzzzzzz", "~~~~~~~~~"} {
		if listed(word) {
			t.Errorf("listed(%q): got true, want false", word)
		}
	}
	if found, begun := search("abc\nabcd\nbcde\n", "bcd"); found || !begun {
		t.Errorf("search of a beginning: got found %v, begun %v, want false, true", found, begun)
	}
}

// Every listed password is refused, and so is its usual disguise.
func TestListedPasswordsAreRefused(t *testing.T) {
	p := Policy{Min: 4, Max: 40}
	for i, word := range strings.Fields(commonList) {
		if i%97 != 0 {
			continue
		}
		if got := p.Problems(word, Owner{}); !slices.Equal(got, []Problem{TooCommon}) {
			t.Errorf("Problems(%q): got %v, want %v", word, got, TooCommon)
		}
		disguise := strings.ToUpper(word[:1]) + word[1:] + "1!"
		if got := p.Problems(disguise, Owner{}); len(got) != 1 {
			t.Errorf("Problems(%q): got %v, want it too common or too simple", disguise, got)
		}
	}
}

func TestNormalPassword(t *testing.T) {
	tests := []struct{ in, want string }{
		{"  pass\u3000word\u00a0 \r\n", "pass word"},
		{"Ame\u0301lie", "Amélie"},
		{"ﬁ１", "ﬁ１"}, // NFC, not NFKC
		{"a\xffb", "a\ufffdb"},
		{"İIıi", "İIıi"},
	}
	for _, tt := range tests {
		if got := normalPassword(tt.in); got != tt.want {
			t.Errorf("normalPassword(%q): got %q, want %q", tt.in, got, tt.want)
		}
	}
}

// zeros is a source of salts that makes hashes comparable.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func cheap(busy, waiting int) *Hasher {
	h := NewHasher(zeros{}, busy, waiting)
	h.Cost = Cost{Memory: 64, Time: 1, Threads: 1}
	return h
}

// The string was made by Debian's argon2 program:
// printf %s 'vK7#mq2L' | argon2 somesaltsomesalt -id -t 2 -k 19456 -p 1 -l 32 -e
func TestHasherAgainstAnother(t *testing.T) {
	const stored = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$vuzWqkh66HEKFQAC3JNW7XJdkgpfJg2U8eOmBPIVAuU"
	h := NewHasher(zeros{}, 1, 0)
	for password, want := range map[string]bool{"vK7#mq2L": true, " vK7#mq2L\n": true, "vK7#mq2l": false, "": false} {
		if got, err := h.Verify(t.Context(), stored, password); got != want || err != nil {
			t.Errorf("Verify(%q): got %v, %v, want %v", password, got, err, want)
		}
	}
	if h.NeedsRehash(stored) {
		t.Error("NeedsRehash at today's cost: got true, want false")
	}
}

func TestHasher(t *testing.T) {
	h := cheap(1, 0)
	stored, err := h.Hash(t.Context(), "Ame\u0301lie 7#")
	if err != nil {
		t.Fatalf("Hash: got %v, want nil", err)
	}
	if want := "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$"; !strings.HasPrefix(stored, want) {
		t.Errorf("Hash: got %q, want it to begin with %q", stored, want)
	}
	tests := []struct {
		stored, password string
		want             bool
	}{
		{stored, "Amélie\u30007#", true},
		{stored, "amélie 7#", false},
		{stored, "Amélie 7#" + strings.Repeat("x", MaxBytes), false},
		{"", "Amélie 7#", false},
	}
	for _, tt := range tests {
		if got, err := h.Verify(t.Context(), tt.stored, tt.password); got != tt.want || err != nil {
			t.Errorf("Verify(%.20q, %.20q): got %v, %v, want %v", tt.stored, tt.password, got, err, tt.want)
		}
	}
	if _, err := h.Hash(t.Context(), strings.Repeat("x", MaxBytes+1)); !errors.Is(err, TooLong) {
		t.Errorf("Hash of too much: got %v, want %v", err, TooLong)
	}
	if _, err := NewHasher(broken{}, 1, 0).Hash(t.Context(), "x"); err == nil {
		t.Error("Hash without randomness: got nil, want an error")
	}
	h.Cost.Time++
	if !h.NeedsRehash(stored) || !h.NeedsRehash("") {
		t.Error("NeedsRehash at another cost: got false, want true")
	}
}

// A password at the bound must verify although its tail is past a cut in the
// middle of a character.
func TestLongestPassword(t *testing.T) {
	h := cheap(1, 0)
	password := strings.Repeat("密", MaxBytes/3)
	stored, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	for end, want := range map[int]bool{len(password): true, len(password) - 3: false} {
		if got, err := h.Verify(t.Context(), stored, password[:end]); got != want || err != nil {
			t.Errorf("Verify of %d bytes: got %v, %v, want %v", end, got, err, want)
		}
	}
}

// A stored string from a tampered store must not cost more than it may.
func TestParsePHCRefuses(t *testing.T) {
	const tail = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	if _, err := parsePHC("$argon2id$v=19$m=19456,t=2,p=1" + tail); err != nil {
		t.Fatalf("parsePHC: got %v, want nil", err)
	}
	for _, s := range []string{
		"", "x", "$2a$10$abcdefghijklmnopqrstuu",
		"$argon2i$v=19$m=19456,t=2,p=1" + tail, "$argon2id$v=16$m=19456,t=2,p=1" + tail, "$argon2id$m=19456,t=2,p=1" +
			tail,
		"$argon2id$v=19$m=4294967295,t=2,p=1" + tail, "$argon2id$v=19$m=99999999999,t=2,p=1" + tail,
		"$argon2id$v=19$m=131073,t=2,p=1" + tail,
		"$argon2id$v=19$m=19456,t=17,p=1" + tail, "$argon2id$v=19$m=19456,t=0,p=1" + tail,
		"$argon2id$v=19$m=19456,t=2,p=0" + tail,
		"$argon2id$v=19$m=19456,t=2,p=9" + tail, "$argon2id$v=19$m=7,t=2,p=1" + tail, "$argon2id$v=19$m=-1,t=2,p=1" +
			tail,
		"$argon2id$v=19$m=+19456,t=2,p=1" + tail, "$argon2id$v=19$m=019456,t=2,p=1" + tail,
		"$argon2id$v=19$m= 19456,t=2,p=1" + tail,
		"$argon2id$v=19$t=2,m=19456,p=1" + tail, "$argon2id$v=19$m=19456,t=2,p=1,x=1" + tail,
		"$argon2id$v=19$m=19456,t=2,p=1" + tail + "$",
		"$argon2id$v=19$m=19456,t=2,p=1" + tail + "=", "$argon2id$v=19$m=19456,t=2,p=1" + tail + "\n",
		"$argon2id$v=19$m=19456,t=2,p=1$AA$AA",
		"$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$",
		"$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAB$" + tail[24:],
		"$argon2id$v=19$m=19456,t=2,p=1$" + strings.Repeat("A", 4000) + "$AAAA",
	} {
		if p, err := parsePHC(s); err == nil {
			t.Errorf("parsePHC(%.60q): got %+v, want an error", s, p.cost)
		}
		if s == "" {
			continue
		}
		if ok, err := cheap(1, 0).Verify(t.Context(), s, "x"); ok || err == nil {
			t.Errorf("Verify against %.60q: got %v, %v, want an error", s, ok, err)
		}
	}
}

func TestHasherIsBounded(t *testing.T) {
	h := cheap(0, 1) // a hash that never ends
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan error, 1)
		go func() { waited <- h.Dummy(ctx, "x") }()
		synctest.Wait()
		for name, call := range map[string]func() error{
			"Hash":   func() error { _, err := h.Hash(t.Context(), "x"); return err },
			"Verify": func() error { _, err := h.Verify(t.Context(), "", "x"); return err },
			"Dummy":  func() error { return h.Dummy(t.Context(), "x") },
			"Verify, stored": func() error {
				right, err := h.Verify(t.Context(), phc{h.Cost, make([]byte, 16), make([]byte, 32)}.String(), "x")
				if right {
					t.Error("a password that was not hashed: got it for the right one")
				}
				return err
			},
		} {
			if err := call(); !errors.Is(err, ErrBusy) {
				t.Errorf("%s with a full queue: got %v, want %v", name, err, ErrBusy)
			}
		}
		cancel()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("Dummy with its context ended: got %v, want %v", err, context.Canceled)
		}
	})
	h.places.leave()
	if err := h.Dummy(t.Context(), "x"); err != nil || h.places.free != 1 {
		t.Errorf("Dummy afterwards: got %v with %d places free, want nil with 1", err, h.places.free)
	}
	if err := new(Hasher).Dummy(t.Context(), "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("the zero Hasher: got %v, want %v", err, ErrBusy)
	}
}

func FuzzProblems(f *testing.F) {
	for _, s := range []string{"Password1!", "vK7#mq2L", "我爱Aa1!", "19901231Aa!", "\xff\x00", "İΣ\u0301"} {
		f.Add(s, "Seller", "seller@example.com", "Li Lei")
	}
	f.Fuzz(func(t *testing.T, password, userName, email, name string) {
		p := Policy{Min: 8, Max: 20, Classes: true}
		list := p.Problems(password, owner(userName, email, name))
		n := utf8.RuneCountInString(normalPassword(password))
		if len(list) == 0 && (n < p.Min || n > p.Max) {
			t.Errorf("Problems(%q): got none at %d characters", password, n)
		}
		if once := normalPassword(password); normalPassword(once) != once {
			t.Errorf("normalPassword(%q) = %q, again: got %q", password, once, normalPassword(once))
		}
	})
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := parsePHC(s); err == nil && (p.String() != s || !p.bounded()) {
			t.Errorf("parsePHC(%q): got %+v", s, p)
		}
	})
}

func BenchmarkProblems(b *testing.B) {
	random := make([]byte, 400)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := 0; i < len(random); i += 8 {
		binary.LittleEndian.PutUint64(random[i:], rng.Uint64())
	}
	for i := range random {
		random[i] = '!' + random[i]%94
	}
	for name, password := range map[string]string{
		"good of 20": "vK7#mq2LvX9!pw4ZtR8%", "random of 400": string(random), "same of 400": strings.Repeat("a", 400),
		"words of 400": strings.Repeat("password", 50), "digits of 400": strings.Repeat("1234567890", 40),
	} {
		b.Run(name, func(b *testing.B) {
			p := Policy{Min: 15, Max: 128}
			b.ReportAllocs()
			for b.Loop() {
				p.Problems(password, owner("seller", "seller@example.com", "Li Lei"))
			}
		})
	}
}
