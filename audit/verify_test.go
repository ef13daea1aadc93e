package audit_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// Every edit of the file of checkpoints is found: each byte changed, and away, or one added, or the rest cut off; each line away, twice, or in the place of
// another.
func TestEveryEditOfTheFileIsFound(t *testing.T) {
	s := small(t)
	whole := s.read(s.file)
	spoil := func(what string, file []byte) {
		t.Helper()
		must(t, os.WriteFile(s.file, file, 0o600))
		if r := s.verify(); len(r.Findings) == 0 {
			t.Errorf("%s: got a trail that holds", what)
		}
	}
	for i := range whole {
		file := bytes.Clone(whole)
		file[i] ^= 1 << (5 * (i % 2)) // the other case of a letter, or its neighbour
		spoil(fmt.Sprintf("byte %d, %q for %q", i, file[i], whole[i]), file)
		switch i % 3 {
		case 0:
			spoil(fmt.Sprintf("%d bytes of it", i), whole[:i])
		case 1:
			spoil(fmt.Sprintf("a byte in front of byte %d", i), slices.Insert(bytes.Clone(whole), i, ' '))
		case 2:
			spoil(fmt.Sprintf("byte %d away", i), slices.Delete(bytes.Clone(whole), i, i+1))
		}
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(whole), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	for i := range lines {
		spoil(fmt.Sprintf("line %d away", i+1), []byte(strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "")))
		for j := range lines {
			spoil(fmt.Sprintf("line %d once more before line %d", i+1, j+1),
				[]byte(strings.Join(slices.Insert(slices.Clone(lines), j, lines[i]), "")))
			if i != j {
				swapped := slices.Clone(lines)
				swapped[i], swapped[j] = swapped[j], swapped[i]
				spoil(fmt.Sprintf("lines %d and %d exchanged", i+1, j+1), []byte(strings.Join(swapped, "")))
			}
		}
	}
	must(t, os.WriteFile(s.file, whole, 0o600))
	s.holds("put back")
}

// head is the end of a chain as it is stored.
type head struct {
	Seq  uint64 `json:"n"`
	Hash string `json:"h"`
}

// A trail is the store as somebody sees it who has its keys.
type trail struct {
	*site
	events *store.Collection[auth.Event]
	heads  *store.Collection[head]
}

func (s *site) trail() *trail {
	return &trail{s, store.NewCollection[auth.Event]("event", s.keys), store.NewCollection[head]("chain", s.keys)}
}

func (s *trail) update(fn func(store.Tx) error) {
	s.Helper()
	must(s, s.handle.Update(s.Context(), fn))
}

// docs are the keys and bytes of a collection.
func (s *trail) docs(collection string) (list []store.Doc) {
	s.Helper()
	must(s, s.handle.View(s.Context(), func(tx store.Tx) error {
		for d, err := range tx.Scan(collection, "", "", 1000) {
			if err != nil {
				return err
			}
			list = append(list, store.Doc{Key: strings.Clone(d.Key), Data: bytes.Clone(d.Data)})
		}
		return nil
	}))
	return list
}

// Every edit, cut and reordering of what is stored of the trail is found, whoever made it.
func TestEveryEditOfTheTrailIsFound(t *testing.T) {
	s := small(t).trail()
	spoil := func(what string, put, back func(store.Tx) error) {
		t.Helper()
		s.update(put)
		if r := s.verify(); len(r.Findings) == 0 {
			t.Errorf("%s: got a trail that holds", what)
		}
		s.update(back)
	}
	for _, collection := range []string{"event", "chain"} {
		list := s.docs(collection)
		for i, d := range list {
			back := func(tx store.Tx) error { return tx.Put(collection, d.Key, bytes.Clone(d.Data)) }
			spoil(d.Key+" away", func(tx store.Tx) error { return tx.Delete(collection, d.Key) }, back)
			for at := range d.Data {
				if at%7 != i%7 { // sealed as a whole: each of seven documents has another seventh of its bytes tried
					continue
				}
				spoil(fmt.Sprintf("%s, byte %d", d.Key, at), func(tx store.Tx) error {
					edited := bytes.Clone(d.Data)
					edited[at] ^= 1
					return tx.Put(collection, d.Key, edited)
				}, back)
			}
			for _, o := range list[:i] {
				spoil(d.Key+" and "+o.Key+" exchanged", func(tx store.Tx) error {
					return firstOf(tx.Put(collection, d.Key, bytes.Clone(o.Data)), tx.Put(collection, o.Key,
						bytes.Clone(d.Data)))
				}, func(tx store.Tx) error { return firstOf(back(tx), tx.Put(collection, o.Key, bytes.Clone(o.Data))) })
			}
		}
	}
	s.holds("put back")
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
