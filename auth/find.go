package auth

import (
	"errors"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// maxClaims bounds how many accounts may claim one number.
const maxClaims = 20

// parseLogin reads what was typed into the sign-in box. Where one country is served,
// its numbers need no country code.
func (s *Service) parseLogin(typed string) ident.Login {
	if len(s.policy.Countries) == 1 {
		return ident.ParseLogin(typed, s.policy.Countries[0])
	}
	return ident.ParseLogin(typed)
}

// findAccount returns the account that an identifier names, nil if none does. A
// number names the account that has proved it; while nobody has, the account
// that claimed it first. A stranger's claim so never takes a number away from
// whoever receives its texts.
func (w *Work) findAccount(l ident.Login) (*Account, error) {
	switch {
	case l.Email != "":
		a, err := w.s.accounts.One(w.tx, "email", string(l.Email))
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		return a, err
	case l.Phone != "":
		return w.findByNumber(l.Phone)
	}
	return nil, nil
}

func (w *Work) findByNumber(n ident.Phone) (*Account, error) {
	for _, index := range []string{"phone", "claim"} { // proved, then only claimed
		ids, err := w.s.accounts.Find(w.tx, index, string(n), maxClaims)
		if err != nil {
			return nil, err
		}
		var first *Account
		for _, id := range ids {
			a, err := w.s.accounts.Get(w.tx, id)
			if err != nil {
				return nil, err
			}
			if first == nil || betterClaim(a, first) {
				first = a
			}
		}
		if first != nil {
			return first, nil
		}
	}
	return nil, nil
}

// claimsFull reports whether so many claim a number that one more would be lost among
// them, or the first one would.
func (w *Work) claimsFull(n ident.Phone) (bool, error) {
	ids, err := w.s.accounts.Find(w.tx, "claim", string(n), maxClaims)
	return len(ids) >= maxClaims, err
}

// betterClaim reports whether a's claim to its number is better than b's, both proved or
// both not.
func betterClaim(a, b *Account) bool {
	if !a.PhoneAt.IsZero() {
		return a.PhoneAt.After(b.PhoneAt) // numbers are handed on: the newest proof counts
	}
	return a.CreatedAt.Before(b.CreatedAt)
}

// ceremonyAccount reads an account that must be there.
func (w *Work) ceremonyAccount(id AccountID) (*Account, error) {
	a, err := w.s.accounts.Get(w.tx, string(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, Refuse(CeremonyExpired) // gone since the ceremony began
	}
	return a, err
}

// refuseVoid refuses a ceremony that was pinned before a change that voids it, and
// any of an account that is switched off.
func (w *Work) refuseVoid(pinned Epochs, a *Account) *Error {
	if a.disabled() {
		return Refuse(AccountDisabled)
	}
	if pinned != w.epochs(a) {
		return Refuse(CeremonyVoid)
	}
	return nil
}

func (w *Work) epochs(a *Account) Epochs {
	return Epochs{Restore: w.s.restoreEpoch(), Account: a.Epoch}
}
