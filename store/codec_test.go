package store_test

import (
	"errors"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
)

// TestFrames: bytes that are framed otherwise than the collection's are sealed ones that do not open, never a document.
func TestFrames(t *testing.T) {
	keys := newKeys(t)
	sealed, plain := store.NewCollection[shelf]("shelf", keys), store.NewCollection[shelf]("shelf", store.Plain())
	var good []byte
	db := openStore(t)
	update(t, db, func(tx store.Tx) error {
		err := sealed.Put(tx, "s", &shelf{})
		stored, _ := tx.Get("shelf", "s")
		good = append(good, stored...)
		return err
	})
	if _, err := sealed.Get(reading{stored: good}, "s"); err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Get(reading{stored: []byte("\x00{}\x00")}, "s"); err != nil {
		t.Fatal(err)
	}
	for name, stored := range map[string][]byte{
		"nothing": nil, "a frame of nothing": {0}, "a sealed frame of nothing": {1}, "a sealed document": good,
		"a plain document in a sealed frame": []byte("\x01{}\x00"), "an unknown frame": []byte("\x02{}\x00"),
		"no frame": []byte("{}\x00"),
	} {
		if got, err := plain.Get(reading{stored: stored}, "s"); !errors.Is(err, store.ErrSealed) {
			t.Errorf("plain, %s: got %v, %v, want %v", name, got, err, store.ErrSealed)
		}
	}
	for n := range good {
		other := append([]byte(nil), good...)
		other[n] ^= 1
		for _, stored := range [][]byte{good[:n], other} {
			if got, err := sealed.Get(reading{stored: stored}, "s"); !errors.Is(err, store.ErrSealed) {
				t.Errorf("sealed, %d: got %v, %v, want %v", n, got, err, store.ErrSealed)
			}
		}
	}
}

// TestRealms: a document opens where it was sealed and nowhere else, however the names are joined.
func TestRealms(t *testing.T) {
	keys := newKeys(t)
	places := []struct{ realm, name, id string }{
		{"", "shop", "s1"}, {"north", "shop", "s1"}, {"south", "shop", "s1"}, {"north", "shops", "1"},
		{"", "shop", "north"}, {"shop", "shop", "s1"}, {"", "shop", "s"}, {"", "shops", "1"},
	}
	db := openStore(t)
	update(t, db, func(tx store.Tx) error {
		for i, from := range places {
			c := store.NewCollection[shelf](from.name, keys).In(from.realm)
			if err := c.Put(tx, from.id, &shelf{}); err != nil {
				return err
			}
			stored, err := tx.Get(from.name, from.id)
			if err != nil {
				return err
			}
			for j, to := range places {
				_, err := store.NewCollection[shelf](to.name, keys).In(to.realm).Get(reading{stored: stored}, to.id)
				if (err == nil) != (i == j) || err != nil && !errors.Is(err, store.ErrSealed) {
					t.Errorf("sealed in %q, read in %q: got error %v", from, to, err)
				}
			}
		}
		return nil
	})
}

// TestNames holds each end of what a collection and a key may be called.
func TestNames(t *testing.T) {
	const good = "abcdefghijklmnopqrstuvwxyz0123456789._-"
	for i := range 256 {
		name := string([]byte{byte(i)})
		want := false
		for j := range good {
			want = want || good[j] == byte(i)
		}
		for _, name := range []string{name, "a" + name, name + "a"} {
			if err := store.CheckName(name); (err == nil) != want {
				t.Errorf("%q: got error %v, want one: %v", name, err, !want)
			}
			if err := store.CheckPut(name, "k", 0); (err == nil) != want {
				t.Errorf("%q: got error %v of a document in it, want one: %v", name, err, !want)
			}
		}
	}
}
