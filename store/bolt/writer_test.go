package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/latchkey-auth/latchkey/store"
)

// TestGroupEnds: a commit holds so many calls and so many bytes, and not one more; what is over goes to the next.
func TestGroupEnds(t *testing.T) {
	const frame = len("c") + len("big")
	for _, test := range []struct {
		name    string
		held    int // bytes that the first call of the group writes
		queued  int
		commits uint64
	}{
		{"all calls", 0, groupCalls - 1, 1},
		{"a call more", 0, groupCalls, 2},
		{"a byte is left", groupBytes - frame - 1, 1, 1},
		{"no byte is left", groupBytes - frame, 1, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			db := openTemp(t)
			let := holding(db, func(tx store.Tx) error { return tx.Put("c", "big", make([]byte, test.held)) })
			all := queue(db, test.queued, func(i int) {
				if err := putIn(db, fmt.Sprint(i), 0); err != nil {
					t.Errorf("update: %v", err)
				}
			})
			let()
			all.Wait()
			got := db.Stats()
			if want := uint64(test.queued) + 1; got.Commits != test.commits || got.Updates != want {
				t.Errorf("got %+v, want %d commits for %d updates", got, test.commits, want)
			}
		})
	}
}

// TestQueueIsFull: who cannot even wait leaves when its context ends or the store closes.
func TestQueueIsFull(t *testing.T) {
	db := openTemp(t)
	let := hold(db)
	all := queue(db, queueLength, func(i int) {
		if err := putIn(db, fmt.Sprint(i), 0); err != nil {
			t.Errorf("update: %v", err)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ran := false
	fn := func(store.Tx) error { ran = true; return nil }
	if err := db.Update(ctx, fn); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
	let()
	all.Wait()
	if got := db.Stats().Updates; ran || got != queueLength+1 {
		t.Errorf("got %d updates, want %d: not the one whose context had ended", got, queueLength+1)
	}
}

// TestAfterTheLastRound: a call that comes when the writer has just ended is not waited for, and one that it has
// answered gets its answer.
func TestAfterTheLastRound(t *testing.T) {
	ended := func(room int) *DB {
		db := &DB{calls: make(chan *call, room), closing: make(chan struct{}), stopped: make(chan struct{})}
		db.pool.New = newCall
		return db
	}
	db := ended(1)
	close(db.stopped)
	if err := db.Update(context.Background(), nil); !errors.Is(err, store.ErrClosed) {
		t.Errorf("got error %v, want %v", err, store.ErrClosed)
	}
	answer := errors.New("answer")
	for range 64 { // which of two channels is heard is chance
		db := ended(0)
		var all sync.WaitGroup
		all.Go(func() {
			if err := db.Update(context.Background(), nil); !errors.Is(err, answer) {
				t.Errorf("got error %v, want %v", err, answer)
			}
		})
		c := <-db.calls
		c.state.Store(taken)
		c.err = answer
		c.done <- struct{}{}
		close(db.stopped)
		all.Wait()
	}
}

// TestBrokenGroupLeavesNothing: where bbolt refuses a write that was checked, the whole group is told and rolled back.
func TestBrokenGroupLeavesNothing(t *testing.T) {
	db := openTemp(t)
	w := &writer{db: db}
	cause := errors.New("cause")
	for round := range 2 {
		c := &call{
			ctx: context.Background(), done: make(chan struct{}, 1),
			fn: func(tx store.Tx) error { return tx.Put("c", fmt.Sprint(round), nil) },
		}
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		w.run(c)
		want := error(nil)
		if round == 0 {
			w.broken, want = cause, cause
		}
		w.end()
		if <-c.done; !errors.Is(c.err, want) || w.broken != nil {
			t.Errorf("round %d: got error %v, want %v, and nothing kept for the next", round, c.err, want)
		}
	}
	if got := holds(t, db); got != 1 {
		t.Errorf("got %d documents, want only that of the second group", got)
	}
}

func TestNoSpace(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{fmt.Errorf("write: %w", syscall.ENOSPC), true},
		{fmt.Errorf("write: %w", syscall.EDQUOT), true},
		{fmt.Errorf("write: %w", syscall.EFBIG), true},
		{berrors.ErrMaxSizeReached, true},
		{errors.New("file resize error: " + syscall.ENOSPC.Error()), true},
		{errors.New("file resize error: " + syscall.EDQUOT.Error()), true},
		{errors.New("file resize error: " + berrors.ErrMaxSizeReached.Error()), true},
		{errors.New("file resize error: " + syscall.EIO.Error()), false},
		{errors.New("no space left on device: file sync error"), false},
		{syscall.EIO, false},
	} {
		if got := noSpace(test.err); got != test.want {
			t.Errorf("%v: got no space %v, want %v", test.err, got, test.want)
		}
	}
}

// TestOpened: the file is complete when it has its name, waits a second for another process, and grows by little.
func TestOpened(t *testing.T) {
	if got := (Options{}).bolt(); got.Timeout != time.Second || got.InitialMmapSize != 1<<30 {
		t.Errorf("got %+v, want a wait of 1 s and 1 GB mapped ahead", got)
	}
	if got := (Options{LockTimeout: time.Hour}).bolt(); got.Timeout != time.Hour {
		t.Errorf("got a wait of %v, want what was asked for", got.Timeout)
	}
	path := filepath.Join(t.TempDir(), "data")
	seen := int64(-1)
	db := openAt(t, path, Options{openFile: func(name string, flag int, mode fs.FileMode) (*os.File, error) {
		if info, err := os.Stat(name); err == nil {
			seen = info.Size()
		}
		return os.OpenFile(name, flag, mode)
	}})
	if want := int64(4 * os.Getpagesize()); seen < want {
		t.Errorf("got a file of %d bytes under the store's name before it was opened, want %d", seen, want)
	}
	if err := putIn(db, "k", 10_000); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Size(); got < 4<<20 || got > 5<<20 {
		t.Errorf("got a file of %d bytes after one document, want 4 MB ahead", got)
	}
}

// TestCompactInParts: a copy is written in transactions of 8 MB, so that it needs little memory.
func TestCompactInParts(t *testing.T) {
	dir := t.TempDir()
	db := openAt(t, filepath.Join(dir, "data"), Options{})
	for i := range 20 {
		if err := putIn(db, fmt.Sprint(i), 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	small := filepath.Join(dir, "small")
	if err := db.Compact(small); err != nil {
		t.Fatal(err)
	}
	copied := openAt(t, small, Options{})
	if got := holds(t, copied); got != 20 {
		t.Errorf("got %d documents, want 20", got)
	}
	err := copied.bolt.View(func(tx *bbolt.Tx) error {
		if got := tx.ID(); got < 3 || got > 6 { // a new file's is 1
			t.Errorf("got the copy at transaction %d, want some for its 20 MB", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestGetAllocatesNothing: a bucket that was opened stays so within its transaction.
func TestGetAllocatesNothing(t *testing.T) {
	db := openTemp(t)
	if err := putIn(db, "k", 10); err != nil {
		t.Fatal(err)
	}
	err := db.View(context.Background(), func(tx store.Tx) error {
		if got := testing.AllocsPerRun(100, func() { tx.Get("c", "k") }); got > 0 {
			t.Errorf("got %v allocations, want none", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
