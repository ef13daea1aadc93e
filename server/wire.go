package server

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/auth"
)

// A shape is how one Go struct looks as JSON: worked out once, when the routes are made, and used to read requests,
// to write answers and to draw the schema, so that the three cannot differ. Members have the field's Go name in
// lowerCamelCase (ID is "id", AuthTime "authTime"), or the name of a json tag.
//
//	string kinds     "…"        left out when empty        bool, int     always there
//	time.Time        RFC 3339   left out when zero         Duration      whole seconds
//	pointer          object     left out when nil          slice         [] when empty,
//	                                                                        or left out by its tag
//	json.RawMessage  as it is   left out when empty        auth.Class    "weak", "strong" …
//	map of strings   object     left out when empty
//	tagged "-"       never, and not in the schema
type shape struct {
	name    string // the Go type's name, for the schema
	members []member
	byName  map[string]int
}

type member struct {
	name  string
	index int
	key   string // `"name":`
	kind  kind
	elem  *shape       // of kindObject, and of kindList of objects; nil for a list of strings
	of    reflect.Type // the field's type, or a list's entries'

	optional bool // left out when empty
}

type kind int

const (
	kindString kind = iota
	kindBool
	kindInt
	kindTime
	kindSeconds
	kindClass
	kindRaw
	kindObject // struct or pointer to one
	kindList
	kindMap
)

var (
	typeTime    = reflect.TypeFor[time.Time]()
	typeSeconds = reflect.TypeFor[time.Duration]()
	typeRaw     = reflect.TypeFor[json.RawMessage]()
	typeClass   = reflect.TypeFor[auth.Class]()
)

// shapeOf works out the shape of a struct type. A type that has no shape is a mistake of ours and panics when the
// routes are made.
func shapeOf(t reflect.Type) *shape {
	s := &shape{name: t.Name(), byName: map[string]int{}}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("json") == "-" { // for pages alone
			continue
		}
		m := member{name: memberName(f), index: i}
		m.key = strconv.Quote(m.name) + ":"
		m.kind, m.elem = kindOf(f.Type)
		m.of = f.Type
		if m.kind == kindList {
			m.of = f.Type.Elem()
		}
		_, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		m.optional = rest == "omitempty" || f.Type.Kind() == reflect.Pointer ||
			slices.Contains([]kind{kindString, kindRaw, kindMap, kindTime}, m.kind)
		s.byName[m.name] = len(s.members)
		s.members = append(s.members, m)
	}
	return s
}

func kindOf(t reflect.Type) (kind, *shape) {
	switch t {
	case typeTime:
		return kindTime, nil
	case typeSeconds:
		return kindSeconds, nil
	case typeRaw:
		return kindRaw, nil
	case typeClass:
		return kindClass, nil
	}
	switch t.Kind() {
	case reflect.String:
		return kindString, nil
	case reflect.Bool:
		return kindBool, nil
	case reflect.Int:
		return kindInt, nil
	case reflect.Struct:
		return kindObject, shapeOf(t)
	case reflect.Pointer:
		k, s := kindOf(t.Elem())
		return k, s
	case reflect.Slice:
		k, s := kindOf(t.Elem())
		if k == kindObject || k == kindString {
			return kindList, s
		}
	case reflect.Map:
		if t.Key().Kind() == reflect.String && t.Elem().Kind() == reflect.String {
			return kindMap, nil
		}
	}
	panic(fmt.Sprintf("a member of type %s has no form on the wire", t))
}

// memberName is the JSON name of a field.
func memberName(f reflect.StructField) string {
	if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag != "" {
		return tag
	}
	return lowerCamel(f.Name)
}

// lowerCamel writes a Go name in lowerCamelCase, initialisms as words: ID is "id", RequestID "requestId".
func lowerCamel(name string) string {
	was := []rune(name)
	r := slices.Clone(was)
	for i := range r {
		inRun := i > 0 && unicode.IsUpper(was[i-1]) && (i+1 == len(was) || unicode.IsUpper(was[i+1]))
		if i == 0 || inRun {
			r[i] = unicode.ToLower(r[i])
		}
	}
	return string(r)
}

// append writes v, a pointer to a struct of this shape, behind b.
func (s *shape) append(b []byte, v any) []byte {
	return s.object(b, reflect.ValueOf(v).Elem())
}

func (s *shape) object(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	for i := range s.members {
		m := &s.members[i]
		f := v.Field(m.index)
		if f.Kind() == reflect.Pointer {
			if f.IsNil() {
				continue
			}
			f = f.Elem()
		}
		if m.absent(f) {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, m.key...)
		b = m.value(b, f)
	}
	return append(b, '}')
}

func (m *member) absent(f reflect.Value) bool {
	switch m.kind {
	case kindString, kindRaw, kindMap:
		return f.Len() == 0
	case kindList:
		return m.optional && f.Len() == 0
	case kindTime:
		return f.Addr().Interface().(*time.Time).IsZero()
	}
	return false
}

func (m *member) value(b []byte, f reflect.Value) []byte {
	switch m.kind {
	case kindString:
		return appendString(b, f.String())
	case kindBool:
		return strconv.AppendBool(b, f.Bool())
	case kindInt:
		return strconv.AppendInt(b, f.Int(), 10)
	case kindTime:
		at := f.Addr().Interface().(*time.Time)
		b = append(b, '"')
		return append(at.UTC().Truncate(time.Second).AppendFormat(b, time.RFC3339), '"')
	case kindSeconds:
		return strconv.AppendInt(b, f.Int()/int64(time.Second), 10)
	case kindClass:
		return appendString(b, acr(auth.Class(f.Int())))
	case kindRaw:
		return append(b, f.Bytes()...)
	case kindObject:
		return m.elem.object(b, f)
	case kindMap:
		raw, _ := json.Marshal(f.Interface()) // strings only: it cannot fail
		return append(b, raw...)
	}
	return m.list(b, f)
}

func (m *member) list(b []byte, f reflect.Value) []byte {
	b = append(b, '[')
	for i := range f.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if m.elem == nil {
			b = appendString(b, f.Index(i).String())
			continue
		}
		b = m.elem.object(b, f.Index(i))
	}
	return append(b, ']')
}

// appendString writes s as a JSON string. Strings that need no care are nearly all of them.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			raw, _ := json.Marshal(s) // a string: it cannot fail
			return append(b, raw...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
