package auth

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// This file is what a part has begun for an account and that waits, such as the hand-over of a shop. It stands among
// what waits in the settings, every address hears of each step with a link that stops it, and it falls with what every
// change falls with that waits: the session that asked, a method that this had shown, a new password, "this was not
// me". The part has a record of its own, looks whether it still waits before it does anything, and does it.
//
//	BeginWait ──► waits ──MoveWait──► waits ──EndWait──► done, by the part
//	                └── NotifyWait: a notice with the link ──► stopped

// A Wait is what waits for a part.
type Wait struct {
	ID   string
	What string // as ChangeInfo.What
	Item string // what it is about, by its name
	Due  time.Time
}

// keptWait is how long what is overdue stays: its part ends it when it comes due, and this is for one that does not.
const keptWait = 48 * time.Hour

// BeginWait has something wait for the caller's account. It is a failure in an act that is not audited, or that asks
// for less than the caller's best fresh proof, or a strong one. Refuses ChangePaused soon after a change was stopped.
func (w *Work) BeginWait(x Wait) (id string, err error) {
	asks := w.rule.Demand.Class
	if !w.rule.Audit || !w.rule.Change || w.rule.Who != Enrolled || asks != Best && asks != Strong {
		return "", fmt.Errorf("having something wait by the act %s: its rule asks for too little", w.action)
	}
	if w.now.Before(w.account.PausedUntil) {
		return "", Refuse(ChangePaused).At(w.account.PausedUntil)
	}
	ch := change{ID: w.NewID(), Account: w.account.ID, Item: x.Item, AskAt: w.now, Due: x.Due, Waits: x.What,
		Restore: w.s.restoreEpoch(), Session: w.session.lineID(), By: w.shownMethods(w.rule.Demand.MaxAge),
		Seen: w.seen()}
	return ch.ID, w.s.changes.Insert(w.tx, ch.key(), &ch)
}

// Waits reports whether something that a part has begun still waits.
func (w *Work) Waits(a AccountID, id string) (bool, error) {
	ch, err := w.wait(a, id)
	if e := new(Error); errors.As(err, &e) {
		return false, nil
	}
	return ch != nil, err
}

// wait is what waits for a part. Refuses NotFound.
func (w *Work) wait(a AccountID, id string) (*change, error) {
	ch, err := w.s.changes.Get(w.tx, authenticatorKey(a, id))
	if errors.Is(err, store.ErrNotFound) || err == nil && (ch.Restore != w.s.restoreEpoch() || ch.Waits == "") {
		return nil, Refuse(NotFound)
	}
	return ch, err
}

// MoveWait gives what waits another time, and another name if What is not "". Refuses NotFound.
func (w *Work) MoveWait(a AccountID, x Wait) error {
	ch, err := w.wait(a, x.ID)
	if err != nil {
		return err
	}
	if x.What != "" {
		ch.Waits = x.What
	}
	ch.Due = x.Due
	return w.s.changes.Put(w.tx, ch.key(), ch)
}

// EndWait ends what waits: it is done, or nothing comes of it. It is no error if nothing waits.
func (w *Work) EndWait(a AccountID, id string) error {
	return w.s.changes.Delete(w.tx, authenticatorKey(a, id))
}

// StopWait is the word of the caller, whose account it waits for: as CancelChange. Refuses NotFound.
func (w *Work) StopWait(id string) error {
	ch, err := w.wait(w.account.ID, id)
	if err != nil {
		return err
	}
	return w.stopChange(ch)
}

// NotifyWait tells every address of an account of what waits for it, each by a mail with a link that stops it, and,
// where it is to be told loudly, the proved numbers in short. Refuses NotFound.
func (w *Work) NotifyWait(a AccountID, id, template string, args map[string]string, loudly bool) error {
	ch, err := w.wait(a, id)
	if err != nil {
		return err
	}
	account, err := w.existingAccount(a)
	if err != nil {
		return err
	}
	ids := messageIDs(w.NewID())
	stop, err := w.stopLink(a, ch, ch.Due.Add(keptWait), ids)
	if err != nil {
		return err
	}
	m := Message{Template: template, Args: map[string]string{"at": messageTime(w.now), "person": account.Name,
		"due": messageTime(ch.Due), "undo": stop}}
	maps.Copy(m.Args, args)
	if err := w.notify(account, m, ids, nil, ""); err != nil || !loudly {
		return err
	}
	return w.textNotice(account, m, ids)
}
