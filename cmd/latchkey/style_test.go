package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// The bounds of the style. A tab is as wide as four blanks.
const (
	widestGo       = 120
	widestTemplate = 160
)

// tables are packages whose rows are wider still: a list that gets shorter.
var tables = map[string]bool{"virtual/fault": true}

func width(line []byte) int { return utf8.RuneCount(line) + 3*bytes.Count(line, []byte("\t")) }

// One thing is assigned a line, where the values are not one thought.
func TestStyleOfAssignments(t *testing.T) {
	var found []string
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			var at token.Pos
			switch x := n.(type) {
			case *ast.AssignStmt:
				if len(x.Lhs) >= 3 && len(x.Rhs) >= 3 {
					at = x.Pos()
				}
			case *ast.ValueSpec:
				if len(x.Values) >= 3 {
					at = x.Pos()
				}
			}
			if at.IsValid() {
				found = append(found, fmt.Sprintf("%s:%d", s.path, s.fset.Position(at).Line))
			}
			return true
		})
	}
	if len(found) >= 10 {
		t.Errorf("got %d assignments of three or more values on one line (%v), want fewer than 10", len(found), found)
	}
}

func TestStyleOfLines(t *testing.T) {
	top := filepath.Join("..", "..")
	lines, total := 0, 0
	wide := map[string]int{}
	for _, s := range sources(t) {
		if tables[s.dir] {
			continue
		}
		text, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(s.path)))
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			if lines++; width(line) > widestGo {
				wide[s.dir]++
				total++
			}
		}
	}
	if total*200 >= lines {
		t.Errorf("got %d of %d lines over %d columns (%v), want less than 0.5 %%", total, lines, widestGo, wide)
	}
}

func TestStyleOfTemplates(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "assets", "pages", "*.html"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d templates, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			n++
			if got := width(line); got > widestTemplate {
				t.Errorf("%s:%d: got %d columns, want %d at most", filepath.Base(file), n, got, widestTemplate)
			}
		}
	}
}

// A slip of the shell makes files of whatever was typed: names are plain.
func TestNamesOfFilesArePlain(t *testing.T) {
	c := exec.Command("git", "ls-files", "-z")
	c.Dir = filepath.Join("..", "..")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
	if len(names) < 500 {
		t.Fatalf("got %d files, want all of the project", len(names))
	}
	for _, name := range names {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") != "" {
			t.Errorf("got a file called %q", name)
		}
	}
}
