package party

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// Tags of Android's AuthorizationList, and the values that Level 3 §8.4 asks for.
const (
	androidPurpose      = 1
	androidApplications = 600
	androidOrigin       = 702

	androidGenerated = 0 // KM_ORIGIN_GENERATED
	androidSign      = 2 // KM_PURPOSE_SIGN
)

// A keyDescription is Android's certificate extension 1.3.6.1.4.1.11129.2.1.17, as far as it is needed. Both lists of
// authorisations are taken together: a key in software passes.
type keyDescription struct {
	challenge    []byte
	applications bool
	origin       []int
	purpose      []int
}

// readKeyDescription returns what it could read beside an error.
func readKeyDescription(der []byte) (*keyDescription, error) {
	d := &keyDescription{}
	var parts []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &parts); err != nil || len(rest) > 0 || len(parts) < 8 {
		return d, errors.New("it is not a KeyDescription")
	}
	if parts[4].Tag != asn1.TagOctetString || parts[4].Class != asn1.ClassUniversal {
		return d, errors.New("attestationChallenge is not an octet string")
	}
	d.challenge = parts[4].Bytes
	for _, list := range parts[6:8] {
		var entries []asn1.RawValue
		if _, err := asn1.Unmarshal(list.FullBytes, &entries); err != nil {
			return d, errors.New("a list of authorisations cannot be read")
		}
		for _, e := range entries {
			if err := d.add(e); err != nil {
				return d, err
			}
		}
	}
	return d, nil
}

func (d *keyDescription) add(e asn1.RawValue) error {
	if e.Class != asn1.ClassContextSpecific {
		return errors.New("an authorisation without its tag")
	}
	var err error
	switch e.Tag {
	case androidPurpose:
		var set []int
		_, err = asn1.UnmarshalWithParams(e.Bytes, &set, "set")
		d.purpose = append(d.purpose, set...)
	case androidApplications:
		d.applications = true
	case androidOrigin:
		var n int
		_, err = asn1.Unmarshal(e.Bytes, &n)
		d.origin = append(d.origin, n)
	}
	if err != nil {
		return errors.New("an authorisation cannot be read")
	}
	return nil
}

// android is Level 3 §8.4.
func (s *statement) android(m map[any]any) {
	chain := certificates(m["x5c"])
	if !s.v.must(fault.CheckAndroidX5C, len(chain) > 0, "x5c holds no certificates that can be read") {
		s.unknown = true
		return
	}
	s.chains = append(s.chains, chain)
	leaf := chain[0]
	sig, haveSig := m["sig"].([]byte)
	s.v.must(fault.CheckAndroidSignature, haveSig, "sig is not a byte string")
	_, haveAlg := m["alg"].(int64)
	s.v.must(fault.CheckAndroidAlg, haveAlg, "alg is %v", m["alg"])
	s.signature(leaf, m["alg"], sig, fault.CheckAndroidAlg, fault.CheckAndroidSignature)
	if s.key != nil && s.key.public != nil {
		s.v.must(fault.CheckAndroidKey, sameKey(leaf.PublicKey, s.key.public), "the certificate's key is not the credential's")
	}
	ext := extension(leaf, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17})
	if ext == nil {
		ext = &certExtension{}
	}
	d, err := readKeyDescription(ext.value)
	s.v.must(fault.CheckAndroidChallenge, err == nil, "the key description: %v", err)
	s.v.must(fault.CheckAndroidChallenge, s.hash == nil || bytes.Equal(d.challenge, s.hash), "attestationChallenge is another")
	s.v.must(fault.CheckAndroidApplications, !d.applications, "allApplications is there")
	s.v.must(fault.CheckAndroidOrigin, len(d.origin) > 0 && !slices.ContainsFunc(d.origin, func(n int) bool { return n != androidGenerated }),
		"the key's origin is %v", d.origin)
	s.v.must(fault.CheckAndroidPurpose, len(d.purpose) > 0 && !slices.ContainsFunc(d.purpose, func(n int) bool { return n != androidSign }),
		"purpose is %v", d.purpose)
}

// apple is Level 3 §8.8.
func (s *statement) apple(m map[any]any) {
	chain := certificates(m["x5c"])
	if !s.v.must(fault.CheckAppleX5C, len(chain) > 0, "x5c holds no certificates that can be read") {
		s.unknown = true
		return
	}
	s.chains = append(s.chains, chain)
	leaf := chain[0]
	if s.key != nil && s.key.public != nil {
		s.v.must(fault.CheckAppleKey, sameKey(leaf.PublicKey, s.key.public), "the certificate's key is not the credential's")
	}
	ext := extension(leaf, asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2})
	if !s.v.must(fault.CheckAppleNonce, ext != nil, "there is no nonce") {
		return
	}
	var value struct {
		Nonce []byte `asn1:"explicit,tag:1"`
	}
	rest, err := asn1.Unmarshal(ext.value, &value)
	if !s.v.must(fault.CheckAppleNonce, err == nil && len(rest) == 0, "the nonce cannot be read") {
		return
	}
	if message := s.signed(); message != nil {
		sum := sha256.Sum256(message)
		s.v.must(fault.CheckAppleNonce, bytes.Equal(value.Nonce, sum[:]), "the nonce is the hash of something else")
	}
}

// sameKey compares public keys of crypto.
func sameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}
