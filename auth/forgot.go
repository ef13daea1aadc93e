package auth

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// acceptedHash is an owner's new password as it is stored, if the policy takes it. Who has shown a session or a link
// comes before strangers.
func (s *Service) acceptedHash(ctx context.Context, password string, a *Account) (string, error) {
	if err := s.acceptPassword(password, a.UserName, a.Email, a.Name); err != nil {
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
	a.TemporaryAt, a.BreachedAt = time.Time{}, time.Time{}
	a.setFirstBy(by)
	a.setCodeWait(nil) // as all that waits
	a.release(func(h *Hold) { h.Password = false })
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
