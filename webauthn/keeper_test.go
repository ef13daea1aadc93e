package webauthn_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// A shelf is the folder of a keeper, with a clock that is moved and a log that is read.
type shelf struct {
	t      *testing.T
	ca     *virtual.CA
	trust  webauthn.Trust
	folder string
	source string // a file, or an address
	now    time.Time
	log    bytes.Buffer
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	ca := testCA(t, "metadata")
	dir := t.TempDir()
	return &shelf{t: t, ca: ca, trust: trusting(ca), folder: filepath.Join(dir, "metadata"),
		source: filepath.Join(dir, "blob.jwt"), now: start}
}

func (s *shelf) open() *webauthn.MetadataKeeper {
	s.t.Helper()
	c := webauthn.MetadataConfig{Source: s.source}
	write := func(path string, text []byte) error { return os.WriteFile(path, text, 0o600) }
	now := func() time.Time { return s.now }
	return webauthn.OpenMetadata(c, webauthn.Shelf{Folder: s.folder, Write: write}, s.trust, now,
		slog.New(slog.NewTextHandler(&s.log, nil)))
}

func (s *shelf) blob(number int) []byte { return signed(s.t, s.ca, virtual.Metadata{Number: number}) }

func (s *shelf) write(path string, text []byte) {
	s.t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// uses looks at the number of what is in use, 0 for nothing.
func (s *shelf) uses(k *webauthn.MetadataKeeper, want int64) {
	s.t.Helper()
	got := int64(0)
	if m := k.Metadata(); m != nil {
		got = m.Number
	}
	if got != want {
		s.t.Errorf("got metadata %d in use, want %d", got, want)
	}
}

// TestMetadataAreRenewed: a file is read at the start, when it has changed, and a day later; the one before is
// kept.
func TestMetadataAreRenewed(t *testing.T) {
	s := newShelf(t)
	s.write(s.source, s.blob(41))
	k := s.open()
	s.uses(k, 41)
	s.write(s.source, append(s.blob(42), '\n')) // another length, whatever the file system's clock does
	k.Look(context.Background())
	s.uses(k, 42)
	kept, err := webauthn.ReadKept(s.folder, s.trust, s.now)
	if err != nil {
		t.Fatal(err)
	}
	if kept.Number != 42 || kept.Current.Number != 42 || kept.Previous == nil || kept.Previous.Number != 41 {
		t.Errorf("got %+v, want 42, and 41 before it", kept)
	}
	if k.Alarm() {
		t.Error("got an alarm")
	}
}

// TestOlderMetadataAreRefused: neither an older number nor another text of the same one is taken, by whoever
// comes after a restart either, nor when the BLOB itself is gone from the folder.
func TestOlderMetadataAreRefused(t *testing.T) {
	s := newShelf(t)
	s.write(s.source, s.blob(41))
	k := s.open()
	refused := func(what string, blob []byte) {
		t.Helper()
		s.write(s.source, blob)
		s.now = s.now.Add(25 * time.Hour)
		k.Look(context.Background())
		if !k.Alarm() || !strings.Contains(s.log.String(), "older than what is in use") {
			t.Errorf("%s: got alarm %v and the log %s", what, k.Alarm(), s.log.String())
		}
		s.log.Reset()
	}
	refused("older", s.blob(40))
	s.uses(k, 41)
	refused("same number", signed(t, s.ca, virtual.Metadata{Number: 41, LegalHeader: "another"}))
	s.uses(k, 41)
	s.write(s.source, s.blob(40))
	k = s.open()
	s.uses(k, 41)
	refused("after a restart", s.blob(40))
	if err := os.Remove(filepath.Join(s.folder, "blob")); err != nil {
		t.Fatal(err)
	}
	k = s.open()
	refused("with the BLOB gone", s.blob(40))
	s.uses(k, 0)
	s.write(s.source, s.blob(41))
	k = s.open()
	if s.uses(k, 41); k.Alarm() {
		t.Error("the same one again: got an alarm")
	}
}

// TestTheLastGoodMetadataStay: whatever the source holds or does, what was taken stays in use, over restarts
// too, and nothing of it is an error of the start; once the source is good again so is all.
func TestTheLastGoodMetadataStay(t *testing.T) {
	s := newShelf(t)
	k := s.open()
	if s.uses(k, 0); !k.Alarm() {
		t.Error("without a file: got no alarm")
	}
	s.write(s.source, s.blob(41))
	s.now = s.now.Add(25 * time.Hour)
	k.Look(context.Background())
	if s.uses(k, 41); k.Alarm() {
		t.Error("with a file: got an alarm")
	}
	for name, text := range map[string][]byte{"damaged": []byte("x"), "cut": s.blob(42)[:900],
		"another's": signed(t, testCA(t, "another"), virtual.Metadata{Number: 43}),
		"huge":      make([]byte, 32<<20+1)} {
		s.write(s.source, text)
		s.now = s.now.Add(25 * time.Hour)
		k.Look(context.Background())
		if s.uses(k, 41); !k.Alarm() {
			t.Errorf("%s: got no alarm", name)
		}
		if k = s.open(); !k.Alarm() {
			t.Errorf("%s, at the start: got no alarm", name)
		}
		s.uses(k, 41)
	}
	s.write(s.source, s.blob(42))
	if k = s.open(); k.Alarm() {
		t.Error("mended: got an alarm")
	}
	s.uses(k, 42)
}

// TestDamagedFolderOfMetadata: if the BLOB in the folder is damaged, the one before it is used, and stays until
// there is a good one again. What is kept counts as long as its root is trusted, though its signer's
// certificate has ended.
func TestDamagedFolderOfMetadata(t *testing.T) {
	s := newShelf(t)
	short, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("short"), NotAfter: start.AddDate(0, 1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	s.ca, s.trust = short, trusting(short)
	for _, n := range []int{41, 42} {
		s.write(s.source, s.blob(n))
		s.uses(s.open(), int64(n))
		s.now = s.now.Add(time.Hour)
	}
	s.now = s.now.AddDate(0, 2, 0)
	k := s.open()
	if s.uses(k, 42); k.Alarm() {
		t.Errorf("after the certificate: got an alarm and the log %s", s.log.String())
	}
	s.write(filepath.Join(s.folder, "blob"), []byte("damaged"))
	if err := os.Remove(s.source); err != nil {
		t.Fatal(err)
	}
	s.uses(s.open(), 41)
	s.trust = trusting(testCA(t, "another"))
	s.uses(s.open(), 0)
}

// TestOverdueMetadataAreTold: metadata that are overdue stay in use; an alarm and one line a day say so.
func TestOverdueMetadataAreTold(t *testing.T) {
	s := newShelf(t)
	s.write(s.source, signed(t, s.ca, virtual.Metadata{NextUpdate: start.AddDate(0, 0, 1)}))
	k := s.open()
	k.Look(context.Background())
	if k.Alarm() || strings.Contains(s.log.String(), "overdue") {
		t.Errorf("in time: got alarm %v and the log %s", k.Alarm(), s.log.String())
	}
	s.now = s.now.AddDate(0, 0, 2)
	for range 3 {
		k.Look(context.Background())
		s.now = s.now.Add(11 * time.Hour)
	}
	if got := strings.Count(s.log.String(), "overdue"); got != 1 || !k.Alarm() {
		t.Errorf("in 22 hours: got %d lines and alarm %v, want one line and the alarm", got, k.Alarm())
	}
	k.Look(context.Background())
	if got := strings.Count(s.log.String(), "overdue"); got != 2 {
		t.Errorf("a day later: got %d lines, want 2", got)
	}
	s.uses(k, 1)
}

// TestMetadataFromAnAddress: an address is asked by the work behind the requests alone, once a day, an hour
// after a failure, and not sooner after a restart; redirections lead to safe addresses or nowhere.
func TestMetadataFromAnAddress(t *testing.T) {
	s := newShelf(t)
	asked, answer := 0, func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; r.URL.Path != "/" {
			t.Errorf("got %s asked for", r.URL)
		}
		answer(w)
	}))
	defer site.Close()
	s.source = site.URL + "/"
	k := s.open()
	look := func(after time.Duration, times int, number int64) {
		t.Helper()
		s.now = s.now.Add(after)
		before := asked
		k.Look(context.Background())
		if asked-before != times {
			t.Errorf("got it asked %d times, want %d", asked-before, times)
		}
		s.uses(k, number)
	}
	if asked != 0 {
		t.Error("got it asked at the start")
	}
	look(0, 1, 0)
	answer = func(w http.ResponseWriter) { _, _ = w.Write(s.blob(41)) }
	look(59*time.Minute, 0, 0)
	look(time.Minute, 1, 41)
	k = s.open()
	look(23*time.Hour, 0, 41)
	answer = func(w http.ResponseWriter) {
		w.Header().Set("Location", "http://metadata.invalid/elsewhere")
		w.WriteHeader(http.StatusFound)
	}
	look(time.Hour, 1, 41)
	if !k.Alarm() || !strings.Contains(s.log.String(), "it leads elsewhere than to https") {
		t.Errorf("got alarm %v and the log %s", k.Alarm(), s.log.String())
	}
	answer = func(w http.ResponseWriter) {
		for range 33 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}
	look(time.Hour, 1, 41)
	if !strings.Contains(s.log.String(), webauthn.ErrMetadataSize.Error()) {
		t.Errorf("got the log %s, want it too big", s.log.String())
	}
	answer = func(w http.ResponseWriter) { _, _ = w.Write(s.blob(42)) }
	if look(time.Hour, 1, 42); k.Alarm() {
		t.Error("got an alarm after all")
	}
}

// TestMetadataThatCannotBeKept: what could not be kept is not put to use, or a restart would go back behind it.
func TestMetadataThatCannotBeKept(t *testing.T) {
	s := newShelf(t)
	s.write(s.folder, []byte("a file where the folder should be"))
	s.write(s.source, s.blob(41))
	k := s.open()
	if s.uses(k, 0); !k.Alarm() {
		t.Error("got no alarm")
	}
	if err := os.Remove(s.folder); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(25 * time.Hour)
	k.Look(context.Background())
	if s.uses(k, 41); k.Alarm() {
		t.Error("with a folder: got an alarm")
	}
}

// TestSourcesOfMetadata: an address must be one that nobody reads along.
func TestSourcesOfMetadata(t *testing.T) {
	for source, want := range map[string]bool{
		"": true, "/var/lib/blob.jwt": true, "blob.jwt": true, "https://mds.example/": true,
		"http://127.0.0.1:1/": true, "http://[::1]:1/": true, "http://localhost:1/": true,
		"http://mds.example/": false, "ftp://mds.example/": false, "https://": false,
		"https://me:word@mds.example/": false,
		"http://127.0.0.1.example/":    false,
	} {
		if err := (&webauthn.MetadataConfig{Source: source}).CheckSource(); (err == nil) != want {
			t.Errorf("%q: got %v, want good %v", source, err, want)
		}
	}
}

// TestNewerThanKept: a BLOB is told from what would be refused before it is put in place.
func TestNewerThanKept(t *testing.T) {
	s := newShelf(t)
	s.write(s.source, s.blob(41))
	s.open()
	kept, err := webauthn.ReadKept(s.folder, s.trust, s.now)
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[int]error{40: webauthn.ErrMetadataOlder, 41: nil, 42: nil} {
		blob := s.blob(number)
		m, err := webauthn.ParseMetadata(blob, s.trust, s.now)
		if err != nil {
			t.Fatal(err)
		}
		if err := kept.Newer(m, blob); !errors.Is(err, want) {
			t.Errorf("number %d: got %v, want %v", number, err, want)
		}
	}
}
