package server

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"github.com/latchkey-auth/latchkey/auth"
)

// Snapshots are what the face answers, in files that a reviewer reads: every page in both languages, every operation
// of the API and every refusal, with status and headers. A change of them is one that people or programs see.
//
//	go test ./server -run Snapshot -update
//
// writes them anew. Only what is drawn at random is replaced, by the order in which it stands in its answer.
const snapshotFolder = "testdata/snapshot"

var update = flag.Bool("update", false, "write the snapshots anew")

// A snapshot is one such file while it is written. What stood in it before is named instead of repeated: a change of
// what many pages share is read once.
type snapshot struct {
	t     *testing.T
	name  string
	text  strings.Builder
	said  map[string]string // a part: the answer that it stood in first
	usual map[string]bool   // the headers of the first answer
	step  string            // the answer that is written
	seen  map[string]int
}

func newSnapshot(t *testing.T, name string) *snapshot {
	return &snapshot{t: t, name: name, said: map[string]string{}, seen: map[string]int{}}
}

// An ascending source of randomness makes ids that sort in the order in which they were drawn, however many were
// drawn between: lists by id have one order.
type ascending struct {
	mu    sync.Mutex
	drawn int
	rest  *rand.ChaCha8
}

func (a *ascending) Read(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, _ = a.rest.Read(b) // it never fails
	a.drawn++
	letters := []byte("AAAAAAAA") // of base64, where they ascend
	for i, n := len(letters)-1, a.drawn; n > 0; i, n = i-1, n/26 {
		letters[i] += byte(n % 26)
	}
	if len(b) >= 6 {
		_, _ = base64.RawURLEncoding.Decode(b, letters) // letters are
	}
	return len(b), nil
}

// inOrder gives a world such ids.
func inOrder(a *auth.Config, _ *Config) { a.Rand = &ascending{rest: rand.NewChaCha8([32]byte{})} }

// check compares the file with what was written before.
func (s *snapshot) check() {
	s.t.Helper()
	path := filepath.Join(snapshotFolder, s.name)
	if *update {
		if err := os.MkdirAll(snapshotFolder, 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(s.text.String()), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if line, got, old := firstDifference(s.text.String(), string(want)); line > 0 {
		s.t.Errorf("%s: line %d: got\n%s\nwant\n%s\nIf that is meant: go test ./server -run Snapshot -update, and read the diff.",
			path, line, got, old)
	}
}

// firstDifference is the line, counted from 1, at which two texts part, with what follows; 0: they are the same.
func firstDifference(got, want string) (line int, a, b string) {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			few := func(l []string) string { return strings.Join(l[min(i, len(l)):min(i+6, len(l))], "\n") }
			return i + 1, few(g), few(w)
		}
	}
	return 0, "", ""
}

// add writes the answer to a request.
func (s *snapshot) add(r *http.Request, w *httptest.ResponseRecorder) {
	s.write(r.Method+" "+r.URL.RequestURI(), w)
}

// write writes an answer under a name.
func (s *snapshot) write(name string, w *httptest.ResponseRecorder) {
	n := randomness{id: w.Header().Get("X-Request-Id"), names: map[string]string{}}
	s.step = n.replace(name)
	if s.seen[s.step]++; s.seen[s.step] > 1 {
		s.step += fmt.Sprintf(" · %d", s.seen[s.step])
	}
	fmt.Fprintf(&s.text, "\n═══ %s ═══ %d %s\n", s.step, w.Code, http.StatusText(w.Code))
	s.headers(n, w.Header())
	switch media, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";"); {
	case media == "text/html":
		var head, title *html.Node
		doc := parsed(w.Body.String())
		for e := range doc.Descendants() {
			for i := range e.Attr {
				e.Attr[i].Val = n.replace(e.Attr[i].Val)
			}
			if e.Type == html.TextNode {
				e.Data = n.replace(strings.Join(strings.Fields(e.Data), " "))
			}
			if e.Data == "head" {
				head = e
			}
			if e.Data == "title" && e.Parent == head {
				title = e
			}
		}
		if title != nil { // apart: the rest of the head is the same everywhere
			head.RemoveChild(title)
			head.Parent.InsertBefore(title, head)
		}
		for e := range doc.ChildNodes() {
			s.outline(e, 0)
		}
	case strings.HasSuffix(media, "json"):
		var b bytes.Buffer
		if err := json.Indent(&b, w.Body.Bytes(), "", " "); err != nil {
			s.t.Fatalf("%s: %v", s.step, err)
		}
		s.text.WriteString(n.replace(b.String()) + "\n")
	case strings.HasPrefix(media, "image/"):
		s.text.WriteString("(a picture)\n")
	default:
		s.text.WriteString(n.replace(w.Body.String()) + "\n")
	}
}

// headers writes those of the first answer in full, then what differs from them. Cookies are always written.
func (s *snapshot) headers(n randomness, h http.Header) {
	lines, first := map[string]bool{}, s.usual == nil
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			if name == "Content-Length" {
				v = "(right)" // the recorder holds it to the body; what is random has no fixed length
			}
			lines[name+": "+n.replace(v)] = true
		}
	}
	if first {
		s.usual = maps.Clone(lines)
		maps.DeleteFunc(s.usual, func(line string, _ bool) bool { return strings.HasPrefix(line, "Set-Cookie:") })
	}
	for _, line := range slices.Sorted(maps.Keys(lines)) {
		if first || !s.usual[line] {
			s.text.WriteString("+ " + line + "\n")
		}
	}
	for _, line := range slices.Sorted(maps.Keys(s.usual)) {
		if !lines[line] {
			s.text.WriteString("- " + line + "\n")
		}
	}
}

// randomness numbers what is drawn at random, within one answer.
type randomness struct {
	id    string // the request's
	names map[string]string
}

var (
	tokens = regexp.MustCompile(`[A-Za-z0-9_-]{22,}(":)?`)
	// An app's secret in groups; recovery codes; what a key that types is programmed with; the label of a message; the
	// hash in the name of a static file.
	secrets = regexp.MustCompile(`\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b|\b(?:[0-9a-f]{4} ){9}[0-9a-f]{4}\b|` +
		`\b[0-9A-Z]{4}-[0-9A-Z]{4}\b|\bvv(?:[b-lnrt-v]{2} [b-lnrt-v]{4} [b-lnrt-v]{4}|[b-lnrt-v]{10})\b|` +
		`\b(?:[0-9a-f]{4} ){7}[0-9a-f]{4}\b|\b(?:[0-9a-f]{4} ){2}[0-9a-f]{4}\b|\b[0-9a-f]{12}\b`)
	labels = regexp.MustCompile(`\b[ACDEFHJKMNPRTUVWXY][2345679]\b`)
	sums   = regexp.MustCompile(`\b[0-9a-f]{24,}\b`) // of the work of a puzzle
	files  = regexp.MustCompile(`\.[0-9a-f]{8,}\.(css|js|svg|woff2|png|ico)\b`)
)

func (n randomness) replace(text string) string {
	if n.id != "" {
		text = strings.ReplaceAll(text, n.id, "(request id)")
	}
	text = tokens.ReplaceAllStringFunc(text, func(v string) string {
		if v == strings.ToLower(v) || strings.HasSuffix(v, `":`) || strings.HasPrefix(v, "__Host-") {
			return v // words, the names of members, the names of cookies
		}
		if n.names[v] == "" {
			n.names[v] = fmt.Sprintf("(random %d)", len(n.names)+1)
		}
		return n.names[v]
	})
	text = secrets.ReplaceAllString(text, "(secret)")
	text = sums.ReplaceAllString(text, "(sum)")
	text = labels.ReplaceAllString(text, "(label)")
	return files.ReplaceAllString(text, ".(hash).$1")
}

// outline writes an element and what it holds, a line each. More than three lines that stood somewhere before are
// named.
func (s *snapshot) outline(e *html.Node, depth int) {
	text := outlined(e, 0)
	if text == "" {
		return
	}
	indent := strings.Repeat(" ", depth)
	before, known := s.said[text]
	long := strings.Count(text, "\n") > 3
	first, _, _ := strings.Cut(text, "\n")
	switch {
	case long && known:
		s.text.WriteString(indent + first + " … as in " + before + "\n")
	case long:
		s.said[text] = s.step
		s.text.WriteString(indent + first + "\n")
		for c := range e.ChildNodes() {
			s.outline(c, depth+1)
		}
	default:
		for line := range strings.Lines(text) {
			s.text.WriteString(indent + line)
		}
	}
}

// outlined is the whole outline of an element.
func outlined(e *html.Node, depth int) string {
	indent := strings.Repeat(" ", depth)
	switch only := e.FirstChild; {
	case e.Type == html.TextNode && e.Data != "":
		return indent + e.Data + "\n"
	case e.Type != html.ElementNode:
		return ""
	case e.Data == "svg":
		return indent + openingTag(e) + drawing(e) + "\n"
	case only != nil && only == e.LastChild && only.Type == html.TextNode:
		return indent + openingTag(e) + only.Data + "\n"
	}
	var b strings.Builder
	b.WriteString(indent + openingTag(e) + "\n")
	for c := range e.ChildNodes() {
		b.WriteString(outlined(c, depth+1))
	}
	return b.String()
}

// drawing names what an svg draws: the icons that it uses or holds, or the sum of its shapes.
func drawing(e *html.Node) string {
	var names []string
	shapes := fnv.New32a()
	for d := range e.Descendants() {
		switch {
		case d.Data == "use":
			names = append(names, attr(d, "href"))
		case d.Data == "symbol":
			names = append(names, "#"+attr(d, "id"))
		case d.Data == "path" && len(attr(d, "d")) > 600, attr(e, "class") == "bit":
			return "(drawn at random)" // a QR code, whose words stand beside it; a key's own teeth
		default:
			shapes.Write([]byte(openingTag(d)))
		}
	}
	if len(names) > 0 {
		return strings.Join(names, " ")
	}
	return fmt.Sprintf("(drawing %08x)", shapes.Sum32())
}

func openingTag(e *html.Node) string {
	var b strings.Builder
	b.WriteString("<" + e.Data)
	for _, a := range e.Attr {
		fmt.Fprintf(&b, " %s=%q", a.Key, a.Val)
	}
	return b.String() + ">"
}
