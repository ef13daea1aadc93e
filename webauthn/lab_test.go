package webauthn_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
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
