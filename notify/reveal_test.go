package notify

import (
	"os"
	"path/filepath"
	"testing"
)

// What editors add to a file is not part of the secret in it; blanks may be.
func TestSecretsOfFiles(t *testing.T) {
	for text, want := range map[string]string{"abc": "abc", "abc\n": "abc", "abc\r\n": "abc", "\ufeffabc\r\n": "abc",
		" abc ": " abc "} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := reveal("", path); got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}
