package auth

import (
	"path/filepath"
	"strings"
	"testing"
)

// A method that nobody has named is called by its model where no other is, else by its sort and its number among its
// like; an app by nothing.
func TestWhatANewMethodIsCalled(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	method := func(k Kind, f Flavour, model, name string) *Authenticator {
		return &Authenticator{Kind: k, Name: name, Credential: name + "'s",
			Traits: Traits{Flavour: f, Provenance: Provenance{Model: model}}}
	}
	long := strings.Repeat("k", maxItem)
	list := []*Authenticator{method(TOTP, "", "", ""), method(TOTP, "", "", "Work"),
		method(WebAuthn, SecurityKey, "YubiKey 5", "YubiKey 5"),
		method(WebAuthn, SecurityKey, "", "Key 2"), method(Phone, "", "", "")}
	for name, c := range map[string]struct {
		given string
		x     *Authenticator
		want  string
	}{
		"named":                {" Red  key ", method(WebAuthn, SecurityKey, "Titan", ""), "Red key"},
		"a long name":          {long + "kkkkk", method(WebAuthn, SecurityKey, "", ""), long},
		"cut at a blank":       {long[1:] + " more", method(TOTP, "", "", ""), long[1:]},
		"a model":              {"", method(WebAuthn, SecurityKey, "Titan", ""), "Titan"},
		"a model that has one": {"", method(WebAuthn, SecurityKey, "YubiKey 5", ""), "Key 3"},
		"no model":             {"", method(WebAuthn, SecurityKey, "", ""), "Key 3"},
		"a passkey":            {"", method(WebAuthn, Passkey, "", ""), "Key 3"},
		"an app":               {"", method(TOTP, "", "", ""), ""},
		"blanks":               {" \u200b ", method(WebAuthn, SecurityKey, "", ""), "Key 3"},
	} {
		if got := s.newMethodName(c.given, c.x, list); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	for credential, want := range map[string]string{"YubiKey 5's": "YubiKey 5", "Key 2's": "Key 2", "another's": ""} {
		if got := nameOfBound(list, credential); got != want {
			t.Errorf("the name of %s: got %q, want %q", credential, got, want)
		}
	}
}
