package auth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// A FixtureMaker is a Factor that can make an authenticator for a lab's fixture, as
// if it had been bound.
type FixtureMaker interface {
	// MakeFixture returns the authenticator with Kind, Recipient, Credential, Digest, Data and Traits
	// set, and beside it what its owner would have been shown. What the form
	// leaves open is drawn from p.Random, so that the same seed gives the same.
	// It refuses MalformedRequest, with the member at fault.
	MakeFixture(p FixtureInput) (*Authenticator, *FixtureSecrets, error)
}

// A FixtureInput is one method of a fixture.
type FixtureInput struct {
	MethodForm
	Subject Subject
	Random  io.Reader
}

// FixtureSecrets is what the owner of a planted authenticator knows, or holds: the secret of an app, of touch codes
// or of a token in base32, what a key is programmed with for a Yubico OTP (modhex, hexadecimal), recovery codes.
type FixtureSecrets struct {
	Secret    string
	PublicID  string
	PrivateID string
	Codes     []string
}

// A MethodForm describes one method of a fixture. Kind is required, and what
// the kind cannot do without: a credential with its PublicKey (COSE) or a
// Virtual one (the JSON of CDP's WebAuthn.addCredential), a Number, an Address.
// What lives on a key lives on the last one before it.
type MethodForm struct {
	Kind Kind
	Name string

	Credential     string // webauthn: credential id; it, and what follows, in base64url
	PublicKey      string // COSE_Key
	Virtual        json.RawMessage
	SignCount      int
	Resident       bool
	BackupEligible bool
	BackupState    bool
	Verified       bool // the key verified its user when it was bound
	AAGUID         string
	Transports     []string
	Flavour        Flavour

	Secret    string // totp, hotp: base32; yubiotp: hexadecimal, with the two ids
	Counter   int    // hotp: of the next code
	Serial    string // hotp, a token
	PublicID  string // yubiotp: modhex
	PrivateID string // yubiotp: hexadecimal

	Number  string // phone: E.164
	Address string // email
	Codes   []string
}

// MakeFixture makes the authenticator of a fixture; PlantAccount stores it. Refuses
// NoSuchMethod for a kind that cannot be planted, and what its factor refuses.
func (l *Lab) MakeFixture(p FixtureInput) (*Authenticator, *FixtureSecrets, error) {
	planter, ok := l.s.factors[p.Kind].(FixtureMaker)
	if !ok {
		return nil, nil, RefuseField(NoSuchMethod, "methods")
	}
	if p.Flavour != "" && !slices.ContainsFunc(l.s.methods, func(m Method) bool {
		return m.Kind == p.Kind && m.Flavour == p.Flavour
	}) {
		return nil, nil, RefuseField(MalformedRequest, "flavour")
	}
	return planter.MakeFixture(p)
}

// requireLab refuses, outside of a tester's pass in a lab, what no part may do: to
// write accounts and methods at will and to sign people in.
func (w *Work) requireLab() error {
	if w.s.lab == nil || w.rule.Who != Tester {
		return Refuse(NotFound)
	}
	return nil
}

// MakeAccount stores an account with its methods, as if it had signed up and
// bound them just now. Of a method it completes the name and the device, whose
// id is Device where it needs one of its own. In a lab alone. Refuses
// AccountExists, KeyExcluded, and methods that no account could have together.
func (w *Work) MakeAccount(a Account, methods []Authenticator) ([]AuthenticatorInfo, error) {
	if err := w.requireLab(); err != nil {
		return nil, err
	}
	if len(methods) > maxAuthenticators {
		return nil, RefuseField(NoSuchMethod, "methods")
	}
	a.Name, a.UserName = clip(a.Name, ident.MaxName), ident.UserName(clip(string(a.UserName), ident.MaxUserName))
	a.CreatedAt, a.PasswordAt = w.now, w.now
	a.UsedAt = w.now
	if a.Phone != "" {
		a.PhoneAt = w.now
	}
	one := Seeded{Account: a}
	for _, x := range methods {
		if err := w.makeFixture(&one, x); err != nil {
			return nil, err
		}
	}
	if err := w.refuseTaken(&one); err != nil {
		return nil, err
	}
	if err := w.s.seed(w.tx, &one); err != nil {
		return nil, err
	}
	var list []AuthenticatorInfo
	for i := range one.Authenticators {
		info, err := w.describe(&one.Authenticators[i])
		if err != nil {
			return nil, err
		}
		list = append(list, info)
	}
	return list, nil
}

// makeFixture puts a method, with its device, beside an account.
func (w *Work) makeFixture(one *Seeded, x Authenticator) error {
	var before []*Authenticator
	for k := range one.Authenticators {
		if err := w.refuseBeside(&x, &one.Authenticators[k]); err != nil {
			return err
		}
		before = append(before, &one.Authenticators[k])
	}
	x.Account = one.Account.ID
	x.State = Active
	x.BoundAt = w.now
	if x.Name == "" {
		x.Name = w.s.newMethodName("", &x, before)
	}
	row, there := w.s.row(&x), false
	d := Device{ID: x.Device, Kind: row.device(&x, "")}
	for _, o := range one.Devices {
		if o.Kind == d.Kind && (row.Joins || sharesDevice(d.Kind)) {
			x.Device, there = o.ID, true
		}
	}
	if !there {
		one.Devices = append(one.Devices, d)
	}
	if !w.s.isSet(x.Kind) {
		one.Account.EnrolledAt = w.now
	}
	one.Authenticators = append(one.Authenticators, x)
	return nil
}

// refuseBeside refuses a method that no account could have bound beside another one.
func (w *Work) refuseBeside(x, other *Authenticator) error {
	switch {
	case slices.ContainsFunc(x.boundOnce(), func(v string) bool { return slices.Contains(other.boundOnce(), v) }):
		return Refuse(KeyExcluded, "name", other.Name)
	case x.Kind == other.Kind && (w.s.isSet(x.Kind) || x.Recipient != "" && x.Recipient == other.Recipient):
		return RefuseField(MalformedRequest, "methods")
	}
	return nil
}

// refuseTaken refuses a fixture of which something is there already.
func (w *Work) refuseTaken(one *Seeded) error {
	_, err := w.s.accounts.Get(w.tx, string(one.Account.ID))
	if errors.Is(err, store.ErrNotFound) {
		_, err = w.s.accounts.One(w.tx, "email", one.Account.Email.Key())
	}
	if err == nil {
		return Refuse(AccountExists)
	}
	if err := ignoreMissing(err); err != nil {
		return err
	}
	for i := range one.Authenticators {
		if err := w.refuseKnownCredential(&one.Authenticators[i], nil); err != nil {
			return err
		}
	}
	return nil
}

// SignInFixture opens a session that has shown the password and the account's
// strongest method, just now; one that may only enrol, if there is no method.
// In a lab alone. Refuses NotFound, and AccountDisabled.
func (w *Work) SignInFixture(id AccountID) (*SignInInfo, error) {
	a, err := w.fixtureAccount(id)
	if err != nil {
		return nil, err
	}
	list, err := w.authenticators(a.ID)
	if err != nil {
		return nil, err
	}
	proofs := []Proof{{Kind: Password, At: w.now}}
	var best *Authenticator
	for _, x := range list {
		if !w.s.isSet(x.Kind) && x.State == Active && (best == nil || w.s.worth(x.Kind).Class > w.s.worth(best.Kind).Class) {
			best = x
		}
	}
	if best != nil {
		proofs = append(proofs, w.proofBy(best, w.s.row(best).Channel))
	}
	w.session = nil
	token, err := w.grant(a, w.drawBytes(sessionSecretBytes), proofs, false)
	if err != nil {
		return nil, err
	}
	return w.s.signInInfo(w.caller, &signInState{flow: new(Ceremony), token: token, session: w.session})
}

// fixtureAccount reads an account that a tester may sign in to.
func (w *Work) fixtureAccount(id AccountID) (*Account, error) {
	if err := w.requireLab(); err != nil {
		return nil, err
	}
	a, err := w.existingAccount(id)
	if err == nil && a.disabled() {
		return nil, Refuse(AccountDisabled)
	}
	return a, err
}

// Unbind removes a method of an account at once, by its id or its credential
// id, as its owner's own removal would. In a lab alone. Refuses NotFound.
func (w *Work) Unbind(id AccountID, method string) error {
	if err := w.requireLab(); err != nil {
		return err
	}
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	list, err := w.authenticators(id)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(x *Authenticator) bool {
		return method == "" || x.ID != method && x.Credential != method
	})
	if len(list) == 0 {
		return Refuse(NotFound)
	}
	w.account = a
	return w.unbind(list, new(RemoveInfo))
}

// PastPassword returns a sign-in of the account that has shown its password, for
// protocols that know none: it seals a ceremony, which no part can. Refuses NotFound, and AccountDisabled.
func (l *Lab) PastPassword(ctx context.Context, c Caller, id AccountID) (*SignInInfo, error) {
	flowID := l.s.newID()
	at, err := do(ctx, l.s, c, ActLabLook, func(w *Work) (*signInState, error) {
		a, err := w.fixtureAccount(id)
		if err != nil {
			return nil, err
		}
		flow := &Ceremony{ID: flowID, Purpose: ForSignIn, Account: id, Greeting: ident.Greeting(a.Email),
			Begun: w.now, Expires: w.now.Add(l.s.policy.SignInLife), Epochs: w.epochs(a),
			Proofs: []Proof{{Kind: Password, At: w.now}}}
		methods, err := w.offeredMethods(a, "")
		return &signInState{flow: flow, methods: methods}, err
	})
	if err != nil {
		return nil, err
	}
	return l.s.signInInfo(c, at)
}
