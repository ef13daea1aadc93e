package webauthn_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// A credential that was made somewhere else signs in once it is planted, whatever its algorithm, by its virtual form
// and
// by its COSE key.
func TestPlantedKeysSignIn(t *testing.T) {
	for _, alg := range []virtual.Algorithm{virtual.ES256, virtual.ES384, virtual.ES512, virtual.EdDSA, virtual.RS256} {
		b := newBench(t, nil, virtual.Options{Algorithms: []virtual.Algorithm{alg}})
		b.bind(auth.SecurityKey) // gives the browser's key a credential for this account
		made := b.browser.Authenticators[0].Credentials()[0]
		exported, err := made.CDP()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(exported)
		if err != nil {
			t.Fatal(err)
		}
		key, err := made.PublicKeyCOSE()
		if err != nil {
			t.Fatal(err)
		}
		for name, form := range map[string]auth.MethodForm{
			"virtual": {Virtual: text},
			"COSE": {Credential: base64.RawURLEncoding.EncodeToString(made.ID),
				PublicKey: base64.RawURLEncoding.EncodeToString(key), SignCount: int(made.Counter)},
		} {
			planted, _, err := b.factor.MakeFixture(auth.FixtureInput{MethodForm: form,
				Subject: auth.Subject{Handle: made.UserHandle}})
			if err != nil {
				t.Fatalf("%d, %s: got %v, want it planted", alg, name, err)
			}
			planted.State = auth.Active
			b.keys = []*auth.Authenticator{planted}
			if _, used, err := b.verify(); err != nil || used.Credential != b.keys[0].Credential {
				t.Errorf("%d, %s: got %v, want it to sign in", alg, name, err)
			}
		}
	}
}

// A wish asks for more than the policy does.
func TestWishes(t *testing.T) {
	b := newBench(t, nil, virtual.Options{ResidentKeys: true})
	c := b.binding(auth.SecurityKey)
	c.Input = json.RawMessage(`{"flavour":"key","verify":true,"resident":true,"certified":true}`)
	if err := b.factor.BeginBind(c, auth.Subject{Handle: []byte("handle"), Name: "a", Display: "a"}); err != nil {
		t.Fatal(err)
	}
	var prompt struct {
		PublicKey virtual.CreationOptions `json:"publicKey"`
	}
	if err := json.Unmarshal(c.Prompt, &prompt); err != nil {
		t.Fatal(err)
	}
	o := prompt.PublicKey
	if o.AuthenticatorSelection.UserVerification != "required" || o.AuthenticatorSelection.ResidentKey != "required" ||
		!o.AuthenticatorSelection.RequireResidentKey || o.Attestation != "direct" {
		t.Errorf("got %+v and attestation %q, want all that was wished", o.AuthenticatorSelection, o.Attestation)
	}
	b.browser.Hooks = authData(clearFlag(virtual.FlagUV))
	b.browser.Authenticators = []*virtual.Authenticator{device(t, virtual.Options{ResidentKeys: true,
		UserVerification: virtual.UVSucceeds})}
	_, err := b.factor.FinishBind(c, b.create(c))
	wantCode(t, err, auth.KeyNotVerified)
	b.browser.Hooks = nil
	_, err = b.factor.FinishBind(c, b.create(c))
	wantCode(t, err, auth.KeyAttestation) // it is certified by nobody
}

// TestPlantedKeysCouldBeRegistered: what no registration here could have ended in is refused by its member, at its very
// edge; and what is planted says of itself what its form says.
func TestPlantedKeysCouldBeRegistered(t *testing.T) {
	b := newBench(t, func(c *webauthn.Config) { c.Models = map[webauthn.AAGUID]string{model: "Blue"} }, virtual.Options{})
	b.bind(auth.SecurityKey)
	made := b.browser.Authenticators[0].Credentials()[0]
	key, err := made.PublicKeyCOSE()
	if err != nil {
		t.Fatal(err)
	}
	exported := virtualForm(t, made)
	text := base64.RawURLEncoding.EncodeToString
	good := auth.MethodForm{Credential: text(made.ID), PublicKey: text(key)}
	id := func(n int) func(*auth.MethodForm) {
		return func(f *auth.MethodForm) { f.Credential = text(make([]byte, n)) }
	}
	for _, tc := range []struct {
		name  string
		edit  func(*auth.MethodForm)
		field string // "" where it is planted
	}{
		{"id of no byte", id(0), "credential"},
		{"id of one byte", id(1), ""},
		{"longest id", id(1023), ""},
		{"id too long", id(1024), "credential"},
		{"id padded", func(f *auth.MethodForm) { f.Credential = "AA==" }, "credential"},
		{"key of no byte", func(f *auth.MethodForm) { f.PublicKey = "" }, "publicKey"},
		{"key that is none", func(f *auth.MethodForm) { f.PublicKey = text([]byte{0xa0}) }, "publicKey"},
		{"key padded", func(f *auth.MethodForm) { f.PublicKey += "=" }, "publicKey"},
		{"model with dashes", func(f *auth.MethodForm) { f.AAGUID = webauthn.AAGUID(model).String() }, ""},
		{"model without", func(f *auth.MethodForm) { f.AAGUID = strings.Repeat("ab", 16) }, ""},
		{"model too short", func(f *auth.MethodForm) { f.AAGUID = strings.Repeat("ab", 15) }, "aaguid"},
		{"model too long", func(f *auth.MethodForm) { f.AAGUID = strings.Repeat("ab", 17) }, "aaguid"},
		{"model of no digits", func(f *auth.MethodForm) { f.AAGUID = strings.Repeat("xy", 16) }, "aaguid"},
		{"counter below zero", func(f *auth.MethodForm) { f.SignCount = -1 }, "signCount"},
		{"highest counter", func(f *auth.MethodForm) { f.SignCount = 1<<32 - 1 }, ""},
		{"counter too high", func(f *auth.MethodForm) { f.SignCount = 1 << 32 }, "signCount"},
		{"backed up", func(f *auth.MethodForm) { f.BackupState, f.BackupEligible = true, true }, ""},
		{"may be backed up", func(f *auth.MethodForm) { f.BackupEligible = true }, ""},
		{"backed up, which it may not be", func(f *auth.MethodForm) { f.BackupState = true }, "backupState"},
		{"virtual, no JSON", func(f *auth.MethodForm) { f.Virtual = json.RawMessage(`{`) }, "virtual"},
		{"virtual, no id", func(f *auth.MethodForm) {
			f.Virtual = bytes.Replace(exported, []byte(`"credentialId":"`), []byte(`"credentialId":"!`), 1)
		}, "virtual"},
		{"virtual, no key", func(f *auth.MethodForm) {
			f.Virtual = json.RawMessage(`{"credentialId":"AAAA","privateKey":"AAAA"}`)
		}, "virtual"},
	} {
		form := good
		tc.edit(&form)
		a, _, err := b.factor.MakeFixture(auth.FixtureInput{MethodForm: form, Subject: auth.Subject{Handle: b.handle}})
		if tc.field == "" {
			if err != nil || a.Credential != form.Credential {
				t.Errorf("%s: got %v, want it planted", tc.name, err)
			}
			continue
		}
		var refusal *auth.Error
		if !errors.As(err, &refusal) || refusal.Code != auth.MalformedRequest || refusal.Field != tc.field {
			t.Errorf("%s: got %v, want the member %s refused", tc.name, err, tc.field)
		}
	}
	full := good
	full.AAGUID = webauthn.AAGUID(model).String()
	full.Flavour = auth.Passkey
	full.SignCount = 7
	full.Resident = true
	full.Verified = true
	full.BackupEligible = true
	full.BackupState = true
	full.Transports = []string{"internal", "hybrid"}
	for name, tc := range map[string]struct {
		form auth.MethodForm
		want string
	}{
		"least": {good, `traits {"f":"key"}, counter 0, flags 0x41`},
		"full": {full, `traits {"f":"passkey","sy":true,"rk":true,"uv":true,"m":"Blue",` +
			`"mi":"cafe0000-0000-0000-0000-000000000001"}, counter 7, flags 0x5d hybrid internal`},
	} {
		a, _, err := b.factor.MakeFixture(auth.FixtureInput{MethodForm: tc.form, Subject: auth.Subject{Handle: b.handle}})
		if err != nil {
			t.Fatal(err)
		}
		if got := planted(t, a); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

// planted tells what an authenticator says in the open, and what it remembers.
func planted(t *testing.T, a *auth.Authenticator) string {
	t.Helper()
	var kept struct {
		C uint32
		F byte
		T []string
	}
	if err := json.Unmarshal(a.Data, &kept); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(fmt.Sprintf("traits %s, counter %d, flags %#x %s", mustJSON(t, a.Traits), kept.C, kept.F,
		strings.Join(kept.T, " ")))
}

// virtualForm is a credential as WebDriver writes it.
func virtualForm(t *testing.T, c *virtual.Credential) []byte {
	t.Helper()
	exported, err := c.CDP()
	if err != nil {
		t.Fatal(err)
	}
	return []byte(mustJSON(t, exported))
}

// TestVirtualFormTellsAll: of a credential's virtual form nothing gets lost, in either alphabet of base64.
func TestVirtualFormTellsAll(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	b.bind(auth.SecurityKey)
	var members map[string]any
	err := json.Unmarshal(virtualForm(t, b.browser.Authenticators[0].Credentials()[0]), &members)
	if err != nil {
		t.Fatal(err)
	}
	members["isResidentCredential"] = true
	members["signCount"] = 9
	members["backupEligibility"], members["backupState"] = true, true
	for _, id := range []string{"-_8", "-_8=", "+/8="} {
		members["credentialId"] = id
		a, _, err := b.factor.MakeFixture(auth.FixtureInput{
			MethodForm: auth.MethodForm{Virtual: json.RawMessage(mustJSON(t, members))},
			Subject:    auth.Subject{Handle: b.handle}})
		if err != nil {
			t.Fatal(err)
		}
		want := `traits {"f":"key","sy":true,"rk":true}, counter 9, flags 0x59`
		if got := planted(t, a); got != want || a.Credential != "-_8" {
			t.Errorf("%s: got %s of %s, want %s", id, got, a.Credential, want)
		}
	}
}
