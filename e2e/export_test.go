package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-auth/latchkey/virtual"
)

// pasted is WebAuthn.addCredential with the credential as the export has it, byte for byte.
type pasted struct {
	AuthenticatorID webauthn.AuthenticatorID `json:"authenticatorId"`
	Credential      json.RawMessage          `json:"credential"`
}

// TestExportGoesIntoChromium pastes the credentials of an exported software key into Chromium, which then signs in
// with the discoverable one of them.
func TestExportGoesIntoChromium(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a browser is slow to start")
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>x</title>")
	}))
	defer page.Close()
	origin := strings.Replace(page.URL, "127.0.0.1", "localhost", 1)
	credentials, public := exportedKey(t, origin)

	s := &stage{}
	s.startBrowser(t)
	ctx, cancel := chromedp.NewContext(s.browser)
	defer cancel()
	p := &person{t: t, s: s, ctx: ctx}
	if _, err := chromedp.Run(ctx, chromedp.Navigate(origin)); err != nil {
		t.Fatal(err)
	}
	send(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	o := platform()
	o.HasLargeBlob = true
	k := p.plug(o)
	for _, c := range credentials {
		send(p, cdp.Command[pasted, cdp.Empty]{Method: webauthn.CommandAddCredential}, pasted{k.id, c})
	}
	if n := len(k.holds()); n != len(credentials) {
		t.Errorf("got %d credentials in Chromium, want %d", n, len(credentials))
	}
	signs(t, ctx, public)
}

// exportedKey makes a discoverable credential with a large blob and a plain one, and returns the credentials of the
// export and the public key of the first.
func exportedKey(t *testing.T, origin string) ([]json.RawMessage, *ecdsa.PublicKey) {
	t.Helper()
	a, err := virtual.New(virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Backup: true})
	if err != nil {
		t.Fatal(err)
	}
	c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}}
	const user = `{"rp":{"name":"x"},"user":{"id":"dXNlcg","name":"mei","displayName":"Mei"},"challenge":"AAAA","pubKeyCredParams":[]`
	first, err := c.Create([]byte(user +
		`,"authenticatorSelection":{"residentKey":"required"},"extensions":{"largeBlob":{"support":"required"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create([]byte(user + `}`)); err != nil {
		t.Fatal(err)
	}
	var r virtual.RegistrationResponse
	if err := json.Unmarshal(first, &r); err != nil {
		t.Fatal(err)
	}
	write := `{"challenge":"AAAA","allowCredentials":[{"type":"public-key","id":"` + r.ID +
		`"}],"extensions":{"largeBlob":{"write":"aGVsbG8"}}}`
	if _, err := c.Get([]byte(write)); err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(r.Response.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text, err := a.Export()
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Credentials []json.RawMessage `json:"credentials"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Credentials, public.(*ecdsa.PublicKey)
}

// signs has the page ask for any credential and its large blob, and checks what Chromium signs.
func signs(t *testing.T, ctx context.Context, public *ecdsa.PublicKey) {
	t.Helper()
	const ask = `navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(
		{challenge: "AAAA", userVerification: "required", extensions: {largeBlob: {read: true}}})}).then(c => JSON.stringify(c.toJSON()))`
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](ask, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var r virtual.AuthenticationResponse
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(r.Response.ClientDataJSON)
	sum := sha256.Sum256(append(append([]byte{}, r.Response.AuthenticatorData...), hash[:]...))
	if !ecdsa.VerifyASN1(public, sum[:], r.Response.Signature) || string(r.Response.UserHandle) != "user" {
		t.Errorf("got user %q and a signature that may not verify: %s", r.Response.UserHandle, out)
	}
	blob, _ := r.Extensions["largeBlob"].(map[string]any)
	if blob["blob"] != "aGVsbG8" {
		t.Errorf("large blob: got %v, want hello", r.Extensions)
	}
}
