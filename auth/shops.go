package auth

import (
	"slices"
	"time"
)

// This file is what auth asks of the part that keeps shops.

// A Membership is one place of an account in a shop: what the session check tells of it.
type Membership struct {
	ID, Name string // the shop's
	Role     string
	KeysFrom time.Time // from when on the shop asks each of its people for a security key; zero: it does not
}

// Shops is asked in the pass that needs the answer: what it returns is so when the pass ends.
type Shops interface {
	// ShopsOf returns the shops that an account may act in now, by name.
	ShopsOf(w *Work, a AccountID) ([]Membership, error)
	// OwnedAlone returns the shops of several people that have no owner but the account, by name.
	OwnedAlone(w *Work, a AccountID) ([]Membership, error)
	// MayMove refuses unless by may move the contact data of a member of a shop (D16).
	MayMove(w *Work, shop string, by, of AccountID) error
}

// membershipsOf is what an account may act in, as far as its shops are concerned.
func (w *Work) membershipsOf(a AccountID) ([]Membership, error) {
	asked := w.s.rulebook.Load().shops
	if asked == nil {
		return nil, nil
	}
	return asked.ShopsOf(w, a)
}

// shops is what the session acts in: one that has to enrol, or to bind a key, acts nowhere.
func (w *Work) shops() []Membership {
	if w.session.restricted() {
		return nil
	}
	return w.memberships
}

// readShops reads what the caller's account may act in, and whether one of its shops keeps the session back.
func (w *Work) readShops() error {
	var err error
	if w.memberships, err = w.membershipsOf(w.account.ID); err != nil || w.session.Restricted {
		return err
	}
	w.session.keyDue, err = w.asksKeyOf(w.account.ID, w.memberships)
	return err
}

// keyDue reports whether a session of the account has to bind a security key first: a shop of it asks for one, the date
// has come, and there is none. It is looked up in every pass and stored nowhere: no session is older than the demand,
// whatever it was opened by.
func (w *Work) keyDue(a AccountID) (bool, error) {
	list, err := w.membershipsOf(a)
	if err != nil {
		return false, err
	}
	return w.asksKeyOf(a, list)
}

func (w *Work) asksKeyOf(a AccountID, list []Membership) (bool, error) {
	due := func(m Membership) bool { return !m.KeysFrom.IsZero() && !w.now.Before(m.KeysFrom) }
	if !slices.ContainsFunc(list, due) {
		return false, nil
	}
	has, err := w.HasKey(a)
	return !has, err
}

// keysAsked are the caller's shops that ask, now or later, for the security key that he does not have.
func (w *Work) keysAsked() ([]Membership, error) {
	asking := slices.DeleteFunc(slices.Clone(w.memberships), func(m Membership) bool { return m.KeysFrom.IsZero() })
	if len(asking) == 0 {
		return []Membership{}, nil
	}
	has, err := w.HasKey(w.account.ID)
	if has {
		asking = asking[:0]
	}
	return asking, err
}

// HasKey reports whether an account has a security key that works: no passkey, which lives in a phone or a cloud, and
// none that is frozen.
func (w *Work) HasKey(a AccountID) (bool, error) {
	list, err := w.authenticators(a)
	return slices.ContainsFunc(list, func(x *Authenticator) bool { return x.State == Active && w.s.isKey(x) }), err
}
