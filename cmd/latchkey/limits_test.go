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
		"team.HandOver":      "what waits is ended where the mail is refused: mailHandOver",
		"team.HandAccount":   "likewise",
		"team.beginHandOver": "likewise",
	}
}

// Nothing is stored before a limit that may refuse it: a refusal commits, so what was written would stand, half done. Of
// the parts that mail links, every function is read with those that it calls, in the order in which they stand.
func TestNothingIsStoredBeforeALimitRefuses(t *testing.T) {
	limits, stores := []string{"Send", "Count"}, []string{"Put", "Insert", "Delete", "BeginWait", "SwitchOffSecondStep"}
	seen := 0
	for _, part := range []string{"staff", "team", "recovery"} {
		bodies := functionsOf(t, filepath.Join("..", "..", part))
		limiting, storing := reaching(bodies, limits), reaching(bodies, stores)
		for name, calls := range bodies {
			stored := ""
			for _, c := range calls {
				switch {
				case limiting[c] && stored != "" && storesFirst()[part+"."+name] == "":
					t.Errorf("%s.%s: got %s before %s, which may refuse", part, name, stored, c)
				case limiting[c]:
					seen++
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

// functionsOf are the functions of a package, with what each calls, by name and in order.
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
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					switch f := call.Fun.(type) {
					case *ast.Ident:
						all[fn.Name.Name] = append(all[fn.Name.Name], f.Name)
					case *ast.SelectorExpr:
						all[fn.Name.Name] = append(all[fn.Name.Name], f.Sel.Name)
					}
				}
				return true
			})
		}
	}
	return all
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
