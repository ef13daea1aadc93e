package auth

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/password"
)

// A guess is one try at a password, in three parts (law 3: no slow work in a
// transaction): it is charged, it is hashed outside, it is concluded. A crash
// between the parts leaves a charge, never a free try.
type guess struct {
	account *Account // nil: nobody has that identifier
	counter counter  // what pays
	mayKnow bool     // whoever asks may be told that it is locked
	locked  *Error
	locks   time.Time // until when strangers wait, if this try makes them and is wrong
	refuse  Code
	hash    string   // what it is held against, "" for the account's password
	way     firstWay // in the settings

	left       int       // tries, should this one be wrong
	restsUntil time.Time // before the next, likewise
}

// ofPassword reports whether it is a password that is tried.
func (g *guess) ofPassword() bool { return g.way.kind == "" || g.way.kind == Password }

// reserveAttempt is the first part: find the account, hold its count, add one.
//
// A known browser has a count of its own (D5): strangers who guess lock only
// strangers out. They get growing waits; the owner is told by mail once the
// answer that makes them wait was judged.
func (s *Service) reserveAttempt(ctx context.Context, c Caller, pick func(*Work) (*guess, error)) (*guess, error) {
	return do(ctx, s, c, ActPassword, func(w *Work) (*guess, error) {
		g, err := pick(w)
		if err != nil || g.account == nil {
			return g, err
		}
		err = w.mayGuess(g.counter)
		if errors.As(err, &g.locked) {
			if g.locked.Code == MethodResting && g.ofPassword() {
				g.locked = Refuse(SignInLocked).At(g.locked.Until)
			}
			return g, nil
		}
		if err != nil {
			return g, err
		}
		t, err := w.countFailure(g.counter)
		g.left, g.restsUntil = t.freeTries(g.counter.waits, w.now), t.RestsUntil
		if err == nil && !g.mayKnow && t.Burst == g.counter.waits.Free {
			g.locks = t.RestsUntil
		}
		return g, err
	})
}

// tellLocked tells the owner, once a day, that wrong answers make strangers wait.
func (w *Work) tellLocked(g *guess, ids messageIDs) error {
	if g.locks.IsZero() {
		return nil
	}
	first, err := w.takeNotice(g.account.ID, TemplateLocked)
	if err != nil || !first {
		return err
	}
	return w.tell(g.account, toldLocked, map[string]string{"until": messageTime(g.locks)}, ids)
}

// verifyPassword is the second part: does the password match? It costs the same for
// nobody's account and for one that is locked to strangers. What was judged is to be
// concluded whoever still listens; what was not costs nobody a try.
func (s *Service) verifyPassword(ctx context.Context, g *guess, typed string) (bool, error) {
	if g.locked != nil && g.mayKnow {
		return false, nil // who is told so has no need of equal times
	}
	if g.account == nil || g.locked != nil || cmp.Or(g.hash, g.account.Password) == "" {
		return false, refuseHash(s.hasher.Dummy(ctx, typed))
	}
	right, err := s.hasherOf(g).Verify(ctx, cmp.Or(g.hash, g.account.Password), typed)
	if err != nil {
		if failed := s.refundAttempt(context.WithoutCancel(ctx), g); failed != nil {
			return false, failed
		}
	}
	return right, refuseHash(err)
}

// hasherOf is where a guess waits: strangers after those who have shown that they may be the owner.
func (s *Service) hasherOf(g *guess) *password.Hasher {
	if g.mayKnow {
		return s.hasher.First()
	}
	return s.hasher
}

// hashesAtOnce is how many hashes run at a time: one core is left to everybody else.
func hashesAtOnce(cores int) int { return max(1, cores-1) }

// refundAttempt takes back the charge for a password that was not judged: whoever
// fills the hasher's queue, or leaves it, must not use up the owner's tries.
func (s *Service) refundAttempt(ctx context.Context, g *guess) error {
	return s.do(ctx, Caller{}, ActPassword, func(w *Work) error {
		return w.uncountFailure(g.counter)
	})
}

// clearGuess ends the counts that a right password ends. It was charged as a wrong one.
func (w *Work) clearGuess(g *guess) error {
	if err := w.addToCrowd(g.counter, -1); err != nil {
		return err
	}
	return w.clearAnswered(g.counter)
}

// refusal is what a wrong try is told.
func (g *guess) refusal() *Error {
	if g.locked != nil && g.mayKnow {
		return g.locked
	}
	if !g.ofPassword() {
		return Refuse(g.refuse, "n", strconv.Itoa(g.left)).At(g.restsUntil)
	}
	return Refuse(g.refuse)
}

// guessAtSignIn picks the attempts of a sign-in with a password.
func (s *Service) guessAtSignIn(login ident.Login) func(*Work) (*guess, error) {
	return func(w *Work) (*guess, error) {
		g := &guess{refuse: SignInRefused}
		a, err := w.findAccount(login)
		if err != nil || a == nil {
			return g, err
		}
		g.account = a
		g.counter, err = w.counterOf(a.ID, Password)
		g.mayKnow = g.counter.crowd == ""
		return g, err
	}
}

// messageTime writes a time into a message; its text makes it readable.
func messageTime(t time.Time) string { return t.Format(time.RFC3339) }
