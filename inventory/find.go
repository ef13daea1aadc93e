package inventory

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// A Refusal says why something is not done with a token, and what to do instead.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// The refusals.
const (
	ErrUnknown   Refusal = "no token of this serial number is in the stock: it is printed on its back"
	ErrAssigned  Refusal = "somebody has it for his account: first he takes it off there, on his security page"
	ErrRetired   Refusal = "it is retired, and stays so: take another one"
	ErrInStock   Refusal = "it is in stock: nothing is to be done"
	ErrLost      Refusal = "it is lost already: once it is here again, say that it is found"
	ErrNoAccount Refusal = "there is no such account: name it by its id, or by the address or number that it signs in with"
	ErrNote      Refusal = "a note has 200 signs at most, all of them printed, on one line"
)

// ofMakers asks for the maker where several have used a serial number.
func ofMakers(list []*kept) Refusal {
	var makers []string
	for _, x := range list {
		makers = append(makers, x.Maker)
	}
	slices.Sort(makers)
	return Refusal("several makers have used this serial number, say whose it is: " + strings.Join(makers, ", "))
}

// plain is an error without the name of the act, where it is the operator's to do something about.
func plain(err error) error {
	if r, ok := errors.AsType[Refusal](err); ok {
		return r
	}
	return err
}

// kept is a record with its key.
type kept struct {
	*record
	key string
}

// read reads the records of some keys.
func (s *Service) read(w *auth.Work, keys []string) ([]*kept, error) {
	list := make([]*kept, len(keys))
	for i, key := range keys {
		x, err := s.tokens.Get(w, key)
		if err != nil {
			return nil, err
		}
		list[i] = &kept{x, key}
	}
	return list, nil
}

// maxMakers bounds how many makers of one serial number are looked at.
const maxMakers = 20

// find returns the token of a serial number, and of a maker where one is named. Refuses ErrUnknown, and asks for the
// maker rather than guess.
func (s *Service) find(w *auth.Work, serial, maker string) (*kept, error) {
	list, err := s.tokensOf(w, serial)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(x *kept) bool { return !x.isOf(maker) })
	switch len(list) {
	case 0:
		return nil, ErrUnknown
	case 1:
		return list[0], nil
	}
	return nil, ofMakers(list)
}

// Show is what is known of a token. maker may be "" where one alone has used the number. Refuses as find does.
func (s *Service) Show(ctx context.Context, serial, maker string) (*Info, error) {
	info, err := auth.Do(ctx, s.door, s.door.Operator(""), ActLook, func(w *auth.Work) (*Info, error) {
		x, err := s.find(w, serial, maker)
		if err != nil {
			return nil, err
		}
		return x.info(), nil
	})
	return info, plain(err)
}

// isOf reports whether a token was made by a maker, "" for any.
func (x *record) isOf(maker string) bool {
	return maker == "" || ident.Fold(x.Maker) == ident.Fold(maker)
}
