package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// A Planter is a Factor that can make an authenticator for a lab's fixture, as
// if it had been bound.
type Planter interface {
	// Plant returns the authenticator with Kind, Recipient, Credential, Data and Traits
	// set, and beside it what its owner would have been shown. What the form
	// leaves open is drawn from p.Random, so that the same seed gives the same.
	// It refuses MalformedRequest, with the member at fault.
	Plant(p Planting) (*Authenticator, *Planted, error)
}

// A Planting is one method of a fixture.
type Planting struct {
	MethodForm
	Subject Subject
	Random  io.Reader
}

// Planted is what the owner of a planted authenticator knows: his app's secret
// in base32, or his recovery codes.
type Planted struct {
	Secret string
	Codes  []string
}

// A MethodForm describes one method of a fixture. Kind is required, and what
// the kind cannot do without: a credential with its PublicKey (COSE) or a
// Virtual one (the JSON of CDP's WebAuthn.addCredential), a Number, an Address.
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

	Secret  string // totp: base32
	Number  string // phone: E.164
	Address string // email
	Codes   []string
}

// An AccountForm describes a fixture. Name is required; what else is left out
// is drawn from Seed, and Seed is the Name where none is given.
type AccountForm struct {
	Name, Email, UserName, Phone, Language string
	Password                               string
	Seed                                   string
	Handle                                 string // WebAuthn user handle, base64url
	Methods                                []MethodForm
	Session                                bool // sign the account in at once
}

// A FixtureInfo is a fixture with everything that its owner knows, since it is
// made for tests: no other use case returns such things.
type FixtureInfo struct {
	ID       AccountID
	UserID   string // WebAuthn user handle, base64url
	Name     string
	Email    ident.Email
	UserName string
	Phone    ident.Phone
	Password string
	Methods  []FixtureMethod
	Token    string
	Session  *SessionInfo
}

// A FixtureMethod is one method of a fixture.
type FixtureMethod struct {
	ID         string
	Kind       Kind
	Name       string
	Credential string
	Secret     string
	Codes      []string
}

// LabPassword is the password of fixtures that are given none. It keeps to every
// preset's rules.
const LabPassword = "Quiet-Harbour-417"

// seeded draws what a fixture leaves open.
type seeded string

func (s seeded) sum(label string) [sha256.Size]byte {
	return sha256.Sum256([]byte("latchkey lab\x00" + string(s) + "\x00" + label))
}

func (s seeded) reader(label string) io.Reader { return rand.NewChaCha8(s.sum(label)) }

// Make makes an account with its methods in one transaction. Its password is
// hashed at a cost that is right for tests alone; nothing else about it differs
// from an account that signed up. Refuses AccountExists, KeyExcluded and what
// the parts of the form are refused with.
func (l *Lab) Make(ctx context.Context, c Caller, f AccountForm) (*FixtureInfo, error) {
	a, err := l.account(ctx, f)
	if err != nil {
		return nil, err
	}
	now := l.s.later(c, l.s.now())
	a.CreatedAt, a.PasswordAt = now, now
	if a.Phone != "" {
		a.PhoneAt = now
	}
	one := Seeded{Account: *a}
	info := &FixtureInfo{ID: a.ID, UserID: base64.RawURLEncoding.EncodeToString(a.Handle), Name: a.Name, Email: a.Email,
		UserName: string(a.UserName), Phone: a.Phone, Password: cmpOr(f.Password, LabPassword), Methods: []FixtureMethod{}}
	for i := range f.Methods {
		m, err := l.plant(&one, f, i)
		if err != nil {
			return nil, err
		}
		info.Methods = append(info.Methods, *m)
	}
	drawn := l.s.newDraw()
	at, err := Do(ctx, l.s, c, ActLabMake, func(w *Work) (*standing, error) {
		made := one
		if err := w.notTaken(&made); err != nil {
			return nil, err
		}
		if err := l.s.seed(w.tx, &made); err != nil {
			return nil, err
		}
		if !f.Session {
			return nil, nil
		}
		return w.open(&made.Account, drawn)
	})
	if err == nil && f.Session {
		x := l.s.sessionInfo(at.session, at.session)
		info.Token, info.Session = at.token, &x
	}
	return info, err
}

// account is the record that a form describes.
func (l *Lab) account(ctx context.Context, f AccountForm) (*Account, error) {
	if strings.TrimSpace(f.Name) == "" {
		return nil, RefuseField(NameMissing, "name")
	}
	if f.Language != "" && f.Language != "en" && f.Language != "zh-CN" {
		return nil, RefuseField(MalformedRequest, "language")
	}
	seed := seeded(cmpOr(f.Seed, f.Name))
	id, handle := seed.sum("account"), make([]byte, 64)
	if _, err := io.ReadFull(seed.reader("handle"), handle); err != nil {
		return nil, fmt.Errorf("drawing a user handle: %w", err)
	}
	a := &Account{ID: AccountID(base64.RawURLEncoding.EncodeToString(id[:16])), Name: clip(f.Name, ident.MaxName), Handle: handle,
		UserName: ident.UserName(clip(cmpOr(f.UserName, f.Name), ident.MaxUserName)), Language: cmpOr(f.Language, "en")}
	var err error
	if a.Email, err = ident.ParseEmail(cmpOr(f.Email, mailboxOf(f.Name))); err != nil {
		return nil, RefuseTyped(err)
	}
	if f.Phone != "" {
		if a.Phone, err = ident.ParsePhone(f.Phone, l.s.policy.Countries); err != nil {
			return nil, RefuseTyped(err)
		}
	}
	if text := cmpOr(f.Handle, handleOf(f.Methods)); text != "" {
		text = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text)
		a.Handle, err = base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(a.Handle) == 0 || len(a.Handle) > 64 {
			return nil, RefuseField(MalformedRequest, "handle")
		}
	}
	a.Password, err = hashed(ctx, l.hasher, cmpOr(f.Password, LabPassword))
	return a, err
}

// handleOf is the user handle that a virtual credential was made with, "" if none
// says: a discoverable one names its account by it.
func handleOf(list []MethodForm) string {
	for i := range list {
		var v struct {
			UserHandle string `json:"userHandle"`
		}
		if json.Unmarshal(list[i].Virtual, &v) == nil && v.UserHandle != "" {
			return v.UserHandle
		}
	}
	return ""
}

// mailboxOf is the mailbox of a fixture that is given none: its name, where that
// can stand before an "@".
func mailboxOf(name string) string {
	if a, err := ident.ParseEmail(name + "@lab.example"); err == nil && !strings.ContainsAny(name, " @") {
		return string(a)
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:12]) + "@lab.example"
}

// plant makes the method i of a form and puts it, with its device, beside the
// account.
func (l *Lab) plant(one *Seeded, f AccountForm, i int) (*FixtureMethod, error) {
	form, seed := f.Methods[i], seeded(cmpOr(f.Seed, f.Name))
	planter, ok := l.s.factors[form.Kind].(Planter)
	if !ok || i >= maxAuthenticators {
		return nil, RefuseField(NoSuchMethod, "methods")
	}
	label := fmt.Sprintf("method %d", i)
	if form.Flavour != "" && form.Flavour != SecurityKey && form.Flavour != Passkey {
		return nil, RefuseField(MalformedRequest, "flavour")
	}
	x, shown, err := planter.Plant(Planting{MethodForm: form, Random: seed.reader(label), Subject: Subject{
		Handle: one.Account.Handle, Name: string(one.Account.Email), Display: one.Account.Name, Site: l.s.name}})
	if err != nil {
		return nil, err
	}
	for k := range one.Authenticators {
		if err := beside(x, &one.Authenticators[k]); err != nil {
			return nil, err
		}
	}
	id, device := seed.sum(label+" id"), seed.sum(label+" device")
	x.ID, x.Account, x.State, x.BoundAt = base64.RawURLEncoding.EncodeToString(id[:16]), one.Account.ID, Active, one.Account.CreatedAt
	if x.Name = form.Name; x.Name == "" {
		var before []*Authenticator
		for k := range one.Authenticators {
			before = append(before, &one.Authenticators[k])
		}
		x.Name = l.s.nameFor("", x, before)
	}
	x.Device = base64.RawURLEncoding.EncodeToString(device[:16])
	d := Device{ID: x.Device, Kind: l.s.row(x).device(x, "")}
	if at := slices.IndexFunc(one.Devices, func(o Device) bool { return o.Kind == d.Kind && shares(d.Kind) }); at >= 0 {
		x.Device = one.Devices[at].ID
	} else {
		one.Devices = append(one.Devices, d)
	}
	if !l.s.isSet(x.Kind) {
		one.Account.EnrolledAt = one.Account.CreatedAt
	}
	one.Authenticators = append(one.Authenticators, *x)
	return &FixtureMethod{ID: x.ID, Kind: x.Kind, Name: x.Name, Credential: x.Credential, Secret: shown.Secret, Codes: shown.Codes}, nil
}

// beside refuses a method that no account could have bound beside another one.
func beside(x, other *Authenticator) error {
	switch {
	case x.Credential != "" && x.Credential == other.Credential:
		return Refuse(KeyExcluded, "name", other.Name)
	case x.Kind == other.Kind && (x.Kind == Lookup || x.Recipient != "" && x.Recipient == other.Recipient):
		return RefuseField(MalformedRequest, "methods")
	}
	return nil
}

// notTaken refuses a fixture of which something is there already.
func (w *Work) notTaken(one *Seeded) error {
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
		if err := w.newCredential(&one.Authenticators[i], nil); err != nil {
			return err
		}
	}
	return nil
}

// open opens a session that has shown the password and the account's strongest
// method, just now; one that may only enrol, if there is no method.
func (w *Work) open(a *Account, d draw) (*standing, error) {
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
		proofs = append(proofs, Proof{Kind: best.Kind, Authenticator: best.ID, At: w.now, Class: w.s.worth(best.Kind).Class,
			UserVerified: best.Traits.VerifiesUser, Synced: best.Traits.Synced})
	}
	w.session = nil
	token, err := w.grant(a, d.secret, proofs, false)
	return &standing{flow: new(Ceremony), token: token, session: w.session}, err
}

// Session signs an account of the lab in, as if it had shown its password and
// its strongest method. Refuses NotFound, and AccountDisabled.
func (l *Lab) Session(ctx context.Context, c Caller, id AccountID) (*SignInInfo, error) {
	drawn := l.s.newDraw()
	at, err := Do(ctx, l.s, c, ActLabMake, func(w *Work) (*standing, error) {
		a, err := w.fixture(id)
		if err != nil {
			return nil, err
		}
		if a.disabled() {
			return nil, Refuse(AccountDisabled)
		}
		return w.open(a, drawn)
	})
	if err != nil {
		return nil, err
	}
	return l.s.signInInfo(c, at)
}

// PastPassword returns a sign-in of the account that has shown its password, for
// protocols that know none. Refuses NotFound, and AccountDisabled.
func (l *Lab) PastPassword(ctx context.Context, c Caller, id AccountID) (*SignInInfo, error) {
	flowID := l.s.newID()
	at, err := Do(ctx, l.s, c, ActLabLook, func(w *Work) (*standing, error) {
		a, err := w.fixture(id)
		if err != nil {
			return nil, err
		}
		if a.disabled() {
			return nil, Refuse(AccountDisabled)
		}
		flow := &Ceremony{ID: flowID, Purpose: ForSignIn, Account: id, Hint: ident.Greeting(a.Email),
			Begun: w.now, Expires: w.now.Add(l.s.policy.SignInLife), Epochs: w.epochs(a),
			Proofs: []Proof{{Kind: Password, At: w.now}}}
		methods, err := w.methods(a)
		return &standing{flow: flow, methods: methods}, err
	})
	if err != nil {
		return nil, err
	}
	return l.s.signInInfo(c, at)
}

// FixtureID is the account that a form without a seed of its own makes.
func FixtureID(name string) AccountID {
	id := seeded(name).sum("account")
	return AccountID(base64.RawURLEncoding.EncodeToString(id[:16]))
}

// Switch switches an account off, which ends its sessions and whatever it has
// begun, or on again. Refuses NotFound.
func (l *Lab) Switch(ctx context.Context, c Caller, id AccountID, on bool) error {
	return l.s.Do(ctx, c, ActLabChange, func(w *Work) error {
		a, err := w.fixture(id)
		if err != nil {
			return err
		}
		a.Epoch++
		if a.DisabledAt = w.now; on {
			a.DisabledAt = time.Time{}
		}
		if err := w.s.accounts.Put(w.tx, string(id), a); err != nil || on {
			return err
		}
		return w.endSessions(id, func(*Session) bool { return true })
	})
}

// Forget removes a method of an account at once, by its id or its credential
// id, as its owner's own removal would. Refuses NotFound.
func (l *Lab) Forget(ctx context.Context, c Caller, id AccountID, method string) error {
	return l.s.Do(ctx, c, ActLabChange, func(w *Work) error {
		a, err := w.fixture(id)
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
	})
}

// fixture reads an account by its id.
func (w *Work) fixture(id AccountID) (*Account, error) {
	a, err := w.s.accounts.Get(w.tx, string(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, Refuse(NotFound)
	}
	return a, err
}
