// Package store keeps documents in transactions. It is all that the rest of the program knows about
// a data base: four verbs on bytes (Tx), inside a consistent read (DB.View) or a serializable,
// durable write (DB.Update). Drivers live in store/bolt and beside it; storetest holds every one of
// them to the same promises.
//
// On top of the bytes stands Collection: documents of one type, their indexes kept in the same
// transaction, sealed with Keys so that a stolen file or backup shows no name, number or secret.
//
//	auth ──▶ Collection[Account] ──▶ Tx ──▶ bolt │ another driver
//	              │    └─ indexes: "account.email" (Blind), "account.created" (Ordered)
//	              └─ Keys: roots of a Tink keyset ──HKDF──▶ documents, indexes, other purposes
//
// What lies in the data base, for a collection "account" with a unique Blind index "email":
//
//	collection       key                         data
//	account          id                          01 │ key id 4 │ salt 12 │ IV 12 │ sealed(JSON, version) │ tag 16
//	account.email    HMAC-SHA-256(value)[:16]    id
//
// There is no query language: what is to be found is declared as an index.
package store

import (
	"context"
	"errors"
	"iter"
)

// Limits that every driver keeps, so that what fits in one fits in all.
const (
	MaxKey      = 1024     // bytes in a key, at least 1; any byte is allowed
	MaxName     = 63       // bytes in a collection's name, at least 1: a to z, 0 to 9, '.', '_', '-'
	MaxDocument = 16 << 20 // bytes in a document; an empty document is a document
)

// Errors that callers tell apart with errors.Is. Any other error is a failure of the store itself.
var (
	// ErrNotFound says that no document has the key.
	ErrNotFound = errors.New("no such document")
	// ErrExists says that the key, or the value of a unique index, belongs to another document.
	ErrExists = errors.New("document exists already")
	// ErrUnavailable says that a write cannot be made durable now, for example for want of space.
	// Nothing has changed, reads go on, and the same write may succeed later.
	ErrUnavailable = errors.New("store cannot write now")
	// ErrInUse says that another process holds the data.
	ErrInUse = errors.New("store is in use by another process")
	// ErrUnknownOutcome says that a commit failed in a way that leaves open whether it will be there
	// after a restart. The handle serves nothing any more: the process must end and open the data anew.
	ErrUnknownOutcome = errors.New("outcome of a write is unknown")
	// ErrClosed says that the store was closed before the call was taken up.
	ErrClosed = errors.New("store is closed")
	// ErrReadOnly says that a View tried to write.
	ErrReadOnly = errors.New("transaction is read-only")
	// ErrInvalid says that a name, key, limit or document is outside of the limits of this package.
	ErrInvalid = errors.New("invalid name, key, limit or document")
)

// A DB is a set of collections in one transactional store.
type DB interface {
	// View runs fn once on a consistent snapshot. It neither waits for writers nor holds them up;
	// fn must not call Update, and must end soon: old pages cannot be freed while it runs.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn in a serializable transaction and returns nil only when its writes are durable.
	// If fn returns an error nothing is written and that error is returned. fn may run more than
	// once, so it must reset whatever it sets outside and use no clock, randomness or network that
	// matters, and it must not call Update: that would wait for itself. If ctx ends before the call is taken up, Update
	// returns ctx.Err() without effect;
	// after that it runs to its end. Errors: ErrUnavailable, ErrUnknownOutcome, ErrClosed.
	Update(ctx context.Context, fn func(Tx) error) error
	// Close waits for the calls that were taken up and releases the store. Closing twice is no error.
	Close() error
}

// A Tx reads and writes documents inside one View or Update. It sees its own writes. It is good only
// until fn returns, and for one goroutine.
type Tx interface {
	// Get returns the document, or ErrNotFound. The bytes must not be changed, and are good only
	// until fn returns.
	Get(collection, key string) ([]byte, error)
	// Put writes the document, new or not. It keeps doc: the caller must not change it afterwards.
	Put(collection, key string, doc []byte) error
	// Delete removes the document; it is no error if there is none.
	Delete(collection, key string) error
	// Scan yields the documents with from <= key < to, ordered by the bytes of the key, at most limit
	// of them (1 or more). An empty from or to is no bound. The loop sees the state in which it began;
	// the body may write. Data is good as in Get. After an error nothing more is yielded.
	Scan(collection, from, to string, limit int) iter.Seq2[Doc, error]
}

// A Doc is one document as bytes.
type Doc struct {
	Key  string
	Data []byte
}

// CheckName returns ErrInvalid unless name can name a collection. Drivers call it.
func CheckName(name string) error {
	if len(name) == 0 || len(name) > MaxName {
		return ErrInvalid
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return ErrInvalid
		}
	}
	return nil
}

// CheckPut returns ErrInvalid unless a document of that name, key and size can be written. Drivers
// call it before they write, so that one call's bad key cannot fail a commit that others share.
func CheckPut(collection, key string, size int) error {
	if len(key) == 0 || len(key) > MaxKey || size > MaxDocument {
		return ErrInvalid
	}
	return CheckName(collection)
}
