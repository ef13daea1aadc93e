package auth

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// This file is what wrong second steps behind a right password mean: whoever
// gives them has the password and nothing else. From the fifth on the password
// alone leads no unknown browser any further than to a mailed code or a key,
// until it is replaced. Known and introduced browsers go on as ever.

// outAfter is how many wrong second steps of strangers say that the password is out.
const outAfter = 5

// outKey is where they are counted, whichever kind and network.
func outKey(a AccountID) string { return "p/" + string(a) }

// passwordOut reports whether strangers have shown that they know the password.
func (w *Work) passwordOut(a AccountID) (bool, error) {
	t, err := w.attempts(outKey(a))
	return t.Failures >= outAfter, err
}

// refuseOut refuses strangers while the password is out, in words that lead to the mailed code or the key.
func (w *Work) refuseOut(a AccountID) error {
	out, err := w.passwordOut(a)
	if err == nil && out {
		return Refuse(MailCodeNeeded)
	}
	return err
}

// refuseStrangersStep refuses a stranger's second step where strangers have used up what they have: the password is
// out, or the day's wrong answers are given.
func (w *Work) refuseStrangersStep(c counter) error {
	if err := w.refuseOut(c.stepOf); err != nil {
		return err
	}
	full, _, err := w.crowdFull(c)
	if err == nil && full {
		return Refuse(MailCodeNeeded)
	}
	return err
}

// refuseOutAtSignIn refuses a stranger with the right password while it is out, and tells the owner once a day.
func (w *Work) refuseOutAtSignIn(a *Account, g *guess, ids messageIDs) error {
	if g.mayKnow {
		return nil
	}
	refused := w.refuseOut(a.ID)
	if refused == nil {
		return nil
	}
	if err := w.tellOut(a, ids); err != nil {
		return err
	}
	return refused
}

// isStrangersStep reports whether a ceremony is a second step that a stranger takes behind a right password.
func (w *Work) isStrangersStep(c *Ceremony) (bool, error) {
	if c.Purpose != ForSignIn || !c.shown(Password) {
		return false, nil
	}
	p, err := w.partyOf(c.Account)
	return p.side == strangers, err
}

// countStrangersStep counts a wrong second step of a stranger.
func (w *Work) countStrangersStep(c *Ceremony) error {
	strange, err := w.isStrangersStep(c)
	if err != nil || !strange {
		return err
	}
	t, err := w.attempts(outKey(c.Account))
	if err != nil {
		return err
	}
	if t.Failures++; t.Failures == 1 {
		t.Since = w.now
	}
	t.At, t.Keep = w.now, true // only a new password ends it, or the owner's word
	if err := w.s.attempts.Put(w.tx, outKey(c.Account), &t); err != nil || t.Failures < outAfter {
		return err
	}
	return w.tellOut(w.account, messageIDs(c.ID+".out")) // named after the ceremony: nothing is drawn here
}

// forgiveSlips ends the count with a right second step in an unknown browser: those before it were slips.
func (w *Work) forgiveSlips(c *Ceremony) error {
	strange, err := w.isStrangersStep(c)
	if err != nil || !strange {
		return err
	}
	if out, err := w.passwordOut(c.Account); err != nil || out {
		return err
	}
	return w.clearFailures(outKey(c.Account))
}

// tellOut tells the owner that the password is out, once a day.
func (w *Work) tellOut(a *Account, ids messageIDs) error {
	first, err := w.takeNotice(a.ID, TemplatePasswordOut)
	if err != nil || !first {
		return err
	}
	return w.tell(a, toldPasswordOut, nil, ids)
}

// ItWasMe is the owner's word that the wrong second steps were his own: the password is out no longer. It counts in a
// browser that the account knew before the first of them, or behind a fresh strong proof: whoever has signed in since
// with something weak may be who gave them. Refuses StepUpRequired and TooWeak.
func (s *Service) ItWasMe(ctx context.Context, c Caller) error {
	return s.doOnce(ctx, c, ActItWasMe, func(w *Work) error {
		key := outKey(w.account.ID)
		t, err := w.attempts(key)
		if err != nil {
			return err
		}
		known, err := w.knewBrowser(t.Since)
		if err != nil {
			return err
		}
		if !known && t.Failures > 0 {
			if err := w.Require(Demand{Strong, ageRemove}, NoClass); err != nil {
				return err
			}
		}
		return w.clearFailures(key)
	})
}

// knewBrowser reports whether the account knew the session's browser at a time.
func (w *Work) knewBrowser(at time.Time) (bool, error) {
	b, err := w.s.browsers.Get(w.tx, sessionKey(w.account.ID, w.s.browserID(w.caller)))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && b.FirstAt.Before(at), err
}
