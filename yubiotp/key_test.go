package yubiotp_test

import (
	"crypto/aes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/yubiotp"
)

var noon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

// A key types codes, as its maker has described it, apart from the code under test.
type key struct {
	public          string
	private, secret []byte
	use             uint16
	session         byte
	caps            bool   // Caps Lock was on
	stamp           uint32 // 24 bits
	random          uint16
}

// touched is the code of the next touch.
func (k *key) touched() string {
	k.session++
	if k.session == 0 {
		k.use++
	}
	k.stamp = (k.stamp + 21) & 0xffffff
	k.random = k.random*25173 + 13849
	return k.code()
}

// plugged is the key after it was plugged in again.
func (k *key) plugged() *key {
	k.use++
	k.session = 255
	k.stamp *= 7919
	return k
}

// block is what the key would type now, before it is encrypted.
func (k *key) plain() []byte {
	use := k.use & 0x7fff
	if k.caps {
		use |= 0x8000
	}
	p := append([]byte{}, k.private...)
	p = append(p, byte(use), byte(use>>8), byte(k.stamp), byte(k.stamp>>8), byte(k.stamp>>16), k.session,
		byte(k.random), byte(k.random>>8))
	sum := ^iso13239(p)
	return append(p, byte(sum), byte(sum>>8))
}

func (k *key) code() string { return k.encrypted(k.plain()) }

func (k *key) encrypted(plain []byte) string {
	c, err := aes.NewCipher(k.secret)
	if err != nil {
		panic(err)
	}
	out := make([]byte, 16)
	c.Encrypt(out, plain)
	text := k.public + modhex(out)
	if k.caps {
		return strings.ToUpper(text)
	}
	return text
}

// modhex goes by way of hexadecimal, unlike the code under test.
func modhex(raw []byte) string {
	return strings.Map(func(r rune) rune {
		return rune("cbdefghijklnrtuv"[strings.IndexRune("0123456789abcdef", r)])
	}, hex.EncodeToString(raw))
}

// iso13239 divides bit by bit, unlike the code under test.
func iso13239(p []byte) uint16 {
	sum := uint16(0xffff)
	for i := range len(p) * 8 {
		bit := uint16(p[i/8]>>(i%8)) & 1
		if sum&1 != bit {
			sum = sum>>1 ^ 0x8408
		} else {
			sum >>= 1
		}
	}
	return sum
}

// seeded is randomness that is the same in every run.
func seeded(n byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{n}) }

func factor(seed byte) *yubiotp.Factor {
	f := yubiotp.New()
	f.Rand = seeded(seed)
	return f
}

// learn programs the key with what a binding shows.
func (k *key) learn(c *auth.Ceremony) error {
	var p struct{ PublicID, PrivateID, Secret string }
	if err := json.Unmarshal(c.Prompt, &p); err != nil {
		return err
	}
	if p.Secret == "" {
		return nil // it has them already
	}
	var err1, err2 error
	k.public = p.PublicID
	k.private, err1 = hex.DecodeString(p.PrivateID)
	k.secret, err2 = hex.DecodeString(p.Secret)
	*k.plugged() = *k
	return errors.Join(err1, err2)
}

func (k *key) Bind(c *auth.Ceremony) (json.RawMessage, error) {
	if err := k.learn(c); err != nil {
		return nil, err
	}
	return pair(k.touched(), k.touched()), nil
}

func (k *key) Answer(*auth.Ceremony) (json.RawMessage, error) { return reply(k.touched()), nil }

// Wrong is well formed, and of no key.
func (k *key) Wrong(c *auth.Ceremony) (json.RawMessage, error) {
	other := &key{public: k.public, private: make([]byte, 6), secret: []byte("no secret of any")}
	if c.Purpose == auth.ForBind {
		return pair(other.touched(), other.touched()), nil
	}
	return reply(other.touched()), nil
}

func reply(code string) json.RawMessage {
	text, _ := json.Marshal(auth.CodeResponse{Code: code})
	return text
}

func pair(code, second string) json.RawMessage {
	text, _ := json.Marshal(auth.PairResponse{Code: code, Second: second})
	return text
}

// begin begins a binding.
func begin(t testing.TB, f *yubiotp.Factor, in auth.BindInput) *auth.Ceremony {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	c := &auth.Ceremony{Purpose: auth.ForBind, Kind: auth.YubiOTP, Now: noon, Input: text}
	if err := f.BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
		t.Fatal(err)
	}
	return c
}

// bind binds a key that is programmed with what the factor makes.
func bind(t testing.TB, f *yubiotp.Factor) (*key, *auth.Authenticator) {
	t.Helper()
	k, c := new(key), begin(t, f, auth.BindInput{})
	response, err := k.Bind(c)
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.FinishBind(c, response)
	if err != nil {
		t.Fatal(err)
	}
	a.ID, a.Name = "a", "Till key"
	a.State, a.Rev = auth.Active, 1
	a.BoundAt = noon
	return k, a
}

// verify types a code.
func verify(f *yubiotp.Factor, code string, list ...*auth.Authenticator) (*auth.Authenticator, error) {
	c := &auth.Ceremony{Purpose: auth.ForSignIn, Kind: auth.YubiOTP, Now: noon}
	return f.FinishVerify(c, list, reply(code))
}

func codeOf(err error) auth.Code {
	if e := new(auth.Error); errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return auth.Code(err.Error())
	}
	return ""
}

func wants(t testing.TB, what string, err error, want auth.Code) {
	t.Helper()
	if got := codeOf(err); got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
