package webauthn

import (
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/latchkey-auth/latchkey/virtual"
)

// TestTrustPathIsOfTheFormat: certificates count only where the statement was verified with them. Anybody can copy a
// maker's certificate into a statement that is verified by other means.
func TestTrustPathIsOfTheFormat(t *testing.T) {
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("maker")})
	if err != nil {
		t.Fatal(err)
	}
	leaf, _, err := ca.Issue([16]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for format, want := range map[protocol.AttestationFormat]bool{
		protocol.AttestationFormatPacked: true, protocol.AttestationFormatAndroidSafetyNet: false,
		protocol.AttestationFormatNone: false,
	} {
		o := &protocol.AttestationObject{Format: string(format), AttStatement: map[string]any{"x5c": []any{leaf.Raw}}}
		o.AuthData.AttData.AAGUID = append([]byte{1}, make([]byte, 15)...)
		f := &Factor{config: Config{Attestation: AttestationPolicy{Roots: []Root{{Certificate: ca.Root()}}}}}
		if got := f.prove(o, now).chain != nil; got != want {
			t.Errorf("%s: got certified %v, want %v", format, got, want)
		}
	}
}
