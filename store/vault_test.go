package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
)

func parts() [][]byte {
	return [][]byte{[]byte("a canary"), []byte(" in two parts"), []byte(" and a third")}
}

// A vault gives back what it has sealed, in its place and in its order, and nothing else.
func TestVault(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "vault")
	v := store.OpenVault(folder, store.Plain())
	if _, err := v.Seal("case", "p", parts()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("sealing without a key: got %v, want ErrNotFound", err)
	}
	for range 2 {
		if err := v.Make("case"); err != nil {
			t.Fatal(err)
		}
	}
	sealed, err := v.Seal("case", "p", parts())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(bytes.Join(sealed, nil), []byte("canary")) {
		t.Error("what is sealed can be read")
	}
	if err := v.Make("case"); err != nil {
		t.Fatal(err)
	}
	whole, err := v.Open("case", "p", sealed)
	if err != nil || string(whole) != "a canary in two parts and a third" {
		t.Fatalf("got %q, %v, want what was sealed", whole, err)
	}
	if err := v.Make("other"); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]struct {
		id, place string
		sealed    [][]byte
		want      error
	}{
		"another place":  {"case", "q", sealed, store.ErrSealed},
		"another key":    {"other", "p", sealed, store.ErrSealed},
		"no key":         {"none", "p", sealed, store.ErrNotFound},
		"another order":  {"case", "p", [][]byte{sealed[1], sealed[0], sealed[2]}, store.ErrSealed},
		"one is missing": {"case", "p", sealed[:2], store.ErrSealed},
		"one is twice":   {"case", "p", [][]byte{sealed[0], sealed[0], sealed[2]}, store.ErrSealed},
	} {
		if got, err := v.Open(at.id, at.place, at.sealed); !errors.Is(err, at.want) || got != nil {
			t.Errorf("%s: got %q, %v, want %v", name, got, err, at.want)
		}
	}
	keys, err := store.NewKeys(store.Secret{1}, func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenVault(folder, keys).Open("case", "p", sealed); !errors.Is(err, store.ErrSealed) {
		t.Errorf("with another keyset: got %v, want ErrSealed", err)
	}
	if ids, err := v.IDs(); err != nil || len(ids) != 2 {
		t.Errorf("got %v, %v, want two keys", ids, err)
	}
}

// Once its key is destroyed nothing opens what it has sealed, and its file held nothing when it went.
func TestVaultDestroys(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "vault")
	v := store.OpenVault(folder, store.Plain())
	if ids, err := v.IDs(); err != nil || len(ids) != 0 {
		t.Errorf("got %v, %v, want no key yet", ids, err)
	}
	if err := v.Destroy("case"); err != nil {
		t.Errorf("destroying what is not there: got %v, want nil", err)
	}
	if err := v.Make("case"); err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Seal("case", "p", parts())
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.Link(filepath.Join(folder, "case"), kept); err != nil {
		t.Fatal(err)
	}
	if err := v.Destroy("case"); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadFile(kept); err != nil || len(bytes.Trim(left, "\x00")) > 0 {
		t.Errorf("got %d bytes left in the file, %v, want zeros", len(left), err)
	}
	if _, err := v.Open("case", "p", sealed); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if err := v.Make("case"); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Open("case", "p", sealed); !errors.Is(err, store.ErrSealed) {
		t.Errorf("with a new key of that id: got %v, want ErrSealed", err)
	}
}

// Ids are names of files in the folder, and nothing else.
func TestVaultIDs(t *testing.T) {
	v := store.OpenVault(t.TempDir(), store.Plain())
	for _, id := range []string{"", ".", "..", "../x", "a/b", "a\x00b", "ключ", string(make([]byte, 65))} {
		if err := v.Make(id); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", id, err)
		}
		if err := v.Destroy(id); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("destroying %q: got %v, want ErrInvalid", id, err)
		}
	}
}

// Keys are the service's alone.
func TestVaultIsPrivate(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "vault")
	if err := store.OpenVault(folder, store.Plain()).Make("case"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{folder: 0o700, filepath.Join(folder, "case"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

// Who comes at the same time uses one key.
func TestVaultMadeAtOnce(t *testing.T) {
	v := store.OpenVault(t.TempDir(), store.Plain())
	var wait sync.WaitGroup
	sealed := make([][][]byte, 16)
	for i := range sealed {
		wait.Go(func() {
			if err := v.Make("case"); err != nil {
				t.Error(err)
			}
			var err error
			if sealed[i], err = v.Seal("case", "p", parts()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, s := range sealed {
		if _, err := v.Open("case", "p", s); err != nil {
			t.Errorf("got %v, want every one to open", err)
		}
	}
}
