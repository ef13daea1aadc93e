package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The points of two builds are told apart, and compared like with like.
func TestBuildsBesideEachOther(t *testing.T) {
	var out strings.Builder
	r := &report{plan: &plan{}, out: &out}
	point := func(older bool, clients int, v float64) result {
		return result{
			Operation: "key sign-in", Clients: clients, Older: older, InV: v,
			P50: time.Duration(v) * time.Millisecond, PerSecond: 1000 / v, Commits: 1,
		}
	}
	r.points = []result{
		point(false, 1, 5), point(true, 1, 10), point(false, 32, 4), point(true, 32, 8),
		point(true, 1, 30), point(false, 1, 6), point(true, 32, 10), point(false, 32, 6),
		point(true, 1, 20), point(false, 1, 7), point(true, 64, 1),
	}
	medians := r.medians()
	if len(medians) != 5 {
		t.Fatalf("got %d medians, want one of each build and number of clients: 5", len(medians))
	}
	r.compare(medians)
	var got []float64
	for _, s := range r.shares {
		got = append(got, s.InV, s.P50, s.P99, s.Commits)
	}
	// 6 to 20 alone, 5 to 9 at 32 clients; no p99 was given; 64 clients only one of them had.
	if want := []float64{0.3, 0.3, 0, 1, 5.0 / 9, 5.0 / 9, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("got shares %v, want %v", got, want)
	}
	if !strings.Contains(out.String(), "as shares of the older build") {
		t.Errorf("got %q, want the shares", out.String())
	}
	alone := &report{plan: &plan{}, out: &out, points: []result{point(false, 1, 5)}}
	out.Reset()
	if alone.compare(alone.medians()); out.Len() > 0 || alone.shares != nil {
		t.Errorf("got %q with nothing beside, want nothing", out.String())
	}
}

// An older build without its sources is refused before anything is measured.
func TestOlderBuildNeedsItsSources(t *testing.T) {
	tree := t.TempDir()
	p := &plan{binary: "bin/latchkey", beside: filepath.Join(tree, "bin", "latchkey")}
	if _, err := p.sides(); err == nil {
		t.Error("got no error for a binary without sources")
	}
	if err := os.MkdirAll(filepath.Join(tree, "e2e", "load"), 0o755); err != nil {
		t.Fatal(err)
	}
	sides, err := p.sides()
	if err != nil || len(sides) != 2 || sides[0].older || !sides[1].older || sides[1].tree != tree {
		t.Errorf("got %v, %v, want the build and the older one, with its sources", sides, err)
	}
	p.beside = ""
	if sides, err = p.sides(); err != nil || len(sides) != 1 {
		t.Errorf("got %v, %v, want one build", sides, err)
	}
}
