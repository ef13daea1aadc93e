package recovery

import (
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what becomes of cases and reports when an account is closed. Nothing is closed while one is
// open: it may say that the account is somebody else's. What was decided stays as long as it would have
// (keptLife), for whoever asks how; pictures of documents are destroyed at once.

// mayClose is auth.Part.MayClose. Refuses AccountDisputed.
func (s *Service) mayClose(w *auth.Work, a auth.AccountID) error {
	cases, err := s.casesOf(w, a)
	if err != nil {
		return err
	}
	for _, x := range cases {
		if x.State.isLive() && !isOver(x, w.Now()) {
			return auth.Refuse(auth.AccountDisputed)
		}
	}
	reports, err := s.reportsOf(w, a)
	if err != nil {
		return err
	}
	for _, x := range reports {
		if x.ClosedAt.IsZero() && !reportOver(x, w.Now()) {
			return auth.Refuse(auth.AccountDisputed)
		}
	}
	return nil
}

// closed is auth.Part.Closed: what nobody has opened goes, and what was decided has no appeal and no pictures
// any more.
func (s *Service) closed(w *auth.Work, a auth.AccountID) error {
	cases, err := s.casesOf(w, a)
	if err != nil {
		return err
	}
	for _, x := range cases {
		if x.State == Asked {
			if err := s.cases.Delete(w, x.ID); err != nil {
				return err
			}
			continue
		}
		if x.State == Refused || x.State.isLive() { // of which something could still come
			x.move(Stopped, w.Now())
			x.Due = time.Time{}
		}
		x.Gone = true
		if err := s.cases.Put(w, x.ID, x); err != nil {
			return err
		}
	}
	reports, err := s.reportsOf(w, a)
	if err != nil {
		return err
	}
	for _, x := range reports {
		if err := s.reports.Delete(w, x.ID); err != nil {
			return err
		}
	}
	return nil
}
