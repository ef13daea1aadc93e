package virtual

import "crypto/ecdh"

// What the published vectors of the prf extension look into.

// SecretOf agrees with a fixed key instead of one drawn.
func SecretOf(protocol int, private, x, y []byte) (*Secret, error) {
	own, err := ecdh.P256().NewPrivateKey(private)
	if err != nil {
		return nil, err
	}
	peer, err := ecdh.P256().NewPublicKey(join([]byte{4}, x, y))
	if err != nil {
		return nil, err
	}
	s, err := agree(protocol, own, peer)
	return &Secret{shared: s}, err
}

// KeysOf returns the shared secret as the specification writes it.
func KeysOf(s *Secret) []byte {
	if s.protocol == 1 {
		return s.mac
	}
	return join(s.mac, s.aead)
}

// PRFSalt, Evaluate and EncryptWith show what is in use.
func PRFSalt(value []byte) []byte                             { return prfSalt(value) }
func Evaluate(credRandom, salt []byte) []byte                 { return evaluate(credRandom, salt) }
func EncryptWith(s *Secret, plain, iv []byte) ([]byte, error) { return s.encrypt(plain, iv) }
