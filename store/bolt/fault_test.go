package bolt

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/store"
)

// A fault replaces what lies under the store's file descriptor: the mapping stays, so reads go on, while
// writes meet another device. /dev/full answers ENOSPC; /dev/null takes writes and refuses fdatasync.
type fault struct {
	fd, saved int
}

func openFaulty(t *testing.T, opts Options) (*DB, *fault) {
	t.Helper()
	var f fault
	opts.openFile = func(name string, flag int, mode fs.FileMode) (*os.File, error) {
		file, err := os.OpenFile(name, flag, mode)
		if err == nil {
			f.fd = int(file.Fd())
		}
		return file, err
	}
	db := openAt(t, filepath.Join(t.TempDir(), "data"), opts)
	// Free pages, so that writing need not grow the file.
	if err := putIn(db, "room", 1<<20); err != nil {
		t.Fatal(err)
	}
	err := db.Update(context.Background(), func(tx store.Tx) error { return tx.Delete("c", "room") })
	if err != nil {
		t.Fatal(err)
	}
	if err := putIn(db, "kept", 10); err != nil {
		t.Fatal(err)
	}
	if f.saved, err = unix.Dup(f.fd); err != nil { // keeps the lock, too
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.heal(t)
		unix.Close(f.saved)
	})
	return db, &f
}

func (f *fault) set(t *testing.T, device string) {
	t.Helper()
	file, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := unix.Dup3(int(file.Fd()), f.fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
}

func (f *fault) heal(t *testing.T) {
	t.Helper()
	if err := unix.Dup3(f.saved, f.fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
}

func sound(t *testing.T, db *DB) {
	t.Helper()
	err := db.bolt.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("check: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNoSpaceHeals(t *testing.T) {
	db, f := openFaulty(t, Options{})
	for round := range 3 {
		f.set(t, "/dev/full")
		let := hold(db)
		all := queue(db, 8, func(i int) {
			if err := putIn(db, fmt.Sprint("lost", i), 10); !errors.Is(err, store.ErrUnavailable) ||
				!errors.Is(err, syscall.ENOSPC) {
				t.Errorf("got error %v, want %v", err, store.ErrUnavailable)
			}
		})
		let()
		all.Wait()
		if got := holds(t, db); got != 1+round {
			t.Errorf("got %d documents while there is no space, want %d", got, 1+round)
		}
		f.heal(t)
		if err := putIn(db, fmt.Sprint("healed", round), 10); err != nil {
			t.Fatalf("after there is space again: %v", err)
		}
		sound(t, db)
	}
	select {
	case <-db.Failed():
		t.Error("Failed is closed, want it open: no space is no unknown outcome")
	default:
	}
	path := db.bolt.Path()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := holds(t, openAt(t, path, Options{})); got != 4 {
		t.Errorf("got %d documents after reopening, want 4", got)
	}
}

// TestRefusalOnLostStateIsVoid: a fn that was refused because of what an earlier one of its group wrote
// must not be told so when that is rolled back.
func TestRefusalOnLostStateIsVoid(t *testing.T) {
	db, f := openFaulty(t, Options{})
	f.set(t, "/dev/full")
	let := hold(db)
	spent := errors.New("spent")
	all := queue(db, 8, func(int) {
		err := db.Update(context.Background(), func(tx store.Tx) error {
			if _, err := tx.Get("c", "spent"); err == nil {
				return spent
			}
			return tx.Put("c", "spent", nil)
		})
		if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, spent) {
			t.Errorf("got error %v, want %v", err, store.ErrUnavailable)
		}
	})
	let()
	all.Wait()
}

func TestMaxSize(t *testing.T) {
	db := openAt(t, filepath.Join(t.TempDir(), "data"), Options{MaxSize: 1 << 20, addressSpace: 64 << 10})
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		err = putIn(db, fmt.Sprint(n), 50_000)
	}
	if !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got error %v after %d documents, want %v", err, n, store.ErrUnavailable)
	}
	if got := holds(t, db); got != n-1 {
		t.Errorf("got %d documents, want %d", got, n-1)
	}
	sound(t, db)
}

// wantDead checks that the handle serves nothing any more.
func wantDead(t *testing.T, db *DB) {
	t.Helper()
	select {
	case <-db.Failed():
	default:
		t.Error("Failed is open, want it closed")
	}
	ran := false
	fn := func(store.Tx) error { ran = true; return nil }
	for range 3 {
		if err := db.Update(context.Background(), fn); !errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("update: got error %v, want %v", err, store.ErrUnknownOutcome)
		}
		if err := db.View(context.Background(), fn); !errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("view: got error %v, want %v", err, store.ErrUnknownOutcome)
		}
	}
	if ran {
		t.Error("a fn ran on a store whose state is unknown")
	}
	if err := db.Compact(filepath.Join(t.TempDir(), "copy")); !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("compact: got error %v, want %v", err, store.ErrUnknownOutcome)
	}
}

func TestSyncFailsStops(t *testing.T) {
	db, f := openFaulty(t, Options{})
	f.set(t, "/dev/null")
	let := hold(db)
	all := queue(db, 8, func(i int) {
		if err := putIn(db, fmt.Sprint(i), 10); !errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("got error %v, want %v", err, store.ErrUnknownOutcome)
		}
	})
	let()
	all.Wait()
	f.heal(t) // too late: what was dropped stays dropped
	wantDead(t, db)
}

// TestLateErrorStops: the commit is there, yet bbolt reports an error, as after EIO at the last
// fdatasync. Even "no space" is then an unknown outcome.
func TestLateErrorStops(t *testing.T) {
	for _, cause := range []error{syscall.EIO, syscall.ENOSPC} {
		db := openTemp(t)
		db.commit = func(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), cause) }
		if err := putIn(db, "k", 10); !errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("%v: got error %v, want %v", cause, err, store.ErrUnknownOutcome)
		}
		wantDead(t, db)
	}
}

// TestDiskFull fills a real file system of 2 MB.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("SKIPPED: the full disk was not tested, mounting a tmpfs is not permitted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "data")
	db := openAt(t, path, Options{})
	acked := 0
	fillUp := func() {
		for {
			err := putIn(db, fmt.Sprint(acked), 3000)
			if errors.Is(err, store.ErrUnavailable) {
				return
			}
			if err != nil || acked > 2000 {
				t.Fatalf("after %d documents: %v", acked, err)
			}
			acked++
		}
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 600<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	fillUp()
	first := acked
	if got := holds(t, db); got != acked {
		t.Errorf("got %d documents on a full disk, want %d", got, acked)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	fillUp()
	if acked == first {
		t.Error("nothing was written after there was space again")
	}
	sound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := holds(t, openAt(t, path, Options{})); got != acked {
		t.Errorf("got %d documents after reopening, want the %d acknowledged", got, acked)
	}
}

// childEnv names the data file that a child process of these tests writes to.
const childEnv = "LATCHKEY_TEST_BOLT_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		os.Exit(child(path))
	}
	os.Exit(m.Run())
}

// child writes pairs of documents from 16 goroutines until it is killed or a write fails, and prints the
// number of each pair once it is acknowledged. Lines: "open", the numbers, then "unavailable" or
// "unknown" for what failed, and "late" if anything that began after an unknown outcome is acknowledged.
func child(path string) int {
	db, err := Open(path, Options{})
	if err != nil {
		fmt.Println("failed", err)
		return 1
	}
	fmt.Println("open")
	var all sync.WaitGroup
	var mu sync.Mutex
	start := os.Getpid() * 1_000_000
	for w := range 16 {
		all.Go(func() {
			for i := start + w; i < start+3200; i += 16 {
				dead := false
				select {
				case <-db.Failed():
					dead = true
				default:
				}
				err := pair(db, i)
				mu.Lock()
				switch {
				case err == nil && dead:
					fmt.Println("late")
				case err == nil:
					fmt.Println(i)
				case errors.Is(err, store.ErrUnavailable):
					fmt.Println("unavailable")
				default:
					fmt.Println("unknown", err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return 0
}

// pair writes two documents that belong together; the second is large enough for pages of its own.
func pair(db store.DB, i int) error {
	return db.Update(context.Background(), func(tx store.Tx) error {
		key := strconv.Itoa(i)
		return errors.Join(tx.Put("a", key, []byte(key)), tx.Put("b", key, []byte(strings.Repeat(key, i%1000))))
	})
}

// A run is what a child reported.
type run struct {
	acked                []string
	unavailable, unknown int
}

// watch reads a child's lines; it calls each for every acknowledged number.
func watch(t *testing.T, cmd *exec.Cmd, each func(n int)) (r run) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch word, rest, _ := strings.Cut(lines.Text(), " "); word {
		case "open":
		case "unavailable":
			r.unavailable++
		case "unknown":
			r.unknown++
		case "late", "failed":
			t.Errorf("child: %s %s", word, rest)
		default:
			r.acked = append(r.acked, word)
			each(len(r.acked))
		}
	}
	cmd.Wait() // killed ones end with an error
	if stderr.Len() > 0 {
		t.Errorf("child: %s", &stderr)
	}
	return r
}

// verify opens the file and checks that what was acknowledged is there and that no pair is half there.
func verify(t *testing.T, path string, acked []string) {
	t.Helper()
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatalf("reopening: %v", err)
	}
	defer db.Close()
	sound(t, db)
	lost := 0
	half := 0
	found := map[string]bool{}
	err = db.View(context.Background(), func(tx store.Tx) error {
		for _, c := range [][2]string{{"a", "b"}, {"b", "a"}} {
			for doc, err := range tx.Scan(c[0], "", "", 1<<30) {
				if err != nil {
					return err
				}
				found[doc.Key] = true
				if _, err := tx.Get(c[1], doc.Key); err != nil {
					half++
				}
			}
		}
		return nil
	})
	for _, key := range acked {
		if !found[key] {
			lost++
		}
	}
	if err != nil || lost > 0 || half > 0 {
		t.Errorf("of %d acknowledged: %d lost, %d half there (%v); want 0", len(acked), lost, half, err)
	}
}

func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	var acked []string
	for round := range 12 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+path)
		after := 1 + (round*97)%400 // acknowledgements; where in a commit the kill falls is chance
		r := watch(t, cmd, func(n int) {
			if n == after {
				cmd.Process.Kill()
			}
		})
		if len(r.acked) < after || r.unknown+r.unavailable > 0 {
			t.Fatalf("round %d: got %d acknowledged and %d errors, want at least %d and 0",
				round, len(r.acked), r.unknown+r.unavailable, after)
		}
		acked = append(acked, r.acked...)
		verify(t, path, acked)
	}
}

// TestInjected lets system calls fail at chosen moments, by strace.
func TestInjected(t *testing.T) {
	strace := needs.Program(t, "strace")
	if err := exec.Command(strace, "-o", os.DevNull, "true").Run(); err != nil {
		t.Skipf("SKIPPED: failing system calls were not tested, strace may not trace here: %v", err)
	}
	tests := []struct {
		call, fault          string
		unknown, unavailable bool
	}{
		{"fdatasync", "EIO:when=10", true, false},       // a commit's pages or its meta page
		{"fdatasync", "EIO:when=11", true, false},       // the other
		{"fdatasync", "EIO:when=10+", true, false},      // for good
		{"pwrite64", "EIO:when=40", true, false},        // a page
		{"pwrite64", "ENOSPC:when=40", false, true},     // once, then it heals
		{"pwrite64", "ENOSPC:when=41..60", false, true}, // meta pages among them
	}
	for _, test := range tests {
		t.Run(test.call+" "+test.fault, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data")
			openAt(t, path, Options{}).Close() // so that the calls counted are those of commits
			cmd := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+test.call,
				"-e", "inject="+test.call+":error="+test.fault, os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"="+path)
			r := watch(t, cmd, func(int) {})
			if (r.unknown > 0) != test.unknown || (r.unavailable > 0) != test.unavailable {
				t.Errorf("got %d unknown and %d unavailable, want unknown %v, unavailable %v",
					r.unknown, r.unavailable, test.unknown, test.unavailable)
			}
			if len(r.acked) == 0 {
				t.Error("got nothing acknowledged, want some before the fault")
			}
			verify(t, path, r.acked)
		})
	}
}
