package virtual

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

// nextAssertionLimit is how long getNextAssertion may be waited for (CTAP 2.1 §6.3).
const nextAssertionLimit = 30 * time.Second

// A GetRequest is authenticatorGetAssertion (CTAP 2.1 §6.2).
type GetRequest struct {
	ClientDataHash []byte // 32 bytes
	RPID           string
	Allow          [][]byte // empty: any discoverable credential
	Verify         bool     // the uv option: verification built in
	NoTouch        bool     // the up option is false: the user is not asked
	PINAuth        []byte   // pinUvAuthParam; nil: absent
	PINProtocol    int      // of PINAuth
	Extensions     GetExtensions
	Hooks          *Hooks // deliberate faults; may be nil

	// Choose picks among the discoverable credentials, newest first; nil: the newest. Nil returned: the user cancels.
	Choose func([]*Credential) *Credential
}

// A GetResponse is what authenticatorGetAssertion answers.
type GetResponse struct {
	Credential   *Credential // a copy
	AuthData     []byte
	Signature    []byte
	UserSelected bool   // on the authenticator's own display
	LargeBlobKey []byte // when asked for

	outputs map[string]any // of extensions
}

// GetAssertion signs with one of the allowed credentials or, without an allow list, with a discoverable one. Errors
// that a device would answer are a Status.
func (a *Authenticator) GetAssertion(req *GetRequest) (*GetResponse, error) {
	return a.getAssertion(context.Background(), req)
}

func (a *Authenticator) getAssertion(ctx context.Context, req *GetRequest) (*GetResponse, error) {
	found, flags, err := a.locate(ctx, req)
	if err != nil {
		return nil, err
	}
	choose, c := req.Choose, found[0]
	if a.options.Display != nil {
		choose = a.options.Display
	}
	if choose != nil && len(req.Allow) == 0 {
		if c = choose(found); c == nil {
			return nil, StatusOperationDenied
		}
	}
	out, err := a.sign(req, c, flags)
	if err != nil {
		return nil, err
	}
	out.UserSelected = a.options.Display != nil && len(req.Allow) == 0
	return out, nil
}

// locate is steps 3 to 9 of CTAP 2.1 §6.2.2: the credentials that may sign, and the flags the user has earned.
func (a *Authenticator) locate(ctx context.Context, req *GetRequest) ([]*Credential, byte, error) {
	if len(req.ClientDataHash) != 32 {
		return nil, 0, StatusInvalidLength
	}
	if req.NoTouch && req.Extensions.HMACSalts != nil && a.has(extHMACSecret) {
		return nil, 0, StatusUnsupportedOption // CTAP 2.1 §12.5: secrets are not given in silence
	}
	if err := a.wait(ctx); err != nil {
		return nil, 0, err
	}
	d := &demand{
		rpID: req.RPID, hash: req.ClientDataHash, verify: req.Verify, auth: req.PINAuth, protocol: req.PINProtocol,
		permission: PermitGetAssertion, touch: !req.NoTouch,
	}
	if err := a.settle(d); err != nil {
		return nil, 0, err
	}
	flags, err := a.verifyUser(ctx, d)
	if err != nil {
		return nil, 0, err
	}
	found := a.find(req.RPID, req.Allow, flags&FlagUV != 0)
	if len(found) == 0 {
		return nil, 0, StatusNoCredentials
	}
	flags, err = a.present(ctx, d, flags)
	return found, flags, err
}

// sign makes the assertion of one credential.
func (a *Authenticator) sign(req *GetRequest, c *Credential, flags byte) (*GetResponse, error) {
	outputs, err := a.outputsOfGet(c, &req.Extensions, flags)
	if err != nil {
		return nil, err
	}
	counter, ok := a.advance(c)
	if !ok {
		return nil, StatusNoCredentials
	}
	hooks := req.Hooks.orNone()
	data := c.AppendAuthData(make([]byte, 0, 37), flags|c.backupFlags(), counter)
	if data, err = appendExtensions(data, outputs); err != nil {
		return nil, err
	}
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
	out := &GetResponse{Credential: c, AuthData: data, Signature: sig, outputs: outputs}
	if req.Extensions.LargeBlobKey && a.has(extLargeBlobKey) {
		out.LargeBlobKey = c.LargeBlobKey
	}
	return out, nil
}

// find returns copies of the credentials for rpID that are allowed, in the order of the list, or else of the
// discoverable ones, newest first. Protected ones do not show themselves to an unverified user (CTAP 2.1 §12.1).
func (a *Authenticator) find(rpID string, allow [][]byte, verified bool) []*Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	hash := sha256.Sum256([]byte(rpID))
	var found []*Credential
	for _, id := range allow {
		if c := a.credentials[keyFor(hash, id)]; c != nil && (verified || c.CredProtect < ProtectRequired) {
			found = append(found, c.clone())
		}
	}
	if len(allow) > 0 {
		return found
	}
	for _, c := range a.credentials {
		if c.Resident && c.rpHash == hash && (verified || c.CredProtect < ProtectOptionalWithList) {
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
	stored := a.credentials[keyFor(c.rpHash, c.ID)]
	if stored == nil {
		return 0, false
	}
	c.Counter = a.count(stored)
	return c.Counter, true
}

// assertions is what getNextAssertion goes on with.
type assertions struct {
	req   *GetRequest
	rest  []*Credential
	flags byte
	at    time.Time
}

// commandGet is authenticatorGetAssertion from bytes. Without an allow list and without a display the newest
// credential signs, and the others wait for getNextAssertion.
func (a *Authenticator) commandGet(ctx context.Context, r *reader) (any, error) {
	req, err := a.readGet(r)
	if err != nil {
		return nil, err
	}
	if err := a.checkAuth(ctx, r, 6, 7); err != nil {
		return nil, err
	}
	if len(req.Allow) > 0 || a.options.Display != nil {
		got, err := a.getAssertion(ctx, req)
		if err != nil {
			return nil, err
		}
		return assertionMap(got, 1), nil
	}
	found, flags, err := a.locate(ctx, req)
	if err != nil {
		return nil, err
	}
	got, err := a.sign(req, found[0], flags)
	if err != nil {
		return nil, err
	}
	if len(found) > 1 {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.session.next = &assertions{req: req, rest: found[1:], flags: flags, at: a.now()}
	}
	return assertionMap(got, len(found)), nil
}

func (a *Authenticator) readGet(r *reader) (*GetRequest, error) {
	r.need(1, 2)
	options := r.sub(5)
	req := &GetRequest{
		RPID: take[string](r, 1), ClientDataHash: take[[]byte](r, 2), Allow: r.descriptors(3),
		Verify: take[bool](options, "uv"), NoTouch: options.has("up") && !take[bool](options, "up"),
		PINAuth: take[[]byte](r, 6), PINProtocol: r.small(7),
	}
	req.Extensions = a.readGetExtensions(r.sub(4))
	switch {
	case r.err() != nil:
		return nil, r.err()
	case options.has("rk"):
		return nil, StatusUnsupportedOption
	case r.has(3) && len(req.Allow) == 0 && len(take[[]any](r, 3)) > 0:
		return nil, StatusNoCredentials // a list of other types than public-key is not "no list"
	}
	return req, nil
}

// commandNext is authenticatorGetNextAssertion (CTAP 2.1 §6.3).
func (a *Authenticator) commandNext(context.Context, *reader) (any, error) {
	a.mu.Lock()
	next := a.session.next
	if next != nil && a.now().Sub(next.at) > nextAssertionLimit {
		next, a.session.next = nil, nil
	}
	a.mu.Unlock()
	if next == nil || len(next.rest) == 0 {
		return nil, StatusNotAllowed
	}
	c := next.rest[0]
	next.rest, next.at = next.rest[1:], a.now()
	got, err := a.sign(next.req, c, next.flags)
	if err != nil {
		return nil, err
	}
	out := assertionMap(got, 1)
	out[4] = userMap(c, next.flags&FlagUV != 0)
	return out, nil
}

// assertionMap is the response of getAssertion when count credentials could sign. Who the user is, beyond her handle,
// is said only where there is a choice and she was verified (CTAP 2.1 §6.2.3).
func assertionMap(got *GetResponse, count int) map[int]any {
	c := got.Credential
	out := map[int]any{
		1: map[string]any{"id": c.ID, "type": "public-key"}, 2: got.AuthData, 3: got.Signature,
	}
	if c.Resident {
		out[4] = userMap(c, count > 1 && got.AuthData[32]&FlagUV != 0)
	}
	if count > 1 {
		out[5] = count
	}
	if got.UserSelected {
		out[6] = true
	}
	if got.LargeBlobKey != nil {
		out[7] = got.LargeBlobKey
	}
	return out
}

// userMap is PublicKeyCredentialUserEntity, with names or without.
func userMap(c *Credential, names bool) map[string]any {
	out := map[string]any{"id": append([]byte{}, c.UserHandle...)}
	if names && c.UserName != "" {
		out["name"] = c.UserName
	}
	if names && c.DisplayName != "" {
		out["displayName"] = c.DisplayName
	}
	return out
}
