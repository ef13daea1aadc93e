package team

import (
	"errors"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what shops do when an account is closed. Who has others beside him in a shop hands it over or
// leaves it first, so that nobody loses a shop by somebody else's word; a shop that is his alone goes with him.

// mayClose is auth.Part.MayClose. Refuses ClosingInShop, and ClosingHandOver for who takes something over, or
// has an account that was made for it: its end is the other side's loss. What he himself hands over waits among
// his changes.
func (t *Service) mayClose(w *auth.Work, a auth.AccountID) error {
	taken, err := t.takenBy(w, a)
	if err != nil {
		return err
	}
	offered, err := t.isOffered(w, a)
	if err != nil {
		return err
	}
	if len(taken) > 0 || offered {
		return auth.Refuse(auth.ClosingHandOver)
	}
	places, err := t.placesOf(w, a)
	if err != nil {
		return err
	}
	for _, m := range places {
		if m.suspended() {
			continue // it ends with the account: he cannot leave it
		}
		list, err := t.membersOf(w, m.Shop)
		if err != nil {
			return err
		}
		if len(list) > 1 {
			return auth.Refuse(auth.ClosingInShop)
		}
	}
	return nil
}

// isOffered reports whether an account was made to take another one over, and may still.
func (t *Service) isOffered(w *auth.Work, a auth.AccountID) (bool, error) {
	own, err := w.AccountOf(a)
	if err != nil || !strings.HasPrefix(own.MadeBy, ofAccount) {
		return false, err
	}
	_, err = t.standing(w, own.MadeBy)
	if errors.Is(err, auth.Refuse(auth.HandOverOver)) {
		return false, nil
	}
	return err == nil, err
}

// closed is auth.Part.Closed: his places, the shops that were his alone, and every hand-over to him or by him.
func (t *Service) closed(w *auth.Work, a auth.AccountID) error {
	taken, err := t.handOvers.Find(w, "taker", string(a), 2*handOversShown)
	if err != nil {
		return err
	}
	for _, key := range taken {
		if err := t.handOvers.Delete(w, key); err != nil {
			return err
		}
	}
	if err := deleteAll(w, t.handOvers, ofAccount+string(a)+"/", 2*handOversShown); err != nil {
		return err
	}
	places, err := t.placesOf(w, a)
	if err != nil {
		return err
	}
	for _, m := range places {
		if err := t.closePlace(w, m); err != nil {
			return err
		}
	}
	return nil
}

// closePlace ends a place in a shop, and the shop if nobody else is in it.
func (t *Service) closePlace(w *auth.Work, m *member) error {
	list, err := t.membersOf(w, m.Shop)
	if err != nil {
		return err
	}
	shop, err := t.shops.Get(w, m.Shop)
	if err != nil {
		return err
	}
	others := without(list, m.Account)
	if len(others) > 0 {
		if err := t.tellOwners(w, shop, m, others, "account-closed"); err != nil {
			return err
		}
		return t.unseat(w, m)
	}
	w.Note(shop.ID, shop.Name)
	if err := deleteAll(w, t.invitations, m.Shop+"/", 2*t.limits.Invitations); err != nil {
		return err
	}
	if err := deleteAll(w, t.handOvers, m.Shop+"/", 2*handOversShown); err != nil {
		return err
	}
	if err := t.unseat(w, m); err != nil {
		return err
	}
	return t.shops.Delete(w, m.Shop)
}

// deleteAll deletes the documents whose key begins with a prefix.
func deleteAll[T any](w *auth.Work, c *auth.Records[T], prefix string, most int) error {
	var keys []string
	for item, err := range c.Prefix(w, prefix, most) {
		if err != nil {
			return err
		}
		keys = append(keys, item.ID)
	}
	for _, key := range keys {
		if err := c.Delete(w, key); err != nil {
			return err
		}
	}
	return nil
}
