package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// ErrNoRecord is what Records.Get and One return for a document that is not there.
var ErrNoRecord = store.ErrNotFound

// ErrRecordExists is what Records.Insert returns for an id that is taken.
var ErrRecordExists = store.ErrExists

// Records is a collection of a part: documents of one type by their ids, with
// their indexes. With the registration of its part come the realm (a lab's
// documents open in no site), the sweep, the reset of a lab and the restore
// epoch. Every call needs the Work of a pass. Ids are as in store.Collection:
// nothing personal, and random where many are written.
//
// Stored as "<part>_<name>": {r: restore epoch, d: the document}.
type Records[T any] struct {
	name       string
	indexes    []store.Index[T]
	isOver     func(*T, time.Time) bool
	isDue      func(*T, time.Time) bool
	apply      func(context.Context, Caller, string) error
	perishable bool
	bulk       bool

	service    *Service // nil: not registered
	collection *store.Collection[record[T]]
}

// record is a document as it is stored.
type record[T any] struct {
	Restore uint64 `json:"r,omitempty"`
	Doc     T      `json:"d"`
}

// Version is the document's.
func (r *record[T]) Version() byte {
	if v, ok := any(&r.Doc).(store.Versioned); ok {
		return v.Version()
	}
	return 0
}

// Upgrade is the document's.
func (r *record[T]) Upgrade(from byte, old []byte) error {
	v, ok := any(&r.Doc).(store.Versioned)
	if !ok {
		return nil
	}
	var stored struct {
		Doc json.RawMessage `json:"d"`
	}
	if err := json.Unmarshal(old, &stored); err != nil {
		return err
	}
	return v.Upgrade(from, stored.Doc)
}

// NewRecords describes a collection, to be listed in Part.Collections.
func NewRecords[T any](name string, indexes ...store.Index[T]) *Records[T] {
	return &Records[T]{name: name, indexes: indexes}
}

// IndexOf is an index by which documents are found by exact values that show nothing where they are stored; empty ones
// are left out.
func IndexOf[T any](name string, values func(*T) []string) store.Index[T] {
	return store.Blind(name, false, values)
}

// UniqueIndexOf is IndexOf for values that one document alone may have.
func UniqueIndexOf[T any](name string, values func(*T) []string) store.Index[T] {
	return store.Blind(name, true, values)
}

// Sweep says which documents are over at a time: they are deleted some time
// later. It returns r.
func (r *Records[T]) Sweep(over func(*T, time.Time) bool) *Records[T] {
	r.isOver = over
	return r
}

// Due says which documents have come due at a time: apply is called for each,
// again and again until it is due no more. It goes through the door itself, by
// an action of the System, and looks again: the id may have changed or gone.
// It returns r.
func (r *Records[T]) Due(due func(*T, time.Time) bool, apply func(ctx context.Context, c Caller, id string) error) *Records[T] {
	r.isDue, r.apply = due, apply
	return r
}

// Perishable says that no document outlives the restoring of a backup: what
// the backup holds may have been used, answered or stopped since. It returns r.
func (r *Records[T]) Perishable() *Records[T] {
	r.perishable = true
	return r
}

// Bulk says that the documents are large: no sweep reads them, so that they are the part's own to delete, those that
// the restoring of a backup has ended among them. It returns r.
func (r *Records[T]) Bulk() *Records[T] {
	r.bulk = true
	return r
}

func (r *Records[T]) register(d *Door) error {
	name := d.part.Name + "_" + r.name
	if r.service != nil {
		return fmt.Errorf("collection %s is registered already", r.name)
	}
	if r.name == "" || store.CheckName(name) != nil {
		return fmt.Errorf("collection %q: no name for one", r.name)
	}
	var indexes []store.Index[record[T]]
	for _, x := range r.indexes {
		indexes = append(indexes, store.Within(x, func(rec *record[T]) *T { return &rec.Doc }))
	}
	r.service, r.collection = d.s, store.NewCollection(name, d.s.keys, indexes...).In(d.s.realm())
	return nil
}

func (r *Records[T]) chores() chores {
	list := chores{name: r.collection.Name(), remove: r.collection.Delete, emptyBatch: emptier(r.collection), apply: r.apply}
	if r.bulk {
		list.findOver = func(*Work, string) (sweepSlice, error) { return sweepSlice{}, nil }
		return list
	}
	list.findOver = sweeperOf(r.collection, func(w *Work, rec *record[T]) bool {
		return r.stale(rec) || r.isOver != nil && r.isOver(&rec.Doc, w.now)
	})
	if r.isDue != nil {
		list.findDue = sweeperOf(r.collection, func(w *Work, rec *record[T]) bool { return !r.stale(rec) && r.isDue(&rec.Doc, w.now) })
	}
	return list
}

// stale reports whether a restored backup has ended the document.
func (r *Records[T]) stale(rec *record[T]) bool {
	return r.perishable && rec.Restore != r.service.restoreEpoch()
}

// checkRegistered refuses the use of a collection that is not registered where w is.
func (r *Records[T]) checkRegistered(w *Work) error {
	if r.service != w.s {
		return fmt.Errorf("collection %s is not registered", r.name)
	}
	return nil
}

// Get returns the document with the id, or store.ErrNotFound.
func (r *Records[T]) Get(w *Work, id string) (*T, error) {
	if err := r.checkRegistered(w); err != nil {
		return nil, err
	}
	rec, err := r.collection.Get(w.tx, id)
	return r.liveDoc(rec, err)
}

func (r *Records[T]) liveDoc(rec *record[T], err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	if r.stale(rec) {
		return nil, store.ErrNotFound
	}
	return &rec.Doc, nil
}

// Insert writes a new document, or returns store.ErrExists.
func (r *Records[T]) Insert(w *Work, id string, doc *T) error {
	if err := r.checkRegistered(w); err != nil {
		return err
	}
	old, err := r.collection.Get(w.tx, id)
	if err == nil && r.stale(old) {
		return r.Put(w, id, doc)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return r.collection.Insert(w.tx, id, &record[T]{Restore: r.service.restoreEpoch(), Doc: *doc})
}

// Put writes the document, new or not. It returns store.ErrExists if a value of
// a unique index belongs to another.
func (r *Records[T]) Put(w *Work, id string, doc *T) error {
	if err := r.checkRegistered(w); err != nil {
		return err
	}
	return r.collection.Put(w.tx, id, &record[T]{Restore: r.service.restoreEpoch(), Doc: *doc})
}

// Delete removes the document; it is no error if there is none.
func (r *Records[T]) Delete(w *Work, id string) error {
	if err := r.checkRegistered(w); err != nil {
		return err
	}
	return r.collection.Delete(w.tx, id)
}

// IDs returns the ids of at most limit documents that are not before from, in their order, also of those that a
// restored backup has ended. It opens none of them.
func (r *Records[T]) IDs(w *Work, from string, limit int) ([]string, error) {
	if err := r.checkRegistered(w); err != nil {
		return nil, err
	}
	return r.collection.IDs(w.tx, from, limit)
}

// One returns the document whose unique index has exactly that value, or
// store.ErrNotFound.
func (r *Records[T]) One(w *Work, index, value string) (*T, error) {
	if err := r.checkRegistered(w); err != nil {
		return nil, err
	}
	rec, err := r.collection.One(w.tx, index, value)
	return r.liveDoc(rec, err)
}

// Find returns the ids of at most limit documents whose index has exactly that
// value. Get of one that a restored backup has ended finds nothing.
func (r *Records[T]) Find(w *Work, index, value string, limit int) ([]string, error) {
	if err := r.checkRegistered(w); err != nil {
		return nil, err
	}
	return r.collection.Find(w.tx, index, value, limit)
}

// Prefix yields the documents whose id begins with prefix, by id; it reads at
// most limit. After an error nothing more is yielded.
func (r *Records[T]) Prefix(w *Work, prefix string, limit int) iter.Seq2[store.Item[T], error] {
	return func(yield func(store.Item[T], error) bool) {
		if err := r.checkRegistered(w); err != nil {
			yield(store.Item[T]{}, err)
			return
		}
		for item, err := range r.collection.Prefix(w.tx, prefix, limit) {
			if err != nil {
				yield(store.Item[T]{}, err)
				return
			}
			if !r.stale(item.Doc) && !yield(store.Item[T]{ID: item.ID, Doc: &item.Doc.Doc}, nil) {
				return
			}
		}
	}
}
