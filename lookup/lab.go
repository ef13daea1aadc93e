package lookup

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

var _ auth.FixtureMaker = (*Factor)(nil)

// MakeFixture makes a set of the codes of the form, or of ten that are drawn. Its hash is the quickest that a set may
// have: codes that testers know protect nothing.
func (f *Factor) MakeFixture(p auth.FixtureInput) (*auth.Authenticator, *auth.FixtureSecrets, error) {
	set := record{Salt: make([]byte, saltSize), Iterations: leastIterations}
	if _, err := io.ReadFull(p.Random, set.Salt); err != nil {
		return nil, nil, fmt.Errorf("making recovery codes: %w", err)
	}
	drawn, shown := Factor{Rand: p.Random}, p.Codes
	for len(shown) < codes && len(p.Codes) == 0 {
		code, err := drawn.draw()
		if err != nil {
			return nil, nil, err
		}
		shown = append(shown, code[:symbols/2]+"-"+code[symbols/2:])
	}
	for _, text := range shown {
		code, ok := clean(strings.NewReplacer("-", "", " ", "").Replace(text))
		if !ok || len(shown) > codes {
			return nil, nil, auth.RefuseField(auth.MalformedRequest, "codes")
		}
		sum, err := set.sum(code)
		if err != nil {
			return nil, nil, err
		}
		set.Sums = append(set.Sums, sum...)
	}
	set.Used = make([]int64, len(shown))
	data, err := json.Marshal(set)
	if err != nil {
		return nil, nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	return &auth.Authenticator{Kind: auth.Lookup, Data: data, Traits: auth.Traits{Left: set.left()}},
		&auth.FixtureSecrets{Codes: shown}, nil
}
