package auth

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
)

// seedUnused makes accounts that signed in today, but for those that fell says: they did a year ago.
func seedUnused(t testing.TB, db store.DB, keys *store.Keys, n int, now time.Time, fell func(i int) bool) {
	t.Helper()
	all := make([]Seeded, n)
	for i := range all {
		used := now
		if fell(i) {
			used = now.Add(-340 * 24 * time.Hour)
		}
		all[i] = Seeded{Account: Account{ID: AccountID(fmt.Sprintf("%022d", i)), Name: "Wei", UserName: "Wei", CreatedAt: used,
			Email: ident.Email(fmt.Sprintf("seller%d@example.com", i)), UsedAt: used, PasswordAt: used, Password: "$argon2id$" + fmt.Sprint(i),
			Handle: make([]byte, 64)}}
	}
	if err := Seed(t.Context(), db, keys, all); err != nil {
		t.Fatal(err)
	}
}

// One sweep looks through thousands of accounts for those that nobody uses, wherever they lie; where very many are due it
// does a slice's worth at a time and goes on there, and leaves none out.
func TestASweepSeesThousandsOfAccounts(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	const n, lone = 5*scanBatch + 1, 5 * scanBatch
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), func() time.Time { return now })
	defer end()
	told := func() (count int) {
		t.Helper()
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := s.db.View(t.Context(), func(tx store.Tx) error {
			for item, err := range s.accounts.Scan(tx, "", "", n+1) {
				if err != nil {
					return err
				}
				if item.Doc.Dormancy != inUse {
					count++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return count
	}
	seedUnused(t, s.db, s.keys, n, now, func(i int) bool { return i == lone })
	if got := told(); got != 1 {
		t.Errorf("the last of %d accounts: got %d told after one sweep, want 1", n, got)
	}
	now = now.Add(340 * 24 * time.Hour) // all the others have come to it
	last := told()
	for range 2 * n / scanBatch {
		got := told()
		if got-last > scanBatch {
			t.Errorf("got %d told after %d, want %d more at most", got, last, scanBatch)
		}
		last = got
	}
	if last < n-1 {
		t.Errorf("got %d told in the end, want all of %d", last, n)
	}
}

// BenchmarkLookingForUnused measures how long the sweep takes over sealed accounts of which one in a thousand is due, and
// how many hours that makes for a million with a sweep a minute.
func BenchmarkLookingForUnused(b *testing.B) {
	const n = 20000
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	db, err := bolt.Open(filepath.Join(b.TempDir(), "l.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	keys := store.Plain()
	s, err := New(Config{DB: db, Keys: keys, Factors: []Factor{noFactor{}}, Policy: Marketplace(),
		Origin: "http://localhost:8080", Now: func() time.Time { return now }})
	if err != nil {
		b.Fatal(err)
	}
	seedUnused(b, db, keys, n, now, func(i int) bool { return i%1000 == 0 })
	sys, find := Caller{system: true}, sweeperOf(s.accounts, (*Work).dormancyDue)
	sweeps := 0
	for b.Loop() {
		for again := true; again; sweeps++ {
			if err := s.applyDue(b.Context(), sys, "dormant", find, s.applyDormancy); err != nil {
				b.Fatal(err)
			}
			again = s.sweepCursors.get("dormant") != ""
		}
	}
	perSweep := float64(n) * float64(b.N) / float64(sweeps)
	b.ReportMetric(perSweep, "accounts/sweep")
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(sweeps), "ms/sweep")
	b.ReportMetric(1e6/perSweep/60, "hours/million")
}
