package recovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is the end of pictures: some time after the decision, when a case is over, and when an operator says so.
// The key goes first: from then on no copy of them opens.

// shredAt is when a case's pictures are destroyed, zero for one that is not decided, or has none.
func (s *Service) shredAt(x *record) time.Time {
	if !x.Keyed || !x.State.isDecided() {
		return time.Time{}
	}
	if x.Gone {
		return x.MovedAt
	}
	return x.MovedAt.Add(s.config.Retention)
}

// isDecided reports whether a case has come to its end; an appeal may still follow.
func (s State) isDecided() bool {
	return s == Done || s == Refused || s == Withdrawn || s == Stopped
}

// toShred reports whether the pictures of a case are to be destroyed.
func (s *Service) toShred(x *record, now time.Time) bool {
	at := s.shredAt(x)
	return x.Keyed && (isOver(x, now) || !at.IsZero() && !now.Before(at))
}

// comesDue does what is due of a case.
func (s *Service) comesDue(ctx context.Context, c auth.Caller, id string) error {
	return errors.Join(s.finish(ctx, c, id), s.shredDue(ctx, c, id))
}

// shredDue destroys the pictures of a case whose time has come.
func (s *Service) shredDue(ctx context.Context, c auth.Caller, id string) error {
	due, err := auth.Do(ctx, s.door, c, ActLook, func(w *auth.Work) (bool, error) {
		x, err := s.cases.Get(w, id)
		if errors.Is(err, auth.ErrNoRecord) {
			return false, nil
		}
		return err == nil && s.toShred(x, w.Now()), err
	})
	if err != nil || !due {
		return err
	}
	return s.shred(ctx, c, id)
}

// shred destroys the key of a case's pictures, then what it has sealed. Broken off, it is done again from the
// beginning.
func (s *Service) shred(ctx context.Context, c auth.Caller, id string) error {
	if s.vault == nil {
		return fmt.Errorf("destroying the pictures of a case: there is no vault")
	}
	if err := s.vault.Destroy(id); err != nil {
		return err
	}
	err := s.door.Do(ctx, c, ActPurge, func(w *auth.Work) error {
		x, err := s.cases.Get(w, id)
		if errors.Is(err, auth.ErrNoRecord) {
			return nil
		}
		if err != nil {
			return err
		}
		if x.Account != "" {
			w.About(x.Account)
		}
		w.Note(x.ID, "")
		for i := range x.Drafts {
			if err := s.dropPieces(w, x, []picture{x.Drafts[i].picture}); err != nil {
				return err
			}
		}
		if err := s.dropPieces(w, x, x.Pictures); err != nil {
			return err
		}
		if len(x.Pictures)+len(x.Drafts) > 0 {
			x.ShreddedAt = w.Now()
		}
		x.Pictures, x.Drafts = nil, nil
		x.Keyed = false
		return s.cases.Put(w, x.ID, x)
	})
	if err != nil {
		return err
	}
	return s.vault.Destroy(id) // whoever sent a picture at that moment has made another
}

// minNumber is how many signs of a case's id name it to an operator; the desk shows as many.
const minNumber = 8

// Purge destroys the pictures of a case at once, as an operator commands, however far it has come; number is its id, or
// how it begins. Refuses NotFound.
func (s *Service) Purge(ctx context.Context, operator, number string) error {
	c := s.door.Operator(operator)
	id, err := auth.Do(ctx, s.door, c, ActLook, func(w *auth.Work) (string, error) {
		found := ""
		if len(number) < minNumber {
			return "", auth.Refuse(auth.NotFound)
		}
		for item, err := range s.cases.Prefix(w, number, 2) {
			if err != nil {
				return "", err
			}
			if found != "" {
				return "", auth.Refuse(auth.NotFound)
			}
			found = item.ID
		}
		if found == "" {
			return "", auth.Refuse(auth.NotFound)
		}
		return found, nil
	})
	if err != nil {
		return err
	}
	return s.shred(ctx, c, id)
}

// PurgeDecided destroys the pictures of every case that is decided, and returns of how many.
func (s *Service) PurgeDecided(ctx context.Context, operator string) (int, error) {
	c := s.door.Operator(operator)
	ids, err := auth.Do(ctx, s.door, c, ActLook, func(w *auth.Work) ([]string, error) {
		var decided []string
		ids, err := s.cases.Find(w, "keyed", "yes", maxQueue)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			x, err := s.cases.Get(w, id)
			if errors.Is(err, auth.ErrNoRecord) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if x.State.isDecided() {
				decided = append(decided, id)
			}
		}
		return decided, nil
	})
	for i, id := range ids {
		if err := s.shred(ctx, c, id); err != nil {
			return i, err
		}
	}
	return len(ids), err
}

// keyed is the index of what has pictures.
func (x *record) keyed() []string {
	if x.Keyed {
		return []string{"yes"}
	}
	return nil
}

// Tidy destroys what no case has any more, as it is after a backup was put back: keys that no case knows, and pieces of
// pictures. It is called at the start.
func (s *Service) Tidy(ctx context.Context) error {
	if s.vault == nil {
		return nil
	}
	ids, err := s.vault.IDs()
	if err != nil {
		return err
	}
	for _, id := range ids {
		known, err := s.isKeyed(ctx, id)
		if err != nil {
			return err
		}
		if !known {
			if err := s.vault.Destroy(id); err != nil {
				return err
			}
		}
	}
	for next := ""; ; {
		from := next
		if next, err = s.tidyFrom(ctx, from); err != nil || next == "" {
			return err
		}
	}
}

func (s *Service) isKeyed(ctx context.Context, id string) (bool, error) {
	return auth.Do(ctx, s.door, s.door.Operator(""), ActLook, func(w *auth.Work) (bool, error) {
		x, err := s.cases.Get(w, id)
		if errors.Is(err, auth.ErrNoRecord) {
			return false, nil
		}
		return err == nil && x.Keyed, err
	})
}

// tidyFrom looks at one case that has pieces, and returns where the next may begin, "" at the end.
func (s *Service) tidyFrom(ctx context.Context, from string) (string, error) {
	const slice = 200
	ids, err := auth.Do(ctx, s.door, s.door.Operator(""), ActLook, func(w *auth.Work) ([]string, error) {
		return s.pieces.IDs(w, from, slice)
	})
	if err != nil || len(ids) == 0 {
		return "", err
	}
	of, _, _ := strings.Cut(ids[0], "/")
	after := of + "0" // the sign after "/"
	if known, err := s.isKeyed(ctx, of); err != nil || known {
		return after, err
	}
	return of, s.door.Do(ctx, s.door.Operator(""), ActPurge, func(w *auth.Work) error {
		w.Note(of, "")
		for _, id := range ids {
			if id >= after {
				break
			}
			if err := s.pieces.Delete(w, id); err != nil {
				return err
			}
		}
		return nil
	})
}
