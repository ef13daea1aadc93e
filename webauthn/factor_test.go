package webauthn_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

const (
	rpID   = "shop.example"
	origin = "https://shop.example"
)

var (
	model = [16]byte{0xca, 0xfe, 15: 1}
	start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
)

// A bench is a factor with a browser and one account in front of it.
type bench struct {
	t       testing.TB
	factor  *webauthn.Factor
	browser *virtual.Client
	handle  []byte
	keys    []*auth.Authenticator
	proofs  []auth.Proof // what later ceremonies have shown already
}

func newFactor(t testing.TB, edit func(*webauthn.Config)) *webauthn.Factor {
	t.Helper()
	c := webauthn.Config{RPID: rpID, RPName: "Shop", Origins: []string{origin}}
	if edit != nil {
		edit(&c)
	}
	f, err := webauthn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// newBench plugs one device in. The account has shown its password.
func newBench(t testing.TB, edit func(*webauthn.Config), o virtual.Options) *bench {
	t.Helper()
	return &bench{
		t: t, factor: newFactor(t, edit), handle: bytes.Repeat([]byte{7}, 64),
		browser: &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{device(t, o)}},
		proofs:  []auth.Proof{{Kind: auth.Password}},
	}
}

func device(t testing.TB, o virtual.Options) *virtual.Authenticator {
	t.Helper()
	if o.Seed == nil {
		o.Seed = []byte(t.Name())
	}
	a, err := virtual.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// binding begins a registration.
func (b *bench) binding(flavour auth.Flavour) *auth.Ceremony {
	b.t.Helper()
	return b.bindingAs(auth.BindInput{Flavour: flavour})
}

// bindingAs begins a registration with what the person chose.
func (b *bench) bindingAs(in auth.BindInput) *auth.Ceremony {
	b.t.Helper()
	input, _ := json.Marshal(in)
	c := &auth.Ceremony{
		ID: "bind", Account: "a", Purpose: auth.ForBind, Kind: auth.WebAuthn,
		Now: start, Expires: start.Add(5 * time.Minute), Input: input,
	}
	s := auth.Subject{Handle: b.handle, Name: "mei@shop.example", Display: "Mei", Site: "Shop", Existing: b.keys}
	if err := b.factor.BeginBind(c, s); err != nil {
		b.t.Fatalf("BeginBind: %v", err)
	}
	return c
}

// verifying begins a sign-in.
func (b *bench) verifying() *auth.Ceremony {
	b.t.Helper()
	c := &auth.Ceremony{
		ID: "verify", Account: "a", Purpose: auth.ForSignIn, Kind: auth.WebAuthn,
		Now: start, Expires: start.Add(5 * time.Minute), Proofs: b.proofs,
	}
	if err := b.factor.BeginVerify(c, b.keys); err != nil {
		b.t.Fatalf("BeginVerify: %v", err)
	}
	return c
}

// bind registers what the browser holds and keeps it.
func (b *bench) bind(flavour auth.Flavour) *auth.Authenticator {
	b.t.Helper()
	c := b.binding(flavour)
	a, err := b.factor.FinishBind(c, b.create(c))
	if err != nil {
		b.t.Fatalf("FinishBind: %v", err)
	}
	a.ID = "id-" + a.Credential[:6]
	a.Account = "a"
	a.State = auth.Active
	a.Name = "Blue key"
	b.keys = append(b.keys, a)
	return a
}

func (b *bench) create(c *auth.Ceremony) json.RawMessage {
	b.t.Helper()
	out, err := b.browser.Create(c.Prompt)
	if err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
	return out
}

func (b *bench) get(c *auth.Ceremony) json.RawMessage {
	b.t.Helper()
	out, err := b.browser.Get(c.Prompt)
	if err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
	return out
}

// verify signs in and keeps the changed key.
func (b *bench) verify() (*auth.Ceremony, *auth.Authenticator, error) {
	b.t.Helper()
	c := b.verifying()
	a, err := b.factor.FinishVerify(c, b.keys, b.get(c))
	if a != nil {
		i := slices.IndexFunc(b.keys, func(k *auth.Authenticator) bool { return k.ID == a.ID })
		b.keys[i] = a
	}
	return c, a, err
}

// codeOf returns the code of a refusal; a failure fails the test.
func codeOf(t testing.TB, err error) auth.Code {
	t.Helper()
	var refusal *auth.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &refusal):
		t.Fatalf("got a failure, want a refusal: %v", err)
	}
	return refusal.Code
}

func wantCode(t testing.TB, err error, want auth.Code) {
	t.Helper()
	if got := codeOf(t, err); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// prompt decodes the options inside a prompt.
func prompt[T any](t testing.TB, c *auth.Ceremony) T {
	t.Helper()
	var p struct {
		PublicKey T `json:"publicKey"`
	}
	if err := json.Unmarshal(c.Prompt, &p); err != nil {
		t.Fatal(err)
	}
	return p.PublicKey
}

// TestEveryAlgorithm registers and signs in with every algorithm offered, and with a U2F-era key.
func TestEveryAlgorithm(t *testing.T) {
	for name, o := range map[string]virtual.Options{
		"ES256": {}, "EdDSA": {Algorithms: []virtual.Algorithm{virtual.EdDSA}},
		"ES384": {Algorithms: []virtual.Algorithm{virtual.ES384}},
		"ES512": {Algorithms: []virtual.Algorithm{virtual.ES512}},
		"RS256": {Algorithms: []virtual.Algorithm{virtual.RS256}}, "U2F": {Protocol: virtual.U2F},
		"self": {Attestation: virtual.AttestSelf, AAGUID: model}, "packed": {Attestation: virtual.AttestPacked,
			AAGUID: model},
		"fido-u2f": {Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(c *webauthn.Config) { c.Attestation.Ask = true }, o)
			b.bind(auth.SecurityKey)
			for range 2 {
				c, a, err := b.verify()
				wantCode(t, err, "")
				if a == nil || a.ID != b.keys[0].ID || c.UserVerified {
					t.Errorf("got %+v, verified %v, want the key that was touched", a, c.UserVerified)
				}
			}
		})
	}
}

// TestOptions checks what is asked of the browser for either flavour (D10).
func TestOptions(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	b.bind(auth.SecurityKey)
	for _, tc := range []struct {
		flavour                                     auth.Flavour
		attachment, hint, residentKey, verification string
	}{
		{auth.SecurityKey, "cross-platform", "security-key", "discouraged", "discouraged"},
		{auth.Passkey, "platform", "client-device", "preferred", "preferred"},
	} {
		o := prompt[virtual.CreationOptions](t, b.binding(tc.flavour))
		sel := o.AuthenticatorSelection
		if sel.Attachment != tc.attachment || sel.ResidentKey != tc.residentKey || sel.RequireResidentKey ||
			sel.UserVerification != tc.verification {
			t.Errorf("%s: got %+v, want %+v", tc.flavour, sel, tc)
		}
		if !slices.Equal(o.Hints, []string{tc.hint}) {
			t.Errorf("%s: got hints %v, want %s", tc.flavour, o.Hints, tc.hint)
		}
		if o.RP.ID != rpID || o.Attestation != "none" || o.Timeout != 300_000 || !bytes.Equal(o.User.ID, b.handle) {
			t.Errorf("%s: got %+v", tc.flavour, o)
		}
		if len(o.Exclude) != 1 || base64.RawURLEncoding.EncodeToString(o.Exclude[0].ID) != b.keys[0].Credential {
			t.Errorf("%s: got exclude list %v, want the key registered", tc.flavour, o.Exclude)
		}
	}
}

// TestUserVerificationIsAlwaysNamed: without the member Chromium protects credentials so that they are not found again.
func TestUserVerificationIsAlwaysNamed(t *testing.T) {
	for _, want := range []string{"", "discouraged", "preferred", "required"} {
		b := newBench(t, func(c *webauthn.Config) { c.UserVerification = want },
			virtual.Options{UserVerification: virtual.UVSucceeds})
		if want == "" {
			want = "discouraged"
		}
		if got := prompt[virtual.CreationOptions](t,
			b.binding(auth.SecurityKey)).AuthenticatorSelection.UserVerification; got != want {
			t.Errorf("registration: got %q, want %q", got, want)
		}
		b.bind(auth.SecurityKey)
		if got := prompt[virtual.RequestOptions](t, b.verifying()).UserVerification; got != want {
			t.Errorf("authentication: got %q, want %q", got, want)
		}
	}
}

// TestKeyFirstAsksToVerify: a key that comes before the password verifies its user if it can, and says so.
func TestKeyFirstAsksToVerify(t *testing.T) {
	b := newBench(t, nil, virtual.Options{UserVerification: virtual.UVSucceeds})
	b.bind(auth.SecurityKey)
	b.proofs = nil
	c, _, err := b.verify()
	wantCode(t, err, "")
	if got := prompt[virtual.RequestOptions](t, c).UserVerification; got != "preferred" || !c.UserVerified {
		t.Errorf("got %q, verified %v, want preferred and verified", got, c.UserVerified)
	}
}

// TestUserVerifiedIsOfThisAnswer: the library's credential remembers that its user was verified once; the proof must
// not.
func TestUserVerifiedIsOfThisAnswer(t *testing.T) {
	b := newBench(t, func(c *webauthn.Config) { c.UserVerification = "preferred" },
		virtual.Options{UserVerification: virtual.UVSucceeds})
	if a := b.bind(auth.SecurityKey); !a.Traits.VerifiesUser {
		t.Fatal("got a key that did not verify its user, want one that did")
	}
	b.browser.Hooks = &virtual.Hooks{AuthData: clearFlag(virtual.FlagUV)}
	c, _, err := b.verify()
	wantCode(t, err, "")
	if c.UserVerified {
		t.Error("got verified, want touched only")
	}
	b.browser.Hooks = nil
	if c, _, _ = b.verify(); !c.UserVerified {
		t.Error("got touched only, want verified")
	}
}

func clearFlag(flag byte) func([]byte) []byte {
	return func(d []byte) []byte { d[32] &^= flag; return d }
}

func setFlag(flag byte) func([]byte) []byte {
	return func(d []byte) []byte { d[32] |= flag; return d }
}

// TestTraits: what a registration says in the open.
func TestTraits(t *testing.T) {
	for name, tc := range map[string]struct {
		device  virtual.Options
		flavour auth.Flavour
		want    auth.Traits
	}{
		"touch-only key": {virtual.Options{}, auth.SecurityKey, auth.Traits{Flavour: auth.SecurityKey}},
		"known model": {virtual.Options{AAGUID: webauthn.AAGUID(mustAAGUID(t, "ee882879-721c-4913-9775-3dfcce97072a"))},
			auth.SecurityKey,
			auth.Traits{Flavour: auth.SecurityKey, Provenance: auth.Provenance{Model: "YubiKey 5 Series",
				ModelID: "ee882879-721c-4913-9775-3dfcce97072a"}}},
		"synced passkey": {virtual.Options{Platform: true, ResidentKeys: true, UserVerification: virtual.UVSucceeds,
			Backup: true, BackedUp: true},
			auth.Passkey, auth.Traits{Flavour: auth.Passkey, Synced: true, Discoverable: true, VerifiesUser: true}},
		"passkey of this device": {virtual.Options{Platform: true, ResidentKeys: true,
			UserVerification: virtual.UVSucceeds},
			auth.Passkey, auth.Traits{Flavour: auth.Passkey, Discoverable: true, VerifiesUser: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got := newBench(t, nil, tc.device).bind(tc.flavour).Traits
			if gotJSON, wantJSON := mustJSON(t, got), mustJSON(t, tc.want); gotJSON != wantJSON {
				t.Errorf("got %s, want %s", gotJSON, wantJSON)
			}
		})
	}
}

func mustAAGUID(t testing.TB, s string) webauthn.AAGUID {
	t.Helper()
	a, err := webauthn.ParseAAGUID(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestWhichKeyAnswered: of several keys, the one touched is returned and no other is changed.
func TestWhichKeyAnswered(t *testing.T) {
	b := newBench(t, nil, virtual.Options{Seed: []byte("1")})
	b.bind(auth.SecurityKey)
	second := device(t, virtual.Options{Seed: []byte("2")})
	b.browser.Authenticators = []*virtual.Authenticator{second}
	want := b.bind(auth.SecurityKey)
	_, got, err := b.verify()
	wantCode(t, err, "")
	if got == nil || got.Credential != want.Credential {
		t.Errorf("got %+v, want the second key", got)
	}
}

// TestTwoKeysOfOneBatch: the exclude list knows credentials, not models.
func TestTwoKeysOfOneBatch(t *testing.T) {
	b := newBench(t, nil, virtual.Options{AAGUID: model, Seed: []byte("1")})
	b.bind(auth.SecurityKey)
	b.browser.Authenticators = []*virtual.Authenticator{device(t, virtual.Options{AAGUID: model, Seed: []byte("2")})}
	if b.bind(auth.SecurityKey); len(b.keys) != 2 || b.keys[0].Credential == b.keys[1].Credential {
		t.Errorf("got %v, want two keys", b.keys)
	}
}

// TestDiscoverable signs in without a name: Identify finds the account, FinishVerify proves it.
func TestDiscoverable(t *testing.T) {
	b := newBench(t, nil, virtual.Options{Platform: true, ResidentKeys: true, UserVerification: virtual.UVSucceeds})
	key := b.bind(auth.Passkey)
	begin := func() *auth.Ceremony {
		c := &auth.Ceremony{ID: "d", Purpose: auth.ForSignIn, Kind: auth.WebAuthn, Now: start,
			Expires: start.Add(time.Minute)}
		if err := b.factor.BeginVerify(c, nil); err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := begin()
	if o := prompt[virtual.RequestOptions](t, c); len(o.Allow) != 0 || len(o.Hints) != 0 ||
		o.UserVerification != "preferred" {
		t.Errorf("got options %+v, want no list and preferred verification", o)
	}
	answer := b.get(c)
	credential, handle, err := b.factor.Identify(answer)
	if err != nil || credential != key.Credential || !bytes.Equal(handle, b.handle) {
		t.Errorf("Identify: got %q, %x, %v, want the passkey", credential, handle, err)
	}
	_, err = b.factor.FinishVerify(c, b.keys, answer)
	wantCode(t, err, "")
	if !c.UserVerified {
		t.Error("got touched only, want verified")
	}
	for name, edit := range map[string]func(*virtual.AuthenticationResponse){
		"no handle":      func(r *virtual.AuthenticationResponse) { r.Response.UserHandle = nil },
		"another handle": func(r *virtual.AuthenticationResponse) { r.Response.UserHandle = []byte("someone else") },
	} {
		b.browser.Hooks = &virtual.Hooks{Assertion: edit}
		c := begin()
		if _, err := b.factor.FinishVerify(c, b.keys, b.get(c)); codeOf(t, err) != auth.KeyUserHandleWrong {
			t.Errorf("%s: got %v, want %s", name, err, auth.KeyUserHandleWrong)
		}
	}
}

// TestBeginAgainDrawsAnotherChallenge: begun again, a ceremony has another ID, so one challenge in both would let one
// answer of a key that does not count pass twice.
func TestBeginAgainDrawsAnotherChallenge(t *testing.T) {
	b := newBench(t, nil, virtual.Options{Counter: virtual.CounterZero})
	b.bind(auth.SecurityKey)
	c := b.verifying()
	before := b.get(c)
	if err := b.factor.BeginVerify(c, b.keys); err != nil {
		t.Fatal(err)
	}
	_, err := b.factor.FinishVerify(c, b.keys, before)
	wantCode(t, err, auth.KeyChallengeWrong)
	_, err = b.factor.FinishVerify(c, b.keys, b.get(c))
	wantCode(t, err, "")
}

// TestDecoys: an account that does not exist shows plausible credentials, always the same, and none of them answers.
func TestDecoys(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	b.bind(auth.SecurityKey)
	b.proofs = nil
	show := func(seed string) (*auth.Ceremony, virtual.RequestOptions) {
		c := &auth.Ceremony{
			ID: "x", Account: "nobody", Purpose: auth.ForSignIn, Kind: auth.WebAuthn, Now: start,
			Expires: start.Add(5 * time.Minute),
			Decoy:   []byte(seed),
		}
		if err := b.factor.BeginVerify(c, nil); err != nil {
			t.Fatal(err)
		}
		return c, prompt[virtual.RequestOptions](t, c)
	}
	c, one := show("one")
	_, again := show("one")
	_, other := show("other")
	if mustJSON(t, one.Allow) != mustJSON(t, again.Allow) {
		t.Errorf("got %v and %v for one account", one.Allow, again.Allow)
	}
	if mustJSON(t, one.Allow) == mustJSON(t, other.Allow) {
		t.Error("got one list for two accounts")
	}
	real := prompt[virtual.RequestOptions](t, b.verifying())
	looks := map[string]bool{}
	for i := range 400 {
		_, o := show(fmt.Sprint("seed ", i))
		for _, d := range o.Allow {
			looks[fmt.Sprint(len(o.Allow), " ", strings.Join(d.Transports, " "))] = true
		}
		usb := slices.ContainsFunc(o.Allow,
			func(d virtual.Descriptor) bool { return slices.Contains(d.Transports, "usb") })
		if slices.Contains(o.Hints, "security-key") != usb || len(o.Hints) == 0 {
			t.Errorf("got hints %v for %v, want those of real ones", o.Hints, o.Allow)
		}
	}
	// What only real accounts had would tell that one is real: passkeys, and many keys.
	for _, look := range []string{"1 usb", "1 nfc usb", "1 internal", "1 hybrid internal", "2 usb",
		"2 internal", "3 usb"} {
		if !looks[look] {
			t.Errorf("of 400 accounts that nobody has none looks like %q, want some", look)
		}
	}
	one.Challenge = ""
	one.Allow = nil
	real.Challenge = ""
	real.Allow = nil
	if mustJSON(t, one) != mustJSON(t, real) {
		t.Errorf("got %s for nobody, %s for somebody, want no difference", mustJSON(t, one), mustJSON(t, real))
	}
	_, err := b.factor.FinishVerify(c, nil, b.get(b.verifying()))
	wantCode(t, err, auth.KeyWrong)
}

// TestNoKeysIsARefusal: the library's own answer for a user without keys is an error.
func TestNoKeysIsARefusal(t *testing.T) {
	c := &auth.Ceremony{Account: "a", Purpose: auth.ForSignIn, Now: start, Expires: start.Add(time.Minute)}
	wantCode(t, newFactor(t, nil).BeginVerify(c, nil), auth.NoSuchMethod)
}

// TestConfigurations that could not work are refused at once.
func TestConfigurations(t *testing.T) {
	for name, edit := range map[string]func(*webauthn.Config){
		"no RP ID":                       func(c *webauthn.Config) { c.RPID = "" },
		"RP ID with scheme":              func(c *webauthn.Config) { c.RPID = "https://shop.example" },
		"no origin":                      func(c *webauthn.Config) { c.Origins = nil },
		"origin with slash":              func(c *webauthn.Config) { c.Origins = []string{"https://shop.example/"} },
		"origin in capitals":             func(c *webauthn.Config) { c.Origins = []string{"https://Shop.example"} },
		"plain http":                     func(c *webauthn.Config) { c.Origins = []string{"http://shop.example"} },
		"usual port":                     func(c *webauthn.Config) { c.Origins = []string{"https://shop.example:443"} },
		"unknown verification":           func(c *webauthn.Config) { c.UserVerification = "always" },
		"certified keys without a root":  func(c *webauthn.Config) { c.Attestation.Require = true },
		"permitted models without roots": func(c *webauthn.Config) { c.Attestation.Allow = []webauthn.AAGUID{model} },
	} {
		c := webauthn.Config{RPID: rpID, Origins: []string{origin}}
		edit(&c)
		if _, err := webauthn.New(c); err == nil {
			t.Errorf("%s: got a factor, want an error", name)
		}
	}
	if _, err := webauthn.New(webauthn.Config{RPID: "localhost",
		Origins: []string{"http://localhost:8080"}}); err != nil {
		t.Errorf("localhost: got %v, want a factor", err)
	}
}

// TestModels holds the names of models, and that configured ones take precedence.
func TestModels(t *testing.T) {
	known := webauthn.WellKnownModels()
	if len(known) < 50 {
		t.Errorf("got %d well-known models, want at least 50: some did not parse", len(known))
	}
	models := map[webauthn.AAGUID]string{webauthn.AAGUID(model): "Blue"}
	b := newBench(t, func(c *webauthn.Config) { c.Models = models }, virtual.Options{AAGUID: model})
	if got := b.bind(auth.SecurityKey).Traits.Model; got != "Blue" {
		t.Errorf("got %q, want Blue", got)
	}
}
