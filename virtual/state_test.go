package virtual_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
)

// TestTokenOfOtherProtocol: the first half of a parameter of protocol 2 is what protocol 1 would compute.
func TestTokenOfOtherProtocol(t *testing.T) {
	a := full(t)
	token := pinToken(t, a, 2, virtual.PermitMakeCredential, "shop.example")
	params := making("mei", map[int]any{8: token.Authenticate(hashOf("client data"))[:16], 9: 1})
	refused(t, a, virtual.CommandMakeCredential, params, virtual.StatusPINAuthInvalid)
}

// TestWrongPINCostsTheKeyAgreement: no two attempts share one, so that none can be tried in advance.
func TestWrongPINCostsTheKeyAgreement(t *testing.T) {
	a := full(t)
	key := func() any { return call(t, a, virtual.CommandClientPIN, map[int]any{1: 2, 2: 2})[1] }
	first := key()
	compare(t, "key agreement asked twice", key(), first)
	tryPIN(t, a, "9999")
	if bytes.Equal(canonical(t, key()), canonical(t, first)) {
		t.Error("after a wrong PIN: got the same key agreement key, want another")
	}
}

// TestTokensEndWithThePIN: neither a change of the PIN nor a demand to change it leaves a token in use.
func TestTokensEndWithThePIN(t *testing.T) {
	for name, end := range map[string]func(*virtual.Authenticator, *virtual.Token) error{
		"changed": func(a *virtual.Authenticator, _ *virtual.Token) error {
			return host(a).ChangePIN(t.Context(), "1234", "5678")
		},
		"to be changed": func(a *virtual.Authenticator, token *virtual.Token) error {
			params := map[int]any{3: true}
			message := append(bytes.Repeat([]byte{0xff}, 32), virtual.CommandConfig, 3)
			_, err := host(a).Call(t.Context(), virtual.CommandConfig, map[int]any{1: 3, 2: params, 3: token.Protocol,
				4: token.Authenticate(append(message, canonical(t, params)...))})
			return err
		},
	} {
		a := full(t)
		token := pinToken(t, a, 2, virtual.PermitManagement|virtual.PermitConfiguration, "")
		if err := end(a, token); err != nil {
			t.Fatal(err)
		}
		_, err := host(a).Call(t.Context(), virtual.CommandCredentialManagement, managing(t, token, 1, nil))
		if statusOf(err) != virtual.StatusPINAuthInvalid {
			t.Errorf("%s: got %v, want %v", name, err, virtual.StatusPINAuthInvalid)
		}
	}
}

// TestForgedChange: whoever alters the new PIN on the cable must not have it set, nor cost the user an attempt.
func TestForgedChange(t *testing.T) {
	a := full(t)
	s, err := host(a).Agree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.Encrypt(append([]byte("5678"), make([]byte, 60)...))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("1234"))
	hash, err := s.Encrypt(sum[:16])
	if err != nil {
		t.Fatal(err)
	}
	mac := s.Authenticate(append(bytes.Clone(sealed), hash...))
	sealed[3] ^= 1 // of the initialisation vector: the fourth character of the PIN
	refused(t, a, virtual.CommandClientPIN, map[int]any{1: 2, 2: 4, 3: s.Key, 4: mac, 5: sealed, 6: hash},
		virtual.StatusPINAuthInvalid)
	if n, _ := retries(t, a); n != 8 {
		t.Errorf("got %d retries, want 8", n)
	}
	refused(t, a, virtual.CommandClientPIN, map[int]any{1: 2, 2: 5, 3: s.Key, 6: hash, 9: 1, 10: "shop.example"},
		virtual.StatusInvalidParameter)
	if got := tryPIN(t, a, "1234"); got != 0 {
		t.Errorf("the PIN: got %v", got)
	}
}

// TestTokenGoesBeforeUV: with a token, the uv option is as if false (CTAP 2.1 §6.1.2 step 5).
func TestTokenGoesBeforeUV(t *testing.T) {
	a := full(t)
	token := pinToken(t, a, 2, virtual.PermitMakeCredential, "shop.example")
	call(t, a, virtual.CommandMakeCredential, withToken(making("mei", map[int]any{7: map[string]any{"uv": true}}),
		token, 8, 9))
}

// TestOptionsNotThere: a discoverable credential of an authenticator that stores none.
func TestOptionsNotThere(t *testing.T) {
	a := device(t, virtual.Options{})
	refused(t, a, virtual.CommandMakeCredential, making("mei", map[int]any{7: resident}),
		virtual.StatusUnsupportedOption)
	call(t, a, virtual.CommandMakeCredential, making("mei", map[int]any{7: map[string]any{"rk": false, "up": true}}))
	refused(t, a, virtual.CommandCredentialManagement, map[int]any{1: 1}, virtual.StatusInvalidCommand)
	refused(t, a, virtual.CommandConfig, map[int]any{1: 2}, virtual.StatusInvalidCommand)
	refused(t, a, virtual.CommandLargeBlobs, map[int]any{1: 10, 3: 0}, virtual.StatusInvalidCommand)
	refused(t, a, virtual.CommandClientPIN, map[int]any{2: 1}, virtual.StatusInvalidSubcommand)
	old := device(t, virtual.Options{Version: virtual.FIDO20, PIN: "1234"})
	refused(t, old, virtual.CommandClientPIN, map[int]any{1: 2, 2: 2}, virtual.StatusInvalidParameter)
	refused(t, old, virtual.CommandClientPIN, map[int]any{1: 1, 2: 9}, virtual.StatusInvalidParameter)
	refused(t, old, virtual.CommandSelection, nil, virtual.StatusInvalidCommand)
	refused(t, old, virtual.CommandMakeCredential, making("mei", map[int]any{7: map[string]any{"uv": true}}),
		virtual.StatusUnsupportedOption)
}

// TestExcludedAndCancelled: a platform that gives up learns nothing.
func TestExcludedAndCancelled(t *testing.T) {
	a := device(t, virtual.Options{})
	call(t, a, virtual.CommandMakeCredential, making("mei", nil))
	list := []any{map[string]any{"id": a.Credentials()[0].ID, "type": "public-key"}}
	for _, tc := range []struct {
		name  string
		touch func(context.Context, context.CancelFunc) bool
		want  virtual.Status
	}{
		{"touched", func(context.Context, context.CancelFunc) bool { return true }, virtual.StatusCredentialExcluded},
		{"not touched", func(context.Context, context.CancelFunc) bool { return false },
			virtual.StatusCredentialExcluded},
		{"cancelled", func(_ context.Context, cancel context.CancelFunc) bool { cancel(); return false },
			virtual.StatusKeepaliveCancel},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		text, err := a.Export()
		if err != nil {
			t.Fatal(err)
		}
		b, err := virtual.Import(text, func(o *virtual.Options) {
			o.Touch = func(ctx context.Context, _ string) bool { return tc.touch(ctx, cancel) }
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = host(b).Call(ctx, virtual.CommandMakeCredential, making("ada", map[int]any{5: list}))
		if statusOf(err) != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}

// TestEnumerationsEnd: any other command, and any other subcommand, ends one.
func TestEnumerationsEnd(t *testing.T) {
	a := full(t)
	for _, party := range []string{"a.example", "b.example"} {
		for _, user := range []string{"one", "two"} {
			params := making(user, map[int]any{2: map[string]any{"id": party}, 7: resident})
			call(t, a, virtual.CommandMakeCredential,
				withToken(params, pinToken(t, a, 2, virtual.PermitMakeCredential, party), 8, 9))
		}
	}
	token := pinToken(t, a, 2, virtual.PermitManagement, "")
	hash := sha256.Sum256([]byte("a.example"))
	const code = virtual.CommandCredentialManagement
	for _, tc := range []struct {
		begin map[int]any
		next  int
	}{{managing(t, token, 2, nil), 3}, {managing(t, token, 4, map[int]any{1: hash[:]}), 5}} {
		call(t, a, code, tc.begin)
		call(t, a, virtual.CommandGetInfo, nil)
		refused(t, a, code, map[int]any{1: tc.next}, virtual.StatusNotAllowed)
		call(t, a, code, tc.begin)
		call(t, a, code, managing(t, token, 1, nil))
		refused(t, a, code, map[int]any{1: tc.next}, virtual.StatusNotAllowed)
		call(t, a, code, tc.begin)
		call(t, a, code, map[int]any{1: tc.next})
	}
}
