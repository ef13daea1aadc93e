package virtual

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// Tags of an Android authorization list that Level 3 §8.4 looks at.
const (
	AndroidPurpose         = 1   // SET OF INTEGER; 2: sign
	AndroidAllApplications = 600 // NULL; must be absent
	AndroidOrigin          = 702 // INTEGER; 0: generated there
)

// A KeyDescription is the extension of an Android key attestation certificate (1.3.6.1.4.1.11129.2.1.17), which says
// what the keystore knows of the key. An Attester fills it in for the new key; Attester.Description may change it
// before
// it is certified.
type KeyDescription struct {
	Version                int // of the schema; 3
	SecurityLevel          int // 0 software, 1 trusted environment, 2 StrongBox
	KeymasterVersion       int // 4
	KeymasterSecurityLevel int
	Challenge              []byte // the hash of the client data
	UniqueID               []byte
	Software               Authorizations // softwareEnforced
	Hardware               Authorizations // teeEnforced
}

// An Authorization is one element of an authorization list: a tag and a value as encoding/asn1 marshals it, of which
// []int becomes a SET.
type Authorization struct {
	Tag   int
	Value any
}

// Authorizations is an authorization list, in the order of the tags.
type Authorizations []Authorization

// With returns the list with an element put in the place of the one with that tag, or else before the first of a higher
// tag; a nil value takes it out.
func (list Authorizations) With(tag int, value any) Authorizations {
	var out Authorizations
	put := value == nil
	for _, a := range list {
		if !put && a.Tag >= tag {
			out, put = append(out, Authorization{tag, value}), true
		}
		if a.Tag != tag {
			out = append(out, a)
		}
	}
	if !put {
		out = append(out, Authorization{tag, value})
	}
	return out
}

// Encode returns the extension's value in DER.
func (d *KeyDescription) Encode() ([]byte, error) {
	software, err := encodeAuthorizations(d.Software)
	if err != nil {
		return nil, err
	}
	hardware, err := encodeAuthorizations(d.Hardware)
	if err != nil {
		return nil, err
	}
	out, err := asn1.Marshal(struct {
		Version                int
		SecurityLevel          asn1.Enumerated
		KeymasterVersion       int
		KeymasterSecurityLevel asn1.Enumerated
		Challenge, UniqueID    []byte
		Software, Hardware     asn1.RawValue
	}{
		d.Version, asn1.Enumerated(d.SecurityLevel), d.KeymasterVersion, asn1.Enumerated(d.KeymasterSecurityLevel),
		d.Challenge, d.UniqueID, software, hardware,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding a key description: %w", err)
	}
	return out, nil
}

// encodeAuthorizations encodes a list: each element explicitly tagged, in a sequence.
func encodeAuthorizations(list Authorizations) (asn1.RawValue, error) {
	var body []byte
	for _, a := range list {
		params := ""
		if _, ok := a.Value.([]int); ok {
			params = "set"
		}
		inner, err := asn1.MarshalWithParams(a.Value, params)
		if err != nil {
			return asn1.RawValue{}, fmt.Errorf("encoding authorization %d: %w", a.Tag, err)
		}
		element, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: a.Tag, IsCompound: true,
			Bytes: inner})
		if err != nil {
			return asn1.RawValue{}, fmt.Errorf("encoding authorization %d: %w", a.Tag, err)
		}
		body = append(body, element...)
	}
	return asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: body}, nil
}

// androidKey is Level 3 §8.4: the keystore certifies the new key, which then signs.
func (a *Attester) androidKey(s *subject) (map[string]any, error) {
	d, err := newKeyDescription(s.key.Public())
	if err != nil {
		return nil, err
	}
	d.Challenge = s.hash
	if a.Description != nil {
		a.Description(d)
	}
	value, err := d.Encode()
	if err != nil {
		return nil, err
	}
	id := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}
	x5c, key, err := a.certify(AttestAndroidKey, s.key,
		LeafOptions{extensions: []pkix.Extension{{Id: id, Value: value}}})
	if err != nil {
		return nil, err
	}
	sig, alg, err := a.sign(key, a.message(s))
	return map[string]any{"alg": int64(alg), "sig": sig, "x5c": x5c}, err
}

// newKeyDescription describes a key that was made in the trusted environment and may only sign; all but the challenge
// is filled in.
func newKeyDescription(public crypto.PublicKey) (*KeyDescription, error) {
	d := &KeyDescription{
		Version: 3, SecurityLevel: 1, KeymasterVersion: 4, KeymasterSecurityLevel: 1,
		Software: Authorizations{{701, 1577836800000}}, // creationDateTime: 2020-01-01
		Hardware: Authorizations{{AndroidPurpose, []int{2}}},
	}
	switch k := public.(type) {
	case *ecdsa.PublicKey: // algorithm EC; digest SHA-256, 384 or 512; curve P-256, P-384 or P-521
		n := map[int]int{256: 0, 384: 1, 521: 2}[k.Curve.Params().BitSize]
		d.Hardware = append(d.Hardware, Authorization{2, 3}, Authorization{3, k.Curve.Params().BitSize},
			Authorization{5, []int{4 + n}}, Authorization{10, 1 + n})
	case *rsa.PublicKey: // algorithm RSA; digest SHA-256; padding PKCS #1 v1.5
		d.Hardware = append(d.Hardware, Authorization{2, 1}, Authorization{3, k.N.BitLen()},
			Authorization{5, []int{4}}, Authorization{6, []int{5}}, Authorization{200, k.E})
	default:
		return nil, fmt.Errorf("an Android keystore has no key of type %T", public)
	}
	boot := sha256.Sum256([]byte("verified boot key"))
	trust := struct {
		Key    []byte
		Locked bool
		State  asn1.Enumerated // verified
		Hash   []byte
	}{boot[:], true, 0, boot[:]}
	d.Hardware = append(d.Hardware, Authorization{503, asn1.NullRawValue}, Authorization{AndroidOrigin, 0},
		Authorization{704, trust})
	return d, nil
}
