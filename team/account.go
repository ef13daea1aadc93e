package team

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// This file is the hand-over of an account that is in no shop (R33): all that its former owner has or knows is retired
// at one moment, with both of them present.
//
//	owner: HandAccountOver ──mail──► the other: LookAccountOffer, SignUpOffered ──► an account of his own, his methods
//	                                                                                     │
//	owner: ConfirmAccount(signs) ◄──he reads them to the owner── check signs ◄── TakeAccount
//	   │ 24 h
//	   ▼
//	what the other one has set up is the account's, and his own account is no more; no payouts for a week
//
// Both show a strong method. Whoever has come by the link has the other one's mailbox at best, and not his voice: the
// owner types signs that only the browser shows which has taken the account. It waits, and falls, as a shop's does; and
// when one of the two joins a shop meanwhile, whose people would not know whom they have.

// ofAccount is before the key of what is no shop's.
const ofAccount = "account/"

const maxSigns = 5 // that are wrong, until nothing comes of it

// What waits in the owner's settings is called so, before and after he has confirmed.
const (
	waitAccountAsked  = "hand-over-account-asked"
	waitAccountAgreed = "hand-over-account"
)

// AccountHandOver is an account's hand-over as its two sides see it.
type AccountHandOver struct {
	State       HandOverState
	MaskedEmail ident.Masked `json:"email"` // where the link went
	By          string       // the owner's name
	ToName      string       // of who takes it over, "" for nobody yet
	At          time.Time
	Until       time.Time // the end of this step; agreed: when it is done
	Signs       string    `json:",omitempty"` // that are read to the owner; to who has taken it alone
}

// AccountOffer is what the holder of a link is shown.
type AccountOffer struct {
	By       string // the owner's name
	UserName string // of the account
	Until    time.Time
	HasNone  bool // nobody has an account at the address that it went to: one is made
}

// HandAccountOver mails a link by which somebody else takes the caller's account over. The answer is the same for an
// address that has an account and for one that has none. Refuses HandOverInShop, HandOverCooling, ChangePending,
// ChangePaused, EmailMalformed, ResendTooSoon, SendLimitReached.
func (t *Service) HandAccountOver(ctx context.Context, c auth.Caller, address string) (*AccountHandOver,
	error) {
	return auth.DoOnce(ctx, t.door, c, ActHandAccount, func(w *auth.Work) (*AccountHandOver, error) {
		email, err := ident.ParseEmail(address)
		if err != nil {
			return nil, auth.RefuseTyped(err)
		}
		own := w.Account()
		if err := t.inNoShop(w, own.ID); err != nil {
			return nil, err
		}
		if w.Now().Before(own.CoolUntil) { // nobody who has just got it gives it on
			return nil, auth.Refuse(auth.HandOverCooling).At(own.CoolUntil)
		}
		x := &handOver{By: own.ID, Email: email}
		token, err := t.beginHandOver(w, x, auth.Wait{What: waitAccountAsked})
		if err != nil {
			return nil, err
		}
		m := auth.Message{Template: auth.TemplateAccountHandLink, Language: c.Language,
			Args: map[string]string{"link": t.origin + "/hand-over/" + token}}
		if err := t.mailHandOver(w, x, m); err != nil {
			return nil, err
		}
		if err := t.tellAccount(w, x); err != nil {
			return nil, err
		}
		return t.accountInfo(w, x)
	})
}

// inNoShop refuses HandOverInShop for an account that may act in a shop.
func (t *Service) inNoShop(w *auth.Work, a auth.AccountID) error {
	list, err := t.liveIn(w, a)
	if err == nil && len(list) > 0 {
		err = auth.Refuse(auth.HandOverInShop)
	}
	return err
}

// accountStands reports whether both sides of an account's hand-over are who they were. That nobody has stopped it is
// known.
func (t *Service) accountStands(w *auth.Work, x *handOver) (bool, error) {
	for _, a := range append([]auth.AccountID{x.By}, slices.DeleteFunc([]auth.AccountID{x.To}, isNobody)...) {
		err := t.inNoShop(w, a)
		if refused := new(auth.Error); errors.As(err, &refused) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	if x.To == "" {
		return true, nil
	}
	to, err := w.AccountOf(x.To)
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		return false, nil
	}
	return err == nil && to.Epoch == x.Epoch && to.FrozenAt.IsZero() && !to.EnrolledAt.IsZero(), err
}

func isNobody(a auth.AccountID) bool { return a == "" }

func (t *Service) accountInfo(w *auth.Work, x *handOver) (*AccountHandOver, error) {
	by, err := w.AccountOf(x.By)
	if err != nil {
		return nil, err
	}
	info := &AccountHandOver{State: x.state(), MaskedEmail: x.Email.Mask(), By: by.Name, At: x.At, Until: x.Until}
	if x.To == "" {
		return info, nil
	}
	to, err := w.AccountOf(x.To)
	if err != nil {
		return nil, err
	}
	info.ToName = to.Name
	return info, nil
}

// ownAccount is the hand-over of the caller's account that is under way. Refuses NotFound.
func (t *Service) ownAccount(w *auth.Work) (*handOver, error) {
	own := w.Account().ID
	x, err := t.handOverOf(w, ofAccount+string(own), own)
	if err == nil && x == nil {
		err = auth.Refuse(auth.NotFound)
	}
	return x, err
}

// AccountHandOver is the hand-over of the caller's account that is under way. Refuses NotFound.
func (t *Service) AccountHandOver(ctx context.Context, c auth.Caller) (*AccountHandOver, error) {
	return auth.Do(ctx, t.door, c, ActLook, func(w *auth.Work) (*AccountHandOver, error) {
		x, err := t.ownAccount(w)
		if err != nil {
			return nil, err
		}
		return t.accountInfo(w, x)
	})
}

// openOffer is what the link of an account's hand-over leads to. Refuses HandOverOver.
func (t *Service) openOffer(w *auth.Work, token string) (*handOver, error) {
	account, id, ok := linkParts(token)
	if !ok {
		return nil, auth.Refuse(auth.HandOverOver)
	}
	return t.standing(w, ofAccount+account+"/"+id)
}

// LookAccountOffer says what a link leads to, without using it. Refuses HandOverOver.
func (t *Service) LookAccountOffer(ctx context.Context, c auth.Caller, token string) (*AccountOffer, error) {
	return auth.Do(ctx, t.door, c, ActOpen, func(w *auth.Work) (*AccountOffer, error) {
		x, err := t.openOffer(w, token)
		if err != nil {
			return nil, err
		}
		by, err := w.AccountOf(x.By)
		if err != nil {
			return nil, err
		}
		has, err := w.HasAccount(x.Email)
		return &AccountOffer{By: by.Name, UserName: by.UserName, Until: x.Until, HasNone: !has}, err
	})
}

// SignUpOffered opens the form of sign-up for whoever holds the link: he reads the mailbox that it went to. What he
// sets up is the account's when it is his. It returns the token of a link as auth's ConfirmSignUp takes it. Refuses
// HandOverOver, and SignedUp for an address that has an account.
func (t *Service) SignUpOffered(ctx context.Context, c auth.Caller, token string) (string, error) {
	return auth.Do(ctx, t.door, c, ActSignUp, func(w *auth.Work) (string, error) {
		x, err := t.openOffer(w, token)
		if err != nil {
			return "", err
		}
		return w.SignUpLink(x.Email, x.key())
	})
}

// MyAccountOffer is the account that the caller takes over, or may: his own was made for it. With what he has taken
// come the signs that its owner asks him for. Refuses NotFound.
func (t *Service) MyAccountOffer(ctx context.Context, c auth.Caller) (*AccountHandOver, error) {
	return auth.Do(ctx, t.door, c, ActLook, func(w *auth.Work) (*AccountHandOver, error) {
		x, err := t.offeredTo(w)
		if err != nil {
			return nil, err
		}
		info, err := t.accountInfo(w, x)
		if err == nil && x.state() == HandOverTaken {
			info.Signs = w.Signs(x.signs())
		}
		return info, err
	})
}

// signs is the label of what the one reads to the other.
func (x *handOver) signs() string { return "hand-over/" + x.ID }

// offeredTo is the account that the caller has taken, or else the one that his own was made for. Refuses NotFound.
func (t *Service) offeredTo(w *auth.Work) (*handOver, error) {
	own := w.Account()
	taken, err := t.takenBy(w, own.ID)
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(taken, func(x *handOver) bool { return x.Shop == "" }); at >= 0 {
		return taken[at], nil
	}
	x, err := t.standing(w, own.MadeBy)
	if errors.Is(err, auth.Refuse(auth.HandOverOver)) || err == nil && x.Shop != "" {
		return nil, auth.Refuse(auth.NotFound)
	}
	return x, err
}

// toTake is what the caller may take: by a link, or what his account was made for. Refuses NotFound, HandOverOver, and
// HandOverOther for an account that was made for anything else: it would be no more.
func (t *Service) toTake(w *auth.Work, token string) (*handOver, error) {
	if token == "" {
		return t.offeredTo(w)
	}
	x, err := t.openOffer(w, token)
	if err == nil && !strings.HasPrefix(w.Account().MadeBy, ofAccount) {
		err = auth.Refuse(auth.HandOverOther)
	}
	return x, err
}

// TakeAccount is the word of who is to own an account, with one of his own that was made by the link of a hand-over;
// token "" is for the one that his was made for. The owner is asked to confirm it, by the signs that come with it.
// Refuses NotFound, HandOverOver for one that is taken, HandOverOther, HandOverInShop.
func (t *Service) TakeAccount(ctx context.Context, c auth.Caller, token string) (*AccountHandOver, error) {
	return auth.DoOnce(ctx, t.door, c, ActTakeAccount, func(w *auth.Work) (*AccountHandOver, error) {
		x, err := t.toTake(w, token)
		if err != nil {
			return nil, err
		}
		own := w.Account()
		if x.To != "" || x.By == own.ID {
			return nil, auth.Refuse(auth.HandOverOver)
		}
		if err := t.inNoShop(w, own.ID); err != nil {
			return nil, err
		}
		if err := w.Consume(x.ID, x.Until, auth.HandOverOver); err != nil {
			return nil, err
		}
		x.To, x.Epoch = own.ID, own.Epoch
		x.Until = w.Now().Add(stepLife)
		w.NoteFor(x.By)
		if err := t.moveAccount(w, x, auth.Wait{ID: x.Wait, Due: x.Until}); err != nil {
			return nil, err
		}
		return t.accountInfo(w, x)
	})
}

// moveAccount stores the next step, and tells of it.
func (t *Service) moveAccount(w *auth.Work, x *handOver, wait auth.Wait) error {
	if err := w.MoveWait(x.By, wait); err != nil {
		return err
	}
	if err := t.handOvers.Put(w, x.key(), x); err != nil {
		return err
	}
	return t.tellAccount(w, x)
}

// ConfirmAccount is the owner's word, with the signs that the other one has read to him: from then on it waits, and no
// payout is approved. Refuses NotFound, HandOverNotTaken where nobody has taken it, it is confirmed already, or too many
// signs were wrong, and HandOverSignsWrong, with how many tries are left.
func (t *Service) ConfirmAccount(ctx context.Context, c auth.Caller, signs string) (*AccountHandOver, error) {
	return auth.DoOnce(ctx, t.door, c, ActConfirmAccount, func(w *auth.Work) (*AccountHandOver, error) {
		x, err := t.ownAccount(w)
		if err != nil {
			return nil, err
		}
		if x.state() != HandOverTaken {
			return nil, auth.Refuse(auth.HandOverNotTaken)
		}
		if !w.AreSigns(x.signs(), signs) {
			return nil, t.wrongSigns(w, x)
		}
		x.Agreed, x.Until = true, w.Now().Add(handOverDelay)
		if err := w.Consume(x.ID+"/agreed", x.Until, auth.HandOverNotTaken); err != nil {
			return nil, err
		}
		w.NoteFor(x.To)
		if err := w.CoolOff(x.By, x.Until, "handing-over"); err != nil {
			return nil, err
		}
		wait := auth.Wait{ID: x.Wait, What: waitAccountAgreed, Due: x.Until}
		if err := t.moveAccount(w, x, wait); err != nil {
			return nil, err
		}
		return t.accountInfo(w, x)
	})
}

// wrongSigns counts, and ends a hand-over whose two sides do not speak to each other.
func (t *Service) wrongSigns(w *auth.Work, x *handOver) error {
	x.Tries++
	left := maxSigns - x.Tries
	if left <= 0 {
		if err := t.dropHandOver(w, x); err != nil {
			return err
		}
		return auth.Refuse(auth.HandOverNotTaken)
	}
	if err := t.handOvers.Put(w, x.key(), x); err != nil {
		return err
	}
	e := auth.RefuseField(auth.HandOverSignsWrong, "signs")
	return e.With("n", strconv.Itoa(left))
}

// StopAccount is the owner's word that nothing is to come of it. Refuses NotFound.
func (t *Service) StopAccount(ctx context.Context, c auth.Caller) error {
	return t.door.DoOnce(ctx, c, ActStopAccount, func(w *auth.Work) error {
		x, err := t.ownAccount(w)
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

// DeclineAccount is the word of who was to take it over. Refuses NotFound.
func (t *Service) DeclineAccount(ctx context.Context, c auth.Caller) error {
	return t.door.DoOnce(ctx, c, ActStopAccount, func(w *auth.Work) error {
		x, err := t.offeredTo(w)
		if err != nil {
			return err
		}
		w.NoteFor(x.By)
		return t.dropHandOver(w, x)
	})
}
