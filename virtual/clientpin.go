package virtual

import (
	"context"
)

// browser is the browser's end of the cable. It draws from the seed as well, so that the same calls give the same
// bytes.
func (a *Authenticator) browser() *Platform {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.draws++
	return &Platform{Send: a.Command, Rand: newStream(a.options.Seed, "browser", a.draws)}
}

// typesPIN reports whether a PIN is set and the user types one.
func (c *Client) typesPIN(a *Authenticator) bool { return c.PIN != "" && a.pinSet() }

// canVerify reports whether the user can be verified at all, be it by setting a PIN first.
func (c *Client) canVerify(a *Authenticator) bool {
	return a.builtIn() || c.PIN != "" && a.options.ClientPIN
}

// A proof is how the user is verified for one command.
type proof struct {
	verify   bool   // the uv option
	auth     []byte // pinUvAuthParam
	protocol int
	token    *Token
}

// proveMake decides whether the user is verified for a registration and has her verified. Beyond what the relying
// party wishes, an authenticator that is protected verifies for every discoverable credential (makeCredUvNotRqd,
// CTAP 2.1 §6.1.2 step 7).
func (c *Client) proveMake(ctx context.Context, a *Authenticator, req *MakeRequest, requirement string) error {
	forced := a.alwaysUV() || req.Resident && a.protected()
	if a.options.Version == FIDO20 {
		forced = a.pinSet()
	}
	p, err := c.prove(ctx, a, requirement, forced, PermitMakeCredential, req.RPID, req.ClientDataHash)
	if err != nil {
		return err
	}
	req.Verify = p.verify
	req.PINAuth = p.auth
	req.PINProtocol = p.protocol
	return nil
}

// proveGet is proveMake for an assertion. The token is returned for a large blob that is written afterwards.
func (c *Client) proveGet(ctx context.Context, a *Authenticator, req *GetRequest, requirement string,
	write bool) (*Token, error) {
	permissions := PermitGetAssertion
	if write && a.has(extLargeBlobKey) {
		permissions |= PermitLargeBlobWrite
	}
	forced := a.alwaysUV() || permissions != PermitGetAssertion && a.protected()
	p, err := c.prove(ctx, a, requirement, forced, permissions, req.RPID, req.ClientDataHash)
	if err != nil {
		return nil, err
	}
	req.Verify = p.verify
	req.PINAuth = p.auth
	req.PINProtocol = p.protocol
	return p.token, nil
}

// prove has the user verified if it is required, or preferred and possible: by what is built in, or else, and when
// that does not let her pass, by the PIN she types. Built-in verification gives a token only where one is needed.
func (c *Client) prove(ctx context.Context, a *Authenticator, requirement string, forced bool, permissions int,
	rpID string, hash []byte) (*proof, error) {
	pin := c.typesPIN(a)
	required := requirement == "required" || forced
	switch {
	case !required && (requirement == "discouraged" || !a.builtIn() && !pin):
		return &proof{}, nil
	case a.builtIn() && (!pin || a.options.UserVerification == UVSucceeds):
		if permissions&PermitLargeBlobWrite == 0 {
			return &proof{verify: true}, nil
		}
		token, err := a.browser().UVToken(ctx, permissions, rpID)
		return proofOf(token, hash), err
	case c.PIN == "" || !a.options.ClientPIN:
		return &proof{}, nil // the authenticator refuses if it must
	}
	p := a.browser()
	if !pin {
		if err := p.SetPIN(ctx, c.PIN); err != nil {
			return nil, err
		}
	}
	if a.options.Version == FIDO20 {
		permissions = 0
	}
	token, err := p.PINToken(ctx, c.PIN, permissions, rpID)
	return proofOf(token, hash), err
}

func proofOf(t *Token, hash []byte) *proof {
	if t == nil {
		return &proof{}
	}
	return &proof{auth: t.Authenticate(hash), protocol: t.Protocol, token: t}
}
