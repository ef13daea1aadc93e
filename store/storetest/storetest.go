// Package storetest is the one suite that every store.DB passes, and Twice, with which the tests of
// other packages prove that their transactions may be run again.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.DB { return openMine(t) })
//	}
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
)

// Run tests every promise of store.DB and store.Collection. open returns a new, empty store; Run closes it.
func Run(t *testing.T, open func(t *testing.T) store.DB) {
	tests := []struct {
		name string
		test func(*testing.T, store.DB)
	}{
		{"get, put, delete", getPutDelete},
		{"odd keys", oddKeys},
		{"limits", limits},
		{"big documents", bigDocuments},
		{"scan bounds", scanBounds},
		{"scan own writes", scanOwnWrites},
		{"scan while writing", scanWhileWriting},
		{"read your writes", readYourWrites},
		{"rollback on error", rollbackOnError},
		{"panic is its caller's", panicIsOwn},
		{"goexit is its caller's", goexitIsOwn},
		{"view is read-only", viewIsReadOnly},
		{"view is a snapshot", viewIsSnapshot},
		{"transaction ends", transactionEnds},
		{"context", contextEnds},
		{"context while waiting", contextWhileWaiting},
		{"lost update", lostUpdate},
		{"write skew", writeSkew},
		{"phantom", phantom},
		{"consume once", consumeOnce},
		{"close", closes},
		{"collection, plain", collectionPlain},
		{"collection, sealed", collectionSealed},
		{"collection: unique race", uniqueRace},
		{"collection: rotation", rotation},
		{"collection: prepared rotation", preparedRotation},
		{"collection: nothing in the clear", nothingInTheClear},
		{"collection: moved documents", movedDocuments},
		{"collection: added index", addedIndex},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db := open(t)
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			test.test(t, db)
		})
	}
}

func update(t *testing.T, db store.DB, fn func(store.Tx) error) {
	t.Helper()
	if err := db.Update(context.Background(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

func view(t *testing.T, db store.DB, fn func(store.Tx) error) {
	t.Helper()
	if err := db.View(context.Background(), fn); err != nil {
		t.Fatalf("view: %v", err)
	}
}

func put(t *testing.T, db store.DB, collection, key, doc string) {
	t.Helper()
	update(t, db, func(tx store.Tx) error { return tx.Put(collection, key, []byte(doc)) })
}

// get returns a document in a View, "none" if there is none.
func get(t *testing.T, db store.DB, collection, key string) (doc string) {
	t.Helper()
	view(t, db, func(tx store.Tx) error {
		doc = read(t, tx, collection, key)
		return nil
	})
	return doc
}

func read(t *testing.T, tx store.Tx, collection, key string) string {
	t.Helper()
	data, err := tx.Get(collection, key)
	if errors.Is(err, store.ErrNotFound) {
		return "none"
	}
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	return string(data)
}

func wantDoc(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %.80q, want %.80q", got, want)
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got error %v, want %v", got, want)
	}
}

// keys returns what a scan yields as "key=data".
func scan(t *testing.T, tx store.Tx, collection, from, to string, limit int) (docs []string) {
	t.Helper()
	for doc, err := range tx.Scan(collection, from, to, limit) {
		if err != nil {
			t.Fatalf("scan: %v", err)
		}
		docs = append(docs, doc.Key+"="+string(doc.Data))
	}
	return docs
}

func wantList(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func getPutDelete(t *testing.T, db store.DB) {
	wantDoc(t, get(t, db, "c", "k"), "none")
	put(t, db, "c", "k", "one")
	wantDoc(t, get(t, db, "c", "k"), "one")
	wantDoc(t, get(t, db, "d", "k"), "none")
	put(t, db, "c", "k", "two")
	wantDoc(t, get(t, db, "c", "k"), "two")
	put(t, db, "c", "k", "")
	wantDoc(t, get(t, db, "c", "k"), "")
	update(t, db, func(tx store.Tx) error { return tx.Put("c", "nil", nil) })
	wantDoc(t, get(t, db, "c", "nil"), "")
	for range 2 {
		update(t, db, func(tx store.Tx) error { return tx.Delete("c", "k") })
		wantDoc(t, get(t, db, "c", "k"), "none")
	}
	update(t, db, func(tx store.Tx) error { return tx.Delete("never", "k") })
}

func oddKeys(t *testing.T, db store.DB) {
	odd := []string{
		"\x00", "\x00\x00", "a\x00b", "\xff", "\xff\xff\xff", "\xc3\x28", " ", "'; drop", "%", "_", "\\", "\n",
		"天猫卖家", "e\u0301", "é", "A", "a", strings.Repeat("k", store.MaxKey),
	}
	update(t, db, func(tx store.Tx) error {
		for i, key := range odd {
			if err := tx.Put("c", key, fmt.Append(nil, i)); err != nil {
				return err
			}
		}
		return nil
	})
	for i, key := range odd {
		wantDoc(t, get(t, db, "c", key), fmt.Sprint(i))
	}
	want := slices.Sorted(slices.Values(odd))
	view(t, db, func(tx store.Tx) error {
		var got []string
		for doc, err := range tx.Scan("c", "", "", 1000) {
			if err != nil {
				return err
			}
			got = append(got, doc.Key)
		}
		wantList(t, got, want...)
		return nil
	})
}

func limits(t *testing.T, db store.DB) {
	bad := []struct {
		name, collection, key string
		size                  int
	}{
		{"empty key", "c", "", 1},
		{"long key", "c", strings.Repeat("k", store.MaxKey+1), 1},
		{"no name", "", "k", 1},
		{"long name", strings.Repeat("c", store.MaxName+1), "k", 1},
		{"upper case", "C", "k", 1},
		{"NUL in a name", "c\x00", "k", 1},
		{"big document", "c", "k", store.MaxDocument + 1},
	}
	for _, b := range bad {
		err := db.Update(context.Background(), func(tx store.Tx) error {
			if err := tx.Put("c", "good", []byte("x")); err != nil {
				return err
			}
			return tx.Put(b.collection, b.key, make([]byte, b.size))
		})
		if !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: got error %v, want %v", b.name, err, store.ErrInvalid)
		}
	}
	wantDoc(t, get(t, db, "c", "good"), "none")
	put(t, db, strings.Repeat("c", store.MaxName), "k", "x")
	check := func(tx store.Tx) error {
		for _, limit := range []int{0, -1} {
			var got error
			for _, err := range tx.Scan("c", "", "", limit) {
				got = err
			}
			wantErr(t, got, store.ErrInvalid)
		}
		wantDoc(t, read(t, tx, "c", ""), "none") // no key is no document, even where a collection is empty
		return nil
	}
	put(t, db, "c", "gone", "x")
	update(t, db, func(tx store.Tx) error { return tx.Delete("c", "gone") })
	view(t, db, check)
	update(t, db, func(tx store.Tx) error { return errors.Join(tx.Put("c", "own", nil), check(tx)) })
}

func bigDocuments(t *testing.T, db store.DB) {
	for _, size := range []int{4000, 4096, 5000, 70_000, 1 << 20, store.MaxDocument} {
		doc := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		put(t, db, "c", "k", doc)
		if got := get(t, db, "c", "k"); got != doc {
			t.Errorf("size %d: got %d other bytes back", size, len(got))
		}
	}
}

func fill(t *testing.T, db store.DB, keys ...string) {
	t.Helper()
	update(t, db, func(tx store.Tx) error {
		for _, key := range keys {
			if err := tx.Put("c", key, []byte("1")); err != nil {
				return err
			}
		}
		return nil
	})
}

func scanBounds(t *testing.T, db store.DB) {
	fill(t, db, "d", "b", "a", "c", "bb")
	put(t, db, "b", "x", "other")
	put(t, db, "d", "y", "other")
	tests := []struct {
		from, to string
		limit    int
		want     string
	}{
		{"", "", 100, "a b bb c d"},
		{"", "", 2, "a b"},
		{"b", "", 100, "b bb c d"},
		{"", "b", 100, "a"},
		{"b", "c", 100, "b bb"},
		{"b", "b", 100, ""},
		{"c", "a", 100, ""},
		{"b\x00", "d", 100, "bb c"},
		{"z", "", 100, ""},
		{"b", "d", 1, "b"},
	}
	check := func(tx store.Tx) error {
		for _, test := range tests {
			got := strings.ReplaceAll(strings.Join(scan(t, tx, "c", test.from, test.to, test.limit), " "), "=1", "")
			if got != test.want {
				t.Errorf("[%q, %q) %d: got %q, want %q", test.from, test.to, test.limit, got, test.want)
			}
		}
		wantList(t, scan(t, tx, "never", "", "", 1))
		for range tx.Scan("c", "", "", 100) {
			break // must not run on
		}
		return nil
	}
	view(t, db, check)
	update(t, db, check)
	update(t, db, func(tx store.Tx) error { // the same with an overlay that changes nothing
		if err := tx.Put("c", "bb", []byte("1")); err != nil {
			return err
		}
		return check(tx)
	})
}

func scanOwnWrites(t *testing.T, db store.DB) {
	fill(t, db, "b", "d", "f")
	update(t, db, func(tx store.Tx) error {
		err := errors.Join(
			tx.Put("c", "a", []byte("2")), tx.Put("c", "d", []byte("2")), tx.Delete("c", "b"),
			tx.Put("c", "e", []byte("")), tx.Put("c", "g", []byte("2")), tx.Delete("c", "g"),
			tx.Put("c", "h", []byte("2")), tx.Delete("c", "f"), tx.Put("c", "f", []byte("3")))
		wantList(t, scan(t, tx, "c", "", "", 100), "a=2", "d=2", "e=", "f=3", "h=2")
		wantList(t, scan(t, tx, "c", "b", "f", 100), "d=2", "e=")
		wantList(t, scan(t, tx, "c", "", "", 3), "a=2", "d=2", "e=")
		wantList(t, scan(t, tx, "c", "g", "", 3), "h=2")
		return err
	})
	update(t, db, func(tx store.Tx) error { // own ones before, between and behind the others, to be left at each
		err := errors.Join(
			tx.Put("c", "0", []byte("4")), tx.Delete("c", "0"), tx.Put("c", "i", []byte("4")), tx.Put("c", "j", []byte("4")),
			tx.Put("c", "k", []byte("4")), tx.Delete("c", "j"))
		all := []string{"a=2", "d=2", "e=", "f=3", "h=2", "i=4", "k=4"}
		wantList(t, scan(t, tx, "c", "", "", 100), all...)
		for n := range all {
			wantList(t, scan(t, tx, "c", "", "", n+1), all[:n+1]...)
		}
		return errors.Join(err, tx.Delete("c", "i"), tx.Delete("c", "k"))
	})
	view(t, db, func(tx store.Tx) error {
		wantList(t, scan(t, tx, "c", "", "", 100), "a=2", "d=2", "e=", "f=3", "h=2")
		return nil
	})
}

func scanWhileWriting(t *testing.T, db store.DB) {
	fill(t, db, "a", "b", "c")
	update(t, db, func(tx store.Tx) error {
		var seen []string
		for doc, err := range tx.Scan("c", "", "", 100) {
			if err != nil {
				return err
			}
			seen = append(seen, doc.Key)
			err = errors.Join(tx.Delete("c", doc.Key), tx.Delete("c", "c"), tx.Put("c", doc.Key+"x", []byte("2")))
			if err != nil {
				return err
			}
		}
		wantList(t, seen, "a", "b", "c")
		wantList(t, scan(t, tx, "c", "", "", 100), "ax=2", "bx=2", "cx=2")
		return nil
	})
}

func readYourWrites(t *testing.T, db store.DB) {
	put(t, db, "c", "k", "old")
	update(t, db, func(tx store.Tx) error {
		wantDoc(t, read(t, tx, "c", "k"), "old")
		if err := tx.Put("c", "k", []byte("new")); err != nil {
			return err
		}
		wantDoc(t, read(t, tx, "c", "k"), "new")
		wantDoc(t, read(t, tx, "d", "k"), "none")
		if err := tx.Delete("c", "k"); err != nil {
			return err
		}
		wantDoc(t, read(t, tx, "c", "k"), "none")
		return tx.Put("c", "k", []byte("last"))
	})
	wantDoc(t, get(t, db, "c", "k"), "last")
}

func rollbackOnError(t *testing.T, db store.DB) {
	put(t, db, "c", "k", "old")
	refused := errors.New("refused")
	var all sync.WaitGroup
	for i := range 16 { // beside others that succeed
		all.Go(func() {
			err := db.Update(context.Background(), func(tx store.Tx) error {
				err := errors.Join(
					tx.Put("c", "k", fmt.Append(nil, i)), tx.Put("new", "k", nil), tx.Delete("c", "gone"))
				return errors.Join(err, refused)
			})
			wantErr(t, err, refused)
		})
		all.Go(func() { put(t, db, "other", fmt.Sprint(i), "x") })
	}
	all.Wait()
	wantDoc(t, get(t, db, "c", "k"), "old")
	wantDoc(t, get(t, db, "new", "k"), "none")
	view(t, db, func(tx store.Tx) error {
		if got := len(scan(t, tx, "other", "", "", 100)); got != 16 {
			t.Errorf("got %d documents of the others, want 16", got)
		}
		return nil
	})
}
