package virtual

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// A shared secret of platform and authenticator under one PIN/UV auth protocol (CTAP 2.1 §6.5.6, §6.5.7). Protocol 1
// uses one key for both purposes.
type shared struct {
	protocol  int
	mac, aead []byte
}

// agree derives the secret from an own key and the other side's.
func agree(protocol int, own *ecdh.PrivateKey, peer *ecdh.PublicKey) (*shared, error) {
	z, err := own.ECDH(peer)
	if err != nil {
		return nil, fmt.Errorf("agreeing on a key: %w", err)
	}
	if protocol == 1 {
		sum := sha256.Sum256(z)
		return &shared{protocol: 1, mac: sum[:], aead: sum[:]}, nil
	}
	s := &shared{protocol: protocol}
	for info, key := range map[string]*[]byte{"CTAP2 HMAC key": &s.mac, "CTAP2 AES key": &s.aead} {
		if *key, err = hkdf.Key(sha256.New, z, make([]byte, 32), info, 32); err != nil {
			return nil, fmt.Errorf("deriving a shared secret: %w", err)
		}
	}
	return s, nil
}

// authenticate is the protocol's authenticate(key, message).
func authenticate(protocol int, key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	if protocol == 1 {
		return h.Sum(nil)[:16]
	}
	return h.Sum(nil)
}

func (s *shared) authenticate(message []byte) []byte { return authenticate(s.protocol, s.mac, message) }

// verify is the protocol's verify(key, message, signature).
func (s *shared) verify(message, signature []byte) bool {
	return hmac.Equal(s.authenticate(message), signature)
}

// encrypt encrypts whole blocks. Protocol 2 puts the initialisation vector in front, protocol 1 has none.
func (s *shared) encrypt(plain, iv []byte) ([]byte, error) {
	block, err := aes.NewCipher(s.aead)
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	out := make([]byte, len(plain))
	if s.protocol == 1 {
		iv = make([]byte, aes.BlockSize)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, plain)
	if s.protocol == 1 {
		return out, nil
	}
	return append(iv[:len(iv):len(iv)], out...), nil
}

// decrypt is the inverse of encrypt; false for a length that encrypt cannot give.
func (s *shared) decrypt(sealed []byte) ([]byte, bool) {
	iv := make([]byte, aes.BlockSize)
	if s.protocol != 1 {
		if len(sealed) < aes.BlockSize {
			return nil, false
		}
		iv, sealed = sealed[:aes.BlockSize], sealed[aes.BlockSize:]
	}
	block, err := aes.NewCipher(s.aead)
	if err != nil || len(sealed)%aes.BlockSize != 0 {
		return nil, false
	}
	out := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, sealed)
	return out, true
}

// agreementKey is the COSE_Key of a key agreement. Its algorithm is -25 though that is not the one used
// (CTAP 2.1 §6.5.6).
func agreementKey(public *ecdh.PublicKey) map[int]any {
	point := public.Bytes()
	return map[int]any{1: 2, 3: -25, -1: 1, -2: point[1:33], -3: point[33:]}
}

// readAgreementKey reads the other side's COSE_Key; a point that is not on the curve is refused.
func readAgreementKey(r *reader) (*ecdh.PublicKey, error) {
	x, y := take[[]byte](r, -2), take[[]byte](r, -3)
	if r.err() != nil {
		return nil, r.err()
	}
	r.need(1, 3, -1)
	if r.err() != nil || r.signed(1) != 2 || r.signed(3) != -25 || r.signed(-1) != 1 || len(x) != 32 || len(y) != 32 {
		return nil, StatusInvalidParameter
	}
	public, err := ecdh.P256().NewPublicKey(join([]byte{4}, x, y))
	if err != nil {
		return nil, StatusInvalidParameter
	}
	return public, nil
}
