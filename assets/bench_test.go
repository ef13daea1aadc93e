package assets

import (
	"io"
	"testing"
)

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		texts, err := NewTexts(nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := NewPages(Config{}, texts); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	texts, err := NewTexts(nil)
	if err != nil {
		b.Fatal(err)
	}
	p, err := NewPages(Config{}, texts)
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range Samples(noon) {
		switch s.Name {
		case "sign-in", "verify-sms", "security":
			b.Run(s.Name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := p.Render(io.Discard, Chinese, s.View); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
