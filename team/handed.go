package team

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is how a hand-over ends: done, stopped, or nothing comes of it.

// StopHandOver is the owner's word that nothing is to come of it. Refuses NotFound, RoleTooLow.
func (t *Service) StopHandOver(ctx context.Context, c auth.Caller, shop string) error {
	return t.door.DoOnce(ctx, c, ActStopHandOver, func(w *auth.Work) error {
		_, x, err := t.ownHandOver(w, shop)
		if err != nil {
			return err
		}
		if x.To != "" {
			w.NoteFor(x.To)
		}
		if err := w.StopWait(x.Wait); err != nil {
			return err
		}
		return t.dropHandOver(w, x)
	})
}

// HandOversTo are the hand-overs under way that the caller has taken.
func (t *Service) HandOversTo(ctx context.Context, c auth.Caller) ([]HandOverInfo, error) {
	return auth.Do(ctx, t.door, c, ActLook, func(w *auth.Work) ([]HandOverInfo, error) {
		list, err := t.takenBy(w, w.Account().ID)
		if err != nil {
			return nil, err
		}
		infos := []HandOverInfo{}
		for _, x := range list {
			if x.Shop == "" {
				continue // see AccountOffer
			}
			info, err := t.handOverInfo(w, x)
			if err != nil {
				return nil, err
			}
			infos = append(infos, *info)
		}
		return infos, nil
	})
}

func (t *Service) takenBy(w *auth.Work, a auth.AccountID) ([]*handOver, error) {
	keys, err := t.handOvers.Find(w, "taker", string(a), handOversShown)
	if err != nil {
		return nil, err
	}
	var list []*handOver
	for _, key := range keys {
		x, err := t.handOvers.Get(w, key)
		if errors.Is(err, auth.ErrNoRecord) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if stands, err := t.handOverStands(w, x); err != nil {
			return nil, err
		} else if stands {
			list = append(list, x)
		}
	}
	return list, nil
}

// DeclineHandOver is the word of who has taken a shop over that nothing is to come of it. Refuses NotFound.
func (t *Service) DeclineHandOver(ctx context.Context, c auth.Caller, id string) error {
	return t.door.DoOnce(ctx, c, ActStopHandOver, func(w *auth.Work) error {
		list, err := t.takenBy(w, w.Account().ID)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(list, func(x *handOver) bool { return x.ID == id })
		if at < 0 || list[at].Shop == "" {
			return auth.Refuse(auth.NotFound)
		}
		shop, err := t.shops.Get(w, list[at].Shop)
		if err != nil {
			return err
		}
		w.Note(shop.ID, shop.Name)
		w.NoteFor(list[at].By)
		return t.dropHandOver(w, list[at])
	})
}

// dropHandOver ends a hand-over of which nothing comes, and tells both sides.
func (t *Service) dropHandOver(w *auth.Work, x *handOver) error {
	if err := w.EndWait(x.By, x.Wait); err != nil {
		return err
	}
	if err := t.handOvers.Delete(w, x.key()); err != nil {
		return err
	}
	if x.Shop == "" {
		return t.tellAccountStays(w, x)
	}
	shop, err := t.shops.Get(w, x.Shop)
	if err != nil {
		return err
	}
	for _, who := range []auth.AccountID{x.By, x.To} {
		if who == "" {
			continue
		}
		if err := t.notify(w, who, auth.TemplateHandOverStopped, map[string]string{"shop": shop.Name}); err != nil {
			return err
		}
	}
	return nil
}

// sinceAgreed are the notices of what somebody had agreed to, or somebody in his session: they say "this was not me" as
// that of an own act does.
func sinceAgreed() []string {
	return []string{auth.TemplateHandOverTaker, auth.TemplateHandOverDone, auth.TemplateHandOverYours,
		auth.TemplateAccountHandTaker}
}

// notify tells an account of what became of a shop.
func (t *Service) notify(w *auth.Work, id auth.AccountID, template string, args map[string]string) error {
	who, err := w.AccountOf(id)
	if err != nil {
		return err
	}
	args["at"], args["person"] = w.Now().Format(time.RFC3339), who.Name
	if slices.Contains(sinceAgreed(), template) {
		return w.NotifyNotMe(id, template, args)
	}
	return w.Notify(id, template, args)
}

// tellHandOver tells everybody whom a step concerns: the owner at every address, with a link that stops it, who has
// taken it, and the other owners.
func (t *Service) tellHandOver(w *auth.Work, shop *shop, x *handOver) error {
	args := map[string]string{"shop": shop.Name, "step": string(x.state())}
	by, err := w.AccountOf(x.By)
	if err != nil {
		return err
	}
	if x.To != "" {
		to, err := w.AccountOf(x.To)
		if err != nil {
			return err
		}
		args["member"] = to.Name
		step := map[HandOverState]string{HandOverTaken: "to-taken", HandOverAgreed: "to-agreed"}[x.state()]
		says := map[string]string{"shop": shop.Name, "by": by.Name, "step": step, "due": x.Until.Format(time.RFC3339)}
		if err := t.notify(w, x.To, auth.TemplateHandOverTaker, says); err != nil {
			return err
		}
	}
	loudly := x.state() != HandOverTaken // the numbers hear how it begins, and when it will be
	if err := w.NotifyWait(x.By, x.Wait, auth.TemplateHandOver, args, loudly); err != nil || !loudly {
		return err
	}
	did := map[HandOverState]string{HandOverBegun: "hand-over-begun",
		HandOverAgreed: "hand-over-agreed"}[x.state()]
	return t.tellOthers(w, shop, x, did)
}

// tellOthers tells the other owners of a hand-over.
func (t *Service) tellOthers(w *auth.Work, shop *shop, x *handOver, did string) error {
	list, err := t.membersOf(w, x.Shop)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(m *member) bool { return m.Account == x.By })
	if at < 0 {
		return nil
	}
	owner := list[at]
	others := slices.DeleteFunc(list, func(m *member) bool { return m.Account == x.By || m.Account == x.To })
	return t.tellOwners(w, shop, owner, others, did)
}

// finishHandOver does what came due, or ends what nothing comes of. It runs as the service itself.
func (t *Service) finishHandOver(ctx context.Context, c auth.Caller, key string) error {
	act := ActHandedOver
	if strings.HasPrefix(key, ofAccount) {
		act = ActAccountHanded
	}
	return t.door.Do(ctx, c, act, func(w *auth.Work) error {
		x, err := t.handOvers.Get(w, key)
		if errors.Is(err, auth.ErrNoRecord) {
			return nil
		}
		if err != nil || !handOverDue(x, w.Now()) {
			return err
		}
		stands, err := t.bothStand(w, x)
		if err != nil {
			return err
		}
		if !x.Agreed || !stands {
			return t.dropHandOver(w, x)
		}
		if x.Shop == "" {
			return t.passAccountOn(w, x)
		}
		err = t.mayTake(w, x, x.To) // he may have joined other shops since
		if refused := new(auth.Error); errors.As(err, &refused) {
			return t.dropHandOver(w, x)
		}
		if err != nil {
			return err
		}
		return t.passOn(w, x)
	})
}

// passOn makes the one owner and ends the place of the other.
func (t *Service) passOn(w *auth.Work, x *handOver) error {
	shop, err := t.shops.Get(w, x.Shop)
	if err != nil {
		return err
	}
	w.About(x.By)
	w.Note(shop.ID, shop.Name)
	w.NoteFor(x.To)
	if err := t.tellOthers(w, shop, x, "hand-over-done"); err != nil {
		return err
	}
	former, err := t.memberOf(w, x.Shop, x.By)
	if err != nil {
		return err
	}
	if err := t.succeed(w, former, x.To); err != nil {
		return err
	}
	if err := w.EndWait(x.By, x.Wait); err != nil {
		return err
	}
	if err := t.handOvers.Delete(w, x.key()); err != nil {
		return err
	}
	until := w.Now().Add(handOverCools)
	for _, a := range []auth.AccountID{x.By, x.To} {
		if err := w.CoolOff(a, until, "handed-over"); err != nil {
			return err
		}
	}
	to, err := w.AccountOf(x.To)
	if err != nil {
		return err
	}
	says := map[string]string{"shop": shop.Name, "member": to.Name, "payout": until.Format(time.RFC3339)}
	if err := t.notify(w, x.By, auth.TemplateHandOverDone, says); err != nil {
		return err
	}
	delete(says, "member")
	return t.notify(w, x.To, auth.TemplateHandOverYours, says)
}

// succeed gives a former owner's place to another one: he ranks as the former one did, and is settled at once. The
// former one's place ends, and with it the invitations that he has sent.
func (t *Service) succeed(w *auth.Work, former *member, to auth.AccountID) error {
	if err := t.unseat(w, former); err != nil {
		return err
	}
	m, err := t.members.Get(w, memberKey(former.Shop, to))
	if errors.Is(err, auth.ErrNoRecord) {
		return t.seat(w, &member{Shop: former.Shop, Account: to, Role: Owner, RoleAt: former.RoleAt,
			JoinedAt:  w.Now(),
			InvitedBy: former.Account})
	}
	if err != nil {
		return err
	}
	if m.Role != Owner || former.RoleAt.Before(m.RoleAt) { // a co-owner loses no rank by it
		m.RoleAt = former.RoleAt
	}
	m.Role = Owner
	return t.members.Put(w, memberKey(m.Shop, m.Account), m)
}
