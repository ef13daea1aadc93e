package conform

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// Whatever comes in: what is no object comes out as it is, and of an object nothing changes but one name.
func FuzzFIDOCredential(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","rawId":"a","clientExtensionResults":{"x":[1,{"y":null}]}}`,
		`{"a\"\\\u0022":"\\\"", "b" : "\u2028"}`,
		"{\"\\ud800\":1,\"\xff\":2}", `{"a":1}{"b":2}`, `[]`, `{"clientExtensionResults":1,"clientExtensionResults":2}`,
		` { } `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out := fidoCredential(in, false)
		before, ok := decodeObject(in)
		if !ok {
			if !bytes.Equal(in, out) && !json.Valid(in) {
				t.Fatalf("%q: got %q, want it untouched", in, out)
			}
			return
		}
		if v, there := before["clientExtensionResults"]; there {
			delete(before, "clientExtensionResults")
			if _, both := before["getClientExtensionResults"]; both {
				return // which of the two counts then is anybody's guess
			}
			before["getClientExtensionResults"] = v
		}
		if after, ok := decodeObject(out); !ok || !reflect.DeepEqual(before, after) {
			t.Fatalf("%q: got %q", in, out)
		}
	})
}

// No mapping makes the reader fall over, and one that is read has what it needs.
func FuzzMapping(f *testing.F) {
	f.Add(plainMapping)
	f.Add(plainMapping + "oracle: {texts: [{match: a, reasons: [origin]}]}\nvisit: [{path: '/{{.name}}', take: {a: {json: '$.a[0]'}}}]\n")
	f.Add(plainMapping + "headers: {X: '{{template \"x\"}}{{json .}}'}\nfeatures: [trust]\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ReadMapping(strings.NewReader(text))
		if err != nil {
			return
		}
		_, _ = m.Oracle().Reasons(&fault.Answer{Code: "a", Text: "a"})
		if p, err := m.Open(Target{URL: "http://localhost"}); err == nil && p.About().Has(fault.Trust) {
			t.Fatalf("%q: got the feature trust without a CA", text)
		}
		if m.Name == "" || m.file.Register.Begin.Path == nil || m.file.SignIn.Finish.Path == nil {
			t.Fatalf("%q: got a mapping without name or paths", text)
		}
	})
}
