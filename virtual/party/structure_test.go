package party

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// TestReadJSON compares with encoding/json what is JSON at all, and looks at what that package hides.
func TestReadJSON(t *testing.T) {
	for _, c := range []struct {
		text, duplicate string
		whole           bool
	}{
		{`{}`, "", true},
		{` {"a":[1,{"b":null}],"c":"d"} `, "", true},
		{`{"a":1}{`, "", false},
		{`{"a":1,"a":2}`, "a", true},
		{`{"a":[{"b":1,"c":2,"b":3}]}`, "b", true},
		{`{"a":1,"\u0061":2}`, "a", true},
		{`{"a":1,"A":2}`, "", true},
		{`[1,]`, "", true},
		{`{"a":1,}`, "", true},
		{`{"a"}`, "", true},
		{`{1:2}`, "", true},
		{`{"a":"`, "", true},
		{`{"a":[1}`, "", true},
		{``, "", true},
		{"{\"a\":\"\x01\"}", "", true},
	} {
		d, err := readJSON([]byte(c.text))
		if valid := json.Valid([]byte(c.text)); valid != (err == nil && d.whole) {
			t.Errorf("%q: got %v, %t, want valid %t", c.text, err, d.whole, valid)
		}
		if err == nil && (d.whole != c.whole || d.duplicate != c.duplicate) {
			t.Errorf("%q: got whole %t, duplicate %q, want %t, %q", c.text, d.whole, d.duplicate, c.whole, c.duplicate)
		}
	}
	deep := slices.Concat(slices.Repeat([]byte("["), 100000), slices.Repeat([]byte("]"), 100000))
	if _, err := readJSON(deep); err == nil {
		t.Error("nested 100000 times: got no error")
	}
}

func TestDecodeBase64URL(t *testing.T) {
	for _, c := range []struct {
		in, out    string
		strict, ok bool
	}{
		{"", "", true, true}, {"AQ", "\x01", true, true}, {"_-8", "\xff\xef", true, true},
		{"AQ==", "\x01", false, true}, {"/+8", "\xff\xef", false, true}, {"AR", "\x01", false, true},
		{"A\nQ", "\x01", false, true}, {" AQ ", "\x01", false, true}, {"A", "", false, false}, {"A!", "", false, false},
	} {
		out, strict, ok := decodeBase64URL(c.in)
		if strict != c.strict || ok != c.ok || ok && string(out) != c.out {
			t.Errorf("%q: got %q, %t, %t, want %q, %t, %t", c.in, out, strict, ok, c.out, c.strict, c.ok)
		}
	}
}

// TestPointsOfEd25519 accepts public keys, and about half of all other strings: every second y has an x.
func TestPointsOfEd25519(t *testing.T) {
	points := 0
	for i := range 400 {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		if !onEdwards(ed25519.NewKeyFromSeed(sum[:])[32:]) {
			t.Fatalf("a public key is not on the curve: seed %x", sum)
		}
		sum[31] &= 0x3f // below the prime
		if onEdwards(sum[:]) {
			points++
		}
	}
	if points < 150 || points > 250 {
		t.Errorf("got %d of 400 strings on the curve, want about 200", points)
	}
	one := append([]byte{1}, make([]byte, 31)...)
	negative := slices.Clone(one)
	negative[31] = 0x80
	beyond := slices.Repeat([]byte{0xff}, 32)
	beyond[31] = 0x7f
	for name, c := range map[string]struct {
		point []byte
		want  bool
	}{"y = 1": {one, true}, "y = 1, x negative": {negative, false}, "y above the prime": {beyond, false}} {
		if got := onEdwards(c.point); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

// TestOnCurve compares with the standard library, which decides by other code.
func TestOnCurve(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		size := (len(point) - 1) / 2
		for _, change := range []int{-1, 0, size - 1, size, 2*size - 1} {
			p := slices.Clone(point[1:])
			if change >= 0 {
				p[change] ^= 1
			}
			_, err := ecdsa.ParseUncompressedPublicKey(curve, append([]byte{4}, p...))
			if got := onCurve(curve, p[:size], p[size:]); got != (err == nil) {
				t.Errorf("%s, byte %d changed: got %t, the library says %v", curve.Params().Name, change, got, err)
			}
		}
	}
}

// A chainMaker makes certificates for TestChains.
type chainMaker struct {
	t *testing.T
	n int64
}

func (m *chainMaker) issue(name string, parent *x509.Certificate, by crypto.Signer,
	change func(*x509.Certificate)) (*x509.Certificate, crypto.Signer) {
	m.t.Helper()
	m.n++
	seed := sha256.Sum256([]byte(name))
	key := ed25519.NewKeyFromSeed(seed[:])
	c := &x509.Certificate{
		SerialNumber: big.NewInt(m.n), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		MaxPathLen: -1,
		NotBefore:  time.Unix(0, 0), NotAfter: time.Unix(4e9, 0),
	}
	if change != nil {
		change(c)
	}
	if parent == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		m.t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		m.t.Fatal(err)
	}
	return out, key
}

// TestChains leads a leaf to a root over a CA, and does not where one link is wrong.
func TestChains(t *testing.T) {
	m := &chainMaker{t: t}
	ca := func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }
	short := func(c *x509.Certificate) { ca(c); c.MaxPathLen, c.MaxPathLenZero = 0, true }
	critical := func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
	}
	root, rootKey := m.issue("root", nil, nil, ca)
	tight, tightKey := m.issue("tight", nil, nil, short)
	other, _ := m.issue("other", nil, nil, ca)
	between, betweenKey := m.issue("between", root, rootKey, ca)
	underTight, underTightKey := m.issue("between", tight, tightKey, ca)
	plain, plainKey := m.issue("plain", root, rootKey, nil)
	leaf, _ := m.issue("leaf", between, betweenKey, nil)
	deep, _ := m.issue("leaf", underTight, underTightKey, nil)
	flat, _ := m.issue("leaf", tight, tightKey, nil)
	forged, _ := m.issue("leaf", plain, plainKey, nil)
	odd, _ := m.issue("leaf", root, rootKey, critical)
	for name, c := range map[string]struct {
		chain []*x509.Certificate
		root  *x509.Certificate
		want  bool
	}{
		"leaf, CA":                       {[]*x509.Certificate{leaf, between}, root, true},
		"leaf, CA, root":                 {[]*x509.Certificate{leaf, between, root}, root, true},
		"the CA is left out":             {[]*x509.Certificate{leaf}, root, false},
		"out of order":                   {[]*x509.Certificate{between, leaf}, root, false},
		"another root":                   {[]*x509.Certificate{leaf, between}, other, false},
		"signed by what is no CA":        {[]*x509.Certificate{forged, plain}, root, false},
		"a path of length 0, none used":  {[]*x509.Certificate{flat}, tight, true},
		"a path of length 0, one used":   {[]*x509.Certificate{deep, underTight}, tight, false},
		"an unknown critical extension":  {[]*x509.Certificate{odd}, root, false},
		"a root behind a broken link":    {[]*x509.Certificate{forged, root}, root, false},
		"the leaf itself is the root":    {[]*x509.Certificate{leaf}, leaf, true},
		"behind the root stands another": {[]*x509.Certificate{leaf, between, root, other}, root, false},
	} {
		if got := leads(c.chain, []*x509.Certificate{c.root}); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

// TestPubArea reads what TPMs write, and nothing that is cut or of another kind.
func TestPubArea(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	u16 := func(list ...uint16) (out []byte) {
		for _, n := range list {
			out = binary.BigEndian.AppendUint16(out, n)
		}
		return out
	}
	head := func(kind uint16) []byte {
		return slices.Concat(u16(kind, 0x000b), make([]byte, 4), u16(2), []byte{1, 2})
	}
	modulus := slices.Concat(u16(256), key.N.Bytes())
	plain := slices.Concat(head(tpmRSA), u16(tpmNull, tpmNull, 2048), make([]byte, 4), modulus)
	for name, raw := range map[string][]byte{
		"no schemes":     plain,
		"AES and RSASSA": slices.Concat(head(tpmRSA), u16(6, 128, 0x43, 0x14, 0x0b, 2048), []byte{0, 1, 0, 1}, modulus),
	} {
		p, err := readPubArea(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !sameKey(p.public, &key.PublicKey) {
			t.Errorf("%s: got another key", name)
		}
	}
	for n := range plain {
		if _, err := readPubArea(plain[:n]); err == nil {
			t.Errorf("cut after %d bytes: got no error", n)
		}
	}
	size := func(x, y int) []byte {
		return slices.Concat(u16(uint16(x)), make([]byte, x), u16(uint16(y)), make([]byte, y))
	}
	for name, raw := range map[string][]byte{
		"a byte behind":    append(slices.Clone(plain), 0),
		"a hash":           head(8),
		"an unknown curve": slices.Concat(head(tpmECC), u16(tpmNull, tpmECDAA, 1, 2, 9, tpmNull), size(32, 32)),
		"off the curve":    slices.Concat(head(tpmECC), u16(tpmNull, 0x18, 0x0b, 3, tpmNull), size(32, 32)),
		"long coordinates": slices.Concat(head(tpmECC), u16(tpmNull, 0x18, 0x0b, 3, tpmNull), size(33, 32)),
	} {
		if _, err := readPubArea(raw); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if p := (&pubArea{nameAlg: 4}); p.name() != nil {
		t.Error("a name by SHA-1: got one, want none")
	}
}

// TestKeyDescription refuses what is not one, and finds values in either list.
func TestKeyDescription(t *testing.T) {
	type entry struct {
		tag   int
		value any
	}
	list := func(entries ...entry) asn1.RawValue {
		body := []byte{}
		for _, e := range entries {
			inner, err := asn1.Marshal(e.value)
			if err != nil {
				t.Fatal(err)
			}
			out, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: e.tag, IsCompound: true,
				Bytes: inner})
			if err != nil {
				t.Fatal(err)
			}
			body = append(body, out...)
		}
		return asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: body}
	}
	describe := func(challenge any, lists ...asn1.RawValue) []byte {
		parts := []any{3, asn1.Enumerated(1), 4, asn1.Enumerated(1), challenge, []byte{}}
		for _, l := range lists {
			parts = append(parts, l)
		}
		body := []byte{}
		for _, p := range parts {
			out, err := asn1.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			body = append(body, out...)
		}
		out, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: body})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	challenge := []byte("challenge")
	set := asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: []byte{2, 1, 2}}
	d, err := readKeyDescription(describe(challenge, list(entry{androidPurpose, set}),
		list(entry{androidOrigin, 0}, entry{androidApplications, asn1.NullRawValue})))
	if err != nil {
		t.Fatal(err)
	}
	if string(d.challenge) != "challenge" || !d.applications || !slices.Equal(d.origin, []int{0}) ||
		!slices.Equal(d.purpose, []int{2}) {
		t.Errorf("got %+v", d)
	}
	for name, der := range map[string][]byte{
		"empty":                   {},
		"a number":                {2, 1, 5},
		"one list":                describe(challenge, list()),
		"a challenge of a number": describe(5, list(), list()),
		"a list that is a number": describe(challenge, asn1.RawValue{Tag: asn1.TagInteger, Bytes: []byte{1}}, list()),
		"an entry without a tag": describe(challenge, asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true,
			Bytes: []byte{2, 1, 5}}, list()),
		"an origin of text": describe(challenge, list(entry{androidOrigin, "x"}), list()),
		"something behind":  append(describe(challenge, list(), list()), 0),
	} {
		if _, err := readKeyDescription(der); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// TestSignatureAlgorithms finds for every kind of key its usual algorithm, and none for what WebAuthn does not use.
func TestSignatureAlgorithms(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key  crypto.PublicKey
		want int64
	}{
		{&ecdsa.PublicKey{Curve: elliptic.P256()}, -7}, {&ecdsa.PublicKey{Curve: elliptic.P384()}, -35},
		{&ecdsa.PublicKey{Curve: elliptic.P521()}, -36}, {ed25519.PublicKey{}, -8},
		{&rsa.PublicKey{N: big.NewInt(15)}, -257},
		{&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8192)}, 0},
		{&p224.PublicKey, 0}, {"no key", 0},
	} {
		var got int64
		if a := naturalFor(c.key); a != nil {
			got = a.id
		}
		if got != c.want {
			t.Errorf("%T: got %d, want %d", c.key, got, c.want)
		}
	}
	if algorithmOf(-7).verifies("no key", nil, nil) {
		t.Error("a signature by what is no key verifies")
	}
}

// TestVerdictKeepsTheFirst shows that the text of a broken check is the first that was given.
func TestVerdictKeepsTheFirst(t *testing.T) {
	v := verdict{}
	v.must(fault.CheckGetType, true, "nothing")
	v.must(fault.CheckGetType, false, "first")
	v.must(fault.CheckGetType, false, "second")
	if len(v) != 1 || v[fault.CheckGetType] != "first" {
		t.Errorf("got %v, want the first text", v)
	}
}
