package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/latchkey-auth/latchkey/auth"
)

// maxFindings bounds how many findings are told one by one.
const maxFindings = 1000

// A Question is what is to be held against the trail.
type Question struct {
	Files  []string // of checkpoints, the oldest first
	Keys   []string // verifier keys that were kept elsewhere; none: those of the store are believed
	Backup bool     // the store is a copy of before, so that later checkpoints say nothing of it
}

// A Report is what a check found.
type Report struct {
	Checkpoints uint64
	Last        uint64 // the number of the last one
	Chains      uint64
	Events      uint64
	Remarks     []string // what is to be known, though it is as it should be
	Findings    []string // what does not hold; none: all does
	More        int      // how many beyond those
}

func (r *Report) add(format string, args ...any) {
	if len(r.Findings) == maxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, fmt.Sprintf(format, args...))
}

// A reading is one check under way.
type reading struct {
	Report
	q        Question
	standing standing
	known    []note.Verifier
	signer   uint32 // the hash of the key that the next is to be signed by, 0: any that is known

	last     *checkpoint     // the last that holds
	gap      bool            // what was before the next one is not known
	bad      map[uint64]bool // lines that do not hold, counted over all files
	voids    []void          // what backups that were put back have ended
	behind   uint64          // the checkpoint from which on all others say nothing of this store, 0: none does
	ends     map[string]uint64
	reported map[string]bool
	here     bool // the store's own last one was met, or the one before it while that waits
	spoilt   bool // a line does not hold
}

// A void is what the putting back of a backup has ended: checkpoints after one and before the other.
type void struct{ after, before uint64 }

// Verify recomputes every chain, and holds the trail against files of checkpoints. The error is of what could not be
// read; what does not hold is in the report. It goes on after what does not hold.
func (s *Service) Verify(ctx context.Context, q Question) (*Report, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	r := &reading{q: q, bad: map[uint64]bool{}, ends: map[string]uint64{}, reported: map[string]bool{}}
	if len(q.Files) > 0 {
		if err := s.verifyFiles(ctx, r); err != nil {
			return nil, err
		}
	}
	ends := r.checkEnd
	if len(q.Files) == 0 || r.behind > 0 || q.Backup { // what is in no checkpoint of this store's is in a later one
		ends = nil
	}
	var err error
	r.Chains, r.Events, err = s.auth.VerifyAudit(ctx, ends)
	if broken := new(auth.BrokenAudit); errors.As(err, &broken) {
		for _, c := range broken.Chains {
			r.add("chain %s, event %d: %s", c.Chain, c.Event, c.Why)
		}
		r.More += broken.More
		err = nil
	}
	return &r.Report, err
}

func (s *Service) verifyFiles(ctx context.Context, r *reading) error {
	var err error
	if r.standing, err = s.standing(ctx); err != nil {
		return err
	}
	if err := s.trust(ctx, r); err != nil {
		return err
	}
	if err := r.eachLine(r.checkLine); err != nil {
		return err
	}
	r.checkState()
	if err := s.checkWaiting(ctx, r); err != nil {
		return err
	}
	return r.eachLine(func(n uint64, where string, line []byte, torn bool) error {
		if r.bad[n] {
			return nil
		}
		c, err := parse(line)
		if err != nil {
			return err
		}
		if r.isVoid(c.Number) {
			return nil
		}
		return s.checkHeads(ctx, r, c)
	})
}

// checkWaiting holds the checkpoint that waits to be written against the trail as well.
func (s *Service) checkWaiting(ctx context.Context, r *reading) error {
	if r.standing.Waiting == nil || r.standing.Restore != r.standing.epoch {
		return nil
	}
	c, err := parse(bytes.TrimSuffix(r.standing.Waiting, []byte{'\n'}))
	if err != nil {
		return fmt.Errorf("the checkpoint that waits: %w", err)
	}
	return s.checkHeads(ctx, r, c)
}

// trust takes the keys that signatures are held against.
func (s *Service) trust(ctx context.Context, r *reading) error {
	list := r.q.Keys
	if len(list) == 0 {
		var err error
		if list, err = s.Keys(ctx); err != nil {
			return err
		}
		if len(list) == 0 {
			r.add("the store has no key to hold signatures against: it has made no checkpoint yet")
		}
		r.Remarks = append(r.Remarks, "signatures are held against the store's own keys: give --key with one that was kept elsewhere")
	}
	for _, k := range list {
		v, err := note.NewVerifier(k)
		if err != nil {
			return fmt.Errorf("the key %q is not a verifier key", k)
		}
		r.known = append(r.known, v)
	}
	return nil
}

// eachLine visits the lines of all files, which are counted through.
func (r *reading) eachLine(visit func(n uint64, where string, line []byte, torn bool) error) error {
	n := uint64(0)
	for _, path := range r.q.Files {
		inFile := 0
		err := eachLine(path, func(line []byte, torn bool) error {
			n++
			inFile++
			return visit(n, fmt.Sprintf("%s, line %d", path, inFile), line, torn)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// checkLine holds one line against the one before, and its signature against the keys.
func (r *reading) checkLine(n uint64, where string, line []byte, torn bool) error {
	spoilt := func(format string, args ...any) {
		r.add("%s: %s", where, fmt.Sprintf(format, args...))
		r.bad[n], r.gap = true, true
		r.spoilt = true
	}
	if torn {
		if r.standing.Waiting == nil || !strings.HasPrefix(string(r.standing.Waiting), string(line)) {
			spoilt("it has no end")
		} else {
			r.bad[n] = true
		}
		return nil
	}
	c, err := parse(line)
	if err == nil {
		err = c.check(verifierList(r.known))
	}
	if err == nil && r.signer != 0 && c.signer != r.signer && c.Restored == nil {
		err = errors.New("it is signed by a key that another has replaced")
	}
	if err != nil {
		spoilt("%v", err)
		return nil
	}
	r.checkOrder(where, c)
	if c.Restored != nil {
		r.voids = append(r.voids, void{after: *c.Restored, before: c.Number})
		r.Remarks = append(r.Remarks, fmt.Sprintf("before checkpoint %d a backup was put back whose last was %d",
			c.Number, *c.Restored))
	}
	r.follow(c)
	return nil
}

// has reports whether c is the last one that the store knows to be written, or the one that waits.
func (t *standing) has(c *checkpoint) bool {
	if t.Waiting != nil && c.Number == t.Number-1 {
		w, err := parse(bytes.TrimSuffix(t.Waiting, []byte{'\n'}))
		return err == nil && w.After == c.hash()
	}
	return c.Number == t.Number && c.hash() == t.Hash
}

// follow makes c the one that the next is held against.
func (r *reading) follow(c *checkpoint) {
	r.here = r.here || r.standing.has(c)
	r.last, r.gap = c, false
	r.Checkpoints++
	r.Last = c.Number
	r.signer = c.signer
	if v, err := note.NewVerifier(c.Next); err == nil {
		r.known = append(r.known, v)
		r.signer = v.KeyHash()
	}
}

// checkOrder holds a checkpoint against the one before it.
func (r *reading) checkOrder(where string, c *checkpoint) {
	switch {
	case r.last == nil && !r.gap:
		if c.Number != 1 || c.After != none {
			r.add("%s: the file begins with checkpoint %d: those before are missing", where, c.Number)
			r.spoilt = true
		}
	case r.gap:
		if r.last != nil && c.Number <= r.last.Number {
			r.add("%s: checkpoint %d is in the place of another", where, c.Number)
		}
	case c.After != r.last.hash() || c.Number != r.last.Number+1:
		r.add("%s: checkpoint %d does not follow from checkpoint %d before it", where, c.Number, r.last.Number)
	}
}

// checkState holds the last checkpoint of the files against what the store knows of its own.
func (r *reading) checkState() {
	st := &r.standing
	written := st.Number
	if st.Waiting != nil {
		written--
		r.Remarks = append(r.Remarks, fmt.Sprintf("checkpoint %d waits to be written", st.Number))
	}
	switch {
	case r.Last < written:
		r.add("the files end at checkpoint %d, and the store has made %d: the end is missing", r.Last, written)
	case r.Last > st.Number && st.Restore != st.epoch:
		r.behind = st.Number
		r.Remarks = append(r.Remarks, fmt.Sprintf("a backup was put back whose last checkpoint was %d, and none was made since", st.Number))
	case r.Last > st.Number && r.q.Backup:
		r.behind = st.Number
		r.Remarks = append(r.Remarks, fmt.Sprintf("the backup's last checkpoint is %d; those after it say nothing of it", st.Number))
	case r.Last > st.Number:
		r.add("the store is an older copy: its last checkpoint is %d, that of the files is %d", st.Number, r.Last)
	}
	if written > 0 && r.Last >= written && !r.here {
		r.add("checkpoint %d of the store is not that of the files", st.Number)
	}
}

// isVoid reports whether a checkpoint says nothing of this store, since a backup of before it was put back.
func (r *reading) isVoid(number uint64) bool {
	if r.behind > 0 && number > r.behind {
		return true
	}
	return slices.ContainsFunc(r.voids, func(v void) bool { return v.after < number && number < v.before })
}

// checkHeads looks for the events that a checkpoint saw at the ends of chains.
func (s *Service) checkHeads(ctx context.Context, r *reading, c *checkpoint) error {
	type answer struct {
		head auth.Head
		why  string
	}
	wrong, err := auth.Do(ctx, s.door, s.system(), ActLook, func(w *auth.Work) ([]answer, error) {
		var wrong []answer
		for _, h := range c.Heads {
			hash, err := w.EventHash(h.Chain, h.Seq)
			switch {
			case h.Seq == 0 && h.Hash == "": // of a chain that was cut off whole, and seen so
			case errors.Is(err, auth.ErrNoRecord):
				wrong = append(wrong, answer{h, "it is gone"})
			case err != nil:
				wrong = append(wrong, answer{h, "it cannot be read"})
			case hash != h.Hash:
				wrong = append(wrong, answer{h, "it is another"})
			}
		}
		return wrong, nil
	})
	if err != nil {
		return err
	}
	for _, h := range c.Heads {
		r.ends[h.Chain] = max(r.ends[h.Chain], h.Seq)
	}
	for _, x := range wrong {
		if !r.reported[x.head.Chain] {
			r.reported[x.head.Chain] = true
			r.add("chain %s, event %d: checkpoint %d saw it, and %s", x.head.Chain, x.head.Seq, c.Number, x.why)
		}
	}
	return nil
}

// checkEnd tells why a chain's end is not as it should be: what no checkpoint has seen is marked to be in the next.
func (r *reading) checkEnd(h auth.Head, moved bool) string {
	if !r.standing.Read || moved || h.Seq <= r.ends[h.Chain] || r.spoilt {
		return ""
	}
	return fmt.Sprintf("no checkpoint has its end, only that of event %d, and none is to come", r.ends[h.Chain])
}
