package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// testHouse is the whole program on a fresh folder, not serving yet.
func testHouse(t *testing.T, set func(*Config)) *house {
	t.Helper()
	c := defaults()
	c.Policy = auth.Marketplace()
	c.Data = t.TempDir()
	c.Origin = "http://localhost:8080"
	if set != nil {
		set(&c)
	}
	db, keys, err := openStore(&c)
	if err != nil {
		t.Fatalf("opening the data: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	h, err := newHouse(&c, db, keys, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("joining the parts: %v", err)
	}
	return h
}

func localListener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A store that does not know what it holds must end the process: serving on would acknowledge writes
// that may not be there.
func TestFailedStoreEndsTheProgram(t *testing.T) {
	h := testHouse(t, nil)
	failed := make(chan struct{})
	close(failed)
	if err := h.serve(t.Context(), localListener(t), failed); !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("got %v, want %v", err, store.ErrUnknownOutcome)
	}
}

func TestStoppingIsNoError(t *testing.T) {
	h := testHouse(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.serve(ctx, localListener(t), nil); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if err := h.ready(t.Context()); err == nil {
		t.Error("ready: got nil after it was stopped, want an error")
	}
}

func TestLostListenerIsAnError(t *testing.T) {
	h := testHouse(t, nil)
	l := localListener(t)
	l.Close()
	if err := h.serve(t.Context(), l, nil); err == nil {
		t.Error("got nil without a listener, want an error")
	}
}

// With nothing configured a new seller can follow his mail: it lies in the sink, in his language, with
// a link that is built from the origin and opens the account.
func TestFirstUseFromSignUpToSignIn(t *testing.T) {
	h := testHouse(t, nil)
	defer delivering(t, h)()
	call(t, h, "/api/v1/sign-up", map[string]any{"email": "wei@example.com"}, nil)
	sent := waitForMail(t, h)
	if sent.To != "wei@example.com" || !strings.Contains(sent.Text, "继续注册") {
		t.Errorf("got a mail to %q that says %q, want a Chinese one to wei@example.com", sent.To, sent.Text)
	}
	_, rest, ok := strings.Cut(sent.Text, "http://localhost:8080/sign-up/")
	if !ok {
		t.Fatalf("got no link of the origin in %q", sent.Text)
	}
	line, _, _ := strings.Cut(rest, "\n")
	call(t, h, "/api/v1/sign-up/confirm", newSeller(line), nil)
	var in struct{ Step, Token string }
	call(t, h, "/api/v1/sign-in", map[string]any{"identifier": "wei@example.com", "password": "Long-Jetty-41"}, &in)
	if in.Step != "enrol" || in.Token == "" {
		t.Errorf("got step %q, token %t, want enrol and a token", in.Step, in.Token != "")
	}
}

// newSeller is the form behind a mailed link.
func newSeller(link string) map[string]any {
	return map[string]any{
		"link": strings.TrimSpace(link[strings.LastIndex(link, "/")+1:]),
		"name": "Wei", "userName": "微微🦊", "phone": "+8613800138000", "password": "Long-Jetty-41", "terms": true,
	}
}

// delivering runs the outbox until the returned function is called.
func delivering(t *testing.T, h *house) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.deliver(ctx)
	}()
	return func() { cancel(); <-done }
}

type sentMail struct{ To, Text string }

func waitForMail(t *testing.T, h *house) sentMail {
	t.Helper()
	for range 1000 {
		if list := h.dispatch.Sink().Recent(1); len(list) == 1 {
			return sentMail{string(list[0].Recipient), list[0].Text}
		}
		time.Sleep(5 * time.Millisecond) // nothing tells when another goroutine has written a file
	}
	t.Fatal("got no mail in the sink")
	return sentMail{}
}

func call(t *testing.T, h *house, path string, request any, answer any) {
	t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost:8080"+path,
		bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Language", "zh-CN")
	w := httptest.NewRecorder()
	h.face.ServeHTTP(w, r)
	if w.Code/100 != 2 {
		t.Fatalf("%s: got %d %s", path, w.Code, w.Body)
	}
	if answer != nil {
		if err := json.Unmarshal(w.Body.Bytes(), answer); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
}

// What a gateway reports about a message that it took reaches the domain, whatever else stands in the
// report, and a stranger reports nothing.
func TestReportsOfGateways(t *testing.T) {
	asked := make(chan struct{}, 1)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		fmt.Fprint(w, `{"id":"theirs-1"}`)
	}))
	defer gateway.Close()
	h := testHouse(t, func(c *Config) {
		path := filepath.Join(c.Data, "latchkey.yaml")
		writeFile(t, path, `notify: {gateways: [{name: first, channels: [email], url: "`+gateway.URL+
			`", content-type: application/json,
  body: "{{.ID | json}}", reference: id,
  receipt: {format: json, reference: id, status: s, delivered: [ok], failed: [no], auth: {scheme: bearer, secret: shared-with-the-gateway}}}]}`)
		read, _, err := loadConfig(path, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Notify = read.Notify
	})
	if h.dispatch.Sink() != nil {
		t.Error("got a file sink beside a real gateway, want none")
	}
	defer delivering(t, h)()
	call(t, h, "/api/v1/sign-up", map[string]any{"email": "wei@example.com"}, nil)

	report := func(secret, body string) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost,
			"http://localhost:8080/api/v1/gateways/first/receipt", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+secret)
		w := httptest.NewRecorder()
		h.face.ServeHTTP(w, r)
		return w.Code
	}
	const right = "shared-with-the-gateway"
	<-asked
	taken := 0
	for range 1000 { // a report may come before we have noted that the message was taken: the gateway repeats it
		if taken = report(right, `{"id":"theirs-1","s":"ok"}`); taken/100 == 2 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	for _, c := range []struct {
		what, secret, body string
		want               int
	}{
		{"repeated", right, `{"id":"theirs-1","s":"ok"}`, 204},
		{"no news", right, `{"id":"theirs-1","s":"queued"}`, 204},
		{"one known, one somebody else's", right, `[{"id":"unheard-of","s":"ok"},{"id":"theirs-1","s":"ok"}]`, 204},
		{"guessed secret", "guessed", `{"id":"theirs-1","s":"no"}`, 403},
		{"unreadable", right, `{"id":`, 400},
	} {
		if got := report(c.secret, c.body); got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, got, c.want)
		}
	}
	if taken/100 != 2 {
		t.Errorf("the message's own report: got %d, want 2xx", taken)
	}
}
