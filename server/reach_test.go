package server

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// An atlas is where requests of a method lead: the patterns of every route that people can come to.
type atlas map[string][]*regexp.Regexp

func (w *world) atlas() atlas {
	a := atlas{}
	add := func(method, path string) {
		pattern := regexp.QuoteMeta(path)
		pattern = regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(pattern, `[^/]+`)
		a[method] = append(a[method], regexp.MustCompile("^"+pattern+"$"))
	}
	for _, pg := range w.server.pageTable() {
		if pg.get != nil {
			add("GET", pg.path)
		}
		if pg.post != nil {
			add("POST", pg.path)
		}
	}
	a["GET"] = append(a["GET"], regexp.MustCompile(`^/assets/[^/]+$`))
	return a
}

// leads reports whether a path, without its query, is one of ours.
func (a atlas) leads(method, path string) bool {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	for _, pattern := range a[method] {
		if pattern.MatchString(path) {
			return true
		}
	}
	return false
}

// Every link and every form of every page leads to a route that takes it, and every link within a page to something
// on it.
func TestEveryLinkAndFormLeadsSomewhere(t *testing.T) {
	w := newWorld(t, inOrder)
	a := w.atlas()
	judged := map[string]bool{}
	w.watch = func(r *http.Request, got *httptest.ResponseRecorder) {
		if !strings.HasPrefix(got.Header().Get("Content-Type"), "text/html") {
			return
		}
		doc := parsed(got.Body.String())
		for e := range doc.Descendants() {
			if e.Type == html.ElementNode {
				a.judge(t, r.URL.Path, doc, e, judged)
			}
		}
	}
	takeTour(t, w, "en")
	if len(judged) < 60 {
		t.Errorf("got %d links and forms, want those of every page", len(judged))
	}
}

// judge checks where one element leads.
func (a atlas) judge(t *testing.T, page string, doc, e *html.Node, judged map[string]bool) {
	method, to := "GET", attr(e, "href")
	switch {
	case e.Data == "script":
		to = attr(e, "src")
	case e.Data == "form":
		method, to = strings.ToUpper(attr(e, "method")), attr(e, "action")
	case has(e, "formaction"):
		method, to = "POST", attr(e, "formaction")
	case e.Data == "use" || !has(e, "href"):
		return
	}
	judged[method+" "+to] = true
	switch {
	case strings.HasPrefix(to, "#"):
		for other := range doc.Descendants() {
			if other.Type == html.ElementNode && attr(other, "id") == to[1:] {
				return
			}
		}
	case strings.HasPrefix(to, "mailto:"), strings.HasPrefix(to, "otpauth:"), a.leads(method, to):
		return
	}
	t.Errorf("%s: got %s to %q, want it to lead to a page that takes it", page, method, to)
}

// What templates and Go name as a path of ours is one, whether or not a test comes to the state that shows it.
func TestEveryPathNamedIsAPage(t *testing.T) {
	a := newWorld(t).atlas()
	named := 0
	check := func(where, method, path string) {
		named++
		if path == "/security/token/new" {
			return // the form of hardware tokens, which no site has yet
		}
		if path == "/desk" {
			return // likewise the staff's
		}
		if !a.leads(method, path) {
			t.Errorf("%s: got the path %q for %s, want it a page", where, path, method)
		}
	}
	for where, text := range readAll(t, "../assets/pages/*.html") {
		if strings.HasSuffix(where, "/desk.html") {
			continue // the staff's: package desk has the same test
		}
		// A path is a literal, or one with values between: {{$.To (print "/undo/" $v.Link)}}.
		to := regexp.MustCompile(`((?:method="get" )?action="|href="|)\{\{\$\.To (?:"(/[^"]*)"|\(print ((?:"[^"]*"|[$.A-Za-z]+| )+)\))\}\}`)
		for _, m := range to.FindAllStringSubmatch(text, -1) {
			path := m[2]
			if m[3] != "" {
				for _, piece := range strings.Fields(m[3]) {
					if unquoted, err := strconv.Unquote(piece); err == nil {
						path += unquoted
					} else {
						path += "x"
					}
				}
			}
			if m[1] == `action="` {
				check(where, "POST", path)
			} else {
				check(where, "GET", path)
			}
		}
		for _, m := range regexp.MustCompile(`"back" "(/[^"]*)"`).FindAllStringSubmatch(text, -1) {
			check(where, "GET", m[1])
		}
	}
	whole := regexp.MustCompile(`^/[a-z][a-z/-]*[a-z]$`)
	for _, glob := range []string{"../assets/*.go", "../auth/table.go", "../cmd/latchkey/messages.go"} {
		for where, text := range readAll(t, glob) {
			if strings.HasSuffix(where, "_test.go") || strings.HasSuffix(where, "static.go") {
				continue
			}
			for _, s := range stringsOf(t, where, text) {
				if whole.MatchString(s) && s != "/new" && s != "/all" { // the ends of others
					check(where, "GET", s)
				}
			}
		}
	}
	if named < 60 {
		t.Errorf("got %d paths, want those of every template", named)
	}
}

func readAll(t *testing.T, glob string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: got files %v, error %v", glob, files, err)
	}
	all := map[string]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = string(raw)
	}
	return all
}

// stringsOf are the strings of a Go file.
func stringsOf(t *testing.T, name, text string) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if x, ok := n.(*ast.BasicLit); ok && x.Kind == token.STRING {
			if s, err := strconv.Unquote(x.Value); err == nil {
				all = append(all, s)
			}
		}
		return true
	})
	return all
}
