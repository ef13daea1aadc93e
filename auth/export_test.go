package auth

import "github.com/latchkey-auth/latchkey/password"

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
