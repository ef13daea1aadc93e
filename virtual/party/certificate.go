package party

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

func oidAAGUID() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4} // id-fido-gen-ce-aaguid
}

func oidAlternativeName() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 17} }

type certExtension struct {
	value    []byte
	critical bool
}

// extensions lists a certificate's extensions, whatever version it says it is of.
func extensions(c *x509.Certificate) []pkix.Extension {
	if c.Version == 3 {
		return c.Extensions
	}
	var body struct {
		Version    int `asn1:"optional,explicit,default:0,tag:0"`
		Serial     *big.Int
		Algorithm  asn1.RawValue
		Issuer     asn1.RawValue
		Validity   asn1.RawValue
		Subject    asn1.RawValue
		PublicKey  asn1.RawValue
		IssuerID   asn1.BitString   `asn1:"optional,tag:1"`
		SubjectID  asn1.BitString   `asn1:"optional,tag:2"`
		Extensions []pkix.Extension `asn1:"omitempty,optional,explicit,tag:3"`
	}
	if _, err := asn1.Unmarshal(c.RawTBSCertificate, &body); err != nil {
		return nil
	}
	return body.Extensions
}

// notCA reports whether basic constraints are there and say that a certificate is no CA.
func notCA(c *x509.Certificate) bool {
	ext := extension(c, asn1.ObjectIdentifier{2, 5, 29, 19})
	var constraints struct {
		CA      bool `asn1:"optional"`
		PathLen int  `asn1:"optional,default:-1"`
	}
	if ext == nil {
		return false
	}
	_, err := asn1.Unmarshal(ext.value, &constraints)
	return err == nil && !constraints.CA
}

// usedFor reports whether the extended key usage names a purpose.
func usedFor(c *x509.Certificate, purpose asn1.ObjectIdentifier) bool {
	ext := extension(c, asn1.ObjectIdentifier{2, 5, 29, 37})
	var list []asn1.ObjectIdentifier
	if ext == nil {
		return false
	}
	_, err := asn1.Unmarshal(ext.value, &list)
	return err == nil && slices.ContainsFunc(list, purpose.Equal)
}

// extension finds an extension; nil: there is none.
func extension(c *x509.Certificate, id asn1.ObjectIdentifier) *certExtension {
	for _, e := range extensions(c) {
		if e.Id.Equal(id) {
			return &certExtension{e.Value, e.Critical}
		}
	}
	return nil
}

// trust checks that every chain leads to a root: Level 3 §7.1 steps 23 and 24.
func (v verdict) trust(s *statement, roots []*x509.Certificate, now time.Time) {
	if len(s.chains) == 0 {
		v.must(fault.CheckTrustNone, s.unknown, "no certificates, and a chain to a root is demanded")
		return
	}
	for _, chain := range s.chains {
		v.must(fault.CheckTrustChain, leads(chain, roots), "the certificates do not lead to a trusted root")
		for _, c := range chain {
			v.must(fault.CheckTrustBegun, !now.Before(c.NotBefore), "a certificate is not valid before %s", c.NotBefore)
			v.must(fault.CheckTrustEnded, !now.After(c.NotAfter), "a certificate expired on %s", c.NotAfter)
		}
	}
}

// leads reports whether each certificate is signed by the next, and the last by a root or is one. Validity in time is
// checked apart.
func leads(chain, roots []*x509.Certificate) bool {
	for i, c := range chain {
		if unhandled(c) {
			return false
		}
		if i > 0 && !signs(c, chain[i-1], i-1) {
			return false
		}
	}
	last := chain[len(chain)-1]
	for _, root := range roots {
		if bytes.Equal(root.Raw, last.Raw) || signs(root, last, len(chain)-1) {
			return true
		}
	}
	return false
}

// signs reports whether parent, a CA, signed child and allows as many CAs between itself and the leaf.
func signs(parent, child *x509.Certificate, between int) bool {
	limit := parent.MaxPathLen
	if limit == 0 && !parent.MaxPathLenZero {
		limit = -1
	}
	return !vast(parent.PublicKey) && child.CheckSignatureFrom(parent) == nil &&
		bytes.Equal(child.RawIssuer, parent.RawSubject) &&
		(limit < 0 || between <= limit)
}

// unhandled reports whether a certificate has a critical extension that nobody here looks at. Alternative names and the
// AAGUID are looked at by the formats that have them.
func unhandled(c *x509.Certificate) bool {
	for _, id := range c.UnhandledCriticalExtensions {
		if !id.Equal(oidAAGUID()) && !id.Equal(oidAlternativeName()) {
			return true
		}
	}
	return false
}
