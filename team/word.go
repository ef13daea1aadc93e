package team

import (
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// knownAfter is how long two people have been in a shop, the one who speaks in his role, before his word counts for
// the other (D17).
const knownAfter = 30 * 24 * time.Hour

// WordsFor is what the people of an account's shops weigh when they vouch for it: for each shop, who counts and how
// much. A shop has spoken with a weight of 2: one of the same rank or above, for an owner another owner or two
// administrators. A shop in which nobody counts is there too, with nobody: its word is missing all the same. It is no
// use case: it is asked in a pass of another part.
func (t *Service) WordsFor(w *auth.Work, a auth.AccountID) (map[string]map[auth.AccountID]int, error) {
	places, err := t.placesOf(w, a)
	if err != nil {
		return nil, err
	}
	all := map[string]map[auth.AccountID]int{}
	for _, own := range places {
		list, err := t.membersOf(w, own.Shop)
		if err != nil {
			return nil, err
		}
		all[own.Shop] = map[auth.AccountID]int{}
		for _, m := range list {
			if n := m.weightFor(own, w.Now()); n > 0 {
				all[own.Shop][m.Account] = n
			}
		}
	}
	return all, nil
}

// weightFor is how much the word of m counts for o, 0 for nothing.
func (m *member) weightFor(o *member, now time.Time) int {
	isNew := func(at time.Time) bool { return now.Sub(at) < knownAfter }
	switch {
	case m.Account == o.Account, m.suspended(), isNew(m.JoinedAt), isNew(m.RoleAt), isNew(o.JoinedAt):
		return 0
	case o.Role == Owner && m.Role == Administrator:
		return 1
	case m.Role.rank() >= o.Role.rank():
		return 2
	}
	return 0
}

// OwnedAlone is what auth asks for its reminder: the shops of several people that have no owner but the account.
func (x asked) OwnedAlone(w *auth.Work, a auth.AccountID) ([]auth.Membership, error) {
	all, err := x.ShopsOf(w, a)
	if err != nil {
		return nil, err
	}
	var alone []auth.Membership
	for _, m := range all {
		if Role(m.Role) != Owner {
			continue
		}
		list, err := x.t.membersOf(w, m.ID)
		if err != nil {
			return nil, err
		}
		if len(list) > 1 && !slices.ContainsFunc(list, func(o *member) bool {
			return o.Account != a && o.Role == Owner && !o.suspended()
		}) {
			alone = append(alone, m)
		}
	}
	return alone, nil
}

// PeopleOf is everybody of a shop that the caller belongs to. It is asked in a pass of another part. Refuses
// NotFound.
func (t *Service) PeopleOf(w *auth.Work, shop string) ([]auth.AccountID, error) {
	if _, err := t.seatOf(w, shop); err != nil {
		return nil, err
	}
	list, err := t.membersOf(w, shop)
	var ids []auth.AccountID
	for _, m := range list {
		ids = append(ids, m.Account)
	}
	return ids, err
}
