package conform_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// The whole catalogue against the fixture party, in process and over HTTP on the loopback interface.
func BenchmarkCatalogue(b *testing.B) {
	faults := fault.Catalogue()
	for name, open := range map[string]func() fault.Party{
		"process": func() fault.Party { return fixture(b) },
		"http":    func() fault.Party { return overHTTP(b, fixture(b)) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rep := run(b, open(), faults, conform.Options{Seed: "bench", Parallel: 4})
				if rep.Summary.Verdicts[conform.Pass] == 0 {
					b.Fatal("nothing passed")
				}
			}
			b.ReportMetric(float64(len(faults)), "faults/op")
		})
	}
}
