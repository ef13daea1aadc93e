package team

import "context"

// TellOfKeys tells of a shop's demand for keys, as the sweep that has found it due does.
func (t *Service) TellOfKeys(ctx context.Context, shop string) error {
	return t.tellOfKeys(ctx, t.door.Operator(""), shop)
}
