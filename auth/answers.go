package auth

import "strconv"

// This file is what a wrong answer costs.

// mayAnswer refuses a kind that rests or is switched off. It is asked when a
// challenge is issued and again, with the same count, when it is redeemed: a
// hundred parallel guesses find the lock that the fifth has set.
func (w *Work) mayAnswer(c *Ceremony) error {
	if !w.s.worth(c.Kind).Guessable {
		return nil
	}
	t, err := w.attempts(answersKey(c))
	if err != nil {
		return err
	}
	if t.limitReached(w.s.policy.Guesses) {
		return Refuse(MethodDisabled)
	}
	if w.now.Before(t.RestsUntil) {
		return Refuse(MethodResting).At(t.RestsUntil)
	}
	return nil
}

// answersKey is where the answers of a ceremony are counted. Those of bindings
// count apart: they lock no sign-in.
func answersKey(c *Ceremony) string {
	if c.Purpose == ForBind {
		return bindingKey(c.Account, c.Kind)
	}
	return codesKey(c.Account, c.Kind)
}

// recordFailure counts a refused response and says what is left. A failed WebAuthn
// response burns its challenge; a wrong code does not, but is counted.
func (w *Work) recordFailure(c *Ceremony, refused *Error) error {
	if !w.s.worth(c.Kind).Guessable {
		if err := w.consume(c.ID, c.Expires, CeremonyUsed); err != nil {
			return err
		}
		return refused
	}
	if refused.Code == CodeMalformed || refused.Code == CodeExpired {
		return refused // no guess: it could not have been right
	}
	g := w.s.policy.Guesses
	t, err := w.countFailure(answersKey(c), g)
	if err != nil {
		return err
	}
	if t.limitReached(g) && c.Purpose != ForBind { // a binding has nothing yet to switch off
		if err := w.disableKind(c, c.Account); err != nil {
			return err
		}
	}
	e := *refused
	e.Args = nil
	for k, val := range refused.Args {
		e.With(k, val)
	}
	return e.With("n", strconv.Itoa(t.freeTries(g, w.now))).At(t.RestsUntil)
}

// disableKind switches every authenticator of a kind off: too many consecutive
// wrong answers. Only binding anew brings it back.
func (w *Work) disableKind(c *Ceremony, a AccountID) error {
	list, err := w.activeMethods(a, c.Kind, "")
	if err != nil {
		return err
	}
	for _, x := range list {
		x.State = Disabled
		x.Rev++
		if err := w.s.authenticators.Put(w.tx, authenticatorKey(a, x.ID), x); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		return nil
	}
	return w.tell(w.account, toldDisabled, list[0], nil, messageIDs(c.ID))
}
