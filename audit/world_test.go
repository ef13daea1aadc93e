package audit_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/totp"
)

// A site is a service with checkpoints over a real store, whose clock a test moves. Its acts are those of a part of the
// test's own.
type site struct {
	testing.TB
	db     string // the store's file
	file   string // of checkpoints
	keys   *store.Keys
	broken bool // its clock panics
	now    time.Time
	log    bytes.Buffer
	handle *bolt.DB
	auth   *auth.Service
	audit  *audit.Service
	door   *auth.Door
}

const actDone auth.Action = "acts-done"

func newSite(t testing.TB) *site {
	t.Helper()
	dir := t.TempDir()
	keys, err := store.NewKeys(store.Secret{1}, func([]byte) error { return nil })
	must(t, err)
	s := &site{TB: t, db: filepath.Join(dir, "latchkey.db"), file: filepath.Join(dir, "checkpoints"), keys: keys,
		now: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)}
	s.open()
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// over is a site with the same keys over copies of the store and the file.
func (s *site) over(db, file []byte) *site {
	s.Helper()
	dir := s.TempDir()
	o := &site{TB: s.TB, db: filepath.Join(dir, "latchkey.db"), file: filepath.Join(dir, "checkpoints"),
		keys: s.keys, now: s.now}
	must(s, os.WriteFile(o.db, db, 0o600))
	must(s, os.WriteFile(o.file, file, 0o600))
	o.open()
	return o
}

func (s *site) open() {
	s.Helper()
	var err error
	s.handle, err = bolt.Open(s.db, bolt.Options{})
	must(s, err)
	s.Cleanup(func() { s.handle.Close() })
	apps, err := totp.New(totp.Config{})
	must(s, err)
	s.auth, err = auth.New(auth.Config{DB: s.handle, Keys: s.keys, Factors: []auth.Factor{apps},
		Policy: auth.Marketplace(),
		Origin: "https://account.example.com", Now: s.clock, Pause: func(context.Context,
			time.Duration) {
		}})
	must(s, err)
	s.audit, err = audit.New(s.auth, "https://account.example.com",
		audit.Config{Checkpoints: s.file, Every: 10 * time.Minute}, slog.New(slog.NewTextHandler(&s.log, nil)))
	must(s, err)
	s.door, err = auth.Register(s.auth, auth.Part{Name: "acts",
		Rules: map[auth.Action]auth.Rule{actDone: {Who: auth.System, Audit: true}}})
	must(s, err)
}

func (s *site) restart() {
	s.Helper()
	must(s, s.handle.Close())
	s.open()
}

// clock is the site's; a broken one panics.
func (s *site) clock() time.Time {
	if s.broken {
		panic("no time")
	}
	return s.now
}

// acts writes an event into each chain.
func (s *site) acts(chains ...string) {
	s.Helper()
	for _, chain := range chains {
		s.now = s.now.Add(time.Second) // no two events are alike
		must(s, s.door.Do(s.Context(), s.door.Operator("lin"), actDone, func(w *auth.Work) error {
			w.About(auth.AccountID(chain))
			w.Note("", "an act")
			return nil
		}))
	}
}

func (s *site) take() {
	s.Helper()
	_, err := s.audit.Take(s.Context(), false)
	must(s, err)
}

func (s *site) verify(keys ...string) *audit.Report {
	s.Helper()
	return s.ask(audit.Question{Files: []string{s.file}, Keys: keys})
}

func (s *site) ask(q audit.Question) *audit.Report {
	s.Helper()
	r, err := s.audit.Verify(s.Context(), q)
	must(s, err)
	return r
}

func (s *site) holds(what string) {
	s.Helper()
	if r := s.verify(); len(r.Findings) > 0 {
		s.Errorf("%s: got %q, want a trail that holds", what, r.Findings)
	}
}

// finds wants a finding that says something.
func (s *site) finds(what, want string) {
	s.Helper()
	wants(s, what, s.verify(), want)
}

func wants(t testing.TB, what string, r *audit.Report, want string) {
	t.Helper()
	if !strings.Contains(strings.Join(r.Findings, "\n"), want) || len(r.Findings) == 0 {
		t.Errorf("%s: got %q, want %q among it", what, r.Findings, want)
	}
}

func (s *site) read(path string) []byte {
	s.Helper()
	b, err := os.ReadFile(path)
	must(s, err)
	return b
}

// small is a site with a trail of three chains, a few events each, and four checkpoints.
func small(t testing.TB) *site {
	s := newSite(t)
	s.acts("acct-a", "acct-b")
	s.take()
	s.acts("acct-a")
	s.take()
	s.acts("acct-b", "site-07", "acct-b")
	s.take()
	s.acts("acct-a")
	s.take()
	s.holds("untouched")
	return s
}
