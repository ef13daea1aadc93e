package virtual_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
)

const origin = "https://shop.example"

var model = [16]byte{0xca, 0xfe, 15: 1}

func device(t *testing.T, o virtual.Options) *virtual.Authenticator {
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

// options are creation options with the members given put in.
func options(extra string) []byte {
	if extra != "" {
		extra = "," + extra
	}
	return []byte(`{"rp":{"id":"shop.example","name":"Shop"},"user":{"id":"dXNlcg","name":"mei","displayName":"Mei"},` +
		`"challenge":"Y2hhbGxlbmdlLWNoYWxsZW5nZQ","pubKeyCredParams":[{"type":"public-key","alg":-8},{"type":"public-key","alg":-7},` +
		`{"type":"public-key","alg":-35},{"type":"public-key","alg":-36},{"type":"public-key","alg":-257}]` +
		extra + `}`)
}

func request(extra string) []byte {
	if extra != "" {
		extra = "," + extra
	}
	return []byte(`{"rpId":"shop.example","challenge":"YW5vdGhlci1jaGFsbGVuZ2U"` + extra + `}`)
}

func register(t *testing.T, c *virtual.Client, opts []byte) *virtual.RegistrationResponse {
	t.Helper()
	out, err := c.Create(opts)
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	var r virtual.RegistrationResponse
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func assert(t *testing.T, c *virtual.Client, opts []byte) *virtual.AuthenticationResponse {
	t.Helper()
	out, err := c.Get(opts)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	var r virtual.AuthenticationResponse
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func allow(id string) string { return `"allowCredentials":[{"type":"public-key","id":"` + id + `"}]` }

// TestRoundTrip registers and signs with every algorithm, and checks the signature with the public key sent along.
func TestRoundTrip(t *testing.T) {
	for name, alg := range map[string]virtual.Algorithm{
		"ES256": virtual.ES256, "EdDSA": virtual.EdDSA, "ES384": virtual.ES384, "ES512": virtual.ES512,
		"RS256": virtual.RS256,
	} {
		t.Run(name, func(t *testing.T) {
			c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{
				device(t, virtual.Options{Algorithms: []virtual.Algorithm{alg}, AAGUID: model})}}
			reg := register(t, c, options(""))
			if got := reg.Response.PublicKeyAlgorithm; got != alg {
				t.Errorf("algorithm: got %d, want %d", got, alg)
			}
			public, err := x509.ParsePKIXPublicKey(reg.Response.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			got := assert(t, c, request(allow(reg.ID)))
			if !verifies(public, got.Response.AuthenticatorData, got.Response.ClientDataJSON, got.Response.Signature) {
				t.Error("the signature does not verify")
			}
			want := `{"type":"webauthn.get","challenge":"YW5vdGhlci1jaGFsbGVuZ2U","origin":"https://shop.example","crossOrigin":false}`
			if string(got.Response.ClientDataJSON) != want {
				t.Errorf("client data: got %s, want %s", got.Response.ClientDataJSON, want)
			}
			if f := got.Response.AuthenticatorData[32]; f != virtual.FlagUP {
				t.Errorf("flags: got %#x, want UP alone", f)
			}
		})
	}
}

// TestBrowserRules walks the decisions a browser takes before or after the authenticator.
func TestBrowserRules(t *testing.T) {
	usb := virtual.Options{}
	pin := virtual.Options{UserVerification: virtual.UVSucceeds, ResidentKeys: true}
	for _, tc := range []struct {
		name, origin string
		device       virtual.Options
		options      string
		want         string // name of the exception; "" for success
	}{
		{"subdomain", "https://seller.shop.example", usb, "", ""},
		{"suffix without a dot", "https://evilshop.example", usb, "", "SecurityError"},
		{"other site", "https://evil.example", usb, "", "SecurityError"},
		{"plain http", "http://shop.example", usb, "", "SecurityError"},
		{"no algorithm in common", origin, virtual.Options{Algorithms: []virtual.Algorithm{virtual.EdDSA}},
			`"pubKeyCredParams":[{"type":"public-key","alg":-7}]`, "NotSupportedError"},
		{"platform wanted", origin, usb, `"authenticatorSelection":{"authenticatorAttachment":"platform"}`,
			"NotAllowedError"},
		{"verification wanted of a touch-only key", origin, usb,
			`"authenticatorSelection":{"userVerification":"required"}`, "NotAllowedError"},
		{"verification wanted of a PIN key", origin, pin, `"authenticatorSelection":{"userVerification":"required"}`,
			""},
		{"wrong PIN", origin, virtual.Options{UserVerification: virtual.UVFails}, "", "NotAllowedError"},
		{"wrong PIN not asked", origin, virtual.Options{UserVerification: virtual.UVFails},
			`"authenticatorSelection":{"userVerification":"discouraged"}`, ""},
		{"no touch", origin, virtual.Options{Presence: virtual.Untouched}, "", "NotAllowedError"},
		{"resident wanted of a U2F key", origin, virtual.Options{Protocol: virtual.U2F},
			`"authenticatorSelection":{"residentKey":"required"}`, "NotAllowedError"},
		{"resident preferred of a U2F key", origin, virtual.Options{Protocol: virtual.U2F},
			`"authenticatorSelection":{"residentKey":"preferred"}`, ""},
		{"options that are no JSON", origin, usb, `"x":`, "TypeError"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &virtual.Client{Origin: tc.origin, Authenticators: []*virtual.Authenticator{device(t, tc.device)}}
			_, err := c.Create(options(tc.options))
			checkException(t, err, tc.want)
		})
	}
}

func checkException(t *testing.T, err error, want string) {
	t.Helper()
	var e *virtual.Error
	errors.As(err, &e)
	switch {
	case want == "" && err != nil:
		t.Errorf("got %v, want success", err)
	case want != "" && e == nil:
		t.Errorf("got %v, want %s", err, want)
	case want != "" && e.Name != want:
		t.Errorf("got %v, want %s", e, want)
	}
}

// TestExcludeSparesTheTwin registers two keys of one batch: the first is refused a second time, its twin is not.
func TestExcludeSparesTheTwin(t *testing.T) {
	first, twin := device(t, virtual.Options{AAGUID: model, Seed: []byte("1")}),
		device(t, virtual.Options{AAGUID: model, Seed: []byte("2")})
	c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{first}}
	reg := register(t, c, options(""))
	exclude := `"excludeCredentials":[{"type":"public-key","id":"` + reg.ID + `"}]`
	_, err := c.Create(options(exclude))
	checkException(t, err, "InvalidStateError")
	c.Authenticators[0] = twin
	if again := register(t, c, options(exclude)); again.ID == reg.ID {
		t.Error("the twin made the same credential")
	}
}

// TestRelatedOrigin lets an origin in that the RP ID's site lists.
func TestRelatedOrigin(t *testing.T) {
	c := &virtual.Client{
		Origin: "https://retail.test", Authenticators: []*virtual.Authenticator{device(t, virtual.Options{})},
		Related: func(string) []string { return []string{"https://retail.test"} },
	}
	register(t, c, options(""))
	c.Origin = "https://other.test"
	_, err := c.Create(options(""))
	checkException(t, err, "SecurityError")
}

// TestDiscoverable signs in without a credential list: the newest answers unless another is chosen, and the user
// handle comes along, which it does not for a credential that is not discoverable.
func TestDiscoverable(t *testing.T) {
	a := device(t, virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, ResidentLimit: 2})
	c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}}
	resident := `"authenticatorSelection":{"residentKey":"preferred"},"extensions":{"credProps":true}`
	one := register(t, c, options(resident))
	if rk, _ := one.Extensions["credProps"].(map[string]any); rk["rk"] != true {
		t.Errorf("credProps: got %v, want rk true", one.Extensions)
	}
	two := register(t, c, []byte(strings.Replace(string(options(resident)), "dXNlcg", "b3RoZXI", 1)))
	got := assert(t, c, request(`"userVerification":"required"`))
	if got.ID != two.ID || string(got.Response.UserHandle) != "other" {
		t.Errorf("got %s of %q, want the newest", got.ID, got.Response.UserHandle)
	}
	if f := got.Response.AuthenticatorData[32]; f != virtual.FlagUP|virtual.FlagUV {
		t.Errorf("flags: got %#x, want UP and UV", f)
	}
	c.Choose = func(list []*virtual.Credential) *virtual.Credential { return list[len(list)-1] }
	if got = assert(t, c, request("")); got.ID != one.ID {
		t.Errorf("got %s, want the one chosen", got.ID)
	}
	_, err := c.Create([]byte(strings.Replace(string(options(resident)), "dXNlcg", "dGhpcmQ", 1)))
	checkException(t, err, "NotAllowedError") // full
	again := register(t, c, options(resident))
	if n := len(a.Credentials()); n != 2 || again.ID == one.ID {
		t.Errorf("got %d credentials, want the old one of this user replaced", n)
	}
	plain := register(t, c, options(""))
	if got = assert(t, c, request(allow(plain.ID))); len(got.Response.UserHandle) != 0 {
		t.Errorf("user handle of a plain credential: got %q, want none", got.Response.UserHandle)
	}
}

// TestCounters checks each way of counting over three signatures.
func TestCounters(t *testing.T) {
	for _, tc := range []struct {
		mode virtual.CounterMode
		want [3]byte
	}{
		{virtual.CounterGlobal, [3]byte{7, 8, 9}}, {virtual.CounterPerCredential, [3]byte{7, 8, 9}},
		{virtual.CounterZero, [3]byte{}}, {virtual.CounterFixed, [3]byte{5, 5, 5}},
	} {
		c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{
			device(t, virtual.Options{Counter: tc.mode, CounterStart: 5})}}
		reg := register(t, c, options(""))
		for i, want := range tc.want {
			got := assert(t, c, request(allow(reg.ID))).Response.AuthenticatorData[36]
			if got != want {
				t.Errorf("mode %d, signature %d: got %d, want %d", tc.mode, i, got, want)
			}
		}
	}
}

// TestSetCounter puts counters back, as a restored copy would.
func TestSetCounter(t *testing.T) {
	for mode, want := range map[virtual.CounterMode]byte{
		virtual.CounterGlobal: 3, virtual.CounterPerCredential: 3, virtual.CounterZero: 0, virtual.CounterFixed: 2,
	} {
		a := device(t, virtual.Options{Counter: mode, CounterStart: 50})
		c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}}
		reg := register(t, c, options(""))
		a.SetCounter(2)
		if got := assert(t, c, request(allow(reg.ID))).Response.AuthenticatorData[36]; got != want {
			t.Errorf("mode %d: got %d, want %d", mode, got, want)
		}
	}
}

// BenchmarkClient is what one registration and one assertion of a discoverable credential cost.
func BenchmarkClient(b *testing.B) {
	a, err := virtual.New(virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds,
		Seed: []byte("bench")})
	if err != nil {
		b.Fatal(err)
	}
	c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}}
	create, get := options(`"authenticatorSelection":{"residentKey":"required"}`), request("")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Create(create); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Get(get); err != nil {
			b.Fatal(err)
		}
	}
}

// TestCloneCountsApart: a copy repeats counter values, which is how a relying party notices it.
func TestCloneCountsApart(t *testing.T) {
	a := device(t, virtual.Options{})
	c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}}
	reg := register(t, c, options(""))
	thief := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a.Clone()}}
	honest, stolen := assert(t, c, request(allow(reg.ID))), assert(t, thief, request(allow(reg.ID)))
	if !bytes.Equal(honest.Response.AuthenticatorData, stolen.Response.AuthenticatorData) {
		t.Errorf("got %x and %x, want the same counter twice", honest.Response.AuthenticatorData,
			stolen.Response.AuthenticatorData)
	}
}

// TestSeedDetermines: same seed and calls, same bytes; another seed, another credential.
func TestSeedDetermines(t *testing.T) {
	for _, alg := range []virtual.Algorithm{virtual.ES256, virtual.RS256} {
		run := func(seed string) []byte {
			o := virtual.Options{Seed: []byte(seed), Attestation: virtual.AttestPacked, AAGUID: model,
				Algorithms: []virtual.Algorithm{alg}}
			c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{device(t, o)}}
			out, err := c.Create(options(`"attestation":"direct"`))
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		one := run("a")
		same := run("a")
		other := run("b")
		if !bytes.Equal(one, same) {
			t.Errorf("algorithm %d: got two registrations from one seed", alg)
		}
		if bytes.Equal(one, other) {
			t.Errorf("algorithm %d: got one registration from two seeds", alg)
		}
	}
}

// TestAttestation decodes every format and follows its certificate to the tester's root.
func TestAttestation(t *testing.T) {
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("ca")})
	if err != nil {
		t.Fatal(err)
	}
	direct := `"attestation":"direct"`
	for _, tc := range []struct {
		name, options, want string
		device              virtual.Options
		chain               bool
	}{
		{"none", direct, "none", virtual.Options{}, false},
		{"self", direct, "packed", virtual.Options{Attestation: virtual.AttestSelf, AAGUID: model}, false},
		{"self not asked for", "", "none", virtual.Options{Attestation: virtual.AttestSelf, AAGUID: model}, false},
		{"packed", direct, "packed", virtual.Options{Attestation: virtual.AttestPacked, AAGUID: model, CA: ca}, true},
		{"packed not asked for", "", "none", virtual.Options{Attestation: virtual.AttestPacked, AAGUID: model, CA: ca},
			false},
		{"u2f", direct, "fido-u2f", virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F, CA: ca},
			true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{device(t, tc.device)}}
			var att virtual.Attestation
			if err := cbor.Unmarshal(register(t, c, options(tc.options)).Response.AttestationObject, &att); err != nil {
				t.Fatal(err)
			}
			if att.Format != tc.want {
				t.Errorf("format: got %s, want %s", att.Format, tc.want)
			}
			chain, ok := att.Statement["x5c"].([]any)
			if ok != tc.chain {
				t.Fatalf("certificate: got %v, want %v", ok, tc.chain)
			}
			if ok {
				checkChain(t, ca, chain[0].([]byte))
			}
		})
	}
}

func checkChain(t *testing.T, ca *virtual.CA, der []byte) {
	t.Helper()
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.Root())
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: leaf.NotBefore,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Errorf("chain: %v", err)
	}
	if leaf.IsCA || leaf.Version != 3 {
		t.Errorf("got CA %v, version %d, want a version 3 leaf", leaf.IsCA, leaf.Version)
	}
}

// TestHooks applies every fault and finds its trace; what is changed before signing still verifies.
func TestHooks(t *testing.T) {
	a := device(t, virtual.Options{})
	honest := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}}
	reg := register(t, honest, options(""))
	public, err := x509.ParsePKIXPublicKey(reg.Response.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		hooks  virtual.Hooks
		signed bool
		trace  func(*virtual.AuthenticationResponse) bool
	}{
		{"client data", virtual.Hooks{ClientData: func(d *virtual.ClientData) { d.Origin = "https://evil.example" }},
			true,
			func(r *virtual.AuthenticationResponse) bool {
				return bytes.Contains(r.Response.ClientDataJSON, []byte("evil"))
			}},
		{"client data bytes",
			virtual.Hooks{ClientDataJSON: func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) }}, true,
			func(r *virtual.AuthenticationResponse) bool { return r.Response.ClientDataJSON[0] == 0xef }},
		{"flags", virtual.Hooks{AuthData: func(b []byte) []byte { b[32] &^= virtual.FlagUP; return b }}, true,
			func(r *virtual.AuthenticationResponse) bool { return r.Response.AuthenticatorData[32] == 0 }},
		{"signature", virtual.Hooks{Signature: func(b []byte) []byte { b[len(b)-1] ^= 1; return b }}, false,
			func(*virtual.AuthenticationResponse) bool { return true }},
		{"response", virtual.Hooks{Assertion: func(r *virtual.AuthenticationResponse) { r.Type = "password" }}, true,
			func(r *virtual.AuthenticationResponse) bool { return r.Type == "password" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			faulty := *honest
			faulty.Hooks = &tc.hooks
			got := assert(t, &faulty, request(allow(reg.ID)))
			if !tc.trace(got) {
				t.Error("the fault left no trace")
			}
			if ok := verifies(public, got.Response.AuthenticatorData, got.Response.ClientDataJSON,
				got.Response.Signature); ok != tc.signed {
				t.Errorf("signature verifies: got %v, want %v", ok, tc.signed)
			}
		})
	}
}

// TestCDP takes a credential out, through JSON, and into another authenticator.
func TestCDP(t *testing.T) {
	a := device(t, virtual.Options{ResidentKeys: true, Backup: true})
	c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}}
	reg := register(t, c, options(`"authenticatorSelection":{"residentKey":"required"}`))
	out, err := a.Credentials()[0].CDP()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	var in virtual.CDPCredential
	if err := json.Unmarshal(raw, &in); err != nil {
		t.Fatal(err)
	}
	cred, err := virtual.ImportCDP(in)
	if err != nil {
		t.Fatal(err)
	}
	b := device(t, virtual.Options{ResidentKeys: true})
	b.Add(cred)
	c.Authenticators[0] = b
	got := assert(t, c, request(""))
	if got.ID != reg.ID || string(got.Response.UserHandle) != "user" ||
		got.Response.AuthenticatorData[32]&virtual.FlagBE == 0 {
		t.Errorf("got %s of %q, flags %#x, want the credential exported", got.ID, got.Response.UserHandle,
			got.Response.AuthenticatorData[32])
	}
	if !b.Remove("shop.example", cred.ID) || b.Remove("shop.example", cred.ID) {
		t.Error("removing: got other than once")
	}
}

// TestDerivedCredentialsSign: two programs derive the same credential; the response written for a load generator
// parses and verifies.
func TestDerivedCredentialsSign(t *testing.T) {
	one, err := virtual.Derive([]byte("bench"), 17, "shop.example", virtual.ES256)
	if err != nil {
		t.Fatal(err)
	}
	two, err := virtual.Derive([]byte("bench"), 17, "shop.example", virtual.ES256)
	if err != nil {
		t.Fatal(err)
	}
	a := virtual.Assertion{Challenge: "YW5vdGhlci1jaGFsbGVuZ2U", Origin: origin, Flags: virtual.FlagUP, Counter: 9,
		UserHandle: []byte("user")}
	out, err := one.AppendAssertion(nil, &a)
	if err != nil {
		t.Fatal(err)
	}
	var r virtual.AuthenticationResponse
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if !verifies(two.Public(), r.Response.AuthenticatorData, r.Response.ClientDataJSON, r.Response.Signature) {
		t.Error("the signature does not verify with the key derived elsewhere")
	}
	if !bytes.Equal(r.RawID, two.ID) || string(r.Response.UserHandle) != "user" ||
		r.Response.AuthenticatorData[36] != 9 {
		t.Errorf("got %+v", r)
	}
}

// TestContradictoryOptions are refused when the device is made.
func TestContradictoryOptions(t *testing.T) {
	for name, o := range map[string]virtual.Options{
		"U2F with resident keys":  {Protocol: virtual.U2F, ResidentKeys: true},
		"U2F with a model":        {Protocol: virtual.U2F, AAGUID: model},
		"U2F with EdDSA":          {Protocol: virtual.U2F, Algorithms: []virtual.Algorithm{virtual.EdDSA}},
		"U2F with self":           {Protocol: virtual.U2F, Attestation: virtual.AttestSelf},
		"fido-u2f with a model":   {Attestation: virtual.AttestFIDOU2F, AAGUID: model},
		"backed up, not eligible": {BackedUp: true},
		"huge identifiers":        {IDSize: 1024},
	} {
		if _, err := virtual.New(o); err == nil {
			t.Errorf("%s: got an authenticator, want an error", name)
		}
	}
}

// BenchmarkAppendAssertion is what a load generator pays for one signed response.
func BenchmarkAppendAssertion(b *testing.B) {
	c, err := virtual.Derive([]byte("bench"), 1, "shop.example", virtual.ES256)
	if err != nil {
		b.Fatal(err)
	}
	a := virtual.Assertion{Challenge: "YW5vdGhlci1jaGFsbGVuZ2U", Origin: origin, Flags: virtual.FlagUP}
	buf := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		a.Counter++
		if _, err := c.AppendAssertion(buf, &a); err != nil {
			b.Fatal(err)
		}
	}
}
