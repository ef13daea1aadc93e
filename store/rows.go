package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rows is a collection whatever the type of its documents. The compiler makes code for every type that a
// Collection has, and there are some fifty: what does the work is made once, here, on documents as any.
// Each is a *T of the Collection's T; no document is nil.
type rows struct {
	name    string
	realm   string
	keys    *Keys
	fresh   func() any // a new *T
	indexes []index
}

// An index is an Index of rows.
type index struct {
	entries
	rows   string // the collection that holds the entries
	values func(doc any) []string
}

// add adds an index, while the collection is made.
func (c *rows) add(of entries, values func(doc any) []string) {
	x := index{entries: of, rows: c.name + "." + of.name, values: values}
	twice := slices.ContainsFunc(c.indexes, func(y index) bool { return y.name == x.name })
	if x.name == "" || CheckName(x.rows) != nil || twice {
		panic("store: bad index " + x.rows)
	}
	c.indexes = append(c.indexes, x)
}

// Name is the name under which the collection is stored.
func (c *rows) Name() string { return c.name }

func (c *rows) get(tx Tx, id string) (any, error) {
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

func (c *rows) insert(tx Tx, id string, doc any) error {
	switch _, err := tx.Get(c.name, id); {
	case err == nil:
		return c.fail("inserting", ErrExists)
	case !errors.Is(err, ErrNotFound):
		return c.fail("inserting", err)
	}
	return c.write(tx, c.keys.roots.Load(), id, doc, nil, true)
}

func (c *rows) put(tx Tx, id string, doc any) error {
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
func (c *rows) Delete(tx Tx, id string) error {
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
func (c *rows) Renew(tx Tx, from string, limit int) (next string, err error) {
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
func (c *rows) old(tx Tx, r *ring, id string) (doc any, current bool, err error) {
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
func (c *rows) write(tx Tx, r *ring, id string, doc, old any, current bool) error {
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
func (c *rows) free(tx Tx, r *ring, x *index, id string, was, is []string, current bool) error {
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
func (c *rows) move(tx Tx, r *ring, x *index, id string, was, is []string, current bool) error {
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
func (c *rows) drop(tx Tx, r *ring, x *index, value, id string) error {
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
func (c *rows) Find(tx Tx, index, value string, limit int) ([]string, error) {
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
func (c *rows) ids(tx Tx, x *index, prefix string, limit int, ids []string) ([]string, error) {
	for d, err := range tx.Scan(x.rows, prefix, after(prefix), limit-len(ids)) {
		if err != nil {
			return nil, c.fail("finding", err)
		}
		ids = append(ids, d.Key[len(prefix):])
	}
	return ids, nil
}

func (c *rows) one(tx Tx, index, value string) (any, error) {
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
	doc, err := c.get(tx, id)
	if errors.Is(err, ErrNotFound) || err == nil && !slices.Contains(x.of(doc), value) {
		return nil, fmt.Errorf("index %s does not fit its document: %w", x.rows, ErrSealed)
	}
	return doc, err
}

// owner returns the id in a unique index's entry.
func (c *rows) owner(tx Tx, x *index, value string) (string, error) {
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
func (c *rows) Range(tx Tx, index, from, to string, limit int) ([]Entry, error) {
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

// scan calls yield with the documents of a Scan until it returns false. Beside an error there is no document.
func (c *rows) scan(tx Tx, from, to string, limit int, yield func(id string, doc any, err error) bool) {
	r := c.keys.roots.Load()
	for d, err := range tx.Scan(c.name, from, to, limit) {
		var doc any
		if err == nil {
			doc, err = c.decode(r, d.Key, d.Data)
		}
		if err != nil {
			yield("", nil, c.fail("scanning", err))
			return
		}
		if !yield(d.Key, doc, nil) {
			return
		}
	}
}

// Count returns how many documents have an id that begins with prefix, at most limit. It opens none of them.
func (c *rows) Count(tx Tx, prefix string, limit int) (int, error) {
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
func (c *rows) IDs(tx Tx, from string, limit int) ([]string, error) {
	var ids []string
	for d, err := range tx.Scan(c.name, from, "", limit) {
		if err != nil {
			return nil, c.fail("listing", err)
		}
		ids = append(ids, d.Key)
	}
	return ids, nil
}

func (c *rows) index(name string) (*index, error) {
	for i := range c.indexes {
		if c.indexes[i].name == name {
			return &c.indexes[i], nil
		}
	}
	return nil, fmt.Errorf("collection %s has no index %s: %w", c.name, name, ErrInvalid)
}

// fail names the collection in an error. ErrNotFound stays as it is: it is an answer, and a frequent one.
func (c *rows) fail(doing string, err error) error {
	if err == nil || err == ErrNotFound {
		return err
	}
	return fmt.Errorf("%s %s: %w", doing, c.name, err)
}
