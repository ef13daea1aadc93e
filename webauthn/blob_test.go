package webauthn_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

type object = map[string]any

// status is one report about a model.
type status = virtual.StatusReport

// trusting trusts what a CA signs.
func trusting(ca *virtual.CA) webauthn.Trust {
	return webauthn.Trust{Roots: []*x509.Certificate{ca.Root()}}
}

// withHeader puts another header before the payload and the signature of a BLOB.
func withHeader(t *testing.T, blob []byte, change func(object)) []byte {
	t.Helper()
	head, rest, _ := bytes.Cut(blob, []byte("."))
	raw, err := base64.RawURLEncoding.DecodeString(string(head))
	if err != nil {
		t.Fatal(err)
	}
	var header object
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Fatal(err)
	}
	change(header)
	if raw, err = json.Marshal(header); err != nil {
		t.Fatal(err)
	}
	return []byte(base64.RawURLEncoding.EncodeToString(raw) + "." + string(rest))
}

// TestMetadataOfAnySigner: a BLOB signed by a root or below it, by either algorithm, is read, with a line's end
// behind it too; its certificates may end with a root that is signed by another one, as FIDO's do.
func TestMetadataOfAnySigner(t *testing.T) {
	ca := testCA(t, "metadata")
	key := device(t, virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca})
	crossed := func(chain [][]byte) [][]byte { return append(chain, testCA(t, "another").Root().Raw) }
	for name, signer := range map[string]*virtual.CA{"root": ca, "intermediate": below(t, ca, "Metadata CA")} {
		for _, alg := range []virtual.Algorithm{virtual.ES256, virtual.RS256} {
			blob := signed(t, signer, virtual.Metadata{Number: 41, Algorithm: alg, Chain: crossed,
				Entries: []virtual.MetadataEntry{{Authenticator: key, Description: " Blue\n key\x00 "}}})
			m, err := webauthn.ParseMetadata(append(blob, '\n'), trusting(ca), start)
			if err != nil {
				t.Fatalf("%s, algorithm %d: %v", name, alg, err)
			}
			got := m.Model(model, nil)
			if m.Number != 41 || m.Models() != 1 || m.Unread != 0 || m.Overdue(start) || got == nil ||
				got.Description != "Blue key" || got.LevelAt(start) != auth.L1 {
				t.Errorf("%s, algorithm %d: got %+v, model %+v", name, alg, m, got)
			}
		}
	}
}

// TestMetadataThatAreNotTaken: each fault of a BLOB is refused, for its own reason.
func TestMetadataThatAreNotTaken(t *testing.T) {
	form, chain := webauthn.ErrMetadataForm, webauthn.ErrMetadataChain
	signature, size := webauthn.ErrMetadataSignature, webauthn.ErrMetadataSize
	ca := testCA(t, "metadata")
	own := trusting(ca)
	old, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("old"), NotAfter: start.AddDate(0, 0, -1)})
	if err != nil {
		t.Fatal(err)
	}
	good := signed(t, ca, virtual.Metadata{})
	parts := strings.Split(string(good), ".")
	other := strings.Split(string(signed(t, ca, virtual.Metadata{Number: 2})), ".")
	payload := func(change func(object)) []byte { return signed(t, ca, virtual.Metadata{Payload: change}) }
	chained := func(change func([][]byte) [][]byte) []byte {
		return signed(t, ca, virtual.Metadata{Chain: change})
	}
	headed := func(change func(object)) []byte { return withHeader(t, good, change) }
	for _, tc := range []struct {
		name  string
		blob  []byte
		trust webauthn.Trust
		want  error
	}{
		{"nothing", nil, own, form},
		{"two parts", []byte(parts[0] + "." + parts[1]), own, form},
		{"four parts", []byte(string(good) + ".AAAA"), own, form},
		{"no base64", []byte("~." + parts[1] + "." + parts[2]), own, form},
		{"loose bits", []byte(parts[0] + "." + parts[1] + "." + parts[2][:85] + "B"), own, form},
		{"header no JSON", []byte("AAAA." + parts[1] + "." + parts[2]), own, form},
		{"big header", []byte(strings.Repeat("A", 70<<10) + "." + parts[1] + "." + parts[2]), own, form},
		{"chain elsewhere", headed(func(h object) { h["x5u"] = "https://127.0.0.1/x" }), own, form},
		{"critical header", headed(func(h object) { h["crit"] = []string{"b64"} }), own, form},
		{"no chain", headed(func(h object) { delete(h, "x5c") }), own, chain},
		{"long chain", chained(func(c [][]byte) [][]byte {
			for len(c) < 9 {
				c = append(c, ca.Root().Raw)
			}
			return c
		}), own, chain},
		{"damaged certificate", chained(func(c [][]byte) [][]byte { return [][]byte{c[0][:40]} }), own, form},
		{"the root itself", chained(func([][]byte) [][]byte { return [][]byte{ca.Root().Raw} }), own, chain},
		{"another root", good, trusting(testCA(t, "another")), chain},
		{"no root", good, webauthn.Trust{}, chain},
		{"another signer", good, webauthn.Trust{Roots: own.Roots, Signer: "mds.example"},
			chain},
		{"out of date", signed(t, old, virtual.Metadata{}), trusting(old), chain},
		{"algorithm none", headed(func(h object) { h["alg"] = "none" }), own, signature},
		{"wrong signature", signed(t, ca, virtual.Metadata{Signature: flipLast}), own, signature},
		{"no signature", []byte(parts[0] + "." + parts[1] + "."), own, signature},
		{"payload of another", []byte(parts[0] + "." + other[1] + "." + parts[2]), own, signature},
		{"no number", payload(func(p object) { delete(p, "no") }), own, form},
		{"number below nothing", payload(func(p object) { p["no"] = -1 }), own, form},
		{"no day", payload(func(p object) { delete(p, "nextUpdate") }), own, form},
		{"another day", payload(func(p object) { p["nextUpdate"] = "soon" }), own, form},
		{"no list", payload(func(p object) { p["entries"] = "none" }), own, form},
		{"many entries", payload(func(p object) { p["entries"] = make([]struct{}, 20001) }), own, form},
		{"too big", append(bytes.Clone(good), make([]byte, 32<<20)...), own, size},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, err := webauthn.ParseMetadata(tc.blob, tc.trust, start)
			if !errors.Is(err, tc.want) || m != nil {
				t.Errorf("got %v, %v, want %v", m, err, tc.want)
			}
		})
	}
}

// TestCutMetadata: of a BLOB that was cut anywhere nothing is believed.
func TestCutMetadata(t *testing.T) {
	ca := testCA(t, "metadata")
	blob := signed(t, ca, virtual.Metadata{})
	for n := 0; n < len(blob); n += 7 {
		if _, err := webauthn.ParseMetadata(blob[:n], trusting(ca), start); err == nil {
			t.Errorf("the first %d of %d bytes: got them accepted", n, len(blob))
		}
	}
}

// TestFIDOTrust: the root that is pinned is there, and its signer must be FIDO's: the root certifies all sorts
// of sites.
func TestFIDOTrust(t *testing.T) {
	trust, err := webauthn.FIDOTrust()
	if err != nil {
		t.Fatal(err)
	}
	name := trust.Roots[0].Subject.CommonName
	if name != "GlobalSign Root R46" || trust.Signer != "mds.fidoalliance.org" {
		t.Errorf("got %s and the signer %q", name, trust.Signer)
	}
}

// An endless reader says nothing without end, and counts.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) { e.read += len(p); return len(p), nil }

// TestHugeMetadata: of what never ends no more is read than a BLOB can have.
func TestHugeMetadata(t *testing.T) {
	source := &endless{}
	if _, err := webauthn.ReadBLOB(source); !errors.Is(err, webauthn.ErrMetadataSize) {
		t.Errorf("got %v, want it refused", err)
	}
	if source.read > 40<<20 {
		t.Errorf("got %d bytes read", source.read)
	}
}

// TestEntriesOfMetadata: an entry that cannot be read is left out and counted, one of UAF is passed over, and
// the others stay.
func TestEntriesOfMetadata(t *testing.T) {
	ca := testCA(t, "metadata")
	key := device(t, virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca})
	blob := signed(t, ca, virtual.Metadata{Entries: []virtual.MetadataEntry{{Authenticator: key}},
		Payload: func(p object) {
			p["entries"] = append(p["entries"].([]any), object{"aaid": "4746#F816"},
				object{"aaguid": 7}, object{"aaguid": "no uuid"}, object{}, "text", nil)
			p["more"] = []any{1, object{"a": nil}}
		}})
	m, err := webauthn.ParseMetadata(blob, trusting(ca), start)
	if err != nil {
		t.Fatal(err)
	}
	if m.Models() != 1 || m.Unread != 5 || m.Model(model, nil) == nil {
		t.Errorf("got %d models and %d that could not be read, want 1 and 5", m.Models(), m.Unread)
	}
}

// TestStatusOfModels: a level is that of the latest report in effect; what breaks a model does as long as it is
// in effect, whatever came after it, and a report about one batch is about that batch.
func TestStatusOfModels(t *testing.T) {
	ca := testCA(t, "metadata")
	batch, another := below(t, ca, "Batch 7").Certificate(), below(t, ca, "Batch 8").Certificate()
	for _, tc := range []struct {
		name    string
		reports []status
		level   auth.Level
		broken  string // of a key of batch 7
		others  string // of one of another batch
	}{
		{name: "none", reports: []status{}},
		{name: "functions alone", reports: []status{{Status: "FIDO_CERTIFIED"}}},
		{name: "level 2", reports: []status{{Status: "FIDO_CERTIFIED_L1", EffectiveDate: "2020-01-01"},
			{Status: "FIDO_CERTIFIED_L2", EffectiveDate: "2022-01-01"}}, level: auth.L2},
		{name: "newest first", reports: []status{{Status: "FIDO_CERTIFIED_L3plus", EffectiveDate: "2022-01-01"},
			{Status: "FIDO_CERTIFIED_L1", EffectiveDate: "2020-01-01"}}, level: auth.L3Plus},
		{name: "not yet", reports: []status{{Status: "FIDO_CERTIFIED_L1plus", EffectiveDate: "2020-01-01"},
			{Status: "FIDO_CERTIFIED_L2plus", EffectiveDate: "2027-01-01"},
			{Status: "REVOKED", EffectiveDate: "2027-01-01"}}, level: auth.L1Plus},
		{name: "taken back", reports: []status{{Status: "FIDO_CERTIFIED_L3", EffectiveDate: "2020-01-01"},
			{Status: "NOT_FIDO_CERTIFIED", EffectiveDate: "2021-01-01"}}},
		{name: "an update", reports: []status{{Status: "FIDO_CERTIFIED_L1"}, {Status: "UPDATE_AVAILABLE"}},
			level: auth.L1},
		{name: "unknown", reports: []status{{Status: "FIDO_CERTIFIED_L9"}}},
		{name: "revoked", reports: []status{{Status: "REVOKED", EffectiveDate: "2021-01-01"}},
			broken: "REVOKED", others: "REVOKED"},
		{name: "no day", reports: []status{{Status: "REVOKED", EffectiveDate: "yesterday"}},
			broken: "REVOKED", others: "REVOKED"},
		{name: "certified again", reports: []status{
			{Status: "USER_KEY_REMOTE_COMPROMISE", EffectiveDate: "2021-01-01"},
			{Status: "FIDO_CERTIFIED_L1", EffectiveDate: "2022-01-01"}}, level: auth.L1,
			broken: "USER_KEY_REMOTE_COMPROMISE", others: "USER_KEY_REMOTE_COMPROMISE"},
		{name: "in one's hand", reports: []status{{Status: "USER_KEY_PHYSICAL_COMPROMISE"}},
			broken: "USER_KEY_PHYSICAL_COMPROMISE", others: "USER_KEY_PHYSICAL_COMPROMISE"},
		{name: "PIN", reports: []status{{Status: "USER_VERIFICATION_BYPASS"}},
			broken: "USER_VERIFICATION_BYPASS", others: "USER_VERIFICATION_BYPASS"},
		{name: "all batches", reports: []status{{Status: "ATTESTATION_KEY_COMPROMISE"}},
			broken: "ATTESTATION_KEY_COMPROMISE", others: "ATTESTATION_KEY_COMPROMISE"},
		{name: "one batch", reports: []status{{Status: "ATTESTATION_KEY_COMPROMISE", Certificate: batch.Raw}},
			broken: "ATTESTATION_KEY_COMPROMISE"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			key := device(t, virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca})
			m, err := webauthn.ParseMetadata(signed(t, ca, virtual.Metadata{Entries: []virtual.MetadataEntry{
				{Authenticator: key, Status: tc.reports}}}), trusting(ca), start)
			if err != nil {
				t.Fatal(err)
			}
			x := m.Model(model, nil)
			if got := x.LevelAt(start); got != tc.level {
				t.Errorf("level: got %q, want %q", got, tc.level)
			}
			if got := x.Broken(start, []*x509.Certificate{batch}); got != tc.broken {
				t.Errorf("this batch: got %q, want %q", got, tc.broken)
			}
			if got := x.Broken(start, []*x509.Certificate{another}); got != tc.others {
				t.Errorf("another batch: got %q, want %q", got, tc.others)
			}
		})
	}
}

// TestModelsWithoutAAGUID: a U2F key is known by the key of its attestation certificate.
func TestModelsWithoutAAGUID(t *testing.T) {
	ca := testCA(t, "metadata")
	key := device(t, virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F, CA: ca})
	m, err := webauthn.ParseMetadata(signed(t, ca, virtual.Metadata{Entries: []virtual.MetadataEntry{
		{Authenticator: key, Description: "Old key"}}}), trusting(ca), start)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _, err := ca.IssueWith(virtual.LeafOptions{Format: virtual.AttestFIDOU2F})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Model(webauthn.AAGUID{}, leaf); got == nil || got.Description != "Old key" {
		t.Errorf("got %+v, want the old key", got)
	}
	if got := m.Model(webauthn.AAGUID{}, ca.Root()); got != nil {
		t.Errorf("of another certificate: got %+v, want nothing", got)
	}
	if got := m.Model(webauthn.AAGUID{}, nil); got != nil {
		t.Errorf("without a certificate: got %+v, want nothing", got)
	}
	if got := (*webauthn.Metadata)(nil).Model(model, nil); got != nil {
		t.Errorf("without metadata: got %+v, want nothing", got)
	}
}

// TestOverdueMetadata: the day that is named is still in time.
func TestOverdueMetadata(t *testing.T) {
	ca := testCA(t, "metadata")
	m, err := webauthn.ParseMetadata(signed(t, ca, virtual.Metadata{
		NextUpdate: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}), trusting(ca), start)
	if err != nil {
		t.Fatal(err)
	}
	midnight := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	if m.Overdue(midnight.Add(-time.Second)) || !m.Overdue(midnight) {
		t.Errorf("got %v before midnight and %v at midnight, want false and true",
			m.Overdue(midnight.Add(-time.Second)), m.Overdue(midnight))
	}
}
