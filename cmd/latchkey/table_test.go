package main

import (
	"go/ast"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/server"
	"github.com/latchkey-auth/latchkey/server/testdata/badge"
)

// vocabularies are the types whose constants name a method.
var vocabularies = map[string][]string{"auth": {"Kind", "Flavour", "Channel"}, "assets": {"Way"}}

// dictionaries may tell methods apart beside the table, each for its reason: none has to.
var dictionaries = map[string]string{}

// words returns the names of the constants that name a method, as files of a package write them.
func words(all []source) map[string]bool {
	named := map[string]bool{}
	for _, s := range all {
		types := vocabularies[s.dir]
		if s.test || types == nil {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				if id, ok := v.Type.(*ast.Ident); ok && slices.Contains(types, id.Name) {
					for _, name := range v.Names {
						named[s.dir+"."+name.Name] = true
					}
				}
			}
			return true
		})
	}
	return named
}

// told returns what an expression mentions of the words.
func told(s source, named map[string]bool, e ast.Node) (found []string) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.BlockStmt:
			return false
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok && named[pkg.Name+"."+n.Sel.Name] {
				found = append(found, pkg.Name+"."+n.Sel.Name)
			}
			return false
		case *ast.KeyValueExpr: // the name of a field is no word
			if id, ok := n.Key.(*ast.Ident); ok && !named[s.dir+"."+id.Name] {
				found = append(found, told(s, named, n.Value)...)
				return false
			}
		case *ast.Ident:
			if named[s.dir+"."+n.Name] {
				found = append(found, n.Name)
			}
		}
		return true
	})
	return found
}

// tells returns the words by which a statement or a literal tells methods apart: the cases of a switch, the keys of a
// map, and the values that stand in one.
func tells(s source, named map[string]bool, n ast.Node) (found []string) {
	switch n := n.(type) {
	case *ast.SwitchStmt:
		for _, c := range n.Body.List {
			for _, e := range c.(*ast.CaseClause).List {
				found = append(found, told(s, named, e)...)
			}
		}
	case *ast.CompositeLit:
		if _, ok := n.Type.(*ast.MapType); !ok {
			return nil
		}
		for _, e := range n.Elts {
			pair := e.(*ast.KeyValueExpr)
			found = append(found, told(s, named, pair.Key)...)
			found = append(found, told(s, named, pair.Value)...)
		}
	}
	return found
}

// One table says what each method is: no switch and no map beside it tells kinds, flavours, channels or ways apart. A
// factor's own package may.
func TestMethodsAreToldApartInOneTable(t *testing.T) {
	all := sources(t)
	named := words(all)
	if len(named) < 20 {
		t.Fatalf("got the words %v, want those of kinds, flavours, channels and ways", named)
	}
	used := map[string]bool{}
	for _, s := range all {
		if s.test || !slices.Contains([]string{"auth", "server", "cmd/latchkey", "assets"}, s.dir) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if n == nil {
				return false
			}
			found := tells(s, named, n)
			if len(found) == 0 {
				return true
			}
			if used[s.path] = true; dictionaries[s.path] == "" {
				t.Errorf("%s:%d: tells methods apart by %s, want a column of the table", s.path,
					s.fset.Position(n.Pos()).Line, strings.Join(found, ", "))
			}
			return true
		})
	}
	for path := range dictionaries {
		if !used[path] {
			t.Errorf("%s: is excepted and tells nothing apart", path)
		}
	}
}

// What is told about a method that is not built in has its own words.
func TestMessagesAboutANewFactor(t *testing.T) {
	texts, err := assets.NewTexts(nil, badge.Texts)
	if err != nil {
		t.Fatal(err)
	}
	table, err := append(auth.Methods(), badge.Row()).Complete()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := assets.NewPages(assets.Config{Site: "shop.example", Methods: server.Rows(table)}, texts)
	if err != nil {
		t.Fatal(err)
	}
	say := render(pages, table, "https://shop.example", "shop.example")
	for what, want := range map[string]map[string]string{
		"added-badge":    {"en": "A staff badge was added: “Front desk”", "zh-CN": "已添加工牌“Front desk”"},
		"removed-badge":  {"en": "A staff badge was removed: “Front desk”", "zh-CN": "已移除工牌“Front desk”"},
		"disabled-badge": {"en": "A staff badge was switched off", "zh-CN": "工牌已停用"},
	} {
		for lang, words := range want {
			got, err := say(auth.Message{Template: auth.TemplateChange, Channel: auth.Mail, Language: lang,
				Args: map[string]string{"what": what, "item": "Front desk", "at": "2026-11-22T02:00:00Z"}})
			if err != nil || !strings.Contains(got.Body, words) {
				t.Errorf("%s in %s: got %q and %v, want %q", what, lang, got.Body, err, words)
			}
		}
	}
}
