package main

import (
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// skips is every place where a test may end early and the run be green, but for what package needs asks of the machine
// and for tests that are too long for -short; and why nothing is missed.
var skips = map[string]string{
	"assets/shots_test.go TestWritePages":                                 "draws pages to look at, on demand",
	"cmd/latchkey/owner_test.go TestRootGivesAwayNothingElse":             "giving files away is root's right",
	"cmd/latchkey/owner_test.go TestRootLeavesTheDataTheirOwner":          "giving files away is root's right",
	"needs/needs.go Missing":                                              "fails in a run that has to be whole",
	"store/bolt/fault_test.go TestDiskFull":                               "mounting a file system is root's right",
	"store/bolt/fault_test.go TestInjected":                               "tracing may be forbidden to everybody",
	"totp/key_test.go TestKeyURIRoundTrip":                                "no key was drawn; another is",
	"virtual/attestation_test.go TestPublishedStatements":                 "the library's copy has no private keys",
	"virtual/conform/elsewhere_test.go TestAnotherOneByTheConformanceAPI": "another version of it",
	"virtual/hid/fuzz_test.go playFrames":                                 "too much was drawn; other is",
	"virtual/vectors/vectors_test.go TestReadingsAgree":                   "there is but one of the two to read",
	"virtual/vectors_test.go TestPublishedVectors":                        "the library's copy has no private keys",
	"virtual/vectors_test.go TestPublishedPRF":                            "the library's copy has no vectors of prf",
}

// No test is skipped for a reason that is not written down.
func TestNothingIsSkippedSilently(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		if !slices.Contains(s.imports(), "testing") {
			continue
		}
		for _, d := range s.file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !skipsItself(fn) {
				continue
			}
			where := s.path + " " + fn.Name.Name
			if skips[where] == "" {
				t.Errorf("%s: skips for a reason that skips does not have; ask package needs, or write it down", where)
			}
			used[where] = true
		}
	}
	for where := range skips {
		if !used[where] {
			t.Errorf("%s: has a reason to skip, and does not", where)
		}
	}
}

// skipsItself reports whether a function skips a test but for its length.
func skipsItself(fn *ast.FuncDecl) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		if i, ok := n.(*ast.IfStmt); ok && called(i.Cond, "Short") {
			return false
		}
		e, ok := n.(ast.Expr)
		found = found || ok && called(e, "Skip", "Skipf", "SkipNow")
		return true
	})
	return found
}

// called reports whether an expression is a call of a method or function by one of these names.
func called(e ast.Expr, names ...string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := call.Fun.(*ast.SelectorExpr)
	return ok && slices.Contains(names, s.Sel.Name)
}

// What runs without the race detector is kept from it by name in every package: each name is listed for every package
// that has it, so that it runs somewhere.
func TestWhatRunsAloneIsListed(t *testing.T) {
	raw, err := os.ReadFile("../../.ci/alone")
	if err != nil {
		t.Fatal(err)
	}
	listed, names := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		dir, tests, _ := strings.Cut(strings.TrimSpace(line), " ")
		for name := range strings.SplitSeq(tests, "|") {
			listed[strings.TrimPrefix(dir, "./")+" "+name], names[name] = true, true
		}
	}
	has := map[string]bool{}
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && s.test && names[fn.Name.Name] {
				has[filepath.Dir(s.path)+" "+fn.Name.Name] = true
			}
		}
	}
	if len(has) == 0 || !maps.Equal(has, listed) {
		t.Errorf("got %q in the packages, want what is listed: %q", slices.Sorted(maps.Keys(has)), slices.Sorted(maps.Keys(listed)))
	}
}
