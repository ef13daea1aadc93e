package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// calls counts, with strace where there is one, how often the server writes to its store and makes that durable.
func (p *plan) calls(ctx context.Context, s *side, r *report) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		r.note("calls were not counted: there is no strace here")
		return
	}
	for _, point := range []struct {
		clients, each int
		syncs, writes string // targets
	}{{1, 50, "", ""}, {32, 10, "<= 0.2", "<= 9"}} {
		count := point.clients * point.each
		made, err := countCalls(ctx, strace, s, point.clients, count)
		if err != nil {
			r.note(s.says(fmt.Sprintf("calls were not counted: %v", err)))
			return
		}
		each := func(what string, n int, target string) {
			name := fmt.Sprintf("%s per key sign-in, %d clients", what, point.clients)
			r.fact(s.says(name), float64(n)/float64(count), "", target)
		}
		each("fsync and fdatasync", made["fsync"]+made["fdatasync"], point.syncs)
		each("writes to the store", made["pwrite64"], point.writes)
	}
}

// countCalls has that many clients sign in, count times together, while strace looks.
func countCalls(ctx context.Context, strace string, s *side, clients, count int) (map[string]int, error) {
	summary, err := os.CreateTemp("", "latchkey-strace-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(summary.Name())
	defer summary.Close()
	cmd := exec.CommandContext(ctx, strace, "-f", "-c", "-e", "trace=fsync,fdatasync,pwrite64", "-o", summary.Name(),
		"-p", strconv.Itoa(s.child.pid()))
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(said)
	if !lines.Scan() || !strings.Contains(lines.Text(), "attached") {
		cmd.Process.Kill()
		cmd.Wait()
		return nil, fmt.Errorf("strace may not look: %s", lines.Text())
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for lines.Scan() {
		}
	}()
	op := keySignIn(s.sellers)
	op.count = count
	l := newLoop(s.child, op, clients, count)
	<-l.start(ctx)
	l.close()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		return nil, err
	}
	<-drained
	cmd.Wait() // strace ends with the signal that it was sent
	for _, w := range l.workers {
		if w.first != nil {
			return nil, w.first
		}
	}
	text, err := io.ReadAll(summary)
	if err != nil {
		return nil, err
	}
	return parseCalls(string(text))
}

// parseCalls reads how often each call was made from a summary of strace -c:
//
//	% time     seconds  usecs/call     calls    errors syscall
//	100.00    0.001209          12       100           fdatasync
func parseCalls(summary string) (map[string]int, error) {
	made := map[string]int{}
	for line := range strings.Lines(summary) {
		f := strings.Fields(line)
		if len(f) < 5 || !strings.ContainsAny(f[0][:1], "0123456789") {
			continue
		}
		n, err := strconv.Atoi(f[3])
		if err != nil {
			return nil, fmt.Errorf("reading what strace counted: %w", err)
		}
		made[f[len(f)-1]] = n
	}
	return made, nil
}

var allocated = regexp.MustCompile(`(\d+) allocs/op`)

// allocations runs the sources' own benchmark of a key sign-in within one process.
func (p *plan) allocations(ctx context.Context, s *side, r *report) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkKeySignIn$", "-benchmem", "./auth")
	cmd.Dir = s.tree
	out, err := cmd.CombinedOutput()
	m := allocated.FindSubmatch(out)
	if err != nil || m == nil {
		r.note(s.says("allocations were not counted: the benchmark needs the sources and Go"))
		return
	}
	value, _ := strconv.ParseFloat(string(m[1]), 64) // digits only
	r.fact(s.says("allocations of a key sign-in, in process"), value, "", "<= 450")
}
