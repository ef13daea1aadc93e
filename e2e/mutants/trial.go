package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A check is one test of a package's binary, and what it comes by.
type check struct {
	binary *binary
	name   string
	took   time.Duration
	busy   time.Duration // of that, with a processor
	marks  []byte        // by number of the switch
}

// A binary is the tests of one package, with every switch in it.
type binary struct {
	short string
	path  string
	dir   string
}

// build compiles the tests of packages with the switches.
func build(ctx context.Context, root, dir, overlay string, of []*source) ([]*binary, error) {
	args := []string{"test", "-c", "-vet=off", "-overlay", overlay, "-o", dir + string(filepath.Separator)}
	var all []*binary
	for _, s := range of {
		args = append(args, s.path)
		name := filepath.Base(s.path) + ".test"
		all = append(all, &binary{short: s.short, path: filepath.Join(dir, name), dir: s.dir})
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the tests: %w\n%.4000s", err, out)
	}
	return slices.DeleteFunc(all, func(b *binary) bool { // a package without tests has no binary
		_, err := os.Stat(b.path)
		return err != nil
	}), nil
}

// tests lists what a binary can run.
func (b *binary) tests(ctx context.Context, names string) ([]string, error) {
	out, _, err := b.start(ctx, nil, "-test.list", cmp.Or(names, "^(Test|Fuzz)"))
	if err != nil {
		return nil, fmt.Errorf("listing the tests of %s: %w\n%s", b.short, err, out)
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(s string) bool {
		return !strings.HasPrefix(s, "Test") && !strings.HasPrefix(s, "Fuzz")
	}), nil
}

// start runs a binary in its package's folder, and ends what it began with it. It says how long that has kept a
// processor busy: on a machine with other work the clock says nothing.
func (b *binary) start(ctx context.Context, env []string, args ...string) ([]byte, time.Duration, error) {
	cmd := exec.CommandContext(ctx, b.path, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var busy time.Duration
	if cmd.ProcessState != nil {
		busy = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return out.Bytes(), busy, err
}

// survey runs every test of a binary by itself with no switch on: how long it takes, and what it comes by. One that
// fails even so proves nothing and is left out.
func (b *binary) survey(
	ctx context.Context, dir, which string, size int, say func(string, ...any),
) ([]*check, error) {
	names, err := b.tests(ctx, which)
	if err != nil {
		return nil, err
	}
	marks := filepath.Join(dir, "marks-"+filepath.Base(b.path))
	var all []*check
	for _, name := range names {
		if err := os.WriteFile(marks, make([]byte, size), 0o600); err != nil {
			return nil, fmt.Errorf("making room for marks: %w", err)
		}
		began := time.Now()
		out, busy, err := b.start(ctx, []string{"MUTANT_REACHED=" + marks}, "-test.run", "^"+name+"$", "-test.short",
			"-test.timeout", "5m")
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			say("left out: %s of %s fails with no switch on: %v\n%.600s", name, b.short, err, out)
			continue
		}
		c := &check{binary: b, name: name, took: time.Since(began), busy: busy}
		if c.marks, err = os.ReadFile(marks); err != nil {
			return nil, fmt.Errorf("reading marks: %w", err)
		}
		all = append(all, c)
	}
	return all, nil
}

// An outcome is what became of one mutation.
type outcome struct {
	site   *site
	word   string // one of those below
	by     string // the test that noticed
	tests  int    // how many come by
	took   time.Duration
	judged string // why it is no fault, from the file of judgements
}

const (
	killed    = "killed"
	hung      = "killed by time"
	survived  = "survived"
	unreached = "unreached" // survived, for no test comes by
	untried   = "untried"   // the time was over
	harmless  = "harmless"  // judged to be no fault, and not tried
)

// shares divides the tests that come by a switch into runs: its own package's before others', the quick ones first.
func shares(checks []*check, s *site) [][]*check {
	const quick = 2 * time.Second
	var runs [][]*check
	for _, own := range []bool{true, false} {
		by := map[*binary][]*check{}
		var order []*binary
		for _, c := range checks {
			if c.marks[s.id] == 0 || (c.binary.short == s.pkg.short) != own {
				continue
			}
			if by[c.binary] == nil {
				order = append(order, c.binary)
			}
			by[c.binary] = append(by[c.binary], c)
		}
		var first, rest [][]*check
		for _, b := range order {
			mine := by[b]
			slices.SortStableFunc(mine, func(x, y *check) int { return int(x.busy - y.busy) })
			var sum time.Duration
			cut := 0
			for cut < len(mine) && (cut == 0 || sum+mine[cut].busy <= quick) {
				sum += mine[cut].busy
				cut++
			}
			first = append(first, mine[:cut])
			if cut < len(mine) {
				rest = append(rest, mine[cut:])
			}
		}
		runs = append(runs, append(first, rest...)...)
	}
	return runs
}

// costOf is what all tests take that come by a switch.
func costOf(checks []*check, s *site) time.Duration {
	var sum time.Duration
	for _, c := range checks {
		if c.marks[s.id] != 0 {
			sum += c.busy
		}
	}
	return sum
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// try turns one switch on and runs the tests that come by it, until one notices: those first that have noticed another
// in the same function.
func try(ctx context.Context, checks []*check, s *site, seen *noticers) outcome {
	o := outcome{site: s, word: unreached}
	began := time.Now()
	defer func() { o.took = time.Since(began) }()
	for _, run := range append(seen.of(checks, s), shares(checks, s)...) {
		var names []string
		var usual time.Duration
		for _, c := range run {
			names = append(names, c.name)
			usual += c.took
		}
		o.tests += len(run)
		o.word = survived
		bound, cancel := context.WithTimeout(ctx, 20*time.Second+8*usual)
		out, _, err := run[0].binary.start(bound, []string{fmt.Sprintf("MUTANT=%d", s.id)}, "-test.failfast", "-test.short",
			"-test.run", "^("+strings.Join(names, "|")+")$")
		late := bound.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			o.word = untried
			return o
		case late:
			o.word = hung
			o.by = run[0].binary.short
			return o
		case err != nil:
			o.word = killed
			o.by = run[0].binary.short
			if m := failedTest.FindSubmatch(out); m != nil {
				o.by += " " + string(m[1])
				seen.add(s, run[0].binary, string(m[1]))
			}
			return o
		}
	}
	return o
}

// noticers remember by function which tests have noticed something there, the newest first.
type noticers struct {
	sync.Mutex
	names map[string][]string
}

// mostNoticers is how many of them are asked first.
const mostNoticers = 4

func (n *noticers) add(s *site, b *binary, name string) {
	n.Lock()
	defer n.Unlock()
	key := s.place() + " " + b.short
	if n.names == nil {
		n.names = map[string][]string{}
	}
	list := slices.DeleteFunc(n.names[key], func(o string) bool { return o == name })
	n.names[key] = slices.Insert(list, 0, name)[:min(len(list)+1, mostNoticers)]
}

// of is a run of the tests of the site's own package that have noticed something in its function.
func (n *noticers) of(checks []*check, s *site) [][]*check {
	n.Lock()
	defer n.Unlock()
	var run []*check
	for _, c := range checks {
		if c.binary.short == s.pkg.short && c.marks[s.id] != 0 &&
			slices.Contains(n.names[s.place()+" "+s.pkg.short], c.name) {
			run = append(run, c)
		}
	}
	if run == nil {
		return nil
	}
	return [][]*check{run}
}
