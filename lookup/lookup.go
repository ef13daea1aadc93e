// Package lookup holds the factor of saved recovery codes (NIST SP 800-63B-4
// §3.1.2, "look-up secrets"): ten codes on paper, each of which counts once.
//
// A code is 40 random bits in Crockford's base 32, shown as 7KQM-2X9D. It is
// read as people type it: in either case and width, with or without blanks and
// dashes, O for 0 and I or L for 1.
//
// One set is one authenticator. What is kept, as auth.Authenticator.Data:
//
//	{"s":"…","i":10000,"h":"…","u":[0,1772546587,0,0,0,0,0,0,0,0]}
//	salt of the set (16 bytes), iterations, ten digests of 16 bytes each one
//	after the other, and when each code was used (seconds, 0: not yet)
//
// # What protects what
//
// Online, one guess is right with probability 10·2⁻⁴⁰, and the caller counts
// guesses. In a stolen store, the documents are sealed: without the sealing key
// nothing can be tried at all. With store and key both stolen, 40 bits can be
// tried through; the salt makes each set a job of its own and the iterated hash
// (PBKDF2-HMAC-SHA-256) makes each try cost 10,000 times as much. That buys
// days, in which the codes can be replaced, for a few milliseconds a check; it
// is what NIST SP 800-63B-4 §3.1.2.2 asks for where secrets have less than 112
// bits. The codes themselves are shown once, in the
// prompt of the binding, and are kept nowhere, the sealed State included.
package lookup

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

const (
	codes    = 10 // of a set
	codeBits = 40
	symbols  = codeBits / 5
	saltSize = 16
	sumSize  = 16
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

	leastIterations = 1000
	mostIterations  = 1_000_000
)

// Config is what a site may choose. The zero value means the defaults.
type Config struct {
	Iterations int // of the hash of new sets: 10,000; 1,000 to 1,000,000
}

// A Factor serves auth.Lookup.
type Factor struct {
	Rand   io.Reader // of codes and salts; crypto/rand
	config Config
}

// New returns the factor of recovery codes. The error says what is wrong with c.
func New(c Config) (*Factor, error) {
	if c.Iterations == 0 {
		c.Iterations = 10_000
	}
	if c.Iterations < leastIterations || c.Iterations > mostIterations {
		return nil, fmt.Errorf("configuring recovery codes: %d iterations, want %d to %d", c.Iterations,
			leastIterations, mostIterations)
	}
	return &Factor{Rand: rand.Reader, config: c}, nil
}

// record is the Data of a set: see the package's drawing.
type record struct {
	Salt       []byte  `json:"s"`
	Iterations int     `json:"i"`
	Sums       []byte  `json:"h"`
	Used       []int64 `json:"u"`
}

// state is what a binding remembers in Ceremony.State.
type state struct {
	For auth.Kind `json:"f"`
	Set record    `json:"r"`
}

// check says what is wrong with a stored record.
func (r record) check() error {
	if len(r.Salt) != saltSize || r.Iterations < leastIterations || r.Iterations > mostIterations ||
		len(r.Used) == 0 || len(r.Sums) != sumSize*len(r.Used) {
		return errors.New("not a set of recovery codes")
	}
	return nil
}

// left returns how many codes are unused.
func (r record) left() int {
	n := 0
	for _, at := range r.Used {
		if at == 0 {
			n++
		}
	}
	return n
}

// sum returns the digest of a code as it is stored.
func (r record) sum(code string) ([]byte, error) {
	sum, err := pbkdf2.Key(sha256.New, code, r.Salt, r.Iterations, sumSize)
	if err != nil {
		return nil, fmt.Errorf("hashing a recovery code: %w", err)
	}
	return sum, nil
}

// find returns the place of a code in the set, -1 if it is not in it. It
// compares with every code, in constant time each.
func (r record) find(code string) (int, error) {
	sum, err := r.sum(code)
	if err != nil {
		return -1, err
	}
	found := -1
	for i := range r.Used {
		if subtle.ConstantTimeCompare(sum, r.Sums[i*sumSize:(i+1)*sumSize]) == 1 {
			found = i
		}
	}
	return found, nil
}

// Kind returns auth.Lookup.
func (f *Factor) Kind() auth.Kind { return auth.Lookup }

// BeginBind makes ten codes. Prompt is {"codes":["XXXX-XXXX", …]}: they are
// shown here and never again. An earlier set is the caller's to remove.
func (f *Factor) BeginBind(c *auth.Ceremony, s auth.Subject) error {
	set := record{Salt: make([]byte, saltSize), Iterations: f.config.Iterations, Used: make([]int64, codes)}
	if _, err := io.ReadFull(f.Rand, set.Salt); err != nil {
		return fmt.Errorf("making recovery codes: %w", err)
	}
	var shown []string
	for len(shown) < codes {
		code, err := f.draw()
		if err != nil {
			return err
		}
		if text := code[:symbols/2] + "-" + code[symbols/2:]; !slices.Contains(shown, text) {
			sum, err := set.sum(code)
			if err != nil {
				return err
			}
			shown, set.Sums = append(shown, text), append(set.Sums, sum...)
		}
	}
	prompt, err := json.Marshal(map[string][]string{"codes": shown})
	if err != nil {
		return fmt.Errorf("writing the prompt of a binding: %w", err)
	}
	if c.State, err = json.Marshal(state{For: auth.Lookup, Set: set}); err != nil {
		return fmt.Errorf("writing the state of a binding: %w", err)
	}
	c.Prompt = prompt
	return nil
}

// draw returns one code: 40 random bits.
func (f *Factor) draw() (string, error) {
	var raw [codeBits / 8]byte
	if _, err := io.ReadFull(f.Rand, raw[:]); err != nil {
		return "", fmt.Errorf("making recovery codes: %w", err)
	}
	var n uint64
	for _, b := range raw {
		n = n<<8 | uint64(b)
	}
	var code [symbols]byte
	for i := range code {
		code[symbols-1-i] = alphabet[n%32]
		n /= 32
	}
	return string(code[:]), nil
}

// FinishBind takes {"saved":true}, the person's word that the codes are safe,
// and returns the set. Refuses CodeMalformed.
func (f *Factor) FinishBind(c *auth.Ceremony, response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	var s state
	if err := json.Unmarshal(c.State, &s); err != nil || s.For != auth.Lookup || s.Set.check() != nil {
		return nil, errors.New("the ceremony is not a binding of recovery codes")
	}
	if saved, err := auth.ReadMember(response, "saved"); err != nil || saved != true {
		return nil, auth.RefuseField(auth.CodeMalformed, "saved")
	}
	data, err := json.Marshal(s.Set)
	if err != nil {
		return nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	return &auth.Authenticator{Kind: auth.Lookup, Data: data, Traits: auth.Traits{Left: s.Set.left()}}, nil
}

// BeginVerify asks for a code. There is nothing to remember and, with or
// without authenticators, nothing to show: Prompt is {}.
func (f *Factor) BeginVerify(c *auth.Ceremony, list []*auth.Authenticator) error {
	c.State, c.Prompt = nil, json.RawMessage(`{}`)
	return nil
}

// FinishVerify takes an auth.CodeResponse with any code of the set and returns
// the set with that code used and Traits.Left lowered. Refuses CodeMalformed
// for what is not a CodeResponse, RecoveryUsed and RecoveryWrong.
func (f *Factor) FinishVerify(c *auth.Ceremony, list []*auth.Authenticator,
	response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	if len(c.State) != 0 {
		return nil, errors.New("the ceremony is not a verification by a recovery code")
	}
	typed, err := auth.ReadCode(response)
	if err != nil {
		return nil, err
	}
	code, ok := clean(typed)
	if !ok {
		return nil, auth.RefuseField(auth.RecoveryWrong, "code")
	}
	if len(list) == 0 {
		// As much work as for a set: time shall not tell who has one.
		if _, err := (record{Salt: make([]byte, saltSize), Iterations: f.config.Iterations}).find(code); err != nil {
			return nil, err
		}
	}
	refusal := auth.RecoveryWrong
	for _, a := range list {
		var r record
		if err := json.Unmarshal(a.Data, &r); err != nil || r.check() != nil {
			return nil, fmt.Errorf("reading authenticator %s: not a set of recovery codes", a.ID)
		}
		i, err := r.find(code)
		if err != nil {
			return nil, err
		}
		if i >= 0 && r.Used[i] == 0 {
			return spent(a, r, i, c.Now.Unix())
		}
		if i >= 0 {
			refusal = auth.RecoveryUsed
		}
	}
	return nil, auth.RefuseField(refusal, "code")
}

// spent returns a copy of a in which code i was used at the given time.
func spent(a *auth.Authenticator, r record, i int, at int64) (*auth.Authenticator, error) {
	if at <= 0 {
		return nil, errors.New("spending a recovery code: the time is not set")
	}
	r.Used[i] = at
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	b := *a
	b.Data, b.Traits.Left = data, r.left()
	b.Traits.Channels = slices.Clone(a.Traits.Channels)
	return &b, nil
}

// clean returns a code, cleaned by auth, in the form in which it was made. It reports
// false for what no code can be.
func clean(code string) (string, bool) {
	code = strings.Map(func(r rune) rune {
		switch r {
		case 'O', 'o':
			return '0'
		case 'I', 'i', 'L', 'l':
			return '1'
		}
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, code)
	return code, len(code) == symbols && strings.Trim(code, alphabet) == ""
}
