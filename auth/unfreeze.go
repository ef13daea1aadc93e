package auth

import (
	"context"
	"slices"
	"time"
)

// This file is a key whose counter went back, which may have been copied (WebAuthn Level 3 §6.1.1, §7.2 step 22):
//
//	answered, behind ──► Frozen: this key alone proves nothing, its owner is told
//	                       ├── Unfreeze, behind another strong proof ──► Active, from the count that it showed
//	                       └── Remove, LoseDevice
//
// Whoever lets it work again says that both touches were his. Where they were not, the two of them meet again: the one
// who is behind freezes it once more.

// A Regression is how far a key had counted, and what it showed then.
type Regression struct {
	Had   uint32 `json:"h"`
	Shown uint32 `json:"s"` // not more than Had
}

// RegressionInfo is a Regression as its owner sees it.
type RegressionInfo struct {
	Had     int
	HadAt   time.Time // when it was used last, or bound
	Shown   int
	ShownAt time.Time // when it was frozen
}

// regression is what is shown of a key that is frozen, nil where nothing is known.
func (x *Authenticator) regression() *RegressionInfo {
	r := x.Traits.Regression
	if x.State != Frozen || r == nil {
		return nil
	}
	info := &RegressionInfo{Had: int(r.Had), HadAt: x.UsedAt, Shown: int(r.Shown), ShownAt: x.FrozenAt}
	if info.HadAt.IsZero() {
		info.HadAt = x.BoundAt
	}
	return info
}

// showsBeside reports whether something else than an authenticator has shown, just now, what a strong proof shows: what
// itself has shown before it was frozen may have been its copy.
func (w *Work) showsBeside(id string) bool {
	least := Strong
	if w.showsSecurityCode(ageRemove) {
		least = Weak
	}
	return slices.ContainsFunc(w.session.Proofs, func(p Proof) bool {
		return p.Authenticator != id && p.Class >= least && w.s.counts(w.account, p) &&
			!p.At.Before(w.now.Add(-ageRemove))
	})
}

// Unfreeze lets a frozen key work again, from the count that it showed. One that is not frozen stays as it is. Refuses
// NoSuchMethod, and StepUpRequired where the key alone has shown anything.
func (s *Service) Unfreeze(ctx context.Context, c Caller, id string) (*AuthenticatorInfo, error) {
	ids := s.newMessageIDs()
	return doOnce(ctx, s, c, ActUnfreeze, "", func(w *Work) (*AuthenticatorInfo, error) {
		x, err := w.ownAuthenticator(id)
		if err != nil {
			return nil, err
		}
		w.entry.setMethod(x)
		if x.State == Frozen {
			if !w.showsBeside(x.ID) {
				e := Refuse(StepUpRequired)
				e.Demand = w.rule.Demand
				return nil, e
			}
			x.State, x.FrozenAt = Active, time.Time{}
			x.Traits.Regression = nil
			x.Rev++
			if err := s.authenticators.Put(w.tx, authenticatorKey(x.Account, x.ID), x); err != nil {
				return nil, err
			}
			if err := w.tell(w.account, toldUnfrozen, nil, ids, x); err != nil {
				return nil, err
			}
		}
		info, err := w.describe(x)
		return &info, err
	})
}
