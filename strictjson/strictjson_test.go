package strictjson_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/strictjson"
)

func TestEach(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + `1` + strings.Repeat(`}`, n) }
	many := func(last string) string {
		var b strings.Builder
		for i := range 5000 {
			fmt.Fprintf(&b, `"name%d":0,`, i)
		}
		return `{"x":{` + b.String() + `"` + last + `":0}}`
	}
	twice := &strictjson.DuplicateError{}
	for name, c := range map[string]struct {
		body string
		want any // nil, strictjson.ErrMalformed or a *DuplicateError
	}{
		"an object":              {` {"a": [1, {"b": null}], "c": "\u00e4"} `, nil},
		"nothing in it":          {`{}`, nil},
		"odd in case alone":      {`{"A":1}`, nil},
		"same name elsewhere":    {`{"a":{"a":1},"b":{"a":1}}`, nil},
		"twice":                  {`{"a":1,"a":2}`, twice},
		"twice in two cases":     {`{"id":1,"ID":2}`, twice},
		"twice by an escape":     {`{"id":1,"\u0069d":2}`, twice},
		"twice by folding":       {`{"k":1,"\u212a":2}`, twice},
		"twice below":            {`{"x":[{"b":1,"B":2}]}`, twice},
		"many":                   {many("other"), nil},
		"many and one twice":     {many("name7"), twice},
		"many and one in a case": {many("NAME7"), twice},
		"many and one folded":    {strings.Replace(many("\u212aey"), `"name3"`, `"key"`, 1), twice},
		"trailing":               {`{} {}`, strictjson.ErrMalformed},
		"cut":                    {`{"a":`, strictjson.ErrMalformed},
		"a list":                 {`[]`, strictjson.ErrMalformed},
		"nothing":                {``, strictjson.ErrMalformed},
		"no UTF-8":               {"{\"a\":\"\xff\"}", strictjson.ErrMalformed},
		"deep enough":            {deep(strictjson.MaxDepth), nil},
		"too deep":               {deep(strictjson.MaxDepth + 1), strictjson.ErrMalformed},
		"far too deep in lists":  {`{"a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, strictjson.ErrMalformed},
	} {
		err := strictjson.Each([]byte(c.body), func(_, _ []byte) error { return nil })
		var dup *strictjson.DuplicateError
		switch c.want {
		case nil, strictjson.ErrMalformed:
			if want, _ := c.want.(error); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		default:
			if !errors.As(err, &dup) || dup.Name == "" {
				t.Errorf("%s: got %v, want a duplicate", name, err)
			}
		}
	}
}

func TestValuesAreAsSent(t *testing.T) {
	var got []string
	err := strictjson.Each([]byte("{ \"a\" : 1.50 ,\n\"\\u0062\":{ \"x\" : [ ] } , \"c\":\"d\\n\" }"), func(name, value []byte) error {
		got = append(got, string(name)+"="+string(value))
		return nil
	})
	if want := `a=1.50;b={ "x" : [ ] };c="d\n"`; err != nil || strings.Join(got, ";") != want {
		t.Errorf("got %q, %v, want %s", got, err, want)
	}
}
