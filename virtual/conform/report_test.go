package conform_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// gappy is a report with passes, gaps, skipped and lax rows in it.
func gappy(t *testing.T) *conform.Report {
	t.Helper()
	gappyOnce.Do(func() { gappyReport = playGappy(t) })
	if gappyReport == nil {
		t.Fatal("there is no report")
	}
	return gappyReport
}

var (
	gappyOnce   sync.Once
	gappyReport *conform.Report
)

func playGappy(t *testing.T) *conform.Report {
	t.Helper()
	return run(t, overHTTP(t, fixture(t, fault.CheckCreateOrigin, fault.CheckJSONDuplicate)), rows(), conform.Options{
		Seed: "report", Parallel: 8, Target: "http://localhost:8080", Adapter: "fido",
		Command: []string{"virtualkey", "conform", "--rp", "http://localhost:8080", "--adapter", "my server.yaml"},
	})
}

func TestReportsForPrograms(t *testing.T) {
	rep := gappy(t)
	var b bytes.Buffer
	if err := rep.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back conform.Report
	dec := json.NewDecoder(bytes.NewReader(b.Bytes()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&back); err != nil {
		t.Fatal(err)
	}
	if back.Version != 1 || len(back.Results) != len(rep.Results) || back.Summary.Exit != conform.ExitGap ||
		back.Line() != rep.Line() {
		t.Errorf("got version %d, %q, exit %d; want what was written: %q", back.Version, back.Line(), back.Summary.Exit,
			rep.Line())
	}
	for _, res := range back.Results {
		if !strings.HasPrefix(res.Clause, "https://www.w3.org/TR/webauthn-3/#") || res.Title == "" || res.Step == "" ||
			res.Detail == "" {
			t.Errorf("%s: got clause %q, title %q, step %q, detail %q; want all", res.ID, res.Clause, res.Title,
				res.Step, res.Detail)
		}
		want := "virtualkey conform --rp http://localhost:8080 --adapter 'my server.yaml' --only " + res.ID +
			" --seed report"
		if res.Repeat != want {
			t.Errorf("got %q, want %q", res.Repeat, want)
		}
		if played := res.Verdict != conform.Skipped && res.Verdict != conform.Inconclusive; played &&
			(res.Answer == nil || res.Answer.Request == "" || res.Answer.Response == "" ||
				back.Twins[res.Baseline] == nil) {
			t.Errorf("%s, %s: got no request, response or twin", res.ID, res.Verdict)
		}
	}
}

// The XML is read back by structures of its own, as a server of continuous integration reads it.
func TestReportsForCI(t *testing.T) {
	rep := gappy(t)
	var b bytes.Buffer
	if err := rep.WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Body    string `xml:",chardata"`
	}
	var back struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Others   []xml.Attr `xml:",any,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Suites   []struct {
			Name    string `xml:"name,attr"`
			Tests   int    `xml:"tests,attr"`
			Skipped int    `xml:"skipped,attr"`
			Cases   []struct {
				Class   string   `xml:"classname,attr"`
				Name    string   `xml:"name,attr"`
				Time    string   `xml:"time,attr"`
				Failure *outcome `xml:"failure"`
				Error   *outcome `xml:"error"`
				Skipped *outcome `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	byName := map[string]*conform.Result{}
	for _, res := range rep.Results {
		byName[res.ID] = res
	}
	for _, a := range back.Others { // all that the schema of Jenkins allows besides
		if a.Name.Local != "name" && a.Name.Local != "time" {
			t.Errorf("got testsuites with an attribute %s, which schemas do not have", a.Name.Local)
		}
	}
	failures := 0
	skipped := 0
	toldSkipped := 0
	for _, s := range back.Suites {
		toldSkipped += s.Skipped
		if len(s.Cases) != s.Tests {
			t.Errorf("%s: got %d cases, want the %d it tells", s.Name, len(s.Cases), s.Tests)
		}
		for _, c := range s.Cases {
			res := byName[c.Name]
			delete(byName, c.Name)
			if res == nil || string(res.Ceremony) != s.Name {
				t.Errorf("got case %s in %s, want each result once in its ceremony", c.Name, s.Name)
				continue
			}
			if (c.Failure != nil) != res.Verdict.Failed(false) ||
				(c.Skipped != nil) != (res.Verdict == conform.Skipped) || c.Error != nil {
				t.Errorf("%s is %s: got failure %v, error %v, skipped %v", c.Name, res.Verdict, c.Failure,
					c.Error, c.Skipped)
			}
			if c.Failure != nil {
				failures++
				if !strings.Contains(c.Failure.Body, "repeat: "+res.Repeat) ||
					!strings.Contains(c.Failure.Body, "reason "+string(res.Reason)) ||
					!strings.Contains(c.Failure.Body, "POST /att") && !strings.Contains(c.Failure.Body, "POST /ass") ||
					c.Failure.Type != string(res.Verdict) {
					t.Errorf("%s: got type %q and %q, want reason, line to repeat and exchange", c.Name, c.Failure.Type,
						c.Failure.Body)
				}
			}
			if c.Skipped != nil {
				skipped++
			}
		}
	}
	if len(byName) > 0 || failures == 0 || failures != back.Failures || skipped != toldSkipped ||
		back.Tests != len(rep.Results) || back.Errors != 0 {
		t.Errorf("got %d tests, %d failures, %d skipped and %d results without a case; want %d, %d, %d, 0",
			back.Tests, back.Failures, toldSkipped, len(byName), len(rep.Results), failures, skipped)
	}
}

// The page asks nobody for anything, and every reference within it leads somewhere.
func TestReportsForPeople(t *testing.T) {
	rep := gappy(t)
	var b bytes.Buffer
	if err := rep.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	targets := []string{}
	badges := 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if slices.Contains([]string{"script", "img", "link", "iframe", "object", "form"}, n.Data) {
			t.Errorf("got a %s element, want none", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "id":
				if ids[a.Val] {
					t.Errorf("got the id %s twice", a.Val)
				}
				ids[a.Val] = true
			case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
				targets = append(targets, a.Val[1:])
			case a.Key == "href" && !strings.HasPrefix(a.Val, "https://www.w3.org/TR/webauthn-3/#"):
				t.Errorf("got a link to %s, want clauses only", a.Val)
			case a.Key == "src" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("got the attribute %s", a.Key)
			case a.Key == "class" && strings.HasPrefix(a.Val, "badge "):
				badges++
			}
		}
	}
	for _, id := range targets {
		if !ids[id] {
			t.Errorf("got a link to #%s, which is nowhere", id)
		}
	}
	if want := len(rep.Results) + len(rep.Failures()); badges != want {
		t.Errorf("got %d rows, want %d", badges, want)
	}
	page := b.String()
	for _, res := range rep.Failures() {
		if !strings.Contains(page, res.ID) || !strings.Contains(page, "--only "+res.ID+" ") {
			t.Errorf("%s: got no row with its line to repeat", res.ID)
		}
	}
	if !strings.Contains(page, rep.CoverageLine()) {
		t.Errorf("got no %q", rep.CoverageLine())
	}
	if regexp.MustCompile(`(?i)url\(|@import|javascript:`).MatchString(page) {
		t.Error("got a style that fetches, or a script")
	}
}

func TestRecordAndReplay(t *testing.T) {
	rep := gappy(t)
	var b bytes.Buffer
	if err := rep.WriteRecording(&b); err != nil {
		t.Fatal(err)
	}
	back, err := conform.ReadRecording(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if back.Line() != rep.Line() || back.Summary.Exit != rep.Summary.Exit || len(back.Twins) != len(rep.Twins) {
		t.Errorf("got %q back, want %q", back.Line(), rep.Line())
	}
	if diff := conform.Compare(back, rep); len(diff) > 0 {
		t.Errorf("got %d changes to itself, want none: %s", len(diff), diff[0].Says)
	}

	judged := conform.Judge(back, fault.Catalogue(), conform.Options{Oracle: conform.ReasonOracle()})
	if diff := conform.Compare(rep, judged); len(diff) > 0 || len(judged.Results) != len(rep.Results) {
		t.Errorf("judged again by the same rules: got %d changes, want none: %+v", len(diff), diff)
	}
	blind := conform.Judge(back, fault.Catalogue(), conform.Options{Oracle: &conform.Oracle{}, Strict: true})
	if blind.Summary.Verdicts[conform.Unconfirmed] == 0 ||
		blind.Summary.Verdicts[conform.Gap] != rep.Summary.Verdicts[conform.Gap] {
		t.Errorf("judged by an oracle that knows nothing: got %s, want no refusal confirmed", blind.Line())
	}

	mended, changes, err := conform.Replay(t.Context(), overHTTP(t, fixture(t, fault.CheckJSONDuplicate)), back,
		fault.Catalogue(),
		conform.Options{Parallel: 8, Oracle: conform.ReasonOracle()})
	if err != nil || mended.Seed != back.Seed || len(mended.Results) != len(back.Results) {
		t.Fatalf("got %v, seed %s and %d results, want all again", err, mended.Seed, len(mended.Results))
	}
	for _, c := range changes {
		if c.Is == nil || c.Is.Check != fault.CheckCreateOrigin || c.Was.Verdict != conform.Gap ||
			c.Is.Verdict != conform.Pass {
			t.Errorf("after mending the check of origins: got %q", c.Says)
		}
	}
	if len(changes) == 0 {
		t.Error("after mending: got no change")
	}

	lines := bytes.SplitAfter(b.Bytes(), []byte("\n"))
	for name, damaged := range map[string][]byte{
		"cut off":       bytes.Join(lines[:len(lines)-2], nil),
		"without head":  bytes.Join(lines[1:], nil),
		"a line lost":   slices.Concat(bytes.Join(lines[:4], nil), bytes.Join(lines[5:], nil)),
		"no JSON":       append([]byte("{\n"), b.Bytes()...),
		"other version": bytes.Replace(b.Bytes(), []byte(`"version":1`), []byte(`"version":2`), 1),
		"empty":         nil,
	} {
		if _, err := conform.ReadRecording(bytes.NewReader(damaged)); err == nil && name != "a line lost" {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestPolicyRows(t *testing.T) {
	var hardening []*fault.Fault
	policy := map[string]conform.Expectation{}
	for _, f := range fault.Catalogue() {
		if f.Class == fault.Hardening {
			hardening = append(hardening, f)
			policy[f.ID] = conform.ExpectRefuse
		}
	}
	all := make([]fault.Check, 0)
	for _, f := range hardening {
		all = append(all, f.Check)
	}
	careless := func() *party.Party { return fixture(t, all...) }
	for _, c := range []struct {
		o    conform.Options
		want conform.Verdict
		exit int
	}{
		{conform.Options{}, conform.Lax, conform.ExitAsExpected},
		{conform.Options{Strict: true}, conform.Lax, conform.ExitGap},
		{conform.Options{Policy: policy}, conform.AgainstPolicy, conform.ExitGap},
	} {
		rep := run(t, careless(), hardening, c.o)
		if rep.Summary.Verdicts[c.want] == 0 || rep.Summary.Exit != c.exit {
			t.Errorf("%+v: got %s and exit %d, want %s and %d", c.o, rep.Line(), rep.Summary.Exit, c.want, c.exit)
		}
	}
}

func TestProgressCountsUp(t *testing.T) {
	var seen []int
	faults := fault.Catalogue()[:30]
	run(t, fixture(t), faults, conform.Options{Parallel: 8, Progress: func(p conform.Progress) {
		if p.Result == nil || p.Total != len(faults) {
			t.Errorf("got %+v", p)
		}
		seen = append(seen, p.Done)
	}})
	for i, n := range seen {
		if n != i+1 {
			t.Fatalf("got %v, want one after the other", seen)
		}
	}
	if len(seen) != len(faults) {
		t.Errorf("got %d, want %d", len(seen), len(faults))
	}
}
