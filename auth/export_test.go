package auth

import (
	"context"
	"errors"
	"testing"

	"github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/store"
)

// HashWith makes a service hash with h from now on.
func (s *Service) HashWith(h *password.Hasher) { s.hasher = h }

// Hasher is what a service hashes with.
func (s *Service) Hasher() *password.Hasher { return s.hasher }

// SignsOf is what the picture of a puzzle shows, "" for a puzzle that does not open.
func (s *Service) SignsOf(c Caller, token string) string {
	p, err := (&Work{s: s, caller: c, now: s.now()}).openPuzzle(token)
	if err != nil {
		return ""
	}
	return p.Signs
}

// ActsOf are the actions whose rule admits who.
func (s *Service) ActsOf(who Who) (list []Action) {
	for a, rule := range s.rulebook.Load().rules {
		if rule.Who == who {
			list = append(list, a)
		}
	}
	return list
}

// Try is a pass that does nothing: who gets through it gets through every one of the action.
func (s *Service) Try(ctx context.Context, c Caller, a Action) error {
	return s.do(ctx, c, a, func(*Work) error { return nil })
}

// ReadAccount is an account as it is stored, after a change to it if that is not nil.
func ReadAccount(t *testing.T, s *Service, id AccountID, change func(*Account)) Account {
	t.Helper()
	var read Account
	err := s.db.Update(t.Context(), func(tx store.Tx) error {
		a, err := s.accounts.Get(tx, string(id))
		if err != nil || change == nil {
			read = *a
			return err
		}
		change(a)
		read = *a
		return s.accounts.Put(tx, string(id), a)
	})
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// HaveRecalled has the model of a method be recalled.
func HaveRecalled(t *testing.T, s *Service, name string) {
	t.Helper()
	if err := s.do(t.Context(), Caller{system: true}, ActSweep, func(w *Work) error {
		for item, err := range s.authenticators.Scan(w.tx, "", "", maxAuthenticators) {
			if err != nil {
				return err
			}
			if x := item.Doc; x.Name == name {
				x.Traits.Recall = new(Recall)
				return s.authenticators.Put(w.tx, authenticatorKey(x.Account, x.ID), x)
			}
		}
		return errors.New("no such method")
	}); err != nil {
		t.Fatal(err)
	}
}

// AllMethods are the authenticators of all accounts as they are stored.
func AllMethods(t *testing.T, s *Service) (all []*Authenticator) {
	t.Helper()
	if err := s.db.View(t.Context(), func(tx store.Tx) error {
		all = nil
		for item, err := range s.authenticators.Scan(tx, "", "", scanBatch) {
			if err != nil {
				return err
			}
			all = append(all, item.Doc)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// CountEvents is how often the trail has an action.
func CountEvents(t *testing.T, s *Service, a Action) (n int) {
	t.Helper()
	if err := s.db.View(t.Context(), func(tx store.Tx) error {
		n = 0
		for item, err := range s.events.Scan(tx, "", "", scanBatch) {
			if err != nil {
				return err
			}
			if item.Doc.Action == a {
				n++
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
