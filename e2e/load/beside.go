package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// A side is one build that is measured.
type side struct {
	older  bool
	binary string
	tree   string // its sources
	folder string // its own, within the folder for data

	child   *child
	sellers *sellers
}

// sides are the build to measure and, if there is one, the older one beside it. That lies in bin of its own sources:
// only their generator can fill a store that it reads.
func (p *plan) sides() ([]*side, error) {
	all := []*side{{binary: p.binary, folder: "now"}}
	if p.beside == "" {
		return all, nil
	}
	binary, err := filepath.Abs(p.beside)
	if err != nil {
		return nil, fmt.Errorf("looking for the older build: %w", err)
	}
	tree := filepath.Dir(filepath.Dir(binary))
	if _, err := os.Stat(filepath.Join(tree, "e2e", "load")); err != nil {
		return nil, fmt.Errorf("the older build must lie in bin of its own sources: %w", err)
	}
	return append(all, &side{older: true, binary: binary, tree: tree, folder: "older"}), nil
}

// says is the name of a figure, which tells the older build's from the newer one's.
func (s *side) says(what string) string {
	if s.older {
		return what + " (older)"
	}
	return what
}

func (s *side) end() {
	if s.child != nil {
		s.child.kill()
	}
}

// seedOlder has the generator of the older sources fill dir with as many sellers as the newer build gets; it leaves a
// short run's sign-ins behind. Every key is made from its seller's number, so that it need not be told which they are.
// Apps' secrets are drawn anew each time: there are none.
func (p *plan) seedOlder(ctx context.Context, dir string, old *side) (*sellers, error) {
	generator := filepath.Join(dir, "generator")
	for _, command := range [][]string{
		{"go", "build", "-o", generator, "./e2e/load"},
		{generator, "-binary", old.binary, "-dir", dir, "-json", filepath.Join(dir, "figures.json"),
			"-sellers", strconv.Itoa(p.sellers), "-clients", "1", "-codes", "1", "-rounds", "1",
			"-warm", "1ms", "-point", "10ms"},
	} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Dir = old.tree
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that it ends its own server
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("the older sources' %s: %w; it said: %.2000s", filepath.Base(command[0]), err, out)
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &sellers{port: port, origin: originOf(port), began: time.Now()}
	m, err := newMaker(ctx, s.origin)
	if err != nil {
		return nil, err
	}
	if _, err := m.keySellers(s, p.sellers); err != nil {
		return nil, err
	}
	for i := range s.keys {
		s.keys[i].counter = 1 << 31 // above what the older generator's clock has shown
	}
	return s, nil
}

// compare prints the newer build's medians as shares of the older one's.
func (r *report) compare(medians []result) {
	older := map[string]result{}
	for _, p := range medians {
		if p.Older {
			older[p.key()] = p
		}
	}
	if len(older) == 0 {
		return
	}
	fmt.Fprintf(r.out, "\nas shares of the older build\n  %-21s %3s %7s %8s %8s %7s %7s\n",
		"operation", "N", "/s", "p50", "p99", "in V", "commits")
	for _, p := range medians {
		old, ok := older[p.key()]
		if p.Older || !ok {
			continue
		}
		one := comparison{
			Operation: p.Operation, Clients: p.Clients,
			PerSecond: share(p.PerSecond, old.PerSecond), P50: share(float64(p.P50), float64(old.P50)),
			P99: share(float64(p.P99), float64(old.P99)), InV: share(p.InV, old.InV),
			Commits: share(p.Commits, old.Commits),
		}
		r.shares = append(r.shares, one)
		fmt.Fprintf(r.out, "  %-21s %3d %7.3f %8.3f %8.3f %7.3f %7.3f\n",
			one.Operation, one.Clients, one.PerSecond, one.P50, one.P99, one.InV, one.Commits)
	}
}

// A comparison is a point of the newer build as shares of the same point of the older one.
type comparison struct {
	Operation string  `json:"operation"`
	Clients   int     `json:"clients"`
	PerSecond float64 `json:"perSecond"`
	P50       float64 `json:"p50"`
	P99       float64 `json:"p99"`
	InV       float64 `json:"inV"`
	Commits   float64 `json:"commits"`
}

// share is a part of a whole, 0 if there is no whole.
func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}
