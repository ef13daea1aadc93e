package totp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
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

// A Counter serves auth.HOTP: the touch codes that a key's own program stores,
// by count, and hardware tokens, by count or by time.
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

// count is the Data of a touch code or of a token by count: see the package's drawing.
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

// BeginBind makes a secret of 160 bits for touch codes. Prompt is {"secret"
// (base32 without padding), "hex" (the same, as some programs of keys want it),
// "uri", "account", "issuer", "digits", "counter"}. With a serial number it
// begins the claim of a hardware token instead: nothing is looked up yet, and
// Prompt is {"serial"} whether or not there is such a token.
func (f *Counter) BeginBind(c *auth.Ceremony, s auth.Subject) error {
	var in auth.BindInput
	if len(c.Input) > 0 {
		if err := json.Unmarshal(c.Input, &in); err != nil {
			return errors.New("reading the input of a binding: not a BindInput")
		}
	}
	if in.Serial != "" {
		return beginClaim(c, in.Serial)
	}
	secret, err := generate(f.Rand)
	if err != nil {
		return err
	}
	k := Key{Kind: auth.HOTP, Issuer: label(s.Site), Account: label(s.Name), Secret: secret,
		Algorithm: f.config.Algorithm, Digits: f.config.Digits}
	return begin(c, k, prompt{
		Secret: b32().EncodeToString(secret), Hex: hex.EncodeToString(secret), URI: k.URI(), Account: k.Account,
		Issuer: k.Issuer, Digits: k.Digits, Counter: &k.Counter,
	})
}

// FinishBind takes an auth.PairResponse: two codes in a row, since one alone
// might be a guess. Refuses CodeMalformed and CodeWrong; of a claim, whatever
// is wrong with it, TokenWrong. Neither code can be used again.
func (f *Counter) FinishBind(c *auth.Ceremony, response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	if claims(c) {
		return f.finishClaim(c, response)
	}
	k, err := begun(c, auth.HOTP)
	if err != nil {
		return nil, err
	}
	pair, err := typedPair(response)
	if err != nil {
		return nil, err
	}
	if len(pair[0]) != k.Digits {
		return nil, auth.RefuseField(auth.CodeMalformed, "code")
	}
	n := count{Secret: b32().EncodeToString(k.Secret), Algorithm: k.Algorithm, Digits: k.Digits, Next: k.Counter}
	at, found, err := searchPair(n.code, pair, int64(n.Next), f.config.LookAhead)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, auth.RefuseField(auth.CodeWrong, "code")
	}
	n.Next = uint64(at) + 2
	a, err := bound(auth.HOTP, n)
	if a != nil {
		a.Traits.Flavour = auth.TouchCode
	}
	return a, err
}

// BeginVerify asks for a code. There is nothing to remember and, with or
// without authenticators, nothing to show: Prompt is {}.
func (f *Counter) BeginVerify(c *auth.Ceremony, list []*auth.Authenticator) error {
	c.State, c.Prompt = nil, json.RawMessage(`{}`)
	return nil
}

// FinishVerify takes an auth.CodeResponse and returns the authenticator whose
// code it is, moved on. Refuses CodeMalformed, CodeUsed for one of the codes
// that are over and for every code of a counter that was bound before a backup
// was restored, and CodeWrong: then, if the code lies far away, beside the
// authenticator that remembers it.
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
		return !c.Restored.IsZero() && !a.BoundAt.After(c.Restored) && !byTime(a)
	})
	if bound > 0 && len(list) == 0 {
		return nil, auth.RefuseField(auth.CodeUsed, "code")
	}
	movings, err := readMovings(list)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(movings, func(m moving) bool { return m.length() == len(digits) }) &&
		f.config.Digits != len(digits) {
		return nil, auth.RefuseField(auth.CodeMalformed, "code")
	}
	if len(movings) == 0 {
		// As much work as for a token: time shall not tell who has one.
		n := count{Secret: nobody, Algorithm: f.config.Algorithm, Digits: f.config.Digits}
		if _, _, err := f.match(n, digits, c.Now); err != nil {
			return nil, err
		}
		return nil, auth.RefuseField(auth.CodeWrong, "code")
	}
	return f.judge(c, list, movings, digits)
}

// A moving is what is stored of a token or a touch code: a count or ticks.
type moving interface {
	check() error
	length() int
	// judge compares the digits with it. verdict is "" if they may be accepted,
	// else the refusal; after is what is to be remembered.
	judge(f *Counter, c *auth.Ceremony, digits string) (after moving, verdict auth.Code, err error)
}

func (k count) length() int { return k.Digits }

func (k count) judge(f *Counter, c *auth.Ceremony, digits string) (moving, auth.Code, error) {
	return f.match(k, digits, c.Now)
}

// readMovings reads the Data of every authenticator of a list.
func readMovings(list []*auth.Authenticator) ([]moving, error) {
	out := make([]moving, len(list))
	for i, a := range list {
		one := []*auth.Authenticator{a}
		if byTime(a) {
			read, err := readAll[ticks](one)
			if err != nil {
				return nil, err
			}
			out[i] = read[0]
			continue
		}
		read, err := readAll[count](one)
		if err != nil {
			return nil, err
		}
		out[i] = read[0]
	}
	return out, nil
}

// judge compares the digits with every token.
func (f *Counter) judge(c *auth.Ceremony, list []*auth.Authenticator, movings []moving,
	digits string) (*auth.Authenticator, error) {
	var far *auth.Authenticator
	refusal := auth.CodeWrong
	for i, m := range movings {
		after, verdict, err := m.judge(f, c, digits)
		if err != nil {
			return nil, err
		}
		if verdict == "" {
			return changed(list[i], after)
		}
		if verdict == auth.CodeUsed {
			refusal = verdict
		}
		if after != m && far == nil {
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
		want, err := k.code(int64(c))
		if err != nil {
			return 0, false, fmt.Errorf("comparing a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(digits)) == 1 {
			at, found = c, true
		}
	}
	return at, found, nil
}

// code is the code of a counter.
func (k count) code(at int64) (string, error) {
	return code(k.Secret, k.Algorithm, k.Digits, uint64(at))
}

// searchPair returns the last of some places at which the first of two codes in
// a row stands. It looks at every place, in constant time each.
func searchPair(code func(int64) (string, error), pair [2]string, from int64,
	many int) (at int64, found bool, err error) {
	before := 0
	for i := max(from, 0); i <= from+int64(many); i++ {
		want, err := code(i)
		if err != nil {
			return 0, false, fmt.Errorf("comparing two codes: %w", err)
		}
		second := subtle.ConstantTimeCompare([]byte(want), []byte(pair[1]))
		if before&second == 1 {
			at, found = i-1, true
		}
		before = subtle.ConstantTimeCompare([]byte(want), []byte(pair[0]))
	}
	return at, found, nil
}
