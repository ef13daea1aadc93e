package assets

import (
	"slices"
	"strings"
	"testing"
)

// Where nobody makes calls, or sends texts, pages offer none.
func TestPagesOfferWhatIsServed(t *testing.T) {
	const calls, byPhone = `name="via" value="call"`, `/forgot/phone"`
	for name, row := range map[string]struct {
		without    []string
		has, hasNo []string // parts of the two pages
	}{
		"all":      {nil, []string{calls, byPhone}, nil},
		"no calls": {[]string{"call"}, []string{byPhone}, []string{calls}},
		"no texts": {[]string{"sms"}, []string{byPhone}, []string{calls}},
		"neither":  {[]string{"sms", "call"}, nil, []string{calls, byPhone}},
	} {
		t.Run(name, func(t *testing.T) {
			rows := builtIn(t)
			for i := range rows {
				rows[i].Served = !slices.Contains(row.without, rows[i].Way)
			}
			texts, err := NewTexts(nil)
			if err != nil {
				t.Fatal(err)
			}
			p, err := NewPages(Config{Methods: rows}, texts)
			if err != nil {
				t.Fatal(err)
			}
			shown := render(t, p, English, &PhoneNew{Via: WaySMS}) + render(t, p, English, &Forgot{})
			for _, part := range row.has {
				if !strings.Contains(shown, part) {
					t.Errorf("got no %s", part)
				}
			}
			for _, part := range row.hasNo {
				if strings.Contains(shown, part) {
					t.Errorf("got %s, which nobody delivers", part)
				}
			}
		})
	}
}
