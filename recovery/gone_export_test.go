package recovery

import "context"

// ComesDue does what is due of a case, as the sweep that has found it does.
func (s *Service) ComesDue(ctx context.Context, id string) error {
	return s.comesDue(ctx, s.door.Operator(""), id)
}
