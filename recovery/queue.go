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

// A QueueInfo is one page of the queue, and how long all of it is.
type QueueInfo struct {
	Items       []QueueItem
	Page, Pages int // from 1
	Waiting     int // for reviewers
	Late        int // of them: past their time
}

// queuePage is how many cases a page has.
const queuePage = 25

// maxQueue bounds how many cases are read for one look: beyond, the most urgent might not be among them.
const maxQueue = 10_000

// waits is the index of what waits for reviewers, or for what they have asked for.
func (x *record) waits() []string {
	if x.State == Review || x.State == More {
		return []string{"yes"}
	}
	return nil
}

// Queue is what waits for reviewers, the most urgent first: what whoever looks may decide, then what others must, and
// last what waits for an applicant. A page that is none is the nearest one. Looking is in the trail.
func (s *Service) Queue(ctx context.Context, c auth.Caller, r Reviewer, page int) (*QueueInfo, error) {
	return auth.Do(ctx, s.door, s.door.Staff(c, r.ID), ActQueue, func(w *auth.Work) (*QueueInfo, error) {
		all, err := s.waiting(w, r)
		if err != nil {
			return nil, err
		}
		info := &QueueInfo{Pages: max(1, (len(all)+queuePage-1)/queuePage), Items: []QueueItem{}}
		for i := range all {
			if clock := all[i].item.Clock; !clock.Paused {
				info.Waiting++
				if !w.Now().Before(clock.Due) {
					info.Late++
				}
			}
		}
		info.Page = min(max(1, page), info.Pages)
		from := (info.Page - 1) * queuePage
		for _, q := range all[from:min(len(all), from+queuePage)] {
			votes, err := s.standing(w, q.x)
			if err != nil {
				return nil, err
			}
			if q.item.Needed, err = s.needed(w, q.x); err != nil {
				return nil, err
			}
			q.item.Approvals = len(votes)
			info.Items = append(info.Items, q.item)
		}
		return info, nil
	})
}

// A queued case is one that waits, and what the queue says of it without looking anything up.
type queued struct {
	x    *record
	item QueueItem
}

// waiting are all cases that wait, the most urgent first.
func (s *Service) waiting(w *auth.Work, r Reviewer) ([]queued, error) {
	ids, err := s.cases.Find(w, "waits", "yes", maxQueue)
	if err != nil {
		return nil, err
	}
	var all []queued
	for _, id := range ids {
		x, err := s.cases.Get(w, id)
		if errors.Is(err, auth.ErrNoRecord) || err == nil && isOver(x, w.Now()) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, queued{x, QueueItem{ID: x.ID, State: x.State, OpenedAt: x.OpenAt,
			Clock: s.clockInfo(x, w.Now()),
			Other: x.mayDecide(r) != nil, Notes: len(x.Notes), Checked: len(x.checked(r.ID)), Wants: x.wants(),
			TakesOver: x.Takes}})
	}
	slices.SortFunc(all, func(a, b queued) int { return byUrgency(a.item, b.item) })
	return all, nil
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
	turn := func(i QueueItem) int {
		switch {
		case i.Clock.Paused:
			return 2
		case i.Other:
			return 1
		}
		return 0
	}
	return cmp.Or(turn(a)-turn(b), a.Clock.Due.Compare(b.Clock.Due), a.OpenedAt.Compare(b.OpenedAt),
		cmp.Compare(a.ID, b.ID))
}
