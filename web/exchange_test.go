package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// asking is a request before any face.
func asking(f *Front, method, path string, head ...string) *Exchange {
	r := httptest.NewRequest(method, f.Site.Origin+path, nil)
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Add(head[i], head[i+1])
	}
	return f.Exchange(httptest.NewRecorder(), r)
}

// A browser's id is 43 signs of base64 for URLs.
func TestBrowserIds(t *testing.T) {
	rest := strings.Repeat("A", 42)
	for _, c := range "azAZ09-_" {
		if !WellFormedBrowser(rest + string(c)) {
			t.Errorf("%q at its end: got it refused, want it taken", c)
		}
	}
	for _, bad := range []string{"", rest, rest + "AA", rest + "/", rest + ":", rest + "@", rest + "[", rest + "`",
		rest + "{",
		rest + "+", rest + "=", rest + ".", " " + rest, rest[:41] + "é"} {
		if WellFormedBrowser(bad) {
			t.Errorf("%q: got it taken, want it refused", bad)
		}
	}
	for _, bad := range []string{"-_azAZ09", strings.Repeat("a", 64), strings.Repeat("a", 8)} {
		if requestID(bad) != bad {
			t.Errorf("request id %q: got it refused, want it taken", bad)
		}
	}
	for _, bad := range []string{"1234567", strings.Repeat("a", 65), "1234567/", "1234567:", "1234567@", "1234567[",
		"1234567`",
		"1234567{"} {
		if requestID(bad) != "" {
			t.Errorf("request id %q: got it taken, want one of ours", bad)
		}
	}
}

// Two requests that change something are the same if method, address and body are; what changes nothing has no mark.
func TestMarkOfARequest(t *testing.T) {
	f := newFront(t, Config{})
	mark := func(method, path, body string) string {
		x := asking(f, method, path)
		x.Received = []byte(body)
		return x.Fingerprint()
	}
	same := mark("POST", "/a?b", "c")
	if same == "" || same != mark("POST", "/a?b", "c") {
		t.Errorf("got %q and %q for one request, want one mark", same, mark("POST", "/a?b", "c"))
	}
	for name, other := range map[string]string{"method": mark("PUT", "/a?b", "c"), "path": mark("POST", "/b?b", "c"),
		"query": mark("POST", "/a?c", "c"), "body": mark("POST", "/a?b", "d")} {
		if other == same || other == "" {
			t.Errorf("another %s: got %q, want another mark", name, other)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		if got := mark(method, "/a?b", "c"); got != "" {
			t.Errorf("%s: got the mark %q, want none", method, got)
		}
	}
}

// Cookies are read as browsers send them: of one name the first is told, and how many there are.
func TestCookiesAreReadAsSent(t *testing.T) {
	for _, c := range []struct {
		lines []string
		value string
		n     int
	}{
		{nil, "", 0}, {[]string{""}, "", 0}, {[]string{"k=v"}, "v", 1}, {[]string{`k="v"`}, "v", 1}, {[]string{"k="},
			"", 1},
		{[]string{"k"}, "", 0}, {[]string{"kk=v; xk=v; K=v"}, "", 0}, {[]string{"a=b; k=v; c=d"}, "v", 1},
		{[]string{"a=b;k=v;c=d"}, "v", 1}, {[]string{"  k=v  "}, "v", 1}, {[]string{"k=v=w"}, "v=w", 1},
		{[]string{"k=one; k=two"}, "one", 2}, {[]string{"k=one", "k=two", "a=b; k=three"}, "one", 3},
		{[]string{"k=; k=two"}, "", 2}, {[]string{";;k=v;;"}, "v", 1},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Cookie"] = c.lines
		if value, n := Cookie(r, "k"); value != c.value || n != c.n {
			t.Errorf("%q: got %q, %d of them, want %q, %d", c.lines, value, n, c.value, c.n)
		}
	}
}

// Posted fields are as strict as JSON: valid text, each once, and a name is repeated in a text only if it is plain.
func TestPostedFields(t *testing.T) {
	for _, c := range []struct {
		body, name string
		code       auth.Code
	}{
		{"", "", ""}, {"a=b&c=d", "", ""}, {"a=%E9%AD%8F", "", ""}, {"a=%ff", "", auth.MalformedRequest},
		{"%ff=a", "", auth.MalformedRequest}, {"a=%zz", "", auth.MalformedRequest}, {"a=b;c=d", "",
			auth.MalformedRequest},
		{"a=b&a=c", "a", auth.DuplicateMember}, {"user-name=b&user-name=c", "user-name", auth.DuplicateMember},
		{"A=b&A=c", "", auth.DuplicateMember}, {"a1=b&a1=c", "", auth.DuplicateMember},
		{strings.Repeat("a", 24) + "&" + strings.Repeat("a", 24), strings.Repeat("a", 24), auth.DuplicateMember},
		{strings.Repeat("a", 25) + "&" + strings.Repeat("a", 25), "", auth.DuplicateMember},
	} {
		_, err := Fields(c.body)
		var e *auth.Error
		errors.As(err, &e)
		if c.code == "" && err != nil || c.code != "" && (e == nil || e.Code != c.code || e.Args["name"] != c.name) {
			t.Errorf("%q: got %v (%+v), want %q that names %q", c.body, err, e, c.code, c.name)
		}
	}
}
