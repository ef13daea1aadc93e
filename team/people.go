package team

import (
	"context"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what is done to people who have a place already, and by them.

// SetRole gives somebody another role. Refuses NotFound, RoleTooLow, TooManyOwners, MalformedRequest for what is no
// role.
func (t *Service) SetRole(ctx context.Context, c auth.Caller, shop string, who auth.AccountID, to Role) error {
	return t.door.DoOnce(ctx, c, ActRole, func(w *auth.Work) error {
		if to.rank() == 0 {
			return auth.RefuseField(auth.MalformedRequest, "role")
		}
		own, m, list, err := t.whom(w, shop, who)
		if err != nil {
			return err
		}
		if !slices.Contains(own.Role.mayGive(), to) {
			return auth.Refuse(auth.RoleTooLow)
		}
		if m.Role == to {
			return nil
		}
		if to == Owner && ownersOf(list) >= t.limits.Owners {
			return auth.Refuse(auth.TooManyOwners)
		}
		m.Role, m.RoleAt = to, w.Now()
		if err := t.members.Put(w, memberKey(shop, who), m); err != nil {
			return err
		}
		return t.tell(w, own.shop, m, list, news{self: auth.TemplateShopRole, did: "role"})
	})
}

// SuspendMember keeps somebody out of a shop until ResumeMember; his place stays. Refuses NotFound, RoleTooLow.
func (t *Service) SuspendMember(ctx context.Context, c auth.Caller, shop string, who auth.AccountID) error {
	return t.setSuspended(ctx, c, ActSuspend, shop, who, news{self: auth.TemplateShopPaused, did: "suspended"})
}

// ResumeMember lets somebody in again who was suspended. Refuses NotFound, RoleTooLow.
func (t *Service) ResumeMember(ctx context.Context, c auth.Caller, shop string, who auth.AccountID) error {
	return t.setSuspended(ctx, c, ActResume, shop, who, news{self: auth.TemplateShopBack, did: "resumed"})
}

func (t *Service) setSuspended(ctx context.Context, c auth.Caller, a auth.Action, shop string,
	who auth.AccountID,
	n news) error {
	return t.door.DoOnce(ctx, c, a, func(w *auth.Work) error {
		own, m, list, err := t.whom(w, shop, who)
		if err != nil {
			return err
		}
		at := time.Time{}
		if a == ActSuspend {
			at = w.Now()
		}
		if m.suspended() == !at.IsZero() {
			return nil
		}
		m.SuspendedAt = at
		if err := t.members.Put(w, memberKey(shop, who), m); err != nil {
			return err
		}
		return t.tell(w, own.shop, m, list, n)
	})
}

// RemoveMember ends somebody's place in a shop. Refuses NotFound, RoleTooLow.
func (t *Service) RemoveMember(ctx context.Context, c auth.Caller, shop string, who auth.AccountID) error {
	return t.door.DoOnce(ctx, c, ActRemove, func(w *auth.Work) error {
		own, m, list, err := t.whom(w, shop, who)
		if err != nil {
			return err
		}
		if err := t.unseat(w, m); err != nil {
			return err
		}
		return t.tell(w, own.shop, m, list, news{self: auth.TemplateShopRemoved, did: "removed"})
	})
}

// whom is whom an act is about, that the caller may act on, and everybody of the shop. The act is in his history too.
func (t *Service) whom(w *auth.Work, shop string, who auth.AccountID) (*seat, *member, []*member, error) {
	own, err := t.seatOf(w, shop)
	if err != nil {
		return nil, nil, nil, err
	}
	if own.Role.rank() < Administrator.rank() { // before it is told who there is
		return nil, nil, nil, auth.Refuse(auth.RoleTooLow)
	}
	m, err := t.memberOf(w, shop, who)
	if err != nil {
		return nil, nil, nil, err
	}
	if !own.outranks(m) {
		return nil, nil, nil, auth.Refuse(auth.RoleTooLow)
	}
	w.NoteFor(who)
	list, err := t.membersOf(w, shop)
	return own, m, list, err
}

// unseat ends a place. The invitations that he has sent fall with it: AcceptInvitation looks for their sender's place.
func (t *Service) unseat(w *auth.Work, m *member) error {
	if err := t.members.Delete(w, memberKey(m.Shop, m.Account)); err != nil {
		return err
	}
	return t.places.Delete(w, placeKey(m.Account, m.Shop))
}

// LeaveShop ends the caller's own place in a shop, in one act: his role, what his sessions say of the shop, the
// invitations that he has sent. Refuses NotFound, and LastOwner or OwnerTooNew where no other owner is left to it.
func (t *Service) LeaveShop(ctx context.Context, c auth.Caller, shop string) error {
	return t.door.DoOnce(ctx, c, ActLeave, func(w *auth.Work) error {
		own, err := t.seatOf(w, shop)
		if err != nil {
			return err
		}
		list, err := t.membersOf(w, shop)
		if err != nil {
			return err
		}
		if err := mayGo(list, own.member, w.Now()); err != nil {
			return err
		}
		if err := t.unseat(w, own.member); err != nil {
			return err
		}
		return t.tell(w, own.shop, own.member, list, news{self: auth.TemplateShopLeft, did: "left"})
	})
}

// StepDown gives the caller himself a lower role. Refuses NotFound, RoleTooLow for one that is not lower,
// LastOwner, OwnerTooNew.
func (t *Service) StepDown(ctx context.Context, c auth.Caller, shop string, to Role) error {
	return t.door.DoOnce(ctx, c, ActRole, func(w *auth.Work) error {
		if to.rank() == 0 {
			return auth.RefuseField(auth.MalformedRequest, "role")
		}
		own, err := t.seatOf(w, shop)
		if err != nil {
			return err
		}
		if to.rank() >= own.Role.rank() {
			return auth.Refuse(auth.RoleTooLow)
		}
		list, err := t.membersOf(w, shop)
		if err != nil {
			return err
		}
		if err := mayGo(list, own.member, w.Now()); err != nil {
			return err
		}
		own.Role, own.RoleAt = to, w.Now()
		if err := t.members.Put(w, memberKey(shop, own.Account), own.member); err != nil {
			return err
		}
		return t.tell(w, own.shop, own.member, list, news{self: auth.TemplateShopRole, did: "role"})
	})
}

// news is what became of somebody: in what words he hears of it himself, and the word by which the owners do.
type news struct {
	self string // a template
	did  string // "role", "suspended", "resumed", "removed", "left", "joined"; of the shop "keys", "no-keys"
}

// tell tells the one it is about and every owner of the shop, but not the one who did it twice. list is everybody as
// it was before.
func (t *Service) tell(w *auth.Work, x *shop, m *member, list []*member, n news) error {
	about, err := w.AccountOf(m.Account)
	if err != nil {
		return err
	}
	if err := w.Notify(m.Account, n.self, tellArgs(w, x, m, about.Name)); err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(list), func(o *member) bool { return o.Account == m.Account })
	return t.tellOwners(w, x, m, others, n.did)
}

// tellOwners tells every owner among list of what m has done, or what became of him.
func (t *Service) tellOwners(w *auth.Work, x *shop, m *member, list []*member, did string) error {
	about, err := w.AccountOf(m.Account)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Role != Owner || o.suspended() {
			continue
		}
		owner, err := w.AccountOf(o.Account)
		if err != nil {
			return err
		}
		says := tellArgs(w, x, m, owner.Name)
		says["member"], says["did"] = about.Name, did
		if err := w.Notify(o.Account, auth.TemplateShopPeople, says); err != nil {
			return err
		}
	}
	return nil
}

func tellArgs(w *auth.Work, x *shop, m *member, person string) map[string]string {
	return map[string]string{"at": w.Now().Format(time.RFC3339), "shop": x.Name, "role": string(m.Role),
		"person": person}
}
