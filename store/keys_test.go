package store_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/store"
)

func newKeys(t *testing.T) *store.Keys {
	t.Helper()
	keys, err := store.NewKeys(store.Secret{1}, func([]byte) error { return nil })
	if err != nil {
		t.Fatalf("keys: %v", err)
	}
	return keys
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got error %v, want %v", got, want)
	}
}

func TestSealOpen(t *testing.T) {
	for name, keys := range map[string]*store.Keys{"sealed": newKeys(t), "plain": store.Plain()} {
		sealed, err := keys.Seal("ceremony", []byte("browser"), []byte("secret"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := len(sealed), len("secret")+45; got != want || bytes.Contains(sealed, []byte("secret")) {
			t.Errorf("%s: got %d bytes %q, want %d that hide the secret", name, got, sealed, want)
		}
		again, _ := keys.Seal("ceremony", []byte("browser"), []byte("secret"))
		if bytes.Equal(sealed, again) {
			t.Errorf("%s: sealing twice gave the same bytes", name)
		}
		got, err := keys.Open("ceremony", []byte("browser"), sealed)
		if err != nil || string(got) != "secret" {
			t.Errorf("%s: got %q, %v, want the secret", name, got, err)
		}
		cut, flipped := sealed[:len(sealed)-1], bytes.Clone(sealed)
		flipped[20] ^= 1
		for _, bad := range []struct {
			what, purpose, aad string
			sealed             []byte
		}{
			{"other purpose", "approval", "browser", sealed},
			{"other browser", "ceremony", "thief", sealed},
			{"cut", "ceremony", "browser", cut},
			{"flipped", "ceremony", "browser", flipped},
			{"short", "ceremony", "browser", sealed[:10]},
			{"empty", "ceremony", "browser", nil},
		} {
			if got, err := keys.Open(bad.purpose, []byte(bad.aad), bad.sealed); !errors.Is(err, store.ErrSealed) ||
				got != nil {
				t.Errorf("%s: %s: got %q, %v, want %v", name, bad.what, got, err, store.ErrSealed)
			}
		}
	}
}

func TestMAC(t *testing.T) {
	keys := newKeys(t)
	mac := keys.MAC("code", []byte("123456"))
	if len(mac) != 32 || !bytes.Equal(mac, keys.MAC("code", []byte("123456"))) {
		t.Errorf("got MAC %x, want 32 bytes, the same each time", mac)
	}
	for name, other := range map[string][]byte{
		"purpose": keys.MAC("link", []byte("123456")),
		"data":    keys.MAC("code", []byte("123457")),
		"keys":    newKeys(t).MAC("code", []byte("123456")),
	} {
		if bytes.Equal(mac, other) || keys.CheckMAC("code", []byte("123456"), other) {
			t.Errorf("other %s: got the same MAC", name)
		}
	}
	if !keys.CheckMAC("code", []byte("123456"), mac) || keys.CheckMAC("code", []byte("123456"), nil) {
		t.Error("CheckMAC does not tell the right MAC from none")
	}
}

func TestParseSecret(t *testing.T) {
	raw := bytes.Repeat([]byte{0xfb, 0xff}, 16)
	for _, text := range []string{
		base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString(raw), " " + base64.RawURLEncoding.EncodeToString(raw) + "\r\n",
		"\ufeff" + base64.StdEncoding.EncodeToString(raw) + "\r\n",
	} {
		if got, err := store.ParseSecret(text); err != nil || !bytes.Equal(got[:], raw) {
			t.Errorf("%q: got error %v, want the secret", text, err)
		}
	}
	for _, text := range []string{"", "hunter2-hunter2", base64.StdEncoding.EncodeToString(raw[:31]),
		base64.StdEncoding.EncodeToString(append(raw, 0)), strings.Repeat("!", 44)} {
		_, err := store.ParseSecret(text)
		if err == nil {
			t.Errorf("%q: got no error", text)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("got error %q, want no secret in it", err)
		}
	}
	secret := store.Secret(raw)
	if got := fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, secret); strings.Contains(got, "251") ||
		strings.Contains(got, "fb") {
		t.Errorf("got %q printed, want no secret", got)
	}
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	secretFile, keyFile := filepath.Join(dir, "secret"), filepath.Join(dir, "keys")
	secret, err := store.CreateSecret(secretFile)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.OpenKeys(keyFile, secret)
	wantErr(t, err, fs.ErrNotExist)
	keys, err := store.CreateKeys(keyFile, secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{secretFile, keyFile} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s: got mode %o, want 600", path, got)
		}
	}
	_, err = store.CreateSecret(secretFile)
	wantErr(t, err, fs.ErrExist)
	_, err = store.CreateKeys(keyFile, secret)
	wantErr(t, err, fs.ErrExist)
	_, err = store.OpenKeys(keyFile, store.Secret{1})
	wantErr(t, err, store.ErrSealed)

	first, err := keys.Seal("test", nil, []byte("first"))
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Rotate(); err != nil {
		t.Fatal(err)
	}
	second, err := keys.Seal("test", nil, []byte("second"))
	if err != nil {
		t.Fatal(err)
	}
	read, err := store.ReadSecret(secretFile)
	if err != nil || read != secret {
		t.Fatalf("reading the secret: got another one or %v", err)
	}
	reopened, err := store.OpenKeys(keyFile, read)
	if err != nil {
		t.Fatal(err)
	}
	for want, sealed := range map[string][]byte{"first": first, "second": second} {
		if got, err := reopened.Open("test", nil, sealed); err != nil || string(got) != want {
			t.Errorf("got %q, %v after reopening, want %q", got, err, want)
		}
	}
	if err := reopened.Rotate(); err != nil {
		t.Fatal(err)
	}
	if third, err := store.OpenKeys(keyFile, read); err != nil || third.Roots() != 3 {
		t.Errorf("got error %v or not 3 roots after a rotation of keys that were opened, want it in the file", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("got files %v, want two: nothing temporary stays", entries)
	}
}

func TestCreateTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	var all sync.WaitGroup
	won := make(chan store.Secret, 16)
	for range 16 {
		all.Go(func() {
			secret, err := store.CreateSecret(path)
			if err == nil {
				won <- secret
			} else if !errors.Is(err, fs.ErrExist) {
				t.Errorf("create: %v", err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("got %d secrets in one file, want 1", len(won))
	}
	if got, err := store.ReadSecret(path); err != nil || got != <-won {
		t.Errorf("the file holds another secret than the winner's (%v)", err)
	}
}

// TestMoveFile: the file is moved, not doubled, and each refusal says what it is.
func TestMoveFile(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	const links = "hard links"
	for _, test := range []struct {
		from, to string
		replace  bool
		want     error
		text     bool // hard links are named
	}{
		{"one", "new", false, nil, false},
		{"two", "new", false, fs.ErrExist, false},
		{"two", "new", true, nil, false},
		{"three", "newer", true, nil, false},
		{"gone", "newest", true, fs.ErrNotExist, false},
		{"gone", "newest", false, fs.ErrNotExist, true},
		{"four", "no/folder", false, fs.ErrNotExist, true},
	} {
		if test.from != "gone" {
			if err := store.WriteFile(at(test.from), []byte(test.from), true); err != nil {
				t.Fatal(err)
			}
		}
		err := store.MoveFile(at(test.from), at(test.to), test.replace)
		wantErr(t, err, test.want)
		if err != nil && strings.Contains(err.Error(), links) != test.text {
			t.Errorf("%s to %s: got error %q, want %s named: %v", test.from, test.to, err, links, test.text)
		}
		if test.want == nil {
			got, err := os.ReadFile(at(test.to))
			if _, gone := os.Stat(at(test.from)); err != nil || string(got) != test.from || gone == nil {
				t.Errorf("got %q, %v in %s, want what %s held, and that gone", got, err, test.to, test.from)
			}
		}
	}
}

// filesEnv names the folder that a child process of these tests writes a file to.
const filesEnv = "LATCHKEY_TEST_STORE_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(filesEnv); dir != "" {
		runtime.LockOSThread() // calls are counted by thread
		if err := store.WriteFile(filepath.Join(dir, "file"), []byte("whole"), false); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestUnsyncedFileIsTold: neither a file nor its name is said to be written unless the disk has it.
func TestUnsyncedFileIsTold(t *testing.T) {
	strace := needs.Program(t, "strace")
	if err := exec.Command(strace, "-o", os.DevNull, "true").Run(); err != nil {
		needs.Missing(t, "strace may not trace here")
	}
	for _, test := range []struct {
		when   string
		failed bool
		there  bool
	}{{"1", true, false}, {"2", true, true}, {"3", false, true}} { // the file, its folder, no further one
		dir := t.TempDir()
		cmd := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace=fsync",
			"-e", "inject=fsync:error=EIO:when="+test.when, os.Args[0])
		cmd.Env = append(os.Environ(), filesEnv+"="+dir)
		out, err := cmd.CombinedOutput()
		if (err != nil) != test.failed || test.failed && !strings.Contains(string(out), "input/output error") {
			t.Errorf("fsync %s: got %v, %q, want failed: %v", test.when, err, out, test.failed)
		}
		if _, err := os.Stat(filepath.Join(dir, "file")); (err == nil) != test.there {
			t.Errorf("fsync %s: got error %v of the file, want it there: %v", test.when, err, test.there)
		}
	}
}

// TestUnsavedKeysAreNotUsed: a document sealed with a key that no file holds would be lost.
func TestUnsavedKeysAreNotUsed(t *testing.T) {
	full := errors.New("disk is full")
	_, err := store.NewKeys(store.Secret{1}, func([]byte) error { return full })
	wantErr(t, err, full)
	var saved []byte
	var fail error
	keys, err := store.NewKeys(store.Secret{1}, func(sealed []byte) error {
		if fail == nil {
			saved = bytes.Clone(sealed)
		}
		return fail
	})
	if err != nil {
		t.Fatal(err)
	}
	fail = full
	wantErr(t, keys.Rotate(), full)
	wantErr(t, keys.Prepare(), full)
	sealed, err := keys.Seal("test", nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := store.LoadKeys(saved, store.Secret{1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Open("test", nil, sealed); err != nil || keys.Roots() != 1 {
		t.Errorf("got %v and %d roots, want what was sealed after a failed rotation to open with the saved keys", err,
			keys.Roots())
	}
}

// TestPreparedRootSealsOnceRotated: a prepared root opens and seals nothing yet; rotated, it seals and is saved so.
func TestPreparedRootSealsOnceRotated(t *testing.T) {
	var saved [][]byte
	keys, err := store.NewKeys(store.Secret{1}, func(sealed []byte) error {
		saved = append(saved, bytes.Clone(sealed))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name  string
		step  func() error
		roots int
		opens bool // by what was saved at first
	}{
		{"new", func() error { return nil }, 1, true},
		{"prepared", keys.Prepare, 2, true},
		{"rotated", keys.Rotate, 2, false},
		{"rotated again", keys.Rotate, 3, false},
	}
	for i, s := range steps {
		if err := s.step(); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if len(saved) != i+1 {
			t.Fatalf("%s: got %d keysets saved, want %d", s.name, len(saved), i+1)
		}
		sealed, err := keys.Seal("test", nil, []byte("x"))
		if err != nil || keys.Roots() != s.roots {
			t.Fatalf("%s: got %d roots, %v, want %d", s.name, keys.Roots(), err, s.roots)
		}
		for j, state := range saved {
			again, err := store.LoadKeys(state, store.Secret{1}, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = again.Open("test", nil, sealed)
			if want := j == i || j == 0 && s.opens || j == 1 && s.roots < 3; (err == nil) != want {
				t.Errorf("%s: got error %v by keyset %d, want it to open: %v", s.name, err, j, want)
			}
		}
	}
}

// TestKeysArePrimed: deriving the keys of a purpose costs more than using them, so they are kept.
func TestKeysArePrimed(t *testing.T) {
	keys := newKeys(t)
	data, ours := []byte("data"), keys.MAC("test", []byte("data"))
	for name, test := range map[string]struct {
		fn   func()
		most float64
	}{
		"MAC":      {func() { keys.MAC("test", data) }, 3},
		"CheckMAC": {func() { keys.CheckMAC("test", data, ours) }, 3},
		"Seal":     {func() { keys.Seal("test", data, data) }, 20},
	} {
		if got := testing.AllocsPerRun(200, test.fn); got > test.most {
			t.Errorf("%s: got %v allocations, want at most %v", name, got, test.most)
		}
	}
}

// TestRotateUnderLoad rotates while others seal, open and compare.
func TestRotateUnderLoad(t *testing.T) {
	keys := newKeys(t)
	stop := make(chan struct{})
	var all sync.WaitGroup
	for i := range 4 {
		purpose := fmt.Sprint("purpose", i)
		all.Go(func() {
			for {
				sealed, err := keys.Seal(purpose, nil, []byte("x"))
				if err == nil {
					_, err = keys.Open(purpose, nil, sealed)
				}
				if mac := keys.MAC(purpose, sealed); err != nil || !keys.CheckMAC(purpose, sealed, mac) {
					t.Errorf("%s: %v", purpose, err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range 20 {
		if err := keys.Rotate(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	all.Wait()
	if got := keys.Roots(); got != 21 {
		t.Errorf("got %d roots, want 21", got)
	}
}
