package conform

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// ReportVersion is the version of the JSON of reports and recordings. Members may be added within a version; what is
// there keeps its meaning.
const ReportVersion = 1

// A Report is what a run found out. Its JSON is the report for programs:
//
//	{"version":1, "target":{"url","adapter","origin","rpId","features":[...]},
//	 "seed", "started", "tookMs", "strict", "alone", "waivers":{"reg-cross-origin":"why", ...},
//	 "summary":{"total", "verdicts":{"pass":201, ...}, "exit":0},
//	 "coverage":{"registration":{"covered":29,"of":29,"missing":[]}, "authentication":{...}},
//	 "twins":{"registration":{"answer":{...},"error","end":{"answer":{...},"error"}}, ...},
//	 "results":[{"id","title","step","cites","clause","ceremony","class","check","reason","why","baseline","needs",
//	             "verdict","detail","told","rule","expected","waiver","missing","repeat",
//	             "answer":{"accepted","status","code","text","step","request","response","tookMs"},
//	             "error"}]}
//
// Recordings have "exchanges" besides, in twins and results: [{"ceremony","user","options","response","answer"}].
type Report struct {
	Version  int                            `json:"version"`
	Target   TargetInfo                     `json:"target"`
	Seed     string                         `json:"seed"`
	Started  time.Time                      `json:"started"`
	TookMS   float64                        `json:"tookMs"`
	Strict   bool                           `json:"strict"`
	Alone    bool                           `json:"alone,omitempty"`   // one state for everybody, so played one at a time
	Waivers  map[string]string              `json:"waivers,omitempty"` // reasons by the ids of faults
	Summary  Summary                        `json:"summary"`
	Coverage map[fault.Ceremony]*Coverage   `json:"coverage"`
	Twins    map[fault.Baseline]*TwinResult `json:"twins"`
	Results  []*Result                      `json:"results"`
}

// TargetInfo is what was tested.
type TargetInfo struct {
	URL      string          `json:"url,omitempty"`
	Adapter  string          `json:"adapter,omitempty"`
	Origin   string          `json:"origin"`
	RPID     string          `json:"rpId"`
	Features []fault.Feature `json:"features"`
}

// A Summary counts verdicts.
type Summary struct {
	Total    int             `json:"total"`
	Verdicts map[Verdict]int `json:"verdicts"`
	Exit     int             `json:"exit"`
}

// A TwinResult is how an honest twin went.
type TwinResult struct {
	Answer    *Said      `json:"answer,omitempty"`
	Error     string     `json:"error,omitempty"`
	Exchanges []Exchange `json:"exchanges,omitempty"`

	// End is how it went after the last fault; nil: it was refused before, or the run was interrupted.
	End *TwinResult `json:"end,omitempty"`
}

// A Result is how one fault went, and what it is.
type Result struct {
	ID       string          `json:"id"`
	Title    string          `json:"title"`
	Step     string          `json:"step"`
	Cites    string          `json:"cites,omitempty"` // the sentence that demands it, behind its source
	Clause   string          `json:"clause"`          // a whole address
	Ceremony fault.Ceremony  `json:"ceremony"`
	Class    fault.Class     `json:"class"`
	Check    fault.Check     `json:"check,omitempty"`
	Reason   fault.Reason    `json:"reason,omitempty"`
	Why      string          `json:"why"`
	Baseline fault.Baseline  `json:"baseline"` // the key of its twin
	Needs    []fault.Feature `json:"needs,omitempty"`

	Verdict   Verdict         `json:"verdict"`
	Detail    string          `json:"detail"`
	Told      []fault.Reason  `json:"told,omitempty"` // what the refusal was read as
	Rule      string          `json:"rule,omitempty"` // of the oracle that read it
	Expected  Expectation     `json:"expected,omitempty"`
	Waiver    string          `json:"waiver,omitempty"`  // why it may be as it is
	Missing   []fault.Feature `json:"missing,omitempty"` // why it was skipped
	Repeat    string          `json:"repeat,omitempty"`  // the command that plays this one again
	Answer    *Said           `json:"answer,omitempty"`
	Error     string          `json:"error,omitempty"`
	Exchanges []Exchange      `json:"exchanges,omitempty"`
}

// An Exchange is one ceremony that a fault or twin played, honest ones before the fault included.
type Exchange struct {
	Ceremony fault.Ceremony `json:"ceremony"`
	User     string         `json:"user"`
	Options  string         `json:"options"`
	Response string         `json:"response"`
	Answer   *Said          `json:"answer,omitempty"`
}

func exchanges(list []fault.Exchange) []Exchange {
	out := make([]Exchange, 0, len(list))
	for _, e := range list {
		out = append(out, Exchange{
			Ceremony: e.Ceremony, User: e.User, Options: visible(e.Options), Response: visible(e.Response), Answer: said(e.Answer),
		})
	}
	return out
}

func newResult(f *fault.Fault) *Result {
	return &Result{
		ID: f.ID, Title: f.Title, Step: f.Step, Clause: clauseURL(f.Clause), Cites: f.Cites, Ceremony: f.Ceremony, Class: f.Class,
		Check: f.Check, Reason: f.Reason, Why: f.Why, Baseline: f.Baseline, Needs: f.Needs,
	}
}

func clauseURL(clause string) string {
	if !strings.HasPrefix(clause, "#") {
		return clause
	}
	return "https://www.w3.org/TR/webauthn-3/" + clause
}

func (r *Result) keep(p played, all []fault.Exchange) {
	r.Answer, r.Exchanges = said(p.answer), exchanges(all)
	if p.err != nil {
		r.Error = visible([]byte(p.err.Error()))
	}
}

func (r *Result) decide(j judgement, missing []fault.Feature) {
	r.Verdict = j.verdict
	r.Detail = visible([]byte(j.detail))
	r.Told = j.told
	r.Rule = j.rule
	r.Missing = missing
}

// waive excuses what speaks against the party, or proves nothing. A waiver of anything else is kept, to be seen.
func (r *Result) waive(why string) {
	r.Waiver = why
	if why != "" && (r.Verdict.Failed(true) || r.Verdict == Inconclusive) {
		r.Verdict, r.Detail = Waived, fmt.Sprintf("waived (%s); it was %s: %s", why, r.Verdict, r.Detail)
	}
}

// repeat is the line that plays one fault again.
func (r *run) repeat(id string) string {
	if len(r.Command) == 0 {
		return ""
	}
	var out []string
	for _, arg := range append(append([]string{}, r.Command...), "--only", id, "--seed", r.Seed) {
		out = append(out, quoted(arg))
	}
	return strings.Join(out, " ")
}

// quoted is an argument as a POSIX shell takes it.
func quoted(arg string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:=,@+%", c)
	}
	if arg != "" && strings.IndexFunc(arg, func(c rune) bool { return !plain(c) }) < 0 {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// distrust takes the worth from refusals whose honest twin was refused as well at the end of the run: somewhere on the
// way the party has ceased to tell one from the other.
func (r *Report) distrust() {
	for _, res := range r.Results {
		t := r.Twins[res.Baseline]
		if t == nil || t.End == nil || t.End.Answer != nil && t.End.Answer.Accepted || res.Answer == nil || res.Answer.Accepted || res.Verdict == Waived {
			continue
		}
		why := t.End.Error
		if t.End.Answer != nil {
			why = words(t.End.Answer.answer())
		}
		res.Verdict = Inconclusive
		res.Detail = "the honest twin was accepted before, and refused after the last fault (" + why + "); this one was " + res.Detail
	}
}

// finish counts.
func (r *Report) finish() {
	r.Summary = Summary{Total: len(r.Results), Verdicts: map[Verdict]int{}}
	for _, res := range r.Results {
		r.Summary.Verdicts[res.Verdict]++
	}
	r.Summary.Exit = r.exit()
	r.Coverage = cover(r)
}

// exit maps what was found to an exit code: what speaks against the party outweighs what could not be decided.
func (r *Report) exit() int {
	decided := 0
	inconclusive := false
	for _, res := range r.Results {
		switch {
		case res.Verdict.Failed(r.Strict):
			return ExitGap
		case res.Verdict == Inconclusive:
			inconclusive = true
		case res.Verdict != Skipped:
			decided++
		}
	}
	if inconclusive || decided == 0 {
		return ExitInconclusive
	}
	return ExitAsExpected
}

// Failures lists the results that speak against the party, and those that could not be decided.
func (r *Report) Failures() []*Result {
	var out []*Result
	for _, res := range r.Results {
		if res.Verdict.Failed(r.Strict) || res.Verdict == Inconclusive {
			out = append(out, res)
		}
	}
	return out
}

// Line sums the run up in one line, the coverage of steps at its end.
func (r *Report) Line() string {
	var parts []string
	for _, v := range Verdicts() {
		if n := r.Summary.Verdicts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	return fmt.Sprintf("%d faults: %s; %s", r.Summary.Total, strings.Join(parts, ", "), r.CoverageLine())
}

// CoverageLine is "29 of 29 and 25 of 25 steps": how many steps of Level 3 §7.1 and §7.2 were put to the test.
func (r *Report) CoverageLine() string {
	c, g := r.Coverage[fault.Registration], r.Coverage[fault.Authentication]
	if c == nil || g == nil {
		return "no coverage"
	}
	return fmt.Sprintf("%d of %d and %d of %d steps", c.Covered, c.Of, g.Covered, g.Of)
}

// short is the twin without exchanges.
func (t *TwinResult) short() *TwinResult {
	out := &TwinResult{Answer: t.Answer, Error: t.Error}
	if t.End != nil {
		out.End = t.End.short()
	}
	return out
}

// WriteJSON writes the report for programs. Exchanges are left out: a recording has them.
func (r *Report) WriteJSON(w io.Writer) error {
	out := *r
	out.Results, out.Twins = make([]*Result, len(r.Results)), make(map[fault.Baseline]*TwinResult, len(r.Twins))
	for i, res := range r.Results {
		short := *res
		short.Exchanges = nil
		out.Results[i] = &short
	}
	for b, t := range r.Twins {
		out.Twins[b] = t.short()
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
