package auth_test

import (
	"context"
	"sync"

	"github.com/latchkey-auth/latchkey/store"
)

// A between is a store that lets a test act just before a transaction begins that is to write: between what a use case
// has looked at and what it concludes.
type between struct {
	store.DB

	mu      sync.Mutex
	updates int
	at      int    // the update before which act runs
	act     func() // nil: none
	missing int    // how many are still waited for before any goes on
	all     chan struct{}
}

func (b *between) Update(ctx context.Context, fn func(store.Tx) error) error {
	b.mu.Lock()
	b.updates++
	act := b.act
	if act != nil && b.updates == b.at {
		b.act = nil
	} else {
		act = nil
	}
	wait := b.all
	if b.missing > 0 {
		if b.missing--; b.missing == 0 {
			close(b.all)
			b.all = nil
		}
	}
	b.mu.Unlock()
	if act != nil {
		act()
	}
	if wait != nil {
		<-wait
	}
	return b.DB.Update(ctx, fn)
}

// counted says how many updates something makes.
func (b *between) counted(do func()) int {
	before := b.updates
	do()
	return b.updates - before
}

// before has act run before the nth update from now.
func (b *between) before(nth int, act func()) {
	b.at, b.act = b.updates+nth, act
}

// meet has the next n updates begin together: none before the last of them is there.
func (b *between) meet(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.missing, b.all = n, make(chan struct{})
}
