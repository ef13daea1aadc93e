package server

import (
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// framing is a page in whose frames a lab may be shown.
const framing = "https://shop.example"

// newLabTarget is a lab on a port of its own, that trusts a tester's CA.
func newLabTarget(t testing.TB, tops ...string) conform.Target {
	t.Helper()
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("lab")})
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewUnstartedServer(nil)
	at := ts.Listener.Addr().String()
	origin := "http://localhost" + at[strings.LastIndexByte(at, ':'):]
	w := newLabWorld(t, func(a *auth.Config, c *Config) {
		a.Origin = origin
		a.RPID = "localhost"
		c.Origin = origin
		key, err := webauthn.New(webauthn.Config{RPID: "localhost", Origins: []string{origin}, TopOrigins: tops,
			Attestation: webauthn.AttestationPolicy{Roots: []webauthn.Root{{Certificate: ca.Root()}}}})
		if err != nil {
			t.Fatal(err)
		}
		a.Factors[0] = key
	})
	ts.Config.Handler = w.server
	ts.Start()
	t.Cleanup(ts.Close)
	return conform.Target{URL: origin, CA: ca, Tops: tops}
}

// play runs faults against a party of the lab. The code alone tells why it refused.
func play(t testing.TB, party fault.Party, err error, faults []*fault.Fault) *conform.Report {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	report, err := conform.Run(t.Context(), party, faults,
		conform.Options{Seed: "catalogue", Oracle: conform.LatchkeyOracle(),
			Policy: conform.LatchkeyPolicy(), Strict: true, Parallel: 8})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// stepOf reports whether a step is one of the ceremony's in Level 3 §7, or of an attestation's format in §8.
func stepOf(c fault.Ceremony, step string) bool {
	if c == fault.Registration {
		return strings.HasPrefix(step, "7.1.") || strings.HasPrefix(step, "8.")
	}
	return strings.HasPrefix(step, "7.2.")
}

// wrongIn returns what was not played, and complains of everything that did not go as it should.
func wrongIn(t *testing.T, report *conform.Report, except ...string) (skipped []*fault.Fault) {
	t.Helper()
	for _, r := range report.Results {
		if a := r.Answer; a != nil && strings.HasPrefix(a.Code, "key-") && !stepOf(r.Ceremony, a.Step) {
			t.Errorf("%s: got %s with step %q, want one of the ceremony's that asks for it", r.ID, a.Code, a.Step)
		}
		switch r.Verdict {
		case conform.Pass, conform.AsPolicy:
			if slices.Contains(except, r.ID) {
				t.Errorf("%s: got %s, want it taken off the exceptions", r.ID, r.Verdict)
			}
		case conform.Skipped:
			skipped = append(skipped, fault.Find(r.ID))
		default:
			if slices.Contains(except, r.ID) {
				continue
			}
			t.Errorf("%s (%s, %s): got %s: %s", r.ID, r.Class, r.Check, r.Verdict, r.Detail)
		}
	}
	return skipped
}

// The whole catalogue, over HTTP, against the service as it is: every fault is refused by the check that it breaks, and
// whatever is merely unusual is accepted. What a site that is framed cannot show, one that is not shows.
func TestCatalogue(t *testing.T) {
	party, err := conform.Latchkey{Target: newLabTarget(t, framing)}.Open()
	report := play(t, party, err, fault.Catalogue())
	t.Logf("%s; %d ms", report.Line(), int(report.TookMS))
	if got, want := report.CoverageLine(), "29 of 29 and 25 of 25 steps"; got != want {
		t.Errorf("coverage: got %s, want %s", got, want)
	}
	party, err = conform.Latchkey{Target: newLabTarget(t)}.Open()
	rest := play(t, party, err, wrongIn(t, report))
	for _, f := range wrongIn(t, rest) {
		// The roots of these two formats are fixed in the library, and every algorithm is offered.
		if why := f.Missing(party.About()); !strings.Contains(f.ID, "android") && !strings.Contains(f.ID, "apple") &&
			f.ID != "reg-key-unoffered-es512" {
			t.Errorf("%s: got not played for want of %v, want it played", f.ID, why)
		}
	}
}

// The same by the interface of FIDO's conformance tools, as far as that goes.
func TestCatalogueByConformanceInterface(t *testing.T) {
	except := []string{"reg-json-raw-id-missing", "get-json-raw-id-missing"} // its bodies need none
	target := newLabTarget(t)
	target.CA = nil // its requests cannot ask for a chain
	for _, noRawID := range []bool{false, true} {
		party, err := conform.FIDO{Target: target, NoRawID: noRawID}.Open()
		report := play(t, party, err, fault.Catalogue())
		t.Logf("%s; %s; %d ms", report.Line(), report.CoverageLine(), int(report.TookMS))
		if played := len(report.Results) - len(wrongIn(t, report, except...)); played < 400 {
			t.Errorf("got %d faults played, want most of them", played)
		}
	}
}

// The catalogue over HTTP: wall time, and processor time of both ends, a run.
func BenchmarkCatalogue(b *testing.B) {
	party, err := conform.Latchkey{Target: newLabTarget(b, framing)}.Open()
	faults := fault.Catalogue()
	before := processorTime(b)
	for b.Loop() {
		play(b, party, err, faults)
	}
	b.ReportMetric(float64(len(faults)), "faults")
	b.ReportMetric((processorTime(b)-before).Seconds()/float64(b.N), "cpu-s/op")
}

// An account of a lab with an app and a session, in one request.
func BenchmarkFixture(b *testing.B) {
	p := newLabWorld(b).program()
	i := 0
	for b.Loop() {
		i++
		p.must("POST", "/lab/accounts", m{"name": "ann" + strconv.Itoa(i), "session": true,
			"methods": []m{{"kind": "totp"}}}, nil)
	}
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
