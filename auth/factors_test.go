package auth_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lookup"
	"github.com/latchkey-auth/latchkey/oob"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
	"github.com/latchkey-auth/latchkey/yubiotp"
)

// realFactors returns the factors as the program lists them.
func realFactors(t *testing.T) []auth.Factor {
	t.Helper()
	key, err := webauthn.New(webauthn.Config{RPID: "localhost", Origins: []string{"http://localhost:8080"}})
	if err != nil {
		t.Fatal(err)
	}
	app, err := totp.New(totp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := totp.NewHOTP(totp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	phone, err := oob.NewPhone(oob.Config{})
	if err != nil {
		t.Fatal(err)
	}
	email, err := oob.NewEmail(oob.Config{})
	if err != nil {
		t.Fatal(err)
	}
	codes, err := lookup.New(lookup.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return []auth.Factor{key, app, token, yubiotp.New(), phone, email, codes}
}

// stick returns a browser with one security key in it.
func stick(t *testing.T, o virtual.Options) *virtual.Client {
	t.Helper()
	key, err := virtual.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &virtual.Client{Origin: "http://localhost:8080", Authenticators: []*virtual.Authenticator{key}}
}
