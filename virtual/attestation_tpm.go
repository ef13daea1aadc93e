package virtual

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
)

// Numbers of the Trusted Platform Module Library, Part 2.
const (
	tpmGenerated     = 0xff544347 // TPM_GENERATED_VALUE, §6.2: 0xff "TCG"
	tpmAttestCertify = 0x8017     // TPM_ST_ATTEST_CERTIFY, §6.9
	tpmRSA           = 0x0001     // TPM_ALG_ID, §6.3
	tpmSHA1          = 0x0004
	tpmSHA256        = 0x000b
	tpmSHA384        = 0x000c
	tpmSHA512        = 0x000d
	tpmNull          = 0x0010
	tpmECC           = 0x0023
	tpmP256          = 0x0003 // TPM_ECC_CURVE, §6.4; P-384 and P-521 follow
	tpmSigningKey    = 0x00040072
)

// TPMParts are the two structures of a "tpm" statement before they are encoded: pubArea, the TPM's own description of
// the new key, and certInfo, its statement about it. An Attester fills them in for the new key; a fault changes a
// member
// in Attester.TPM, and all that depends on it is computed afterwards.
type TPMParts struct {
	Version string // ver; "2.0"

	// pubArea, a TPMT_PUBLIC (Part 2 §12.2.4).
	Type       uint16 // TPM_ALG_ECC 0x0023 or TPM_ALG_RSA 0x0001
	NameAlg    uint16 // TPM_ALG_SHA256 0x000b
	Attributes uint32 // TPMA_OBJECT: fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign
	Policy     []byte
	Symmetric  uint16 // TPM_ALG_NULL 0x0010
	Scheme     uint16 // TPM_ALG_NULL
	Curve      uint16 // of an ECC key: 3, 4, 5 for P-256, P-384, P-521
	KDF        uint16 // of an ECC key: TPM_ALG_NULL
	X, Y       []byte // of an ECC key
	KeyBits    uint16 // of an RSA key
	Exponent   uint32 // of an RSA key; 0 stands for 65537
	Modulus    []byte // of an RSA key

	// certInfo, a TPMS_ATTEST (Part 2 §10.12.8) with a TPMS_CERTIFY_INFO in it.
	Magic           uint32 // TPM_GENERATED_VALUE 0xff544347
	Attest          uint16 // TPM_ST_ATTEST_CERTIFY 0x8017
	QualifiedSigner []byte
	ExtraData       []byte // hash of authData || clientDataHash, with the hash of the statement's alg
	Clock           uint64
	Resets          uint32
	Restarts        uint32
	Safe            bool
	Firmware        uint64
	Name            []byte // of the key; nil: computed of pubArea after all changes (Part 1 §16)
	QualifiedName   []byte

	PubAreaTail, CertInfoTail []byte // what stands behind the structures; nothing
}

// PubArea encodes the TPMT_PUBLIC.
func (p *TPMParts) PubArea() []byte {
	var w tpmWriter
	w.u16(p.Type)
	w.u16(p.NameAlg)
	w.u32(p.Attributes)
	w.sized(p.Policy)
	w.u16(p.Symmetric)
	w.u16(p.Scheme)
	if p.Type == tpmRSA {
		w.u16(p.KeyBits)
		w.u32(p.Exponent)
		w.sized(p.Modulus)
	} else {
		w.u16(p.Curve)
		w.u16(p.KDF)
		w.sized(p.X)
		w.sized(p.Y)
	}
	return join(w, p.PubAreaTail)
}

// CertInfo encodes the TPMS_ATTEST.
func (p *TPMParts) CertInfo() []byte {
	var w tpmWriter
	w.u32(p.Magic)
	w.u16(p.Attest)
	w.sized(p.QualifiedSigner)
	w.sized(p.ExtraData)
	w.u64(p.Clock)
	w.u32(p.Resets)
	w.u32(p.Restarts)
	safe := byte(0)
	if p.Safe {
		safe = 1
	}
	w = append(w, safe)
	w.u64(p.Firmware)
	name := p.Name
	if name == nil {
		name = p.NameOf(p.PubArea())
	}
	w.sized(name)
	w.sized(p.QualifiedName)
	return join(w, p.CertInfoTail)
}

// NameOf is the name of an object with that pubArea: NameAlg || H(pubArea) (Part 1 §16).
func (p *TPMParts) NameOf(pubArea []byte) []byte {
	return join(binary.BigEndian.AppendUint16(nil, p.NameAlg), tpmHash(p.NameAlg, pubArea))
}

// tpmHash hashes with a TPM_ALG_ID; SHA-256 if it is none of a hash.
func tpmHash(alg uint16, msg []byte) []byte {
	switch alg {
	case tpmSHA1:
		sum := sha1.Sum(msg)
		return sum[:]
	case tpmSHA384:
		sum := sha512.Sum384(msg)
		return sum[:]
	case tpmSHA512:
		sum := sha512.Sum512(msg)
		return sum[:]
	}
	sum := sha256.Sum256(msg)
	return sum[:]
}

type tpmWriter []byte

func (w *tpmWriter) u16(v uint16) { *w = binary.BigEndian.AppendUint16(*w, v) }
func (w *tpmWriter) u32(v uint32) { *w = binary.BigEndian.AppendUint32(*w, v) }
func (w *tpmWriter) u64(v uint64) { *w = binary.BigEndian.AppendUint64(*w, v) }

// sized appends a TPM2B: length, then bytes.
func (w *tpmWriter) sized(b []byte) {
	w.u16(uint16(len(b)))
	*w = append(*w, b...)
}

// tpm is Level 3 §8.3: the TPM certifies the new key with its attestation identity key.
func (a *Attester) tpm(s *subject) (map[string]any, error) {
	x5c, key, err := a.certify(AttestTPM, nil, LeafOptions{})
	if err != nil {
		return nil, err
	}
	if a.Key != nil {
		key = a.Key
	}
	alg, err := algorithmOf(key)
	if err != nil {
		return nil, err
	}
	parts, err := newTPMParts(s.key.Public())
	if err != nil {
		return nil, err
	}
	hashes := map[Algorithm]uint16{ES384: tpmSHA384, ES512: tpmSHA512, EdDSA: tpmSHA512}
	parts.ExtraData = tpmHash(hashes[alg], a.message(s))
	parts.QualifiedSigner = parts.NameOf(publicBits(key.Public()))
	if a.TPM != nil {
		a.TPM(parts)
	}
	info := parts.CertInfo()
	sig, _, err := a.sign(key, info)
	return map[string]any{
		"ver": parts.Version, "alg": int64(alg), "x5c": x5c, "sig": sig, "certInfo": info, "pubArea": parts.PubArea(),
	}, err
}

// newTPMParts describes a public key; all but the challenge is filled in.
func newTPMParts(public crypto.PublicKey) (*TPMParts, error) {
	p := &TPMParts{
		Version: "2.0", NameAlg: tpmSHA256, Attributes: tpmSigningKey, Symmetric: tpmNull, Scheme: tpmNull,
		KDF:   tpmNull,
		Magic: tpmGenerated, Attest: tpmAttestCertify, Clock: 1 << 20, Resets: 1, Safe: true, Firmware: 1,
	}
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			return nil, fmt.Errorf("encoding a public key: %w", err)
		}
		n := (len(point) - 1) / 2
		curves := map[int]uint16{256: tpmP256, 384: tpmP256 + 1, 521: tpmP256 + 2}
		p.Type, p.Curve = tpmECC, curves[k.Curve.Params().BitSize]
		p.X, p.Y = bytes.Clone(point[1:1+n]), bytes.Clone(point[1+n:])
	case *rsa.PublicKey:
		p.Type = tpmRSA
		p.KeyBits = uint16(k.N.BitLen())
		p.Modulus = k.N.Bytes()
	default:
		return nil, fmt.Errorf("a TPM has no key of type %T", public)
	}
	p.QualifiedName = p.NameOf(p.PubArea())
	return p, nil
}

// tpmName is the alternative name of an AIK certificate: the TPM's maker, model and version (TCG EK Credential Profile
// §3.2.9). It is critical, because the subject is empty (RFC 5280 §4.2.1.6). The maker is the one of FIDO's
// conformance tools, which relying parties know beside those that the TCG has registered.
func tpmName() (*pkix.Extension, error) {
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value string `asn1:"utf8"`
	}
	type relativeSET []attribute // asn1 writes a slice type with this suffix as a SET
	attributes := []relativeSET{
		{{asn1.ObjectIdentifier{2, 23, 133, 2, 1}, "id:FFFFF1D0"}},
		{{asn1.ObjectIdentifier{2, 23, 133, 2, 2}, "Virtual TPM"}},
		{{asn1.ObjectIdentifier{2, 23, 133, 2, 3}, "id:00020000"}},
	}
	name, err := asn1.Marshal(attributes)
	if err != nil {
		return nil, fmt.Errorf("encoding the TPM's name: %w", err)
	}
	const directoryName = 4
	value, err := asn1.Marshal([]asn1.RawValue{{
		Class: asn1.ClassContextSpecific, Tag: directoryName, IsCompound: true, Bytes: name,
	}})
	if err != nil {
		return nil, fmt.Errorf("encoding the TPM's name: %w", err)
	}
	return &pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: value}, nil
}
