package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
)

//go:embed static
var staticFiles embed.FS

// Static serves the style sheet (latchkey.css), the script (latchkey.js, all modules in one) and the icon (icon.svg)
// under names that hold the hash of their content, so that browsers may keep them for ever. The last part of a
// request's path chooses the file; any other name is answered 404.
type Static struct {
	base  string
	paths map[string]string // plain name: hashed name
	files map[string]staticFile
}

type staticFile struct {
	kind  string
	plain []byte
	small func() ([]byte, error) // packed when first asked for: at the start it would be a quarter of the work
}

// NewStatic reads and hashes the files. base is Config.Base.
func NewStatic(base string) (*Static, error) {
	s := &Static{base: base, paths: map[string]string{}, files: map[string]staticFile{}}
	script, err := modules()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"latchkey.js": script}
	for _, name := range []string{"latchkey.css", "icon.svg"} {
		if files[name], err = staticFiles.ReadFile("static/" + name); err != nil {
			return nil, fmt.Errorf("reading static files: %w", err)
		}
	}
	files["latchkey.css"] = squeezed(files["latchkey.css"], cssComment)
	files["latchkey.js"] = squeezed(files["latchkey.js"], jsComment)
	kinds := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".svg": "image/svg+xml"}
	for name, plain := range files {
		sum := sha256.Sum256(plain)
		ext := path.Ext(name)
		hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		s.paths[name] = hashed
		s.files[hashed] = staticFile{kind: kinds[ext], plain: plain,
			small: sync.OnceValues(func() ([]byte, error) { return pack(plain) })}
	}
	return s, nil
}

var (
	cssComment = regexp.MustCompile(`/\*[\s\S]*?\*/`)
	jsComment  = regexp.MustCompile(`(?m)^\s*//.*$`) // on a line of its own
	indent     = regexp.MustCompile(`\n\s+`)
)

// squeezed is a style sheet or script without what is there for its readers alone: comments, indents, empty lines. No
// text in them goes over several lines.
func squeezed(file []byte, comment *regexp.Regexp) []byte {
	return bytes.TrimSpace(indent.ReplaceAll(comment.ReplaceAll(file, nil), []byte("\n")))
}

// modules puts the scripts together, each in a block of its own, base.js first because the others use it. One file is
// one request; the page's policy allows no import map to give hashed names to several.
func modules() ([]byte, error) {
	base, err := staticFiles.ReadFile("static/base.js")
	if err != nil {
		return nil, fmt.Errorf("reading scripts: %w", err)
	}
	names, err := fs.Glob(staticFiles, "static/*.js")
	if err != nil {
		return nil, fmt.Errorf("listing scripts: %w", err)
	}
	var b bytes.Buffer
	b.Write(base)
	for _, name := range names {
		if name == "static/base.js" {
			continue
		}
		module, err := staticFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading scripts: %w", err)
		}
		b.WriteString("{\n")
		b.Write(module)
		b.WriteString("}\n")
	}
	return b.Bytes(), nil
}

func pack(plain []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Path returns the path of a file by its plain name, such as "latchkey.css"; "" for a name that is not there.
func (s *Static) Path(name string) string {
	hashed, ok := s.paths[name]
	if !ok {
		return ""
	}
	return s.base + "/assets/" + hashed
}

// ServeHTTP answers GET and HEAD of the files.
func (s *Static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := s.files[path.Base(r.URL.Path)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	body := file.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if small, err := file.small(); err == nil { // else the plain file serves as well
			h.Set("Content-Encoding", "gzip")
			body = small
		}
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // a reader that has gone needs no answer
}
