package virtual

import (
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// apple is Level 3 §8.8: a certificate of the new key, with the hash of what it vouches for as a nonce in an extension.
// Nothing is signed but the certificate.
func (a *Attester) apple(s *subject) (map[string]any, error) {
	sum := sha256.Sum256(a.message(s))
	value, err := asn1.Marshal(struct {
		Nonce []byte `asn1:"explicit,tag:1"`
	}{changed(a.Nonce, sum[:])})
	if err != nil {
		return nil, fmt.Errorf("encoding a nonce: %w", err)
	}
	id := asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}
	x5c, _, err := a.certify(AttestApple, s.key, LeafOptions{extensions: []pkix.Extension{{Id: id, Value: value}}})
	return map[string]any{"x5c": x5c}, err
}
