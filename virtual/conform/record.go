package conform

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A recording is a report as JSON lines, every exchange with it: a line with the head, one for each twin, one for each
// result, one with the totals. It can be compared with a run of today, and judged again without the relying party.
//
//	{"line":"run","version":1,"seed":...,"target":{...},"started":...,"strict":...}
//	{"line":"twin","baseline":"registration","twin":{...}}
//	{"line":"result","result":{...}}
//	{"line":"end","results":201,"tookMs":...}
type recordLine struct {
	Line     string         `json:"line"`
	Run      *Report        `json:"run,omitempty"`
	Baseline fault.Baseline `json:"baseline,omitempty"`
	Twin     *TwinResult    `json:"twin,omitempty"`
	Result   *Result        `json:"result,omitempty"`
	Results  int            `json:"results,omitempty"`
}

// recordingLine is the longest line that is read: a result with all its exchanges.
const recordingLine = 16 << 20

// WriteRecording writes the report as JSON lines.
func (r *Report) WriteRecording(w io.Writer) error {
	buffered := bufio.NewWriter(w)
	enc := json.NewEncoder(buffered)
	enc.SetEscapeHTML(false)
	head := *r
	head.Twins = nil
	head.Results = nil
	head.Coverage = nil
	lines := []recordLine{{Line: "run", Run: &head}}
	seen := map[fault.Baseline]bool{}
	for _, res := range r.Results {
		if t := r.Twins[res.Baseline]; t != nil && !seen[res.Baseline] {
			seen[res.Baseline] = true
			lines = append(lines, recordLine{Line: "twin", Baseline: res.Baseline, Twin: t})
		}
		lines = append(lines, recordLine{Line: "result", Result: res})
	}
	for _, l := range append(lines, recordLine{Line: "end", Results: len(r.Results)}) {
		if err := enc.Encode(l); err != nil {
			return fmt.Errorf("writing a recording: %w", err)
		}
	}
	return buffered.Flush()
}

// ReadRecording reads what WriteRecording wrote. A recording without its last line was cut off, which is an error.
func ReadRecording(r io.Reader) (*Report, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, recordingLine)
	var out *Report
	for n := 1; lines.Scan(); n++ {
		var l recordLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("reading a recording: line %d: %w", n, err)
		}
		switch {
		case l.Line == "run" && l.Run != nil && n == 1:
			if out = l.Run; out.Version != ReportVersion {
				return nil, fmt.Errorf("reading a recording: version %d: this is for version %d", out.Version,
					ReportVersion)
			}
			out.Twins = map[fault.Baseline]*TwinResult{}
		case l.Line == "twin" && l.Twin != nil && out != nil:
			out.Twins[l.Baseline] = l.Twin
		case l.Line == "result" && l.Result != nil && out != nil:
			out.Results = append(out.Results, l.Result)
		case l.Line == "end" && out != nil && l.Results == len(out.Results):
			out.finish()
			return out, nil
		default:
			return nil, fmt.Errorf("reading a recording: line %d: a line %q does not go there", n, l.Line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading a recording: %w", err)
	}
	return nil, errors.New("reading a recording: it is cut off")
}

// A Change is a fault whose verdict or reason is another than it was.
type Change struct {
	ID   string
	Was  *Result // nil: it was not played
	Is   *Result // nil: it is not played
	Says string  // in one line
}

// Compare lists what changed between two reports, in the order of the later one.
func Compare(was, is *Report) []Change {
	before := map[string]*Result{}
	for _, res := range was.Results {
		before[res.ID] = res
	}
	var out []Change
	for _, now := range is.Results {
		then := before[now.ID]
		delete(before, now.ID)
		switch {
		case then == nil:
			out = append(out, Change{ID: now.ID, Is: now, Says: fmt.Sprintf("%s is new: %s", now.ID, now.Verdict)})
		case then.Verdict != now.Verdict:
			out = append(out, Change{now.ID, then, now, fmt.Sprintf("%s was %s, is %s: %s", now.ID, then.Verdict,
				now.Verdict, now.Detail)})
		case then.told() != now.told():
			out = append(out, Change{now.ID, then, now, fmt.Sprintf("%s is %s as it was, but said %s and says %s",
				now.ID, now.Verdict, then.told(), now.told())})
		}
	}
	for _, res := range was.Results {
		if before[res.ID] != nil {
			out = append(out, Change{ID: res.ID, Was: res, Says: fmt.Sprintf("%s is not played any more: it was %s",
				res.ID, res.Verdict)})
		}
	}
	return out
}

// told is what makes two refusals the same: code and status; the words only where there is no code.
func (r *Result) told() string {
	if r.Answer == nil || r.Answer.Accepted {
		return "nothing"
	}
	if r.Answer.Code != "" {
		return fmt.Sprintf("%d %s", r.Answer.Status, r.Answer.Code)
	}
	return fmt.Sprintf("%d %s", r.Answer.Status, join(r.Told))
}

// Judge judges a recorded run again, by the faults, oracle and policy of today; nothing is played. What is recorded of
// faults that are not among them is left out.
func Judge(recorded *Report, faults []*fault.Fault, o Options) *Report {
	out := *recorded
	out.Strict, out.Results = o.Strict, nil
	if len(o.Waive) > 0 {
		out.Waivers = o.Waive
	}
	if o.Oracle == nil {
		o.Oracle = WordOracle()
	}
	byID := map[string]*fault.Fault{}
	for _, f := range faults {
		byID[f.ID] = f
	}
	for _, old := range recorded.Results {
		f := byID[old.ID]
		if f == nil {
			continue
		}
		res := newResult(f)
		res.Repeat = old.Repeat
		res.Answer = old.Answer
		res.Error = old.Error
		res.Exchanges = old.Exchanges
		if f.Class == fault.Policy || f.Class == fault.Hardening {
			res.Expected = o.Policy[f.ID]
		}
		twin := replayed(nil, "")
		if t := recorded.Twins[old.Baseline]; t != nil {
			twin = replayed(t.Answer, t.Error)
		}
		res.decide(judge(f, old.Missing, twin, replayed(old.Answer, old.Error), o.Oracle, res.Expected), old.Missing)
		res.waive(out.Waivers[f.ID])
		out.Results = append(out.Results, res)
	}
	out.distrust()
	out.finish()
	return &out
}

// A recordedError is the text of an error, and still the error that it tells of.
type recordedError string

func (e recordedError) Error() string { return string(e) }

// Is reports whether the text tells of a connection that was cut.
func (e recordedError) Is(target error) bool {
	return target == ErrCut && strings.Contains(string(e), ErrCut.Error())
}

// replayed is how a recorded ceremony went.
func replayed(s *Said, failed string) played {
	switch {
	case failed != "":
		return played{err: recordedError(failed)}
	case s == nil:
		return played{err: errors.New("there is no answer in the recording")}
	}
	return played{answer: s.answer()}
}

// Replay plays the faults of a recording again, with its seed, and tells what changed. Faults are looked up among those
// given; what is recorded of others is not played.
func Replay(ctx context.Context, party fault.Party, recorded *Report, faults []*fault.Fault,
	o Options) (*Report, []Change, error) {
	var again []*fault.Fault
	for _, f := range faults {
		if slices.ContainsFunc(recorded.Results, func(r *Result) bool { return r.ID == f.ID }) {
			again = append(again, f)
		}
	}
	o.Seed = recorded.Seed
	rep, err := Run(ctx, party, again, o)
	if err != nil {
		return rep, nil, err
	}
	return rep, Compare(recorded, rep), nil
}
