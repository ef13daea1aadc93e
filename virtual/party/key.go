package party

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// COSE key types and curves (RFC 9053 §7).
const (
	ktyOKP, ktyEC2, ktyRSA = 1, 2, 3
	crvEd25519             = 6
)

// An algorithm is a COSE algorithm, with the one kind of key that Level 3 §5.8.5 allows for it.
type algorithm struct {
	id, kty, crv int64
	curve        elliptic.Curve // of ktyEC2
	hash         crypto.Hash    // 0: the message itself is signed
}

func algorithms() []algorithm {
	return []algorithm{
		{-7, ktyEC2, 1, elliptic.P256(), crypto.SHA256},
		{-35, ktyEC2, 2, elliptic.P384(), crypto.SHA384},
		{-36, ktyEC2, 3, elliptic.P521(), crypto.SHA512},
		{-9, ktyEC2, 1, elliptic.P256(), crypto.SHA256},  // ESP256
		{-51, ktyEC2, 2, elliptic.P384(), crypto.SHA384}, // ESP384
		{-52, ktyEC2, 3, elliptic.P521(), crypto.SHA512}, // ESP512
		{-8, ktyOKP, crvEd25519, nil, 0},
		{-19, ktyOKP, crvEd25519, nil, 0}, // Ed25519
		{-257, ktyRSA, 0, nil, crypto.SHA256},
		{-258, ktyRSA, 0, nil, crypto.SHA384},
		{-259, ktyRSA, 0, nil, crypto.SHA512},
	}
}

// algorithmOf finds an algorithm by its number; nil: none that is known here.
func algorithmOf(id int64) *algorithm {
	for _, a := range algorithms() {
		if a.id == id {
			return &a
		}
	}
	return nil
}

// naturalFor finds the usual algorithm of a public key; nil: none.
func naturalFor(public crypto.PublicKey) *algorithm {
	for _, a := range algorithms() {
		if a.fits(public) {
			return &a
		}
	}
	return nil
}

// fits reports whether public is a key of the algorithm.
func (a *algorithm) fits(public crypto.PublicKey) bool {
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		return a.kty == ktyEC2 && k.Curve == a.curve
	case ed25519.PublicKey:
		return a.kty == ktyOKP
	case *rsa.PublicKey:
		return a.kty == ktyRSA && !vast(k)
	}
	return false
}

// vast reports whether a key is an RSA key that would keep a verifier busy: certificates bring any.
func vast(public crypto.PublicKey) bool {
	k, isRSA := public.(*rsa.PublicKey)
	return isRSA && k.N.BitLen() > 8192
}

// verifies reports whether sig is a signature of message by public, in the forms of Level 3 §6.5.5.
func (a *algorithm) verifies(public crypto.PublicKey, message, sig []byte) bool {
	digest := message
	if a.hash != 0 {
		h := a.hash.New()
		h.Write(message)
		digest = h.Sum(nil)
	}
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, digest, sig)
	case ed25519.PublicKey:
		return len(k) == ed25519.PublicKeySize && ed25519.Verify(k, message, sig)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, a.hash, digest, sig) == nil
	}
	return false
}

// A coseKey is a credential's public key, as far as it could be read. A nil coseKey is one that was not.
type coseKey struct {
	alg    int64
	known  *algorithm       // of alg; nil: alg is absent or not known here
	x, y   []byte           // of ktyEC2, of the right length and on the curve
	public crypto.PublicKey // nil unless everything about the key is right
}

// key reads and checks a COSE key: Level 3 §6.5.1.1 and §7.1 step 20. byCurve judges a point by the curve that the key
// names.
func (v verdict) key(d authData, offered []int64, byCurve bool) *coseKey {
	if !d.attested {
		return nil
	}
	m, isMap := soleMap(d.key)
	if !v.must(fault.CheckKeyMap, isMap, "the key is not a CBOR map") {
		return nil
	}
	err := unique(d.key)
	v.must(fault.CheckKeyMap, err == nil, "the key: %v", err)
	for label := range m {
		v.must(fault.CheckKeyOptional, !optional(label), "the key has an entry %v", label)
	}
	k := &coseKey{}
	var isInt bool
	k.alg, isInt = m[int64(3)].(int64)
	if !v.must(fault.CheckKeyAlgorithm, isInt, "the key's alg is %v", m[int64(3)]) {
		return k
	}
	v.must(fault.CheckKeyOffered, contains(offered, k.alg), "algorithm %d was not offered", k.alg)
	k.known = algorithmOf(k.alg)
	if k.known == nil || !v.must(fault.CheckKeyType, m[int64(1)] == k.known.kty, "kty is %v for algorithm %d",
		m[int64(1)], k.alg) {
		return k
	}
	switch k.known.kty {
	case ktyRSA:
		k.public = v.rsaKey(m)
	case ktyEC2:
		v.ecKey(k, m, byCurve)
	default:
		k.public = v.edKey(m)
	}
	return k
}

func (v verdict) rsaKey(m map[any]any) crypto.PublicKey {
	n, _ := m[int64(-1)].([]byte)
	e, _ := m[int64(-2)].([]byte)
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	bits := modulus.BitLen()
	if !v.must(fault.CheckKeyRSA, bits >= 2048 && bits <= 4096 && modulus.Bit(0) == 1, "an RSA modulus of %d bits",
		bits) {
		return nil
	}
	odd := exponent.BitLen() >= 2 && exponent.BitLen() <= 31 && exponent.Bit(0) == 1
	if !v.must(fault.CheckKeyRSA, odd, "the RSA exponent %v", exponent) {
		return nil
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
}

// optional reports whether a label is that of an entry that a credential's key must not have: the optional ones of
// RFC 9052 §7.1, and the private part of RFC 9053 §7.1.1.
func optional(label any) bool {
	return label == int64(2) || label == int64(4) || label == int64(5) || label == int64(-4)
}

// ecKey fills in the point.
func (v verdict) ecKey(k *coseKey, m map[any]any, byCurve bool) {
	curve := k.known.curve
	if byCurve {
		curve = curveOf(m[int64(-1)])
	}
	right := v.must(fault.CheckKeyCurve, m[int64(-1)] == k.known.crv, "crv is %v for algorithm %d", m[int64(-1)], k.alg)
	if curve == nil { // so that nothing can be said about the point
		return
	}
	x, okX := m[int64(-2)].([]byte)
	y, okY := m[int64(-3)].([]byte)
	size := (curve.Params().BitSize + 7) / 8
	if !v.must(fault.CheckKeyCoordinates, okX && okY && len(x) == size && len(y) == size,
		"coordinates of %d and %d bytes, want byte strings of %d", len(x), len(y), size) {
		return
	}
	if !v.must(fault.CheckKeyOnCurve, onCurve(curve, x, y), "the point is not on the curve") {
		return
	}
	k.x, k.y = x, y
	if !right {
		return
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, x...), y...))
	if err == nil {
		k.public = public
	}
}

// curveOf is the curve of an EC2 key's crv; nil: none that is known here.
func curveOf(crv any) elliptic.Curve {
	for _, a := range algorithms() {
		if a.kty == ktyEC2 && crv == a.crv {
			return a.curve
		}
	}
	return nil
}

// onCurve reports whether y² = x³ - 3x + b holds for coordinates below the prime.
func onCurve(curve elliptic.Curve, x, y []byte) bool {
	p := curve.Params()
	a, b := new(big.Int).SetBytes(x), new(big.Int).SetBytes(y)
	if a.Cmp(p.P) >= 0 || b.Cmp(p.P) >= 0 {
		return false
	}
	right := new(big.Int).Mul(a, a)
	right.Sub(right, big.NewInt(3)).Mul(right, a).Add(right, p.B)
	left := new(big.Int).Mul(b, b)
	return left.Sub(left, right).Mod(left, p.P).Sign() == 0
}

func (v verdict) edKey(m map[any]any) crypto.PublicKey {
	right := v.must(fault.CheckKeyCurve, m[int64(-1)] == int64(crvEd25519), "crv is %v for EdDSA", m[int64(-1)])
	x, ok := m[int64(-2)].([]byte)
	if !v.must(fault.CheckKeyCoordinates, ok && len(x) == ed25519.PublicKeySize, "an Ed25519 key of %d bytes", len(x)) {
		return nil
	}
	if !v.must(fault.CheckKeyOnCurve, onEdwards(x), "the point is not on the curve") || !right {
		return nil
	}
	return ed25519.PublicKey(x)
}

// onEdwards reports whether 32 bytes are a point of Ed25519 (RFC 8032 §5.1.3): (y²-1) / (dy²+1) has a square root.
func onEdwards(point []byte) bool {
	one := big.NewInt(1)
	p := new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
	d := new(big.Int).ModInverse(big.NewInt(121666), p)
	d.Mul(d, big.NewInt(-121665)).Mod(d, p)
	le := make([]byte, len(point)) // little endian on the wire, the sign of x in the highest bit
	for i, b := range point {
		le[len(point)-1-i] = b
	}
	negative := le[0]&0x80 != 0
	le[0] &= 0x7f
	y := new(big.Int).SetBytes(le)
	if y.Cmp(p) >= 0 {
		return false
	}
	y2 := new(big.Int).Mul(y, y)
	num := new(big.Int).Sub(y2, one)
	num.Mod(num, p)
	den := new(big.Int).Mul(d, y2)
	den.Add(den, one).Mod(den, p)
	if num.Sign() == 0 {
		return !negative // x is 0, which has no negative
	}
	if den.ModInverse(den, p) == nil {
		return false
	}
	return big.Jacobi(num.Mul(num, den).Mod(num, p), p) == 1
}

func contains(list []int64, n int64) bool {
	for _, have := range list {
		if have == n {
			return true
		}
	}
	return false
}
