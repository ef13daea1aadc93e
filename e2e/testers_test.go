package e2e

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What a tester types off docs/testers.md for Latchkey: a lab, its root, the whole catalogue, a JUnit report; then one
// key by hand.
func TestTesterAgainstTheLab(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	bin := t.TempDir()
	c := exec.Command("go", "build", "-trimpath", "-o", bin+string(filepath.Separator), "../cmd/latchkey",
		"../cmd/virtualkey")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("building the programs: %v\n%s", err, out)
	}
	virtualkey := func(args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), filepath.Join(bin, "virtualkey"), args...)
		c.Env = append(os.Environ(), "VIRTUALKEY_HOME="+home)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("virtualkey %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}

	root := strings.TrimSpace(virtualkey("ca", "init", "acme"))
	at := lab(t, filepath.Join(bin, "latchkey"), "LATCHKEY_KEY_ROOTS="+root)
	report := filepath.Join(home, "report.xml")
	out := virtualkey("conform", "--rp", at, "--adapter", "latchkey", "--ca", "acme", "--strict", "--report",
		"junit="+report)
	if want := "29 of 29 and 25 of 25 steps"; !strings.Contains(out, want) {
		t.Errorf("got %s\nwant %q in it", out, want)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
	}
	if err := xml.Unmarshal(text, &suites); err != nil {
		t.Fatal(err)
	}
	if suites.Tests < 500 || suites.Failures != 0 || suites.Errors != 0 {
		t.Errorf("got the report %+v, want more than 500 tests and neither failures nor errors", suites)
	}

	virtualkey("new", "stick", "--uv", "succeeds")
	for _, adapter := range []string{"latchkey", "fido"} {
		virtualkey("register", "stick", "--rp", at, "--adapter", adapter, "--user", "alice-"+adapter, "--discoverable")
		virtualkey("signin", "stick", "--rp", at, "--adapter", adapter, "--discoverable")
	}
}

// lab serves one until the test ends and returns its origin.
func lab(t *testing.T, binary string, environ ...string) string {
	t.Helper()
	return startLab(t, binary, environ...).origin
}

// startLab serves a lab until the test ends. Where it is stands in the first line that it prints.
func startLab(t *testing.T, binary string, environ ...string) *program {
	t.Helper()
	c := exec.Command(binary, "serve", "--lab", "--listen", "127.0.0.1:0")
	c.Env = append(os.Environ(), environ...)
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			t.Errorf("the lab ended: %v", err)
		}
	})
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(stdout).ReadString('\n')
		line <- text
	}()
	select {
	case text := <-line:
		var said struct{ Listening, Data string }
		if err := json.Unmarshal([]byte(text), &said); err != nil || said.Listening == "" {
			t.Fatalf("got the line %q, want where the lab listens: %v", text, err)
		}
		h := labAt(t, said.Listening)
		h.binary, h.cmd = binary, c
		h.data = said.Data
		return h
	case <-time.After(30 * time.Second):
		t.Fatal("waited 30 s for the lab to say where it listens")
		return nil
	}
}

// labAt is a lab that runs at an origin.
func labAt(t *testing.T, origin string) *program {
	t.Helper()
	port, err := strconv.Atoi(origin[strings.LastIndex(origin, ":")+1:])
	if err != nil {
		t.Fatal(err)
	}
	return &program{origin: origin, port: port, out: new(output), read: map[string]bool{}, lab: true}
}
