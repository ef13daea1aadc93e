package totp

import (
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

var _ auth.FixtureMaker = (*Factor)(nil)

// MakeFixture makes an app with the secret of the form, or with one that is drawn.
func (f *Factor) MakeFixture(p auth.FixtureInput) (*auth.Authenticator, *auth.FixtureSecrets, error) {
	text := strings.ToUpper(strings.TrimRight(strings.ReplaceAll(p.Secret, " ", ""), "="))
	if text == "" {
		secret, err := generate(p.Random)
		if err != nil {
			return nil, nil, err
		}
		text = b32().EncodeToString(secret)
	}
	r := record{Secret: text, Algorithm: f.config.Algorithm, Digits: f.config.Digits, Period: int64(f.config.Period),
		Last: -1}
	if r.check() != nil {
		return nil, nil, auth.RefuseField(auth.MalformedRequest, "secret")
	}
	a, err := bound(auth.TOTP, r)
	return a, &auth.FixtureSecrets{Secret: text}, err
}
