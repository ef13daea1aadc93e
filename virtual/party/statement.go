package party

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"maps"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// An attestation is an attestation object (Level 3 §6.5.4), as far as it could be read.
type attestation struct {
	format    *string // nil: absent
	statement any     // nil: absent, or of the wrong type; else map[any]any, or []any for compound
	authData  []byte  // nil: absent
}

// attestation reads an attestation object: Level 3 §7.1 step 13.
func (v verdict) attestation(raw []byte) attestation {
	var a attestation
	if raw == nil {
		return a
	}
	var m map[any]any
	rest, err := firstItem(raw, &m)
	if !v.must(fault.CheckAttestationCBOR, err == nil && m != nil, "the attestation object is not a CBOR map") {
		return a
	}
	v.must(fault.CheckAttestationCBOR, len(rest) == 0, "%d bytes stand behind the attestation object", len(rest))
	err = unique(raw[:len(raw)-len(rest)])
	v.must(fault.CheckAttestationDuplicate, err == nil, "the attestation object: %v", err)
	format, ok := m["fmt"].(string)
	if v.must(fault.CheckAttestationFormat, ok, "fmt is %v", m["fmt"]) {
		a.format = &format
	}
	switch s := m["attStmt"].(type) {
	case map[any]any:
		a.statement = s
	case []any:
		if format == "compound" {
			a.statement = s
		}
	}
	if format != "compound" { // which answers for its array itself
		v.must(fault.CheckAttestationStatement, a.statement != nil, "attStmt is not a map")
	}
	a.authData, ok = m["authData"].([]byte)
	v.must(fault.CheckAttestationAuthData, ok, "authData is not a byte string")
	return a
}

// A statement is one attestation statement under verification.
type statement struct {
	v    verdict
	data authData
	key  *coseKey
	hash []byte // of the client data; nil: not known

	chains  [][]*x509.Certificate // found, leaf first
	unknown bool                  // something could not be read, so that nothing can be said about chains
}

// verify verifies one statement by the procedure of its format: Level 3 §7.1 steps 21 and 22.
func (s *statement) verify(format string, stmt any) {
	m, _ := stmt.(map[any]any)
	procedures := map[string]func(map[any]any){
		"none": s.none, "packed": s.packed, "fido-u2f": s.u2f, "tpm": s.tpm, "android-key": s.android, "apple": s.apple,
	}
	if format == "compound" {
		s.compound(stmt)
		return
	}
	procedure := procedures[format]
	if !s.v.must(fault.CheckFormatKnown, procedure != nil, "no format %q", format) || m == nil {
		s.unknown = true
		return
	}
	procedure(m)
}

// none is Level 3 §8.7.
func (s *statement) none(m map[any]any) {
	s.v.must(fault.CheckNoneEmpty, len(m) == 0, "a none statement with %d members", len(m))
}

// signed is what most formats sign: authenticator data and the hash of the client data. nil: not known.
func (s *statement) signed() []byte {
	if s.data.raw == nil || s.hash == nil {
		return nil
	}
	return append(bytes.Clone(s.data.raw), s.hash...)
}

// certificates reads x5c: a list of at least one certificate that can be read, or nil.
func certificates(x5c any) []*x509.Certificate {
	list, _ := x5c.([]any)
	var out []*x509.Certificate
	for _, e := range list {
		der, _ := e.([]byte)
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil
		}
		out = append(out, cert)
	}
	return out
}

// packed is Level 3 §8.2.
func (s *statement) packed(m map[any]any) {
	id, isInt := m["alg"].(int64)
	s.v.must(fault.CheckPackedAlg, isInt, "alg is %v", m["alg"])
	sig, haveSig := m["sig"].([]byte)
	s.v.must(fault.CheckPackedSignature, haveSig, "sig is not a byte string")
	x5c, certified := m["x5c"]
	if !certified {
		s.self(id, isInt, sig)
		return
	}
	chain := certificates(x5c)
	if !s.v.must(fault.CheckPackedX5C, len(chain) > 0, "x5c holds no certificates that can be read") {
		s.unknown = true
		return
	}
	s.chains = append(s.chains, chain)
	leaf := chain[0]
	s.signature(leaf, m["alg"], sig, fault.CheckPackedAlg, fault.CheckPackedSignature)
	s.v.must(fault.CheckPackedVersion, leaf.Version == 3, "a certificate of version %d", leaf.Version)
	sub := leaf.Subject
	s.v.must(fault.CheckPackedSubject, len(sub.Country) == 1 && len(sub.Country[0]) == 2 && len(sub.Organization) > 0 &&
		sub.Organization[0] != "" && slices.Equal(sub.OrganizationalUnit, []string{"Authenticator Attestation"}) &&
		sub.CommonName != "",
		"the subject is %q", sub.String())
	s.v.must(fault.CheckPackedCA, notCA(leaf), "the certificate is a CA, or does not say")
	s.aaguid(leaf, fault.CheckPackedAAGUID)
	ext := extension(leaf, oidAAGUID())
	s.v.must(fault.CheckPackedAAGUIDCritical, ext == nil || !ext.critical, "the AAGUID extension is critical")
}

// self is packed without certificates: the credential's key signs for itself.
func (s *statement) self(alg int64, haveAlg bool, sig []byte) {
	if s.key == nil || s.key.public == nil {
		return
	}
	if haveAlg {
		s.v.must(fault.CheckPackedAlg, alg == s.key.alg, "alg is %d, that of the key %d", alg, s.key.alg)
	}
	if message := s.signed(); message != nil && sig != nil {
		ok := s.key.known.verifies(s.key.public, message, sig)
		s.v.must(fault.CheckPackedSignature, ok, "sig does not verify by the credential's key")
	}
}

// signature verifies sig over what is signed by the key of leaf. An alg that is not one of that key breaks alg; then
// the usual algorithm of the key is taken.
func (s *statement) signature(leaf *x509.Certificate, alg any, sig []byte, algCheck, sigCheck fault.Check) {
	use := naturalFor(leaf.PublicKey)
	if id, ok := alg.(int64); ok {
		named := algorithmOf(id)
		if s.v.must(algCheck, named != nil && named.fits(leaf.PublicKey), "alg %d is not one of the certificate's key",
			id) {
			use = named
		}
	}
	if message := s.signed(); message != nil && sig != nil {
		ok := use != nil && use.verifies(leaf.PublicKey, message, sig)
		s.v.must(sigCheck, ok, "sig does not verify by the certificate's key")
	}
}

// aaguid compares the extension id-fido-gen-ce-aaguid, if there is one, with authenticator data.
func (s *statement) aaguid(leaf *x509.Certificate, check fault.Check) {
	ext := extension(leaf, oidAAGUID())
	if ext == nil || !s.data.attested {
		return
	}
	var value []byte
	rest, err := asn1.Unmarshal(ext.value, &value)
	s.v.must(check, err == nil && len(rest) == 0 && bytes.Equal(value, s.data.aaguid),
		"the certificate is for AAGUID %x, authenticator data for %x", value, s.data.aaguid)
}

// u2f is Level 3 §8.6.
func (s *statement) u2f(m map[any]any) {
	sig, haveSig := m["sig"].([]byte)
	s.v.must(fault.CheckU2FSignature, haveSig, "sig is not a byte string")
	s.v.must(fault.CheckU2FAAGUID, !s.data.attested || bytes.Equal(s.data.aaguid, make([]byte, 16)), "AAGUID %x",
		s.data.aaguid)
	point := s.point()
	chain := certificates(m["x5c"])
	if !s.v.must(fault.CheckU2FX5C, len(chain) == 1, "x5c holds %d certificates that can be read, want 1", len(chain)) {
		s.unknown = true
		return
	}
	s.chains = append(s.chains, chain)
	public, isEC := chain[0].PublicKey.(*ecdsa.PublicKey)
	s.v.must(fault.CheckU2FCertificateKey, isEC && public.Curve == elliptic.P256(),
		"the certificate's key is not on P-256")
	if !isEC || point == nil || s.hash == nil || !haveSig || !s.data.fixed {
		return
	}
	message := slices.Concat([]byte{0}, s.data.raw[:32], s.hash, s.data.id, point)
	digest := sha256.Sum256(message)
	s.v.must(fault.CheckU2FSignature, ecdsa.VerifyASN1(public, digest[:], sig),
		"sig does not verify by the certificate's key")
}

// point is the credential's key as U2F has it: 0x04 || x || y; nil when it has no such form.
func (s *statement) point() []byte {
	if s.key == nil || s.key.known == nil {
		return nil
	}
	ec := s.key.known.kty == ktyEC2 && s.key.known.curve == elliptic.P256()
	if !s.v.must(fault.CheckU2FKey, ec, "the credential's key is not on P-256") || s.key.x == nil {
		return nil
	}
	return slices.Concat([]byte{4}, s.key.x, s.key.y)
}

// compound is Level 3 §8.9: an array of at least two statements, each with its fmt, none of them compound.
func (s *statement) compound(stmt any) {
	list, _ := stmt.([]any)
	s.v.must(fault.CheckCompoundCount, len(list) >= 2, "a compound statement with %d parts", len(list))
	if len(list) == 0 {
		s.unknown = true
		return
	}
	for i, e := range list {
		part, _ := e.(map[any]any)
		format, _ := part["fmt"].(string)
		if !s.v.must(fault.CheckCompoundNested, format != "compound", "part %d is compound", i) {
			s.unknown = true
			continue
		}
		sub := statement{v: verdict{}, data: s.data, key: s.key, hash: s.hash}
		body, isMap := part["attStmt"].(map[any]any)
		sub.v.must(fault.CheckFormatKnown, isMap && format != "", "it is not a statement")
		sub.verify(format, body)
		for _, c := range slices.Sorted(maps.Keys(sub.v)) {
			s.v.must(fault.CheckCompoundEach, false, "part %d, %s: %s", i, format, sub.v[c])
		}
		s.chains, s.unknown = append(s.chains, sub.chains...), s.unknown || sub.unknown
	}
}

// statement verifies the statement of a registration over the hash of the client data that was sent. If that fails and
// the hash of client data rewritten from its values does better, the authenticator signed other client data than was
// sent: Level 3 §7.1 step 12.
func (v verdict) statement(a attestation, d authData, k *coseKey, c clientData) *statement {
	s := &statement{v: verdict{}, data: d, key: k, hash: c.hash()}
	if a.format == nil {
		s.unknown = true
		return s
	}
	s.verify(*a.format, a.statement)
	if other := c.rewritten(); len(s.v) > 0 && other != nil && !bytes.Equal(other, s.hash) {
		again := &statement{v: verdict{}, data: d, key: k, hash: other}
		again.verify(*a.format, a.statement)
		if len(again.v) < len(s.v) {
			s = again
			v.must(fault.CheckCreateHash, false, "the statement is over other client data than was sent")
		}
	}
	for c, text := range s.v {
		v.must(c, false, "%s", text)
	}
	return s
}
