package virtual

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// The flags of authenticator data (Level 3 §6.1), in the byte at offset 32.
const (
	FlagUP byte = 1 << 0 // the user was present
	FlagUV byte = 1 << 2 // the user was verified
	FlagBE byte = 1 << 3 // the credential may be backed up
	FlagBS byte = 1 << 4 // the credential is backed up
	FlagAT byte = 1 << 6 // attested credential data follows
	FlagED byte = 1 << 7 // extensions follow
)

// A Credential is one key pair of an authenticator and all it remembers about it. Values returned by an
// Authenticator are copies: changing them changes nothing there.
type Credential struct {
	ID          []byte // 1 to 1023 bytes
	RPID        string // the relying party it is scoped to; empty when it was made by U2F, which tells its hash alone
	RPName      string
	UserHandle  []byte // user.id of the registration, at most 64 bytes
	UserName    string
	DisplayName string
	Algorithm   Algorithm
	Resident    bool   // discoverable: found without its identifier
	Backup      bool   // BE
	BackedUp    bool   // BS
	Counter     uint32 // the last value signed with

	CredProtect  int    // ProtectOptional and so on; 0 is ProtectOptional
	CredBlob     []byte // up to 32 bytes
	LargeBlobKey []byte // 32 bytes; nil: none

	key    crypto.Signer
	rpHash [32]byte
	order  uint64 // when it was made, for "newest first"
}

// NewCredential makes a credential from an identifier and a private key (ECDSA on P-256, P-384 or P-521, Ed25519, or
// RSA, which signs as RS256).
func NewCredential(rpID string, id []byte, key crypto.Signer) (*Credential, error) {
	alg, err := algorithmOf(key)
	if err != nil {
		return nil, fmt.Errorf("making a credential: %w", err)
	}
	if len(id) == 0 || len(id) > 1023 {
		return nil, fmt.Errorf("making a credential: an identifier of %d bytes", len(id))
	}
	return &Credential{ID: id, RPID: rpID, Algorithm: alg, key: key, rpHash: sha256.Sum256([]byte(rpID))}, nil
}

// Derive makes credential i of the family that seed names, for rpID: its private key is drawn from the stream that
// begins with SHA-256(seed || "key" || i), its identifier is SHA-256(seed || "id" || i), i in decimal. Two programs
// that know the seed know the same credentials.
func Derive(seed []byte, i uint64, rpID string, alg Algorithm) (*Credential, error) {
	return derive(seed, i, rpID, alg, sha256.Size)
}

func derive(seed []byte, i uint64, rpID string, alg Algorithm, idSize int) (*Credential, error) {
	key, err := generate(alg, newStream(seed, "key", i))
	if err != nil {
		return nil, fmt.Errorf("deriving credential %d: %w", i, err)
	}
	id := make([]byte, idSize)
	if _, err := io.ReadFull(newStream(seed, "id", i), id); err != nil {
		return nil, fmt.Errorf("deriving credential %d: %w", i, err)
	}
	return NewCredential(rpID, id, key)
}

// Public returns the public key, as crypto/x509 understands it.
func (c *Credential) Public() crypto.PublicKey { return c.key.Public() }

// PublicKeyCOSE returns the public key as the COSE_Key that a relying party stores.
func (c *Credential) PublicKeyCOSE() ([]byte, error) { return coseKey(c.Algorithm, c.key.Public()) }

// Sign signs authData || SHA-256(clientDataJSON), as Level 3 §6.3.3 step 11 has it.
func (c *Credential) Sign(authData, clientDataJSON []byte) ([]byte, error) {
	hash := sha256.Sum256(clientDataJSON)
	return c.signHash(authData, hash[:])
}

func (c *Credential) signHash(authData, clientDataHash []byte) ([]byte, error) {
	msg := make([]byte, 0, len(authData)+len(clientDataHash))
	msg = append(append(msg, authData...), clientDataHash...)
	return signMessage(c.Algorithm, c.key, msg)
}

// backupFlags returns BE and BS as the credential has them.
func (c *Credential) backupFlags() byte {
	var f byte
	if c.Backup {
		f |= FlagBE
	}
	if c.BackedUp {
		f |= FlagBS
	}
	return f
}

// AppendAuthData appends authenticator data without attested credential data:
//
//	rpIdHash (32) | flags (1) | counter (4, big endian)
func (c *Credential) AppendAuthData(dst []byte, flags byte, counter uint32) []byte {
	dst = append(dst, c.rpHash[:]...)
	return binary.BigEndian.AppendUint32(append(dst, flags), counter)
}

// appendAttested appends authenticator data with attested credential data (Level 3 §6.5.1):
//
//	rpIdHash (32) | flags (1) | counter (4) | aaguid (16) | length of id (2) | id | COSE key
func (c *Credential) appendAttested(dst []byte, flags byte, counter uint32, aaguid [16]byte) ([]byte, error) {
	key, err := c.PublicKeyCOSE()
	if err != nil {
		return nil, err
	}
	dst = append(c.AppendAuthData(dst, flags|FlagAT, counter), aaguid[:]...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(c.ID)))
	return append(append(dst, c.ID...), key...), nil
}

// clone copies the credential; the private key, which nobody changes, is shared.
func (c *Credential) clone() *Credential {
	d := *c
	d.ID, d.UserHandle = bytes.Clone(c.ID), bytes.Clone(c.UserHandle)
	d.CredBlob, d.LargeBlobKey = bytes.Clone(c.CredBlob), bytes.Clone(c.LargeBlobKey)
	return &d
}

// A CDPCredential is a credential as the Chrome DevTools Protocol's WebAuthn.addCredential and
// WebAuthn.getCredentials carry it. Byte strings are standard base64, the private key is PKCS #8.
type CDPCredential struct {
	CredentialID         []byte `json:"credentialId"`
	IsResidentCredential bool   `json:"isResidentCredential"`
	RPID                 string `json:"rpId,omitempty"`
	PrivateKey           []byte `json:"privateKey"`
	UserHandle           []byte `json:"userHandle,omitempty"`
	SignCount            uint32 `json:"signCount"`
	LargeBlob            []byte `json:"largeBlob,omitempty"` // in exports of an authenticator, which is who keeps blobs
	BackupEligibility    bool   `json:"backupEligibility"`
	BackupState          bool   `json:"backupState"`
	UserName             string `json:"userName,omitempty"`
	UserDisplayName      string `json:"userDisplayName,omitempty"`
}

// CDP returns the credential, private key included, in the shape of WebAuthn.addCredential. Chromium itself takes
// only P-256 keys; Import takes every algorithm of this package.
func (c *Credential) CDP() (CDPCredential, error) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return CDPCredential{}, fmt.Errorf("exporting a credential: %w", err)
	}
	return CDPCredential{
		CredentialID: c.ID, IsResidentCredential: c.Resident, RPID: c.RPID, PrivateKey: pkcs8, UserHandle: c.UserHandle,
		SignCount: c.Counter, BackupEligibility: c.Backup, BackupState: c.BackedUp,
		UserName: c.UserName, UserDisplayName: c.DisplayName,
	}, nil
}

// ImportCDP is the inverse of Credential.CDP.
func ImportCDP(in CDPCredential) (*Credential, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(in.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("importing a credential: %w", err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("importing a credential: a key of type %T cannot sign", parsed)
	}
	c, err := NewCredential(in.RPID, slices.Clone(in.CredentialID), key)
	if err != nil {
		return nil, err
	}
	c.Resident = in.IsResidentCredential
	c.UserHandle = slices.Clone(in.UserHandle)
	c.Counter = in.SignCount
	c.Backup, c.BackedUp = in.BackupEligibility, in.BackupState
	c.UserName, c.DisplayName = in.UserName, in.UserDisplayName
	return c, nil
}
