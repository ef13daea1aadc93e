package virtual_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
)

// blobPayload reads a BLOB's payload without looking at its signature.
func blobPayload(t *testing.T, blob []byte) map[string]any {
	t.Helper()
	parts := bytes.Split(blob, []byte("."))
	if len(parts) != 3 {
		t.Fatalf("got %d parts, want 3", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(string(parts[1]))
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestMetadataSaysWhatIsAsked: number, dates, status and changes stand in the BLOB. That it verifies is tested where a
// library for it is at hand.
func TestMetadataSaysWhatIsAsked(t *testing.T) {
	ca := newCA(t, "root")
	key := device(t, virtual.Options{Attestation: virtual.AttestPacked, AAGUID: model, CA: ca})
	u2f := device(t, virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F, CA: ca})
	blob, err := ca.SignMetadata(virtual.Metadata{
		Number: 7, NextUpdate: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), LegalHeader: "for tests",
		Entries: []virtual.MetadataEntry{
			{Authenticator: key, Description: "Blue key",
				Status: []virtual.StatusReport{{Status: "REVOKED", EffectiveDate: "2026-11-01"}}},
			{Authenticator: u2f, Change: func(e map[string]any) { e["rogueListURL"] = "https://rogue.example" }},
		},
		Payload: func(p map[string]any) { p["extra"] = true },
	})
	if err != nil {
		t.Fatal(err)
	}
	got := blobPayload(t, blob)
	for name, want := range map[string]any{"no": 7.0, "nextUpdate": "2026-12-01", "legalHeader": "for tests",
		"extra": true} {
		if got[name] != want {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
	entries := got["entries"].([]any)
	first, second := entries[0].(map[string]any), entries[1].(map[string]any)
	if first["aaguid"] != "cafe0000-0000-0000-0000-000000000001" || first["timeOfLastStatusChange"] != "2026-11-01" ||
		first["metadataStatement"].(map[string]any)["description"] != "Blue key" {
		t.Errorf("first entry: got %v", first)
	}
	if second["aaguid"] != nil || second["rogueListURL"] != "https://rogue.example" ||
		second["attestationCertificateKeyIdentifiers"] == nil {
		t.Errorf("second entry: got %v", second)
	}
}

// TestMetadataThatCannotBe is an error.
func TestMetadataThatCannotBe(t *testing.T) {
	ca := newCA(t, "root")
	for name, m := range map[string]virtual.Metadata{
		"an algorithm that BLOBs do not have": {Algorithm: virtual.ES384},
		"nobody described":                    {Entries: []virtual.MetadataEntry{{}}},
		"a model without a name": {Entries: []virtual.MetadataEntry{{Authenticator: device(t,
			virtual.Options{})}}},
	} {
		if _, err := ca.SignMetadata(m); err == nil {
			t.Errorf("%s: got a BLOB, want an error", name)
		}
	}
}
