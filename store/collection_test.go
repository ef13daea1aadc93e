package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
)

func openStore(t testing.TB) *bolt.DB {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "data"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func update(t testing.TB, db store.DB, fn func(store.Tx) error) {
	t.Helper()
	if err := db.Update(context.Background(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

// A stall is a document in its version 2. Version 0 had one member "owner" with given and family name;
// version 1 had "given" and "family"; version 2 has "name" and counts.
type stall struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	Before int    `json:"-"`
}

func (s *stall) Version() byte { return 2 }

func (s *stall) Upgrade(from byte, old []byte) error {
	s.Before = int(from)
	var o struct{ Owner, Given, Family string }
	if err := json.Unmarshal(old, &o); err != nil {
		return err
	}
	switch from {
	case 0:
		s.Name = o.Owner
	case 1:
		s.Name = o.Given + " " + o.Family
	}
	if s.Name == "" {
		return errors.New("a stall without a name")
	}
	return nil
}

// TestGolden reads documents that older programs wrote, with the keyset of that time: whoever changes a
// format must still read these files.
func TestGolden(t *testing.T) {
	secret, err := store.ReadSecret("testdata/secret")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile("testdata/keys")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.LoadKeys(sealed, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		file   string
		keys   *store.Keys
		want   stall
		reject string
	}{
		{file: "stall-0.sealed", keys: keys, want: stall{Name: "Wang Fang", Size: 7, Before: 0}},
		{file: "stall-1.sealed", keys: keys, want: stall{Name: "Fang Wang", Size: 7, Before: 1}},
		{file: "stall-0.plain", keys: store.Plain(), want: stall{Name: "Wang Fang", Size: 7, Before: 0}},
		{file: "stall-2.plain", keys: store.Plain(), want: stall{Name: "王芳", Size: 9}},
		{file: "stall-3.plain", keys: store.Plain(), reject: "version 3 is newer"},
		{file: "stall-bad.plain", keys: store.Plain(), reject: "a stall without a name"},
	}
	db := openStore(t)
	for _, test := range tests {
		stored, err := os.ReadFile(filepath.Join("testdata", test.file))
		if err != nil {
			t.Fatal(err)
		}
		c := store.NewCollection[stall]("stall", test.keys)
		update(t, db, func(tx store.Tx) error {
			if err := tx.Put("stall", "golden", stored); err != nil {
				return err
			}
			got, err := c.Get(tx, "golden")
			if test.reject != "" {
				if err == nil || !strings.Contains(err.Error(), test.reject) {
					t.Errorf("%s: got error %v, want %q", test.file, err, test.reject)
				}
				return nil
			}
			if err != nil || *got != test.want {
				t.Errorf("%s: got %+v, %v, want %+v", test.file, got, err, test.want)
				return nil
			}
			if err := c.Put(tx, "golden", got); err != nil { // now of the newest version
				return err
			}
			again, err := c.Get(tx, "golden")
			if err != nil || again.Name != test.want.Name || again.Before != 0 {
				t.Errorf("%s: got %+v, %v written anew, want it not upgraded again", test.file, again, err)
			}
			return nil
		})
	}
}

// TestUnversionedRefusesVersions: a program without the new type must not write back what it dropped.
func TestUnversionedRefusesVersions(t *testing.T) {
	db := openStore(t)
	update(t, db, func(tx store.Tx) error {
		if err := store.NewCollection[stall]("stall", store.Plain()).Put(tx, "s", &stall{Name: "x"}); err != nil {
			return err
		}
		c := store.NewCollection[struct{}]("stall", store.Plain())
		if got, err := c.Get(tx, "s"); err == nil {
			t.Errorf("got %v from a newer document, want an error", got)
		}
		return nil
	})
}

func TestNewCollectionRefusesSlips(t *testing.T) {
	none := func(*member) []string { return nil }
	for name, make := range map[string]func(){
		"no name":    func() { store.NewCollection[member]("", store.Plain()) },
		"upper case": func() { store.NewCollection[member]("Member", store.Plain()) },
		"index twice": func() {
			store.NewCollection("m", store.Plain(), store.Ordered("a", none), store.Blind("a", true, none))
		},
		"index unnamed":    func() { store.NewCollection("m", store.Plain(), store.Ordered("", none)) },
		"index upper case": func() { store.NewCollection("m", store.Plain(), store.Ordered("A", none)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: got a collection, want a panic", name)
				}
			}()
			make()
		}()
	}
}

// A seller with a key, as large as the real ones: names, hashes and numbers of their length.
type (
	credential struct {
		Account   string   `json:"a"`
		Kind      string   `json:"k"`
		Name      string   `json:"n"`
		ID        []byte   `json:"i"`
		PublicKey []byte   `json:"p"`
		AAGUID    []byte   `json:"g"`
		Counter   uint32   `json:"c"`
		Transport []string `json:"t"`
		BoundAt   int64    `json:"b"`
		UsedAt    int64    `json:"u"`
	}
	event struct {
		At     int64  `json:"t"`
		Action string `json:"a"`
		Caller string `json:"c"`
		Result string `json:"r"`
		Remote string `json:"i"`
		Agent  string `json:"g"`
		Prev   []byte `json:"p"`
	}
)

// TestBytesOnDisk measures what a seller with one key, and an audit entry, take in a compacted file.
func TestBytesOnDisk(t *testing.T) {
	keys := newKeys(t)
	accounts := members(keys)
	credentials := store.NewCollection("credential", keys,
		store.Blind("id", true, func(c *credential) []string { return []string{string(c.ID)} }),
		store.Ordered("account", func(c *credential) []string { return []string{c.Account} }))
	events := store.NewCollection[event]("event", keys)
	const n = 2000
	spread := func(i int) string { return fmt.Sprintf("%026x", uint64(i)*0x9e3779b97f4a7c15) }
	sellers := compacted(t, func(tx store.Tx) error {
		for i := range n {
			id := spread(i)
			c := &credential{
				Account: id, Kind: "webauthn", Name: "办公室的钥匙", ID: []byte(strings.Repeat(id, 3)[:64]),
				PublicKey: make([]byte, 77),
				AAGUID:    make([]byte, 16), Counter: uint32(i), Transport: []string{"usb", "nfc"},
				BoundAt: 1_795_000_000, UsedAt: 1_795_000_000,
			}
			if err := errors.Join(accounts.Insert(tx, id, aMember(i)), credentials.Insert(tx, spread(i+n),
				c)); err != nil {
				return err
			}
		}
		return nil
	})
	audit := compacted(t, func(tx store.Tx) error {
		for i := range n {
			e := &event{
				At: 1_795_000_000_000, Action: "sign-in.finish", Caller: spread(i), Result: "ok", Remote: "2001:db8::1",
				Agent: "Chrome 142 Windows",
				Prev:  make([]byte, 32),
			}
			if err := events.Insert(tx, spread(i%50)+fmt.Sprintf("/%08x", i), e); err != nil {
				return err
			}
		}
		return nil
	})
	t.Logf("%d bytes a seller, %d bytes an audit entry", sellers/n, audit/n)
	if got := sellers / n; got > 3<<10 {
		t.Errorf("got %d bytes a seller with one key, want at most 3 KB", got)
	}
	if got := audit / n; got > 400 {
		t.Errorf("got %d bytes an audit entry, want at most 400", got)
	}
}

// compacted returns the size of the compacted file that fn has filled.
func compacted(t *testing.T, fn func(store.Tx) error) int64 {
	t.Helper()
	db := openStore(t)
	update(t, db, fn)
	path := filepath.Join(t.TempDir(), "small")
	if err := db.Compact(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// FuzzDecode: whatever lies in the data base, reading it panics on nothing and a sealed collection takes
// only what its keys have sealed.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"stall-0.sealed", "stall-0.plain", "stall-3.plain"} {
		stored, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(stored)
	}
	keys, err := store.NewKeys(store.Secret{2}, func([]byte) error { return nil })
	if err != nil {
		f.Fatal(err)
	}
	plain, sealed := store.NewCollection[stall]("stall", store.Plain()), store.NewCollection[stall]("stall", keys)
	f.Fuzz(func(t *testing.T, stored []byte) {
		tx := reading{stored: stored}
		if doc, err := plain.Get(tx, "id"); (doc == nil) == (err == nil) {
			t.Errorf("got %v and %v, want one of them", doc, err)
		}
		if doc, err := sealed.Get(tx, "id"); !errors.Is(err, store.ErrSealed) {
			t.Errorf("got %v, %v from bytes nobody sealed, want %v", doc, err, store.ErrSealed)
		}
	})
}

// reading is a transaction in which every key leads to the same bytes; nothing else of it is used.
type reading struct {
	store.Tx
	stored []byte
}

func (r reading) Get(string, string) ([]byte, error) { return r.stored, nil }
