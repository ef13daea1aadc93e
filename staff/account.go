package staff

import (
	"cmp"
	"context"
	"slices"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// This file is what support and account managers do for a seller. They see how an account stands and set nothing: a
// link goes to the account's own mailbox, and whoever asks for it names that mailbox.

const (
	looksPerDay   = 500 // at accounts, of one member
	ticketsPerDay = 200
	resetsPerDay  = 100
)

// Find is the account that an exact identifier names. Every look is in the trail, the one that finds nobody as well.
// Refuses NotFound, also for an account that the caller does not look after where his role asks for that, and
// SendLimitReached for whoever looks at too many.
func (s *Service) Find(ctx context.Context, c auth.Caller, identifier string) (*auth.Standing, error) {
	return auth.Do(ctx, s.door, c, ActFind, func(w *auth.Work) (*auth.Standing, error) {
		if _, err := w.Count("find/"+w.Staff().ID, looksPerDay, 0); err != nil {
			return nil, err
		}
		found, err := w.Find(identifier)
		if err != nil {
			return nil, err
		}
		if found == nil {
			return nil, auth.Refuse(auth.NotFound)
		}
		return s.standing(w, found.ID)
	})
}

// Account is how an account stands. Every look is in the trail. Refuses NotFound, as Find does.
func (s *Service) Account(ctx context.Context, c auth.Caller, id auth.AccountID) (*auth.Standing, error) {
	return auth.Do(ctx, s.door, c, ActAccount, func(w *auth.Work) (*auth.Standing, error) { return s.standing(w, id) })
}

// Ticket is what a ticket of the self-check says, by the signs that somebody reads out. It proves nothing about who
// he is. Each look is counted and in the trail, the one that finds nothing as well. Refuses NotFound and
// SendLimitReached.
func (s *Service) Ticket(ctx context.Context, c auth.Caller, typed string) (*auth.TicketView, error) {
	return auth.Do(ctx, s.door, c, ActTicket, func(w *auth.Work) (*auth.TicketView, error) {
		if _, err := w.Count("ticket/"+w.Staff().ID, ticketsPerDay, 0); err != nil {
			return nil, err
		}
		v, err := w.LookTicket(typed)
		if err == nil {
			w.Note(string(v.Account), string(v.MaskedEmail))
		}
		return v, err
	})
}

func (s *Service) standing(w *auth.Work, id auth.AccountID) (*auth.Standing, error) {
	if err := s.mayTouch(w, id); err != nil {
		return nil, err
	}
	x, err := w.Standing(id)
	if err != nil {
		return nil, err
	}
	w.About(id)
	w.Note(string(id), string(x.MaskedEmail))
	return x, nil
}

// mayTouch refuses NotFound for an account that an account manager does not look after.
func (s *Service) mayTouch(w *auth.Work, id auth.AccountID) error {
	m, err := s.get(w, w.Staff().ID)
	if err != nil {
		return err
	}
	if m.Role == Manager && !slices.Contains(m.Accounts, id) {
		return auth.Refuse(auth.NotFound)
	}
	return nil
}

// StartReset mails an account the link of a forgotten password, once its e-mail was named. Refuses NotFound,
// NotRegistered for another e-mail, SendLimitReached and ResendTooSoon.
func (s *Service) StartReset(ctx context.Context, c auth.Caller, id auth.AccountID, email string) error {
	to, bad := ident.ParseEmail(email)
	return s.door.DoOnce(ctx, c, ActReset, func(w *auth.Work) error {
		if bad != nil {
			return auth.RefuseTyped(bad)
		}
		if _, err := s.standing(w, id); err != nil {
			return err
		}
		if _, err := w.Count("reset/"+w.Staff().ID, resetsPerDay, 0); err != nil {
			return err
		}
		if is, err := w.HasEmail(id, to); err != nil || !is {
			return cmp.Or(err, error(auth.RefuseField(auth.NotRegistered, "email")))
		}
		return w.MailReset(id)
	})
}

// EndSessions ends every session of an account. Refuses NotFound.
func (s *Service) EndSessions(ctx context.Context, c auth.Caller, id auth.AccountID) error {
	return s.door.DoOnce(ctx, c, ActSessions, func(w *auth.Work) error {
		if _, err := s.standing(w, id); err != nil {
			return err
		}
		return w.EndSessions(id)
	})
}

// An Assurance is what support has made sure of before an account is switched on again.
type Assurance string

// What there is to make sure of.
const (
	Why    Assurance = "why"    // the caller says why nobody used it
	Shop   Assurance = "shop"   // and what it is for
	Nobody Assurance = "nobody" // nobody else has asked for it of late
)

// Assurances are all of them.
func Assurances() []Assurance { return []Assurance{Why, Shop, Nobody} }

// Unlock switches an account on again that was switched off since nobody used it: once its e-mail was named, and
// support has made sure of all that there is. Password and second step stay as they are. Refuses NotFound, also for
// an account that is not off for that, ChecksMissing, NotRegistered for another e-mail, SendLimitReached.
func (s *Service) Unlock(ctx context.Context, c auth.Caller, id auth.AccountID, email string, sure []Assurance) error {
	to, bad := ident.ParseEmail(email)
	return s.door.DoOnce(ctx, c, ActUnlock, func(w *auth.Work) error {
		if bad != nil {
			return auth.RefuseTyped(bad)
		}
		if x, err := s.standing(w, id); err != nil || !x.Dormant {
			return cmp.Or(err, error(auth.Refuse(auth.NotFound)))
		}
		for _, a := range Assurances() {
			if !slices.Contains(sure, a) {
				return auth.RefuseField(auth.ChecksMissing, "checks")
			}
		}
		if _, err := w.Count("unlock/"+w.Staff().ID, resetsPerDay, 0); err != nil {
			return err
		}
		if is, err := w.HasEmail(id, to); err != nil || !is {
			return cmp.Or(err, error(auth.RefuseField(auth.NotRegistered, "email")))
		}
		return w.Wake(id)
	})
}

// Trail is the audit trail of an account, or of a member of the staff. Looking at it is in the looker's own. Refuses
// NotFound for neither.
func (s *Service) Trail(ctx context.Context, c auth.Caller, of string, before uint64) (*auth.TrailInfo, error) {
	return auth.Do(ctx, s.door, c, ActTrail, func(w *auth.Work) (*auth.TrailInfo, error) {
		chain, whose := auth.StaffChain(of), of
		m, err := s.get(w, of)
		if err == nil {
			w.Note(m.ID, m.Name)
		} else {
			a, err := w.Find(of)
			if err == nil && a == nil {
				a, err = w.AccountOf(auth.AccountID(of))
			}
			if err != nil {
				return nil, err
			}
			chain, whose = a.ID, string(a.ID)
			w.About(chain)
			w.Note(string(chain), string(a.MaskedEmail))
		}
		info, err := w.Trail(chain, before, auth.MaxHistory)
		if err == nil {
			info.Of = whose
		}
		return info, err
	})
}
