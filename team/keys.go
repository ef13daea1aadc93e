package team

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is the security keys that a shop asks of its people from a date on. Who has none by then signs in as ever,
// and may do nothing but bind one: auth sees to that, in every pass and whatever he has signed in by.
//
//	DemandKeys ──► who has none hears of it ──► a day before, again ──► From: no key, no shop
//	     └── DropKeys, at any time

// keysAsked is a shop's demand that each of its people has a security key.
type keysAsked struct {
	From time.Time      `json:"f"`
	At   time.Time      `json:"t"`
	By   auth.AccountID `json:"by"`
	Told rounds         `json:"r,omitempty"`
	Next string         `json:"n,omitempty"` // the account that the round of telling goes on with
}

// rounds is how often those without a key have been told.
type rounds int

const (
	toldNever rounds = iota
	toldFirst
	toldTwice
)

// How many days ahead a date may be: those without a key need time to get one.
const (
	leastDays = 3
	mostDays  = 90
)

const (
	keysReminder = 24 * time.Hour
	tellAtOnce   = 25 // in one pass
)

// from is when a shop asks for keys, the zero time if it does not.
func (x *shop) from() time.Time {
	if x.Keys == nil {
		return time.Time{}
	}
	return x.Keys.From
}

// tellDue reports whether people have to be told of a demand: at once, and shortly before.
func tellDue(x *shop, now time.Time) bool {
	k := x.Keys
	if k == nil || !now.Before(k.From) {
		return false
	}
	return k.Told == toldNever || k.Told == toldFirst && !now.Before(k.From.Add(-keysReminder))
}

// KeysInfo is how a shop stands with its people's security keys.
type KeysInfo struct {
	From      time.Time // zero: the shop does not ask for keys
	AskedAt   time.Time
	By        string // the name of whoever asked; "" for who is here no more
	LeastDays int    // that a new date is ahead
	MostDays  int
	People    []ReadyInfo
}

// ReadyInfo is whether one of a shop's people has a security key.
type ReadyInfo struct {
	ID        auth.AccountID
	Name      string
	Role      Role
	Ready     bool
	Suspended bool
	Self      bool
}

// Keys says who of a shop has a security key, to administrators and owners. Refuses NotFound, RoleTooLow.
func (t *Service) Keys(ctx context.Context, c auth.Caller, shop string) (*KeysInfo, error) {
	return auth.Do(ctx, t.door, c, ActLook, func(w *auth.Work) (*KeysInfo, error) {
		own, list, err := t.mayAskKeys(w, shop)
		if err != nil {
			return nil, err
		}
		info := &KeysInfo{From: own.shop.from(), LeastDays: leastDays, MostDays: mostDays, People: []ReadyInfo{}}
		for _, m := range list {
			a, err := w.AccountOf(m.Account)
			if err != nil {
				return nil, err
			}
			one := ReadyInfo{ID: m.Account, Name: a.Name, Role: m.Role, Suspended: m.suspended(),
				Self: m.Account == own.Account}
			if one.Ready, err = w.HasKey(m.Account); err != nil {
				return nil, err
			}
			if k := own.shop.Keys; k != nil && k.By == m.Account {
				info.By = a.Name
			}
			info.People = append(info.People, one)
		}
		if k := own.shop.Keys; k != nil {
			info.AskedAt = k.At
		}
		return info, nil
	})
}

// mayAskKeys is the caller's place, with everybody of the shop. Refuses NotFound, RoleTooLow.
func (t *Service) mayAskKeys(w *auth.Work, shop string) (*seat, []*member, error) {
	own, err := t.seatOf(w, shop)
	if err != nil {
		return nil, nil, err
	}
	if own.Role.rank() < Administrator.rank() {
		return nil, nil, auth.Refuse(auth.RoleTooLow)
	}
	list, err := t.membersOf(w, shop)
	return own, list, err
}

// DemandKeys asks each of a shop's people for a security key from a number of days on. A date that stands already is
// replaced. Refuses NotFound, RoleTooLow, DaysOutOfRange.
func (t *Service) DemandKeys(ctx context.Context, c auth.Caller, shop string, days int) (time.Time, error) {
	return auth.DoOnce(ctx, t.door, c, ActKeys, func(w *auth.Work) (time.Time, error) {
		own, list, err := t.mayAskKeys(w, shop)
		if err != nil {
			return time.Time{}, err
		}
		if days < leastDays || days > mostDays {
			return time.Time{}, auth.RefuseField(auth.DaysOutOfRange, "days").With("least", strconv.Itoa(leastDays)).
				With("most", strconv.Itoa(mostDays))
		}
		own.shop.Keys = &keysAsked{From: w.Now().AddDate(0, 0, days), At: w.Now(), By: own.Account}
		if err := t.shops.Put(w, shop, own.shop); err != nil {
			return time.Time{}, err
		}
		return own.shop.Keys.From, t.tellOwners(w, own.shop, own.member, list, "keys")
	})
}

// DropKeys ends a shop's demand for security keys; it is no error if there is none. Refuses NotFound, RoleTooLow.
func (t *Service) DropKeys(ctx context.Context, c auth.Caller, shop string) error {
	return t.door.DoOnce(ctx, c, ActDropKeys, func(w *auth.Work) error {
		own, list, err := t.mayAskKeys(w, shop)
		if err != nil || own.shop.Keys == nil {
			return err
		}
		own.shop.Keys = nil
		if err := t.shops.Put(w, shop, own.shop); err != nil {
			return err
		}
		return t.tellOwners(w, own.shop, own.member, list, "no-keys")
	})
}

// tellOfKeys tells the next of those who have no key. It runs as the service itself.
func (t *Service) tellOfKeys(ctx context.Context, c auth.Caller, id string) error {
	return t.door.Do(ctx, c, ActTellKeys, func(w *auth.Work) error {
		x, err := t.shops.Get(w, id)
		if errors.Is(err, auth.ErrNoRecord) {
			return nil
		}
		if err != nil || !tellDue(x, w.Now()) {
			return err
		}
		list, err := t.membersOf(w, id)
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b *member) int { return strings.Compare(string(a.Account), string(b.Account)) })
		list = slices.DeleteFunc(list, func(m *member) bool {
			return m.suspended() || string(m.Account) < x.Keys.Next
		})
		for _, m := range list[:min(len(list), tellAtOnce)] {
			if err := t.tellOneOfKeys(w, x, m.Account); err != nil {
				return err
			}
		}
		if len(list) > tellAtOnce {
			x.Keys.Next = string(list[tellAtOnce].Account)
		} else {
			x.Keys.Next = ""
			x.Keys.Told++
		}
		return t.shops.Put(w, id, x)
	})
}

func (t *Service) tellOneOfKeys(w *auth.Work, x *shop, a auth.AccountID) error {
	has, err := w.HasKey(a)
	if err != nil || has {
		return err
	}
	info, err := w.AccountOf(a)
	if err != nil {
		return err
	}
	says := map[string]string{"at": w.Now().Format(time.RFC3339), "person": info.Name, "shop": x.Name,
		"due": x.Keys.From.Format(time.RFC3339)}
	return w.Notify(a, auth.TemplateShopKeys, says)
}
