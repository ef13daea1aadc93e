package webauthn_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// seeds are a genuine response and some ways to break it.
func seeds(f *testing.F, good json.RawMessage) {
	f.Add([]byte(good))
	for _, bad := range []string{
		``, `{`, `null`, `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{}}`,
		`{"a":{"b":[{"c":1,"c":2}]}}`,
		string(good[:len(good)/2]), strings.Replace(string(good), `"id"`, `"\u0069d"`, 1),
		strings.ToUpper(string(good)),
		" " + string(good) + "\n", strings.Replace(string(good), `{`, `{"clientExtensionResults":{"appid":true},`, 1),
	} {
		f.Add([]byte(bad))
	}
}

// FuzzAssertion: whatever is sent, the answer is a refusal, or it is the one genuine answer, perhaps with other
// members around it. There is no third outcome, no panic and no failure.
func FuzzAssertion(f *testing.F) {
	b := newBench(f, nil, virtual.Options{Seed: []byte("fuzz")})
	b.bind(auth.SecurityKey)
	c := b.verifying()
	good := b.get(c)
	want, err := b.factor.FinishVerify(c, b.keys, good)
	if err != nil {
		f.Fatal(err)
	}
	seeds(f, good)
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := b.factor.FinishVerify(c, b.keys, raw)
		var refusal *auth.Error
		switch {
		case err != nil && !errors.As(err, &refusal):
			t.Errorf("got a failure: %v", err)
		case err != nil && got != nil && got.State != auth.Frozen:
			t.Errorf("got %+v beside a refusal", got)
		case err == nil && (got.Credential != want.Credential || !bytes.Equal(got.Data, want.Data)):
			t.Errorf("got %s, want %s", got.Data, want.Data)
		}
		credential, _, err := b.factor.Identify(raw)
		if err == nil && credential == "" {
			t.Error("got no credential and no refusal")
		}
	})
}

// FuzzRegistration: the same for registrations. The key is self-attested, so nothing inside the authenticator data can
// be changed and accepted; the transports are the client's word.
func FuzzRegistration(f *testing.F) {
	o := virtual.Options{Seed: []byte("fuzz"), Attestation: virtual.AttestSelf, AAGUID: model}
	b := newBench(f, func(c *webauthn.Config) { c.Attestation.Ask = true }, o)
	c := b.binding(auth.SecurityKey)
	good := b.create(c)
	want, err := b.factor.FinishBind(c, good)
	if err != nil {
		f.Fatal(err)
	}
	seeds(f, good)
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := b.factor.FinishBind(c, raw)
		var refusal *auth.Error
		switch {
		case err != nil && !errors.As(err, &refusal):
			t.Errorf("got a failure: %v", err)
		case err != nil && got != nil:
			t.Errorf("got %+v beside a refusal", got)
		case err == nil && (got.Credential != want.Credential || member(t, got, "k") != member(t, want, "k")):
			t.Errorf("got %s, want %s", got.Data, want.Data)
		}
	})
}

func member(t *testing.T, a *auth.Authenticator, name string) string {
	t.Helper()
	var data map[string]json.RawMessage
	if err := json.Unmarshal(a.Data, &data); err != nil {
		t.Fatal(err)
	}
	return string(data[name])
}
