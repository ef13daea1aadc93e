package auth

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/password"
)

// passwordRefusals is what each problem of a new password is refused with under
// a policy.
func passwordRefusals(p password.Policy) map[password.Problem]*Error {
	field := func(c Code) *Error { return RefuseField(c, "password") }
	return map[password.Problem]*Error{
		password.TooShort:   field(PasswordTooShort).With("n", strconv.Itoa(p.Min)),
		password.TooLong:    field(PasswordTooLong).With("n", strconv.Itoa(p.Max)),
		password.NoUpper:    field(PasswordNoUpper),
		password.NoLower:    field(PasswordNoLower),
		password.NoDigit:    field(PasswordNoDigit),
		password.NoSign:     field(PasswordNoSign),
		password.IsUserName: field(PasswordIsUserName),
		password.TooCommon:  field(PasswordTooCommon),
		password.TooSimple:  field(PasswordTooSimple),
		password.IsBreached: field(PasswordBreached),
	}
}

// acceptPassword refuses a new password that breaks the policy or was published in a breach, with all of its
// problems. It is called outside of a transaction: a list of breaches is read from disk. Refuses Unavailable where that
// cannot be read: who is asked nothing must not seem to have been.
func (s *Service) acceptPassword(typed string, userName ident.UserName, email ident.Email, name string) error {
	list := s.policy.Password.Problems(typed, password.Owner{
		Identifiers: []string{string(userName), string(email), email.Local()},
		Words:       []string{string(userName), email.Local(), name},
		Fold:        ident.Fold,
	})
	if !slices.ContainsFunc(list, isGuessed) {
		found, err := s.isBreached(typed)
		if err != nil {
			return err
		}
		if found {
			list = append(list, password.IsBreached)
		}
	}
	refusals := passwordRefusals(s.policy.Password)
	all := make([]error, len(list))
	for i, problem := range list {
		all[i] = refusals[problem]
	}
	return refuseAll(all...)
}

// isGuessed reports whether a problem is reason enough for another password, or there is none yet to look for.
func isGuessed(p password.Problem) bool {
	return p == password.TooShort || p == password.TooCommon || p == password.IsUserName
}

// isBreached reports whether a password was published in a breach. Refuses Unavailable where the list cannot be read,
// which BreachedAlarm tells from then on.
func (s *Service) isBreached(typed string) (bool, error) {
	found, err := s.breached.Has(typed)
	if s.breachedFails.Store(err != nil); err != nil {
		s.log.Error("asking the list of breached passwords", "error", err)
		return false, Refuse(Unavailable)
	}
	return found, nil
}

// BreachedAlarm reports whether the list of breached passwords could not be read when it was last asked.
func (s *Service) BreachedAlarm() bool { return s.breachedFails.Load() }

// HashPassword returns a password as it is stored. Refuses Unavailable when too many
// wait already, and PasswordTooLong for what no policy takes.
func HashPassword(ctx context.Context, h *password.Hasher, typed string) (string, error) {
	stored, err := h.Hash(ctx, typed)
	return stored, refuseHash(err)
}

// refuseHash turns an error of a Hasher into the refusal that says so; others
// stay what they are.
func refuseHash(err error) error {
	switch {
	case errors.Is(err, password.ErrBusy):
		return Refuse(Unavailable)
	case errors.Is(err, password.TooLong):
		return passwordRefusals(password.Policy{Max: password.MaxBytes})[password.TooLong]
	}
	return err
}

// rehash returns the password of a right guess hashed anew, "" where it was
// hashed at today's cost. A lab's passwords stay cheap. Who finds the queue full
// is signed in all the same: there will be a next time.
func (s *Service) rehash(ctx context.Context, g *guess, right bool, typed string) (string, error) {
	if !right || s.lab != nil || !s.hasher.NeedsRehash(g.account.Password) {
		return "", nil
	}
	stored, err := s.hasherOf(g).Hash(ctx, typed)
	if errors.Is(err, password.ErrBusy) || errors.Is(err, password.TooLong) {
		return "", nil
	}
	return stored, err
}

// saveRehash stores the right password at today's cost. The caller has compared the
// stored one with what was verified. stored is "" where nothing is to be done.
func (w *Work) saveRehash(a *Account, stored string) error {
	if stored == "" {
		return nil
	}
	a.Password = stored
	return w.s.accounts.Put(w.tx, string(a.ID), a)
}
