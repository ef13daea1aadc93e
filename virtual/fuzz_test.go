package virtual_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
)

// FuzzCommand: whatever comes, the answer is a status, with canonical CBOR behind a zero and nothing behind another;
// a refusal makes no credential; and what was there before still signs.
func FuzzCommand(f *testing.F) {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		f.Fatal(err)
	}
	add := func(code byte, params any) {
		body, err := mode.Marshal(params)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append([]byte{code}, body...))
	}
	for _, code := range []byte{virtual.CommandGetInfo, virtual.CommandGetNextAssertion, virtual.CommandSelection, 0,
		0x40, 0xff} {
		f.Add([]byte{code})
	}
	key := map[int]any{1: 2, 3: -25, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)}
	add(virtual.CommandMakeCredential,
		making("mei", map[int]any{5: []any{map[string]any{"id": []byte("x"), "type": "public-key"}},
			6: map[string]any{"credProtect": 3, "hmac-secret": true, "credBlob": []byte("b"),
				"hmac-secret-mc": map[int]any{1: key, 2: []byte{}, 3: []byte{}}}}))
	add(virtual.CommandGetAssertion,
		getting(map[int]any{4: map[string]any{"hmac-secret": map[int]any{1: key, 2: make([]byte, 32),
			3: make([]byte, 16), 4: 1}}}))
	for sub := range 10 {
		add(virtual.CommandClientPIN, map[int]any{1: 2, 2: sub, 3: key, 4: make([]byte, 32), 5: make([]byte, 80),
			6: make([]byte, 32), 9: 5, 10: "shop.example"})
		add(virtual.CommandCredentialManagement, map[int]any{1: sub, 2: map[int]any{1: make([]byte, 32)}, 3: 2,
			4: make([]byte, 32)})
	}
	add(virtual.CommandConfig, map[int]any{1: 3, 2: map[int]any{1: 6, 2: []any{"x"}, 3: true}, 3: 1,
		4: make([]byte, 16)})
	add(virtual.CommandLargeBlobs, map[int]any{2: make([]byte, 17), 3: 0, 4: 17})
	add(virtual.CommandLargeBlobs, map[int]any{1: 100, 3: 5})
	f.Fuzz(func(t *testing.T, request []byte) {
		a := device(t, virtual.Options{ResidentKeys: true, PIN: "1234", Seed: []byte("fuzz"), Version: virtual.FIDO22,
			UserVerification: virtual.UVSucceeds})
		c, err := virtual.Derive([]byte("fuzz"), 9, "shop.example", virtual.EdDSA)
		if err != nil {
			t.Fatal(err)
		}
		a.Add(c)
		before := len(a.Credentials())
		for range 2 { // the second meets what the first left behind
			out := a.Command(t.Context(), request)
			switch {
			case len(out) == 0:
				t.Fatal("no status")
			case out[0] != 0 && len(out) > 1:
				t.Fatalf("status %#x with %d bytes behind it", out[0], len(out)-1)
			case out[0] == 0 && len(out) > 1:
				checkCanonical(t, out[1:])
			}
			if out[0] != 0 && len(a.Credentials()) > before {
				t.Fatal("a refusal made a credential")
			}
			before = len(a.Credentials())
		}
		if len(request) > 0 && (request[0] == virtual.CommandReset ||
			request[0] == virtual.CommandCredentialManagement || request[0] == virtual.CommandConfig) {
			return
		}
		list := []any{map[string]any{"id": c.ID, "type": "public-key"}}
		call(t, a, virtual.CommandGetAssertion, getting(map[int]any{3: list}))
	})
}

// checkCanonical decodes and encodes again.
func checkCanonical(t *testing.T, body []byte) {
	t.Helper()
	var v any
	if err := cbor.Unmarshal(body, &v); err != nil {
		t.Fatalf("the response is no CBOR: %v", err)
	}
	if again := canonical(t, v); !bytes.Equal(again, body) {
		t.Fatalf("got %x, want the canonical %x", body, again)
	}
}

// FuzzAPDU: whatever comes, a status word answers, with data before it only for 0x9000.
func FuzzAPDU(f *testing.F) {
	f.Add([]byte{0, 3, 0, 0})
	f.Add([]byte{0, 3, 0, 0, 0, 0, 0, 0, 0})
	f.Add(append([]byte{0, 1, 3, 0, 0, 0, 64}, make([]byte, 66)...))
	f.Add(append([]byte{0, 1, 3, 0, 64}, make([]byte, 64)...))
	f.Add(append([]byte{0, 2, 7, 0, 66}, append(make([]byte, 64), 1, 1)...))
	f.Add(append([]byte{0, 2, 3, 0, 0, 0, 66}, append(make([]byte, 64), 1, 1, 0, 0)...))
	f.Fuzz(func(t *testing.T, request []byte) {
		a := device(t, virtual.Options{Seed: []byte("fuzz"), IDSize: 300})
		out := a.APDU(t.Context(), request)
		if len(out) < 2 {
			t.Fatalf("got %d bytes, want a status word", len(out))
		}
		if sw := binary.BigEndian.Uint16(out[len(out)-2:]); sw != 0x9000 && len(out) > 2 {
			t.Fatalf("status %#x with %d bytes before it", sw, len(out)-2)
		}
	})
}

// FuzzImport: a file that is taken gives an authenticator that answers, and whose export is taken again as the same.
func FuzzImport(f *testing.F) {
	for _, o := range []virtual.Options{everything(), {Protocol: virtual.U2F}, {UserVerification: virtual.UVFails,
		Counter: virtual.CounterFixed}} {
		o.Seed = []byte("fuzz")
		a, err := virtual.New(o)
		if err != nil {
			f.Fatal(err)
		}
		a.APDU(f.Context(), append([]byte{0, 1, 3, 0, 64}, make([]byte, 64)...))
		text, err := a.Export()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := virtual.Import(text, func(o *virtual.Options) { o.Latency = 0 })
		if err != nil {
			return
		}
		if out := a.Command(t.Context(), []byte{virtual.CommandGetInfo}); len(out) == 0 {
			t.Fatal("no answer")
		}
		one, err := a.Export()
		if err != nil {
			t.Fatal(err)
		}
		b, err := virtual.Import(one, nil)
		if err != nil {
			t.Fatalf("importing an export: %v", err)
		}
		two, err := b.Export()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, two) {
			t.Fatalf("got\n%s\nwant\n%s", two, one)
		}
	})
}
