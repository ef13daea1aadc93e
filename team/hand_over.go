package team

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// This file is the hand-over of a shop (R33): one owner's place becomes another person's, with both of them present.
//
//	owner: BeginHandOver ──mail──► the other: LookHandOver, TakeHandOver ──► owner: ConfirmHandOver
//	                                                                            │ 24 h
//	                                                                            ▼
//	                                        the other is owner, the former one has left; no payouts of both for a week
//
// It stands among what waits in the owner's settings (auth's Wait), and falls with what all that waits there falls
// with: the link in a notice, a new password, "not me", the end of the session that asked. It falls with his place and
// rank as well, and with what ends all that the other one has begun. An account alone goes the same way (account.go).

// A HandOverState is how far a hand-over has come.
type HandOverState string

// The states.
const (
	HandOverBegun  HandOverState = "begun"  // the link was mailed
	HandOverTaken  HandOverState = "taken"  // the other one has taken it, the owner has not confirmed
	HandOverAgreed HandOverState = "agreed" // both have spoken: it waits for its time
)

// A handOver is one that is under way. It is deleted when it is done, or nothing comes of it.
type handOver struct {
	V      int            `json:"v,omitempty"`
	ID     string         `json:"id"` // the hash of the link's secret
	Shop   string         `json:"s"`  // "": the account itself is handed over
	By     auth.AccountID `json:"by"` // the owner
	Wait   string         `json:"w"`  // what waits in his settings: once that is gone, nothing comes of it
	Email  ident.Email    `json:"e"`  // where the link went
	At     time.Time      `json:"t"`
	To     auth.AccountID `json:"to,omitempty"` // who has taken it
	Epoch  uint64         `json:"ep,omitempty"` // of that account, then
	Agreed bool           `json:"ag,omitempty"`
	Until  time.Time      `json:"u"`            // the end of the step, or when it is done
	Tries  int            `json:"tr,omitempty"` // of an account's check signs, that were wrong
}

// of is what is handed over: a shop, or an account.
func (x *handOver) of() string { return cmp.Or(x.Shop, ofAccount+string(x.By)) }

func (x *handOver) key() string { return x.of() + "/" + x.ID }

func (x *handOver) state() HandOverState {
	switch {
	case x.Agreed:
		return HandOverAgreed
	case x.To != "":
		return HandOverTaken
	}
	return HandOverBegun
}

func (x *handOver) takers() []string {
	if x.To == "" {
		return nil
	}
	return []string{string(x.To)}
}

func handOverDue(x *handOver, now time.Time) bool { return !now.Before(x.Until) }

const (
	stepLife       = 24 * time.Hour // of the link, and from the other one's word to the owner's
	handOverDelay  = 24 * time.Hour // after both have spoken
	handOverCools  = 7 * 24 * time.Hour
	handOversADay  = 5 // of one shop, that are mailed
	handOversShown = 20
)

// What waits in the owner's settings is called so, before and after he has confirmed.
const (
	waitAsked  = "hand-over-asked"
	waitAgreed = "hand-over"
)

// HandOverInfo is a hand-over as its two sides see it.
type HandOverInfo struct {
	ID          string
	Shop        string // its id
	Name        string // of the shop
	State       HandOverState
	MaskedEmail ident.Masked   `json:"email"` // where the link went
	By          string         // the owner's name
	To          auth.AccountID // who has taken it, "" for nobody yet
	ToName      string
	ToEmail     ident.Masked
	At          time.Time
	Until       time.Time // the end of this step; agreed: when it is done
}

// OfferInfo is what the holder of a link is shown before he takes a shop over.
type OfferInfo struct {
	Shop  string // its name
	By    string // the owner's name
	Until time.Time
	// From when on the shop asks each of its people for a security key; zero: it does not.
	KeysFrom time.Time
}

// BeginHandOver mails a link by which somebody else takes the caller's place as owner. The answer is the same for an
// address that has an account and for one that has none, and the mail says nothing that anybody has typed. Refuses
// NotFound, RoleTooLow, HandOverTooSoon, ChangePending, ChangePaused, EmailMalformed, ResendTooSoon, SendLimitReached.
func (t *Service) BeginHandOver(ctx context.Context, c auth.Caller, shop, address string) (*HandOverInfo,
	error) {
	return auth.DoOnce(ctx, t.door, c, ActHandOver, func(w *auth.Work) (*HandOverInfo, error) {
		own, err := t.ownSeat(w, shop)
		if err != nil {
			return nil, err
		}
		if settled := own.RoleAt.Add(ownerSettles); w.Now().Before(settled) {
			return nil, auth.Refuse(auth.HandOverTooSoon).At(settled) // a thief has appointed himself
		}
		email, err := ident.ParseEmail(address)
		if err != nil {
			return nil, auth.RefuseTyped(err)
		}
		x := &handOver{Shop: shop, By: own.Account, Email: email}
		token, err := t.beginHandOver(w, x, auth.Wait{What: waitAsked, Item: own.shop.Name})
		if err != nil {
			return nil, err
		}
		m := auth.Message{Template: auth.TemplateHandOverLink, Language: c.Language,
			Args: map[string]string{"link": t.origin + "/shop/hand-over/" + token}}
		if err := t.mailHandOver(w, x, m); err != nil {
			return nil, err
		}
		if err := t.tellHandOver(w, own.shop, x); err != nil {
			return nil, err
		}
		return t.handOverInfo(w, x)
	})
}

// beginHandOver has a hand-over wait among its owner's changes, where none does, and returns the token of its link. It
// is stored once the link is mailed.
func (t *Service) beginHandOver(w *auth.Work, x *handOver, wait auth.Wait) (token string, err error) {
	if err := t.noneWaits(w, x.of(), x.By); err != nil {
		return "", err
	}
	token = cmp.Or(x.Shop, string(x.By)) + w.NewID() + w.NewID()
	_, x.ID, _ = linkParts(token)
	x.At, x.Until = w.Now(), w.Now().Add(stepLife)
	wait.Due = x.Until
	x.Wait, err = w.BeginWait(wait)
	return token, err
}

// mailHandOver mails the link and stores what it leads to; nothing waits for a mail that is not sent.
func (t *Service) mailHandOver(w *auth.Work, x *handOver, m auth.Message) error {
	m.Channel, m.Recipient = auth.Mail, ident.Recipient(x.Email)
	m.Expires = x.Until
	err := w.Send(m)
	if err == nil {
		return t.handOvers.Insert(w, x.key(), x)
	}
	if refused := new(auth.Error); errors.As(err, &refused) {
		return cmp.Or(w.EndWait(x.By, x.Wait), err) // a refusal commits
	}
	return err
}

// ownSeat is the caller's place as an owner. Refuses NotFound, RoleTooLow.
func (t *Service) ownSeat(w *auth.Work, shop string) (*seat, error) {
	own, err := t.seatOf(w, shop)
	if err == nil && own.Role != Owner {
		err = auth.Refuse(auth.RoleTooLow)
	}
	return own, err
}

// noneWaits refuses a second hand-over of the same place or account, and more than a day has; one that is dead makes
// room.
func (t *Service) noneWaits(w *auth.Work, of string, by auth.AccountID) error {
	x, err := t.handOverOf(w, of, by)
	if err != nil {
		return err
	}
	if x != nil {
		return auth.Refuse(auth.ChangePending).At(x.Until)
	}
	for item, err := range t.handOvers.Prefix(w, of+"/", handOversShown) {
		if err != nil {
			return err
		}
		if item.Doc.By == by {
			if err := t.handOvers.Delete(w, item.ID); err != nil {
				return err
			}
		}
	}
	_, err = w.Count("hand-over/"+of, handOversADay, 0)
	return err
}

// handOverOf is the hand-over of somebody's place in a shop, or of his account, that is under way, nil for none.
func (t *Service) handOverOf(w *auth.Work, of string, by auth.AccountID) (*handOver, error) {
	for item, err := range t.handOvers.Prefix(w, of+"/", handOversShown) {
		if err != nil {
			return nil, err
		}
		if x := item.Doc; x.By == by {
			if stands, err := t.handOverStands(w, x); err != nil || stands {
				return x, err
			}
		}
	}
	return nil, nil
}

// handOverStands reports whether something may still come of a hand-over.
func (t *Service) handOverStands(w *auth.Work, x *handOver) (bool, error) {
	if handOverDue(x, w.Now()) {
		return false, nil
	}
	return t.bothStand(w, x)
}

// bothStand reports whether both sides of a hand-over are who they were: nobody has stopped it, the one is still owner,
// and nothing has happened to the other one's account that ends what he has begun.
func (t *Service) bothStand(w *auth.Work, x *handOver) (bool, error) {
	waits, err := w.Waits(x.By, x.Wait)
	if err != nil || !waits {
		return false, err
	}
	if x.Shop == "" {
		return t.accountStands(w, x)
	}
	owner, err := t.memberOf(w, x.Shop, x.By)
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		return false, nil
	}
	if err != nil || owner.Role != Owner || owner.suspended() {
		return false, err
	}
	if x.To == "" {
		return true, nil
	}
	to, err := w.AccountOf(x.To)
	if err != nil || to.Epoch != x.Epoch || !to.FrozenAt.IsZero() {
		return false, err
	}
	place, err := t.memberOf(w, x.Shop, x.To)
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		return true, nil
	}
	return err == nil && !place.suspended(), err
}

func (t *Service) handOverInfo(w *auth.Work, x *handOver) (*HandOverInfo, error) {
	shop, err := t.shops.Get(w, x.Shop)
	if err != nil {
		return nil, err
	}
	by, err := w.AccountOf(x.By)
	if err != nil {
		return nil, err
	}
	info := &HandOverInfo{ID: x.ID, Shop: x.Shop, Name: shop.Name, State: x.state(), MaskedEmail: x.Email.Mask(),
		By: by.Name, To: x.To, At: x.At, Until: x.Until}
	if x.To == "" {
		return info, nil
	}
	to, err := w.AccountOf(x.To)
	if err != nil {
		return nil, err
	}
	info.ToName, info.ToEmail = to.Name, to.MaskedEmail
	return info, nil
}

// HandOver is the hand-over of the caller's own place that is under way. Refuses NotFound, RoleTooLow.
func (t *Service) HandOver(ctx context.Context, c auth.Caller, shop string) (*HandOverInfo, error) {
	return auth.Do(ctx, t.door, c, ActLook, func(w *auth.Work) (*HandOverInfo, error) {
		_, x, err := t.ownHandOver(w, shop)
		if err != nil {
			return nil, err
		}
		return t.handOverInfo(w, x)
	})
}

// ownHandOver is the hand-over of the caller's own place. Refuses NotFound, RoleTooLow.
func (t *Service) ownHandOver(w *auth.Work, shop string) (*seat, *handOver, error) {
	own, err := t.ownSeat(w, shop)
	if err != nil {
		return nil, nil, err
	}
	x, err := t.handOverOf(w, own.shop.ID, own.Account)
	if err == nil && x == nil {
		err = auth.Refuse(auth.NotFound)
	}
	return own, x, err
}

// openHandOver is what a link leads to. Refuses HandOverOver for one that is used, stopped, too old or never issued:
// the answers are alike.
func (t *Service) openHandOver(w *auth.Work, token string) (*handOver, error) {
	shop, id, ok := linkParts(token)
	if !ok {
		return nil, auth.Refuse(auth.HandOverOver)
	}
	return t.standing(w, shop+"/"+id)
}

// standing is the hand-over with a key that nobody has taken yet. Refuses HandOverOver.
func (t *Service) standing(w *auth.Work, key string) (*handOver, error) {
	x, err := t.handOvers.Get(w, key)
	if errors.Is(err, auth.ErrNoRecord) {
		return nil, auth.Refuse(auth.HandOverOver)
	}
	if err != nil {
		return nil, err
	}
	stands, err := t.handOverStands(w, x)
	if err == nil && (!stands || x.To != "") {
		err = auth.Refuse(auth.HandOverOver)
	}
	return x, err
}

// LookHandOver says what a link leads to, without using it: mail scanners open links. Refuses HandOverOver.
func (t *Service) LookHandOver(ctx context.Context, c auth.Caller, token string) (*OfferInfo, error) {
	return auth.Do(ctx, t.door, c, ActOpen, func(w *auth.Work) (*OfferInfo, error) {
		x, err := t.openHandOver(w, token)
		if err != nil {
			return nil, err
		}
		shop, err := t.shops.Get(w, x.Shop)
		if err != nil {
			return nil, err
		}
		by, err := w.AccountOf(x.By)
		if err != nil {
			return nil, err
		}
		return &OfferInfo{Shop: shop.Name, By: by.Name, Until: x.Until, KeysFrom: shop.from()}, nil
	})
}

// TakeHandOver is the word of who is to be owner: the link is used up, and the owner is asked to confirm that it is
// he. Refuses HandOverOver, HandOverOwn for the owner himself, TooManyShops, NotFound for who is suspended there.
func (t *Service) TakeHandOver(ctx context.Context, c auth.Caller, token string) (*HandOverInfo, error) {
	return auth.DoOnce(ctx, t.door, c, ActTakeOver, func(w *auth.Work) (*HandOverInfo, error) {
		x, err := t.openHandOver(w, token)
		if err != nil {
			return nil, err
		}
		shop, err := t.shops.Get(w, x.Shop)
		if err != nil {
			return nil, err
		}
		w.Note(shop.ID, shop.Name)
		if err := t.mayTake(w, x, w.Account().ID); err != nil {
			return nil, err
		}
		if err := w.Consume(x.ID, x.Until, auth.HandOverOver); err != nil {
			return nil, err
		}
		x.To, x.Epoch = w.Account().ID, w.Account().Epoch
		x.Until = w.Now().Add(stepLife)
		w.NoteFor(x.By)
		if err := t.moveHandOver(w, shop, x, auth.Wait{ID: x.Wait, Due: x.Until}); err != nil {
			return nil, err
		}
		return t.handOverInfo(w, x)
	})
}

// mayTake refuses the owner himself, and who has no room for another shop.
func (t *Service) mayTake(w *auth.Work, x *handOver, a auth.AccountID) error {
	if a == x.By {
		return auth.Refuse(auth.HandOverOwn)
	}
	places, err := t.placesOf(w, a)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(places, func(m *member) bool { return m.Shop == x.Shop })
	switch {
	case at >= 0 && places[at].suspended():
		return auth.Refuse(auth.NotFound)
	case at < 0 && len(places) >= t.limits.Shops:
		return auth.Refuse(auth.TooManyShops)
	}
	return nil
}

// moveHandOver stores the next step, and tells of it.
func (t *Service) moveHandOver(w *auth.Work, shop *shop, x *handOver, wait auth.Wait) error {
	if err := w.MoveWait(x.By, wait); err != nil {
		return err
	}
	if err := t.handOvers.Put(w, x.key(), x); err != nil {
		return err
	}
	return t.tellHandOver(w, shop, x)
}

// ConfirmHandOver is the owner's word that it is the one who has taken it: from then on it waits, and no payout of the
// owner's is approved. Refuses NotFound, RoleTooLow, and HandOverNotTaken where nobody, or somebody else, has taken it,
// or it is confirmed already.
func (t *Service) ConfirmHandOver(
	ctx context.Context, c auth.Caller, shop string, to auth.AccountID,
) (*HandOverInfo, error) {
	return auth.DoOnce(ctx, t.door, c, ActConfirmHandOver, func(w *auth.Work) (*HandOverInfo, error) {
		own, x, err := t.ownHandOver(w, shop)
		if err != nil {
			return nil, err
		}
		if x.state() != HandOverTaken || x.To != to {
			return nil, auth.Refuse(auth.HandOverNotTaken)
		}
		x.Agreed, x.Until = true, w.Now().Add(handOverDelay)
		if err := w.Consume(x.ID+"/agreed", x.Until, auth.HandOverNotTaken); err != nil {
			return nil, err
		}
		w.NoteFor(x.To)
		if err := w.CoolOff(x.By, x.Until, "handing-over"); err != nil {
			return nil, err
		}
		wait := auth.Wait{ID: x.Wait, What: waitAgreed, Due: x.Until}
		if err := t.moveHandOver(w, own.shop, x, wait); err != nil {
			return nil, err
		}
		return t.handOverInfo(w, x)
	})
}
