package password

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestDates reads dates as people write them, to the first and the last of each.
func TestDates(t *testing.T) {
	const (
		year = "year"
		day  = "day"
		date = "date"
	)
	names := map[piece]string{{4, yearBits}: year, {4, dayBits}: day, {8, dateBits}: date}
	for text, want := range map[string][]string{
		"1899": nil, "1900": {year}, "2099": {year}, "2100": nil,
		"0000": nil, "0001": nil, "0100": nil, "0101": {day},
		"1231": {day}, "1232": nil, "3112": {day}, "3212": nil, "1313": nil, "1312": {day}, "3113": nil,
		"190": nil, "19": nil, "": nil, "19a0": nil, "1900x": {year}, "x1900": nil, "123/": nil, "12:1": nil,
		"190:": nil, "99990101": nil, "01019999": {day},
		"19900101": {year, date}, "19901231": {year, date}, "19901332": {year}, "01011990": {day, date},
		"31121990": {day, date}, "32131990": nil, "01011899": {day}, "1990010": {year},
		"199001011": {year, date}, "01012012": {day, date}, "20121231": {year, day, date},
	} {
		var got []string
		for _, p := range dates(text) {
			got = append(got, names[p])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// TestCharBits prices a character by its class, at the ends of each.
func TestCharBits(t *testing.T) {
	for r, want := range map[rune]float64{
		'0': 3.3, '9': 3.3, '/': 5, ':': 5, ' ': 3, '!': 5, '~': 5, '\x7f': 5,
		'a': 4.7, 'z': 4.7, 'A': 4.7, 'Z': 4.7, '@': 5, '[': 5, '`': 5, '{': 5,
		'店': 9, 'é': 5, 'ж': 5, '\u0080': 7, '×': 7, '。': 7, '🐯': 7, '٣': 7,
	} {
		if got := charBits(r); got != want {
			t.Errorf("%q: got %v bits, want %v", r, got, want)
		}
	}
}

// TestRuns measures repeats, steps and neighbours on the keyboard.
func TestRuns(t *testing.T) {
	for text, want := range map[string][3]int{ // the same, by steps, on the keyboard
		"a": {1, 1, 1}, "aa": {2, 1, 1}, "aaab": {3, 1, 1}, "ab": {1, 2, 1}, "abd": {1, 2, 1},
		"abcd": {1, 4, 1}, "acegh": {1, 4, 1}, "adg": {1, 1, 1}, "dcba": {1, 4, 2}, "geca": {1, 4, 1}, "gda": {1, 1, 1},
		"7890": {1, 4, 4}, "0987": {1, 4, 4}, "8901": {1, 4, 3}, "1098": {1, 4, 1}, "98": {1, 2, 2},
		"qwer": {1, 1, 4}, "rewq": {1, 1, 4}, "QWER": {1, 1, 1}, "qwes": {1, 1, 3}, "qq": {2, 1, 1}, "`12": {1, 1, 3},
		"1qaz": {1, 1, 4}, "zaq1": {1, 1, 4}, "!qaz": {1, 1, 4}, "!@#$": {1, 1, 4}, "p[]\\": {1, 1, 4}, "357": {1, 3, 3},
		"753": {1, 3, 3}, "m,./": {1, 1, 4}, "m<>?": {1, 1, 4}, "é": {1, 1, 1}, "=-0": {1, 1, 3}, "~!": {1, 1, 2},
		"147": {1, 1, 3}, "/;p0": {1, 1, 4}, ":\"": {1, 1, 2}, ";'": {1, 1, 2}, "x": {1, 1, 1}, "{}|": {1, 2, 3},
	} {
		runes := []rune(text)
		got := [3]int{sameRun(runes), stepRun(runes), 1}
		if a := asciiOf(runes); a != "" {
			got[2] = keysRun(a)
		}
		if got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	if got := stepRun(nil); got != 0 {
		t.Errorf("nothing: got a run of %d, want 0", got)
	}
}

// TestRepeats finds what was there before, at each place.
func TestRepeats(t *testing.T) {
	for text, want := range map[string][]int{
		"":        {},
		"a":       {0},
		"aa":      {0, 1},
		"abab":    {0, 0, 2, 1},
		"abcXabc": {0, 0, 0, 0, 3, 2, 1},
		"aXabXab": {0, 0, 1, 0, 3, 2, 1},
		"aaaa":    {0, 3, 2, 1},
	} {
		if got := repeats([]rune(text)); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// TestBits prices whole passwords: each row is one habit, and what it is worth.
func TestBits(t *testing.T) {
	log := func(n float64) float64 { return math.Log2(n) }
	own := [][]rune{[]rune("li"), []rune("meiwen"), []rune("x")}
	for _, tt := range []struct {
		typed string
		want  float64
	}{
		{"", 0},
		{"g", 4.7},
		{"gw", 9.4},
		{"gw!", 9.4 + endSignBits}, // a sign at the very end
		{"!gw", 9.4 + 5},
		{"gw%", 9.4 + 5}, // not one that people put there
		{"gw_", 9.4 + endSignBits},
		{"ggg", 4.7 + log(3)},
		{"gg", 9.4},
		{"wxyz", runBits + log(4)},
		{"wx", 9.4},
		{"rtyu", keysBits + log(4)},
		{"rty", 3 * 4.7}, // three neighbours are none
		{"gWkgWk", 3*4.7 + againBits + log(3)},
		{"gWkqgWk", 4*4.7 + againBits + log(3)},
		{"gWqgW", 5 * 4.7}, // two repeated are none
		{"1987", yearBits},
		{"g1987w", 9.4 + yearBits},
		{"0615", dayBits},
		{"19870615", dateBits},
		{"meiwen", ownWordBits},
		{"gmeiwen", 4.7 + ownWordBits},
		{"meiweng", 4.7 + ownWordBits},
		{"li", ownWordBits},
		{"x", 4.7}, // one letter is no word
		{"monkey", wordBits},
		{"acoly+e", wordBits + signBits},
		{"acoly+3", wordBits + 2*signBits},
		{"act1vate", wordBits + signBits}, // a one for an i
		{"aco1yte", wordBits + signBits},  // and for an l
		{"Monkey", wordBits},
		{"moNkey", wordBits + caseBits},
		{"MONKEY", wordBits + caseBits},
		{"acoly+E", wordBits + signBits + caseBits},
		{"gmonkeyw", 9.4 + wordBits},
		{"店店店", 9 + log(3)},
		{"店铺", 18},
		{"monkey店", wordBits + 9},
	} {
		if got := bits([]rune(tt.typed), own); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%q: got %.3f bits, want %.3f", tt.typed, got, tt.want)
		}
	}
}

// TestLongestListedWord is a word like any other.
func TestLongestListedWord(t *testing.T) {
	for line := range strings.Lines(commonList) {
		if word := strings.TrimSpace(line); len(word) == longestCommon {
			if got := bits([]rune(word), nil); got > wordBits {
				t.Errorf("%s: got %.1f bits, want %.1f at most", word, got, wordBits)
			}
			return
		}
	}
	t.Errorf("no word of the list has %d letters: the bound is too high", longestCommon)
}

// TestIsSimple wants five kinds of characters and enough bits, in the window that is looked at.
func TestIsSimple(t *testing.T) {
	for typed, want := range map[string]bool{
		"gkwqgvkqwgvqkwvgq": false, // five letters
		"gkwqgkqwgqkwkgqwk": true,  // four
		"gkwqGKqwgQkwkGqwk": true,  // the same four in two cases
		"gvkwqt":            true,  // 28.2
		"gvkwq!t":           false, // 33.2
		"gvkwq9t":           false, // 31.5
		strings.Repeat("g", estimateWindow) + "vkwqtzx8":   true, // behind the window nothing is looked at
		strings.Repeat("g", estimateWindow-8) + "vkwqtzx8": false,
	} {
		if got := isSimple([]rune(typed), nil); got != want {
			t.Errorf("%s: got %v, want %v, %.1f bits", typed, got, want, bits([]rune(typed), nil))
		}
	}
}

// TestUnleet reads every sign as the letter it stands for.
func TestUnleet(t *testing.T) {
	const signs = "@403$57+1!|x9"
	for one, want := range map[byte]string{'i': "aaoessttiiix9", 'l': "aaoessttlllx9"} {
		if got := unleet(signs, one); got != want {
			t.Errorf("%q as %c: got %s, want %s", signs, one, got, want)
		}
	}
}

// TestAsciiOf keeps the places of characters beyond ASCII.
func TestAsciiOf(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "a", "é": "", "\u0080": "", "a店b": "a\x00b", "\x7f": "\x7f", "店a": "\x00a",
	} {
		if got := asciiOf([]rune(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestSearch finds a line at the ends of the list and in between, and what only begins one.
func TestSearch(t *testing.T) {
	const list = "abcd\nabce\nmonk\nmonkey\nzulu\n"
	for word, want := range map[string][2]bool{
		"abcd": {true, true}, "abce": {true, true}, "monk": {true, true}, "monkey": {true, true}, "zulu": {true, true},
		"abc": {false, true}, "monke": {false, true}, "z": {false, true}, "a": {false, true},
		"": {}, "aaaa": {}, "abcda": {}, "monkeys": {}, "zulus": {}, "zz": {},
	} {
		found, begun := search(list, word)
		if got := [2]bool{found, begun}; got != want {
			t.Errorf("%q: got %v, want %v", word, got, want)
		}
	}
	if found, begun := search("", "word"); found || begun {
		t.Errorf("in an empty list: got %v, %v, want neither", found, begun)
	}
}

// TestCommonWithFringes knows a listed word with what people put around it, to the last sign of each bound.
func TestCommonWithFringes(t *testing.T) {
	const word = "acolyte"
	if !listed(word) {
		t.Fatalf("%s is not on the lists", word)
	}
	for text, want := range map[string]bool{
		word: true, "etyloca": true, "acoly+3": true, "acol€te": false, "": false, "店": false,
		"1" + word: true, "9182" + word: true, "91827" + word: false,
		word + "9182": true, word + "91827": false, word + "!?%&": true, word + "!?%&=": false,
		"91" + word + "82": true, "918" + word + "82": false, "91" + word + "827": false,
		word + "19870615":    false, // more than four random digits are worth
		word + "1987":        true,
		word + "123456789":   true, // a row of keys is as good as nothing
		word + "12345678901": true,
		"g" + word:           false, // letters around it make another word
		word + "g":           false,
		"etyloca91":          true,
		"love%&":             true, // the shortest word
		"lov%&":              false,
		"1g" + word:          false,
		word + "g1":          false,
		word + "a":           false, // the first letter and the last are letters, their neighbours are none
		word + "z":           false,
		word + "`":           true,
		word + "{":           true,
		"{" + word:           true,
		"1987":               false, // digits alone are left to the estimate
		"19871":              false,
	} {
		if got := isCommon([]rune(text)); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	for n := range 14 {
		text := word + strings.Repeat("1", n)
		if got, want := isCommon([]rune(text)), n <= maxTail; got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// TestFormsAreTwoReadings tells how many ways a word is read in, and that the longest listed word is read at all.
func TestFormsAreTwoReadings(t *testing.T) {
	for word, want := range map[string]string{
		"monkey": "[monkey]", "m0nkey": "[m0nkey monkey]", "m1key": "[m1key mikey mlkey]",
		strings.Repeat("a", longestCommon):   "[" + strings.Repeat("a", longestCommon) + "]",
		strings.Repeat("a", longestCommon+1): "[]",
	} {
		if got := fmt.Sprint(forms(word)); got != want {
			t.Errorf("%s: got %s, want %s", word, got, want)
		}
	}
}
