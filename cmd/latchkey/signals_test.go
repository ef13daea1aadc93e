package main

import (
	"bufio"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A process is the built program, serving.
type process struct {
	*exec.Cmd
	address string
	ended   chan error
}

// serveProcess starts the program on a free address and waits until it answers. before stands before its command line.
func serveProcess(t *testing.T, out *os.File, before ...string) *process {
	t.Helper()
	l := localListener(t)
	address := l.Addr().String()
	l.Close()
	heard := make(chan os.Signal,
		1) // who runs the tests may ignore it, and what is ignored is inherited; what is heard is not
	signal.Notify(heard, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(heard) })
	line := append(before, "latchkey", "serve", "--listen", address, "--data", filepath.Join(t.TempDir(), "data"))
	p := &process{exec.Command(line[0], line[1:]...), address, make(chan error, 1)}
	p.Stdout, p.Stderr = out, out
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	go func() { p.ended <- p.Wait() }()
	p.until(t, "it answers", func() bool { return p.get() == http.StatusOK })
	return p
}

// until waits for something that nothing tells of.
func (p *process) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 400 {
		if is() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("waited in vain until %s", what)
}

func (p *process) get() int {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get("http://" + p.address + "/health/ready")
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}

// code is what it exits with; -1 after a signal that killed it.
func (p *process) code(t *testing.T) int {
	t.Helper()
	select {
	case err := <-p.ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return p.ProcessState.ExitCode()
	case <-time.After(15 * time.Second):
		t.Fatal("it did not end within 15 s")
	}
	return -1
}

// Whatever asks it to stop, what is under way is finished first; and after a hang-up, which no operator
// asked for, its supervisor brings it back.
func TestEverySignalDrains(t *testing.T) {
	for _, c := range []struct {
		signals []syscall.Signal
		want    int
	}{
		{[]syscall.Signal{syscall.SIGTERM}, exitDone},
		{[]syscall.Signal{syscall.SIGINT}, exitDone},
		{[]syscall.Signal{syscall.SIGTERM, syscall.SIGHUP}, exitDone},
		{[]syscall.Signal{syscall.SIGHUP}, exitHungUp},
		{[]syscall.Signal{syscall.SIGHUP, syscall.SIGHUP}, exitHungUp},
	} {
		t.Run(fmt.Sprint(c.signals), func(t *testing.T) {
			p := serveProcess(t, nil)
			slow, err := net.Dial("tcp", p.address)
			if err != nil {
				t.Fatal(err)
			}
			defer slow.Close()
			answers := bufio.NewReader(slow)
			_, _ = io.WriteString(slow,
				"POST /api/v1/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
			if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100") { // it is under way
				t.Fatalf("got %q, %v, want to be asked for the body", line, err)
			}
			for _, s := range c.signals {
				if err := p.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
				p.until(t, "no new request is taken", func() bool { return p.get() == 0 })
			}
			_, _ = answers.ReadString('\n')
			_, _ = io.WriteString(slow, "{}")
			r, err := http.ReadResponse(answers, nil)
			if err != nil || r.StatusCode < 400 {
				t.Errorf("the request under way: got %v, %v, want its answer", r, err)
			}
			if got := p.code(t); got != c.want {
				t.Errorf("got exit code %d, want %d", got, c.want)
			}
		})
	}
}

// The reader of the log may go: the service stays, and stops in order when it is asked to.
func TestItOutlivesWhoReadsItsLog(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := serveProcess(t, write)
	write.Close()
	read.Close()
	for i := range 5 { // each writes a line to the log
		if got := p.get(); got != http.StatusOK {
			t.Fatalf("request %d without a reader: got %d, want 200", i, got)
		}
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := p.code(t); got != exitDone {
		t.Errorf("got exit code %d, want %d", got, exitDone)
	}
}

// Who starts it with nohup wants it to outlive the terminal.
func TestIgnoredHangUpStaysIgnored(t *testing.T) {
	p := serveProcess(t, nil, "sh", "-c", `trap "" HUP; exec "$@"`, "sh")
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGHUP} {
		if err := p.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		if got := p.get(); got != http.StatusOK {
			t.Fatalf("after a hang-up: got %d, want 200", got)
		}
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := p.code(t); got != exitDone {
		t.Errorf("got exit code %d, want %d", got, exitDone)
	}
}

// Zones are in the program: a container has none of its own.
func TestZonesAreBuiltIn(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range tree.Imports {
			if i.Path.Value == `"time/tzdata"` {
				return
			}
		}
	}
	t.Error("got no import of time/tzdata, want it in the program")
}
