package server

import "testing"

// BenchmarkStart is what the face costs at the start of the program, beside texts and pages.
func BenchmarkStart(b *testing.B) {
	w := newWorld(b)
	cfg := w.server.config
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(cfg); err != nil {
			b.Fatal(err)
		}
	}
}
