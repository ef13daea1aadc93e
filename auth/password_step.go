package auth

import (
	"context"
	"errors"
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
	refuse  Code
}

// reserveAttempt is the first part: find the account, hold its count, add one.
//
// A known browser has a count of its own (D5): strangers who guess lock only
// strangers out. They get growing waits; the owner is told by mail.
func (s *Service) reserveAttempt(ctx context.Context, c Caller, pick func(*Work) (*guess, error)) (*guess, error) {
	messages := s.newMessageIDs()
	return do(ctx, s, c, ActPassword, func(w *Work) (*guess, error) {
		g, err := pick(w)
		if err != nil || g.account == nil {
			return g, err
		}
		err = w.mayGuess(g.counter)
		if errors.As(err, &g.locked) {
			if g.locked.Code == MethodResting {
				g.locked = Refuse(SignInLocked).At(g.locked.Until)
			}
			return g, nil
		}
		if err != nil {
			return g, err
		}
		t, err := w.countFailure(g.counter)
		if err != nil || g.mayKnow || t.Burst != g.counter.waits.Free {
			return g, err
		}
		first, err := w.takeNotice(g.account.ID, TemplateLocked)
		if err != nil || !first {
			return g, err
		}
		w.account = g.account
		return g, w.tell(g.account, toldLocked, map[string]string{"until": messageTime(t.RestsUntil)}, messages)
	})
}

// verifyPassword is the second part: does the password match? It costs the same for
// nobody's account and for a locked one.
func (s *Service) verifyPassword(ctx context.Context, g *guess, typed string) (bool, error) {
	if g.account == nil || g.locked != nil {
		return false, refuseHash(s.hasher.Dummy(ctx, typed))
	}
	right, err := s.hasher.Verify(ctx, g.account.Password, typed)
	if errors.Is(err, password.ErrBusy) {
		if failed := s.refundAttempt(ctx, g); failed != nil {
			return false, failed
		}
	}
	return right, refuseHash(err)
}

// refundAttempt takes back the charge for a password that was not judged: whoever
// fills the hasher's queue must not use up the owner's tries.
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
