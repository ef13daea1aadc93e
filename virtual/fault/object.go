package fault

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// An object is a JSON object whose members keep their order, and may occur twice.
type object []member

type member struct {
	name  string
	value json.RawMessage
}

// parseObject reads the object that text begins with, and returns what is behind it.
func parseObject(text []byte) (o object, rest []byte, err error) {
	fail := func(err error) (object, []byte, error) { return nil, nil, fmt.Errorf("reading a JSON object: %w", err) }
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil {
		return fail(err)
	} else if t != json.Delim('{') {
		return fail(fmt.Errorf("it begins with %v", t))
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return fail(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fail(err)
		}
		o = append(o, member{name.(string), value})
	}
	if _, err := d.Token(); err != nil {
		return fail(err)
	}
	return o, text[d.InputOffset():], nil
}

func (o object) encode() []byte {
	out := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, quote(m.name)...), ':'), m.value...)
	}
	return append(out, '}')
}

// get returns the last member of that name; nil: there is none.
func (o object) get(name string) json.RawMessage {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].name == name {
			return o[i].value
		}
	}
	return nil
}

// put sets the last member of that name, or adds one.
func (o *object) put(name string, value []byte) {
	for i := len(*o) - 1; i >= 0; i-- {
		if (*o)[i].name == name {
			(*o)[i].value = value
			return
		}
	}
	*o = append(*o, member{name, value})
}

// before adds a member in front.
func (o *object) before(name string, value []byte) {
	*o = append(object{{name, value}}, *o...)
}

// drop deletes every member of that name.
func (o *object) drop(name string) {
	var kept object
	for _, m := range *o {
		if m.name != name {
			kept = append(kept, m)
		}
	}
	*o = kept
}

// quote is a JSON string.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return nil // never for a string
	}
	return bytes.TrimSpace(b.Bytes())
}

// unquote is the text of a JSON string; empty for anything else.
func unquote(value []byte) string {
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// byteString is a JSON string of base64url.
func byteString(b []byte) []byte { return quote(base64.RawURLEncoding.EncodeToString(b)) }
