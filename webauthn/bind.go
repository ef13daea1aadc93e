package webauthn

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/latchkey-auth/latchkey/auth"
)

// BeginBind writes creation options for the flavour in Ceremony.Input, a USB key if none is named.
func (f *Factor) BeginBind(c *auth.Ceremony, s auth.Subject) error {
	wish, err := readInput(c.Input)
	if err != nil {
		return err
	}
	flavour := wish.Flavour
	if len(s.Handle) == 0 || len(s.Handle) > maxHandle {
		return fmt.Errorf("webauthn: a user handle of %d bytes", len(s.Handle))
	}
	challenge, err := f.challenge()
	if err != nil {
		return err
	}
	exclude, err := descriptors(s.Existing)
	if err != nil {
		return err
	}
	u := &user{handle: s.Handle, name: s.Name, display: s.Display}
	creation, session, err := f.rp.BeginRegistration(u, func(o *protocol.PublicKeyCredentialCreationOptions) error {
		f.fill(o, wish)
		o.Challenge = challenge
		o.CredentialExcludeList = exclude
		o.Timeout = timeout(c)
		if s.Site != "" {
			o.RelyingParty.Name = s.Site
		}
		return nil
	})
	if err != nil {
		return errors.New("webauthn: the library refuses to begin a registration")
	}
	st := &state{Session: *session, Flavour: flavour, Attest: wish.Attest, Certified: wish.Certified}
	for _, a := range s.Existing {
		if a.Kind == auth.WebAuthn {
			st.Exclude = append(st.Exclude, excluded{ID: a.Credential, Name: a.Name})
		}
	}
	return st.set(c, creation)
}

// readInput reads what the person chose: a USB key if nothing else.
func readInput(input json.RawMessage) (*auth.BindInput, error) {
	var in auth.BindInput
	if len(input) > 0 {
		if err := json.Unmarshal(input, &in); err != nil {
			return nil, auth.Refuse(auth.MalformedRequest)
		}
	}
	switch in.Flavour {
	case "":
		in.Flavour = auth.SecurityKey
	case auth.SecurityKey, auth.Passkey:
	default:
		return nil, auth.RefuseField(auth.MalformedRequest, "flavour")
	}
	return &in, nil
}

// fill puts in what the flavour and the policy decide (D10), and what was wished beyond them. A resident key is never
// required of a USB key: U2F-era
// keys have none. User verification is always named, for Chromium protects the credential harder when it is not.
func (f *Factor) fill(o *protocol.PublicKeyCredentialCreationOptions, wish *auth.BindInput) {
	no, yes := false, true
	o.Parameters = f.params
	o.AuthenticatorSelection = protocol.AuthenticatorSelection{
		AuthenticatorAttachment: protocol.CrossPlatform, UserVerification: f.needVerif,
		ResidentKey: protocol.ResidentKeyRequirementDiscouraged, RequireResidentKey: &no,
	}
	o.Hints = []protocol.PublicKeyCredentialHints{protocol.PublicKeyCredentialHintSecurityKey}
	if wish.Flavour == auth.Passkey {
		o.AuthenticatorSelection.AuthenticatorAttachment = protocol.Platform
		o.AuthenticatorSelection.ResidentKey = protocol.ResidentKeyRequirementPreferred
		o.AuthenticatorSelection.UserVerification = atLeastPreferred(f.needVerif)
		o.Hints = []protocol.PublicKeyCredentialHints{protocol.PublicKeyCredentialHintClientDevice}
	}
	if wish.Resident {
		o.AuthenticatorSelection.ResidentKey,
			o.AuthenticatorSelection.RequireResidentKey = protocol.ResidentKeyRequirementRequired, &yes
	}
	if wish.Verify {
		o.AuthenticatorSelection.UserVerification = protocol.VerificationRequired
	}
	o.Attestation = protocol.PreferNoAttestation
	if f.config.Attestation.Ask || wish.Attest || wish.Certified {
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
	at := registering()
	st, err := readState(c, true)
	if err != nil {
		return nil, err
	}
	r, err := readResponse(raw, at)
	if err != nil {
		return nil, err
	}
	if r.object == nil { // else it is no answer to a registration
		return nil, auth.RefuseField(auth.KeyMalformed, "attestationObject").In("7.1.3")
	}
	client, err := f.clientData(r.clientData, at, st.Session.Challenge)
	if err != nil {
		return nil, err
	}
	object, err := readObject(r.object)
	if err != nil {
		return nil, in(err, at.data)
	}
	if err := f.newKey(&object.AuthData, at, &st.Session, r); err != nil {
		return nil, err
	}
	if err := f.asked(st, r); err != nil {
		return nil, err
	}
	credential, err := f.create(st, r, client, object, c.Now)
	if err != nil {
		return nil, err
	}
	found, err := f.judge(c, st, object)
	if err != nil {
		return nil, err
	}
	c.UserVerified = object.AuthData.Flags.HasUserVerified()
	return f.bound(st, r, credential, found)
}

// readObject decodes an attestation object (Level 3 §7.1 step 13). All three members must be there: the library takes
// a missing statement for an empty one.
func readObject(raw []byte) (*protocol.AttestationObject, error) {
	var shape struct {
		Format    *string                 `cbor:"fmt"`
		Statement webauthncbor.RawMessage `cbor:"attStmt"`
		AuthData  []byte                  `cbor:"authData"`
	}
	malformed := auth.RefuseField(auth.KeyMalformed, "attestationObject")
	err := webauthncbor.Unmarshal(raw, &shape)
	if twice := new(cbor.DupMapKeyError); errors.As(err, &twice) {
		return nil, auth.RefuseField(auth.DuplicateMember, "attestationObject")
	}
	if err != nil || shape.Format == nil || !isStatement(*shape.Format, shape.Statement) {
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

// isStatement reports whether an item can be the statement of a format: a map, and of compound an array (Level 3 §8.9).
func isStatement(format string, item []byte) bool {
	list := len(item) > 0 && item[0]>>5 == 4
	return isMap(item) || list && format == string(protocol.AttestationFormatCompound)
}

// isMap reports whether a CBOR item is a map (RFC 8949 §3.1, major type 5).
func isMap(item []byte) bool { return len(item) > 0 && item[0]>>5 == 5 }

// newKey takes steps 14 to 20 and 25 of §7.1. The key is parsed whole, which the library leaves for the first sign-in:
// points off the curve, compressed points and odd RSA keys must not be registered.
func (f *Factor) newKey(d *protocol.AuthenticatorData, at *steps, session *webauthn.SessionData, r *response) error {
	if err := f.authData(d, at, session.UserVerification); err != nil {
		return err
	}
	if string(d.AttData.CredentialID) != string(r.rawID) {
		return auth.RefuseField(auth.KeyMalformed, "rawId").In("7.1.25")
	}
	return checkKey(d.AttData.CredentialPublicKey, session.CredParams)
}

// checkKey takes step 20, and reads the key as its algorithm wants it.
func checkKey(raw []byte, offered []protocol.CredentialParameter) error {
	malformed := auth.RefuseField(auth.KeyMalformed, "attestationObject").In("7.1.20")
	var key struct {
		Algorithm webauthncbor.RawMessage `cbor:"3,keyasint"`
	}
	if !isMap(raw) || webauthncbor.Unmarshal(raw, &key) != nil {
		return auth.RefuseField(auth.KeyMalformed, "attestationObject").In("7.1.13")
	}
	var algorithm *int64
	if webauthncbor.Unmarshal(key.Algorithm, &algorithm) != nil || algorithm == nil {
		return auth.Refuse(auth.KeyAlgorithm).In("7.1.20")
	}
	if !slices.ContainsFunc(offered, func(p protocol.CredentialParameter) bool {
		return int64(p.Algorithm) == *algorithm
	}) {
		return auth.Refuse(auth.KeyAlgorithm).In("7.1.20")
	}
	parsed, err := webauthncose.ParsePublicKey(raw)
	if err != nil {
		return malformed
	}
	if k, ok := parsed.(webauthncose.RSAPublicKeyData); ok && !soundRSA(k.Modulus, k.Exponent) {
		return malformed
	}
	return nil
}

// soundRSA reports whether an RSA key is neither weak nor a burden: 2048 to 4096 bits, and an odd exponent above 2.
// With an exponent of 1 everybody can sign; an even one is none.
func soundRSA(modulus, exponent []byte) bool {
	e := bytes.TrimLeft(exponent, "\x00")
	return len(modulus) >= 256 && len(modulus) <= 512 && modulus[0] != 0 &&
		len(e) > 0 && e[len(e)-1]&1 == 1 && (len(e) > 1 || e[0] > 2)
}

// asked checks what only the browser would have checked: the exclude list and the attachment. A phone that answers over
// Bluetooth calls itself cross-platform, too; it is a passkey and not a USB key (D10).
func (f *Factor) asked(st *state, r *response) error {
	for _, x := range st.Exclude {
		if x.ID == r.id {
			return auth.Refuse(auth.KeyExcluded, "name", x.Name).In("7.1.26")
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

// create lets the library verify the registration once more and the attestation statement for the first time. A
// statement that is right but for the time of its certificates counts as self attestation, as step 24 permits, where
// nobody asked for one: keys outlive what their makers signed.
func (f *Factor) create(st *state, r *response, client *protocol.CollectedClientData,
	object *protocol.AttestationObject, now time.Time) (*webauthn.Credential, error) {
	if err := statementShape(object, f.config.Attestation.AnyU2FModel); err != nil {
		return nil, err
	}
	parsed := &protocol.ParsedCredentialCreationData{}
	parsed.RawID = r.rawID
	parsed.Response.CollectedClientData = *client
	parsed.Response.AttestationObject = *timeless(object)
	parsed.Raw.AttestationResponse.ClientDataJSON = r.clientData
	credential, err := f.rp.CreateCredential(&user{handle: st.Session.UserID}, st.Session, parsed)
	if err != nil {
		// every other step has passed above
		return nil, auth.Refuse(reason(err)).In(statementStep(object.Format))
	}
	if current(object, now) {
		return credential, nil
	}
	if f.config.Attestation.Ask || st.Attest || st.Certified {
		return nil, auth.Refuse(auth.KeyAttestationExpired).In("7.1.24")
	}
	credential.AttestationType = string(metadata.BasicSurrogate)
	return credential, nil
}

// bound is the authenticator to be stored.
func (f *Factor) bound(st *state, r *response, cred *webauthn.Credential,
	found *finding) (*auth.Authenticator, error) {
	flags := cred.Flags.ProtocolValue()
	sums, maker := papers(found)
	data, err := json.Marshal(record{
		Key: cred.PublicKey, Handle: st.Session.UserID, Model: cred.Authenticator.AAGUID,
		Counter: cred.Authenticator.SignCount, Flags: byte(flags), Transports: transports(r.transports),
		Format: cred.AttestationFormat, Type: cred.AttestationType, Shown: sums, Maker: maker,
	})
	if err != nil {
		return nil, fmt.Errorf("webauthn: writing an authenticator: %w", err)
	}
	return &auth.Authenticator{
		Kind: auth.WebAuthn, Credential: base64.RawURLEncoding.EncodeToString(cred.ID), Data: data,
		Traits: auth.Traits{
			Flavour: st.Flavour, Synced: flags.HasBackupEligible(), Discoverable: r.rk,
			VerifiesUser: flags.HasUserVerified(), Provenance: f.provenance(found),
		},
	}, nil
}
