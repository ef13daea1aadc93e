package inventory

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// What an import makes of a token that is not there yet, that is there, and that is there as another one.
func TestImport(t *testing.T) {
	const heading = "serial,secret,manufacturer,type,digits,period,hash,counter,model\n"
	row := func(fields ...string) string {
		all := []string{"10-01", inHex, "ACME", "totp", "6", "30", "SHA1", "", "Card 3"}
		for i := 0; i < len(fields); i += 2 {
			all[slices.Index(strings.Split(strings.TrimSpace(heading), ","), fields[i])] = fields[i+1]
		}
		return heading + strings.Join(all, ",") + "\n"
	}
	isNew, isHere := Tally{New: 1}, Tally{Here: 1}
	conflict := Tally{Conflicts: 1}
	for name, c := range map[string]struct {
		text string
		want Tally
	}{
		"the same":            {row(), isHere},
		"in other words":      {row("secret", in32, "serial", " 1001", "manufacturer", "acme", "model", ""), isHere},
		"a full-width serial": {row("serial", "１００１"), isHere},
		"another secret":      {row("secret", secretOf(1)), conflict},
		"other digits":        {row("digits", "8"), conflict},
		"another period":      {row("period", "60"), conflict},
		"another hash":        {row("hash", "SHA256"), conflict},
		"another kind":        {row("type", "hotp", "period", "", "counter", "0"), conflict},
		"of another maker":    {row("manufacturer", "Bolt", "secret", secretOf(1)), isNew},
		"another number":      {row("serial", "1002", "secret", secretOf(1)), isNew},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if got, said := w.imports(row(), Order{Box: "A"}); got != isNew || said.lines != nil {
				t.Fatalf("got %v and %q, want it taken", got, said.lines)
			}
			want := *w.all()[0]
			got, said := w.imports(c.text, Order{Box: "B"})
			if got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if c.want == conflict && (len(said.why) != 1 || !errors.Is(said.why[0], ErrConflict) ||
				!strings.HasPrefix(said.lines[0], "line 2, token 10-01: ")) {
				t.Errorf("got %q said, want the conflict with its line", said.lines)
			}
			if x := w.one("ACME", "10-01"); x == nil || fmt.Sprintf("%#v", fields(x)) != fmt.Sprintf("%#v",
				fields(&want)) {
				t.Errorf("got %v, want what was there left as it was: %v", fields(x), fields(&want))
			}
			if n := len(w.all()); n != 1+c.want.New {
				t.Errorf("got %d tokens, want %d", n, 1+c.want.New)
			}
		})
	}
}

// fields is a record without what keeps it from being printed.
func fields(x *record) any {
	type bare record
	return bare(*x)
}

// A token comes into the stock as its file describes it.
func TestImportKeepsWhatTheFileSays(t *testing.T) {
	w := newWorld(t)
	w.imports(sampleContainer(), Order{Box: "box 7"})
	x := w.all()[0]
	want := record{Maker: x.Maker, Serial: "S-1", Model: x.Model, Kind: TOTP, Secret: []byte(publishedSecret),
		Hash:   "SHA256",
		Digits: 8, Period: 60, Drift: -4, Until: time.Date(2031, 1, 2, 0, 0, 0, 0, time.UTC), Box: "box 7",
		State:   InStock,
		TakenAt: at(), MovedAt: at()}
	if x.Maker == "" || x.Model == "" || fmt.Sprint(fields(x)) != fmt.Sprint(fields(&want)) {
		t.Errorf("got %v, want %v", fields(x), fields(&want))
	}
	w.imports("serial,secret,maker,counter,digits\n7,"+inHex+",ACME,41,8\n", Order{})
	if x := w.one("ACME", "7"); x.Kind != HOTP || x.Counter != 41 || x.Digits != 8 || x.Period != 0 || x.Box != "" {
		t.Errorf("got %v, want a counted token", fields(x))
	}
}

// mixed has tokens that are new, here, in conflict and no tokens, if the first hundred of manyTokens are here.
func mixed() string {
	text := manyTokens(450)
	text = strings.Replace(text, secretOf(7), secretOf(7_000_007), 1)
	text = strings.Replace(text, secretOf(444), "", 1)
	return text + "0000003," + secretOf(3) + ",ACME,\n"
}

// A dry run says what the run says, and stores nothing: no token and no event.
func TestDryRun(t *testing.T) {
	w := newWorld(t)
	w.imports(manyTokens(100), Order{File: "first.csv"})
	before := w.trail()
	want := Tally{New: 349, Here: 99, Conflicts: 1, Faults: 2}
	dry, dryTold := w.imports(mixed(), Order{Dry: true, File: "second.csv"})
	if dry != want || len(w.all()) != 100 || !slices.Equal(w.trail(), before) {
		t.Fatalf("got %v and %d tokens, want %v and those of before", dry, len(w.all()), want)
	}
	real, realTold := w.imports(mixed(), Order{File: "second.csv"})
	if real != want || len(realTold.lines) != 3 || !strings.HasPrefix(realTold.lines[0], "line 9, ") ||
		!slices.Equal(dryTold.lines, realTold.lines) {
		t.Errorf("got %v and %q, want %v and %q", real, realTold.lines, want, dryTold.lines)
	}
	if n := len(w.all()); n != 449 {
		t.Errorf("got %d tokens, want 449", n)
	}
}

// Each import has one entry in the trail, with who asked and how many tokens there were, and no token's secret.
func TestImportIsAudited(t *testing.T) {
	w := newWorld(t)
	w.imports(manyTokens(100), Order{File: "first.csv"})
	w.imports(mixed(), Order{File: "se\u202ecret" + strings.Repeat("n", 80) + ".csv"})
	w.imports("serial,secret,maker\n1,,ACME\n", Order{Options: Options{Secrets: Hex}, File: "none.csv"})
	want := []string{
		"stock-import by ann (uid 0): first.csv: 100 new, 0 here already, 0 in conflict, 0 not to be taken",
		"stock-import by ann (uid 0): secret" + strings.Repeat("n", 58) +
			": 349 new, 99 here already, 1 in conflict, 2 not to be taken",
		"stock-import by ann (uid 0): none.csv: 0 new, 0 here already, 0 in conflict, 1 not to be taken",
	}
	if got := w.trail(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Of a file that is broken nothing is stored, however late it breaks.
func TestBrokenFileStoresNothing(t *testing.T) {
	container := manyPackages(450)
	for name, text := range map[string]string{
		"a container that ends early": container[:len(container)-20],
		"two roots":                   container + "<more/>",
		"a line without end":          manyTokens(450) + strings.Repeat("1", 1<<20),
		"no table":                    "name,age\nwei,3\n",
	} {
		w := newWorld(t)
		sum, err := w.stock.Import(t.Context(), "ann", strings.NewReader(text), Order{}, new(told).tell)
		if err == nil || sum != (Tally{}) || len(w.all()) != 0 || len(w.trail()) != 0 {
			t.Errorf("%s: got %v, error %v, %d tokens and %q, want an error and nothing stored", name, sum, err,
				len(w.all()),
				w.trail())
		}
	}
	w := newWorld(t)
	if _, err := w.stock.Import(t.Context(), "ann", strings.NewReader(container), Order{Box: "a\nb"},
		new(told).tell); !errors.Is(err, ErrBox) || len(w.all()) != 0 {
		t.Errorf("got %v and %d tokens, want %v", err, len(w.all()), ErrBox)
	}
}

// An import that ended half-way is run again: no token is lost, and none is there twice.
func TestImportIsRunAgain(t *testing.T) {
	w := newWorld(t)
	text := manyTokens(1000)
	sum, err := w.stock.Import(t.Context(), "ann", broken(text, func() error { return errDisk }), Order{},
		new(told).tell)
	if !errors.Is(err, errDisk) || sum.New != 400 || len(w.all()) != 400 {
		t.Fatalf("got %v, error %v, %d tokens, want 400 and %v", sum, err, len(w.all()), errDisk)
	}
	if sum, said := w.imports(text, Order{}); sum != (Tally{New: 600, Here: 400}) || said.lines != nil {
		t.Errorf("got %v and %q, want the other 600", sum, said.lines)
	}
	w.holds(1000)
}

// broken is a table that fails in the middle of its second reading. It is begun twice in each, to tell how its secrets
// are written.
func broken(text string, fails func() error) io.ReadSeeker {
	return &failing{ReadSeeker: strings.NewReader(text), from: 4, at: int64(len(text)) / 2, fails: fails}
}

// The store shows neither secrets, nor which tokens there are.
func TestStockIsSealed(t *testing.T) {
	w := newWorld(t)
	w.imports("serial,secret,manufacturer,model\nCANARY-4711,"+inHex+",Canary Works,Canary 9\n",
		Order{Box: "Canary box"})
	if len(w.all()) != 1 {
		t.Fatal("got no token")
	}
	raw := w.bytes()
	for _, canary := range []string{publishedSecret, inHex, in32,
		base64.StdEncoding.EncodeToString([]byte(publishedSecret)),
		"CANARY", "canary", "Canary", "4711"} {
		if bytes.Contains(raw, []byte(canary)) {
			t.Errorf("got %q in the store", canary)
		}
	}
}
