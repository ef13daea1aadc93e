package webauthn

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/latchkey-auth/latchkey/auth"
)

// A state is what one ceremony must remember, in Ceremony.State:
//
//	{"s": SessionData, verbatim, "f": flavour, "x": [{"i": credential id, "n": its name}, ...],
//	 "a": attestation asked for, "c": certified only}                                           registration
//	{"s": SessionData, verbatim}                                                                authentication
//
// A registration is told by its flavour.
type state struct {
	Session webauthn.SessionData `json:"s"`
	Flavour auth.Flavour         `json:"f,omitempty"`
	Exclude []excluded           `json:"x,omitempty"`

	Attest    bool `json:"a,omitempty"`
	Certified bool `json:"c,omitempty"`
}

type excluded struct {
	ID   string `json:"i"`
	Name string `json:"n,omitempty"`
}

// readState opens the state of a ceremony. A state of the other ceremony is a failure, not a refusal: the seal and the
// purpose should never have let it through.
func readState(c *auth.Ceremony, registration bool) (*state, error) {
	var s state
	if err := json.Unmarshal(c.State, &s); err != nil {
		return nil, errors.New("webauthn: reading the state of a ceremony: not as written")
	}
	if (s.Flavour != "") != registration || s.Session.Challenge == "" {
		return nil, errors.New("webauthn: reading the state of a ceremony: it belongs to another kind of ceremony")
	}
	if !c.Expires.IsZero() && !c.Now.Before(c.Expires) {
		return nil, auth.Refuse(auth.CeremonyExpired)
	}
	return &s, nil
}

// set writes state and prompt into the ceremony.
func (s *state) set(c *auth.Ceremony, prompt any) error {
	var err error
	if c.State, err = json.Marshal(s); err != nil {
		return fmt.Errorf("webauthn: writing the state of a ceremony: %w", err)
	}
	if c.Prompt, err = json.Marshal(prompt); err != nil {
		return fmt.Errorf("webauthn: writing a prompt: %w", err)
	}
	return nil
}

// challenge returns 32 fresh bytes. A ceremony that is begun again gets others, too: it has another ID, and one
// challenge
// in two ceremonies would let one answer count twice.
func (f *Factor) challenge() ([]byte, error) {
	fresh := make([]byte, 32)
	if _, err := io.ReadFull(f.config.Random, fresh); err != nil {
		return nil, fmt.Errorf("webauthn: drawing a challenge: %w", err)
	}
	return fresh, nil
}

// timeout is how long the browser may ask, in milliseconds: what is left of the ceremony.
func timeout(c *auth.Ceremony) int {
	if left := c.Expires.Sub(c.Now).Milliseconds(); !c.Expires.IsZero() && left > 0 {
		return int(left)
	}
	return 0 // the library's default
}

// A record is what a credential must be remembered by for life, in Authenticator.Data; the credential id is in
// Authenticator.Credential. Byte strings are base64.
//
//	{"k": COSE key, "h": user handle, "g": AAGUID, "c": sign counter, "f": flags of the last ceremony,
//	 "t": transports, "a": attestation format, "y": attestation type,
//	 "s": SHA-256 of each certificate shown, "m": key identifier of the first, of a key without an AAGUID}
type record struct {
	Key        []byte   `json:"k"`
	Handle     []byte   `json:"h"`
	Model      []byte   `json:"g,omitempty"`
	Counter    uint32   `json:"c,omitempty"`
	Flags      byte     `json:"f"`
	Transports []string `json:"t,omitempty"`
	Format     string   `json:"a,omitempty"`
	Type       string   `json:"y,omitempty"`
	Shown      [][]byte `json:"s,omitempty"`
	Maker      string   `json:"m,omitempty"`
}

func readRecord(a *auth.Authenticator) (*record, error) {
	var r record
	if err := json.Unmarshal(a.Data, &r); err != nil {
		return nil, fmt.Errorf("webauthn: reading authenticator %s: not as written", a.ID)
	}
	return &r, nil
}

// credential is the library's view of a record.
func (r *record) credential(id []byte) webauthn.Credential {
	c := webauthn.Credential{
		ID: id, PublicKey: r.Key, AttestationType: r.Type, AttestationFormat: r.Format,
		Flags: webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(r.Flags)),
	}
	c.Authenticator.AAGUID, c.Authenticator.SignCount = r.Model, r.Counter
	return c
}

// A user is an account as the library wants to see it.
type user struct {
	handle        []byte
	name, display string
	credentials   []webauthn.Credential
}

func (u *user) WebAuthnID() []byte                         { return u.handle }
func (u *user) WebAuthnName() string                       { return u.name }
func (u *user) WebAuthnDisplayName() string                { return u.display }
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

// descriptors names the credentials of a list for allowCredentials and excludeCredentials. Records of other kinds are
// left out.
func descriptors(list []*auth.Authenticator) ([]protocol.CredentialDescriptor, error) {
	out := make([]protocol.CredentialDescriptor, 0, len(list))
	for _, a := range list {
		if a.Kind != auth.WebAuthn {
			continue
		}
		r, err := readRecord(a)
		if err != nil {
			return nil, err
		}
		id, err := base64.RawURLEncoding.DecodeString(a.Credential)
		if err != nil {
			return nil, fmt.Errorf("webauthn: reading authenticator %s: its credential id is not base64url", a.ID)
		}
		out = append(out, descriptor(id, r.Transports))
	}
	return out, nil
}

func descriptor(id []byte, transports []string) protocol.CredentialDescriptor {
	d := protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: id}
	for _, t := range transports {
		d.Transport = append(d.Transport, protocol.AuthenticatorTransport(t))
	}
	return d
}

// transports keeps what Level 3 §5.8.4 knows, sorted and once each: the rest comes from the client unchecked and would
// be sent to every browser later.
func transports(claimed []string) []string {
	var out []string
	for _, t := range []string{"ble", "hybrid", "internal", "nfc", "smart-card", "usb"} {
		if slices.Contains(claimed, t) {
			out = append(out, t)
		}
	}
	return out
}
