package password

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestOwnWords lists what a guesser knows of an account: whole, in parts, and put together.
func TestOwnWords(t *testing.T) {
	for text, want := range map[string][]string{
		"Li Lei": {"lei", "li lei", "lilei"}, "li": {}, "abc": {"abc", "abc", "abc"}, "李雷": {"李雷", "李雷", "李雷"},
		"李": {}, "a1-b2": {"a1-b2", "a1b2"}, "١٢٣": {"١٢٣", "١٢٣", "١٢٣"}, "क्षि": {"क्षि", "क्षि", "क्षि"},
		"": {}, "éa": {"éa", "éa", "éa"}, "\u007fa": {}, "zo": {}, "x{y": {"x{y"}, "80s": {"80s", "80s", "80s"},
	} {
		got := []string{}
		for _, w := range ownWords([]string{text}) {
			got = append(got, string(w))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	many := make([]string, 20)
	for i := range many {
		many[i] = fmt.Sprintf("word%d", i)
	}
	if got := len(ownWords([]string{strings.Join(many, " ")})); got != 16 {
		t.Errorf("of twenty words: got %d, want 16", got)
	}
}

// TestIsNamed refuses an identifier with at most four signs around it, if it is long enough to be one.
func TestIsNamed(t *testing.T) {
	for word, passwords := range map[string]map[string]bool{
		"shop": {"shop": true, "shop1234": true, "12shop34": true, "shop12345": false, "sho": false, "shoq1234": false},
		"sho":  {"sho": true, "sho1": false},
		"":     {"": false, "1234": false},
		"店铺":   {"店铺": true, "店铺1": false},
		"小店铺子": {"小店铺子": true, "小店铺子1234": true, "小店铺子12345": false},
	} {
		for password, want := range passwords {
			if got := (Owner{Identifiers: []string{word}}).isNamed(password); got != want {
				t.Errorf("%q for %q: got %v, want %v", password, word, got, want)
			}
		}
	}
}

// TestLongestToJudge judges passwords at the bound of bytes, however many characters a policy allows.
func TestLongestToJudge(t *testing.T) {
	wide := Policy{Min: 8, Max: 2000}
	long := strings.Repeat("vK7#mq2L", MaxBytes/8)
	if got := wide.Problems(long, Owner{}); len(got) != 0 {
		t.Errorf("%d bytes: got %v, want no problem", len(long), got)
	}
	if got := wide.Problems(long+"x", Owner{}); !slices.Equal(got, []Problem{TooLong}) {
		t.Errorf("%d bytes: got %v, want %v", len(long)+1, got, TooLong)
	}
	h := cheap(1, 0)
	stored, err := h.Hash(t.Context(), long)
	if err != nil {
		t.Fatalf("hashing %d bytes: got %v", len(long), err)
	}
	for text, want := range map[string]bool{long: true, long + "x": false, long[:len(long)-1]: false} {
		if got, err := h.Verify(t.Context(), stored, text); got != want || err != nil {
			t.Errorf("verifying %d bytes: got %v, %v, want %v", len(text), got, err, want)
		}
	}
}

// TestStoredBounds reads hashes at the ends of what is believed, and says which ones are of another cost than today's.
func TestStoredBounds(t *testing.T) {
	text := func(m, t, p, salt, sum int) string {
		return phc{Cost{uint32(m), uint32(t), uint8(p)}, make([]byte, salt), make([]byte, sum)}.String()
	}
	for s, want := range map[string]bool{
		text(128*1024, 1, 1, 16, 32): true, text(128*1024+1, 1, 1, 16, 32): false,
		text(64, 16, 1, 16, 32): true, text(64, 17, 1, 16, 32): false, text(64, 0, 1, 16, 32): false,
		text(64, 1, 8, 16, 32): true, text(72, 1, 9, 16, 32): false, text(63, 1, 8, 16, 32): false,
		text(8, 1, 1, 16, 32): true, text(7, 1, 1, 16, 32): false, text(64, 1, 0, 16, 32): false,
		text(64, 1, 1, 8, 32): true, text(64, 1, 1, 7, 32): false, text(64, 1, 1, 64, 32): true,
		text(64, 1, 1, 65, 32): false, text(64, 1, 1, 16, 16): true, text(64, 1, 1, 16, 15): false,
		text(64, 1, 1, 16, 64): true, text(64, 1, 1, 16, 65): false,
	} {
		if _, err := parsePHC(s); (err == nil) != want {
			t.Errorf("%s: got %v, want it read %v", s, err, want)
		}
	}
	h := cheap(1, 0)
	c := h.Cost
	for s, want := range map[string]bool{
		phc{c, make([]byte, 16), make([]byte, 32)}.String(): false,
		phc{c, make([]byte, 15), make([]byte, 32)}.String(): true,
		phc{c, make([]byte, 16), make([]byte, 31)}.String(): true,
		"garbage": true,
	} {
		if got := h.NeedsRehash(s); got != want {
			t.Errorf("%s: got to be hashed anew %v, want %v", s, got, want)
		}
	}
}
