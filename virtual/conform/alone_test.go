package conform_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// forgetful serves the fixture as a party that keeps one state for everybody: whoever comes, it is the same session.
func forgetful(t *testing.T) fault.Party {
	t.Helper()
	p := fixture(t)
	whole, first := p.Handler(), httptest.NewRecorder()
	whole.ServeHTTP(first, httptest.NewRequest(http.MethodPost, "/assertion/options", http.NoBody))
	begun := httptest.NewRecorder()
	whole.ServeHTTP(begun, httptest.NewRequest(http.MethodPost, "/assertion/result", http.NoBody))
	cookie := begun.Result().Cookies()[0]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Cookie", cookie.Name+"="+cookie.Value)
		whole.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	opened, err := conform.FIDO{
		Target:   conform.Target{URL: s.URL, Origin: p.About().Origin, RPID: p.About().RPID},
		Features: atHand(p.About().Features),
	}.Open()
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// A party that keeps one state for everybody is found out and played one fault at a time; others are not.
func TestOneStateForEverybodyIsPlayedAlone(t *testing.T) {
	rep := run(t, forgetful(t), rows(), conform.Options{Seed: "alone", Parallel: 8})
	if !rep.Alone {
		t.Error("got faults played at the same time, want one at a time")
	}
	nonsense := []conform.Verdict{conform.OverStrict, conform.Inconclusive, conform.Unconfirmed}
	for _, res := range rep.Results {
		if slices.Contains(nonsense, res.Verdict) {
			t.Errorf("%s: got %s (%s), want no nonsense", res.ID, res.Verdict, res.Detail)
		}
	}
	if rep := run(t, overHTTP(t, fixture(t)), rows()[:2], conform.Options{Seed: "many", Parallel: 8}); rep.Alone {
		t.Error("a party with sessions: got it played one at a time")
	}
	if rep := run(t, forgetful(t), rows()[:2], conform.Options{Seed: "one", Parallel: 1}); rep.Alone {
		t.Error("asked to play one at a time: got it found out, want it not tried")
	}
}
