package yubiotp

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/latchkey-auth/latchkey/auth"
)

var _ auth.FixtureMaker = (*Factor)(nil)

// MakeFixture makes a key that was programmed with the values of the form, or with some that are drawn, and has typed
// no code yet.
func (f *Factor) MakeFixture(p auth.FixtureInput) (*auth.Authenticator, *auth.FixtureSecrets, error) {
	drawing := Factor{Rand: p.Random}
	s, _, err := drawing.slot(auth.KeyValues{PublicID: p.PublicID, PrivateID: p.PrivateID, Secret: p.Secret})
	if err != nil {
		return nil, nil, auth.RefuseField(auth.MalformedRequest, "secret")
	}
	var none told
	data, err := json.Marshal(record{slot: s, Rest: hex.EncodeToString(none.rest[:])})
	if err != nil {
		return nil, nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	return &auth.Authenticator{Kind: auth.YubiOTP, Digest: s.digest(), Data: data},
		&auth.FixtureSecrets{Secret: s.Secret, PublicID: s.Public, PrivateID: s.Private}, nil
}
