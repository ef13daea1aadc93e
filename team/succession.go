package team

import (
	"cmp"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is how an account's hand-over ends, who hears of it, and what an account that gets another owner leaves
// behind in shops.

// tellAccount tells both sides of a step: the owner at every address, with a link that stops it.
func (t *Service) tellAccount(w *auth.Work, x *handOver) error {
	args := map[string]string{"step": "account-" + string(x.state())}
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
		step := map[HandOverState]string{HandOverTaken: "account-to-taken",
			HandOverAgreed: "account-to-agreed"}[x.state()]
		says := map[string]string{"by": by.Name, "step": step, "due": x.Until.Format(time.RFC3339)}
		if err := t.notify(w, x.To, auth.TemplateAccountHandTaker, says); err != nil {
			return err
		}
	}
	return w.NotifyWait(x.By, x.Wait, auth.TemplateAccountHand, args, x.state() != HandOverTaken)
}

// tellAccountStays tells both sides that nothing comes of it.
func (t *Service) tellAccountStays(w *auth.Work, x *handOver) error {
	for _, who := range []auth.AccountID{x.By, x.To} {
		if who == "" {
			continue
		}
		err := t.notify(w, who, auth.TemplateAccountHandStopped, map[string]string{})
		if err != nil && !errors.Is(err, auth.Refuse(auth.NotFound)) {
			return err
		}
	}
	return nil
}

// passAccountOn gives an account to who has taken it over. Its former owner hears of it while he has addresses there.
func (t *Service) passAccountOn(w *auth.Work, x *handOver) error {
	to, err := w.AccountOf(x.To)
	if err != nil {
		return err
	}
	w.About(x.By)
	says := map[string]string{"member": to.Name}
	if err := t.notify(w, x.By, auth.TemplateAccountHandDone, says); err != nil {
		return err
	}
	if err := t.handOvers.Delete(w, x.key()); err != nil {
		return err
	}
	if err := w.HandOver(x.By, auth.Successor{From: x.To, CoolOff: handOverCools}); err != nil {
		return err
	}
	says = map[string]string{"payout": w.Now().Add(handOverCools).Format(time.RFC3339)}
	return t.notify(w, x.By, auth.TemplateAccountHandYours, says)
}

// handedOver ends what an account that gets another owner has in shops as a person (auth.Part): a role of administrator
// or above, save where the shop would be without an owner; places that he is suspended in; and hand-overs to him and
// by him. The shops' owners hear of it.
func (t *Service) handedOver(w *auth.Work, a auth.AccountID) error {
	taken, err := t.takenBy(w, a)
	if err != nil {
		return err
	}
	for _, x := range taken {
		if err := t.dropHandOver(w, x); err != nil {
			return err
		}
	}
	places, err := t.placesOf(w, a)
	if err != nil {
		return err
	}
	for _, m := range places {
		if err := t.leaveBehind(w, m); err != nil {
			return err
		}
	}
	x, err := t.handOverOf(w, ofAccount+string(a), a)
	if err != nil || x == nil {
		return err
	}
	return t.dropHandOver(w, x)
}

// leaveBehind is handedOver for one place.
func (t *Service) leaveBehind(w *auth.Work, m *member) error {
	x, err := t.handOverOf(w, m.Shop, m.Account)
	if err != nil {
		return err
	}
	if x != nil {
		if err := t.dropHandOver(w, x); err != nil {
			return err
		}
	}
	list, err := t.membersOf(w, m.Shop)
	if err != nil {
		return err
	}
	goes := m.suspended() || m.Role.rank() >= Administrator.rank() && mayGo(list, m, w.Now()) == nil
	if !goes {
		return nil
	}
	shop, err := t.shops.Get(w, m.Shop)
	if err != nil {
		return err
	}
	others := without(list, m.Account)
	return cmp.Or(t.unseat(w, m), t.tellOwners(w, shop, m, others, "account-handed"))
}

// without is everybody of a shop but one.
func without(list []*member, a auth.AccountID) []*member {
	var rest []*member
	for _, o := range list {
		if o.Account != a {
			rest = append(rest, o)
		}
	}
	return rest
}
