package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const modulePath = "github.com/latchkey-auth/latchkey"

// floors is who may import whom: the packages of ours that each package may import outside of its
// tests. A package that is not listed may not exist.
//
//	5  cmd/*                                         anything
//	4  server desk                                   the faces: siblings never import each other
//	3  web                                           what the faces share
//	2  webauthn totp yubiotp oob lookup notify lab team recovery staff audit inventory  siblings never import each other
//	1  auth                                          the domain
//	0  ident  password  puzzle  pdf  store  assets  virtual    import nothing of ours
var floors = map[string][]string{
	"ident":    {},
	"password": {},
	"puzzle":   {},
	"pdf":      {},
	"store":    {},
	"assets":   {},
	"virtual":  {},

	"virtual/hid":     {"virtual"},
	"virtual/fault":   {"virtual"},
	"virtual/party":   {"virtual", "virtual/fault"},
	"virtual/conform": {"virtual", "virtual/fault"},
	"virtual/vectors": {"needs"},
	"needs":           {},
	"store/bolt":      {"store"},
	"store/storetest": {"store"},
	"auth":            {"ident", "password", "puzzle", "store"},
	"auth/factortest": {"auth"},
	"strictjson":      {},
	"webauthn":        {"auth", "strictjson"},
	"totp":            {"auth"},
	"yubiotp":         {"auth", "ident"},
	"oob":             {"auth", "ident"},
	"lookup":          {"auth"},
	"notify":          {"auth", "ident"},
	"lab":             {"auth", "ident", "password"},
	"team":            {"auth", "ident"},
	"recovery":        {"auth", "ident", "pdf"},
	"inventory":       {"auth", "ident"},
	"staff":           {"auth", "ident"},
	"audit":           {"auth", "store"},
	"web":             {"auth"},
	"server": {"web", "auth", "lab", "team", "recovery", "staff", "audit", "ident", "password", "assets",
		"strictjson"},
	"desk":           {"web", "auth", "staff", "recovery", "audit", "inventory", "ident", "assets"},
	"cmd/latchkey":   {anything},
	"cmd/virtualkey": {anything},
	"e2e":            {"virtual"},
	"e2e/load":       {"virtual", "webauthn", "totp", "store", "store/bolt", "auth", "ident", "password", "puzzle"}, // seeds through the domain
	"e2e/mutants":    {},
}

// testFloors is what the tests of a package may import besides: real parts instead of fakes.
var testFloors = map[string][]string{
	"assets":          {"auth"}, // the table of methods
	"store":           {"store/bolt", "store/storetest"},
	"store/bolt":      {"store/storetest"},
	"store/storetest": {"store/bolt"},
	"auth": {"store/bolt", "store/storetest", "auth/factortest", "virtual",
		"webauthn", "totp", "yubiotp", "oob", "lookup", "lab"},
	"webauthn": {"virtual", "virtual/vectors", "virtual/fault", "virtual/conform",
		"auth/factortest"},
	"virtual":         {"virtual/vectors"},
	"virtual/party":   {"virtual/vectors"},
	"virtual/fault":   {"virtual/party"},
	"virtual/conform": {"virtual/party"},
	"virtual/hid":     {"virtual"},
	"inventory":       {"needs", "store", "store/bolt", "store/storetest", "totp", "lab"},
	"totp":            {"auth/factortest"},
	"yubiotp":         {"auth/factortest"},
	"oob":             {"auth/factortest"},
	"lookup":          {"auth/factortest", "ident"},
	"notify":          {"store", "store/bolt"},
	"lab":             {"store", "store/bolt", "totp"},
	"team":            {"store", "store/bolt", "store/storetest", "totp", "lab"},
	"recovery":        {"store", "store/bolt", "store/storetest", "totp", "oob", "webauthn", "lab", "team"},
	"desk":            {"store", "store/bolt", "store/storetest", "totp", "webauthn", "virtual", "lab"},
	"staff":           {"store", "store/bolt", "store/storetest", "totp", "webauthn", "virtual", "lab"},
	"audit":           {"store/bolt", "totp"},
	"server": {"store", "store/bolt", "store/storetest", "webauthn", "virtual", "virtual/fault",
		"virtual/conform", "totp", "yubiotp", "oob", "lookup", "notify", "server/testdata/badge"},
	"e2e":      {anything},
	"e2e/load": {anything},
}

// everyTest is what any test may import.
var everyTest = []string{"needs"}

// doors is who may import a module that is not ours: each has one door. A module without a row may
// not be used at all. Longest path first wins.
var doors = map[string][]string{
	"github.com/labstack/echo":        {"server"},
	"github.com/danielgtaylor/huma":   {"server"},
	"github.com/go-webauthn/webauthn": {"webauthn"},
	"github.com/fxamacker/cbor":       {"webauthn", "virtual", "virtual/hid", "virtual/fault", "virtual/party", "virtual/conform", "cmd/virtualkey"},
	"github.com/pquerna/otp":          {"totp"},
	"go.etcd.io/bbolt":                {"store/bolt"},
	"github.com/tink-crypto/tink-go":  {"store"},
	"golang.org/x/crypto/argon2":      {"password"},
	"github.com/nyaruka/phonenumbers": {"ident"},
	"github.com/nicksnyder/go-i18n":   {"assets"},
	"github.com/boombuler/barcode":    {"assets", "server"},
	"golang.org/x/text":               {"assets", "ident", "password", "puzzle", "server", "notify"},
	"github.com/klippa-app/go-pdfium": {"pdf"},
	"github.com/tetratelabs/wazero":   {"pdf"},
	"golang.org/x/image":              {"puzzle", "recovery"},
	"golang.org/x/net":                {"ident", "server", "notify"},
	"github.com/wneessen/go-mail":     {"notify"},
	"github.com/spf13/cobra":          {"cmd/latchkey", "cmd/virtualkey"},
	"github.com/spf13/pflag":          {"cmd/latchkey", "cmd/virtualkey"},
	"golang.org/x/mod":                {"audit"},
	"golang.org/x/sys":                {"cmd/latchkey", "store/bolt", "pdf", "e2e/load"},
	"go.yaml.in/yaml":                 {"cmd/latchkey", "virtual/conform"},
}

// testDoors is what any test may use besides.
var testDoors = map[string][]string{
	"github.com/google/go-cmp":        {anything},
	"pgregory.net/rapid":              {anything},
	"github.com/rogpeppe/go-internal": {"cmd/latchkey", "cmd/virtualkey"},
	"github.com/chromedp":             {"e2e", "assets", "server"},
	"github.com/emersion/go-smtp":     {"notify", "e2e"},
	"github.com/emersion/go-sasl":     {"notify", "e2e"},
	"go.etcd.io/bbolt":                {"store/bolt"},
	"golang.org/x/net":                {anything},
	"github.com/pquerna/otp":          {"auth", "server", "e2e"}, // plays the seller's app
}

const anything = "*"

// A source is one Go file of the module.
type source struct {
	path  string // from the top of the module, with slashes
	dir   string // its package's path without the module's, "." for the top
	test  bool
	file  *ast.File
	lines int
	fset  *token.FileSet
}

// sources is every Go file of the module, to be read and not changed.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatalf("reading the sources: %v", err)
	}
	return all
}

// parsed parses them, once for all tests: it takes a second.
var parsed = sync.OnceValues(func() ([]source, error) {
	top := filepath.Join("..", "..")
	if _, err := os.Stat(filepath.Join(top, "go.mod")); err != nil {
		return nil, err
	}
	var all []source
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != top && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		rel, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, source{
			path: rel, dir: filepath.ToSlash(filepath.Dir(rel)), test: strings.HasSuffix(rel, "_test.go"),
			file: file, fset: fset, lines: fset.File(file.Pos()).LineCount(),
		})
		return nil
	})
	return all, err
})

// imports lists what a file imports.
func (s source) imports() []string {
	var paths []string
	for _, spec := range s.file.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

// mayImport answers whether package dir may import path under the tables; why not is for the reader.
func mayImport(dir, path string, test bool) (why string) {
	if ours, ok := strings.CutPrefix(path, modulePath+"/"); ok {
		allowed := floors[dir]
		if test {
			allowed = append(slices.Clone(allowed), testFloors[dir]...)
			allowed = append(append(allowed, everyTest...), dir) // dir: an external test package
		}
		if slices.Contains(allowed, anything) || slices.Contains(allowed, ours) {
			return ""
		}
		return "an edge that floors does not have"
	}
	first, _, _ := strings.Cut(path, "/")
	if !strings.Contains(first, ".") {
		return "" // the standard library
	}
	if through(doors, dir, path) || test && through(testDoors, dir, path) {
		return ""
	}
	return "a library whose door is elsewhere, or nowhere"
}

// through answers whether table gives dir the library that path belongs to.
func through(table map[string][]string, dir, path string) bool {
	best := ""
	for library := range table {
		if (path == library || strings.HasPrefix(path, library+"/")) && len(library) > len(best) {
			best = library
		}
	}
	return best != "" && (slices.Contains(table[best], dir) || slices.Contains(table[best], anything))
}

func TestEveryImportKeepsToTheFloors(t *testing.T) {
	seen := 0
	for _, s := range sources(t) {
		if _, ok := floors[s.dir]; !ok {
			t.Errorf("%s: package %q has no floor", s.path, s.dir)
		}
		for _, path := range s.imports() {
			seen++
			if why := mayImport(s.dir, path, s.test); why != "" {
				t.Errorf("%s imports %s: %s", s.path, path, why)
			}
		}
	}
	if seen == 0 {
		t.Error("got no import at all, want the module's")
	}
}

// A row that nothing uses is a hole in the wall: what comes to stand there is held by nobody's decision.
func TestTheTablesHaveNoUnusedRow(t *testing.T) {
	dirs := map[string]bool{}
	libraries := map[string]bool{}
	for _, s := range sources(t) {
		dirs[s.dir] = true
		for _, path := range s.imports() {
			for _, table := range []map[string][]string{doors, testDoors} {
				for library := range table {
					if path == library || strings.HasPrefix(path, library+"/") {
						libraries[library] = true
					}
				}
			}
		}
	}
	for _, table := range []map[string][]string{floors, testFloors} {
		for dir := range table {
			if !dirs[dir] {
				t.Errorf("the floors have a row for %s, which is not there", dir)
			}
		}
	}
	for _, table := range []map[string][]string{doors, testDoors} {
		for library := range table {
			if !libraries[library] {
				t.Errorf("the doors have a row for %s, which nothing imports", library)
			}
		}
	}
}

// The tables themselves must refuse what design forbids.
func TestTheTablesRefuse(t *testing.T) {
	for _, c := range []struct {
		dir, path string
		test      bool
		want      bool
	}{
		{"auth", modulePath + "/store", false, true},
		{"auth", modulePath + "/ident", false, true},
		{"auth", modulePath + "/password", false, true},
		{"ident", modulePath + "/auth", false, false},
		{"password", modulePath + "/ident", false, false},
		{"auth", modulePath + "/assets", false, false},
		{"auth", modulePath + "/totp", false, false},
		{"totp", modulePath + "/oob", false, false},
		{"totp", modulePath + "/oob", true, false},
		{"totp", modulePath + "/needs", true, true},
		{"totp", modulePath + "/needs", false, false},
		{"webauthn", modulePath + "/store", false, false},
		{"webauthn", modulePath + "/virtual", false, false},
		{"webauthn", modulePath + "/virtual", true, true},
		{"virtual", modulePath + "/webauthn", false, false},
		{"store", modulePath + "/store/bolt", false, false},
		{"server", modulePath + "/store", false, false},
		{"server", modulePath + "/notify", false, false},
		{"web", modulePath + "/recovery", false, false},
		{"web", modulePath + "/server", false, false},
		{"cmd/latchkey", modulePath + "/server", false, true},
		{"server", "github.com/labstack/echo/v4", false, true},
		{"auth", "github.com/labstack/echo/v4", false, false},
		{"totp", "github.com/pquerna/otp/totp", false, true},
		{"server", "github.com/pquerna/otp", false, false},
		{"oob", "github.com/pquerna/otp", true, false},
		{"password", "golang.org/x/crypto/argon2", false, true},
		{"auth", "golang.org/x/crypto/argon2", false, false},
		{"auth", "golang.org/x/text/unicode/norm", false, false},
		{"auth", "golang.org/x/crypto/md4", false, false},
		{"store", "example.org/unheard/of", false, false},
		{"store", "crypto/sha256", false, true},
	} {
		why := mayImport(c.dir, c.path, c.test)
		if got := why == ""; got != c.want {
			t.Errorf("%s importing %s (test %t): got %t (%s), want %t", c.dir, c.path, c.test, got, why, c.want)
		}
	}
}

func TestLongestChainOfImports(t *testing.T) {
	edges := map[string][]string{}
	for _, s := range sources(t) {
		for _, path := range s.imports() {
			if ours, ok := strings.CutPrefix(path, modulePath+"/"); ok && !s.test {
				edges[s.dir] = append(edges[s.dir], ours)
			}
		}
	}
	var longest func(dir string, above []string) []string
	longest = func(dir string, above []string) []string {
		here := append(slices.Clone(above), dir)
		best := here
		for _, next := range edges[dir] {
			if chain := longest(next, here); len(chain) > len(best) {
				best = chain
			}
		}
		return best
	}
	for dir := range edges {
		if chain := longest(dir, nil); len(chain) > 5 {
			t.Errorf("got a chain of %d packages (%s), want 5 at most", len(chain), strings.Join(chain, " -> "))
		}
	}
}

// Names that say where code lies instead of what it is about.
func TestNoFolderNamedAfterALayer(t *testing.T) {
	layers := []string{"internal", "pkg", "models", "dto", "util", "utils", "helpers", "middleware", "mocks", "common", "base"}
	for _, s := range sources(t) {
		for part := range strings.SplitSeq(s.dir, "/") {
			if slices.Contains(layers, part) {
				t.Errorf("%s: got a folder %q, want nouns of the subject", s.path, part)
			}
		}
	}
}

// tall lists functions that may be longer than 60 lines and files that may be longer than 500:
// tables, which a reader takes in at a glance however long they are.
var tall = map[string]string{}

func TestFunctionsAndFilesStaySmall(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || strings.HasSuffix(s.dir, "test") { // a suite is tests, too
			continue
		}
		if _, ok := tall[s.path]; s.lines > 500 && !ok {
			t.Errorf("%s: got %d lines, want 500 at most", s.path, s.lines)
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: got an init function, want wiring in cmd/latchkey", s.path)
			}
			length := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			name := fmt.Sprintf("%s %s", s.path, f.Name.Name)
			if _, ok := tall[name]; length > 60 && !ok {
				t.Errorf("%s: got %d lines, want 60 at most", name, length)
			}
		}
	}
}

// An interface with many methods is a package in disguise.
func TestInterfacesStaySmall(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok && i.Methods.NumFields() > 7 {
				t.Errorf("%s: got an interface of %d methods, want 7 at most", s.fset.Position(i.Pos()), i.Methods.NumFields())
			}
			return true
		})
	}
}
