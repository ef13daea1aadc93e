package webauthn

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/latchkey-auth/latchkey/auth"
)

// BeginVerify writes request options for the given authenticators. With an empty list it asks for a discoverable
// credential, if the ceremony has no account yet, or for credentials that do not exist, if it has a Decoy. Every
// call draws a new challenge.
func (f *Factor) BeginVerify(c *auth.Ceremony, list []*auth.Authenticator) error {
	challenge, err := f.challenge()
	if err != nil {
		return err
	}
	allow, err := descriptors(list)
	if err != nil {
		return err
	}
	if len(allow) == 0 && len(c.Decoy) > 0 {
		allow = decoys(c.Decoy)
	}
	if len(allow) == 0 && c.Account != "" {
		return auth.Refuse(auth.NoSuchMethod)
	}
	options := func(o *protocol.PublicKeyCredentialRequestOptions) error {
		o.Challenge = challenge
		o.Timeout = timeout(c)
		o.AllowedCredentials = allow
		o.UserVerification, o.Hints = f.verification(c, list), hints(list, allow)
		return nil
	}
	// Begun as discoverable, because the library refuses users without keys; the user is put in at the end.
	assertion, session, err := f.rp.BeginDiscoverableLogin(options)
	if err != nil {
		return errors.New("webauthn: the library refuses to begin an authentication")
	}
	st := state{Session: *session}
	return st.set(c, assertion)
}

// verification says what to ask of the key. One that comes before the password is asked to verify its user if it can,
// and so are passkeys, which do so anyway; it may not depend on whether the account exists.
func (f *Factor) verification(c *auth.Ceremony, list []*auth.Authenticator) protocol.UserVerificationRequirement {
	if c.Verify {
		return protocol.VerificationRequired
	}
	first := c.Purpose == auth.ForSignIn && len(c.Proofs) == 0
	passkey := slices.ContainsFunc(list, func(a *auth.Authenticator) bool { return a.Traits.Flavour == auth.Passkey })
	if first || passkey {
		return atLeastPreferred(f.needVerif)
	}
	return f.needVerif
}

// hints tells the browser which window to open first (Level 3 §5.8.7): none when anything may answer.
func hints(list []*auth.Authenticator, allow []protocol.CredentialDescriptor) []protocol.PublicKeyCredentialHints {
	var out []protocol.PublicKeyCredentialHints
	is := func(flavour auth.Flavour) bool {
		return slices.ContainsFunc(list, func(a *auth.Authenticator) bool { return a.Traits.Flavour == flavour })
	}
	if len(list) == 0 { // decoys
		is = func(flavour auth.Flavour) bool {
			return slices.ContainsFunc(allow, func(d protocol.CredentialDescriptor) bool {
				return slices.Contains(d.Transport, protocol.Internal) == (flavour == auth.Passkey)
			})
		}
	}
	if is(auth.SecurityKey) {
		out = append(out, protocol.PublicKeyCredentialHintSecurityKey)
	}
	if is(auth.Passkey) {
		out = append(out, protocol.PublicKeyCredentialHintClientDevice)
	}
	return out
}

// A guise is what a decoy looks like: the length of its id and its transports, sorted as transports does.
type guise struct {
	size       int
	transports []string
}

// guises are looks of common authenticators; of 16 the first twelve are USB keys. None is missing that sellers have
// often, or it would say that an account is real.
func guises() [16]guise {
	usb := []string{"usb"}
	near := []string{"nfc", "usb"}
	inside := []string{"internal"}
	synced := []string{"hybrid", "internal"}
	return [16]guise{
		{64, usb}, {64, usb}, {64, near}, {64, near}, {48, usb}, {48, usb}, {48, near}, {48, near}, {32, usb},
		{32, near}, {96, usb}, {16, usb},
		{32, inside}, {32, inside}, {20, synced}, {16, synced},
	}
}

// decoys invents credentials for an account that does not exist, the same ones every time, so that options do not tell
// who has an account: one to three, with the looks of guises.
func decoys(seed []byte) []protocol.CredentialDescriptor {
	draw := func(label string) []byte {
		mac := hmac.New(sha512.New, seed)
		mac.Write([]byte("webauthn decoy " + label))
		return mac.Sum(nil)
	}
	shape := draw("shape")
	count := 1
	switch {
	case shape[0] < 16:
		count = 3
	case shape[0] < 96:
		count = 2
	}
	var out []protocol.CredentialDescriptor
	for i := range count {
		g := guises()[shape[1+i]%16]
		id := append(draw(fmt.Sprint("id ", i)), draw(fmt.Sprint("more ", i))...)
		out = append(out, descriptor(id[:g.size], g.transports))
	}
	return out
}

// FinishVerify takes Level 3 §7.2 from step 5 on. The authenticator returned has its counter advanced; beside
// KeyFrozen it is frozen instead, because its counter went back.
func (f *Factor) FinishVerify(c *auth.Ceremony, list []*auth.Authenticator,
	raw json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	at := authenticating()
	st, err := readState(c, false)
	if err != nil {
		return nil, err
	}
	r, err := readResponse(raw, at)
	if err != nil {
		return nil, err
	}
	if r.authData == nil || r.signature == nil { // step 3: else it is no answer to a sign-in
		return nil, auth.RefuseField(auth.KeyMalformed, "signature").In("7.2.3")
	}
	a, rec, err := f.find(st, list, r)
	if err != nil {
		return nil, err
	}
	client, err := f.clientData(r.clientData, at, st.Session.Challenge)
	if err != nil {
		return nil, err
	}
	var data protocol.AuthenticatorData
	if data.Unmarshal(r.authData) != nil {
		return nil, auth.RefuseField(auth.KeyMalformed, "authenticatorData").In(at.data)
	}
	if err := f.authData(&data, at, st.Session.UserVerification); err != nil {
		return nil, err
	}
	flags := protocol.AuthenticatorFlags(rec.Flags)
	if data.Flags.HasBackupEligible() != flags.HasBackupEligible() {
		// step 19: a key never changes this; it must be registered again
		return nil, auth.Refuse(auth.KeyBackupFlags).In("7.2.19")
	}
	cred, err := f.validate(st, rec, r, client, data)
	if err != nil {
		return nil, err
	}
	return f.answered(c, a, rec, cred, &data)
}

// find takes steps 5 and 6: the credential must be among those asked for, and be this account's; a user handle, which
// discoverable credentials must send, must be the account's.
func (f *Factor) find(st *state, list []*auth.Authenticator, r *response) (*auth.Authenticator, *record, error) {
	allowed := st.Session.AllowedCredentialIDs
	if len(allowed) > 0 &&
		!slices.ContainsFunc(allowed, func(id []byte) bool { return string(id) == string(r.rawID) }) {
		return nil, nil, auth.Refuse(auth.KeyWrong).In("7.2.5")
	}
	i := slices.IndexFunc(list, func(a *auth.Authenticator) bool {
		return a.Kind == auth.WebAuthn && a.Credential == r.id
	})
	if i < 0 {
		return nil, nil, auth.Refuse(auth.KeyWrong).In("7.2.6")
	}
	switch a := list[i]; a.State {
	case auth.Frozen:
		return nil, nil, auth.Refuse(auth.KeyFrozen, "name", a.Name).In("7.2.22")
	case auth.Disabled:
		return nil, nil, auth.Refuse(auth.MethodDisabled)
	}
	rec, err := readRecord(list[i])
	if err != nil {
		return nil, nil, err
	}
	absent := len(r.handle) == 0
	if absent && len(allowed) == 0 || !absent && string(r.handle) != string(rec.Handle) {
		return nil, nil, auth.Refuse(auth.KeyUserHandleWrong).In("7.2.6")
	}
	return list[i], rec, nil
}

// validate lets the library take every step once more, and the signature for the first time.
func (f *Factor) validate(st *state, rec *record, r *response, client *protocol.CollectedClientData,
	data protocol.AuthenticatorData) (*webauthn.Credential, error) {
	parsed := &protocol.ParsedCredentialAssertionData{}
	parsed.RawID = r.rawID
	parsed.Response = protocol.ParsedAssertionResponse{
		CollectedClientData: *client, AuthenticatorData: data, Signature: r.signature, UserHandle: r.handle,
	}
	parsed.Raw.AssertionResponse.ClientDataJSON = r.clientData
	parsed.Raw.AssertionResponse.AuthenticatorData = r.authData
	session := st.Session
	session.UserID = rec.Handle
	if len(session.AllowedCredentialIDs) > 0 {
		session.AllowedCredentialIDs = [][]byte{r.rawID} // the others may have been removed meanwhile
	}
	u := &user{handle: rec.Handle, credentials: []webauthn.Credential{rec.credential(r.rawID)}}
	cred, err := f.rp.ValidateLogin(u, session, parsed)
	if err == nil {
		return cred, nil
	}
	var e *protocol.Error
	if errors.As(err, &e) && e.Type == protocol.ErrAssertionSignature.Type {
		return nil, auth.Refuse(auth.KeySignatureWrong).In("7.2.21")
	}
	// its words may hold the challenge
	return nil, errors.New("webauthn: the library refuses what has passed every check")
}

// answered is the changed copy of the authenticator that answered. Whether the user was verified is read from this
// very answer: the library's credential remembers the first time.
func (f *Factor) answered(c *auth.Ceremony, a *auth.Authenticator, rec *record, cred *webauthn.Credential,
	data *protocol.AuthenticatorData) (*auth.Authenticator, error) {
	changed := *a
	changed.Traits.Channels = slices.Clone(a.Traits.Channels)
	var refused error
	if cred.Authenticator.CloneWarning && !data.Flags.HasBackupEligible() { // step 22; what is synced counts nowhere alike
		changed.State = auth.Frozen
		changed.Traits.Regression = &auth.Regression{Had: rec.Counter, Shown: data.Counter}
		rec.Counter = data.Counter // from here it goes on, if its owner says that it was his
		refused = auth.Refuse(auth.KeyFrozen, "name", a.Name).In("7.2.22")
	} else {
		rec.Counter = cred.Authenticator.SignCount
		rec.Flags = byte(data.Flags)
		c.UserVerified = data.Flags.HasUserVerified()
	}
	var err error
	if changed.Data, err = json.Marshal(rec); err != nil {
		return nil, fmt.Errorf("webauthn: writing an authenticator: %w", err)
	}
	return &changed, refused
}

// Identify reads which credential and which user handle an assertion claims. Nothing is verified yet.
func (f *Factor) Identify(raw json.RawMessage) (string, []byte, error) {
	r, err := readResponse(raw, authenticating())
	if err != nil {
		return "", nil, err
	}
	return r.id, r.handle, nil
}
