package fault

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Catalogue lists every fault and every accept twin: registrations first, then sign-ins, each in the order of the
// specification's steps. The values are fresh; changing them changes nothing.
func Catalogue() []*Fault {
	all := slices.Concat(
		jsonFaults(Registration), clientDataFaults(Registration), objectFaults(), createDataFaults(), idFaults(),
		keyFaults(), statementFaults(), trustFaults(), createStateFaults(), createTwins(), formatTwins(),
		jsonFaults(Authentication), clientDataFaults(Authentication), getDataFaults(), credentialFaults(),
		signatureFaults(), counterFaults(), getStateFaults(), getTwins(),
	)
	demands := map[Check]Demand{}
	for _, d := range Demands() {
		demands[d.Check] = d
	}
	stages := map[Baseline]setup{}
	for _, s := range setups() {
		stages[s.baseline] = s
	}
	for _, f := range all {
		f.complete(demands[f.Check], stages[f.Baseline])
	}
	numbers := map[string][]int{}
	for _, f := range all {
		if numbers[f.Step] == nil {
			numbers[f.Step] = numbersOf(f.Step)
		}
	}
	slices.SortStableFunc(all, func(a, b *Fault) int {
		// "registration" comes first
		return cmp.Or(-cmp.Compare(a.Ceremony, b.Ceremony), slices.Compare(numbers[a.Step], numbers[b.Step]))
	})
	return all
}

// complete fills in what the row leaves to its check and to its set-up.
func (f *Fault) complete(d Demand, s setup) {
	f.Step = cmp.Or(f.Step, d.StepIn(f.Ceremony))
	f.Class = cmp.Or(f.Class, d.Class)
	f.Reason = d.Reason
	f.Cites = cmp.Or(f.Cites, d.Cites)
	f.Clause = cmp.Or(f.Clause, d.Clause)
	if f.Ceremony == Authentication && f.Clause == "#dictdef-registrationresponsejson" {
		f.Clause = "#dictdef-authenticationresponsejson"
	}
	if f.Clause == "" {
		f.Clause = clauseOf(f.Step)
	}
	f.setup = s
	for _, need := range s.needs {
		if !slices.Contains(f.Needs, need) {
			f.Needs = append(f.Needs, need)
		}
	}
}

// clauseOf is where the specification has a step, as near as its fragments come.
func clauseOf(step string) string {
	named := map[string]string{
		"7.1.22": "#reg-ceremony-verify-attestation", "7.1.23": "#reg-ceremony-attestation-trust-anchors",
		"7.1.27": "#reg-ceremony-create-credential-record", "7.1.28": "#reg-ceremony-verify-extension-outputs",
		"7.1.29": "#reg-ceremony-store-credential-record", "7.2.12": "#rp-op-verifying-assertion-step-origin",
		"7.2.15": "#rp-op-verifying-assertion-step-rpid-hash", "7.2.23": "#authn-ceremony-verify-extension-outputs",
		"7.2.24": "#authn-ceremony-update-credential-record",
	}
	if clause, ok := named[step]; ok {
		return clause
	}
	if strings.HasPrefix(step, "7.2.") {
		return "#sctn-verifying-assertion"
	}
	return "#sctn-registering-a-new-credential"
}

// numbersOf reads a dotted number.
func numbersOf(step string) []int {
	var out []int
	for part := range strings.SplitSeq(step, ".") {
		n, _ := strconv.Atoi(part) // steps are ours
		out = append(out, n)
	}
	return out
}

// A rowDefaults is what the rows of one table have in common.
type rowDefaults struct {
	ceremony Ceremony
	baseline Baseline
	check    Check
}

// rowDefaultsOf picks the check of the ceremony; the set-up is the plain one.
func rowDefaultsOf(c Ceremony, create, get Check) rowDefaults {
	if c == Authentication {
		return rowDefaults{c, getPlain, get}
	}
	return rowDefaults{c, createPlain, create}
}

// row is one fault; its id gets the ceremony's prefix.
func (t rowDefaults) row(id, title, why string, edits ...edit) *Fault {
	prefix := "reg-"
	if t.ceremony == Authentication {
		prefix = "get-"
	}
	return &Fault{ID: prefix + id, Title: title, Why: why, Ceremony: t.ceremony, Baseline: t.baseline, Check: t.check,
		edits: edits}
}

// twin is one ceremony that must be accepted.
func (t rowDefaults) twin(id, step, title, why string, edits ...edit) *Fault {
	f := t.row(id, title, why, edits...)
	f.Class = Accept
	f.Step = step
	f.Check = ""
	return f
}

func (f *Fault) on(b Baseline) *Fault          { f.Baseline = b; return f }
func (f *Fault) of(c Class) *Fault             { f.Class = c; return f }
func (f *Fault) at(step, clause string) *Fault { f.Step, f.Clause = step, clause; return f }
func (f *Fault) also(list ...Check) *Fault     { f.Also = list; return f }
func (f *Fault) cites(sentence string) *Fault  { f.Cites = sentence; return f }
func (f *Fault) acts(s scenario) *Fault        { f.scene = s; return f }
func (f *Fault) needs(list ...Feature) *Fault  { f.Needs = append(f.Needs, list...); return f }
func (f *Fault) unless(list ...Feature) *Fault { f.Unless = append(f.Unless, list...); return f }
