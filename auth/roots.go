package auth

import (
	"context"
	"fmt"
)

// Roots returns how many keys the data are sealed with: one more after each rotation.
func (s *Service) Roots() int { return s.keys.Roots() }

// RotateKeys makes a new key and seals with it from now on, on an operator's word. What older
// keys have sealed stays readable and findable, and is sealed anew when it is written next; nobody is signed out.
// It returns how many keys there are. An error that says the rotation was not recorded comes after it.
func (s *Service) RotateKeys(ctx context.Context, operator string) (int, error) {
	if err := s.keys.Rotate(); err != nil {
		return 0, fmt.Errorf("the keys stay as they were: %w", err)
	}
	roots := s.keys.Roots()
	err := s.do(ctx, Caller{system: true, operator: operator}, ActRotateKeys, func(w *Work) error {
		w.About(siteChain("keys"))
		w.Note("", fmt.Sprintf("%d -> %d", roots-1, roots))
		return nil
	})
	if err != nil {
		return roots, fmt.Errorf("the keys were rotated, and it was not recorded: %w", err)
	}
	return roots, nil
}
