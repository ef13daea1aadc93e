package party

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/vectors"
)

func b64(t *testing.T, text string) string {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func unhexByte(t *testing.T, text string) byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 1 {
		t.Fatalf("not a byte: %q", text)
	}
	return raw[0]
}

// vectorParty trusts the root of the vectors.
func vectorParty(t *testing.T, f *vectors.File, without []fault.Check) *Party {
	t.Helper()
	der, err := hex.DecodeString(f.Root["attestation_ca_cert"])
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Options{
		Origin: f.Origin, RPID: f.RPID, Tops: []string{f.TopOrigin}, Roots: []*x509.Certificate{root},
		Seed:       []byte("vectors"),
		Algorithms: []virtual.Algorithm{virtual.ES256, virtual.ES384, virtual.ES512, virtual.RS256, virtual.EdDSA, -53},
		Without:    without,
		Now:        func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// answer judges the half of a vector, whose challenge is put in place of one that was drawn.
func answer(t *testing.T, p *Party, v *visit, kind fault.Ceremony, half map[string]string, id string,
	trust bool) []fault.Check {
	t.Helper()
	c := p.begin(kind, v.s, v.s.user, false)
	delete(p.issued, c.challenge)
	c.challenge, c.trust = b64(t, half["challenge"]), trust
	p.issued[c.challenge] = c
	response := map[string]any{"clientDataJSON": b64(t, half["clientDataJSON"])}
	for _, name := range []string{"attestationObject", "authenticatorData", "signature"} {
		if half[name] != "" {
			response[name] = b64(t, half[name])
		}
	}
	raw, err := json.Marshal(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.judge(kind, v.s, c.challenge, raw, false)
	if err != nil {
		t.Fatal(err)
	}
	var out outcome
	if err := json.Unmarshal(got.Response, &out); err != nil {
		t.Fatal(err)
	}
	kept := slices.DeleteFunc(slices.Clone(out.Broken), func(c fault.Check) bool { return p.without[c] })
	if got.Accepted != (len(kept) == 0) {
		t.Errorf("%s: accepted %t with %v broken", kind, got.Accepted, kept)
	}
	return out.Broken
}

// lax is what published vectors break: the key description of android-key has neither origin nor purpose, to which
// Level 3 §8.4 gives values, fido-u2f has an AAGUID, which only the hardening forbids, and the TPM's maker is 00000000,
// which nobody registered.
func lax() map[string][]fault.Check {
	return map[string][]fault.Check{
		"android-key.ES256": {fault.CheckAndroidOrigin, fault.CheckAndroidPurpose},
		"fido-u2f.ES256":    {fault.CheckU2FAAGUID},
		"tpm.ES256":         {fault.CheckTPMVendor},
	}
}

// TestPublishedVectors judges the published ceremonies with every check, and shows that a changed signature breaks the
// one check of it. The key of the Ed448 vector is passed over: the algorithm is offered, yet not one known here.
func TestPublishedVectors(t *testing.T) {
	f := vectors.Level3(t)
	want := lax()
	untrusted := []string{"none.ES256", "packed-self.ES256", "none.ES256.crossOrigin", "none.ES256.topOrigin",
		"none.ES256.long-credential-id"}
	judged := 0
	for _, vector := range f.Vectors {
		t.Run(vector.ID, func(t *testing.T) {
			p := vectorParty(t, f, want[vector.ID])
			made, err := p.Visit(t.Context(), "mei")
			if err != nil {
				t.Fatal(err)
			}
			v, _ := made.(*visit)
			id := b64(t, vector.Registration["credential_id"])
			trust := !slices.Contains(untrusted, vector.ID)
			got := answer(t, p, v, fault.Registration, vector.Registration, id, trust)
			if !slices.Equal(got, want[vector.ID]) {
				t.Errorf("registration: got %v broken, want %v", got, want[vector.ID])
			}
			judged++
			if vector.Authentication == nil {
				return
			}
			k := p.users["mei"].keys[0].key
			if ed448 := vector.ID == "packed.Ed448"; (k.public == nil) != ed448 {
				t.Fatalf("got the public key %v", k.public)
			} else if ed448 {
				return
			}
			half := vector.Authentication
			good := half["signature"]
			half["signature"] = good[:len(good)-2] + hex.EncodeToString([]byte{unhexByte(t, good[len(good)-2:]) ^ 1})
			if got := answer(t, p, v, fault.Authentication, half, id, false); !slices.Equal(got,
				[]fault.Check{fault.CheckGetSignature}) {
				t.Errorf("changed signature: got %v broken, want %s alone", got, fault.CheckGetSignature)
			}
			half["signature"] = good
			if got := answer(t, p, v, fault.Authentication, vector.Authentication, id, false); len(got) > 0 {
				t.Errorf("authentication: got %v broken, want none", got)
			}
		})
	}
	if judged < 12 {
		t.Errorf("got %d vectors judged, want at least 12", judged)
	}
}
