package webauthn_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/metadata/providers/memory"

	"github.com/latchkey-auth/latchkey/virtual"
)

// decode reads a BLOB as a relying party does that trusts root.
func decode(t *testing.T, blob []byte, root *x509.Certificate) (*metadata.Metadata, error) {
	t.Helper()
	d, err := metadata.NewDecoder(metadata.WithRootCertificate(base64.StdEncoding.EncodeToString(root.Raw)))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := d.DecodeBytes(blob)
	if err != nil {
		return nil, err
	}
	return d.Parse(payload)
}

func signed(t *testing.T, ca *virtual.CA, m virtual.Metadata) []byte {
	t.Helper()
	blob, err := ca.SignMetadata(m)
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// provider has every check of the library on, those that it leaves off by default included.
func provider(t *testing.T, m *metadata.Metadata) metadata.Provider {
	t.Helper()
	p, err := memory.New(memory.WithMetadata(m.ToMap()), memory.WithMetadataKeyIdentifiers(m.ToKeyIdentifierMap()),
		memory.WithValidateEntryKeyIdentifier(true), memory.WithValidateStatusCertificateScope(true),
		memory.WithValidateAAGUID(true), memory.WithValidateAttestationFormats(true),
		memory.WithValidateAlgorithms(true),
		memory.WithValidateBackupEligibility(true), memory.WithValidateUserVerification(true))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestMetadataIsRead: the library verifies the BLOB under our root, with either algorithm, signed by a root or below
// it, and reads what was put in; under another root, with a broken signature or a changed payload it does not.
func TestMetadataIsRead(t *testing.T) {
	ca := testCA(t, "metadata")
	key := device(t, virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca, ResidentKeys: true,
		PIN: "1234"})
	for name, signer := range map[string]*virtual.CA{"root": ca, "intermediate": below(t, ca, "Metadata CA")} {
		for _, alg := range []virtual.Algorithm{virtual.ES256, virtual.RS256} {
			m := virtual.Metadata{Number: 41, Algorithm: alg, Entries: []virtual.MetadataEntry{{Authenticator: key}}}
			blob := signed(t, signer, m)
			got, err := decode(t, blob, ca.Root())
			if err != nil {
				t.Fatalf("%s, algorithm %d: %v", name, alg, err)
			}
			entry := got.Parsed.Entries[0]
			info := entry.MetadataStatement.AuthenticatorGetInfo
			if got.Parsed.Number != 41 || entry.AaGUID != model ||
				!entry.MetadataStatement.AttestationRootCertificates[0].Equal(ca.Root()) ||
				entry.StatusReports[0].Status != metadata.FidoCertifiedL1 || !info.Options["rk"] ||
				info.Options["clientPin"] || info.MaxCredentialCountInList == 0 || info.AaGUID != model {
				t.Errorf("%s, algorithm %d: got %+v", name, alg, got.Parsed)
			}
			if !bytes.Equal(blob, signed(t, signer, m)) {
				t.Errorf("%s, algorithm %d: got two BLOBs of the same metadata", name, alg)
			}
			if _, err := decode(t, blob, testCA(t, "another").Root()); err == nil {
				t.Errorf("%s, algorithm %d: got it accepted under another root", name, alg)
			}
			m.Signature = flipLast
			if _, err := decode(t, signed(t, signer, m), ca.Root()); err == nil ||
				!strings.Contains(err.Error(), "signature is invalid") {
				t.Errorf("%s, algorithm %d: broken signature: got %v", name, alg, err)
			}
		}
	}
}

// TestMetadataDecides registers keys under metadata: those it vouches for pass with their chains, those it does not
// know, knows under another root, or knows to be broken are refused for that reason.
func TestMetadataDecides(t *testing.T) {
	ca := testCA(t, "metadata")
	child := below(t, ca, "Batch 7")
	revoked := []virtual.StatusReport{{Status: "FIDO_CERTIFIED", EffectiveDate: "2020-01-01"},
		{Status: "REVOKED", EffectiveDate: "2021-06-01"}}
	compromised := []virtual.StatusReport{{Status: "ATTESTATION_KEY_COMPROMISE", EffectiveDate: "2021-06-01",
		Certificate: child.Certificate().Raw}}
	with := func(f virtual.Format, id byte, ca *virtual.CA) virtual.Options {
		return virtual.Options{AAGUID: [16]byte{id}, Attestation: f, CA: ca}
	}
	for _, tc := range []struct {
		name   string
		device virtual.Options
		entry  virtual.MetadataEntry // Authenticator filled in
		absent bool
		want   string
	}{
		{name: "packed", device: with(virtual.AttestPacked, 1, ca)},
		{name: "packed below an intermediate", device: with(virtual.AttestPacked, 1, child)},
		{name: "self", device: with(virtual.AttestSelf, 1, nil)},
		{name: "tpm", device: with(virtual.AttestTPM, 2, ca)},
		{name: "tpm below an intermediate", device: with(virtual.AttestTPM, 2, child)},
		{name: "compound", device: with(virtual.AttestCompound, 3, ca)},
		{name: "u2f", device: virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F, CA: ca}},
		{name: "verified user", device: virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca,
			UserVerification: virtual.UVSucceeds, AlwaysUV: true, Backup: true,
			Algorithms: []virtual.Algorithm{virtual.EdDSA}}},
		{name: "PIN", device: virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca, PIN: "1234",
			ResidentKeys: true}},
		{name: "absent", device: with(virtual.AttestPacked, 1, ca), absent: true, want: "no registered metadata"},
		{name: "u2f absent", device: virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F, CA: ca},
			absent: true, want: "no registered metadata"},
		{name: "revoked", device: with(virtual.AttestPacked, 1, ca), entry: virtual.MetadataEntry{Status: revoked},
			want: "REVOKED"},
		{name: "revoked tpm", device: with(virtual.AttestTPM, 1, ca), entry: virtual.MetadataEntry{Status: revoked},
			want: "REVOKED"},
		{name: "compromised batch", device: with(virtual.AttestPacked, 1, child),
			entry: virtual.MetadataEntry{Status: compromised}, want: "ATTESTATION_KEY_COMPROMISE"},
		{name: "another batch is compromised", device: with(virtual.AttestPacked, 1, ca),
			entry: virtual.MetadataEntry{Status: compromised}},
		{name: "another root", device: with(virtual.AttestPacked, 1, ca),
			entry: virtual.MetadataEntry{Change: func(e map[string]any) {
				e["metadataStatement"].(map[string]any)["attestationRootCertificates"] = [][]byte{testCA(t,
					"another").Root().Raw}
			}}, want: "error validating the trust chain"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			key := device(t, tc.device) // the same seed as in attested
			m := virtual.Metadata{Entries: []virtual.MetadataEntry{{Authenticator: device(t,
				with(virtual.AttestPacked, 99, ca))}}}
			if tc.entry.Authenticator = key; !tc.absent {
				m.Entries = append(m.Entries, tc.entry)
			}
			read, err := decode(t, signed(t, ca, m), ca.Root())
			if err != nil {
				t.Fatal(err)
			}
			object, hash := attested(t, tc.device, nil)
			err = verified(object, hash, provider(t, read))
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want a refusal that says %q", err, tc.want)
			}
		})
	}
}
