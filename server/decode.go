package server

import (
	"encoding/json"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/auth"
)

// The bounds of a request's body.
const (
	maxBody  = 64 << 10 // bytes
	maxDepth = 32       // objects and lists inside each other
)

// body is the whole body, of the given media type ("" is any).
func (x *exchange) body(media string) ([]byte, error) {
	if media != "" {
		got, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
		if err != nil || got != media {
			return nil, auth.RefuseField(auth.MalformedRequest, contentType)
		}
	}
	if x.tooLarge {
		return nil, auth.Refuse(auth.TooLarge)
	}
	return x.received, nil
}

// read fills in, a pointer to a struct of shape s, from the JSON body.
func (x *exchange) read(s *shape, in any) error {
	b, err := x.body("application/json")
	if err != nil {
		return err
	}
	return s.decode(b, in)
}

// decode is the strict reading of an envelope of ours. encoding/json would take the last of two equal names, match
// names without regard to case, and ignore what it does not know: an attacker could then show one value to whoever
// checks and another to whoever acts. Refused are duplicate, unknown and odd-case members, anything behind the
// object, other types than the field's, null, invalid UTF-8 and deep nesting. A raw member is another standard's
// (WebAuthn Level 3 §5.1.9): inside it unknown members pass, duplicates do not.
func (s *shape) decode(b []byte, in any) error {
	if !utf8.Valid(b) || !json.Valid(b) {
		return auth.Refuse(auth.MalformedRequest)
	}
	w := walker{b: b}
	w.space()
	if w.b[w.at] != '{' {
		return auth.Refuse(auth.MalformedRequest)
	}
	return w.fill(s, reflect.ValueOf(in).Elem())
}

// fill reads the object that begins here into a struct of shape s.
func (w *walker) fill(s *shape, v reflect.Value) error {
	var seen uint64 // members of a shape are fewer than 64
	return w.object(func(name string) error {
		i, ok := s.byName[name]
		if !ok {
			return auth.RefuseField(auth.UnknownMember, s.near(name))
		}
		m := &s.members[i]
		if seen&(1<<i) != 0 {
			return auth.RefuseField(auth.DuplicateMember, m.name)
		}
		seen |= 1 << i
		return w.into(m, v.Field(m.index))
	})
}

// near names the member that was meant if only the case is odd. What was sent is never repeated.
func (s *shape) near(name string) string {
	for i := range s.members {
		if strings.EqualFold(s.members[i].name, name) {
			return s.members[i].name
		}
	}
	return ""
}

// A walker goes once over JSON that is known to be valid.
type walker struct {
	b     []byte
	at    int
	depth int
}

func (w *walker) space() {
	for w.at < len(w.b) && (w.b[w.at] == ' ' || w.b[w.at] == '\t' || w.b[w.at] == '\n' || w.b[w.at] == '\r') {
		w.at++
	}
}

// object goes over the members of the object that begins here; member reads the value.
func (w *walker) object(member func(name string) error) error {
	if w.depth++; w.depth > maxDepth {
		return auth.Refuse(auth.MalformedRequest)
	}
	w.at++
	for w.space(); w.b[w.at] != '}'; w.space() {
		if w.b[w.at] == ',' {
			w.at++
			w.space()
		}
		name := unquote(w.quoted())
		w.space()
		w.at++ // the colon
		w.space()
		if err := member(name); err != nil {
			return err
		}
	}
	w.at++
	w.depth--
	return nil
}

// quoted returns the string that begins here, with its quotes.
func (w *walker) quoted() []byte {
	from := w.at
	for w.at++; w.b[w.at] != '"'; w.at++ {
		if w.b[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	return w.b[from:w.at]
}

func unquote(q []byte) string {
	plain := true
	for _, c := range q {
		if c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return string(q[1 : len(q)-1])
	}
	var s string
	_ = json.Unmarshal(q, &s) // it is a valid string
	return s
}

// into reads the value that begins here into a field.
func (w *walker) into(m *member, f reflect.Value) error {
	from, first := w.at, w.b[w.at]
	switch {
	case m.kind == kindString && first == '"':
		f.SetString(unquote(w.quoted()))
		return nil
	case m.kind == kindBool && (first == 't' || first == 'f'):
		f.SetBool(first == 't')
		return w.skip()
	case m.kind == kindRaw && first == '{':
		if err := w.skip(); err != nil {
			return refuseIn(err, m.name)
		}
		f.SetBytes(w.b[from:w.at])
		return nil
	case m.kind == kindTime && first == '"':
		at, err := time.Parse(time.RFC3339, unquote(w.quoted()))
		if err != nil {
			return auth.RefuseField(auth.MalformedRequest, m.name)
		}
		f.Set(reflect.ValueOf(at))
		return nil
	case m.kind == kindInt && (first == '-' || first >= '0' && first <= '9'):
		_ = w.skip()
		n, err := strconv.Atoi(string(w.b[from:w.at]))
		if err != nil {
			return auth.RefuseField(auth.MalformedRequest, m.name)
		}
		f.SetInt(int64(n))
		return nil
	case m.kind == kindList && first == '[':
		return w.entries(m, f)
	}
	return auth.RefuseField(auth.MalformedRequest, m.name)
}

// entries reads a list into a slice: of strings, or of objects as strict as the one around them.
func (w *walker) entries(m *member, f reflect.Value) error {
	return w.list(func() error {
		one := reflect.New(f.Type().Elem()).Elem()
		switch first := w.b[w.at]; {
		case m.elem == nil && first == '"':
			one.SetString(unquote(w.quoted()))
		case m.elem != nil && first == '{':
			if err := w.fill(m.elem, one); err != nil {
				return err
			}
		default:
			return auth.RefuseField(auth.MalformedRequest, m.name)
		}
		f.Set(reflect.Append(f, one))
		return nil
	})
}

// refuseIn names the member of ours in which a refusal arose.
func refuseIn(err error, field string) error {
	if e, ok := err.(*auth.Error); ok {
		e.Field = field
	}
	return err
}

// skip goes over one value, refusing duplicate names and deep nesting anywhere inside.
func (w *walker) skip() error {
	switch w.b[w.at] {
	case '"':
		w.quoted()
	case '{':
		var seen names
		return w.object(func(name string) error {
			if seen.add(name) {
				return auth.Refuse(auth.DuplicateMember)
			}
			return w.skip()
		})
	case '[':
		return w.list(w.skip)
	default:
		for w.at < len(w.b) && !strings.ContainsRune(",]} \t\r\n", rune(w.b[w.at])) {
			w.at++
		}
	}
	return nil
}

// list goes over the entries of the list that begins here; entry reads each.
func (w *walker) list(entry func() error) error {
	if w.depth++; w.depth > maxDepth {
		return auth.Refuse(auth.MalformedRequest)
	}
	w.at++
	for w.space(); w.b[w.at] != ']'; w.space() {
		if w.b[w.at] == ',' {
			w.at++
			w.space()
		}
		if err := entry(); err != nil {
			return err
		}
	}
	w.at++
	w.depth--
	return nil
}

// names remembers the names of one object: a short list first, a map when an attacker sends thousands.
type names struct {
	few  []string
	many map[string]bool
}

// add reports whether the name was there already.
func (n *names) add(name string) bool {
	if n.many != nil {
		had := n.many[name]
		n.many[name] = true
		return had
	}
	for _, s := range n.few {
		if s == name {
			return true
		}
	}
	if n.few = append(n.few, name); len(n.few) > 16 {
		n.many = make(map[string]bool, 64)
		for _, s := range n.few {
			n.many[s] = true
		}
	}
	return false
}

// form reads the fields of a posted form. Each may come once.
func (x *exchange) form() error {
	b, err := x.body("application/x-www-form-urlencoded")
	if err != nil {
		return err
	}
	x.r.Body = http.NoBody
	return x.fields(string(b))
}
