// Command mutants asks of the tests whether they would notice: it makes small, harmful edits to the packages that
// decide, one at a time, and counts those that no test fails for.
//
//	load.go       the packages with their types
//	site.go       where an edit can be made, and how it is named
//	operators.go  what edits there are
//	sample.go     which ones are tried
//	rewrite.go    all of them in one build, each behind a switch
//	trial.go      which tests come by a switch, and what they say when it is on
//	report.go     the survivors, and what was judged of them
//
// The sources are never touched: the compiler reads edited copies in their place. Each test is run once by itself with
// no switch on, which shows what it comes by, so that a mutation is tried with the tests that can notice it alone.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// mutated are the packages whose edits would hurt somebody.
var mutated = []string{
	"./auth", "./ident", "./password", "./puzzle", "./totp", "./oob", "./lookup", "./webauthn", "./store", "./store/bolt",
	"./notify", "./team", "./recovery", "./staff", "./web", "./server", "./desk",
}

// A plan is what to try.
type plan struct {
	root    string
	sample  int
	seed    uint64
	only    string
	tests   string
	names   string
	limit   time.Duration
	workers int
	out     string
	judged  string
	again   bool
	compile bool
	verbose bool

	packages []string
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	p := &plan{root: ".", packages: mutated}
	f := flag.NewFlagSet("mutants", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&p.sample, "sample", 600, "mutations to try, drawn from all")
	f.Uint64Var(&p.seed, "seed", 1, "which ones are drawn")
	f.StringVar(&p.only, "only", "", "draw from those alone whose key contains one of these, separated by commas")
	f.StringVar(&p.tests, "tests", "", "ask the tests of the packages in this folder alone, and below it")
	f.StringVar(&p.names, "run", "", "ask those tests alone whose name matches")
	f.DurationVar(&p.limit, "limit", 115*time.Minute, "the whole run, at most")
	f.IntVar(&p.workers, "workers", runtime.NumCPU(), "mutations tried at a time")
	f.StringVar(&p.out, "out", "dist/mutants.txt", "where to write the survivors")
	f.StringVar(&p.judged, "judged", "e2e/mutants/judged.txt", "survivors that are no faults, and why")
	f.BoolVar(&p.again, "again", false, "try those as well that were judged")
	f.BoolVar(&p.compile, "compile", false, "build every mutation there is, and try none")
	f.BoolVar(&p.verbose, "v", false, "print every outcome")
	if err := f.Parse(args); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	if err := p.run(ctx, stdout); err != nil {
		fmt.Fprintf(stderr, "mutants: %v\n", err)
		return 1
	}
	return 0
}

// run does all of it: find, draw, build, survey, try, report.
func (p *plan) run(ctx context.Context, stdout io.Writer) error {
	began := time.Now()
	var saying sync.Mutex // all workers speak
	say := func(format string, args ...any) {
		saying.Lock()
		defer saying.Unlock()
		fmt.Fprintf(stdout, "%7.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	judged, err := readJudged(p.judged)
	if err != nil {
		return err
	}
	drawn, sources, total, err := p.draw()
	if err != nil {
		return err
	}
	say("%d of %d mutations in %d packages", len(drawn), total, len(sources))
	dir, err := os.MkdirTemp("", "latchkey-mutants-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	overlay, err := rewrite(dir, drawn)
	if err != nil {
		return err
	}
	asked := slices.DeleteFunc(slices.Clone(sources), func(s *source) bool { return !p.asks(s.short) })
	binaries, err := build(ctx, p.root, dir, overlay, asked)
	if err != nil {
		return err
	}
	say("%d test binaries are built", len(binaries))
	if p.compile {
		return nil
	}
	checks, err := p.survey(ctx, dir, binaries, len(drawn)+1, say)
	if err != nil {
		return err
	}
	say("%d tests are surveyed", len(checks))
	outcomes := p.tryAll(ctx, checks, drawn, judged, say)
	head := fmt.Sprintf("seed %d, %d of %d mutations, %d tests, %s", p.seed, len(drawn), total, len(checks),
		time.Since(began).Round(time.Second))
	counts, err := report(stdout, p.out, head, outcomes)
	switch share := counts.share(); {
	case err == nil && share < enough:
		err = fmt.Errorf("%.1f %% of the mutations were noticed, want %.0f %%", 100*share, 100*enough)
	case err == nil && counts.untried > 0:
		err = fmt.Errorf("%d mutations were not tried", counts.untried)
	}
	return err
}

// asksFor reports whether a mutation is among those that are drawn from.
func (p *plan) asksFor(key string) bool {
	return slices.ContainsFunc(strings.Split(p.only, ","), func(part string) bool { return strings.Contains(key, part) })
}

// asks reports whether the tests of a package are asked.
func (p *plan) asks(short string) bool {
	return p.tests == "" || strings.HasPrefix(short+"/", strings.TrimSuffix(p.tests, "/")+"/")
}

// draw finds all sites and draws the sample.
func (p *plan) draw() (drawn []*site, sources []*source, total int, err error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, nil, 0, fmt.Errorf("finding the module: %w", err)
	}
	if p.root == "." {
		p.root = root
	}
	if sources, err = load(p.root, p.packages); err != nil {
		return nil, nil, 0, err
	}
	var all []*site
	for _, s := range sources {
		for _, one := range find(s) {
			if p.asksFor(one.key()) {
				all = append(all, one)
			}
		}
	}
	if len(all) == 0 {
		return nil, nil, 0, errors.New("there is nothing to mutate")
	}
	n := p.sample
	if p.compile {
		n = len(all)
	}
	return sample(all, n, p.seed), sources, len(all), nil
}

// survey surveys the binaries, some at a time.
func (p *plan) survey(
	ctx context.Context, dir string, of []*binary, size int, say func(string, ...any),
) ([]*check, error) {
	found := make([][]*check, len(of))
	failed := make([]error, len(of))
	p.each(len(of), func(i int) { found[i], failed[i] = of[i].survey(ctx, dir, p.names, size, say) })
	var all []*check
	for _, some := range found {
		all = append(all, some...)
	}
	return all, errors.Join(failed...)
}

// tryAll tries every mutation of the sample: those first that the least tests come by. They are soon tried and the
// likeliest to survive, so that a run that is cut off has found the most. What was judged to be no fault is not tried:
// it would cost the time of every test that comes by.
func (p *plan) tryAll(
	ctx context.Context, checks []*check, drawn []*site, judged map[string]string, say func(string, ...any),
) []outcome {
	outcomes := make([]outcome, len(drawn))
	order := make([]int, len(drawn))
	cost := make([]time.Duration, len(drawn))
	for i, one := range drawn {
		order[i], cost[i] = i, costOf(checks, one)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(cost[a], cost[b]) })
	var done atomic.Int64
	var seen noticers
	p.each(len(drawn), func(at int) {
		i := order[at]
		why := judged[drawn[i].key()]
		o := outcome{site: drawn[i], word: untried}
		switch {
		case why != "" && !p.again:
			o.word = harmless
		case ctx.Err() == nil:
			o = try(ctx, checks, drawn[i], &seen)
		}
		o.judged = why
		outcomes[i] = o
		if n := done.Add(1); p.verbose || n%25 == 0 {
			say("%d of %d: %s %s (%s, %.1f s)", n, len(drawn), o.word, o.site.key(), o.by, o.took.Seconds())
		}
	})
	return outcomes
}

// each calls work for every number below n, as many at a time as there are workers.
func (p *plan) each(n int, work func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(p.workers, n) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	all.Wait()
}
