package auth

import "github.com/latchkey-auth/latchkey/password"

// HashWith makes a service hash with h from now on.
func (s *Service) HashWith(h *password.Hasher) { s.hasher = h }

// Hasher is what a service hashes with.
func (s *Service) Hasher() *password.Hasher { return s.hasher }
