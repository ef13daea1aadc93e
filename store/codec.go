package store

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A Versioned document says which version of itself the program writes, and brings older ones up to
// date when they are read. Types that do not implement it are version 0.
type Versioned interface {
	// Version returns the version that the program writes, from 1 up.
	Version() byte
	// Upgrade is called after the members of an older document have been decoded as far as they match;
	// old is that document's JSON. The document is written anew when something else changes it, or by
	// Renew. What an index finds it by must stay as it was: its entries are those of the old version.
	Upgrade(from byte, old []byte) error
}

// The first byte of a document says how it is framed. A document that Keys have sealed begins with
// Tink's prefix, 01 and the root's id, so that no byte is spent on a second one:
//
//	plain    00 │ JSON │ version
//	sealed   01 │ root's id 4 │ salt 12 │ IV 12 │ sealed (JSON │ version) │ tag 16
const (
	framePlain  = 0x00
	frameSealed = 0x01
)

// encode returns the bytes to store for a document.
func (c *rows) encode(r *ring, id string, doc any) ([]byte, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var version byte
	if v, ok := doc.(Versioned); ok {
		version = v.Version()
	}
	raw = append(raw, version)
	if c.keys.plain {
		return append([]byte{framePlain}, raw...), nil
	}
	return r.documents.Encrypt(raw, c.place(id))
}

// decode returns the document in stored bytes. Sealed collections refuse plain documents: whoever can
// write to the file must not be able to put one in.
func (c *rows) decode(r *ring, id string, stored []byte) (any, error) {
	raw, err := c.open(r, id, stored)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, fmt.Errorf("empty frame: %w", ErrSealed)
	}
	raw, from := raw[:len(raw)-1], raw[len(raw)-1]
	doc := c.fresh()
	if err := json.Unmarshal(raw, doc); err != nil {
		return nil, err
	}
	var version byte
	v, versioned := doc.(Versioned)
	if versioned {
		version = v.Version()
	}
	switch {
	case from > version: // what this program would drop, it must not write back
		return nil, fmt.Errorf("version %d is newer than this program's %d", from, version)
	case from < version:
		if err := v.Upgrade(from, raw); err != nil {
			return nil, fmt.Errorf("upgrading from version %d: %w", from, err)
		}
	}
	return doc, nil
}

func (c *rows) open(r *ring, id string, stored []byte) ([]byte, error) {
	if c.keys.plain {
		raw, ok := bytes.CutPrefix(stored, []byte{framePlain})
		if !ok {
			return nil, fmt.Errorf("unknown frame: %w", ErrSealed)
		}
		return raw, nil
	}
	raw, err := r.documents.Decrypt(stored, c.place(id))
	if err != nil {
		return nil, ErrSealed
	}
	return raw, nil
}

// place binds a sealed document to where it lies, so that it cannot be moved under another id. A realm
// stands between two NULs before the name, which is never empty: no place of one realm is one of another.
func (c *rows) place(id string) []byte {
	realm := ""
	if c.realm != "" {
		realm = "\x00" + c.realm + "\x00"
	}
	return []byte(realm + c.name + "\x00" + id)
}

// current reports whether stored bytes are sealed under the primary root, and so its index entries are.
func (c *rows) current(r *ring, stored []byte) bool {
	return len(r.order) == 1 || bytes.HasPrefix(stored, r.head)
}
