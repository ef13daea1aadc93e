package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"github.com/latchkey-auth/latchkey/store"
)

// Twice wraps a store so that every Update behaves as one that meets conflicts: fn runs two to four
// times, each time but the last in a transaction of its own that is thrown away. Others write between
// the runs, as they do under real conflicts. What passes on it does not lean on fn running once. seed
// makes the numbers of runs the same again.
func Twice(db store.DB, seed uint64) store.DB {
	return &twice{DB: db, rand: rand.New(rand.NewPCG(seed, seed))}
}

type twice struct {
	store.DB
	mu   sync.Mutex
	rand *rand.Rand
}

var errConflict = errors.New("injected conflict")

func (d *twice) Update(ctx context.Context, fn func(store.Tx) error) error {
	d.mu.Lock()
	extra := 1 + d.rand.IntN(3)
	d.mu.Unlock()
	for range extra {
		err := d.DB.Update(ctx, func(tx store.Tx) error {
			fn(tx) // its answer is thrown away with its writes
			return errConflict
		})
		if err != errConflict {
			return err
		}
	}
	return d.DB.Update(ctx, fn)
}
