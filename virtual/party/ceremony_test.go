package party_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// TestEveryFormatAndAlgorithm registers with a chain to the root, where the format has one, and signs in, with every
// statement format and algorithm that authenticators and this verifier, written apart, agree upon.
func TestEveryFormatAndAlgorithm(t *testing.T) {
	all := []virtual.Algorithm{virtual.ES256, virtual.ES384, virtual.ES512, virtual.EdDSA, virtual.RS256}
	// and RS256 where its form is one of its own: keys take long
	few := []virtual.Algorithm{virtual.ES256, virtual.ES384}
	algorithms := map[virtual.Format][]virtual.Algorithm{
		virtual.AttestNone: all[:4], virtual.AttestSelf: all, virtual.AttestPacked: all[:4],
		virtual.AttestFIDOU2F: {virtual.ES256},
		virtual.AttestTPM:     {virtual.ES256, virtual.RS256}, virtual.AttestAndroidKey: few, virtual.AttestApple: few,
		virtual.AttestCompound: {virtual.ES256},
	}
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("formats")})
	if err != nil {
		t.Fatal(err)
	}
	p, err := party.New(party.Options{Origin: origin, RPID: rpID, CA: ca, Algorithms: all})
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range formats() {
		for _, alg := range algorithms[format] {
			name := fmt.Sprintf("%s-%d%d", format, int(format), alg)
			t.Run(name, func(t *testing.T) {
				key, err := virtual.New(virtual.Options{
					Seed: []byte(name), Attestation: format, CA: ca, Algorithms: []virtual.Algorithm{alg},
				})
				if err != nil {
					t.Fatal(err)
				}
				client := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{key}}
				v, err := p.Visit(t.Context(), name)
				if err != nil {
					t.Fatal(err)
				}
				trust := format != virtual.AttestNone && format != virtual.AttestSelf
				if a := create(t, v, client, fault.Wish{Trust: trust}); !a.Accepted {
					t.Fatalf("registration: %s", a.Response)
				}
				if a := get(t, v, client); !a.Accepted {
					t.Errorf("sign-in: %s", a.Response)
				}
			})
		}
	}
}

func create(t *testing.T, v fault.Visit, client *virtual.Client, w fault.Wish) *fault.Answer {
	t.Helper()
	b, err := v.RegisterBegin(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Create(b.Options)
	if err != nil {
		t.Fatal(err)
	}
	a, err := v.RegisterFinish(t.Context(), b, response)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func get(t *testing.T, v fault.Visit, client *virtual.Client) *fault.Answer {
	t.Helper()
	b, err := v.SignInBegin(t.Context(), fault.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Get(b.Options)
	if err != nil {
		t.Fatal(err)
	}
	a, err := v.SignInFinish(t.Context(), b, response)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestOtherRoot demands a chain and gets one to a root that nobody trusts.
func TestOtherRoot(t *testing.T) {
	ours, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("ours")})
	if err != nil {
		t.Fatal(err)
	}
	p, err := party.New(party.Options{Origin: origin, RPID: rpID, CA: ours})
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range formats()[2:] {
		key, err := virtual.New(virtual.Options{Seed: []byte("other"), Attestation: format})
		if err != nil {
			t.Fatal(err)
		}
		v, err := p.Visit(t.Context(), format.String())
		if err != nil {
			t.Fatal(err)
		}
		a := create(t, v, &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{key}},
			fault.Wish{Trust: true})
		if got := broken(t, a); !slices.Equal(got, []fault.Check{fault.CheckTrustChain}) {
			t.Errorf("%s: got %v broken, want the chain alone", format, got)
		}
	}
}

// TestClock lets a ceremony grow old by the party's clock.
func TestClock(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	p, err := party.New(party.Options{Origin: origin, RPID: rpID, Seed: []byte("fuzz"),
		Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.Visit(t.Context(), "mei")
	if err != nil {
		t.Fatal(err)
	}
	b, err := v.RegisterBegin(t.Context(), fault.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	response, _ := sample(t, virtual.AttestNone)
	now = now.Add(5*time.Minute + time.Second)
	a, err := v.RegisterFinish(t.Context(), b, response)
	if err != nil {
		t.Fatal(err)
	}
	if a.Code != string(fault.Expired) || a.Step != "7.1.8" {
		t.Errorf("got %q at step %q, want expired at 7.1.8: %s", a.Code, a.Step, a.Response)
	}
}

// TestDesk removes credentials only where they are.
func TestDesk(t *testing.T) {
	v := pair(t)[0]
	desk, ok := v.(fault.Desk)
	if !ok {
		t.Fatal("a visit is no desk")
	}
	if err := desk.Remove(t.Context(), []byte("none")); err == nil {
		t.Error("removing a credential that is not there: got no error")
	}
	p := worlds(t, party.Options{})[0]
	if _, err := p.Visit(t.Context(), "mei"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Visit(t.Context(), "mei"); err == nil {
		t.Error("visiting as a user there is: got no error")
	}
}
