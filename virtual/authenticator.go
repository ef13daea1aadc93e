package virtual

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"slices"
	"sync"
	"time"
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
	UVFails                        // it can, and the user does not pass: blocked after three attempts
	UVBlocked                      // it can, and its attempts are used up
)

// A Version is what of CTAP2 an authenticator speaks.
type Version string

// The versions. Each speaks the older ones as well.
const (
	FIDO20 Version = "FIDO_2_0"
	FIDO21 Version = "FIDO_2_1" // the default
	FIDO22 Version = "FIDO_2_2"
)

// CounterMode is how an authenticator counts its signatures.
type CounterMode int

// The ways of counting.
const (
	CounterGlobal        CounterMode = iota // one counter for all credentials
	CounterPerCredential                    // one each
	CounterZero                             // always 0: the authenticator does not count
	CounterFixed                            // always Options.CounterStart
	// Options.CounterScript, one value a signature, the last one again and again
	CounterScripted
)

// Options describe an authenticator. The zero value is a touch-only CTAP2 USB key with ES256 and a global counter.
type Options struct {
	Protocol         Protocol
	Version          Version      // of CTAP2; FIDO21 when empty
	AAGUID           [16]byte     // the model; must be zero for U2F
	Algorithms       []Algorithm  // what it can sign with; ES256 alone when empty
	ResidentKeys     bool         // it can store discoverable credentials
	ResidentLimit    int          // how many; 0: no limit
	UserVerification Verification // built in: a finger, a face, a PIN typed on the device itself
	ClientPIN        bool         // it can have a PIN that is typed into the browser
	PIN              string       // the PIN it comes with; not empty: ClientPIN
	MinPINLength     int          // code points; 4 when 0
	AlwaysUV         bool         // it verifies the user even when not asked (CTAP 2.1 alwaysUv)
	NoU2F            bool         // it does not speak CTAP1/U2F besides
	Platform         bool         // it is part of the client device: attachment "platform", transport "internal"
	// what it says of itself; ["usb"], or ["internal"] for a platform authenticator, when nil
	Transports    []string
	Backup        bool // BE of the credentials it makes
	BackedUp      bool // BS of the credentials it makes
	Counter       CounterMode
	CounterStart  uint32   // the counter before the first signature; the value of CounterFixed
	CounterScript []uint32 // the values of CounterScripted; a registration takes one as well
	Attestation   Format
	Compound      []Format // the parts of AttestCompound; packed and tpm when empty
	CA            *CA      // issues certificates; made from the seed when nil
	IDSize        int      // bytes of a credential identifier; 32, or 64 for U2F, when 0
	Seed          []byte   // determines everything it draws; drawn from the operating system when empty

	// Extensions it has, as CTAP spells them, of those that its version and other options allow; nil: all of them.
	Extensions []string

	// MinPINLengthRPIDs are the relying parties that may read the minimum length of the PIN (minPinLength).
	MinPINLengthRPIDs []string

	// Latency passes before each command is worked on.
	Latency time.Duration

	// Presence is asked for the user's touch; nil: the user always touches. It may be called concurrently. rpID is
	// empty where a command names none.
	Presence func(rpID string) bool

	// Touch is asked instead of Presence. It may wait, and returns false when ctx ends.
	Touch func(ctx context.Context, rpID string) bool

	// Display lets the user choose on the authenticator itself among several discoverable credentials, newest first.
	// Nil: it has no display, and the browser chooses. Nil returned: the user cancels.
	Display func([]*Credential) *Credential

	// Now is the clock for the life of tokens (CTAP 2.1 §6.5.2.1), the 30 s of getNextAssertion and the 10 s after
	// power-up in which a reset is allowed; nil: no time passes.
	Now func() time.Time
}

// Untouched is a Presence of a user who never touches.
func Untouched(string) bool { return false }

// An Authenticator is one device. It is safe for concurrent use.
type Authenticator struct {
	options Options
	cert    *x509.Certificate
	certKey crypto.Signer

	mu          sync.Mutex
	credentials map[string]*Credential // by rpIdHash + id
	made        uint64
	counter     uint32
	scripted    int    // values of CounterScript used
	draws       uint64 // of randomness
	pin         pinState
	largeBlobs  []byte // the serialized large-blob array
	session     session

	turn chan struct{} // holds one: the right to work on a command
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
	if o.Version == "" {
		o.Version = FIDO21
	}
	if o.PIN != "" {
		o.ClientPIN = true
	}
	o.Extensions = extensionsOf(&o)
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
	a := &Authenticator{options: o, counter: o.CounterStart, turn: make(chan struct{}, 1)}
	a.clear()
	if o.PIN != "" {
		if err := a.pin.set([]byte(o.PIN)); err != nil {
			return nil, fmt.Errorf("making an authenticator: setting the PIN: %w", err)
		}
	}
	if o.Attestation.certified() {
		if o.CA == nil {
			if o.CA, err = NewCA(CAOptions{Seed: append(o.Seed[:len(o.Seed):len(o.Seed)], "ca"...)}); err != nil {
				return nil, err
			}
			a.options.CA = o.CA
		}
	}
	if o.Attestation == AttestPacked || o.Attestation == AttestFIDOU2F {
		a.cert, a.certKey, err = o.CA.Issue(o.AAGUID)
	}
	return a, err
}

// clear empties the memory, the PIN included; keys made later are new ones. The caller holds the lock.
func (a *Authenticator) clear() {
	a.credentials = map[string]*Credential{}
	a.pin = newPINState(&a.options)
	a.session = session{powered: a.now()}
	a.largeBlobs = emptyLargeBlobs()
}

func (o *Options) check() error {
	switch {
	case o.IDSize < 1 || o.IDSize > 1023:
		return fmt.Errorf("identifiers of %d bytes", o.IDSize)
	case o.BackedUp && !o.Backup:
		return fmt.Errorf("backed up, yet not able to be")
	case o.Attestation == AttestFIDOU2F && (o.AAGUID != [16]byte{} || !slices.Equal(o.Algorithms, []Algorithm{ES256})):
		return fmt.Errorf("fido-u2f attestation needs ES256 alone and a zero AAGUID")
	case !slices.Contains([]Version{FIDO20, FIDO21, FIDO22}, o.Version):
		return fmt.Errorf("no such version: %s", o.Version)
	case o.AlwaysUV && (!o.verifies() || o.Version == FIDO20):
		return fmt.Errorf("always verifying the user needs a way to, and CTAP 2.1")
	case o.Counter == CounterScripted && len(o.CounterScript) == 0:
		return fmt.Errorf("a scripted counter without a script")
	case o.MinPINLength < 0 || o.MinPINLength > maximumPIN:
		return fmt.Errorf("a PIN of at least %d characters", o.MinPINLength)
	case o.attests(AttestTPM, AttestAndroidKey) && slices.Contains(o.Algorithms, EdDSA):
		return fmt.Errorf("tpm and android-key attest ECDSA and RSA keys only")
	case o.Protocol != U2F:
		return nil
	case o.ClientPIN || o.NoU2F:
		return fmt.Errorf("U2F knows no PIN, and is what it speaks")
	case o.ResidentKeys || o.UserVerification != UVNone || o.AlwaysUV || o.Backup || o.Platform:
		return fmt.Errorf("U2F knows neither resident keys, user verification, backup nor platform authenticators")
	case o.AAGUID != [16]byte{} || !slices.Equal(o.Algorithms, []Algorithm{ES256}):
		return fmt.Errorf("U2F knows ES256 and a zero AAGUID only")
	case o.Attestation != AttestNone && o.Attestation != AttestFIDOU2F:
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

// Remove deletes a credential; it reports whether there was one.
func (a *Authenticator) Remove(rpID string, id []byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := keyFor(sha256.Sum256([]byte(rpID)), id)
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

// SetCounter puts every counter to n, up or down; the next signature counts on from there. An authenticator with a
// fixed counter shows n from now on, one with a script goes on with its script.
func (a *Authenticator) SetCounter(n uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counter, a.options.CounterStart = n, n
	for _, c := range a.credentials {
		c.Counter = n
	}
}

// Clone copies the authenticator with its keys, counters and PIN, as a thief would who read them out. From then on
// the two count apart. The copy is freshly powered: tokens do not come along.
func (a *Authenticator) Clone() *Authenticator {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := &Authenticator{
		options: a.options, cert: a.cert, certKey: a.certKey,
		credentials: make(map[string]*Credential, len(a.credentials)), made: a.made, counter: a.counter,
		scripted: a.scripted, draws: a.draws, pin: a.pin, largeBlobs: bytes.Clone(a.largeBlobs),
		session: session{powered: a.now()}, turn: make(chan struct{}, 1),
	}
	b.pin.readers = slices.Clone(a.pin.readers)
	for k, c := range a.credentials {
		b.credentials[k] = c.clone()
	}
	return b
}
