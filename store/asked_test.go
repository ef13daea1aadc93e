package store_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
)

// A shelf is found by each kind of index.
type shelf struct {
	Codes []string `json:"c"`
	Tags  []string `json:"t"`
	Rows  []string `json:"r"`
	Width float64  `json:"w"`
}

func shelves(keys *store.Keys) *store.Collection[shelf] {
	return store.NewCollection("shelf", keys,
		store.Blind("code", true, func(s *shelf) []string { return s.Codes }),
		store.Blind("tag", false, func(s *shelf) []string { return s.Tags }),
		store.Ordered("row", func(s *shelf) []string { return s.Rows }))
}

func aShelf(code, tag, row string) *shelf {
	return &shelf{Codes: []string{code}, Tags: []string{tag}, Rows: []string{row}}
}

var errDisk = errors.New("the disk is gone")

// A spy is a real transaction that notes what it is asked, and fails at one call if it is told which, from 1. Each
// document of a Scan is a call.
type spy struct {
	store.Tx
	asked  []string
	failAt int
}

func (s *spy) ask(what, collection string) error {
	s.asked = append(s.asked, what+" "+collection)
	if len(s.asked) == s.failAt {
		return errDisk
	}
	return nil
}

func (s *spy) Get(collection, key string) ([]byte, error) {
	if err := s.ask("get", collection); err != nil {
		return nil, err
	}
	return s.Tx.Get(collection, key)
}

func (s *spy) Put(collection, key string, doc []byte) error {
	return errors.Join(s.ask("put", collection), s.Tx.Put(collection, key, doc))
}

func (s *spy) Delete(collection, key string) error {
	return errors.Join(s.ask("delete", collection), s.Tx.Delete(collection, key))
}

func (s *spy) Scan(collection, from, to string, limit int) iter.Seq2[store.Doc, error] {
	return func(yield func(store.Doc, error) bool) {
		for doc, err := range s.Tx.Scan(collection, from, to, limit) {
			if failed := s.ask("scan", collection); failed != nil {
				yield(store.Doc{}, failed)
				return
			}
			if !yield(doc, err) {
				return
			}
		}
	}
}

// spied runs fn on a spy and throws away what it wrote.
func spied(t *testing.T, db store.DB, failAt int, fn func(store.Tx) error) (asked []string, err error) {
	t.Helper()
	undo := errors.New("undo")
	done := db.Update(context.Background(), func(tx store.Tx) error {
		s := &spy{Tx: tx, failAt: failAt}
		err = fn(s)
		asked = s.asked
		return undo
	})
	if done != undo {
		t.Fatalf("update: %v", done)
	}
	return asked, err
}

// TestEveryFailureIsTold lets each call to the data base fail in turn, under everything that makes one: the failure
// comes back with the collection's name, and nothing more is asked after it.
func TestEveryFailureIsTold(t *testing.T) {
	db := openStore(t)
	keys := newKeys(t)
	c := shelves(keys)
	update(t, db, func(tx store.Tx) error {
		return errors.Join(c.Insert(tx, "s1", aShelf("a", "red", "1")), c.Insert(tx, "s2", aShelf("b", "red", "2")))
	})
	if err := keys.Rotate(); err != nil { // so that entries move
		t.Fatal(err)
	}
	ignore := func(_ any, err error) error { return err }
	all := func(seq iter.Seq2[store.Item[shelf], error]) error {
		for _, err := range seq {
			if err != nil {
				return err
			}
		}
		return nil
	}
	for name, op := range map[string]func(tx store.Tx) error{
		"Get":          func(tx store.Tx) error { return ignore(c.Get(tx, "s1")) },
		"Insert":       func(tx store.Tx) error { return c.Insert(tx, "s3", aShelf("c", "red", "3")) },
		"Put":          func(tx store.Tx) error { return c.Put(tx, "s1", aShelf("d", "blue", "4")) },
		"Delete":       func(tx store.Tx) error { return c.Delete(tx, "s1") },
		"Renew":        func(tx store.Tx) error { return ignore(c.Renew(tx, "", 10)) },
		"Find unique":  func(tx store.Tx) error { return ignore(c.Find(tx, "code", "a", 10)) },
		"Find blind":   func(tx store.Tx) error { return ignore(c.Find(tx, "tag", "red", 10)) },
		"Find ordered": func(tx store.Tx) error { return ignore(c.Find(tx, "row", "1", 10)) },
		"One":          func(tx store.Tx) error { return ignore(c.One(tx, "code", "a")) },
		"Range":        func(tx store.Tx) error { return ignore(c.Range(tx, "row", "", "", 10)) },
		"Scan":         func(tx store.Tx) error { return all(c.Scan(tx, "", "", 10)) },
		"Prefix":       func(tx store.Tx) error { return all(c.Prefix(tx, "s", 10)) },
		"Count":        func(tx store.Tx) error { return ignore(c.Count(tx, "s", 10)) },
	} {
		healthy, err := spied(t, db, 0, op)
		if err != nil || len(healthy) == 0 {
			t.Fatalf("%s: got error %v after %q, want none", name, err, healthy)
		}
		for n := range healthy {
			asked, err := spied(t, db, n+1, op)
			if !errors.Is(err, errDisk) || !strings.Contains(err.Error(), "shelf") {
				t.Errorf("%s: got error %v where %q failed, want %v of the shelf", name, err, asked[n], errDisk)
			}
			if len(asked) != n+1 {
				t.Errorf("%s: asked %q after %q had failed, want nothing", name, asked[n+1:], asked[n])
			}
		}
	}
}

// TestOnlyWhatChangesIsAsked: entries that stay are neither looked at nor written, unless an older root made them.
func TestOnlyWhatChangesIsAsked(t *testing.T) {
	db := openStore(t)
	keys := newKeys(t)
	sealed, plain := shelves(keys), store.NewCollection("plain", store.Plain(),
		store.Blind("code", true, func(s *shelf) []string { return s.Codes }))
	bare := store.NewCollection[shelf]("bare", keys)
	one := aShelf("a", "red", "1")
	put := func(c *store.Collection[shelf]) func(store.Tx) error {
		return func(tx store.Tx) error { return c.Put(tx, "s", one) }
	}
	update(t, db, func(tx store.Tx) error { return errors.Join(put(sealed)(tx), put(plain)(tx), put(bare)(tx)) })
	check := func(what string, fn func(store.Tx) error, want ...string) {
		t.Helper()
		asked, err := spied(t, db, 0, fn)
		if err != nil || !slices.Equal(asked, want) {
			t.Errorf("%s: got %q and error %v, want %q", what, asked, err, want)
		}
	}
	check("sealed, the same again", put(sealed), "get shelf", "put shelf")
	check("plain, the same again", put(plain), "get plain", "put plain")
	check("no index", put(bare), "put bare")
	check("no index, deleted", func(tx store.Tx) error { return bare.Delete(tx, "s") }, "delete bare")
	check("a new tag", func(tx store.Tx) error { return sealed.Put(tx, "s", aShelf("a", "blue", "1")) },
		"get shelf", "delete shelf.tag", "put shelf.tag", "put shelf")
	if err := keys.Rotate(); err != nil {
		t.Fatal(err)
	}
	twice := func(op ...string) []string { return append(op, op...) } // once a root
	check("sealed, the same after a rotation", put(sealed), slices.Concat([]string{"get shelf"},
		twice("get shelf.code"), twice("delete shelf.code"), []string{"put shelf.code"},
		twice("delete shelf.tag"), []string{"put shelf.tag"},
		twice("delete shelf.row"), []string{"put shelf.row", "put shelf"})...)
	update(t, db, put(sealed))
	check("sealed, moved already", put(sealed), "get shelf", "put shelf")
}

// TestWhatCannotBeWritten leaves nothing behind, and what cannot be read is replaced where no index needs it.
func TestWhatCannotBeWritten(t *testing.T) {
	db := openStore(t)
	c, bare := shelves(newKeys(t)), store.NewCollection[shelf]("bare", newKeys(t))
	update(t, db, func(tx store.Tx) error {
		bad := aShelf("a", "red", "1")
		bad.Width = math.NaN()
		if err := c.Put(tx, "s", bad); err == nil || !strings.Contains(err.Error(), "writing shelf") {
			t.Errorf("got error %v of what has no JSON, want it to say so", err)
		}
		for _, name := range []string{"shelf", "shelf.code", "shelf.tag", "shelf.row"} {
			for doc := range tx.Scan(name, "", "", 1) {
				t.Errorf("%s: got %q, want nothing", name, doc.Key)
			}
		}
		for _, name := range []string{"shelf", "bare"} {
			if err := tx.Put(name, "s", []byte("damaged")); err != nil {
				return err
			}
		}
		wantErr(t, c.Put(tx, "s", aShelf("a", "red", "1")), store.ErrSealed)
		wantErr(t, c.Delete(tx, "s"), store.ErrSealed)
		_, err := c.Renew(tx, "", 1)
		wantErr(t, err, store.ErrSealed)
		return bare.Put(tx, "s", aShelf("a", "red", "1"))
	})
}
