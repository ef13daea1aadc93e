package virtual

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// Format is how an Authenticator attests the keys it makes (Level 3 §8).
type Format int

// The formats. All but the first two are signed below Options.CA.
const (
	AttestNone   Format = iota // "none", an empty statement
	AttestSelf                 // "packed", signed by the new key itself
	AttestPacked               // "packed", signed by the key of a certificate
	// "fido-u2f", signed by the key of a certificate; needs a P-256 key and a zero AAGUID
	AttestFIDOU2F
	AttestTPM        // "tpm": TPM 2.0 certifies the new key, an ECDSA or RSA one
	AttestAndroidKey // "android-key": a certificate of the new key, an ECDSA or RSA one
	AttestApple      // "apple": a certificate of the new key
	AttestCompound   // "compound": several of the others, as Options.Compound says
)

// String returns the format's identifier in the IANA registry of attestation statement formats.
func (f Format) String() string {
	names := [...]string{"none", "packed", "packed", "fido-u2f", "tpm", "android-key", "apple", "compound"}
	if f < 0 || int(f) >= len(names) {
		return fmt.Sprintf("Format(%d)", int(f))
	}
	return names[f]
}

// certified reports whether the format shows a certificate.
func (f Format) certified() bool { return f > AttestSelf && f <= AttestCompound }

// ofModel reports whether the certificate belongs to the model, not to each credential.
func (f Format) ofModel() bool { return f == AttestPacked || f == AttestFIDOU2F || f == AttestTPM }

// attests reports whether one of formats is what the authenticator attests in, or a part of it.
func (o *Options) attests(formats ...Format) bool {
	parts := []Format{o.Attestation}
	if o.Attestation == AttestCompound {
		parts = compoundParts(o.Compound)
	}
	return slices.ContainsFunc(parts, func(f Format) bool { return slices.Contains(formats, f) })
}

// compoundParts are the formats of a compound attestation.
func compoundParts(formats []Format) []Format {
	if len(formats) == 0 {
		return []Format{AttestPacked, AttestTPM}
	}
	return formats
}

// An Attestation is an attestation object before it is encoded (Level 3 §6.5.4).
type Attestation struct {
	Format    string
	Statement map[string]any // attStmt; not used when there are Parts
	Parts     []Substatement // attStmt of "compound", an array
	AuthData  []byte
}

// A Substatement is one part of a compound attestation (Level 3 §8.9).
type Substatement struct {
	Format    string         `cbor:"fmt"`
	Statement map[string]any `cbor:"attStmt"`
}

// statement is attStmt: an array when there are Parts and the format has not been changed since, else a map.
func (a *Attestation) statement() any {
	if a.Format == AttestCompound.String() && a.Parts != nil {
		return a.Parts
	}
	return a.Statement
}

// MarshalCBOR encodes the object in CTAP2's canonical form.
func (a *Attestation) MarshalCBOR() ([]byte, error) {
	return encode(map[string]any{"fmt": a.Format, "attStmt": a.statement(), "authData": a.AuthData})
}

// UnmarshalCBOR decodes an object, compound or not.
func (a *Attestation) UnmarshalCBOR(data []byte) error {
	var in struct {
		Format    string          `cbor:"fmt"`
		Statement cbor.RawMessage `cbor:"attStmt"`
		AuthData  []byte          `cbor:"authData"`
	}
	if err := cbor.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("decoding an attestation: %w", err)
	}
	*a = Attestation{Format: in.Format, AuthData: in.AuthData}
	target := any(&a.Statement)
	if a.Format == AttestCompound.String() {
		target = &a.Parts
	}
	if err := cbor.Unmarshal(in.Statement, target); err != nil {
		return fmt.Errorf("decoding a statement: %w", err)
	}
	return nil
}

// An Attester makes attestation statements: it is the part of an authenticator that holds the attestation key. It may
// be used by itself, to sign anew what has been changed:
//
//	again, err := key.Attester().Attest(credential, changedAuthData, clientDataHash)
//
// or be altered by Hooks.Attester on the way. What is altered here is in force when the statement is signed, so that
// everything but the fault is right. The functions may be nil.
type Attester struct {
	Format  Format
	AAGUID  [16]byte      // the model its certificates are for
	CA      *CA           // not needed for AttestNone and AttestSelf
	Formats []Format      // the parts of AttestCompound; packed and tpm when empty
	Leaf    *LeafOptions  // how the certificate departs from what the format asks; Format, AAGUID and Key are filled in
	Key     crypto.Signer // signs the statement; nil: the key that the certificate is for, or the new key (AttestSelf)

	Message     func([]byte) []byte     // what is vouched for: authData || clientDataHash, or U2F's message
	TPM         func(*TPMParts)         // of "tpm", before the name is taken and certInfo is signed
	Description func(*KeyDescription)   // of "android-key", before it is certified
	Nonce       func([]byte) []byte     // of "apple", before it is certified
	Chain       func([][]byte) [][]byte // x5c: the leaf, then the intermediates, as DER
	Signature   func([]byte) []byte     // sig, after signing

	made    Format // of cert
	cert    *x509.Certificate
	certKey crypto.Signer
}

// Attester returns what attests this authenticator's credentials. It is a copy: changing it changes nothing here.
func (a *Authenticator) Attester() *Attester {
	o := &a.options // these members never change
	return &Attester{
		Format: o.Attestation, AAGUID: o.AAGUID, CA: o.CA, Formats: o.Compound,
		made: o.Attestation, cert: a.cert, certKey: a.certKey,
	}
}

// attest makes the attestation of a new credential, with the hooks in force.
func (a *Authenticator) attest(c *Credential, authData, hash []byte, hooks *Hooks) (*Attestation, error) {
	at := a.Attester()
	at.Signature = hooks.Signature
	if hooks.Attester != nil {
		hooks.Attester(at, c)
	}
	return at.Attest(c, authData, hash)
}

// PrivateKey returns the credential's key, for faults in which the wrong key signs or is certified.
func (c *Credential) PrivateKey() crypto.Signer { return c.key }

// Attest vouches for a credential: for its authData and the hash of the client data.
func (a *Attester) Attest(c *Credential, authData, clientDataHash []byte) (*Attestation, error) {
	out := &Attestation{Format: a.Format.String(), AuthData: authData}
	s := &subject{Credential: c, authData: authData, hash: clientDataHash}
	var err error
	if a.Format == AttestCompound {
		out.Parts, err = a.compound(s)
	} else {
		out.Statement, err = a.make(a.Format, s)
	}
	if err != nil {
		return nil, fmt.Errorf("attesting as %s: %w", a.Format, err)
	}
	return out, nil
}

// A subject is what is attested.
type subject struct {
	*Credential
	authData, hash []byte
}

func (a *Attester) make(f Format, s *subject) (map[string]any, error) {
	switch f {
	case AttestNone:
		return map[string]any{}, nil
	case AttestSelf:
		return a.self(s)
	case AttestPacked:
		return a.packed(s)
	case AttestFIDOU2F:
		return a.fidoU2F(s)
	case AttestTPM:
		return a.tpm(s)
	case AttestAndroidKey:
		return a.androidKey(s)
	case AttestApple:
		return a.apple(s)
	}
	return nil, errors.New("no such format")
}

// message is what a statement vouches for, all formats but fido-u2f.
func (a *Attester) message(s *subject) []byte { return changed(a.Message, join(s.authData, s.hash)) }

func changed(by func([]byte) []byte, b []byte) []byte {
	if by == nil {
		return b
	}
	return by(b)
}

// sign signs msg with the Attester's own key, or else with the usual one, and names the algorithm.
func (a *Attester) sign(usual crypto.Signer, msg []byte) (sig []byte, alg Algorithm, err error) {
	if a.Key != nil {
		usual = a.Key
	}
	if alg, err = algorithmOf(usual); err != nil {
		return nil, 0, err
	}
	sig, err = signMessage(alg, usual, msg)
	return changed(a.Signature, sig), alg, err
}

// certify issues the certificate of a format and returns x5c and the key certified. own is the key it is for; nil: the
// model's.
func (a *Attester) certify(f Format, own crypto.Signer, o LeafOptions) ([]any, crypto.Signer, error) {
	if a.CA == nil {
		return nil, nil, errors.New("it needs a CA")
	}
	if a.Leaf != nil {
		o.AAGUID = a.Leaf.AAGUID
		o.Key = a.Leaf.Key
		o.Version = a.Leaf.Version
		o.Change = a.Leaf.Change
	}
	o.Format = f
	if o.AAGUID == [16]byte{} {
		o.AAGUID = a.AAGUID
	}
	if o.Key == nil {
		o.Key = own
	}
	leaf, key := a.cert, a.certKey
	if leaf == nil || a.Leaf != nil || a.made != f || !f.ofModel() {
		var err error
		if leaf, key, err = a.CA.IssueWith(o); err != nil {
			return nil, nil, err
		}
	}
	chain := [][]byte{leaf.Raw}
	if f != AttestFIDOU2F { // Level 3 §8.6 has exactly one element
		chain = append(chain, a.CA.chain...)
	}
	if a.Chain != nil {
		chain = a.Chain(chain)
	}
	x5c := make([]any, 0, len(chain))
	for _, der := range chain {
		x5c = append(x5c, der)
	}
	return x5c, key, nil
}

// self is Level 3 §8.2, self attestation.
func (a *Attester) self(s *subject) (map[string]any, error) {
	sig, alg, err := a.sign(s.key, a.message(s))
	return map[string]any{"alg": int64(alg), "sig": sig}, err
}

// packed is Level 3 §8.2 with a certificate.
func (a *Attester) packed(s *subject) (map[string]any, error) {
	x5c, key, err := a.certify(AttestPacked, nil, LeafOptions{})
	if err != nil {
		return nil, err
	}
	sig, alg, err := a.sign(key, a.message(s))
	return map[string]any{"alg": int64(alg), "sig": sig, "x5c": x5c}, err
}

// fidoU2F is Level 3 §8.6.
func (a *Attester) fidoU2F(s *subject) (map[string]any, error) {
	msg, err := u2fVouched(s)
	if err != nil {
		return nil, err
	}
	x5c, key, err := a.certify(AttestFIDOU2F, nil, LeafOptions{})
	if err != nil {
		return nil, err
	}
	sig, _, err := a.sign(key, changed(a.Message, msg))
	return map[string]any{"sig": sig, "x5c": x5c}, err
}

// compound is Level 3 §8.9: the same credential attested in several formats.
func (a *Attester) compound(s *subject) ([]Substatement, error) {
	var parts []Substatement
	for _, f := range compoundParts(a.Formats) {
		stmt, err := a.make(f, s)
		if err != nil {
			return nil, err
		}
		parts = append(parts, Substatement{Format: f.String(), Statement: stmt})
	}
	return parts, nil
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

// u2fVouched is u2fMessage of what stands in the authenticator data, where the verifier takes it from: what a fault has
// changed there is signed. Of data that cannot be read the credential's own values are taken.
func u2fVouched(s *subject) ([]byte, error) {
	message, err := u2fMessage(s.Credential, s.hash)
	if err != nil || len(s.authData) < 55 { // rpIdHash (32) flags (1) counter (4) aaguid (16) length (2)
		return message, err
	}
	point := message[len(message)-65:]
	n := 55 + int(binary.BigEndian.Uint16(s.authData[53:]))
	if n > len(s.authData) {
		return join([]byte{0}, s.authData[:32], s.hash, s.ID, point), nil
	}
	return join([]byte{0}, s.authData[:32], s.hash, s.authData[55:n], pointIn(s.authData[n:], point)), nil
}

// pointIn returns the point of the COSE key that data begins with, or the one given when there is none of 32 and 32
// bytes.
func pointIn(data, otherwise []byte) []byte {
	var key struct {
		X []byte `cbor:"-2,keyasint"`
		Y []byte `cbor:"-3,keyasint"`
	}
	if _, err := cbor.UnmarshalFirst(data, &key); err != nil || len(key.X) != 32 || len(key.Y) != 32 {
		return otherwise
	}
	return join([]byte{4}, key.X, key.Y)
}

func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
