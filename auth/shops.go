package auth

// This file is what auth asks of the part that keeps shops.

// A Membership is one place of an account in a shop: what the session check tells of it.
type Membership struct {
	ID, Name string // the shop's
	Role     string
}

// Shops is asked in the pass that needs the answer: what it returns is so when the pass ends.
type Shops interface {
	// ShopsOf returns the shops that an account may act in now, by name.
	ShopsOf(w *Work, a AccountID) ([]Membership, error)
	// MayMove refuses unless by may move the contact data of a member of a shop (D16).
	MayMove(w *Work, shop string, by, of AccountID) error
}

// shops is what the account may act in. A session that has to enrol acts nowhere.
func (w *Work) shops() ([]Membership, error) {
	asked := w.s.rulebook.Load().shops
	if asked == nil || w.session.Restricted {
		return nil, nil
	}
	return asked.ShopsOf(w, w.account.ID)
}
