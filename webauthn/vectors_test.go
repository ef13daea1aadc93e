package webauthn_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/vectors"
	"github.com/latchkey-auth/latchkey/webauthn"
)

func b64(t *testing.T, fromHex string) string {
	t.Helper()
	raw, err := hex.DecodeString(fromHex)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// TestPublishedVectors registers and verifies every vector through the factor. Refused by right are Ed448, which is
// never offered, two formats whose roots lie fixed inside the library, and a TPM of a maker that does not exist. The
// last three are registered once more without their statements, as browsers send them when no attestation is asked for.
func TestPublishedVectors(t *testing.T) {
	file := vectors.Level3(t)
	der, err := hex.DecodeString(file.Root["attestation_ca_cert"])
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	f, err := webauthn.New(webauthn.Config{
		RPID: file.RPID, Origins: []string{file.Origin}, TopOrigins: []string{file.TopOrigin},
		Attestation: webauthn.AttestationPolicy{Ask: true, AnyU2FModel: true,
			Roots: []webauthn.Root{{Certificate: root}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]auth.Code{
		"packed.Ed448": auth.KeyAlgorithm, "android-key.ES256": auth.KeyAttestation, "apple.ES256": auth.KeyAttestation,
		"tpm.ES256": auth.KeyAttestationCertificate,
	}
	if len(file.Vectors) < 10 {
		t.Fatalf("got %d vectors, want at least 10", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			key := vectorRegistration(t, f, v.Registration, refused[v.ID])
			if code := refused[v.ID]; code != "" && code != auth.KeyAlgorithm {
				v.Registration["attestationObject"] = withoutStatement(t, v.Registration)
				vectorRegistration(t, f, v.Registration, "")
			}
			if key == nil {
				return
			}
			if _, certified := statedBy(t, v.Registration).Statement["x5c"]; key.Traits.Certified != certified {
				t.Errorf("certified: got %v, want %v", key.Traits.Certified, certified)
			}
			if v.Authentication != nil {
				vectorAuthentication(t, f, key, v.Registration["credential_id"], v.Authentication)
			}
		})
	}
}

func statedBy(t *testing.T, registration map[string]string) virtual.Attestation {
	t.Helper()
	raw, err := hex.DecodeString(registration["attestationObject"])
	if err != nil {
		t.Fatal(err)
	}
	var att virtual.Attestation
	if err := cbor.Unmarshal(raw, &att); err != nil {
		t.Fatal(err)
	}
	return att
}

func withoutStatement(t *testing.T, registration map[string]string) string {
	t.Helper()
	att := statedBy(t, registration)
	att.Format, att.Statement = "none", map[string]any{}
	raw, err := cbor.Marshal(att)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(raw)
}

// withChallenge puts the vector's challenge into a begun ceremony.
func withChallenge(t *testing.T, c *auth.Ceremony, half map[string]string) {
	t.Helper()
	var st struct {
		S struct{ Challenge string }
	}
	if err := json.Unmarshal(c.State, &st); err != nil {
		t.Fatal(err)
	}
	c.State = json.RawMessage(strings.Replace(string(c.State), st.S.Challenge, b64(t, half["challenge"]), 1))
}

func vectorRegistration(t *testing.T, f *webauthn.Factor, half map[string]string, want auth.Code) *auth.Authenticator {
	t.Helper()
	c := &auth.Ceremony{ID: "v", Account: "a", Purpose: auth.ForBind, Now: start, Expires: start.Add(1)}
	if err := f.BeginBind(c, auth.Subject{Handle: []byte("user"), Name: "vector"}); err != nil {
		t.Fatal(err)
	}
	withChallenge(t, c, half)
	id := b64(t, half["credential_id"])
	key, err := f.FinishBind(c, json.RawMessage(mustJSON(t, map[string]any{
		"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": b64(t, half["clientDataJSON"]), "attestationObject": b64(t, half["attestationObject"]),
		},
	})))
	wantCode(t, err, want)
	return key
}

func vectorAuthentication(t *testing.T, f *webauthn.Factor, key *auth.Authenticator, id string,
	half map[string]string) {
	t.Helper()
	c := &auth.Ceremony{ID: "v", Account: "a", Purpose: auth.ForStepUp, Now: start, Expires: start.Add(1)}
	if err := f.BeginVerify(c, []*auth.Authenticator{key}); err != nil {
		t.Fatal(err)
	}
	withChallenge(t, c, half)
	answer := map[string]any{
		"id": b64(t, id), "rawId": b64(t, id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": b64(t, half["clientDataJSON"]), "authenticatorData": b64(t, half["authenticatorData"]),
			"signature": b64(t, half["signature"]),
		},
	}
	_, err := f.FinishVerify(c, []*auth.Authenticator{key}, json.RawMessage(mustJSON(t, answer)))
	wantCode(t, err, "")
	data, err := hex.DecodeString(half["authenticatorData"])
	if err != nil {
		t.Fatal(err)
	}
	if want := data[32]&4 != 0; c.UserVerified != want {
		t.Errorf("verified: got %v, want %v", c.UserVerified, want)
	}
	other := strings.NewReplacer("0", "1", "1", "0").Replace(half["signature"])
	answer["response"].(map[string]any)["signature"] = b64(t, other)
	_, err = f.FinishVerify(c, []*auth.Authenticator{key}, json.RawMessage(mustJSON(t, answer)))
	wantCode(t, err, auth.KeySignatureWrong)
}
