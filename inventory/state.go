package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what the house says of a token that lies with it.
//
//	stock ────────────────────────► assigned    somebody has bound it (claim.go)
//	assigned ─────────────────────► returned    he has taken it off; he may bind it again, and nobody else
//	assigned ─────────────────────► lost        he has said so
//	stock, returned ───────Lose───► lost
//	lost, returned ───────Regain──► stock       for whoever has it in hand
//	stock, returned ───────Give───► stock       for one account alone
//	stock, returned, lost ─Retire─► retired     for good
//
// One that somebody has for his account is his: the house takes nothing out of an account that way.

// A State is where a token is.
type State string

// The states.
const (
	InStock  State = "stock"
	Assigned State = "assigned"
	Returned State = "returned" // it has been somebody's: the house alone gives it to another
	Lost     State = "lost"
	Retired  State = "retired"
)

// States are all of them, in the order in which a token comes to them.
func States() []State { return []State{InStock, Assigned, Returned, Lost, Retired} }

// Valid reports whether it is one of them.
func (s State) Valid() bool { return slices.Contains(States(), s) }

// A step is an act of the house: to what state it brings a token, and what it refuses one in another state with.
type step struct {
	to      State
	refuses map[State]Refusal
}

func steps() map[auth.Action]step {
	return map[auth.Action]step{
		ActLose:   {Lost, map[State]Refusal{Assigned: ErrAssigned, Lost: ErrLost, Retired: ErrRetired}},
		ActRegain: {InStock, map[State]Refusal{InStock: ErrInStock, Assigned: ErrAssigned, Retired: ErrRetired}},
		ActGive:   {InStock, map[State]Refusal{Assigned: ErrAssigned, Lost: ErrLost, Retired: ErrRetired}},
		ActRetire: {Retired, map[State]Refusal{Assigned: ErrAssigned, Retired: ErrRetired}},
	}
}

// move brings a token into a state.
func (x *record) move(to State, now time.Time) { x.State, x.MovedAt = to, now }

// Lose says that a token is lost. Refuses ErrAssigned, ErrLost, ErrRetired, and as find does.
func (s *Service) Lose(ctx context.Context, operator, serial, maker string) (*Info, error) {
	return s.step(ctx, operator, ActLose, serial, maker)
}

// Regain says that a token is here: one that was lost, or that somebody has given back. It may be assigned from
// then on. Refuses ErrInStock, ErrAssigned, ErrRetired, and as find does.
func (s *Service) Regain(ctx context.Context, operator, serial, maker string) (*Info, error) {
	return s.step(ctx, operator, ActRegain, serial, maker)
}

// Retire takes a token out of use for good. Refuses ErrAssigned, ErrRetired, and as find does.
func (s *Service) Retire(ctx context.Context, operator, serial, maker string) (*Info, error) {
	return s.step(ctx, operator, ActRetire, serial, maker)
}

func (s *Service) step(ctx context.Context, operator string, act auth.Action, serial, maker string) (*Info, error) {
	return s.change(ctx, operator, act, serial, maker, func(w *auth.Work, x *kept) error { return x.step(w, act) })
}

// step does an act that is about the token alone.
func (x *kept) step(w *auth.Work, act auth.Action) error {
	step := steps()[act]
	if why, refused := step.refuses[x.State]; refused {
		return why
	}
	if x.State == InStock || step.to != Lost { // whose it was may still take it back, if he finds it
		x.Owner = ""
	}
	x.move(step.to, w.Now())
	return nil
}

// Give sets a token aside for an account, by its id or what it signs in with: that one alone may claim it, by what it
// shows, and wrong tries of others with its number are not held against him. Refuses ErrAssigned, ErrLost, ErrRetired,
// ErrNoAccount, and as find does.
func (s *Service) Give(ctx context.Context, operator, serial, maker, account string) (*Info, error) {
	return s.change(ctx, operator, ActGive, serial, maker, func(w *auth.Work, x *kept) error { return x.give(w, account) })
}

func (x *kept) give(w *auth.Work, account string) error {
	if why, refused := steps()[ActGive].refuses[x.State]; refused {
		return why
	}
	a, err := w.Find(account)
	if err == nil && a == nil {
		a, err = w.AccountOf(auth.AccountID(account))
	}
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		return ErrNoAccount
	}
	if err != nil {
		return err
	}
	w.Note(x.key, fmt.Sprintf("%s for %s", x.record, a.ID))
	x.move(InStock, w.Now())
	x.Owner = a.ID
	return nil
}

// maxNote is how many signs a note has.
const maxNote = 200

// Note writes a note to a token, in place of the one before. Refuses ErrNote, and as find does.
func (s *Service) Note(ctx context.Context, operator, serial, maker, text string) (*Info, error) {
	return s.change(ctx, operator, ActNote, serial, maker, func(_ *auth.Work, x *kept) error { return x.note(text) })
}

func (x *kept) note(text string) error {
	unprinted := func(r rune) bool { return !unicode.IsPrint(r) }
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxNote || strings.ContainsFunc(text, unprinted) {
		return ErrNote
	}
	x.Note = text
	return nil
}

// change changes a token as an operator commands, and writes down who it was.
func (s *Service) change(ctx context.Context, operator string, act auth.Action, serial, maker string,
	fn func(*auth.Work, *kept) error) (*Info, error) {
	info, err := auth.Do(ctx, s.door, s.door.Operator(operator), act, func(w *auth.Work) (*Info, error) {
		x, err := s.find(w, serial, maker)
		if err != nil {
			return nil, err
		}
		w.AboutSite(site)
		w.Note(x.key, x.String())
		if err := fn(w, x); err != nil {
			return nil, err
		}
		return x.info(), s.tokens.Put(w, x.key, x.record)
	})
	return info, plain(err)
}
