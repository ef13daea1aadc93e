package recovery_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/store"
)

// Golden folders are what older versions left of a case with pictures: the store, its keyset and secret, and the keys
// of the pictures. Today's code must open them.
//
//	go test ./recovery -run GoldenPictures -golden 2026-12-31
//
// writes another one with the code as it is. Those that are there are never written anew.
const goldenFolder = "testdata/golden"

var newGolden = flag.String("golden", "", "write a golden folder of this name")

// facts is what is known of a golden folder.
type facts struct {
	At            time.Time
	Link, Picture string // of a case in review
	Shade         uint8  // of its picture
}

// TestGoldenPictures opens what every version has left: a reviewer sees the picture, and it is destroyed in its time.
func TestGoldenPictures(t *testing.T) {
	if *newGolden != "" {
		writeGolden(t, filepath.Join(goldenFolder, *newGolden))
	}
	folders, err := filepath.Glob(goldenFolder + "/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("got no golden folder: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			w, f := openGolden(t, folder)
			got, err := w.view(recovery.Reviewer{ID: "ann", Name: "Ann"}, f.Link, f.Picture)
			if err != nil {
				t.Fatal(err)
			}
			p, err := jpeg.Decode(bytes.NewReader(got))
			if err != nil {
				t.Fatal(err)
			}
			r, _, _, _ := p.At(p.Bounds().Dx()-1, p.Bounds().Dy()-1).RGBA()
			if r>>8+8 < uint32(f.Shade) || r>>8 > uint32(f.Shade)+8 {
				t.Errorf("got the shade %d, want %d", r>>8, f.Shade)
			}
			if info := w.at(f.Link); len(info.Pictures) != 1 || !info.Pictures[0].Sent {
				t.Errorf("got %+v, want the picture that was sent", info.Pictures)
			}
			w.does("withdrawing", func() error { return w.withdraw(f.Link) })
			w.pass(30 * day)
			if w.keys() != 0 || w.pieces() != 0 {
				t.Error("the picture outlives its time")
			}
		})
	}
}

// openGolden opens a golden folder as it was left.
func openGolden(t *testing.T, from string) (*world, *facts) {
	t.Helper()
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	f := new(facts)
	if err := json.Unmarshal(read("facts.json"), f); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(read("latchkey.db.gz")))
	if err != nil {
		t.Fatal(err)
	}
	left, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if err := os.Mkdir(filepath.Join(to, "evidence"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"latchkey.db": left, "evidence/" + idOf(f.Link): read("key")} {
		if err := os.WriteFile(filepath.Join(to, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secret, err := store.ReadSecret(filepath.Join(from, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.LoadKeys(read("keyset"), secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	return newWorldIn(t, to, f.At, keys), f
}

// writeGolden leaves a folder behind.
func writeGolden(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	secret, err := store.CreateSecret(filepath.Join(folder, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.CreateKeys(filepath.Join(folder, "keyset"), secret)
	if err != nil {
		t.Fatal(err)
	}
	at := t.TempDir()
	w := newWorldIn(t, at, time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC), keys)
	w.person("wei")
	f := facts{Shade: 200}
	f.Link, f.Picture = w.showing("wei")
	f.At = w.time()
	small := filepath.Join(at, "small.db")
	if err := w.db.Compact(small); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(left); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(at, "evidence", idOf(f.Link)))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"latchkey.db.gz": b.Bytes(), "key": key, "facts.json": append(raw, '\n')} {
		if err := os.WriteFile(filepath.Join(folder, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
