package auth

import (
	"strings"
	"testing"
)

// What is built in is a whole table, and completing it again changes nothing.
func TestTableOfMethods(t *testing.T) {
	table, err := Methods().Complete()
	if err != nil {
		t.Fatal(err)
	}
	again, err := table.Complete()
	if err != nil || len(again) != len(table) {
		t.Fatalf("completed twice: got %d rows and %v, want %d", len(again), err, len(table))
	}
	for i := range table {
		m := &table[i]
		if again[i].Face != m.Face {
			t.Errorf("%s completed twice: got %+v, want %+v", m.Kind, again[i].Face, m.Face)
		}
		if m.Input == NoInput {
			continue
		}
		if got := table.Way(m.Face.Way); got != m {
			t.Errorf("%s: got another row by its way", m.Face.Way)
		}
		if got := table.By(m.Kind, m.Channel); got.Kind != m.Kind || got.Channel != m.Channel {
			t.Errorf("%s: got %s by its channel", m.Face.Way, got.Face.Way)
		}
		if f := m.Face; f.Stem == "" || f.Path == "" || f.Made == "" || f.New == "" || f.Icon == "" {
			t.Errorf("%s: got %+v, want it whole", f.Way, f)
		}
	}
	for _, c := range []struct {
		kind    Kind
		flavour Flavour
		want    string
	}{{WebAuthn, SecurityKey, "webauthn"}, {WebAuthn, "", "webauthn"}, {WebAuthn, Passkey, "passkey"},
		{TOTP, "", "totp"}, {Phone, "", "phone"}} {
		if got := table.MessageKey(c.kind, c.flavour); got != c.want {
			t.Errorf("what stored messages call %s %s: got %q, want %q", c.kind, c.flavour, got, c.want)
		}
	}
	if w := table.Of("never-heard-of", "").Worth; w != (MethodPolicy{Phishable: true}) {
		t.Errorf("an unknown kind: got %+v, want it worth nothing", w)
	}
}

// A table that would be read in two ways is refused at the start.
func TestTableRefusesWhatIsAmbiguous(t *testing.T) {
	row := Method{Kind: "card", Input: ShortCode, On: []DeviceKind{Paper}, Face: Face{Way: "card"}}
	with := func(change func(*Method)) Method {
		m := row
		change(&m)
		return m
	}
	for name, bad := range map[string]Table{
		"no kind":     append(Methods(), with(func(m *Method) { m.Kind = "" })),
		"no device":   append(Methods(), with(func(m *Method) { m.On = nil })),
		"no way":      append(Methods(), with(func(m *Method) { m.Face.Way = "" })),
		"a way twice": append(Methods(), with(func(m *Method) { m.Face.Way = "app" })),
		"a kind apart": append(Methods(),
			with(func(m *Method) { m.Kind, m.Worth = TOTP, Methods().Of(TOTP, "").Worth })),
		"worth different": {row, with(func(m *Method) { m.Face.Way, m.Worth.Guessable = "other", true })},
	} {
		if _, err := bad.Complete(); err == nil || !strings.Contains(err.Error(), "methods") {
			t.Errorf("%s: got %v, want the table refused", name, err)
		}
	}
	if _, err := append(Methods(), row).Complete(); err != nil {
		t.Errorf("a row more: got %v, want it taken", err)
	}
}
