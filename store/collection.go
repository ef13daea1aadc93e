package store

import "iter"

// A Collection is the documents of one type T, with their indexes. It keeps no state of its own and
// serves any number of transactions at once. Ids are at most MaxKey bytes (16 fewer with a Blind index
// that is not unique) and hold nothing personal: they are stored in the clear.
//
// It is the typed face of rows, which does the work.
type Collection[T any] struct{ rows }

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
	c := &Collection[T]{rows{name: name, keys: keys, fresh: func() any { return new(T) }}}
	for _, x := range indexes {
		c.add(x.entries, func(doc any) []string { return x.values(doc.(*T)) })
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

// Get returns the document with the id, or ErrNotFound.
func (c *Collection[T]) Get(tx Tx, id string) (*T, error) { return as[T](c.get(tx, id)) }

// Insert writes a new document, or returns ErrExists, with nothing written, if the id or a value of a
// unique index is taken.
func (c *Collection[T]) Insert(tx Tx, id string, doc *T) error { return c.insert(tx, id, doc) }

// Put writes the document, new or not, and keeps its indexes. It returns ErrExists, wrapped with the
// index's name and with nothing written, if a value of a unique index belongs to another document.
func (c *Collection[T]) Put(tx Tx, id string, doc *T) error { return c.put(tx, id, doc) }

// One returns the document whose unique index has exactly that value, or ErrNotFound. It checks that the
// document says so itself: an entry that was changed in the file, to lead one seller's e-mail to another
// seller's account, is ErrSealed.
func (c *Collection[T]) One(tx Tx, index, value string) (*T, error) {
	return as[T](c.one(tx, index, value))
}

// Scan yields the documents with from <= id < to in the order of ids, at most limit of them (1 or more).
// An empty from or to is no bound. After an error nothing more is yielded.
func (c *Collection[T]) Scan(tx Tx, from, to string, limit int) iter.Seq2[Item[T], error] {
	return func(yield func(Item[T], error) bool) {
		c.scan(tx, from, to, limit, func(id string, doc any, err error) bool {
			t, err := as[T](doc, err)
			return yield(Item[T]{ID: id, Doc: t}, err)
		})
	}
}

// Prefix yields the documents whose id begins with prefix, otherwise as Scan.
func (c *Collection[T]) Prefix(tx Tx, prefix string, limit int) iter.Seq2[Item[T], error] {
	return c.Scan(tx, prefix, after(prefix), limit)
}

// as gives a document of rows its type back. There is none beside an error.
func as[T any](doc any, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return doc.(*T), nil
}
