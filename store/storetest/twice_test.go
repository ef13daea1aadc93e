package storetest_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/store/storetest"
)

// TestTwice: every fn runs two to four times, and only the last run leaves anything.
func TestTwice(t *testing.T) {
	inner, err := bolt.Open(filepath.Join(t.TempDir(), "data"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db := storetest.Twice(inner, 7)
	defer db.Close()
	seen := map[int]bool{}
	for i := range 40 {
		runs := 0
		err := db.Update(context.Background(), func(tx store.Tx) error {
			runs++
			return tx.Put("c", fmt.Sprintf("%d/%d", i, runs), nil)
		})
		if err != nil {
			t.Fatal(err)
		}
		seen[runs] = true
		err = db.View(context.Background(), func(tx store.Tx) error {
			var got []string
			for doc, err := range tx.Scan("c", fmt.Sprint(i, "/"), fmt.Sprint(i, "0"), 10) {
				if err != nil {
					return err
				}
				got = append(got, doc.Key)
			}
			if want := fmt.Sprintf("%d/%d", i, runs); len(got) != 1 || got[0] != want {
				t.Errorf("got documents %q, want only %q of the last run", got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 3 || !seen[2] || !seen[3] || !seen[4] {
		t.Errorf("got numbers of runs %v, want 2, 3 and 4", seen)
	}
}
