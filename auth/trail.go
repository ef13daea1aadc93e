package auth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// This file is what the part that keeps the audit trail's checkpoints reads of its chains.
//
//	moved  "<chain>"  the chain's head is in no checkpoint yet; no data, written with every event
//
// A chain that is written often has one mark, and taking the heads of what has moved takes the marks with them, in one
// transaction: so that what a checkpoint costs goes by what has happened, not by how many accounts there are.

// movedMarks is the collection of the marks. They are keys alone: nothing in it is sealed, and nothing is in it to seal.
const movedMarks = "moved"

// A Head is the end of one chain of the audit trail. Its hash stands for the whole chain.
type Head struct {
	Chain string // the account's id, or site-00 to site-3f
	Seq   uint64 // of its last event, from 1
	Hash  string
}

// markMoved notes that a chain's head is in no checkpoint yet. A lab has none.
func (w *Work) markMoved(chain string) error {
	if w.s.lab != nil {
		return nil
	}
	if err := w.tx.Put(movedMarks, chain, nil); err != nil {
		return fmt.Errorf("marking a chain as moved: %w", err)
	}
	return nil
}

func (w *Work) hasMoved(chain string) (bool, error) {
	_, err := w.tx.Get(movedMarks, chain)
	return err == nil, ignoreMissing(err)
}

// AnyMoved reports whether the head of any chain is in no checkpoint yet.
func (w *Work) AnyMoved() (bool, error) {
	key, err := firstKey(w.tx, movedMarks, "")
	return key != "", err
}

// TakeMoved returns the heads of at most limit chains that are marked as moved, and takes the marks away. A mark
// without a chain is of one that was cut off whole: its head has nothing in it.
func (w *Work) TakeMoved(limit int) ([]Head, error) {
	var chains []string
	for d, err := range w.tx.Scan(movedMarks, "", "", limit) {
		if err != nil {
			return nil, fmt.Errorf("reading which chains have moved: %w", err)
		}
		chains = append(chains, d.Key)
	}
	var heads []Head
	for _, chain := range chains {
		h, err := w.s.chains.Get(w.tx, chain)
		if errors.Is(err, store.ErrNotFound) {
			h, err = &chainHead{}, nil
		}
		if err != nil {
			return nil, err
		}
		if err := w.tx.Delete(movedMarks, chain); err != nil {
			return nil, err
		}
		heads = append(heads, Head{Chain: chain, Seq: h.Seq, Hash: h.Hash})
	}
	return heads, nil
}

// HeadsFrom returns the heads of at most limit chains from a place on.
func (w *Work) HeadsFrom(from string, limit int) ([]Head, error) {
	var heads []Head
	for item, err := range w.s.chains.Scan(w.tx, from, "", limit) {
		if err != nil {
			return nil, err
		}
		heads = append(heads, Head{Chain: item.ID, Seq: item.Doc.Seq, Hash: item.Doc.Hash})
	}
	return heads, nil
}

// EventHash is the hash of one event of a chain, ErrNoRecord if there is none.
func (w *Work) EventHash(chain string, seq uint64) (string, error) {
	e, err := w.s.events.Get(w.tx, eventKey(chain, seq))
	if err != nil {
		return "", err
	}
	return e.Hash, nil
}

// RestoreEpoch tells apart the times before and after a backup was put back.
func (w *Work) RestoreEpoch() uint64 { return w.s.restoreEpoch() }

// AboutSite has the act audited in the chain of the site that is named by a word: it is about no account. What one of
// the staff does is in his own as well.
func (w *Work) AboutSite(word string) { w.About(siteChain(word)) }

// TrailLine is one act as it is handed out: all that its event holds.
type TrailLine struct {
	Chain string
	Seq   uint64

	At      time.Time
	Action  Action
	Outcome Code // "" if it was done
	Kind    Kind
	Flavour Flavour
	Channel Channel
	Due     time.Time
	Item    string
	About   string // the id of what it was about
	Session string
	Agent   string
	IP      string
	Request string
	Who     string // of the staff, or the operator; "" is the account's owner, or the service itself
	Times   int
	Hash    string
}

// TrailLines returns at most limit lines of the trail, chain after chain, each in its order: of all chains, or of one.
// from is where the slice before has ended, "" for the beginning; next is "" at the end.
func (w *Work) TrailLines(chain, from string, limit int) (lines []TrailLine, next string, err error) {
	to := ""
	if chain != "" {
		from, to = max(from, chain+"/"), chain+"0"
	}
	for item, err := range w.s.events.Scan(w.tx, from, to, limit) {
		if err != nil {
			return nil, "", err
		}
		of, seq, _ := strings.Cut(item.ID, "/")
		n, err := strconv.ParseUint(seq, 16, 64)
		if err != nil {
			return nil, "", fmt.Errorf("the key of an event: %w", err)
		}
		e := item.Doc
		lines = append(lines, TrailLine{Chain: of, Seq: n, At: e.At, Action: e.Action, Outcome: e.Outcome, Kind: e.Kind,
			Flavour: e.Flavour, Channel: e.Channel, Due: e.Due, Item: e.Item, About: e.ID, Session: e.Session, Agent: e.Agent,
			IP: e.IP, Request: e.Request, Who: e.Who, Times: max(e.Times, 1), Hash: e.Hash})
		next = item.ID + "\x00"
	}
	if len(lines) < limit {
		next = ""
	}
	return lines, next, nil
}
