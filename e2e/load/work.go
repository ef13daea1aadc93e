package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
)

// The part of the API that is measured.
const (
	pathSignIn   = "/api/v1/sign-in"
	pathKeyFirst = "/api/v1/sign-in/key"
	pathBegin    = "/api/v1/sign-in/begin"
	pathFinish   = "/api/v1/sign-in/finish"
	pathSession  = "/api/v1/session"
	pathSignUp   = "/api/v1/sign-up"
	pathForgot   = "/api/v1/forgot"

	pathRecovery        = "/api/v1/recovery"
	pathForgotPhone     = "/api/v1/forgot/phone"
	pathForgotPhoneCode = "/api/v1/forgot/phone/code"
)

// An answer is what a sign-in answers, as far as a client of it looks.
type answer struct {
	Step     string `json:"step"`
	Ceremony string `json:"ceremony"`
	Token    string `json:"token"`
	Prompt   struct {
		PublicKey struct {
			Challenge string `json:"challenge"`
		} `json:"publicKey"`
	} `json:"prompt"`
}

// ask posts a request and reads the answer.
func ask(ctx context.Context, c *client, path string, request any) (a answer, err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return a, fmt.Errorf("writing a request: %w", err)
	}
	text, err := c.post(ctx, path, body)
	if err != nil {
		return a, fmt.Errorf("%s: %w", path, err)
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("%s: reading the answer: %w", path, err)
	}
	return a, nil
}

type (
	identified struct {
		Identifier string `json:"identifier"`
	}
	withPassword struct {
		Identifier string `json:"identifier"`
		Password   string `json:"password"`
	}
	chosen struct {
		Ceremony string `json:"ceremony"`
		Kind     string `json:"kind"`
	}
	answered struct {
		Ceremony string          `json:"ceremony"`
		Response json.RawMessage `json:"response"`
	}
	typed struct {
		Code string `json:"code"`
	}
)

// signIn signs one seller in with the key alone, its user verified: options, a fresh challenge, a
// real signature, result. From his browser; or, without one, from a program, and then it returns the session's token.
func (w *worker) signIn(ctx context.Context, s *sellers, i int, from *browser) (string, error) {
	seller := &s.keys[i]
	w.client.from = from
	defer func() { w.client.from = nil }()
	begun, err := ask(ctx, w.client, pathKeyFirst, identified{seller.email})
	if err != nil {
		return "", err
	}
	if begun.Prompt.PublicKey.Challenge == "" {
		return "", fmt.Errorf("%s: no challenge in the answer", pathKeyFirst)
	}
	signing := time.Now()
	w.buf, err = seller.key.AppendAssertion(w.buf[:0], &virtual.Assertion{
		Challenge: begun.Prompt.PublicKey.Challenge, Origin: s.origin,
		Flags: virtual.FlagUP | virtual.FlagUV, Counter: seller.count(s.began), UserHandle: seller.handle,
	})
	w.signing += time.Since(signing)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	done, err := ask(ctx, w.client, pathFinish, answered{begun.Ceremony, w.buf})
	if err != nil {
		return "", err
	}
	if done.Step != "signed-in" || done.Token == "" && (from == nil || !from.signed) {
		return "", fmt.Errorf("%s: got step %q, want signed-in and a session", pathFinish, done.Step)
	}
	return done.Token, nil
}

// count is the counter to show: milliseconds of the wall clock, so that it never goes back, and at
// least one more than before.
func (s *keySeller) count(began time.Time) uint32 {
	s.counter = max(s.counter+1, uint32(time.Since(began).Milliseconds()))
	return s.counter
}

// keySignIn is the complete sign-in with a key, from the browser that each seller always uses.
func keySignIn(s *sellers) operation {
	return operation{name: "key sign-in", once: func(ctx context.Context, w *worker) error {
		i := w.pick(len(s.keys))
		_, err := w.signIn(ctx, s, i, &s.keys[i].browser)
		return err
	}}
}

// introduce signs every seller in once, so that his account knows his browser and has told him of it, and waits until
// nothing is written any more: a browser that is not known costs a mail.
func introduce(ctx context.Context, c *child, s *sellers) error {
	for i := range s.keys {
		s.keys[i].browser.origin = s.origin
	}
	op := keySignIn(s)
	op.count = len(s.keys)
	l := newLoop(c, op, 8, op.count)
	defer l.close()
	<-l.start(ctx)
	for _, w := range l.workers {
		if w.first != nil {
			return fmt.Errorf("introducing the sellers' browsers: %w", w.first)
		}
	}
	for before := uint64(0); ; {
		now, err := commits(c.db)
		if err != nil || now == before {
			return err
		}
		before = now
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// sessionCheck is an authenticated GET, each worker with a session of its own.
func sessionCheck(c *child, s *sellers) (operation, error) {
	tokens := make([]string, min(len(s.keys), 64))
	w := &worker{of: 1, client: &client{addr: c.addr}}
	defer w.client.close()
	for i := range tokens {
		var err error
		if tokens[i], err = w.signIn(context.Background(), s, i, nil); err != nil {
			return operation{}, err
		}
	}
	return operation{name: "session check", once: func(ctx context.Context, w *worker) error {
		_, err := w.client.get(ctx, pathSession, tokens[w.index%len(tokens)])
		return err
	}}, nil
}

// codeSecondStep is the second step with an app's code: begin and finish. The password before it
// costs a hundred times as much on purpose, so it is given beforehand, n times.
func codeSecondStep(ctx context.Context, c *child, s *sellers, n int) (operation, error) {
	if len(s.apps) < s.appsUsed+n {
		return operation{}, errors.New("not enough sellers with an app")
	}
	mine := s.apps[s.appsUsed : s.appsUsed+n]
	s.appsUsed += n
	begun := make([]string, n)
	give := operation{name: "password", count: n, once: func(ctx context.Context, w *worker) error {
		i := w.pick(n)
		a, err := ask(ctx, w.client, pathSignIn, withPassword{mine[i].email, password})
		if err == nil && (a.Step != "second-step" || a.Ceremony == "") {
			err = fmt.Errorf("%s: got step %q, want second-step", pathSignIn, a.Step)
		}
		begun[i] = a.Ceremony
		return err
	}}
	l := newLoop(c, give, 4, n)
	defer l.close()
	<-l.start(ctx)
	for _, w := range l.workers {
		if w.first != nil {
			return operation{}, w.first
		}
	}
	return operation{name: "app-code second step", count: n, once: func(ctx context.Context, w *worker) error {
		i := w.pick(n)
		a, err := ask(ctx, w.client, pathBegin, chosen{begun[i], "totp"})
		if err != nil {
			return err
		}
		code, err := json.Marshal(typed{mine[i].code(time.Now())})
		if err != nil {
			return fmt.Errorf("writing a code: %w", err)
		}
		done, err := ask(ctx, w.client, pathFinish, answered{a.Ceremony, code})
		if err == nil && (done.Step != "signed-in" || done.Token == "") {
			err = fmt.Errorf("%s: got step %q, want signed-in and a token", pathFinish, done.Step)
		}
		return err
	}}, nil
}

// code is the app's code at a time: RFC 6238 with SHA-1, 30 s and six digits, as apps do it.
func (a *appSeller) code(at time.Time) string {
	var step [8]byte
	binary.BigEndian.PutUint64(step[:], uint64(at.Unix()/30))
	mac := hmac.New(sha1.New, a.secret)
	mac.Write(step[:])
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[from:])&0x7fffffff%1_000_000)
}

func decodeSecret(text string) ([]byte, error) {
	text = strings.TrimRight(strings.ToUpper(strings.ReplaceAll(text, " ", "")), "=")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		return nil, errors.New("an app's secret is not in base32")
	}
	return secret, nil
}
