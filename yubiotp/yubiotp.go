package yubiotp

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/latchkey-auth/latchkey/auth"
)

// The lengths of what a key is programmed with, in bytes.
const (
	publicSize  = 6
	privateSize = 6
	secretSize  = 16
)

// ownPrefix begins every public id that is made here, "vv": Yubico gives none that begins so to its own keys.
const ownPrefix = 0xff

// A Factor serves auth.YubiOTP.
type Factor struct {
	Rand io.Reader // of new ids and secrets; crypto/rand
}

// New returns the factor.
func New() *Factor { return &Factor{Rand: rand.Reader} }

var _ auth.Factor = (*Factor)(nil)

// Kind returns auth.YubiOTP.
func (f *Factor) Kind() auth.Kind { return auth.YubiOTP }

// A slot is what a key is programmed with: what a binding remembers in Ceremony.State.
type slot struct {
	Public  string `json:"p"` // modhex
	Private string `json:"i"` // hexadecimal, as the secret
	Secret  string `json:"k"`
}

// A record is the Data of an authenticator: see the package's drawing.
type record struct {
	slot
	Counts uint32 `json:"c"`
	Rest   string `json:"l"`
}

// A prompt is what a binding shows.
type prompt struct {
	Public  string `json:"publicId"`
	Private string `json:"privateId,omitempty"` // of values that were made here
	Secret  string `json:"secret,omitempty"`
}

// bytes are the values of a slot, or what is wrong with them; the error holds none.
func (s slot) bytes() (private, secret []byte, err error) {
	private, err1 := hex.DecodeString(s.Private)
	secret, err2 := hex.DecodeString(s.Secret)
	_, ok := decode(s.Public)
	if err1 != nil || err2 != nil || !ok || len(s.Public) > maxIDSigns || len(private) != privateSize ||
		len(secret) != secretSize {
		return nil, nil, errors.New("the ids or the secret of a key cannot be read")
	}
	return private, secret, nil
}

// digest names a secret without telling it: nobody finds 128 bits by trying.
func (s slot) digest() string {
	sum := sha256.Sum256([]byte("yubiotp\x00" + s.Private + s.Secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// BeginBind makes what a key is to be programmed with, and shows it once: Prompt is {"publicId" (modhex),
// "privateId", "secret" (hexadecimal)}. With values in Input it takes those of a key that has them already, and
// Prompt is {"publicId"}. Refuses KeyValuesMalformed, which names the member at fault.
func (f *Factor) BeginBind(c *auth.Ceremony, _ auth.Subject) error {
	var in auth.BindInput
	if len(c.Input) > 0 {
		if err := json.Unmarshal(c.Input, &in); err != nil {
			return errors.New("reading the input of a binding: not a BindInput")
		}
	}
	s, shown, err := f.slot(in.KeyValues)
	if err != nil {
		return err
	}
	if c.State, err = json.Marshal(s); err != nil {
		return fmt.Errorf("writing the state of a binding: %w", err)
	}
	if c.Prompt, err = json.Marshal(shown); err != nil {
		return fmt.Errorf("writing the prompt of a binding: %w", err)
	}
	return nil
}

// slot is what a new authenticator is made of, and what its owner is shown of it.
func (f *Factor) slot(v auth.KeyValues) (slot, prompt, error) {
	if v != (auth.KeyValues{}) {
		s, err := imported(v)
		return s, prompt{Public: s.Public}, err
	}
	raw := make([]byte, publicSize+privateSize+secretSize)
	if _, err := io.ReadFull(f.Rand, raw); err != nil {
		return slot{}, prompt{}, fmt.Errorf("drawing the secret of a key: %w", err)
	}
	raw[0] = ownPrefix
	ids, secret := raw[:publicSize+privateSize], raw[publicSize+privateSize:]
	s := slot{Public: encode(ids[:publicSize]), Private: hex.EncodeToString(ids[publicSize:]),
		Secret: hex.EncodeToString(secret)}
	return s, prompt(s), nil
}

// FinishBind takes an auth.PairResponse: two codes of the key, the second one later than the first. Refuses
// CodeMalformed, CodeLayout, CodeIncomplete, CodeWrong, and CodeUsed for a second one that is none. Neither
// code can be used again.
func (f *Factor) FinishBind(c *auth.Ceremony, response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	var s slot
	if err := json.Unmarshal(c.State, &s); err != nil {
		return nil, errors.New("the ceremony is not a binding of a Yubico OTP")
	}
	if _, _, err := s.bytes(); err != nil {
		return nil, fmt.Errorf("reading the state of a binding: %w", err)
	}
	first, second, err := auth.ReadPair(response)
	if err != nil {
		return nil, err
	}
	r := record{slot: s}
	for _, typed := range []struct{ field, code string }{{"code", first}, {"second", second}} {
		if err := r.advance(typed.field, typed.code); err != nil {
			return nil, err
		}
	}
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	return &auth.Authenticator{Kind: auth.YubiOTP, Digest: s.digest(), Data: data}, nil
}

// advance takes one of the two codes of a binding.
func (r *record) advance(field, typed string) error {
	c, err := parse(typed)
	if err != nil {
		return at(field, err)
	}
	t, err := r.read(c)
	if err != nil {
		return err
	}
	if t.right != 1 {
		return auth.RefuseField(auth.CodeWrong, field)
	}
	if r.Rest != "" && t.counts <= r.Counts {
		return auth.RefuseField(auth.CodeUsed, field)
	}
	r.Counts, r.Rest = t.counts, hex.EncodeToString(t.rest[:])
	return nil
}

// read opens a code with the secret of a record. It is right if all of it is the record's.
func (r *record) read(c code) (told, error) {
	private, secret, err := r.bytes()
	if err != nil {
		return told{}, err
	}
	t, err := c.open(secret, private)
	t.right &= subtle.ConstantTimeCompare([]byte(c.public), []byte(r.Public))
	return t, err
}

// BeginVerify asks for a code. There is nothing to remember and, with or without authenticators, nothing to
// show: Prompt is {}.
func (f *Factor) BeginVerify(c *auth.Ceremony, _ []*auth.Authenticator) error {
	c.State, c.Prompt = nil, json.RawMessage(`{}`)
	return nil
}

// FinishVerify takes an auth.CodeResponse and returns the authenticator whose code it is, moved on. Refuses
// CodeMalformed, CodeLayout, CodeIncomplete, CodeWrong; CodeUsed for one that is not later than the last, and
// for every code of a key that was bound before a backup was restored; and KeyFrozen, beside the authenticator
// frozen, for a code of its copy.
func (f *Factor) FinishVerify(c *auth.Ceremony, list []*auth.Authenticator,
	response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	if len(c.State) != 0 {
		return nil, errors.New("the ceremony is not a verification by a code of a key")
	}
	typed, err := auth.ReadCode(response)
	if err != nil {
		return nil, err
	}
	asked, err := parse(typed)
	if err != nil {
		return nil, at("code", err)
	}
	whose, records, err := find(list, asked)
	if err != nil {
		return nil, err
	}
	if whose < 0 {
		return nil, auth.RefuseField(auth.CodeWrong, "code")
	}
	return judge(c, list[whose], &records[whose].record, records[whose].told)
}

// An opened is a record, and what a code says when it is opened with its secret.
type opened struct {
	record
	told
}

// find returns which authenticator of a list a code is of, -1 for none. It opens the code with the secret of
// each, and with nobody's where there is none: time shall not tell who has one.
func find(list []*auth.Authenticator, c code) (whose int, records []opened, err error) {
	whose = -1
	for i, a := range list {
		var o opened
		if err := json.Unmarshal(a.Data, &o.record); err != nil {
			return 0, nil, fmt.Errorf("reading authenticator %s: not a record", a.ID)
		}
		if o.told, err = o.read(c); err != nil {
			return 0, nil, fmt.Errorf("reading authenticator %s: %w", a.ID, err)
		}
		records = append(records, o)
		whose = subtle.ConstantTimeSelect(o.right, i, whose)
	}
	if len(list) == 0 {
		_, err = c.open(make([]byte, secretSize), make([]byte, privateSize))
	}
	return whose, records, err
}

// judge decides on a code that is an authenticator's.
func judge(c *auth.Ceremony, a *auth.Authenticator, r *record, t told) (*auth.Authenticator, error) {
	changed := *a
	changed.Data, changed.Traits.Channels = slices.Clone(a.Data), slices.Clone(a.Traits.Channels)
	rest := hex.EncodeToString(t.rest[:])
	switch {
	case !c.Restored.IsZero() && !a.BoundAt.After(c.Restored): // how far it had come is not known
		return nil, auth.RefuseField(auth.CodeUsed, "code")
	case t.counts == r.Counts && rest != r.Rest:
		changed.State = auth.Frozen
		changed.Traits.Regression = &auth.Regression{Had: r.Counts, Shown: t.counts}
		return &changed, auth.Refuse(auth.KeyFrozen, "name", a.Name)
	case t.counts <= r.Counts:
		return nil, auth.RefuseField(auth.CodeUsed, "code")
	}
	r.Counts, r.Rest = t.counts, rest
	var err error
	if changed.Data, err = json.Marshal(r); err != nil {
		return nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	return &changed, nil
}

// at is a refusal that says which member it is about.
func at(field string, err error) error {
	if e := new(auth.Error); errors.As(err, &e) {
		return auth.RefuseField(e.Code, field)
	}
	return err
}
