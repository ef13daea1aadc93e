package auth

import (
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// maxHolders bounds how many accounts are read that have proved one number. Proving
// it ends what earlier holders had proved, so that only stores of older versions
// hold more than one, and none this many.
const maxHolders = 1000

// parseNumber reads a number as its owner types it: dialled in the region that was
// chosen, or in that of his language where none was. served lists the regions that
// are taken, empty means all.
func (s *Service) parseNumber(c Caller, typed, region string, served []string) (ident.Phone, error) {
	if region != "" {
		return ident.ParsePhoneIn(typed, served, region)
	}
	if home := s.policy.HomeRegion(c.Language); home != "" {
		return ident.ParsePhone(typed, served, home)
	}
	return ident.ParsePhone(typed, served)
}

// parseLogin reads what was typed into the sign-in box.
func (s *Service) parseLogin(c Caller, typed string) ident.Login {
	if home := s.policy.HomeRegion(c.Language); home != "" {
		return ident.ParseLogin(typed, home)
	}
	return ident.ParseLogin(typed)
}

// findAccount returns the account that an identifier names, nil if none does. A
// number names the account that has proved it, the last one to do so: numbers are
// handed on. One that was only claimed names nobody, so that a stranger's claim
// takes nothing from whoever receives its texts, now or later.
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

// findByNumber returns the account with the newest proof of a number, nil for none.
func (w *Work) findByNumber(n ident.Phone) (*Account, error) {
	list, err := w.holders(n)
	if err != nil {
		return nil, err
	}
	var newest *Account
	for _, a := range list {
		if newest == nil || a.PhoneAt.After(newest.PhoneAt) {
			newest = a
		}
	}
	return newest, nil
}

// holders are the accounts that have proved a number.
func (w *Work) holders(n ident.Phone) ([]*Account, error) {
	ids, err := w.s.accounts.Find(w.tx, "phone", string(n), maxHolders)
	if err != nil {
		return nil, err
	}
	var list []*Account
	for _, id := range ids {
		a, err := w.s.accounts.Get(w.tx, id)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// supersedeHolders ends what others have proved of a number: who has just shown
// that its texts reach him has it now.
func (w *Work) supersedeHolders(n ident.Phone) error {
	list, err := w.holders(n)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.ID == w.account.ID {
			continue
		}
		a.PhoneAt = time.Time{}
		if err := w.s.accounts.Put(w.tx, string(a.ID), a); err != nil {
			return err
		}
	}
	return nil
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
