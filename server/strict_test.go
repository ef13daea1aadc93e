package server

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/strictjson"
	"github.com/latchkey-auth/latchkey/web"
)

// Every route that takes an envelope answers alike to what is not one, whatever its members are, before it asks the
// domain; and takes one of just the limit for no more than it is.
func TestEveryEnvelopeIsStrict(t *testing.T) {
	t.Run("site", func(t *testing.T) { checkEnvelopes(t, newWorld(t).server) })
	t.Run("lab", func(t *testing.T) { checkEnvelopes(t, newLabWorld(t).server) })
}

func checkEnvelopes(t *testing.T, s *Server) {
	seen, sent := 0, 0
	from := func() string { // everybody from elsewhere, so that no rate is used up
		sent++
		return fmt.Sprintf("10.%d.%d.1:4321", sent>>8, sent&0xff)
	}
	for _, rt := range s.table() {
		if rt.in == nil {
			continue
		}
		seen++
		for _, c := range badEnvelopes(rt.in.members[0].name, sample(rt.in.members[0].kind)) {
			for _, chunked := range []bool{false, true} {
				w := envelope(s, &rt, from(), c.body, chunked)
				got := refused(t, w)
				if got.Code != string(c.code) || c.field != "" && got.Field != c.field {
					t.Errorf("%s %s, %s, chunked %t: got %s at %q, want %s at %q", rt.method, rt.path, c.name, chunked,
						got.Code, got.Field, c.code, c.field)
				}
			}
		}
		least := `{"zz":"` + strings.Repeat("a", web.MaxBody-9) + `"}`
		if got := refused(t, envelope(s, &rt, from(), least, true)); got.Code != string(auth.UnknownMember) {
			t.Errorf("%s %s, just the limit: got %s, want it read", rt.method, rt.path, got.Code)
		}
	}
	if seen < 15 {
		t.Errorf("got %d routes with an envelope, want all", seen)
	}
}

type badEnvelope struct {
	name, body string
	code       auth.Code
	field      string
}

// badEnvelopes are bodies that no route takes: m is a member that it has, v a value of its type.
func badEnvelopes(m, v string) []badEnvelope {
	one := `"` + m + `":` + v
	odd := `"` + strings.ToUpper(m) + `":` + v
	deep := strings.Repeat(`{"a":`, strictjson.MaxDepth) + "1" + strings.Repeat("}", strictjson.MaxDepth)
	return []badEnvelope{
		{"a member twice", `{` + one + `,` + one + `}`, auth.DuplicateMember, m},
		{"a member in two cases", `{` + one + `,` + odd + `}`, auth.DuplicateMember, m},
		{"odd case", `{` + odd + `}`, auth.UnknownMember, m},
		{"unknown", `{"zz":1}`, auth.UnknownMember, ""},
		{"trailing", `{` + one + `} {}`, auth.MalformedRequest, ""},
		{"trailing word", `{}x`, auth.MalformedRequest, ""},
		{"a list", `[]`, auth.MalformedRequest, ""},
		{"nothing", ``, auth.MalformedRequest, ""},
		{"null", `{"` + m + `":null}`, auth.MalformedRequest, m},
		{"too deep", `{"` + m + `":` + deep + `}`, auth.MalformedRequest, m},
		{"too large", `{"zz":"` + strings.Repeat("a", web.MaxBody-8) + `"}`, auth.TooLarge, ""},
	}
}

// sample is a value of a member's kind.
func sample(k kind) string {
	return map[kind]string{kindString: `"x"`, kindBool: "true", kindRaw: "{}", kindTime: `"2026-03-03T14:00:00Z"`,
		kindInt: "1", kindList: "[]"}[k]
}

// envelope sends a program's body to a route.
func envelope(s *Server, rt *route, from, body string, chunked bool) *httptest.ResponseRecorder {
	path := apiBase + strings.NewReplacer("{", "", "}", "").Replace(rt.path)
	r := httptest.NewRequest(rt.method, testOrigin+path, io.NopCloser(strings.NewReader(body)))
	r.RemoteAddr = from
	r.ContentLength = int64(len(body))
	if chunked {
		r.ContentLength = -1
		r.TransferEncoding = []string{"chunked"}
	}
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}
