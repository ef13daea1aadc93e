package party

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

const maxDepth = 32 // of JSON: a response has three levels

// A document is JSON as it was found: objects are map[string]any with the last of equal names, numbers json.Number.
type document struct {
	value     any
	duplicate string // the first member found twice, at any depth
	whole     bool   // nothing stands behind the value
}

// readJSON reads the first JSON value of data; an error means that there is none.
func readJSON(data []byte) (document, error) {
	var d document
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var err error
	if d.value, err = d.read(dec, 0); err != nil {
		return d, err
	}
	_, err = dec.Token()
	d.whole = errors.Is(err, io.EOF)
	return d, nil
}

func (d *document) read(dec *json.Decoder, depth int) (any, error) {
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch {
	case t != json.Delim('{') && t != json.Delim('['):
		return t, nil
	case depth == maxDepth:
		return nil, errors.New("nested too deeply")
	case t == json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := d.read(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = dec.Token()
		return list, err
	}
	object := map[string]any{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, ok := name.(string)
		if !ok {
			return nil, fmt.Errorf("a member is named %v", name)
		}
		if _, again := object[key]; again && d.duplicate == "" {
			d.duplicate = key
		}
		if object[key], err = d.read(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err = dec.Token()
	return object, err
}

// decodeBase64URL decodes base64url. strict reports whether it was the one form that Level 3 §5.1 allows: no padding,
// no white space, no bits behind the last byte. ok is false when nobody could decode it.
func decodeBase64URL(s string) (out []byte, strict, ok bool) {
	if !strings.ContainsAny(s, "\r\n") { // which the decoder skips
		if out, err := base64.RawURLEncoding.Strict().DecodeString(s); err == nil {
			return out, true, true
		}
	}
	lax := strings.NewReplacer("+", "-", "/", "_", "=", "", " ", "", "\t", "", "\r", "", "\n", "").Replace(s)
	out, err := base64.RawURLEncoding.DecodeString(lax)
	return out, false, err == nil
}

// An envelope is a RegistrationResponseJSON or AuthenticationResponseJSON, as far as it could be read.
type envelope struct {
	read      bool           // it is a JSON object
	response  map[string]any // nil: absent, or no object
	id, rawID []byte         // nil: not readable
}

// identifier is what the credential is looked up by: rawId, or id; the other where there is only that.
func (e envelope) identifier(byID bool) []byte {
	first, second := e.rawID, e.id
	if byID {
		first, second = second, first
	}
	if first != nil {
		return first
	}
	return second
}

// envelope reads the outermost JSON. bare: it came in the shape of the FIDO conformance API, which has no rawId.
func (v verdict) envelope(raw []byte, bare bool) envelope {
	var e envelope
	doc, err := readJSON(raw)
	object, isObject := doc.value.(map[string]any)
	if err != nil || !isObject {
		v.must(fault.CheckJSONObject, false, "the response is not a JSON object")
		if at := bytes.IndexByte(raw, '{'); at > 0 { // something stands before it
			doc, _ = readJSON(raw[at:])
			object, isObject = doc.value.(map[string]any)
		}
		if !isObject {
			return e
		}
	}
	e.read = true
	v.must(fault.CheckJSONObject, doc.whole, "something stands behind the response")
	v.must(fault.CheckJSONDuplicate, doc.duplicate == "", "member %q occurs twice", doc.duplicate)
	v.must(fault.CheckJSONType, object["type"] == "public-key", "type is %v", object["type"])
	v.ids(&e, object, bare)
	e.response, _ = object["response"].(map[string]any)
	return e
}

func (v verdict) ids(e *envelope, object map[string]any, bare bool) {
	text, isText := object["id"].(string)
	if v.must(fault.CheckJSONID, isText, "id is not a string") {
		id, strict, ok := decodeBase64URL(text)
		v.must(fault.CheckJSONID, strict, "id is not base64url")
		if ok {
			e.id = append([]byte{}, id...)
		}
	}
	raw, have := object["rawId"]
	if _, extensions := object["clientExtensionResults"]; bare && !have && !extensions {
		e.rawID = e.id
		return
	}
	text, isText = raw.(string)
	if !v.must(fault.CheckJSONRawID, isText, "rawId is not a string") {
		return
	}
	id, strict, ok := decodeBase64URL(text)
	v.must(fault.CheckJSONBytes, strict, "rawId is not base64url")
	if ok {
		e.rawID = append([]byte{}, id...)
		v.must(fault.CheckJSONRawID, e.id == nil || bytes.Equal(e.id, e.rawID), "rawId and id differ")
	}
}

// bytes returns a member of the response that has to be a byte string, or nil when it is absent, which is present's
// business, or not readable.
func (v verdict) bytes(e envelope, name string, present fault.Check) []byte {
	member := e.response[name]
	if e.response == nil || !v.must(present, member != nil, "%s is missing", name) {
		return nil
	}
	text, isText := member.(string)
	if !v.must(fault.CheckJSONBytes, isText, "%s is not a string", name) {
		return nil
	}
	out, strict, ok := decodeBase64URL(text)
	v.must(fault.CheckJSONBytes, strict, "%s is not base64url", name)
	if !ok {
		return nil
	}
	return append([]byte{}, out...)
}

// handle returns userHandle; nil when it is absent, empty or not readable. absent tells the first two from the last.
func (v verdict) handle(e envelope) (handle []byte, absent bool) {
	member := e.response["userHandle"]
	if member == nil || member == "" {
		return nil, e.response != nil
	}
	text, isText := member.(string)
	if !v.must(fault.CheckJSONHandle, isText, "userHandle is not a string") {
		return nil, false
	}
	out, strict, ok := decodeBase64URL(text)
	v.must(fault.CheckJSONBytes, strict, "userHandle is not base64url")
	if !ok || !v.must(fault.CheckJSONHandle, len(out) <= 64, "userHandle has %d bytes", len(out)) {
		return nil, false
	}
	return out, false
}
