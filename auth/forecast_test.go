package auth

import "testing"

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
