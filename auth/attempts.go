package auth

import (
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// attempts counts wrong answers in one place. Its key says whose (see side): the
// account, the kind of method or the password, and who; never the ceremony, so
// that parallel sign-ins multiply nothing. Attempts and quotas lie in one
// collection and are told apart by their keys alone.
//
//	b/<account>/<browser>           passwords, known browser    Policy.Passwords, its waits
//	b/<account>/<browser>/<kind>    codes, known browser        Policy.Guesses, its waits
//	i/<account>/<kind>              all introduced browsers     the same waits
//	s/<account>/<network>/<kind>    strangers                   the same, or Policy.Strangers
//	k/<account>/<id>                passwords behind a key      Policy.Proven, its waits
//	a/<account>/<kind>              codes of a binding          Policy.Guesses
//	c/<account>/<kind>              all known browsers together the limit
//	e/<account>/<kind>              all others together         with c, where Policy.OneLimit
//	g/<ceremony>                    codes of one text of a      textedTries
//	                                forgotten password
//	h/<account>                     user names behind such      nameTries in nameLock, then that way is closed
//	p/<account>                     strangers' second steps     outAfter
type attempts struct {
	Failures   int       `json:"f"`           // consecutive, ended by a right answer
	Burst      int       `json:"b,omitempty"` // consecutive without a quiet day between
	At         time.Time `json:"t"`           // of the last
	RestsUntil time.Time `json:"u,omitzero"`
	Keep       bool      `json:"k,omitempty"` // counts towards a limit: never swept
	Since      time.Time `json:"s,omitzero"`  // of the first, where that is asked for
}

const quiet = 24 * time.Hour

// afterFailure returns the attempts after one more wrong answer.
func (t attempts) afterFailure(g GuessPolicy, now time.Time) attempts {
	if now.Sub(t.At) > quiet {
		t.Burst = 0
	}
	t.Failures++
	t.Burst++
	t.At, t.Keep = now, g.Limit > 0
	if over := t.Burst - g.Free; over >= 0 {
		wait := g.Wait
		for range over {
			if wait *= 2; wait >= g.Cap {
				break
			}
		}
		t.RestsUntil = now.Add(min(wait, g.Cap))
	}
	return t
}

// withoutOne returns the attempts without one that was not judged. It may be made
// again at once: it was not made while they rested.
func (t attempts) withoutOne() attempts {
	t.Failures, t.Burst = max(0, t.Failures-1), max(0, t.Burst-1)
	t.RestsUntil = time.Time{}
	return t
}

// freeTries says how many wrong answers are still free of a wait.
func (t attempts) freeTries(g GuessPolicy, now time.Time) int {
	if now.Sub(t.At) > quiet {
		return g.Free
	}
	return max(0, g.Free-t.Burst)
}

func (w *Work) attempts(key string) (attempts, error) {
	t, err := w.s.attempts.Get(w.tx, key)
	if errors.Is(err, store.ErrNotFound) {
		return attempts{}, nil
	}
	if err != nil {
		return attempts{}, err
	}
	return *t, nil
}

// clearFailures ends a count. It writes only if there is one.
func (w *Work) clearFailures(key string) error {
	t, err := w.attempts(key)
	if err != nil || t == (attempts{}) {
		return err
	}
	return w.s.attempts.Delete(w.tx, key)
}

// countOver reports whether a count may go: one of messages, or of guesses that
// have no limit, two days after its last. Guesses that have one are counted
// until a right answer: who guesses a few a day would otherwise never reach it.
// A quota reads as attempts that rested until its day began.
func (w *Work) countOver(t *attempts) bool {
	return !t.Keep && w.now.Sub(t.At) > 2*quiet && w.now.After(t.RestsUntil.Add(2*quiet))
}
