package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
)

// A member is about as large as a seller's account.
type member struct {
	ID      string   `json:"i"`
	Name    string   `json:"n"`
	Emails  []string `json:"e"`
	Phone   string   `json:"p"`
	Hash    []byte   `json:"h"`
	Epoch   int      `json:"x"`
	Created int64    `json:"c"`
}

func members(keys *store.Keys) *store.Collection[member] {
	return store.NewCollection("member", keys,
		store.Blind("email", true, func(m *member) []string { return m.Emails }),
		store.Blind("phone", true, func(m *member) []string { return []string{m.Phone} }))
}

func aMember(i int) *member {
	return &member{
		ID: fmt.Sprintf("member-%012d", i), Name: "杭州小店", Emails: []string{fmt.Sprint(i, "@shop.example")},
		Phone: fmt.Sprintf("+86138%08d", i), Hash: make([]byte, 64), Epoch: i, Created: 1_795_000_000,
	}
}

func BenchmarkCollection(b *testing.B) {
	sealed, err := store.NewKeys(store.Secret{1}, func([]byte) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	for _, k := range []struct {
		name string
		keys *store.Keys
	}{{"plain", store.Plain()}, {"sealed", sealed}} {
		c := members(k.keys)
		m := aMember(1)
		ops := []struct {
			name string
			fn   func(store.Tx) error
		}{
			{"Get", func(tx store.Tx) error { _, err := c.Get(tx, m.ID); return err }},
			{"One", func(tx store.Tx) error { _, err := c.One(tx, "email", m.Emails[0]); return err }},
			{"Put", func(tx store.Tx) error { return c.Put(tx, m.ID, m) }},
		}
		for _, op := range ops {
			b.Run(op.name+"/"+k.name, func(b *testing.B) {
				db, err := bolt.Open(filepath.Join(b.TempDir(), "data"), bolt.Options{})
				if err != nil {
					b.Fatal(err)
				}
				defer db.Close()
				err = db.Update(context.Background(), func(tx store.Tx) error { return c.Insert(tx, m.ID, m) })
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				err = db.Update(context.Background(), func(tx store.Tx) error { // one transaction: no disk in it
					for b.Loop() {
						if err := op.fn(tx); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

func BenchmarkKeys(b *testing.B) {
	keys, err := store.NewKeys(store.Secret{1}, func([]byte) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	plaintext, aad := make([]byte, 400), make([]byte, 48)
	sealed, err := keys.Seal("bench", aad, plaintext)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.Seal("bench", aad, plaintext); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.Open("bench", aad, sealed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("MAC", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			keys.MAC("bench", aad)
		}
	})
}
