package virtual

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"
)

// CAOptions say how a CA is made.
type CAOptions struct {
	Name      string    // common name of the root; "Virtual Attestation Root" when empty
	Country   string    // ISO 3166-1 code in every subject; "AA" (user-assigned) when empty
	NotBefore time.Time // of every certificate; 2020-01-01 UTC when zero
	NotAfter  time.Time // of every certificate; 2100-01-01 UTC when zero
	Seed      []byte    // determines the keys; drawn from the operating system when empty
}

// A CA issues attestation certificates and signs metadata. One made by NewCA is a root that the tester owns: a relying
// party that is told to trust Root accepts what it and its intermediates issue. It is safe for concurrent use.
type CA struct {
	options CAOptions
	key     *ecdsa.PrivateKey
	cert    *x509.Certificate
	root    *x509.Certificate
	chain   [][]byte // what a statement shows behind the leaf: cert and those above it, without the root
}

// NewCA makes a root.
func NewCA(o CAOptions) (*CA, error) {
	if o.Name == "" {
		o.Name = "Virtual Attestation Root"
	}
	if o.Country == "" {
		o.Country = "AA"
	}
	if o.NotBefore.IsZero() {
		o.NotBefore = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if o.NotAfter.IsZero() {
		o.NotAfter = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	var err error
	if o.Seed, err = seedOrRandom(o.Seed); err != nil {
		return nil, err
	}
	ca := &CA{options: o}
	if ca.key, err = generateECDSA(elliptic.P256(), newStream(o.Seed, "ca", 0)); err != nil {
		return nil, err
	}
	t := ca.authority(o.Name, &ca.key.PublicKey)
	ca.root, err = ca.sign(t, t, &ca.key.PublicKey)
	ca.cert = ca.root
	return ca, err
}

// Intermediate makes a CA below ca. What it issues is shown with its certificate behind the leaf. change, if not nil,
// may alter that certificate before it is signed: its dates, its IsCA, its MaxPathLen. The same name gives the same
// key.
func (ca *CA) Intermediate(name string, change func(*x509.Certificate)) (*CA, error) {
	below := &CA{options: ca.options, root: ca.root}
	below.options.Name, below.options.Seed = name, ca.seed("intermediate "+name)
	var err error
	if below.key, err = generateECDSA(elliptic.P256(), newStream(below.options.Seed, "ca", 0)); err != nil {
		return nil, err
	}
	t := ca.authority(name, &below.key.PublicKey)
	t.SerialNumber, t.AuthorityKeyId = new(big.Int).SetBytes(t.SubjectKeyId), ca.cert.SubjectKeyId
	if change != nil {
		change(t)
	}
	if below.cert, err = ca.sign(t, ca.cert, &below.key.PublicKey); err != nil {
		return nil, err
	}
	below.chain = append([][]byte{below.cert.Raw}, ca.chain...)
	return below, nil
}

// Root returns the certificate to be trusted: that of the root, also for an intermediate.
func (ca *CA) Root() *x509.Certificate { return ca.root }

// Certificate returns the CA's own certificate; for a root it is Root.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// LeafOptions say how an attestation certificate is issued.
type LeafOptions struct {
	Format  Format        // whose requirements it meets; AttestPacked when zero
	AAGUID  [16]byte      // the model, in the extension id-fido-gen-ce-aaguid; zero: no such extension
	Key     crypto.Signer // the key it certifies; nil: a P-256 key that the seed of the CA and the model determine
	Version int           // 1 or 2: the X.509 version it claims, for a fault; 3 when zero

	// Change may alter the certificate before it is signed: dates, subject, IsCA, serial number, ExtraExtensions (the
	// AAGUID, the TPM's alternative name, the nonce). nil: as the format asks.
	Change func(*x509.Certificate)

	extensions []pkix.Extension
}

// Issue makes an attestation certificate with a P-256 key, as Level 3 §8.2.1 asks: version 3, subject with C, O, OU
// "Authenticator Attestation" and CN, not a CA, the AAGUID in an extension that is not critical. The AAGUID
// extension is left out for a zero AAGUID, as U2F certificates do not carry one. The same AAGUID gives the same
// certificate.
func (ca *CA) Issue(aaguid [16]byte) (*x509.Certificate, crypto.Signer, error) {
	return ca.IssueWith(LeafOptions{AAGUID: aaguid})
}

// IssueWith makes an attestation certificate of any format and returns it with the key it certifies:
//
//	packed, fido-u2f   Level 3 §8.2.1
//	tpm                §8.3.1: empty subject, alternative name with the TPM's maker, usage tcg-kp-AIKCertificate
//	android-key        §8.4.1; the key description is added by an Attester, or by Change
//	apple              §8.8; the nonce is added by an Attester, or by Change
func (ca *CA) IssueWith(o LeafOptions) (*x509.Certificate, crypto.Signer, error) {
	if o.Key == nil {
		label := "leaf"
		if o.Format == AttestTPM {
			label = "aik"
		}
		key, err := generateECDSA(elliptic.P256(), newStream(ca.seed(string(o.AAGUID[:])), label, 0))
		if err != nil {
			return nil, nil, err
		}
		o.Key = key
	}
	t, err := ca.leaf(&o)
	if err != nil {
		return nil, nil, err
	}
	if o.Change != nil {
		o.Change(t)
	}
	leaf, err := ca.sign(t, ca.cert, o.Key.Public())
	if err == nil && o.Version != 0 && o.Version != 3 {
		leaf, err = ca.claimVersion(leaf, o.Version)
	}
	return leaf, o.Key, err
}

// leaf is the certificate that the format asks for, unsigned.
func (ca *CA) leaf(o *LeafOptions) (*x509.Certificate, error) {
	t := ca.template("Virtual Authenticator", "Authenticator Attestation")
	t.SerialNumber = new(big.Int).SetBytes(keyID(o.Key.Public()))
	t.AuthorityKeyId = ca.cert.SubjectKeyId
	switch o.Format {
	case AttestTPM:
		name, err := tpmName()
		if err != nil {
			return nil, err
		}
		t.Subject = pkix.Name{}
		t.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{2, 23, 133, 8, 3}} // tcg-kp-AIKCertificate
		t.ExtraExtensions = append(t.ExtraExtensions, *name)
	case AttestAndroidKey, AttestApple:
		t.Subject = pkix.Name{CommonName: "Virtual Authenticator Key"}
		t.KeyUsage = x509.KeyUsageDigitalSignature
	}
	if o.AAGUID != [16]byte{} && o.Format != AttestAndroidKey && o.Format != AttestApple {
		value, err := asn1.Marshal(o.AAGUID[:])
		if err != nil {
			return nil, fmt.Errorf("encoding the AAGUID: %w", err)
		}
		id := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4} // id-fido-gen-ce-aaguid
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: id, Value: value})
	}
	t.ExtraExtensions = append(t.ExtraExtensions, o.extensions...)
	return t, nil
}

func (ca *CA) template(name, unit string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject: pkix.Name{
			Country: []string{ca.options.Country}, Organization: []string{"Virtual Authenticators"},
			OrganizationalUnit: []string{unit}, CommonName: name,
		},
		NotBefore: ca.options.NotBefore, NotAfter: ca.options.NotAfter, BasicConstraintsValid: true,
	}
}

func (ca *CA) authority(name string, public *ecdsa.PublicKey) *x509.Certificate {
	t := ca.template(name, "Authenticator Attestation CA")
	t.IsCA = true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	t.SubjectKeyId = keyID(public)
	return t
}

func (ca *CA) sign(t, parent *x509.Certificate, public crypto.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(nil, t, parent, public, ca.key) // no randomness: RFC 6979
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	return readCertificate(der)
}

func readCertificate(der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate: %w", err)
	}
	return cert, nil
}

// claimVersion signs a certificate again with another version in it, which x509.CreateCertificate does not do.
func (ca *CA) claimVersion(cert *x509.Certificate, version int) (*x509.Certificate, error) {
	var outer struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	three := []byte{0xa0, 3, 2, 1, 2} // [0] EXPLICIT INTEGER 2, RFC 5280 §4.1.2.1
	if _, err := asn1.Unmarshal(cert.Raw, &outer); err != nil || !bytes.HasPrefix(outer.TBS.Bytes, three) {
		return nil, errors.New("changing a certificate's version: not one of version 3")
	}
	body := outer.TBS.Bytes[len(three):]
	if version > 1 { // version 1 is the default, which DER leaves out
		body = join([]byte{0xa0, 3, 2, 1, byte(version - 1)}, body)
	}
	tbs, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: body})
	if err != nil {
		return nil, fmt.Errorf("changing a certificate's version: %w", err)
	}
	sig, err := signMessage(ES256, ca.key, tbs)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	outer.TBS, outer.Signature = asn1.RawValue{FullBytes: tbs}, asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}
	der, err := asn1.Marshal(outer)
	if err != nil {
		return nil, fmt.Errorf("changing a certificate's version: %w", err)
	}
	return readCertificate(der)
}

// seed is the CA's seed with a label behind it.
func (ca *CA) seed(label string) []byte {
	s := ca.options.Seed
	return append(s[:len(s):len(s)], label...)
}

// keyID returns 19 bytes of a hash of the key: an identifier that is also a positive serial number.
func keyID(public crypto.PublicKey) []byte {
	sum := sha256.Sum256(publicBits(public))
	sum[0] |= 1
	return sum[:19]
}

// publicBits returns what the subjectPublicKey bit string of a certificate holds; nil for a key nobody here makes.
func publicBits(public crypto.PublicKey) []byte {
	if k, ok := public.(*ecdsa.PublicKey); ok {
		point, err := k.Bytes()
		if err != nil {
			return nil
		}
		return point
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil
	}
	return info.Key.Bytes
}

// keyIdentifier names a certificate's key as metadata does: SHA-1 of the public key in hex (RFC 5280 §4.2.1.2 method
// 1).
func keyIdentifier(cert *x509.Certificate) string {
	sum := sha1.Sum(publicBits(cert.PublicKey))
	return fmt.Sprintf("%x", sum)
}

// seedOrRandom returns seed, or 32 bytes of the operating system when it is empty.
func seedOrRandom(seed []byte) ([]byte, error) {
	if len(seed) > 0 {
		return append([]byte(nil), seed...), nil
	}
	seed = make([]byte, 32)
	if _, err := io.ReadFull(rand.Reader, seed); err != nil {
		return nil, fmt.Errorf("drawing a seed: %w", err)
	}
	return seed, nil
}
