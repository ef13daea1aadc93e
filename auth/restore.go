package auth

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// RestoreInfo says what Restored did.
type RestoreInfo struct {
	At    time.Time // app codes of until then are dead
	Codes int       // sets of recovery codes that were made void, their owners told
}

// Restored is called once after an old backup was put back in place of the
// data, before anything is served from it. What was used up since the backup
// was taken is unused in it, and nobody knows what that is; so all of it ends:
//
//	sessions, sealed ceremonies, codes under way, trust   carry the restore epoch
//	mailed links, waiting removals, unsent messages       carry it, too
//	app codes                                             Ceremony.Restored is a floor for their steps
//	recovery codes                                        void, their owners told; kept if keepCodes
//
// The epoch holds the time and 20 random bits beside being higher than before:
// the same backup put back twice does not get the same epoch twice. It and the
// floors are one transaction; if it is followed by an error, the owners of some
// void sets were not told, and to call it again tells them.
//
// It cannot bring back what the backup lacks: a password that was changed since
// is the old one again, a key that was removed is bound again.
func (s *Service) Restored(ctx context.Context, keepCodes bool) (*RestoreInfo, error) {
	sys := Caller{system: true}
	drawn := s.epochBits()
	if service, wall := s.times(); wall.After(service) { // that the data are old says why they are behind
		s.clock.set(wall.Truncate(time.Second))
	}
	site, err := do(ctx, s, sys, ActRestore, func(w *Work) (*siteMeta, error) {
		m, err := s.meta.Get(w.tx, "site")
		if err != nil {
			return nil, fmt.Errorf("reading the site's record: %w", err)
		}
		w.About(siteChain("restore"))
		w.saveTimeDue = false // the record is written here
		m.newEpoch(w.now, drawn)
		m.High, m.Restored = w.now, w.codesNow
		if !keepCodes {
			m.NoCodes = w.now
		}
		return m, s.meta.Put(w.tx, "site", m)
	})
	if err != nil {
		return nil, err
	}
	s.siteRecord.Store(site)
	info := &RestoreInfo{At: site.Restored}
	for from := ""; !keepCodes; {
		n, next, err := s.endVoidCodes(ctx, sys, from)
		info.Codes += n
		if err != nil {
			return info, fmt.Errorf("telling the owners of void recovery codes: %w", err)
		}
		if from = next; from == "" {
			break
		}
	}
	return info, nil
}

// epochBits draws what tells apart two epochs of one time.
func (s *Service) epochBits() uint64 { return uint64(binary.BigEndian.Uint32(s.random(4)) >> 12) }

// newEpoch ends what carries the epoch before.
func (m *siteMeta) newEpoch(at time.Time, drawn uint64) {
	m.Restore = max(m.Restore+1, uint64(at.Unix())<<20|drawn)
}

// restoreEpoch is what everything carries that a restored backup must not
// bring back to life.
func (s *Service) restoreEpoch() uint64 { return s.siteRecord.Load().Restore }

// isVoidCodeSet reports whether x is a set of recovery codes that a restore has made
// void: which of them were used since the backup is not known.
func (w *Work) isVoidCodeSet(x *Authenticator) bool {
	return w.s.isSet(x.Kind) && !x.BoundAt.After(w.s.siteRecord.Load().NoCodes)
}

// endVoidCodes deletes the void sets of a slice of all authenticators and tells
// their owners.
func (s *Service) endVoidCodes(ctx context.Context, c Caller, from string) (n int, next string, err error) {
	find := sweeperOf(s.authenticators, func(w *Work, x *Authenticator) bool { return w.isVoidCodeSet(x) })
	found, err := do(ctx, s, c, ActOutbox, func(w *Work) (sweepSlice, error) { return find(w, from) })
	if err != nil || len(found.keys) == 0 {
		return 0, found.next, err
	}
	ids := make([]messageIDs, len(found.keys))
	for i := range ids {
		ids[i] = s.newMessageIDs()
	}
	err = s.do(ctx, c, ActSweep, func(w *Work) error {
		for i, key := range found.keys {
			if err := w.deleteCodeSet(key, ids[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, from, err
	}
	return len(found.keys), found.next, nil
}

// deleteCodeSet deletes one void set, with the sheet that it lives on, and tells its
// owner by mail and in the history.
func (w *Work) deleteCodeSet(key string, ids messageIDs) error {
	x, err := w.s.authenticators.Get(w.tx, key)
	if err != nil {
		return ignoreMissing(err)
	}
	if err := w.s.authenticators.Delete(w.tx, key); err != nil {
		return err
	}
	a, err := w.s.accounts.Get(w.tx, string(x.Account))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rest, err := w.authenticators(a.ID)
	if err != nil {
		return err
	}
	if err := w.deleteLeftovers([]*Authenticator{x}, rest); err != nil {
		return err
	}
	w.About(a.ID)
	e := Event{Action: ActRestore}
	e.setMethod(x)
	if err := w.appendEvent(e); err != nil {
		return err
	}
	return w.tell(a, toldCodesVoid, nil, ids)
}
