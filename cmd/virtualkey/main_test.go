package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/hid"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"virtualkey": main})
}

// The scripts run the real main as a process of its own, with a folder of keys of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"party":  serveParty,
			"exits":  exits,
			"junit":  junit,
			"signal": signalLast,
			"await":  await,
			"plug":   plug,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			env.Setenv("VIRTUALKEY_HOME", env.WorkDir+"/keys")
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return fmt.Errorf("finding a free address: %w", err)
			}
			env.Setenv("ADDR", l.Addr().String())
			return l.Close()
		},
	})
}

// serveParty serves the fixture relying party by the FIDO conformance API until the script ends, and sets a variable
// to its address: party RP [without=CHECK] [refuse-all] [otherwise] [crash] [ca=NAME].
func serveParty(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: party VARIABLE [without=CHECK] [refuse-all] [ca=NAME]")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	o, crash := party.Options{Origin: "http://localhost:" + port, RPID: "localhost"}, false
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "without":
			o.Without = append(o.Without, fault.Check(value))
		case "refuse-all":
			o.RefuseAll = true
		case "crash":
			crash = true
		case "otherwise":
			o.Otherwise = true
		case "ca":
			o.CA, err = home{ts.Getenv("VIRTUALKEY_HOME")}.ca(value)
			ts.Check(err)
		default:
			ts.Fatalf("party: %s is not known", arg)
		}
	}
	p, err := party.New(o)
	ts.Check(err)
	server := &http.Server{Handler: p.Handler(), ReadHeaderTimeout: 10 * time.Second}
	if crash {
		server.Handler = crashing(p.Handler())
	}
	go func() { _ = server.Serve(l) }()
	ts.Defer(func() { _ = server.Close() })
	ts.Setenv(args[0], o.Origin)
}

// crashing hangs up where a party would have refused.
func crashing(whole http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		if whole.ServeHTTP(answer, r); answer.Code != http.StatusOK {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), answer.Header())
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// exits runs a command and compares its exit code, which exec cannot: exits 2 virtualkey ....
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%s: got exit %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// junit reads a JUnit report and compares its counts: junit FILE failures=0 errors=0.
func junit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: junit FILE COUNT=N...")
	}
	var suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    string   `xml:"tests,attr"`
		Failures string   `xml:"failures,attr"`
		Errors   string   `xml:"errors,attr"`
		Suites   []struct {
			Name  string     `xml:"name,attr"`
			Cases []struct{} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	ts.Check(xml.Unmarshal([]byte(ts.ReadFile(args[0])), &suites))
	cases := 0
	for _, s := range suites.Suites {
		cases += len(s.Cases)
	}
	if cases == 0 || fmt.Sprint(cases) != suites.Tests {
		ts.Fatalf("%s: got %d cases, and tests=%s", args[0], cases, suites.Tests)
	}
	have := map[string]string{"tests": suites.Tests, "failures": suites.Failures, "errors": suites.Errors}
	for _, arg := range args[1:] {
		name, want, _ := strings.Cut(arg, "=")
		if have[name] != want {
			ts.Fatalf("%s: got %s=%s, want %s", args[0], name, have[name], want)
		}
	}
}

// signalLast sends a signal to the background process that began last: signal TERM.
func signalLast(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT}
	running := ts.BackgroundCmds()
	if neg || len(args) != 1 || signals[args[0]] == nil || len(running) == 0 {
		ts.Fatalf("usage: signal TERM|INT, with a process in the background")
	}
	if err := running[len(running)-1].Process.Signal(signals[args[0]]); err != nil {
		ts.Fatalf("sending %s: %v", args[0], err)
	}
}

// plug registers a credential over CTAPHID with the key served at an address: plug ADDRESS RPID.
func plug(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: plug ADDRESS RPID")
	}
	conn, err := net.Dial("tcp", args[0])
	ts.Check(err)
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	host, err := hid.Open(ctx, conn)
	ts.Check(err)
	computer := &virtual.Platform{Send: func(ctx context.Context, request []byte) []byte {
		answer, err := host.Call(ctx, hid.CommandCBOR, request)
		ts.Check(err)
		return answer
	}}
	_, err = computer.Call(ctx, virtual.CommandMakeCredential, map[int]any{
		1: make([]byte, 32), 2: map[string]any{"id": args[1]}, 3: map[string]any{"id": []byte("mei"), "name": "mei"},
		4: []any{map[string]any{"alg": -7, "type": "public-key"}},
	})
	if err != nil {
		ts.Fatalf("registering over CTAPHID: %v", err)
	}
}

// await waits until an address accepts connections: a server needs some time to begin, and nothing but asking tells
// when it has.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await ADDRESS")
	}
	for range 400 {
		if conn, err := net.DialTimeout("tcp", args[0], time.Second); err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	ts.Fatalf("%s accepts no connection", args[0])
}
