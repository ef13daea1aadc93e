package recovery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A QueueItem is a case as the queue of reviewers has it.
type QueueItem struct {
	ID                string
	State             State
	OpenedAt          time.Time
	Clock             ClockInfo
	Approvals, Needed int
	Other             bool // somebody else must review it
	Notes             int
	Checked           int    // of Checks, by whom it is shown to
	Wants             []Want // what was asked for, where it waits for that
	TakesOver         bool   // the account is to be the applicant's
}

// maxQueue bounds how many cases are read for one look.
const maxQueue = 1000

// waits is the index of what waits for reviewers, or for what they have asked for.
func (x *record) waits() []string {
	if x.State == Review || x.State == More {
		return []string{"yes"}
	}
	return nil
}

// Queue is what waits for reviewers, the most urgent first; what waits for an applicant comes last. Looking is in the
// trail.
func (s *Service) Queue(ctx context.Context, c auth.Caller, r Reviewer) ([]QueueItem, error) {
	return auth.Do(ctx, s.door, s.door.Staff(c, r.ID), ActQueue, func(w *auth.Work) ([]QueueItem, error) {
		ids, err := s.cases.Find(w, "waits", "yes", maxQueue)
		if err != nil {
			return nil, err
		}
		list := []QueueItem{}
		for _, id := range ids {
			x, err := s.cases.Get(w, id)
			if errors.Is(err, auth.ErrNoRecord) || err == nil && isOver(x, w.Now()) {
				continue
			}
			if err != nil {
				return nil, err
			}
			votes, err := s.standing(w, x)
			if err != nil {
				return nil, err
			}
			needed, err := s.needed(w, x)
			if err != nil {
				return nil, err
			}
			list = append(list, QueueItem{ID: x.ID, State: x.State, OpenedAt: x.OpenAt, Clock: s.clockInfo(x, w.Now()),
				Approvals: len(votes), Needed: needed, Other: x.mayDecide(r) != nil, Notes: len(x.Notes),
				Checked: len(x.checked(r.ID)), Wants: x.wants(), TakesOver: x.Takes})
		}
		slices.SortFunc(list, byUrgency)
		return list, nil
	})
}

// wants is what the applicant is asked for at present.
func (x *record) wants() []Want {
	if x.State != More {
		return []Want{}
	}
	return append([]Want{}, x.Steps[len(x.Steps)-1].Wants...)
}

// byUrgency is the order of the queue.
func byUrgency(a, b QueueItem) int {
	late := func(i QueueItem) int {
		if i.Clock.Paused {
			return 1
		}
		return 0
	}
	return cmp.Or(late(a)-late(b), a.Clock.Due.Compare(b.Clock.Due), a.OpenedAt.Compare(b.OpenedAt),
		cmp.Compare(a.ID, b.ID))
}
