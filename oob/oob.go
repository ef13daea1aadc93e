// Package oob holds the factors whose codes travel on another way: by text and
// voice call to a phone, and by e-mail (NIST SP 800-63B-4 §3.1.3,
// "out-of-band").
//
// One number is one authenticator, whether it is texted or called, and one code
// is valid on both channels. The number or mailbox itself is
// auth.Authenticator.Recipient. What else is kept for life, as Data:
//
//	{"l":1772546587000000}   the number of the newest accepted code
//
// Codes are numbered by the microsecond that they were made in, and always
// higher than the newest accepted one.
//
// What one ceremony remembers, in the sealed Ceremony.State:
//
//	{"k":"phone","b":true,"id":"…","to":"+86…","c":"123456","n":"K7",
//	 "s":["sms"],"o":1772546587000000,"e":1772546887000000}
//	kind, whether it binds, authenticator, address, code, label, channels it
//	went by, its number, when it ends (microseconds)
//
// # Sending again
//
// Each new code carries a short label, so that its reader knows which of
// several messages counts. When the code is asked for by a channel that it has
// not gone by, the same code with the same label goes there, if it still lives
// long enough. When it is asked for by the same channel again, a new code with
// a new label is made, and the new ceremony knows only that one.
//
// The earlier ceremony is in the hands of the client and cannot be called back:
// with it, the earlier code stays right until it ends, because a Begin may not
// change an authenticator. Nothing is gained by that. Both codes went to the
// same number; wrong ones are counted for the account and not for the ceremony;
// and whoever ends a flow spends it for every ceremony in it. Once any code has
// been accepted, all that were made before it for that authenticator are dead.
//
// # What a guess is worth
//
// A code has six digits without bias: one guess is right with probability
// 10⁻⁶. It ends after Config.CodeLife. The code is in the State, which is
// sealed, and in Args["code"] of the Message; nowhere else.
package oob

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// Config is what a site may choose. The zero value means the defaults.
type Config struct {
	CodeLife time.Duration  // how long a code lives: 5 minutes; 1 to 10 (NIST SP 800-63B-4 §3.1.3.2)
	Reuse    time.Duration  // a code that lives shorter than this is not sent by another channel: 1 minute
	Channels []auth.Channel // by which somebody delivers; nil: all
}

// A Factor serves auth.Phone or auth.Email.
type Factor struct {
	Rand   io.Reader // of codes and labels; crypto/rand
	kind   auth.Kind
	config Config
}

// NewPhone returns the factor of codes by text and voice call. The error says
// what is wrong with c.
func NewPhone(c Config) (*Factor, error) { return newFactor(auth.Phone, c) }

// NewEmail returns the factor of codes by e-mail. The error says what is wrong
// with c.
func NewEmail(c Config) (*Factor, error) { return newFactor(auth.Email, c) }

func newFactor(k auth.Kind, c Config) (*Factor, error) {
	if c.CodeLife == 0 {
		c.CodeLife = 5 * time.Minute
	}
	if c.Reuse == 0 {
		c.Reuse = time.Minute
	}
	if c.CodeLife < time.Minute || c.CodeLife > 10*time.Minute {
		return nil, fmt.Errorf("configuring %s: codes live %s, want 1 to 10 minutes", k, c.CodeLife)
	}
	if c.Reuse < 0 || c.Reuse > c.CodeLife {
		return nil, fmt.Errorf("configuring %s: reuse within %s, want at most the life of a code", k, c.Reuse)
	}
	return &Factor{Rand: rand.Reader, kind: k, config: c}, nil
}

// record is the Data of an authenticator: see the package's drawing.
type record struct {
	Last int64 `json:"l"`
}

// state is Ceremony.State: see the package's drawing.
type state struct {
	Kind      auth.Kind       `json:"k"`
	Binds     bool            `json:"b"`
	ID        string          `json:"id"`
	Recipient ident.Recipient `json:"to"`
	Code      string          `json:"c"`
	Label     string          `json:"n"`
	Sent      []auth.Channel  `json:"s"`
	No        int64           `json:"o"`
	Ends      int64           `json:"e"`
}

// Kind returns auth.Phone or auth.Email.
func (f *Factor) Kind() auth.Kind { return f.kind }

// BeginBind sends a code to BindInput.Phone or BindInput.Email, by
// Ceremony.Channel; with State set, again. Prompt is {}. Refuses
// PhoneMalformed, PhoneLandline, EmailMalformed and, for a channel that the
// kind does not have, NoSuchMethod.
func (f *Factor) BeginBind(c *auth.Ceremony, s auth.Subject) error {
	was, err := f.before(c, true)
	if err != nil {
		return err
	}
	to := was.Recipient
	if to == "" {
		if to, err = f.chosen(c.Input); err != nil {
			return err
		}
	}
	return f.send(c, was, state{Kind: f.kind, Binds: true, Recipient: to})
}

// chosen reads where the person wants codes from the input of a binding.
func (f *Factor) chosen(input json.RawMessage) (ident.Recipient, error) {
	var in auth.BindInput
	if err := json.Unmarshal(input, &in); err != nil {
		return "", errors.New("reading the input of a binding: not a BindInput")
	}
	if f.kind == auth.Phone {
		n, err := ident.ParsePhone(string(in.Phone), nil)
		return ident.Recipient(n), auth.RefuseTyped(err)
	}
	a, err := ident.ParseEmail(string(in.Email))
	return ident.Recipient(a), auth.RefuseTyped(err)
}

// FinishBind takes an auth.CodeResponse with the code and returns the
// authenticator with Recipient, Data and Traits set. Refuses CodeMalformed,
// CodeExpired and CodeWrong with the label of the code that counts.
func (f *Factor) FinishBind(c *auth.Ceremony, response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	s, err := f.opened(c, true)
	if err != nil {
		return nil, err
	}
	if err := s.check(c.Now, response); err != nil {
		return nil, err
	}
	data, err := json.Marshal(record{Last: s.No})
	if err != nil {
		return nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	return &auth.Authenticator{Kind: f.kind, Recipient: s.Recipient, Data: data, Traits: f.traits(s.Recipient)}, nil
}

// traits says in the open what a number or mailbox is.
func (f *Factor) traits(to ident.Recipient) auth.Traits {
	switch {
	case f.kind == auth.Email:
		return auth.Traits{Masked: to.Mask(), Channels: []auth.Channel{auth.Mail}}
	case ident.Phone(to).TakesSMS():
		return auth.Traits{Masked: to.Mask(), Channels: []auth.Channel{auth.SMS, auth.Voice}}
	}
	return auth.Traits{Masked: to.Mask(), Channels: []auth.Channel{auth.Voice}}
}

// BeginVerify sends a code to one authenticator: Ceremony.Target if it is set,
// else the one that a code of this ceremony went to, else the first that can
// take Ceremony.Channel. Prompt is {}. With an empty list nothing is sent, and
// nothing will be right. Refuses NoSuchMethod and PhoneLandline.
func (f *Factor) BeginVerify(c *auth.Ceremony, list []*auth.Authenticator) error {
	was, err := f.before(c, false)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return f.send(c, was, state{Kind: f.kind})
	}
	a := f.pick(c, was, list)
	if a == nil {
		return auth.Refuse(auth.NoSuchMethod)
	}
	r, err := f.read(a)
	if err != nil {
		return err
	}
	return f.send(c, was, state{Kind: f.kind, ID: a.ID, Recipient: a.Recipient, No: r.Last + 1})
}

// pick chooses whom to send to.
func (f *Factor) pick(c *auth.Ceremony, was state, list []*auth.Authenticator) *auth.Authenticator {
	find := func(right func(*auth.Authenticator) bool) *auth.Authenticator {
		if i := slices.IndexFunc(list, right); i >= 0 {
			return list[i]
		}
		return nil
	}
	if c.AuthenticatorID != "" {
		return find(func(a *auth.Authenticator) bool { return a.ID == c.AuthenticatorID })
	}
	if a := find(func(a *auth.Authenticator) bool { return a.ID == was.ID }); a != nil {
		return a
	}
	if c.Channel == auth.SMS {
		if a := find(func(a *auth.Authenticator) bool { return ident.Phone(a.Recipient).TakesSMS() }); a != nil {
			return a
		}
	}
	return list[0]
}

// FinishVerify takes an auth.CodeResponse with the code that was sent. Refuses
// CodeMalformed; CodeExpired for a code that has ended, or was made before one
// that was accepted; CodeUsed; and CodeWrong with the label of the code that
// counts.
func (f *Factor) FinishVerify(c *auth.Ceremony, list []*auth.Authenticator,
	response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = false
	s, err := f.opened(c, false)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(a *auth.Authenticator) bool { return a.ID == s.ID && a.Recipient == s.Recipient })
	if i < 0 || s.Recipient == "" {
		// A decoy, or an authenticator that is gone: nothing can be right.
		if err := s.check(c.Now, response); err != nil {
			return nil, err
		}
		return nil, s.wrong()
	}
	r, err := f.read(list[i])
	if err != nil {
		return nil, err
	}
	if s.No < r.Last {
		return nil, auth.RefuseField(auth.CodeExpired, "code")
	}
	if err := s.check(c.Now, response); err != nil {
		return nil, err
	}
	if s.No == r.Last {
		return nil, auth.RefuseField(auth.CodeUsed, "code")
	}
	a := *list[i]
	a.Traits.Channels = slices.Clone(a.Traits.Channels)
	if a.Data, err = json.Marshal(record{Last: s.No}); err != nil {
		return nil, fmt.Errorf("writing an authenticator: %w", err)
	}
	return &a, nil
}

// read reads the Data of an authenticator.
func (f *Factor) read(a *auth.Authenticator) (record, error) {
	var r record
	if err := json.Unmarshal(a.Data, &r); err != nil || r.Last <= 0 {
		return record{}, fmt.Errorf("reading authenticator %s: not a record of %s", a.ID, f.kind)
	}
	return r, nil
}

// before reads the state that an earlier Begin left, if any.
func (f *Factor) before(c *auth.Ceremony, binds bool) (state, error) {
	if len(c.State) == 0 {
		return state{}, nil
	}
	return f.opened(c, binds)
}

// opened reads the state of a begun ceremony.
func (f *Factor) opened(c *auth.Ceremony, binds bool) (state, error) {
	var s state
	if err := json.Unmarshal(c.State, &s); err != nil || s.Kind != f.kind || s.Binds != binds ||
		len(s.Code) != digits || s.Ends == 0 {
		return state{}, fmt.Errorf("the ceremony is not one of %s, binding %t", f.kind, binds)
	}
	return s, nil
}

// send writes the next state and its message. next says whom it is for and the
// least number; the code is that of the state before if it may go by this
// channel too.
func (f *Factor) send(c *auth.Ceremony, was, next state) error {
	channel, err := f.channel(c.Channel, next.Recipient)
	if err != nil {
		return err
	}
	now := c.Now.UnixMicro()
	if now <= 0 {
		return errors.New("sending a code: the time is not set")
	}
	again := was.Code != "" && was.ID == next.ID && was.Recipient == next.Recipient && was.No >= next.No &&
		!slices.Contains(was.Sent, channel) && was.Ends-now >= f.config.Reuse.Microseconds()
	if again {
		next.Code = was.Code
		next.Label = was.Label
		next.No = was.No
		next.Ends = was.Ends
		next.Sent = append(slices.Clone(was.Sent), channel)
	} else {
		next.No, next.Ends = max(next.No, now), now+f.config.CodeLife.Microseconds()
		next.Sent = []auth.Channel{channel}
		if next.Code, next.Label, err = f.draw(was.Label); err != nil {
			return err
		}
	}
	if c.State, err = json.Marshal(next); err != nil {
		return fmt.Errorf("writing the state of a ceremony: %w", err)
	}
	c.Channel = channel
	c.Prompt = json.RawMessage(`{}`)
	c.Messages = nil
	if next.Recipient != "" {
		c.Messages = []auth.Message{message(c, next)}
	}
	return nil
}

// message returns what must be delivered.
func message(c *auth.Ceremony, s state) auth.Message {
	ends := time.UnixMicro(s.Ends).UTC()
	minutes := max(1, int(ends.Sub(c.Now)/time.Minute))
	return auth.Message{
		Account: c.Account, Channel: c.Channel, Recipient: s.Recipient, Language: c.Language,
		Template: auth.TemplateCode,
		Args: map[string]string{
			"code": s.Code, "label": s.Label, "purpose": string(c.Purpose), "minutes": strconv.Itoa(minutes),
		},
		Label: s.Label, State: auth.Queued, CreatedAt: c.Now, Expires: ends,
	}
}

// channel returns the channel to use: what was asked for, or the best that
// there is. to is "" for a decoy.
func (f *Factor) channel(asked auth.Channel, to ident.Recipient) (auth.Channel, error) {
	if f.kind == auth.Email {
		if asked != "" && asked != auth.Mail {
			return "", auth.RefuseField(auth.NoSuchMethod, "channel")
		}
		return auth.Mail, nil
	}
	texts := to == "" || ident.Phone(to).TakesSMS()
	switch {
	case asked == auth.SMS && !texts:
		return "", auth.RefuseField(auth.PhoneLandline, "phone") // R60: it is offered a call
	case (asked == auth.SMS || asked == auth.Voice) && f.delivers(asked):
		return asked, nil
	case asked != "":
		return "", auth.RefuseField(auth.NoSuchMethod, "channel")
	case texts && f.delivers(auth.SMS):
		return auth.SMS, nil
	case f.delivers(auth.Voice):
		return auth.Voice, nil
	case !texts:
		return "", auth.RefuseField(auth.PhoneLandline, "phone")
	}
	return "", auth.RefuseField(auth.NoSuchMethod, "channel")
}

// delivers reports whether somebody delivers by a channel.
func (f *Factor) delivers(c auth.Channel) bool {
	return f.config.Channels == nil || slices.Contains(f.config.Channels, c)
}

const (
	digits  = 6
	letters = "ACDEFHJKMNPRTUVWXY" // none that looks like a digit or like another
	figures = "2345679"
)

// draw returns a code without bias and a label other than the one before.
func (f *Factor) draw(before string) (code, label string, err error) {
	below := func(n int64) int64 {
		if err != nil {
			return 0
		}
		var v *big.Int
		if v, err = rand.Int(f.Rand, big.NewInt(n)); err != nil {
			err = fmt.Errorf("drawing a code: %w", err)
			return 0
		}
		return v.Int64()
	}
	code = fmt.Sprintf("%0*d", digits, below(1e6))
	l, d := below(int64(len(letters))), below(int64(len(figures)))
	label = string([]byte{letters[l], figures[d]})
	if label == before {
		label = string([]byte{letters[l], figures[(d+1)%int64(len(figures))]})
	}
	return code, label, err
}
