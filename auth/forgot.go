package auth

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// acceptedHash is an owner's new password as it is stored, if the policy takes it. Who has shown a session or a link
// comes before strangers.
func (s *Service) acceptedHash(ctx context.Context, password string, a *Account) (string, error) {
	if err := s.policy.acceptPassword(password, a.UserName, a.Email, a.Name); err != nil {
		return "", err
	}
	return HashPassword(ctx, s.hasher.First(), password)
}

// clearAttempts takes a charge back that was for a right answer, and returns err.
func (s *Service) clearAttempts(ctx context.Context, c Caller, g *guess, refused error) error {
	if err := s.do(ctx, c, ActPassword, func(w *Work) error { return w.clearGuess(g) }); err != nil {
		return err
	}
	return refused
}

// setPassword writes a new password and voids what rested on the old one. by is
// what proved the first factor instead of the old password, if something did.
func (w *Work) setPassword(a *Account, hashed string, by ident.Recipient, ids messageIDs) error {
	before := *a
	a.Password = hashed
	a.PasswordAt = w.now
	a.setFirstBy(by)
	a.Epoch++
	if err := w.s.accounts.Put(w.tx, string(a.ID), a); err != nil {
		return err
	}
	if err := w.endOldCounts(a.ID); err != nil {
		return err
	}
	var over func(*browser) bool // by a link all are
	if w.session != nil {
		over = func(b *browser) bool { return !w.isOwnBrowser(b) }
	}
	if err := w.forgetBrowsers(a.ID, over); err != nil {
		return err
	}
	// whoever asked for what waits may be why the password is new
	if err := w.dropChanges(a.ID, func(*change) bool { return true }); err != nil {
		return err
	}
	if err := w.endSessions(a.ID, func(x *session) bool { return !w.isOwnSession(x) }); err != nil {
		return err
	}
	return w.tell(&before, toldPassword, nil, ids)
}

// A ForgotForm asks for a new password. A browser that the account does not know answers a puzzle as well.
type ForgotForm struct {
	Identifier string
	PuzzleAnswer
}

// Forgot mails a link to choose a new password. The answer and the time it
// takes are the same for an identifier that nobody has. Refuses what takePuzzle
// refuses, alike for both, unless the account knows the caller's browser.
func (s *Service) Forgot(ctx context.Context, c Caller, f ForgotForm) error {
	start := time.Now()
	defer s.delayRefusal(ctx, &s.floors.forgot, start)
	login := s.parseLogin(c, f.Identifier)
	key, url := s.newLink(LinkReset)
	messageID := s.newID()
	return s.doOnce(ctx, c, ActForgot, func(w *Work) error {
		a, err := w.findAccount(login)
		if err != nil {
			return err
		}
		spared, err := w.sparesPuzzle(a)
		if err != nil {
			return err
		}
		if !spared {
			if err := w.takePuzzle(f.PuzzleAnswer); err != nil {
				return err
			}
		}
		if a == nil {
			return nil
		}
		err = w.takeLinkQuota(resetKey(a.ID), s.policy.SendsPerDay, s.policy.ResetLife)
		if e := new(Error); errors.As(err, &e) {
			return nil // too soon, or too many today: saying so would say that the account exists
		}
		if err != nil {
			return err // before About: repeating it fills nobody's history
		}
		w.About(a.ID)
		return w.mailReset(a, key, url, messageID)
	})
}

// mailReset mails the link of a forgotten password. The quota is taken.
func (w *Work) mailReset(a *Account, key, url, messageID string) error {
	until := w.now.Add(w.s.policy.ResetLife)
	l := link{Purpose: LinkReset, Account: a.ID, Email: a.Email, Expires: until, Epoch: a.Epoch}
	if err := w.saveLink(key, &l); err != nil {
		return err
	}
	return w.enqueue(Message{Account: a.ID, Channel: Mail, Recipient: ident.Recipient(a.Email), Language: a.Language,
		Template: TemplateReset, Args: map[string]string{"link": url, "name": a.Name}, Expires: l.Expires}, messageID)
}

// ResetPassword sets a new password by a mailed link. It signs nobody in and
// skips no second step (D7), and it works while sign-in is locked. Refuses
// LinkUsed and what the policy refuses; a refused password leaves the link
// good.
func (s *Service) ResetPassword(ctx context.Context, c Caller, token, password string) error {
	_, err := once(ctx, s, c, ActReset, linkKey(token), func(c Caller) (struct{}, error) {
		return struct{}{}, s.resetPassword(ctx, c, token, password)
	}, recall[struct{}])
	return err
}

func (s *Service) resetPassword(ctx context.Context, c Caller, token, password string) error {
	owner, err := do(ctx, s, c, ActLook, func(w *Work) (*Account, error) {
		l, err := w.openLink(LinkReset, token)
		if err != nil {
			return nil, err
		}
		return w.ceremonyAccount(l.Account)
	})
	if err != nil {
		return err
	}
	stored, err := s.acceptedHash(ctx, password, owner)
	if err != nil {
		return err
	}
	messages := s.newMessageIDs()
	return s.do(ctx, c, ActReset, func(w *Work) error {
		l, err := w.consumeLink(LinkReset, token)
		if err != nil {
			return err
		}
		w.About(l.Account)
		a, err := s.accounts.Get(w.tx, string(l.Account))
		if errors.Is(err, store.ErrNotFound) || err == nil && a.Epoch != l.Epoch {
			return Refuse(LinkUsed) // the password was changed since: an older link is void
		}
		if err != nil {
			return err
		}
		if err := w.setPassword(a, stored, l.resetBy(a), messages); err != nil {
			return err
		}
		if err := w.introduce(a); err != nil {
			return err
		}
		return w.remember(struct{}{}, nil)
	})
}
