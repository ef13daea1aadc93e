package virtual

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// An Error is the DOMException (or TypeError) with which a browser rejects the promise.
type Error struct {
	Name    string // "NotAllowedError", "InvalidStateError", "SecurityError", "NotSupportedError", "TypeError"
	Message string // for the tester; browsers say less
}

// Error returns name and message.
func (e *Error) Error() string { return e.Name + ": " + e.Message }

func refuse(name, format string, args ...any) *Error {
	return &Error{Name: name, Message: fmt.Sprintf(format, args...)}
}

// Hooks are deliberate faults. Every member may be nil; each is given what is about to be used and returns, or
// writes, what is used instead. In the order of their calls:
type Hooks struct {
	ClientData     func(*ClientData)             // before it is serialised
	ClientDataJSON func([]byte) []byte           // before it is hashed: what is returned is hashed and sent
	AuthData       func([]byte) []byte           // before it is signed; flags at 32, counter at 33..36
	Attester       func(*Attester, *Credential)  // before a registration is attested: certificate, keys, parts
	Signature      func([]byte) []byte           // of the assertion, or of the attestation statement
	Attestation    func(*Attestation)            // after signing, before it is encoded
	Registration   func(*RegistrationResponse)   // before it is encoded
	Assertion      func(*AuthenticationResponse) // before it is encoded
}

func (h *Hooks) orNone() *Hooks {
	if h == nil {
		return &Hooks{}
	}
	return h
}

// A Client plays a browser with authenticators plugged in. It keeps nothing; a copy with other Hooks uses the same
// authenticators.
type Client struct {
	Origin         string           // of the document that calls, as a browser serialises it: "https://shop.example"
	TopOrigin      string           // of the page around it; not empty: the document is in a cross-origin frame
	Authenticators []*Authenticator // the user reaches for the first that fits
	Hooks          *Hooks           // may be nil

	// Related returns the origins that https://RPID/.well-known/webauthn lists (Level 3 §5.11); nil: none.
	Related func(rpID string) []string

	// Choose picks a discoverable credential, newest first, when the relying party names none; nil: the newest.
	Choose func([]*Credential) *Credential

	// PIN is what the user types when the browser asks for the PIN of an authenticator; where none is set yet and the
	// relying party requires verification, it becomes the PIN. Empty: she leaves the field empty.
	PIN string

	// EraseAAGUID blanks the AAGUID when no attestation is asked for, as browsers did before Level 3.
	EraseAAGUID bool
}

// Create does what navigator.credentials.create does with parseCreationOptionsFromJSON before it and toJSON behind:
// options JSON in (bare, or with its publicKey member), RegistrationResponseJSON out. Rejections are an *Error.
func (c *Client) Create(options []byte) ([]byte, error) {
	return c.CreateContext(context.Background(), options)
}

// CreateContext is Create with a signal to abort it: AbortError when ctx is cancelled, NotAllowedError when its time
// is over. The timeout member of the options is advice that browsers clamp, and is not kept here.
func (c *Client) CreateContext(ctx context.Context, options []byte) ([]byte, error) {
	var o CreationOptions
	if err := unmarshalOptions(options, &o); err != nil {
		return nil, err
	}
	rpID, err := c.scope(o.RP.ID)
	if err != nil {
		return nil, err
	}
	o.normalise()
	if len(o.User.ID) == 0 || len(o.User.ID) > 64 {
		return nil, refuse("TypeError", "user.id has %d bytes", len(o.User.ID))
	}
	wishes, err := c.creationExtensions(&o)
	if err != nil {
		return nil, err
	}
	clientData := c.clientData("webauthn.create", o.Challenge)
	hash := sha256.Sum256(clientData)
	a, req, err := c.pick(&o, wishes)
	if err != nil {
		return nil, err
	}
	req.RPID = rpID
	req.ClientDataHash = hash[:]
	req.Hooks = c.Hooks
	if wishes.appIDExclude != "" && len(a.find(wishes.appIDExclude, req.Exclude, true)) > 0 {
		if err := a.ask(ctx, rpID, StatusOperationDenied); err != nil {
			return nil, exception(ctx, err)
		}
		return nil, exception(ctx, StatusCredentialExcluded)
	}
	if err := c.proveMake(ctx, a, req, o.AuthenticatorSelection.UserVerification); err != nil {
		return nil, exception(ctx, err)
	}
	secret, err := wishes.ask(ctx, a, req)
	if err != nil {
		return nil, exception(ctx, err)
	}
	m, err := a.makeCredential(ctx, req)
	if err != nil {
		return nil, exception(ctx, err)
	}
	results, err := wishes.results(m, secret)
	if err != nil {
		return nil, err
	}
	return c.registration(&o, a, m, clientData, results)
}

// pick chooses the authenticator that the options let the user use, and what to ask of it (Level 3 §5.1.3 step 20
// and following).
func (c *Client) pick(o *CreationOptions, wishes *creationWishes) (*Authenticator, *MakeRequest, error) {
	params := o.Parameters
	if len(params) == 0 {
		params = []Parameter{{"public-key", ES256}, {"public-key", RS256}}
	}
	if !slices.ContainsFunc(params, func(p Parameter) bool { return p.Type == "public-key" }) {
		return nil, nil, refuse("NotSupportedError", "no public-key parameter")
	}
	sel := &o.AuthenticatorSelection
	required := sel.ResidentKey == "required"
	for _, a := range c.Authenticators {
		have := a.Options()
		switch {
		case sel.Attachment != "" && sel.Attachment != have.attachment():
		case required && !have.ResidentKeys:
		case sel.UserVerification == "required" && !c.canVerify(a):
		case !wishes.fits(a):
		default:
			return a, &MakeRequest{
				RPName: o.RP.Name, UserHandle: o.User.ID, UserName: o.User.Name, DisplayName: o.User.DisplayName,
				Parameters: params, Exclude: ids(o.Exclude),
				Resident: required || sel.ResidentKey == "preferred" && have.ResidentKeys,
			}, nil
		}
	}
	return nil, nil, refuse("NotAllowedError", "no authenticator fits")
}

// registration builds the response. Without a wish for attestation the statement is dropped, self attestation with
// a zero AAGUID apart (Level 3 §5.1.3, "none").
func (c *Client) registration(o *CreationOptions, a *Authenticator, m *made, clientData []byte,
	results map[string]any) ([]byte, error) {
	att := m.attestation
	cred := m.credential
	have := a.Options()
	if o.Attestation == "none" {
		_, certified := att.Statement["x5c"]
		if att.Format != "packed" || certified || have.AAGUID != [16]byte{} {
			att.Format, att.Statement = "none", map[string]any{}
		}
		if c.EraseAAGUID && len(att.AuthData) >= 53 {
			att.AuthData = slices.Clone(att.AuthData)
			clear(att.AuthData[37:53])
		}
	}
	if h := c.Hooks.orNone().Attestation; h != nil {
		h(att)
	}
	object, err := encode(att)
	if err != nil {
		return nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(cred.Public())
	if err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	out := &RegistrationResponse{
		ID: base64.RawURLEncoding.EncodeToString(cred.ID), RawID: cred.ID, Type: "public-key",
		Response: RegistrationData{
			ClientDataJSON: clientData, AuthenticatorData: att.AuthData, Transports: have.Transports,
			PublicKey: spki, PublicKeyAlgorithm: cred.Algorithm, AttestationObject: object,
		},
		Attachment: have.attachment(), Extensions: results,
	}
	if h := c.Hooks.orNone().Registration; h != nil {
		h(out)
	}
	return json.Marshal(out)
}

// Get does what navigator.credentials.get does with parseRequestOptionsFromJSON before it and toJSON behind:
// options JSON in (bare, or with its publicKey member), AuthenticationResponseJSON out. Rejections are an *Error.
func (c *Client) Get(options []byte) ([]byte, error) {
	return c.GetContext(context.Background(), options)
}

// GetContext is Get with a signal to abort it, as CreateContext has one.
func (c *Client) GetContext(ctx context.Context, options []byte) ([]byte, error) {
	var o RequestOptions
	if err := unmarshalOptions(options, &o); err != nil {
		return nil, err
	}
	rpID, err := c.scope(o.RPID)
	if err != nil {
		return nil, err
	}
	wishes, err := c.requestExtensions(&o)
	if err != nil {
		return nil, err
	}
	clientData := c.clientData("webauthn.get", o.Challenge)
	hash := sha256.Sum256(clientData)
	allow := ids(o.Allow)
	if len(allow) == 0 && len(o.Allow) > 0 { // a list of types nobody knows is not "any credential"
		return nil, refuse("NotAllowedError", "no public-key credential is allowed")
	}
	last := error(refuse("NotAllowedError", "no authenticator holds a credential for %s", rpID))
	for _, a := range c.Authenticators {
		if o.UserVerification == "required" && !c.canVerify(a) {
			continue
		}
		scope := wishes.scope(a, rpID, allow)
		if scope == "" {
			continue
		}
		req := &GetRequest{ClientDataHash: hash[:], RPID: scope, Allow: allow, Hooks: c.Hooks, Choose: c.Choose}
		out, err := c.assert(ctx, a, req, wishes, o.UserVerification, clientData)
		if err == nil {
			return out, nil
		}
		if last = exception(ctx, err); ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// assert asks one authenticator.
func (c *Client) assert(ctx context.Context, a *Authenticator, req *GetRequest, wishes *requestWishes,
	verification string, clientData []byte) ([]byte, error) {
	blobs, err := c.proveGet(ctx, a, req, verification, wishes.write != nil)
	if err != nil {
		return nil, err
	}
	secret, err := wishes.ask(ctx, a, req)
	if err != nil {
		return nil, err
	}
	got, err := a.getAssertion(ctx, req)
	if err != nil {
		return nil, err
	}
	results, err := wishes.results(ctx, a, got, secret, blobs)
	if err != nil {
		return nil, err
	}
	have := a.Options()
	out := &AuthenticationResponse{
		ID: base64.RawURLEncoding.EncodeToString(got.Credential.ID), RawID: got.Credential.ID, Type: "public-key",
		Response: AssertionData{ClientDataJSON: clientData, AuthenticatorData: got.AuthData,
			Signature: got.Signature},
		Attachment: have.attachment(), Extensions: results,
	}
	if got.Credential.Resident {
		out.Response.UserHandle = got.Credential.UserHandle
	}
	if h := c.Hooks.orNone().Assertion; h != nil {
		h(out)
	}
	return json.Marshal(out)
}

// clientData builds clientDataJSON and lets the hooks at it.
func (c *Client) clientData(ceremony, challenge string) []byte {
	d := ClientData{
		Type: ceremony, Challenge: challenge, Origin: c.Origin,
		CrossOrigin: c.TopOrigin != "", TopOrigin: c.TopOrigin,
	}
	h := c.Hooks.orNone()
	if h.ClientData != nil {
		h.ClientData(&d)
	}
	out := d.Append(nil)
	if h.ClientDataJSON != nil {
		out = h.ClientDataJSON(out)
	}
	return out
}

// scope returns the effective RP ID, or a SecurityError when the origin may not use it (Level 3 §5.1.3 steps 7 and
// 8). There is no list of public suffixes here: any suffix with a dot in it is taken as registrable.
func (c *Client) scope(rpID string) (string, error) {
	u, err := url.Parse(c.Origin)
	if err != nil || u.Host == "" {
		return "", refuse("NotAllowedError", "an opaque origin")
	}
	host := u.Hostname()
	if net.ParseIP(host) != nil {
		return "", refuse("SecurityError", "%s is an address, not a domain", host)
	}
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return "", refuse("SecurityError", "%s is not a secure context", c.Origin)
	}
	if rpID == "" || rpID == host {
		return host, nil
	}
	if strings.HasSuffix(host, "."+rpID) && (strings.Contains(rpID, ".") || rpID == "localhost") {
		return rpID, nil
	}
	if c.Related != nil && slices.Contains(c.Related(rpID), c.Origin) {
		return rpID, nil
	}
	return "", refuse("SecurityError", "%s may not use the RP ID %s", c.Origin, rpID)
}

func (o *Options) attachment() string {
	if o.Platform {
		return "platform"
	}
	return "cross-platform"
}

// exception turns a CTAP status into what the page sees (Level 3 §5.1.3, §5.1.4).
func exception(ctx context.Context, err error) error {
	var s Status
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return refuse("AbortError", "%v", ctx.Err())
	case !errors.As(err, &s):
		return err
	}
	switch s {
	case StatusCredentialExcluded:
		return refuse("InvalidStateError", "the authenticator already holds one of the excluded credentials")
	case StatusUnsupportedAlgorithm:
		return refuse("NotSupportedError", "the authenticator has none of the algorithms")
	}
	return refuse("NotAllowedError", "%v", s)
}

func ids(list []Descriptor) [][]byte {
	out := make([][]byte, 0, len(list))
	for _, d := range list {
		if d.Type == "public-key" {
			out = append(out, d.ID)
		}
	}
	return out
}
