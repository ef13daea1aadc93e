package team

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/auth"
)

// marketplace is who sets values, in the audit trail.
const marketplace = "marketplace"

// maxValue is the largest number that every program reads from JSON as it was written.
const maxValue = 1<<53 - 1

// SetValue says what a shop is worth to the marketplace, in a unit of its own; 0 is nothing said. Whoever calls it has
// seen that the marketplace asks. Refuses NotFound, and MalformedRequest for what is no value.
func (t *Service) SetValue(ctx context.Context, _ auth.Caller, id string, value int64) error {
	return t.door.Do(ctx, t.door.Operator(marketplace), ActValue, func(w *auth.Work) error {
		if value < 0 || value > maxValue {
			return auth.RefuseField(auth.MalformedRequest, "value")
		}
		x, err := t.shops.Get(w, id)
		if errors.Is(err, auth.ErrNoRecord) {
			return auth.Refuse(auth.NotFound)
		}
		if err != nil {
			return err
		}
		w.Note(x.ID, x.Name)
		x.Value = value
		return t.shops.Put(w, x.ID, x)
	})
}

// ValueFor is the largest value of an account's shops, 0 for none. It is no use case: it is asked in a pass of another
// part.
func (t *Service) ValueFor(w *auth.Work, a auth.AccountID) (int64, error) {
	places, err := t.placesOf(w, a)
	if err != nil {
		return 0, err
	}
	var most int64
	for _, own := range places {
		x, err := t.shops.Get(w, own.Shop)
		if errors.Is(err, auth.ErrNoRecord) {
			continue
		}
		if err != nil {
			return 0, err
		}
		most = max(most, x.Value)
	}
	return most, nil
}
