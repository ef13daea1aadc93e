package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// storesFirst are the use cases and helpers that store before a limit may refuse, each with the reason.
func storesFirst() map[string]string {
	return map[string]string{
		"staff.GrantNewKeys":   "changes stores what the closure has done, behind it",
		"team.BeginHandOver":   "what waits is ended where the mail is refused: mailHandOver",
		"team.HandAccountOver": "likewise",
		"team.noneWaits":       "what it deletes is dead already",
	}
}

// Nothing is stored before a limit that may refuse it: a refusal commits, so what was written would stand, half done. Of
// the parts that mail links, every function is read with those that it calls, in the order in which they stand.
func TestNothingIsStoredBeforeALimitRefuses(t *testing.T) {
	limits := []string{"w.Send", "w.Count", "w.MailReset"}
	stores := []string{"records.Put", "records.Insert", "records.Delete", "w.BeginWait", "w.SwitchOffSecondStep"}
	seen := 0
	for _, part := range []string{"staff", "team", "recovery"} {
		bodies := functionsOf(t, filepath.Join("..", "..", part))
		limiting, storing := reaching(bodies, limits), reaching(bodies, stores)
		for name, calls := range bodies {
			stored := ""
			for _, c := range calls {
				if limiting[c] {
					seen++
					if stored != "" && storesFirst()[part+name] == "" {
						t.Errorf("%s%s: got %s before %s, which may refuse", part, name, stored, c)
					}
				}
				if storing[c] {
					stored = c
				}
			}
		}
	}
	if seen < 8 {
		t.Errorf("got %d limits, want those of the parts", seen)
	}
}

// functionsOf are the functions of a package, methods behind a dot, with what each calls, in order: of the handle w by
// its name, of what is stored as "records".
func functionsOf(t *testing.T, folder string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		imported := map[string]bool{}
		for _, i := range file.Imports {
			imported[strings.Trim(i.Path.Value[strings.LastIndexByte(i.Path.Value, '/')+1:], `"`)] = true
		}
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			name := fn.Name.Name
			if fn.Recv != nil {
				name = "." + name
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					all[name] = append(all[name], callee(call.Fun, imported))
				}
				return true
			})
		}
	}
	return all
}

// callee is what a call is of; "" for what is no concern of this test.
func callee(of ast.Expr, imported map[string]bool) string {
	switch f := of.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		x, ok := f.X.(*ast.Ident)
		switch {
		case !ok:
			return "records." + f.Sel.Name
		case x.Name == "w":
			return "w." + f.Sel.Name
		case !imported[x.Name]:
			return "." + f.Sel.Name
		}
	}
	return ""
}

// reaching are the names that are one of some, or of functions that call one, however deep.
func reaching(bodies map[string][]string, some []string) map[string]bool {
	all := map[string]bool{}
	for _, name := range some {
		all[name] = true
	}
	for grown := true; grown; {
		grown = false
		for name, calls := range bodies {
			if !all[name] && slices.ContainsFunc(calls, func(c string) bool { return all[c] }) {
				all[name], grown = true, true
			}
		}
	}
	return all
}
