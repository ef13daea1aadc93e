package auth

import (
	"context"

	"github.com/latchkey-auth/latchkey/password"
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
