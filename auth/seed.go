package auth

import (
	"context"
	"fmt"

	"github.com/latchkey-auth/latchkey/store"
)

// A Seeded account is written as it is: for measurements on many sellers, and
// for fixtures. Nothing of it goes through the door, so nothing is audited.
type Seeded struct {
	Account        Account
	Devices        []Device
	Authenticators []Authenticator
}

// Seed writes accounts into a store that no service uses yet, 500 a
// transaction.
func Seed(ctx context.Context, db store.DB, keys *store.Keys, all []Seeded) error {
	s := &Service{db: db, keys: keys}
	s.openCollections(keys)
	const batch = 500
	for len(all) > 0 {
		n := min(batch, len(all))
		err := db.Update(ctx, func(tx store.Tx) error {
			for i := range all[:n] {
				if err := s.seed(tx, &all[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("seeding accounts: %w", err)
		}
		all = all[n:]
	}
	return nil
}

func (s *Service) seed(tx store.Tx, one *Seeded) error {
	id := one.Account.ID
	if err := s.accounts.Insert(tx, string(id), &one.Account); err != nil {
		return err
	}
	for i := range one.Devices {
		if err := s.devices.Insert(tx, authenticatorKey(id, one.Devices[i].ID), &one.Devices[i]); err != nil {
			return err
		}
	}
	for i := range one.Authenticators {
		if err := s.authenticators.Insert(tx, authenticatorKey(id, one.Authenticators[i].ID),
			&one.Authenticators[i]); err != nil {
			return err
		}
	}
	return nil
}
