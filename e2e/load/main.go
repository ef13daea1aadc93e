// Command load measures a Latchkey binary: how much one sign-in costs the server, how many it does,
// how long they take, what lies on the disk afterwards. It starts the binary itself on a fresh folder
// and a free port of the loopback interface, and never talks to anything else.
//
//	sellers.go   seeds deterministic sellers, through the domain and the store
//	child.go     the server as a process: start, ready, stop
//	proc.go      what the kernel says: CPU, memory, steal
//	unit.go      V: one bare P-256 verification, measured in the same seconds
//	client.go    one keep-alive connection
//	work.go      what one operation is: key sign-in, app-code second step, session check
//	point.go     the closed loop: N workers for some seconds
//	still.go     what is measured at rest: start, memory, disk, pages
//	calls.go     what one sign-in asks of the disk, and of the allocator
//	beside.go    with -beside: an older build, measured in the same rounds
//	alike.go     with -enumeration, instead of all that: does the time of an answer tell who has an account?
//	siege.go     with -siege, instead: what do floods of strangers make of owners' sign-ins?
//	report.go    the table and the JSON
//
// Figures that count are counts and ratios: commits and fsyncs per operation, and server CPU per
// operation in V. Times and rates depend on the machine of the day and are printed beside its steal.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// A plan is what to measure.
type plan struct {
	binary  string
	beside  string // an older build, "" for none
	json    string
	work    string // folder for data; "": a temporary one
	sellers int
	clients []int
	rounds  int
	warm    time.Duration
	point   time.Duration
	most    int // operations a point
	codes   int // app-code second steps a point
	limit   time.Duration

	enumeration bool
	samples     int    // an arm
	only        string // the one act to measure, "" for all

	siege bool
	flood string // set: this process is one of its floods
}

func run(args []string, stdout, stderr io.Writer) int {
	p, err := readPlan(args, stderr)
	if err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	act := p.measure
	if p.flood != "" {
		act = func(ctx context.Context, out io.Writer) error { return floodUntil(ctx, p.flood, os.Stdin, out) }
	}
	if err := act(ctx, stdout); err != nil {
		fmt.Fprintf(stderr, "load: %v\n", err)
		return 1
	}
	return 0
}

func readPlan(args []string, stderr io.Writer) (*plan, error) {
	p := &plan{}
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&p.binary, "binary", "bin/latchkey", "the program to measure")
	f.StringVar(&p.beside, "beside", "",
		"an older build to measure in the same rounds, where its own .ci/build left it")
	f.StringVar(&p.json, "json", "dist/bench.json", "where to write every figure")
	f.StringVar(&p.work, "dir", "", "folder for the data, on the disk to measure; a temporary one if empty")
	f.IntVar(&p.sellers, "sellers", 1000, "sellers to seed")
	f.IntVar(&p.rounds, "rounds", 3, "rounds; medians are reported")
	f.DurationVar(&p.warm, "warm", time.Second, "warm-up before a point")
	f.DurationVar(&p.point, "point", 10*time.Second, "length of a point")
	f.IntVar(&p.most, "most", 200_000, "operations a point, at most")
	f.IntVar(&p.codes, "codes", 600, "app-code second steps a point: each needs a password before it; 0 leaves them out")
	f.DurationVar(&p.limit, "limit", 30*time.Minute, "the whole run, at most")
	f.BoolVar(&p.enumeration, "enumeration", false,
		"measure whether the time of an answer tells who has an account, and nothing else")
	f.IntVar(&p.samples, "samples", 2000, "with -enumeration: samples an arm")
	f.StringVar(&p.only, "act", "", "with -enumeration: measure this act alone, for example \"key first\"")
	f.BoolVar(&p.siege, "siege", false, "measure what floods of strangers make of owners' sign-ins, and nothing else")
	f.StringVar(&p.flood, "flood", "", "be one flood of a siege: the siege itself starts it so")
	clients := f.String("clients", "1,8,32,64", "numbers of clients")
	quick := f.Bool("quick", false, "one short round, to see that all of it works")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	for _, s := range strings.Split(*clients, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1024 {
			fmt.Fprintf(stderr, "load: clients: want numbers from 1 to 1024\n")
			return nil, fmt.Errorf("clients: %q", s)
		}
		p.clients = append(p.clients, n)
	}
	if *quick {
		p.rounds = 1
		p.point = 2 * time.Second
		p.codes = min(p.codes, 64)
		p.samples = min(p.samples, 50)
	}
	if p.siege { // a point for each sign-in, with and without each flood
		p.point, p.codes = min(p.point, 4*time.Second), min(p.codes, 96)
	}
	if p.codes < 0 {
		fmt.Fprintf(stderr, "load: codes: want 0 or more\n")
		return nil, fmt.Errorf("codes: %d", p.codes)
	}
	if p.samples < 1 {
		fmt.Fprintf(stderr, "load: samples: want 1 or more\n")
		return nil, fmt.Errorf("samples: %d", p.samples)
	}
	return p, nil
}

// measure does everything in order: what is at rest first, then the rounds under load.
func (p *plan) measure(ctx context.Context, stdout io.Writer) error {
	dir := p.work
	if dir == "" {
		temporary, err := os.MkdirTemp("", "latchkey-load-")
		if err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
		defer os.RemoveAll(temporary)
		dir = temporary
	}
	r := &report{plan: p, out: stdout, began: time.Now()}
	switch {
	case p.enumeration:
		return p.alike(ctx, dir, r)
	case p.siege:
		return p.underSiege(ctx, dir, r)
	}
	sides, err := p.sides()
	if err != nil {
		return err
	}
	for _, s := range sides {
		defer s.end()
		if err := p.prepare(ctx, dir, s, r); err != nil {
			return err
		}
	}
	if err := p.rounded(ctx, sides, r); err != nil {
		return err
	}
	for _, s := range sides {
		p.calls(ctx, s, r)
		p.allocations(ctx, s, r)
		if err := s.child.stop(); err != nil {
			return err
		}
	}
	return r.finish(p.json)
}

// prepare measures a build at rest and leaves it running on a seeded store.
func (p *plan) prepare(ctx context.Context, dir string, s *side, r *report) error {
	dir = filepath.Join(dir, s.folder)
	data := filepath.Join(dir, "data")
	r.title(s.says("at rest"))
	if err := p.atRest(ctx, dir, s, r); err != nil {
		return err
	}
	var err error
	if s.older {
		s.sellers, err = p.seedOlder(ctx, dir, s)
	} else {
		p.lone(ctx, r)
		s.sellers, err = p.seed(ctx, data, r)
	}
	if err != nil {
		return fmt.Errorf("seeding: %w", err)
	}
	if s.child, err = startChild(ctx, s.binary, data, s.sellers.port); err != nil {
		return err
	}
	s.child.older = s.older
	if err := p.seeded(ctx, s, r); err != nil {
		return err
	}
	return introduce(ctx, s.child, s.sellers)
}

// rounded measures every point once a round, so that a bad minute of the machine touches all of them. The
// builds take turns within a point, and in going first.
func (p *plan) rounded(ctx context.Context, sides []*side, r *report) error {
	sides = slices.Clone(sides)
	for round := range p.rounds {
		r.title(fmt.Sprintf("round %d of %d", round+1, p.rounds))
		for _, n := range p.clients {
			for _, s := range sides {
				if err := p.run(ctx, s.child, r, keySignIn(s.sellers), n, p.point); err != nil {
					return err
				}
			}
		}
		for _, s := range sides {
			if err := p.others(ctx, s, r); err != nil {
				return err
			}
		}
		slices.Reverse(sides)
	}
	return nil
}

// others measures what is not a key sign-in.
func (p *plan) others(ctx context.Context, s *side, r *report) error {
	if p.codes > 0 && len(s.sellers.apps) > 0 {
		codes, err := codeSecondStep(ctx, s.child, s.sellers, p.codes)
		if err != nil {
			return fmt.Errorf("preparing app codes: %w", err)
		}
		if err := p.run(ctx, s.child, r, codes, 32, p.point); err != nil {
			return err
		}
	}
	check, err := sessionCheck(s.child, s.sellers)
	if err != nil {
		return fmt.Errorf("preparing session checks: %w", err)
	}
	return p.run(ctx, s.child, r, check, 32, p.point)
}
