package assets

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWritePages writes every sample as a file below $PAGES, for looking at and for checkers of accessibility.
func TestWritePages(t *testing.T) {
	dir := os.Getenv("PAGES")
	if dir == "" {
		t.Skip("PAGES names no folder")
	}
	p := newPages(t, Config{Host: "login.marketplace.example", Privacy: "/privacy"})
	for _, hashed := range p.static.paths {
		write(t, filepath.Join(dir, "assets", hashed), p.static.files[hashed].plain)
	}
	for _, lang := range []string{English, Chinese} {
		for _, s := range Samples(noon) {
			write(t, filepath.Join(dir, lang, s.Name+".html"), []byte(render(t, p, lang, s.View)))
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
