package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/websocket"

	"github.com/latchkey-auth/latchkey/needs"
)

// A firefox is one running Firefox, driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/).
//
//	visitor ──call──▶ firefox ──{id, method, params}──▶ ws://127.0.0.1:port/session
//	   ▲                 └◀──────{id, result | error}──────┤
//	   └─────── notice ◀─────────{method, params}──────────┘   events, to the visitor whose window it is
type firefox struct {
	socket *websocket.Conn
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process has ended

	mu       sync.Mutex
	last     int // id of the last command
	waiting  map[int]chan bidiAnswer
	visitors map[string]*visitor // by browsing context
	broken   error               // why nothing comes any more
}

// A bidiAnswer is what Firefox sends: the answer to a command, or an event.
type bidiAnswer struct {
	Type    string          `json:"type"` // success, error or event
	ID      int             `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

// patienceBiDi is how long one command may take: long, since tests share two cores.
const patienceBiDi = 60 * time.Second

// firefoxPrefs are the settings of the profile. What Firefox asks of its maker at start would only
// fail here, and slowly. USB keys are on, as they are by default, so that a page that asks for one
// really waits for one.
const firefoxPrefs = `
user_pref("app.normandy.enabled", false);
user_pref("app.update.auto", false);
user_pref("browser.safebrowsing.downloads.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.search.update", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.native_https_query", false);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("signon.rememberSignons", false);
user_pref("toolkit.telemetry.enabled", false);
`

// startFirefox starts one without a window, on a profile of its own. It ends with the test. More
// settings may be added to the profile's.
func startFirefox(t *testing.T, more ...string) *firefox {
	t.Helper()
	profile := t.TempDir()
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(firefoxPrefs+strings.Join(more, "\n")),
		0o600); err != nil {
		t.Fatal(err)
	}
	f := &firefox{ended: make(chan struct{}), waiting: map[int]chan bidiAnswer{}, visitors: map[string]*visitor{}}
	f.cmd = exec.Command(needs.Program(t, "firefox-esr"), "--headless", "--no-remote", "--remote-debugging-port=0",
		"--profile", profile)
	f.cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "MOZ_CRASHREPORTER_DISABLE=1")
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it has children; they go with it
	if err := f.cmd.Start(); err != nil {
		t.Fatalf("starting Firefox: %v", err)
	}
	go func() {
		_ = f.cmd.Wait()
		close(f.ended)
	}()
	t.Cleanup(f.stop)
	f.connect(t, filepath.Join(profile, "WebDriverBiDiServer.json"))
	f.must(t, "session.new", obj{"capabilities": obj{}}, nil)
	f.must(t, "session.subscribe",
		obj{"events": []string{"log.entryAdded", "network.beforeRequestSent", "browsingContext.downloadEnd"}}, nil)
	return f
}

// connect reads from the profile where Firefox listens, and opens the connection.
func (f *firefox) connect(t *testing.T, where string) {
	t.Helper()
	var at struct {
		Host string `json:"ws_host"`
		Port int    `json:"ws_port"`
	}
	within(t, "Firefox to listen", func() bool {
		select {
		case <-f.ended:
			t.Fatalf("Firefox ended: %v", f.cmd.ProcessState)
		default:
		}
		raw, err := os.ReadFile(where)
		return err == nil && json.Unmarshal(raw, &at) == nil && at.Port != 0
	})
	address := net.JoinHostPort(at.Host, fmt.Sprint(at.Port))
	config, err := websocket.NewConfig("ws://"+address+"/session", "http://"+address)
	if err != nil {
		t.Fatal(err)
	}
	// Firefox refuses pages: whoever sends an Origin. This client cannot leave it out, so the line is
	// taken out on the way.
	tcp, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("connecting to Firefox: %v", err)
	}
	if f.socket, err = websocket.NewClient(config, &noOrigin{Conn: tcp}); err != nil {
		t.Fatalf("connecting to Firefox: %v", err)
	}
	f.socket.MaxPayloadBytes = 64 << 20 // pictures
	go f.listen()
}

// noOrigin is a connection whose first write, the head of the handshake, loses its Origin line.
type noOrigin struct {
	net.Conn
	begun bool
}

// Write implements io.Writer.
func (n *noOrigin) Write(p []byte) (int, error) {
	if n.begun {
		return n.Conn.Write(p)
	}
	n.begun = true
	var head []string
	for _, line := range strings.SplitAfter(string(p), "\r\n") {
		if !strings.HasPrefix(line, "Origin:") {
			head = append(head, line)
		}
	}
	if _, err := io.WriteString(n.Conn, strings.Join(head, "")); err != nil {
		return 0, err
	}
	return len(p), nil
}

// stop ends the process and its children.
func (f *firefox) stop() {
	if f.socket != nil {
		_ = f.call("browser.close", obj{}, nil)
		_ = f.socket.Close()
	}
	select {
	case <-f.ended:
	case <-time.After(10 * time.Second):
	}
	_ = syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL)
	<-f.ended
}

// listen hands on what comes until the connection ends.
func (f *firefox) listen() {
	for {
		var a bidiAnswer
		err := websocket.JSON.Receive(f.socket, &a)
		f.mu.Lock()
		if err != nil {
			f.broken = err
			for _, c := range f.waiting {
				close(c)
			}
			f.waiting = nil
			f.mu.Unlock()
			return
		}
		c := f.waiting[a.ID]
		delete(f.waiting, a.ID)
		f.mu.Unlock()
		switch {
		case a.Type == "event":
			f.event(a)
		case c != nil:
			c <- a
		}
	}
}

// event gives an event to the visitor in whose window it happened.
func (f *firefox) event(a bidiAnswer) {
	var e struct {
		Context string `json:"context"`
		Source  struct {
			Context string `json:"context"`
		} `json:"source"`
	}
	if json.Unmarshal(a.Params, &e) != nil {
		return
	}
	f.mu.Lock()
	v := f.visitors[e.Context+e.Source.Context] // one of them is empty
	f.mu.Unlock()
	if v != nil {
		v.notice(a.Method, a.Params)
	}
}

// obj is a JSON object.
type obj = map[string]any

// call gives one command and waits for its answer.
func (f *firefox) call(method string, params, out any) error {
	c := make(chan bidiAnswer, 1)
	f.mu.Lock()
	if f.broken != nil {
		f.mu.Unlock()
		return fmt.Errorf("%s: %w", method, f.broken)
	}
	f.last++
	id := f.last
	f.waiting[id] = c
	err := websocket.JSON.Send(f.socket, obj{"id": id, "method": method, "params": params})
	f.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case a, open := <-c:
		switch {
		case !open:
			return fmt.Errorf("%s: the connection to Firefox has ended", method)
		case a.Type == "error":
			return fmt.Errorf("%s: %s: %s", method, a.Error, a.Message)
		case out != nil:
			return json.Unmarshal(a.Result, out)
		}
		return nil
	case <-time.After(patienceBiDi):
		return fmt.Errorf("%s: no answer within %s", method, patienceBiDi)
	}
}

// must is call that fails the test.
func (f *firefox) must(t *testing.T, method string, params, out any) {
	t.Helper()
	if err := f.call(method, params, out); err != nil {
		t.Fatal(err)
	}
}

// evaluate asks a page; what it answers goes through JSON.
func (f *firefox) evaluate(window, js string, out any) error {
	var r struct {
		Type   string `json:"type"`
		Result struct {
			Value string `json:"value"`
		} `json:"result"`
		Exception struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	err := f.call("script.evaluate", obj{"expression": "JSON.stringify((" + js + ") ?? null)",
		"target": obj{"context": window}, "awaitPromise": false}, &r)
	switch {
	case err != nil:
		return err
	case r.Type == "exception":
		return errors.New(r.Exception.Text)
	}
	return json.Unmarshal([]byte(r.Result.Value), out)
}

// picture is the whole page as a PNG.
func (f *firefox) picture(window string) ([]byte, error) {
	var r struct {
		Data string `json:"data"`
	}
	if err := f.call("browsingContext.captureScreenshot", obj{"context": window, "origin": "document"},
		&r); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(r.Data)
}
