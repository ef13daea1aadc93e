package virtual

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// decodeMap reads the parameters of a command: one map in CTAP2's canonical CBOR (CTAP 2.1 §8), no deeper than four
// levels. What is not canonical (a long integer, an unsorted or a repeated key, an indefinite length, a tag, bytes
// behind the end) is refused: every value has one encoding, so encoding again must give the same bytes.
func decodeMap(data []byte) (*reader, error) {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 4,
	}.DecMode()
	if err != nil {
		return nil, fmt.Errorf("preparing CBOR: %w", err)
	}
	var v any
	if err := mode.Unmarshal(data, &v); err != nil {
		return nil, StatusInvalidCBOR
	}
	if again, err := encode(v); err != nil || !bytes.Equal(again, data) {
		return nil, StatusInvalidCBOR
	}
	m, ok := v.(map[any]any)
	if !ok {
		return nil, StatusUnexpectedType
	}
	return &reader{members: m, failed: new(error)}, nil
}

// A reader takes typed members out of a decoded map. The first thing wrong is kept in failed, which the readers of
// nested maps share: a caller takes all it needs and looks once.
type reader struct {
	members map[any]any
	failed  *error
}

func (r *reader) err() error { return *r.failed }

func (r *reader) fail(s Status) {
	if *r.failed == nil {
		*r.failed = s
	}
}

// keyOf turns an int into the type the decoder gives integers: uint64, or int64 below zero.
func keyOf(key any) any {
	n, ok := key.(int)
	switch {
	case !ok:
		return key
	case n < 0:
		return int64(n)
	}
	return uint64(n)
}

// has reports whether a member is there.
func (r *reader) has(key any) bool {
	_, ok := r.members[keyOf(key)]
	return ok
}

// need fails when a member is missing.
func (r *reader) need(keys ...any) {
	for _, key := range keys {
		if !r.has(key) {
			r.fail(StatusMissingParameter)
		}
	}
}

// take returns a member of type T: uint64, int64, []byte, string, bool, []any. It is zero when the member is absent
// or of another type, which fails.
func take[T any](r *reader, key any) T {
	v, ok := r.members[keyOf(key)]
	if !ok {
		var zero T
		return zero
	}
	return as[T](r, v)
}

func as[T any](r *reader, v any) T {
	t, ok := v.(T)
	if !ok {
		r.fail(StatusUnexpectedType)
	}
	return t
}

// small returns an unsigned integer that fits int; a larger one is as wrong as any value nobody defined.
func (r *reader) small(key any) int {
	n := take[uint64](r, key)
	if n > 1<<31-1 {
		r.fail(StatusInvalidParameter)
		return 0
	}
	return int(n)
}

// signed returns an integer of either sign.
func (r *reader) signed(key any) int64 {
	switch n := r.members[keyOf(key)].(type) {
	case int64:
		return n
	case uint64:
		if n < 1<<63 {
			return int64(n)
		}
	}
	r.fail(StatusUnexpectedType)
	return 0
}

// sub returns a reader of a nested map, an empty one when the member is absent.
func (r *reader) sub(key any) *reader { return r.subOf(take[map[any]any](r, key)) }

func (r *reader) subOf(v any) *reader {
	return &reader{members: as[map[any]any](r, v), failed: r.failed}
}

// descriptors returns the identifiers of a list of PublicKeyCredentialDescriptor; of other types than "public-key"
// none (CTAP 2.1 §6.1, §6.2).
func (r *reader) descriptors(key any) [][]byte {
	var out [][]byte
	for _, v := range take[[]any](r, key) {
		if id := r.subOf(v).descriptor(); id != nil {
			out = append(out, id)
		}
	}
	return out
}

func (r *reader) descriptor() []byte {
	r.need("id", "type")
	id := take[[]byte](r, "id")
	if take[string](r, "type") != "public-key" {
		return nil
	}
	return id
}
