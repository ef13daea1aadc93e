package party_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// BenchmarkRegister judges one honest registration with a packed statement.
func BenchmarkRegister(b *testing.B) {
	create, _ := sample(b, virtual.AttestPacked)
	b.ReportAllocs()
	for b.Loop() {
		v := pair(b)[0]
		begun, err := v.RegisterBegin(b.Context(), fault.Wish{})
		if err != nil {
			b.Fatal(err)
		}
		if a, err := v.RegisterFinish(b.Context(), begun, create); err != nil || !a.Accepted {
			b.Fatalf("%+v, %v", a, err)
		}
	}
}
