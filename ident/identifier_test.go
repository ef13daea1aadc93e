package ident

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"
)

// problemOf returns what was wrong, "" for nil.
func problemOf(t *testing.T, err error) Problem {
	t.Helper()
	if err == nil {
		return ""
	}
	var p Problem
	if !errors.As(err, &p) {
		t.Fatalf("got error %v, want a problem", err)
	}
	return p
}

func TestParseEmail(t *testing.T) {
	tests := []struct{ in, want, key string }{
		{"seller@example.com", "seller@example.com", "seller@example.com"},
		{" \tSeller@Example.COM\r\n", "Seller@example.com", "seller@example.com"},
		{"\u3000ｓｅｌｌｅｒ＠ｅｘａｍｐｌｅ．ｃｏｍ", "seller@example.com", "seller@example.com"},
		{"seller@example。com", "seller@example.com", "seller@example.com"},
		{"seller@example.com。", "seller@example.com", "seller@example.com"},
		{"seller@example.com .", "seller@example.com", "seller@example.com"},
		{"ｓｅｌｌｅｒ＠ｅｘａｍｐｌｅ．ｃｏｍ，　；", "seller@example.com", "seller@example.com"},
		{"\ufeffsel\u200bler@example.com\u202c", "seller@example.com", "seller@example.com"},
		{"o'neil+shop/1=x_{y}|~@a-b.example.co.uk", "o'neil+shop/1=x_{y}|~@a-b.example.co.uk",
			"o'neil+shop/1=x_{y}|~@a-b.example.co.uk"},
		{"张三@例子.公司", "张三@xn--fsqu00a.xn--55qx5d", "张三@xn--fsqu00a.xn--55qx5d"},
		{"ΣΑΣ@example.gr", "ΣΑΣ@example.gr", "σασ@example.gr"},
		{"I@example.com", "I@example.com", "i@example.com"},
		{"cafe\u0301@example.com", "café@example.com", "café@example.com"},
		{"straße@straße.example", "straße@xn--strae-oqa.example", "strasse@xn--strae-oqa.example"},
		{"מוכר@example.com", "מוכר@example.com", "מוכר@example.com"},
	}
	for _, tt := range tests {
		got, err := ParseEmail(tt.in)
		if err != nil || string(got) != tt.want || got.Key() != tt.key {
			t.Errorf("ParseEmail(%q): got %q, key %q, %v, want %q, key %q", tt.in, string(got), got.Key(), err,
				tt.want, tt.key)
		}
	}
}

func TestParseEmailRefuses(t *testing.T) {
	for _, in := range []string{
		"", "@", "a@", "@example.com", "seller", "a@b@example.com", "a@gmail", "a@127.0.0.1", "a@[127.0.0.1]",
		".a@example.com", "a.@example.com", "a..b@example.com", "a b@example.com", `"a b"@example.com`,
		"a@exa mple.com",
		"a@-example.com", "a@example..com", "a@.example.com", "a@exa_mple.com", "a@xn--a.com",
		"a\r\nBcc: b@example.com", "a\nb@example.com", "a<b@example.com", "a,b@example.com", "a;b@example.com",
		"a\x00@example.com",
		"a\u202eb@example.com@x", "\u0301a@example.com", "a﹫b@example.com", "😀@example.com",
		strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("a", 64) + ".com",
		"a@" + strings.Repeat("abcdefgh.", 30) + "com", "a\xff@example.com", "a@example.com" +
			strings.Repeat(" ", 2000),
	} {
		got, err := ParseEmail(in)
		if p := problemOf(t, err); p != EmailMalformed {
			t.Errorf("ParseEmail(%.60q): got %q, %q, want %q", in, string(got), p, EmailMalformed)
		}
	}
}

func TestUnaliased(t *testing.T) {
	for in, want := range map[string]string{
		"Seller+shop@Example.com":      "seller@example.com",
		"seller@example.com":           "seller@example.com",
		"se.ller@example.com":          "se.ller@example.com",
		"S.e.l.l.e.r+a+b@gmail.com":    "seller@gmail.com",
		"seller@GoogleMail.com":        "seller@gmail.com",
		"+seller@example.com":          "+seller@example.com", // nothing would be left
		"ſeller＋shop@example.com":      "seller@example.com",
		"张三+店@例子.公司":                   "张三@xn--fsqu00a.xn--55qx5d",
		"seller+gmail.com@example.com": "seller@example.com",
	} {
		e, err := ParseEmail(in)
		if err != nil || e.Unaliased() != want || Recipient(e).Unaliased() != want {
			t.Errorf("%q: got %q, %v, want %q", in, e.Unaliased(), err, want)
		}
	}
	if got := Recipient("+8613800138000").Unaliased(); got != "+8613800138000" {
		t.Errorf("a number: got %q, want it as it is", got)
	}
}

// Letters of another script that look alike are another mailbox: mail must
// never go to the one when the other asks.
func TestEmailHomographsStayApart(t *testing.T) {
	latin, _ := ParseEmail("paypal@apple.com")
	for _, in := range []string{"раураl@apple.com", "paypal@аррӏе.com"} {
		other, err := ParseEmail(in)
		if err == nil && other.Key() == latin.Key() {
			t.Errorf("key of %q: got %q, the one of %q, want another", in, other.Key(), string(latin))
		}
	}
}

func TestParsePhone(t *testing.T) {
	tests := []struct {
		in, want, region string
		sms              bool
	}{
		{"+8613800138000", "+8613800138000", "CN", true},
		{" +86 138-0013-8000 ", "+8613800138000", "CN", true},
		{"008613800138000", "+8613800138000", "CN", true},
		{"００８６（138）００１３－８０００", "+8613800138000", "CN", true},
		{"＋８６　１３８００１３８０００", "+8613800138000", "CN", true},
		{"\u202a+86 138 0013 8000\u202c", "+8613800138000", "CN", true},
		{"+٨٦١٣٨٠٠١٣٨٠٠٠", "+8613800138000", "CN", true},
		{"(+86) 138.0013.8000", "+8613800138000", "CN", true},
		{"+86 010 6552 9988", "+861065529988", "CN", false},
		{"+44 (0)20 7946 0958", "+442079460958", "GB", false},
		{"+44 7400 123456", "+447400123456", "GB", true},
		{"+1 202-555-0123", "+12025550123", "US", true},
		{"+1 800 253 0000", "+18002530000", "US", false},
		{"+39 06 1234 5678", "+390612345678", "IT", false},
		{"+852 5123 4567", "+85251234567", "HK", true},
		{"+800 1234 5678", "+80012345678", "001", false},
	}
	for _, tt := range tests {
		got, err := ParsePhone(tt.in, nil)
		if err != nil || string(got) != tt.want || got.Key() != tt.want || got.Region() != tt.region ||
			got.TakesSMS() != tt.sms {
			t.Errorf("ParsePhone(%q): got %q, %q, SMS %v, %v, want %q, %q, SMS %v",
				tt.in, string(got), got.Region(), got.TakesSMS(), err, tt.want, tt.region, tt.sms)
		}
	}
}

func TestParsePhoneRefuses(t *testing.T) {
	tests := []struct {
		in      string
		regions []string
		want    Problem
	}{
		{"13800138000", nil, PhoneNoCountry},
		{"０１０ ６５５２ ９９８８", nil, PhoneNoCountry},
		{"+", nil, PhoneMalformed},
		{"", nil, PhoneMissing},
		{" \u200b　", nil, PhoneMissing},
		{"seller", nil, PhoneMalformed},
		{"+86 138 0013 800", nil, PhoneMalformed},
		{"+86 138 0013 80000", nil, PhoneMalformed},
		{"+999 1234567", nil, PhoneMalformed},
		{"++8613800138000", nil, PhoneMalformed},
		{"86+13800138000", nil, PhoneMalformed},
		{"+8613800138000;ext=1", nil, PhoneMalformed},
		{"+1-800-FLOWERS", nil, PhoneMalformed},
		{"tel:+8613800138000", nil, PhoneMalformed},
		{"+44 909 8790000", nil, PhoneMalformed}, // callers pay extra
		{"+8613800138000" + strings.Repeat("0", 300), nil, PhoneMalformed},
		{"+8613800138000" + strings.Repeat(" ", 2000), nil, PhoneMalformed},
		{"+12025550123", []string{"CN", "HK"}, CountryNotServed},
		{"+80012345678", []string{"CN"}, CountryNotServed},
	}
	for _, tt := range tests {
		got, err := ParsePhone(tt.in, tt.regions)
		if p := problemOf(t, err); p != tt.want {
			t.Errorf("ParsePhone(%.40q): got %q, %q, want %q", tt.in, string(got), p, tt.want)
		}
	}
	for _, tt := range []struct {
		in, home string
		want     string
	}{
		{"13800138000", "CN", "+8613800138000"},
		{"１３８ ００１３－８０００", "CN", "+8613800138000"},
		{"010 6552 9988", "CN", "+861065529988"},
		{"07400 123456", "GB", "+447400123456"},
		{"+12025550123", "CN", "+12025550123"}, // who writes another country means it
		{"12025550123", "CN", ""},
		{"13800138000", "US", ""},
	} {
		if got, _ := ParsePhone(tt.in, nil, tt.home); string(got) != tt.want {
			t.Errorf("ParsePhone(%q) at home in %s: got %q, want %q", tt.in, tt.home, string(got), tt.want)
		}
	}
	if _, err := ParsePhone("+8613800138000", []string{"HK", "CN"}); err != nil {
		t.Errorf("ParsePhone in a served region: got %v, want nil", err)
	}
}

func TestParseUserName(t *testing.T) {
	tests := []struct{ in, want, key string }{
		{"Seller", "Seller", "seller"},
		{"  小李的店 ", "小李的店", "小李的店"},
		{"Lucky\u3000 Shop", "Lucky\u3000 Shop", "lucky shop"},
		{"ＡＢＣ１２３", "ＡＢＣ１２３", "abc123"},
		{"ΟΔΥΣΣΕΥΣ", "ΟΔΥΣΣΕΥΣ", "οδυσσευσ"},
		{"οδυσσευς", "οδυσσευς", "οδυσσευσ"},
		{"Straße", "Straße", "strasse"},
		{"ISTANBUL", "ISTANBUL", "istanbul"},
		{"İstanbul", "İstanbul", "i\u0307stanbul"},
		{"ıstanbul", "ıstanbul", "ıstanbul"},
		{"Ame\u0301lie", "Amélie", "amélie"},
		{"ﬁsh\u200b①", "ﬁsh①", "fish1"},
		{"بائع", "بائع", "بائع"},
		{"می\u200cخواهم", "می\u200cخواهم", "میخواهم"},
		{"☀️阳光", "☀️阳光", "☀阳光"},
		{"👨‍👩‍👧", "👨‍👩‍👧", "👨‍👩‍👧"},
		{"👩🏽‍🚀", "👩🏽‍🚀", "👩🏽‍🚀"},
		{"❤️‍🔥", "❤️‍🔥", "❤‍🔥"},
		{"🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴"},
		{"1️⃣号店", "1️⃣号店", "1⃣号店"},
		{"a\u200db", "a\u200db", "ab"},
		{"\U0001fae9", "\U0001fae9", "\U0001fae9"}, // an emoji newer than the tables
		{"नमस्ते", "नमस्ते", "नमस्ते"},
		{strings.Repeat("店", 40), strings.Repeat("店", 40), strings.Repeat("店", 40)},
	}
	for _, tt := range tests {
		got, err := ParseUserName(tt.in)
		if err != nil || string(got) != tt.want || got.Key() != tt.key {
			t.Errorf("ParseUserName(%q): got %q, key %q, %v, want %q, key %q", tt.in, got, got.Key(), err,
				tt.want, tt.key)
		}
	}
}

func TestParseUserNameRefuses(t *testing.T) {
	tests := []struct {
		in   string
		want Problem
	}{
		{"", UserNameMissing},
		{" \u3000\t", UserNameMissing},
		{"\u200b\ufeff", UserNameMissing},
		{"\u200d", UserNameMissing},
		{"\u2800", UserNameMissing},
		{"\u3164", UserNameMalformed}, // a filler that shows nothing
		{"a\u3164b", UserNameMalformed},
		{strings.Repeat("店", 41), UserNameMalformed},
		{"a\x00b", UserNameMalformed},
		{"a\nb", UserNameMalformed},
		{"a\u2028b", UserNameMalformed},
		{"a\u202erelles", UserNameMalformed},
		{"a\u2066b", UserNameMalformed},
		{"\u0301a", UserNameMalformed},
		{"a \u0301", UserNameMalformed},
		{"\ufe0fa", UserNameMalformed},
		{"a" + strings.Repeat("\u0335", 5), UserNameMalformed},
		{"a\ue415", UserNameMalformed},     // private use
		{"a\u0378", UserNameMalformed},     // unassigned
		{"a\ufdd0", UserNameMalformed},     // a noncharacter
		{"a\U000e0061", UserNameMalformed}, // a tag without a flag smuggles text
		{"a\xff", UserNameMalformed},
	}
	for _, tt := range tests {
		got, err := ParseUserName(tt.in)
		if p := problemOf(t, err); p != tt.want {
			t.Errorf("ParseUserName(%q): got %q, %q, want %q", tt.in, got, p, tt.want)
		}
	}
}

func TestParseName(t *testing.T) {
	tests := []struct {
		in, want string
		problem  Problem
	}{
		{" 李  雷 ", "李 雷", ""},
		{"Zoe\u0308\r\nBcc:", "Zoë Bcc:", ""},
		{"a\u202e\x00b", "ab", ""},
		{strings.Repeat("李", 80), strings.Repeat("李", 80), ""},
		{strings.Repeat("李", 81), "", NameTooLong},
		{strings.Repeat(" ", 2000), "", NameTooLong},
		{"", "", NameMissing},
		{"\u3164", "", NameMissing},
	}
	for _, tt := range tests {
		got, err := ParseName(tt.in)
		if p := problemOf(t, err); p != tt.problem || got != tt.want {
			t.Errorf("ParseName(%.40q): got %q, %q, want %q, %q", tt.in, got, p, tt.want, tt.problem)
		}
	}
}

func TestParseLogin(t *testing.T) {
	tests := []struct {
		in   string
		home []string
		want Login
	}{
		{" Seller@Example.com ", nil, Login{Email: "seller@example.com"}},
		{"０0８６ 138 0013 8000", nil, Login{Phone: "+8613800138000"}},
		{"138 0013 8000", []string{"CN"}, Login{Phone: "+8613800138000"}},
		{"138 0013 8000", []string{"GB", "CN"}, Login{Phone: "+8613800138000"}},
		{"07400 123456", []string{"CN", "GB"}, Login{Phone: "+447400123456"}},
	}
	for _, tt := range tests {
		if got := ParseLogin(tt.in, tt.home...); got != tt.want {
			t.Errorf("ParseLogin(%q, %q): got %v, want %v", tt.in, tt.home, got, tt.want)
		}
	}
	seen := map[string]string{}
	for _, in := range []string{"", "seller", "seller@", "13800138000", "+86", "\xff", strings.Repeat("x", 100_000)} {
		got := ParseLogin(in)
		key := got.Key()
		if key != got.Nobody || len(key) != 23 || key[0] != '?' {
			t.Errorf("ParseLogin(%.20q): got %v, want a stand-in", in, got)
		}
		if before, twice := seen[key]; twice {
			t.Errorf("ParseLogin(%.20q): got the key of %.20q, want another", in, before)
		}
		seen[key] = in
	}
	if a, b := ParseLogin("Seller"), ParseLogin(" ｓＥＬＬＥＲ "); a != b {
		t.Errorf("stand-ins of two forms: got %v and %v, want one", a, b)
	}
}

func TestCleanCode(t *testing.T) {
	tests := []struct{ in, want string }{
		{"123456", "123456"},
		{" 123 456\r\n", "123456"},
		{"１２３－４５６", "123456"},
		{"١٢٣٤٥٦", "123456"},
		{"१२३४५६", "123456"},
		{"\u202a123\u200b456\u202c", "123456"},
		{"ABCD–efgh−１２", "ABCDefgh12"},
		{"12a", "12a"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := CleanCode(tt.in); got != tt.want {
			t.Errorf("CleanCode(%q): got %q, want %q", tt.in, got, tt.want)
		}
	}
}

// Every decimal digit of Unicode is read as the library for telephone numbers
// reads it.
func TestDigitOf(t *testing.T) {
	n := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		d, ok := digitOf(r)
		if ok != unicode.IsDigit(r) {
			t.Fatalf("digitOf(%U): got %v, want %v", r, ok, unicode.IsDigit(r))
		}
		if !ok {
			continue
		}
		n++
		if compat := norm.NFKC.String(string(r)); len(compat) == 1 && compat[0] != d {
			t.Errorf("digitOf(%U): got %c, want %s", r, d, compat)
		}
		if want := phonenumbers.NormalizeDigitsOnly(string(r)); len(want) == 1 && want[0] != d {
			t.Errorf("digitOf(%U): got %c, want %s", r, d, want)
		}
	}
	if n < 600 {
		t.Errorf("digits seen: got %d, want 600 at least", n)
	}
}

func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"seller@example.com", "张三@例子.公司", "Ａ＠ｂ。ｃｎ", "a@b@c", "ß@xn--strae-oqa.de",
		"ﬁ\u0301@x.y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseEmail(s)
		if err != nil {
			problemOf(t, err)
			return
		}
		again, err := ParseEmail(string(a))
		if err != nil || again != a {
			t.Errorf("ParseEmail(%q) = %q, again: got %q, %v", s, string(a), string(again), err)
		}
		if strings.Count(string(a), "@") != 1 || strings.ContainsAny(string(a), "\r\n\x00<>,;: ") || len(a) > maxEmail {
			t.Errorf("ParseEmail(%q): got %q, want an address", s, string(a))
		}
		stableKey(t, a.Key())
	})
}

func FuzzParsePhone(f *testing.F) {
	for _, s := range []string{"+8613800138000", "00 44 (0)20 7946 0958", "＋８６１３８", "+1 202-555-0123",
		"13800138000", "+٨٦"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParsePhone(s, nil)
		if err != nil {
			problemOf(t, err)
			return
		}
		again, err := ParsePhone(string(n), nil)
		if err != nil || again != n || n.Key() != string(n) {
			t.Errorf("ParsePhone(%q) = %q, again: got %q, %v", s, string(n), string(again), err)
		}
		if n[0] != '+' || len(n) > 18 || strings.Trim(string(n[1:]), "0123456789") != "" || n.Region() == "" {
			t.Errorf("ParsePhone(%q): got %q of region %q, want E.164", s, string(n), n.Region())
		}
	})
}

func FuzzParseUserName(f *testing.F) {
	for _, s := range []string{"Seller", "小李👨‍👩‍👧", "a\u202eb", "İΣß", "\u3164", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "ｱﾞ\u0345",
		"\u1e9e\u0130"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseUserName(s)
		if err != nil {
			problemOf(t, err)
			return
		}
		again, err := ParseUserName(string(u))
		if err != nil || again != u {
			t.Errorf("ParseUserName(%q) = %q, again: got %q, %v", s, u, again, err)
		}
		if utf8.RuneCountInString(string(u)) > MaxUserName || strings.ContainsFunc(string(u), unicode.IsControl) {
			t.Errorf("ParseUserName(%q): got %q", s, u)
		}
		if upper := UserName(norm.NFD.String(string(u))); upper.Key() != u.Key() {
			t.Errorf("key of %q decomposed: got %q, want %q", u, upper.Key(), u.Key())
		}
		stableKey(t, u.Key())
	})
}

func FuzzParseLogin(f *testing.F) {
	f.Add("seller@example.com")
	f.Add("+8613800138000")
	f.Add("13800138000")
	f.Add("000A˙")
	f.Fuzz(func(t *testing.T, s string) {
		got := ParseLogin(s, "CN", "US")
		key := got.Key()
		if key == "" || len(key) > 1024 || got.Email == "" && strings.HasPrefix(key, "?") != (got.Nobody != "") {
			t.Errorf("ParseLogin(%q): got %v", s, got)
		}
		if clean := CleanCode(s); CleanCode(clean) != clean {
			t.Errorf("CleanCode(%q) = %q, again: got %q", s, clean, CleanCode(clean))
		}
	})
}

func stableKey(t *testing.T, key string) {
	t.Helper()
	if again := Fold(key); key == "" || again != key {
		t.Errorf("key %q, again: got %q, want the same", key, again)
	}
}

func BenchmarkParseLogin(b *testing.B) {
	for _, s := range []string{"seller@example.com", "+8613800138000", "小李"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ParseLogin(s)
			}
		})
	}
}

// Every name is as seemly as a user name: of no character that cannot be seen, or that moves others, is there a trace.
func TestNamesShowWhatTheyAre(t *testing.T) {
	unseen := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !isIgnorable(r) && !isBlank(r) && !unicode.IsControl(r) {
			continue
		}
		unseen++
		if got := CleanName(string(r)); got != "" {
			t.Errorf("a name of %U alone: got %q, want none", r, got)
		}
		if _, err := ParseName(" " + string(r) + string(r)); err != NameMissing {
			t.Errorf("a person called %U: got %v, want %v", r, err, NameMissing)
		}
		got := CleanName("Blue" + string(r) + "key")
		if joins := r == joiner || r == nonJoiner || unicode.Is(unicode.Variation_Selector, r); joins {
			continue // they shape their neighbours, and a user name may have them
		}
		if got != "Bluekey" && got != "Blue key" {
			t.Errorf("%U in a name: got %q, want it gone", r, got)
		}
		if !seemly(got) {
			t.Errorf("%U in a name: got %q, which no user name may be", r, got)
		}
	}
	if unseen < 4000 {
		t.Errorf("got %d characters that show nothing, want all", unseen)
	}
	for in, want := range map[string]string{"  小明\u3000的店 ": "小明 的店", "👩\u200d🔧": "👩\u200d🔧", "e\u0301": "é",
		"Z\u0300\u0301\u0302\u0303\u0304\u0305": "Z\u0300\u0301\u0302\u0303", "a\xffb": "ab"} {
		if got := CleanName(in); got != want {
			t.Errorf("CleanName(%q): got %q, want %q", in, got, want)
		}
	}
}
