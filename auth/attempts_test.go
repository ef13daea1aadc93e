package auth

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// throttle is how versions before stored what attempts and quotas are now.
type throttle struct {
	Fails int       `json:"f"`
	Burst int       `json:"b,omitempty"`
	At    time.Time `json:"t"`
	Until time.Time `json:"u,omitzero"`
	Keep  bool      `json:"k,omitempty"`
}

// What an older store has counted goes on to count.
func TestCountsOfOlderStoresAreRead(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	now := s.now()
	old := store.NewCollection[throttle]("throttle", s.keys).In(s.realm())
	guesses := throttle{Fails: 7, Burst: 6, At: now, Until: now.Add(time.Minute), Keep: true}
	sends := throttle{Fails: 9, At: now, Until: now.Add(-time.Hour)}
	if err := s.db.Update(t.Context(), func(tx store.Tx) error {
		if err := old.Put(tx, "c/A/totp", &guesses); err != nil {
			return err
		}
		return old.Put(tx, "n/A/B", &sends)
	}); err != nil {
		t.Fatal(err)
	}
	type both struct {
		answers attempts
		sends   quota
	}
	got, err := do(t.Context(), s, Caller{}, ActLook, func(w *Work) (both, error) {
		a, err := w.attempts("c/A/totp")
		if err != nil {
			return both{}, err
		}
		q, err := w.quota("n/A/B")
		return both{a, q}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := both{attempts{7, 6, now, now.Add(time.Minute), true, time.Time{}}, quota{9, now.Add(-time.Hour), now}}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
