package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/puzzle"
)

// A mail gateway takes every sign-up and answers none: a reset leaves all the same, from the page to the gateway.
func TestAResetLeavesWhileSignUpsHang(t *testing.T) {
	type mail struct{ Template, Text string }
	arrived := make(chan mail, 100)
	hang := make(chan struct{})
	end := make(chan struct{})
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m mail
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		arrived <- m
		select {
		case <-hang:
			if m.Template == "sign-up" {
				<-end
			}
		default:
		}
		fmt.Fprint(w, `{}`)
	}))
	defer gateway.Close()
	h := testHouse(t, func(c *Config) {
		path := filepath.Join(c.Data, "latchkey.yaml")
		writeFile(t, path, `notify:
  gateways:
    - {name: first, channels: [email], url: "`+gateway.URL+`", slots: 2, timeout: 40s, content-type: application/json,
       body: "{\"template\":{{.Template | json}},\"text\":{{.Text | json}},\"id\":{{.ID | json}}}"}
`)
		read, _, err := loadConfig(path, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Notify = read.Notify
	})
	defer delivering(t, h)()
	defer close(end)
	call(t, h, "/api/v1/sign-up", map[string]any{"email": "wei@example.com"}, nil)
	_, link, _ := strings.Cut((<-arrived).Text, "http://localhost:8080/sign-up/")
	link, _, _ = strings.Cut(link, "\n")
	call(t, h, "/api/v1/sign-up/confirm", newSeller(link), nil)

	close(hang)
	for i := range 14 { // more than wait in the gateway's lane
		call(t, h, "/api/v1/sign-up", map[string]any{"email": fmt.Sprintf("other%d@example.com", i)}, nil)
	}
	if m := <-arrived; m.Template != "sign-up" {
		t.Fatalf("got %q at the gateway, want a sign-up that hangs", m.Template)
	}
	call(t, h, "/api/v1/forgot", map[string]any{"identifier": "wei@example.com", "work": worked(t, h)}, nil)
	for m := range arrived { // waits for the event; without room for resets it never comes
		if m.Template == "reset" {
			break
		}
	}
}

// worked asks for a puzzle and does its work, as a program does.
func worked(t *testing.T, h *house) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:8080/api/v1/puzzle", nil)
	answer := httptest.NewRecorder()
	h.face.ServeHTTP(answer, r)
	var p struct{ Work puzzle.Work }
	if err := json.Unmarshal(answer.Body.Bytes(), &p); err != nil {
		t.Fatalf("reading a puzzle: %v", err)
	}
	for n := range p.Work.MaxNumber + 1 {
		if fmt.Sprintf("%x", sha256.Sum256([]byte(p.Work.Salt+strconv.Itoa(n)))) != p.Work.Challenge {
			continue
		}
		raw, err := json.Marshal(puzzle.Solution{Algorithm: p.Work.Algorithm, Challenge: p.Work.Challenge, Number: n,
			Salt: p.Work.Salt, Signature: p.Work.Signature})
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(raw)
	}
	t.Fatal("the work has no number")
	return ""
}
