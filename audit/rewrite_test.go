package audit_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// chain reads the events of a chain.
func (s *trail) chain(name string) (list []auth.Event) {
	s.Helper()
	must(s, s.handle.View(s.Context(), func(tx store.Tx) error {
		for item, err := range s.events.Prefix(tx, name+"/", 100) {
			if err != nil {
				return err
			}
			list = append(list, *item.Doc)
		}
		return nil
	}))
	return list
}

// rewrite puts events in the place of a chain's, every hash and the head as they have to be: as somebody does who has
// the store and its keys.
func (s *trail) rewrite(name string, list []auth.Event) {
	s.Helper()
	s.update(func(tx store.Tx) error {
		var old []string
		for item, err := range s.events.Prefix(tx, name+"/", 100) {
			if err != nil {
				return err
			}
			old = append(old, item.ID)
		}
		for _, id := range old {
			if err := s.events.Delete(tx, id); err != nil {
				return err
			}
		}
		var h head
		for _, e := range list {
			e.Hash = ""
			text, err := json.Marshal(e)
			if err != nil {
				return err
			}
			sum := sha256.Sum256([]byte(h.Hash + string(text)))
			h = head{h.Seq + 1, base64.RawURLEncoding.EncodeToString(sum[:])}
			e.Hash = h.Hash
			if err := s.events.Put(tx, fmt.Sprintf("%s/%012x", name, h.Seq), &e); err != nil {
				return err
			}
		}
		if len(list) == 0 {
			return s.heads.Delete(tx, name)
		}
		return s.heads.Put(tx, name, &h)
	})
}

// A chain that was written anew with the store's keys holds in itself: the checkpoints find it, whichever event was
// edited, cut out, exchanged or added, and each cut of an end. Without the checkpoints nothing would.
func TestAChainThatWasWrittenAnewIsFound(t *testing.T) {
	s := small(t).trail()
	for _, name := range []string{"acct-a", "acct-b", "site-07"} {
		whole := s.chain(name)
		spoil := func(what string, list []auth.Event) {
			t.Helper()
			s.rewrite(name, list)
			if _, _, err := s.auth.VerifyAudit(t.Context(), nil); err != nil {
				t.Fatalf("%s: a chain of good keys does not hold in itself: %v", what, err)
			}
			wants(t, what, s.verify(), "chain "+name+", event ")
			s.rewrite(name, whole)
		}
		for i := range whole {
			edited := append([]auth.Event(nil), whole...)
			edited[i].Item = "another"
			spoil(fmt.Sprintf("%s: event %d edited", name, i+1), edited)
			spoil(fmt.Sprintf("%s: event %d cut out", name, i+1), append(append([]auth.Event(nil), whole[:i]...),
				whole[i+1:]...))
			spoil(fmt.Sprintf("%s: cut off after event %d", name, i), whole[:i])
			added := append(append([]auth.Event(nil), whole[:i]...), auth.Event{Action: actDone, Item: "added"})
			spoil(fmt.Sprintf("%s: one added before event %d", name, i+1), append(added, whole[i:]...))
			for j := range i {
				swapped := append([]auth.Event(nil), whole...)
				swapped[i], swapped[j] = swapped[j], swapped[i]
				spoil(fmt.Sprintf("%s: events %d and %d exchanged", name, i+1, j+1), swapped)
			}
		}
		spoil(name+": one added at the end", append(append([]auth.Event(nil), whole...), auth.Event{Action: actDone,
			Item: "added"}))
	}
	s.holds("put back")
}

// A mark that was taken away would keep a chain's end out of every checkpoint: that is found, too. With the mark it is
// not: the next checkpoint has it.
func TestAMarkThatIsMissingIsFound(t *testing.T) {
	s := small(t).trail()
	s.acts("acct-b")
	s.holds("since the last checkpoint")
	marks := s.docs("moved")
	if len(marks) != 1 || marks[0].Key != "acct-b" {
		t.Fatalf("got marks %q, want one for acct-b", marks)
	}
	s.update(func(tx store.Tx) error { return tx.Delete("moved", "acct-b") })
	s.finds("without the mark", "chain acct-b, event 4: no checkpoint has its end, only that of event 3")
}

// Every older copy of the store is found, from before the last checkpoint; and those whose last checkpoint it is hold.
func TestEveryOlderCopyIsFound(t *testing.T) {
	s := newSite(t)
	type copied struct {
		what string
		db   []byte
		last string // the checkpoints when it was taken
	}
	var copies []copied
	copyOf := func(what string) {
		var file []byte
		if strings.Contains(what, "checkpoint") {
			file = s.read(s.file)
		}
		copies = append(copies, copied{what, s.read(s.db), string(file)})
	}
	copyOf("empty")
	for i := range 4 {
		for _, chain := range []string{"acct-a", "acct-b", "acct-c"}[:i%3+1] {
			s.acts(chain)
			copyOf(fmt.Sprintf("round %d, after %s", i, chain))
		}
		s.take()
		copyOf(fmt.Sprintf("round %d, checkpoint", i))
	}
	file := s.read(s.file)
	for _, c := range copies {
		o := s.over(c.db, file)
		if c.last == string(file) {
			o.holds(c.what)
			continue
		}
		want := "the store is an older copy: its last checkpoint is "
		if c.last == "" && !strings.Contains(string(c.db), "audit_key") {
			want = "the store has no key to hold signatures against"
		}
		o.finds(c.what, want)
		if r := o.audit; r.Alarm() {
			t.Errorf("%s: got an alarm of what was only read", c.what)
		}
	}
}
