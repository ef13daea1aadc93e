package conform_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A server that says in words what it refuses, and has no codes, is understood.
func TestWordsOfATalkativeParty(t *testing.T) {
	rep := run(t, fixture(t), fault.Catalogue(), conform.Options{Seed: "words", Parallel: 4, Oracle: conform.WordOracle()})
	refused := 0
	for _, res := range rep.Results {
		if res.Answer != nil && !res.Answer.Accepted {
			refused++
		}
		if res.Verdict == conform.Unconfirmed {
			t.Errorf("%s (%s): %s", res.ID, res.Reason, res.Detail)
		}
	}
	t.Logf("%d refusals", refused)
}
