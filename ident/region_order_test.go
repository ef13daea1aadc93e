package ident

import (
	"cmp"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

var update = flag.Bool("update", false, "write the order of regions anew")

// What is written down is the order of the Unicode collation, of all regions.
func TestOrderOfRegions(t *testing.T) {
	for lang, c := range map[string]struct{ name, written string }{"en": {"inEnglish", inEnglish},
		"zh-CN": {"inChinese", inChinese}} {
		order, list := collate.New(language.Make(lang)), Regions(nil, lang)
		slices.SortFunc(list, func(a, b Region) int {
			return cmp.Or(order.CompareString(a.Name, b.Name), cmp.Compare(a.Code, b.Code))
		})
		var text strings.Builder
		for i, r := range list {
			if i%36 == 0 {
				text.WriteString("\n")
			} else {
				text.WriteString(" ")
			}
			text.WriteString(r.Code)
		}
		if c.written == text.String() {
			continue
		}
		if !*update {
			t.Errorf("%s: got another order than the collation's; go test ./ident -run TestOrderOfRegions -update", lang)
			continue
		}
		raw, err := os.ReadFile("region_order.go")
		if err != nil {
			t.Fatal(err)
		}
		raw = regexp.MustCompile(c.name+" = `[^`]*`").ReplaceAll(raw, []byte(c.name+" = `"+text.String()+"`"))
		if err := os.WriteFile("region_order.go", raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
