package virtual

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/hmac"
	"fmt"
	"time"
)

// The permissions of a pinUvAuthToken (CTAP 2.1 §6.5.5.7).
const (
	PermitMakeCredential   = 0x01
	PermitGetAssertion     = 0x02
	PermitManagement       = 0x04
	PermitLargeBlobWrite   = 0x10
	PermitConfiguration    = 0x20
	permitEnrollment       = 0x08 // of fingers: nothing here has it
	permitsForRPID         = PermitMakeCredential | PermitGetAssertion
	tokenInitialUsageLimit = 30 * time.Second // unused for so long, a token ends
	tokenUserPresentLimit  = 30 * time.Second // so long one touch counts
	tokenMaximumUsage      = 10 * time.Minute
)

// A token is the pinUvAuthToken in use: at most one at a time, whatever the protocol (CTAP 2.1 §6.5.2.1).
type token struct {
	protocol    int // 0: none in use
	value       []byte
	permissions int
	rpID        string // "": not yet bound to one
	present     bool   // the touch of built-in verification counts once
	verified    bool
	issued      time.Time
	used        bool
}

// session is what an authenticator forgets when it loses power.
type session struct {
	agreement  [3]*ecdh.PrivateKey // by PIN/UV auth protocol
	token      token
	mismatches int // wrong PINs since power came; at 3 only another power cycle helps
	powered    time.Time
	next       *assertions      // of getNextAssertion
	rps        [][32]byte       // of enumerateRPsGetNextRP
	listed     []*Credential    // of enumerateCredentialsGetNextCredential
	blobs      *largeBlobUpload // of a largeBlobs write
}

// now is the time of Options.Now, or always the same.
func (a *Authenticator) now() time.Time {
	if a.options.Now == nil {
		return time.Time{}
	}
	return a.options.Now()
}

// PowerCycle takes the authenticator out of its port and puts it back: tokens, key agreements and enumerations are
// gone, and three more attempts at the PIN are allowed (CTAP 2.1 §6.5.5.6).
func (a *Authenticator) PowerCycle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.session = session{powered: a.now()}
}

// draw returns n bytes of the authenticator's own randomness; the caller holds the lock.
func (a *Authenticator) draw(n int) []byte {
	out := make([]byte, n)
	_, _ = newStream(a.options.Seed, "draw", a.draws).Read(out) // never fails
	a.draws++
	return out
}

// agreementOf returns the key agreement key of a protocol, made when first asked for; the caller holds the lock.
func (a *Authenticator) agreementOf(protocol int) (*ecdh.PrivateKey, error) {
	if a.session.agreement[protocol] != nil {
		return a.session.agreement[protocol], nil
	}
	key, err := generateECDSA(elliptic.P256(), newStream(a.options.Seed, "agreement", a.draws))
	if err != nil {
		return nil, err
	}
	a.draws++
	own, err := key.ECDH()
	if err != nil {
		return nil, fmt.Errorf("making a key agreement key: %w", err)
	}
	a.session.agreement[protocol] = own
	return own, nil
}

// decapsulate derives the secret shared with the platform whose key is in r; the caller holds the lock.
func (a *Authenticator) decapsulate(protocol int, r *reader) (*shared, error) {
	peer, err := readAgreementKey(r)
	if err != nil {
		return nil, err
	}
	own, err := a.agreementOf(protocol)
	if err != nil {
		return nil, err
	}
	return agree(protocol, own, peer)
}

// issue makes a new token, which ends every older one, and returns it encrypted; the caller holds the lock.
func (a *Authenticator) issue(s *shared, permissions int, rpID string, present bool) ([]byte, error) {
	a.session.token = token{
		protocol: s.protocol, value: a.draw(32), permissions: permissions, rpID: rpID,
		present: present, verified: true, issued: a.now(),
	}
	return s.encrypt(a.session.token.value, a.draw(16))
}

// authorise checks a pinUvAuthParam over message: the token must be in use, verify it, carry the permission, and
// be bound to rpID or to none. A token that was bound to none and is used for credentials is bound then.
func (a *Authenticator) authorise(protocol int, message, param []byte, permission int, rpID string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &a.session.token
	a.expire(t)
	switch {
	case t.protocol == 0 || t.protocol != protocol,
		!hmac.Equal(authenticate(protocol, t.value, message), param),
		!t.verified || t.permissions&permission == 0,
		permission&permitsForRPID != 0 && t.rpID != "" && t.rpID != rpID:
		return StatusPINAuthInvalid
	}
	if permission&permitsForRPID != 0 && t.rpID == "" && a.options.Version != FIDO20 {
		t.rpID = rpID
	}
	t.used = true
	return nil
}

// expire ends a token by the limits of CTAP 2.1 §6.5.2.1; the caller holds the lock.
func (a *Authenticator) expire(t *token) {
	if a.options.Version == FIDO20 {
		return
	}
	age := a.now().Sub(t.issued)
	if age > tokenMaximumUsage || !t.used && age > tokenInitialUsageLimit {
		*t = token{}
	}
	if age > tokenUserPresentLimit {
		t.present = false
	}
}

// spend is what follows a touch: the token has done its work for credentials, and writing large blobs is all that is
// left of it (clearUserPresentFlag, clearUserVerifiedFlag, clearPinUvAuthTokenPermissionsExceptLbw).
// The token of CTAP 2.0 serves until the power goes.
func (a *Authenticator) spend() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.options.Version == FIDO20 {
		return
	}
	t := &a.session.token
	t.permissions &= PermitLargeBlobWrite
	t.present = false
	t.verified = t.permissions != 0
}

// checkProtocol is what every command asks of pinUvAuthProtocol before it looks at pinUvAuthParam.
func (a *Authenticator) checkProtocol(given bool, protocol int) error {
	switch {
	case !given:
		return StatusMissingParameter
	case !a.speaks(protocol):
		return StatusInvalidParameter
	}
	return nil
}

// speaks reports whether a PIN/UV auth protocol is there: CTAP 2.0 has the first alone.
func (a *Authenticator) speaks(protocol int) bool {
	return protocol == 1 || protocol == 2 && a.options.Version != FIDO20
}
