package conform

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// tooMany are reasons that one message cannot all mean: what is said of so many faults says nothing.
const tooMany = 4

// Learn drafts an oracle from one run, as YAML that ReadOracle takes: for every code, or else every wording, the
// reasons of the faults that it was said of. It is a draft: a party that refuses for a wrong reason has taught that,
// so each line names its faults, to be held against what it says. What was said of too many reasons is left out, in a
// comment.
func Learn(r *Report) []byte {
	codes, texts := map[string]*lesson{}, map[string]*lesson{}
	for _, res := range r.Results {
		if res.Answer == nil || res.Answer.Accepted || res.Class == fault.Accept || res.Reason == "" {
			continue
		}
		into, key := texts, wording(res.Answer.Text)
		if res.Answer.Code != "" {
			into, key = codes, res.Answer.Code
		}
		if key == "" {
			continue
		}
		if into[key] == nil {
			into[key] = &lesson{key: key, reasons: map[fault.Reason]int{}}
		}
		into[key].reasons[res.Reason]++
		into[key].faults = append(into[key].faults, res.ID)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# An oracle drafted from one run against %s. Correct it: a refusal for a wrong\n",
		cmp.Or(r.Target.URL, r.Target.RPID))
	out.WriteString("# reason is in here as if it were right. The first text that matches decides.\n")
	write(&out, "codes:", codes, func(key, reasons string) string {
		return fmt.Sprintf("  %s: [%s]", quotedYAML(key), reasons)
	})
	write(&out, "texts:", texts, func(key, reasons string) string {
		return fmt.Sprintf("  - {match: %s, reasons: [%s]}", quotedYAML(key), reasons)
	})
	return []byte(out.String())
}

// A lesson is one code or wording, and what it was said of.
type lesson struct {
	key     string
	reasons map[fault.Reason]int
	faults  []string
}

// write writes lessons, the longest wordings first, so that what is said of more does not hide what is said of less.
func write(out *strings.Builder, head string, lessons map[string]*lesson, line func(key, reasons string) string) {
	if len(lessons) == 0 {
		return
	}
	fmt.Fprintln(out, head)
	order := slices.SortedFunc(maps.Values(lessons), func(a, b *lesson) int {
		return cmp.Or(-cmp.Compare(len(a.key), len(b.key)), cmp.Compare(a.key, b.key))
	})
	for _, l := range order {
		reasons := slices.SortedFunc(maps.Keys(l.reasons), func(a, b fault.Reason) int {
			return cmp.Or(-cmp.Compare(l.reasons[a], l.reasons[b]), cmp.Compare(a, b))
		})
		shown := l.faults[:min(3, len(l.faults))]
		fmt.Fprintf(out, "  # %d faults: %s\n", len(l.faults), strings.Join(shown, ", "))
		text := line(l.key, join(reasons))
		if len(reasons) >= tooMany {
			text = "  # says nothing of its own: " + strings.TrimSpace(text)
		}
		fmt.Fprintln(out, text)
	}
}

// wording is a pattern of what a message says, without what changes from one to the next: quoted parts, identifiers,
// numbers.
func wording(text string) string {
	text = strings.TrimSpace(strings.TrimSuffix(text, "…"))
	if text == "" {
		return ""
	}
	const quotes = `"[^"]*"|'[^']*'|` + "`[^`]*`"
	changing := regexp.MustCompile(quotes + `|\b[0-9A-Za-z_-]{20,}\b|\b0x[0-9a-fA-F]+\b|-?\b\d+\b`)
	var out strings.Builder
	last := 0
	for _, at := range changing.FindAllStringIndex(text, -1) {
		out.WriteString(regexp.QuoteMeta(text[last:at[0]]))
		out.WriteString(`.*`)
		last = at[1]
	}
	out.WriteString(regexp.QuoteMeta(text[last:]))
	return "^" + out.String()
}

// quotedYAML is a scalar in single quotes.
func quotedYAML(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
