package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A small module with a site of every kind, and tests that notice some of them.
var small = map[string]string{
	"go.mod": "module example.test/small\n\ngo 1.26\n",
	"door/door.go": `package door

import (
	"errors"
	"time"
)

const most = 3

var (
	errShut = errors.New("shut")
	life    = 2 * time.Minute
	other   = 5 * time.Minute
)

type Door struct {
	Opened int
	Frozen bool
}

func (d *Door) Open(tries int) error {
	if d.Frozen {
		return errShut
	}
	if tries >= most || tries < 0 && d.Opened == 7 {
		return errShut
	}
	if err := d.count(); err != nil {
		return err
	}
	d.told()
	return nil
}

func (d *Door) count() error {
	d.Opened++
	return nil
}

func (d *Door) told() {}

func (d *Door) Check() error {
	return errors.New("always")
}

func Lasts(age time.Duration) bool {
	if age > life {
		age = 0
	} else {
		return true
	}
	return false
}
`,
	"door/door_test.go": `package door

import (
	"testing"
	"time"
)

func TestOpen(t *testing.T) {
	d := &Door{}
	if d.Open(2) != nil || d.Opened != 1 {
		t.Error("shut")
	}
	if d.Open(3) == nil {
		t.Error("open")
	}
	d.Frozen = true
	if d.Open(0) == nil {
		t.Error("open though frozen")
	}
}

func TestLasts(t *testing.T) {
	if !Lasts(time.Minute) || Lasts(3*time.Minute) {
		t.Error("lasts wrongly")
	}
}

func TestThatAlwaysFails(t *testing.T) { t.Error("no switch needed"); Lasts(0); (&Door{}).Check() }
`,
}

// What is found, and what becomes of each: so a change of any operator shows.
var fates = map[string]string{
	"Door.Open guard `d.Frozen`":                                      killed,
	"Door.Open guard `tries >= most || tries < 0 && d.Opened == 7`":   killed,
	"Door.Open operand `tries >= most`":                               killed,
	"Door.Open bound `tries >= most`":                                 killed,
	"Door.Open zero `most`":                                           killed,
	"Door.Open operand `tries < 0`":                                   survived,
	"Door.Open bound `tries < 0`":                                     survived,
	"Door.Open operand `d.Opened == 7`":                               unreached,
	"Door.Open equal `d.Opened == 7`":                                 unreached,
	"Door.Open operand `tries < 0 && d.Opened == 7`":                  unreached, // nor is it ever true
	"Door.Open zero `7`":                                              unreached,
	"Door.Open call `if err := d.count(); err != nil { return err }`": killed,
	"Door.Open call `d.told()`":                                       harmless,
	"Door.count assign `d.Opened++`":                                  killed,
	"Door.Check refusal `return errors.New(\"always\")`":              unreached,
	"Lasts negate `age > life`":                                       killed,
	"Lasts bound `age > life`":                                        survived,
	"Lasts assign `age = 0`":                                          survived,
	"Lasts bool `true`":                                               killed,
	"Lasts bool `false`":                                              killed,
	"(package) zero `2 * time.Minute`":                                killed,
	"(package) swap `2 * time.Minute`":                                killed,
	"(package) zero `5 * time.Minute`":                                survived,
	"(package) swap `5 * time.Minute`":                                survived,
}

func writeSmall(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range small {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// Every operator is found, works, and is noticed by the tests that should; the sources stay as they were; what was
// judged to be no fault is not tried, but where that is asked for.
func TestMutationsOfASmallModule(t *testing.T) {
	root := writeSmall(t)
	judged := filepath.Join(root, "judged.txt")
	told := "door/door.go Door.Open call `d.told()`"
	if err := os.WriteFile(judged, []byte("# why\n"+told+"\tit does nothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := &plan{root: root, packages: []string{"./door"}, sample: 1000, seed: 1, workers: 2, verbose: true,
		out: filepath.Join(root, "dist", "mutants.txt"), judged: judged}
	var out strings.Builder
	err := p.run(t.Context(), &out)
	if err == nil || !strings.Contains(err.Error(), "want 97 %") {
		t.Errorf("got %v, want too few noticed", err)
	}
	got := map[string]string{}
	for line := range strings.Lines(out.String()) {
		if _, rest, ok := strings.Cut(line, ": "); ok {
			if word, key, ok := strings.Cut(rest, " door/door.go "); ok {
				got[key[:strings.LastIndex(key, " (")]] = word
			}
		}
	}
	if !maps.Equal(got, fates) {
		for _, key := range slices.Sorted(maps.Keys(got)) {
			if got[key] != fates[key] {
				t.Errorf("%s: got %s, want %q", key, got[key], fates[key])
			}
		}
		t.Errorf("got %d sites, want %d:\n%s", len(got), len(fates), out.String())
	}
	if !strings.Contains(out.String(), "left out: TestThatAlwaysFails") {
		t.Errorf("a test that fails anyhow was not left out:\n%s", out.String())
	}
	text, err := os.ReadFile(p.out)
	if err != nil || !strings.Contains(string(text), told+"\tdoor.go:31\tharmless, equivalent: it does nothing") {
		t.Errorf("got %v, want the judgement among the survivors:\n%s", err, text)
	}
	out.Reset()
	p.again, p.only = true, told
	if err := p.run(t.Context(), &out); err != nil || !strings.Contains(out.String(), ": survived "+told) {
		t.Errorf("got %v, want the judged one tried again:\n%s", err, out.String())
	}
	now, err := os.ReadFile(filepath.Join(root, "door", "door.go"))
	if err != nil || string(now) != small["door/door.go"] {
		t.Errorf("the source was touched (%v)", err)
	}
}

// The seed and the keys say what is drawn; every package and kind has its share; what is new draws few others.
func TestSamplesAreOfAllLayers(t *testing.T) {
	var all []*site
	for i := range 1000 {
		pkg, kind := "big", kindCall
		switch {
		case i%100 == 0:
			kind = kindSwap
		case i%50 == 1:
			pkg = "small"
		}
		all = append(all, &site{pkg: &source{short: pkg}, kind: kind, line: i, text: strconv.Itoa(i)})
	}
	lines := func(seed uint64) (drawn []int, layers map[string]int) {
		layers = map[string]int{}
		for i, s := range sample(all, 100, seed) {
			if s.id != i+1 {
				t.Errorf("got number %d, want %d", s.id, i+1)
			}
			drawn = append(drawn, s.line)
			layers[s.pkg.short+" "+s.kind]++
		}
		return drawn, layers
	}
	first, layers := lines(1)
	if again, _ := lines(1); !slices.Equal(first, again) || len(first) != 100 || !slices.IsSorted(first) {
		t.Errorf("got %v and %v, want the same hundred in order", first, again)
	}
	if other, _ := lines(2); slices.Equal(first, other) {
		t.Error("got the same for another seed")
	}
	if layers["big swap"] < 1 || layers["small call"] < 2 || layers["big call"] < 90 {
		t.Errorf("got %v, want every layer by its size", layers)
	}

	all = slices.Insert(all, 500, &site{pkg: &source{short: "big"}, kind: kindCall, line: -1, text: "new"})
	after, _ := lines(1)
	kept := len(slices.DeleteFunc(slices.Clone(after), func(at int) bool { return !slices.Contains(first, at) }))
	if kept < 98 {
		t.Errorf("a new site among a thousand leaves %d of a hundred drawn, want nearly all", kept)
	}
}

// Tests of the package itself come before others', quick ones first, and only those that come by.
func TestWhoIsAskedFirst(t *testing.T) {
	own, other := &binary{short: "a"}, &binary{short: "b"}
	mark := func(b *binary, name string, took time.Duration, by byte) *check {
		return &check{binary: b, name: name, busy: took, marks: []byte{0, by}}
	}
	checks := []*check{
		mark(other, "Other", time.Millisecond, 1), mark(own, "Slow", 9*time.Second, 1), mark(own, "Quick", time.Second, 1),
		mark(own, "Elsewhere", time.Millisecond, 0), mark(own, "Quicker", time.Millisecond, 1),
	}
	var got []string
	for _, run := range shares(checks, &site{pkg: &source{short: "a"}, id: 1}) {
		var names []string
		for _, c := range run {
			names = append(names, c.name)
		}
		got = append(got, fmt.Sprint(names))
	}
	if want := []string{"[Quicker Quick]", "[Slow]", "[Other]"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestJudgementsNeedReasons(t *testing.T) {
	path := filepath.Join(t.TempDir(), "judged.txt")
	for text, good := range map[string]bool{
		"# nothing\n\na b `c`\twhy\n": true, "a b `c`\n": false, "a b `c`\t \n": false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if judged, err := readJudged(path); (err == nil) != good || good && judged["a b `c`"] != "why" {
			t.Errorf("%q: got %v, %v", text, judged, err)
		}
	}
	if judged, err := readJudged(path + ".none"); err != nil || len(judged) != 0 {
		t.Errorf("no file: got %v, %v, want none", judged, err)
	}
}

// A folder's name asks its packages alone, not every one whose path has it somewhere.
func TestWhoseTestsAreAsked(t *testing.T) {
	for asked, want := range map[string]string{
		"": "auth auth/factortest webauthn store store/bolt", "auth": "auth auth/factortest", "store/": "store store/bolt",
		"store/bolt": "store/bolt", "webauthn": "webauthn", "a": "",
	} {
		p := &plan{tests: asked}
		var got []string
		for _, short := range strings.Fields("auth auth/factortest webauthn store store/bolt") {
			if p.asks(short) {
				got = append(got, short)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("-tests %q: got %q, want %q", asked, got, want)
		}
	}
}
