package auth

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// Whatever of a sweep cannot be done, or makes a program panic, holds up nothing else of it; what was in the way is
// told, without what a document says.
func TestNothingOfASweepHoldsUpTheRest(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), func() time.Time { return now })
	defer end()
	var done []string
	type thing struct{ Name string }
	things := NewRecords[thing]("thing").Due(func(*thing, time.Time) bool { return true },
		func(ctx context.Context, c Caller, id string) error {
			return s.do(ctx, c, ActSweep, func(w *Work) error {
				switch id {
				case "1":
					quotes()
				case "2":
					return errors.New("thing 2 is damaged")
				case "3":
					return w.s.links.Put(nil, "x", new(link)) // a nil pointer
				}
				done = append(done, id)
				return nil
			})
		})
	others := NewRecords[thing]("other").Due(func(*thing, time.Time) bool { return true },
		func(context.Context, Caller, string) error {
			done = append(done, "other")
			return nil
		})
	d, err := Register(s, Part{Name: "things", Rules: map[Action]Rule{"store": {Who: Anyone}},
		Collections: []Collection{things, others}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Do(t.Context(), Caller{system: true}, "store", func(w *Work) error {
		for _, id := range []string{"1", "2", "3", "4"} {
			if err := things.Insert(w, id, &thing{}); err != nil {
				return err
			}
		}
		return others.Insert(w, "1", &thing{})
	}); err != nil {
		t.Fatal(err)
	}
	// A change that nobody can read stands before all that.
	if err := s.db.Update(t.Context(), func(tx store.Tx) error {
		return tx.Put("change", "x/y", []byte("no document"))
	}); err != nil {
		t.Fatal(err)
	}
	err = s.Sweep(t.Context())
	if !slices.Equal(done, []string{"4", "other"}) {
		t.Errorf("got %v done, want all that can be", done)
	}
	for _, says := range []string{"panic: *bolt.Panic", "thing 2 is damaged", "nil pointer", "auth.quotes("} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q in it", err, says)
		}
	}
	if err != nil && strings.Contains(err.Error(), "somebody@") {
		t.Errorf("got %v, want nothing of what a document says", err)
	}
}

func quotes() { panic("of somebody@example.com") }
