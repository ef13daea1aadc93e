package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// This file is auth.Tokens: what a seller's claim of a token asks of the stock, in the pass of the binding. That a
// token has one owner holds here: two passes that assign it write the same record.

// maxHeld bounds how many tokens of one account are looked at: an account has far fewer methods.
const maxHeld = 100

// FindToken is auth.Tokens. A number of two makers is nobody's, but where one of the two has been this account's, or
// was given to it by the house. What the store is asked for tells nothing: of a number that is no token's another token
// is read.
func (s *Service) FindToken(w *auth.Work, a auth.AccountID, serial string) (*auth.Token, error) {
	list, err := s.tokensOf(w, serial)
	if err != nil {
		return nil, err
	}
	var his []*kept
	for _, x := range list {
		if x.Owner == a && a != "" {
			his = append(his, x)
		}
	}
	if len(his) == 1 {
		list = his
	}
	if len(list) != 1 || !list[0].mayClaim(a, w.Now()) {
		return nil, nil
	}
	return list[0].token(a), nil
}

// tokensOf are the tokens with a number, of every maker. Of a number that is no token's another token is read, and
// left.
func (s *Service) tokensOf(w *auth.Work, serial string) ([]*kept, error) {
	keys, err := s.tokens.Find(w, "serial", ident.SerialKey(serial), maxMakers)
	if err != nil {
		return nil, err
	}
	other := len(keys) == 0
	if other {
		if keys, err = s.tokens.IDs(w, s.keyOf("", serial), 1); err == nil && len(keys) == 0 {
			keys, err = s.tokens.IDs(w, "", 1)
		}
		if err != nil {
			return nil, err
		}
	}
	list, err := s.read(w, keys)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		if ident.SerialKey(x.Serial) != ident.SerialKey(serial) {
			if other {
				return nil, nil
			}
			return nil, fmt.Errorf("the index of serial numbers does not fit its token %s", x.key) // it is no proof
		}
	}
	return list, nil
}

// mayClaim reports whether an account may claim a token now: one in stock that is set aside for nobody else, or its own
// one that it has taken off before.
func (x *record) mayClaim(a auth.AccountID, now time.Time) bool {
	switch {
	case !x.Until.IsZero() && !now.Before(x.Until):
		return false
	case x.State == InStock:
		return x.Owner == "" || x.Owner == a
	}
	return x.State == Returned && x.Owner == a
}

// token is what an account that may claim it has of a token.
func (x *kept) token(a auth.AccountID) *auth.Token {
	return &auth.Token{ID: x.key, Serial: x.Serial, Model: cmp.Or(x.Model, x.Maker), Kind: auth.Kind(x.Kind),
		Secret:    x.Secret,
		Algorithm: x.Hash, Digits: x.Digits, Counter: x.Counter, Period: x.Period, Drift: x.Drift,
		Last: x.Last, Given: x.State == InStock && x.Owner == a}
}

// AssignToken is auth.Tokens. Refuses NoSuchMethod.
func (s *Service) AssignToken(w *auth.Work, a auth.AccountID, id string) error {
	x, err := s.tokens.Get(w, id)
	if errors.Is(err, auth.ErrNoRecord) {
		return auth.Refuse(auth.NoSuchMethod)
	}
	if err != nil {
		return err
	}
	if x.State == Retired || x.Owner != a && (x.Owner != "" || x.State == Assigned) {
		return auth.Refuse(auth.NoSuchMethod)
	}
	if x.State == Assigned {
		return nil
	}
	x.move(Assigned, w.Now())
	x.Owner = a
	return s.tokens.Put(w, id, x)
}

// ReturnToken is auth.Tokens: the token lies with whoever had it, and the house alone gives it to another.
func (s *Service) ReturnToken(w *auth.Work, a auth.AccountID, id string, r auth.Reached) error {
	x, err := s.tokens.Get(w, id)
	if errors.Is(err, auth.ErrNoRecord) {
		return nil
	}
	if err != nil || x.State != Assigned || x.Owner != a {
		return err
	}
	to := Returned
	if r.Lost {
		to = Lost
	}
	x.move(to, w.Now())
	if x.Kind == HOTP {
		x.Counter = max(x.Counter, r.Counter)
	} else {
		x.Drift, x.Last = r.Drift, max(x.Last, r.Last)
	}
	if x.Leaves {
		x.Owner, x.Leaves = "", false
	}
	return s.tokens.Put(w, id, x)
}

// heldBy are the tokens that are, or were last, an account's, or are set aside for it.
func (s *Service) heldBy(w *auth.Work, a auth.AccountID) ([]*kept, error) {
	keys, err := s.tokens.Find(w, "owner", string(a), maxHeld)
	if err != nil {
		return nil, err
	}
	list, err := s.read(w, keys)
	return slices.DeleteFunc(list, func(x *kept) bool { return x.Owner != a }), err
}

// leave is auth.Part.Closed and HandedOver: nothing is set aside any more for whoever had the account, and what he had
// is nobody's. A token that is bound comes back in the same pass, with how far it has come.
func (s *Service) leave(w *auth.Work, a auth.AccountID) error {
	list, err := s.heldBy(w, a)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.State == Assigned {
			x.Leaves = true
		} else {
			x.Owner = ""
		}
		if err := s.tokens.Put(w, x.key, x.record); err != nil {
			return err
		}
	}
	return nil
}

// A heldToken is a token as its owner takes it away: what opens something is not in it.
type heldToken struct {
	Serial string    `json:"serial"`
	Maker  string    `json:"maker"`
	Model  string    `json:"model,omitempty"`
	State  State     `json:"state"`
	Since  time.Time `json:"since"`
}

type held struct {
	Tokens []heldToken `json:"tokens"`
}

// heldOf is auth.Part.Held.
func (s *Service) heldOf(w *auth.Work, a auth.AccountID) (any, error) {
	h := held{Tokens: []heldToken{}}
	list, err := s.heldBy(w, a)
	for _, x := range list {
		h.Tokens = append(h.Tokens, heldToken{Serial: x.Serial, Maker: x.Maker, Model: x.Model, State: x.State,
			Since: x.MovedAt})
	}
	return h, err
}
