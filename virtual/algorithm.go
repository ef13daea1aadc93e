package virtual

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"

	"github.com/fxamacker/cbor/v2"
)

// Algorithm is a COSE algorithm identifier (IANA COSE Algorithms registry).
type Algorithm int64

// The algorithms an Authenticator can sign with.
const (
	ES256 Algorithm = -7
	EdDSA Algorithm = -8
	ES384 Algorithm = -35
	ES512 Algorithm = -36
	RS256 Algorithm = -257
)

const rsaBits = 2048

// A stream is an endless sequence of bytes that a seed, a label and a number determine: block 0 is
// SHA-256(seed || label || number in decimal), block n > 0 the same with "/n" behind.
type stream struct {
	prefix []byte
	block  int
	rest   []byte
}

func newStream(seed []byte, label string, i uint64) *stream {
	p := make([]byte, 0, len(seed)+len(label)+20)
	p = append(append(p, seed...), label...)
	return &stream{prefix: strconv.AppendUint(p, i, 10)}
}

// Read fills p; it never fails.
func (s *stream) Read(p []byte) (int, error) {
	for n := 0; n < len(p); {
		if len(s.rest) == 0 {
			in := s.prefix
			if s.block > 0 {
				in = strconv.AppendInt(append(in[:len(in):len(in)], '/'), int64(s.block), 10)
			}
			sum := sha256.Sum256(in)
			s.rest = sum[:]
			s.block++
		}
		c := copy(p[n:], s.rest)
		s.rest = s.rest[c:]
		n += c
	}
	return len(p), nil
}

func generate(alg Algorithm, random io.Reader) (crypto.Signer, error) {
	switch alg {
	case ES256:
		return generateECDSA(elliptic.P256(), random)
	case ES384:
		return generateECDSA(elliptic.P384(), random)
	case ES512:
		return generateECDSA(elliptic.P521(), random)
	case EdDSA:
		seed := make([]byte, ed25519.SeedSize)
		if _, err := io.ReadFull(random, seed); err != nil {
			return nil, fmt.Errorf("drawing an Ed25519 key: %w", err)
		}
		return ed25519.NewKeyFromSeed(seed), nil
	case RS256:
		return generateRSA(random)
	}
	return nil, fmt.Errorf("no such algorithm: %d", alg)
}

// generateECDSA draws candidates until one is a valid private key, as FIPS 186-5 A.2.2 does. The standard library's
// generator ignores the reader it is given, so that a key could not be made again from its seed.
func generateECDSA(curve elliptic.Curve, random io.Reader) (*ecdsa.PrivateKey, error) {
	bits := curve.Params().BitSize
	raw := make([]byte, (bits+7)/8)
	for range 128 {
		if _, err := io.ReadFull(random, raw); err != nil {
			return nil, fmt.Errorf("drawing an ECDSA key: %w", err)
		}
		if excess := len(raw)*8 - bits; excess > 0 {
			raw[0] &= 0xff >> excess
		}
		if key, err := ecdsa.ParseRawPrivateKey(curve, raw); err == nil {
			return key, nil
		}
	}
	return nil, errors.New("drawing an ECDSA key: the source of randomness repeats itself")
}

// generateRSA makes a key whose primes come from random alone. It is for tests: nothing here is constant-time.
func generateRSA(random io.Reader) (*rsa.PrivateKey, error) {
	e := big.NewInt(65537)
	for {
		p, err := drawPrime(random, rsaBits/2)
		if err != nil {
			return nil, err
		}
		q, err := drawPrime(random, rsaBits/2)
		if err != nil {
			return nil, err
		}
		one := big.NewInt(1)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		if d == nil || p.Cmp(q) == 0 {
			continue
		}
		key := &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: int(e.Int64())},
			D:         d, Primes: []*big.Int{p, q},
		}
		key.Precompute()
		if err := key.Validate(); err != nil {
			return nil, fmt.Errorf("making an RSA key: %w", err)
		}
		return key, nil
	}
}

// drawPrime returns a prime of exactly that many bits whose two highest bits are set, so that the product of two has
// full length.
func drawPrime(random io.Reader, bits int) (*big.Int, error) {
	raw := make([]byte, bits/8)
	for {
		if _, err := io.ReadFull(random, raw); err != nil {
			return nil, fmt.Errorf("drawing an RSA prime: %w", err)
		}
		raw[0] |= 0xc0
		raw[len(raw)-1] |= 1
		if p := new(big.Int).SetBytes(raw); p.ProbablyPrime(20) {
			return p, nil
		}
	}
}

// algorithmOf names the algorithm that a private key signs with.
func algorithmOf(key crypto.Signer) (Algorithm, error) {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		switch k.Curve {
		case elliptic.P256():
			return ES256, nil
		case elliptic.P384():
			return ES384, nil
		case elliptic.P521():
			return ES512, nil
		}
		return 0, fmt.Errorf("no algorithm for curve %s", k.Curve.Params().Name)
	case ed25519.PrivateKey:
		return EdDSA, nil
	case *rsa.PrivateKey:
		return RS256, nil
	}
	return 0, fmt.Errorf("no algorithm for a key of type %T", key)
}

// signMessage signs msg with the algorithm of key: ECDSA in ASN.1 DER and deterministic, RSA as PKCS #1 v1.5 with
// SHA-256, Ed25519 as it is (Web Authentication Level 3 §6.5.5).
func signMessage(alg Algorithm, key crypto.Signer, msg []byte) ([]byte, error) {
	switch alg {
	case EdDSA:
		return key.Sign(nil, msg, crypto.Hash(0))
	case ES384:
		sum := sha512.Sum384(msg)
		return key.Sign(nil, sum[:], crypto.SHA384)
	case ES512:
		sum := sha512.Sum512(msg)
		return key.Sign(nil, sum[:], crypto.SHA512)
	}
	sum := sha256.Sum256(msg)
	return key.Sign(nil, sum[:], crypto.SHA256)
}

// coseKey encodes a public key as a COSE_Key in CTAP2's canonical form (Level 3 §6.5.1.1).
func coseKey(alg Algorithm, public crypto.PublicKey) ([]byte, error) {
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			return nil, fmt.Errorf("encoding a public key: %w", err)
		}
		n := (len(point) - 1) / 2
		curves := map[Algorithm]int{ES256: 1, ES384: 2, ES512: 3}
		return encode(map[int]any{1: 2, 3: int64(alg), -1: curves[alg], -2: point[1 : 1+n], -3: point[1+n:]})
	case ed25519.PublicKey:
		return encode(map[int]any{1: 1, 3: int64(alg), -1: 6, -2: []byte(k)})
	case *rsa.PublicKey:
		exp := binary.BigEndian.AppendUint32(nil, uint32(k.E))
		for len(exp) > 1 && exp[0] == 0 {
			exp = exp[1:]
		}
		return encode(map[int]any{1: 3, 3: int64(alg), -1: k.N.Bytes(), -2: exp})
	}
	return nil, fmt.Errorf("encoding a public key: no COSE form for %T", public)
}

// encode marshals v as CTAP2 canonical CBOR.
func encode(v any) ([]byte, error) {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return nil, fmt.Errorf("preparing CBOR: %w", err)
	}
	out, err := mode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding CBOR: %w", err)
	}
	return out, nil
}
