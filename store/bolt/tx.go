package bolt

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/latchkey-auth/latchkey/store"
)

// A reader reads from one bbolt transaction and remembers the buckets it has opened.
type reader struct {
	tx      *bbolt.Tx
	buckets []bucket
}

type bucket struct {
	name   string
	bolt   *bbolt.Bucket // nil if there is none
	cursor *bbolt.Cursor // for get: seeking anew with one cursor allocates nothing
}

func (r *reader) bucket(name string) *bucket {
	for i := range r.buckets {
		if r.buckets[i].name == name {
			return &r.buckets[i]
		}
	}
	b := bucket{name: name, bolt: r.tx.Bucket([]byte(name))}
	if b.bolt != nil {
		b.cursor = b.bolt.Cursor()
	}
	r.buckets = append(r.buckets, b)
	return &r.buckets[len(r.buckets)-1]
}

func (r *reader) get(collection, key string) ([]byte, error) {
	b := r.bucket(collection)
	if b.bolt == nil || key == "" {
		return nil, store.ErrNotFound
	}
	k, v := b.cursor.Seek([]byte(key))
	if string(k) != key {
		return nil, store.ErrNotFound
	}
	return v[:len(v):len(v)], nil // nobody may append into the page
}

// scan yields the documents with from <= key < to; "" is no bound.
func (r *reader) scan(collection, from, to string) iter.Seq[store.Doc] {
	return func(yield func(store.Doc) bool) {
		b := r.bucket(collection)
		if b.bolt == nil {
			return
		}
		cursor, end := b.bolt.Cursor(), []byte(to)
		for k, v := cursor.Seek([]byte(from)); k != nil; k, v = cursor.Next() {
			if to != "" && bytes.Compare(k, end) >= 0 {
				return
			}
			if !yield(store.Doc{Key: string(k), Data: v[:len(v):len(v)]}) {
				return
			}
		}
	}
}

// A view is the store.Tx of a View.
type view struct {
	reader
	ended bool
}

func (v *view) Get(collection, key string) ([]byte, error) {
	if v.ended {
		return nil, store.ErrClosed
	}
	return v.get(collection, key)
}

func (v *view) Put(string, string, []byte) error { return store.ErrReadOnly }

func (v *view) Delete(string, string) error { return store.ErrReadOnly }

func (v *view) Scan(collection, from, to string, limit int) iter.Seq2[store.Doc, error] {
	return func(yield func(store.Doc, error) bool) {
		if err := v.check(limit); err != nil {
			yield(store.Doc{}, err)
			return
		}
		for doc := range v.scan(collection, from, to) {
			if !yield(doc, nil) {
				return
			}
			if limit--; limit == 0 {
				return
			}
		}
	}
}

func (v *view) check(limit int) error {
	switch {
	case v.ended:
		return store.ErrClosed
	case limit < 1:
		return fmt.Errorf("limit %d: %w", limit, store.ErrInvalid)
	}
	return nil
}

// An update is the store.Tx of an Update: the group's transaction under its own overlay.
type update struct {
	view
	over *overlay
}

func (u *update) Get(collection, key string) ([]byte, error) {
	if u.ended {
		return nil, store.ErrClosed
	}
	if data, ok := u.over.get(collection, key); ok {
		if data == nil {
			return nil, store.ErrNotFound
		}
		return data, nil
	}
	return u.get(collection, key)
}

func (u *update) Put(collection, key string, doc []byte) error {
	if u.ended {
		return store.ErrClosed
	}
	if err := store.CheckPut(collection, key, len(doc)); err != nil {
		return err
	}
	if doc == nil {
		doc = []byte{}
	}
	u.over.set(collection, key, doc)
	return nil
}

func (u *update) Delete(collection, key string) error {
	if u.ended {
		return store.ErrClosed
	}
	// What is not there needs no commit: deleting it leaves the overlay empty.
	switch _, err := u.Get(collection, key); err {
	case nil:
		u.over.set(collection, key, nil)
		return nil
	case store.ErrNotFound:
		return nil
	default:
		return err
	}
}

func (u *update) Scan(collection, from, to string, limit int) iter.Seq2[store.Doc, error] {
	return func(yield func(store.Doc, error) bool) {
		own := u.over.within(collection, from, to) // as it is now: the body may write
		if len(own) == 0 {
			u.view.Scan(collection, from, to, limit)(yield)
			return
		}
		if err := u.check(limit); err != nil {
			yield(store.Doc{}, err)
			return
		}
		for doc := range merge(own, u.scan(collection, from, to)) {
			if !yield(doc, nil) {
				return
			}
			if limit--; limit == 0 {
				return
			}
		}
	}
}

// merge yields the documents of both in order; of one key that of own, none if its Data is nil.
func merge(own []store.Doc, below iter.Seq[store.Doc]) iter.Seq[store.Doc] {
	return func(yield func(store.Doc) bool) {
		for doc := range below {
			for len(own) > 0 && own[0].Key < doc.Key {
				if own[0].Data != nil && !yield(own[0]) {
					return
				}
				own = own[1:]
			}
			if len(own) > 0 && own[0].Key == doc.Key {
				doc, own = own[0], own[1:]
			}
			if doc.Data != nil && !yield(doc) {
				return
			}
		}
		for _, doc := range own {
			if doc.Data != nil && !yield(doc) {
				return
			}
		}
	}
}

// An overlay is what one fn has written: per collection the documents by key, nil for a deleted one.
// The writer uses one for all fns.
type overlay struct {
	layers map[string]map[string][]byte
	size   int // bytes written, 0 only if nothing was
}

const keepLayer = 256 // documents; a layer that held more is given back

func (o *overlay) reset() {
	if o.size == 0 {
		return
	}
	for name, layer := range o.layers {
		if len(layer) > keepLayer {
			delete(o.layers, name)
		} else {
			clear(layer)
		}
	}
	o.size = 0
}

func (o *overlay) get(collection, key string) (data []byte, ok bool) {
	if o.size == 0 {
		return nil, false
	}
	data, ok = o.layers[collection][key]
	return data, ok
}

func (o *overlay) set(collection, key string, data []byte) {
	layer := o.layers[collection]
	if layer == nil {
		if o.layers == nil {
			o.layers = map[string]map[string][]byte{}
		}
		layer = map[string][]byte{}
		o.layers[collection] = layer
	}
	layer[key] = data
	o.size += len(collection) + len(key) + len(data)
}

// within returns the overlay's documents with from <= key < to in order, deleted ones with nil Data.
func (o *overlay) within(collection, from, to string) []store.Doc {
	if o.size == 0 {
		return nil
	}
	var docs []store.Doc
	for key, data := range o.layers[collection] {
		if key >= from && (to == "" || key < to) {
			docs = append(docs, store.Doc{Key: key, Data: data})
		}
	}
	slices.SortFunc(docs, func(a, b store.Doc) int { return strings.Compare(a.Key, b.Key) })
	return docs
}

// apply writes the overlay to the transaction of the reader.
func (o *overlay) apply(tx *bbolt.Tx, r *reader) error {
	for name, layer := range o.layers {
		if len(layer) == 0 {
			continue
		}
		b := r.bucket(name)
		if b.bolt == nil {
			made, err := tx.CreateBucket([]byte(name))
			if err != nil {
				return err
			}
			b.bolt, b.cursor = made, made.Cursor()
		}
		for key, data := range layer {
			var err error
			if data == nil {
				err = b.bolt.Delete([]byte(key))
			} else {
				err = b.bolt.Put([]byte(key), data)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
