package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// This file is contact data that a shop moves for somebody who cannot verify (R35, D16). It waits; every address of
// the account hears of it at once, with a link that stops it.
//
//	Work.MoveContact ──► two changes that wait ──► ActMoved, once Shops.MayMove has said yes again ──► moved
//	                       of the one it is about: stopped by the link, in his settings, by what ends all that waits
//	                       of the one who asked:   falls with his session and with what he had shown, as all he asked for
//
// Second steps and password stay. The new address is weakly set: for a while it says "not me" to nothing, and the old
// one can still put itself back.

// A ContactMove is what is to become of an account's contact data, by one of its shops.
type ContactMove struct {
	Account  AccountID
	Shop     string // its id
	ShopName string
	Email    ident.Email // "" leaves it
	Phone    ident.Phone // "" leaves it
}

// MoveInfo is a move that waits, as the shop sees it.
type MoveInfo struct {
	MaskedEmail ident.Masked `json:"email"` // "" stays
	MaskedPhone ident.Masked `json:"phone"` // "" stays
	AskAt       time.Time
	Due         time.Time
}

// move is what a change does that moves contact data.
type move struct {
	Of    AccountID   `json:"of"` // whose contact data
	By    AccountID   `json:"by"` // who asked
	Shop  string      `json:"s"`
	Email ident.Email `json:"e,omitempty"`
	Phone ident.Phone `json:"p,omitempty"`
}

// movesContact reports whether a change moves the contact data of its own account.
func (ch *change) movesContact() bool { return ch.Move != nil && ch.Move.Of == ch.Account }

// MoveContact moves the contact data of somebody else's account, after a delay. The caller has looked whether he may,
// and Shops.MayMove says so again when it is due. It is a failure in an act that is not audited, or that asks for less
// than the caller's best fresh proof. Refuses NotFound, ChangePending, MoveStopped, MailboxResets.
func (w *Work) MoveContact(m ContactMove) (*MoveInfo, error) {
	if !w.rule.Audit || !w.rule.Change || w.rule.Who != Enrolled || w.rule.Demand.Class != Best {
		return nil, fmt.Errorf("moving contact data by the act %s: its rule asks for too little", w.action)
	}
	a, err := w.existingAccount(m.Account)
	if err != nil {
		return nil, err
	}
	if err := w.mayMoveLater(a, m.Email); err != nil {
		return nil, err
	}
	due := w.now.Add(w.s.policy.RemovalDelay)
	moves := &move{Of: a.ID, By: w.account.ID, Shop: m.Shop, Email: m.Email, Phone: m.Phone}
	ch := change{ID: w.NewID(), Account: a.ID, Item: m.ShopName, AskAt: w.now, Due: due, Restore: w.s.restoreEpoch(),
		Move: moves}
	asked := ch
	asked.Account, asked.Item = w.account.ID, a.Name
	asked.Session, asked.By = w.session.lineID(), w.shownMethods(w.rule.Demand.MaxAge)
	for _, x := range []*change{&ch, &asked} {
		if err := w.s.changes.Insert(w.tx, x.key(), x); err != nil {
			return nil, err
		}
	}
	w.entry.Due = due
	return moves.info(&ch), w.tellOfMove(a, &ch)
}

// mayMoveLater refuses a second move, one so soon after its like was stopped, and a mailbox that is the only second
// step.
func (w *Work) mayMoveLater(a *Account, to ident.Email) error {
	waiting, err := w.moveOf(a.ID)
	if err != nil {
		return err
	}
	if waiting != nil {
		return Refuse(ChangePending).At(waiting.Due)
	}
	if w.now.Before(a.PausedUntil) {
		return Refuse(MoveStopped).At(a.PausedUntil)
	}
	if to == "" {
		return nil
	}
	return w.mayBeEmailOf(a, to)
}

// mayBeEmailOf refuses an e-mail that is the account's only second step.
func (w *Work) mayBeEmailOf(a *Account, to ident.Email) error {
	list, err := w.authenticators(a.ID)
	if err != nil {
		return err
	}
	return w.refuseSoleMailbox(to, list)
}

// tellOfMove tells every address and every proved number of the account what waits, the addresses with a link that
// stops it.
func (w *Work) tellOfMove(a *Account, ch *change) error {
	ids := messageIDs(w.NewID())
	stop, err := w.stopLink(a.ID, ch, ch.Due, ids)
	if err != nil {
		return err
	}
	m := Message{Template: TemplateMove, Args: map[string]string{"at": messageTime(w.now), "person": a.Name,
		"shop": ch.Item, "by": w.account.Name, "due": messageTime(ch.Due), "undo": stop,
		"email": string(ch.Move.Email.Mask()), "phone": string(ch.Move.Phone.Mask())}}
	if err := w.notify(a, m, ids, nil, ""); err != nil {
		return err
	}
	return w.textNotice(a, m, ids)
}

// Move is the move that waits for an account by a shop, nil for none.
func (w *Work) Move(id AccountID, shop string) (*MoveInfo, error) {
	ch, err := w.moveOf(id)
	if err != nil || ch == nil || ch.Move.Shop != shop {
		return nil, err
	}
	return ch.Move.info(ch), nil
}

// StopMove stops the move that waits for an account by a shop: it is the shop that has thought better of it. Refuses
// NotFound.
func (w *Work) StopMove(id AccountID, shop string) error {
	ch, err := w.moveOf(id)
	if err != nil {
		return err
	}
	if ch == nil || ch.Move.Shop != shop {
		return Refuse(NotFound)
	}
	return w.deleteChange(ch)
}

func (w *Work) moveOf(id AccountID) (*change, error) {
	list, err := w.changes(id)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list, (*change).movesContact)
	if at < 0 {
		return nil, nil
	}
	return list[at], nil
}

func (m *move) info(ch *change) *MoveInfo {
	return &MoveInfo{MaskedEmail: m.Email.Mask(), MaskedPhone: m.Phone.Mask(), AskAt: ch.AskAt, Due: ch.Due}
}

// noteMove notes what becomes of a move in the history of whoever else it is about.
func (w *Work) noteMove(ch *change) {
	if ch.Move == nil {
		return
	}
	for _, id := range []AccountID{ch.Move.Of, ch.Move.By} {
		if id != w.auditAccount {
			w.NoteFor(id)
		}
	}
}

// applyMove does what came due. It runs as the service itself. Where the move stands no more, that is in the history of
// whom it was about, and nothing else happens.
func (s *Service) applyMove(ctx context.Context, c Caller, key string) error {
	ids := []messageIDs{s.newMessageIDs(), s.newMessageIDs()}
	err := s.do(ctx, c, ActMoved, func(w *Work) error {
		ch, err := s.changes.Get(w.tx, key)
		if err != nil || !ch.movesContact() || w.now.Before(ch.Due) {
			return ignoreMissing(err)
		}
		if err := w.deleteChange(ch); err != nil || ch.Restore != s.restoreEpoch() {
			return err
		}
		if w.account, err = s.accounts.Get(w.tx, string(ch.Account)); err != nil {
			return ignoreMissing(err)
		}
		w.About(ch.Account)
		w.Note(ch.Move.Shop, ch.Item)
		if err := w.moveStands(ch.Move); err != nil {
			return err
		}
		w.noteMove(ch)
		return w.moveContact(ch.Move, ids)
	})
	if refused := new(Error); errors.As(err, &refused) {
		return nil
	}
	return err
}

// moveStands refuses a move whose shop may not do that any more.
func (w *Work) moveStands(m *move) error {
	asked := w.s.rulebook.Load().shops
	if asked == nil {
		return Refuse(NotShopsAccount)
	}
	if m.Email != "" {
		if err := w.mayBeEmailOf(w.account, m.Email); err != nil {
			return err
		}
	}
	return asked.MayMove(w, m.Shop, m.By, m.Of)
}

func (w *Work) moveContact(m *move, ids []messageIDs) error {
	a := w.account
	before := *a
	if m.Email != "" {
		if err := w.refuseStaff(m.Email, MoveStopped); err != nil {
			return err
		}
		a.moveEmail(m.Email, w.now)
	}
	if m.Phone != "" {
		a.Phone, a.PhoneAt = m.Phone, time.Time{} // claimed, until a code sent to it comes back
	}
	a.Epoch++
	err := w.s.accounts.Put(w.tx, string(a.ID), a)
	if errors.Is(err, store.ErrExists) {
		return Refuse(MoveStopped) // somebody has an account at the address: nobody is told
	}
	if err != nil {
		return err
	}
	if m.Email != "" {
		if err := w.tell(&before, toldEmail, nil, ids[0]); err != nil {
			return err
		}
	}
	if m.Phone != "" {
		return w.tell(&before, toldPhone, nil, ids[1])
	}
	return nil
}
