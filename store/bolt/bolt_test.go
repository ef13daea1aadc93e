package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/storetest"
)

func openTemp(t testing.TB) *DB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "data"), Options{})
}

func openAt(t testing.TB, path string, opts Options) *DB {
	t.Helper()
	db, err := Open(path, opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB { return openTemp(t) })
}

func TestStoreTwice(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB { return storetest.Twice(openTemp(t), 1) })
}

func putIn(db store.DB, key string, size int) error {
	return db.Update(context.Background(), func(tx store.Tx) error { return tx.Put("c", key, make([]byte, size)) })
}

// holds returns how many documents there are.
func holds(t testing.TB, db store.DB) (n int) {
	t.Helper()
	err := db.View(context.Background(), func(tx store.Tx) error {
		n = 0
		for _, err := range tx.Scan("c", "", "", 1<<30) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatalf("view: %v", err)
	}
	return n
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	db := openAt(t, path, Options{})
	for i := range 10 {
		if err := putIn(db, fmt.Sprint(i), 10); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := holds(t, openAt(t, path, Options{})); got != 10 {
		t.Errorf("got %d documents after reopening, want 10", got)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("got mode %o, want 600", got)
	}
	wantFiles(t, filepath.Dir(path), "data")
}

// wantFiles checks that nothing temporary is left.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got files %q, want %q", got, want)
	}
}

func TestInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	openAt(t, path, Options{})
	_, err := Open(path, Options{LockTimeout: time.Millisecond})
	if !errors.Is(err, store.ErrInUse) {
		t.Fatalf("got error %v, want %v", err, store.ErrInUse)
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("got error %q, want it to name %s", err, path)
	}
}

func TestOpenTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	var all sync.WaitGroup
	opened := make(chan *DB, 8)
	for range 8 {
		all.Go(func() {
			db, err := Open(path, Options{LockTimeout: time.Millisecond})
			if err == nil {
				opened <- db
			} else if !errors.Is(err, store.ErrInUse) {
				t.Errorf("open: %v", err)
			}
		})
	}
	all.Wait()
	close(opened)
	if len(opened) != 1 {
		t.Errorf("got the file opened %d times at once, want 1", len(opened))
	}
	for db := range opened {
		db.Close()
	}
	wantFiles(t, filepath.Dir(path), "data")
}

func TestOpenRefusesOtherFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	text := bytes.Repeat([]byte("not a store "), 1000)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err := Open(path, Options{}); err == nil {
		db.Close()
		t.Error("got a store from a file that is none, want an error")
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(after, text) {
		t.Error("Open changed a file that is no store")
	}
}

// hold keeps the writer busy until the returned function is called, so that what comes meanwhile joins
// its group. Its own answer is the group's.
func hold(db *DB) (let func()) { return holding(db, func(store.Tx) error { return nil }) }

// holding is hold with what the call that is held writes.
func holding(db *DB, fn func(store.Tx) error) (let func()) {
	running := make(chan struct{})
	free := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.Update(context.Background(), func(tx store.Tx) error {
			close(running)
			<-free
			return fn(tx)
		})
	}()
	<-running
	return func() { close(free); <-done }
}

// queue starts n Updates and returns when all wait for the writer.
func queue(db *DB, n int, fn func(i int)) *sync.WaitGroup {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { fn(i) })
	}
	for db.Stats().Waiting < n {
		time.Sleep(50 * time.Microsecond) // a condition, not a time: nothing else tells that they wait
	}
	return &all
}

func TestGroupCommit(t *testing.T) {
	db := openTemp(t)
	let := hold(db)
	all := queue(db, 64, func(i int) {
		if err := putIn(db, fmt.Sprint(i), 10); err != nil {
			t.Errorf("update: %v", err)
		}
	})
	let()
	all.Wait()
	if got := db.Stats(); got.Commits != 1 || got.Updates != 65 || got.Waiting != 0 {
		t.Errorf("got %+v, want 1 commit for 65 updates", got)
	}
	if got := holds(t, db); got != 64 {
		t.Errorf("got %d documents, want 64", got)
	}
}

// TestNothingWrittenNoCommit: garbage requests must not cost a durable commit.
func TestNothingWrittenNoCommit(t *testing.T) {
	db := openTemp(t)
	refused := errors.New("refused")
	for _, fn := range []func(store.Tx) error{
		func(tx store.Tx) error { return nil },
		func(tx store.Tx) error { return tx.Delete("c", "absent") },
		func(tx store.Tx) error { return errors.Join(tx.Put("c", "k", nil), refused) },
	} {
		if err := db.Update(context.Background(), fn); err != nil && !errors.Is(err, refused) {
			t.Errorf("update: %v", err)
		}
	}
	if got := db.Stats().Commits; got != 0 {
		t.Errorf("got %d commits, want 0", got)
	}
}

// TestGroupSees: a later fn of a group sees what an earlier one wrote, and nothing of one that failed.
func TestGroupSees(t *testing.T) {
	db := openTemp(t)
	let := hold(db)
	refused := errors.New("refused")
	var mu sync.Mutex
	order := map[string]int{} // how many documents each fn saw
	all := queue(db, 20, func(i int) {
		err := db.Update(context.Background(), func(tx store.Tx) error {
			n := 0
			for range tx.Scan("c", "", "", 100) {
				n++
			}
			mu.Lock()
			order[fmt.Sprint(i)] = n
			mu.Unlock()
			if err := tx.Put("c", fmt.Sprint(i), nil); err != nil || i%2 == 0 {
				return errors.Join(err, refused)
			}
			return nil
		})
		if (err == nil) == (i%2 == 0) {
			t.Errorf("update %d: %v", i, err)
		}
	})
	let()
	all.Wait()
	seen := map[int]bool{}
	for name, n := range order {
		if len(name) > 0 && (name[len(name)-1]-'0')%2 == 1 {
			seen[n] = true
		}
	}
	if len(seen) != 10 {
		t.Errorf("the 10 that succeeded saw %v documents, want each another number from 0 to 9", seen)
	}
	if got := db.Stats().Commits; got != 1 {
		t.Errorf("got %d commits, want 1", got)
	}
}

// TestLeftWhileWaiting: a call whose context ends in the queue is never run.
func TestLeftWhileWaiting(t *testing.T) {
	db := openTemp(t)
	let := hold(db)
	ctx, cancel := context.WithCancel(context.Background())
	all := queue(db, 8, func(i int) {
		err := db.Update(ctx, func(tx store.Tx) error { return tx.Put("c", fmt.Sprint(i), nil) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want %v", err, context.Canceled)
		}
	})
	cancel()
	all.Wait() // they leave though the writer is still held
	let()
	if err := putIn(db, "last", 1); err != nil {
		t.Fatal(err)
	}
	if got := holds(t, db); got != 1 {
		t.Errorf("got %d documents, want 1", got)
	}
	if got := db.Stats().Updates; got != 2 {
		t.Errorf("got %d updates answered, want 2: those that left are passed over", got)
	}
}

// TestContextEndsAtPickUp: the writer takes a call before its caller has left, and still does not run it.
func TestContextEndsAtPickUp(t *testing.T) {
	db := openTemp(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ran := false
	c := &call{ctx: ctx, fn: func(store.Tx) error { ran = true; return nil }, done: make(chan struct{}, 1)}
	w := &writer{db: db}
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
	w.run(c)
	w.end()
	if <-c.done; ran || !errors.Is(c.err, context.Canceled) {
		t.Errorf("got run %v and error %v, want no run and %v", ran, c.err, context.Canceled)
	}
}

func TestCloseDrains(t *testing.T) {
	db := openTemp(t)
	let := hold(db)
	all := queue(db, 32, func(i int) {
		if err := putIn(db, fmt.Sprint(i), 10); err != nil {
			t.Errorf("update that waited when Close came: %v", err)
		}
	})
	closed := make(chan error)
	go func() { closed <- db.Close() }()
	<-db.closing
	let()
	all.Wait()
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestPanicKeepsValue(t *testing.T) {
	db := openTemp(t)
	cause := errors.New("cause")
	defer func() {
		p, _ := recover().(*Panic)
		if p == nil || !errors.Is(p, cause) || !strings.Contains(p.Error(), "TestPanicKeepsValue") {
			t.Errorf("got panic %v, want a *Panic of %v with the stack of fn", p, cause)
		}
	}()
	db.Update(context.Background(), func(store.Tx) error { panic(cause) })
}

func TestCompact(t *testing.T) {
	dir := t.TempDir()
	db := openAt(t, filepath.Join(dir, "data"), Options{})
	for i := range 50 {
		if err := putIn(db, fmt.Sprint(i), 100_000); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 45 {
		err := db.Update(context.Background(), func(tx store.Tx) error { return tx.Delete("c", fmt.Sprint(i)) })
		if err != nil {
			t.Fatal(err)
		}
	}
	small := filepath.Join(dir, "small")
	if err := db.Compact(small); err != nil {
		t.Fatal(err)
	}
	if err := db.Compact(small); !errors.Is(err, fs.ErrExist) {
		t.Errorf("compacting onto a file: got error %v, want %v", err, fs.ErrExist)
	}
	wantFiles(t, dir, "data", "small")
	before, _ := os.Stat(filepath.Join(dir, "data"))
	after, err := os.Stat(small)
	if err != nil {
		t.Fatal(err)
	}
	if after.Size() >= before.Size()/2 {
		t.Errorf("got %d bytes of %d, want less than half", after.Size(), before.Size())
	}
	if got := holds(t, openAt(t, small, Options{})); got != 5 {
		t.Errorf("got %d documents in the copy, want 5", got)
	}
}
