package webauthn

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/latchkey-auth/latchkey/auth"
)

// reasons lists by which words the library tells what is wrong with a statement; its types tell formats apart, not
// reasons. The first that fits counts, and what fits none is malformed.
func reasons() []struct {
	code  auth.Code
	words []string
} {
	return []struct {
		code  auth.Code
		words []string
	}{
		{auth.KeyAttestation, []string{"validating x5c cert chain"}},
		{auth.KeyAttestationForged, []string{"Signature validation error", "verify signature",
			"verifying the signature", "Signature is not valid", "ExtraData is not",
			"challenge not equal", "expected nonce", "Mismatch between", "Hash value mismatch",
			"does not match public key"}},
		{auth.KeyAttestationMalformed, []string{"Error retrieving", "Error getting certificate", "Error parsing"}},
		{auth.KeyAttestationCertificate, []string{"ertificate", "TPM manufacturer", "SAN data"}},
	}
}

// reason is the code of what the library says about a statement.
func reason(err error) auth.Code {
	var e *protocol.Error
	if errors.As(err, &e) {
		for _, r := range reasons() {
			if slices.ContainsFunc(r.words, func(w string) bool { return strings.Contains(e.Details, w) }) {
				return r.code
			}
		}
	}
	return auth.KeyAttestationMalformed
}

// current reports whether every certificate of a statement is valid at a time. One that cannot be read is not judged
// here.
func current(o *protocol.AttestationObject, now time.Time) bool {
	for _, s := range statements(o) {
		list, _ := s.AttStatement["x5c"].([]any)
		for _, raw := range list {
			der, _ := raw.([]byte)
			c, err := x509.ParseCertificate(der)
			if err == nil && (now.Before(c.NotBefore) || now.After(c.NotAfter)) {
				return false
			}
		}
	}
	return true
}

// timeless is a copy of an object whose certificates are valid at any time, for the library, which reads the machine's
// clock and refuses what has expired before it looks at the signature. It looks at no issuer's signature in the formats
// that are changed here: what a certificate is worth, chains judges by the certificate as it came.
func timeless(o *protocol.AttestationObject) *protocol.AttestationObject {
	out := *o
	out.AttStatement = timelessStatement(protocol.AttestationFormat(o.Format), o.AttStatement)
	out.SubStatements = slices.Clone(o.SubStatements)
	for i, s := range out.SubStatements {
		out.SubStatements[i].AttStatement = timelessStatement(protocol.AttestationFormat(s.Format), s.AttStatement)
	}
	return &out
}

func timelessStatement(format protocol.AttestationFormat, statement map[string]any) map[string]any {
	list, ok := statement["x5c"].([]any)
	if !ok || !slices.Contains([]protocol.AttestationFormat{protocol.AttestationFormatPacked,
		protocol.AttestationFormatFIDOUniversalSecondFactor, protocol.AttestationFormatTPM}, format) {
		return statement
	}
	out, fresh := maps.Clone(statement), slices.Clone(list)
	for i, raw := range fresh {
		if der, err := withoutEnd(raw); err == nil {
			fresh[i] = der
		}
	}
	out["x5c"] = fresh
	return out
}

// withoutEnd writes another validity into a certificate: RFC 5280 §4.1, the fourth field behind the version, which
// certificates of version 1 leave out.
func withoutEnd(raw any) ([]byte, error) {
	der, _ := raw.([]byte)
	var outer, fields []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &outer); err != nil || len(outer) == 0 {
		return nil, errors.New("no certificate")
	}
	if _, err := asn1.Unmarshal(outer[0].FullBytes, &fields); err != nil {
		return nil, err
	}
	at := 3
	if len(fields) > 0 && fields[0].Class == asn1.ClassContextSpecific {
		at++
	}
	if at >= len(fields) {
		return nil, errors.New("no validity")
	}
	validity, err := asn1.Marshal(struct{ From, Until time.Time }{
		time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	})
	if err != nil {
		return nil, err
	}
	fields[at] = asn1.RawValue{FullBytes: validity}
	tbs, err := asn1.Marshal(fields)
	if err != nil {
		return nil, err
	}
	outer[0] = asn1.RawValue{FullBytes: tbs}
	return asn1.Marshal(outer)
}
