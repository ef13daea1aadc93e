package auth

import (
	"fmt"
	"strings"
	"testing"
)

// Two things that are kept in one place are a row of the forecast, and so are the phone and the key ring.
func TestForecastHasWhatIsKeptTogether(t *testing.T) {
	table, err := Methods().Complete()
	if err != nil {
		t.Fatal(err)
	}
	methods := []AuthenticatorInfo{{ID: "1", Kind: WebAuthn, Device: "ring", State: Active},
		{ID: "2", Kind: WebAuthn, Device: "safe", State: Active}, {ID: "3", Kind: TOTP, Device: "phone", State: Active},
		{ID: "4", Kind: Lookup, Device: "sheet", State: Active}}
	devices := []*Device{{ID: "ring", Kind: Stick}, {ID: "safe", Kind: Stick, Place: "Office safe"},
		{ID: "phone", Kind: Handset}, {ID: "sheet", Kind: Paper, Place: " office SAFE"}}
	pairs := map[string]bool{}
	for _, r := range table.forecast(methods, devices) {
		if len(r.Lost) == 2 {
			pairs[r.Lost[0].ID+"+"+r.Lost[1].ID] = true
		}
	}
	if len(pairs) != 2 || !pairs["ring+phone"] || !pairs["safe+sheet"] {
		t.Errorf("got the pairs %v, want the key ring with the phone, and what the safe holds", pairs)
	}
}

// What is likely lost at once: the phone and the key ring, and what is kept in one place, however that is written.
func TestWhatIsLostTogether(t *testing.T) {
	for _, x := range []struct {
		what     string
		a, b     Device
		together bool
		ask      bool
	}{
		{"the phone and the key ring", Device{Kind: Handset}, Device{Kind: Stick}, true, false},
		{"a phone that lies somewhere is carried all the same", Device{Kind: Handset, Place: "desk"},
			Device{Kind: Stick}, true, false},
		{"the phone and a key in a drawer", Device{Kind: Handset}, Device{Kind: Stick, Place: "drawer"}, false, false},
		{"two phones", Device{Kind: Handset}, Device{Kind: Handset}, false, false},
		{"two keys of which nothing is known", Device{Kind: Stick}, Device{Kind: Stick}, true, true},
		{"two keys of which one lies somewhere", Device{Kind: Stick}, Device{Kind: Stick, Place: "safe"}, false, false},
		{"two keys in one place", Device{Kind: Stick, Place: "safe"}, Device{Kind: Stick, Place: "Safe"}, true, false},
		{"the phone and a PC", Device{Kind: Handset}, Device{Kind: Computer}, false, false},
		{"a key and a sheet", Device{Kind: Stick}, Device{Kind: Paper}, false, false},
		{"in one drawer", Device{Kind: Stick, Place: "Drawer"}, Device{Kind: Paper, Place: " drawer "}, true, false},
		{"in two drawers", Device{Kind: Stick, Place: "drawer"}, Device{Kind: Paper, Place: "safe"}, false, false},
		{"both nowhere", Device{Kind: Computer, Place: " "}, Device{Kind: Paper}, false, false},
	} {
		x.a.ID, x.b.ID = "a", "b"
		methods := []AuthenticatorInfo{{ID: "1", Device: "a", State: Active}, {ID: "2", Device: "b", State: Active}}
		for _, devices := range [][]*Device{{&x.a, &x.b}, {&x.b, &x.a}} {
			pairs, asks := 0, false
			for _, r := range Methods().forecast(methods, devices) {
				if len(r.Lost) == 2 {
					pairs++
					asks = r.Ask
				}
			}
			want := 0
			if x.together {
				want = 1
			}
			if pairs != want || asks != x.ask {
				t.Errorf("%s: got %d rows, that ask %v; want %d, %v", x.what, pairs, asks, want, x.ask)
			}
		}
	}
}

// However many things are lost at once, they are one row.
func TestSetsOfThings(t *testing.T) {
	phone, pc := Device{ID: "phone", Kind: Handset, Place: "desk"}, Device{ID: "pc", Kind: Computer, Place: "desk"}
	one, two := Device{ID: "1", Kind: Stick}, Device{ID: "2", Kind: Stick}
	three := Device{ID: "3", Kind: Stick}
	safe, sheet := Device{ID: "4", Kind: Stick, Place: "Safe"}, Device{ID: "sheet", Kind: Paper, Place: " safe"}
	for _, c := range []struct {
		devices []*Device
		want    string
	}{
		{[]*Device{&one, &two, &three}, "1 2 3?"},
		{[]*Device{&one, &safe}, ""},
		{[]*Device{&one, &phone, &two}, "1 phone 2?"},
		{[]*Device{&phone, &one, &pc}, "phone pc, phone 1"},
		{[]*Device{&sheet, &one, &safe, &two}, "sheet 4, 1 2?"},
	} {
		var got []string
		for _, set := range togethers(c.devices) {
			var ids []string
			for _, d := range set.devices {
				ids = append(ids, d.ID)
			}
			got = append(got, strings.Join(ids, " ")+map[bool]string{true: "?"}[set.ask])
		}
		if list := strings.Join(got, ", "); list != c.want {
			t.Errorf("got %s, want %s", list, c.want)
		}
	}
}

// Of every pair of kinds, as primary and backup: on one device a row of the forecast names that both fall, and nothing is
// covered; on two that are kept apart, each is a row of its own, and the other one is left.
func TestForecastOfEveryPairOfKinds(t *testing.T) {
	table, err := Methods().Complete()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for i := range table {
		for j := range table {
			a, b := &table[i], &table[j]
			if a.Input == NoInput || b.Input == NoInput {
				continue
			}
			for _, one := range a.On {
				for _, other := range b.On {
					first := AuthenticatorInfo{ID: "first", Kind: a.Kind, Device: "x", State: Active}
					second := AuthenticatorInfo{ID: "second", Kind: b.Kind, Device: "y", State: Active}
					apart := []*Device{{ID: "x", Kind: one, Place: "here"}, {ID: "y", Kind: other, Place: "there"}}
					for _, r := range table.forecast([]AuthenticatorInfo{first, second}, apart) {
						alone := len(r.Falls) == 1 && len(r.Left) == 1 && r.Falls[0].ID != r.Left[0].ID
						if len(r.Lost) > 1 || len(r.Lost) == 1 && !alone {
							t.Errorf("%s on %s, %s on %s: got %+v, want one to fall and one to be left", a.Face.Way, one,
								b.Face.Way, other, r)
						}
					}
					tried++
					if one != other {
						continue
					}
					second.Device = "x"
					rows := table.forecast([]AuthenticatorInfo{first, second}, apart[:1])
					if len(rows) != 2 || len(rows[0].Falls) != 2 || len(rows[0].Left) != 0 || rows[0].Soon != SoonDesk ||
						isCovered(rows) {
						t.Errorf("%s and %s on one %s: got %+v, want both to fall and nothing left", a.Face.Way, b.Face.Way, one,
							rows)
					}
				}
			}
		}
	}
	if tried < 100 {
		t.Errorf("got %d pairs, want all of the table's", tried)
	}
}

// A row says what falls and what is left, of what works; a device with nothing that works on it is no row, and the last
// row is everything.
func TestRowsOfTheForecast(t *testing.T) {
	table, err := Methods().Complete()
	if err != nil {
		t.Fatal(err)
	}
	key := AuthenticatorInfo{ID: "key", Kind: WebAuthn, Device: "stick", State: Active}
	app := AuthenticatorInfo{ID: "app", Kind: TOTP, Device: "phone", State: Active}
	off := AuthenticatorInfo{ID: "off", Kind: TOTP, Device: "pc", State: Disabled}
	codes := AuthenticatorInfo{ID: "codes", Kind: Lookup, Device: "sheet", State: Active}
	devices := []*Device{{ID: "stick", Kind: Stick, Name: "Blue", Place: "safe"}, {ID: "phone", Kind: Handset},
		{ID: "pc", Kind: Computer}, {ID: "sheet", Kind: Paper}}
	text := func(rows []Forecast) string {
		var all []string
		ids := func(list []AuthenticatorInfo) (s string) {
			for _, m := range list {
				s += " " + m.ID
			}
			return s
		}
		for _, r := range rows {
			line := ""
			for _, d := range r.Lost {
				line += fmt.Sprint(d, " ")
			}
			all = append(all, line+"|"+ids(r.Falls)+" |"+ids(r.Left)+" | "+string(r.Soon))
		}
		return strings.Join(all, "\n")
	}
	for want, methods := range map[string][]AuthenticatorInfo{
		"": nil,
		"{stick Blue safe stick} | key | app codes | now\n{phone   phone} | app | key codes | now\n" +
			"{sheet   paper} | codes | key app | now\n| key app off codes | | documents": {key, app, off, codes},
		"{phone   phone} | app | codes | later\n{sheet   paper} | codes | app | now\n| app codes | | documents": {app,
			codes},
		"{phone   phone} | app | | documents\n| app | | documents": {app},
	} {
		rows := table.forecast(methods, devices)
		if got := text(rows); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if isCovered(rows) != (len(methods) != 1) {
			t.Errorf("of %d: got covered %v", len(methods), isCovered(rows))
		}
	}
}
