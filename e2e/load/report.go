package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A report collects every figure, prints it at once, and writes all of them in the end.
type report struct {
	plan   *plan
	out    io.Writer
	began  time.Time
	facts  []fact
	points []result
	shares []comparison
	notes  []string
}

// A fact is one figure that is measured once.
type fact struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit,omitempty"`
	Target string  `json:"target,omitempty"`
}

// targets is what the points have to reach: by operation and clients, in V; 0 clients: any number.
var targets = map[string]string{
	"key sign-in/1":           "<= 20 V, 1 commit",
	"key sign-in/32":          "<= 10 V, 1 commit",
	"key sign-in/64":          "0 errors, p99 <= 5 p50",
	"app-code second step/32": "<= 6 V",
	"session check/32":        "<= 1.5 V",
}

func (r *report) title(text string) {
	fmt.Fprintf(r.out, "\n%s\n", text)
	if strings.HasPrefix(text, "round") || text == "medians" {
		fmt.Fprintf(r.out, "  %-21s %3s %7s %8s %8s %8s %6s %9s %6s %7s %7s %6s %6s\n",
			"operation", "N", "/s", "p50 ms", "p99 ms", "sign ms", "errors", "CPU us", "V us", "in V", "commits",
			"MiB", "steal")
	}
}

func (r *report) fact(name string, value float64, unit, target string) {
	r.facts = append(r.facts, fact{name, value, unit, target})
	fmt.Fprintf(r.out, "  %-55s %10.3f %-4s %s\n", name, value, unit, target)
}

func (r *report) note(text string) {
	r.notes = append(r.notes, text)
	fmt.Fprintf(r.out, "  note: %s\n", text)
}

func (r *report) add(p result) {
	r.points = append(r.points, p)
	r.line(p, "")
}

// key names what was measured, whichever build did it.
func (p result) key() string { return fmt.Sprintf("%s/%d", p.Operation, p.Clients) }

func (r *report) line(p result, more string) {
	if p.Older {
		more = "older"
	}
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	fmt.Fprintf(r.out, "  %-21s %3d %7.0f %8.2f %8.2f %8.3f %6d %9.0f %6.0f %7.2f %7.3f %6.1f %5.1f%%  %s\n",
		p.Operation, p.Clients, p.PerSecond, ms(p.P50), ms(p.P99), ms(p.Signing), p.Errors,
		float64(p.CPU)/1e3, float64(p.V)/1e3, p.InV, p.Commits, float64(p.High)/(1<<20), 100*p.Steal, more)
	if p.FirstError != "" {
		fmt.Fprintf(r.out, "    first error: %s\n", p.FirstError)
	}
}

// medians is the middle of each figure over the rounds; errors are added up, for none is forgiven.
func (r *report) medians() []result {
	var all []result
	for _, p := range r.points {
		same := func(o result) bool { return o.key() == p.key() && o.Older == p.Older }
		if slices.ContainsFunc(all, same) {
			continue
		}
		var group []result
		for _, o := range r.points {
			if same(o) {
				group = append(group, o)
			}
		}
		all = append(all, middle(group))
	}
	return all
}

func middle(group []result) result {
	float := func(of func(result) float64) float64 {
		var v []float64
		for _, p := range group {
			v = append(v, of(p))
		}
		return median(v)
	}
	span := func(of func(result) time.Duration) time.Duration {
		return time.Duration(float(func(p result) float64 { return float64(of(p)) }))
	}
	m := result{Operation: group[0].Operation, Clients: group[0].Clients, Older: group[0].Older}
	for _, p := range group {
		m.Done += p.Done
		m.Errors += p.Errors
		m.Seconds += p.Seconds
		m.High = max(m.High, p.High)
		m.RSS = max(m.RSS, p.RSS)
		m.Most = max(m.Most, p.Most)
		if m.FirstError == "" {
			m.FirstError = p.FirstError
		}
	}
	m.PerSecond = float(func(p result) float64 { return p.PerSecond })
	m.InV = float(func(p result) float64 { return p.InV })
	m.Commits = float(func(p result) float64 { return p.Commits })
	m.Steal = float(func(p result) float64 { return p.Steal })
	m.P50 = span(func(p result) time.Duration { return p.P50 })
	m.P99 = span(func(p result) time.Duration { return p.P99 })
	m.Signing = span(func(p result) time.Duration { return p.Signing })
	m.CPU = span(func(p result) time.Duration { return p.CPU })
	m.V = span(func(p result) time.Duration { return p.V })
	return m
}

// finish prints the medians and writes everything as JSON.
func (r *report) finish(path string) error {
	r.title("medians")
	medians := r.medians()
	for _, p := range medians {
		r.line(p, targets[p.key()])
	}
	r.compare(medians)
	err := writeFigures(path, map[string]any{
		"began": r.began.UTC().Format(time.RFC3339), "seconds": time.Since(r.began).Seconds(),
		"go": runtime.Version(), "processors": runtime.NumCPU(), "processor": processor(),
		"rounds": r.plan.rounds, "sellers": r.plan.sellers, "pointSeconds": r.plan.point.Seconds(),
		"facts": r.facts, "points": r.points, "medians": medians, "shares": r.shares, "notes": r.notes,
	})
	if err == nil {
		fmt.Fprintf(r.out, "\nall figures: %s\n", path)
	}
	return err
}

// writeFigures writes figures as JSON.
func writeFigures(path string, figures map[string]any) error {
	text, err := json.MarshalIndent(figures, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing the figures: %w", err)
	}
	return nil
}

// processor is the model name of the first one, "" if the kernel does not tell.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
