package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
)

// A shop is the document of these tests.
type shop struct {
	Name   string   `json:"n"`
	Emails []string `json:"e,omitempty"`
	City   string   `json:"c,omitempty"`
	State  string   `json:"s,omitempty"`
}

func shops(keys *store.Keys) *store.Collection[shop] {
	return store.NewCollection("shop", keys,
		store.Blind("email", true, func(s *shop) []string { return s.Emails }),
		store.Blind("city", false, func(s *shop) []string { return []string{s.City} }),
		store.Ordered("state", func(s *shop) []string { return []string{s.State} }),
	)
}

// sealed returns keys that are kept in memory.
func sealed(t *testing.T) *store.Keys {
	t.Helper()
	keys, err := store.NewKeys(store.Secret{1}, func([]byte) error { return nil })
	if err != nil {
		t.Fatalf("keys: %v", err)
	}
	return keys
}

func collectionPlain(t *testing.T, db store.DB) { collection(t, db, store.Plain()) }

func collectionSealed(t *testing.T, db store.DB) { collection(t, db, sealed(t)) }

func collection(t *testing.T, db store.DB, keys *store.Keys) {
	c := shops(keys)
	update(t, db, func(tx store.Tx) error {
		return errors.Join(
			c.Insert(tx, "s1", &shop{Name: "一", Emails: []string{"a@x", "b@x", "a@x", ""}, City: "杭州", State: "open"}),
			c.Insert(tx, "s2", &shop{Name: "two", Emails: []string{"c@x"}, City: "杭州", State: "new"}),
			c.Insert(tx, "s3", &shop{Name: "three", State: "open"}))
	})
	view(t, db, func(tx store.Tx) error {
		wantState(t, c, tx, map[string]string{"a@x": "一", "b@x": "一", "c@x": "two", "d@x": ""},
			"s1 s2", "new:s2 open:s1 open:s3")
		var ids []string
		for item, err := range c.Prefix(tx, "s", 2) {
			if err != nil {
				return err
			}
			ids = append(ids, item.ID+" "+item.Doc.Name)
		}
		wantList(t, ids, "s1 一", "s2 two")
		return nil
	})
	refusals(t, db, c)
	update(t, db, func(tx store.Tx) error { // swap a@x to s2, drop b@x, move state; replace an absent one
		return errors.Join(
			c.Put(tx, "s1", &shop{Name: "一", Emails: []string{"d@x"}, City: "上海", State: "new"}),
			c.Put(tx, "s2", &shop{Name: "two", Emails: []string{"c@x", "a@x"}, City: "杭州", State: "new"}),
			c.Put(tx, "s4", &shop{Name: "four"}))
	})
	view(t, db, func(tx store.Tx) error {
		wantState(t, c, tx, map[string]string{"a@x": "two", "b@x": "", "c@x": "two", "d@x": "一"},
			"s2", "new:s1 new:s2 open:s3")
		return nil
	})
	update(t, db, func(tx store.Tx) error {
		return errors.Join(c.Delete(tx, "s2"), c.Delete(tx, "s2"), c.Delete(tx, "never"))
	})
	view(t, db, func(tx store.Tx) error {
		wantState(t, c, tx, map[string]string{"a@x": "", "c@x": "", "d@x": "一"}, "", "new:s1 open:s3")
		return nil
	})
	update(t, db, func(tx store.Tx) error {
		return errors.Join(c.Delete(tx, "s1"), c.Delete(tx, "s3"), c.Delete(tx, "s4"))
	})
	wantEmpty(t, db, "shop", "shop.email", "shop.city", "shop.state")
}

// refusals checks that what is refused leaves nothing behind, though the caller commits.
func refusals(t *testing.T, db store.DB, c *store.Collection[shop]) {
	update(t, db, func(tx store.Tx) error {
		wantErr(t, c.Insert(tx, "s1", &shop{Name: "again"}), store.ErrExists)
		err := c.Insert(tx, "s9", &shop{Name: "thief", Emails: []string{"new@x", "a@x"}, City: "杭州", State: "open"})
		wantErr(t, err, store.ErrExists)
		if err != nil && !strings.Contains(err.Error(), "email") {
			t.Errorf("got error %q, want the index named", err)
		}
		if err != nil && strings.Contains(err.Error(), "a@x") {
			t.Errorf("got error %q, want no value in it", err)
		}
		wantErr(t, c.Put(tx, "s2", &shop{Emails: []string{"a@x"}}), store.ErrExists)
		wantErr(t, c.Put(tx, "s2", &shop{State: "a\x00b"}), store.ErrInvalid)
		return nil
	})
	view(t, db, func(tx store.Tx) error {
		wantState(t, c, tx, map[string]string{"a@x": "一", "new@x": "", "c@x": "two"}, "s1 s2", "new:s2 open:s1 open:s3")
		_, err := c.Get(tx, "s9")
		wantErr(t, err, store.ErrNotFound)
		_, err = c.One(tx, "city", "杭州")
		wantErr(t, err, store.ErrInvalid)
		_, err = c.Find(tx, "colour", "x", 1)
		wantErr(t, err, store.ErrInvalid)
		_, err = c.Range(tx, "email", "", "", 1)
		wantErr(t, err, store.ErrInvalid)
		return nil
	})
}

// wantState compares what the three indexes find: the name by e-mail ("" for none), the ids in 杭州, and
// all states.
func wantState(t *testing.T, c *store.Collection[shop], tx store.Tx, emails map[string]string, city, states string) {
	t.Helper()
	for email, want := range emails {
		got := ""
		s, err := c.One(tx, "email", email)
		if err == nil {
			got = s.Name
		} else if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("one %s: %v", email, err)
		}
		ids, err := c.Find(tx, "email", email, 2)
		if got != want || err != nil || (len(ids) == 1) != (want != "") {
			t.Errorf("%s: got %q and ids %q (%v), want %q", email, got, ids, err, want)
		}
	}
	ids, err := c.Find(tx, "city", "杭州", 10)
	slices.Sort(ids)
	if got := strings.Join(ids, " "); got != city || err != nil {
		t.Errorf("city: got %q, %v, want %q", got, err, city)
	}
	entries, err := c.Range(tx, "state", "", "", 100)
	var got []string
	for _, e := range entries {
		got = append(got, e.Value+":"+e.ID)
	}
	if joined := strings.Join(got, " "); joined != states || err != nil {
		t.Errorf("states: got %q, %v, want %q", joined, err, states)
	}
	some, err := c.Range(tx, "state", "new", "open", 100)
	for _, e := range some {
		if e.Value != "new" || err != nil {
			t.Errorf("range [new, open): got %q, %v", e.Value, err)
		}
	}
	open, err := c.Find(tx, "state", "open", 100)
	if want := strings.Count(states, "open:"); len(open) != want || err != nil {
		t.Errorf("find open: got %q, %v, want %d", open, err, want)
	}
}

func wantEmpty(t *testing.T, db store.DB, collections ...string) {
	t.Helper()
	view(t, db, func(tx store.Tx) error {
		for _, name := range collections {
			if got := scan(t, tx, name, "", "", 10); len(got) > 0 {
				t.Errorf("%s: got %q left over, want nothing", name, got)
			}
		}
		return nil
	})
}

func uniqueRace(t *testing.T, db store.DB) {
	c := shops(sealed(t))
	for round := range 8 {
		email := fmt.Sprint(round, "@x")
		won := make(chan string, 64)
		together(64, func(i int) {
			id := fmt.Sprint("r", round, "/", i)
			err := db.Update(context.Background(), func(tx store.Tx) error {
				return c.Insert(tx, id, &shop{Name: id, Emails: []string{email}})
			})
			switch {
			case err == nil:
				won <- id
			case !errors.Is(err, store.ErrExists):
				t.Errorf("insert: %v", err)
			}
		})
		close(won)
		if len(won) != 1 {
			t.Fatalf("round %d: got %d shops with one e-mail, want 1", round, len(won))
		}
		view(t, db, func(tx store.Tx) error {
			s, err := c.One(tx, "email", email)
			if err == nil {
				wantDoc(t, s.Name, <-won)
			}
			return err
		})
	}
}

func rotation(t *testing.T, db store.DB) {
	keys := sealed(t)
	c := shops(keys)
	mac, note := keys.MAC("test", []byte("x")), []byte("note")
	token, err := keys.Seal("test", nil, note)
	if err != nil {
		t.Fatalf("seal: %v", err)
	}
	update(t, db, func(tx store.Tx) error {
		return errors.Join(
			c.Insert(tx, "s1", &shop{Name: "one", Emails: []string{"a@x"}, City: "杭州", State: "open"}),
			c.Insert(tx, "s2", &shop{Name: "two", Emails: []string{"b@x"}, City: "杭州"}))
	})
	for round := range 2 {
		if err := keys.Rotate(); err != nil {
			t.Fatalf("rotate: %v", err)
		}
		update(t, db, func(tx store.Tx) error { // s1 moves to the new root, s2 stays under the first
			wantErr(t, c.Insert(tx, "s3", &shop{Emails: []string{"b@x"}}), store.ErrExists)
			wantErr(t, c.Put(tx, "s1", &shop{Emails: []string{"b@x"}}), store.ErrExists)
			return c.Put(tx, "s1", &shop{Name: "one", Emails: []string{"a@x"}, City: "杭州", State: "open"})
		})
		view(t, db, func(tx store.Tx) error {
			wantState(t, c, tx, map[string]string{"a@x": "one", "b@x": "two"}, "s1 s2", "open:s1")
			if got := len(scan(t, tx, "shop.email", "", "", 100)); got != 2 {
				t.Errorf("round %d: got %d entries, want 2: the old one moves", round, got)
			}
			return nil
		})
		if got, err := keys.Open("test", nil, token); err != nil || !bytes.Equal(got, note) {
			t.Errorf("opening what an older root sealed: got %q, %v", got, err)
		}
		if !keys.CheckMAC("test", []byte("x"), mac) {
			t.Error("a MAC of an older root does not pass")
		}
	}
	renewAll(t, db, c)
	update(t, db, func(tx store.Tx) error {
		wantState(t, c, tx, map[string]string{"a@x": "one", "b@x": "two"}, "s1 s2", "open:s1")
		return errors.Join(c.Delete(tx, "s1"), c.Delete(tx, "s2"))
	})
	wantEmpty(t, db, "shop", "shop.email", "shop.city", "shop.state")
}

func renewAll[T any](t *testing.T, db store.DB, c *store.Collection[T]) {
	t.Helper()
	for from, rounds := "", 0; ; rounds++ {
		var next string
		update(t, db, func(tx store.Tx) (err error) {
			next, err = c.Renew(tx, from, 1)
			return err
		})
		if next == "" || rounds > 10 {
			return
		}
		from = next
	}
}

// preparedRotation is two processes on one store that rotate as Prepare says.
func preparedRotation(t *testing.T, db store.DB) {
	var saved []byte
	save := func(sealed []byte) error { saved = bytes.Clone(sealed); return nil }
	one, err := store.NewKeys(store.Secret{1}, save)
	if err != nil {
		t.Fatalf("keys: %v", err)
	}
	two, err := store.LoadKeys(saved, store.Secret{1}, save)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	a, b := shops(one), shops(two)
	if err := one.Prepare(); err != nil {
		t.Fatalf("prepare: %v", err)
	}
	update(t, db, func(tx store.Tx) error { // two has not reloaded: it must read what one writes
		return errors.Join(a.Insert(tx, "s1", &shop{Name: "one", Emails: []string{"a@x"}}))
	})
	update(t, db, func(tx store.Tx) error {
		wantErr(t, b.Insert(tx, "s2", &shop{Emails: []string{"a@x"}}), store.ErrExists)
		return nil
	})
	if err := two.Reload(saved); err != nil {
		t.Fatalf("reload: %v", err)
	}
	if err := one.Rotate(); err != nil {
		t.Fatalf("rotate: %v", err)
	}
	if one.Roots() != 2 || two.Roots() != 2 {
		t.Errorf("got %d and %d roots, want 2: the prepared one is used", one.Roots(), two.Roots())
	}
	update(t, db, func(tx store.Tx) error {
		return a.Insert(tx, "s3", &shop{Name: "three", Emails: []string{"c@x"}})
	})
	update(t, db, func(tx store.Tx) error { // two still seals with the first root, and knows the second
		wantErr(t, b.Insert(tx, "s4", &shop{Emails: []string{"c@x"}}), store.ErrExists)
		wantState(t, b, tx, map[string]string{"a@x": "one", "c@x": "three"}, "", "")
		return nil
	})
}

func nothingInTheClear(t *testing.T, db store.DB) {
	const canary = "canary-7f3a"
	c := shops(sealed(t))
	update(t, db, func(tx store.Tx) error {
		return c.Insert(tx, "s1", &shop{Name: canary, Emails: []string{canary + "@x"}, City: canary + "@x"})
	})
	view(t, db, func(tx store.Tx) error {
		for _, name := range []string{"shop", "shop.email", "shop.city", "shop.state"} {
			for _, row := range scan(t, tx, name, "", "", 10) {
				if strings.Contains(row, canary) {
					t.Errorf("%s: got %q in the clear", name, row)
				}
			}
		}
		return nil
	})
	view(t, db, func(tx store.Tx) error { // the same value in two indexes must not show as the same
		for email := range tx.Scan("shop.email", "", "", 1) {
			for city := range tx.Scan("shop.city", "", "", 1) {
				if city.Key[:16] == email.Key[:16] {
					t.Error("one value has the same entry in two indexes, want them unlinkable")
				}
			}
		}
		return nil
	})
	view(t, db, func(tx store.Tx) error { // other keys: neither found nor readable
		other := shops(sealed(t))
		_, err := other.One(tx, "email", canary+"@x")
		wantErr(t, err, store.ErrNotFound)
		_, err = other.Get(tx, "s1")
		wantErr(t, err, store.ErrSealed)
		return nil
	})
}

// movedDocuments is someone who writes to the data base but has no keys.
func movedDocuments(t *testing.T, db store.DB) {
	keys := sealed(t)
	c := shops(keys)
	update(t, db, func(tx store.Tx) error {
		return errors.Join(
			c.Insert(tx, "s1", &shop{Name: "one", Emails: []string{"a@x"}}),
			c.Insert(tx, "s2", &shop{Name: "two", Emails: []string{"b@x"}}))
	})
	update(t, db, func(tx store.Tx) error {
		stored, err := tx.Get("shop", "s1")
		if err != nil {
			return err
		}
		stored = bytes.Clone(stored)
		flipped := bytes.Clone(stored)
		flipped[len(flipped)-1] ^= 1
		for id, data := range map[string][]byte{
			"s1-copy": stored, "flipped": flipped, "short": stored[:20], "empty": {},
			"plain": []byte("\x00{\"n\":\"thief\"}\x00"),
		} {
			if err := tx.Put("shop", id, data); err != nil {
				return err
			}
			if _, err := c.Get(tx, id); !errors.Is(err, store.ErrSealed) {
				t.Errorf("%s: got error %v, want %v", id, err, store.ErrSealed)
			}
		}
		other := store.NewCollection[shop]("market", keys)
		if err := tx.Put("market", "s1", stored); err != nil {
			return err
		}
		_, err = other.Get(tx, "s1")
		wantErr(t, err, store.ErrSealed)
		for doc, err := range tx.Scan("shop.email", "", "", 10) { // every e-mail leads to two
			if err != nil {
				return err
			}
			if err := tx.Put("shop.email", doc.Key, []byte("s2")); err != nil {
				return err
			}
		}
		_, err = c.One(tx, "email", "a@x")
		wantErr(t, err, store.ErrSealed)
		_, err = c.One(tx, "email", "b@x")
		return err
	})
}

func addedIndex(t *testing.T, db store.DB) {
	keys := sealed(t)
	before := store.NewCollection[shop]("shop", keys)
	update(t, db, func(tx store.Tx) error {
		return errors.Join(
			before.Insert(tx, "s1", &shop{Name: "one", Emails: []string{"a@x"}, City: "杭州", State: "open"}),
			before.Insert(tx, "s2", &shop{Name: "two", Emails: []string{"b@x"}}))
	})
	c := shops(keys)
	renewAll(t, db, c)
	view(t, db, func(tx store.Tx) error {
		wantState(t, c, tx, map[string]string{"a@x": "one", "b@x": "two"}, "s1", "open:s1")
		return nil
	})
	update(t, db, func(tx store.Tx) error { return before.Put(tx, "s2", &shop{Emails: []string{"a@x"}}) })
	err := db.Update(context.Background(), func(tx store.Tx) error {
		_, err := c.Renew(tx, "", 10)
		return err
	})
	wantErr(t, err, store.ErrExists)
}
