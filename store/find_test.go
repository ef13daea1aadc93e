package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
)

// TestFind asks each kind of index for a value, with limits at their ends, under one root and over two.
func TestFind(t *testing.T) {
	db := openStore(t)
	keys := newKeys(t)
	c := shelves(keys)
	insert := func(id, code string) {
		t.Helper()
		update(t, db, func(tx store.Tx) error { return c.Insert(tx, id, aShelf(code, "red", "1")) })
	}
	insert("s1", "a")
	insert("s2", "b")
	if err := keys.Rotate(); err != nil {
		t.Fatal(err)
	}
	insert("s3", "c") // found first: by the primary root
	update(t, db, func(tx store.Tx) error {
		for _, test := range []struct {
			index, value string
			limit        int
			want         string
		}{
			{"code", "a", 1, "s1"},
			{"code", "c", 9, "s3"},
			{"code", "z", 1, ""},
			{"tag", "red", 1, "s3"},
			{"tag", "red", 2, "s3 s1"},
			{"tag", "red", 3, "s3 s1 s2"},
			{"tag", "red", 4, "s3 s1 s2"},
			{"tag", "re", 4, ""},
			{"row", "1", 1, "s1"},
			{"row", "1", 9, "s1 s2 s3"},
			{"row", "", 9, ""},
		} {
			got, err := c.Find(tx, test.index, test.value, test.limit)
			if err != nil || strings.Join(got, " ") != test.want {
				t.Errorf("%s %q, %d: got %q, %v, want %q", test.index, test.value, test.limit, got, err, test.want)
			}
		}
		for _, index := range []string{"code", "tag", "row"} {
			for _, limit := range []int{0, -1} {
				_, err := c.Find(tx, index, "a", limit)
				wantErr(t, err, store.ErrInvalid)
			}
		}
		if err := tx.Delete("shelf", "s1"); err != nil {
			return err
		}
		_, err := c.One(tx, "code", "a") // the entry is there, the document is not
		wantErr(t, err, store.ErrSealed)
		return nil
	})
}

// TestValues: empty values are no values, doubles are one, and a NUL is refused where it would be a separator.
func TestValues(t *testing.T) {
	db := openStore(t)
	c := shelves(newKeys(t))
	update(t, db, func(tx store.Tx) error {
		doc := &shelf{Codes: []string{"", "a", "", "a"}, Tags: []string{"\x00", "t\x00"}, Rows: []string{"1", "1"}}
		if err := c.Insert(tx, "s", doc); err != nil {
			return err
		}
		if !slices.Equal(doc.Codes, []string{"", "a", "", "a"}) {
			t.Errorf("got %q in the document, want it untouched", doc.Codes)
		}
		for _, find := range [][2]string{{"code", "a"}, {"tag", "\x00"}, {"tag", "t\x00"}, {"row", "1"}} {
			if got, err := c.Find(tx, find[0], find[1], 9); err != nil || !slices.Equal(got, []string{"s"}) {
				t.Errorf("%q: got %q, %v, want s once", find, got, err)
			}
		}
		if got, err := c.Find(tx, "code", "", 9); err != nil || len(got) > 0 {
			t.Errorf("got %q, %v for no value, want none", got, err)
		}
		for _, row := range []string{"\x00", "\x001", "1\x00", "1\x001"} {
			wantErr(t, c.Put(tx, "s", aShelf("a", "", row)), store.ErrInvalid)
		}
		return nil
	})
}

// TestPrefixEnds: whatever a prefix ends with, all that begins with it is yielded and counted, and nothing else.
func TestPrefixEnds(t *testing.T) {
	db := openStore(t)
	c := store.NewCollection[shelf]("shelf", newKeys(t))
	ids := []string{"a", "ab", "a\xff", "a\xff\x01", "a\xff\xff", "b", "b0", "c", "\xff", "\xff\xff1"}
	update(t, db, func(tx store.Tx) error {
		for _, id := range ids {
			if err := c.Insert(tx, id, &shelf{}); err != nil {
				return err
			}
		}
		for _, prefix := range []string{"", "a", "a\xff", "a\xff\xff", "b", "b0", "b0x", "c", "\xff", "\xff\xff"} {
			var want, got []string
			for _, id := range ids {
				if strings.HasPrefix(id, prefix) {
					want = append(want, id)
				}
			}
			for item, err := range c.Prefix(tx, prefix, 99) {
				if err != nil {
					return err
				}
				got = append(got, item.ID)
			}
			if n, err := c.Count(tx, prefix, 99); err != nil || n != len(want) || !slices.Equal(got, want) {
				t.Errorf("%q: got %q and a count of %d, %v, want %q", prefix, got, n, err, want)
			}
		}
		if n, err := c.Count(tx, "a", 2); err != nil || n != 2 {
			t.Errorf("got a count of %d, %v, want the limit of 2", n, err)
		}
		return nil
	})
}

// TestScanEnds when its loop does, and at a document that cannot be opened.
func TestScanEnds(t *testing.T) {
	db := openStore(t)
	c := store.NewCollection[shelf]("shelf", newKeys(t))
	update(t, db, func(tx store.Tx) error {
		err := errors.Join(c.Insert(tx, "1", &shelf{}), c.Insert(tx, "2", &shelf{}), tx.Put("shelf", "3", []byte("x")),
			c.Insert(tx, "4", &shelf{}))
		for range c.Scan(tx, "", "", 9) {
			break // running on would panic
		}
		var got []string
		for item, err := range c.Scan(tx, "", "", 9) {
			got = append(got, fmt.Sprint(item.ID, errors.Is(err, store.ErrSealed)))
		}
		if want := []string{"1false", "2false", "true"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		return err
	})
}

// TestRenewEnds: the last round says so, and one that may have left something does not.
func TestRenewEnds(t *testing.T) {
	db := openStore(t)
	c := shelves(newKeys(t))
	update(t, db, func(tx store.Tx) error {
		err := errors.Join(c.Insert(tx, "1", aShelf("a", "", "")), c.Insert(tx, "2", aShelf("b", "", "")))
		for _, test := range []struct {
			from  string
			limit int
			want  string
		}{{"", 1, "1\x00"}, {"1\x00", 1, "2\x00"}, {"2\x00", 1, ""}, {"", 2, "2\x00"}, {"", 3, ""}, {"1\x00", 2, ""}} {
			if got, err := c.Renew(tx, test.from, test.limit); err != nil || got != test.want {
				t.Errorf("%d from %q: got %q, %v, want %q", test.limit, test.from, got, err, test.want)
			}
		}
		return err
	})
}
