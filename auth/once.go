package auth

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// This file is the rule "twice is once". A person presses twice, loads again, or
// loses the answer: the same request of the same browser soon gets the success
// again, and nothing is granted anew. The mark that the request consumed remembers
// what it got; where it consumes nothing, a mark of its own does.
//
// It is no second use: without the browser's cookie and the very same body there
// is no success to be had again, a session that is over stays over, and the
// token that is handed out takes the place of the one before.
//
// And a second time is not twice: where something else was done in between, or what
// the success led to is used up, the same request means what it says.

const (
	answerLife  = 10 * time.Second
	maxRenewals = 8 // of one success
)

var (
	// errSucceeded ends a pass of a request that has had its success.
	errSucceeded = errors.New("the same request has succeeded already")
	// errUsedUp ends a pass that would answer with a ceremony of before.
	errUsedUp = errors.New("what the same request has led to is used up")
)

// A success is what a mark remembers of the request that consumed it.
type success struct {
	Request string          `json:"q"` // what requestMark made of it
	At      time.Time       `json:"t"`
	Account AccountID       `json:"a,omitempty"`
	Session string          `json:"s,omitempty"` // the session that it opened or raised, by its ID then
	Answer  json.RawMessage `json:"r,omitempty"` // without any token
	Led     string          `json:"l,omitempty"` // the ceremony that it led to
}

// once does act, which consumes what id names; "" is an act that consumes
// nothing. The same request gets what again makes of its success, before
// anything else of act is judged. Programs send no Request: for them this is act.
func once[T any](ctx context.Context, s *Service, c Caller, a Action, id string,
	act func(Caller) (T, error), again func(*Work, *priorSuccess) (T, error)) (T, error) {
	if c.Request != "" && c.Browser != "" {
		c.once = onceMark{id: cmp.Or(id, s.lastMark(c)), request: s.requestMark(c, a)}
	}
	result, err := act(c)
	if !errors.Is(err, errSucceeded) {
		return result, err
	}
	result, err = answerAgain(ctx, s, c, a, again)
	if errors.Is(err, errUsedUp) {
		c.once.anew = true
		return act(c)
	}
	return result, err
}

// onceMark names the mark in which a request finds its success.
type onceMark struct {
	id, request string
	anew        bool // what it has led to is used up
}

// lastMark names where the last act of a browser is that consumed nothing.
func (s *Service) lastMark(c Caller) string {
	return s.requestMark(Caller{Browser: c.Browser}, "")
}

// requestMark is the name of a request: of what was asked, in which browser. It is
// keyed, because what is asked holds passwords and codes.
func (s *Service) requestMark(c Caller, a Action) string {
	h := hmac.New(sha256.New, s.siteRecord.Load().Secret)
	fmt.Fprintf(h, "request\x00%s\x00%s\x00%s", a, s.browserID(c), c.Request)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// refuseSucceeded ends the pass of a request that has had its success.
func (w *Work) refuseSucceeded() error {
	if w.caller.once.id == "" || w.caller.once.anew {
		return nil
	}
	found, err := w.findSuccess()
	if err == nil && found != nil {
		return errSucceeded
	}
	return err
}

// findSuccess returns the success of the same request, nil if there is none or
// its time is over.
func (w *Work) findSuccess() (*success, error) {
	m, err := w.s.consumed.Get(w.tx, w.caller.once.id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	x := m.Success
	if x == nil || x.Request != w.caller.once.request || w.now.Sub(x.At) >= answerLife {
		return nil, nil
	}
	return x, nil
}

// remember notes what the request got, and the session that it opened or raised,
// nil for none. The answer holds nothing that may be stored nowhere.
func (w *Work) remember(answer any, granted *session) error {
	id := w.caller.once.id
	if id == "" {
		return nil
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("writing a success: %w", err)
	}
	m, err := w.s.consumed.Get(w.tx, id)
	if errors.Is(err, store.ErrNotFound) {
		m, err = &consumedMark{Expires: w.now.Add(answerLife), Spread: spreadOf(id)}, nil
	}
	if err != nil {
		return err
	}
	if end := w.now.Add(answerLife); m.Expires.Before(end) {
		m.Expires = end
	}
	m.Success = &success{Request: w.caller.once.request, At: w.now, Account: w.auditAccount, Answer: raw, Led: ledTo(answer)}
	if granted != nil {
		m.Success.Session = granted.ID
	}
	return w.s.consumed.Put(w.tx, id, m)
}

// ledTo names the ceremony that an answer goes on with, "" for none.
func ledTo(answer any) string {
	switch v := answer.(type) {
	case *Ceremony:
		return v.ID
	case *begunChallenge:
		return v.ID
	}
	return ""
}

// A priorSuccess is a success that is had again.
type priorSuccess struct {
	*success
	token   string   // the session's next, if there is a session
	session *session // with that token
}

// mayGoOn refuses a success whose ceremony is used up.
func (w *Work) mayGoOn(x *success) error {
	if x.Led == "" {
		return nil
	}
	err := w.notConsumed(x.Led, CeremonyUsed)
	if errors.Is(err, Refuse(CeremonyUsed)) {
		return errUsedUp
	}
	return err
}

// read reads the answer into v.
func (r *priorSuccess) read(v any) error {
	if err := json.Unmarshal(r.Answer, v); err != nil {
		return fmt.Errorf("reading a success: %w", err)
	}
	return nil
}

// answerAgain answers with the success of the same request.
func answerAgain[T any](ctx context.Context, s *Service, c Caller, a Action, again func(*Work, *priorSuccess) (T, error)) (T, error) {
	mark := c.once
	c.once = onceMark{}
	secret := s.random(sessionSecretBytes)
	rule, _ := s.rule(a)
	pass := func(fn func(*Work) error) error {
		_, err := s.passBy(ctx, c, ActAnswerAgain, Rule{Who: rule.Who, Audit: true}, fn)
		return err
	}
	return resultOf(pass, func(w *Work) (T, error) {
		r, err := w.priorSuccess(mark, secret)
		if err != nil {
			var none T
			return none, err
		}
		return again(w, r)
	})
}

// priorSuccess is the success of a mark, with the next token of its session. Refuses CeremonyUsed, and errUsedUp.
func (w *Work) priorSuccess(mark onceMark, secret []byte) (*priorSuccess, error) {
	w.caller.once = mark
	x, err := w.findSuccess()
	if err != nil {
		return nil, err
	}
	if x == nil || w.session != nil && w.account.ID != x.Account || w.staff != nil && w.auditAccount != x.Account {
		return nil, Refuse(CeremonyUsed)
	}
	if err := w.mayGoOn(x); err != nil {
		return nil, err
	}
	w.About(x.Account)
	r := &priorSuccess{success: x}
	if x.Session != "" {
		if r.token, r.session, err = w.renew(x, secret); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// renew gives the session of a success its next token, at its own level. Refuses
// CeremonyUsed if it is over, or was raised by something else since.
func (w *Work) renew(x *success, secret []byte) (string, *session, error) {
	id := x.Session
	for range maxRenewals {
		last, err := w.s.sessions.Get(w.tx, sessionKey(x.Account, id))
		if errors.Is(err, store.ErrNotFound) {
			return "", nil, Refuse(CeremonyUsed)
		}
		if err != nil {
			return "", nil, err
		}
		if last.NextAgain {
			id = last.Next
			continue
		}
		if last.exchanged() || w.sessionOver(last) || w.session != nil && !w.isOwnSession(last) {
			break
		}
		next := *last
		next.ID = sessionID(secret)
		if next.keyDue, err = w.keyDue(x.Account); err != nil {
			return "", nil, err
		}
		if err := w.exchange(last, &next, true); err != nil {
			return "", nil, err
		}
		return w.s.sessionToken(x.Account, secret), &next, nil
	}
	return "", nil, Refuse(CeremonyUsed)
}

// doOnce is do for an act that opens no session.
func doOnce[T any](ctx context.Context, s *Service, c Caller, a Action, id string, fn func(*Work) (T, error)) (T, error) {
	return once(ctx, s, c, a, id, func(c Caller) (T, error) {
		return do(ctx, s, c, a, func(w *Work) (T, error) {
			result, err := fn(w)
			if err != nil {
				return result, err
			}
			return result, w.remember(result, nil)
		})
	}, recall[T])
}

// recall is the success of an act that opens no session.
func recall[T any](_ *Work, r *priorSuccess) (T, error) {
	var result T
	err := r.read(&result)
	return result, err
}

// doOnce is the door for such an act that has no result.
func (s *Service) doOnce(ctx context.Context, c Caller, a Action, fn func(*Work) error) error {
	_, err := doOnce(ctx, s, c, a, "", func(w *Work) (struct{}, error) { return struct{}{}, fn(w) })
	return err
}
