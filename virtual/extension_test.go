package virtual_test

import (
	"bytes"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
)

// outputsOf returns the extension outputs at the end of authenticator data, nil for none.
func outputsOf(t *testing.T, data []byte) map[string]any {
	t.Helper()
	rest := data[37:]
	if data[32]&virtual.FlagAT != 0 {
		n := int(rest[16])<<8 | int(rest[17])
		var key cbor.RawMessage
		after, err := cbor.UnmarshalFirst(rest[18+n:], &key)
		if err != nil {
			t.Fatal(err)
		}
		rest = after
	}
	if (len(rest) > 0) != (data[32]&virtual.FlagED != 0) {
		t.Fatalf("got %d bytes of extensions, flags %#x", len(rest), data[32])
	}
	if len(rest) == 0 {
		return nil
	}
	var out map[string]any
	if err := cbor.Unmarshal(rest, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestExtensionOutputs asks for everything, and for nothing.
func TestExtensionOutputs(t *testing.T) {
	a := full(t)
	in := map[string]any{"credProtect": 2, "hmac-secret": true, "credBlob": []byte("blob"), "largeBlobKey": true,
		"minPinLength": true}
	token := pinToken(t, a, 2, virtual.PermitMakeCredential, "shop.example")
	made := call(t, a, virtual.CommandMakeCredential, withToken(making("mei", map[int]any{6: in, 7: resident}),
		token, 8, 9))
	data, _ := made[2].([]byte)
	compare(t, "outputs", outputsOf(t, data), map[string]any{"credProtect": 2, "hmac-secret": true, "credBlob": true,
		"minPinLength": 4})
	key, _ := made[5].([]byte)
	if len(key) != 32 {
		t.Errorf("largeBlobKey: got %d bytes, want 32", len(key))
	}
	token = pinToken(t, a, 2, virtual.PermitGetAssertion, "shop.example")
	got := call(t, a, virtual.CommandGetAssertion,
		withToken(getting(map[int]any{4: map[string]any{"credBlob": true, "largeBlobKey": true}}), token, 6, 7))
	data, _ = got[2].([]byte)
	compare(t, "outputs", outputsOf(t, data), map[string]any{"credBlob": []byte("blob")})
	if again, _ := got[7].([]byte); !bytes.Equal(again, key) {
		t.Errorf("largeBlobKey: got %x, want %x", again, key)
	}
	made = call(t, a, virtual.CommandMakeCredential,
		making("mei", map[int]any{6: map[string]any{"credBlob": make([]byte, 33)}}))
	data, _ = made[2].([]byte)
	compare(t, "a blob too long", outputsOf(t, data), map[string]any{"credBlob": false})
	made = call(t, a, virtual.CommandMakeCredential, making("mei", nil))
	data, _ = made[2].([]byte)
	if out := outputsOf(t, data); out != nil || made[5] != nil {
		t.Errorf("nothing asked: got %v and %v, want nothing", out, made[5])
	}
	other := making("mei", map[int]any{2: map[string]any{"id": "other.example"},
		6: map[string]any{"minPinLength": true}})
	data, _ = call(t, a, virtual.CommandMakeCredential, other)[2].([]byte)
	if out := outputsOf(t, data); out != nil {
		t.Errorf("minPinLength to a stranger: got %v, want nothing", out)
	}
}

// TestCredProtect: what is protected does not show itself to a user who is not verified, not even by being excluded.
func TestCredProtect(t *testing.T) {
	for level, want := range map[int][3]virtual.Status{ // discoverable, listed, excluded
		1: {0, 0, virtual.StatusCredentialExcluded},
		2: {virtual.StatusNoCredentials, 0, virtual.StatusCredentialExcluded},
		3: {virtual.StatusNoCredentials, virtual.StatusNoCredentials, 0},
	} {
		a := full(t)
		in := map[int]any{6: map[string]any{"credProtect": level}, 7: resident}
		token := pinToken(t, a, 2, virtual.PermitMakeCredential, "shop.example")
		call(t, a, virtual.CommandMakeCredential, withToken(making("mei", in), token, 8, 9))
		list := []any{map[string]any{"id": a.Credentials()[0].ID, "type": "public-key"}}
		for i, send := range []func() error{
			func() error {
				_, err := host(a).Call(t.Context(), virtual.CommandGetAssertion, getting(nil))
				return err
			},
			func() error {
				_, err := host(a).Call(t.Context(), virtual.CommandGetAssertion, getting(map[int]any{3: list}))
				return err
			},
			func() error {
				_, err := host(a).Call(t.Context(), virtual.CommandMakeCredential, making("ada", map[int]any{5: list}))
				return err
			},
		} {
			if err := send(); statusOf(err) != want[i] {
				t.Errorf("level %d, request %d: got %v, want %v", level, i, err, want[i])
			}
		}
		token = pinToken(t, a, 2, virtual.PermitGetAssertion, "shop.example")
		call(t, a, virtual.CommandGetAssertion, withToken(getting(nil), token, 6, 7))
		token = pinToken(t, a, 2, virtual.PermitMakeCredential, "shop.example")
		refused(t, a, virtual.CommandMakeCredential, withToken(making("ada", map[int]any{5: list}), token, 8, 9),
			virtual.StatusCredentialExcluded)
	}
}

// TestHMACSecret: one secret with verification, another without; both outlive a copy and a journey through CDP.
func TestHMACSecret(t *testing.T) {
	a := full(t)
	call(t, a, virtual.CommandMakeCredential, making("mei", map[int]any{6: map[string]any{"hmac-secret": true}}))
	list := []any{map[string]any{"id": a.Credentials()[0].ID, "type": "public-key"}}
	ask := func(a *virtual.Authenticator, protocol int, salts []byte, verified bool) ([]byte, error) {
		p := host(a)
		p.Protocol = protocol
		params := getting(map[int]any{3: list})
		if verified {
			params = withToken(params, pinToken(t, a, protocol, virtual.PermitGetAssertion, "shop.example"), 6, 7)
		}
		s, err := p.Agree(t.Context())
		if err != nil {
			return nil, err
		}
		in, err := s.HMACInput(salts)
		if err != nil {
			return nil, err
		}
		params[4] = map[string]any{"hmac-secret": map[int]any{1: in.KeyAgreement, 2: in.SaltEnc, 3: in.SaltAuth,
			4: protocol}}
		got, err := p.Call(t.Context(), virtual.CommandGetAssertion, params)
		if err != nil {
			return nil, err
		}
		data, _ := got[2].([]byte)
		sealed, _ := outputsOf(t, data)["hmac-secret"].([]byte)
		return s.Decrypt(sealed)
	}
	must := func(a *virtual.Authenticator, protocol int, salts []byte, verified bool) []byte {
		t.Helper()
		out, err := ask(a, protocol, salts, verified)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	plain, verified := must(a, 2, one, false), must(a, 2, one, true)
	if len(plain) != 32 || bytes.Equal(plain, verified) {
		t.Errorf("got %x without and %x with verification, want two secrets of 32 bytes", plain, verified)
	}
	if both := must(a, 1, append(bytes.Clone(one), two...), false); len(both) != 64 || !bytes.Equal(both[:32], plain) ||
		bytes.Equal(both[32:], plain) {
		t.Errorf("two salts: got %x, want %x first", both, plain)
	}
	if got := must(a.Clone(), 2, one, true); !bytes.Equal(got, verified) {
		t.Errorf("of a copy: got %x, want %x", got, verified)
	}
	b := full(t)
	cdp, err := a.Credentials()[0].CDP()
	if err != nil {
		t.Fatal(err)
	}
	c, err := virtual.ImportCDP(cdp)
	if err != nil {
		t.Fatal(err)
	}
	b.Add(c)
	if got := must(b, 2, one, true); !bytes.Equal(got, verified) {
		t.Errorf("after CDP: got %x, want %x", got, verified)
	}
	for _, n := range []int{0, 16, 48, 96} {
		if _, err := ask(a, 2, make([]byte, n), false); statusOf(err) != virtual.StatusInvalidParameter {
			t.Errorf("salts of %d bytes: got %v, want %v", n, err, virtual.StatusInvalidParameter)
		}
	}
	s, err := host(a).Agree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.HMACInput(one)
	if err != nil {
		t.Fatal(err)
	}
	silent := getting(map[int]any{3: list, 5: map[string]any{"up": false},
		4: map[string]any{"hmac-secret": map[int]any{1: in.KeyAgreement, 2: in.SaltEnc, 3: in.SaltAuth, 4: 2}}})
	refused(t, a, virtual.CommandGetAssertion, silent, virtual.StatusUnsupportedOption)
	in.SaltAuth[0] ^= 1
	forged := map[int]any{1: in.KeyAgreement, 2: in.SaltEnc, 3: in.SaltAuth, 4: 2}
	refused(t, a, virtual.CommandGetAssertion, getting(map[int]any{3: list, 4: map[string]any{"hmac-secret": forged}}),
		virtual.StatusPINAuthInvalid)
}
