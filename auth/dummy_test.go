package auth_test

import (
	"context"
	"iter"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A reader counts the documents that snapshots give out.
type reader struct {
	store.DB
	read int
}

func (r *reader) View(ctx context.Context, fn func(store.Tx) error) error {
	return r.DB.View(ctx, func(tx store.Tx) error { return fn(readTx{tx, r}) })
}

type readTx struct {
	store.Tx
	r *reader
}

func (t readTx) Get(collection, key string) ([]byte, error) {
	doc, err := t.Tx.Get(collection, key)
	if err == nil && len(doc) > 64 { // no row of an index
		t.r.read++
	}
	return doc, err
}

func (t readTx) Scan(collection, from, to string, limit int) iter.Seq2[store.Doc, error] {
	return func(yield func(store.Doc, error) bool) {
		for d, err := range t.Tx.Scan(collection, from, to, limit) {
			t.r.read++
			if !yield(d, err) {
				return
			}
		}
	}
}

// Reading and opening documents takes time that can be measured from outside:
// for an identifier that nobody has, as many are read as for a seller with a key.
func TestKeyFirstReadsAsMuchForNobody(t *testing.T) {
	w := newWorld(t)
	w.withKey("seller@example.com", sellerNumber, virtual.Options{Seed: []byte("one")}, auth.SecurityKey)
	count := &reader{DB: w.db}
	cfg := w.cfg
	cfg.DB = count
	s, err := auth.New(cfg)
	ok(t, "start", err)
	read := func(identifier string) int {
		count.read = 0
		_, err := s.SignInKeyFirst(t.Context(), caller("stranger"), auth.KeyFirstForm{Identifier: identifier})
		ok(t, identifier, err)
		return count.read
	}
	seller, nobody := read("seller@example.com"), read("nobody@example.com")
	if seller != nobody || seller == 0 {
		t.Errorf("got %d documents for a seller with a key and %d for nobody, want the same", seller, nobody)
	}
	_, err = s.SignIn(t.Context(), caller("stranger"), auth.SignInForm{Identifier: "nobody@example.com",
		Password: password})
	wantCode(t, "the stand-in is no account", err, auth.SignInRefused)
}
