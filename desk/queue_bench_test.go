package desk

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/latchkey-auth/latchkey/staff"
)

// BenchmarkQueue is the first page of the queue where 500 cases wait, from the request to the last byte.
func BenchmarkQueue(b *testing.B) {
	w := newWorld(b)
	for i := range 500 {
		w.seller(fmt.Sprint("s", i))
		w.caseInReview(fmt.Sprint("s", i))
	}
	by := w.worker("ann", staff.Reviewer)
	size := 0
	b.ResetTimer()
	for b.Loop() {
		rec := by.send(http.MethodGet, "/desk/recovery", nil)
		if size = rec.Body.Len(); rec.Code != http.StatusOK {
			b.Fatalf("got %d", rec.Code)
		}
	}
	b.ReportMetric(float64(size), "bytes/page")
}
