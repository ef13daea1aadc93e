package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// switches is what every mutated package gets beside its own files. Which switch is on is read once; where a file is
// named, every switch that is come by leaves a mark in it, whichever process comes by.
const switches = `package %s

import (
	"os"
	"strconv"
	"syscall"
)

var mutantOn, mutantReached = mutantStart()

func mutantStart() (int, []byte) {
	on, _ := strconv.Atoi(os.Getenv("MUTANT"))
	name := os.Getenv("MUTANT_REACHED")
	if name == "" {
		return on, nil
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	marks, err := syscall.Mmap(int(f.Fd()), 0, %d, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return on, marks
}

func mutantIs(n int) bool {
	if mutantReached != nil {
		mutantReached[n] = 1
	}
	return n == mutantOn
}

func mutantOf[T any](n int, is, other T) T {
	if mutantIs(n) {
		return other
	}
	return is
}
`

// An edit is text to put into a file.
type edit struct {
	at     int
	closes bool
	width  int // of what it stands around
	text   string
}

// rewrite writes the files of the sites with their switches into dir, and returns the path of what tells the compiler
// to read them instead of the sources: these stay as they are.
func rewrite(dir string, sites []*site) (string, error) {
	replace := map[string]string{}
	write := func(path, text string) error {
		to := filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		replace[path] = to
		return os.WriteFile(to, []byte(text), 0o600)
	}
	edits := map[*ast.File][]edit{}
	for _, s := range sites {
		at := func(text string) string { return strings.ReplaceAll(text, "\x00", strconv.Itoa(s.id)) }
		width := s.to - s.from
		edits[s.file] = append(edits[s.file], edit{s.from, false, width, at(s.before)}, edit{s.to, true, width, at(s.after)})
		beside := filepath.Join(s.pkg.dir, "zz_switches.go")
		if _, ok := replace[beside]; !ok {
			if err := write(beside, fmt.Sprintf(switches, s.pkg.types.Name(), len(sites)+1)); err != nil {
				return "", fmt.Errorf("writing the switches: %w", err)
			}
		}
	}
	for _, s := range sites {
		path := filepath.Join(s.pkg.dir, s.name)
		if _, ok := replace[path]; ok {
			continue
		}
		if err := write(path, apply(s.pkg.texts[s.file], edits[s.file])); err != nil {
			return "", fmt.Errorf("writing a mutated file: %w", err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("writing the overlay: %w", err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}

// apply puts edits into a text. Where several meet, what closes comes first, the narrow before the wide, and then what
// opens, the wide before the narrow: so they nest as what they stand around does.
func apply(source []byte, edits []edit) string {
	slices.SortStableFunc(edits, func(a, b edit) int {
		order := cmp.Compare(a.at, b.at)
		switch {
		case order != 0:
			return order
		case a.closes && b.closes:
			return cmp.Compare(a.width, b.width)
		case a.closes:
			return -1
		case b.closes:
			return 1
		}
		return cmp.Compare(b.width, a.width)
	})
	nest(edits)
	var out strings.Builder
	from := 0
	for _, e := range edits {
		out.Write(source[from:e.at])
		out.WriteString(e.text)
		from = e.at
	}
	out.Write(source[from:])
	return out.String()
}

// nest turns round the closing ends of several edits around the very same place, which opened in the order given.
func nest(edits []edit) {
	for i := 0; i < len(edits); {
		j := i + 1
		for j < len(edits) && edits[i].closes && edits[j].closes && edits[j].at == edits[i].at &&
			edits[j].width == edits[i].width {
			j++
		}
		slices.Reverse(edits[i:j])
		i = j
	}
}
