package auth

import (
	"errors"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// maxClaims bounds how many accounts may claim one number.
const maxClaims = 20

// login reads what was typed into the sign-in box. Where one country is served,
// its numbers need no country code.
func (s *Service) login(typed string) ident.Login {
	if len(s.policy.Countries) == 1 {
		return ident.ParseLogin(typed, s.policy.Countries[0])
	}
	return ident.ParseLogin(typed)
}

// find returns the account that an identifier names, nil if none does. A
// number names the account that has proved it; while nobody has, the account
// that claimed it first. A stranger's claim so never takes a number away from
// whoever receives its texts.
func (w *Work) find(l ident.Login) (*Account, error) {
	switch {
	case l.Email != "":
		a, err := w.s.accounts.One(w.tx, "email", string(l.Email))
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		return a, err
	case l.Phone != "":
		return w.byNumber(l.Phone)
	}
	return nil, nil
}

func (w *Work) byNumber(n ident.Phone) (*Account, error) {
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
			if first == nil || proves(a, first) {
				first = a
			}
		}
		if first != nil {
			return first, nil
		}
	}
	return nil, nil
}

// crowded says whether so many claim a number that one more would be lost among
// them, or the first one would.
func (w *Work) crowded(n ident.Phone) (bool, error) {
	ids, err := w.s.accounts.Find(w.tx, "claim", string(n), maxClaims)
	return len(ids) >= maxClaims, err
}

// proves says whether a's claim to its number is better than b's, both proved or
// both not.
func proves(a, b *Account) bool {
	if !a.PhoneAt.IsZero() {
		return a.PhoneAt.After(b.PhoneAt) // numbers are handed on: the newest proof counts
	}
	return a.CreatedAt.Before(b.CreatedAt)
}

// accountOf reads an account that must be there.
func (w *Work) accountOf(id AccountID) (*Account, error) {
	a, err := w.s.accounts.Get(w.tx, string(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, Refuse(CeremonyExpired) // gone since the ceremony began
	}
	return a, err
}

// current refuses a ceremony that was pinned before a change that voids it, and
// any of an account that is switched off.
func (w *Work) current(pinned Epochs, a *Account) *Error {
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
