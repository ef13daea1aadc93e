package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// collections are all that the program keeps, as they are stored, read from where they are made.
func collections(t *testing.T) []string {
	t.Helper()
	made := regexp.MustCompile(`New(Collection|Records)(?:\[\w+\])?\(\s*"([a-z-]+)"`)
	all := map[string]bool{"moved": true} // keys alone
	files, err := filepath.Glob("../../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		dir := filepath.Base(filepath.Dir(f))
		if strings.HasSuffix(f, "_test.go") || dir == "store" {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range made.FindAllStringSubmatch(string(text), -1) {
			name := m[2]
			if m[1] == "Records" {
				name = dir + "_" + name
			}
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Whatever is kept says whether a person takes it away with him, or why not, and what becomes of it when his account is
// closed: a new collection fails here until the table of the guide has both.
func TestEveryCollectionSaysWhetherItIsTaken(t *testing.T) {
	text, err := os.ReadFile("../../docs/integration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "## What is held about a person")
	table, _, _ = strings.Cut(table, "\n## ")
	if !found {
		t.Fatal("got no table of what is held")
	}
	said := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| ((?:`[a-z_-]+`(?:, )?)+) \\| ([^|]+) \\| ([^|]+) \\|$")
	ends := regexp.MustCompile(`^(goes|stays[ :]|within |destroyed|not his$|opens nothing|what nobody)`)
	for _, m := range row.FindAllStringSubmatch(table, -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			said[strings.Trim(name, "`")] = m[2]
			if !ends.MatchString(m[3]) {
				t.Errorf("%s: got %q, want whether it goes with the account, when, or why it stays", name, m[3])
			}
		}
	}
	all := collections(t)
	if len(all) < 30 {
		t.Errorf("got the collections %v, want all", all)
	}
	for _, name := range all {
		if said[name] == "" {
			t.Errorf("%s: got nothing said of it, want whether it is taken", name)
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("%s: got it in the table, and nothing is kept by that name", name)
	}
}
