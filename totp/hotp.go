package totp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// successorWait is how long the successor of a code far ahead is waited for.
const successorWait = 5 * time.Minute

// A Counter serves auth.HOTP: codes by count, of hardware tokens and of the
// touch codes that a key's own program stores.
type Counter struct {
	Rand   io.Reader // of new secrets; crypto/rand
	config Config
}

// NewHOTP returns the factor of counted codes. The error says what is wrong
// with c.
func NewHOTP(c Config) (*Counter, error) {
	c, err := c.complete()
	return &Counter{Rand: rand.Reader, config: c}, err
}

// count is the Data of a token: see the package's drawing.
type count struct {
	Secret    string    `json:"s"` // base32, unpadded
	Algorithm Algorithm `json:"a"`
	Digits    int       `json:"d"`
	Next      uint64    `json:"c"`
	Far       uint64    `json:"r,omitempty"`
	Until     time.Time `json:"u,omitzero"`
}

// check says what is wrong with a stored count.
func (k count) check() error {
	if k.Next > maxCounter || k.Far > 2*maxCounter {
		return errors.New("the counter is too high")
	}
	return stored(k.Secret, k.Algorithm, k.Digits)
}

// Kind returns auth.HOTP.
func (f *Counter) Kind() auth.Kind { return auth.HOTP }

// BeginBind makes a secret of 160 bits, or takes that of Input.Token. Prompt is
// {"secret" (base32 without padding), "uri", "account", "issuer", "digits",
// "counter"}; for an imported token {"serial","digits"}, for its secret is
// nobody's to see. Refuses NoSuchMethod for a serial number without a token.
func (f *Counter) BeginBind(c *auth.Ceremony, s auth.Subject) error {
	var in Input
	if len(c.Input) > 0 {
		if err := json.Unmarshal(c.Input, &in); err != nil {
			return errors.New("reading the input of a binding: not an Input")
		}
	}
	k := Key{Kind: auth.HOTP, Issuer: label(s.Site), Account: label(s.Name), Algorithm: f.config.Algorithm,
		Digits: f.config.Digits}
	if t := in.Token; t != nil {
		if err := t.Validate(); err != nil {
			return err
		}
		if in.Serial != t.Serial {
			return errors.New("reading the input of a binding: the token is another one")
		}
		k.Secret = t.Secret
		k.Counter = t.Counter
		k.Digits = t.Digits
		k.Algorithm = t.Algorithm
		return begin(c, k, prompt{Serial: t.Serial, Digits: t.Digits})
	}
	if in.Serial != "" {
		return auth.RefuseField(auth.NoSuchMethod, "serial")
	}
	secret, err := generate(f.Rand)
	if err != nil {
		return err
	}
	k.Secret = secret
	return begin(c, k, prompt{
		Secret: b32().EncodeToString(secret), URI: k.URI(), Account: k.Account, Issuer: k.Issuer,
		Digits: k.Digits, Counter: &k.Counter,
	})
}

// FinishBind takes an auth.CodeResponse with a code of the new token. Refuses
// CodeMalformed and CodeWrong. The code cannot be used again.
func (f *Counter) FinishBind(c *auth.Ceremony, response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	k, err := begun(c, auth.HOTP)
	if err != nil {
		return nil, err
	}
	digits, err := typed(response)
	if err != nil {
		return nil, err
	}
	if len(digits) != k.Digits {
		return nil, auth.RefuseField(auth.CodeMalformed, "code")
	}
	n := count{Secret: b32().EncodeToString(k.Secret), Algorithm: k.Algorithm, Digits: k.Digits, Next: k.Counter}
	at, found, err := n.search(digits, n.Next, uint64(f.config.LookAhead))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, auth.RefuseField(auth.CodeWrong, "code")
	}
	n.Next = at + 1
	return bound(auth.HOTP, n)
}

// BeginVerify asks for a code. There is nothing to remember and, with or
// without authenticators, nothing to show: Prompt is {}.
func (f *Counter) BeginVerify(c *auth.Ceremony, list []*auth.Authenticator) error {
	c.State, c.Prompt = nil, json.RawMessage(`{}`)
	return nil
}

// FinishVerify takes an auth.CodeResponse and returns the authenticator whose
// code it is, with its counter raised. Refuses CodeMalformed, CodeUsed for one
// of the codes just behind the counter and for every code of a token that was
// bound before a backup was restored, and CodeWrong: then, if the code lies
// far ahead, beside the authenticator that remembers it.
func (f *Counter) FinishVerify(c *auth.Ceremony, list []*auth.Authenticator,
	response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	if len(c.State) != 0 {
		return nil, errors.New("the ceremony is not a verification by a token")
	}
	digits, err := typed(response)
	if err != nil {
		return nil, err
	}
	bound := len(list)
	// whose counter went back, how far is not known
	list = slices.DeleteFunc(slices.Clone(list), func(a *auth.Authenticator) bool {
		return !c.Restored.IsZero() && !a.BoundAt.After(c.Restored)
	})
	if bound > 0 && len(list) == 0 {
		return nil, auth.RefuseField(auth.CodeUsed, "code")
	}
	counts, err := readAll[count](list)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(counts, func(n count) bool { return n.Digits == len(digits) }) &&
		f.config.Digits != len(digits) {
		return nil, auth.RefuseField(auth.CodeMalformed, "code")
	}
	if len(counts) == 0 {
		// As much work as for a token: time shall not tell who has one.
		n := count{Secret: nobody, Algorithm: f.config.Algorithm, Digits: f.config.Digits}
		if _, _, err := f.match(n, digits, c.Now); err != nil {
			return nil, err
		}
		return nil, auth.RefuseField(auth.CodeWrong, "code")
	}
	return f.judge(c.Now, list, counts, digits)
}

// judge compares the digits with every token.
func (f *Counter) judge(now time.Time, list []*auth.Authenticator, counts []count,
	digits string) (*auth.Authenticator, error) {
	var far *auth.Authenticator
	refusal := auth.CodeWrong
	for i, n := range counts {
		after, verdict, err := f.match(n, digits, now)
		if err != nil {
			return nil, err
		}
		if verdict == "" {
			return changed(list[i], after)
		}
		if verdict == auth.CodeUsed {
			refusal = verdict
		}
		if after != n && far == nil {
			if far, err = changed(list[i], after); err != nil {
				return nil, err
			}
		}
	}
	return far, auth.RefuseField(refusal, "code")
}

// match compares the digits with one token. verdict is "" if they may be
// accepted, else the refusal; after is what is to be remembered.
func (f *Counter) match(n count, digits string, now time.Time) (after count, verdict auth.Code, err error) {
	ahead, resync := uint64(f.config.LookAhead), uint64(max(f.config.Resync, f.config.LookAhead))
	accept := func(at uint64) (count, auth.Code, error) {
		n.Next = at + 1
		n.Far = 0
		n.Until = time.Time{}
		return n, "", nil
	}
	at, found, err := n.search(digits, n.Next, ahead)
	if err != nil {
		return n, "", err
	}
	if found {
		return accept(at)
	}
	// The successor must lie ahead: a counter that moved on in the meantime
	// must not be led back.
	if n.Far >= n.Next && now.Before(n.Until) {
		if at, found, err = n.search(digits, n.Far+1, 1); err != nil {
			return n, "", err
		}
		if found {
			return accept(at)
		}
	}
	behind := min(n.Next, ahead)
	if _, found, err = n.search(digits, n.Next-behind, behind); err != nil {
		return n, "", err
	}
	if found {
		return n, auth.CodeUsed, nil
	}
	if at, found, err = n.search(digits, n.Next+ahead, resync-ahead); err != nil {
		return n, "", err
	}
	if found {
		n.Far, n.Until = at, now.Add(successorWait).UTC()
	}
	return n, auth.CodeWrong, nil
}

// search returns the first of some counters whose code the digits are. It
// looks at every counter, in constant time each.
func (k count) search(digits string, from, many uint64) (at uint64, found bool, err error) {
	for i := many; i > 0; i-- {
		c := from + i - 1
		want, err := code(k.Secret, k.Algorithm, k.Digits, c)
		if err != nil {
			return 0, false, fmt.Errorf("comparing a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(digits)) == 1 {
			at, found = c, true
		}
	}
	return at, found, nil
}
