package auth

import (
	"strconv"
	"time"
)

// This file is what a wrong answer costs.

// mayAnswer refuses a kind that rests or is switched off. It is asked when a
// challenge is issued and again, with the same count, when it is redeemed: a
// hundred parallel guesses find the lock that the fifth has set.
func (w *Work) mayAnswer(c *Ceremony) error {
	if !w.s.worth(c.Kind).Guessable {
		return nil
	}
	count, err := w.answersOf(c)
	if err != nil {
		return err
	}
	return w.mayGuess(count)
}

// mayGuess refuses what rests for whoever asks, or is switched off.
func (w *Work) mayGuess(c counter) error {
	if c.stepOf != "" {
		if err := w.refuseStrangersStep(c); err != nil {
			return err
		}
	}
	over, err := w.limitReached(c)
	if err != nil {
		return err
	}
	if over {
		return Refuse(MethodDisabled)
	}
	t, err := w.ownAttempts(c)
	if err != nil {
		return err
	}
	if w.now.Before(t.RestsUntil) {
		return Refuse(MethodResting).At(t.RestsUntil)
	}
	full, until, err := w.crowdFull(c)
	if err == nil && full {
		return Refuse(MethodResting).At(until)
	}
	return err
}

// crowdFull reports whether all strangers together have given the wrong answers that they have in a day, and until
// when.
func (w *Work) crowdFull(c counter) (full bool, until time.Time, err error) {
	if c.crowd == "" {
		return false, time.Time{}, nil
	}
	q, err := w.quota(c.crowd)
	return q.Count >= w.s.policy.StrangersPerDay, q.Since.Add(quiet), err
}

// answersOf is where the answers to a ceremony are counted. Those of bindings
// count apart: they lock no sign-in.
func (w *Work) answersOf(c *Ceremony) (counter, error) {
	if c.Purpose == ForBind {
		return ownCounter(bindingKey(c.Account, c.Kind), w.s.policy.Guesses), nil
	}
	return w.counterOf(c.Account, c.Kind)
}

// clearAnswers ends the counts that the right answer to a ceremony ends.
func (w *Work) clearAnswers(c *Ceremony) error {
	count, err := w.answersOf(c)
	if err != nil {
		return err
	}
	return w.clearAnswered(count)
}

// recordFailure counts a refused response and says what is left. A failed WebAuthn
// response burns its challenge; a wrong code does not, but is counted.
func (w *Work) recordFailure(c *Ceremony, refused *Error) error {
	if !w.s.worth(c.Kind).Guessable {
		if err := w.consume(c.ID, c.Expires, CeremonyUsed); err != nil {
			return err
		}
		if err := w.countStrangersStep(c); err != nil {
			return err
		}
		return refused
	}
	switch refused.Code {
	case CodeMalformed, CodeLayout, CodeIncomplete, CodeExpired:
		return refused // no guess: it could not have been right
	}
	if err := w.countStrangersStep(c); err != nil {
		return err
	}
	count, err := w.answersOf(c)
	if err != nil {
		return err
	}
	t, err := w.countFailure(count)
	if err != nil {
		return err
	}
	over, err := w.limitReached(count)
	if err != nil {
		return err
	}
	if over && c.Purpose != ForBind { // a binding has nothing yet to switch off
		if err := w.disableKind(c, c.Account); err != nil {
			return err
		}
	}
	e := *refused
	e.Args = nil
	for k, val := range refused.Args {
		e.With(k, val)
	}
	return e.With("n", strconv.Itoa(t.freeTries(count.waits, w.now))).At(t.RestsUntil)
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
	return w.tell(w.account, toldDisabled, nil, messageIDs(c.ID), list[0])
}
