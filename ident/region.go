package ident

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// A Region is a country, or a part of one with a numbering plan of its own, as it is chosen from a list.
type Region struct {
	Code    string // ISO 3166-1, "CN"
	Calling string // its calling code, "86"; several regions may share one
	Name    string
}

// Regions returns the regions of those codes, of every numbering plan for none, named in a language and in the order of
// their names there. Codes of no plan are left out.
func Regions(codes []string, lang string) []Region {
	if len(codes) == 0 {
		for code := range phonenumbers.GetSupportedRegions() {
			codes = append(codes, code)
		}
	}
	tag := language.Make(lang)
	names, own := display.Regions(tag), ownNames(tag)
	var list []Region
	for _, code := range codes {
		calling := phonenumbers.GetCountryCodeForRegion(code)
		region, err := language.ParseRegion(code)
		if calling == 0 || err != nil {
			continue
		}
		list = append(list, Region{Code: code, Calling: strconv.Itoa(calling), Name: cmp.Or(own[code], names.Name(region))})
	}
	order := orderOf(tag)
	slices.SortFunc(list, func(a, b Region) int { return cmp.Compare(order[a.Code], order[b.Code]) })
	return list
}

// orderOf returns the place of each region among the names of a language: written down, since the tables of the
// Unicode collation that say it are a megabyte.
func orderOf(tag language.Tag) map[string]int {
	sorted := inEnglish
	if base, _ := tag.Base(); base.String() == "zh" {
		sorted = inChinese
	}
	order := map[string]int{}
	for i, code := range strings.Fields(sorted) {
		order[code] = i
	}
	return order
}

// IsRegion reports whether a code, in capitals, is that of a region with a numbering plan.
func IsRegion(code string) bool { return phonenumbers.GetCountryCodeForRegion(code) != 0 }

// ownNames are names that read better in a list than those of the Unicode CLDR, or are newer.
func ownNames(tag language.Tag) map[string]string {
	if base, _ := tag.Base(); base.String() == "zh" {
		return map[string]string{"HK": "中国香港", "MO": "中国澳门", "TW": "中国台湾", "MK": "北马其顿"}
	}
	return map[string]string{"HK": "Hong Kong", "MO": "Macao", "MK": "North Macedonia", "SZ": "Eswatini",
		"MM": "Myanmar", "CG": "Congo (Brazzaville)", "CD": "Congo (Kinshasa)"}
}

// ParsePhoneIn is ParsePhone for a number as it is dialled in a region that its owner has chosen; one that begins with
// its country code goes by that. What cannot be a number of that region is PhoneOtherCountry, and a region of no
// numbering plan PhoneNoCountry.
func ParsePhoneIn(s string, served []string, region string) (Phone, error) {
	digits, err := typedNumber(s)
	if err != nil {
		return "", err
	}
	if digits[0] == '+' {
		return servedNumber(digits, served)
	}
	if !IsRegion(region) {
		return "", PhoneNoCountry
	}
	n, err := phonenumbers.Parse(digits, region)
	if err != nil || !reachable(n) {
		return "", PhoneOtherCountry
	}
	return servedNumber(phonenumbers.Format(n, phonenumbers.E164), served)
}
