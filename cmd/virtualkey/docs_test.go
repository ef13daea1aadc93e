package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/latchkey-auth/latchkey/virtual/party"
)

// Of every page, each line of virtualkey is typed off: those of sh blocks in their order, against the fixture relying
// party at the address that the pages call http://localhost:8080, which asks as options.json does. A comment "exit N"
// says how a line ends. Lines of console blocks, which never end or want root, are read as far as their flags.
func TestCommandsOfEveryPage(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join("..", "..", "docs", "*", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	typed := 0
	for _, page := range append(append(pages, more...), filepath.Join("..", "..", "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if script := commandsOf(text, "http://localhost:8080"); len(script) > 0 {
			typed += len(script)
			t.Run(filepath.Base(page), func(t *testing.T) { typeOff(t, text) })
		}
	}
	if typed < 35 {
		t.Errorf("got %d commands, want those of the page for testers at least", typed)
	}
}

// commandsOf are the commands of a page as a script has them.
func commandsOf(text []byte, at string) []string {
	var script []string
	for _, block := range regexp.MustCompile("(?s)```(sh|console)\n(.*?)```").FindAllSubmatch(text, -1) {
		for _, line := range strings.Split(strings.TrimSpace(string(block[2])), "\n") {
			line = strings.TrimPrefix(line, "sudo ")
			if !strings.HasPrefix(line, "virtualkey ") {
				continue
			}
			code := "0"
			if string(block[1]) == "console" {
				line += " --help"
			}
			if m := regexp.MustCompile(`# exit (\d)`).FindStringSubmatch(line); m != nil {
				code = m[1]
			}
			line = strings.ReplaceAll(line, "http://localhost:8080", at)
			script = append(script, fmt.Sprintf("exits %s sh -c '%s'", code, strings.ReplaceAll(line, "'", "''")))
		}
	}
	return script
}

// typeOff runs the commands of a page, with the mapping that it shows.
func typeOff(t *testing.T, text []byte) {
	script := commandsOf(text, shop(t))
	mapping := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(text)
	if mapping == nil {
		mapping = [][]byte{nil, nil}
	}
	file := filepath.Join(t.TempDir(), "page.txtar")
	const options = `{"rp":{"id":"localhost","name":"Shop"},"user":{"id":"bWVp","name":"mei","displayName":"Mei"},
"challenge":"Y2hhbGxlbmdl","attestation":"direct","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	all := strings.Join(script, "\n") + "\n-- shop.yaml --\n" + string(mapping[1]) + "-- options.json --\n" +
		options + "\n"
	if err := os.WriteFile(file, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files:               []string{file},
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			env.Setenv("VIRTUALKEY_HOME", env.WorkDir+"/keys")
			return nil
		},
	})
}

// shop serves the fixture relying party under its own routes and under those of the page's mapping, which want the
// token of a cookie in a header.
func shop(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	at := "http://localhost:" + port
	p, err := party.New(party.Options{Origin: at, RPID: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", p.Handler())
	mux.HandleFunc("GET /sign-up", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "csrf", Value: "token", Path: "/"})
	})
	for route, to := range map[string]string{
		"/passkeys/register/options": "/attestation/options", "/passkeys/register": "/attestation/result",
		"/passkeys/sign-in/options": "/assertion/options", "/passkeys/sign-in": "/assertion/result",
	} {
		mux.HandleFunc("POST "+route, func(w http.ResponseWriter, r *http.Request) {
			if c, err := r.Cookie("csrf"); err != nil || r.Header.Get("X-CSRF-Token") != c.Value {
				http.Error(w, "no token", http.StatusForbidden)
				return
			}
			r.URL.Path = to
			p.Handler().ServeHTTP(w, r)
		})
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return at
}
