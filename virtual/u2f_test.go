package virtual_test

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
)

func TestU2F(t *testing.T) {
	touched := true
	a := device(t, virtual.Options{AAGUID: model, Presence: func(string) bool { return touched }})
	app, challenge := hashOf("https://shop.example/app-id.json"), hashOf("challenge")
	reg := apdu(t, a, []byte{0, 1, 0, 0, 0, 0, 64}, append(bytes.Clone(challenge), app...), []byte{0, 0}, 0x9000)
	n := int(reg[66])
	id, rest := reg[67:67+n], reg[67+n:]
	length := 4 + int(binary.BigEndian.Uint16(rest[2:4]))
	cert, err := x509.ParseCertificate(rest[:length])
	if err != nil {
		t.Fatal(err)
	}
	signed := append(append(append(append([]byte{0}, app...), challenge...), id...), reg[1:66]...)
	if err := cert.CheckSignature(x509.ECDSAWithSHA256, signed, rest[length:]); err != nil || reg[0] != 5 {
		t.Errorf("registration: got %v, first byte %d", err, reg[0])
	}
	data := append(append(append(bytes.Clone(challenge), app...), byte(n)), id...)
	head := []byte{0, 2, 3, 0, byte(len(data))} // a short APDU
	got := apdu(t, a, head, data, []byte{0}, 0x9000)
	public := a.Credentials()[0].Public()
	full := append(bytes.Clone(app), got[:5]...)
	if got[0] != 1 || !verifies(public, full, []byte("challenge"), got[5:]) {
		t.Errorf("authentication: got presence %d and a signature that may not verify", got[0])
	}
	head[2] = 8
	touched = false
	if got = apdu(t, a, head, data, nil, 0x9000); got[0] != 0 {
		t.Errorf("presence not enforced: got %d, want 0", got[0])
	}
	head[2] = 3
	apdu(t, a, head, data, nil, 0x6985)
	head[2] = 7
	apdu(t, a, head, data, nil, 0x6985)
	data[33]++
	apdu(t, a, head, data, nil, 0x6a80)
	touched = true
	list := []any{map[string]any{"id": id, "type": "public-key"}}
	call(t, a, virtual.CommandGetAssertion, map[int]any{1: "https://shop.example/app-id.json", 2: hashOf("x"), 3: list})
}

// TestU2FKeepsOff credentials of CTAP2 that it must not use: of another algorithm, or that demand verification.
func TestU2FKeepsOff(t *testing.T) {
	a := device(t, virtual.Options{})
	for i, tc := range []struct {
		alg     virtual.Algorithm
		protect int
		want    uint16
	}{
		{virtual.ES256, 0, 0x9000}, {virtual.ES256, virtual.ProtectOptionalWithList, 0x9000},
		{virtual.ES256, virtual.ProtectRequired, 0x6a80}, {virtual.EdDSA, 0, 0x6a80},
	} {
		c, err := virtual.Derive([]byte("u2f"), uint64(i), "shop.example", tc.alg)
		if err != nil {
			t.Fatal(err)
		}
		c.CredProtect = tc.protect
		a.Add(c)
		data := append(append(append(hashOf("challenge"), hashOf("shop.example")...), byte(len(c.ID))), c.ID...)
		apdu(t, a, []byte{0, 2, 3, 0, byte(len(data))}, data, nil, tc.want)
	}
}

// apdu sends one and returns the data of the answer.
func apdu(t *testing.T, a *virtual.Authenticator, head, data, le []byte, want uint16) []byte {
	t.Helper()
	out := a.APDU(t.Context(), append(append(bytes.Clone(head), data...), le...))
	sw := binary.BigEndian.Uint16(out[len(out)-2:])
	if sw != want {
		t.Fatalf("instruction %d, control %d: got %#x, want %#x", head[1], head[2], sw, want)
	}
	return out[:len(out)-2]
}

// TestAPDUsAsBytes sends what a careless or a hostile host sends.
func TestAPDUsAsBytes(t *testing.T) {
	a := device(t, virtual.Options{})
	for request, want := range map[string]uint16{
		"":                        0x6700,
		"000300":                  0x6700,
		"00030000":                0x9000,
		"0003000000":              0x9000, // short Le
		"00030000000000":          0x9000, // extended Le
		"000300000000000000":      0x9000, // extended Lc of nothing and Le
		"00030000000001aa":        0x6700, // VERSION takes no data
		"0003000002aa":            0x6700, // shorter than it says
		"0003000001aabbcc":        0x6700, // longer than it says
		"00010000000040" + "aabb": 0x6700,
		"0001000003aabbcc":        0x6700,
		"0002030003aabbcc":        0x6700,
		"80030000":                0x6e00,
		"00040000":                0x6d00,
		"000300000000":            0x6700,
	} {
		raw, err := hex.DecodeString(request)
		if err != nil {
			t.Fatal(err)
		}
		out := a.APDU(t.Context(), raw)
		if got := binary.BigEndian.Uint16(out[len(out)-2:]); got != want {
			t.Errorf("%s: got %#x, want %#x", request, got, want)
		}
	}
	a = device(t, virtual.Options{ClientPIN: true, AlwaysUV: true})
	if out := a.APDU(t.Context(), []byte{0, 3, 0, 0}); !bytes.Equal(out, []byte{0x69, 0x86}) {
		t.Errorf("U2F of a key that always verifies: got %x, want 6986", out)
	}
}
