package recovery_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

// keyOf is a security key of a fixture.
func keyOf(t *testing.T, id string) auth.MethodForm {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"credentialId": base64.RawURLEncoding.EncodeToString([]byte(id)),
		"rpId": "localhost", "privateKey": base64.StdEncoding.EncodeToString(pkcs8)})
	if err != nil {
		t.Fatal(err)
	}
	return auth.MethodForm{Kind: auth.WebAuthn, Virtual: text}
}

// An account that security keys alone open takes two reviewers, where one is enough for others, and a week; and it ends
// in a session that registers security keys, and nothing else.
func TestACaseOfAKeysOnlyAccount(t *testing.T) {
	w := newWorld(t, func(c *recovery.Config) { c.Reviewers = 1 })
	ctx := t.Context()
	p := w.person("wei", auth.MethodForm{Kind: auth.TOTP, Name: "app"}, keyOf(t, "one"), keyOf(t, "two"))
	w.does("keys only", func() error {
		_, err := w.s.SwitchKeysOnly(ctx, p.signedIn(), true)
		return err
	})
	link, _ := w.inReview("wei@example.com", "", recovery.Key)
	if at := w.at(link); at.Vouching != recovery.NoVouching {
		t.Errorf("got %q said of colleagues, want that nobody is asked", at.Vouching)
	}
	w.approve(link, "ann")
	if at := w.at(link); at.State != recovery.Review {
		t.Fatalf("after one reviewer: got it %s, want it in review", at.State)
	}
	w.approve(link, "bob")
	if at := w.at(link); at.State != recovery.Approved || !at.Due.Equal(w.time().Add(7*day)) {
		t.Fatalf("got it %s, due %s, want it to wait a week", at.State, at.Due)
	}
	w.pass(7*day - 1)
	if at := w.at(link); at.State != recovery.Approved {
		t.Errorf("just before: got it %s", at.State)
	}
	w.pass(day)
	w.mail()
	c := auth.Caller{Language: "en"}
	w.does("forgot", func() error {
		_, err := w.s.Forgot(ctx, c, auth.ForgotForm{Identifier: "wei@example.com", PuzzleAnswer: w.solved(c)})
		return err
	})
	reset := lastPart(w.mail()[0].Args["link"])
	w.does("reset", func() error { return w.s.ResetPassword(ctx, c, reset, "New-Harbour-518") })
	info, err := w.s.SignIn(ctx, auth.Caller{Browser: "b"}, auth.SignInForm{Identifier: "wei@example.com",
		Password: "New-Harbour-518"})
	if err != nil || info.Step != auth.StepEnrol || !info.Session.Restricted {
		t.Fatalf("got %+v, %v, want a session that has to enrol", info, err)
	}
	own := auth.Caller{Browser: "b", Token: info.Token}
	_, err = w.s.BindBegin(ctx, own, auth.BindForm{Kind: auth.TOTP})
	wantCode(t, "an app", err, auth.KeysOnly)
	_, err = w.s.BindBegin(ctx, own, auth.BindForm{Kind: auth.WebAuthn, Flavour: auth.Passkey})
	wantCode(t, "a passkey", err, auth.KeysOnly)
	w.does("a security key", func() error {
		_, err := w.s.BindBegin(ctx, own, auth.BindForm{Kind: auth.WebAuthn, Flavour: auth.SecurityKey})
		return err
	})
}
