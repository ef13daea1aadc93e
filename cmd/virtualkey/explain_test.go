package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
)

const pageOptions = `{"rp":{"id":"shop.example"},"user":{"id":"bWVp","name":"mei"},"challenge":"Y2hhbGxlbmdl","attestation":"direct"}`

// explained runs explain on a text, with and without JSON, and returns both.
func explained(t testing.TB, text []byte, options string) (plain, asJSON string) {
	t.Helper()
	var out [2]bytes.Buffer
	for i := range out {
		p := &program{stdin: strings.NewReader(options), stdout: &out[i], stderr: &out[i], now: time.Now}
		var ended outcome
		if err := p.explain(home{}, &explainFlags{options: "-", asJSON: i == 1}, text); errors.As(err, &ended) &&
			ended.code != 1 {
			t.Errorf("got exit %d, want 1", ended.code)
		}
	}
	return out[0].String(), out[1].String()
}

// registered makes a registration response in a format.
func registered(t testing.TB, format virtual.Format) []byte {
	t.Helper()
	key, err := virtual.New(virtual.Options{Seed: []byte("explain"), AAGUID: [16]byte{1}, Attestation: format})
	if err != nil {
		t.Fatal(err)
	}
	browser := &virtual.Client{Origin: "https://shop.example", Authenticators: []*virtual.Authenticator{key}}
	out, err := browser.Create([]byte(pageOptions))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Statements of every format are told apart, down to the certificate and to what a TPM signed.
func TestExplainEveryFormat(t *testing.T) {
	for format, want := range map[virtual.Format][]string{
		virtual.AttestSelf:       {"fmt  packed", "alg  ES256 (-7)"},
		virtual.AttestPacked:     {"fmt  packed", "x5c 1", "aaguid   01000000-0000-0000-0000-000000000000"},
		virtual.AttestTPM:        {"fmt  tpm", "magic            0xff544347", "type             0x8017", "extraData"},
		virtual.AttestAndroidKey: {"fmt  android-key", "x5c 1"},
		virtual.AttestApple:      {"fmt  apple", "x5c 1"},
		virtual.AttestCompound:   {"fmt  compound", "part 1", "part 2", "attStmt"},
	} {
		plain, asJSON := explained(t, registered(t, format), pageOptions)
		for _, s := range want {
			if !strings.Contains(plain, s) {
				t.Errorf("%v: got\n%s\nwant %q in it", format, plain, s)
			}
		}
		if !json.Valid([]byte(asJSON)) {
			t.Errorf("%v: got no JSON: %s", format, asJSON)
		}
	}
}

// Whatever stands where a number belongs is shown, not stumbled over.
func TestExplainKeysThatAreNone(t *testing.T) {
	for _, odd := range []any{[]byte{1}, []any{1}, map[string]any{"a": 1}, "text", nil, 1.5, true} {
		for _, label := range []int{1, 3, -1, -2, 9} {
			coded, err := cbor.Marshal(map[int]any{1: 2, 3: -7, label: odd})
			if err != nil {
				t.Fatal(err)
			}
			n := &node{}
			coseKey(n, coded)
			if len(n.nodes) == 0 || n.troubled() {
				t.Errorf("label %d, %v: got %+v, want its entries", label, odd, n.nodes)
			}
		}
		coded, err := cbor.Marshal(map[string]any{"alg": odd, "x5c": odd, "certInfo": odd, "attStmt": odd})
		if err != nil {
			t.Fatal(err)
		}
		object, err := cbor.Marshal(map[string]any{"fmt": odd, "attStmt": cbor.RawMessage(coded), "authData": odd})
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf(`{"id":"AQ","rawId":"AQ","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":%q}}`,
			base64.RawURLEncoding.EncodeToString(object))
		if plain, _ := explained(t, []byte(text), pageOptions); !strings.Contains(plain, "attStmt") {
			t.Errorf("%v: got %s", odd, plain)
		}
	}
}

// FuzzExplain pastes anything: it is told what it is, or what is wrong with it, and the JSON is JSON.
func FuzzExplain(f *testing.F) {
	for _, format := range []virtual.Format{virtual.AttestNone, virtual.AttestPacked, virtual.AttestTPM,
		virtual.AttestCompound} {
		f.Add(registered(f, format), []byte(pageOptions))
	}
	f.Add([]byte(`{"id":"AQ","response":{"clientDataJSON":"e30","authenticatorData":"AQ","signature":"","userHandle":"/+=="}}`), []byte(`{"challenge":"AA"}`))
	f.Add([]byte(pageOptions),
		[]byte(`{"publicKey":{"challenge":"AA","rpId":"shop.example","allowCredentials":[{"type":"public-key","id":"AQ"}]}}`))
	f.Fuzz(func(t *testing.T, text, options []byte) {
		plain, asJSON := explained(t, text, string(options))
		if (plain == "") != (asJSON == "") || asJSON != "" && !json.Valid([]byte(asJSON)) {
			t.Errorf("got %q and %q", plain, asJSON)
		}
	})
}
