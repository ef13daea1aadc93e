package party_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// A browser posts JSON and keeps cookies.
type browser struct {
	t    *testing.T
	base string
	http *http.Client
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, base, &http.Client{Jar: jar}}
}

// post returns the status and the body.
func (b *browser) post(path string, body []byte) (int, []byte) {
	b.t.Helper()
	resp, err := b.http.Post(b.base+path, "application/json", bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, out
}

// options posts a wish and expects options.
func (b *browser) options(path, body string) []byte {
	b.t.Helper()
	status, out := b.post(path, []byte(body))
	if status != http.StatusOK || !bytes.Contains(out, []byte(`"status":"ok"`)) {
		b.t.Fatalf("%s: got %d %s, want options", path, status, out)
	}
	return out
}

// bare drops what the FIDO conformance API does not send.
func bare(t *testing.T, response []byte) []byte {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(response, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "rawId")
	delete(m, "clientExtensionResults")
	m["getClientExtensionResults"] = json.RawMessage("{}")
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func serve(t *testing.T) (string, *virtual.Client) {
	t.Helper()
	p, err := party.New(party.Options{Origin: origin, RPID: rpID, Seed: []byte(t.Name())})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p.Handler())
	t.Cleanup(server.Close)
	key, err := virtual.New(virtual.Options{
		Seed: []byte(t.Name()), ResidentKeys: true, UserVerification: virtual.UVSucceeds,
		Attestation: virtual.AttestPacked,
	})
	if err != nil {
		t.Fatal(err)
	}
	return server.URL, &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{key}}
}

// TestConformanceAPI registers and signs in as a client of the FIDO conformance API does, with the user named and not.
func TestConformanceAPI(t *testing.T) {
	base, client := serve(t)
	b := newBrowser(t, base)
	made, err := client.Create(b.options("/attestation/options",
		`{"username":"mei","displayName":"Mei","attestation":"direct","authenticatorSelection":{"residentKey":"required","requireResidentKey":true}}`))
	if err != nil {
		t.Fatal(err)
	}
	if status, out := b.post("/attestation/result", bare(t, made)); status != http.StatusOK ||
		string(out) != `{"status":"ok","errorMessage":""}` {
		t.Fatalf("registration: got %d %s", status, out)
	}
	for _, wish := range []string{`{"username":"mei"}`, `{"userVerification":"required"}`} {
		signed, err := client.Get(b.options("/assertion/options", wish))
		if err != nil {
			t.Fatal(err)
		}
		if status, out := b.post("/assertion/result", signed); status != http.StatusOK {
			t.Errorf("sign-in with %s: got %d %s", wish, status, out)
		}
		status, out := b.post("/assertion/result", signed)
		if status != http.StatusBadRequest || !strings.Contains(string(out), `"code":"spent"`) &&
			!strings.Contains(string(out), `"code":"counter"`) {
			t.Errorf("sign-in again with %s: got %d %s", wish, status, out)
		}
	}
}

// TestSessionsAreCookies sends a response with another browser's cookie.
func TestSessionsAreCookies(t *testing.T) {
	base, client := serve(t)
	mine, other := newBrowser(t, base), newBrowser(t, base)
	made, err := client.Create(mine.options("/attestation/options", `{"username":"mei","attestation":"direct"}`))
	if err != nil {
		t.Fatal(err)
	}
	other.options("/attestation/options", `{"username":"lin"}`)
	status, out := other.post("/attestation/result", made)
	if status != http.StatusBadRequest || !strings.Contains(string(out), `"broken":["state-create-session"]`) {
		t.Errorf("the other browser: got %d %s", status, out)
	}
	if status, out := mine.post("/attestation/result", made); status != http.StatusOK {
		t.Errorf("the browser itself, afterwards: got %d %s", status, out)
	}
}

// TestRefusalsOverHTTP shows that nothing but a good response is answered with 200, and that every answer is JSON with
// a message.
func TestRefusalsOverHTTP(t *testing.T) {
	base, _ := serve(t)
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"/attestation/options", `{}`, 400},
		{"/attestation/options", `[]`, 400},
		{"/attestation/options", `{"username":"mei","attestation":"much"}`, 400},
		{"/assertion/options", `{"username":"nobody"}`, 404},
		{"/attestation/result", ``, 400},
		{"/attestation/result", `{}`, 400},
		{"/assertion/result", `null`, 400},
		{"/assertion/result", `{"id":"` + strings.Repeat("A", 70000) + `"}`, 400},
	} {
		t.Run(fmt.Sprintf("%s %.20s", c.path, c.body), func(t *testing.T) {
			status, out := newBrowser(t, base).post(c.path, []byte(c.body))
			var got struct{ Status, ErrorMessage string }
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			if status != c.want || got.Status != "failed" || got.ErrorMessage == "" {
				t.Errorf("got %d %s, want %d and a message", status, out, c.want)
			}
		})
	}
}
