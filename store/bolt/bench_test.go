package bolt

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/latchkey-auth/latchkey/store"
)

// BenchmarkLone compares one writer with plain bbolt, in turns on the same disk, and reports the ratio
// of the medians. No test asserts it: times are the machine's.
func BenchmarkLone(b *testing.B) {
	db := openTemp(b)
	plain, err := bbolt.Open(filepath.Join(b.TempDir(), "plain"), 0o600,
		&bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		b.Fatal(err)
	}
	defer plain.Close()
	doc := make([]byte, 500)
	var ours, theirs []time.Duration
	for i := 0; b.Loop(); i++ {
		key := fmt.Sprintf("%016x", i*0x9e3779b9)
		start := time.Now()
		err := db.Update(context.Background(), func(tx store.Tx) error { return tx.Put("c", key, doc) })
		ours = append(ours, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		start = time.Now()
		err = plain.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("c"))
			if err != nil {
				return err
			}
			return bucket.Put([]byte(key), doc)
		})
		theirs = append(theirs, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
	}
	median := func(d []time.Duration) float64 { slices.Sort(d); return float64(d[len(d)/2]) }
	b.ReportMetric(median(ours)/median(theirs), "ratio")
	b.ReportMetric(median(ours)/1e3, "µs-p50")
	b.ReportMetric(median(theirs)/1e3, "µs-p50-plain")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkWriters(b *testing.B) {
	for _, writers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			db := openTemp(b)
			doc := make([]byte, 500)
			var next atomic.Int64
			var all sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range writers {
				all.Go(func() {
					for {
						i := next.Add(1)
						if i > int64(b.N) {
							return
						}
						key := fmt.Sprintf("%016x", i*0x9e3779b9)
						err := db.Update(context.Background(), func(tx store.Tx) error {
							if _, err := tx.Get("c", key); err == nil {
								return store.ErrExists
							}
							return tx.Put("c", key, doc)
						})
						if err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
			b.ReportMetric(float64(db.Stats().Commits)/float64(b.N), "commits/update")
		})
	}
}
