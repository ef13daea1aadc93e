package server

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/strictjson"
)

// read fills in, a pointer to a struct of shape s, from the JSON body.
func (x *request) read(s *shape, in any) error {
	b, err := x.Body("application/json")
	if err != nil {
		return err
	}
	return s.decode(b, in)
}

// decode is the strict reading of an envelope of ours: on top of what package strictjson refuses, members that are
// unknown or of another type than the field's, and null. A raw member is another standard's (WebAuthn Level 3 §5.1.9):
// inside it unknown members pass, duplicates do not.
func (s *shape) decode(b []byte, in any) error {
	r, err := strictjson.New(b)
	if err != nil {
		return auth.Refuse(auth.MalformedRequest)
	}
	return s.fill(r, reflect.ValueOf(in).Elem())
}

// fill reads the object before the reader into a struct of shape s.
func (s *shape) fill(r *strictjson.Reader, v reflect.Value) error {
	err := r.Object(func(name []byte) error {
		i, ok := s.byName[string(name)]
		if !ok {
			return auth.RefuseField(auth.UnknownMember, s.near(string(name)))
		}
		m := &s.members[i]
		return m.read(r, v.Field(m.index))
	})
	return s.refusal(err)
}

// refusal is the answer to what strictjson refuses. What was sent is never repeated.
func (s *shape) refusal(err error) error {
	if err == strictjson.ErrMalformed {
		return auth.Refuse(auth.MalformedRequest)
	}
	if twice, ok := err.(*strictjson.DuplicateError); ok {
		return auth.RefuseField(auth.DuplicateMember, s.near(twice.Name))
	}
	return err
}

// near names the member that was meant if only the case is odd. What was sent is never repeated.
func (s *shape) near(name string) string {
	if s == nil { // inside a raw member
		return ""
	}
	for i := range s.members {
		if strings.EqualFold(s.members[i].name, name) {
			return s.members[i].name
		}
	}
	return ""
}

// read reads the value before the reader into a field.
func (m *member) read(r *strictjson.Reader, f reflect.Value) error {
	first := r.First()
	switch {
	case m.kind == kindString && first == '"':
		f.SetString(r.Text())
		return nil
	case m.kind == kindBool && (first == 't' || first == 'f'):
		f.SetBool(first == 't')
		_, err := r.Skip()
		return err
	case m.kind == kindRaw && first == '{':
		raw, err := r.Skip()
		if err != nil {
			return refuseIn((*shape)(nil).refusal(err), m.name)
		}
		f.SetBytes(raw)
		return nil
	case m.kind == kindTime && first == '"':
		at, err := time.Parse(time.RFC3339, r.Text())
		if err != nil {
			return auth.RefuseField(auth.MalformedRequest, m.name)
		}
		f.Set(reflect.ValueOf(at))
		return nil
	case m.kind == kindInt:
		digits, _ := r.Skip() // what is no number is none for Atoi either
		n, err := strconv.Atoi(string(digits))
		if err != nil {
			return auth.RefuseField(auth.MalformedRequest, m.name)
		}
		f.SetInt(int64(n))
		return nil
	case m.kind == kindList && first == '[':
		return m.entries(r, f)
	}
	return auth.RefuseField(auth.MalformedRequest, m.name)
}

// entries reads a list into a slice: of strings, or of objects as strict as the one around them.
func (m *member) entries(r *strictjson.Reader, f reflect.Value) error {
	return r.List(func() error {
		one := reflect.New(f.Type().Elem()).Elem()
		switch first := r.First(); {
		case m.elem == nil && first == '"':
			one.SetString(r.Text())
		case m.elem != nil && first == '{':
			if err := m.elem.fill(r, one); err != nil {
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

// form reads the fields of a posted form. Each may come once.
func (x *request) form() (err error) {
	x.posted, err = x.Form()
	return err
}
