package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/strictjson"
)

func TestDecodeIsStrict(t *testing.T) {
	s := shapeOf(reflect.TypeFor[auth.SignInForm]())
	answer := shapeOf(reflect.TypeFor[answerBody]())
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + `1` + strings.Repeat(`}`, n) }
	for _, c := range []struct {
		name, body string
		shape      *shape
		code       auth.Code
		field      string
	}{
		{"plain", `{"identifier":"a","password":"b"}`, s, "", ""},
		{"blanks", " {\n\"identifier\" : \"a\" ,\t\"remember\":true } ", s, "", ""},
		{"empty object", `{}`, s, "", ""},
		{"escaped name", `{"\u0069dentifier":"a"}`, s, "", ""},
		{"nothing", ``, s, auth.MalformedRequest, ""},
		{"not an object", `[]`, s, auth.MalformedRequest, ""},
		{"null", `null`, s, auth.MalformedRequest, ""},
		{"trailing object", `{}{}`, s, auth.MalformedRequest, ""},
		{"trailing comma", `{"identifier":"a",}`, s, auth.MalformedRequest, ""},
		{"unknown", `{"identifier":"a","canary":1}`, s, auth.UnknownMember, ""},
		{"odd case", `{"Identifier":"a"}`, s, auth.UnknownMember, "identifier"},
		{"odd case twice", `{"identifier":"a","IDENTIFIER":"b"}`, s, auth.DuplicateMember, "identifier"},
		{"folding sign", `{"ſhared":true}`, s, auth.UnknownMember, "shared"},
		{"duplicate", `{"identifier":"a","identifier":"b"}`, s, auth.DuplicateMember, "identifier"},
		{"duplicate by escape", `{"identifier":"a","\u0069dentifier":"b"}`, s, auth.DuplicateMember, "identifier"},
		{"number for text", `{"identifier":1}`, s, auth.MalformedRequest, "identifier"},
		{"null for text", `{"identifier":null}`, s, auth.MalformedRequest, "identifier"},
		{"text for truth", `{"remember":"true"}`, s, auth.MalformedRequest, "remember"},
		{"bad UTF-8", "{\"identifier\":\"\xff\"}", s, auth.MalformedRequest, ""},
		{"raw", `{"ceremony":"c","response":{"id":"x","new":[1,{"a":null}]}}`, answer, "", ""},
		{"raw text", `{"response":"x"}`, answer, auth.MalformedRequest, "response"},
		{"duplicate inside raw", `{"response":{"id":"x","id":"y"}}`, answer, auth.DuplicateMember, "response"},
		{"duplicate deep inside raw", `{"response":{"a":[{"b":1,"\u0062":2}]}}`, answer, auth.DuplicateMember,
			"response"},
		{"same name on two levels", `{"response":{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}}`, answer, "", ""},
		{"deep enough", `{"response":` + deep(strictjson.MaxDepth-1) + `}`, answer, "", ""},
		{"too deep", `{"response":` + deep(strictjson.MaxDepth) + `}`, answer, auth.MalformedRequest, "response"},
		{"too deep in lists", `{"response":{"a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}}`,
			answer, auth.MalformedRequest, "response"},
		{"far too deep", strings.Repeat("[", 60000), answer, auth.MalformedRequest, ""},
	} {
		v := reflect.New(reflect.TypeFor[auth.SignInForm]())
		if c.shape == answer {
			v = reflect.New(reflect.TypeFor[answerBody]())
		}
		err := c.shape.decode([]byte(c.body), v.Interface())
		var e *auth.Error
		if errors.As(err, &e); c.code == "" && err != nil || c.code != "" &&
			(e == nil || e.Code != c.code || e.Field != c.field) {
			t.Errorf("%s: got %v (%+v), want %s at %q", c.name, err, e, c.code, c.field)
		}
	}
}

func TestManyNamesAreStillSeenTwice(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"response":{`)
	for i := range 5000 {
		b.WriteString(`"n` + time.Duration(i).String() + `":0,`)
	}
	b.WriteString(`"n7ns":0}}`)
	var v answerBody
	if err := shapeOf(reflect.TypeFor[answerBody]()).decode([]byte(b.String()), &v); !errors.Is(err,
		auth.Refuse(auth.DuplicateMember)) {
		t.Errorf("got %v, want duplicate-member", err)
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{"ID": "id", "IP": "ip", "AAL": "aal", "AuthTime": "authTime",
		"UserName":  "userName",
		"RequestID": "requestId", "Who": "who", "IPAddr": "ipAddr"} {
		if got := lowerCamel(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestEncode(t *testing.T) {
	at := time.Date(2026, 3, 3, 22, 3, 4, 5, time.FixedZone("", 8*3600))
	type all struct {
		Text    string
		Flag    bool
		Number  int
		At      time.Time
		For     time.Duration
		Class   auth.Class
		Raw     json.RawMessage
		Inner   auth.DeviceInfo
		Pointer *auth.DeviceInfo
		List    []auth.DeviceInfo
		Words   []auth.Channel
		Args    map[string]string
		Named   auth.Signal
	}
	s := shapeOf(reflect.TypeFor[all]())
	for _, c := range []struct {
		v    all
		want string
	}{
		{all{}, `{"flag":false,"number":0,"for":0,"class":"none","inner":{},"list":[],"words":[],"named":{"rpId":"","userId":"","allAcceptedCredentialIds":[]}}`},
		{all{Text: "a\"<王>\u2028", Flag: true, Number: -1, At: at, For: 90 * time.Second, Class: auth.Strong,
			Raw:     json.RawMessage(`{"x":1}`),
			Pointer: &auth.DeviceInfo{ID: "i"}, List: []auth.DeviceInfo{{ID: "a"}, {Kind: auth.Stick}},
			Words: []auth.Channel{auth.SMS, auth.Voice}, Args: map[string]string{"n": "4"}},
			`{"text":"a\"\u003c王\u003e\u2028","flag":true,"number":-1,"at":"2026-03-03T14:03:04Z","for":90,"class":"strong","raw":{"x":1},` +
				`"inner":{},"pointer":{"id":"i"},"list":[{"id":"a"},{"kind":"stick"}],"words":["sms","voice"],"args":{"n":"4"},"named":{"rpId":"","userId":"","allAcceptedCredentialIds":[]}}`},
	} {
		want := strings.ReplaceAll(c.want, `"rpId":"","userId":"",`, "")
		if got := string(s.append(nil, &c.v)); got != want || !json.Valid([]byte(got)) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// FuzzDecode: whatever is accepted reads the same by encoding/json, and says every name once.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"ceremony":"c","response":{"id":"x","a":[1,"}",{"b":"\""}]}}`,
		`{"ceremony":"\ud800","response":{}}`, `{"a":1}`, `{"ceremony":"a","ceremony":"b"}`,
		`{"response":{"a":-1.5e3,"b":true,"c":null}}`, "{\"ceremony\" : \"\\u0041\" }", strings.Repeat(`[`, 100)} {
		f.Add([]byte(seed))
	}
	s := shapeOf(reflect.TypeFor[answerBody]())
	f.Fuzz(func(t *testing.T, b []byte) {
		var got answerBody
		err := s.decode(b, &got)
		if err != nil {
			var e *auth.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a refusal", err)
			}
			return
		}
		var want answerBody
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if got.Ceremony != want.Ceremony || !bytes.Equal(got.Response, want.Response) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		if twice(json.NewDecoder(bytes.NewReader(b))) {
			t.Fatal("accepted a name twice")
		}
	})
}

// twice reads one value token by token and reports whether any object in it has a name twice.
func twice(d *json.Decoder) bool {
	tok, err := d.Token()
	if err != nil {
		return false
	}
	names := map[string]bool{}
	for d.More() && (tok == json.Delim('{') || tok == json.Delim('[')) {
		if tok == json.Delim('{') {
			name, _ := d.Token()
			if names[name.(string)] {
				return true
			}
			names[name.(string)] = true
		}
		if twice(d) {
			return true
		}
	}
	if _, open := tok.(json.Delim); open {
		_, _ = d.Token()
	}
	return false
}

// Every kind of member is read from its own kind of value, to the sign, and written back the same.
func TestEveryKindOfMember(t *testing.T) {
	type entry struct{ Name string }
	type all struct {
		Text    string
		Flag    bool
		Number  int
		At      time.Time
		Raw     []byte `json:"-"`
		Words   []string
		Entries []entry
	}
	s := shapeOf(reflect.TypeFor[all]())
	for _, c := range []struct {
		body, field string
		code        auth.Code
		want        string
	}{
		{`{"text":"a\u0062"}`, "", "", `{ab false 0 0001-01-01 00:00:00 +0000 UTC [] [] []}`},
		{`{"flag":true}`, "", "", ` true 0 `}, {`{"flag":false}`, "", "", ` false 0 `},
		{`{"number":0}`, "", "", ` false 0 `}, {`{"number":9}`, "", "", ` false 9 `}, {`{"number":-12}`, "", "",
			` false -12 `},
		{`{"at":"2026-03-03T15:00:00+01:00"}`, "", "", `2026-03-03 15:00:00 +0100`},
		{`{"words":["a","b"]}`, "", "", `[a b]`}, {`{"words":[]}`, "", "", `[] [] []`},
		{`{"entries":[{"name":"x"},{}]}`, "", "", `[{x} {}]`},
		{`{"number":1.5}`, "number", auth.MalformedRequest, ""}, {`{"number":1e3}`, "number", auth.MalformedRequest,
			""},
		{`{"number":99999999999999999999}`, "number", auth.MalformedRequest, ""}, {`{"number":"1"}`, "number",
			auth.MalformedRequest, ""},
		{`{"number":true}`, "number", auth.MalformedRequest, ""}, {`{"number":-}`, "", auth.MalformedRequest, ""},
		{`{"flag":1}`, "flag", auth.MalformedRequest, ""}, {`{"flag":"t"}`, "flag", auth.MalformedRequest, ""},
		{`{"flag":null}`, "flag", auth.MalformedRequest, ""}, {`{"text":true}`, "text", auth.MalformedRequest, ""},
		{`{"at":"2026-03-03"}`, "at", auth.MalformedRequest, ""}, {`{"at":1}`, "at", auth.MalformedRequest, ""},
		{`{"words":"a"}`, "words", auth.MalformedRequest, ""}, {`{"words":[1]}`, "words", auth.MalformedRequest, ""},
		{`{"words":[{}]}`, "words", auth.MalformedRequest, ""}, {`{"entries":["a"]}`, "entries",
			auth.MalformedRequest, ""},
		{`{"entries":[{"nam":"x"}]}`, "", auth.UnknownMember, ""}, {`{"entries":[{"Name":"x"}]}`, "name",
			auth.UnknownMember, ""},
		{`{"entries":{}}`, "entries", auth.MalformedRequest, ""},
		{`{"entries":[{"name":"x","name":"y"}]}`, "name", auth.DuplicateMember, ""},
	} {
		var v all
		err := s.decode([]byte(c.body), &v)
		var e *auth.Error
		if errors.As(err, &e); c.code == "" && (err != nil || !strings.Contains(fmt.Sprint(v), c.want)) ||
			c.code != "" && (e == nil || e.Code != c.code || e.Field != c.field) {
			t.Errorf("%s: got %s, %v (%+v), want %q, %s at %q", c.body, fmt.Sprint(v), err, e, c.want, c.code, c.field)
		}
	}
}

// A text is written as package json writes it, whatever single character makes it need care.
func TestTextsAreWrittenAsJSON(t *testing.T) {
	for c := range rune(0x100) {
		text := "a" + string(c) + "b"
		want, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendString(nil, text); !bytes.Equal(got, want) {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
