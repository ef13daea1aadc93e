package inventory

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/needs"
)

// The published figures come into the stock once, whichever protection they have: three of them hold one token.
func TestImportOfPublishedContainers(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		figure int
		want   Tally
	}{
		{2, Tally{Faults: 1}}, {3, Tally{New: 1}}, {4, Tally{Faults: 1}}, {5, Tally{Here: 1}}, {6,
			Tally{Here: 1}}, {9, Tally{New: 1}},
	} {
		o := Order{Options: Options{Keys: Keys{Shared: figure6Key()}}}
		if got, said := w.imports(figure(t, c.figure), o); got != c.want {
			t.Errorf("figure %d: got %v and %q, want %v", c.figure, got, said.lines, c.want)
		}
	}
}

// What another program has written comes into the stock once, encrypted or not and in whichever order; of a part of it
// nothing does.
func TestImportOfAnotherWriter(t *testing.T) {
	python := needs.Python(t, "pskc")
	made := func(how ...string) string {
		out := filepath.Join(t.TempDir(), "out.xml")
		if said, err := exec.Command(python, append([]string{"-c", writer, out},
			how...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	key := strings.Repeat("ab", 32)
	sealed, plain := made("shared", key, "aes256-cbc"), made()
	o := Order{Options: Options{Keys: Keys{Shared: unhex(key)}}}
	w := newWorld(t)
	for part := range 20 {
		half := sealed[:len(sealed)*part/20]
		if _, err := w.stock.Import(t.Context(), "ann", strings.NewReader(half), o, new(told).tell); err == nil {
			t.Errorf("%d of 20 parts: got them taken", part)
		}
	}
	if got, _ := w.imports(sealed, Order{}); got != (Tally{Faults: 5}) {
		t.Errorf("no key: got %v, want none taken", got)
	}
	other := Order{Options: Options{Keys: Keys{Shared: make([]byte, 32)}}}
	sum, err := w.stock.Import(t.Context(), "ann", strings.NewReader(sealed), other, new(told).tell)
	if sum.New > 0 || err == nil && sum.Faults != 5 {
		t.Errorf("another key: got %v, %v, want none taken", sum, err)
	}
	if list := w.all(); len(list) != 0 {
		t.Fatalf("got %v of parts of a file", list)
	}
	for _, c := range []struct {
		name, text string
		want       Tally
	}{
		{"sealed", sealed, Tally{New: 5}}, {"in the clear", plain, Tally{Here: 5}},
		{"the other way round", reversed(t, plain), Tally{Here: 5}},
		{"with another's secret", strings.Replace(plain, "c2VjcmV0IG9mIGEgdG9rZW4gMDAx",
			"c2VjcmV0IG9mIGEgdG9rZW4gMDA5", 1),
			Tally{Here: 4, Conflicts: 1}},
	} {
		if got, said := w.imports(c.text, o); got != c.want {
			t.Errorf("%s: got %v and %q, want %v", c.name, got, said.lines, c.want)
		}
	}
}

// reversed is a container with its packages from the last to the first.
func reversed(t *testing.T, text string) string {
	t.Helper()
	begin, end := strings.Index(text, "<pskc:KeyPackage>"), strings.LastIndex(text, "</pskc:KeyPackage>")
	if begin < 0 || end < 0 {
		t.Fatalf("got no packages in %s", text)
	}
	packages := strings.SplitAfter(text[begin:end+len("</pskc:KeyPackage>")], "</pskc:KeyPackage>")
	slices.Reverse(packages)
	return text[:begin] + strings.Join(packages, "") + text[end+len("</pskc:KeyPackage>"):]
}
