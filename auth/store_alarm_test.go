package auth_test

import (
	"context"
	"errors"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// A fullDisk judges every pass and stores none while it is full.
type fullDisk struct {
	store.DB
	full bool
}

var errFull = errors.New("no space left on device")

func (d *fullDisk) Update(ctx context.Context, fn func(store.Tx) error) error {
	return d.DB.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil || !d.full {
			return err
		}
		return errFull
	})
}

// What could not be stored sounds an alarm until the next that could; what failed by itself, was refused or only read
// is none of it.
func TestAFullDiskSoundsAnAlarm(t *testing.T) {
	disk := &fullDisk{}
	w := newWorld(t, func(c *auth.Config) {
		disk.DB = c.DB
		c.DB = disk
	})
	ctx := t.Context()
	alarm := func(what string, want bool) {
		t.Helper()
		if got := w.s.StoreAlarm(); got != want {
			t.Errorf("%s: got an alarm: %v, want %v", what, got, want)
		}
	}
	ask := func() error { return lastErr(w.s.SignUp(ctx, caller("home"), "seller@example.com")) }
	ok(t, "a sign-up", ask())
	alarm("what could be stored", false)
	disk.full = true
	if err := ask(); !errors.Is(err, errFull) {
		t.Fatalf("got %v, want the disk full", err)
	}
	alarm("what could not", true)
	_, err := w.s.Me(ctx, caller("home"))
	wantCode(t, "a look without a session", err, auth.SessionRequired)
	alarm("after a look", true)
	disk.full = false
	ok(t, "a sign-up again", ask())
	alarm("the next that could", false)
}
