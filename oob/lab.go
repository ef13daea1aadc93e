package oob

import (
	"encoding/json"
	"fmt"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

var _ auth.FixtureMaker = (*Factor)(nil)

// MakeFixture makes a number or a mailbox to which no code was sent yet.
func (f *Factor) MakeFixture(p auth.FixtureInput) (*auth.Authenticator, *auth.FixtureSecrets, error) {
	input, err := json.Marshal(auth.BindInput{Phone: ident.Phone(p.Number), Email: ident.Email(p.Address)})
	if err != nil {
		return nil, nil, fmt.Errorf("writing the input of a binding: %w", err)
	}
	to, err := f.chosen(input)
	if err != nil {
		return nil, nil, err
	}
	data, err := json.Marshal(record{Last: 1}) // before any code that will be made
	if err != nil {
		return nil, nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	return &auth.Authenticator{Kind: f.kind, Recipient: to, Data: data, Traits: f.traits(to)}, &auth.FixtureSecrets{}, nil
}
