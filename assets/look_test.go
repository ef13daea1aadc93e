package assets

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// shownIn are those of a page for which f holds.
func shownIn(t *testing.T, page string, f func(*html.Node) bool) []*html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var found []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && f(n) {
			found = append(found, n)
		}
	}
	return found
}

// After a refusal the focus is in the field that was refused, and nowhere else: every field of every page is
// refused once.
func TestFocusIsInTheRefusedField(t *testing.T) {
	p := newPages(t, Config{})
	tried := map[string]bool{}
	for i, s := range Samples(noon) {
		for _, in := range shownIn(t, render(t, p, English, s.View), func(n *html.Node) bool {
			return strings.HasPrefix(attr(n, "id"), "f-") && (n.Data == "input" || n.Data == "select")
		}) {
			again := Samples(noon)[i].View
			again.frame().Problems = []Problem{{Code: "name-missing", Field: attr(in, "name")}}
			page := render(t, p, English, again)
			shown := shownIn(t, page, func(n *html.Node) bool { return attr(n, "aria-invalid") == "true" })
			if len(shown) == 0 {
				continue // a choice that cannot be wrong
			}
			focused := shownIn(t, page, func(n *html.Node) bool { return hasAttr(n, "autofocus") })
			if len(focused) != 1 || attr(focused[0], "id") != attr(in, "id") {
				t.Errorf("%s, %s refused: got the focus in %d fields, want it there alone", s.Name, attr(in, "name"),
					len(focused))
			}
			tried[attr(in, "name")] = true
		}
	}
	if len(tried) < 10 {
		t.Errorf("got %v tried, want every field that can be refused", tried)
	}
}

// Of more than two notices nobody reads any: not even where everything comes together.
func TestAtMostTwoNotices(t *testing.T) {
	p := newPages(t, Config{})
	for _, crowded := range []bool{false, true} {
		for _, s := range Samples(noon) {
			if f := s.View.frame(); crowded {
				f.WeChat, f.Old = true, true
				f.Banner, f.Notice = "fresh-local", &Notice{Key: "key-added"}
				f.Problems = []Problem{{Code: "internal"}, {Code: "code-used", Field: "elsewhere"}}
			}
			notes := shownIn(t, render(t, p, English, s.View), func(n *html.Node) bool {
				return strings.HasPrefix(attr(n, "class")+" ", "note ") && !within(n, "noscript")
			})
			if len(notes) > 2 {
				t.Errorf("%s: got %d notices, want two at most", s.Name, len(notes))
			}
			says := render(t, p, English, s.View)
			_, whole := s.View.(*Failure)
			if crowded && !whole && !strings.Contains(says, "This code has been used") {
				t.Errorf("%s: got what was refused crowded out, want it said first", s.Name)
			}
		}
	}
}

// A switch has one name: what it is about. Whether it is on says aria-pressed.
func TestShowPasswordHasOneName(t *testing.T) {
	p := newPages(t, Config{})
	found := 0
	everyPage(t, p, func(t *testing.T, name, lang, page string) {
		for _, b := range shownIn(t, page, func(n *html.Node) bool { return hasAttr(n, "data-reveal") }) {
			found++
			for _, other := range []string{"aria-label", "data-hide", "data-show", "title"} {
				if hasAttr(b, other) {
					t.Errorf("%s: got a second name of the switch in %s", name, other)
				}
			}
			if attr(b, "aria-pressed") != "false" {
				t.Errorf("%s: got a switch that does not say whether it is on", name)
			}
		}
	})
	if found < 20 {
		t.Errorf("got %d switches, want those of every password", found)
	}
	script, err := os.ReadFile("static/field.js")
	if err != nil || strings.Contains(string(script), "b.textContent =") {
		t.Errorf("got a script that renames the switch, error %v", err)
	}
}

// What does not break stands out of a page of 320 px. These alone may keep together: they are short, or cut off.
func TestOnlyShortThingsKeepTogether(t *testing.T) {
	css, err := os.ReadFile("static/latchkey.css")
	if err != nil {
		t.Fatal(err)
	}
	short := []string{".vh", ".nb", ".with .btn", ".codes li", "thead th"}
	for _, m := range regexp.MustCompile(`([^{}]*)\{[^{}]*white-space: nowrap`).FindAllStringSubmatch(string(css), -1) {
		lines := strings.Split(strings.TrimSpace(m[1]), "\n")
		if s := lines[len(lines)-1]; !slices.Contains(short, strings.TrimSpace(s)) {
			t.Errorf("%s: got no break in it, want one", s)
		}
	}
}

// Where the system's colours are forced, borders and words stay, and the main act still differs from the others.
func TestForcedColoursKeepTheMainActApart(t *testing.T) {
	css, err := os.ReadFile("static/latchkey.css")
	if err != nil {
		t.Fatal(err)
	}
	_, forced, _ := strings.Cut(string(css), "@media (forced-colors: active) {")
	forced, _, _ = strings.Cut(forced, "\n\n")
	filled := regexp.MustCompile(`\.btn-main[^{]*\{ forced-color-adjust: none; background: ButtonText;`)
	if !filled.MatchString(forced) {
		t.Errorf("got %q, want the main act filled", forced)
	}
	if strings.Contains(string(css), ".note a { color: inherit") {
		t.Error("got buttons in notices in the notice's colour, want their own")
	}
}

// The overview is long: every section of it is one press away.
func TestOverviewJumpsToEverySection(t *testing.T) {
	p := newPages(t, Config{})
	for _, s := range Samples(noon) {
		if _, overview := s.View.(*Security); !overview {
			continue
		}
		page := render(t, p, English, s.View)
		sections := shownIn(t, page, func(n *html.Node) bool {
			return n.Data == "section" && attr(n, "class") == "stack-s"
		})
		for _, section := range sections {
			if to := `<a href="#` + attr(section, "aria-labelledby") + `">`; !strings.Contains(page, to) {
				t.Errorf("%s: got no link %s, want every section of it", s.Name, to)
			}
		}
		if len(sections) < 3 {
			t.Errorf("%s: got %d sections, want them all", s.Name, len(sections))
		}
	}
}
