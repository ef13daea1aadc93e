package server

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// hold puts on an account what a response of the staff does.
func (w *world) hold(t *testing.T, id string, h auth.Hold) {
	t.Helper()
	const act = auth.Action("hold")
	d, err := auth.Register(w.service, auth.Part{Name: "holder", Rules: map[auth.Action]auth.Rule{
		act: {Who: auth.System, Audit: true}}})
	if err == nil {
		err = d.Do(t.Context(), d.Operator("test"), act, func(p *auth.Work) error { return p.Hold(auth.AccountID(id), h) })
	}
	if err != nil {
		t.Fatal(err)
	}
}

// heldFaults are what an account answers to the right password that a response has reached.
func heldFaults() map[auth.Code]provocation {
	held := func(h auth.Hold) provocation {
		return provocation{lab: true, do: func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			var made fixture
			p.must("POST", "/lab/accounts", m{"name": "ann", "email": testEmail, "password": testPassword}, &made)
			c.hold(c.t, made.ID, h)
			return p.api("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, nil)
		}}
	}
	return map[auth.Code]provocation{auth.AccountHeld: held(auth.Hold{By: "r", Freeze: true}),
		auth.PasswordDue: held(auth.Hold{By: "r", Password: true})}
}

// Every act that may open a session says that a frozen account is refused there, and no other does. Which they are is
// read from the domain's source: what leads to liftHeld.
func TestWhatMayOpenASessionSaysHeld(t *testing.T) {
	calls := map[string][]string{}
	files, err := filepath.Glob("../auth/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				ast.Inspect(fn.Body, func(n ast.Node) bool {
					if s, ok := n.(*ast.SelectorExpr); ok {
						calls[fn.Name.Name] = append(calls[fn.Name.Name], s.Sel.Name)
					}
					return true
				})
			}
		}
	}
	opens := map[string]bool{"liftHeld": true}
	for grown := true; grown; {
		grown = false
		for name, called := range calls {
			if !opens[name] && slices.ContainsFunc(called, func(c string) bool { return opens[c] }) {
				opens[name], grown = true, true
			}
		}
	}
	raises := map[string]string{ // there is a session already: it is raised, and no hold is asked about
		"StepUpFinish": "", "BindFinish": "", "TestMethod": "", "ChangePassword": "", "ChangePasswordByAnswer": "",
		"ChangePasswordByCode": "", "ShowSecurityCode": "", "ConfirmSignUp": "a new account, which nothing holds",
	}
	found := 0
	for _, rt := range routes() {
		_, other := raises[rt.use]
		want := opens[rt.use] && !other
		if got := slices.Contains(rt.answers(), auth.AccountHeld); got != want {
			t.Errorf("%s: got account-held declared %v, want %v", rt.use, got, want)
		}
		if want {
			found++
		}
	}
	if found < 4 {
		t.Errorf("got %d acts that open a session, want those of the sign-in", found)
	}
}
