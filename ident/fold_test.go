package ident

import (
	"strings"
	"testing"
	"unicode"
)

// TestClassesOfCharacters asks of each class at both sides of its ends.
func TestClassesOfCharacters(t *testing.T) {
	classes := map[string]struct {
		is      func(rune) bool
		in, out []rune
	}{
		"ignorable": {isIgnorable,
			[]rune{0xad, 0x34f, 0x61c, 0x115f, 0x17b4, 0x180b, 0x200b, 0x200f, 0x202a, 0x2060, 0x206f, 0x3164, 0xfe00,
				0xfe0f, 0xfeff, 0xffa0, 0xfff0, 0xfff8, 0x1bca0, 0x1d173, 0xe0000, 0xe0fff},
			[]rune{0, 'a', 0xac, 0xae, 0x600, 0x6dd, 0x2010, 0x2070, 0xfe10, 0xfff9, 0xfffa, 0xfffb, 0xfffc, 0x110bd,
				0x13430, 0x13437, 0x1343f, 0xe1000}},
		"tag":         {isTag, []rune{0xe0020, 0xe0061, 0xe007f}, []rune{0xe001f, 0xe0080, 'a'}},
		"emoji block": {isEmojiBlock, []rune{0x1f000, 0x1faff}, []rune{0x1efff, 0x1fb00}},
		"picture": {isPicture, []rune{0x1f680, 0x2190, 0x21ff, '©', '☎'},
			[]rune{0x218f, 0x2200, 'a', '1', '店', '+'}},
		"assigned": {isAssigned, []rune{'a', ' ', '店', '1', '+', '\u0301', 0x1f8ff, joiner},
			[]rune{'\ufffd', 0xe415, 0x378, 0xfdd0, 0, 0x1fb00 + 0xff}},
		"edge":  {isEdge, []rune{' ', '\u3000', '\u2800', joiner, nonJoiner}, []rune{'a', 0x200b, 0x200e}},
		"blank": {isBlank, []rune{' ', '\t', '\n', '\u3000', '\u2800', '\u2028'}, []rune{'a', 0x200b, 0x2801}},
		"dash":  {isDash, []rune{'-', '–', '—', '\u2212', '－'}, []rune{'_', '+', 'ー', 0x2211}},
	}
	for name, c := range classes {
		for _, r := range c.in {
			if !c.is(r) {
				t.Errorf("%s: got %U out, want in", name, r)
			}
		}
		for _, r := range c.out {
			if c.is(r) {
				t.Errorf("%s: got %U in, want out", name, r)
			}
		}
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.Is(unicode.Bidi_Control, r) && !isIgnorable(r) {
			t.Errorf("%U reorders text and is not ignorable: codes and names would keep it", r)
		}
	}
}

// TestFoldKeepsPicturesTogether keeps a joiner where it makes one picture of two, and nowhere else.
func TestFoldKeepsPicturesTogether(t *testing.T) {
	for in, want := range map[string]string{
		"👩\u200d🚀":      "👩\u200d🚀",
		"👩\u200d🚀🚀":     "👩\u200d🚀🚀",
		"👩\u200d🚀👩":     "👩\u200d🚀👩",
		"👩\u200d 🚀":     "👩 🚀",
		"👩 \u200d🚀":     "👩 🚀",
		"a\u200d🚀":      "a🚀",
		"👩\u200da":      "👩a",
		"a\u200db":      "ab",
		"a\u200db🚀c🚀":   "ab🚀c🚀",
		"\u200d👩":       "👩",
		"👩\u200d":       "👩",
		" A  \t B ":     "a b",
		"\u3000Σίσυφος": "σίσυφοσ",
		"ﬁ":             "fi",
		"":              "",
	} {
		if got := Fold(in); got != want {
			t.Errorf("%+q: got %+q, want %+q", in, got, want)
		}
	}
}

// TestTidy takes the full-width forms of signs, from the first to the last, and nothing beyond.
func TestTidy(t *testing.T) {
	for in, want := range map[string]string{
		"！～＠Ａ０": "!~@A0", "\uff00": "\uff00", "\uff5f": "\uff5f", " a\u200b\u202eb\u3000": "ab", "e\u0301": "é",
	} {
		if got := tidy(in); got != want {
			t.Errorf("%+q: got %+q, want %+q", in, got, want)
		}
	}
}

// TestLengths takes each identifier at its greatest length, typed with blanks around it or not, and no longer.
func TestLengths(t *testing.T) {
	padded := func(s string, n int) string { return s + strings.Repeat(" ", n-len(s)) }
	takes := map[string]func(string) bool{
		"e-mail":    func(s string) bool { _, err := ParseEmail(s); return err == nil },
		"number":    func(s string) bool { _, err := ParsePhone(s, nil); return err == nil },
		"user name": func(s string) bool { _, err := ParseUserName(s); return err == nil },
		"name":      func(s string) bool { _, err := ParseName(s); return err == nil },
	}
	for kind, text := range map[string]string{"e-mail": "a@example.com", "number": "+8613800138000", "user name": "a",
		"name": "a"} {
		if !takes[kind](padded(text, MaxTyped)) {
			t.Errorf("%s of %d bytes: got refused, want taken", kind, MaxTyped)
		}
		if takes[kind](padded(text, MaxTyped+1)) {
			t.Errorf("%s of %d bytes: got taken, want refused", kind, MaxTyped+1)
		}
	}
	domain := func(n int) string { // of n bytes, labels of 63 at most
		s := strings.Repeat(strings.Repeat("d", 60)+".", 3)
		return s + strings.Repeat("d", n-len(s)-4) + ".com"
	}
	local := strings.Repeat("l", maxLocal)
	for text, want := range map[string]bool{
		local + "@example.com":                      true,
		local + "l@example.com":                     false,
		local + "@" + domain(maxEmail-maxLocal-1):   true,
		local + "@" + domain(maxEmail-maxLocal):     false,
		strings.Repeat("店", maxLocal/3) + "@d.com":  true,
		strings.Repeat("店", maxLocal/3) + "店@d.com": false,
	} {
		if got := takes["e-mail"](text); got != want {
			t.Errorf("%d bytes: got taken %v, want %v", len(text), got, want)
		}
	}
	for text, want := range map[string]bool{
		"": false, "1": false, "12": true, strings.Repeat("1", 20): true, strings.Repeat("1", 21): false,
		"+": false, "+1": true, "1+2": false, "1a": false,
	} {
		if _, got := dialled(text); got != want {
			t.Errorf("%q: got dialled %v, want %v", text, got, want)
		}
	}
}

// TestLocalPartsTakeAtoms tries the neighbours of letters and digits in a local part, and letters of other scripts.
func TestLocalPartsTakeAtoms(t *testing.T) {
	for _, s := range []string{"a", "z", "A", "Z", "0", "9", "`", "{", "~", "/", "李", "é", "①", "a٣", "क्षि"} {
		if !validLocal(s) {
			t.Errorf("%q: got refused, want taken", s)
		}
	}
	for _, s := range []string{"a:b", "a[b", "a@b", "a\x7fb", "a\x80b", "a;b", "a,b", "a\\b", "a\"b", "a b", "a×b", "",
		".a", "a.", "a..b", "\u0301a", "a.\u0301b"} {
		if validLocal(s) {
			t.Errorf("%q: got taken, want refused", s)
		}
	}
	for _, domain := range []string{"b.9", "b.0", "b", "1.2.3.4", ".com", "b."} {
		if got, err := ParseEmail("a@" + domain); err == nil {
			t.Errorf("%s: got %s, want it refused", domain, string(got))
		}
	}
	if _, err := ParseUserName("a\u2029b"); err != UserNameMalformed {
		t.Errorf("a separator of paragraphs: got %v, want %v", err, UserNameMalformed)
	}
}

// TestGreet says again what was typed, as far as it may show, and not how long it was.
func TestGreet(t *testing.T) {
	long := strings.Repeat("x", maxGreeting)
	for in, want := range map[string]string{
		"": "", " a b ": "a b", "a\x00b\n\u0085": "ab", "a\xffb\ufffd": "ab", long: long, long + "y": long,
		strings.Repeat("店", 85):                    strings.Repeat("店", 84), // 255 bytes; no character is cut in two
		strings.Repeat("x", 253) + "é":             strings.Repeat("x", 253),
		strings.Repeat("x", 252) + "é":             strings.Repeat("x", 252) + "é",
		strings.Repeat(" ", MaxTyped) + "x":        "",
		strings.Repeat(" ", MaxTyped-1) + "xy":     "x",
		strings.Repeat("x", MaxTyped+1):            long,
		"\u3000" + strings.Repeat("店", 1000) + "x": strings.Repeat("店", 84),
	} {
		if got := string(Greet(in)); got != want {
			t.Errorf("%.30q of %d bytes: got %q, want %q", in, len(in), got, want)
		}
	}
}

// TestHomeRegions tries a number without its country in those regions alone where it is one that can be reached.
func TestHomeRegions(t *testing.T) {
	for _, tt := range []struct {
		typed, home string
		want        Phone
	}{
		{"604 275 0123", "CA", "+16042750123"},
		{"604 275 0123", "US", ""},  // the same plan, another country
		{"0909 879 0123", "GB", ""}, // whose callers pay extra
		{"07400 123456", "GB", "+447400123456"},
		{"+86 900 138 0000", "CN", ""},
	} {
		got := ParseLogin(tt.typed, tt.home)
		if got.Phone != tt.want || tt.want == "" && got.Nobody == "" {
			t.Errorf("%s in %s: got %q, want %q", tt.typed, tt.home, string(got.Phone), string(tt.want))
		}
	}
}

// TestKeysOfRecipients compares mailboxes as mailboxes and numbers as numbers.
func TestKeysOfRecipients(t *testing.T) {
	for r, want := range map[Recipient]string{"A@Example.com": "a@example.com", "+8613800138000": "+8613800138000"} {
		if got := r.Key(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if Phone("garbage").TakesSMS() {
		t.Errorf("what is no number: got one that takes texts")
	}
}
