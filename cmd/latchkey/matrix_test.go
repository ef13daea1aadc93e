package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// cells are the answers of a matrix, by kind of key and column.
func cells(t *testing.T, policy webauthn.AttestationPolicy) map[string]map[string]string {
	t.Helper()
	var out bytes.Buffer
	if err := writeMatrix(&out, policy, time.Now()); err != nil {
		t.Fatal(err)
	}
	gap := regexp.MustCompile(`  +`)
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	columns := gap.Split(strings.TrimSpace(lines[0]), -1)
	all := map[string]map[string]string{}
	for _, line := range lines[1:] {
		fields := gap.Split(strings.TrimSpace(line), -1)
		if len(fields) != len(columns)+1 {
			t.Fatalf("got %q, want an answer for each of %q", line, columns)
		}
		row := map[string]string{}
		for i, name := range columns {
			row[name] = fields[i+1]
		}
		all[fields[0]] = row
	}
	return all
}

// The matrix has every persona, and says of each what a site of that policy says.
func TestMatrixOfAPolicy(t *testing.T) {
	ca, err := virtual.NewCA(virtual.CAOptions{})
	if err != nil {
		t.Fatal(err)
	}
	bound, levels := webauthn.AttestationPolicy{Least: auth.BoundKey}, webauthn.AttestationPolicy{Least: auth.Graded(auth.L2)}
	var model webauthn.AAGUID
	for _, p := range virtual.Personas(ca) {
		if p.Name == "key with a PIN" {
			model = p.Options.AAGUID
		}
	}
	for _, tc := range []struct {
		policy        webauthn.AttestationPolicy
		who, of, want string
	}{
		{webauthn.AttestationPolicy{}, "passkey that is synced", "unknown", "yes"},
		{webauthn.AttestationPolicy{}, "touch-only key of before FIDO2", "revoked", "key-model-revoked"},
		{bound, "passkey that is synced", "L3+", "key-synced-refused"},
		{bound, "key that tells nothing", "unknown", "yes"},
		{webauthn.AttestationPolicy{Require: true}, "touch-only key", "unknown", "key-attestation-refused"},
		{webauthn.AttestationPolicy{Require: true}, "touch-only key of before FIDO2", "house's own", "yes"},
		{levels, "PC with a TPM", "L1", "key-level-too-low"},
		{levels, "PC with a TPM", "L2", "yes"},
		{levels, "key with two statements", "L3", "yes"},
		{levels, "key that attests itself", "L3", "key-attestation-refused"},
		{webauthn.AttestationPolicy{Deny: []webauthn.AAGUID{model}}, "key with a PIN", "unknown", "key-model-refused"},
		{webauthn.AttestationPolicy{Deny: []webauthn.AAGUID{model}}, "key with a finger", "unknown", "yes"},
		{webauthn.AttestationPolicy{Allow: []webauthn.AAGUID{{9}}}, "key with a PIN", "L1", "key-model-refused"},
		{webauthn.AttestationPolicy{Allow: []webauthn.AAGUID{{9}}}, "key of permitted model 1", "L1", "yes"},
	} {
		all := cells(t, tc.policy)
		if got := all[tc.who][tc.of]; got != tc.want {
			t.Errorf("%+v, %s, %s: got %q, want %q", tc.policy, tc.who, tc.of, got, tc.want)
		}
		if n := len(virtual.Personas(ca)) + len(tc.policy.Allow); len(all) != n {
			t.Errorf("got %d kinds of keys, want %d", len(all), n)
		}
	}
}
