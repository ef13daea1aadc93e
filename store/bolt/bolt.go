// Package bolt keeps a store in one bbolt file on the local disk.
//
// # Group commit
//
// bbolt commits one transaction at a time, and each costs two fdatasync. One goroutine therefore owns
// all writing. It takes the first Update that waits, begins a bbolt transaction, runs every further
// Update that has come meanwhile in the same one, and commits them together: alone a writer waits for
// nobody, and under load a commit is shared by all who came during the last one.
//
//	Update ─┐                     ┌─ fn 1 ─▶ overlay ─ nil ───▶ apply ─┐
//	Update ─┼─▶ calls ─▶ writer ──┼─ fn 2 ─▶ overlay ─ error ─▶ drop   ├─▶ commit ─▶ answers
//	Update ─┘                     └─ fn 3 ─▶ overlay ─ nil ───▶ apply ─┘
//
// Each fn writes to an overlay that its own Get and Scan see; only if it returns nil is the overlay
// applied to the transaction, where later fns see it. So fns are serial, one that fails leaves nothing,
// and a panic is its own caller's. A fn's error, too, is told only after the commit: it may have been
// decided on what another fn of the group wrote.
//
// # When the disk fails
//
//	no space before the meta page was written   a known rollback: store.ErrUnavailable to the whole
//	                                            group, reads go on, the next write may succeed
//	any other error of a commit                 the outcome is unknown (the kernel may have written the
//	                                            pages, dropped them, or write them yet): nothing is
//	                                            served any more, store.ErrUnknownOutcome, Failed is
//	                                            closed; end the process and open the file anew
//
// # The file
//
// A bucket a collection; keys and documents as they are. The freelist is kept on disk, since a start
// would otherwise read the whole file. The file never shrinks: Compact writes a small copy.
package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/latchkey-auth/latchkey/store"
)

// Options of Open; the zero value is right for a service.
type Options struct {
	// LockTimeout is how long Open waits for another process to let go of the file: 1 s if zero.
	LockTimeout time.Duration
	// MaxSize limits the file's size in bytes; writes beyond it get store.ErrUnavailable. Zero: no limit.
	MaxSize int

	// For tests: how to open the file, and how much of it to map ahead.
	openFile     func(string, int, fs.FileMode) (*os.File, error)
	addressSpace int
}

// Stats are counts since Open, and how many Updates wait for the writer now.
type Stats struct {
	Commits uint64 // transactions committed
	Updates uint64 // Updates answered, failed ones included
	Waiting int
}

const (
	addressSpace = 1 << 30 // mapped ahead, so that growing seldom waits for readers; costs no memory
	growBy       = 4 << 20 // bytes that the file grows by at once, sparse
	queueLength  = 1024
)

// A DB is a store in one file. It implements store.DB.
type DB struct {
	bolt     *bbolt.DB
	commit   func(*bbolt.Tx) error // bbolt's; tests make it fail
	calls    chan *call
	pool     sync.Pool     // of *call
	closing  chan struct{} // closed by Close: no call is taken up any more
	stopped  chan struct{} // closed when the writer has ended
	failed   chan struct{} // closed when an outcome is unknown
	close    sync.Once
	closeErr error
	dead     atomic.Bool
	commits  atomic.Uint64
	updates  atomic.Uint64
}

// Open opens the store in the file at path, creating it with mode 0600 if there is none. The folder must
// exist. store.ErrInUse says that another process has it open.
func Open(path string, opts Options) (*DB, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("creating the store %s: %w", path, err)
		}
	}
	b, err := open(path, opts)
	if err != nil {
		return nil, err
	}
	db := &DB{
		bolt:    b,
		commit:  (*bbolt.Tx).Commit,
		calls:   make(chan *call, queueLength),
		closing: make(chan struct{}),
		stopped: make(chan struct{}),
		failed:  make(chan struct{}),
	}
	db.pool.New = newCall
	w := &writer{db: db}
	go w.loop()
	return db, nil
}

// bolt is what bbolt is told.
func (o Options) bolt() *bbolt.Options {
	return &bbolt.Options{
		Timeout:         cmp.Or(o.LockTimeout, time.Second),
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: cmp.Or(o.addressSpace, addressSpace),
		MaxSize:         o.MaxSize,
		NoStatistics:    true,
		OpenFile:        o.openFile,
	}
}

func open(path string, opts Options) (*bbolt.DB, error) {
	b, err := bbolt.Open(path, 0o600, opts.bolt())
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("opening the store %s: %w", path, store.ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	b.AllocSize = growBy
	return b, nil
}

// create makes an empty store under another name, complete and synced, and only then gives it its name:
// a crash leaves no half of one.
func create(path string) error {
	dir, err := os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tmp := filepath.Join(dir, "new")
	b, err := bbolt.Open(tmp, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	if err := errors.Join(b.Sync(), b.Close()); err != nil {
		return err
	}
	err = store.MoveFile(tmp, path, false)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster; the lock will tell
	}
	return err
}

// View implements store.DB.
func (db *DB) View(ctx context.Context, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.dead.Load() {
		return store.ErrUnknownOutcome // what the file shows may be gone after a restart
	}
	tx, err := db.bolt.Begin(false)
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return store.ErrClosed
	}
	if err != nil {
		return fmt.Errorf("beginning to read: %w", err)
	}
	v := &view{reader: reader{tx: tx}}
	defer func() {
		v.ended = true
		tx.Rollback()
	}()
	return fn(v)
}

// Failed is closed when the outcome of a commit is unknown. The process must then end: nothing is
// served any more, and a start finds out what the file holds.
func (db *DB) Failed() <-chan struct{} { return db.failed }

// Stats returns the counts so far.
func (db *DB) Stats() Stats {
	return Stats{Commits: db.commits.Load(), Updates: db.updates.Load(), Waiting: len(db.calls)}
}

// Compact writes a copy without free space to a new file, which appears complete or not at all. It reads
// one snapshot: writing goes on, and is not in the copy. Free pages of the store itself wait meanwhile.
func (db *DB) Compact(dst string) error {
	if db.dead.Load() {
		return store.ErrUnknownOutcome
	}
	dir, err := os.MkdirTemp(filepath.Dir(dst), "."+filepath.Base(dst)+".*")
	if err != nil {
		return fmt.Errorf("compacting: %w", err)
	}
	defer os.RemoveAll(dir)
	tmp := filepath.Join(dir, "new")
	if err := copyTo(tmp, db.bolt); err != nil {
		return fmt.Errorf("compacting: %w", err)
	}
	if err := store.MoveFile(tmp, dst, false); err != nil {
		return fmt.Errorf("compacting: %w", err)
	}
	return nil
}

// copyTo writes the pages in use to a new file and cuts off what bbolt has grown it ahead by.
func copyTo(path string, src *bbolt.DB) error {
	// Synced once at the end: until it has its name nobody relies on it.
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		return err
	}
	err = bbolt.Compact(b, src, 8<<20)
	var used int64
	if err == nil {
		err = b.View(func(tx *bbolt.Tx) error { used = tx.Size(); return nil })
	}
	if err := errors.Join(err, b.Close()); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(used), file.Sync(), file.Close())
}

// Close answers the Updates that wait, waits for Views, and lets go of the file. Later calls get
// store.ErrClosed. Closing twice is no error.
func (db *DB) Close() error {
	db.close.Do(func() {
		close(db.closing)
		<-db.stopped
		db.closeErr = db.bolt.Close()
	})
	return db.closeErr
}
