package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Wear says when a battery is at its end: on the day that the maker names, or where he names none, some years after the
// token came into the stock; 0: never.
type Wear struct {
	At    time.Time `json:"at"` // by then
	Years int       `json:"years,omitempty"`
}

// of reports whether a token's battery is at its end. One that is lost or retired has none.
func (r Wear) of(x *record) bool {
	switch {
	case x.State == Lost || x.State == Retired:
		return false
	case !x.Until.IsZero():
		return !r.At.Before(x.Until)
	}
	return r.Years > 0 && !r.At.Before(x.TakenAt.AddDate(r.Years, 0, 0))
}

// Stats says how many tokens there are.
type Stats struct {
	All    Count   `json:"all"`
	Models []Group `json:"models"`
	Boxes  []Group `json:"boxes"`
	Low    []Group `json:"low"`  // boxes with fewer in stock than was asked for
	Worn   []Group `json:"worn"` // by model: those whose battery is at its end
}

// A Count is how many tokens are in each state.
type Count map[State]int

// A Group is the tokens of one model, or of one box; "" is that of those without.
type Group struct {
	Name  string `json:"name"`
	Count Count  `json:"count"`
}

// Sum is how many there are in all.
func (n Count) Sum() int {
	sum := 0
	for _, of := range n {
		sum += of
	}
	return sum
}

// Stats counts the tokens. Boxes with fewer than low in stock are low.
func (s *Service) Stats(ctx context.Context, low int, wear Wear) (*Stats, error) {
	return s.stats(ctx, s.door.Operator(""), ActLook, low, wear)
}

func (s *Service) stats(ctx context.Context, c auth.Caller, act auth.Action, low int, wear Wear) (*Stats, error) {
	all := Count{}
	models, boxes := map[string]Count{}, map[string]Count{}
	worn := map[string]Count{}
	add := func(to map[string]Count, name string, state State) {
		if to[name] == nil {
			to[name] = Count{}
		}
		to[name][state]++
	}
	err := s.eachBy(ctx, c, act, Selection{}, func(x *kept) error {
		all[x.State]++
		model := strings.TrimSpace(fmt.Sprintf("%s %s", x.Maker, x.Model))
		add(models, model, x.State)
		add(boxes, x.Box, x.State)
		if wear.of(x.record) {
			add(worn, model, x.State)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	st := &Stats{All: all, Models: groups(models), Boxes: groups(boxes), Low: []Group{}, Worn: groups(worn)}
	for _, g := range st.Boxes {
		if g.Name != "" && g.Count[InStock] < low {
			st.Low = append(st.Low, g)
		}
	}
	return st, nil
}

func groups(by map[string]Count) []Group {
	list := []Group{}
	for name, n := range by {
		list = append(list, Group{name, n})
	}
	slices.SortFunc(list, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return list
}
