package assets

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestStatic(t *testing.T) {
	s, err := NewStatic("/accounts")
	if err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]string{"latchkey.css": "text/css; charset=utf-8",
		"latchkey.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"} {
		path := s.Path(name)
		if !regexp.MustCompile(`^/accounts/assets/[a-z]+\.[0-9a-f]{12}\.[a-z]+$`).MatchString(path) {
			t.Errorf("%s: got path %q", name, path)
		}
		plain := httptest.NewRecorder()
		s.ServeHTTP(plain, httptest.NewRequest(http.MethodGet, path, nil))
		if plain.Code != 200 || plain.Header().Get("Content-Type") != kind ||
			!strings.Contains(plain.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: got %d %v", name, plain.Code, plain.Header())
		}
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip, br")
		small := httptest.NewRecorder()
		s.ServeHTTP(small, r)
		z, err := gzip.NewReader(small.Body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		unpacked, err := io.ReadAll(z)
		if err != nil || string(unpacked) != plain.Body.String() {
			t.Errorf("%s: got other bytes through gzip, error %v", name, err)
		}
		head := httptest.NewRecorder()
		s.ServeHTTP(head, httptest.NewRequest(http.MethodHead, path, nil))
		if head.Code != 200 || head.Body.Len() != 0 {
			t.Errorf("%s HEAD: got %d and %d bytes", name, head.Code, head.Body.Len())
		}
	}
	for _, path := range []string{"/assets/latchkey.css", "/assets/../static/base.js", "/assets/", "/assets/base.js"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, w.Code)
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, s.Path("latchkey.css"), nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d, want 405", w.Code)
	}
	if got := s.Path("nothing"); got != "" {
		t.Errorf("unknown name: got %q, want nothing", got)
	}
}

// The script is sent without what only its readers need; no text in it goes over several lines, which would lose its
// indents.
func TestScriptIsSentWithoutComments(t *testing.T) {
	whole, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewStatic("")
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, s.Path("latchkey.js"), nil))
	sent := w.Body.String()
	var want []string
	for line := range strings.Lines(string(whole)) {
		if strings.Count(line, "`")%2 != 0 {
			t.Errorf("got a text over several lines at %q", line)
		}
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			want = append(want, line)
		}
	}
	if !slices.Equal(strings.Split(sent, "\n"), want) {
		t.Errorf("got %d bytes that are not the %d lines of the modules", len(sent), len(want))
	}
}

// The style sheet is sent without what only its readers need, and with every rule.
func TestStyleSheetIsSentWithoutComments(t *testing.T) {
	whole, err := staticFiles.ReadFile("static/latchkey.css")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewStatic("")
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, s.Path("latchkey.css"), nil))
	sent := w.Body.String()
	if strings.Contains(sent, "/*") || regexp.MustCompile(`\n\s`).MatchString(sent) {
		t.Error("got comments, indents or empty lines")
	}
	want := regexp.MustCompile(`/\*[\s\S]*?\*/`).ReplaceAllString(string(whole), "")
	if words := strings.Fields(want); !slices.Equal(strings.Fields(sent), words) {
		t.Errorf("got %d words, want the %d of the file", len(strings.Fields(sent)), len(words))
	}
}
