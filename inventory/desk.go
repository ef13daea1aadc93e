package inventory

import (
	"context"
	"errors"
	"slices"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is the stock as the staff have it at the desk: a token is found by the number printed on it, and named by
// its key from then on, so that two of one number are never mistaken for each other. Who looks at one sees whose it is,
// which is written down.

// deskActs are the acts of the staff on one token, and what each does.
func deskActs() map[auth.Action]auth.Action {
	return map[auth.Action]auth.Action{ActDeskLose: ActLose, ActDeskRegain: ActRegain, ActDeskRetire: ActRetire,
		ActDeskNote: ActNote, ActDeskGive: ActGive}
}

// FindAtDesk returns the tokens of a serial number without their owners, one for each maker. Refuses TokenUnknown.
func (s *Service) FindAtDesk(ctx context.Context, c auth.Caller, serial string) ([]*Info, error) {
	return auth.Do(ctx, s.door, c, ActDeskFind, func(w *auth.Work) ([]*Info, error) {
		list, err := s.tokensOf(w, serial)
		if err != nil {
			return nil, err
		}
		var found []*Info
		for _, x := range list {
			info := x.info()
			info.Owner = ""
			found = append(found, info)
		}
		if len(found) == 0 {
			return nil, auth.RefuseField(auth.TokenUnknown, "serial")
		}
		return found, nil
	})
}

// ShowAtDesk is what is known of a token. Refuses NotFound.
func (s *Service) ShowAtDesk(ctx context.Context, c auth.Caller, key string) (*Info, error) {
	return s.atDesk(ctx, c, ActDeskToken, key, func(*auth.Work, *kept) error { return nil })
}

// StatsAtDesk counts as Stats does.
func (s *Service) StatsAtDesk(ctx context.Context, c auth.Caller, low int, wear Wear) (*Stats, error) {
	return s.stats(ctx, c, ActDeskStock, low, wear)
}

// Change does an act of the staff on a token: arg is the account that it is given to, by its id or what it signs in
// with, or the note. Refuses NotFound, AccountUnknown, NoteMalformed, and TokenMoved for one that is in another state
// by now than the act is for.
func (s *Service) Change(ctx context.Context, c auth.Caller, act auth.Action, key, arg string) (*Info, error) {
	does := deskActs()[act]
	return s.atDesk(ctx, c, act, key, func(w *auth.Work, x *kept) error {
		switch does {
		case ActGive:
			return x.give(w, arg)
		case ActNote:
			return x.note(arg)
		}
		return x.step(w, does)
	})
}

// atDesk does an act of the staff on a token, and writes down who it was.
func (s *Service) atDesk(ctx context.Context, c auth.Caller, act auth.Action, key string,
	do func(*auth.Work, *kept) error) (*Info, error) {
	return auth.Do(ctx, s.door, c, act, func(w *auth.Work) (*Info, error) {
		record, err := s.tokens.Get(w, key)
		if errors.Is(err, auth.ErrNoRecord) {
			return nil, auth.Refuse(auth.NotFound)
		}
		if err != nil {
			return nil, err
		}
		x := &kept{record, key}
		w.AboutSite(site)
		w.Note(x.key, x.String())
		if err := do(w, x); err != nil {
			return nil, coded(err) // refusals are written down like what was done
		}
		if act == ActDeskToken {
			return x.info(), nil
		}
		return x.info(), s.tokens.Put(w, key, record)
	})
}

// coded is a refusal as the desk's pages have it.
func coded(err error) error {
	r, ok := errors.AsType[Refusal](err)
	switch {
	case !ok:
		return err
	case r == ErrNoAccount:
		return auth.RefuseField(auth.AccountUnknown, "identifier")
	case r == ErrNote:
		return auth.RefuseField(auth.NoteMalformed, "note")
	}
	return auth.Refuse(auth.TokenMoved)
}

// DeskActs are the acts of the staff that are for a token in its state, in the order of their names.
func (i *Info) DeskActs() (list []auth.Action) {
	for act, does := range deskActs() {
		if _, refused := steps()[does].refuses[i.State]; !refused {
			list = append(list, act)
		}
	}
	slices.Sort(list)
	return list
}
