package auth

import (
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// This file is what becomes of a token when its session gets the next one. The
// tokens of one session are a line, named after the first. In a browser the token
// before the last opens its session a little longer, at the level that it had and
// never to be exchanged itself: the answer with the new one may be lost, and
// another tab's request may be on its way. A program has one token.

const (
	rotationGrace = 30 * time.Second // for so long a token that was exchanged opens its session
	rotationKept  = 5 * time.Minute  // and for so long it is known as exchanged, and as no session that is over
	rotationSteps = 32               // bounds how far a line is followed
)

// lineID names the session whatever its token is by now.
func (s *session) lineID() string {
	if s.Line != "" {
		return s.Line
	}
	return s.ID
}

// exchanged reports whether the session has another token by now.
func (s *session) exchanged() bool { return s.Next != "" }

// isOwnSession reports whether x is the caller's session, by whatever token.
func (w *Work) isOwnSession(x *session) bool {
	return w.session != nil && x.lineID() == w.session.lineID()
}

// exchange puts next in the place of a session. again says that nothing was
// proved for it: the answer to a request was repeated.
func (w *Work) exchange(old, next *session, again bool) error {
	if old.exchanged() {
		return errors.New("a session whose token was exchanged already")
	}
	next.Line = old.lineID()
	key := sessionKey(old.Account, old.ID)
	if w.caller.Browser == "" {
		if err := w.s.sessions.Delete(w.tx, key); err != nil {
			return err
		}
	} else {
		before := *old
		before.Next = next.ID
		before.NextAt = w.now
		before.NextAgain = again
		before.Browser = w.s.browserID(w.caller)
		if err := w.s.sessions.Put(w.tx, key, &before); err != nil {
			return err
		}
	}
	return w.s.sessions.Insert(w.tx, sessionKey(next.Account, next.ID), next)
}

// openExchanged refuses a token that was exchanged where it opens nothing any
// more. While its line lives that is SessionRequired: no session is over, and the
// browser may have the new token by now.
func (w *Work) openExchanged(x *session) error {
	proved := 0
	head := x
	for range rotationSteps {
		if !head.exchanged() {
			break
		}
		if !head.NextAgain {
			proved++
		}
		next, err := w.s.sessions.Get(w.tx, sessionKey(head.Account, head.Next))
		if errors.Is(err, store.ErrNotFound) {
			return Refuse(SessionEnded)
		}
		if err != nil {
			return err
		}
		head = next
	}
	if !head.exchanged() && w.sessionOver(head) {
		return Refuse(SessionEnded)
	}
	if head.exchanged() || proved > 1 || w.sessionOver(x) || x.Browser != w.s.browserID(w.caller) {
		return Refuse(SessionRequired)
	}
	return nil
}

// requireOwnSession refuses a step-up or binding that belongs to another session.
func (w *Work) requireOwnSession(c *Ceremony) error {
	if c.Session != "" && (w.session == nil || w.session.lineID() != c.Session) {
		return Refuse(CeremonyOtherBrowser)
	}
	return nil
}

// requireExchange refuses what ends with a new token where the caller's has been
// exchanged already: his browser has the next one by now, or asks with it.
func (w *Work) requireExchange() error {
	if w.session != nil && w.session.exchanged() {
		return Refuse(CeremonyOtherBrowser)
	}
	return nil
}
