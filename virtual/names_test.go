package virtual_test

import (
	"encoding"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
)

// TestNames writes and reads every setting, and refuses what is none.
func TestNames(t *testing.T) {
	var p virtual.Protocol
	var v virtual.Verification
	var m virtual.CounterMode
	var f virtual.Format
	for _, tc := range []struct {
		into  encoding.TextUnmarshaler
		from  func() encoding.TextMarshaler
		names string
	}{
		{&p, func() encoding.TextMarshaler { return p }, "ctap2 u2f"},
		{&v, func() encoding.TextMarshaler { return v }, "none succeeds fails blocked"},
		{&m, func() encoding.TextMarshaler { return m }, "global per-credential zero fixed scripted"},
		{&f, func() encoding.TextMarshaler { return f }, "none self packed fido-u2f tpm android-key apple compound"},
	} {
		for name := range strings.FieldsSeq(tc.names) {
			if err := tc.into.UnmarshalText([]byte(name)); err != nil {
				t.Fatal(err)
			}
			if got, err := tc.from().MarshalText(); err != nil || string(got) != name {
				t.Errorf("got %s, %v, want %s", got, err, name)
			}
		}
		if err := tc.into.UnmarshalText([]byte("unheard-of")); err == nil {
			t.Errorf("%T: got no error for a name that is none", tc.into)
		}
	}
	if _, err := virtual.CounterMode(99).MarshalText(); err == nil {
		t.Error("got a name for a way of counting that is none")
	}
	for _, a := range []virtual.Algorithm{virtual.ES256, virtual.EdDSA, virtual.ES384, virtual.ES512, virtual.RS256} {
		if got, err := virtual.ParseAlgorithm(a.String()); err != nil || got != a {
			t.Errorf("algorithm %s: got %d, %v", a, got, err)
		}
	}
	if _, err := virtual.ParseAlgorithm("ES256K"); err == nil || virtual.Algorithm(-47).String() != "-47" {
		t.Errorf("ES256K: got %v and %s, want an error and the number", err, virtual.Algorithm(-47))
	}
	if got, err := virtual.ParseAAGUID(virtual.FormatAAGUID(model)); err != nil || got != model {
		t.Errorf("AAGUID: got %x, %v", got, err)
	}
	for s, want := range map[virtual.Status]string{virtual.StatusPINInvalid: "(CTAP2_ERR_PIN_INVALID)", 0x6e: "0x6e"} {
		if !strings.HasSuffix(s.Error(), want) {
			t.Errorf("got %s, want …%s", s.Error(), want)
		}
	}
}

// TestStructRequests is the authenticator without bytes or a browser: requests as values, extensions included.
func TestStructRequests(t *testing.T) {
	a := full(t)
	token := pinToken(t, a, 2, virtual.PermitMakeCredential, "shop.example")
	hash := hashOf("client data")
	att, c, err := a.MakeCredential(&virtual.MakeRequest{
		ClientDataHash: hash, RPID: "shop.example", UserHandle: []byte("mei"), Resident: true,
		Parameters: []virtual.Parameter{{Type: "public-key", Algorithm: virtual.EdDSA}},
		PINAuth:    token.Authenticate(hash), PINProtocol: 2,
		Extensions: virtual.MakeExtensions{CredProtect: virtual.ProtectOptionalWithList, CredBlob: []byte("blob"),
			LargeBlobKey: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "outputs", outputsOf(t, att.AuthData), map[string]any{"credProtect": 2, "credBlob": true})
	get := &virtual.GetRequest{ClientDataHash: hash, RPID: "shop.example",
		Extensions: virtual.GetExtensions{CredBlob: true, LargeBlobKey: true}}
	if _, err := a.GetAssertion(get); statusOf(err) != virtual.StatusNoCredentials {
		t.Errorf("protected, without a list: got %v, want %v", err, virtual.StatusNoCredentials)
	}
	get.Allow = [][]byte{c.ID}
	got, err := a.GetAssertion(get)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.LargeBlobKey) != string(c.LargeBlobKey) || len(got.LargeBlobKey) != 32 {
		t.Errorf("largeBlobKey: got %x, want %x", got.LargeBlobKey, c.LargeBlobKey)
	}
	if !verifies(c.Public(), got.AuthData, []byte("client data"), got.Signature) {
		t.Error("the signature does not verify")
	}
	get.Verify = true
	if _, err := a.GetAssertion(get); statusOf(err) != virtual.StatusInvalidOption {
		t.Errorf("built-in verification of a key without: got %v, want %v", err, virtual.StatusInvalidOption)
	}
	a.SetBackup(true, true)
	if got := a.Credentials()[0]; !got.Backup || !got.BackedUp {
		t.Errorf("got BE %v, BS %v, want both", got.Backup, got.BackedUp)
	}
}
