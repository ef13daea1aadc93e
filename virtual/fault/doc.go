// Package fault is a catalogue of deliberate faults against relying parties of Web Authentication Level 3, and of
// correct but unusual ceremonies that a relying party must accept. A fault is a value: what it breaks, the one check
// that has to refuse it, the clause that asks for that check, the attack it stands for, and how it is played.
//
//	for _, f := range fault.Catalogue() {
//		if len(f.Missing(party.About())) > 0 {
//			continue // the party cannot be asked
//		}
//		played, err := f.Play(ctx, party, "run-7-"+f.ID) // err: nothing is known
//		...
//	}
//
// # How a fault is played
//
//	Party.Visit ──► Visit ──RegisterBegin──► options ──► virtual.Client with edits ──► response ──RegisterFinish──► Answer
//	                      └─SignInBegin ───► options ──► virtual.Client with edits ──► response ──SignInFinish────► Answer
//
// A fault has a set-up (Baseline): which authenticator, which wishes, whether a registration comes before. Its edits
// change one thing on the way: client data and authenticator data before they are signed, attestation statements and
// certificates before they are signed, the encoded attestation object, the text of the response. What is changed is
// signed again by the right key, so that only the named check can refuse. Faults that are more than one broken
// ceremony (replays, other sessions, clones, deleted keys) have a scene instead.
//
// PlayBaseline plays the same set-up with nothing broken: the honest twin. A party that refuses it says nothing about
// the fault. Faults with the same Baseline have the same twin, so it need be played once.
//
// # What must be refused
//
//	Reject     the specification demands a refusal
//	Policy     it leaves the refusal to the relying party: trust in attestation, counters, disabled users
//	Hardening  it does not ask for one; a careful relying party refuses: duplicate members, keys beside the curve
//	Accept     a correct ceremony; refusing it is over-strict
//
// A fault that needs more than one visit, a clock or an administrator says so in Needs, and with which features it is
// none in Unless; parties tell what they offer in About.
//
// # Sameness
//
// Keys, credential ids, certificates and whatever else is drawn come from the name that Play is given, and so does the
// user's name. The same name gives the same bytes, but for what the party's challenge and user handle change.
//
// # What counts as a fault of its own
//
// A fault names the one check whose removal lets it through. Package party is a relying party that notes every check a
// response breaks, and in which every check can be removed: the tests here show that each fault breaks exactly the
// check it names, and that no two faults of a check say the same.
//
// # How a row is written
//
// The rows stand in tables, one for each part of a response, beside the edits they use: json.go, clientdata.go,
// createdata.go, key.go, statement.go, tpm.go, getdata.go, signature.go, state.go, getstate.go, and twin.go for what
// must be accepted. A row tells id, title, why and edits; step, clause, class and reason come from its check (Demands)
// unless it says otherwise. A new check is a constant in check.go, a line in demand.go, and a row at least.
package fault
