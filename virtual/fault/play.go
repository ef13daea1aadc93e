package fault

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
)

// A Party is the relying party under test, as a fault sees it. It is safe for concurrent use.
type Party interface {
	About() About

	// Visit makes a user nobody had before, in a browser of his own. name is unique in a run and made of letters,
	// digits and dashes. An error means that the party could not be used at all.
	Visit(ctx context.Context, name string) (Visit, error)
}

// About is what a party is and can do.
type About struct {
	Origin   string // of its pages, as a browser serialises it
	RPID     string
	Features []Feature

	TopOrigins []string // pages in whose frames Origin may be shown; Feature Framing

	// Roots that the party trusts for attestation were made from this CA; nil: it trusts none of ours, and faults that
	// need a trusted chain are not played.
	CA *virtual.CA
}

// Has reports whether the party offers a feature.
func (a About) Has(f Feature) bool {
	for _, have := range a.Features {
		if have == f {
			return true
		}
	}
	return false
}

// A Feature is something that not every party offers, or lets a tester do.
type Feature string

// The features.
const (
	Discoverable Feature = "discoverable" // sign-in without naming the user: SignInBegin with Wish.Discoverable
	Verification Feature = "verification" // Wish.Verify is honoured: user verification "required"
	SecondVisit  Feature = "second-visit" // Visit.Again: the same user in another browser
	SecondKey    Feature = "second-key"   // a user may register more than one credential
	Expiry       Feature = "expiry"       // Desk.Expire: the ceremonies begun so far are too old
	Removal      Feature = "removal"      // Desk.Remove: a credential of the user is deleted
	Disabling    Feature = "disabling"    // Desk.Disable: the user may no longer sign in
	Attestation  Feature = "attestation"  // it asks for attestation and verifies statements
	Trust        Feature = "trust"        // it demands a chain to a root it trusts (About.CA)
	UniqueIDs    Feature = "unique-ids"   // registrations of different users share one store of credential ids
	SignCounter  Feature = "sign-counter" // it refuses, or freezes, when the counter goes back
	Framing      Feature = "framing"      // it may be framed by About.TopOrigins

	// OneCeremony: which ceremony a response answers is settled before its challenge is read, by a token that goes with
	// it or because a session has one open at a time. Parties that look open ceremonies up by challenge, so that two
	// tabs
	// work, lack it and are right.
	OneCeremony Feature = "one-ceremony"

	// What makes faults none (Fault.Unless).
	SharedUser Feature = "shared-user" // every visit is the same user, as in demonstrations
	BareID     Feature = "bare-id"     // it takes responses without rawId, as the FIDO conformance API has them

	// Algorithms that the party offers; ES256 is taken for granted.
	OffersRS256 Feature = "rs256"
	OffersEdDSA Feature = "eddsa"
	OffersES384 Feature = "es384"
	OffersES512 Feature = "es512"

	// Statement formats that it verifies, beside Attestation; none and packed are taken for granted.
	FormatU2F        Feature = "fido-u2f"
	FormatTPM        Feature = "tpm"
	FormatAndroidKey Feature = "android-key"
	FormatApple      Feature = "apple"
	FormatCompound   Feature = "compound"
)

// A Wish is what a ceremony is begun with.
type Wish struct {
	Verify       bool // user verification "required"; else the party's default
	Discoverable bool // registration: a resident key; sign-in: without naming the user
	Trust        bool // registration: a chain to a root the party trusts is demanded (Feature Trust)
}

// A Visit is one user in one browser: cookies of his own. Where About.Features says so it is a Desk, too.
type Visit interface {
	RegisterBegin(ctx context.Context, w Wish) (*Begun, error)
	RegisterFinish(ctx context.Context, b *Begun, response []byte) (*Answer, error)
	SignInBegin(ctx context.Context, w Wish) (*Begun, error)
	SignInFinish(ctx context.Context, b *Begun, response []byte) (*Answer, error)

	// Again is the same user in another browser (SecondVisit).
	Again(ctx context.Context) (Visit, error)
}

// A Desk is what an administrator, or the passing of time, does to the user of a Visit.
type Desk interface {
	Expire(ctx context.Context) error                    // the ceremonies begun so far are too old (Expiry)
	Remove(ctx context.Context, credential []byte) error // a credential is deleted (Removal)
	Disable(ctx context.Context) error                   // the user may no longer sign in (Disabling)
}

// A Begun is one begun ceremony: what the party sent, and what it wants to see again at the end.
type Begun struct {
	Options []byte // options JSON of Level 3 §5.1.8 or §5.1.9, bare or within publicKey
	State   any    // the adapter's own: a token, a cookie jar; nil where cookies suffice
}

// An Answer is what a party said to a response. An error beside it means that it said nothing that could be read.
type Answer struct {
	Accepted bool
	Status   int    // HTTP, 0 in process
	Code     string // the stable code, if the party has one
	Text     string // what it says to people or programs
	Step     string // the step that refused, if the party tells: "7.1.9"
	Request  []byte // as sent, for reports
	Response []byte // as received, for reports
	Took     time.Duration
}
