package audit_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
)

// BenchmarkCheckpoint is a checkpoint of a thousand chains that have moved, on sites that differ in how many chains they
// have: what it costs goes by what has moved.
func BenchmarkCheckpoint(b *testing.B) {
	for _, chains := range []int{1_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(chains), func(b *testing.B) {
			s := newSite(b).trail()
			for from := 0; from < chains; from += 10_000 {
				s.update(func(tx store.Tx) error {
					for i := from; i < min(chains, from+10_000); i++ {
						if err := s.heads.Put(tx, fmt.Sprintf("acct-%07d", i), &head{7,
							"hash-of-43-signs-as-long-as-those-of-chains-"}); err != nil {
							return err
						}
					}
					return nil
				})
			}
			s.take() // reads all of them once
			for b.Loop() {
				b.StopTimer()
				s.update(func(tx store.Tx) error {
					for i := range 1000 {
						if err := tx.Put("moved", fmt.Sprintf("acct-%07d", i*chains/1000), nil); err != nil {
							return err
						}
					}
					return nil
				})
				b.StartTimer()
				s.take()
			}
		})
	}
}
