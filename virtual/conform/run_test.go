package conform_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// fixture makes a fixture party that checks everything but without.
func fixture(t testing.TB, without ...fault.Check) *party.Party {
	t.Helper()
	return partyOf(t, party.Options{Without: without})
}

func partyOf(t testing.TB, o party.Options) *party.Party {
	t.Helper()
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("fixture")})
	if err != nil {
		t.Fatal(err)
	}
	o.Origin = "https://shop.example"
	o.RPID = "shop.example"
	o.CA = ca
	o.Seed = []byte("fixture")
	p, err := party.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func run(t testing.TB, p fault.Party, faults []*fault.Fault, o conform.Options) *conform.Report {
	t.Helper()
	if o.Oracle == nil {
		o.Oracle = conform.ReasonOracle()
	}
	rep, err := conform.Run(t.Context(), p, faults, o)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// rows is the catalogue, or an eighth of it where time is short.
func rows() []*fault.Fault {
	all := fault.Catalogue()
	if !testing.Short() {
		return all
	}
	var some []*fault.Fault
	for i := 0; i < len(all); i += 8 {
		some = append(some, all[i])
	}
	return some
}

// fine reports whether a result is as a correct party has it.
func fine(res *conform.Result) bool {
	return slices.Contains([]conform.Verdict{conform.Pass, conform.Noted, conform.Skipped}, res.Verdict)
}

// wrong lists what is not.
func wrong(rep *conform.Report) []string {
	var out []string
	for _, res := range rep.Results {
		if !fine(res) {
			out = append(out, string(res.Verdict)+" "+res.ID+" (check "+string(res.Check)+"): "+res.Detail)
		}
	}
	return out
}

// Where relying parties differ and all are right, none is called broken: one open ceremony a session, or many that are
// told apart by their challenges.
func TestCorrectPartiesOfEveryKindAreClean(t *testing.T) {
	for _, otherwise := range []bool{false, true} {
		p := partyOf(t, party.Options{Otherwise: otherwise})
		rep := run(t, p, fault.Catalogue(), conform.Options{Seed: "clean", Strict: true, Parallel: 8})
		if bad := wrong(rep); len(bad) > 0 {
			t.Errorf("otherwise %t: got %d wrong, want none:\n%s", otherwise, len(bad), strings.Join(bad, "\n"))
		}
		if got, want := rep.CoverageLine(), "29 of 29 and 25 of 25 steps"; got != want ||
			rep.Summary.Exit != conform.ExitAsExpected {
			t.Errorf("otherwise %t: got %s and exit %d, want %s and 0: %s", otherwise, got, rep.Summary.Exit,
				want, rep.Line())
		}
		web := run(t, overHTTP(t, partyOf(t, party.Options{Otherwise: otherwise})), rows(),
			conform.Options{Seed: "web", Strict: true, Parallel: 8})
		if bad := wrong(web); len(bad) > 0 {
			t.Errorf("otherwise %t, over HTTP: got %d wrong, want none:\n%s", otherwise, len(bad),
				strings.Join(bad, "\n"))
		}
	}
}

// A waiver excuses any row, whatever its class, and its reason stands in every report; what needs none keeps its
// verdict.
func TestWaiversStandInEveryReport(t *testing.T) {
	const why = "frames are checked by the gateway"
	var faults []*fault.Fault
	for _, id := range []string{"reg-cross-origin", "reg-presence", "reg-plain"} {
		faults = append(faults, fault.Find(id))
	}
	play := func(o conform.Options) *conform.Report {
		o.Seed, o.Strict = "waived", true
		return run(t, fixture(t, fault.CheckCreateCrossOrigin), faults, o)
	}
	if rep := play(conform.Options{}); rep.Summary.Exit != conform.ExitGap {
		t.Fatalf("without a waiver: got exit %d, want a gap: %s", rep.Summary.Exit, rep.Line())
	}
	rep := play(conform.Options{Waive: map[string]string{"reg-cross-origin": why, "reg-presence": why}})
	if rep.Summary.Exit != conform.ExitAsExpected || rep.Summary.Verdicts[conform.Waived] != 1 ||
		rep.Summary.Verdicts[conform.Pass] != 2 {
		t.Errorf("got exit %d, %s, want 0 with one waived and two passed", rep.Summary.Exit, rep.Line())
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"json": func(b *bytes.Buffer) error { return rep.WriteJSON(b) }, "junit": func(b *bytes.Buffer) error {
			return rep.WriteJUnit(b)
		},
		"html": func(b *bytes.Buffer) error { return rep.WriteHTML(b) }, "recording": func(b *bytes.Buffer) error {
			return rep.WriteRecording(b)
		},
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil || !strings.Contains(b.String(), why) ||
			!strings.Contains(b.String(), "it was gap") {
			t.Errorf("%s: got neither the reason nor what it was (%v):\n%s", name, err, b.String())
		}
		if name != "recording" {
			continue
		}
		back, err := conform.ReadRecording(&b)
		if err != nil {
			t.Fatal(err)
		}
		if again := conform.Judge(back, faults,
			conform.Options{Oracle: conform.ReasonOracle()}); again.Summary.Verdicts[conform.Waived] != 1 {
			t.Errorf("judged again: got %s, want it waived as before", again.Line())
		}
	}
	if _, err := conform.Run(t.Context(), fixture(t), faults,
		conform.Options{Waive: map[string]string{"reg-presence": ""}}); err == nil {
		t.Error("got a run with a waiver that has no reason, want an error")
	}
}

func TestAPartyThatRefusesEverythingProvesNothing(t *testing.T) {
	rep := run(t, partyOf(t, party.Options{RefuseAll: true}), fault.Catalogue(),
		conform.Options{Seed: "no", Parallel: 8})
	for _, res := range rep.Results {
		if res.Verdict != conform.Inconclusive && res.Verdict != conform.Skipped {
			t.Errorf("%s: got %s (%s), want inconclusive", res.ID, res.Verdict, res.Detail)
		}
	}
	if rep.Summary.Exit != conform.ExitInconclusive || rep.Summary.Verdicts[conform.Inconclusive] == 0 {
		t.Errorf("got exit %d, %s, want inconclusive", rep.Summary.Exit, rep.Line())
	}
}

// With any one check removed, what names that check is found, and nothing else. That each fault breaks one check alone
// is proved by package party for all pairs; here a twentieth of the others is played beside, another for each check,
// against parties of both kinds; where time is short a hundredth, and parties of the two kinds by turns.
func TestEveryRemovedCheckIsNamed(t *testing.T) {
	others := 20
	if testing.Short() {
		others = 100
	}
	for i, d := range fault.Demands() {
		var faults []*fault.Fault
		named := 0
		for j, f := range fault.Catalogue() {
			if f.Check == d.Check {
				named++
			}
			if f.Check == d.Check || (i+j)%others == 0 {
				faults = append(faults, f)
			}
		}
		t.Run(string(d.Check), func(t *testing.T) {
			if named == 0 {
				t.Fatal("no fault names this check")
			}
			kinds := []bool{false, true}
			if testing.Short() {
				kinds = kinds[i%2 : i%2+1]
			}
			for _, otherwise := range kinds {
				p := partyOf(t, party.Options{Without: []fault.Check{d.Check}, Otherwise: otherwise})
				rep := run(t, p, faults, conform.Options{Seed: "less", Parallel: 2, Strict: true})
				found := 0
				for _, res := range rep.Results {
					switch {
					case res.Check == d.Check: // a gap, lax, or a row of policy; or refused by what it breaks besides
						if res.Answer != nil && res.Answer.Accepted {
							found++
						}
					case fine(res):
					default:
						t.Errorf("got %s %s of check %s: %s", res.Verdict, res.ID, res.Check, res.Detail)
					}
				}
				if found == 0 {
					t.Errorf("otherwise %t: the removed check went unnoticed: %s", otherwise, rep.Line())
				}
			}
		})
	}
}

// overHTTP serves a fixture party by its own conformance API and opens it through the FIDO adapter.
func overHTTP(t testing.TB, p *party.Party) fault.Party {
	t.Helper()
	s := httptest.NewServer(p.Handler())
	t.Cleanup(s.Close)
	about := p.About()
	opened, err := conform.FIDO{
		Target:   conform.Target{URL: s.URL, Origin: about.Origin, RPID: about.RPID, CA: about.CA},
		Features: atHand(about.Features),
	}.Open()
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// atHand is what can be asked for over the conformance API: it has no desk, and no wish for trust.
func atHand(all []fault.Feature) []fault.Feature {
	return slices.DeleteFunc(slices.Clone(all), func(f fault.Feature) bool {
		return slices.Contains([]fault.Feature{fault.Expiry, fault.Removal, fault.Disabling, fault.Trust}, f)
	})
}

func TestOverHTTPNothingChanges(t *testing.T) {
	if bad := wrong(run(t, overHTTP(t, fixture(t)), rows(), conform.Options{Parallel: 8, Strict: true})); len(bad) > 0 {
		t.Errorf("correct party: got %d wrong, want none:\n%s", len(bad), strings.Join(bad, "\n"))
	}
	rep := run(t, overHTTP(t, fixture(t, fault.CheckCreateOrigin)), rows(), conform.Options{Parallel: 8, Strict: true})
	for _, res := range rep.Results {
		if gap := res.Verdict == conform.Gap; gap != (res.Check == fault.CheckCreateOrigin &&
			res.Verdict != conform.Skipped) {
			t.Errorf("without the check of origins: got %s %s (%s)", res.Verdict, res.ID, res.Detail)
		}
	}
}

// A mapping is worth as much as an adapter in Go: this is the conformance API, written down in YAML.
const fidoMapping = `version: 1
name: fido
features: [discoverable, verification, second-visit, second-key, attestation, unique-ids, sign-counter, fido-u2f, tpm, android-key, apple, compound]
vars: {conveyance: direct}
register:
  begin:
    path: /attestation/options
    body: >-
      {"username":{{json .name}},"displayName":{{json .name}},"attestation":{{json .conveyance}},"authenticatorSelection":
      {"residentKey":{{json .resident}},"requireResidentKey":{{.discoverable}},"userVerification":{{json .verification}}}}
    accepted: {status: [200], json: {$.status: ok}}
  finish:
    path: /attestation/result
    body: '{{.response}}'
    accepted: &ok {json: {$.status: ok}}
    code: $.code
    text: $.errorMessage
    step: $.step
sign_in:
  begin:
    path: /assertion/options
    body: '{ {{- if not .discoverable}}"username":{{json .name}},{{end}}"userVerification":{{json .verification}}}'
    accepted: {status: [200], json: {$.status: ok}}
  finish:
    path: /assertion/result
    body: '{{.response}}'
    accepted: *ok
    code: $.code
    text: $.errorMessage
`

func TestAMappingIsWorthAnAdapter(t *testing.T) {
	m, err := conform.ReadMapping(strings.NewReader(fidoMapping))
	if err != nil {
		t.Fatal(err)
	}
	for _, without := range [][]fault.Check{nil, {fault.CheckCreateChallenge}} {
		p := fixture(t, without...)
		s := httptest.NewServer(p.Handler())
		defer s.Close()
		opened, err := m.Open(conform.Target{URL: s.URL, Origin: p.About().Origin, RPID: p.About().RPID})
		if err != nil {
			t.Fatal(err)
		}
		rep := run(t, opened, rows(), conform.Options{Parallel: 8, Strict: true})
		for _, res := range rep.Results {
			if gap := res.Verdict == conform.Gap; gap != (without != nil && res.Check == without[0] &&
				res.Verdict != conform.Skipped) {
				t.Errorf("without %v: got %s %s (%s)", without, res.Verdict, res.ID, res.Detail)
			}
		}
		if without == nil {
			if bad := wrong(rep); len(bad) > 0 {
				t.Errorf("got %d wrong, want none:\n%s", len(bad), strings.Join(bad, "\n"))
			}
		}
	}
}

// The same seed and the same party give the same bytes; the party that knows the seed's users gets others.
func TestASeedMakesARunTheSame(t *testing.T) {
	responses := func(rep *conform.Report) string {
		var b strings.Builder
		for _, res := range rep.Results {
			for _, e := range res.Exchanges {
				b.WriteString(e.Response)
			}
		}
		return b.String()
	}
	faults := fault.Catalogue()[:20]
	first := fixture(t)
	one := run(t, first, faults, conform.Options{Seed: "same", Parallel: 1})
	two := run(t, fixture(t), faults, conform.Options{Seed: "same", Parallel: 1})
	if responses(one) != responses(two) || responses(one) == "" {
		t.Error("the same seed gave other responses, want the same to the byte")
	}
	again := run(t, first, faults, conform.Options{Seed: "same", Parallel: 4})
	if bad := wrong(again); len(bad) > 0 {
		t.Errorf("the same seed again at the same party: got %d wrong, want none:\n%s", len(bad),
			strings.Join(bad, "\n"))
	}
	if _, err := conform.Run(t.Context(), first, faults, conform.Options{Seed: "no blanks"}); err == nil {
		t.Error("got a run with a seed that is none, want an error")
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	faults := fault.Catalogue()
	rep, err := conform.Run(ctx, fixture(t), faults, conform.Options{
		Parallel: 3, Oracle: conform.ReasonOracle(),
		Progress: func(p conform.Progress) {
			if p.Done == 5 {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) || rep == nil {
		t.Fatalf("got %v, want a report and that it was cancelled", err)
	}
	left := rep.Summary.Verdicts[conform.Inconclusive]
	if len(rep.Results) != len(faults) || left < len(faults)-5-3-rep.Summary.Verdicts[conform.Skipped] {
		t.Errorf("got %d results, %d inconclusive of %d, want all that were not played", len(rep.Results), left,
			len(faults))
	}
}

// An answer that never comes costs one fault its time, not the run.
func TestEveryFaultIsBounded(t *testing.T) {
	hung := make(chan struct{})
	p := fixture(t)
	handler := p.Handler()
	var signIns atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stuck := false
		if r.URL.Path == "/assertion/result" {
			stuck = signIns.Add(1) == 10 // of a fault, or of a twin: what finds the party out comes before
		}
		if stuck {
			select {
			case <-hung:
			case <-r.Context().Done():
			}
			return
		}
		handler.ServeHTTP(w, r)
	}))
	defer s.Close()
	defer close(hung)
	opened, err := conform.FIDO{Target: conform.Target{URL: s.URL, Origin: p.About().Origin, RPID: p.About().RPID,
		Timeout: 200 * time.Millisecond}}.Open()
	if err != nil {
		t.Fatal(err)
	}
	rep := run(t, opened, rows(), conform.Options{Parallel: 4})
	if rep.Summary.Verdicts[conform.Inconclusive] == 0 || rep.Summary.Verdicts[conform.Pass] == 0 {
		t.Errorf("got %s, want some inconclusive, and the others played", rep.Line())
	}
}

func TestNobodyThere(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	opened, err := conform.FIDO{Target: conform.Target{URL: s.URL}}.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conform.Run(t.Context(), opened, fault.Catalogue(), conform.Options{}); !errors.Is(err,
		conform.ErrUnreachable) {
		t.Errorf("got %v, want ErrUnreachable", err)
	}
}
