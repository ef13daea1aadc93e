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

// Config is what a site may choose. The zero value means the defaults, which
// every app understands.
type Config struct {
	Algorithm Algorithm // of new keys: SHA1
	Digits    int       // of new keys: 6
	Period    int       // of new app keys, seconds: 30
	Window    int       // TOTP: steps accepted either side of now: 1, at most 4
	Drift     int       // TOTP: steps either side that earn a hint: 10, at most 60
	LookAhead int       // HOTP: counters accepted from the next one on: 10, at most 50
	Resync    int       // HOTP: places within which two codes in a row are believed: 100, at most 1000
}

// complete returns c with defaults filled in, validated.
func (c Config) complete() (Config, error) {
	if c.Algorithm == "" {
		c.Algorithm = SHA1
	}
	for _, f := range []struct {
		name             string
		value            *int
		std, least, most int
	}{
		{"digits", &c.Digits, 6, 6, 8},
		{"period", &c.Period, 30, minPeriod, maxPeriod},
		{"window", &c.Window, 1, 1, 4},
		{"drift", &c.Drift, 10, 1, 60},
		{"look-ahead", &c.LookAhead, 10, 1, 50},
		{"resync", &c.Resync, 100, 1, 1000},
	} {
		if *f.value == 0 {
			*f.value = f.std
		}
		if *f.value < f.least || *f.value > f.most {
			return c, fmt.Errorf("configuring codes: %s is %d, want %d to %d", f.name, *f.value, f.least, f.most)
		}
	}
	if err := errors.Join(params(make([]byte, newSecret), c.Algorithm, c.Digits), inApps(c.Digits)); err != nil {
		return c, fmt.Errorf("configuring codes: %w", err)
	}
	return c, nil
}

// A Factor serves auth.TOTP: app codes by time.
type Factor struct {
	Rand   io.Reader // of new secrets; crypto/rand
	config Config
}

// New returns the factor of app codes. The error says what is wrong with c.
func New(c Config) (*Factor, error) {
	c, err := c.complete()
	return &Factor{Rand: rand.Reader, config: c}, err
}

// record is the Data of an app: see the package's drawing.
type record struct {
	Secret    string    `json:"s"` // base32, unpadded
	Algorithm Algorithm `json:"a"`
	Digits    int       `json:"d"`
	Period    int64     `json:"p"`
	Last      int64     `json:"l,omitempty"`
	Void      []int64   `json:"v,omitempty"`
}

// check says what is wrong with a stored record.
func (r record) check() error {
	if r.Period < minPeriod || r.Period > maxPeriod {
		return fmt.Errorf("period of %d seconds", r.Period)
	}
	return errors.Join(stored(r.Secret, r.Algorithm, r.Digits), inApps(r.Digits))
}

// stored validates what is stored of a key; an empty secret would match.
func stored(secret string, a Algorithm, digits int) error {
	bytes, err := b32().DecodeString(secret)
	if err != nil {
		return errors.New("the secret cannot be read")
	}
	return params(bytes, a, digits)
}

// readAll reads the Data of every authenticator of a list.
func readAll[T interface{ check() error }](list []*auth.Authenticator) ([]T, error) {
	out := make([]T, len(list))
	for i, a := range list {
		if err := json.Unmarshal(a.Data, &out[i]); err != nil {
			return nil, fmt.Errorf("reading authenticator %s: not a %T", a.ID, out[i])
		}
		if err := out[i].check(); err != nil {
			return nil, fmt.Errorf("reading authenticator %s: %w", a.ID, err)
		}
	}
	return out, nil
}

// state is what a binding remembers in Ceremony.State.
type state struct {
	For auth.Kind `json:"f"`
	Key Key       `json:"k"`
}

// prompt is what the client shows while binding.
type prompt struct {
	Secret  string  `json:"secret,omitempty"` // base32, unpadded
	Hex     string  `json:"hex,omitempty"`    // HOTP: the secret once more, for programs that want it so
	URI     string  `json:"uri,omitempty"`
	Account string  `json:"account,omitempty"`
	Issuer  string  `json:"issuer,omitempty"`
	Serial  string  `json:"serial,omitempty"`
	Digits  int     `json:"digits,omitempty"`
	Period  int     `json:"period,omitempty"`
	Counter *uint64 `json:"counter,omitempty"`
}

// Kind returns auth.TOTP.
func (f *Factor) Kind() auth.Kind { return auth.TOTP }

// BeginBind makes a secret of 160 bits. Prompt is {"secret" (base32 without
// padding), "uri", "account", "issuer", "digits", "period"}: the secret is
// shown here and never again.
func (f *Factor) BeginBind(c *auth.Ceremony, s auth.Subject) error {
	secret, err := generate(f.Rand)
	if err != nil {
		return err
	}
	k := Key{
		Kind: auth.TOTP, Issuer: label(s.Site), Account: label(s.Name), Secret: secret,
		Algorithm: f.config.Algorithm, Digits: f.config.Digits, Period: f.config.Period,
	}
	return begin(c, k, prompt{
		Secret: b32().EncodeToString(secret), URI: k.URI(), Account: k.Account, Issuer: k.Issuer,
		Digits: k.Digits, Period: k.Period,
	})
}

// begin writes the state and the prompt of a binding of k.
func begin(c *auth.Ceremony, k Key, p prompt) (err error) {
	if err := k.Validate(); err != nil {
		return fmt.Errorf("beginning to bind a key: %w", err)
	}
	if c.State, err = json.Marshal(state{For: k.Kind, Key: k}); err != nil {
		return fmt.Errorf("writing the state of a binding: %w", err)
	}
	if c.Prompt, err = json.Marshal(p); err != nil {
		return fmt.Errorf("writing the prompt of a binding: %w", err)
	}
	return nil
}

// begun reads the state of a binding of the given kind.
func begun(c *auth.Ceremony, kind auth.Kind) (Key, error) {
	var s state
	if err := json.Unmarshal(c.State, &s); err != nil || s.For != kind || s.Key.Kind != kind {
		return Key{}, fmt.Errorf("the ceremony is not a binding of %s", kind)
	}
	if err := s.Key.Validate(); err != nil {
		return Key{}, fmt.Errorf("reading the state of a binding: %w", err)
	}
	return s.Key, nil
}

// FinishBind takes an auth.CodeResponse with a code of the new app. Refuses
// CodeMalformed, CodeWrong and AppClock. The code cannot be used again.
func (f *Factor) FinishBind(c *auth.Ceremony, response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	k, err := begun(c, auth.TOTP)
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
	r := record{Secret: b32().EncodeToString(k.Secret), Algorithm: k.Algorithm, Digits: k.Digits,
		Period: int64(k.Period), Last: -1}
	step, verdict, err := f.match(r, digits, wall(c))
	if err != nil {
		return nil, err
	}
	if verdict != "" {
		return nil, auth.RefuseField(verdict, "code")
	}
	r.Last = step
	return bound(auth.TOTP, r)
}

// bound returns a new authenticator with the given data.
func bound(kind auth.Kind, data any) (*auth.Authenticator, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	return &auth.Authenticator{Kind: kind, Data: text}, nil
}

// changed returns a copy of a with other data.
func changed(a *auth.Authenticator, data any) (*auth.Authenticator, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	b := *a
	b.Data, b.Traits.Channels = text, slices.Clone(a.Traits.Channels)
	return &b, nil
}

// BeginVerify asks for a code. There is nothing to remember and, with or
// without authenticators, nothing to show: Prompt is {}.
func (f *Factor) BeginVerify(c *auth.Ceremony, list []*auth.Authenticator) error {
	c.State, c.Prompt = nil, json.RawMessage(`{}`)
	return nil
}

// FinishVerify takes an auth.CodeResponse and returns the authenticator whose
// code it is, with its last step raised. Refuses CodeMalformed, CodeWrong,
// CodeUsed for a step at or before the last one, or that could have been used
// before a backup was restored, and AppClock for a code outside the window; a code from the future is then void, and
// the authenticator
// that says so is returned beside the refusal.
func (f *Factor) FinishVerify(c *auth.Ceremony, list []*auth.Authenticator,
	response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	if len(c.State) != 0 {
		return nil, errors.New("the ceremony is not a verification by an app")
	}
	digits, err := typed(response)
	if err != nil {
		return nil, err
	}
	records, err := readAll[record](list)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(records, func(r record) bool { return r.Digits == len(digits) }) &&
		f.config.Digits != len(digits) {
		return nil, auth.RefuseField(auth.CodeMalformed, "code")
	}
	if len(records) == 0 {
		// As much work as for an app: time shall not tell who has one.
		r := record{Secret: nobody, Algorithm: f.config.Algorithm, Digits: f.config.Digits,
			Period: int64(f.config.Period)}
		if _, _, err := f.match(r, digits, wall(c)); err != nil {
			return nil, err
		}
		return nil, auth.RefuseField(auth.CodeWrong, "code")
	}
	if !c.Restored.IsZero() {
		for i := range records { // the last step that the backup knows is not the last that was used
			r := &records[i]
			r.Last = max(r.Last, c.Restored.Unix()/r.Period+int64(f.config.Window))
		}
	}
	return f.judge(wall(c), list, records, digits)
}

// wall is the time that the apps of phones go by: the wall clock's, whatever
// service time has made of it. The last step of each app holds replay.
func wall(c *auth.Ceremony) time.Time {
	if c.Wall.IsZero() {
		return c.Now
	}
	return c.Wall
}

// nobody is the secret that stands in where there is none: 160 zero bits.
const nobody = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// judge compares the digits with every app.
func (f *Factor) judge(now time.Time, list []*auth.Authenticator, records []record,
	digits string) (*auth.Authenticator, error) {
	var voided *auth.Authenticator
	refusal := auth.CodeWrong
	for i, r := range records {
		step, verdict, err := f.match(r, digits, now)
		if err != nil {
			return nil, err
		}
		switch verdict {
		case "":
			r.Last = step
			r.Void = slices.DeleteFunc(r.Void, func(v int64) bool { return v <= step })
			return changed(list[i], r)
		case auth.CodeUsed:
			refusal = verdict
		case auth.AppClock:
			if refusal == auth.CodeWrong {
				refusal = verdict
			}
			if at := now.Unix() / r.Period; step > at && !slices.Contains(r.Void, step) {
				r.Void = append(slices.DeleteFunc(r.Void, func(v int64) bool { return v < at-int64(f.config.Window) }),
					step)
				if voided, err = changed(list[i], r); err != nil {
					return nil, err
				}
			}
		}
	}
	return voided, auth.RefuseField(refusal, "code")
}

// match finds the step whose code the digits are. verdict is "" if it may be
// accepted, else the refusal; step is set for "" and AppClock.
func (f *Factor) match(r record, digits string, now time.Time) (step int64, verdict auth.Code, err error) {
	if now.Unix() < 0 {
		return 0, "", errors.New("checking a code: the time is not set")
	}
	at := now.Unix() / r.Period
	window := int64(f.config.Window)
	drift := int64(f.config.Drift)
	step, err = r.search(digits, at-window, at+window)
	if err != nil {
		return 0, "", err
	}
	if step >= 0 {
		if step <= r.Last || slices.Contains(r.Void, step) {
			return 0, auth.CodeUsed, nil
		}
		return step, "", nil
	}
	for _, side := range [][2]int64{{at - drift, at - window - 1}, {at + window + 1, at + drift}} {
		step, err = r.search(digits, side[0], side[1])
		switch {
		case err != nil:
			return 0, "", err
		case step >= 0 && step <= r.Last:
			return 0, auth.CodeUsed, nil
		case step >= 0:
			return step, auth.AppClock, nil
		}
	}
	return 0, auth.CodeWrong, nil
}

// search returns the latest of the given steps whose code the digits are, -1
// if there is none. It looks at every step, in constant time each.
func (r record) search(digits string, from, to int64) (int64, error) {
	found := int64(-1)
	for s := max(from, 0); s <= to; s++ {
		want, err := code(r.Secret, r.Algorithm, r.Digits, uint64(s))
		if err != nil {
			return -1, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(digits)) == 1 {
			found = s
		}
	}
	return found, nil
}
