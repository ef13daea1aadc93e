package webauthn

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// TestCertificateLists: one to eight, in a list, or none at all.
func TestCertificateLists(t *testing.T) {
	for n, want := range map[int]bool{0: false, 1: true, 8: true, 9: false} {
		if got := certificatesShape(map[string]any{"x5c": make([]any, n)}); got != want {
			t.Errorf("%d certificates: got %v, want %v", n, got, want)
		}
	}
	for _, odd := range []any{nil, []byte{1}, "x", [][]byte{{1}}} {
		if certificatesShape(map[string]any{"x5c": odd}) {
			t.Errorf("x5c %T: got it taken, want a list", odd)
		}
	}
	if !certificatesShape(map[string]any{}) {
		t.Error("no x5c: got it refused, want it taken")
	}
}

// issued is a certificate of a format's leaf.
func issued(t *testing.T, o virtual.LeafOptions) *x509.Certificate {
	t.Helper()
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("shapes")})
	if err != nil {
		t.Fatal(err)
	}
	leaf, _, err := ca.IssueWith(o)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// TestModelInCertificate: the extension that names a model is sixteen bytes in one octet string, and nothing beside.
func TestModelInCertificate(t *testing.T) {
	sixteen := bytes.Repeat([]byte{7}, 16)
	octets := func(tag, size byte, value ...byte) []byte { return append([]byte{tag, size}, value...) }
	for name, tc := range map[string]struct {
		value []byte
		want  bool
	}{
		"a model":       {octets(4, 16, sixteen...), true},
		"one byte more": {octets(4, 17, append(sixteen, 7)...), false},
		"one behind":    {append(octets(4, 16, sixteen...), 7), false},
		"one byte less": {octets(4, 15, sixteen[1:]...), false},
		"bare":          {sixteen, false},
		"bit string":    {octets(3, 16, sixteen...), false},
		"odd length":    {octets(4, 15, sixteen...), false},
		"empty":         {octets(4, 0), false},
	} {
		leaf := issued(t, virtual.LeafOptions{AAGUID: [16]byte{1}, Change: func(c *x509.Certificate) {
			c.ExtraExtensions[0].Value = tc.value
		}})
		if got := leafShape(map[string]any{"x5c": []any{leaf.Raw}}); got != tc.want {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
	free := issued(t, virtual.LeafOptions{Change: func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3},
			Value: []byte{5, 0}})
	}})
	if !leafShape(map[string]any{"x5c": []any{free.Raw}}) {
		t.Error("another extension: got it refused, want it taken")
	}
}

// TestPartsOfTPMStatement: certInfo is read to its end, and names pubArea by a hash that is known.
func TestPartsOfTPMStatement(t *testing.T) {
	area := []byte("the public area")
	sized := func(b []byte) []byte { return append([]byte{byte(len(b) >> 8), byte(len(b))}, b...) }
	info := func(name []byte) []byte {
		return slices.Concat(make([]byte, 6), sized([]byte("signer")), sized([]byte("extra")), make([]byte, 25),
			sized(name), sized([]byte("qualified")))
	}
	of := func(alg byte, sum []byte) []byte { return append([]byte{0, alg}, sum...) }
	one, two := sha1.Sum(area), sha256.Sum256(area)
	three, five := sha512.Sum384(area), sha512.Sum512(area)
	good := info(of(11, two[:]))
	boast := slices.Clone(good)
	boast[6], boast[7] = 0xff, 0xff // the signer's name is longer than all there is
	boast = slices.Delete(boast, 8, 14)
	for _, tc := range []struct {
		name string
		info []byte
		want bool
	}{
		{"SHA-1", info(of(4, one[:])), true}, {"SHA-256", good, true}, {"SHA-384", info(of(12, three[:])), true},
		{"SHA-512", info(of(13, five[:])), true},
		{"SHA3-256", info(of(39, two[:])), false}, {"no hash", info(of(16, two[:])), false},
		{"hash of another name", info(of(12, two[:])), false}, {"name of a handle", info([]byte{0, 0, 0, 1}), false},
		{"no name", info(nil), false}, {"name of one byte", info([]byte{0}), false},
		{"hash alone", info([]byte{0, 11}), false},
		{"byte behind", append(slices.Clone(good), 0), false}, {"byte missing", good[:len(good)-1], false},
		{"a part longer than all", boast, false}, {"half a length", good[:7], false},
		{"length of a name that is not there", good[:len(good)-9], false}, {"nothing", nil, false},
		{"other area", info(of(11, make([]byte, 32))), false},
	} {
		if got := tpmShape(map[string]any{"certInfo": tc.info, "pubArea": area}); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

// TestShapeOfEveryPart: what a statement of a format must hold is asked of each of them, whatever else is right.
func TestShapeOfEveryPart(t *testing.T) {
	leaf := issued(t, virtual.LeafOptions{AAGUID: [16]byte{1}}).Raw
	loose := issued(t, virtual.LeafOptions{Change: func(c *x509.Certificate) { c.BasicConstraintsValid = false }}).Raw
	many := slices.Repeat([]any{leaf}, 9)
	area := []byte("area")
	sum := sha256.Sum256(area)
	info := slices.Concat(make([]byte, 6), []byte{0, 0, 0, 0}, make([]byte, 25), []byte{0, 34, 0, 11}, sum[:],
		[]byte{0, 0})
	tpm := func(list ...any) map[string]any {
		return map[string]any{"x5c": list, "certInfo": info, "pubArea": area}
	}
	for _, tc := range []struct {
		name, format string
		statement    map[string]any
		want         auth.Code
	}{
		{"a leaf", "packed", map[string]any{"x5c": []any{leaf}}, ""},
		{"no limits", "packed", map[string]any{"x5c": []any{loose}}, auth.KeyAttestationCertificate},
		{"too many", "packed", map[string]any{"x5c": many}, auth.KeyAttestationMalformed},
		{"a leaf", "tpm", tpm(leaf), ""},
		{"no limits", "tpm", tpm(loose), auth.KeyAttestationCertificate},
		{"too many", "tpm", tpm(many...), auth.KeyAttestationMalformed},
		{"nothing certified", "tpm", map[string]any{"x5c": []any{leaf}}, auth.KeyAttestationMalformed},
		{"a leaf", "fido-u2f", map[string]any{"x5c": []any{leaf}}, ""},
		{"too many", "fido-u2f", map[string]any{"x5c": many}, auth.KeyAttestationMalformed},
		{"too many", "android-key", map[string]any{"x5c": many}, auth.KeyAttestationMalformed},
		{"too many", "apple", map[string]any{"x5c": many}, auth.KeyAttestationMalformed},
		{"too many", "none", map[string]any{"x5c": many}, auth.KeyAttestationMalformed},
		{"a leaf", "odd", map[string]any{"x5c": []any{leaf}}, auth.KeyAttestationFormat},
	} {
		part := protocol.NonCompoundAttestationObject{Format: tc.format, AttStatement: tc.statement}
		var data protocol.AuthenticatorData
		data.AttData.AAGUID = make([]byte, 16)
		alone := &protocol.AttestationObject{Format: tc.format, AttStatement: tc.statement, AuthData: data}
		wantRefusal(t, tc.format+", "+tc.name, statementShape(alone, false), tc.want)
		if tc.want != auth.KeyAttestationFormat {
			honest := protocol.NonCompoundAttestationObject{Format: "packed",
				AttStatement: map[string]any{"x5c": []any{leaf}}}
			compound := &protocol.AttestationObject{Format: "compound", AuthData: data,
				SubStatements: []protocol.NonCompoundAttestationObject{honest, part}}
			wantRefusal(t, tc.format+" in a compound, "+tc.name, statementShape(compound, false), tc.want)
		}
	}
}

func wantRefusal(t *testing.T, name string, err error, want auth.Code) {
	t.Helper()
	var refusal *auth.Error
	refused := errors.As(err, &refusal) && refusal.Code == want && refusal.Step != ""
	if want == "" && err != nil || want != "" && !refused {
		t.Errorf("%s: got %v, want %q and its step", name, err, want)
	}
}

// TestStatementOfFormat: a map, and of a compound statement an array as well.
func TestStatementOfFormat(t *testing.T) {
	for _, tc := range []struct {
		format string
		item   []byte
		want   bool
	}{
		{"packed", []byte{0xa0}, true}, {"packed", []byte{0x80}, false}, {"packed", []byte{0xf6}, false},
		{"packed", nil, false}, {"compound", []byte{0x80}, true}, {"compound", []byte{0xa0}, true},
		{"compound", []byte{0xf6}, false}, {"compound", []byte{0x60}, false}, {"compound", nil, false},
	} {
		if got := isStatement(tc.format, tc.item); got != tc.want {
			t.Errorf("%s, %x: got %v, want %v", tc.format, tc.item, got, tc.want)
		}
	}
}

// TestChainsOfTPM: the alternative name of a TPM's certificate is critical and read by the library alone: it is let
// pass there, and nowhere else; and a statement without certificates has no chain.
func TestChainsOfTPM(t *testing.T) {
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("shapes")})
	if err != nil {
		t.Fatal(err)
	}
	leaf := issued(t, virtual.LeafOptions{Format: virtual.AttestTPM, AAGUID: [16]byte{1}}).Raw
	for _, tc := range []struct {
		format string
		list   []any
		want   bool
	}{
		{"tpm", []any{leaf}, true}, {"packed", []any{leaf}, false}, {"tpm", []any{}, false}, {"tpm", nil, false},
		{"tpm", []any{leaf, []byte("garbage")}, false}, {"tpm", []any{"text"}, false},
	} {
		o := &protocol.AttestationObject{Format: tc.format, AttStatement: map[string]any{"x5c": tc.list}}
		now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		o.AuthData.AttData.AAGUID = append([]byte{1}, make([]byte, 15)...)
		f := &Factor{config: Config{Attestation: AttestationPolicy{Roots: []Root{{Certificate: ca.Root()}}}}}
		if got := f.prove(o, now).chain != nil; got != tc.want {
			t.Errorf("%s, %d certificates: got certified %v, want %v", tc.format, len(tc.list), got, tc.want)
		}
	}
}

// TestRSAKeys: 2048 to 4096 bits, and an odd exponent above 2, however it is padded.
func TestRSAKeys(t *testing.T) {
	modulus := func(n int) []byte { return append([]byte{0x80}, make([]byte, n)...)[:n] }
	f4 := []byte{1, 0, 1}
	for _, tc := range []struct {
		modulus, exponent []byte
		want              bool
	}{
		{modulus(255), f4, false}, {modulus(256), f4, true}, {modulus(512), f4, true}, {modulus(513), f4, false},
		{append([]byte{0}, modulus(256)...), f4, false}, {nil, f4, false},
		{modulus(256), nil, false}, {modulus(256), []byte{0, 0}, false}, {modulus(256), []byte{1}, false},
		{modulus(256), []byte{2}, false}, {modulus(256), []byte{3}, true}, {modulus(256), []byte{0, 0, 3}, true},
		{modulus(256), []byte{0, 0, 1}, false}, {modulus(256), []byte{1, 0, 0}, false},
		{modulus(256), []byte{2, 1}, true},
	} {
		if got := soundRSA(tc.modulus, tc.exponent); got != tc.want {
			t.Errorf("%d bytes, exponent %x: got %v, want %v", len(tc.modulus), tc.exponent, got, tc.want)
		}
	}
}

// TestCertificatesWithoutEnd: whatever stands where a certificate should, it is read or left alone, and nothing falls
// over; one of version 1, which has no field before its serial number, is read as well.
func TestCertificatesWithoutEnd(t *testing.T) {
	marshal := func(v any) []byte {
		der, err := asn1.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for name, raw := range map[string]any{
		"text": "x", "nothing": nil, "no bytes": []byte{}, "garbage": []byte("garbage"),
		"empty sequence": []byte{0x30, 0},
		"empty inside":   marshal([]asn1.RawValue{{FullBytes: []byte{0x30, 0}}}),
		"no sequence":    marshal([]asn1.RawValue{{FullBytes: []byte{2, 1, 0}}}),
		"too few fields": marshal([]asn1.RawValue{{FullBytes: marshal([]int{1, 2, 3})}}),
	} {
		if der, err := withoutEnd(raw); err == nil {
			t.Errorf("%s: got %x, want an error", name, der)
		}
	}
	four := marshal([]asn1.RawValue{{FullBytes: marshal([]int{1, 2, 3, 4})}})
	if _, err := withoutEnd(four); err != nil {
		t.Errorf("version 1: got %v, want its fourth field replaced", err)
	}
	ended := issued(t, virtual.LeafOptions{Change: func(c *x509.Certificate) {
		c.NotAfter = c.NotBefore.AddDate(0, 0, 1)
	}})
	der, err := withoutEnd(ended.Raw)
	if err != nil {
		t.Fatal(err)
	}
	endless, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if endless.NotAfter.Year() != 9999 || endless.NotBefore.Year() != 1970 ||
		!bytes.Equal(endless.RawSubjectPublicKeyInfo, ended.RawSubjectPublicKeyInfo) {
		t.Errorf("got a certificate from %v to %v, want the same for ever", endless.NotBefore, endless.NotAfter)
	}
}

// TestStateOfTheOther: what was begun as one ceremony is a failure in the other, and so is a state that was never
// written here: the seal should not have let it through.
func TestStateOfTheOther(t *testing.T) {
	for state, registration := range map[string]bool{
		`{"s":{"challenge":"c"}}`: true, `{"s":{"challenge":"c"},"f":"key"}`: false, `{"s":{},"f":"key"}`: true,
		`{"s":{}}`: false, `{}`: false, `{`: true, ``: false,
	} {
		_, err := readState(&auth.Ceremony{State: json.RawMessage(state)}, registration)
		if err == nil || errors.As(err, new(*auth.Error)) {
			t.Errorf("%s as a registration %v: got %v, want a failure", state, registration, err)
		}
	}
	for _, registration := range []bool{false, true} {
		state := fmt.Sprintf(`{"s":{"challenge":"c"},"f":%q}`, map[bool]string{true: "key"}[registration])
		if _, err := readState(&auth.Ceremony{State: json.RawMessage(state)}, registration); err != nil {
			t.Errorf("registration %v: got %v, want it read", registration, err)
		}
	}
}
