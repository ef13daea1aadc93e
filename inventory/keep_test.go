package inventory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// sets changes a token in the store as no act of the house does.
func (w *world) sets(serial string, change func(*record)) {
	w.t.Helper()
	err := w.stock.door.Do(w.t.Context(), w.stock.door.Operator(""), ActTake, func(x *auth.Work) error {
		rec, err := w.stock.find(x, serial, "")
		if err != nil {
			return err
		}
		change(rec.record)
		return w.stock.tokens.Put(x, rec.key, rec.record)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Every act of the house on a token in every state: where it comes to, or what it is refused with. What is refused
// changes nothing and leaves no entry.
func TestStepsOfTheHouse(t *testing.T) {
	type act func(*world) (*Info, error)
	acts := map[string]act{
		"lost": func(w *world) (*Info, error) { return w.stock.Lose(t.Context(), "ann", "0000001", "") },
		"found": func(w *world) (*Info, error) {
			return w.stock.Regain(t.Context(), "ann", "0000001", "acme")
		},
		"retire": func(w *world) (*Info, error) { return w.stock.Retire(t.Context(), "ann", "00-00 001", "") },
		"give": func(w *world) (*Info, error) {
			return w.stock.Give(t.Context(), "ann", "0000001", "", "bob@example.com")
		},
	}
	want := map[State]map[string]any{
		InStock:  {"lost": Lost, "found": ErrInStock, "retire": Retired, "give": InStock},
		Assigned: {"lost": ErrAssigned, "found": ErrAssigned, "retire": ErrAssigned, "give": ErrAssigned},
		Returned: {"lost": Lost, "found": InStock, "retire": Retired, "give": InStock},
		Lost:     {"lost": ErrLost, "found": InStock, "retire": Retired, "give": ErrLost},
		Retired:  {"lost": ErrRetired, "found": ErrRetired, "retire": ErrRetired, "give": ErrRetired},
	}
	for _, from := range States() {
		for name, do := range acts {
			w := newWorld(t)
			w.imports(manyTokens(3), Order{})
			long := at().Add(-time.Hour)
			w.sets("0000001", func(x *record) { x.move(from, long); x.Owner = "u1" })
			owner := auth.AccountID("") // but that of who has given it back may find it, and that of whom it is given to
			if name == "give" {
				owner = w.person("bob").id
			} else if name == "lost" && from == Returned {
				owner = "u1"
			}
			before := len(w.trail())
			info, err := do(w)
			x := w.one("ACME", "0000001")
			switch wanted := want[from][name].(type) {
			case State:
				entry := fmt.Sprintf("stock-%s by ann: ACME 0000001", name)
				if name == "give" {
					entry += fmt.Sprintf(" for %s", owner)
				}
				if err != nil || info.State != wanted || x.State != wanted || x.Owner != owner ||
					!x.MovedAt.Equal(at()) ||
					!slices.Contains(w.trail()[before:], entry) {
					t.Errorf("%s from %s: got %v, %v and %q, want %s", name, from, info, err,
						w.trail()[before:], wanted)
				}
			case Refusal:
				if err != wanted || info != nil || x.State != from || x.Owner != "u1" ||
					!x.MovedAt.Equal(long) || len(w.trail()) != before {
					t.Errorf("%s from %s: got %v, %v and %s, want %q", name, from, info, err, x.State, wanted)
				}
			default:
				t.Errorf("%s from %s: nothing is wanted", name, from)
			}
		}
	}
}

// A serial number that two makers have used is nobody's guess.
func TestSerialOfTwoMakers(t *testing.T) {
	w := newWorld(t)
	w.imports(manyTokens(2), Order{})
	w.imports("serial,secret,maker\n0000001,"+inHex+",Bolt\n", Order{})
	_, err := w.stock.Retire(t.Context(), "ann", "0000001", "")
	if err == nil || !strings.HasSuffix(err.Error(), "say whose it is: ACME, Bolt") {
		t.Errorf("got %v, want to be asked for the maker", err)
	}
	for _, x := range w.all() {
		if x.State != InStock {
			t.Errorf("got %v %s, want none of them changed", x, x.State)
		}
	}
	if info, err := w.stock.Retire(t.Context(), "ann", "0000001", "bolt"); err != nil || info.Maker != "Bolt" {
		t.Errorf("got %v, %v, want that of the maker", info, err)
	}
	if x := w.one("ACME", "0000001"); x.State != InStock {
		t.Errorf("got %s, want the other one in stock", x.State)
	}
	for _, name := range [][2]string{{"0000001", "Chub"}, {"0000009", ""}, {"", ""}} {
		if info, err := w.stock.Show(t.Context(), name[0], name[1]); err != ErrUnknown {
			t.Errorf("%q: got %v, %v, want %q", name, info, err, ErrUnknown)
		}
	}
}

func TestNote(t *testing.T) {
	w := newWorld(t)
	w.imports(manyTokens(1), Order{})
	long := strings.Repeat("字", maxNote)
	for _, text := range []string{"at the front desk", long, ""} {
		info, err := w.stock.Note(t.Context(), "ann", "0000000", "", text)
		if err != nil || info.Note != text || w.one("ACME", "0000000").Note != text {
			t.Errorf("got %v, %v, want the note %q", info, err, text)
		}
	}
	for _, text := range []string{long + "字", "two\nlines", "\xff", "\u202e"} {
		if _, err := w.stock.Note(t.Context(), "ann", "0000000", "", text); !errors.Is(err, ErrNote) {
			t.Errorf("%.20q: got %v, want %q", text, err, ErrNote)
		}
	}
	if got := w.trail(); len(got) != 4 || got[3] != "stock-note by ann: ACME 0000000" {
		t.Errorf("got %q, want an entry a note", got)
	}
}

// pages are the serial numbers and makers of a list, page by page.
func (w *world) pages(q Selection, limit int) (pages [][]string) {
	w.t.Helper()
	for after, more := "", true; more; {
		var page []*Info
		var err error
		if page, more, err = w.stock.List(w.t.Context(), q, after, limit); err != nil {
			w.t.Fatal(err)
		}
		var names []string
		for _, x := range page {
			names = append(names, x.Serial+" "+x.Maker)
			after = x.Key
		}
		pages = append(pages, names)
	}
	return pages
}

// A list has every token of the selection once, in the order of serial numbers, however it is cut into pages.
func TestList(t *testing.T) {
	w := newWorld(t)
	w.imports(manyTokens(600), Order{Box: "A"})
	w.imports(strings.ReplaceAll(manyTokens(3), "ACME", "Bolt"), Order{Box: "B"})
	w.sets("0000011", func(x *record) { x.move(Assigned, at()); x.Owner = "u1" })
	w.sets("0000012", func(x *record) { x.Model = "Card 4" })
	all := slices.Concat(w.pages(Selection{}, 1000)...)
	if len(all) != 603 || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != 603 ||
		all[1] != "0000000 Bolt" {
		t.Fatalf("got %d tokens from %q on, want 603 in order", len(all), all[:4])
	}
	for _, limit := range []int{200, 602, 603} {
		if got := slices.Concat(w.pages(Selection{}, limit)...); !slices.Equal(got, all) {
			t.Errorf("pages of %d: got %d tokens, want the same %d", limit, len(got), len(all))
		}
	}
	few := [][]string{{"0000000 Bolt", "0000001 Bolt"}, {"0000002 Bolt"}}
	if got := w.pages(Selection{Box: "B"}, 2); !slices.EqualFunc(got, few, slices.Equal) {
		t.Errorf("got the pages %q, want %q", got, few)
	}
	for name, c := range map[string]struct {
		q    Selection
		want []string
	}{
		"by state":   {Selection{State: Assigned}, []string{"0000011 ACME"}},
		"by owner":   {Selection{Owner: "u1"}, []string{"0000011 ACME"}},
		"by model":   {Selection{Model: "Card 4"}, []string{"0000012 ACME"}},
		"by maker":   {Selection{Maker: "BOLT"}, []string{"0000000 Bolt", "0000001 Bolt", "0000002 Bolt"}},
		"by two":     {Selection{Model: "Card 4", State: Lost}, nil},
		"of nobody":  {Selection{Owner: "u2"}, nil},
		"of no box":  {Selection{Box: "C"}, nil},
		"worn, none": {Selection{Worn: &Wear{At: at().AddDate(9, 0, 0)}}, nil},
	} {
		if got := slices.Concat(w.pages(c.q, 5)...); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if _, _, err := w.stock.List(t.Context(), Selection{}, "nothing", 5); err != ErrUnknown {
		t.Errorf("got %v for a key of no token, want %q", err, ErrUnknown)
	}
}

// An export has every token but no secret, and nothing that a program for tables takes for a formula.
func TestExport(t *testing.T) {
	w := newWorld(t)
	w.imports(manyTokens(700), Order{Box: "A"})
	w.imports("serial,secret,maker,counter,expiry\n=HYPERLINK(1),"+inHex+",ACME,5,2031-01-02\n", Order{})
	if _, err := w.stock.Note(t.Context(), "ann", "=HYPERLINK(1)", "", `a "note", with all`); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	n, err := w.stock.Export(t.Context(), "ann", Selection{}, &out)
	lines, bad := csv.NewReader(&out).ReadAll()
	if err != nil || bad != nil || n != 701 || len(lines) != 702 || !slices.Equal(lines[0], columns()) {
		t.Fatalf("got %d tokens in %d lines, %v, %v, want 701", n, len(lines), err, bad)
	}
	want := []string{"'=HYPERLINK(1)", "ACME", "", "hotp", "SHA1", "6", "", "5", "2031-01-02", "", "stock", "",
		`a "note", with all`, "2026-03-03", "2026-03-03"}
	if !slices.ContainsFunc(lines, func(l []string) bool { return slices.Equal(l, want) }) {
		t.Errorf("got no line %q", want)
	}
	for _, l := range lines {
		if text := strings.Join(l, ","); strings.Contains(text, inHex) || strings.Contains(text, secretOf(1)) {
			t.Errorf("got a secret in %q", text)
		}
	}
	if got := w.trail(); !slices.Contains(got, "stock-export by ann: ") {
		t.Errorf("got %q, want who has had it", got)
	}
	if n, err := w.stock.Export(t.Context(), "ann", Selection{Box: "A"}, &out); n != 700 || err != nil {
		t.Errorf("got %d, %v, want the 700 of the box", n, err)
	}
}

// Counts by model, box and state; boxes that are low, and batteries at their end, to the day.
func TestStats(t *testing.T) {
	w := newWorld(t)
	w.imports(manyTokens(5), Order{Box: "A"})
	w.imports("serial,secret,maker,expiry\n90,"+inHex+",Bolt,2030-01-01\n91,"+inHex+",Bolt,2030-01-02\n",
		Order{Box: "B"})
	for serial, to := range map[string]State{"0000000": Assigned, "0000001": Returned, "0000002": Lost,
		"0000003": Retired} {
		w.sets(serial, func(x *record) { x.move(to, at()) })
	}
	st, err := w.stock.Stats(t.Context(), 2, Wear{At: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	acme := Count{InStock: 1, Assigned: 1, Returned: 1, Lost: 1, Retired: 1}
	bolt := Count{InStock: 2}
	want := &Stats{All: Count{InStock: 3, Assigned: 1, Returned: 1, Lost: 1, Retired: 1},
		Models: []Group{{"ACME Card 3", acme}, {"Bolt", bolt}}, Boxes: []Group{{"A", acme}, {"B", bolt}},
		Low: []Group{{"A", acme}}, Worn: []Group{{"Bolt", Count{InStock: 1}}}}
	if fmt.Sprint(*st) != fmt.Sprint(*want) || st.All.Sum() != 7 {
		t.Errorf("got %v, want %v", *st, *want)
	}
	for name, c := range map[string]struct {
		at   time.Time
		want []Group
	}{
		"before three years": {at().AddDate(3, 0, 0).Add(-time.Second), []Group{}},
		"three years": {at().AddDate(3, 0, 0),
			[]Group{{"ACME Card 3", Count{InStock: 1, Assigned: 1, Returned: 1}}}},
		// the maker's own day counts for the others
	} {
		if st, err := w.stock.Stats(t.Context(), 0, Wear{At: c.at, Years: 3}); err != nil ||
			fmt.Sprint(st.Worn) != fmt.Sprint(c.want) || len(st.Low) != 0 {
			t.Errorf("%s: got %v, %v, want %v", name, st, err, c.want)
		}
	}
}
