package conform

import (
	"errors"
	"fmt"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

func TestJudge(t *testing.T) {
	yes := played{answer: &fault.Answer{Accepted: true}}
	no := func(code string) played { return played{answer: &fault.Answer{Code: code, Status: 400}} }
	broken := played{err: errors.New("cut off")}
	crash := played{answer: &fault.Answer{Code: "origin", Status: 500}}
	cut := played{err: fmt.Errorf("finishing: %w", ErrCut)}
	busy := played{answer: &fault.Answer{Text: "too many attempts from this origin", Status: 429}}
	for _, c := range []struct {
		class     fault.Class
		twin, run played
		expect    Expectation
		want      Verdict
	}{
		{fault.Reject, yes, no("origin"), "", Pass},
		{fault.Reject, yes, no("challenge"), "", Unconfirmed},
		{fault.Reject, yes, no("whatever"), "", Unconfirmed},
		{fault.Reject, yes, no(""), "", Unconfirmed},
		{fault.Reject, yes, crash, "", Crash},
		{fault.Accept, yes, crash, "", Crash},
		{fault.Policy, yes, crash, "", Crash},
		{fault.Hardening, yes, crash, ExpectRefuse, Crash},
		{fault.Reject, yes, cut, "", Crash},
		{fault.Accept, yes, cut, "", Crash},
		{fault.Reject, cut, cut, "", Inconclusive},
		{fault.Reject, crash, crash, "", Inconclusive},
		{fault.Reject, yes, busy, "", Inconclusive},
		{fault.Accept, yes, busy, "", Inconclusive},
		{fault.Reject, yes, yes, "", Gap},
		{fault.Reject, yes, broken, "", Inconclusive},
		{fault.Reject, no("origin"), no("origin"), "", Inconclusive},
		{fault.Reject, broken, no("origin"), "", Inconclusive},
		{fault.Accept, yes, yes, "", Pass},
		{fault.Accept, yes, no("origin"), "", OverStrict},
		{fault.Accept, no("origin"), yes, "", Inconclusive},
		{fault.Hardening, yes, no("origin"), "", Pass},
		{fault.Hardening, yes, no("challenge"), "", Unconfirmed},
		{fault.Hardening, yes, yes, "", Lax},
		{fault.Hardening, yes, yes, ExpectRefuse, AgainstPolicy},
		{fault.Hardening, yes, yes, ExpectAccept, AsPolicy},
		{fault.Hardening, yes, no("origin"), ExpectAccept, AgainstPolicy},
		{fault.Policy, yes, yes, "", Noted},
		{fault.Policy, yes, no("challenge"), "", Noted},
		{fault.Policy, yes, yes, ExpectAccept, AsPolicy},
		{fault.Policy, yes, yes, ExpectRefuse, AgainstPolicy},
		{fault.Policy, yes, no("origin"), ExpectRefuse, AsPolicy},
		{fault.Policy, yes, no("challenge"), ExpectRefuse, Unconfirmed},
		{fault.Policy, yes, no("origin"), ExpectAccept, AgainstPolicy},
	} {
		f := &fault.Fault{ID: "made-up", Class: c.class, Reason: fault.WrongOrigin}
		got := judge(f, nil, c.twin, c.run, ReasonOracle(), c.expect)
		if got.verdict != c.want || got.detail == "" {
			t.Errorf("%s, twin %+v, run %+v, policy %q: got %s (%s), want %s", c.class, c.twin, c.run, c.expect,
				got.verdict, got.detail, c.want)
		}
	}
	skipped := judge(&fault.Fault{Class: fault.Reject}, []fault.Feature{fault.Trust}, played{}, played{}, nil, "")
	if skipped.verdict != Skipped || skipped.detail != "the party does not offer trust" {
		t.Errorf("got %+v, want it skipped for the feature", skipped)
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		verdicts []Verdict
		strict   bool
		want     int
	}{
		{[]Verdict{Pass, AsPolicy, Noted, Lax, Unconfirmed, Skipped}, false, ExitAsExpected},
		{[]Verdict{Pass, Lax}, true, ExitGap},
		{[]Verdict{Pass, Unconfirmed}, true, ExitGap},
		{[]Verdict{Pass, Gap, Inconclusive}, false, ExitGap},
		{[]Verdict{Inconclusive, OverStrict}, false, ExitGap},
		{[]Verdict{AgainstPolicy}, false, ExitGap},
		{[]Verdict{Pass, Crash}, false, ExitGap},
		{[]Verdict{Pass, Inconclusive}, false, ExitInconclusive},
		{[]Verdict{Skipped, Skipped}, false, ExitInconclusive},
		{nil, false, ExitInconclusive},
	} {
		r := &Report{Strict: c.strict}
		for _, v := range c.verdicts {
			r.Results = append(r.Results, &Result{Verdict: v})
		}
		if r.finish(); r.Summary.Exit != c.want {
			t.Errorf("%v, strict %t: got exit %d, want %d", c.verdicts, c.strict, r.Summary.Exit, c.want)
		}
	}
}

// Every verdict has its place in the order, its words and its sign.
func TestVerdictsAreComplete(t *testing.T) {
	seen := map[Verdict]bool{}
	for _, v := range Verdicts() {
		if v.says() == "" || v.mark() == "" || seen[v] {
			t.Errorf("%s: got words %q and sign %q, seen before %t", v, v.says(), v.mark(), seen[v])
		}
		seen[v] = true
	}
	if len(seen) != 12 {
		t.Errorf("got %d verdicts, want 12", len(seen))
	}
}

func TestWordOracle(t *testing.T) {
	for text, want := range map[string]fault.Reason{
		"Unexpected registration response challenge \"x\", expected \"y\"":    fault.WrongChallenge,
		"Unexpected client data origin \"https://a\", expected \"https://b\"": fault.WrongOrigin,
		"Unexpected RP ID hash":                      fault.WrongRPID,
		"User was not present during authentication": fault.NoTouch, "User Present flag not set.": fault.NoTouch,
		"User verification is required but user was not verified":  fault.NotVerified,
		"Single-device credential indicated that it was backed up": fault.BackupFlags,
		"Could not verify authentication signature":                fault.BadSignature,
		"Response counter value 1 was lower than expected 2":       fault.CounterBack,
		"Unsupported credential public key alg \"-8\"":             fault.BadAlgorithm,
		"None attestation had unexpected attestation statement":    fault.BadAttestation,
		"Unable to decode credential as JSON":                      fault.Malformed,
		"credential already registered":                            fault.Registered,
		"no such credential":                                       fault.NoCredential,
		"Leftover bytes detected while parsing authenticator data": fault.Malformed,
		"Client data type was webauthn.get":                        fault.WrongType,
		"this challenge has expired":                               fault.Expired,
		"certificate signed by unknown authority":                  fault.Untrusted,
	} {
		got, rule := WordOracle().Reasons(&fault.Answer{Text: text})
		if len(got) == 0 || got[0] != want {
			t.Errorf("%q: got %v by %s, want %s first", text, got, rule, want)
		}
	}
	if got, _ := WordOracle().Reasons(&fault.Answer{Text: "something went wrong"}); got != nil {
		t.Errorf("got %v out of nothing, want nothing", got)
	}
	if got, _ := (*Oracle)(nil).Reasons(&fault.Answer{Text: "origin"}); got != nil {
		t.Errorf("got %v of no oracle, want nothing", got)
	}
}
