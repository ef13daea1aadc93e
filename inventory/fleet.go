package inventory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what all accounts sign in with: counted, and held against a policy of keys before it holds. Both read in
// passes of some hundred accounts: what changes meanwhile is counted as it was or as it is. Nothing is changed, and no
// address, number or name leaves a pass.

// fleetBatch is how many accounts are read in one pass.
const fleetBatch = 200

// eachAccount visits all accounts that are not switched off, and returns how many there are and how many of them are.
func (s *Service) eachAccount(ctx context.Context, visit func(*auth.FleetAccount)) (all, off int, err error) {
	for after := auth.AccountID(""); ; {
		list, err := auth.Do(ctx, s.door, s.door.Operator(""), ActFleet, func(w *auth.Work) ([]auth.FleetAccount, error) {
			return w.Fleet(after, fleetBatch)
		})
		if err != nil {
			return 0, 0, err
		}
		for i := range list {
			after = list[i].ID
			if all++; list[i].Off {
				off++
				continue
			}
			visit(&list[i])
		}
		if len(list) < fleetBatch {
			return all, off, nil
		}
	}
}

// Fleet says what the accounts sign in with. All but Accounts and Off leave out accounts that are switched off.
type Fleet struct {
	Accounts int          `json:"accounts"`
	Off      int          `json:"off"`
	None     int          `json:"none"`     // no second step yet
	Texts    int          `json:"texts"`    // texts and calls alone, or they and recovery codes
	OneKey   int          `json:"oneKey"`   // one key, and no second one
	KeysOnly int          `json:"keysOnly"` // that nothing else opens, as their owners have chosen
	Ways     []WayCount   `json:"ways"`     // methods
	Weakest  []WayCount   `json:"weakest"`  // accounts by their weakest way in; recovery codes left out
	Models   []ModelCount `json:"models"`   // keys
	Ages     []YearCount  `json:"ages"`     // keys, by whole years since they were registered
	Recalled []Recalled   `json:"recalled,omitempty"`
}

// A Recalled is how far the owners of keys of a recalled model have come, as the last check has counted.
type Recalled struct {
	Model    string    `json:"model"`
	Status   string    `json:"status"`
	Due      time.Time `json:"due"`
	Keys     int       `json:"keys"` // that were ever found
	Accounts int       `json:"accounts"`
	Left     int       `json:"left"`     // keys that are there
	Waiting  int       `json:"waiting"`  // accounts with one and nothing as strong since
	Replaced int       `json:"replaced"` // accounts with one, and something as strong since
}

// A WayCount is how many there are of a way to sign in: of methods, with how many of them are paused or switched off,
// and how many work and were not used for a year.
type WayCount struct {
	Way  string `json:"way"`
	N    int    `json:"n"`
	Off  int    `json:"off,omitempty"`
	Idle int    `json:"idle,omitempty"`
}

// A ModelCount is how many keys there are of a model and a grade. Below "proved", a key has said so itself.
type ModelCount struct {
	Model   string `json:"model,omitempty"`
	ModelID string `json:"modelId,omitempty"`
	Grade   string `json:"grade,omitempty"`
	N       int    `json:"n"`
}

// A YearCount is how many keys were registered so many years ago.
type YearCount struct {
	Years int `json:"years"`
	N     int `json:"n"`
}

const year = 365 * 24 * time.Hour

// Fleet counts.
func (s *Service) Fleet(ctx context.Context) (*Fleet, error) {
	now := s.door.Now(s.door.Operator(""))
	f := new(Fleet)
	ways, weakest := map[string]*WayCount{}, map[string]*WayCount{}
	models, ages := map[ModelCount]int{}, map[int]int{}
	all, off, err := s.eachAccount(ctx, func(a *auth.FleetAccount) {
		keys := 0
		for i := range a.Methods {
			m := &a.Methods[i]
			f.add(ways, m, now)
			if m.Key && m.Works() {
				keys++
				models[ModelCount{Model: m.Model, ModelID: m.ModelID, Grade: m.Grade.String()}]++
				ages[int(max(0, now.Sub(m.BoundAt))/year)]++
			}
		}
		if keys == 1 {
			f.OneKey++
		}
		if a.KeysOnly {
			f.KeysOnly++
		}
		switch way := weakestOf(a); {
		case way == nil:
			f.None++
		default:
			count(weakest, way.Way).N++
			if textsAlone(a) {
				f.Texts++
			}
		}
	})
	if err != nil {
		return nil, err
	}
	f.Accounts, f.Off = all, off
	f.Ways, f.Weakest = wayCounts(ways), wayCounts(weakest)
	for m, n := range models {
		m.N = n
		f.Models = append(f.Models, m)
	}
	slices.SortFunc(f.Models, func(a, b ModelCount) int {
		return cmp.Or(b.N-a.N, strings.Compare(a.Model, b.Model), strings.Compare(a.ModelID, b.ModelID),
			strings.Compare(a.Grade, b.Grade))
	})
	for years, n := range ages {
		f.Ages = append(f.Ages, YearCount{years, n})
	}
	slices.SortFunc(f.Ages, func(a, b YearCount) int { return a.Years - b.Years })
	f.Recalled, err = s.recalled(ctx)
	return f, err
}

// recalled are the recalled models.
func (s *Service) recalled(ctx context.Context) (all []Recalled, err error) {
	list, err := auth.Do(ctx, s.door, s.door.Operator(""), ActFleet, (*auth.Work).RecalledModels)
	for i := range list {
		m := &list[i]
		all = append(all, Recalled{Model: m.Title(), Status: m.Status, Due: m.Due, Keys: m.Keys, Accounts: m.Accounts,
			Left: m.Found.Keys, Waiting: m.Found.Accounts - m.Found.Replaced, Replaced: m.Found.Replaced})
	}
	return all, err
}

// add counts a method under its way.
func (f *Fleet) add(ways map[string]*WayCount, m *auth.FleetMethod, now time.Time) {
	c := count(ways, m.Way)
	c.N++
	used := m.UsedAt
	if used.IsZero() {
		used = m.BoundAt
	}
	switch {
	case m.State != auth.Active:
		c.Off++
	case now.Sub(used) >= year:
		c.Idle++
	}
}

func count(of map[string]*WayCount, way string) *WayCount {
	if of[way] == nil {
		of[way] = &WayCount{Way: way}
	}
	return of[way]
}

func wayCounts(of map[string]*WayCount) []WayCount {
	var list []WayCount
	for _, c := range of {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b WayCount) int { return cmp.Or(b.N-a.N, strings.Compare(a.Way, b.Way)) })
	return list
}

// weakestOf is the method by which somebody else comes in most easily, nil if there is none: of a weaker class, or of
// the same class and phishable. Recovery codes are a way back.
func weakestOf(a *auth.FleetAccount) (weakest *auth.FleetMethod) {
	for i := range a.Methods {
		m := &a.Methods[i]
		if !m.Works() || m.Set {
			continue
		}
		if weakest == nil || m.Class < weakest.Class || m.Class == weakest.Class && m.Phishable && !weakest.Phishable {
			weakest = m
		}
	}
	return weakest
}

// textsAlone reports whether nothing but texts and calls, recovery codes apart, is a second step.
func textsAlone(a *auth.FleetAccount) bool {
	return !slices.ContainsFunc(a.Methods, func(m auth.FleetMethod) bool {
		return m.Works() && !m.Set && m.Kind != auth.Phone
	})
}

// A Policy is which keys would be permitted. The zero value permits all.
type Policy struct {
	Least auth.Grade `json:"least,omitempty"`
	Allow []string   `json:"allow,omitempty"` // if set, these models alone (AAGUID), proved
	Deny  []string   `json:"deny,omitempty"`  // never these, proved or only claimed
}

// Why a key would not be permitted.
const (
	WhySynced   = "synced"     // a cloud account copies it
	WhyClaimed  = "not proved" // it only says what it is
	WhyLevel    = "level"      // certified, and not so far
	WhyModel    = "model"      // denied, or not among those that are permitted
	WhyRecalled = "recalled"   // its model is, so that it has no grade
)

// refuses is why a key would not be permitted, "" if it would.
func (p *Policy) refuses(m *auth.FleetMethod) string {
	least := p.Least
	if len(p.Allow) > 0 {
		least = max(least, auth.ProvedKey)
	}
	switch {
	case slices.Contains(p.Deny, m.ModelID) && m.ModelID != "":
		return WhyModel
	case least >= auth.BoundKey && m.Recalled:
		return WhyRecalled
	case least >= auth.BoundKey && m.Grade < auth.BoundKey:
		return WhySynced
	case least >= auth.ProvedKey && m.Grade < auth.ProvedKey:
		return WhyClaimed
	case m.Grade < least:
		return WhyLevel
	case len(p.Allow) > 0 && !slices.Contains(p.Allow, m.ModelID):
		return WhyModel
	}
	return ""
}

// A Rehearsal is who would lose what if a policy held for the keys that are there.
type Rehearsal struct {
	Accounts int            `json:"accounts"` // with a key that works
	Keys     int            `json:"keys"`
	Falls    map[string]int `json:"falls"`   // keys that would not be permitted, by why
	Touched  int            `json:"touched"` // accounts that would lose a key
	NoKey    int            `json:"noKey"`   // and have no other
	Out      []LockedOut    `json:"out"`     // and no other second step either, recovery codes apart: by their ids
}

// A LockedOut is an account that would be left without a second step.
type LockedOut struct {
	ID    auth.AccountID `json:"id"`
	Why   []string       `json:"why"`   // of each key
	Codes bool           `json:"codes"` // it has recovery codes
}

// Rehearse holds a policy against the keys of all accounts. It changes nothing.
func (s *Service) Rehearse(ctx context.Context, p Policy) (*Rehearsal, error) {
	r := &Rehearsal{Falls: map[string]int{}}
	_, _, err := s.eachAccount(ctx, func(a *auth.FleetAccount) {
		kept, others := 0, 0
		var codes bool
		var why []string
		for i := range a.Methods {
			m := &a.Methods[i]
			reason := p.refuses(m)
			switch {
			case !m.Works():
			case m.Set:
				codes = true
			case !m.Key:
				others++
			case reason != "":
				why = append(why, reason)
				r.Falls[reason]++
			default:
				kept++
			}
		}
		if kept+len(why) == 0 {
			return
		}
		r.Accounts++
		r.Keys += kept + len(why)
		if len(why) == 0 {
			return
		}
		r.Touched++
		if kept > 0 {
			return
		}
		if r.NoKey++; others == 0 {
			slices.Sort(why)
			r.Out = append(r.Out, LockedOut{a.ID, why, codes})
		}
	})
	return r, err
}
