package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A program is one running latchkey.
type program struct {
	binary, data string
	port         int
	origin       string
	environ      []string
	lab          bool // its messages are in an inbox
	cmd          *exec.Cmd
	out          *output
	ended        chan struct{} // closed when it has ended; then state is set
	state        error

	mu   sync.Mutex
	read map[string]bool // ids of messages that somebody has read
}

// output keeps all that the program says.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String is all of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// startProgram starts the program on a free port and waits until it is ready. It ends with the test.
func startProgram(t *testing.T, binary, data string, environ ...string) *program {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	p := &program{binary: binary, data: data, port: port, origin: fmt.Sprintf("http://localhost:%d", port),
		environ: environ,
		out:     new(output), read: map[string]bool{}}
	p.start(t)
	t.Cleanup(func() { p.stop(t) })
	return p
}

// start runs the program; after stop or kill it runs again where it was.
func (p *program) start(t *testing.T) {
	t.Helper()
	p.cmd = p.command(p.port, p.data)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting the program: %v", err)
	}
	p.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		p.state = cmd.Wait()
		close(ended)
	}(p.cmd, p.ended)
	within(t, "the program to be ready; it said:\n"+p.out.String(), func() bool {
		select {
		case <-p.ended:
			t.Fatalf("the program ended: %v; it said:\n%s", p.state, p.out)
		default:
		}
		r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/health/ready", p.port))
		if err != nil {
			return false
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
}

// command is the program on a port and a folder, with nothing of this machine's environment that
// could configure it.
func (p *program) command(port int, data string) *exec.Cmd {
	c := exec.Command(p.binary, "serve", "--listen", fmt.Sprintf("127.0.0.1:%d", port), "--origin",
		fmt.Sprintf("http://localhost:%d", port), "--data", data)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "LATCHKEY_") {
			c.Env = append(c.Env, v)
		}
	}
	c.Env = append(c.Env, p.environ...)
	return c
}

// stop asks the program to end, as an operator does, and wants it done in 10 s and well.
func (p *program) stop(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
		return
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stopping the program: %v", err)
		return
	}
	select {
	case <-p.ended:
		if p.state != nil {
			t.Errorf("after SIGTERM: got %v, want exit 0; it said:\n%s", p.state, p.out)
		}
	case <-time.After(10 * time.Second):
		t.Error("the program did not end within 10 s of SIGTERM")
		p.kill()
	}
}

// kill ends the program as a power cut does.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// A message is one line of the file that stands in for the gateways.
type message struct {
	ID, Channel, To, Language, Label, Subject, Text string
}

// messages reads the file; a line that is being written is left for the next time.
func (p *program) messages(t *testing.T) []message {
	t.Helper()
	if p.lab {
		return p.inbox(t)
	}
	raw, err := os.ReadFile(filepath.Join(p.data, "messages.jsonl"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var all []message
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m message
		if json.Unmarshal(lines.Bytes(), &m) == nil {
			all = append(all, m)
		}
	}
	return all
}

// inbox is the messages of a lab.
func (p *program) inbox(t *testing.T) []message {
	t.Helper()
	r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/v1/lab/inbox", p.port))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var in struct {
		Messages []struct {
			message
			Cursor int
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		t.Fatal(err)
	}
	all := make([]message, len(in.Messages))
	for i := range in.Messages {
		all[i] = in.Messages[i].message
		all[i].ID = strconv.Itoa(in.Messages[i].Cursor)
	}
	return all
}

// message waits for a message to an address by a channel that nobody has read. What came before it is
// then read too.
func (p *program) message(t *testing.T, channel, to string) message {
	t.Helper()
	return p.letter(t, channel, to, "")
}

// letter is message for one that says part.
func (p *program) letter(t *testing.T, channel, to, part string) message {
	t.Helper()
	return p.newest(t, channel, to, fmt.Sprintf("says %q", part),
		func(m message) bool { return strings.Contains(m.Text, part) })
}

// code is the code in the newest message that holds one. A notice by the same channel may come before or after it.
func (p *program) code(t *testing.T, channel, to string) string {
	t.Helper()
	return p.newest(t, channel, to, "holds a code", func(m message) bool { return m.Label != "" }).code(t)
}

func (p *program) newest(t *testing.T, channel, to, what string, is func(message) bool) message {
	t.Helper()
	var found message
	within(t, fmt.Sprintf("a message by %s to %s that %s", channel, to, what), func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, m := range p.messages(t) {
			if !p.read[m.ID] && m.Channel == channel && m.To == to && is(m) {
				p.read[m.ID], found = true, m
			}
		}
		return found.ID != ""
	})
	return found
}

// link is the address of ours in a message.
func (m message) link(t *testing.T, origin string) string {
	t.Helper()
	link := regexp.MustCompile(regexp.QuoteMeta(origin) + `/[A-Za-z0-9/_-]+`).FindString(m.Text)
	if link == "" {
		t.Fatalf("got no link in %q, want one", m.Text)
	}
	return link
}

// mailedCode is the code of a forgotten password, or of a new browser, in a mail.
func (m message) mailedCode(t *testing.T) string {
	t.Helper()
	code := regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}\b`).FindString(m.Text)
	if code == "" {
		t.Fatalf("got no code in %q, want one", m.Text)
	}
	return code
}

// code is the code in a message: six digits, or for a call six that are read one by one.
func (m message) code(t *testing.T) string {
	t.Helper()
	code := regexp.MustCompile(`(?:\d[ ,，、.。]*){6}`).FindString(m.Text)
	code = regexp.MustCompile(`\D`).ReplaceAllString(code, "")
	if len(code) != 6 {
		t.Fatalf("got no code in %q, want one", m.Text)
	}
	return code
}
