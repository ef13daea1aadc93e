package auth

import (
	"context"
	"errors"
	"github.com/latchkey-auth/latchkey/store"
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
		"joins nowhere":   append(Methods(), with(func(m *Method) { m.Joins = true })),
		"one a set":       {row, with(func(m *Method) { m.Face.Way, m.Set = "other", true })},
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

// Whatever a row is asked for by, nothing finds the row of something else: "" finds none.
func TestRowsAreFoundByWhatTheyAre(t *testing.T) {
	table, err := Methods().Complete()
	if err != nil {
		t.Fatal(err)
	}
	for c, want := range map[Channel]string{SMS: "sms", Voice: "call", Mail: "email", "": "", "pigeon": ""} {
		if got := table.Sending(c).Face.Way; got != want {
			t.Errorf("what sends by %q: got %q, want %q", c, got, want)
		}
	}
	table[len(table)-1].Face.Way = "" // a proof that nobody chooses
	for way, want := range map[string]Kind{"app": TOTP, "": "", "nothing": ""} {
		if got := table.Way(way).Kind; got != want {
			t.Errorf("the way %q: got %q, want %q", way, got, want)
		}
	}
	got := strings.Join(table.Values(func(m *Method) string { return m.Face.Path }), " ")
	if want := "keys app touch token yubiotp phone email codes"; got != want {
		t.Errorf("the paths: got %q, want %q", got, want)
	}
	got = strings.Join(table.Values(func(m *Method) string { return m.Face.Help }), " ")
	if want := "clock count keyboard phone mail"; got != want {
		t.Errorf("the helps: got %q, want %q", got, want)
	}
	if got := table.MessageKey(TOTP, "odd"); got != "totp" {
		t.Errorf("a flavour that a kind does not tell apart: got %q, want the kind", got)
	}
}

// What proofs amount to: the level, and how each is named after RFC 8176.
func TestWhatProofsAmountTo(t *testing.T) {
	table, err := Methods().Complete()
	if err != nil {
		t.Fatal(err)
	}
	key := func(verified, synced bool) Proof {
		return Proof{Kind: WebAuthn, Class: Strong, UserVerified: verified, Synced: synced}
	}
	pwd := Proof{Kind: Password}
	for name, c := range map[string]struct {
		proofs []Proof
		aal    int
		amr    string
	}{
		"nothing":                         {nil, 0, ""},
		"a password":                      {[]Proof{pwd}, 1, "pwd"},
		"with a trusted browser":          {[]Proof{pwd, {Kind: Trusted}}, 1, "pwd rba"},
		"with a mailbox":                  {[]Proof{pwd, {Kind: Email}}, 1, "pwd email"},
		"with a text":                     {[]Proof{pwd, {Kind: Phone}}, 2, "pwd sms mfa"},
		"with an app that says verified":  {[]Proof{pwd, {Kind: TOTP, UserVerified: true}}, 2, "pwd otp user mfa"},
		"with a touch":                    {[]Proof{pwd, key(false, false)}, 2, "pwd hwk mfa"},
		"with a key and its PIN":          {[]Proof{pwd, key(true, false)}, 3, "pwd hwk user mfa"},
		"with two keys and their PINs":    {[]Proof{pwd, key(true, false), key(true, false)}, 3, "pwd hwk user mfa"},
		"with a passkey of a cloud":       {[]Proof{pwd, key(true, true)}, 2, "pwd swk user mfa"},
		"a touch alone":                   {[]Proof{key(false, false)}, 0, "hwk"},
		"a key and its PIN alone":         {[]Proof{key(true, false)}, 2, "hwk user"},
		"a passkey of a cloud alone":      {[]Proof{key(true, true)}, 2, "swk user"},
		"a text that a cloud may carry":   {[]Proof{pwd, {Kind: Phone, Synced: true}}, 2, "pwd sms mfa"},
		"the same app twice":              {[]Proof{pwd, {Kind: TOTP}, {Kind: TOTP}}, 2, "pwd otp mfa"},
		"an app alone, without password":  {[]Proof{{Kind: TOTP}}, 0, "otp"},
		"two weak things and no password": {[]Proof{{Kind: Phone}, {Kind: Email}}, 0, "sms email"},
	} {
		aal, amr := table.assurance(c.proofs)
		if got := strings.Join(amr, " "); aal != c.aal || got != c.amr {
			t.Errorf("%s: got level %d, %q, want %d, %q", name, aal, got, c.aal, c.amr)
		}
	}
}

// A service needs a row for each factor, and one factor a kind.
func TestFactorsNeedTheirRows(t *testing.T) {
	for name, c := range map[string]struct {
		factors []Factor
		want    string
	}{
		"none of its kind": {[]Factor{oddFactor{}}, "no row"},
		"twice":            {[]Factor{noFactor{}, noFactor{}}, "two factors"},
	} {
		_, err := New(Config{DB: closedDB{}, Keys: store.Plain(), Factors: c.factors, Origin: "http://localhost:8080"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// What a service cannot be without it says at the start.
func TestAServiceNeedsItsParts(t *testing.T) {
	whole := Config{DB: closedDB{}, Keys: store.Plain(), Factors: []Factor{noFactor{}}, Origin: "http://localhost:8080"}
	for name, without := range map[string]func(*Config){
		"store": func(c *Config) { c.DB = nil }, "keys": func(c *Config) { c.Keys = nil },
		"origin": func(c *Config) { c.Origin = "" }, "factors": func(c *Config) { c.Factors = nil },
	} {
		cfg := whole
		without(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "needs") {
			t.Errorf("without %s: got %v, want to be told", name, err)
		}
	}
	if _, err := New(whole); !errors.Is(err, errClosed) {
		t.Errorf("whole: got %v, want the store asked", err)
	}
}

var errClosed = errors.New("closed")

// A closedDB is a store that does nothing.
type closedDB struct{}

func (closedDB) View(context.Context, func(store.Tx) error) error   { return errClosed }
func (closedDB) Update(context.Context, func(store.Tx) error) error { return errClosed }
func (closedDB) Close() error                                       { return nil }

// An oddFactor is of a kind that no table has.
type oddFactor struct{ noFactor }

func (oddFactor) Kind() Kind { return "odd" }
