package team

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// This file is contact data that an administrator moves for somebody who cannot verify (R35, D16). It waits, and whom
// it is about stops it: auth sees to that, and asks here again when it is due.

// A ContactForm is what an administrator types: "" leaves what is there.
type ContactForm struct {
	Email, Phone string
	Region       string // that the number is dialled in; "" to go by the language
}

// ChangeContact moves the e-mail or the number of somebody whose account was made by the shop's invitation, who
// belongs to no other shop and ranks below; after a delay. The second step and the password stay. Refuses NotFound,
// RoleTooLow, NotShopsAccount, ChangePending, MoveStopped, MailboxResets, and what is wrong with the typed.
func (t *Service) ChangeContact(
	ctx context.Context, c auth.Caller, shop string, who auth.AccountID, f ContactForm,
) (*auth.MoveInfo, error) {
	var number ident.Phone
	if f.Phone != "" {
		var err error
		if number, err = t.door.ParseNumber(ctx, c, ActContact, f.Phone, f.Region); err != nil {
			return nil, err
		}
	}
	return auth.DoOnce(ctx, t.door, c, ActContact, func(w *auth.Work) (*auth.MoveInfo, error) {
		own, m, _, err := t.whom(w, shop, who)
		if err != nil {
			return nil, err
		}
		if err := t.mayMove(w, own.member, m); err != nil {
			return nil, err
		}
		to := auth.ContactMove{Account: who, Shop: shop, ShopName: own.shop.Name, Phone: number}
		if f.Email != "" || f.Phone == "" { // nothing at all is an e-mail that is missing
			if to.Email, err = ident.ParseEmail(f.Email); err != nil {
				return nil, auth.RefuseTyped(err)
			}
		}
		return w.MoveContact(to)
	})
}

// StopContact stops what ChangeContact has begun. Refuses NotFound, RoleTooLow.
func (t *Service) StopContact(ctx context.Context, c auth.Caller, shop string, who auth.AccountID) error {
	return t.door.DoOnce(ctx, c, ActStopContact, func(w *auth.Work) error {
		if _, _, _, err := t.whom(w, shop, who); err != nil {
			return err
		}
		return w.StopMove(who, shop)
	})
}

// mayMove refuses whoever may not move the contact data of m (D16).
func (t *Service) mayMove(w *auth.Work, by, m *member) error {
	if by.suspended() || by.Role.rank() < Administrator.rank() || by.Role.rank() <= m.Role.rank() {
		return auth.Refuse(auth.RoleTooLow)
	}
	if !m.Made {
		return auth.Refuse(auth.NotShopsAccount)
	}
	places, err := t.placesOf(w, m.Account)
	if err == nil && len(places) != 1 {
		err = auth.Refuse(auth.NotShopsAccount)
	}
	return err
}

// MayMove implements auth.Shops.
func (x asked) MayMove(w *auth.Work, shop string, by, of auth.AccountID) error {
	var two [2]*member
	for i, a := range []auth.AccountID{by, of} {
		m, err := x.t.members.Get(w, memberKey(shop, a))
		if errors.Is(err, auth.ErrNoRecord) {
			return auth.Refuse(auth.NotShopsAccount)
		}
		if err != nil {
			return err
		}
		two[i] = m
	}
	return x.t.mayMove(w, two[0], two[1])
}

// describeMove fills in what whoever looks may do with a member's contact data, and what waits for it.
func (t *Service) describeMove(w *auth.Work, own *seat, m *member, info *MemberInfo) error {
	err := t.mayMove(w, own.member, m)
	if refused := new(auth.Error); errors.As(err, &refused) {
		return nil
	}
	if err != nil {
		return err
	}
	info.MayMove = true
	info.Moves, err = w.Move(m.Account, m.Shop)
	return err
}
