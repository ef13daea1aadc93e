package yubiotp_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// BenchmarkVerify measures a right code, a wrong one, and one for nobody.
func BenchmarkVerify(b *testing.B) {
	f := factor(1)
	k, a := bind(b, f)
	other, _ := bind(b, f)
	for _, x := range []struct {
		name string
		code string
		list []*auth.Authenticator
		want auth.Code
	}{
		{"right", k.touched(), []*auth.Authenticator{a}, ""},
		{"wrong", other.touched(), []*auth.Authenticator{a}, auth.CodeWrong},
		{"nobody", k.touched(), nil, auth.CodeWrong},
	} {
		b.Run(x.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verify(f, x.code, x.list...); codeOf(err) != x.want {
					b.Fatal(err)
				}
			}
		})
	}
}
