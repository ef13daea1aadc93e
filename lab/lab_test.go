package lab_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/totp"
)

// service is a service over a new store, a lab or a site.
func service(t *testing.T, clock *auth.Clock) *auth.Service {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "latchkey.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	apps, err := totp.New(totp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := auth.New(auth.Config{DB: db, Keys: store.Plain(), Factors: []auth.Factor{apps}, Policy: auth.Marketplace(),
		Site: "Latchkey", Origin: "http://localhost:8080", RPID: "localhost", Lab: clock})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASiteHasNoMaker(t *testing.T) {
	if _, err := lab.New(service(t, nil), nil); err == nil {
		t.Error("got a maker of accounts at a site, want none")
	}
	s := service(t, auth.NewClock(nil))
	if _, err := lab.New(s, nil); err != nil {
		t.Errorf("in a lab: got %v, want a maker", err)
	}
	if _, err := lab.New(s, nil); err == nil || !strings.Contains(err.Error(), "already") && !strings.Contains(err.Error(), "twice") {
		t.Errorf("a second one: got %v, want it refused", err)
	}
}

// What is made is told as it was stored: names cut as a person's are, the
// account's second step on, the session at its level.
func TestMakeTellsWhatItStored(t *testing.T) {
	x, err := lab.New(service(t, auth.NewClock(nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	form := lab.AccountForm{Name: strings.Repeat("n", 500), Session: true, Methods: []auth.MethodForm{{Kind: auth.TOTP, Name: "app"}}}
	made, err := x.Make(t.Context(), auth.Caller{}, form)
	if err != nil {
		t.Fatal(err)
	}
	if len(made.Name) >= 500 || made.ID != lab.FixtureID(form.Name) || made.Methods[0].Name != "app" || made.Methods[0].Secret == "" {
		t.Errorf("got %+v, want the account as stored", made)
	}
	if made.Session == nil || made.Session.AAL != 2 || made.Token == "" {
		t.Errorf("got session %+v, want one of level 2", made.Session)
	}
	if _, err := x.Make(t.Context(), auth.Caller{}, form); !errors.Is(err, auth.Refuse(auth.AccountExists)) {
		t.Errorf("again: got %v, want %s", err, auth.AccountExists)
	}
	twice := lab.AccountForm{Name: "two", Methods: []auth.MethodForm{{Kind: "fax"}}}
	if _, err := x.Make(t.Context(), auth.Caller{}, twice); !errors.Is(err, auth.Refuse(auth.NoSuchMethod)) {
		t.Errorf("a method that cannot be planted: got %v, want %s", err, auth.NoSuchMethod)
	}
}

// The password that fixtures get keeps to every preset's rules, so that it can be used in forms, too.
func TestPasswordIsGood(t *testing.T) {
	for name, p := range map[string]auth.Policy{"marketplace": auth.Marketplace(), "nist": auth.NIST()} {
		owner := password.Owner{Identifiers: []string{"ann", "ann@lab.example"}, Words: []string{"ann"}, Fold: ident.Fold}
		if list := p.Password.Problems(lab.Password, owner); len(list) > 0 {
			t.Errorf("%s: got %v, want nothing wrong with it", name, list)
		}
	}
}
