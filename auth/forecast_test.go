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
	}{
		{"the phone and the key ring", Device{Kind: Handset}, Device{Kind: Stick}, true},
		{"a phone that lies somewhere is carried all the same", Device{Kind: Handset, Place: "desk"},
			Device{Kind: Stick}, true},
		{"the phone and a key in a drawer", Device{Kind: Handset}, Device{Kind: Stick, Place: "drawer"}, false},
		{"two phones", Device{Kind: Handset}, Device{Kind: Handset}, false},
		{"two keys", Device{Kind: Stick}, Device{Kind: Stick}, false},
		{"the phone and a PC", Device{Kind: Handset}, Device{Kind: Computer}, false},
		{"a key and a sheet", Device{Kind: Stick}, Device{Kind: Paper}, false},
		{"in one drawer", Device{Kind: Stick, Place: "Drawer"}, Device{Kind: Paper, Place: " drawer "}, true},
		{"in two drawers", Device{Kind: Stick, Place: "drawer"}, Device{Kind: Paper, Place: "safe"}, false},
		{"both nowhere", Device{Kind: Computer, Place: " "}, Device{Kind: Paper}, false},
	} {
		if areTogether(&x.a, &x.b) != x.together || areTogether(&x.b, &x.a) != x.together {
			t.Errorf("%s: got together %v, want %v", x.what, !x.together, x.together)
		}
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
