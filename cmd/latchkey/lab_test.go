package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

func labHouse(t *testing.T) *house {
	t.Helper()
	return testHouse(t, func(c *Config) { c.Lab = true })
}

// get reads an operation of the API that has no body.
func get(t *testing.T, h *house, path string, answer any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:8080"+path, nil)
	w := httptest.NewRecorder()
	h.face.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: got %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), answer); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// What is sent in a lab goes the way of every message, from the outbox to the driver, and is waited for.
func TestLabMailAndTexts(t *testing.T) {
	h := labHouse(t)
	defer delivering(t, h)()
	call(t, h, "/api/v1/sign-up", map[string]any{"email": "wei@example.com"}, nil)
	var in struct {
		Messages []struct{ To, Subject, Text string }
		Code     string
		Link     string
		Cursor   int
	}
	get(t, h, "/api/v1/lab/inbox?wait=20s&to=wei@example.com", &in)
	if len(in.Messages) != 1 || !strings.HasPrefix(in.Link, "http://localhost:8080/sign-up/confirm/") ||
		!strings.Contains(in.Messages[0].Text, in.Link) {
		t.Fatalf("got %+v, want the mail with its link", in)
	}
	{ // people see it, too
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:8080/dev/messages", nil)
		r.RemoteAddr = "127.0.0.1:4321"
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		h.face.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "wei@example.com") {
			t.Errorf("the page of messages: got %d, want the mail on it", w.Code)
		}
	}
	call(t, h, "/api/v1/sign-up/confirm", newSeller(in.Link), nil)
	call(t, h, "/api/v1/lab/accounts",
		map[string]any{"name": "ann", "methods": []any{map[string]any{"kind": "phone", "number": "+8613900139000"}}},
		nil)
	var flow struct{ Ceremony, Token string }
	call(t, h, "/api/v1/sign-in", map[string]any{"identifier": "ann@lab.example", "password": "Quiet-Harbour-417"},
		&flow)
	call(t, h, "/api/v1/sign-in/begin", map[string]any{"ceremony": flow.Ceremony, "kind": "phone", "channel": "sms"},
		&flow)
	get(t, h, "/api/v1/lab/inbox?wait=20s&channel=sms&to="+url.QueryEscape("+8613900139000"), &in)
	call(t, h, "/api/v1/sign-in/finish", map[string]any{"ceremony": flow.Ceremony,
		"response": map[string]any{"code": in.Code}}, &flow)
	if flow.Token == "" {
		t.Error("with the code from the inbox: got no session")
	}
}

// A removal that waits a day is done as soon as the clock has moved on by one.
func TestLabDayInASecond(t *testing.T) {
	h := labHouse(t)
	defer delivering(t, h)()
	var made struct {
		ID      string
		Methods []struct{ ID string }
	}
	call(t, h, "/api/v1/lab/accounts", map[string]any{"name": "ann", "methods": []any{
		map[string]any{"kind": "totp"}, map[string]any{"kind": "phone", "number": "+8613900139000"}}}, &made)
	var flow struct{ Ceremony, Token string }
	var in struct{ Code, Link string }
	call(t, h, "/api/v1/sign-in", map[string]any{"identifier": "ann@lab.example", "password": "Quiet-Harbour-417"},
		&flow)
	call(t, h, "/api/v1/sign-in/begin", map[string]any{"ceremony": flow.Ceremony, "kind": "phone", "channel": "sms"},
		&flow)
	get(t, h, "/api/v1/lab/inbox?wait=20s&channel=sms", &in)
	call(t, h, "/api/v1/sign-in/finish", map[string]any{"ceremony": flow.Ceremony,
		"response": map[string]any{"code": in.Code}}, &flow)
	ask := func(method, path string) (out struct{ Methods []struct{ Kind string } }) {
		r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost:8080/api/v1"+path, nil)
		r.Header.Set("Authorization", "Bearer "+flow.Token)
		w := httptest.NewRecorder()
		h.face.ServeHTTP(w, r)
		if w.Code != http.StatusOK || json.Unmarshal(w.Body.Bytes(), &out) != nil {
			t.Fatalf("%s %s: got %d %s", method, path, w.Code, w.Body)
		}
		return out
	}
	ask("DELETE", "/methods/"+made.Methods[0].ID) // a text removes an app, but not before tomorrow
	var clock struct{ Now, Told time.Time }
	call(t, h, "/api/v1/lab/clock", map[string]any{"advance": "23h59m"}, &clock)
	call(t, h, "/api/v1/sign-in", map[string]any{"identifier": "ann@lab.example", "password": "Quiet-Harbour-417"},
		&flow)
	kinds := func() string {
		var info struct{ Methods []struct{ Kind string } }
		call(t, h, "/api/v1/sign-in", map[string]any{"identifier": "ann@lab.example", "password": "Quiet-Harbour-417"},
			&info)
		var list []string
		for _, m := range info.Methods {
			list = append(list, m.Kind)
		}
		return strings.Join(list, " ")
	}
	if got := kinds(); got != "totp phone" {
		t.Errorf("a minute before: got %q, want both methods", got)
	}
	call(t, h, "/api/v1/lab/clock", map[string]any{"advance": "2m"}, &clock)
	if got := kinds(); got != "phone" {
		t.Errorf("a day later: got %q, want the app gone", got)
	}
}

// Roots and framing pages of the settings reach the checks: what needs them is played against the whole program.
func TestLabBySettings(t *testing.T) {
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("settings")})
	if err != nil {
		t.Fatal(err)
	}
	const top = "https://shop.example"
	l := localListener(t)
	h := testHouse(t, func(c *Config) {
		root := filepath.Join(c.Data, "root.pem")
		writeFile(t, root, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Root().Raw})))
		read := load(t, "lab: true\nkey-roots: ["+root+"]\nwebauthn: {top-origins: ["+top+"]}\n", nil, nil)
		read.Data, read.Listen = c.Data, l.Addr().String()
		*c = *read
		c.Origin = ""
		c.followPort(l.Addr())
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.serve(ctx, l, nil) }()
	target := conform.Target{URL: h.config.Origin, CA: ca, Tops: []string{top}}
	party, err := conform.Latchkey{Target: target}.Open()
	if err != nil {
		t.Fatal(err)
	}
	var faults []*fault.Fault
	for _, f := range fault.Catalogue() {
		if slices.Contains(f.Needs, fault.Trust) || slices.Contains(f.Needs, fault.Framing) {
			faults = append(faults, f)
		}
	}
	report, err := conform.Run(t.Context(), party, faults, conform.Options{Oracle: conform.LatchkeyOracle(),
		Policy: conform.LatchkeyPolicy(), Strict: true})
	if err != nil || report.Summary.Exit != conform.ExitAsExpected || len(faults) < 10 ||
		report.Summary.Verdicts[conform.Skipped] > 0 {
		t.Errorf("got %v of %d faults, want all as they should be: %v", report.Line(), len(faults), err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Every page of a lab says what it is, and asking for a real gateway in one is a mistake.
func TestLabSaysSo(t *testing.T) {
	h := labHouse(t)
	for _, lang := range []string{"en", "zh-CN"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:8080/sign-in", nil)
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Accept-Language", lang)
		w := httptest.NewRecorder()
		h.face.ServeHTTP(w, r)
		if want := h.pages.Texts().Say(lang, "frame.lab", nil); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got a page without %q", lang, want)
		}
	}
	c := load(t, "lab: true\n", nil, nil)
	if !c.Lab || c.Data != "" || c.Server.Rate.Burst != -1 {
		t.Errorf("got %+v, want a lab with a folder of its own and no bounded rate", c)
	}
	path := t.TempDir() + "/latchkey.yaml"
	writeFile(t, path, "lab: true\nnotify: {smtp: {host: mail.example.com, from: a@example.com}}\n")
	if _, _, err := loadConfig(path, nil, nil); err == nil {
		t.Error("a lab with a mail relay: got no error, want one")
	}
}

// A lab that other machines reach says so, one on this machine alone does not.
func TestLabWarnsOfOtherMachines(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1": false, "::1": false, "0.0.0.0": true, "::": true,
		"192.0.2.1": true} {
		for _, lab := range []bool{true, false} {
			var said bytes.Buffer
			c := &Config{Lab: lab}
			c.warnOpen(slog.New(slog.NewJSONHandler(&said, nil)), &net.TCPAddr{IP: net.ParseIP(address), Port: 8080})
			if got := said.Len() > 0; got != (want && lab) {
				t.Errorf("%s, lab %v: got warned %v", address, lab, got)
			}
		}
	}
}

// A store that is kept while its keys are thrown away would never open again.
func TestLabKeepsNoStoreWithoutKeys(t *testing.T) {
	path := t.TempDir() + "/latchkey.yaml"
	writeFile(t, path, "lab: true\nstore: bolt:/srv/lab.db\n")
	if _, _, err := loadConfig(path, nil, nil); err == nil {
		t.Error("got no error, want one that asks for a folder")
	}
}
