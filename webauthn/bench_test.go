package webauthn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A signIn is a key sign-in whose answers are signed beforehand, so that only the factor is measured.
type signIn struct {
	bench
	credential *virtual.Credential
}

func newSignIn(t testing.TB) *signIn {
	s := &signIn{bench: *newBench(t, nil, virtual.Options{})}
	s.bind(auth.SecurityKey)
	s.credential = s.browser.Authenticators[0].Credentials()[0]
	return s
}

func (s *signIn) begin() *auth.Ceremony {
	c := &auth.Ceremony{
		ID: "verify", Account: "a", Purpose: auth.ForSignIn, Kind: auth.WebAuthn,
		Now: start, Expires: start.Add(5 * time.Minute), Proofs: s.proofs,
	}
	if err := s.factor.BeginVerify(c, s.keys); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *signIn) answer(c *auth.Ceremony) []byte {
	out, err := s.credential.AppendAssertion(nil, &virtual.Assertion{
		Challenge: prompt[virtual.RequestOptions](s.t, c).Challenge, Origin: origin, Flags: virtual.FlagUP, Counter: 9,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// TestAllocations: begin and finish of a sign-in stay well under the 400 that all of a key sign-in may have.
func TestAllocations(t *testing.T) {
	s := newSignIn(t)
	c := s.begin()
	answer := s.answer(c)
	begin := testing.AllocsPerRun(100, func() { s.begin() })
	finish := testing.AllocsPerRun(100, func() {
		if _, err := s.factor.FinishVerify(c, s.keys, answer); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("begin %.0f, finish %.0f", begin, finish)
	if begin+finish > 230 {
		t.Errorf("got %.0f + %.0f allocations, want at most 230", begin, finish)
	}
}

func BenchmarkBegin(b *testing.B) {
	s := newSignIn(b)
	b.ReportAllocs()
	for b.Loop() {
		s.begin()
	}
}

// BenchmarkFinish reports its time in units of BenchmarkVerification, interleaved: "V/op".
func BenchmarkFinish(b *testing.B) {
	s := newSignIn(b)
	c := s.begin()
	answer := s.answer(c)
	bare := bareVerification(b)
	var ours, theirs time.Duration
	b.ReportAllocs()
	for b.Loop() {
		t0 := time.Now()
		if _, err := s.factor.FinishVerify(c, s.keys, answer); err != nil {
			b.Fatal(err)
		}
		t1 := time.Now()
		bare()
		ours, theirs = ours+t1.Sub(t0), theirs+time.Since(t1)
	}
	b.ReportMetric(float64(ours)/float64(theirs), "V/op")
}

func BenchmarkVerification(b *testing.B) {
	bare := bareVerification(b)
	b.ReportAllocs()
	for b.Loop() {
		bare()
	}
}

// bareVerification is one P-256 verification and nothing else.
func bareVerification(b *testing.B) func() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	hash := sha256.Sum256([]byte("message"))
	sig, err := ecdsa.SignASN1(rand.Reader, key, hash[:])
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		if !ecdsa.VerifyASN1(&key.PublicKey, hash[:], sig) {
			b.Fatal("the signature does not verify")
		}
	}
}
