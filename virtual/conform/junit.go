package conform

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// The elements of JUnit's XML, as far as servers of continuous integration read them; nothing that the schema of
// Jenkins (junit-10.xsd) does not have.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitOutcome `xml:"failure"`
		Error   *junitOutcome `xml:"error"`
		Skipped *junitOutcome `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitOutcome struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Body    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report as JUnit XML: a suite for each ceremony, a case for each fault. What speaks against the
// party is a failure, what could not be decided is an error.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := junitSuites{Name: "virtualkey conform", Time: seconds(r.TookMS)}
	for _, c := range []fault.Ceremony{fault.Registration, fault.Authentication} {
		s := r.junitSuite(c)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", " ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *Report) junitSuite(c fault.Ceremony) junitSuite {
	s := junitSuite{
		Name: string(c), Timestamp: r.Started.Format(time.RFC3339),
		Properties: []junitProperty{
			{"target", r.Target.URL}, {"adapter", r.Target.Adapter}, {"origin", r.Target.Origin}, {"rpId", r.Target.RPID},
			{"seed", r.Seed}, {"coverage", r.CoverageLine()},
		},
	}
	if r.Alone {
		s.Properties = append(s.Properties, junitProperty{"alone",
			"it keeps one state for everybody, so faults were played one at a time"})
	}
	for _, id := range slices.Sorted(maps.Keys(r.Waivers)) {
		s.Properties = append(s.Properties, junitProperty{"waived " + id, r.Waivers[id]})
	}
	took := 0.0
	for _, res := range r.Results {
		if res.Ceremony != c {
			continue
		}
		one := res.junitCase(r.Strict)
		s.Tests++
		switch {
		case one.Failure != nil:
			s.Failures++
		case one.Error != nil:
			s.Errors++
		case one.Skipped != nil:
			s.Skipped++
		}
		took += res.tookMS()
		s.Cases = append(s.Cases, one)
	}
	s.Time = seconds(took)
	return s
}

func (r *Result) junitCase(strict bool) junitCase {
	out := junitCase{Class: string(r.Ceremony) + "." + strings.ReplaceAll(r.Step, ".", "_"), Name: r.ID, Time: seconds(r.tookMS())}
	switch {
	case r.Verdict.Failed(strict):
		out.Failure = r.junitOutcome()
	case r.Verdict == Inconclusive:
		out.Error = r.junitOutcome()
	case r.Verdict == Skipped || r.Verdict == Waived:
		out.Skipped = &junitOutcome{Message: r.Detail}
	default:
		out.Out = fmt.Sprintf("%s: %s\n", r.Verdict, r.Detail)
	}
	return out
}

func (r *Result) junitOutcome() *junitOutcome {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nstep %s, check %s, reason %s\n%s\n%s\n%s\n", r.Title, r.Step, r.Check, r.Reason, r.Why, r.Cites, r.Clause)
	if r.Repeat != "" {
		fmt.Fprintf(&b, "\nrepeat: %s\n", r.Repeat)
	}
	if r.Answer != nil && r.Answer.Request != "" {
		fmt.Fprintf(&b, "\n> %s\n\n< %s\n", r.Answer.Request, r.Answer.Response)
	}
	return &junitOutcome{Type: string(r.Verdict), Message: string(r.Verdict) + ": " + r.Detail, Body: b.String()}
}

func (r *Result) tookMS() float64 {
	if r.Answer == nil {
		return 0
	}
	return r.Answer.TookMS
}

func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }
