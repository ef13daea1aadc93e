package webauthn

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
)

// The BLOB of the FIDO Metadata Service 3 is a JWT: header with x5c, payload, signature. It is read in this
// order, and each step only after the one before:
//
//	size ─► three parts ─► header ─► chain to a trusted root ─► signature ─► payload, entry by entry
//
// The library's decoder is not used: it asks the signer's authorities for revocation lists over the network,
// takes a failure to reach them for an answer, and takes a certificate of anybody whom the root has ever
// certified. The root that FIDO names is a public one, so the name of the signer is looked at here.

// Why a BLOB is not taken.
var (
	ErrMetadataSize      = errors.New("too big for metadata")
	ErrMetadataForm      = errors.New("no metadata BLOB: cut, damaged, or something else")
	ErrMetadataChain     = errors.New("its certificates lead to no trusted root, are another signer's, or out of date")
	ErrMetadataSignature = errors.New("its signature is wrong")
	ErrMetadataOlder     = errors.New("older than what is in use, or another text of the same number")
)

const (
	maxBLOB    = 32 << 20 // FIDO's has about 10 MB
	maxHeader  = 64 << 10
	maxChain   = 8
	maxEntries = 20000
)

// Trust is whose metadata are believed.
type Trust struct {
	Roots  []*x509.Certificate
	Signer string // the name in the signer's certificate; "": any that a root certifies
}

// fidoRoot is the SHA-256 of the root certificate that FIDO names for its metadata, GlobalSign Root R46.
const fidoRoot = "4fa3126d8d3a11d1c4855a4f807cbad6cf919d3a5a88b03bea2c6372d93c40c9"

// FIDOTrust trusts the metadata of the FIDO Alliance. The certificate comes with the library, and counts only
// if it is the one that is pinned here: another version of the library changes nothing unseen.
func FIDOTrust() (Trust, error) {
	der, err := base64.StdEncoding.DecodeString(metadata.ProductionMDSRoot)
	if err != nil {
		return Trust{}, fmt.Errorf("reading the root of FIDO's metadata: %w", err)
	}
	if sum := sha256.Sum256(der); hex.EncodeToString(sum[:]) != fidoRoot {
		return Trust{}, errors.New("reading the root of FIDO's metadata: not the one that is pinned")
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		return Trust{}, fmt.Errorf("reading the root of FIDO's metadata: %w", err)
	}
	return Trust{Roots: []*x509.Certificate{root}, Signer: "mds.fidoalliance.org"}, nil
}

// ReadBLOB reads a BLOB from r, at most as much as one can have and one byte more.
func ReadBLOB(r io.Reader) ([]byte, error) {
	blob, err := io.ReadAll(io.LimitReader(r, maxBLOB+1))
	if err != nil {
		return nil, fmt.Errorf("reading metadata: %w", err)
	}
	if len(blob) > maxBLOB {
		return nil, ErrMetadataSize
	}
	return blob, nil
}

// ParseMetadata verifies a BLOB by what is trusted at a time, and decodes it. Entries that cannot be read are
// left out and counted.
func ParseMetadata(blob []byte, trust Trust, now time.Time) (*Metadata, error) {
	if len(blob) > maxBLOB {
		return nil, ErrMetadataSize
	}
	blob = bytes.TrimSpace(blob) // an editor may have put a line's end behind it
	dot := bytes.LastIndexByte(blob, '.')
	if dot < 0 {
		return nil, ErrMetadataForm
	}
	signed := blob[:dot]
	head, body, ok := bytes.Cut(signed, []byte{'.'})
	if !ok || len(head) > maxHeader || bytes.IndexByte(body, '.') >= 0 {
		return nil, ErrMetadataForm
	}
	signature, err := unbase(blob[dot+1:])
	if err != nil {
		return nil, err
	}
	alg, key, err := signer(head, trust, now)
	if err != nil {
		return nil, err
	}
	if !signedBy(alg, key, sha256.Sum256(signed), signature) {
		return nil, ErrMetadataSignature
	}
	payload, err := unbase(body)
	if err != nil {
		return nil, err
	}
	return readPayload(payload)
}

func unbase(text []byte) ([]byte, error) {
	out := make([]byte, base64.RawURLEncoding.DecodedLen(len(text)))
	n, err := base64.RawURLEncoding.Strict().Decode(out, text)
	if err != nil {
		return nil, ErrMetadataForm
	}
	return out[:n], nil
}

// signer reads the header, and returns the key of who has signed once his certificates lead to a trusted root.
// The address of a chain elsewhere (x5u) is not followed: what is in a BLOB decides over no request of ours.
func signer(head []byte, trust Trust, now time.Time) (alg string, key crypto.PublicKey, err error) {
	raw, err := unbase(head)
	if err != nil {
		return "", nil, err
	}
	var header struct {
		Alg  string          `json:"alg"`
		X5C  [][]byte        `json:"x5c"` // standard base64, as encoding/json wants it
		X5U  json.RawMessage `json:"x5u"`
		Crit json.RawMessage `json:"crit"` // what must be understood: nothing beyond this
	}
	if json.Unmarshal(raw, &header) != nil || header.X5U != nil || header.Crit != nil {
		return "", nil, ErrMetadataForm
	}
	if len(header.X5C) == 0 || len(header.X5C) > maxChain {
		return "", nil, ErrMetadataChain
	}
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now, DNSName: trust.Signer,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	for _, root := range trust.Roots {
		options.Roots.AddCert(root)
	}
	var leaf *x509.Certificate
	for i, der := range header.X5C {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return "", nil, ErrMetadataForm
		}
		if i == 0 {
			leaf = cert
			continue
		}
		options.Intermediates.AddCert(cert)
	}
	if _, err := leaf.Verify(options); err != nil || leaf.IsCA {
		return "", nil, ErrMetadataChain
	}
	return header.Alg, leaf.PublicKey, nil
}

// signedBy verifies a signature of the two algorithms that MDS3 names (RFC 7518 §3.3, §3.4). The key decides
// which it is: a header that says another one is not believed.
func signedBy(alg string, key crypto.PublicKey, sum [sha256.Size]byte, signature []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return alg == "RS256" && key.N.BitLen() >= 2048 &&
			rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	case *ecdsa.PublicKey:
		if alg != "ES256" || key.Curve != elliptic.P256() || len(signature) != 64 {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(key, sum[:], r, s)
	}
	return false
}

// readPayload decodes what was signed, an entry at a time, so that not all of it is in memory twice.
func readPayload(payload []byte) (*Metadata, error) {
	m := &Metadata{models: map[AAGUID]*Model{}, byKey: map[string]*Model{}}
	d := json.NewDecoder(bytes.NewReader(payload))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, ErrMetadataForm
	}
	var number *int64
	var next string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, ErrMetadataForm
		}
		switch name {
		case "no":
			err = d.Decode(&number)
		case "nextUpdate":
			err = d.Decode(&next)
		case "entries":
			err = m.readEntries(d)
		default:
			err = d.Decode(new(skipped))
		}
		if err != nil {
			return nil, ErrMetadataForm
		}
	}
	var err error
	if m.NextUpdate, err = time.Parse(time.DateOnly, next); err != nil || number == nil || *number < 0 {
		return nil, ErrMetadataForm
	}
	if t, err := d.Token(); err != nil || t != json.Delim('}') {
		return nil, ErrMetadataForm
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrMetadataForm
	}
	m.Number = *number
	return m, nil
}

// skipped takes any value and keeps none.
type skipped struct{}

func (*skipped) UnmarshalJSON([]byte) error { return nil }

func (m *Metadata) readEntries(d *json.Decoder) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return ErrMetadataForm
	}
	for n := 0; d.More(); n++ {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil || n == maxEntries {
			return ErrMetadataForm
		}
		m.add(raw)
	}
	_, err := d.Token()
	return err
}
