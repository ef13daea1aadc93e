package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey-auth/latchkey/store"
)

// maxBroken bounds how many broken chains are named one by one.
const maxBroken = 1000

// A BrokenChain is a chain of the audit trail that was edited, cut or reordered.
type BrokenChain struct {
	Chain string // the account's id, or site-00 to site-3f
	Event uint64 // the first event that does not follow, from 1; one more than there are if the end is missing
	Why   string
}

// BrokenAudit is the error of a trail with chains that do not hold. More is how
// many there are beyond those that are named.
type BrokenAudit struct {
	Chains []BrokenChain
	More   int
}

func (b *BrokenAudit) Error() string {
	var lines []string
	for _, c := range b.Chains {
		lines = append(lines, fmt.Sprintf("chain %s, event %d: %s", c.Chain, c.Event, c.Why))
	}
	if b.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d chains more", b.More))
	}
	return strings.Join(lines, "\n")
}

func (b *BrokenAudit) add(c BrokenChain) {
	if len(b.Chains) == maxBroken {
		b.More++
		return
	}
	b.Chains = append(b.Chains, c)
}

// VerifyAudit recomputes every chain, whatever its length, and returns how many
// chains and events it read. It goes on after a chain that does not hold; its error
// is then a *BrokenAudit that names each of them. Chains are read in slices, each on
// a snapshot of its own, so that the site goes on meanwhile. ends, if it is not nil, is told the
// head of each chain and whether it is marked as moved; what it returns is why the chain does not hold, "" if it does.
func (s *Service) VerifyAudit(ctx context.Context, ends func(h Head, moved bool) string) (chains, events uint64, err error) {
	var broken BrokenAudit
	for from, more := "", true; more; {
		read, err := do(ctx, s, Caller{system: true}, ActOutbox, func(w *Work) (auditSlice, error) {
			return w.auditSlice(from, ends)
		})
		if err != nil {
			return chains, events, err
		}
		chains += read.chains
		events += read.events
		for _, b := range read.broken {
			broken.add(b)
		}
		from, more = read.next, read.next != ""
	}
	if len(broken.Chains) > 0 {
		return chains, events, &broken
	}
	return chains, events, nil
}

// auditSlice is what was read of the audit trail in one pass.
type auditSlice struct {
	chains uint64
	events uint64
	broken []BrokenChain
	next   string // "": that was all
}

// auditSlice recomputes the chains from a place on, until a bounded number of events was read; one chain is always
// read whole.
func (w *Work) auditSlice(from string, ends func(Head, bool) string) (auditSlice, error) {
	var read auditSlice
	s := w.s
	err := s.eachChain(w.tx, from, func(chain string) (bool, error) {
		n, broken := s.checkChain(w.tx, chain)
		if broken == nil && ends != nil {
			head, err := s.chains.Get(w.tx, chain)
			if err != nil {
				return false, err
			}
			moved, err := w.hasMoved(chain)
			if err != nil {
				return false, err
			}
			if why := ends(Head{Chain: chain, Seq: head.Seq, Hash: head.Hash}, moved); why != "" {
				broken = &BrokenChain{Chain: chain, Event: head.Seq, Why: why}
			}
		}
		if broken != nil {
			read.broken = append(read.broken, *broken)
		}
		read.chains++
		read.events += n
		if read.events < scanBatch && read.chains < scanBatch {
			return true, nil
		}
		read.next = chain + "\x00"
		return false, nil
	})
	return read, err
}

// eachChain visits every chain that has a head or an event: who cuts a whole
// chain leaves the one or the other, or nothing, which only a copy elsewhere
// shows. It begins at a place, and ends when visit says so.
func (s *Service) eachChain(tx store.Tx, from string, visit func(chain string) (bool, error)) error {
	heads, events := from, from
	if from != "" {
		events = strings.TrimSuffix(from, "\x00") + "0" // behind "<chain>/"
	}
	for {
		head, err := firstKey(tx, s.chains.Name(), heads)
		if err != nil {
			return err
		}
		event, err := firstKey(tx, s.events.Name(), events)
		if err != nil {
			return err
		}
		next, _, _ := strings.Cut(event, "/")
		if next == "" || head != "" && head < next {
			next = head
		}
		if next == "" {
			return nil
		}
		if more, err := visit(next); err != nil || !more {
			return err
		}
		heads = next + "\x00"
		events = next + "0" // behind "<chain>/"
	}
}

// firstKey is the first key of a collection from a place on, "" for none. It opens
// nothing: what cannot be opened is to be found, too.
func firstKey(tx store.Tx, collection, from string) (string, error) {
	for d, err := range tx.Scan(collection, from, "", 1) {
		return d.Key, err
	}
	return "", nil
}

// checkChain recomputes one chain, slice by slice. It returns how many events it
// has read, and where it breaks, nil for nowhere.
func (s *Service) checkChain(tx store.Tx, chain string) (uint64, *BrokenChain) {
	var read chainHead
	var broken *BrokenChain
	breaks := func(event uint64, why string) {
		if broken == nil {
			broken = &BrokenChain{Chain: chain, Event: event, Why: why}
		}
	}
	from := chain + "/"
	for n := scanBatch; n == scanBatch; {
		n = 0
		for item, err := range s.events.Scan(tx, from, chain+"0", scanBatch) {
			if err != nil {
				breaks(read.Seq+1, "it cannot be read")
				return read.Seq, broken
			}
			n++
			from = item.ID + "\x00"
			read.Seq++
			want, err := item.Doc.hashAfter(read.Hash)
			if err != nil || item.ID != eventKey(chain, read.Seq) || item.Doc.Hash != want {
				breaks(read.Seq, "it does not follow from the one before it")
			}
			read.Hash = want
		}
	}
	head, err := s.chains.Get(tx, chain)
	switch {
	case errors.Is(err, store.ErrNotFound):
		head = &chainHead{}
	case err != nil:
		breaks(read.Seq+1, "the head of its chain cannot be read")
		return read.Seq, broken
	}
	if read != *head {
		breaks(read.Seq+1, fmt.Sprintf("the chain ends before it, its head says %d", head.Seq))
	}
	return read.Seq, broken
}
