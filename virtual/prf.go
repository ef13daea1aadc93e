package virtual

import (
	"context"
	"crypto/sha256"
)

// prfSalt is what a value of the prf extension becomes for hmac-secret: a page must not be able to ask for the salts
// that the operating system uses (Level 3 §10.1.4).
func prfSalt(value []byte) []byte {
	sum := sha256.Sum256(join([]byte("WebAuthn PRF\x00"), value))
	return sum[:]
}

// hmacInput encrypts the salts of prf values for an authenticator.
func hmacInput(ctx context.Context, a *Authenticator, values *prfValues) (*Secret, *HMACInput, error) {
	secret, err := a.browser().Agree(ctx)
	if err != nil {
		return nil, nil, err
	}
	salts := prfSalt(*values.First)
	if values.Second != nil {
		salts = append(salts, prfSalt(*values.Second)...)
	}
	in, err := secret.HMACInput(salts)
	return secret, in, err
}

// HMACInput encrypts one or two salts of 32 bytes as the input of hmac-secret.
func (s *Secret) HMACInput(salts []byte) (*HMACInput, error) {
	sealed, err := s.Encrypt(salts)
	if err != nil {
		return nil, err
	}
	return &HMACInput{KeyAgreement: s.Key, SaltEnc: sealed, SaltAuth: s.Authenticate(sealed), Protocol: s.protocol}, nil
}

// openPRF decrypts the output of hmac-secret, if there is one, into the results member of the prf extension.
func openPRF(into map[string]any, output any, secret *Secret) error {
	sealed, ok := output.([]byte)
	if !ok || secret == nil {
		return nil
	}
	plain, err := secret.Decrypt(sealed)
	if err != nil {
		return err
	}
	results := map[string]any{"first": Bytes(plain[:32])}
	if len(plain) == 64 {
		results["second"] = Bytes(plain[32:])
	}
	into["results"] = results
	return nil
}
