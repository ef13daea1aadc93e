package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// Sealed ceremonies are padded: their length must not say whether an account
// exists or how many keys it has. What strangers may begin has one length,
// whatever was typed; it is longer only for keys whose ids the options show as
// longer. The rest grows by steps.
const (
	sealStep     = 1024
	sealStranger = 2048
)

// paddedSize is the length to which a ceremony of n bytes is padded.
func paddedSize(c *Ceremony, n int) int {
	if (c.anonymous() || c.Purpose == ForIntroduce || c.Purpose == ForReset || c.Purpose == ForResetPhone) && n < sealStranger {
		return sealStranger
	}
	return (n/sealStep + 1) * sealStep
}

// seal turns a ceremony into the opaque text that the client returns. Purpose
// and browser are associated data: a challenge for a sign-in is no challenge
// for a binding, and what one browser began no other can finish.
func (s *Service) seal(c *Ceremony, caller Caller) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // six bytes for one: it is no page
	if err := enc.Encode(c); err != nil {
		return "", fmt.Errorf("writing a ceremony: %w", err)
	}
	text := b.Bytes()
	padded := make([]byte, paddedSize(c, len(text)))
	for i := copy(padded, text); i < len(padded); i++ {
		padded[i] = ' '
	}
	sealed, err := s.keys.Seal("ceremony", s.sealContext(c.Purpose, caller), padded)
	if err != nil {
		return "", fmt.Errorf("sealing a ceremony: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

func (s *Service) sealContext(p Purpose, caller Caller) []byte {
	to := append(make([]byte, 0, 128), p...)
	to = append(append(to, 0), s.browserID(caller)...)
	if mark := s.lab.marked(); mark != "" { // a browser's id is base64url or nothing: it cannot say this
		to = append(append(to, "\x00lab\x00"...), mark...)
	}
	return to
}

// unseal returns the ceremony that seal sealed for the same purpose and browser,
// if its time is not over. What is spent or void is told in the transaction.
func (s *Service) unseal(text string, p Purpose, caller Caller) (*Ceremony, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, Refuse(CeremonyOtherBrowser)
	}
	plain, err := s.keys.Open("ceremony", s.sealContext(p, caller), sealed)
	if err != nil {
		return nil, Refuse(CeremonyOtherBrowser)
	}
	c := new(Ceremony)
	if err := json.Unmarshal(plain, c); err != nil {
		return nil, fmt.Errorf("reading a ceremony: %w", err)
	}
	c.upgrade()
	c.Now = s.callerTime(caller, s.now())
	c.Language = caller.Language
	if !c.Now.Before(c.Expires) {
		return c, Refuse(CeremonyExpired).In(c.challengeStep())
	}
	return c, nil
}

// consumedMark records that a ceremony, a flow or a link has had its one success.
// An ordered index by time finds those that are over; it is spread over 16
// buckets by the id, so that no two sign-ins write side by side because they
// happen at the same time.
type consumedMark struct {
	Expires time.Time `json:"e"`
	Spread  string    `json:"b"`           // one of 16
	Success *success  `json:"s,omitempty"` // of a browser's request
}

// ends is the value of the index: bucket, then time in seconds.
func (m *consumedMark) ends() []string { return []string{m.Spread + timeKey(m.Expires)} }

func timeKey(t time.Time) string { return fmt.Sprintf("%010x", t.Unix()) }

const spreads = "0123456789abcdef"

// spreadOf is the bucket of an id that is itself random.
func spreadOf(id string) string { return string(spreads[id[0]%16]) }

// consume is the one primitive of single use: the first transaction to spend an
// id wins, every other is refused with the code. The mark outlives what it
// marks.
func (w *Work) consume(id string, expires time.Time, code Code) error {
	return w.consumeAs(id, spreadOf(id), expires, code)
}

func (w *Work) consumeAs(id, spread string, expires time.Time, code Code) error {
	if err := w.notConsumed(id, code); err != nil {
		return err
	}
	return w.s.consumed.Insert(w.tx, id, &consumedMark{Expires: expires.Add(time.Minute), Spread: spread})
}

// notConsumed refuses what is spent already.
func (w *Work) notConsumed(id string, code Code) error {
	_, err := w.s.consumed.Get(w.tx, id)
	if err == nil {
		return Refuse(code)
	}
	return ignoreMissing(err)
}

// SealForBrowser seals what a face leaves with a browser for later: only the same
// browser brings it back, and only for the same purpose.
func (s *Service) SealForBrowser(c Caller, purpose string, plain []byte) (string, error) {
	sealed, err := s.keys.Seal("browser", s.sealContext(Purpose(purpose), c), plain)
	if err != nil {
		return "", fmt.Errorf("sealing for a browser: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// OpenForBrowser opens what SealForBrowser has sealed. Refuses CeremonyOtherBrowser.
func (s *Service) OpenForBrowser(c Caller, purpose, text string) ([]byte, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, Refuse(CeremonyOtherBrowser)
	}
	plain, err := s.keys.Open("browser", s.sealContext(Purpose(purpose), c), sealed)
	if err != nil {
		return nil, Refuse(CeremonyOtherBrowser)
	}
	return plain, nil
}
