package auth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

const (
	leaseTime    = 2 * time.Minute // how long a deliverer has before another may try
	receiptWait  = 24 * time.Hour  // how long receipts are waited for
	scanBatch    = 500             // documents that one pass reads
	maxReclaimed = 2000            // messages that a start takes back at once, the first in rank
)

// enqueue writes a message to the outbox; it leaves after commit. id is drawn
// outside of the transaction.
func (w *Work) enqueue(m Message, id string) error {
	id = m.rankedID(id)
	m.ID = id
	m.State = Queued
	m.Restore = w.s.restoreEpoch()
	m.CreatedAt, m.ChangedAt = w.now, w.now
	if m.Language == "" && w.account != nil {
		m.Language = w.account.Language
	}
	if m.Expires.IsZero() {
		m.Expires = w.now.Add(receiptWait)
	}
	w.messagesWritten++
	if err := w.s.outbox.Insert(w.tx, id, &m); err != nil {
		return fmt.Errorf("writing a message: %w", err)
	}
	return nil
}

// Wake is signalled after a message was written.
func (s *Service) Wake() <-chan struct{} { return s.wake }

func (s *Service) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Due leases up to max messages that should be delivered now: DueUpTo of all ranks.
func (s *Service) Due(ctx context.Context, max int) ([]Message, error) {
	return s.DueUpTo(ctx, max, RankSignUp)
}

// DueUpTo leases up to max messages of the ranks up to last that should be
// delivered now, in the order of their ranks. Those that an older version wrote
// have none in their ids: they are found when all ranks are asked for. A
// deliverer that vanishes loses its lease after two minutes, so a message may
// be delivered twice but never not at all: its ID is the idempotency key.
// Messages whose time is over are settled as expired.
func (s *Service) DueUpTo(ctx context.Context, max int, last Rank) ([]Message, error) {
	for {
		due, found, err := s.leaseDue(ctx, max, last)
		if err != nil || len(due) > 0 || !found { // else all that were found had expired
			return due, err
		}
	}
}

func (s *Service) leaseDue(ctx context.Context, max int, last Rank) (due []Message, found bool, err error) {
	c := Caller{system: true}
	// No commit for an empty outbox.
	ready, err := do(ctx, s, c, ActOutbox, func(w *Work) ([]string, error) { return w.readyIDs(max, last) })
	if err != nil || len(ready) == 0 {
		return nil, false, err
	}
	due, err = do(ctx, s, c, ActDeliver, func(w *Work) ([]Message, error) {
		var due []Message
		for _, id := range ready {
			m, err := w.lease(id)
			if err != nil {
				return nil, err
			}
			if m != nil {
				due = append(due, *m)
			}
		}
		return due, nil
	})
	return due, true, err
}

// readyIDs returns the ids of at most max messages whose time has come. It reads
// on past those that wait: a relay that is down holds up nobody else's codes.
func (w *Work) readyIDs(max int, last Rank) ([]string, error) {
	var list []string
	to := "" // to the end: what older versions wrote may be anywhere
	if last < RankSignUp {
		to = strconv.Itoa(int(last) + 1)
	}
	for from, n := "", scanBatch; n == scanBatch; {
		n = 0
		for item, err := range w.s.outbox.Scan(w.tx, from, to, scanBatch) {
			if err != nil {
				return nil, err
			}
			n, from = n+1, item.ID+"\x00"
			if item.Doc.NextAt.After(w.now) {
				continue
			}
			if list = append(list, item.ID); len(list) >= max {
				return list, nil
			}
		}
	}
	return list, nil
}

// lease takes a message for delivery. It returns nil for one that somebody else
// has, and for one that is too old, which is settled.
func (w *Work) lease(id string) (*Message, error) {
	m, err := w.s.outbox.Get(w.tx, id)
	if err != nil || m.NextAt.After(w.now) {
		return nil, ignoreMissing(err)
	}
	if !w.now.Before(m.Expires) {
		return nil, w.settle(m, Outcome{State: Expired, Reason: "too-old"})
	}
	if m.Restore != w.s.restoreEpoch() {
		return nil, w.settle(m, Outcome{State: Expired, Reason: "restored"})
	}
	m.NextAt = w.now.Add(leaseTime)
	return m, w.s.outbox.Put(w.tx, id, m)
}

// Settle records what became of one attempt. A message that is settled
// already, or unknown, is left as it is.
func (s *Service) Settle(ctx context.Context, id string, o Outcome) error {
	return s.do(ctx, Caller{system: true}, ActDeliver, func(w *Work) error {
		m, err := s.outbox.Get(w.tx, id)
		if err != nil {
			return ignoreMissing(err)
		}
		return w.settle(m, o)
	})
}

func (w *Work) settle(m *Message, o Outcome) error {
	m.State = o.State
	m.Reason = o.Reason
	m.ChangedAt = w.now
	if o.Gateway != "" {
		m.Gateway = o.Gateway
	}
	if o.Reference != "" {
		m.Reference = o.Reference
	}
	if o.State == Queued {
		m.Tries++
		m.NextAt = laterOf(o.NextAt, w.now)
		return w.s.outbox.Put(w.tx, m.ID, m)
	}
	m.Args = nil // the code has left: nobody needs it here any more
	if err := w.s.outbox.Delete(w.tx, m.ID); err != nil {
		return err
	}
	return w.s.sentBox.Put(w.tx, m.ID, m)
}

// Reclaim makes due what was leased by a deliverer that is gone. Whoever has the
// store to himself calls it before he delivers: then nobody else has a lease. What
// waits for another try so soon is tried at once.
func (s *Service) Reclaim(ctx context.Context) error {
	return s.do(ctx, Caller{system: true}, ActDeliver, func(w *Work) error {
		var late []string
		for item, err := range w.s.outbox.Scan(w.tx, "", "", maxReclaimed) {
			if err != nil {
				return err
			}
			if at := item.Doc.NextAt; at.After(w.now) && !at.After(w.now.Add(leaseTime)) {
				late = append(late, item.ID)
			}
		}
		for _, id := range late {
			m, err := w.s.outbox.Get(w.tx, id)
			if err != nil {
				return err
			}
			m.NextAt = w.now
			if err := w.s.outbox.Put(w.tx, id, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// Receipt is a gateway's later word about a message that it accepted:
// Delivered or Failed. The first final word counts. A reference that is not
// known is refused as Unavailable while a message is under way: the receipt may
// have overtaken the answer that carries it, and the gateway will repeat it. Else
// it is about somebody else's message, of the same account with the gateway.
func (s *Service) Receipt(ctx context.Context, gateway, ref string, state Delivery, reason string) error {
	if state != Delivered && state != Failed {
		return nil
	}
	return s.do(ctx, Caller{system: true}, ActDeliver, func(w *Work) error {
		ids, err := s.sentBox.Find(w.tx, "reference", receiptKey(gateway, ref), 1)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return w.refuseUnderWay()
		}
		m, err := s.sentBox.Get(w.tx, ids[0])
		if err != nil || m.State != Accepted {
			return err
		}
		m.State = state
		m.Reason = reason
		m.ChangedAt = w.now
		return s.sentBox.Put(w.tx, m.ID, m)
	})
}

// refuseUnderWay refuses while somebody may be delivering a message.
func (w *Work) refuseUnderWay() error {
	for item, err := range w.s.outbox.Scan(w.tx, "", "", scanBatch) {
		if err != nil {
			return err
		}
		if item.Doc.NextAt.After(w.now) {
			return Refuse(Unavailable)
		}
	}
	return nil
}

func receiptKey(gateway, ref string) string {
	if ref == "" {
		return ""
	}
	return gateway + "\x00" + ref
}

// findMessage finds a message wherever it is by now; nil if it was swept.
func (w *Work) findMessage(id string) (*Message, error) {
	m, err := w.s.outbox.Get(w.tx, id)
	if errors.Is(err, store.ErrNotFound) {
		m, err = w.s.sentBox.Get(w.tx, id)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return m, err
}
