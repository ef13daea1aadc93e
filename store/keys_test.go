package store_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

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
