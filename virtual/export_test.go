package virtual_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
)

// used is an authenticator with all kinds of credentials, a large blob and a PIN that was mistyped.
func used(t *testing.T, o virtual.Options) *virtual.Authenticator {
	t.Helper()
	a := device(t, o)
	c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}, PIN: "1234"}
	reg := register(t, c,
		options(`"authenticatorSelection":{"residentKey":"required"},"extensions":{"largeBlob":{"support":"required"},`+
			`"credBlob":"YmxvYg","credentialProtectionPolicy":"userVerificationRequired"}`))
	assert(t, c, request(allow(reg.ID)+`,"extensions":{"largeBlob":{"write":"aGVsbG8"}}`))
	register(t, c, options(""))
	apdu(t, a, []byte{0, 1, 0, 0, 0, 0, 64}, append(hashOf("challenge"), hashOf("app")...), nil, 0x9000)
	tryPIN(t, a, "9999")
	return a
}

func everything() virtual.Options {
	return virtual.Options{
		ResidentKeys: true, ResidentLimit: 9, PIN: "1234", AAGUID: model, Attestation: virtual.AttestPacked,
		Backup: true, BackedUp: true,
		Algorithms: []virtual.Algorithm{virtual.ES256, virtual.EdDSA}, Counter: virtual.CounterScripted,
		CounterScript:     []uint32{5, 4, 3, 2},
		MinPINLengthRPIDs: []string{"shop.example"}, Version: virtual.FIDO22, Transports: []string{"usb", "nfc"},
	}
}

// TestExportRoundTrip: what is imported exports the same bytes, and goes on as the original does.
func TestExportRoundTrip(t *testing.T) {
	a := used(t, everything())
	text, err := a.Export()
	if err != nil {
		t.Fatal(err)
	}
	b, err := virtual.Import(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Export()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, again) {
		t.Errorf("got\n%s\nwant\n%s", again, text)
	}
	for _, opts := range [][]byte{options(`"attestation":"direct","authenticatorSelection":{"userVerification":"required"}`), options("")} {
		var out [2][]byte
		for i, twin := range []*virtual.Authenticator{a, b} {
			c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{twin}, PIN: "1234"}
			if out[i], err = c.Create(opts); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(out[0], out[1]) {
			t.Errorf("got\n%s\nwant\n%s", out[1], out[0])
		}
	}
}

// TestImportDrawsOn: what was drawn before the export is not drawn again, or tokens and keys would repeat.
func TestImportDrawsOn(t *testing.T) {
	a := device(t, virtual.Options{})
	key := func(a *virtual.Authenticator) any {
		return call(t, a, virtual.CommandClientPIN, map[int]any{1: 1, 2: 2})[1]
	}
	drawn := canonical(t, key(a))
	text, err := a.Export()
	if err != nil {
		t.Fatal(err)
	}
	b, err := virtual.Import(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(canonical(t, key(b)), drawn) {
		t.Error("got the key agreement key of before, want another")
	}
}

// TestExportIsForCDP: each credential has the members that WebAuthn.addCredential takes, and no other.
func TestExportIsForCDP(t *testing.T) {
	text, err := used(t, everything()).Export()
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Credentials []json.RawMessage `json:"credentials"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Credentials) != 3 {
		t.Fatalf("got %d credentials, want 3", len(file.Credentials))
	}
	known := "credentialId isResidentCredential rpId privateKey userHandle signCount largeBlob backupEligibility backupState userName userDisplayName"
	for _, raw := range file.Credentials {
		var members map[string]any
		if err := json.Unmarshal(raw, &members); err != nil {
			t.Fatal(err)
		}
		for name := range members {
			if !strings.Contains(" "+known+" ", " "+name+" ") {
				t.Errorf("got member %s, want one of %s", name, known)
			}
		}
	}
	var first virtual.CDPCredential
	if err := json.Unmarshal(file.Credentials[0], &first); err != nil {
		t.Fatal(err)
	}
	if string(first.LargeBlob) != "hello" || first.RPID != "shop.example" || !first.IsResidentCredential ||
		first.SignCount != 4 {
		t.Errorf("got %+v", first)
	}
}

// TestImportRefuses files that are damaged or of another make.
func TestImportRefuses(t *testing.T) {
	text, err := used(t, everything()).Export()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"another version":    {`"version": 1,`, `"version": 2,`},
		"an unknown member":  {`"made"`, `"mode"`},
		"no seed":            {`"seed": "` + firstSeed(t, text), `"seed": "`},
		"a bad AAGUID":       {`cafe0000`, `cafe`},
		"an unknown setting": {`"scripted",`, `"random",`},
		"an algorithm":       {`"EdDSA"`, `"MD5"`},
		"too many retries":   {`"retries": 7`, `"retries": 9`},
		"no details":         {`"details": [`, `"details": [], "details2": [`},
		"a key that is none": {`"privateKey": "M`, `"privateKey": "N`},
		"half":               {string(text[len(text)/2:]), ""},
	} {
		broken := strings.Replace(string(text), change[0], change[1], 1)
		if broken == string(text) {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := virtual.Import([]byte(broken), nil); err == nil {
			t.Errorf("%s: got an authenticator, want an error", name)
		}
	}
}

// firstSeed is the seed of the options, the last one written before the state.
func firstSeed(t *testing.T, text []byte) string {
	t.Helper()
	head, _, _ := strings.Cut(string(text), `"state"`)
	i := strings.LastIndex(head, `"seed": "`) + len(`"seed": "`)
	return head[i : i+strings.Index(head[i:], `"`)]
}

// TestImportChanges: callbacks are set on the way in, and an intermediate CA must be given.
func TestImportChanges(t *testing.T) {
	root, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("root")})
	if err != nil {
		t.Fatal(err)
	}
	below, err := root.Intermediate("Below", nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := device(t, virtual.Options{Attestation: virtual.AttestPacked, CA: below, AAGUID: model}).Export()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := virtual.Import(text, nil); err == nil {
		t.Error("without its CA: got an authenticator, want an error")
	}
	a, err := virtual.Import(text, func(o *virtual.Options) { o.CA, o.Presence = below, virtual.Untouched })
	if err != nil {
		t.Fatal(err)
	}
	refused(t, a, virtual.CommandMakeCredential, making("mei", nil), virtual.StatusOperationDenied)
}
