package totp

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// validate says what is wrong with a token; the error holds no secret. A stock
// is another package's: what comes from it is checked like what was stored.
func validate(t *auth.Token) error {
	switch {
	case t.Kind == auth.HOTP && (t.Counter > maxCounter || t.Period != 0):
		return errors.New("reading a token: its counter is too high, or it has a period")
	case t.Kind == auth.TOTP && (t.Period < minPeriod || t.Period > maxPeriod || t.Counter != 0):
		return errors.New("reading a token: its period is too short or too long, or it has a counter")
	case t.Kind != auth.HOTP && t.Kind != auth.TOTP:
		return errors.New("reading a token: neither time-based nor counter-based")
	}
	if err := params(t.Secret, Algorithm(t.Algorithm), t.Digits); err != nil {
		return fmt.Errorf("reading a token: %w", err)
	}
	return nil
}

// claim is what the claim of a hardware token remembers in Ceremony.State: that
// it is one. Which token it is about is the caller's to know.
type claim struct {
	Claims bool `json:"cl"`
}

func beginClaim(c *auth.Ceremony, serial string) (err error) {
	if c.State, err = json.Marshal(claim{Claims: true}); err != nil {
		return fmt.Errorf("writing the state of a claim: %w", err)
	}
	if c.Prompt, err = json.Marshal(prompt{Serial: serial}); err != nil {
		return fmt.Errorf("writing the prompt of a claim: %w", err)
	}
	return nil
}

// claims reports whether a binding is the claim of a token.
func claims(c *auth.Ceremony) bool {
	var s claim
	return json.Unmarshal(c.State, &s) == nil && s.Claims
}

// finishClaim compares two codes in a row with the token that the caller has
// found, or with nobody's where it has found none: neither the answer nor the
// time that it takes tells which.
func (f *Counter) finishClaim(c *auth.Ceremony, response json.RawMessage) (*auth.Authenticator, error) {
	pair, err := typedPair(response)
	if err != nil {
		return nil, err
	}
	t := c.Token
	if t == nil {
		n := count{Secret: nobody, Algorithm: f.config.Algorithm, Digits: len(pair[0])}
		if _, _, err := searchPair(n.code, pair, 0, f.config.reach()); err != nil {
			return nil, err
		}
		return nil, auth.RefuseField(auth.TokenWrong, "serial")
	}
	if err := validate(t); err != nil {
		return nil, err
	}
	data, err := f.firstOf(t, pair, wall(c))
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, auth.RefuseField(auth.TokenWrong, "serial")
	}
	a, err := bound(auth.HOTP, data)
	if a != nil {
		a.Traits.Flavour = auth.HardwareToken
		a.Traits.Serial, a.Traits.Model = t.Serial, t.Model
	}
	return a, err
}

// firstOf is what is to be stored of a token whose two codes these are, nil if they are not.
func (f *Counter) firstOf(t *auth.Token, pair [2]string, now time.Time) (moving, error) {
	secret := b32().EncodeToString(t.Secret)
	if t.Kind == auth.HOTP {
		n := count{Secret: secret, Algorithm: Algorithm(t.Algorithm), Digits: t.Digits, Next: t.Counter}
		at, found, err := searchPair(n.code, pair, int64(n.Next), f.config.reach())
		n.Next = uint64(at) + 2
		if err != nil || !found {
			return nil, err
		}
		return n, nil
	}
	k := ticks{Secret: secret, Algorithm: Algorithm(t.Algorithm), Digits: t.Digits, Period: int64(t.Period),
		Drift: int64(t.Drift)}
	here := now.Unix() / k.Period
	half := int64(f.config.reach() / 2)
	from, to := max(here+k.Drift-half, t.Last+1), here+k.Drift+half
	at, found, err := searchPair(k.code, pair, from, int(to-from))
	if err != nil || !found {
		return nil, err
	}
	return k.at(at+1, here), nil
}

// reach is within how many places two codes in a row are believed.
func (c Config) reach() int { return max(c.Resync, c.LookAhead) }

// Reached says how far a token of the stock has come since it was bound.
func (f *Counter) Reached(a *auth.Authenticator) auth.Reached {
	if movings, err := readMovings([]*auth.Authenticator{a}); err == nil {
		switch m := movings[0].(type) {
		case count:
			return auth.Reached{Counter: m.Next}
		case ticks:
			return auth.Reached{Drift: int(m.Drift), Last: m.Last}
		}
	}
	return auth.Reached{} // what cannot be read must not keep it from being removed
}
