package virtual

import (
	"context"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
)

// A Platform is the other end of the cable: the part of a browser or an operating system that speaks CTAP2. It keeps
// nothing. With Send set to Authenticator.Command it talks to an authenticator beside it, with a transport's call to
// one elsewhere.
type Platform struct {
	Send     func(ctx context.Context, request []byte) []byte
	Protocol int       // the PIN/UV auth protocol; 0: the first the authenticator names
	Rand     io.Reader // of key agreement; nil: the operating system's
}

func (p *Platform) rand() io.Reader {
	if p.Rand == nil {
		return rand.Reader
	}
	return p.Rand
}

// Call sends one command with its parameters, nil for none, and returns the members of the response, nil when it has
// none. What the authenticator refuses is a Status.
func (p *Platform) Call(ctx context.Context, code byte, params map[int]any) (map[int]any, error) {
	request := []byte{code}
	if params != nil {
		body, err := encode(params)
		if err != nil {
			return nil, err
		}
		request = append(request, body...)
	}
	response := p.Send(ctx, request)
	switch {
	case len(response) == 0:
		return nil, fmt.Errorf("sending command 0x%02x: an empty response", code)
	case response[0] != 0:
		return nil, Status(response[0])
	case len(response) == 1:
		return nil, nil
	}
	var out map[int]any
	if err := cbor.Unmarshal(response[1:], &out); err != nil {
		return nil, fmt.Errorf("reading the response to command 0x%02x: %w", code, err)
	}
	return out, nil
}

// A Secret is a key shared with an authenticator, and the platform's half of what made it.
type Secret struct {
	Key map[int]any // COSE_Key to send as keyAgreement
	*shared
	rand io.Reader
}

// Agree makes a shared secret (authenticatorClientPIN, getKeyAgreement).
func (p *Platform) Agree(ctx context.Context) (*Secret, error) {
	protocol, err := p.protocol(ctx)
	if err != nil {
		return nil, err
	}
	out, err := p.Call(ctx, CommandClientPIN, map[int]any{1: protocol, 2: 2})
	if err != nil {
		return nil, err
	}
	members, _ := out[1].(map[any]any)
	peer, err := readAgreementKey(&reader{members: members, failed: new(error)})
	if err != nil {
		return nil, fmt.Errorf("reading the authenticator's key agreement key: %w", err)
	}
	key, err := generateECDSA(elliptic.P256(), p.rand())
	if err != nil {
		return nil, err
	}
	own, err := key.ECDH()
	if err != nil {
		return nil, fmt.Errorf("drawing a key agreement key: %w", err)
	}
	s, err := agree(protocol, own, peer)
	if err != nil {
		return nil, err
	}
	return &Secret{agreementKey(own.PublicKey()), s, p.rand()}, nil
}

// protocol is the one set, or the first that getInfo names.
func (p *Platform) protocol(ctx context.Context) (int, error) {
	if p.Protocol != 0 {
		return p.Protocol, nil
	}
	info, err := p.Call(ctx, CommandGetInfo, nil)
	if err != nil {
		return 0, err
	}
	list, _ := info[6].([]any)
	for _, v := range list {
		if n, ok := v.(uint64); ok && (n == 1 || n == 2) {
			return int(n), nil
		}
	}
	return 0, fmt.Errorf("choosing a PIN protocol: the authenticator has none that is known")
}

// Encrypt encrypts whole blocks of 16 bytes for the authenticator.
func (s *Secret) Encrypt(plain []byte) ([]byte, error) {
	iv := make([]byte, 16)
	if _, err := io.ReadFull(s.rand, iv); err != nil {
		return nil, fmt.Errorf("drawing an initialisation vector: %w", err)
	}
	return s.encrypt(plain, iv)
}

// Decrypt decrypts what the authenticator encrypted.
func (s *Secret) Decrypt(sealed []byte) ([]byte, error) {
	plain, ok := s.decrypt(sealed)
	if !ok {
		return nil, fmt.Errorf("decrypting %d bytes: not a length of whole blocks", len(sealed))
	}
	return plain, nil
}

// Authenticate is the pinUvAuthParam of a message under the shared secret.
func (s *Secret) Authenticate(message []byte) []byte { return s.authenticate(message) }

// SetPIN gives the authenticator its first PIN.
func (p *Platform) SetPIN(ctx context.Context, pin string) error {
	s, err := p.Agree(ctx)
	if err != nil {
		return err
	}
	sealed, err := s.Encrypt(padPIN(pin))
	if err != nil {
		return err
	}
	_, err = p.Call(ctx, CommandClientPIN, map[int]any{
		1: s.protocol, 2: 3, 3: s.Key, 4: s.Authenticate(sealed), 5: sealed,
	})
	return err
}

// ChangePIN replaces the PIN.
func (p *Platform) ChangePIN(ctx context.Context, old, pin string) error {
	s, err := p.Agree(ctx)
	if err != nil {
		return err
	}
	sealed, err := s.Encrypt(padPIN(pin))
	if err != nil {
		return err
	}
	hash, err := s.Encrypt(pinHash([]byte(old)))
	if err != nil {
		return err
	}
	_, err = p.Call(ctx, CommandClientPIN, map[int]any{
		1: s.protocol, 2: 4, 3: s.Key, 4: s.Authenticate(join(sealed, hash)), 5: sealed, 6: hash,
	})
	return err
}

// padPIN puts zeros behind a PIN up to 64 bytes, or to the next whole block for one that is too long anyway.
func padPIN(pin string) []byte {
	return append([]byte(pin), make([]byte, max(64, (len(pin)+15)/16*16)-len(pin))...)
}

// A Token is a pinUvAuthToken and the protocol it belongs to.
type Token struct {
	Protocol int
	value    []byte
}

// Authenticate is the pinUvAuthParam of a message.
func (t *Token) Authenticate(message []byte) []byte {
	return authenticate(t.Protocol, t.value, message)
}

// PINToken trades the PIN for a token with these permissions, bound to rpID if that is not empty. Without permissions
// it asks as CTAP 2.0 does.
func (p *Platform) PINToken(ctx context.Context, pin string, permissions int, rpID string) (*Token, error) {
	s, err := p.Agree(ctx)
	if err != nil {
		return nil, err
	}
	hash, err := s.Encrypt(pinHash([]byte(pin)))
	if err != nil {
		return nil, err
	}
	params := map[int]any{1: s.protocol, 2: 5, 3: s.Key, 6: hash}
	if permissions != 0 {
		params[2], params[9] = 9, permissions
		if rpID != "" {
			params[10] = rpID
		}
	}
	return p.token(ctx, s, params)
}

// UVToken trades built-in verification for a token with these permissions.
func (p *Platform) UVToken(ctx context.Context, permissions int, rpID string) (*Token, error) {
	s, err := p.Agree(ctx)
	if err != nil {
		return nil, err
	}
	params := map[int]any{1: s.protocol, 2: 6, 3: s.Key, 9: permissions}
	if rpID != "" {
		params[10] = rpID
	}
	return p.token(ctx, s, params)
}

func (p *Platform) token(ctx context.Context, s *Secret, params map[int]any) (*Token, error) {
	out, err := p.Call(ctx, CommandClientPIN, params)
	if err != nil {
		return nil, err
	}
	sealed, _ := out[2].([]byte)
	value, err := s.Decrypt(sealed)
	if err != nil {
		return nil, err
	}
	return &Token{s.protocol, value}, nil
}

// Retries returns how many wrong PINs are left, and whether the power must be cycled before the next.
func (p *Platform) Retries(ctx context.Context) (int, bool, error) {
	out, err := p.Call(ctx, CommandClientPIN, map[int]any{2: 1})
	if err != nil {
		return 0, false, err
	}
	n, _ := out[3].(uint64)
	cycle, _ := out[4].(bool)
	return int(n), cycle, nil
}
