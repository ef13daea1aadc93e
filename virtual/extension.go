package virtual

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"slices"
)

// The extensions of CTAP 2.1 §12 (and 2.2) that an Authenticator can have.
const (
	extCredProtect  = "credProtect"
	extHMACSecret   = "hmac-secret"
	extHMACSecretMC = "hmac-secret-mc"
	extCredBlob     = "credBlob"
	extLargeBlobKey = "largeBlobKey"
	extMinPINLength = "minPinLength"
)

// The values of Credential.CredProtect (CTAP 2.1 §12.1).
const (
	ProtectOptional         = 1 // userVerificationOptional
	ProtectOptionalWithList = 2 // userVerificationOptionalWithCredentialIDList
	ProtectRequired         = 3 // userVerificationRequired
)

const (
	maxCredBlob        = 32
	maxMinPINReaders   = 4
	largeBlobKeyLength = 32
)

// extensionsOf lists what an authenticator of these options has: what they allow, of what is named.
func extensionsOf(o *Options) []string {
	if o.Protocol == U2F {
		return nil
	}
	all := []string{} // not nil: Options that are copied keep it
	if o.verifies() {
		all = append(all, extCredProtect)
	}
	all = append(all, extHMACSecret)
	if o.Version != FIDO20 {
		all = append(all, extCredBlob)
		if o.ResidentKeys {
			all = append(all, extLargeBlobKey)
		}
		if o.ClientPIN {
			all = append(all, extMinPINLength)
		}
	}
	if o.Version == FIDO22 {
		all = append(all, extHMACSecretMC)
	}
	if o.Extensions != nil {
		all = slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(o.Extensions, name) })
	}
	return all
}

// verifies reports whether any form of user verification is there.
func (o *Options) verifies() bool { return o.UserVerification != UVNone || o.ClientPIN }

// has reports whether the authenticator has an extension.
func (a *Authenticator) has(name string) bool { return slices.Contains(a.options.Extensions, name) }

// MakeExtensions are the extension inputs of authenticatorMakeCredential. What an authenticator does not have it
// ignores.
type MakeExtensions struct {
	CredProtect  int        // ProtectOptional and so on; 0: not asked
	HMACSecret   bool       // make the credential usable with hmac-secret
	HMACSalts    *HMACInput // hmac-secret-mc (CTAP 2.2): evaluate at once
	CredBlob     []byte     // nil: not asked
	LargeBlobKey bool
	MinPINLength bool
}

// GetExtensions are the extension inputs of authenticatorGetAssertion.
type GetExtensions struct {
	HMACSalts    *HMACInput // hmac-secret
	CredBlob     bool
	LargeBlobKey bool
}

// An HMACInput is the input of hmac-secret: one or two salts of 32 bytes, encrypted for the authenticator
// (CTAP 2.1 §12.5).
type HMACInput struct {
	KeyAgreement map[int]any // COSE_Key of the platform
	SaltEnc      []byte
	SaltAuth     []byte
	Protocol     int // PIN/UV auth protocol
}

// known leaves of the extensions member what the authenticator has, and ignores the rest, of whatever type.
func (a *Authenticator) known(r *reader) *reader {
	out := &reader{members: map[any]any{}, failed: r.failed}
	for name, v := range r.members {
		if text, ok := name.(string); ok && a.has(text) {
			out.members[name] = v
		}
	}
	return out
}

// readMakeExtensions reads the extensions member of makeCredential.
func (a *Authenticator) readMakeExtensions(r *reader) MakeExtensions {
	r = a.known(r)
	e := MakeExtensions{
		HMACSecret: take[bool](r, extHMACSecret), CredBlob: take[[]byte](r, extCredBlob),
		LargeBlobKey: readLargeBlobKey(r), MinPINLength: take[bool](r, extMinPINLength),
	}
	if r.has(extCredProtect) {
		if e.CredProtect = r.small(extCredProtect); e.CredProtect < ProtectOptional || e.CredProtect > ProtectRequired {
			r.fail(StatusInvalidOption)
		}
	}
	if r.has(extHMACSecretMC) {
		e.HMACSalts = readHMACInput(r.sub(extHMACSecretMC))
		if !e.HMACSecret { // CTAP 2.2: only beside hmac-secret
			r.fail(StatusMissingParameter)
		}
	}
	return e
}

// readGetExtensions reads the extensions member of getAssertion.
func (a *Authenticator) readGetExtensions(r *reader) GetExtensions {
	r = a.known(r)
	e := GetExtensions{CredBlob: take[bool](r, extCredBlob), LargeBlobKey: readLargeBlobKey(r)}
	if r.has(extHMACSecret) {
		e.HMACSalts = readHMACInput(r.sub(extHMACSecret))
	}
	return e
}

// readLargeBlobKey reads an input that may be true or absent, but not false (CTAP 2.1 §12.3).
func readLargeBlobKey(r *reader) bool {
	wanted := take[bool](r, extLargeBlobKey)
	if r.has(extLargeBlobKey) && !wanted {
		r.fail(StatusInvalidOption)
	}
	return wanted
}

func readHMACInput(r *reader) *HMACInput {
	r.need(1, 2, 3)
	in := &HMACInput{SaltEnc: take[[]byte](r, 2), SaltAuth: take[[]byte](r, 3), Protocol: 1,
		KeyAgreement: map[int]any{}}
	if r.has(4) {
		in.Protocol = r.small(4)
	}
	for k, v := range r.sub(1).members {
		switch k := k.(type) {
		case uint64:
			in.KeyAgreement[int(k)] = v
		case int64:
			in.KeyAgreement[int(k)] = v
		}
	}
	return in
}

// remember stores what the extensions ask a new credential to keep.
func (a *Authenticator) remember(c *Credential, e *MakeExtensions) {
	if e.CredProtect != 0 && a.has(extCredProtect) {
		c.CredProtect = e.CredProtect
	}
	if len(e.CredBlob) <= maxCredBlob && a.has(extCredBlob) {
		c.CredBlob = slices.Clone(e.CredBlob)
	}
	if e.LargeBlobKey && a.has(extLargeBlobKey) {
		c.LargeBlobKey = newSecretKey(a.options.Seed, a.made)
	}
}

func newSecretKey(seed []byte, i uint64) []byte {
	key := make([]byte, largeBlobKeyLength)
	_, _ = newStream(seed, "blob", i).Read(key) // never fails
	return key
}

// outputsOfMake is the extension outputs of a registration.
func (a *Authenticator) outputsOfMake(c *Credential, e *MakeExtensions, flags byte) (map[string]any, error) {
	out := map[string]any{}
	if e.CredProtect != 0 && a.has(extCredProtect) {
		out[extCredProtect] = c.CredProtect
	}
	if e.HMACSecret && a.has(extHMACSecret) {
		out[extHMACSecret] = true
	}
	if e.HMACSalts != nil && e.HMACSecret && a.has(extHMACSecretMC) {
		value, err := a.hmacSecret(c, e.HMACSalts, flags)
		if err != nil {
			return nil, err
		}
		out[extHMACSecretMC] = value
	}
	if e.CredBlob != nil && a.has(extCredBlob) {
		out[extCredBlob] = len(e.CredBlob) <= maxCredBlob
	}
	if e.MinPINLength && a.has(extMinPINLength) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if slices.Contains(a.pin.readers, c.RPID) {
			out[extMinPINLength] = a.pin.minimum
		}
	}
	return out, nil
}

// outputsOfGet is the extension outputs of an assertion.
func (a *Authenticator) outputsOfGet(c *Credential, e *GetExtensions, flags byte) (map[string]any, error) {
	out := map[string]any{}
	if e.HMACSalts != nil && a.has(extHMACSecret) {
		value, err := a.hmacSecret(c, e.HMACSalts, flags)
		if err != nil {
			return nil, err
		}
		out[extHMACSecret] = value
	}
	if e.CredBlob && a.has(extCredBlob) {
		out[extCredBlob] = append([]byte{}, c.CredBlob...)
	}
	return out, nil
}

// hmacSecret evaluates hmac-secret (CTAP 2.1 §12.5): HMAC-SHA-256 of each salt under one of two keys, as the user was
// verified or not.
func (a *Authenticator) hmacSecret(c *Credential, in *HMACInput, flags byte) ([]byte, error) {
	if !a.speaks(in.Protocol) {
		return nil, StatusInvalidParameter
	}
	coded, err := encode(in.KeyAgreement)
	if err != nil {
		return nil, StatusInvalidParameter
	}
	r, err := decodeMap(coded)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.decapsulate(in.Protocol, r)
	if err != nil {
		return nil, err
	}
	if !s.verify(in.SaltEnc, in.SaltAuth) {
		return nil, StatusPINAuthInvalid
	}
	salts, ok := s.decrypt(in.SaltEnc)
	if !ok || len(salts) != 32 && len(salts) != 64 {
		return nil, StatusInvalidParameter
	}
	var plain []byte
	for salt := range slices.Chunk(salts, 32) {
		value, err := c.hmac(salt, flags&FlagUV != 0)
		if err != nil {
			return nil, err
		}
		plain = append(plain, value...)
	}
	return s.encrypt(plain, a.draw(16))
}

// hmac evaluates one salt. Both keys (CredRandomWithUV and CredRandomWithoutUV) follow from the private key, so that
// a credential that is taken elsewhere keeps its secrets.
func (c *Credential) hmac(salt []byte, verified bool) ([]byte, error) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return nil, fmt.Errorf("evaluating hmac-secret: %w", err)
	}
	label := "CredRandomWithoutUV"
	if verified {
		label = "CredRandomWithUV"
	}
	key := hmac.New(sha256.New, pkcs8)
	key.Write([]byte(label))
	return evaluate(key.Sum(nil), salt), nil
}

// evaluate is the pseudo-random function: HMAC-SHA-256 of a salt under CredRandom.
func evaluate(credRandom, salt []byte) []byte {
	h := hmac.New(sha256.New, credRandom)
	h.Write(salt)
	return h.Sum(nil)
}
