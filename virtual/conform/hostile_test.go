package conform_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// Relying parties that do everything but judge: always, or where they should refuse. None may earn a pass for that.
func TestPartiesThatJudgeNothingProveNothing(t *testing.T) {
	say := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		result  http.HandlerFunc
		refusal conform.Verdict // on a fault that must be refused, when this is the answer
	}{
		"accepts":       {say(200, `{"status":"ok","errorMessage":""}`), conform.Gap},
		"says one word": {say(400, `{"status":"failed","errorMessage":"no"}`), conform.Unconfirmed},
		"breaks down":   {say(500, `{"status":"failed","errorMessage":"origin"}`), conform.Crash},
		"is busy":       {say(429, `{"status":"failed","errorMessage":"origin"}`), conform.Inconclusive},
		"talks garbage": {say(200, `{"status":"ok"`), conform.Inconclusive},
		"talks nothing": {say(200, ""), conform.Inconclusive},
		"talks HTML":    {say(200, "<!doctype html><title>Error</title>"), conform.Inconclusive},
		"sends a list":  {say(200, `["ok"]`), conform.Inconclusive},
		"sends elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		}, conform.Unconfirmed},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, conform.Crash},
		"never ends": {func(w http.ResponseWriter, _ *http.Request) {
			block := []byte(strings.Repeat(" ", 64<<10))
			for range 20 { // more than is read
				_, _ = w.Write(block)
			}
		}, conform.Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			always, err := wrapped(t, false, c.result)
			if err == nil && (name != "accepts" && always.Summary.Exit != conform.ExitInconclusive ||
				name == "accepts" && always.Summary.Exit != conform.ExitGap) {
				t.Errorf("always: got exit %d: %s", always.Summary.Exit, always.Line())
			}
			rep, err := wrapped(t, true, c.result)
			if err != nil {
				t.Fatal(err)
			}
			for _, res := range append(results(always), rep.Results...) {
				if res.Class != fault.Accept && res.Verdict == conform.Pass {
					t.Errorf("%s: got pass (%s), want none", res.ID, res.Detail)
				}
			}
			if again := conform.Judge(rep, rows(),
				conform.Options{Oracle: conform.WordOracle()}); again.Line() != rep.Line() {
				t.Errorf("judged again: got %s, want %s", again.Line(), rep.Line())
			}
			for _, res := range rep.Results {
				if res.Class == fault.Reject && res.Verdict != conform.Skipped && res.Verdict != c.refusal {
					t.Errorf("%s: got %s (%s), want %s", res.ID, res.Verdict, res.Detail, c.refusal)
				}
			}
		})
	}
}

func results(rep *conform.Report) []*conform.Result {
	if rep == nil {
		return nil
	}
	return rep.Results
}

// wrapped runs the catalogue against the fixture with answers of another's: all, or only refusals.
func wrapped(t *testing.T, refusals bool, result http.HandlerFunc) (*conform.Report, error) {
	t.Helper()
	p := fixture(t)
	whole := p.Handler()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/result") {
			whole.ServeHTTP(w, r)
			return
		}
		if refusals {
			answer := httptest.NewRecorder()
			if whole.ServeHTTP(answer, r); answer.Code == http.StatusOK {
				_, _ = w.Write(answer.Body.Bytes())
				return
			}
		}
		result(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	opened, err := conform.FIDO{Target: conform.Target{URL: s.URL, Origin: p.About().Origin, RPID: p.About().RPID,
		Timeout: 5 * time.Second}}.Open()
	if err != nil {
		t.Fatal(err)
	}
	var faults []*fault.Fault
	for _, f := range rows() {
		// An honest step that has to be refused within these may be answered in any way.
		if !strings.Contains(f.ID, "-after-refusal") && !strings.Contains(f.ID, "-concurrent") {
			faults = append(faults, f)
		}
	}
	return conform.Run(t.Context(), opened, faults, conform.Options{Seed: "hostile", Parallel: 4,
		Oracle: conform.WordOracle()})
}

// A party without cookies cannot tell sessions apart: nothing is proved, and it is no error of the program's.
func TestAPartyWithoutCookies(t *testing.T) {
	p := fixture(t)
	whole := p.Handler()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Cookie")
		whole.ServeHTTP(w, r)
	}))
	defer s.Close()
	opened, err := conform.FIDO{Target: conform.Target{URL: s.URL, Origin: p.About().Origin,
		RPID: p.About().RPID}}.Open()
	if err != nil {
		t.Fatal(err)
	}
	rep := run(t, opened, rows(), conform.Options{Seed: "cookies"})
	if rep.Summary.Verdicts[conform.Pass] != 0 || rep.Summary.Exit != conform.ExitInconclusive {
		t.Errorf("got %s and exit %d, want nothing proved", rep.Line(), rep.Summary.Exit)
	}
}

// After some answers the party refuses everything, in words that an oracle would believe.
func TestAPartyThatTiresProvesNothing(t *testing.T) {
	p := fixture(t)
	whole := p.Handler()
	var answers atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/result") && answers.Add(1) > 40 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w,
				`{"status":"failed","errorMessage":"origin, challenge, signature","code":"origin"}`)
			return
		}
		whole.ServeHTTP(w, r)
	}))
	defer s.Close()
	opened, err := conform.FIDO{Target: conform.Target{URL: s.URL, Origin: p.About().Origin,
		RPID: p.About().RPID}}.Open()
	if err != nil {
		t.Fatal(err)
	}
	var origins []*fault.Fault
	for _, f := range fault.Catalogue() {
		if f.Reason == fault.WrongOrigin && f.Ceremony == fault.Registration {
			origins = append(origins, f)
		}
	}
	for len(origins) < 60 { // the same ones under other names
		for _, f := range origins[:len(origins):len(origins)] {
			other := *f
			other.ID += "-again"
			origins = append(origins, &other)
		}
	}
	rep := run(t, opened, origins, conform.Options{Seed: "tired", Parallel: 1})
	for _, res := range rep.Results {
		if res.Verdict != conform.Inconclusive && res.Verdict != conform.Skipped {
			t.Errorf("%s: got %s (%s), want inconclusive: honest users are refused, too", res.ID,
				res.Verdict, res.Detail)
		}
	}
	if rep.Summary.Exit != conform.ExitInconclusive || !strings.Contains(rep.Results[0].Detail,
		"after the last fault") {
		t.Errorf("got exit %d and %q, want it inconclusive for the twin at the end", rep.Summary.Exit,
			rep.Results[0].Detail)
	}
	judged := conform.Judge(rep, origins, conform.Options{Oracle: conform.ReasonOracle()})
	if judged.Summary.Exit != conform.ExitInconclusive {
		t.Errorf("judged again: got exit %d, want inconclusive as before: %s", judged.Summary.Exit, judged.Line())
	}
}

// A panic in an adapter, or in a fault, costs one fault.
type panicking struct{ fault.Party }

func (p panicking) Visit(ctx context.Context, name string) (fault.Visit, error) {
	if strings.HasPrefix(name, "reg-type-") && !strings.HasPrefix(name, "reg-type-other") {
		panic("the adapter is broken")
	}
	v, err := p.Party.Visit(ctx, name)
	return panickingVisit{v, strings.HasPrefix(name, "reg-challenge-concurrent")}, err
}

type panickingVisit struct {
	fault.Visit
	finishing bool
}

func (v panickingVisit) RegisterFinish(ctx context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	if v.finishing {
		panic("the adapter is broken")
	}
	return v.Visit.RegisterFinish(ctx, b, response)
}

func TestAPanicCostsOneFault(t *testing.T) {
	var faults []*fault.Fault
	for _, f := range fault.Catalogue() {
		if strings.HasPrefix(f.ID, "reg-type-") || f.ID == "reg-challenge-concurrent" || f.ID == "reg-challenge-other" {
			faults = append(faults, f)
		}
	}
	rep := run(t, panicking{fixture(t)}, faults, conform.Options{Seed: "panic", Parallel: 4})
	struck := 0
	for _, res := range rep.Results {
		visiting := strings.HasPrefix(res.ID, "reg-type-") && !strings.HasPrefix(res.ID, "reg-type-other")
		hit := visiting || res.ID == "reg-challenge-concurrent"
		if hit {
			struck++
		}
		if hit != (res.Verdict == conform.Inconclusive) {
			t.Errorf("%s: got %s (%s), want only those inconclusive that panicked", res.ID, res.Verdict, res.Detail)
		}
		if hit && !strings.Contains(res.Detail, "the adapter is broken") || visiting &&
			!strings.Contains(res.Detail, "panicking.Visit") {
			t.Errorf("%s: got %q, want what panicked, and where", res.ID, res.Detail)
		}
	}
	if struck < 2 || rep.Summary.Exit != conform.ExitInconclusive {
		t.Errorf("got %d panics and exit %d, want some and 2", struck, rep.Summary.Exit)
	}
}
