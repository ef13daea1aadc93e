package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A data folder that an older version left is opened by the program itself, with its keyset and its secret. What is
// in it, package server tests.
func TestGoldenStores(t *testing.T) {
	folders, err := filepath.Glob("../../server/testdata/golden/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("got no golden store: %v", err)
	}
	for _, from := range folders {
		t.Run(filepath.Base(from), func(t *testing.T) {
			to := t.TempDir()
			for _, name := range []string{keysetFile, secretFile, dbFile} {
				copyGolden(t, filepath.Join(from, name), filepath.Join(to, name))
			}
			for _, c := range []struct {
				args []string
				want string
			}{
				{[]string{"audit", "verify"}, "each follows from the one before it"},
				{[]string{"store", "restored"}, "1 sets of recovery codes are void"},
				{[]string{"audit", "verify"}, "each follows from the one before it"},
			} {
				var said, failed bytes.Buffer
				code := run(append(c.args, "--data", to), nil, &said, &failed)
				if code != exitDone || !strings.Contains(said.String(), c.want) {
					t.Errorf("%v: got %d, %q and %q, want %q", c.args, code, &said, &failed, c.want)
				}
			}
		})
	}
}

// copyGolden copies a file, which may be packed.
func copyGolden(t *testing.T, from, to string) {
	t.Helper()
	var text io.Reader
	file, err := os.Open(from)
	if err == nil {
		text = file
	} else if file, err = os.Open(from + ".gz"); err == nil {
		text, err = gzip.NewReader(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	raw, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
