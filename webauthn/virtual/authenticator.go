package virtual

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"sync"
)

// Protocol is the generation of an authenticator.
type Protocol int

// The generations.
const (
	CTAP2 Protocol = iota
	U2F            // CTAP1: no resident keys, no user verification, ES256 only, AAGUID zero, identifiers of 64 bytes
)

// Verification is what an authenticator does when it is asked to verify its user by PIN or finger.
type Verification int

// The ways of user verification.
const (
	UVNone     Verification = iota // it cannot
	UVSucceeds                     // it can, and the user passes
	UVFails                        // it can, and the user does not pass
)

// CounterMode is how an authenticator counts its signatures.
type CounterMode int

// The ways of counting.
const (
	CounterGlobal        CounterMode = iota // one counter for all credentials
	CounterPerCredential                    // one each
	CounterZero                             // always 0: the authenticator does not count
	CounterFixed                            // always Options.CounterStart
)

// Options describe an authenticator. The zero value is a touch-only CTAP2 USB key with ES256 and a global counter.
type Options struct {
	Protocol         Protocol
	AAGUID           [16]byte    // the model; must be zero for U2F
	Algorithms       []Algorithm // what it can sign with; ES256 alone when empty
	ResidentKeys     bool        // it can store discoverable credentials
	ResidentLimit    int         // how many; 0: no limit
	UserVerification Verification
	AlwaysUV         bool     // it verifies the user even when not asked (CTAP 2.1 alwaysUv)
	Platform         bool     // it is part of the client device: attachment "platform", transport "internal"
	Transports       []string // what it says of itself; ["usb"], or ["internal"] for a platform authenticator, when nil
	Backup           bool     // BE of the credentials it makes
	BackedUp         bool     // BS of the credentials it makes
	Counter          CounterMode
	CounterStart     uint32 // the counter before the first signature; the value of CounterFixed
	Attestation      Format
	CA               *CA    // issues the certificate of AttestPacked and AttestFIDOU2F
	IDSize           int    // bytes of a credential identifier; 32, or 64 for U2F, when 0
	Seed             []byte // determines everything it draws; drawn from the operating system when empty

	// Presence is asked for the user's touch; nil: the user always touches. It may be called concurrently.
	Presence func(rpID string) bool
}

// Untouched is a Presence of a user who never touches.
func Untouched(string) bool { return false }

// A Status is a CTAP2 status code other than CTAP2_OK (Client to Authenticator Protocol 2.1 §8.2).
type Status byte

// The codes an Authenticator answers.
const (
	StatusCredentialExcluded   Status = 0x19
	StatusUnsupportedAlgorithm Status = 0x26
	StatusOperationDenied      Status = 0x27
	StatusKeyStoreFull         Status = 0x28
	StatusUnsupportedOption    Status = 0x2b
	StatusNoCredentials        Status = 0x2e
	StatusUserActionTimeout    Status = 0x2f
	StatusInvalidLength        Status = 0x03
)

// Error names the code.
func (s Status) Error() string { return fmt.Sprintf("authenticator: CTAP status 0x%02x", byte(s)) }

// An Authenticator is one device. It is safe for concurrent use.
type Authenticator struct {
	options Options
	cert    *x509.Certificate
	certKey crypto.Signer

	mu          sync.Mutex
	credentials map[string]*Credential // by rpID + "\x00" + id
	made        uint64
	counter     uint32
}

// New makes an authenticator. It errors on options that contradict each other.
func New(o Options) (*Authenticator, error) {
	if len(o.Algorithms) == 0 {
		o.Algorithms = []Algorithm{ES256}
	}
	if o.Transports == nil {
		o.Transports = []string{"usb"}
		if o.Platform {
			o.Transports = []string{"internal"}
		}
	}
	if o.IDSize == 0 {
		o.IDSize = 32
		if o.Protocol == U2F {
			o.IDSize = 64
		}
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("making an authenticator: %w", err)
	}
	var err error
	if o.Seed, err = seedOrRandom(o.Seed); err != nil {
		return nil, err
	}
	a := &Authenticator{options: o, credentials: map[string]*Credential{}, counter: o.CounterStart}
	if o.Attestation == AttestPacked || o.Attestation == AttestFIDOU2F {
		if o.CA == nil {
			if o.CA, err = NewCA(CAOptions{Seed: append(o.Seed[:len(o.Seed):len(o.Seed)], "ca"...)}); err != nil {
				return nil, err
			}
			a.options.CA = o.CA
		}
		a.cert, a.certKey, err = o.CA.Issue(o.AAGUID)
	}
	return a, err
}

func (o *Options) check() error {
	switch {
	case o.IDSize < 1 || o.IDSize > 1023:
		return fmt.Errorf("identifiers of %d bytes", o.IDSize)
	case o.BackedUp && !o.Backup:
		return fmt.Errorf("backed up, yet not able to be")
	case o.Attestation == AttestFIDOU2F && (o.AAGUID != [16]byte{} || !slices.Equal(o.Algorithms, []Algorithm{ES256})):
		return fmt.Errorf("fido-u2f attestation needs ES256 alone and a zero AAGUID")
	case o.Protocol != U2F:
		return nil
	case o.ResidentKeys || o.UserVerification != UVNone || o.AlwaysUV || o.Backup || o.Platform:
		return fmt.Errorf("U2F knows neither resident keys, user verification, backup nor platform authenticators")
	case o.AAGUID != [16]byte{} || !slices.Equal(o.Algorithms, []Algorithm{ES256}):
		return fmt.Errorf("U2F knows ES256 and a zero AAGUID only")
	case o.Attestation == AttestPacked || o.Attestation == AttestSelf:
		return fmt.Errorf("U2F attests as fido-u2f or none")
	}
	return nil
}

// Options returns what the authenticator was made with, defaults filled in.
func (a *Authenticator) Options() Options {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.options
}

// A Parameter is one entry of pubKeyCredParams.
type Parameter struct {
	Type      string    `json:"type"`
	Algorithm Algorithm `json:"alg"`
}

// A MakeRequest is authenticatorMakeCredential (CTAP 2.1 §6.1).
type MakeRequest struct {
	ClientDataHash []byte // 32 bytes
	RPID           string
	UserHandle     []byte
	UserName       string
	DisplayName    string
	Parameters     []Parameter // in the order the relying party prefers
	Exclude        [][]byte
	Resident       bool   // the rk option
	Verify         bool   // the uv option
	Hooks          *Hooks // deliberate faults; may be nil
}

// MakeCredential makes a key pair and attests it. The credential returned is a copy. Errors that a device would
// answer are a Status.
func (a *Authenticator) MakeCredential(req *MakeRequest) (*Attestation, *Credential, error) {
	alg, err := a.choose(req)
	if err != nil {
		return nil, nil, err
	}
	flags, err := a.gesture(req.RPID, req.Verify)
	if err != nil {
		return nil, nil, err
	}
	if a.holds(req.RPID, req.Exclude) {
		return nil, nil, StatusCredentialExcluded // after the touch, so that a site cannot probe silently
	}
	c, counter, err := a.add(req, alg)
	if err != nil {
		return nil, nil, err
	}
	data, err := c.appendAttested(nil, flags|c.backupFlags(), counter, a.options.AAGUID)
	if err != nil {
		return nil, nil, err
	}
	hooks := req.Hooks.orNone()
	if hooks.AuthData != nil {
		data = hooks.AuthData(data)
	}
	att, err := a.attest(c, data, req.ClientDataHash, hooks.Signature)
	return att, c, err
}

// choose returns the first algorithm offered that the authenticator has, having checked what needs no gesture.
func (a *Authenticator) choose(req *MakeRequest) (Algorithm, error) {
	if len(req.ClientDataHash) != 32 || len(req.UserHandle) > 64 {
		return 0, StatusInvalidLength
	}
	if req.Resident && !a.options.ResidentKeys || req.Verify && a.options.UserVerification == UVNone {
		return 0, StatusUnsupportedOption
	}
	for _, p := range req.Parameters {
		if p.Type == "public-key" && slices.Contains(a.options.Algorithms, p.Algorithm) {
			return p.Algorithm, nil
		}
	}
	return 0, StatusUnsupportedAlgorithm
}

// gesture collects touch and verification and returns the flags they set.
func (a *Authenticator) gesture(rpID string, verify bool) (byte, error) {
	flags := FlagUP
	if verify || a.options.AlwaysUV && a.options.UserVerification != UVNone {
		if a.options.UserVerification != UVSucceeds {
			return 0, StatusOperationDenied
		}
		flags |= FlagUV
	}
	if a.options.Presence != nil && !a.options.Presence(rpID) {
		return 0, StatusUserActionTimeout
	}
	return flags, nil
}

// holds tells whether one of ids is a credential for rpID here.
func (a *Authenticator) holds(rpID string, ids [][]byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range ids {
		if a.credentials[rpID+"\x00"+string(id)] != nil {
			return true
		}
	}
	return false
}

// add derives and stores the next credential, in place of a discoverable one of the same user (CTAP 2.1 §6.1.2
// step 17), and returns a copy with the counter to be shown.
func (a *Authenticator) add(req *MakeRequest, alg Algorithm) (*Credential, uint32, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	replaced, resident := "", 0
	for key, c := range a.credentials {
		if !c.Resident {
			continue
		}
		resident++
		if c.RPID == req.RPID && bytes.Equal(c.UserHandle, req.UserHandle) {
			replaced = key
		}
	}
	if req.Resident && replaced == "" && a.options.ResidentLimit > 0 && resident >= a.options.ResidentLimit {
		return nil, 0, StatusKeyStoreFull
	}
	c, err := derive(a.options.Seed, a.made, req.RPID, alg, a.options.IDSize)
	if err != nil {
		return nil, 0, err
	}
	if req.Resident {
		delete(a.credentials, replaced)
	}
	c.UserHandle, c.UserName, c.DisplayName = bytes.Clone(req.UserHandle), req.UserName, req.DisplayName
	c.Resident, c.Backup, c.BackedUp = req.Resident, a.options.Backup, a.options.BackedUp
	c.Counter = a.options.CounterStart
	a.put(c)
	return c.clone(), a.count(c), nil
}

// put stores c; the caller holds the lock.
func (a *Authenticator) put(c *Credential) {
	c.order = a.made
	a.made++
	a.credentials[c.RPID+"\x00"+string(c.ID)] = c
}

// count advances the counter and returns the value to sign; the caller holds the lock.
func (a *Authenticator) count(c *Credential) uint32 {
	switch a.options.Counter {
	case CounterPerCredential:
		c.Counter++
	case CounterZero:
		c.Counter = 0
	case CounterFixed:
		c.Counter = a.options.CounterStart
	default:
		a.counter++
		c.Counter = a.counter
	}
	return c.Counter
}

// A GetRequest is authenticatorGetAssertion (CTAP 2.1 §6.2).
type GetRequest struct {
	ClientDataHash []byte // 32 bytes
	RPID           string
	Allow          [][]byte // empty: any discoverable credential
	Verify         bool     // the uv option
	Hooks          *Hooks   // deliberate faults; may be nil

	// Choose picks among the discoverable credentials, newest first; nil: the newest. Nil returned: the user cancels.
	Choose func([]*Credential) *Credential
}

// A GetResponse is what authenticatorGetAssertion answers.
type GetResponse struct {
	Credential *Credential // a copy
	AuthData   []byte
	Signature  []byte
}

// GetAssertion signs with one of the allowed credentials or, without an allow list, with a discoverable one. Errors
// that a device would answer are a Status.
func (a *Authenticator) GetAssertion(req *GetRequest) (*GetResponse, error) {
	if len(req.ClientDataHash) != 32 {
		return nil, StatusInvalidLength
	}
	if req.Verify && a.options.UserVerification == UVNone {
		return nil, StatusUnsupportedOption
	}
	flags, err := a.gesture(req.RPID, req.Verify)
	if err != nil {
		return nil, err
	}
	found := a.find(req.RPID, req.Allow)
	if len(found) == 0 {
		return nil, StatusNoCredentials
	}
	c := found[0]
	if req.Choose != nil && len(req.Allow) == 0 {
		if c = req.Choose(found); c == nil {
			return nil, StatusOperationDenied
		}
	}
	counter, ok := a.advance(c)
	if !ok {
		return nil, StatusNoCredentials
	}
	hooks := req.Hooks.orNone()
	data := c.AppendAuthData(make([]byte, 0, 37), flags|c.backupFlags(), counter)
	if hooks.AuthData != nil {
		data = hooks.AuthData(data)
	}
	sig, err := c.signHash(data, req.ClientDataHash)
	if err != nil {
		return nil, fmt.Errorf("signing an assertion: %w", err)
	}
	if hooks.Signature != nil {
		sig = hooks.Signature(sig)
	}
	return &GetResponse{Credential: c, AuthData: data, Signature: sig}, nil
}

// find returns copies of the credentials for rpID that are allowed, in the order of the list, or else of the
// discoverable ones, newest first.
func (a *Authenticator) find(rpID string, allow [][]byte) []*Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*Credential
	for _, id := range allow {
		if c := a.credentials[rpID+"\x00"+string(id)]; c != nil {
			found = append(found, c.clone())
		}
	}
	if len(allow) > 0 {
		return found
	}
	for _, c := range a.credentials {
		if c.Resident && c.RPID == rpID {
			found = append(found, c.clone())
		}
	}
	slices.SortFunc(found, func(x, y *Credential) int { return cmp.Compare(y.order, x.order) })
	return found
}

// advance counts one signature of the stored credential that c is a copy of; false if it is gone.
func (a *Authenticator) advance(c *Credential) (uint32, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	stored := a.credentials[c.RPID+"\x00"+string(c.ID)]
	if stored == nil {
		return 0, false
	}
	c.Counter = a.count(stored)
	return c.Counter, true
}

// Credentials returns copies of all credentials, newest first.
func (a *Authenticator) Credentials() []*Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]*Credential, 0, len(a.credentials))
	for _, c := range a.credentials {
		out = append(out, c.clone())
	}
	slices.SortFunc(out, func(x, y *Credential) int { return cmp.Compare(y.order, x.order) })
	return out
}

// Add puts a copy of a credential into the authenticator, as WebAuthn.addCredential does.
func (a *Authenticator) Add(c *Credential) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(c.clone())
}

// Remove deletes a credential; it tells whether there was one.
func (a *Authenticator) Remove(rpID string, id []byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := rpID + "\x00" + string(id)
	_, ok := a.credentials[key]
	delete(a.credentials, key)
	return ok
}

// SetBackup changes BE and BS of every credential: a relying party must notice that BE changed, and accept that BS did.
func (a *Authenticator) SetBackup(eligible, backedUp bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.options.Backup, a.options.BackedUp = eligible, backedUp
	for _, c := range a.credentials {
		c.Backup, c.BackedUp = eligible, backedUp
	}
}

// Clone copies the authenticator with its keys and counters, as a thief would who read them out. From then on the
// two count apart.
func (a *Authenticator) Clone() *Authenticator {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := &Authenticator{
		options: a.options, cert: a.cert, certKey: a.certKey,
		credentials: make(map[string]*Credential, len(a.credentials)), made: a.made, counter: a.counter,
	}
	for k, c := range a.credentials {
		b.credentials[k] = c.clone()
	}
	return b
}
