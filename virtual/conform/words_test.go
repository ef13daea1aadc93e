package conform_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A server that says in words what it refuses, and has no codes, is understood.
func TestWordsOfATalkativeParty(t *testing.T) {
	rep := run(t, fixture(t), fault.Catalogue(),
		conform.Options{Seed: "words", Parallel: 4, Oracle: conform.WordOracle()})
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

// What was learned from a run reads another of the same party, and is a draft: it takes what it was taught for right.
func TestAnOracleIsLearnedFromOneRun(t *testing.T) {
	deaf := &conform.Oracle{}
	first := run(t, fixture(t), rows(), conform.Options{Seed: "first", Parallel: 4, Oracle: deaf})
	if first.Summary.Verdicts[conform.Unconfirmed] == 0 {
		t.Fatalf("by an oracle that knows nothing: got %s", first.Line())
	}
	for _, res := range first.Results { // of a party without codes
		if res.Answer != nil {
			res.Answer.Code = ""
		}
	}
	draft := conform.Learn(first)
	learned, err := conform.ReadOracle(bytes.NewReader(draft))
	if err != nil {
		t.Fatalf("got a draft that cannot be read: %v\n%s", err, draft)
	}
	second := run(t, fixture(t), rows(), conform.Options{Seed: "second", Parallel: 4, Oracle: learned})
	for _, res := range second.Results {
		if res.Verdict == conform.Unconfirmed {
			t.Errorf("%s: got %s, want it read as it was learned", res.ID, res.Detail)
		}
	}
	for _, want := range []string{"reasons: [origin]", "# ", "reg-"} {
		if !strings.Contains(string(draft), want) {
			t.Errorf("got no %q in the draft:\n%s", want, draft)
		}
	}
	dumb := second
	for _, res := range dumb.Results {
		if res.Answer != nil {
			res.Answer.Code, res.Answer.Text = "", "no"
		}
	}
	if draft := string(conform.Learn(dumb)); strings.Contains(draft, "\n  - {match") {
		t.Errorf("one word for everything: got it taken for a reason:\n%s", draft)
	}
}
