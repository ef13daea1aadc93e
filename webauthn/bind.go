package webauthn

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/latchkey-auth/latchkey/auth"
)

// BeginBind writes creation options for the flavour in Ceremony.Input, a USB key if none is named.
func (f *Factor) BeginBind(c *auth.Ceremony, s auth.Subject) error {
	flavour, err := flavourOf(c.Input)
	if err != nil {
		return err
	}
	if len(s.Handle) == 0 || len(s.Handle) > maxHandle {
		return fmt.Errorf("webauthn: a user handle of %d bytes", len(s.Handle))
	}
	challenge, err := f.challenge()
	if err != nil {
		return err
	}
	exclude, _, err := descriptors(s.Existing)
	if err != nil {
		return err
	}
	u := &user{handle: s.Handle, name: s.Name, display: s.Display}
	creation, session, err := f.rp.BeginRegistration(u, func(o *protocol.PublicKeyCredentialCreationOptions) error {
		f.fill(o, flavour)
		o.Challenge, o.CredentialExcludeList, o.Timeout = challenge, exclude, timeout(c)
		if s.Site != "" {
			o.RelyingParty.Name = s.Site
		}
		return nil
	})
	if err != nil {
		return errors.New("webauthn: the library refuses to begin a registration")
	}
	st := &state{Session: *session, Flavour: flavour}
	for _, a := range s.Existing {
		if a.Kind == auth.WebAuthn {
			st.Exclude = append(st.Exclude, excluded{ID: a.Credential, Name: a.Name})
		}
	}
	return st.set(c, creation)
}

func flavourOf(input json.RawMessage) (auth.Flavour, error) {
	var in auth.BindInput
	if len(input) > 0 {
		if err := json.Unmarshal(input, &in); err != nil {
			return "", auth.Refuse(auth.MalformedRequest)
		}
	}
	switch in.Flavour {
	case "", auth.SecurityKey:
		return auth.SecurityKey, nil
	case auth.Passkey:
		return auth.Passkey, nil
	}
	return "", auth.RefuseField(auth.MalformedRequest, "flavour")
}

// fill puts in what the flavour and the policy decide (D10). A resident key is never required of a USB key: U2F-era
// keys have none. User verification is always named, for Chromium protects the credential harder when it is not.
func (f *Factor) fill(o *protocol.PublicKeyCredentialCreationOptions, flavour auth.Flavour) {
	no := false
	o.Parameters = f.params
	o.AuthenticatorSelection = protocol.AuthenticatorSelection{
		AuthenticatorAttachment: protocol.CrossPlatform, UserVerification: f.needVerif,
		ResidentKey: protocol.ResidentKeyRequirementDiscouraged, RequireResidentKey: &no,
	}
	o.Hints = []protocol.PublicKeyCredentialHints{protocol.PublicKeyCredentialHintSecurityKey}
	if flavour == auth.Passkey {
		o.AuthenticatorSelection.AuthenticatorAttachment = protocol.Platform
		o.AuthenticatorSelection.ResidentKey = protocol.ResidentKeyRequirementPreferred
		o.AuthenticatorSelection.UserVerification = atLeastPreferred(f.needVerif)
		o.Hints = []protocol.PublicKeyCredentialHints{protocol.PublicKeyCredentialHintClientDevice}
	}
	o.Attestation = protocol.PreferNoAttestation
	if f.config.Attestation.Ask {
		o.Attestation = protocol.PreferDirectAttestation
	}
	o.Extensions.CredProps = true // tells whether the credential is discoverable
}

func atLeastPreferred(v protocol.UserVerificationRequirement) protocol.UserVerificationRequirement {
	if v == protocol.VerificationDiscouraged {
		return protocol.VerificationPreferred
	}
	return v
}

// FinishBind takes Level 3 §7.1 from step 5 on, and the checks that the browser was asked to make: the algorithm among
// those offered, the attachment, the exclude list. That the id is new to all accounts is the caller's to see (step 26).
func (f *Factor) FinishBind(c *auth.Ceremony, raw json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	st, err := readState(c, true)
	if err != nil {
		return nil, err
	}
	r, err := readResponse(raw)
	if err != nil {
		return nil, err
	}
	client, err := f.clientData(r.clientData, protocol.CreateCeremony, st.Session.Challenge)
	if err != nil {
		return nil, err
	}
	object, err := readObject(r.object)
	if err != nil {
		return nil, err
	}
	if err := f.newKey(&object.AuthData, &st.Session, r); err != nil {
		return nil, err
	}
	if err := f.asked(st, r); err != nil {
		return nil, err
	}
	credential, err := f.create(st, r, client, object)
	if err != nil {
		return nil, err
	}
	certified, err := f.judge(c, object)
	if err != nil {
		return nil, err
	}
	c.UserVerified = object.AuthData.Flags.HasUserVerified()
	return f.bound(st, r, credential, certified)
}

// readObject decodes an attestation object (Level 3 §7.1 step 13). All three members must be there: the library takes
// a missing statement for an empty one.
func readObject(raw []byte) (*protocol.AttestationObject, error) {
	var shape struct {
		Format    string                  `cbor:"fmt"`
		Statement webauthncbor.RawMessage `cbor:"attStmt"`
		AuthData  []byte                  `cbor:"authData"`
	}
	malformed := auth.RefuseField(auth.KeyMalformed, "attestationObject")
	if len(raw) == 0 || webauthncbor.Unmarshal(raw, &shape) != nil || shape.Format == "" || len(shape.Statement) == 0 {
		return nil, malformed
	}
	var object protocol.AttestationObject
	if webauthncbor.Unmarshal(raw, &object) != nil || object.AuthData.Unmarshal(object.RawAuthData) != nil {
		return nil, malformed
	}
	if !object.AuthData.Flags.HasAttestedCredentialData() {
		return nil, malformed
	}
	return &object, nil
}

// newKey takes steps 14 to 20 and 25 of §7.1. The key is parsed whole, which the library leaves for the first sign-in:
// points off the curve, compressed points and odd RSA keys must not be registered.
func (f *Factor) newKey(d *protocol.AuthenticatorData, session *webauthn.SessionData, r *response) error {
	if err := f.authData(d, session.UserVerification); err != nil {
		return err
	}
	if len(d.AttData.CredentialID) == 0 || string(d.AttData.CredentialID) != string(r.rawID) {
		return auth.RefuseField(auth.KeyMalformed, "rawId")
	}
	var key webauthncose.PublicKeyData
	if webauthncbor.Unmarshal(d.AttData.CredentialPublicKey, &key) != nil {
		return auth.RefuseField(auth.KeyMalformed, "attestationObject")
	}
	if !slices.ContainsFunc(session.CredParams, func(p protocol.CredentialParameter) bool {
		return int64(p.Algorithm) == key.Algorithm
	}) {
		return auth.Refuse(auth.KeyAlgorithm)
	}
	parsed, err := webauthncose.ParsePublicKey(d.AttData.CredentialPublicKey)
	if err != nil {
		return auth.RefuseField(auth.KeyMalformed, "attestationObject")
	}
	if k, ok := parsed.(webauthncose.RSAPublicKeyData); ok && (len(k.Modulus) < 256 || len(k.Modulus) > 512 || k.Modulus[0] == 0) {
		return auth.RefuseField(auth.KeyMalformed, "attestationObject") // 2048 to 4096 bits: not weak, not a burden
	}
	return nil
}

// asked checks what only the browser would have checked: the exclude list and the attachment. A phone that answers over
// Bluetooth calls itself cross-platform, too; it is a passkey and not a USB key (D10).
func (f *Factor) asked(st *state, r *response) error {
	for _, x := range st.Exclude {
		if x.ID == r.id {
			return auth.Refuse(auth.KeyExcluded, "name", x.Name)
		}
	}
	known := transports(r.transports)
	usb := slices.ContainsFunc(known, func(t string) bool { return t != "internal" && t != "hybrid" })
	switch {
	case st.Flavour == auth.SecurityKey && (r.attachment == string(protocol.Platform) || len(known) > 0 && !usb):
		return auth.Refuse(auth.KeyNotUSB)
	case st.Flavour == auth.Passkey && r.attachment == string(protocol.CrossPlatform):
		return auth.RefuseField(auth.MethodRefused, "authenticatorAttachment")
	}
	return nil
}

// create lets the library verify the registration once more and the attestation statement for the first time.
func (f *Factor) create(st *state, r *response, client *protocol.CollectedClientData, object *protocol.AttestationObject) (*webauthn.Credential, error) {
	if err := statementShape(object, f.config.Attestation.AnyU2FModel); err != nil {
		return nil, err
	}
	parsed := &protocol.ParsedCredentialCreationData{}
	parsed.ID, parsed.Type, parsed.RawID = r.id, string(protocol.PublicKeyCredentialType), r.rawID
	parsed.Response.CollectedClientData, parsed.Response.AttestationObject = *client, *object
	parsed.Raw.AttestationResponse.ClientDataJSON = r.clientData
	parsed.Raw.AttestationResponse.AttestationObject = r.object
	credential, err := f.rp.CreateCredential(&user{handle: st.Session.UserID}, st.Session, parsed)
	if err != nil {
		return nil, auth.Refuse(auth.KeyAttestation) // every other step has passed above
	}
	return credential, nil
}

// bound is the authenticator to be stored.
func (f *Factor) bound(st *state, r *response, cred *webauthn.Credential, certified bool) (*auth.Authenticator, error) {
	flags := cred.Flags.ProtocolValue()
	data, err := json.Marshal(record{
		Key: cred.PublicKey, Handle: st.Session.UserID, Model: cred.Authenticator.AAGUID,
		Counter: cred.Authenticator.SignCount, Flags: byte(flags), Transports: transports(r.transports),
		Format: cred.AttestationFormat, Type: cred.AttestationType,
	})
	if err != nil {
		return nil, fmt.Errorf("webauthn: writing an authenticator: %w", err)
	}
	return &auth.Authenticator{
		Kind: auth.WebAuthn, Credential: base64.RawURLEncoding.EncodeToString(cred.ID), Data: data,
		Traits: auth.Traits{
			Flavour: st.Flavour, Synced: flags.HasBackupEligible(), Discoverable: r.rk,
			VerifiesUser: flags.HasUserVerified(), Model: f.models[AAGUID(cred.Authenticator.AAGUID)], Certified: certified,
		},
	}, nil
}
