// Package strictjson reads JSON that strangers wrote, as envelopes of ours and as what browsers say about keys.
//
// encoding/json takes the last of two equal names, matches names without regard to case, and replaces invalid UTF-8: an
// attacker could then show one value to whoever checks and another to whoever acts. Here a document is one object of
// valid UTF-8 with nothing behind it; no name comes twice in an object at any depth, in whatever case, since a parser
// further on may fold it; and nesting is bounded. A name counts only as it is written: what is odd in case is another
// name, which the reader of an envelope refuses as unknown and the reader of another standard's object ignores.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode"
	"unicode/utf8"
)

// MaxDepth is how many objects and lists may lie inside each other.
const MaxDepth = 32

// ErrMalformed says that a document is not one object of valid JSON, or is nested too deeply.
var ErrMalformed = errors.New("not one object of valid JSON")

// A DuplicateError says that a name came twice in one object. Name is what was sent: it is for looking up, not for
// repeating.
type DuplicateError struct{ Name string }

func (e *DuplicateError) Error() string { return "a member comes twice" }

// A Reader goes once over a document.
type Reader struct {
	b     []byte
	at    int
	depth int
}

// New returns a reader that stands before the object of a document. Its errors are ErrMalformed.
func New(b []byte) (*Reader, error) {
	r := &Reader{b: b}
	if !utf8.Valid(b) || !json.Valid(b) {
		return nil, ErrMalformed
	}
	if r.space(); r.First() != '{' {
		return nil, ErrMalformed
	}
	return r, nil
}

// Each calls member with every member of a document's object. Each value has been gone over as strictly. Its errors
// are ErrMalformed, a *DuplicateError, and those of member.
func Each(b []byte, member func(name, value []byte) error) error {
	r, err := New(b)
	if err != nil {
		return err
	}
	return r.Object(func(name []byte) error {
		value, err := r.Skip()
		if err != nil {
			return err
		}
		return member(name, value)
	})
}

// First returns the first byte of the value before the reader, which tells its type.
func (r *Reader) First() byte { return r.b[r.at] }

func (r *Reader) space() {
	for r.at < len(r.b) && bytes.IndexByte([]byte(" \t\n\r"), r.b[r.at]) >= 0 {
		r.at++
	}
}

// Object goes over the members of the object before the reader; member must read the value.
func (r *Reader) Object(member func(name []byte) error) error {
	var seen names
	return r.nested('}', func() error {
		name := unquote(r.quoted())
		if seen.add(name) {
			return &DuplicateError{Name: string(name)}
		}
		r.space()
		r.at++ // the colon
		r.space()
		return member(name)
	})
}

// List goes over the entries of the list before the reader; entry must read each.
func (r *Reader) List(entry func() error) error { return r.nested(']', entry) }

func (r *Reader) nested(end byte, each func() error) error {
	if r.depth++; r.depth > MaxDepth {
		return ErrMalformed
	}
	r.at++
	for r.space(); r.b[r.at] != end; r.space() {
		if r.b[r.at] == ',' {
			r.at++
			r.space()
		}
		if err := each(); err != nil {
			return err
		}
	}
	r.at++
	r.depth--
	return nil
}

// Text reads the string before the reader.
func (r *Reader) Text() string { return string(unquote(r.quoted())) }

// Skip goes over the value before the reader, as strictly as over all else, and returns it as it was sent.
func (r *Reader) Skip() ([]byte, error) {
	from := r.at
	var err error
	switch r.First() {
	case '"':
		r.quoted()
	case '{':
		err = r.Object(func([]byte) error {
			_, err := r.Skip()
			return err
		})
	case '[':
		err = r.List(func() error {
			_, err := r.Skip()
			return err
		})
	default:
		for r.at < len(r.b) && bytes.IndexByte([]byte(",]} \t\r\n"), r.b[r.at]) < 0 {
			r.at++
		}
	}
	return r.b[from:r.at], err
}

// quoted returns the string that begins here, with its quotes.
func (r *Reader) quoted() []byte {
	from := r.at
	for r.at++; r.b[r.at] != '"'; r.at++ {
		if r.b[r.at] == '\\' {
			r.at++
		}
	}
	r.at++
	return r.b[from:r.at]
}

func unquote(q []byte) []byte {
	if bytes.IndexByte(q, '\\') < 0 {
		return q[1 : len(q)-1]
	}
	var s string
	_ = json.Unmarshal(q, &s) // it is a valid string
	return []byte(s)
}

// few is how many names are compared one by one: an object that honest clients send has fewer.
const few = 16

// names remembers the names of one object: a short list first, a map when an attacker sends thousands.
type names struct {
	list [few][]byte
	n    int
	many map[string]bool
}

// add reports whether the name was there already, in any case.
func (n *names) add(name []byte) bool {
	if n.many != nil {
		had := n.many[folded(name)]
		n.many[folded(name)] = true
		return had
	}
	for _, other := range n.list[:n.n] {
		if bytes.EqualFold(other, name) {
			return true
		}
	}
	if n.n < few {
		n.list[n.n] = name
		n.n++
		return false
	}
	n.many = make(map[string]bool, 4*few)
	for _, other := range n.list {
		n.many[folded(other)] = true
	}
	n.many[folded(name)] = true
	return false
}

// folded is the same for all names that bytes.EqualFold takes for equal.
func folded(name []byte) string {
	return string(bytes.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, name))
}
