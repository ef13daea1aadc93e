package conform

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

//go:embed report.gohtml
var reportPage string

// A page is what the template of the HTML report is filled with.
type page struct {
	*Report
	Counts    []verdictCount
	Grids     []grid
	Groups    []group
	Attention []*Result
}

type verdictCount struct {
	Verdict Verdict
	Count   int
	Says    string
}

// A grid is the steps of one ceremony at a glance.
type grid struct {
	Ceremony fault.Ceremony
	Section  string
	Coverage *Coverage
	Cells    []cell
}

// A cell is one step: its worst verdict, or none.
type cell struct {
	Number  int
	Title   string
	Group   string // the anchor; empty when there is nothing to show
	Verdict Verdict
	Covered bool
}

// A group is all faults of one step or section.
type group struct {
	Anchor, Step, Title string
	Results             []*Result
}

// WriteHTML writes the report as one page that needs nothing else: no script, no request, light and dark.
func (r *Report) WriteHTML(w io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"says": Verdict.says, "mark": Verdict.mark, "join": joined, "sub": func(a, b int) int { return a - b },
		"seconds": seconds,
	}).Parse(reportPage)
	if err != nil {
		return fmt.Errorf("reading the report's template: %w", err)
	}
	p := &page{Report: r, Groups: groups(r.Results), Attention: r.Failures()}
	for _, v := range Verdicts() {
		if n := r.Summary.Verdicts[v]; n > 0 {
			p.Counts = append(p.Counts, verdictCount{v, n, v.says()})
		}
	}
	p.Grids = []grid{
		r.grid(fault.Registration, "7.1", createTitles()),
		r.grid(fault.Authentication, "7.2", getTitles()),
	}
	return t.Execute(w, p)
}

func joined(list any) string {
	switch list := list.(type) {
	case []fault.Feature:
		return join(list)
	case []fault.Reason:
		return join(list)
	}
	return fmt.Sprint(list)
}

// says explains a verdict to a reader.
func (v Verdict) says() string {
	return map[Verdict]string{
		Pass: "as it has to be", Gap: "accepted, must be refused", Crash: "broke down",
		OverStrict:  "refused, must be accepted",
		Unconfirmed: "refused, reason unconfirmed", Inconclusive: "proves nothing", Skipped: "feature not offered",
		Lax: "accepted, refusing is better", Noted: "left to policy", AsPolicy: "as the policy says",
		AgainstPolicy: "not as the policy says", Waived: "excused by the tester",
	}[v]
}

// mark is a sign beside the colour, for those who cannot tell colours apart.
func (v Verdict) mark() string {
	return map[Verdict]string{
		Pass: "✓", AsPolicy: "✓", Gap: "✕", Crash: "✕", OverStrict: "✕", AgainstPolicy: "✕", Unconfirmed: "?",
		Inconclusive: "!",
		Lax:          "~", Noted: "i", Skipped: "–", Waived: "w",
	}[v]
}

// groups sorts results by step, as the specification has them.
func groups(results []*Result) []group {
	byStep := map[string]*group{}
	var order []*group
	for _, res := range results {
		g := byStep[res.Step]
		if g == nil {
			g = &group{Anchor: anchor(res.Step), Step: res.Step, Title: stepTitle(res.Step)}
			byStep[res.Step] = g
			order = append(order, g)
		}
		g.Results = append(g.Results, res)
	}
	slices.SortStableFunc(order, func(a, b *group) int { return slices.Compare(numbers(a.Step), numbers(b.Step)) })
	out := make([]group, 0, len(order))
	for _, g := range order {
		out = append(out, *g)
	}
	return out
}

func anchor(step string) string { return "step-" + strings.ReplaceAll(step, ".", "-") }

// numbers turns "7.1.13" into 7, 1, 13, to sort by.
func numbers(step string) []int {
	var out []int
	for part := range strings.SplitSeq(step, ".") {
		out = append(out, number(part)) // what is no number sorts first
	}
	return out
}

func (r *Report) grid(c fault.Ceremony, section string, titles []string) grid {
	g := grid{Ceremony: c, Section: section, Coverage: r.Coverage[c]}
	if g.Coverage == nil {
		g.Coverage = count(nil, len(titles))
	}
	for i, title := range titles {
		one := cell{Number: i + 1, Title: title, Covered: !slices.Contains(g.Coverage.Missing, i+1)}
		step := fmt.Sprintf("%s.%d", section, i+1)
		for _, res := range r.Results {
			if res.Step != step {
				continue
			}
			one.Group = anchor(step)
			if one.Verdict == "" || worse(res.Verdict, one.Verdict) {
				one.Verdict = res.Verdict
			}
		}
		g.Cells = append(g.Cells, one)
	}
	return g
}

// worse reports whether a verdict comes before another in Verdicts.
func worse(a, b Verdict) bool {
	all := Verdicts()
	return cmp.Compare(slices.Index(all, a), slices.Index(all, b)) < 0
}
