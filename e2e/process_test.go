package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
)

// TestProcesses asks of the program what a browser adds nothing to.
func TestProcesses(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the program has to be built")
	}
	s := &stage{binary: build(t)}
	for _, test := range []struct {
		name string
		run  func(t *testing.T, p *person)
	}{
		{"a second one on the same data is refused", secondProcess},
		{"SIGTERM drains, a restart keeps sessions", drainAndRestart},
		{"a kill loses nothing acknowledged", kill},
		{"secrets stay inside", secrets},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			house := startProgram(t, s.binary, t.TempDir(), "LATCHKEY_SERVER_RATE_BURST=-1", "LATCHKEY_TOTP_WINDOW=4")
			test.run(t, &person{seller: s.seller(), t: t, s: s, house: house, lang: assets.English})
		})
	}
}

// token signs in with the password; whoever has no second step yet gets a session that may only enrol.
func (p *person) token() (string, int) {
	status, body := p.house.ask(p, http.MethodPost, "/sign-in", "", map[string]any{"identifier": p.email,
		"password": password, "remember": true})
	var a struct{ Token string }
	_ = json.Unmarshal(body, &a)
	return a.Token, status
}

func secondProcess(t *testing.T, p *person) {
	c := p.house.command(p.house.port+1, p.house.data)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 ||
		!strings.Contains(string(out), "in use by another latchkey process") {
		t.Errorf("a second process on the data: got %v, %q, want exit code 1 and a sentence that says why", err, out)
	}
	p.registered() // the first one goes on
}

func drainAndRestart(t *testing.T, p *person) {
	p.registered()
	before, status := p.token()
	if before == "" {
		t.Fatalf("sign-in: got %d and no session", status)
	}
	// Sign-ins under way when the signal comes are answered, or were never taken.
	var all sync.WaitGroup
	var mu sync.Mutex
	tokens := []string{before}
	for range 8 {
		all.Go(func() {
			raw := `{"identifier":"` + p.email + `","password":"` + password + `"}`
			r, err := http.Post(strings.Replace(p.house.origin, "localhost", "127.0.0.1", 1)+"/api/v1/sign-in",
				"application/json", strings.NewReader(raw))
			if err != nil {
				if !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("a sign-in while the program stops: got %v, want an answer", err)
				}
				return
			}
			defer r.Body.Close()
			var a struct{ Token string }
			if json.NewDecoder(r.Body).Decode(&a) == nil && a.Token != "" {
				mu.Lock()
				defer mu.Unlock()
				tokens = append(tokens, a.Token)
			}
		})
	}
	time.Sleep(50 * time.Millisecond) // so that some are under way
	p.house.stop(t)
	all.Wait()
	p.house.start(t)
	for i, token := range tokens {
		if status, body := p.house.ask(p, http.MethodGet, "/session", token, nil); status != http.StatusOK {
			t.Errorf("session %d of %d after the restart: got %d %s, want it to live on", i, len(tokens), status, body)
		}
	}
}

// kill kills the program while people sign in; every session that was
// handed out is there when it comes back.
func kill(t *testing.T, p *person) {
	p.registered()
	for round := range 3 {
		var mu sync.Mutex
		var tokens []string
		enough := make(chan struct{})
		var all sync.WaitGroup
		url := strings.Replace(p.house.origin, "localhost", "127.0.0.1", 1) + "/api/v1/sign-in"
		raw := `{"identifier":"` + p.email + `","password":"` + password + `"}`
		for range 4 {
			all.Go(func() {
				for {
					r, err := http.Post(url, "application/json", strings.NewReader(raw))
					if err != nil {
						return // killed
					}
					var a struct{ Token string }
					err = json.NewDecoder(r.Body).Decode(&a)
					_ = r.Body.Close()
					if err != nil {
						return
					}
					mu.Lock()
					if a.Token != "" {
						if tokens = append(tokens, a.Token); len(tokens) == 6 {
							close(enough)
						}
					}
					mu.Unlock()
				}
			})
		}
		select {
		case <-enough:
		case <-time.After(time.Minute):
			t.Fatal("got fewer than 6 sign-ins in a minute")
		}
		p.house.kill()
		all.Wait()
		p.house.start(t)
		for i, token := range tokens {
			if status, body := p.house.ask(p, http.MethodGet, "/session", token, nil); status != http.StatusOK {
				t.Errorf("round %d, session %d of %d: got %d %s, want it to have survived", round, i, len(tokens),
					status, body)
			}
		}
	}
}

// secrets runs somebody's whole sign-in, and then looks for him in everything that the
// program has written, apart from the file of messages, which holds them by its nature.
func secrets(t *testing.T, p *person) {
	p.name = "Canaryname Quail"
	p.user = "canaryuser"
	p.email = "canarymail@example.com"
	p.phone = "+8613912345678"
	p.registered()
	token, _ := p.token()
	var begun struct {
		Ceremony string
		Prompt   struct{ Secret string }
	}
	p.house.api(p, http.MethodPost, "/methods/begin", token, map[string]any{"kind": "totp"}, &begun)
	p.secret = begun.Prompt.Secret
	var done struct{ Token string }
	p.house.api(p, http.MethodPost, "/methods/finish", token, map[string]any{"ceremony": begun.Ceremony,
		"response": map[string]any{"code": p.code()}}, &done)
	var codes struct{ Codes []string }
	p.house.api(p, http.MethodPost, "/recovery-codes", done.Token, nil, &codes)
	if p.secret == "" || done.Token == "" || len(codes.Codes) != 10 {
		t.Fatalf("got secret %q, session %q and %d codes, want all", p.secret, done.Token, len(codes.Codes))
	}
	_, _ = p.house.ask(p, http.MethodPost, "/sign-in", "", map[string]any{"identifier": p.email,
		"password": "Wrong-canary-57"})
	p.house.stop(t)

	canaries := map[string]string{"name": "Canaryname", "user name": p.user, "e-mail": p.email, "phone": "13912345678",
		"password":       password,
		"wrong password": "Wrong-canary-57", "secret of the app": p.secret, "session": done.Token,
		"earlier session": token, "recovery code": codes.Codes[0],
		"recovery code without its dash": strings.ReplaceAll(codes.Codes[0], "-", "")}
	written := map[string][]byte{"the log": []byte(p.house.out.String())}
	files, err := filepath.Glob(filepath.Join(p.house.data, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("got files %q, %v, want store and keys", files, err)
	}
	for _, f := range files {
		if filepath.Base(f) == "messages.jsonl" {
			continue
		}
		if written[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	if len(written["latchkey.db"]) == 0 || len(written["the log"]) == 0 {
		t.Fatal("got no store or no log to look through")
	}
	if sink, err := os.ReadFile(filepath.Join(p.house.data, "messages.jsonl")); err != nil ||
		!bytes.Contains(sink, []byte(p.email)) {
		t.Fatalf("the search: got nothing in the file of messages (%v), want what is there", err)
	}
	for what, canary := range canaries {
		for where, raw := range written {
			for _, form := range [][]byte{[]byte(canary), []byte(strings.ToLower(canary)),
				[]byte(base64.StdEncoding.EncodeToString([]byte(canary))[:len(canary)])} {
				if bytes.Contains(bytes.ToLower(raw), bytes.ToLower(form)) {
					t.Errorf("%s: got the %s in it, want it nowhere", where, what)
					break
				}
			}
		}
	}
}
