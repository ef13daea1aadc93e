package party

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// Constants of the TPM 2.0 library, part 2.
const (
	tpmGenerated = 0xff544347 // TPM_GENERATED_VALUE
	tpmCertify   = 0x8017     // TPM_ST_ATTEST_CERTIFY
	tpmRSA       = 0x0001
	tpmECC       = 0x0023
	tpmNull      = 0x0010
	tpmECDAA     = 0x001a
)

// A wire reads the TPM's big-endian structures; after the first thing that is missing it yields zeros.
type wire struct {
	rest  []byte
	short bool
}

func (w *wire) take(n int) []byte {
	if n > len(w.rest) {
		w.short, w.rest = true, nil
		return make([]byte, n)
	}
	out := w.rest[:n]
	w.rest = w.rest[n:]
	return out
}

func (w *wire) u16() uint16   { return binary.BigEndian.Uint16(w.take(2)) }
func (w *wire) u32() uint32   { return binary.BigEndian.Uint32(w.take(4)) }
func (w *wire) sized() []byte { return w.take(int(w.u16())) } // TPM2B

// scheme skips an algorithm and what belongs to it: n bytes unless it is TPM_ALG_NULL.
func (w *wire) scheme(n int) {
	switch w.u16() {
	case tpmNull:
	case tpmECDAA:
		w.take(n + 2)
	default:
		w.take(n)
	}
}

// A pubArea is TPMT_PUBLIC, as far as it is needed.
type pubArea struct {
	raw     []byte
	nameAlg uint16
	public  crypto.PublicKey
}

func readPubArea(raw []byte) (*pubArea, error) {
	w := &wire{rest: raw}
	kind := w.u16()
	p := &pubArea{raw: raw, nameAlg: w.u16()}
	w.take(4) // objectAttributes
	w.sized() // authPolicy
	w.scheme(4)
	w.scheme(2)
	switch kind {
	case tpmRSA:
		w.u16() // keyBits
		exponent := int(w.u32())
		if exponent == 0 {
			exponent = 65537
		}
		p.public = &rsa.PublicKey{E: exponent, N: new(big.Int).SetBytes(w.sized())}
	case tpmECC:
		curve := map[uint16]int64{3: -7, 4: -35, 5: -36}[w.u16()]
		w.scheme(2) // kdf
		x, y := w.sized(), w.sized()
		a := algorithmOf(curve)
		if a == nil || w.short {
			return nil, fmt.Errorf("an elliptic curve that is not known")
		}
		size := (a.curve.Params().BitSize + 7) / 8
		if len(x) > size || len(y) > size {
			return nil, fmt.Errorf("coordinates of %d and %d bytes", len(x), len(y))
		}
		point := make([]byte, 1+2*size)
		point[0] = 4
		copy(point[1+size-len(x):], x)
		copy(point[1+2*size-len(y):], y)
		public, err := ecdsa.ParseUncompressedPublicKey(a.curve, point)
		if err != nil {
			return nil, fmt.Errorf("the point: %w", err)
		}
		p.public = public
	default:
		return nil, fmt.Errorf("a key of TPM type %#x", kind)
	}
	if w.short || len(w.rest) > 0 {
		return nil, fmt.Errorf("it is cut off, or too long")
	}
	return p, nil
}

// name is the TPM's name for the key: nameAlg || hash of TPMT_PUBLIC; nil for a hash that is not known.
func (p *pubArea) name() []byte {
	hash := map[uint16]crypto.Hash{0x000b: crypto.SHA256, 0x000c: crypto.SHA384, 0x000d: crypto.SHA512}[p.nameAlg]
	if hash == 0 {
		return nil
	}
	h := hash.New()
	h.Write(p.raw)
	return h.Sum(binary.BigEndian.AppendUint16(nil, p.nameAlg))
}

// A certInfo is TPMS_ATTEST with TPMS_CERTIFY_INFO.
type certInfo struct {
	magic     uint32
	kind      uint16
	extraData []byte
	name      []byte
}

func readCertInfo(raw []byte) (*certInfo, bool) {
	w := &wire{rest: raw}
	c := &certInfo{magic: w.u32(), kind: w.u16()}
	w.sized() // qualifiedSigner
	c.extraData = w.sized()
	w.take(17 + 8) // clockInfo, firmwareVersion
	c.name = w.sized()
	w.sized() // qualifiedName
	return c, !w.short && len(w.rest) == 0
}

// tpm is Level 3 §8.3.
func (s *statement) tpm(m map[any]any) {
	s.v.must(fault.CheckTPMVersion, m["ver"] == "2.0", "ver is %v", m["ver"])
	raw, _ := m["pubArea"].([]byte)
	area, err := readPubArea(raw)
	if s.v.must(fault.CheckTPMKey, err == nil, "pubArea: %v", err) && s.key != nil && s.key.public != nil {
		s.v.must(fault.CheckTPMKey, sameKey(area.public, s.key.public), "pubArea is not the credential's key")
	}
	id, _ := m["alg"].(int64)
	alg := algorithmOf(id)
	if alg != nil && alg.hash == 0 {
		alg = nil
	}
	s.v.must(fault.CheckTPMAlg, alg != nil, "alg is %v", m["alg"])
	info, _ := m["certInfo"].([]byte)
	s.certified(info, area, alg)
	chain := certificates(m["x5c"])
	if !s.v.must(fault.CheckTPMX5C, len(chain) > 0, "x5c holds no certificates that can be read") {
		s.unknown = true
		return
	}
	s.chains = append(s.chains, chain)
	aik := chain[0]
	if alg == nil || !s.v.must(fault.CheckTPMAlg, alg.fits(aik.PublicKey), "alg %d is not one of the AIK certificate's key", id) {
		alg = naturalFor(aik.PublicKey)
	}
	if info != nil {
		sig, _ := m["sig"].([]byte)
		s.v.must(fault.CheckTPMSignature, alg != nil && alg.verifies(aik.PublicKey, info, sig), "sig does not verify by the AIK certificate's key")
	}
	s.aik(aik)
}

// certified checks certInfo.
func (s *statement) certified(raw []byte, area *pubArea, alg *algorithm) {
	info, ok := readCertInfo(raw)
	if len(raw) < 6 {
		s.v.must(fault.CheckTPMMagic, false, "certInfo has %d bytes", len(raw))
		return
	}
	s.v.must(fault.CheckTPMMagic, info.magic == tpmGenerated, "magic is %#x", info.magic)
	s.v.must(fault.CheckTPMType, info.kind == tpmCertify, "the type of certInfo is %#x", info.kind)
	if !s.v.must(fault.CheckTPMMagic, ok, "certInfo is cut off, or too long") {
		return
	}
	if message := s.signed(); message != nil && alg != nil {
		h := alg.hash.New()
		h.Write(message)
		s.v.must(fault.CheckTPMExtraData, bytes.Equal(h.Sum(nil), info.extraData), "extraData is the hash of something else")
	}
	if area != nil {
		name := area.name()
		s.v.must(fault.CheckTPMName, name != nil && bytes.Equal(name, info.name),
			"the name in certInfo is that of another key")
	}
}

// aik checks the certificate: Level 3 §8.3.1.
func (s *statement) aik(c *x509.Certificate) {
	s.v.must(fault.CheckTPMVersion3, c.Version == 3, "a certificate of version %d", c.Version)
	s.v.must(fault.CheckTPMSubject, len(c.Subject.Names) == 0, "the subject is %q", c.Subject.String())
	why := vendor(c)
	s.v.must(fault.CheckTPMVendor, why == "", "the subject alternative name %s", why)
	usage := asn1.ObjectIdentifier{2, 23, 133, 8, 3} // tcg-kp-AIKCertificate
	s.v.must(fault.CheckTPMUsage, usedFor(c, usage), "the certificate's extended key usage is another")
	s.v.must(fault.CheckTPMCA, notCA(c), "the certificate is a CA, or does not say")
	s.aaguid(c, fault.CheckTPMAAGUID)
}

// makers are the identifiers of the TCG's vendor registry, and the one that FIDO's conformance tools use: four bytes of
// ASCII each, in hexadecimal.
func makers() []string {
	out := []string{"FFFFF1D0"}
	for _, name := range strings.Fields("AMD ANT ARM ATML BRCM CSCO FLYS ROCC GOOG HPI HPE HISI IBM IFX INTC LEN MSFT " +
		"NTZ NSG NTC QCOM SMSN SECE SNS SMSC TXN WEC SEAL") {
		out = append(out, fmt.Sprintf("%-8s", fmt.Sprintf("%X", name)))
	}
	for i, id := range out {
		out[i] = strings.ReplaceAll(id, " ", "0")
	}
	return append(out, "4E534D20", "53544D20") // NSM and STM, which end in a blank
}

// vendor says what is wrong with the name of the TPM's maker, model and version (TPMv2-EK-Profile §3.2.9).
func vendor(c *x509.Certificate) string {
	ext := extension(c, oidAlternativeName())
	if ext == nil {
		return "is missing"
	}
	var names []asn1.RawValue
	if rest, err := asn1.Unmarshal(ext.value, &names); err != nil || len(rest) > 0 {
		return "cannot be read"
	}
	have := map[string]string{}
	for _, n := range names {
		var dn pkix.RDNSequence
		if n.Class != asn1.ClassContextSpecific || n.Tag != 4 {
			continue
		}
		if _, err := asn1.Unmarshal(n.Bytes, &dn); err != nil {
			return "holds a name that cannot be read"
		}
		for _, rdn := range dn {
			for _, a := range rdn {
				text, _ := a.Value.(string)
				have[a.Type.String()] = text
			}
		}
	}
	id, isID := strings.CutPrefix(have["2.23.133.2.1"], "id:")
	if !isID || !slices.Contains(makers(), strings.ToUpper(id)) {
		return "does not tell a registered maker"
	}
	if have["2.23.133.2.2"] == "" || have["2.23.133.2.3"] == "" {
		return "does not tell model and version"
	}
	return ""
}
