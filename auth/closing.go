package auth

import (
	"context"
	"errors"
	"time"
)

// This file is how a person closes his account: the mirror of what he may take away (data.go). What goes of
// each collection, when, and what stays, is the table in docs/integration.md, which a test holds against the
// collections that there are. It is a change that waits, for Policy.Closing, and falls with all that such a
// change falls with: the link in a notice, "this was not me", a new password, the end of other sessions, a
// response, a hand-over, a recovery case. So a thief who asks for it does not outlast one answer of its owner.
//
//	CloseAccount ──► waits ──── a day before ────► told again ── that day ──► closed: nothing is left of it
//	                  │  ▲                              │
//	                  │  └─ what was in the way is over ┤
//	                  │                                 └── something is in the way ──► put off, told once
//	                  └── KeepAccount, or any other answer of its owner ──► as before
//
// While it waits its owner uses everything but payouts. Stopping it takes a session and no fresh step: that is
// what owners need, and it gives nobody anything. Who signs out has not thought better of it; who ends a
// session from another one has. The last day is never left out: however late the program comes to it, it is
// told, and then a day passes.

// LeastClosing is the shortest Policy.Closing: an owner who is away for a few days still reads of it in time.
const LeastClosing = 7 * 24 * time.Hour

const (
	closingLast  = 24 * time.Hour // before the end it is told again
	mostClosings = 3              // that are asked for in a day: each is told to every address and number
	waitClosing  = "closing"      // as ChangeInfo.What
)

func closingKey(a AccountID) string { return "f/" + string(a) }

// closes is how far the closing of an account has come.
type closes struct {
	LastAt time.Time `json:"l,omitzero"` // when its owner was told that it is the last day; zero: not yet
	PutOff bool      `json:"p,omitempty"`
}

// ClosingInfo is the closing of an account that waits.
type ClosingInfo struct {
	AskAt  time.Time
	Due    time.Time // when the account is closed
	PutOff bool      // something is in the way: Due moves on until it is over
}

func (ch *change) closingInfo() *ClosingInfo {
	return &ClosingInfo{AskAt: ch.AskAt, Due: ch.Due, PutOff: ch.Closes.PutOff}
}

// ClosingDelay is how long an account waits that is to be closed.
func (s *Service) ClosingDelay() time.Duration { return max(s.policy.Closing, LeastClosing) }

// CloseAccount has the caller's account closed once its time has passed, with all that belongs to it.
// understood is his word that he has read what that means. Every address and proved number hears of it, every
// other session ends, and no payout is approved until it is stopped. Asked again it is the one that waits.
// Refuses ClosingNotUnderstood, AccountDisputed, ClosingChangePending, ClosingCooling, ClosingInShop,
// ClosingHandOver, ChangePaused, SendLimitReached.
func (s *Service) CloseAccount(ctx context.Context, c Caller, understood bool) (*ClosingInfo, error) {
	id, ids := s.newID(), s.newMessageIDs()
	return doOnce(ctx, s, c, ActClose, "", func(w *Work) (*ClosingInfo, error) {
		ch, err := w.closing(w.account.ID)
		if err != nil || ch != nil {
			return ch.infoOrNil(), err
		}
		if !understood {
			return nil, RefuseField(ClosingNotUnderstood, "understood")
		}
		if err := w.refuseClosing(w.account, ""); err != nil {
			return nil, err
		}
		if _, err := w.takeQuota(closingKey(w.account.ID), mostClosings, 0); err != nil {
			return nil, err
		}
		ch = &change{ID: id, Account: w.account.ID, AskAt: w.now, Due: w.now.Add(s.ClosingDelay()),
			Restore: s.restoreEpoch(), Session: w.session.lineID(), By: w.shownMethods(w.rule.Demand.MaxAge),
			Seen: w.seen(), Closes: new(closes)}
		if err := s.changes.Insert(w.tx, ch.key(), ch); err != nil {
			return nil, err
		}
		if err := w.endSessions(ch.Account, func(x *session) bool { return !w.isOwnSession(x) }); err != nil {
			return nil, err
		}
		w.entry.Due = ch.Due
		return ch.closingInfo(), w.tellClosing(w.account, ch, "closing-asked", ids)
	})
}

// infoOrNil is closingInfo of what may be none.
func (ch *change) infoOrNil() *ClosingInfo {
	if ch == nil {
		return nil
	}
	return ch.closingInfo()
}

// Closing is the closing of the caller's account that waits. Refuses NotFound for none.
func (s *Service) Closing(ctx context.Context, c Caller) (*ClosingInfo, error) {
	return do(ctx, s, c, ActLookClosing, func(w *Work) (*ClosingInfo, error) {
		ch, err := w.closing(w.account.ID)
		if err == nil && ch == nil {
			err = Refuse(NotFound)
		}
		return ch.infoOrNil(), err
	})
}

// KeepAccount stops the closing of the caller's account, whichever session had asked for it. Refuses NotFound.
func (s *Service) KeepAccount(ctx context.Context, c Caller) error {
	return s.doOnce(ctx, c, ActKeep, func(w *Work) error {
		ch, err := w.closing(w.account.ID)
		if err != nil {
			return err
		}
		if ch == nil {
			return Refuse(NotFound)
		}
		return w.stopChange(ch)
	})
}

// MayClose refuses what CloseAccount refuses before anybody has said anything: for a page that tells the way.
func (s *Service) MayClose(ctx context.Context, c Caller) error {
	_, err := do(ctx, s, c, ActMayClose, func(w *Work) (struct{}, error) {
		return struct{}{}, w.refuseClosing(w.account, "")
	})
	return err
}

// closing is the closing of an account that waits, nil for none.
func (w *Work) closing(a AccountID) (*change, error) {
	list, err := w.changes(a)
	for _, ch := range list {
		if ch.Closes != nil {
			return ch, nil
		}
	}
	return nil, err
}

// StopClosing stops the closing of an account for a part that has found out whose it is, and tells its owner.
// It is no error if none waits.
func (w *Work) StopClosing(a AccountID) error {
	return w.dropChanges(a, func(ch *change) bool { return ch.Closes != nil })
}

// refuseClosing refuses to close an account that is in dispute, whose owner may be another one soon, or that
// others depend on. own is the change by which it is to be closed: any other that waits would land on nothing.
func (w *Work) refuseClosing(a *Account, own string) error {
	switch {
	case len(a.Holds) > 0:
		return Refuse(AccountDisputed)
	case w.now.Before(a.PausedUntil):
		return Refuse(ClosingCooling).At(a.PausedUntil)
	case w.now.Before(a.CoolUntil): // whoever has just got it does not destroy it
		return Refuse(ClosingCooling).At(a.CoolUntil)
	}
	if x := w.liveCodeWait(a); x != nil {
		return Refuse(ClosingChangePending).At(x.Due)
	}
	list, err := w.changes(a.ID)
	if err != nil {
		return err
	}
	for _, ch := range list {
		if ch.ID != own {
			return Refuse(ClosingChangePending).At(ch.Due)
		}
	}
	return w.askParts(a.ID, func(p *Part) func(*Work, AccountID) error { return p.MayClose })
}

// tellClosing tells every address and proved number how the closing stands; each mail has a link that stops it.
func (w *Work) tellClosing(a *Account, ch *change, step string, ids messageIDs) error {
	stop, err := w.stopLink(a.ID, ch, ch.Due.Add(keptWait), ids)
	if err != nil {
		return err
	}
	m := Message{Template: TemplateClosing, Args: map[string]string{"at": messageTime(w.now), "person": a.Name,
		"step": step, "due": messageTime(ch.Due), "undo": stop}}
	if step == "closing-asked" { // where from
		m.Args["agent"], m.Args["place"] = ch.Seen.Agent, ch.Seen.Place
	}
	if err := w.notify(a, m, ids, nil, ""); err != nil {
		return err
	}
	return w.textNotice(a, m, ids)
}

// tellKept tells an owner that his account is not closed, since something has stopped that other than his word
// for it. Its messages are named after the change: nothing is drawn here.
func (w *Work) tellKept(ch *change) error {
	a, err := w.s.accounts.Get(w.tx, string(ch.Account))
	if err != nil {
		return ignoreMissing(err)
	}
	args := map[string]string{"at": messageTime(w.now), "person": a.Name}
	m := Message{Template: TemplateClosingKept, Args: args}
	return w.notify(a, m, messageIDs(ch.ID+".kept"), nil, "")
}

// lastDayDue reports whether the last day of an account begins.
func (w *Work) lastDayDue(ch *change) bool {
	return ch.Closes != nil && ch.Closes.LastAt.IsZero() && !w.now.Before(ch.Due.Add(-closingLast))
}

// closingDue reports whether the last day of an account is over.
func (w *Work) closingDue(ch *change) bool {
	return ch.Closes != nil && !ch.Closes.LastAt.IsZero() && !w.now.Before(ch.Due)
}

// beginLastDay tells an owner that his account is closed in a day, or that something is in the way of it.
func (s *Service) beginLastDay(ctx context.Context, c Caller, key string) error {
	ids := s.newMessageIDs()
	return s.do(ctx, c, ActClosingTold, func(w *Work) error {
		ch, a, err := w.dueClosing(key, (*Work).lastDayDue)
		if err != nil || ch == nil {
			return err
		}
		barred, err := w.putOff(a, ch, ids)
		if err != nil || barred != nil {
			return err
		}
		w.About(a.ID)
		ch.Closes = &closes{LastAt: w.now}
		if end := w.now.Add(closingLast); end.After(ch.Due) {
			ch.Due = end
		}
		if err := s.changes.Put(w.tx, key, ch); err != nil {
			return err
		}
		return w.tellClosing(a, ch, "closing-last", ids)
	})
}

// dueClosing is a closing that has come due, with its account; nil for one that has been stopped, and that is
// of a backup: it may have been stopped since.
func (w *Work) dueClosing(key string, due func(*Work, *change) bool) (*change, *Account, error) {
	ch, err := w.s.changes.Get(w.tx, key)
	if err != nil || !due(w, ch) {
		return nil, nil, ignoreMissing(err)
	}
	a, err := w.s.accounts.Get(w.tx, string(ch.Account))
	if ignoreMissing(err) != nil {
		return nil, nil, err
	}
	if err != nil || ch.Restore != w.s.restoreEpoch() {
		return nil, nil, w.s.changes.Delete(w.tx, key)
	}
	w.account, w.asker = a, ch.Seen
	return ch, a, nil
}

// putOff moves a closing on while something is in the way of it, which it returns. Its owner is told once; when
// that is over he is told of the last day anew.
func (w *Work) putOff(a *Account, ch *change, ids messageIDs) (*Error, error) {
	err := w.refuseClosing(a, ch.ID)
	var barred *Error
	if !errors.As(err, &barred) {
		return nil, err
	}
	told := ch.Closes.PutOff
	ch.Closes = &closes{PutOff: true}
	ch.Due = w.now.Add(2 * closingLast) // it is looked at again in a day
	if err := w.s.changes.Put(w.tx, ch.key(), ch); err != nil || told {
		return barred, err
	}
	w.About(a.ID)
	return barred, w.tellClosing(a, ch, "closing-put-off", ids)
}

// applyClosing closes an account whose last day is over, unless something has come in the way of it.
func (s *Service) applyClosing(ctx context.Context, c Caller, key string) error {
	ids, draws := s.newMessageIDs(), new(passDraws) // parts draw in it
	err := s.do(ctx, c, ActClosed, func(w *Work) error {
		w.passDraws = draws
		ch, a, err := w.dueClosing(key, (*Work).closingDue)
		if err != nil || ch == nil {
			return err
		}
		barred, err := w.putOff(a, ch, ids)
		if err != nil {
			return err
		}
		if barred != nil {
			return barred
		}
		w.About(a.ID)
		return w.closeAccount(a, ch, ids)
	})
	if refused := new(Error); errors.As(err, &refused) {
		return nil
	}
	return err
}

// closeAccount deletes an account and all that belongs to it, in one pass. Every address hears of it by a mail
// that is on its way already. The trail stays, and what parts have to keep.
func (w *Work) closeAccount(a *Account, ch *change, ids messageIDs) error {
	m := Message{Template: TemplateClosed, Args: map[string]string{"at": messageTime(w.now), "person": a.Name}}
	if err := w.notify(a, m, ids, nil, ""); err != nil {
		return err
	}
	if err := w.deleteChange(ch); err != nil {
		return err
	}
	if err := w.askParts(a.ID, func(p *Part) func(*Work, AccountID) error { return p.Closed }); err != nil {
		return err
	}
	of := string(a.ID) + "/"
	if err := deleteAll(w, w.s.changes, of); err != nil { // those of a backup too
		return err
	}
	if err := deleteAll(w, w.s.browsers, of); err != nil {
		return err
	}
	if err := w.forgetAllOf(a.ID); err != nil {
		return err
	}
	return w.s.accounts.Delete(w.tx, string(a.ID))
}

// AccountState is what the marketplace may know of an account by its id.
type AccountState struct {
	Account  AccountID
	ClosesAt time.Time // zero: nobody has asked for it to be closed
}

// AccountState says whether there is an account, and whether it is to be closed. Whoever calls it has seen that
// the marketplace asks. Refuses NotFound, for one that was closed as for one that never was.
func (s *Service) AccountState(ctx context.Context, id AccountID) (*AccountState, error) {
	return do(ctx, s, Caller{system: true}, ActLookAccount, func(w *Work) (*AccountState, error) {
		a, err := w.existingAccount(id)
		if err != nil {
			return nil, err
		}
		info := &AccountState{Account: a.ID}
		ch, err := w.closing(a.ID)
		if ch != nil {
			info.ClosesAt = ch.Due
		}
		return info, err
	})
}
