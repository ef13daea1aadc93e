package totp

import (
	"cmp"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

var _ auth.FixtureMaker = (*Factor)(nil)

var _ auth.FixtureMaker = (*Counter)(nil)

// fixtureSecret is the secret of a form in base32, or one that is drawn.
func fixtureSecret(p auth.FixtureInput) (string, error) {
	text := strings.ToUpper(strings.TrimRight(strings.ReplaceAll(p.Secret, " ", ""), "="))
	if text != "" {
		return text, nil
	}
	secret, err := generate(p.Random)
	return b32().EncodeToString(secret), err
}

// MakeFixture makes the touch codes of a key, or a token by count that stands in no stock, with the secret of the form
// or with one that is drawn.
func (f *Counter) MakeFixture(p auth.FixtureInput) (*auth.Authenticator, *auth.FixtureSecrets, error) {
	text, err := fixtureSecret(p)
	if err != nil {
		return nil, nil, err
	}
	k := count{Secret: text, Algorithm: f.config.Algorithm, Digits: f.config.Digits, Next: uint64(p.Counter)}
	switch {
	case stored(k.Secret, k.Algorithm, k.Digits) != nil:
		return nil, nil, auth.RefuseField(auth.MalformedRequest, "secret")
	case k.check() != nil: // one below 0 is too high as well
		return nil, nil, auth.RefuseField(auth.MalformedRequest, "counter")
	}
	a, err := bound(auth.HOTP, k)
	if a != nil {
		a.Traits.Flavour = cmp.Or(p.Flavour, auth.TouchCode)
		if a.Traits.Flavour == auth.HardwareToken {
			a.Traits.Serial = p.Serial
		}
	}
	return a, &auth.FixtureSecrets{Secret: text}, err
}

// MakeFixture makes an app with the secret of the form, or with one that is drawn.
func (f *Factor) MakeFixture(p auth.FixtureInput) (*auth.Authenticator, *auth.FixtureSecrets, error) {
	text, err := fixtureSecret(p)
	if err != nil {
		return nil, nil, err
	}
	r := record{Secret: text, Algorithm: f.config.Algorithm, Digits: f.config.Digits, Period: int64(f.config.Period),
		Last: -1}
	if r.check() != nil {
		return nil, nil, auth.RefuseField(auth.MalformedRequest, "secret")
	}
	a, err := bound(auth.TOTP, r)
	return a, &auth.FixtureSecrets{Secret: text}, err
}
