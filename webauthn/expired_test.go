package webauthn_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// TestCertificateOutOfTime: whatever the format, a key whose certificate has expired, or begins tomorrow, is taken as
// one that attests itself where nobody asked for its papers, and refused where somebody did. Its signature must hold.
func TestCertificateOutOfTime(t *testing.T) {
	expired := func(c *x509.Certificate) { c.NotAfter = start.AddDate(0, 0, -1) }
	early := func(c *x509.Certificate) { c.NotBefore = start.AddDate(0, 0, 1) }
	times := map[string]func(*x509.Certificate){"expired": expired, "early": early}
	ca := testCA(t, "out of time")
	trusting := webauthn.AttestationPolicy{Roots: []webauthn.Root{{Certificate: ca.Root()}}}
	asking := trusting
	asking.Ask = true
	for _, policy := range []struct {
		name   string
		policy webauthn.AttestationPolicy
		wish   auth.KeyWish
		forged bool
		want   auth.Code
	}{
		{name: "not asked for", policy: trusting},
		{name: "forged", policy: trusting, forged: true, want: auth.KeyAttestationForged},
		{name: "asked for", policy: asking, want: auth.KeyAttestationExpired},
		{name: "wished", policy: trusting, wish: auth.KeyWish{Attest: true}, want: auth.KeyAttestationExpired},
		{name: "certified", policy: trusting, wish: auth.KeyWish{Certified: true}, want: auth.KeyAttestationExpired},
	} {
		for _, f := range []virtual.Format{virtual.AttestPacked, virtual.AttestTPM, virtual.AttestFIDOU2F,
			virtual.AttestCompound} {
			o := virtual.Options{AAGUID: model, Attestation: f, CA: ca}
			if f == virtual.AttestFIDOU2F {
				o = virtual.Options{Protocol: virtual.U2F, Attestation: f, CA: ca}
			}
			for when, change := range times {
				t.Run(strings.Join([]string{policy.name, f.String(), when}, " "), func(t *testing.T) {
					b := newBench(t, func(c *webauthn.Config) { c.Attestation = policy.policy }, o)
					b.browser.Hooks = &virtual.Hooks{Attester: func(a *virtual.Attester, _ *virtual.Credential) {
						a.Leaf = &virtual.LeafOptions{Change: change}
						if policy.forged {
							a.Signature = flipLast
						}
					}}
					c := b.bindingAs(auth.BindInput{Flavour: auth.SecurityKey, KeyWish: policy.wish})
					// old browsers hand the statement on though nobody asked
					c.Prompt = bytes.Replace(c.Prompt, []byte(`"none"`), []byte(`"direct"`), 1)
					a, err := b.factor.FinishBind(c, b.create(c))
					wantCode(t, err, policy.want)
					if err == nil {
						wantSelfAttested(t, a)
					}
				})
			}
		}
	}
}

func wantSelfAttested(t *testing.T, a *auth.Authenticator) {
	t.Helper()
	var kept struct{ Y string }
	if err := json.Unmarshal(a.Data, &kept); err != nil {
		t.Fatal(err)
	}
	if a.Traits.Certified || kept.Y != "basic_surrogate" {
		t.Errorf("got certified %v and type %q, want it to attest itself", a.Traits.Certified, kept.Y)
	}
}
