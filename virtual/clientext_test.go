package virtual_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
)

func results(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func stick(a *virtual.Authenticator) *virtual.Client {
	return &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}, PIN: "1234"}
}

const requireResident = `"authenticatorSelection":{"residentKey":"required"}`

// TestClientExtensionResults of registrations.
func TestClientExtensionResults(t *testing.T) {
	for _, tc := range []struct{ name, options, want string }{
		{"nothing asked", "", `{}`},
		{"unknown", `"extensions":{"unheardOf":{"a":1}}`, `{}`},
		{"credProps", `"extensions":{"credProps":true}`, `{"credProps":{"rk":false}}`},
		{"prf", `"extensions":{"prf":{}}`, `{"prf":{"enabled":true}}`},
		{"hmacCreateSecret", `"extensions":{"hmacCreateSecret":true}`, `{"hmacCreateSecret":true}`},
		{"largeBlob", requireResident + `,"extensions":{"largeBlob":{"support":"required"}}`,
			`{"largeBlob":{"supported":true}}`},
		{"largeBlob of a plain one", `"extensions":{"largeBlob":{"support":"preferred"}}`,
			`{"largeBlob":{"supported":false}}`},
		{"credBlob", `"extensions":{"credBlob":"YmxvYg"}`, `{"credBlob":true}`},
		{"credProtect and minPinLength",
			`"extensions":{"credentialProtectionPolicy":"userVerificationRequired","enforceCredentialProtectionPolicy":true,"minPinLength":true}`, `{}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := results(t, register(t, stick(full(t)), options(tc.options)).Extensions); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	bare := stick(device(t, virtual.Options{ResidentKeys: true}))
	got := results(t, register(t, bare, options(`"extensions":{"prf":{},"credProps":true,"largeBlob":{}}`)).Extensions)
	if want := `{"credProps":{"rk":false},"largeBlob":{"supported":false},"prf":{"enabled":true}}`; got != want {
		t.Errorf("a key without a PIN: got %s, want %s", got, want)
	}
	old := stick(device(t, virtual.Options{Protocol: virtual.U2F}))
	got = results(t, register(t, old, options(`"extensions":{"prf":{"eval":{"first":"AA"}}}`)).Extensions)
	if want := `{"prf":{"enabled":false}}`; got != want {
		t.Errorf("U2F: got %s, want %s", got, want)
	}
}

// TestClientExtensionErrors walks what Level 3 §10.1 has a browser reject.
func TestClientExtensionErrors(t *testing.T) {
	a := full(t)
	reg := register(t, stick(a), options(""))
	for _, tc := range []struct{ name, create, get, want string }{
		{"evalByCredential at registration", `"prf":{"evalByCredential":{}}`, "", "NotSupportedError"},
		{"prf without first", `"prf":{"eval":{"second":"AA"}}`, "", "TypeError"},
		{"largeBlob read at registration", `"largeBlob":{"read":true}`, "", "NotSupportedError"},
		{"an unknown policy", `"credentialProtectionPolicy":"x"`, "", "TypeError"},
		{"an AppID of another site", `"appidExclude":"https://evil.test/app"`, "", "SecurityError"},
		{"credBlob that is no base64url", `"credBlob":"a+b="`, "", "TypeError"},
		{"largeBlob read and written", "", `"largeBlob":{"read":true,"write":"AA"}`, "NotSupportedError"},
		{"largeBlob support of an assertion", "", `"largeBlob":{"support":"required"}`, "NotSupportedError"},
		{"evalByCredential of a stranger", "", `"prf":{"evalByCredential":{"AAAA":{"first":"AA"}}}`, "SyntaxError"},
		{"evalByCredential of no id", "", `"prf":{"evalByCredential":{"+":{"first":"AA"}}}`, "SyntaxError"},
		{"an AppID of another site", "", `"appid":"https://evil.test/app"`, "SecurityError"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var err error
			if tc.create != "" {
				_, err = stick(a).Create(options(`"extensions":{` + tc.create + `}`))
			} else {
				_, err = stick(a).Get(request(allow(reg.ID) + `,"extensions":{` + tc.get + `}`))
			}
			checkException(t, err, tc.want)
		})
	}
	_, err := stick(a).Get(request(`"extensions":{"largeBlob":{"write":"AA"}}`))
	checkException(t, err, "NotSupportedError")
	_, err = stick(a).Get(request(`"extensions":{"prf":{"evalByCredential":{"AAAA":{"first":"AA"}}}}`))
	checkException(t, err, "NotSupportedError")
	none := stick(device(t, virtual.Options{}))
	_, err = none.Create(options(`"extensions":{"credentialProtectionPolicy":"userVerificationRequired","enforceCredentialProtectionPolicy":true}`))
	checkException(t, err, "NotAllowedError")
	_, err = none.Create(options(`"extensions":{"largeBlob":{"support":"required"}}`))
	checkException(t, err, "NotAllowedError")
}

type prfResults struct {
	Results struct{ First, Second virtual.Bytes }
}

func prfOf(t *testing.T, extensions map[string]any) prfResults {
	t.Helper()
	var out prfResults
	if err := json.Unmarshal([]byte(results(t, extensions["prf"])), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPRF: equal inputs give equal outputs, at registration (hmac-secret-mc) and at each assertion, and the evaluation
// of the credential goes before the general one.
func TestPRF(t *testing.T) {
	c := stick(full(t))
	reg := register(t, c,
		options(`"authenticatorSelection":{"userVerification":"required"},"extensions":{"prf":{"eval":{"first":"b25l","second":"dHdv"}}}`))
	made := prfOf(t, reg.Extensions).Results
	eval := func(input string) prfResults {
		return prfOf(t, assert(t, c, request(allow(reg.ID)+`,"userVerification":"required","extensions":{"prf":`+input+
			`}`)).Extensions)
	}
	one := eval(`{"eval":{"first":"b25l"}}`).Results
	if len(one.First) != 32 || string(one.First) != string(made.First) || one.Second != nil || len(made.Second) != 32 {
		t.Errorf("got %x, want %x of the registration, and no second", one.First, made.First)
	}
	if both := eval(`{"eval":{"first":"dHdv","second":"b25l"}}`).Results; string(both.First) != string(made.Second) ||
		string(both.Second) != string(one.First) {
		t.Errorf("the other way round: got %x, %x", both.First, both.Second)
	}
	by := eval(`{"eval":{"first":"b25l"},"evalByCredential":{"` + reg.ID + `":{"first":"dHdv"}}}`).Results
	if string(by.First) != string(made.Second) {
		t.Errorf("by credential: got %x, want %x", by.First, made.Second)
	}
	if got := results(t,
		assert(t, c, request(allow(reg.ID)+`,"extensions":{"prf":{}}`)).Extensions); got != `{"prf":{}}` {
		t.Errorf("nothing to evaluate: got %s", got)
	}
}

// TestPRFOfTheOneThatAnswers: a protected credential that stays silent does not lend its salts to the next.
func TestPRFOfTheOneThatAnswers(t *testing.T) {
	c := stick(full(t))
	silent := register(t, c, options(`"extensions":{"prf":{},"credentialProtectionPolicy":"userVerificationRequired"}`))
	open := register(t, c, []byte(strings.Replace(string(options(`"extensions":{"prf":{}}`)), "dXNlcg", "b3RoZXI", 1)))
	list := `"userVerification":"discouraged","allowCredentials":[{"type":"public-key","id":"` + silent.ID +
		`"},{"type":"public-key","id":"` + open.ID + `"}]`
	want := assert(t, c,
		request(allow(open.ID)+`,"userVerification":"discouraged","extensions":{"prf":{"eval":{"first":"dHdv"}}}`))
	got := assert(t, c, request(list+`,"extensions":{"prf":{"evalByCredential":{"`+silent.ID+`":{"first":"b25l"},"`+
		open.ID+`":{"first":"dHdv"}}}}`))
	if got.ID != open.ID ||
		string(prfOf(t, got.Extensions).Results.First) != string(prfOf(t, want.Extensions).Results.First) {
		t.Errorf("got %x of %s, want %x of %s", prfOf(t, got.Extensions).Results.First, got.ID,
			prfOf(t, want.Extensions).Results.First, open.ID)
	}
}

// TestLargeBlobOfClient writes, reads, and overwrites.
func TestLargeBlobOfClient(t *testing.T) {
	for name, o := range map[string]virtual.Options{
		"PIN": {ResidentKeys: true, PIN: "1234"}, "finger": {ResidentKeys: true, UserVerification: virtual.UVSucceeds},
		"neither": {ResidentKeys: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := stick(device(t, o))
			reg := register(t, c, options(requireResident+`,"extensions":{"largeBlob":{}}`))
			other := register(t, c, options(`"extensions":{"largeBlob":{}}`))
			for _, step := range []struct{ id, input, want string }{
				{reg.ID, `{"read":true}`, `{"largeBlob":{}}`},
				{reg.ID, `{"write":"b25l"}`, `{"largeBlob":{"written":true}}`},
				{reg.ID, `{"read":true}`, `{"largeBlob":{"blob":"b25l"}}`},
				{reg.ID, `{"write":"dHdv"}`, `{"largeBlob":{"written":true}}`},
				{reg.ID, `{"read":true}`, `{"largeBlob":{"blob":"dHdv"}}`},
				{other.ID, `{"write":"b25l"}`, `{"largeBlob":{"written":false}}`},
			} {
				got := results(t, assert(t, c, request(allow(step.id)+`,"extensions":{"largeBlob":`+step.input+
					`}`)).Extensions)
				if got != step.want {
					t.Errorf("%s: got %s, want %s", step.input, got, step.want)
				}
			}
		})
	}
}

// TestCredBlobOfClient reads back what was stored.
func TestCredBlobOfClient(t *testing.T) {
	c := stick(full(t))
	reg := register(t, c, options(`"extensions":{"credBlob":"YmxvYg"}`))
	if got := results(t,
		assert(t, c,
			request(allow(reg.ID)+`,"extensions":{"getCredBlob":true}`)).Extensions); got != `{"getCredBlob":"YmxvYg"}` {
		t.Errorf("got %s", got)
	}
}

// TestAppID: a credential made by U2F under an AppID signs in, and is excluded, under it.
func TestAppID(t *testing.T) {
	const app = "https://shop.example/app-id.json"
	a := device(t, virtual.Options{Protocol: virtual.U2F})
	apdu(t, a, []byte{0, 1, 0, 0, 0, 0, 64}, append(hashOf("challenge"), hashOf(app)...), nil, 0x9000)
	id, _ := virtual.Bytes(a.Credentials()[0].ID).MarshalText()
	c := stick(a)
	got := assert(t, c, request(allow(string(id))+`,"extensions":{"appid":"`+app+`"}`))
	if string(got.Response.AuthenticatorData[:32]) != string(hashOf(app)) ||
		results(t, got.Extensions) != `{"appid":true}` {
		t.Errorf("got the hash %x and %s, want the AppID's and true", got.Response.AuthenticatorData[:32],
			results(t, got.Extensions))
	}
	_, err := c.Get(request(allow(string(id))))
	checkException(t, err, "NotAllowedError")
	exclude := `"excludeCredentials":[{"type":"public-key","id":"` + string(id) + `"}]`
	_, err = c.Create(options(exclude + `,"extensions":{"appidExclude":"` + app + `"}`))
	checkException(t, err, "InvalidStateError")
	reg := register(t, c, options(exclude))
	got = assert(t, c, request(allow(reg.ID)+`,"extensions":{"appid":"`+app+`"}`))
	if results(t, got.Extensions) != `{"appid":false}` {
		t.Errorf("a new credential: got %s, want false", results(t, got.Extensions))
	}
}

// TestClientPIN: what the user types decides what happens.
func TestClientPIN(t *testing.T) {
	must := `"authenticatorSelection":{"userVerification":"required"}`
	for _, tc := range []struct {
		name    string
		device  virtual.Options
		pin     string
		options string
		want    string
		uv      bool
	}{
		{"right", virtual.Options{PIN: "1234"}, "1234", must, "", true},
		{"wrong", virtual.Options{PIN: "1234"}, "9999", must, "NotAllowedError", false},
		{"none typed", virtual.Options{PIN: "1234"}, "", must, "NotAllowedError", false},
		{"none typed, preferred", virtual.Options{PIN: "1234"}, "", "", "", false},
		{"typed, preferred", virtual.Options{PIN: "1234"}, "1234", "", "", true},
		{"typed, discouraged", virtual.Options{PIN: "1234"}, "1234",
			`"authenticatorSelection":{"userVerification":"discouraged"}`, "", false},
		{"discouraged, discoverable", virtual.Options{PIN: "1234", ResidentKeys: true}, "1234",
			`"authenticatorSelection":{"userVerification":"discouraged","residentKey":"required"}`, "", true},
		{"none set yet", virtual.Options{ClientPIN: true}, "1234", must, "", true},
		{"none set yet, too short", virtual.Options{ClientPIN: true}, "1", must, "NotAllowedError", false},
		{"none set yet, preferred", virtual.Options{ClientPIN: true}, "1234", "", "", false},
		{"finger first", virtual.Options{PIN: "1234", UserVerification: virtual.UVSucceeds}, "9999", must, "", true},
		{"PIN after the finger", virtual.Options{PIN: "1234", UserVerification: virtual.UVBlocked}, "1234",
			must, "", true},
		{"finger blocked", virtual.Options{UserVerification: virtual.UVBlocked}, "1234", must, "NotAllowedError",
			false},
		{"CTAP 2.0", virtual.Options{PIN: "1234", Version: virtual.FIDO20}, "1234", must, "", true},
		{"CTAP 2.0, none typed", virtual.Options{PIN: "1234", Version: virtual.FIDO20}, "", "", "NotAllowedError",
			false},
		{"always", virtual.Options{PIN: "1234", AlwaysUV: true}, "1234",
			`"authenticatorSelection":{"userVerification":"discouraged"}`, "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := stick(device(t, tc.device))
			c.PIN = tc.pin
			out, err := c.Create(options(tc.options))
			if checkException(t, err, tc.want); err != nil {
				return
			}
			var reg virtual.RegistrationResponse
			if err := json.Unmarshal(out, &reg); err != nil {
				t.Fatal(err)
			}
			if got := reg.Response.AuthenticatorData[32]&virtual.FlagUV != 0; got != tc.uv {
				t.Errorf("verified: got %v, want %v", got, tc.uv)
			}
			if tc.uv {
				got := assert(t, c, request(allow(reg.ID)+`,"userVerification":"required"`))
				if got.Response.AuthenticatorData[32]&virtual.FlagUV == 0 {
					t.Error("the assertion is not verified")
				}
			}
		})
	}
}

// TestOtherTypesAreNotAnyCredential: a list without a public-key entry must not become a discoverable sign-in.
func TestOtherTypesAreNotAnyCredential(t *testing.T) {
	c := stick(device(t, virtual.Options{ResidentKeys: true}))
	register(t, c, options(requireResident))
	_, err := c.Get(request(`"allowCredentials":[{"type":"other","id":"AAAA"}]`))
	checkException(t, err, "NotAllowedError")
	c.Origin = "https://192.0.2.1"
	_, err = c.Get(request(""))
	checkException(t, err, "SecurityError")
}

// TestUnknownValuesAreDefaults: a browser treats an enumeration value it does not know as absent.
func TestUnknownValuesAreDefaults(t *testing.T) {
	a := device(t, virtual.Options{ResidentKeys: true, AAGUID: model, Attestation: virtual.AttestPacked})
	reg := register(t, stick(a),
		options(`"attestation":"new","authenticatorSelection":{"residentKey":"new","requireResidentKey":true,`+
			`"userVerification":"new","authenticatorAttachment":"new"},"extensions":{"credProps":true}`))
	if got := results(t, reg.Extensions); got != `{"credProps":{"rk":true}}` {
		t.Errorf("residentKey: got %s, want what requireResidentKey says", got)
	}
	if !strings.Contains(string(reg.Response.AttestationObject), "dnone") {
		t.Errorf("attestation: got %q, want none", reg.Response.AttestationObject)
	}
}
