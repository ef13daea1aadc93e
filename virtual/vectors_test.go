package virtual_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/vectors"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vectorKey rebuilds the private key of a vector, or returns nil for algorithms this package does not have.
func vectorKey(t *testing.T, id string, reg map[string]string) crypto.Signer {
	t.Helper()
	if p := reg["private_key_p"]; p != "" {
		return rsaKey(t, unhex(t, p), unhex(t, reg["private_key_q"]))
	}
	curve := elliptic.P256()
	if strings.HasSuffix(id, "ES512") {
		curve = elliptic.P521()
	}
	if reg["credential_private_key"] == "" {
		return nil
	}
	raw := make([]byte, (curve.Params().BitSize+7)/8)
	scalar := unhex(t, reg["credential_private_key"]) // the file drops leading zero bytes
	copy(raw[len(raw)-len(scalar):], scalar)
	key, err := ecdsa.ParseRawPrivateKey(curve, raw)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return key
}

func rsaKey(t *testing.T, p, q []byte) *rsa.PrivateKey {
	t.Helper()
	pp := new(big.Int).SetBytes(p)
	qq := new(big.Int).SetBytes(q)
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(pp, one), new(big.Int).Sub(qq, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(pp, qq), E: 65537},
		D:         new(big.Int).ModInverse(big.NewInt(65537), phi), Primes: []*big.Int{pp, qq},
	}
	key.Precompute()
	if err := key.Validate(); err != nil {
		t.Fatal(err)
	}
	return key
}

// TestPublishedVectors rebuilds the published credentials from their private keys: key encoding, authenticator data
// and client data must come out byte for byte, and signatures must verify both ways.
func TestPublishedVectors(t *testing.T) {
	f := vectors.Level3(t)
	rebuilt := 0
	for _, v := range f.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			checkClientData(t, f, "webauthn.create", v.Registration)
			if v.Authentication != nil {
				checkClientData(t, f, "webauthn.get", v.Authentication)
			}
		})
		t.Run(v.ID+" rebuilt", func(t *testing.T) {
			if f.Partial {
				t.Skipf("no private key in %s", f.Source)
			}
			if key := vectorKey(t, v.ID, v.Registration); key != nil {
				rebuilt++
				checkRebuilt(t, f, v, key)
			}
		})
	}
	if rebuilt < 10 && !f.Partial {
		t.Errorf("got %d vectors rebuilt, want at least 10", rebuilt)
	}
}

func checkRebuilt(t *testing.T, f *vectors.File, v vectors.Vector, key crypto.Signer) {
	t.Helper()
	c, err := virtual.NewCredential(f.RPID, unhex(t, v.Registration["credential_id"]), key)
	if err != nil {
		t.Fatal(err)
	}
	cose, err := c.PublicKeyCOSE()
	if err != nil {
		t.Fatal(err)
	}
	attested := append(append([]byte{}, c.ID...), cose...)
	if !bytes.Contains(unhex(t, v.Registration["attestationObject"]), attested) {
		t.Errorf("the attestation object lacks id and key as encoded here: got %x", cose)
	}
	if v.Authentication != nil {
		checkAssertion(t, c, v.Authentication)
	}
}

// TestPublishedPRF follows the published vectors of the prf extension through key agreement, encryption and
// evaluation, under both PIN protocols.
func TestPublishedPRF(t *testing.T) {
	file := vectors.Level3(t)
	if file.Partial {
		t.Skipf("no vectors of prf in %s", file.Source)
	}
	f := file.PRF
	for i, v := range f.Cases {
		s, err := virtual.SecretOf(v.Protocol, unhex(t, f.Shared.Platform), unhex(t, f.Shared.Authenticator["x"]),
			unhex(t, f.Shared.Authenticator["y"]))
		if err != nil {
			t.Fatal(err)
		}
		same(t, i, "shared secret", virtual.KeysOf(s), v.SharedSecret)
		same(t, i, "first salt", virtual.PRFSalt(unhex(t, v.First)), v.Salt1)
		if v.Second != "" {
			same(t, i, "second salt", virtual.PRFSalt(unhex(t, v.Second)), v.Salt2)
		}
		salts, err := s.Decrypt(unhex(t, v.SaltEnc))
		if err != nil {
			t.Fatal(err)
		}
		same(t, i, "salts decrypted", salts, v.Salt1+v.Salt2)
		var outputs []byte
		for n := 0; n < len(salts); n += 32 {
			outputs = append(outputs, virtual.Evaluate(unhex(t, f.Shared.CredRandom), salts[n:n+32])...)
		}
		same(t, i, "outputs", outputs, v.Output1+v.Output2)
		sealed := unhex(t, v.OutputEnc)
		again, err := virtual.EncryptWith(s, outputs, sealed[:16])
		if err != nil {
			t.Fatal(err)
		}
		same(t, i, "outputs encrypted", again, v.OutputEnc)
	}
	if len(f.Cases) < 3 {
		t.Errorf("got %d cases, want at least 3", len(f.Cases))
	}
}

func same(t *testing.T, i int, what string, got []byte, want string) {
	t.Helper()
	if hex.EncodeToString(got) != want {
		t.Errorf("case %d, %s: got %x, want %s", i, what, got, want)
	}
}

func checkClientData(t *testing.T, f *vectors.File, kind string, half map[string]string) {
	t.Helper()
	want := unhex(t, half["clientDataJSON"])
	d := virtual.ClientData{
		Type: kind, Challenge: base64.RawURLEncoding.EncodeToString(unhex(t, half["challenge"])), Origin: f.Origin,
		CrossOrigin: bytes.Contains(want, []byte(`"crossOrigin":true`)),
	}
	if i := bytes.Index(want, []byte(`"extraData"`)); i >= 0 {
		d.Extra = string(want[i : len(want)-1])
	}
	if bytes.Contains(want, []byte(`"topOrigin"`)) {
		d.TopOrigin = f.TopOrigin
	}
	if got := d.Append(nil); !bytes.Equal(got, want) {
		t.Errorf("%s client data: got %s, want %s", kind, got, want)
	}
}

func checkAssertion(t *testing.T, c *virtual.Credential, half map[string]string) {
	t.Helper()
	data, clientData := unhex(t, half["authenticatorData"]), unhex(t, half["clientDataJSON"])
	if got := c.AppendAuthData(nil, data[32], 0); !bytes.Equal(got, data) {
		t.Errorf("authenticator data: got %x, want %x", got, data)
	}
	if !verifies(c.Public(), data, clientData, unhex(t, half["signature"])) {
		t.Error("the published signature does not verify with the key rebuilt here")
	}
	sig, err := c.Sign(data, clientData)
	if err != nil {
		t.Fatal(err)
	}
	if !verifies(c.Public(), data, clientData, sig) {
		t.Error("the signature made here does not verify")
	}
}

// verifies is a verifier of its own, on the standard library alone.
func verifies(public crypto.PublicKey, authData, clientData, sig []byte) bool {
	hash := sha256.Sum256(clientData)
	msg := append(append([]byte{}, authData...), hash[:]...)
	switch k := public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, msg, sig)
	case *rsa.PublicKey:
		sum := sha256.Sum256(msg)
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], sig) == nil
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P384():
			sum := sha512.Sum384(msg)
			return ecdsa.VerifyASN1(k, sum[:], sig)
		case elliptic.P521():
			sum := sha512.Sum512(msg)
			return ecdsa.VerifyASN1(k, sum[:], sig)
		}
		sum := sha256.Sum256(msg)
		return ecdsa.VerifyASN1(k, sum[:], sig)
	}
	return false
}
