package virtual

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"unicode/utf8"
)

const (
	maxPINRetries     = 8 // wrong PINs before only a reset helps
	maxPINMismatches  = 3 // wrong PINs before the power must be cycled
	maxUVRetries      = 3
	defaultMinimumPIN = 4 // code points
	maximumPIN        = 63
)

// pinState is what an authenticator remembers of its user's verification.
type pinState struct {
	hash      []byte // LEFT(SHA-256(PIN), 16); nil: no PIN is set
	length    int    // code points
	retries   int    // of the PIN; 0: blocked until reset
	uvRetries int    // of built-in verification; 0: blocked until a right PIN
	minimum   int    // code points
	readers   []string
	change    bool // the PIN must be changed before it serves again
	alwaysUV  bool
}

func newPINState(o *Options) pinState {
	p := pinState{retries: maxPINRetries, uvRetries: maxUVRetries, minimum: o.MinPINLength, alwaysUV: o.AlwaysUV,
		readers: slices.Clone(o.MinPINLengthRPIDs)}
	if p.minimum == 0 {
		p.minimum = defaultMinimumPIN
	}
	if o.UserVerification == UVBlocked {
		p.uvRetries = 0
	}
	return p
}

// set stores a new PIN or refuses it (CTAP 2.1 §6.5.5.5).
func (p *pinState) set(pin []byte) error {
	if n := utf8.RuneCount(pin); n < p.minimum || len(pin) > maximumPIN || !utf8.Valid(pin) {
		return StatusPINPolicyViolation
	}
	hash := pinHash(pin)
	if p.change && hmac.Equal(hash, p.hash) {
		return StatusPINPolicyViolation
	}
	p.hash = hash
	p.length = utf8.RuneCount(pin)
	p.retries = maxPINRetries
	p.change = false
	return nil
}

func pinHash(pin []byte) []byte {
	sum := sha256.Sum256(pin)
	return sum[:16]
}

// A pinRequest is the parameters of authenticatorClientPIN (CTAP 2.1 §6.5.5).
type pinRequest struct {
	*reader
	protocol            int
	param, pin, pinHash []byte // pinUvAuthParam, newPinEnc, pinHashEnc
	permissions         int
	rpID                string
}

// A pinCommand is one subcommand. run is called with the lock held.
type pinCommand struct {
	need []any
	run  func(*Authenticator, context.Context, *pinRequest) (any, error)
}

func pinCommands() map[uint64]pinCommand {
	return map[uint64]pinCommand{
		0x01: {nil, (*Authenticator).pinRetries},
		0x02: {[]any{1}, (*Authenticator).keyAgreement},
		0x03: {[]any{1, 3, 5, 4}, (*Authenticator).setPIN},
		0x04: {[]any{1, 3, 5, 6, 4}, (*Authenticator).changePIN},
		0x05: {[]any{1, 3, 6}, (*Authenticator).pinToken},
		0x06: {[]any{1, 3, 9}, (*Authenticator).uvToken},
		0x07: {nil, (*Authenticator).uvRetries},
		0x09: {[]any{1, 3, 6, 9}, (*Authenticator).permittedPINToken},
	}
}

// clientPIN is authenticatorClientPIN.
func (a *Authenticator) clientPIN(ctx context.Context, r *reader) (any, error) {
	r.need(2)
	sub := take[uint64](r, 2)
	if r.err() != nil {
		return nil, r.err()
	}
	command, ok := pinCommands()[sub]
	if !ok || !a.hasPINCommand(sub) {
		return nil, a.unknownSubcommand()
	}
	r.need(command.need...)
	req := &pinRequest{
		reader: r, protocol: r.small(1), param: take[[]byte](r, 4), pin: take[[]byte](r, 5),
		pinHash:     take[[]byte](r, 6),
		permissions: r.small(9), rpID: take[string](r, 10),
	}
	if r.err() != nil {
		return nil, r.err()
	}
	if r.has(1) && !a.speaks(req.protocol) {
		return nil, StatusInvalidParameter
	}
	if sub == 0x06 {
		return a.uvToken(ctx, req) // waits for the user: takes the lock itself
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return command.run(a, ctx, req)
}

// hasPINCommand reports whether this authenticator knows a subcommand: CTAP 2.0 has no permissions, a touch-only key no
// PIN. Key agreement is there for hmac-secret as well.
func (a *Authenticator) hasPINCommand(sub uint64) bool {
	switch sub {
	case 0x02:
		return true
	case 0x06, 0x07:
		return a.builtIn() && a.options.Version != FIDO20
	case 0x09:
		return a.options.ClientPIN && a.options.Version != FIDO20
	}
	return a.options.ClientPIN
}

func (a *Authenticator) unknownSubcommand() error {
	if a.options.Version == FIDO20 {
		return StatusInvalidParameter
	}
	return StatusInvalidSubcommand
}

func (a *Authenticator) pinRetries(context.Context, *pinRequest) (any, error) {
	out := map[int]any{3: a.pin.retries}
	if a.session.mismatches >= maxPINMismatches {
		out[4] = true // powerCycleState
	}
	return out, nil
}

func (a *Authenticator) uvRetries(context.Context, *pinRequest) (any, error) {
	return map[int]any{5: a.pin.uvRetries}, nil
}

func (a *Authenticator) keyAgreement(_ context.Context, req *pinRequest) (any, error) {
	own, err := a.agreementOf(req.protocol)
	if err != nil {
		return nil, err
	}
	return map[int]any{1: agreementKey(own.PublicKey())}, nil
}

func (a *Authenticator) setPIN(_ context.Context, req *pinRequest) (any, error) {
	if a.pin.hash != nil {
		return nil, StatusPINAuthInvalid
	}
	s, err := a.decapsulate(req.protocol, req.sub(3))
	if err != nil {
		return nil, err
	}
	if !s.verify(req.pin, req.param) {
		return nil, StatusPINAuthInvalid
	}
	return nil, a.storePIN(s, req.pin)
}

// storePIN decrypts and stores newPinEnc: 64 bytes, zeros behind the PIN.
func (a *Authenticator) storePIN(s *shared, sealed []byte) error {
	padded, ok := s.decrypt(sealed)
	switch {
	case !ok:
		return StatusPINAuthInvalid
	case len(padded) != 64:
		return StatusInvalidParameter
	}
	if err := a.pin.set(bytes.TrimRight(padded, "\x00")); err != nil {
		return err
	}
	a.session.token = token{} // a token of the old PIN must not outlive it
	return nil
}

func (a *Authenticator) changePIN(_ context.Context, req *pinRequest) (any, error) {
	if err := a.pinUsable(); err != nil {
		return nil, err
	}
	s, err := a.decapsulate(req.protocol, req.sub(3))
	if err != nil {
		return nil, err
	}
	if !s.verify(join(req.pin, req.pinHash), req.param) {
		return nil, StatusPINAuthInvalid
	}
	if err := a.checkPIN(s, req.pinHash); err != nil {
		return nil, err
	}
	return nil, a.storePIN(s, req.pin)
}

// pinUsable refuses while no PIN is set or the attempts are used up.
func (a *Authenticator) pinUsable() error {
	switch {
	case a.pin.hash == nil:
		return StatusPINNotSet
	case a.pin.retries == 0:
		return StatusPINBlocked
	case a.session.mismatches >= maxPINMismatches:
		return StatusPINAuthBlocked
	}
	return nil
}

// checkPIN compares pinHashEnc with the PIN. The attempt is charged before it is judged, and a wrong one costs the
// platform its key agreement, so that no attempt is free (CTAP 2.1 §6.5.5.6 and §6.5.5.7.1).
func (a *Authenticator) checkPIN(s *shared, sealed []byte) error {
	a.pin.retries--
	hash, ok := s.decrypt(sealed)
	if ok && hmac.Equal(hash, a.pin.hash) {
		a.pin.retries, a.session.mismatches = maxPINRetries, 0
		if a.options.UserVerification != UVBlocked {
			a.pin.uvRetries = maxUVRetries
		}
		return nil
	}
	a.session.agreement[s.protocol] = nil
	a.session.mismatches++
	switch {
	case a.pin.retries == 0:
		return StatusPINBlocked
	case a.session.mismatches >= maxPINMismatches:
		return StatusPINAuthBlocked
	}
	return StatusPINInvalid
}

// pinToken is getPinToken of CTAP 2.0, which knows no permissions: making and using credentials is what it is for.
func (a *Authenticator) pinToken(_ context.Context, req *pinRequest) (any, error) {
	if req.has(9) || req.has(10) {
		return nil, StatusInvalidParameter
	}
	permissions := permitsForRPID
	if a.options.Version == FIDO20 {
		permissions |= PermitManagement // the preview of credential management takes the one token there is
	}
	return a.tokenForPIN(req, permissions, StatusPINInvalid)
}

func (a *Authenticator) permittedPINToken(_ context.Context, req *pinRequest) (any, error) {
	if err := a.permits(req); err != nil {
		return nil, err
	}
	return a.tokenForPIN(req, req.permissions, StatusPINPolicyViolation)
}

// tokenForPIN checks the PIN and issues a token; forced is the answer while the PIN must be changed first.
func (a *Authenticator) tokenForPIN(req *pinRequest, permissions int, forced Status) (any, error) {
	if err := a.pinUsable(); err != nil {
		return nil, err
	}
	s, err := a.decapsulate(req.protocol, req.sub(3))
	if err != nil {
		return nil, err
	}
	if err := a.checkPIN(s, req.pinHash); err != nil {
		return nil, err
	}
	if a.pin.change {
		return nil, forced
	}
	sealed, err := a.issue(s, permissions, req.rpID, false)
	return map[int]any{2: sealed}, err
}

// permits checks the permissions asked for (CTAP 2.1 §6.5.5.7).
func (a *Authenticator) permits(req *pinRequest) error {
	have := permitsForRPID
	if a.manages() {
		have |= PermitManagement
	}
	if a.has(extLargeBlobKey) {
		have |= PermitLargeBlobWrite
	}
	if a.configures() {
		have |= PermitConfiguration
	}
	known := permitsForRPID | PermitManagement | permitEnrollment | PermitLargeBlobWrite | PermitConfiguration
	switch {
	case req.permissions == 0:
		return StatusInvalidParameter
	case req.permissions&known&^have != 0:
		return StatusUnauthorizedPermission
	case req.permissions&permitsForRPID != 0 && req.rpID == "":
		return StatusMissingParameter
	}
	req.permissions &= known
	return nil
}

// uvToken is getPinUvAuthTokenUsingUvWithPermissions: the user's finger instead of a PIN.
func (a *Authenticator) uvToken(ctx context.Context, req *pinRequest) (any, error) {
	if err := a.permits(req); err != nil {
		return nil, err
	}
	a.mu.Lock()
	s, err := a.decapsulate(req.protocol, req.sub(3))
	blocked := a.pin.uvRetries == 0
	a.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case blocked:
		return nil, StatusUVBlocked
	}
	if err := a.verifyBuiltIn(ctx, req.rpID, StatusUVInvalid, StatusUVBlocked); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	sealed, err := a.issue(s, req.permissions, req.rpID, true)
	return map[int]any{2: sealed}, err
}
