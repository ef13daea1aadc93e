package virtual

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"time"
)

// Format is how an Authenticator attests the keys it makes (Level 3 §8).
type Format int

// The formats.
const (
	AttestNone    Format = iota // "none", an empty statement
	AttestSelf                  // "packed", signed by the new key itself
	AttestPacked                // "packed", signed by a certificate of Options.CA
	AttestFIDOU2F               // "fido-u2f", signed by a certificate of Options.CA; needs a P-256 key and a zero AAGUID
)

// An Attestation is an attestation object before it is encoded (Level 3 §6.5.4).
type Attestation struct {
	Format    string         `cbor:"fmt"`
	Statement map[string]any `cbor:"attStmt"`
	AuthData  []byte         `cbor:"authData"`
}

// CAOptions say how a CA is made.
type CAOptions struct {
	Name      string    // common name of the root; "Virtual Attestation Root" when empty
	Country   string    // ISO 3166-1 code in every subject; "AA" (user-assigned) when empty
	NotBefore time.Time // of every certificate; 2020-01-01 UTC when zero
	NotAfter  time.Time // of every certificate; 2100-01-01 UTC when zero
	Seed      []byte    // determines the keys; drawn from the operating system when empty
}

// A CA is an attestation root that the tester owns. A relying party that is told to trust Root accepts what it
// issues. It is safe for concurrent use.
type CA struct {
	options CAOptions
	key     *ecdsa.PrivateKey
	root    *x509.Certificate
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
	t := ca.template(o.Name, "Authenticator Attestation CA")
	t.IsCA, t.KeyUsage, t.SubjectKeyId = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, keyID(&ca.key.PublicKey)
	ca.root, err = ca.sign(t, t, &ca.key.PublicKey)
	return ca, err
}

// Root returns the certificate to be trusted.
func (ca *CA) Root() *x509.Certificate { return ca.root }

// Issue makes an attestation certificate with a P-256 key, as Level 3 §8.2.1 asks: version 3, subject with C, O, OU
// "Authenticator Attestation" and CN, not a CA, the AAGUID in an extension that is not critical. The AAGUID
// extension is left out for a zero AAGUID, as U2F certificates do not carry one. The same AAGUID gives the same
// certificate.
func (ca *CA) Issue(aaguid [16]byte) (*x509.Certificate, crypto.Signer, error) {
	key, err := generateECDSA(elliptic.P256(), newStream(append(ca.options.Seed[:len(ca.options.Seed):len(ca.options.Seed)], aaguid[:]...), "leaf", 0))
	if err != nil {
		return nil, nil, err
	}
	t := ca.template("Virtual Authenticator", "Authenticator Attestation")
	t.SerialNumber = new(big.Int).SetBytes(keyID(&key.PublicKey))
	t.AuthorityKeyId = ca.root.SubjectKeyId
	if aaguid != [16]byte{} {
		value, err := asn1.Marshal(aaguid[:])
		if err != nil {
			return nil, nil, fmt.Errorf("encoding the AAGUID: %w", err)
		}
		id := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4} // id-fido-gen-ce-aaguid
		t.ExtraExtensions = []pkix.Extension{{Id: id, Value: value}}
	}
	leaf, err := ca.sign(t, ca.root, &key.PublicKey)
	return leaf, key, err
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

func (ca *CA) sign(t, parent *x509.Certificate, public *ecdsa.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(nil, t, parent, public, ca.key) // no randomness: RFC 6979
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate: %w", err)
	}
	return cert, nil
}

// keyID returns 19 bytes of a hash of the key: an identifier that is also a positive serial number.
func keyID(public *ecdsa.PublicKey) []byte {
	point, err := public.Bytes()
	if err != nil {
		return nil // only for a curve nobody here makes
	}
	sum := sha256.Sum256(point)
	sum[0] |= 1
	return sum[:19]
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

// attest makes the attestation of a new credential; mutate, if not nil, is given every signature.
func (a *Authenticator) attest(c *Credential, authData, hash []byte, mutate func([]byte) []byte) (*Attestation, error) {
	if mutate == nil {
		mutate = func(sig []byte) []byte { return sig }
	}
	switch a.options.Attestation {
	case AttestSelf:
		sig, err := c.signHash(authData, hash)
		if err != nil {
			return nil, fmt.Errorf("signing an attestation: %w", err)
		}
		stmt := map[string]any{"alg": int64(c.Algorithm), "sig": mutate(sig)}
		return &Attestation{Format: "packed", Statement: stmt, AuthData: authData}, nil
	case AttestPacked:
		sig, err := signMessage(ES256, a.certKey, join(authData, hash))
		if err != nil {
			return nil, fmt.Errorf("signing an attestation: %w", err)
		}
		stmt := map[string]any{"alg": int64(ES256), "sig": mutate(sig), "x5c": []any{a.cert.Raw}}
		return &Attestation{Format: "packed", Statement: stmt, AuthData: authData}, nil
	case AttestFIDOU2F:
		msg, err := u2fMessage(c, hash)
		if err != nil {
			return nil, err
		}
		sig, err := signMessage(ES256, a.certKey, msg)
		if err != nil {
			return nil, fmt.Errorf("signing an attestation: %w", err)
		}
		stmt := map[string]any{"sig": mutate(sig), "x5c": []any{a.cert.Raw}}
		return &Attestation{Format: "fido-u2f", Statement: stmt, AuthData: authData}, nil
	}
	return &Attestation{Format: "none", Statement: map[string]any{}, AuthData: authData}, nil
}

// u2fMessage is what a U2F token signs at registration: 0x00 || rpIdHash || clientDataHash || id || point
// (Level 3 §8.6).
func u2fMessage(c *Credential, hash []byte) ([]byte, error) {
	public, ok := c.key.Public().(*ecdsa.PublicKey)
	if !ok || c.Algorithm != ES256 {
		return nil, fmt.Errorf("a fido-u2f attestation needs an ES256 key, not %d", c.Algorithm)
	}
	point, err := public.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	return join([]byte{0}, c.rpHash[:], hash, c.ID, point), nil
}

func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
