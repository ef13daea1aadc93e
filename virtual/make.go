package virtual

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
)

// A Parameter is one entry of pubKeyCredParams.
type Parameter struct {
	Type      string    `json:"type"`
	Algorithm Algorithm `json:"alg"`
}

// A MakeRequest is authenticatorMakeCredential (CTAP 2.1 §6.1).
type MakeRequest struct {
	ClientDataHash []byte // 32 bytes
	RPID           string
	RPName         string
	UserHandle     []byte
	UserName       string
	DisplayName    string
	Parameters     []Parameter // in the order the relying party prefers
	Exclude        [][]byte
	Resident       bool     // the rk option
	Verify         bool     // the uv option: verification built in
	PINAuth        []byte   // pinUvAuthParam; nil: absent
	PINProtocol    int      // of PINAuth
	Enterprise     int      // enterpriseAttestation; 0: absent
	Formats        []string // attestationFormatsPreference (CTAP 2.2): "none" first is obeyed
	Extensions     MakeExtensions
	Hooks          *Hooks // deliberate faults; may be nil
}

// MakeCredential makes a key pair and attests it. The credential returned is a copy. Errors that a device would
// answer are a Status.
func (a *Authenticator) MakeCredential(req *MakeRequest) (*Attestation, *Credential, error) {
	m, err := a.makeCredential(context.Background(), req)
	if err != nil {
		return nil, nil, err
	}
	return m.attestation, m.credential, nil
}

// made is what makeCredential answers.
type made struct {
	attestation *Attestation
	credential  *Credential    // a copy
	outputs     map[string]any // of extensions
}

func (a *Authenticator) makeCredential(ctx context.Context, req *MakeRequest) (*made, error) {
	if err := a.wait(ctx); err != nil {
		return nil, err
	}
	alg, err := a.choose(req)
	if err != nil {
		return nil, err
	}
	flags, err := a.consent(ctx, req)
	if err != nil {
		return nil, err
	}
	c, counter, err := a.add(req, alg)
	if err != nil {
		return nil, err
	}
	m := &made{credential: c}
	if m.outputs, err = a.outputsOfMake(c, &req.Extensions, flags); err != nil {
		a.Remove(req.RPID, c.ID)
		return nil, err
	}
	data, err := c.appendAttested(nil, flags|c.backupFlags(), counter, a.options.AAGUID)
	if err != nil {
		return nil, err
	}
	if data, err = appendExtensions(data, m.outputs); err != nil {
		return nil, err
	}
	hooks := req.Hooks.orNone()
	if hooks.AuthData != nil {
		data = hooks.AuthData(data)
	}
	if len(req.Formats) > 0 && req.Formats[0] == "none" {
		m.attestation = &Attestation{Format: "none", Statement: map[string]any{}, AuthData: data}
		return m, nil
	}
	m.attestation, err = a.attest(c, data, req.ClientDataHash, hooks)
	return m, err
}

// choose returns the first algorithm offered that the authenticator has, having checked what needs no gesture.
func (a *Authenticator) choose(req *MakeRequest) (Algorithm, error) {
	if len(req.ClientDataHash) != 32 || len(req.UserHandle) > 64 {
		return 0, StatusInvalidLength
	}
	for _, p := range req.Parameters {
		if p.Type == "public-key" && slices.Contains(a.options.Algorithms, p.Algorithm) {
			return p.Algorithm, nil
		}
	}
	return 0, StatusUnsupportedAlgorithm
}

// consent is steps 4 to 14 of CTAP 2.1 §6.1.2: it asks the user for what the options demand and returns the flags. A
// credential of the exclude list is told of only after a touch, so that a site cannot probe in silence.
func (a *Authenticator) consent(ctx context.Context, req *MakeRequest) (byte, error) {
	switch {
	case req.Enterprise != 0:
		return 0, StatusInvalidParameter // no authenticator here attests for an enterprise
	case req.Resident && !a.options.ResidentKeys:
		return 0, StatusUnsupportedOption
	case req.Extensions.LargeBlobKey && a.has(extLargeBlobKey) && !req.Resident:
		return 0, StatusInvalidOption
	}
	d := &demand{
		rpID: req.RPID, hash: req.ClientDataHash, verify: req.Verify, auth: req.PINAuth, protocol: req.PINProtocol,
		permission: PermitMakeCredential, resident: req.Resident, touch: true,
	}
	if err := a.settle(d); err != nil {
		return 0, err
	}
	flags, err := a.verifyUser(ctx, d)
	if err != nil {
		return 0, err
	}
	excluded := a.excludes(req, flags&FlagUV != 0)
	flags, err = a.present(ctx, d, flags)
	if excluded && err != StatusKeepaliveCancel {
		return 0, StatusCredentialExcluded
	}
	return flags, err
}

// excludes reports whether one of the excluded credentials is here. One that is protected does not show itself to an
// unverified user (CTAP 2.1 §6.1.2 step 12).
func (a *Authenticator) excludes(req *MakeRequest, verified bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	hash := sha256.Sum256([]byte(req.RPID))
	return slices.ContainsFunc(req.Exclude, func(id []byte) bool {
		c := a.credentials[keyFor(hash, id)]
		return c != nil && (verified || c.CredProtect != ProtectRequired)
	})
}

// add derives and stores the next credential, in place of a discoverable one of the same user (CTAP 2.1 §6.1.2
// step 17), and returns a copy with the counter to be shown.
func (a *Authenticator) add(req *MakeRequest, alg Algorithm) (*Credential, uint32, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	replaced := ""
	for key, c := range a.credentials {
		if c.Resident && c.RPID == req.RPID && bytes.Equal(c.UserHandle, req.UserHandle) {
			replaced = key
		}
	}
	if limit := a.options.ResidentLimit; req.Resident && replaced == "" && limit > 0 && a.resident() >= limit {
		return nil, 0, StatusKeyStoreFull
	}
	c, err := derive(a.options.Seed, a.made, req.RPID, alg, a.options.IDSize)
	if err != nil {
		return nil, 0, err
	}
	if req.Resident {
		delete(a.credentials, replaced)
	}
	c.RPName = req.RPName
	c.UserHandle = bytes.Clone(req.UserHandle)
	c.UserName = req.UserName
	c.DisplayName = req.DisplayName
	c.Resident = req.Resident
	c.Backup = a.options.Backup
	c.BackedUp = a.options.BackedUp
	c.Counter = a.options.CounterStart
	a.remember(c, &req.Extensions)
	a.put(c)
	counter := a.count(c)
	return c.clone(), counter, nil
}

// resident counts the discoverable credentials; the caller holds the lock.
func (a *Authenticator) resident() int {
	n := 0
	for _, c := range a.credentials {
		if c.Resident {
			n++
		}
	}
	return n
}

// keyFor is where a credential is kept: by the hash of its RP ID, which is all that U2F knows.
func keyFor(rpHash [32]byte, id []byte) string { return string(rpHash[:]) + string(id) }

// put stores c; the caller holds the lock.
func (a *Authenticator) put(c *Credential) {
	c.order = a.made
	a.made++
	a.credentials[keyFor(c.rpHash, c.ID)] = c
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
	case CounterScripted:
		c.Counter = a.options.CounterScript[min(a.scripted, len(a.options.CounterScript)-1)]
		a.scripted++
	default:
		a.counter++
		c.Counter = a.counter
	}
	return c.Counter
}

// appendExtensions appends extension outputs, if there are any, and sets FlagED.
func appendExtensions(data []byte, outputs map[string]any) ([]byte, error) {
	if len(outputs) == 0 {
		return data, nil
	}
	coded, err := encode(outputs)
	if err != nil {
		return nil, err
	}
	data[32] |= FlagED
	return append(data, coded...), nil
}

// commandMake is authenticatorMakeCredential from bytes.
func (a *Authenticator) commandMake(ctx context.Context, r *reader) (any, error) {
	req, err := a.readMake(r)
	if err != nil {
		return nil, err
	}
	if err := a.checkAuth(ctx, r, 8, 9); err != nil {
		return nil, err
	}
	m, err := a.makeCredential(ctx, req)
	if err != nil {
		return nil, err
	}
	out := map[int]any{1: m.attestation.Format, 2: m.attestation.AuthData, 3: m.attestation.statement()}
	if req.Extensions.LargeBlobKey && m.credential.LargeBlobKey != nil {
		out[5] = m.credential.LargeBlobKey
	}
	return out, nil
}

func (a *Authenticator) readMake(r *reader) (*MakeRequest, error) {
	r.need(1, 2, 3, 4)
	rp := r.sub(2)
	user := r.sub(3)
	options := r.sub(7)
	rp.need("id")
	user.need("id")
	req := &MakeRequest{
		ClientDataHash: take[[]byte](r, 1), RPID: take[string](rp, "id"), RPName: take[string](rp, "name"),
		UserHandle: take[[]byte](user, "id"), UserName: take[string](user, "name"),
		DisplayName: take[string](user, "displayName"), Exclude: r.descriptors(5),
		Resident: take[bool](options, "rk"), Verify: take[bool](options, "uv"),
		PINAuth: take[[]byte](r, 8), PINProtocol: r.small(9), Enterprise: r.small(10),
	}
	for _, v := range take[[]any](r, 4) {
		p := r.subOf(v)
		if p.need("type", "alg"); r.err() == nil {
			req.Parameters = append(req.Parameters, Parameter{take[string](p, "type"), Algorithm(p.signed("alg"))})
		}
	}
	for _, v := range take[[]any](r, 11) {
		req.Formats = append(req.Formats, as[string](r, v))
	}
	if a.options.Version != FIDO22 {
		req.Formats = nil
	}
	up := !options.has("up") || take[bool](options, "up")
	req.Extensions = a.readMakeExtensions(r.sub(6))
	switch {
	case r.err() != nil:
		return nil, r.err()
	case !up: // a credential is never made in silence
		return nil, StatusInvalidOption
	}
	return req, nil
}

// checkAuth looks at pinUvAuthParam before anything else is done. One of no bytes is a platform's way of letting the
// user pick an authenticator by touch: the answer reports whether a PIN is set (CTAP 2.1 §6.1.2 steps 1 and 2).
func (a *Authenticator) checkAuth(ctx context.Context, r *reader, param, protocol int) error {
	if !r.has(param) || !a.options.verifies() {
		return nil
	}
	if len(take[[]byte](r, param)) == 0 {
		if err := a.ask(ctx, "", StatusOperationDenied); err != nil {
			return err
		}
		if a.pinSet() {
			return StatusPINInvalid
		}
		return StatusPINNotSet
	}
	return a.checkProtocol(r.has(protocol), r.small(protocol))
}
