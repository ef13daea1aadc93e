package webauthn_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/auth/factortest"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A claimant is a person with one key at a browser.
type claimant struct{ browser *virtual.Client }

func (p claimant) Bind(c *auth.Ceremony) (json.RawMessage, error)   { return p.browser.Create(c.Prompt) }
func (p claimant) Answer(c *auth.Ceremony) (json.RawMessage, error) { return p.browser.Get(c.Prompt) }

// Wrong answers from a page of somebody else.
func (p claimant) Wrong(c *auth.Ceremony) (json.RawMessage, error) {
	faulty := *p.browser
	faulty.Hooks = &virtual.Hooks{ClientData: func(d *virtual.ClientData) { d.Origin = "https://evil.example" }}
	if c.Purpose == auth.ForBind {
		return faulty.Create(c.Prompt)
	}
	return faulty.Get(c.Prompt)
}

// TestFactorSuite holds the factor to what every factor is held to.
func TestFactorSuite(t *testing.T) {
	for name, tc := range map[string]struct {
		flavour  auth.Flavour
		device   virtual.Options
		verified bool
	}{
		"key": {auth.SecurityKey, virtual.Options{}, false},
		"passkey": {auth.Passkey, virtual.Options{Platform: true, ResidentKeys: true,
			UserVerification: virtual.UVSucceeds}, true},
	} {
		t.Run(name, func(t *testing.T) {
			factortest.Run(t, factortest.Suite{
				New: func() auth.Factor { return newFactor(t, nil) },
				Claimant: func(n int) factortest.Claimant {
					o := tc.device
					o.Seed = fmt.Append(nil, "person ", n)
					return claimant{&virtual.Client{Origin: origin,
						Authenticators: []*virtual.Authenticator{device(t, o)}}}
				},
				Input:        func(int) auth.BindInput { return auth.BindInput{Flavour: tc.flavour} },
				Wrong:        []auth.Code{auth.KeyOriginWrong, auth.KeyWrong},
				Malformed:    []auth.Code{auth.KeyMalformed, auth.TooLarge, auth.DuplicateMember},
				Replayed:     []auth.Code{auth.KeyFrozen},
				UserVerified: tc.verified,
				Stores:       true,
			})
		})
	}
}
