package webauthn_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// about are metadata of a tester's CA about the models of some devices, under one status each.
func about(t *testing.T, ca *virtual.CA, reports []status, devices ...virtual.Options) *webauthn.Metadata {
	t.Helper()
	var m virtual.Metadata
	for _, o := range devices {
		m.Entries = append(m.Entries, virtual.MetadataEntry{Authenticator: device(t, o), Status: reports,
			Description: "Blue key"})
	}
	out, err := webauthn.ParseMetadata(signed(t, ca, m), trusting(ca), start)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// informed is a factor that asks for attestation under a policy and knows some metadata.
func informed(m *webauthn.Metadata, p webauthn.AttestationPolicy) func(*webauthn.Config) {
	return func(c *webauthn.Config) {
		p.Ask = true
		c.Attestation = p
		c.Metadata = func() *webauthn.Metadata { return m }
	}
}

// makers lets the two formats whose roots the library fixes lead to a tester's CA, too.
func makers(t *testing.T, ca *virtual.CA) {
	t.Helper()
	trustMaker(t, &androidRoots, ca.Root())
	trustMaker(t, &appleRoots, ca.Root())
}

// register binds a key of a device.
func register(t *testing.T, config func(*webauthn.Config), o virtual.Options,
	hooks *virtual.Hooks) (*auth.Authenticator, error) {
	t.Helper()
	b := newBench(t, config, o)
	b.browser.Hooks = hooks
	c := b.binding(auth.SecurityKey)
	return b.factor.FinishBind(c, b.create(c))
}

// TestProvenanceOfEveryFormat: under metadata for its model, a key is proved in every format that leads to
// their roots, with its maker where a certificate names one, and its level. Self attestation and none prove
// nothing whatever they claim; without metadata, under those of another model or under another root, nothing is
// proved by them.
func TestProvenanceOfEveryFormat(t *testing.T) {
	ca := testCA(t, "formats")
	makers(t, ca)
	elsewhere := testCA(t, "another")
	for _, tc := range formatCases(ca, below(t, ca, "Batch 7")) {
		t.Run(tc.name, func(t *testing.T) {
			known := about(t, ca, nil, tc.device)
			a, err := register(t, informed(known, webauthn.AttestationPolicy{}), tc.device, nil)
			if err != nil {
				t.Fatal(err)
			}
			proves := tc.device.Attestation > virtual.AttestSelf
			got := a.Traits.Provenance
			if got.Model != "Blue key" || got.Certified != proves || (got.Level == auth.L1) != proves {
				t.Errorf("got %+v, want proved %v", got, proves)
			}
			if got.Maker != "" && (!proves || got.Maker != "Virtual Authenticators") {
				t.Errorf("maker: got %q", got.Maker)
			}
			twin := virtual.Options{AAGUID: tc.device.AAGUID, Attestation: virtual.AttestPacked, CA: elsewhere}
			if tc.device.Protocol == virtual.U2F {
				twin.Protocol, twin.Attestation = virtual.U2F, virtual.AttestFIDOU2F
			}
			foreign := about(t, elsewhere, nil, twin)
			other := about(t, ca, nil,
				virtual.Options{AAGUID: [16]byte{77}, Attestation: virtual.AttestPacked, CA: ca})
			for name, m := range map[string]*webauthn.Metadata{"no metadata": nil, "another root": foreign,
				"another model": other} {
				a, err := register(t, informed(m, webauthn.AttestationPolicy{}), tc.device, nil)
				if err != nil {
					t.Fatal(err)
				}
				if got := a.Traits.Provenance; got.Certified || got.Level > 0 || got.Maker != "" {
					t.Errorf("%s: got %+v, want nothing proved", name, got)
				}
			}
		})
	}
}

// TestProvenanceIsKept: what was known of a key when it was bound stays in its record, and is of no other
// member than these.
func TestProvenanceIsKept(t *testing.T) {
	ca := testCA(t, "formats")
	o := virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca}
	known := about(t, ca, []status{{Status: "FIDO_CERTIFIED_L2plus"}}, o)
	yubico := virtual.Hooks{Attester: leaf(func(c *x509.Certificate) {
		c.Subject.Organization = []string{"ACME\u202e Keys"}
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{
			Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 13, 1}, Value: []byte{4, 3, 5, 7, 1}})
	})}
	a, err := register(t, informed(known, webauthn.AttestationPolicy{}), o, &yubico)
	if err != nil {
		t.Fatal(err)
	}
	text := mustJSON(t, a.Traits)
	var read auth.Traits
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatal(err)
	}
	want := auth.Provenance{Model: "Blue key", ModelID: "cafe0000-0000-0000-0000-000000000001", Certified: true,
		Maker: "ACME Keys", Firmware: "5.7.1", Level: auth.L2Plus}
	if read.Provenance != want {
		t.Errorf("got %+v of %s, want %+v", read.Provenance, text, want)
	}
	var old auth.Traits // of before there was more
	err = json.Unmarshal([]byte(`{"f":"key","m":"Solo","ce":true}`), &old)
	if err != nil || old.Model != "Solo" || !old.Certified || old.Level != auth.Uncertified {
		t.Errorf("an older record: got %+v, %v", old, err)
	}
}

// TestNamesOfModels: the house's name goes before that of the metadata, and that before what is built in.
func TestNamesOfModels(t *testing.T) {
	ca := testCA(t, "formats")
	solo := mustAAGUID(t, "8876631b-d4a0-427f-5773-0ec71c9e0279")
	o := virtual.Options{AAGUID: solo}
	known := about(t, ca, nil, virtual.Options{AAGUID: solo, Attestation: virtual.AttestPacked, CA: ca})
	for _, tc := range []struct {
		known *webauthn.Metadata
		house map[webauthn.AAGUID]string
		want  string
	}{
		{nil, nil, "Solo"}, {known, nil, "Blue key"}, {known, map[webauthn.AAGUID]string{solo: "Ours"}, "Ours"},
	} {
		a, err := register(t, func(c *webauthn.Config) {
			c.Models = tc.house
			c.Metadata = func() *webauthn.Metadata { return tc.known }
		}, o, nil)
		if err != nil || a.Traits.Model != tc.want {
			t.Errorf("got %+v, %v, want %q", a, err, tc.want)
		}
	}
}

// TestRevokedModels: no key of a model that metadata call broken is taken, in any format, and be it that it
// only claims to be one; a batch whose attestation key got out is told by its certificate.
func TestRevokedModels(t *testing.T) {
	ca := testCA(t, "formats")
	makers(t, ca)
	batch := below(t, ca, "Batch 7")
	for _, word := range []string{"REVOKED", "USER_VERIFICATION_BYPASS", "ATTESTATION_KEY_COMPROMISE",
		"USER_KEY_REMOTE_COMPROMISE", "USER_KEY_PHYSICAL_COMPROMISE", "RETIRED"} {
		for _, tc := range formatCases(ca, batch) {
			known := about(t, ca, []status{{Status: word}}, tc.device)
			_, err := register(t, informed(known, webauthn.AttestationPolicy{}), tc.device, nil)
			if got := codeOf(t, err); got != auth.KeyModelRevoked {
				t.Errorf("%s, %s: got %q, want it refused", word, tc.name, got)
			}
		}
	}
	one := []status{{Status: "ATTESTATION_KEY_COMPROMISE", Certificate: batch.Certificate().Raw}}
	for name, tc := range map[string]struct {
		ca   *virtual.CA
		want auth.Code
	}{"that batch": {batch, auth.KeyModelRevoked}, "another": {below(t, ca, "Batch 8"), ""}} {
		o := virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: tc.ca}
		_, err := register(t, informed(about(t, ca, one, o), webauthn.AttestationPolicy{}), o, nil)
		if got := codeOf(t, err); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

// TestMetadataVouch: where certified keys alone are taken, a chain to the roots of the metadata is as good as
// one to roots of one's own.
func TestMetadataVouch(t *testing.T) {
	ca := testCA(t, "formats")
	o := virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca}
	known := about(t, ca, nil, o)
	claiming, require := virtual.Options{AAGUID: model}, webauthn.AttestationPolicy{Require: true}
	only := func(id webauthn.AAGUID) webauthn.AttestationPolicy {
		return webauthn.AttestationPolicy{Allow: []webauthn.AAGUID{id}}
	}
	for name, tc := range map[string]struct {
		device virtual.Options
		policy webauthn.AttestationPolicy
		known  *webauthn.Metadata
		want   auth.Code
	}{
		"required":                 {o, require, known, ""},
		"required, no metadata":    {o, require, nil, auth.KeyAttestation},
		"required, only claimed":   {claiming, require, known, auth.KeyAttestation},
		"permitted":                {o, only(model), known, ""},
		"permitted, only claimed":  {claiming, only(model), known, auth.KeyAttestation},
		"known, but not permitted": {o, only(webauthn.AAGUID{1}), known, auth.KeyModelRefused},
	} {
		_, err := register(t, informed(tc.known, tc.policy), tc.device, nil)
		if got := codeOf(t, err); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}
