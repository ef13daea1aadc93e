package fault

import (
	"fmt"
	"slices"
)

// A Ceremony is which of the two ceremonies a fault is in.
type Ceremony string

// The ceremonies.
const (
	Registration   Ceremony = "registration"   // Level 3 §7.1
	Authentication Ceremony = "authentication" // Level 3 §7.2
)

// A Class says what a relying party must do with a fault.
type Class string

// The classes.
const (
	Reject    Class = "reject"    // the specification demands a refusal
	Policy    Class = "policy"    // it leaves the decision to the relying party's policy
	Hardening Class = "hardening" // it does not demand a refusal; a careful relying party refuses
	Accept    Class = "accept"    // a correct, unusual ceremony: refusing it is over-strict
)

// A Reason is why an honest relying party refuses: what the oracle compares a refusal's code or text with. Several
// checks share one reason.
type Reason string

// The reasons.
const (
	Malformed      Reason = "malformed"    // JSON, base64url, CBOR or a structure in them
	Duplicate      Reason = "duplicate"    // a member twice
	WrongType      Reason = "type"         // clientData.type
	WrongChallenge Reason = "challenge"    // not the challenge of this ceremony
	WrongOrigin    Reason = "origin"       // origin, crossOrigin, topOrigin
	WrongRPID      Reason = "rp-id"        // rpIdHash
	NoTouch        Reason = "presence"     // UP
	NotVerified    Reason = "verification" // UV
	BackupFlags    Reason = "backup-flags" // BE, BS
	BadAlgorithm   Reason = "algorithm"    // not offered, or none
	BadKey         Reason = "key"          // the COSE key is not one
	BadAttestation Reason = "attestation"  // format or statement
	Untrusted      Reason = "trust"        // chain, validity, metadata
	BadSignature   Reason = "signature"    // of the assertion
	NoCredential   Reason = "credential"   // unknown, deleted, not among those allowed, another user's
	WrongHandle    Reason = "user-handle"  // userHandle is not the user's
	Registered     Reason = "registered"   // the credential id is registered already
	CounterBack    Reason = "counter"      // the sign counter went back
	Spent          Reason = "spent"        // this ceremony has had its one answer
	Expired        Reason = "expired"      // too late
	WrongSession   Reason = "session"      // begun by another session or another user, or for another purpose
	Disabled       Reason = "disabled"     // the user or the credential may not sign in
)

// A Fault is one entry of the catalogue.
type Fault struct {
	ID    string // stable: "reg-origin-port"
	Title string // one sentence for a tester's report
	// "7.1.9": the step, as Level 3 counts them; what another section demands is under the step that calls for it
	Step string
	// the fragment of the clause in https://www.w3.org/TR/webauthn-3/, "#sctn-..." or the step's own anchor
	Clause   string
	Cites    string   // the sentence that demands it, behind its source; empty for Accept
	Ceremony Ceremony // where the fault is
	Class    Class
	Check    Check   // the one check that has to refuse; empty for Accept
	Also     []Check // checks that it cannot but break as well; others of its check break that alone
	Reason   Reason  // why; empty for Accept
	Why      string  // the attack, or the interoperability at stake, in one sentence
	Needs    []Feature
	Unless   []Feature // with one of these the party is right to accept
	Baseline Baseline  // the set-up, and the honest twin that must be accepted first
	Parts    []*Fault  // of a composed fault

	setup setup
	edits []edit
	scene scenario
}

// A Baseline names a set-up: the honest ceremony that a fault differs from in one thing. Faults of the same baseline
// have the same honest twin.
type Baseline string

// Missing lists why a party cannot be asked: features it lacks, and those with which the fault is none.
func (f *Fault) Missing(a About) []Feature {
	var out []Feature
	for _, need := range f.Needs {
		if !a.Has(need) {
			out = append(out, need)
		}
	}
	for _, not := range f.Unless {
		if a.Has(not) {
			out = append(out, "not "+not)
		}
	}
	return out
}

// Expects reports whether a refusal for that reason is the right one.
func (f *Fault) Expects(r Reason) bool {
	for _, part := range f.Parts {
		if part.Expects(r) {
			return true
		}
	}
	return f.Reason == r && r != ""
}

// Find returns the fault of the catalogue with that id; nil: there is none.
func Find(id string) *Fault {
	for _, f := range Catalogue() {
		if f.ID == id {
			return f
		}
	}
	return nil
}

// Compose makes one fault of several of the same ceremony and set-up: their changes are made one after the other, and
// a refusal for any of their reasons is right. Accept twins compose with faults; two faults that each need a scenario
// of their own do not.
func Compose(faults ...*Fault) (*Fault, error) {
	if len(faults) < 2 {
		return nil, fmt.Errorf("composing faults: got %d, want two or more", len(faults))
	}
	out := *faults[0]
	out.Parts = faults
	for _, f := range faults[1:] {
		switch {
		case f.Ceremony != out.Ceremony:
			return nil, fmt.Errorf("composing %s with %s: of different ceremonies", out.ID, f.ID)
		case f.Baseline != out.Baseline:
			return nil, fmt.Errorf("composing %s with %s: their set-ups differ", out.ID, f.ID)
		case f.scene != nil && out.scene != nil:
			return nil, fmt.Errorf("composing %s with %s: each has a scene of its own", out.ID, f.ID)
		}
		out.ID, out.Title = out.ID+"+"+f.ID, out.Title+"; "+f.Title
		out.Needs, out.Unless = slices.Concat(out.Needs, f.Needs), slices.Concat(out.Unless, f.Unless)
		out.edits = slices.Concat(out.edits, f.edits)
		if f.scene != nil {
			out.scene = f.scene
		}
		if severity(f.Class) > severity(out.Class) {
			out.Class = f.Class
			out.Check = f.Check
			out.Reason = f.Reason
			out.Step = f.Step
			out.Clause = f.Clause
		}
	}
	return &out, nil
}

func severity(c Class) int { return slices.Index([]Class{Accept, Policy, Hardening, Reject}, c) }
