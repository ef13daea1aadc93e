package auth

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// A busy hour leaves tens of thousands of spent marks: one sweep removes those
// that are over, all of them, and none that still guards something.
func TestSweepKeepsUpWithSignIns(t *testing.T) {
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), func() time.Time { return at })
	defer end()
	const old, young = 3000, 700
	err := s.db.Update(t.Context(), func(tx store.Tx) error {
		w := &Work{s: s, tx: tx, now: at}
		for i := range old + young {
			ends := at.Add(-2 * time.Minute)
			if i >= old {
				ends = at.Add(time.Minute)
			}
			if err := w.consume(fmt.Sprintf("%c%d", 'a'+i%26, i), ends, CeremonyUsed); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := 0
	err = s.db.View(t.Context(), func(tx store.Tx) error {
		var err error
		left, err = s.consumed.Count(tx, "", 10_000)
		return err
	})
	if err != nil || left != young {
		t.Errorf("after one sweep: got %d marks and %v, want %d", left, err, young)
	}
}
