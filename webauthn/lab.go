package webauthn

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/latchkey-auth/latchkey/auth"
)

var _ auth.FixtureMaker = (*Factor)(nil)

// A virtualKey is a credential as WebDriver and the Chrome DevTools Protocol write it (WebAuthn.addCredential). Byte
// strings are base64 or base64url.
type virtualKey struct {
	ID        string `json:"credentialId"`
	Key       string `json:"privateKey"` // PKCS #8
	Resident  bool   `json:"isResidentCredential"`
	SignCount uint32 `json:"signCount"`
	Eligible  bool   `json:"backupEligibility"`
	BackedUp  bool   `json:"backupState"`
}

// MakeFixture makes a credential from its id and COSE key, or from a virtual one. It must be one that could be
// registered here.
func (f *Factor) MakeFixture(p auth.FixtureInput) (*auth.Authenticator, *auth.FixtureSecrets, error) {
	form := p.MethodForm
	if len(form.Virtual) > 0 {
		if err := fromVirtual(&form); err != nil {
			return nil, nil, err
		}
	}
	id, err := base64.RawURLEncoding.Strict().DecodeString(form.Credential)
	if err != nil || len(id) == 0 || len(id) > maxID {
		return nil, nil, auth.RefuseField(auth.MalformedRequest, "credential")
	}
	key, err := base64.RawURLEncoding.Strict().DecodeString(form.PublicKey)
	if err != nil || checkKey(key, f.params) != nil {
		return nil, nil, auth.RefuseField(auth.MalformedRequest, "publicKey")
	}
	model, err := hex.DecodeString(strings.ReplaceAll(form.AAGUID, "-", ""))
	if err != nil || len(model) != 0 && len(model) != 16 {
		return nil, nil, auth.RefuseField(auth.MalformedRequest, "aaguid")
	}
	if form.SignCount < 0 || int64(form.SignCount) > 1<<32-1 {
		return nil, nil, auth.RefuseField(auth.MalformedRequest, "signCount")
	}
	if form.BackupState && !form.BackupEligible { // WebAuthn Level 3 §6.1.3: no authenticator says that
		return nil, nil, auth.RefuseField(auth.MalformedRequest, "backupState")
	}
	if form.Flavour == "" {
		form.Flavour = auth.SecurityKey
	}
	model = append(model, make([]byte, 16-len(model))...)
	flags := protocol.FlagUserPresent | protocol.FlagAttestedCredentialData
	for flag, set := range map[protocol.AuthenticatorFlags]bool{
		protocol.FlagUserVerified: form.Verified, protocol.FlagBackupEligible: form.BackupEligible,
		protocol.FlagBackupState: form.BackupState,
	} {
		if set {
			flags |= flag
		}
	}
	data, err := json.Marshal(record{Key: key, Handle: p.Subject.Handle, Model: model, Counter: uint32(form.SignCount),
		Flags: byte(flags), Transports: transports(form.Transports), Format: string(protocol.AttestationFormatNone)})
	if err != nil {
		return nil, nil, err
	}
	return &auth.Authenticator{Kind: auth.WebAuthn, Credential: form.Credential, Data: data, Traits: auth.Traits{
		Flavour: form.Flavour, Synced: form.BackupEligible, Discoverable: form.Resident, VerifiesUser: form.Verified,
		Provenance: f.claimed(AAGUID(model)),
	}}, &auth.FixtureSecrets{}, nil
}

// fromVirtual fills a form from its virtual credential.
func fromVirtual(form *auth.MethodForm) error {
	malformed := auth.RefuseField(auth.MalformedRequest, "virtual")
	var v virtualKey
	if json.Unmarshal(form.Virtual, &v) != nil {
		return malformed
	}
	id, err1 := anyBase64(v.ID)
	der, err2 := anyBase64(v.Key)
	private, err3 := x509.ParsePKCS8PrivateKey(der)
	if err1 != nil || err2 != nil || err3 != nil {
		return malformed
	}
	key, err := coseKey(private)
	if err != nil {
		return malformed
	}
	form.Credential = base64.RawURLEncoding.EncodeToString(id)
	form.PublicKey = base64.RawURLEncoding.EncodeToString(key)
	form.SignCount = int(v.SignCount)
	form.Resident = v.Resident
	form.BackupEligible = v.Eligible
	form.BackupState = v.BackedUp
	return nil
}

// anyBase64 reads either alphabet, padded or not.
func anyBase64(s string) ([]byte, error) {
	s = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(s)
	return base64.RawURLEncoding.DecodeString(s)
}

// coseKey is the public half of a private key as a COSE_Key (RFC 9053).
func coseKey(private any) ([]byte, error) {
	switch k := private.(type) {
	case *ecdsa.PrivateKey:
		point, err := k.PublicKey.Bytes()
		if err != nil {
			return nil, err
		}
		x, y := point[1:1+len(point)/2], point[1+len(point)/2:]
		alg, curve := webauthncose.AlgES256, webauthncose.P256
		switch k.Curve {
		case elliptic.P384():
			alg, curve = webauthncose.AlgES384, webauthncose.P384
		case elliptic.P521():
			alg, curve = webauthncose.AlgES512, webauthncose.P521
		}
		return webauthncbor.Marshal(map[int]any{1: int(webauthncose.EllipticKey), 3: int(alg), -1: int(curve),
			-2: x, -3: y})
	case ed25519.PrivateKey:
		return webauthncbor.Marshal(map[int]any{1: int(webauthncose.OctetKey), 3: int(webauthncose.AlgEdDSA),
			-1: int(webauthncose.Ed25519),
			-2: []byte(k.Public().(ed25519.PublicKey))})
	case *rsa.PrivateKey:
		e := bytes.TrimLeft(big.NewInt(int64(k.E)).Bytes(), "\x00")
		return webauthncbor.Marshal(map[int]any{1: int(webauthncose.RSAKey), 3: int(webauthncose.AlgRS256),
			-1: k.N.Bytes(), -2: e})
	}
	return nil, auth.Refuse(auth.KeyAlgorithm)
}
