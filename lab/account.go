package lab

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// An AccountForm describes a fixture. Name is required; what else is left out
// is drawn from Seed, and Seed is the Name where none is given.
type AccountForm struct {
	Name, Email, UserName, Phone, Language string
	Password                               string
	Seed                                   string
	Handle                                 string // WebAuthn user handle, base64url
	Methods                                []auth.MethodForm
	Session                                bool // sign the account in at once
}

// A FixtureInfo is a fixture with everything that its owner knows, since it is
// made for tests: no other use case returns such things.
type FixtureInfo struct {
	ID       auth.AccountID
	UserID   string // WebAuthn user handle, base64url
	Name     string
	Email    ident.Email
	UserName string
	Phone    ident.Phone
	Password string
	Methods  []FixtureMethod
	Token    string
	Session  *auth.SessionInfo
}

// A FixtureMethod is one method of a fixture.
type FixtureMethod struct {
	ID         string
	Kind       auth.Kind
	Name       string
	Credential string
	Secret     string // as auth.FixtureSecrets, and what follows
	PublicID   string
	PrivateID  string
	Codes      []string
}

// Password is the password of fixtures that are given none. It keeps to every
// preset's rules.
const Password = "Quiet-Harbour-417"

// mostMethods bounds what one form may ask to be planted.
const mostMethods = 200

// seeded draws what a fixture leaves open.
type seeded string

func (s seeded) sum(label string) [sha256.Size]byte {
	return sha256.Sum256([]byte("latchkey lab\x00" + string(s) + "\x00" + label))
}

func (s seeded) reader(label string) io.Reader { return rand.NewChaCha8(s.sum(label)) }

// FixtureID is the account that a form without a seed of its own makes.
func FixtureID(name string) auth.AccountID { return auth.AccountID(seeded(name).id("account")) }

// id is a random-looking id of 22 characters.
func (s seeded) id(label string) string {
	sum := s.sum(label)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// Make makes an account with its methods in one transaction. Its password is
// hashed at a cost that is right for tests alone; nothing else about it differs
// from an account that signed up. Refuses AccountExists, KeyExcluded and what
// the parts of the form are refused with.
func (s *Service) Make(ctx context.Context, c auth.Caller, f AccountForm) (*FixtureInfo, error) {
	a, err := s.account(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(f.Methods) > mostMethods {
		return nil, auth.RefuseField(auth.NoSuchMethod, "methods")
	}
	var methods []auth.Authenticator
	var shown []*auth.FixtureSecrets
	for i := range f.Methods {
		x, its, err := s.makeFixture(a, f, i)
		if err != nil {
			return nil, err
		}
		methods, shown = append(methods, *x), append(shown, its)
	}
	return auth.Do(ctx, s.door, c, ActMake, func(w *auth.Work) (*FixtureInfo, error) {
		planted, err := w.MakeAccount(*a, methods)
		if err != nil {
			return nil, err
		}
		made, err := w.AccountOf(a.ID)
		if err != nil {
			return nil, err
		}
		info := &FixtureInfo{ID: a.ID, UserID: base64.RawURLEncoding.EncodeToString(a.Handle), Name: made.Name, Email: a.Email,
			UserName: made.UserName, Phone: a.Phone, Password: cmp.Or(f.Password, Password), Methods: []FixtureMethod{}}
		for i, m := range planted {
			info.Methods = append(info.Methods, FixtureMethod{ID: m.ID, Kind: m.Kind, Name: m.Name,
				Credential: methods[i].Credential, Secret: shown[i].Secret, PublicID: shown[i].PublicID,
				PrivateID: shown[i].PrivateID, Codes: shown[i].Codes})
		}
		if !f.Session {
			return info, nil
		}
		signedIn, err := w.SignInFixture(a.ID)
		if err != nil {
			return nil, err
		}
		info.Token, info.Session = signedIn.Token, signedIn.Session
		return info, nil
	})
}

// account is the record that a form describes.
func (s *Service) account(ctx context.Context, f AccountForm) (*auth.Account, error) {
	if strings.TrimSpace(f.Name) == "" {
		return nil, auth.RefuseField(auth.NameMissing, "name")
	}
	if f.Language != "" && f.Language != "en" && f.Language != "zh-CN" {
		return nil, auth.RefuseField(auth.MalformedRequest, "language")
	}
	seed, handle := seeded(cmp.Or(f.Seed, f.Name)), make([]byte, 64)
	if _, err := io.ReadFull(seed.reader("handle"), handle); err != nil {
		return nil, fmt.Errorf("drawing a user handle: %w", err)
	}
	a := &auth.Account{ID: auth.AccountID(seed.id("account")), Name: f.Name, Handle: handle,
		UserName: ident.UserName(cmp.Or(f.UserName, f.Name)), Language: cmp.Or(f.Language, "en")}
	var err error
	if a.Email, err = ident.ParseEmail(cmp.Or(f.Email, mailboxOf(f.Name))); err != nil {
		return nil, auth.RefuseTyped(err)
	}
	if f.Phone != "" {
		if a.Phone, err = ident.ParsePhone(f.Phone, s.countries); err != nil {
			return nil, auth.RefuseTyped(err)
		}
	}
	if text := cmp.Or(f.Handle, handleOf(f.Methods)); text != "" {
		text = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text)
		a.Handle, err = base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(a.Handle) == 0 || len(a.Handle) > 64 {
			return nil, auth.RefuseField(auth.MalformedRequest, "handle")
		}
	}
	a.Password, err = auth.HashPassword(ctx, s.hasher, cmp.Or(f.Password, Password))
	return a, err
}

// handleOf is the user handle that a virtual credential was made with, "" if none
// says: a discoverable one names its account by it.
func handleOf(list []auth.MethodForm) string {
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

// makeFixture makes the method i of a form, and what its owner is shown.
func (s *Service) makeFixture(a *auth.Account, f AccountForm, i int) (*auth.Authenticator, *auth.FixtureSecrets, error) {
	seed := seeded(cmp.Or(f.Seed, f.Name))
	label := fmt.Sprintf("method %d", i)
	x, shown, err := s.MakeFixture(auth.FixtureInput{MethodForm: f.Methods[i], Random: seed.reader(label), Subject: auth.Subject{
		Handle: a.Handle, Name: string(a.Email), Display: a.Name}})
	if err != nil {
		return nil, nil, err
	}
	x.ID = seed.id(label + " id")
	x.Device = seed.id(label + " device")
	x.Name = f.Methods[i].Name
	return x, shown, nil
}

// Session signs an account of the lab in, as if it had shown its password and
// its strongest method. Refuses NotFound, and AccountDisabled.
func (s *Service) Session(ctx context.Context, c auth.Caller, id auth.AccountID) (*auth.SignInInfo, error) {
	return auth.Do(ctx, s.door, c, ActMake, func(w *auth.Work) (*auth.SignInInfo, error) { return w.SignInFixture(id) })
}

// Switch switches an account off, which ends its sessions and whatever it has
// begun, or on again. Refuses NotFound.
func (s *Service) Switch(ctx context.Context, c auth.Caller, id auth.AccountID, on bool) error {
	return s.door.Do(ctx, c, ActChange, func(w *auth.Work) error {
		if on {
			return w.Thaw(id)
		}
		return w.Freeze(id)
	})
}

// Forget removes a method of an account at once, by its id or its credential
// id, as its owner's own removal would. Refuses NotFound.
func (s *Service) Forget(ctx context.Context, c auth.Caller, id auth.AccountID, method string) error {
	return s.door.Do(ctx, c, ActChange, func(w *auth.Work) error { return w.Unbind(id, method) })
}
