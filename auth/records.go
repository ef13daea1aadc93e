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
	over       func(*T, time.Time) bool
	due        func(*T, time.Time) bool
	apply      func(context.Context, Caller, string) error
	perishable bool

	s *Service // nil: not registered
	c *store.Collection[record[T]]
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

// Sweep says which documents are over at a time: they are deleted some time
// later. It returns r.
func (r *Records[T]) Sweep(over func(*T, time.Time) bool) *Records[T] {
	r.over = over
	return r
}

// Due says which documents have come due at a time: apply is called for each,
// again and again until it is due no more. It goes through the door itself, by
// an action of the System, and looks again: the id may have changed or gone.
// It returns r.
func (r *Records[T]) Due(due func(*T, time.Time) bool, apply func(ctx context.Context, c Caller, id string) error) *Records[T] {
	r.due, r.apply = due, apply
	return r
}

// Perishable says that no document outlives the restoring of a backup: what
// the backup holds may have been used, answered or stopped since. It returns r.
func (r *Records[T]) Perishable() *Records[T] {
	r.perishable = true
	return r
}

func (r *Records[T]) register(d *Door) error {
	name := d.part.Name + "_" + r.name
	if r.s != nil {
		return fmt.Errorf("collection %s is registered already", r.name)
	}
	if r.name == "" || store.CheckName(name) != nil {
		return fmt.Errorf("collection %q: no name for one", r.name)
	}
	var indexes []store.Index[record[T]]
	for _, x := range r.indexes {
		indexes = append(indexes, store.Within(x, func(rec *record[T]) *T { return &rec.Doc }))
	}
	r.s, r.c = d.s, store.NewCollection(name, d.s.keys, indexes...).In(d.s.realm())
	return nil
}

func (r *Records[T]) chores() chores {
	list := chores{name: r.c.Name(), remove: r.c.Delete, empty: emptier(r.c), apply: r.apply}
	list.sweep = sweepOf(r.c, func(w *Work, rec *record[T]) bool {
		return r.stale(rec) || r.over != nil && r.over(&rec.Doc, w.now)
	})
	if r.due != nil {
		list.due = sweepOf(r.c, func(w *Work, rec *record[T]) bool { return !r.stale(rec) && r.due(&rec.Doc, w.now) })
	}
	return list
}

// stale reports whether a restored backup has ended the document.
func (r *Records[T]) stale(rec *record[T]) bool {
	return r.perishable && rec.Restore != r.s.restoreEpoch()
}

// in refuses the use of a collection that is not registered where w is.
func (r *Records[T]) in(w *Work) error {
	if r.s == nil || r.s != w.s {
		return fmt.Errorf("collection %s is not registered", r.name)
	}
	return nil
}

// Get returns the document with the id, or store.ErrNotFound.
func (r *Records[T]) Get(w *Work, id string) (*T, error) {
	if err := r.in(w); err != nil {
		return nil, err
	}
	rec, err := r.c.Get(w.tx, id)
	return r.live(rec, err)
}

func (r *Records[T]) live(rec *record[T], err error) (*T, error) {
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
	if err := r.in(w); err != nil {
		return err
	}
	old, err := r.c.Get(w.tx, id)
	if err == nil && r.stale(old) {
		return r.Put(w, id, doc)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return r.c.Insert(w.tx, id, &record[T]{Restore: r.s.restoreEpoch(), Doc: *doc})
}

// Put writes the document, new or not. It returns store.ErrExists if a value of
// a unique index belongs to another.
func (r *Records[T]) Put(w *Work, id string, doc *T) error {
	if err := r.in(w); err != nil {
		return err
	}
	return r.c.Put(w.tx, id, &record[T]{Restore: r.s.restoreEpoch(), Doc: *doc})
}

// Delete removes the document; it is no error if there is none.
func (r *Records[T]) Delete(w *Work, id string) error {
	if err := r.in(w); err != nil {
		return err
	}
	return r.c.Delete(w.tx, id)
}

// One returns the document whose unique index has exactly that value, or
// store.ErrNotFound.
func (r *Records[T]) One(w *Work, index, value string) (*T, error) {
	if err := r.in(w); err != nil {
		return nil, err
	}
	rec, err := r.c.One(w.tx, index, value)
	return r.live(rec, err)
}

// Find returns the ids of at most limit documents whose index has exactly that
// value. Get of one that a restored backup has ended finds nothing.
func (r *Records[T]) Find(w *Work, index, value string, limit int) ([]string, error) {
	if err := r.in(w); err != nil {
		return nil, err
	}
	return r.c.Find(w.tx, index, value, limit)
}

// Prefix yields the documents whose id begins with prefix, by id; it reads at
// most limit. After an error nothing more is yielded.
func (r *Records[T]) Prefix(w *Work, prefix string, limit int) iter.Seq2[store.Item[T], error] {
	return func(yield func(store.Item[T], error) bool) {
		if err := r.in(w); err != nil {
			yield(store.Item[T]{}, err)
			return
		}
		for item, err := range r.c.Prefix(w.tx, prefix, limit) {
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
