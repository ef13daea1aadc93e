package auth

import (
	"errors"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/ident"
)

// constants returns the values of a package's constants of one string type.
func constants(t *testing.T, dir, typ string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, name := range names {
		f, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := v.Type.(*ast.Ident); ok && id.Name == typ && len(v.Values) == 1 {
				values = append(values, strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
			}
			return true
		})
	}
	return values
}

// Every problem that package ident can have is refused with a code of ours, and so is whatever wraps one.
func TestEveryProblemOfIdentifiersIsRefused(t *testing.T) {
	values := constants(t, "../ident", "Problem")
	if len(values) < 8 || len(values) != len(typedRefusals()) {
		t.Errorf("got %d problems and %d rows, want a row for each of 8 at least", len(values), len(typedRefusals()))
	}
	for _, v := range values {
		var e *Error
		if err := RefuseTyped(ident.Problem(v)); !errors.As(err, &e) || e.Code == "" || e.Field == "" {
			t.Errorf("%s: got %v, want a refusal that names its field", v, err)
		}
	}
	if err := RefuseTyped(nil); err != nil {
		t.Errorf("no error: got %v", err)
	}
	failure := errors.New("disk full")
	if err := RefuseTyped(failure); err != failure {
		t.Errorf("a failure: got %v, want it as it is", err)
	}
}

// A binding that was sealed before an authenticator's id and a number had names of their own goes on.
func TestBindingsSealedEarlierKeepTheirRecipient(t *testing.T) {
	old := Ceremony{Purpose: ForBind, Kind: Phone, AuthenticatorID: "+8613800138000"}
	old.upgrade()
	if old.Recipient != "+8613800138000" || old.AuthenticatorID != "" {
		t.Errorf("got to %q, target %q, want the number as recipient alone", string(old.Recipient), old.AuthenticatorID)
	}
	now := Ceremony{Purpose: ForSignIn, Kind: Phone, AuthenticatorID: "AAAA"}
	now.upgrade()
	if now.Recipient != "" || now.AuthenticatorID != "AAAA" {
		t.Errorf("got to %q, target %q, want the authenticator as target", string(now.Recipient), now.AuthenticatorID)
	}
}

// Decoys that were sealed while a greeting told them stay decoys.
func TestDecoysSealedEarlierAnswerNobody(t *testing.T) {
	for _, c := range []struct {
		sealed Ceremony
		want   bool
	}{
		{Ceremony{Purpose: ForSignIn, Kind: WebAuthn, Greeting: "nobody@example.com"}, true},
		{Ceremony{Purpose: ForSignIn, Kind: WebAuthn}, false},
		{Ceremony{Purpose: ForSignIn, Kind: WebAuthn, Greeting: "a@example.com", Account: "A"}, false},
		{Ceremony{Purpose: ForSignIn, Greeting: "a@example.com", Account: "A", Proofs: []Proof{{Kind: Password}}}, false},
	} {
		if c.sealed.upgrade(); c.sealed.AnswersNobody != c.want {
			t.Errorf("%+v: got %v, want %v", c.sealed, c.sealed.AnswersNobody, c.want)
		}
	}
}
