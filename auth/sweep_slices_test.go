package auth

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// A sweep goes on where the slice before ended, until all that is over is gone, and takes nothing else.
func TestASweepGoesThroughAllSlices(t *testing.T) {
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), func() time.Time { return at })
	defer end()
	const each = 2*scanBatch + 100
	err := s.do(t.Context(), Caller{system: true}, ActSweep, func(w *Work) error {
		for i := range each {
			for name, expires := range map[string]time.Time{"over": at, "good": at.Add(time.Hour)} {
				if err := s.links.Put(w.tx, fmt.Sprint(i, name), &link{Purpose: LinkReset, Expires: expires}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	at = at.Add(time.Second)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := 0
	err = s.do(t.Context(), Caller{system: true}, ActOutbox, func(w *Work) error {
		n, err := s.links.Count(w.tx, "", 2*each)
		left = n
		return err
	})
	if err != nil || left != each {
		t.Errorf("got %d links left, %v, want the %d that are good", left, err, each)
	}
}
