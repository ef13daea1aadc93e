package totp_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/auth/factortest"
	"github.com/latchkey-auth/latchkey/totp"
)

// seeded returns randomness that is the same in every run.
func seeded(n byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{n}) }

// oath computes a code after RFC 4226 §5.3, apart from the code under test.
func oath(secret []byte, a totp.Algorithm, digits int, counter uint64) string {
	h := map[totp.Algorithm]func() hash.Hash{totp.SHA1: sha1.New, totp.SHA256: sha256.New, totp.SHA512: sha512.New}[a]
	m := hmac.New(h, secret)
	_ = binary.Write(m, binary.BigEndian, counter)
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", digits, n%uint32(math.Pow10(digits)))
}

func reply(code string) json.RawMessage {
	text, err := json.Marshal(auth.CodeResponse{Code: code})
	if err != nil {
		panic(err)
	}
	return text
}

// device plays an app, a token or a key that types touch codes.
type device struct {
	secret []byte
	next   uint64 // of a token
}

// learn reads the secret from a binding's prompt.
func (d *device) learn(c *auth.Ceremony) error {
	var p struct{ Secret string }
	if err := json.Unmarshal(c.Prompt, &p); err != nil {
		return err
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(p.Secret)
	d.secret = secret
	return err
}

// now is the counter of the code that the device shows.
func (d *device) now(c *auth.Ceremony) uint64 {
	if c.Kind == auth.TOTP {
		return uint64(c.Now.Unix() / 30)
	}
	d.next++
	return d.next - 1
}

func (d *device) Bind(c *auth.Ceremony) (json.RawMessage, error) {
	if err := d.learn(c); err != nil {
		return nil, err
	}
	if c.Kind == auth.HOTP {
		return pair(d.show(), d.show()), nil
	}
	return d.Answer(c)
}

// show is the next code of a token.
func (d *device) show() string {
	d.next++
	return oath(d.secret, totp.SHA1, 6, d.next-1)
}

func pair(code, second string) json.RawMessage {
	text, err := json.Marshal(auth.PairResponse{Code: code, Second: second})
	if err != nil {
		panic(err)
	}
	return text
}

func (d *device) Answer(c *auth.Ceremony) (json.RawMessage, error) {
	return reply(oath(d.secret, totp.SHA1, 6, d.now(c))), nil
}

func (d *device) Wrong(c *auth.Ceremony) (json.RawMessage, error) {
	if c.Purpose == auth.ForBind {
		if err := d.learn(c); err != nil {
			return nil, err
		}
		if c.Kind == auth.HOTP {
			return pair(d.not(c), d.not(c)), nil
		}
	}
	return reply(d.not(c)), nil
}

// not returns a code that is right nowhere near.
func (d *device) not(c *auth.Ceremony) string {
	var near []string
	at := d.next
	if c.Kind == auth.TOTP {
		at = uint64(c.Now.Unix()/30) - 60
	}
	for i := range uint64(300) {
		near = append(near, oath(d.secret, totp.SHA1, 6, at+i))
	}
	for i := 0; ; i++ {
		if code := fmt.Sprintf("%06d", i); !slices.Contains(near, code) {
			return code
		}
	}
}

func app(t testing.TB, c totp.Config) *totp.Factor {
	t.Helper()
	f, err := totp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	f.Rand = seeded(1)
	return f
}

func token(t testing.TB, c totp.Config) *totp.Counter {
	t.Helper()
	f, err := totp.NewHOTP(c)
	if err != nil {
		t.Fatal(err)
	}
	f.Rand = seeded(2)
	return f
}

func suite(f func() auth.Factor) factortest.Suite {
	return factortest.Suite{
		New:       f,
		Claimant:  func(int) factortest.Claimant { return &device{} },
		Wrong:     []auth.Code{auth.CodeWrong},
		Malformed: []auth.Code{auth.CodeMalformed},
		Replayed:  []auth.Code{auth.CodeUsed},
		Secrets: func(_ *auth.Ceremony, a *auth.Authenticator) []string {
			var d struct{ S string }
			if err := json.Unmarshal(a.Data, &d); err != nil || d.S == "" {
				return nil
			}
			return []string{d.S}
		},
	}
}

func TestFactor(t *testing.T) {
	factortest.Run(t, suite(func() auth.Factor { return app(t, totp.Config{}) }))
}

func TestCounter(t *testing.T) {
	factortest.Run(t, suite(func() auth.Factor { return token(t, totp.Config{}) }))
}
