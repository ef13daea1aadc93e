package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWhatIsCitedByNumberHasItsLine holds comments, documents and templates to docs/requirements.md: a requirement
// (R61),
// a decision (D6) or a promise that is cited is described there.
func TestWhatIsCitedByNumberHasItsLine(t *testing.T) {
	top := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(top, "docs", "requirements.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^- \*\*(?:Promise )?([RD]?\d+)\*\*`).FindAllStringSubmatch(string(page),
		-1) {
		if lines[m[1]] {
			t.Errorf("docs/requirements.md: got %s twice, want it once", m[1])
		}
		lines[m[1]] = true
	}
	cited := 0
	check := func(path, text string) {
		for _, number := range citations(text) {
			if cited++; !lines[number] {
				t.Errorf("%s cites %s, which docs/requirements.md does not have", path, number)
			}
		}
	}
	for _, s := range sources(t) {
		for _, group := range s.file.Comments {
			check(s.path, group.Text())
		}
	}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/decisions/*.md", "assets/pages/*.html"} {
		files, err := filepath.Glob(filepath.Join(top, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			check(file, string(text))
		}
	}
	if cited < 50 {
		t.Errorf("got %d citations, want those of the comments", cited)
	}
}

// citations lists the numbers that a text cites: "R61", "D6", and "9" for promise 9.
func citations(text string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`\b([RD]\d{1,3})\b|\b[Pp]romises? (\d+)(?:(?:,| and| to) (\d+))?`).FindAllStringSubmatch(text, -1) {
		for _, number := range m[1:] {
			if number != "" {
				all = append(all, number)
			}
		}
	}
	return all
}

func TestCitationsAreFound(t *testing.T) {
	got := strings.Join(citations("R61, (D6); Promise 9, promises 3 and 4, R36 to R39; not R, XR6 or D6a"), " ")
	if want := "R61 D6 9 3 4 R36 R39"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestDirectDependenciesOfTheProductAreFew counts the modules whose packages the two programs name themselves.
func TestDirectDependenciesOfTheProductAreFew(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f",
		`{{if and .Module (not .Module.Main) (not .Module.Indirect)}}{{.Module.Path}}{{end}}`,
		modulePath+"/cmd/latchkey", modulePath+"/cmd/virtualkey").Output()
	if err != nil {
		t.Fatalf("listing what the programs link: %v", err)
	}
	modules := map[string]bool{}
	for path := range strings.FieldsSeq(string(out)) {
		modules[path] = true
	}
	if len(modules) == 0 || len(modules) > 22 { // PDFium and what runs it are two
		t.Errorf("got %d direct dependencies (%v), want 1 to 22", len(modules), modules)
	}
}

// TestEachDecisionHasANumberOfItsOwn: they are cited by number, 1 and up, which stands in the name and in the title.
func TestEachDecisionHasANumberOfItsOwn(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "decisions", "*.md"))
	if err != nil || len(files) < 24 {
		t.Fatalf("got %d decisions (%v), want all of them", len(files), err)
	}
	for i, file := range files { // in the order of their names
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, title, _ := strings.Cut(filepath.Base(file), "-")
		if want := fmt.Sprintf("%04d", i+1); name != want || !strings.HasPrefix(string(text), fmt.Sprintf("# %d. ", i+1)) {
			t.Errorf("got %s-%s, want number %s in its name and in its title", name, title, want)
		}
	}
}
