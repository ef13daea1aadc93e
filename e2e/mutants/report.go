package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// enough is the share of mutations, less those that change nothing, that the tests have to notice.
const enough = 0.97

// readJudged reads why mutations that survived are no faults: a line each, the key of the site, a tab, the reason.
// Lines that begin with # are for the reader.
func readJudged(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading judgements: %w", err)
	}
	defer f.Close()
	judged := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, why, ok := strings.Cut(line, "\t")
		if !ok || strings.TrimSpace(why) == "" {
			return nil, fmt.Errorf("reading judgements: %q has no reason after a tab", key)
		}
		judged[key] = strings.TrimSpace(why)
	}
	return judged, lines.Err()
}

// A tally counts outcomes.
type tally struct{ killed, survived, judged, untried int }

func (t *tally) add(o outcome) {
	switch {
	case o.word == killed || o.word == hung:
		t.killed++
	case o.word == untried:
		t.untried++
	case o.judged != "":
		t.judged++
	default:
		t.survived++
	}
}

// share is the part that was noticed of what could be, 1 of nothing.
func (t tally) share() float64 {
	if t.killed+t.survived == 0 {
		return 1
	}
	return float64(t.killed) / float64(t.killed+t.survived)
}

func (t tally) line(name string) string {
	return fmt.Sprintf("%-22s %5d killed %5d survived %5d equivalent %5d untried  %5.1f %%",
		name, t.killed, t.survived, t.judged, t.untried, 100*t.share())
}

// report writes the survivors with all figures to a file, and the figures to out. It returns the counts of all.
func report(out io.Writer, path, head string, outcomes []outcome) (tally, error) {
	var total tally
	packages, kinds := map[string]*tally{}, map[string]*tally{}
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\n", head)
	at := func(m map[string]*tally, name string) *tally {
		if m[name] == nil {
			m[name] = &tally{}
		}
		return m[name]
	}
	for _, o := range outcomes {
		total.add(o)
		at(packages, o.site.pkg.short).add(o)
		at(kinds, o.site.kind).add(o)
		if o.word == killed {
			continue
		}
		fmt.Fprintf(&text, "%s\t%s:%d\t%s", o.site.key(), o.site.name, o.site.line, o.word)
		switch {
		case o.judged != "":
			fmt.Fprintf(&text, ", equivalent: %s", o.judged)
		case o.word == survived:
			fmt.Fprintf(&text, " %d tests", o.tests)
		case o.word == hung:
			fmt.Fprintf(&text, " in %s", o.by)
		}
		text.WriteString("\n")
	}
	var figures strings.Builder
	for _, m := range []map[string]*tally{packages, kinds} {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintln(&figures, m[name].line(name))
		}
		fmt.Fprintln(&figures)
	}
	fmt.Fprintln(&figures, total.line("all"))
	fmt.Fprint(out, figures.String())
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return total, fmt.Errorf("writing the survivors: %w", err)
	}
	if err := os.WriteFile(path, []byte(text.String()+"\n"+figures.String()), 0o644); err != nil {
		return total, fmt.Errorf("writing the survivors: %w", err)
	}
	fmt.Fprintf(out, "survivors: %s\n", path)
	return total, nil
}
