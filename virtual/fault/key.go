package fault

import (
	"crypto/elliptic"
	"math/big"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual"
)

// Labels of a COSE_Key (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4).
const (
	labelKty, labelAlg = 1, 3
	labelCrv, labelX   = -1, -2
	labelY             = -3
	labelN, labelE     = -1, -2
)

// keyFaults break the COSE key of a registration (Level 3 §6.5.1.1, §5.8.5).
func keyFaults() []*Fault {
	return slices.Concat(keyMapFaults(), optionalFaults(), algorithmFaults(), curveFaults(), pointFaults(), rsaFaults())
}

func keyMapFaults() []*Fault {
	t := rowDefaults{Registration, createPlain, CheckKeyMap}
	why := "A key that two readers understand differently verifies for one and not for the other, or belongs to somebody else."
	fixed := func(b ...byte) edit { return keyBytes(func(*harness, []byte) []byte { return b }) }
	twice := func(label byte, value ...byte) edit {
		return keyBytes(func(_ *harness, key []byte) []byte {
			return slices.Concat([]byte{key[0] + 1, label}, value, key[1:])
		})
	}
	return []*Fault{
		t.row("key-list", "The COSE key is a list.", why, fixed(0x80)),
		t.row("key-text", "The COSE key is a text.", why, fixed(0x63, 'k', 'e', 'y')),
		t.row("key-bytes", "The COSE key is a byte string that holds it.", why,
			keyBytes(func(s *harness, key []byte) []byte { return s.encode(key) })),
		t.row("key-null", "The COSE key is null.", why, fixed(0xf6)),
		t.row("key-duplicate-algorithm", "The COSE key has two entries alg.", why, twice(0x03, 0x39, 0x01, 0x00)),
		t.row("key-duplicate-type", "The COSE key has two entries kty.", why, twice(0x01, 0x03)),
		t.row("key-duplicate-x", "The COSE key has two entries x.", why, twice(0x21, 0x41, 0x00)),
	}
}

func optionalFaults() []*Fault {
	t := rowDefaults{Registration, createPlain, CheckKeyOptional}
	why := "What a key says of its use beside the algorithm is stored and passed on, and no step of the ceremony judges it."
	return []*Fault{
		t.row("key-named", "The COSE key has an identifier of its own, kid.", why, set(2, []byte("key"))),
		t.row("key-operations", "The COSE key lists the operations it is for.", why, set(4, []int{2})),
		t.row("key-private", "The COSE key has a private part.",
			"A private key that was sent is one that others can sign with.", set(-4, make([]byte, 32))),
	}
}

// set puts an entry into the COSE key; unset takes one out.
func set(label int, value any) edit { return key(func(_ *harness, k coseKey) { k[label] = value }) }

func unset(label int) edit { return key(func(_ *harness, k coseKey) { delete(k, label) }) }

// told makes the client tell the same algorithm beside the attestation object.
func told(alg virtual.Algorithm) edit {
	return inner(func(s *harness, o *object) {
		if o.get("publicKeyAlgorithm") != nil {
			o.put("publicKeyAlgorithm", big.NewInt(int64(alg)).Append(nil, 10))
		}
	})
}

func algorithmFaults() []*Fault {
	absent := rowDefaults{Registration, createPlain, CheckKeyAlgorithm}
	offered := rowDefaults{Registration, createPlain, CheckKeyOffered}
	guess := "A relying party that guesses the algorithm lets the sender choose the weakest."
	why := "The relying party chose its algorithms; one that it did not offer may be weak, or not be verified at all."
	return []*Fault{
		absent.row("key-algorithm-missing", "The COSE key has no alg.", guess, unset(labelAlg)),
		absent.row("key-algorithm-text", "The COSE key's alg is a text.", guess, set(labelAlg, "ES256")),
		absent.row("key-algorithm-null", "The COSE key's alg is null.", guess, set(labelAlg, nil)),
		offered.row("key-unoffered-rs1", "The key is for RSA with SHA-1, which was not offered.", why,
			rsa(-65535, 2048, 65537), told(-65535)),
		offered.row("key-unoffered-ps256", "The key is for RSA-PSS, which was not offered.", why, rsa(-37, 2048, 65537),
			told(-37)),
		offered.row("key-unoffered-number", "The key's algorithm is a number that nobody registered.", why,
			set(labelAlg, -65000), told(-65000)),
		offered.row("key-unoffered-hmac", "The key's algorithm is a symmetric one.", why, set(labelAlg, 5), told(5)),
		offered.row("key-unoffered-es512", "The key is for ES512, which was not offered.", why, other(virtual.ES512),
			told(virtual.ES512)).unless(OffersES512),
	}
}

// other replaces the key by one for another algorithm.
func other(alg virtual.Algorithm) edit {
	return keyBytes(func(s *harness, _ []byte) []byte {
		c, err := virtual.Derive(s.draw("other key"), 0, s.about.RPID, alg)
		if err != nil {
			return s.fail(err)
		}
		out, err := c.PublicKeyCOSE()
		if err != nil {
			return s.fail(err)
		}
		return out
	})
}

// rsa replaces the key by an RSA public key whose modulus is a number of that size, odd, and not known to be a
// product of two primes: nobody signs with it.
func rsa(alg virtual.Algorithm, bits int, exponent int64) edit {
	return rsaKey(alg, func(s *harness) ([]byte, []byte) { return s.modulus(bits), big.NewInt(exponent).Bytes() })
}

func rsaKey(alg virtual.Algorithm, parts func(s *harness) (n, e []byte)) edit {
	return keyBytes(func(s *harness, _ []byte) []byte {
		n, e := parts(s)
		return s.encode(coseKey{labelKty: 3, labelAlg: int64(alg), labelN: n, labelE: e})
	})
}

// modulus draws an odd number of that many bits.
func (s *harness) modulus(bits int) []byte {
	var n []byte
	for len(n) < bits/8 {
		n = append(n, s.draw("modulus "+string(rune('a'+len(n)/32)))...)
	}
	n = n[:bits/8]
	n[0] |= 0x80
	n[len(n)-1] |= 1
	return n
}

func curveFaults() []*Fault {
	kind, curve := rowDefaults{Registration, createPlain, CheckKeyType}, rowDefaults{Registration, createPlain, CheckKeyCurve}
	why := "A key whose parts contradict each other is read in one way when it is judged and in another when it verifies."
	return []*Fault{
		kind.row("key-type-okp", "The key is for ES256, but its type is that of Ed25519 keys.", why, set(labelKty, 1)),
		kind.row("key-type-rsa", "The key is for ES256, but its type is RSA.", why, set(labelKty, 3)),
		kind.row("key-type-symmetric", "The key is for ES256, but its type is symmetric.", why, set(labelKty, 4)),
		kind.row("key-type-missing", "The key has no type.", why, unset(labelKty)),
		kind.row("key-type-text", "The key's type is a text.", why, set(labelKty, "EC2")),
		curve.row("key-curve-p384", "The key is for ES256, but its curve is P-384.", why, set(labelCrv, 2)),
		curve.row("key-curve-p384-point", "The key is for ES256, but it is a whole key on P-384.", why,
			other(virtual.ES384), set(labelAlg, int64(virtual.ES256))),
		curve.row("key-es384-curve-p256", "The key is for ES384, but it is a whole key on P-256.", why,
			set(labelAlg, int64(virtual.ES384)), told(virtual.ES384)).needs(OffersES384),
		curve.row("key-es384-curve-named", "The key is for ES384, but names P-256 as its curve.", why,
			other(virtual.ES384), set(labelCrv, 1), told(virtual.ES384)).needs(OffersES384),
		curve.row("key-es512-curve-named", "The key is for ES512, but names P-256 as its curve.", why,
			other(virtual.ES512), set(labelCrv, 1), told(virtual.ES512)).needs(OffersES512),
		curve.row("key-eddsa-curve-ed448", "The key is for EdDSA, but names Ed448 as its curve.", why,
			other(virtual.EdDSA), set(labelCrv, 7), told(virtual.EdDSA)).needs(OffersEdDSA),
		curve.row("key-eddsa-curve-x25519", "The key is for EdDSA, but names a curve that is not for signatures.", why,
			other(virtual.EdDSA), set(labelCrv, 4), told(virtual.EdDSA)).needs(OffersEdDSA),
		curve.row("key-eddsa-curve-missing", "The Ed25519 key names no curve.", why, other(virtual.EdDSA),
			unset(labelCrv), told(virtual.EdDSA)).needs(OffersEdDSA),
		curve.row("key-curve-secp256k1", "The key is for ES256, but its curve is secp256k1.", why, set(labelCrv, 8)),
		curve.row("key-curve-ed25519", "The key is for ES256, but its curve is Ed25519.", why,
			key(func(_ *harness, k coseKey) {
				if k[labelKty] == uint64(2) { // of an Ed25519 key that would be right
					k[labelCrv] = 6
				}
			})),
		curve.row("key-curve-missing", "The key names no curve.", why, unset(labelCrv)),
		curve.row("key-curve-text", "The key's curve is a text.", why, set(labelCrv, "P-256")),
	}
}

func pointFaults() []*Fault {
	part, point := rowDefaults{Registration, createPlain, CheckKeyCoordinates},
		rowDefaults{Registration, createPlain, CheckKeyOnCurve}
	why := "Coordinates in more than one form make one key look like two, and readers that fill up or cut off may read another key."
	off := "A point beside the curve lies on a weak one, on which signatures can be forged or secrets drawn out."
	coordinate := func(label int, change func(b []byte) []byte) edit {
		return key(func(_ *harness, k coseKey) {
			if b, ok := k[label].([]byte); ok {
				k[label] = change(b)
			}
		})
	}
	return []*Fault{
		part.row("key-compressed", "The key's point is compressed: y is a sign.", why, set(labelY, true)),
		part.row("key-es384-compressed", "The ES384 key's point is compressed: y is a sign.", why, other(virtual.ES384),
			set(labelY, true), told(virtual.ES384)).needs(OffersES384),
		part.row("key-es512-compressed", "The ES512 key's point is compressed: y is a sign.", why, other(virtual.ES512),
			set(labelY, true), told(virtual.ES512)).needs(OffersES512),
		part.row("key-eddsa-short", "The Ed25519 key lacks its last byte.", why, other(virtual.EdDSA),
			coordinate(labelX, func(b []byte) []byte { return b[:31] }), told(virtual.EdDSA)).needs(OffersEdDSA),
		part.row("key-eddsa-missing", "The Ed25519 key has no x.", why, other(virtual.EdDSA), unset(labelX),
			told(virtual.EdDSA)).needs(OffersEdDSA),
		part.row("key-x-short", "The key's x lacks its last byte.", why,
			coordinate(labelX, func(b []byte) []byte { return b[:31] })),
		part.row("key-x-long", "The key's x has a zero byte in front.", why,
			coordinate(labelX, func(b []byte) []byte { return append([]byte{0}, b...) })),
		part.row("key-x-empty", "The key's x is empty.", why,
			coordinate(labelX, func([]byte) []byte { return []byte{} })),
		part.row("key-x-missing", "The key has no x.", why, unset(labelX)),
		part.row("key-x-text", "The key's x is a text.", why, set(labelX, "x")),
		part.row("key-y-long", "The key's y has a zero byte in front.", why,
			coordinate(labelY, func(b []byte) []byte { return append([]byte{0}, b...) })),
		part.row("key-y-missing", "The key has no y.", why, unset(labelY)),
		part.row("key-y-null", "The key's y is null.", why, set(labelY, nil)),
		point.row("key-off-curve", "The point is not on the curve: y has one wrong bit.", off,
			coordinate(labelY, func(b []byte) []byte { b[31] ^= 1; return b })),
		point.row("key-origin", "The point is (0, 0).", off, set(labelX, make([]byte, 32)),
			set(labelY, make([]byte, 32))),
		point.row("key-x-beyond", "The key's x is greater than the field's prime.", off,
			coordinate(labelX, func([]byte) []byte { return slices.Repeat([]byte{0xff}, 32) })),
		point.row("key-x-prime", "The key's x is the field's prime itself.", off,
			set(labelX, elliptic.P256().Params().P.Bytes())),
	}
}

func rsaFaults() []*Fault {
	t := rowDefaults{Registration, createRS256, CheckKeyRSA}
	why := "A short modulus can be factored, and with a bad exponent a signature is no secret at all."
	parts := func(how func(s *harness) (n, e []byte)) edit { return rsaKey(virtual.RS256, how) }
	exponent := func(e ...byte) edit {
		return parts(func(s *harness) ([]byte, []byte) { return s.modulus(2048), e })
	}
	rows := []*Fault{
		t.row("key-rsa-1024", "The RSA modulus has 1024 bits.", why,
			rsa(virtual.RS256, 1024,
				65537)).of(Reject).cites("RFC 8812 §2: As described in Section 3.3 of [RFC7518], a key of size 2048 bits or larger MUST be used with these algorithms."),
		t.row("key-rsa-512", "The RSA modulus has 512 bits.", why,
			rsa(virtual.RS256, 512,
				65537)).of(Reject).cites("RFC 8812 §2: As described in Section 3.3 of [RFC7518], a key of size 2048 bits or larger MUST be used with these algorithms."),
		t.row("key-rsa-8192", "The RSA modulus has 8192 bits.",
			"Verifying with a huge key costs the relying party far more than it costs the sender.",
			rsa(virtual.RS256, 8192, 65537)),
		t.row("key-rsa-exponent-one", "The RSA exponent is 1.", why, exponent(1)),
		t.row("key-rsa-exponent-even", "The RSA exponent is even.", why, exponent(4)),
		t.row("key-rsa-exponent-zero", "The RSA exponent is zero.", why, exponent(0)),
		t.row("key-rsa-exponent-missing", "The RSA key has no exponent.", why,
			keyBytes(func(s *harness, _ []byte) []byte {
				return s.encode(coseKey{labelKty: 3, labelAlg: int64(virtual.RS256), labelN: s.modulus(2048)})
			})).of(Reject).cites("RFC 8230 §4: For public keys, the fields n and e MUST be present."),
		t.row("key-rsa-modulus-missing", "The RSA key has no modulus.", why,
			keyBytes(func(s *harness, _ []byte) []byte {
				return s.encode(coseKey{labelKty: 3, labelAlg: int64(virtual.RS256), labelE: []byte{1, 0, 1}})
			})).of(Reject).cites("RFC 8230 §4: For public keys, the fields n and e MUST be present."),
		t.row("key-rsa-modulus-empty", "The RSA modulus is empty.", why,
			parts(func(*harness) (n, e []byte) {
				return []byte{},
					[]byte{1, 0, 1}
			})).of(Reject).cites("RFC 8230 §4: For public keys, the fields n and e MUST be present."),
	}
	for _, f := range rows {
		f.edits = append(f.edits, told(virtual.RS256))
	}
	return rows
}
