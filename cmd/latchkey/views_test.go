package main

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What a page can show, somebody fills in, and what is filled in is shown: every field of the views, of what they hold
// and of the signals to browsers is set by a face and read by a template or by what templates call. Fields are known
// by their names alone, so that one name in two views is one.
func TestEveryFieldOfAViewIsSetAndShown(t *testing.T) {
	fields := map[string][]string{} // by name: the types that have it
	set, read := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		switch {
		case s.test:
		case s.dir == "assets":
			if strings.HasPrefix(filepath.Base(s.path), "view") {
				viewFields(s.file, fields)
			}
			markReads(s.file, read)
		case s.dir == "server", s.dir == "desk", s.dir == "cmd/latchkey":
			markSets(s.file, set)
		}
	}
	if len(fields) < 80 {
		t.Fatalf("got %d fields, want those of every view", len(fields))
	}
	files, err := filepath.Glob("../../assets/pages/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("got templates %v, error %v", files, err)
	}
	mention := regexp.MustCompile(`\.([A-Z]\w*)`)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mention.FindAllStringSubmatch(string(raw), -1) {
			read[m[1]] = true
		}
	}
	for name, types := range fields {
		if !set[name] {
			t.Errorf("%s of %v: got it set by no face, want it set or gone", name, types)
		}
		if !read[name] {
			t.Errorf("%s of %v: got it shown by no page, want it shown or gone", name, types)
		}
	}
}

// viewFields adds the exported fields of a file's structs.
func viewFields(file *ast.File, to map[string][]string) {
	elsewhere := map[string]string{
		"Row":      "the table's own, column by column",
		"Config":   "settings, read by name",
		"TokenNew": "the page of hardware tokens, which no site has yet",
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || elsewhere[spec.Name.Name] != "" {
			return !ok
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				for _, name := range f.Names {
					if name.IsExported() {
						to[name.Name] = append(to[name.Name], spec.Name.Name)
					}
				}
			}
		}
		return true
	})
}

// markSets notes the names that a file sets: in a literal, by assignment, or by passing their address.
func markSets(file *ast.File, set map[string]bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.KeyValueExpr:
			if name, ok := x.Key.(*ast.Ident); ok {
				set[name.Name] = true
			}
		case *ast.AssignStmt:
			for _, to := range x.Lhs {
				if s, ok := to.(*ast.SelectorExpr); ok {
					set[s.Sel.Name] = true
				}
			}
		case *ast.UnaryExpr:
			if s, ok := x.X.(*ast.SelectorExpr); ok {
				set[s.Sel.Name] = true
			}
		}
		return true
	})
}

// markReads notes the names that a file reads off something.
func markReads(file *ast.File, read map[string]bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			read[s.Sel.Name] = true
		}
		return true
	})
}
