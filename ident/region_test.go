package ident

import (
	"strings"
	"testing"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
)

// Every region that has a numbering plan has a name in both languages, and those of a site stand in the order of
// their names.
func TestRegions(t *testing.T) {
	for _, lang := range []string{"en", "zh-CN"} {
		list := Regions(nil, lang)
		if len(list) < 240 || len(list) != len(phonenumbers.GetSupportedRegions()) {
			t.Errorf("%s: got %d regions, want all", lang, len(list))
		}
		for _, r := range list {
			unnamed := r.Name == "" || r.Name == r.Code || strings.HasPrefix(r.Name, "Unknown")
			if unnamed || r.Calling == "" || lang == "zh-CN" && !strings.ContainsFunc(r.Name, isHan) {
				t.Errorf("%s: got %+v, want a name and a code to dial", lang, r)
			}
		}
	}
	for lang, want := range map[string]string{
		"en":    "China 86, Germany 49, Hong Kong 852, United States 1",
		"zh-CN": "德国 49, 美国 1, 中国 86, 中国香港 852",
	} {
		var got []string
		for _, r := range Regions([]string{"US", "HK", "CN", "DE", "XX", "cn"}, lang) {
			got = append(got, r.Name+" "+r.Calling)
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s: got %s, want %s", lang, s, want)
		}
	}
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

func TestNamesOfRegionsAreOfRegions(t *testing.T) {
	for _, tag := range []language.Tag{language.English, language.SimplifiedChinese} {
		for code := range ownNames(tag) {
			if _, err := language.ParseRegion(code); err != nil || !phonenumbers.GetSupportedRegions()[code] {
				t.Errorf("%s: %s is no region with numbers", tag, code)
			}
		}
	}
}

func TestParsePhoneIn(t *testing.T) {
	for _, c := range []struct {
		in, region string
		want       string
		problem    Problem
	}{
		{in: "13800138000", region: "CN", want: "+8613800138000"},
		{in: " １３８－００１３－８０００ ", region: "CN", want: "+8613800138000"},
		{in: "8613800138000", region: "CN", want: "+8613800138000"}, // without its plus sign
		{in: "010 6552 9988", region: "CN", want: "+861065529988"},
		{in: "07400 123456", region: "GB", want: "+447400123456"},
		{in: "416-555-0123", region: "US", want: "+14165550123"},       // of Canada, which is dialled alike
		{in: "+44 7400 123456", region: "CN", want: "+447400123456"},   // a plus sign wins
		{in: "0044 7400 123456", region: "CN", want: "+447400123456"},  // and so does what stands for it
		{in: "+8613800138000", region: "ZZ", want: "+8613800138000"},   // whatever was chosen
		{in: "138", region: "CN", problem: PhoneOtherCountry},          // digits are missing
		{in: "1380013800", region: "CN", problem: PhoneOtherCountry},   // one is
		{in: "138001380000", region: "CN", problem: PhoneOtherCountry}, // one too many
		{in: "13800138000", region: "US", problem: PhoneOtherCountry},
		{in: "13800138000", region: "ZZ", problem: PhoneNoCountry},
		{in: "13800138000", region: "001", problem: PhoneNoCountry},
		{in: "0909 8790000", region: "GB", problem: PhoneOtherCountry}, // callers pay extra
		{in: "+86 1", region: "CN", problem: PhoneMalformed},
		{in: "seller", region: "CN", problem: PhoneMalformed},
		{in: " ", region: "CN", problem: PhoneMissing},
		{in: "2025550123", region: "US", problem: CountryNotServed},
	} {
		var served []string
		if c.problem == CountryNotServed {
			served = []string{"CN", "GB"}
		}
		got, err := ParsePhoneIn(c.in, served, c.region)
		if p := problemOf(t, err); string(got) != c.want || p != c.problem {
			t.Errorf("%q in %s: got %q, %q, want %q, %q", c.in, c.region, string(got), p, c.want, c.problem)
		}
	}
}
