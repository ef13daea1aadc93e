package virtual

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// exportVersion is raised when an older Import would misread what is written.
const exportVersion = 1

// exported is a whole authenticator in JSON:
//
//	{"version": 1,
//	 "options":     {what New was given, the seed and the attestation root included},
//	 "state":       {counters, PIN, the serialized large-blob array},
//	 "credentials": [what WebAuthn.addCredential of the Chrome DevTools Protocol takes, oldest first],
//	 "details":     [what that protocol does not know of each credential, in the same order]}
type exported struct {
	Version     int              `json:"version"`
	Options     exportedOptions  `json:"options"`
	State       exportedState    `json:"state"`
	Credentials []CDPCredential  `json:"credentials"`
	Details     []exportedDetail `json:"details"`
}

// exportedOptions are Options without callbacks. Byte strings are standard base64.
type exportedOptions struct {
	Protocol          Protocol     `json:"protocol"`
	Version           Version      `json:"version"`
	AAGUID            string       `json:"aaguid"`
	Algorithms        []string     `json:"algorithms"`
	ResidentKeys      bool         `json:"residentKeys"`
	ResidentLimit     int          `json:"residentLimit,omitempty"`
	UserVerification  Verification `json:"userVerification"`
	ClientPIN         bool         `json:"clientPin"`
	MinPINLength      int          `json:"minPinLength,omitempty"`
	MinPINLengthRPIDs []string     `json:"minPinLengthRPIDs,omitempty"`
	AlwaysUV          bool         `json:"alwaysUv"`
	NoU2F             bool         `json:"noU2f,omitempty"`
	Platform          bool         `json:"platform"`
	Transports        []string     `json:"transports"`
	Backup            bool         `json:"backupEligibility"`
	BackedUp          bool         `json:"backupState"`
	Counter           CounterMode  `json:"counter"`
	CounterStart      uint32       `json:"counterStart,omitempty"`
	CounterScript     []uint32     `json:"counterScript,omitempty"`
	Attestation       Format       `json:"attestation"`
	Compound          []Format     `json:"compound,omitempty"`
	CA                *exportedCA  `json:"ca,omitempty"`
	IDSize            int          `json:"idSize"`
	Extensions        []string     `json:"extensions"`
	LatencyMS         int64        `json:"latencyMs,omitempty"`
	Seed              []byte       `json:"seed"`
}

// exportedCA is the root that the authenticator attests below. An intermediate is not written: it may have been made
// with changes that only its maker knows.
type exportedCA struct {
	Name         string    `json:"name,omitempty"`
	Country      string    `json:"country,omitempty"`
	NotBefore    time.Time `json:"notBefore,omitzero"`
	NotAfter     time.Time `json:"notAfter,omitzero"`
	Seed         []byte    `json:"seed,omitempty"`
	Intermediate bool      `json:"intermediate,omitempty"`
}

// exportedState is what changes while an authenticator is used, and survives the loss of power.
type exportedState struct {
	Made       uint64      `json:"made"` // credentials derived so far
	Counter    uint32      `json:"counter"`
	Scripted   int         `json:"scripted,omitempty"` // values of the counter script used
	Draws      uint64      `json:"draws"`              // of randomness
	PIN        exportedPIN `json:"pin"`
	LargeBlobs []byte      `json:"largeBlobs"`
}

// exportedPIN is the state of user verification. The PIN itself is not kept: Hash is the first 16 bytes of its
// SHA-256, which falls to guessing at once.
type exportedPIN struct {
	Hash      []byte   `json:"hash,omitempty"`
	Length    int      `json:"length,omitempty"`
	Retries   int      `json:"retries"`
	UVRetries int      `json:"uvRetries"`
	Minimum   int      `json:"minimum"`
	Readers   []string `json:"readers,omitempty"`
	Change    bool     `json:"change,omitempty"`
	AlwaysUV  bool     `json:"alwaysUv"`
}

type exportedDetail struct {
	RPIDHash     []byte `json:"rpIdHash"` // all that is known of a credential made by U2F
	RPName       string `json:"rpName,omitempty"`
	Order        uint64 `json:"order"`
	CredProtect  int    `json:"credProtect,omitempty"`
	CredBlob     []byte `json:"credBlob,omitempty"`
	LargeBlobKey []byte `json:"largeBlobKey,omitempty"`
}

// Export writes the whole authenticator as JSON, private keys and seed included: a file of it is the stick. The same
// state gives the same bytes. Each member of its "credentials" can be given to WebAuthn.addCredential of the Chrome
// DevTools Protocol as it is (Chromium takes P-256 keys only, and needs an RP ID). Callbacks and the clock are not
// written, nor is what the loss of power wipes out, nor an intermediate CA.
func (a *Authenticator) Export() ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := exported{
		Version: exportVersion, Options: exportOptions(&a.options), Credentials: []CDPCredential{},
		Details: []exportedDetail{},
		State: exportedState{
			Made: a.made, Counter: a.counter, Scripted: a.scripted, Draws: a.draws, LargeBlobs: a.largeBlobs,
			PIN: exportedPIN{
				Hash: a.pin.hash, Length: a.pin.length, Retries: a.pin.retries, UVRetries: a.pin.uvRetries,
				Minimum: a.pin.minimum, Readers: a.pin.readers, Change: a.pin.change, AlwaysUV: a.pin.alwaysUV,
			},
		},
	}
	blobs := readLargeBlobArray(a.largeBlobs)
	for _, c := range sortedByOrder(a.credentials) {
		cdp, err := c.CDP()
		if err != nil {
			return nil, err
		}
		if c.LargeBlobKey != nil {
			cdp.LargeBlob, _ = findLargeBlob(blobs, c.LargeBlobKey)
		}
		out.Credentials = append(out.Credentials, cdp)
		out.Details = append(out.Details, exportedDetail{
			RPIDHash: c.rpHash[:], RPName: c.RPName, Order: c.order, CredProtect: c.CredProtect,
			CredBlob: c.CredBlob, LargeBlobKey: c.LargeBlobKey,
		})
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("exporting an authenticator: %w", err)
	}
	return append(text, '\n'), nil
}

// sortedByOrder returns the credentials, oldest first.
func sortedByOrder(all map[string]*Credential) []*Credential {
	out := make([]*Credential, 0, len(all))
	for _, c := range all {
		out = append(out, c)
	}
	slices.SortFunc(out, func(x, y *Credential) int {
		return cmp.Or(cmp.Compare(x.order, y.order), bytes.Compare(x.ID, y.ID))
	})
	return out
}

func exportOptions(o *Options) exportedOptions {
	out := exportedOptions{
		Protocol: o.Protocol, Version: o.Version, AAGUID: FormatAAGUID(o.AAGUID), ResidentKeys: o.ResidentKeys,
		ResidentLimit: o.ResidentLimit, UserVerification: o.UserVerification, ClientPIN: o.ClientPIN,
		MinPINLength: o.MinPINLength, MinPINLengthRPIDs: o.MinPINLengthRPIDs, AlwaysUV: o.AlwaysUV, NoU2F: o.NoU2F,
		Platform: o.Platform, Transports: o.Transports, Backup: o.Backup, BackedUp: o.BackedUp, Counter: o.Counter,
		CounterStart: o.CounterStart, CounterScript: o.CounterScript, Attestation: o.Attestation, Compound: o.Compound,
		IDSize: o.IDSize, Extensions: o.Extensions, LatencyMS: o.Latency.Milliseconds(), Seed: o.Seed,
	}
	for _, alg := range o.Algorithms {
		out.Algorithms = append(out.Algorithms, alg.String())
	}
	switch {
	case o.CA == nil:
	case o.CA.cert != o.CA.root:
		out.CA = &exportedCA{Intermediate: true}
	default:
		ca := o.CA.options
		out.CA = &exportedCA{Name: ca.Name, Country: ca.Country, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
			Seed: ca.Seed}
	}
	return out
}

func (e *exportedOptions) options() (Options, error) {
	o := Options{
		Protocol: e.Protocol, Version: e.Version, ResidentKeys: e.ResidentKeys, ResidentLimit: e.ResidentLimit,
		UserVerification: e.UserVerification, ClientPIN: e.ClientPIN, MinPINLength: e.MinPINLength,
		MinPINLengthRPIDs: e.MinPINLengthRPIDs, AlwaysUV: e.AlwaysUV, NoU2F: e.NoU2F, Platform: e.Platform,
		Transports: e.Transports, Backup: e.Backup, BackedUp: e.BackedUp, Counter: e.Counter,
		CounterStart:  e.CounterStart,
		CounterScript: e.CounterScript, Attestation: e.Attestation, Compound: e.Compound, IDSize: e.IDSize,
		Extensions: e.Extensions, Latency: time.Duration(e.LatencyMS) * time.Millisecond, Seed: e.Seed,
	}
	var err error
	if o.AAGUID, err = ParseAAGUID(e.AAGUID); err != nil {
		return o, err
	}
	for _, name := range e.Algorithms {
		alg, err := ParseAlgorithm(name)
		if err != nil {
			return o, err
		}
		o.Algorithms = append(o.Algorithms, alg)
	}
	if ca := e.CA; ca != nil && !ca.Intermediate {
		o.CA, err = NewCA(CAOptions{Name: ca.Name, Country: ca.Country, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
			Seed: ca.Seed})
	}
	return o, err
}

// Import makes the authenticator that Export wrote. change, if not nil, sees the options before they are used: it may
// set callbacks and the clock, or another CA; it must set one for an authenticator that attests below an intermediate.
// Members that are not known are refused.
func Import(text []byte, change func(*Options)) (*Authenticator, error) {
	a, err := importFrom(text, change)
	if err != nil {
		return nil, fmt.Errorf("importing an authenticator: reading its JSON: %w", err)
	}
	return a, nil
}

func importFrom(text []byte, change func(*Options)) (*Authenticator, error) {
	var in exported
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.Version != exportVersion:
		return nil, fmt.Errorf("version %d, not %d", in.Version, exportVersion)
	case len(in.Credentials) != len(in.Details):
		return nil, errors.New("credentials and details differ in number")
	case len(in.Options.Seed) == 0:
		return nil, errors.New("no seed")
	}
	o, err := in.Options.options()
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(&o)
	}
	if in.Options.CA != nil && o.CA == nil {
		return nil, errors.New("it attests below an intermediate, which must be given")
	}
	a, err := New(o)
	if err != nil {
		return nil, err
	}
	return a, a.restore(&in)
}

// restore puts the state and the credentials of an export in place.
func (a *Authenticator) restore(in *exported) error {
	p := in.State.PIN
	if p.Hash != nil && len(p.Hash) != 16 || p.Retries < 0 || p.Retries > maxPINRetries || p.UVRetries < 0 ||
		in.State.Scripted < 0 {
		return errors.New("a state of the PIN or the counter that cannot be")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pin = pinState{
		hash: p.Hash, length: p.Length, retries: p.Retries, uvRetries: p.UVRetries, minimum: p.Minimum,
		readers: p.Readers, change: p.Change, alwaysUV: p.AlwaysUV,
	}
	a.largeBlobs = in.State.LargeBlobs
	for i, cdp := range in.Credentials {
		c, err := ImportCDP(cdp)
		if err != nil {
			return err
		}
		d := in.Details[i]
		if len(d.RPIDHash) != 32 {
			return fmt.Errorf("credential %d: an rpIdHash of %d bytes", i, len(d.RPIDHash))
		}
		c.rpHash = [32]byte(d.RPIDHash)
		c.RPName = d.RPName
		c.CredProtect = d.CredProtect
		c.CredBlob, c.LargeBlobKey = d.CredBlob, d.LargeBlobKey
		a.put(c)
		c.order = d.Order
	}
	a.made = in.State.Made
	a.counter = in.State.Counter
	a.scripted = in.State.Scripted
	a.draws = in.State.Draws
	return nil
}
