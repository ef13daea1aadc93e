package store

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// A Collection is the documents of one type T, with their indexes. It keeps no state of its own and
// serves any number of transactions at once. Ids are at most MaxKey bytes (16 fewer with a Blind index
// that is not unique) and hold nothing personal: they are stored in the clear.
type Collection[T any] struct {
	name    string
	realm   string
	keys    *Keys
	indexes []Index[T]
}

// An Item is one document of a Scan with its id.
type Item[T any] struct {
	ID  string
	Doc *T
}

// An Entry is one row of an Ordered index.
type Entry struct {
	Value string
	ID    string
}

// NewCollection describes the collection name, sealed with keys, with its indexes. It panics on names
// that CheckName refuses and on an index named twice: both are slips of the program's author. Adding an
// index to a collection that has documents needs a Renew of all of them.
func NewCollection[T any](name string, keys *Keys, indexes ...Index[T]) *Collection[T] {
	c := &Collection[T]{name: name, keys: keys, indexes: slices.Clone(indexes)}
	for i := range c.indexes {
		x := &c.indexes[i]
		x.rows = name + "." + x.name
		twice := slices.ContainsFunc(c.indexes[:i], func(y Index[T]) bool { return y.name == x.name })
		if x.name == "" || CheckName(x.rows) != nil || twice {
			panic("store: bad index " + x.rows)
		}
	}
	if CheckName(name) != nil {
		panic("store: bad collection " + name)
	}
	return c
}

// In puts the collection into a realm and returns it: a document that was sealed in one realm opens in no
// other, though name, id and keys are the same. "" is the realm of those that are in none.
func (c *Collection[T]) In(realm string) *Collection[T] {
	c.realm = realm
	return c
}

// Name is the name under which the collection is stored.
func (c *Collection[T]) Name() string { return c.name }

// Get returns the document with the id, or ErrNotFound.
func (c *Collection[T]) Get(tx Tx, id string) (*T, error) {
	stored, err := tx.Get(c.name, id)
	if err != nil {
		return nil, c.fail("reading", err)
	}
	doc, err := c.decode(c.keys.roots.Load(), id, stored)
	if err != nil {
		return nil, c.fail("reading", err)
	}
	return doc, nil
}

// Insert writes a new document, or returns ErrExists, with nothing written, if the id or a value of a
// unique index is taken.
func (c *Collection[T]) Insert(tx Tx, id string, doc *T) error {
	switch _, err := tx.Get(c.name, id); {
	case err == nil:
		return c.fail("inserting", ErrExists)
	case !errors.Is(err, ErrNotFound):
		return c.fail("inserting", err)
	}
	return c.write(tx, c.keys.roots.Load(), id, doc, nil, true)
}

// Put writes the document, new or not, and keeps its indexes. It returns ErrExists, wrapped with the
// index's name and with nothing written, if a value of a unique index belongs to another document.
func (c *Collection[T]) Put(tx Tx, id string, doc *T) error {
	r := c.keys.roots.Load()
	if len(c.indexes) == 0 {
		return c.write(tx, r, id, doc, nil, true)
	}
	old, current, err := c.old(tx, r, id)
	if err != nil {
		return c.fail("writing", err)
	}
	return c.write(tx, r, id, doc, old, current)
}

// Delete removes the document and its index entries; it is no error if there is none.
func (c *Collection[T]) Delete(tx Tx, id string) error {
	if len(c.indexes) > 0 {
		r := c.keys.roots.Load()
		old, _, err := c.old(tx, r, id)
		if err != nil {
			return c.fail("deleting", err)
		}
		for i := range c.indexes {
			x := &c.indexes[i]
			for _, v := range x.of(old) {
				if err := c.drop(tx, r, x, v, id); err != nil {
					return c.fail("deleting", err)
				}
			}
		}
	}
	return c.fail("deleting", tx.Delete(c.name, id))
}

// Renew writes at most limit documents from the id from on anew, and their index entries with them, so
// that they are of the newest version, under the primary root, and in every index that has been added.
// It returns the id to go on from, "" at the end. ErrExists says that an added unique index does not hold.
func (c *Collection[T]) Renew(tx Tx, from string, limit int) (next string, err error) {
	r := c.keys.roots.Load()
	n := 0
	for d, err := range tx.Scan(c.name, from, "", limit) {
		if err != nil {
			return "", c.fail("renewing", err)
		}
		n, next = n+1, d.Key+"\x00"
		doc, err := c.decode(r, d.Key, d.Data)
		if err != nil {
			return "", c.fail("renewing", err)
		}
		if err := c.write(tx, r, d.Key, doc, doc, false); err != nil {
			return "", err
		}
	}
	if n < limit {
		next = ""
	}
	return next, nil
}

// old returns the stored document, nil if there is none, and whether the primary root sealed it.
func (c *Collection[T]) old(tx Tx, r *ring, id string) (doc *T, current bool, err error) {
	stored, err := tx.Get(c.name, id)
	if err == nil {
		doc, err = c.decode(r, id, stored)
		return doc, c.current(r, stored), err
	}
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return nil, current, err
}

// write stores doc in place of old. All unique values are checked before anything is written, since the
// caller may turn ErrExists into a refusal and commit. Entries that stay the same are left alone, unless
// an older root has made them (current is false): then they move to the primary one.
func (c *Collection[T]) write(tx Tx, r *ring, id string, doc, old *T, current bool) error {
	stored, err := c.encode(r, id, doc)
	if err != nil {
		return c.fail("writing", err)
	}
	var room [4][2][]string
	values := room[:0]
	for i := range c.indexes {
		x := &c.indexes[i]
		was, is := x.of(old), x.of(doc)
		if err := c.free(tx, r, x, id, was, is, current); err != nil {
			return c.fail("writing", err)
		}
		values = append(values, [2][]string{was, is})
	}
	for i := range c.indexes {
		if err := c.move(tx, r, &c.indexes[i], id, values[i][0], values[i][1], current); err != nil {
			return c.fail("writing", err)
		}
	}
	return c.fail("writing", tx.Put(c.name, id, stored))
}

// free returns ErrExists if another document has one of the new values of a unique index, under any root.
func (c *Collection[T]) free(tx Tx, r *ring, x *Index[T], id string, was, is []string, current bool) error {
	for _, v := range is {
		if current && slices.Contains(was, v) {
			continue
		}
		if err := x.check(v); err != nil {
			return err
		}
		if !x.unique {
			continue
		}
		for _, m := range r.index {
			owner, err := tx.Get(x.rows, x.key(m, v, id))
			if err == nil && string(owner) != id {
				return fmt.Errorf("index %s: %w", x.name, ErrExists)
			}
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// move brings an index's entries of one document from the values was to the values is.
func (c *Collection[T]) move(tx Tx, r *ring, x *Index[T], id string, was, is []string, current bool) error {
	for _, v := range was {
		if !current || !slices.Contains(is, v) {
			if err := c.drop(tx, r, x, v, id); err != nil {
				return err
			}
		}
	}
	for _, v := range is {
		if !current || !slices.Contains(was, v) {
			if err := tx.Put(x.rows, x.key(r.index[0], v, id), x.data(id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// drop removes an entry, under whichever root it was made.
func (c *Collection[T]) drop(tx Tx, r *ring, x *Index[T], value, id string) error {
	for _, m := range r.index {
		if err := tx.Delete(x.rows, x.key(m, value, id)); err != nil {
			return err
		}
	}
	return nil
}

// Find returns the ids of at most limit documents whose index has exactly that value, in the order of
// ids (within one root). A Blind index that is not unique may be damaged by whoever can write to the
// file; what must hold is read from the document.
func (c *Collection[T]) Find(tx Tx, index, value string, limit int) ([]string, error) {
	x, err := c.index(index)
	if err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, c.fail("finding", ErrInvalid)
	}
	if x.unique {
		id, err := c.owner(tx, x, value)
		switch {
		case errors.Is(err, ErrNotFound):
			return nil, nil
		case err != nil:
			return nil, c.fail("finding", err)
		}
		return []string{id}, nil
	}
	if !x.blind {
		return c.ids(tx, x, value+"\x00", limit, nil)
	}
	var ids []string
	for _, m := range c.keys.roots.Load().index {
		if ids, err = c.ids(tx, x, x.blinded(m, value), limit, ids); err != nil || len(ids) == limit {
			break
		}
	}
	return ids, err
}

// ids appends the ids that follow prefix in an index's keys, until there are limit.
func (c *Collection[T]) ids(tx Tx, x *Index[T], prefix string, limit int, ids []string) ([]string, error) {
	for d, err := range tx.Scan(x.rows, prefix, after(prefix), limit-len(ids)) {
		if err != nil {
			return nil, c.fail("finding", err)
		}
		ids = append(ids, d.Key[len(prefix):])
	}
	return ids, nil
}

// One returns the document whose unique index has exactly that value, or ErrNotFound. It checks that the
// document says so itself: an entry that was changed in the file, to lead one seller's e-mail to another
// seller's account, is ErrSealed.
func (c *Collection[T]) One(tx Tx, index, value string) (*T, error) {
	x, err := c.index(index)
	if err != nil {
		return nil, err
	}
	if !x.unique {
		return nil, fmt.Errorf("index %s is not unique: %w", x.rows, ErrInvalid)
	}
	id, err := c.owner(tx, x, value)
	if err != nil {
		return nil, c.fail("finding", err)
	}
	doc, err := c.Get(tx, id)
	if errors.Is(err, ErrNotFound) || err == nil && !slices.Contains(x.of(doc), value) {
		return nil, fmt.Errorf("index %s does not fit its document: %w", x.rows, ErrSealed)
	}
	return doc, err
}

// owner returns the id in a unique index's entry.
func (c *Collection[T]) owner(tx Tx, x *Index[T], value string) (string, error) {
	for _, m := range c.keys.roots.Load().index {
		id, err := tx.Get(x.rows, x.key(m, value, ""))
		if err == nil {
			return string(id), nil
		}
		if !errors.Is(err, ErrNotFound) {
			return "", err
		}
	}
	return "", ErrNotFound
}

// Range returns at most limit entries of an Ordered index with from <= value < to, ordered by value and
// id. An empty from or to is no bound.
func (c *Collection[T]) Range(tx Tx, index, from, to string, limit int) ([]Entry, error) {
	x, err := c.index(index)
	if err != nil {
		return nil, err
	}
	if x.blind {
		return nil, fmt.Errorf("index %s is not ordered: %w", x.rows, ErrInvalid)
	}
	var entries []Entry
	for d, err := range tx.Scan(x.rows, from, to, limit) {
		if err != nil {
			return nil, c.fail("ranging", err)
		}
		value, id, _ := strings.Cut(d.Key, "\x00")
		entries = append(entries, Entry{Value: value, ID: id})
	}
	return entries, nil
}

// Scan yields the documents with from <= id < to in the order of ids, at most limit of them (1 or more).
// An empty from or to is no bound. After an error nothing more is yielded.
func (c *Collection[T]) Scan(tx Tx, from, to string, limit int) iter.Seq2[Item[T], error] {
	return func(yield func(Item[T], error) bool) {
		r := c.keys.roots.Load()
		for d, err := range tx.Scan(c.name, from, to, limit) {
			var doc *T
			if err == nil {
				doc, err = c.decode(r, d.Key, d.Data)
			}
			if err != nil {
				yield(Item[T]{}, c.fail("scanning", err))
				return
			}
			if !yield(Item[T]{ID: d.Key, Doc: doc}, nil) {
				return
			}
		}
	}
}

// Prefix yields the documents whose id begins with prefix, otherwise as Scan.
func (c *Collection[T]) Prefix(tx Tx, prefix string, limit int) iter.Seq2[Item[T], error] {
	return c.Scan(tx, prefix, after(prefix), limit)
}

// Count returns how many documents have an id that begins with prefix, at most limit. It opens none of them.
func (c *Collection[T]) Count(tx Tx, prefix string, limit int) (int, error) {
	n := 0
	for _, err := range tx.Scan(c.name, prefix, after(prefix), limit) {
		if err != nil {
			return n, c.fail("counting", err)
		}
		n++
	}
	return n, nil
}

// IDs returns the ids of at most limit documents with from <= id, in their order. It opens none of them.
func (c *Collection[T]) IDs(tx Tx, from string, limit int) ([]string, error) {
	var ids []string
	for d, err := range tx.Scan(c.name, from, "", limit) {
		if err != nil {
			return nil, c.fail("listing", err)
		}
		ids = append(ids, d.Key)
	}
	return ids, nil
}

func (c *Collection[T]) index(name string) (*Index[T], error) {
	for i := range c.indexes {
		if c.indexes[i].name == name {
			return &c.indexes[i], nil
		}
	}
	return nil, fmt.Errorf("collection %s has no index %s: %w", c.name, name, ErrInvalid)
}

// fail names the collection in an error. ErrNotFound stays as it is: it is an answer, and a frequent one.
func (c *Collection[T]) fail(doing string, err error) error {
	if err == nil || err == ErrNotFound {
		return err
	}
	return fmt.Errorf("%s %s: %w", doing, c.name, err)
}
