package store

import (
	"fmt"
	"slices"
	"strings"
)

// An Index finds documents of type T by a value. Blind and Ordered make one.
type Index[T any] struct {
	entries
	values func(*T) []string
}

// entries says of what kind the entries of an index are.
type entries struct {
	name   string
	blind  bool
	unique bool
}

// blindSize is how many bytes of the HMAC an entry keeps: 2^32 values meet with chance 2^-65, and One
// compares the document besides.
const blindSize = 16

// Blind declares an index for exact matches whose entries show nothing of the value: HMAC-SHA-256 under
// a key of Keys. If unique, a value belongs to at most one document. values returns what a document is
// found by, normalised; empty ones are left out. It may depend on nothing but the document.
func Blind[T any](name string, unique bool, values func(*T) []string) Index[T] {
	return Index[T]{entries: entries{name: name, blind: true, unique: unique}, values: values}
}

// Ordered declares an index for ranges. Its values are stored in the clear, so they must never be
// personal: times, states, ids. A value has no NUL byte, and value and id together have at most
// MaxKey-1 bytes. Values that grow with time are led by a spread, such as one of 16 buckets, where the
// index is read before it is written.
func Ordered[T any](name string, values func(*T) []string) Index[T] {
	return Index[T]{entries: entries{name: name}, values: values}
}

// Within declares an index of T as one of documents that hold a T.
func Within[T, U any](x Index[T], part func(*U) *T) Index[U] {
	return Index[U]{entries: x.entries, values: func(doc *U) []string { return x.values(part(doc)) }}
}

// of returns the values of a document, none of nil.
func (x *index) of(doc any) []string {
	if doc == nil {
		return nil
	}
	values := x.values(doc)
	if slices.Contains(values, "") {
		values = slices.Clone(values) // they may be the document's own
		values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
	}
	return values
}

// check refuses values that an entry cannot hold.
func (x *index) check(value string) error {
	if !x.blind && strings.Contains(value, "\x00") {
		return fmt.Errorf("index %s: NUL in a value: %w", x.rows, ErrInvalid)
	}
	return nil
}

// key returns the key of an entry, for a Blind index under one root's key:
//
//	Blind, unique   HMAC(rows NUL value)[:16]         data: id
//	Blind           HMAC(rows NUL value)[:16] id      no data
//	Ordered         value NUL id                      no data
func (x *index) key(m *mac, value, id string) string {
	if !x.blind {
		return value + "\x00" + id
	}
	if x.unique {
		return x.blinded(m, value)
	}
	return x.blinded(m, value) + id
}

func (x *index) blinded(m *mac, value string) string {
	var buf [32]byte
	in := make([]byte, 0, 128)
	in = append(append(append(in, x.rows...), 0), value...)
	return string(m.sum(buf[:0], in)[:blindSize])
}

// data returns what an entry holds.
func (x *index) data(id string) []byte {
	if x.unique {
		return []byte(id)
	}
	return []byte{}
}

// after returns the first key behind all that begin with prefix, or "" if there is none.
func after(prefix string) string {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}
