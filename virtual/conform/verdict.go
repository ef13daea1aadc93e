package conform

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A Verdict is what one fault says about a relying party.
type Verdict string

// The verdicts.
const (
	Pass        Verdict = "pass"        // refused for the right reason; or an accept row that was accepted
	Gap         Verdict = "gap"         // accepted, though the specification demands a refusal
	Crash       Verdict = "crash"       // it broke down (5xx, or the connection was cut) instead of answering
	OverStrict  Verdict = "over-strict" // refused, though it is correct
	Unconfirmed Verdict = "unconfirmed" // refused, but for another reason or for none that the oracle can read
	// the honest twin was refused, or nothing readable came back: nothing is proved
	Inconclusive  Verdict = "inconclusive"
	Skipped       Verdict = "skipped"        // the party lacks a feature that the fault needs
	Lax           Verdict = "lax"            // a hardening row that was accepted: allowed, and worth knowing
	Noted         Verdict = "noted"          // a policy row, and nobody said what this party's policy is
	AsPolicy      Verdict = "as-policy"      // a policy row that went as the party's policy says
	AgainstPolicy Verdict = "against-policy" // a row that did not
	// it speaks against the party, or proves nothing, and the tester said why that may be
	Waived Verdict = "waived"
)

// Verdicts lists them all, the worst first.
func Verdicts() []Verdict {
	return []Verdict{Gap, Crash, OverStrict, AgainstPolicy, Unconfirmed, Inconclusive, Waived, Lax, Noted, AsPolicy,
		Pass, Skipped}
}

// An Expectation is what a party's policy says of a row that the specification leaves open.
type Expectation string

// The expectations.
const (
	ExpectAccept Expectation = "accept"
	ExpectRefuse Expectation = "refuse"
)

// Exit codes of a program that runs faults.
const (
	ExitAsExpected   = 0
	ExitGap          = 1 // a gap, a crash, over-strict, against policy; strict: also unconfirmed and lax
	ExitInconclusive = 2 // nothing worse, but something could not be decided, or nothing was played
	ExitUnusable     = 3 // usage, or the relying party cannot be reached
)

// A judgement is a verdict with its grounds.
type judgement struct {
	verdict Verdict
	detail  string
	told    []fault.Reason // what the refusal was read as
	rule    string         // of the oracle
}

// played is how one fault, or one honest twin, went.
type played struct {
	answer *fault.Answer
	err    error
}

// judge compares what happened with what had to happen. It is pure: recordings are judged again with it.
func judge(f *fault.Fault, missing []fault.Feature, twin, run played, o *Oracle, expect Expectation) judgement {
	switch {
	case len(missing) > 0:
		return judgement{verdict: Skipped, detail: "the party does not offer " + join(missing)}
	case twin.err != nil:
		return judgement{verdict: Inconclusive, detail: "the honest twin could not be played: " + twin.err.Error()}
	case !twin.answer.Accepted:
		return judgement{verdict: Inconclusive, detail: "the honest twin was refused: " + words(twin.answer)}
	case errors.Is(run.err, ErrCut):
		return judgement{verdict: Crash, detail: "it broke down instead of answering: " + run.err.Error()}
	case run.err != nil:
		return judgement{verdict: Inconclusive, detail: run.err.Error()}
	case run.answer.Accepted:
		return judgement{verdict: onAccepted(f, expect), detail: "accepted"}
	}
	j := judgement{detail: "refused: " + words(run.answer)}
	j.told, j.rule = o.Reasons(run.answer)
	if _, known := o.code(run.answer); !known && turnedAway(run.answer) {
		j.verdict, j.detail = Inconclusive, "turned away, which is no refusal: "+words(run.answer)
		return j
	}
	switch {
	case run.answer.Status >= 500:
		j.verdict, j.detail = Crash, "it broke down instead of answering: "+words(run.answer)
	case f.Class == fault.Accept:
		j.verdict = OverStrict
	case expect == ExpectAccept:
		j.verdict = AgainstPolicy
	case f.Class == fault.Policy && expect == "":
		j.verdict = Noted
	case !slices.ContainsFunc(j.told, f.Expects):
		j.verdict, j.detail = Unconfirmed, j.detail+"; "+unread(j, f)
	case f.Class == fault.Policy:
		j.verdict = AsPolicy
	default:
		j.verdict = Pass
	}
	return j
}

// turnedAway reports whether a party did not judge at all: too many requests (429), or no service now (503).
func turnedAway(a *fault.Answer) bool {
	return a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable
}

// onAccepted is the verdict on a response that was accepted.
func onAccepted(f *fault.Fault, expect Expectation) Verdict {
	switch {
	case f.Class == fault.Accept:
		return Pass
	case f.Class == fault.Reject:
		return Gap
	case expect == ExpectRefuse:
		return AgainstPolicy
	case expect == ExpectAccept:
		return AsPolicy
	case f.Class == fault.Hardening:
		return Lax
	}
	return Noted
}

// unread says why a refusal does not count.
func unread(j judgement, f *fault.Fault) string {
	if len(j.told) == 0 {
		return "the oracle reads no reason in that"
	}
	return fmt.Sprintf("that reads as %s (%s), not as %s", join(j.told), j.rule, f.Reason)
}

// words are what a party said, for a line of a report.
func words(a *fault.Answer) string {
	var parts []string
	if a.Status != 0 {
		parts = append(parts, fmt.Sprint(a.Status))
	}
	for _, s := range []string{a.Code, a.Text} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return "without a word"
	}
	return visible([]byte(strings.Join(parts, " ")))
}

func join[T ~string](list []T) string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}

// Failed reports whether a verdict speaks against the relying party.
func (v Verdict) Failed(strict bool) bool {
	switch v {
	case Gap, Crash, OverStrict, AgainstPolicy:
		return true
	case Unconfirmed, Lax:
		return strict
	}
	return false
}
