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

// The page for testers is typed off: every line of its sh blocks, in their order, against the fixture relying party at
// the address that the page calls http://localhost:8080. A comment "exit N" says how a line ends.
func TestCommandsOfTheTestersPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "testers.md"))
	if err != nil {
		t.Fatal(err)
	}
	at := shop(t)
	script := []string{}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for _, line := range strings.Split(strings.TrimSpace(block[1]), "\n") {
			code := "0"
			if m := regexp.MustCompile(`# exit (\d)`).FindStringSubmatch(line); m != nil {
				code = m[1]
			}
			line = strings.ReplaceAll(line, "http://localhost:8080", at)
			script = append(script, fmt.Sprintf("exits %s sh -c '%s'", code, strings.ReplaceAll(line, "'", "''")))
		}
	}
	if len(script) < 25 {
		t.Fatalf("got %d commands, want those of the page", len(script))
	}
	mapping := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(string(text))
	if mapping == nil {
		t.Fatal("got no mapping, want one in yaml")
	}
	file := filepath.Join(t.TempDir(), "page.txtar")
	const options = `{"rp":{"id":"shop.example","name":"Shop"},"user":{"id":"bWVp","name":"mei","displayName":"Mei"},
"challenge":"Y2hhbGxlbmdl","attestation":"direct","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	all := strings.Join(script, "\n") + "\n-- shop.yaml --\n" + mapping[1] + "-- options.json --\n" + options + "\n"
	if err := os.WriteFile(file, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files:               []string{file},
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(env *testscript.Env) error {
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
