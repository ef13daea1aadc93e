package auth

import (
	"context"
	"strconv"
	"time"
)

// This file is accounts that nobody uses (R46). Who signs in within Policy.Dormant is never asked anything. Else two
// mails come, and then the account is switched off: whoever comes with the right password is told the words of every
// account that is, and a stranger what he is told of every other. Support switches it on again (package staff).
//
//	used ── a month before ──► told ── 23 days ──► told again ── 7 days ──► asleep
//	  ▲────────── a sign-in ─────┴─────────────────────┘                      │
//	  └───────────────────────────────── Wake ────────────────────────────────┘

// A dormancy is how far an account has come that nobody uses.
type dormancy int

const (
	inUse dormancy = iota
	toldUnusedOnce
	toldUnusedTwice
	asleep
)

// How long before it is switched off an account is told.
const (
	unusedFirst = 30 * 24 * time.Hour
	unusedLast  = 7 * 24 * time.Hour
)

// useGrain is how exact the time of the last sign-in is kept: a day spares a write a sign-in.
const useGrain = 24 * time.Hour

// noteUse notes that somebody has signed in to an account.
func (w *Work) noteUse(a *Account) error {
	if a.Dormancy == inUse && w.now.Sub(a.UsedAt) < useGrain {
		return nil
	}
	a.use(w.now)
	return w.s.accounts.Put(w.tx, string(a.ID), a)
}

func (a *Account) use(now time.Time) {
	a.UsedAt, a.Dormancy = now, inUse
	a.DormancyAt = time.Time{}
}

// dormancyDue reports whether the next step of an account that nobody uses has come. None is left out, and each keeps
// its distance from the one before, however long the program stood still. Of an account of before sign-ins were noted
// they are counted from the day on which that is found.
func (w *Work) dormancyDue(a *Account) bool {
	life := w.s.policy.Dormant
	if life == 0 || a.disabled() {
		return false
	}
	if a.UsedAt.IsZero() {
		return w.now.Sub(a.CreatedAt) >= life-unusedFirst
	}
	idle, since := w.now.Sub(a.UsedAt), w.now.Sub(a.DormancyAt)
	switch a.Dormancy {
	case inUse:
		return idle >= life-unusedFirst
	case toldUnusedOnce:
		return idle >= life-unusedLast && since >= unusedFirst-unusedLast
	case toldUnusedTwice:
		return idle >= life && since >= unusedLast
	}
	return false
}

// applyDormancy does the next step of an account that nobody uses.
func (s *Service) applyDormancy(ctx context.Context, c Caller, id string) error {
	ids := s.newMessageIDs()
	return s.do(ctx, c, ActDormant, func(w *Work) error {
		a, err := s.accounts.Get(w.tx, id)
		if err != nil || !w.dormancyDue(a) { // gone, or used meanwhile
			return ignoreMissing(err)
		}
		if a.UsedAt.IsZero() {
			a.use(w.now)
			return s.accounts.Put(w.tx, id, a)
		}
		w.About(a.ID)
		left := unusedFirst
		switch a.Dormancy {
		case toldUnusedOnce:
			left = unusedLast
		case toldUnusedTwice:
			return w.sleep(a, ids)
		}
		w.Note("", strconv.Itoa(int(left.Hours())/24))
		a.Dormancy, a.DormancyAt = a.Dormancy+1, w.now
		if err := s.accounts.Put(w.tx, id, a); err != nil {
			return err
		}
		return w.tell(a, toldUnused, map[string]string{"due": messageTime(w.now.Add(left))}, ids)
	})
}

// sleep switches an account off that nobody uses.
func (w *Work) sleep(a *Account, ids messageIDs) error {
	w.Note("", "0")
	if err := w.tell(a, toldDormant, nil, ids); err != nil {
		return err
	}
	if err := w.Freeze(a.ID); err != nil {
		return err
	}
	off, err := w.existingAccount(a.ID)
	if err != nil {
		return err
	}
	off.Dormancy, off.DormancyAt = asleep, w.now
	return w.s.accounts.Put(w.tx, string(off.ID), off)
}

// Wake switches an account on again that was switched off since nobody used it, and tells every address. Refuses
// NotFound, also for one that is not asleep.
func (w *Work) Wake(id AccountID) error {
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	if a.Dormancy != asleep {
		return Refuse(NotFound)
	}
	a.use(w.now)
	if err := w.s.accounts.Put(w.tx, string(id), a); err != nil {
		return err
	}
	if err := w.Thaw(id); err != nil {
		return err
	}
	return w.NotifyNotMe(id, TemplateAwake, map[string]string{"at": messageTime(w.now), "person": a.Name})
}
