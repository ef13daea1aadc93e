package auth

import (
	"context"
	"slices"
	"time"
)

// This file is keys-only protection (docs/decisions/0032): an account that nothing opens but a security key.
//
//	off ──SwitchKeysOnly: two keys, one shown just now──► on ──EndKeysOnly: a key shown just now──► its end waits
//	 ▲                                                    ▲                                            │   │
//	 │                                                    └── what all falls with that waits ──────────┘   │
//	 └────────────────────────────────── Policy.RemovalDelay ──────────────────────────────────────────────┘
//
// Where it is asked for: usable (what is offered, and what may answer), grant (what opens a session), hasProof (what
// a session has shown). What goes round a second step asks as well: the security code, the trust in a browser.
// Pages and APIs never ask.

const (
	keysWanted   = 2               // before it is switched on
	waitKeysOnly = "keys-only-off" // as ChangeInfo.What: its end
)

// keysOnly reports whether security keys alone open the account.
func (a *Account) keysOnly() bool { return !a.KeysOnlyAt.IsZero() }

// isKey reports whether an authenticator is a security key: a stick that keeps its credential to itself. A passkey
// lives in a phone or a cloud account, whatever it was registered as.
func (s *Service) isKey(x *Authenticator) bool {
	return s.isKeyOf(x.Kind, x.Traits.Flavour, x.Traits.Synced)
}

func (s *Service) isKeyOf(k Kind, f Flavour, synced bool) bool {
	row := s.methods.Of(k, f)
	return row.Input == KeyTouch && !row.Cloud && !synced
}

// accepts reports whether an account takes an authenticator at all.
func (s *Service) accepts(a *Account, x *Authenticator) bool { return !a.keysOnly() || s.isKey(x) }

// counts reports whether a proof counts for an account.
func (s *Service) counts(a *Account, p Proof) bool {
	return a == nil || !a.keysOnly() || s.isKeyOf(p.Kind, p.Flavour, p.Synced)
}

// showsKey reports whether the session has shown a security key within an age.
func (w *Work) showsKey(maxAge time.Duration) bool {
	return slices.ContainsFunc(w.session.Proofs, func(p Proof) bool {
		return w.s.isKeyOf(p.Kind, p.Flavour, p.Synced) && !p.At.Before(w.now.Add(-maxAge))
	})
}

// requireKey refuses a session that has not shown a security key, where the rule asks for one. Who has none is told.
func (w *Work) requireKey(rule Rule) error {
	if !rule.Key || w.showsKey(rule.Demand.MaxAge) {
		return nil
	}
	if err := w.requireAnyKey(); err != nil {
		return err
	}
	e := Refuse(StepUpRequired)
	e.Demand = rule.Demand
	return e
}

// requireAnyKey refuses whoever has no security key to show.
func (w *Work) requireAnyKey() error {
	has, err := w.HasKey(w.account.ID)
	if err == nil && !has {
		err = Refuse(KeysOnlyNeedsKeys)
	}
	return err
}

// ruleOf is the rule of the act that a step-up is for; of every other ceremony it asks for nothing.
func (s *Service) ruleOf(c *Ceremony) Rule {
	if c.Purpose != ForStepUp {
		return Rule{}
	}
	rule, _ := s.rule(c.For)
	return rule
}

// requireKeyOf refuses to open a session of a keys-only account to whoever has shown no key of it. Where nothing is
// bound at all, after a case, that session may only enrol.
func (w *Work) requireKeyOf(a *Account, proofs []Proof) error {
	if !a.keysOnly() || slices.ContainsFunc(proofs, func(p Proof) bool { return w.s.counts(a, p) }) {
		return nil
	}
	open, err := w.hasMethods(a.ID)
	if err == nil && open {
		err = Refuse(KeysOnly)
	}
	return err
}

// refuseBesideKeys refuses to bind to a keys-only account what it does not take.
func (w *Work) refuseBesideKeys(k Kind, f Flavour, synced bool) error {
	if w.account.keysOnly() && !w.s.isKeyOf(k, f, synced) {
		return Refuse(KeysOnly)
	}
	return nil
}

// refuseLastKey refuses a removal that would leave a keys-only account without a key that works.
func (w *Work) refuseLastKey(gone []*Authenticator) error {
	if !w.account.keysOnly() || !slices.ContainsFunc(gone, w.s.isKey) {
		return nil
	}
	list, err := w.authenticators(w.account.ID)
	if err != nil {
		return err
	}
	stays := func(x *Authenticator) bool {
		return w.s.isKey(x) && x.State == Active &&
			!slices.ContainsFunc(gone, func(o *Authenticator) bool { return o.ID == x.ID })
	}
	if !slices.ContainsFunc(list, stays) {
		return Refuse(KeysOnlyLastKey)
	}
	return nil
}

// KeysOnlyInfo says how an account stands with its keys-only protection.
type KeysOnlyInfo struct {
	On     bool
	Since  time.Time // zero: it is off
	Keys   int       // security keys that count
	Wanted int       // so many are needed before it can be switched on
	From   time.Time // when a key counts that does not yet; zero: none will
	Due    time.Time // when it ends, if that waits
	Change string    // what waits: CancelChange stops it
}

// KeysOnly says how the caller's account stands with its keys-only protection.
func (s *Service) KeysOnly(ctx context.Context, c Caller) (*KeysOnlyInfo, error) {
	return do(ctx, s, c, ActLookKeysOnly, (*Work).keysOnlyInfo)
}

func (w *Work) keysOnlyInfo() (*KeysOnlyInfo, error) {
	a := w.account
	info := &KeysOnlyInfo{On: a.keysOnly(), Since: a.KeysOnlyAt, Wanted: keysWanted}
	changes, err := w.changes(a.ID)
	if err != nil {
		return nil, err
	}
	for _, ch := range changes {
		if ch.KeysOff {
			info.Due, info.Change = ch.Due, ch.ID
		}
	}
	list, err := w.authenticators(a.ID)
	for _, x := range list {
		leaves := slices.ContainsFunc(changes, func(ch *change) bool { return slices.Contains(ch.Remove, x.ID) })
		if !w.s.isKey(x) || x.State != Active || x.Traits.Recall != nil || leaves {
			continue
		}
		if from := w.settledAt(x); w.now.Before(from) {
			info.From = laterOf(info.From, from)
			continue
		}
		info.Keys++
	}
	return info, err
}

// settledAt is from when on nobody can undo that an authenticator was bound; zero for one that a strong proof bound.
func (w *Work) settledAt(x *Authenticator) time.Time {
	if !x.Weakly {
		return time.Time{}
	}
	return x.BoundAt.Add(w.s.policy.UndoLife)
}

// SwitchKeysOnly has nothing but security keys open the caller's account from now on. understood is his word that he
// has read what that costs him. Every other session and all trust end, and every address and proved number hears of
// it. Switched on twice, it is as before. Refuses KeysOnlyNotUnderstood, KeysOnlyNeedsKeys.
func (s *Service) SwitchKeysOnly(ctx context.Context, c Caller, understood bool) (*KeysOnlyInfo, error) {
	ids := s.newMessageIDs()
	return doOnce(ctx, s, c, ActKeysOnly, "", func(w *Work) (*KeysOnlyInfo, error) {
		a := w.account
		info, err := w.keysOnlyInfo()
		switch {
		case err != nil || a.keysOnly():
			return info, err
		case info.Keys < keysWanted:
			return nil, Refuse(KeysOnlyNeedsKeys).At(info.From)
		case !understood:
			return nil, RefuseField(KeysOnlyNotUnderstood, "understood")
		}
		a.KeysOnlyAt = w.now
		a.Epoch++ // what is under way by another method, and trust
		a.setCodeWait(nil)
		if err := s.accounts.Put(w.tx, string(a.ID), a); err != nil {
			return nil, err
		}
		if err := w.endSessions(a.ID, func(x *session) bool { return !w.isOwnSession(x) }); err != nil {
			return nil, err
		}
		info.On, info.Since = true, w.now
		return info, w.tell(a, toldKeysOnly, nil, ids)
	})
}

// EndKeysOnly has the protection of the caller's account end, after Policy.RemovalDelay. Every address hears of it,
// with a link that stops it. Asked for twice, it is the one that waits. Refuses NotFound where it is off,
// KeysOnlyNeedsKeys and ChangePaused.
func (s *Service) EndKeysOnly(ctx context.Context, c Caller) (*KeysOnlyInfo, error) {
	drawn := removalDraw{changeID: s.newID(), messageIDs: s.newMessageIDs()}
	drawn.undoKey, drawn.undoURL = s.newLink(LinkUndo)
	return doOnce(ctx, s, c, ActKeysOnlyOff, "", func(w *Work) (*KeysOnlyInfo, error) {
		a := w.account
		info, err := w.keysOnlyInfo()
		if err != nil {
			return nil, err
		}
		switch w.entry.Due = info.Due; {
		case info.Change != "":
			return info, nil
		case !info.On:
			return nil, Refuse(NotFound)
		case w.now.Before(a.PausedUntil):
			return nil, Refuse(ChangePaused).At(a.PausedUntil)
		}
		ch := change{ID: drawn.changeID, Account: a.ID, AskAt: w.now, Due: w.now.Add(s.policy.RemovalDelay),
			KeysOff: true, Restore: s.restoreEpoch(), Session: w.session.lineID(),
			By: w.shownMethods(w.rule.Demand.MaxAge), Seen: w.seen()}
		if err := s.changes.Insert(w.tx, ch.key(), &ch); err != nil {
			return nil, err
		}
		l := link{Purpose: LinkUndo, Account: a.ID, Expires: ch.Due.Add(keptWait), Change: ch.ID}
		if err := w.saveLink(drawn.undoKey, &l); err != nil {
			return nil, err
		}
		info.Due, info.Change = ch.Due, ch.ID
		w.entry.Due = ch.Due
		args := map[string]string{"due": messageTime(ch.Due), "undo": drawn.undoURL}
		return info, w.tell(a, toldKeysOnlyEnds, args, drawn.messageIDs)
	})
}

// keysOffDue reports whether the protection of an account has come to its end.
func (w *Work) keysOffDue(ch *change) bool { return ch.KeysOff && !w.now.Before(ch.Due) }

// applyKeysOff ends the protection of an account. It runs as the service itself.
func (s *Service) applyKeysOff(ctx context.Context, c Caller, key string) error {
	ids := s.newMessageIDs()
	return s.do(ctx, c, ActKeysOnlyEnded, func(w *Work) error {
		ch, err := s.changes.Get(w.tx, key)
		if err != nil || !w.keysOffDue(ch) {
			return ignoreMissing(err)
		}
		a, err := s.accounts.Get(w.tx, string(ch.Account))
		if ignoreMissing(err) != nil {
			return err
		}
		if err != nil || ch.Restore != s.restoreEpoch() { // one of a backup may have been stopped since
			return s.changes.Delete(w.tx, key)
		}
		w.account, w.asker = a, ch.Seen
		w.About(a.ID)
		a.KeysOnlyAt = time.Time{}
		if err := s.accounts.Put(w.tx, string(a.ID), a); err != nil {
			return err
		}
		if err := w.deleteChange(ch); err != nil {
			return err
		}
		return w.tell(a, toldKeysOnlyEnded, nil, ids)
	})
}
