package totp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/totp"
)

// BenchmarkVerify measures a right code, a wrong one (which also looks for a
// clock that is off) and, as the unit, one P-256 verification.
func BenchmarkVerify(b *testing.B) {
	f := app(b, totp.Config{})
	d, a := bindAt(b, f, noon)
	at := noon.Add(time.Hour)
	list := []*auth.Authenticator{a}
	run := func(code string, want auth.Code) func(*testing.B) {
		res := reply(code)
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c := &auth.Ceremony{Purpose: auth.ForSignIn, Kind: auth.TOTP, Now: at}
				if _, err := f.FinishVerify(c, list, res); codeOf(err) != want {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("right", run(d.step(at, 0), ""))
	b.Run("wrong", run(d.not(&auth.Ceremony{Kind: auth.TOTP, Now: at}), auth.CodeWrong))
	b.Run("P256", func(b *testing.B) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		sum := sha256.Sum256([]byte("P-256"))
		sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], sig) {
				b.Fatal("not verified")
			}
		}
	})
}
