package inventory

import (
	"context"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is recalled models of keys at the desk: how far their owners have come, and telling once more who
// has not acted. Nobody is named. The check and the mails are auth's (auth/recall_run.go).

// RecallsAtDesk lists the models that are recalled, the newest first.
func (s *Service) RecallsAtDesk(ctx context.Context, c auth.Caller) ([]auth.RecalledModel, error) {
	return auth.Do(ctx, s.door, c, ActDeskRecalls, (*auth.Work).RecalledModels)
}

// PushAtDesk has the owners of keys of a model told once more who have not acted, and writes down who asked.
// Refuses NotFound, and RecallPushed within seven days of the last time.
func (s *Service) PushAtDesk(ctx context.Context, c auth.Caller, model string) (*auth.RecalledModel, error) {
	return auth.Do(ctx, s.door, c, ActDeskPush, func(w *auth.Work) (*auth.RecalledModel, error) {
		w.AboutSite(site)
		m, err := w.PushRecall(model)
		if err != nil {
			return nil, err
		}
		w.Note(m.ID, m.Title())
		return m, nil
	})
}
