package desk

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

var recalledModel = webauthn.AAGUID{0xb1}

// recalls puts a list to use in which a model is revoked.
func (w *world) recalls() {
	w.t.Helper()
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("maker")})
	w.check(err)
	key, err := virtual.New(virtual.Options{AAGUID: recalledModel, Attestation: virtual.AttestPacked, CA: ca})
	w.check(err)
	blob, err := ca.SignMetadata(virtual.Metadata{Entries: []virtual.MetadataEntry{{Authenticator: key,
		Description: "Blue key", Status: []virtual.StatusReport{{Status: "REVOKED", EffectiveDate: "2026-01-01"}}}}})
	w.check(err)
	w.known, err = webauthn.ParseMetadata(blob, webauthn.Trust{Roots: []*x509.Certificate{ca.Root()}}, w.time())
	w.check(err)
}

// holds is a seller with a key of that model.
func (w *world) holds(name string) {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.check(err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	w.check(err)
	text, err := json.Marshal(map[string]any{"credentialId": base64.RawURLEncoding.EncodeToString([]byte(name)),
		"rpId": "accounts.example", "privateKey": base64.StdEncoding.EncodeToString(der)})
	w.check(err)
	_, err = w.lab.Make(w.t.Context(), auth.Caller{}, lab.AccountForm{Name: name, Email: name + "@example.com",
		Methods: []auth.MethodForm{{Kind: auth.WebAuthn, Virtual: text, AAGUID: recalledModel.String()}}})
	w.check(err)
}

// told sweeps, and counts the mails of a recalled key.
func (w *world) told() (n int) {
	w.t.Helper()
	w.check(w.s.Sweep(w.t.Context()))
	list, err := w.s.Due(w.t.Context(), 100)
	w.check(err)
	for _, m := range list {
		w.check(w.s.Settle(w.t.Context(), m.ID, auth.Outcome{State: auth.Accepted, Gateway: "t", Reference: m.ID}))
		if m.Template == auth.TemplateRecalled {
			n++
		}
	}
	return n
}

// Support sees how far the owners of keys of a recalled model have come; an administrator, who has just touched
// a key, has those told once more who have not acted, once in seven days; both stand in the trail.
func TestRecalledModelsAtTheDesk(t *testing.T) {
	w := newWorld(t)
	ann, boss := w.worker("ann", staff.Support), w.worker("boss", staff.Administrator)
	if page := ann.open(recallsPath); !strings.Contains(page, "No model of security keys is recalled") {
		t.Fatalf("none: got %s", page)
	}
	w.recalls()
	w.holds("wei")
	w.holds("mo")
	if got := w.told(); got != 2 {
		t.Fatalf("got %d told, want both owners", got)
	}
	push := recallsPath + "/" + recalledModel.String() + "/push"
	page := html.UnescapeString(ann.open(recallsPath))
	for _, says := range []string{"Blue key", "2, of 2 accounts", "2, of which 2 only claim the model",
		"no longer be trusted"} {
		if !strings.Contains(page, says) {
			t.Errorf("support: got %s, want %q", page, says)
		}
	}
	if strings.Contains(page, push) {
		t.Error("support: got a push offered, want none")
	}
	_, err := w.stock.PushAtDesk(t.Context(), auth.Caller{Token: ann.cookies["__Secure-latchkey-desk"]},
		recalledModel.String())
	if refused := new(auth.Error); !errors.As(err, &refused) || refused.Code != auth.Forbidden {
		t.Errorf("support pushes: got %v, want it forbidden", err)
	}
	if got := w.told(); got != 0 {
		t.Errorf("support pushes: got %d told, want it refused", got)
	}
	w.pass(10 * time.Minute)
	if page = boss.fresh().open(push); !strings.Contains(page, "Tell them once more?") {
		t.Errorf("asked: got %s", page)
	}
	page = html.UnescapeString(boss.post(push))
	if !strings.Contains(page, "Whoever has not acted is told once more") || strings.Contains(page, push) {
		t.Errorf("pushed: got %s, want it said, and no push offered", page)
	}
	if got := w.told(); got != 2 {
		t.Errorf("pushed: got %d told, want both once more", got)
	}
	if page = html.UnescapeString(boss.post(push)); !strings.Contains(page, "less than seven days ago") {
		t.Errorf("pushed again: got %s, want it refused", page)
	}
	if got := w.trail(w.worker("eve", staff.Auditor), w.id(boss), inventory.ActDeskPush); got != 1 {
		t.Errorf("got %d pushes in the trail, want one", got)
	}
	w.pass(7 * 24 * time.Hour)
	if got := w.told(); got != 0 {
		t.Errorf("a week later: got %d told, want nobody", got)
	}
	boss.signIn()
	if page = boss.open(recallsPath); !strings.Contains(page, push) {
		t.Errorf("a week later: got %s, want a push offered", page)
	}
}
