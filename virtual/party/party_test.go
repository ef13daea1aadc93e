package party_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// worlds are parties that differ in what they offer, so that every fault can be played in one of them: a plain one,
// one that may be framed, and one that offers every algorithm.
func worlds(t testing.TB, o party.Options) []*party.Party {
	t.Helper()
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("party")})
	if err != nil {
		t.Fatal(err)
	}
	o.Origin = origin
	o.RPID = rpID
	o.CA = ca
	o.Seed = []byte("party")
	o.Now = worldTime
	framed, every := o, o
	framed.Tops = []string{"https://mall.example"}
	every.Algorithms = []virtual.Algorithm{virtual.ES256, virtual.EdDSA, virtual.ES384, virtual.ES512, virtual.RS256}
	var out []*party.Party
	for _, o := range []party.Options{o, framed, every} {
		p, err := party.New(o)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func worldTime() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// fits finds the first world in which a fault can be played.
func fits(f *fault.Fault, in []*party.Party) *party.Party {
	for _, p := range in {
		if len(f.Missing(p.About())) == 0 {
			return p
		}
	}
	return nil
}

// broken reads from an answer what the response breaks.
func broken(t testing.TB, a *fault.Answer) []fault.Check {
	t.Helper()
	var out struct{ Broken []fault.Check }
	if err := json.Unmarshal(a.Response, &out); err != nil {
		t.Fatal(err)
	}
	return out.Broken
}

// TestRefusingEverythingProvesNothing shows that a party which refuses everything refuses every baseline, so that no
// fault counts as found out.
func TestRefusingEverythingProvesNothing(t *testing.T) {
	all := worlds(t, party.Options{RefuseAll: true})
	for _, f := range fault.Catalogue() {
		twin, err := f.PlayBaseline(t.Context(), fits(f, all), f.ID)
		if err == nil && twin.Answer.Accepted {
			t.Errorf("%s: the honest twin was accepted", f.ID)
		}
	}
}

// TestEveryCheckCanBeRemoved plays the whole catalogue against a party with every check, and against one for every
// check that is removed alone: the faults that name it are accepted, and no others are. Without LATCHKEY_TEST_ALL, and
// in the short form, it plays one in twelve of the others, another twelfth for every check. (That a fault breaks
// nothing
// but the check it names is a test of package fault.)
func TestEveryCheckCanBeRemoved(t *testing.T) {
	named := map[fault.Check]bool{"": true}
	for _, f := range fault.Catalogue() {
		named[f.Check] = true
	}
	whole := os.Getenv("LATCHKEY_TEST_ALL") != "" && !testing.Short()
	for n, d := range append([]fault.Demand{{}}, fault.Demands()...) {
		t.Run("without "+string(d.Check), func(t *testing.T) {
			t.Parallel()
			if !named[d.Check] {
				t.Error("no fault names the check")
			}
			o := party.Options{}
			if d.Check != "" {
				o.Without = []fault.Check{d.Check}
			}
			all := worlds(t, o)
			o.Otherwise = true
			other := worlds(t, o)
			for i, f := range fault.Catalogue() {
				if !whole && f.Check != d.Check && d.Check != "" && i%12 != n%12 {
					continue
				}
				p := fits(f, all)
				if p == nil {
					t.Fatalf("%s: no party offers what it needs: %v", f.ID, f.Missing(all[0].About()))
				}
				played, err := f.Play(t.Context(), p, f.ID)
				if err != nil {
					t.Fatal(err)
				}
				a, want := played.Answer, f.Class == fault.Accept || f.Check == d.Check && len(f.Also) == 0
				// one kind of party sees another fault in it as well
				if p = fits(f, other); want && !a.Accepted && p != nil {
					if played, err = f.Play(t.Context(), p, f.ID); err != nil {
						t.Fatal(err)
					}
					a = played.Answer
				}
				if f.Check == d.Check && !want {
					continue // the others of its check break it alone
				}
				if a.Accepted != want || !want && a.Code != string(f.Reason) {
					t.Errorf("%s: got accepted %t, code %q, want %t, %q: %s", f.ID, a.Accepted, a.Code, want,
						f.Reason, a.Response)
				}
			}
		})
	}
}

// TestOptions refuses what makes no party.
func TestOptions(t *testing.T) {
	for _, o := range []party.Options{
		{}, {Origin: origin}, {RPID: rpID}, {Origin: origin, RPID: rpID, Without: []fault.Check{"no-such-check"}},
	} {
		if p, err := party.New(o); err == nil {
			t.Errorf("New(%+v): got %v, want an error", o, p)
		}
	}
}

// TestSeed shows that the same seed gives the same options, and no seed different ones.
func TestSeed(t *testing.T) {
	begin := func(seed string) string {
		p, err := party.New(party.Options{Origin: origin, RPID: rpID, Seed: []byte(seed)})
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
		return string(b.Options)
	}
	if a, b := begin("one"), begin("one"); a != b {
		t.Errorf("the same seed: got %s and %s", a, b)
	}
	seen := map[string]bool{}
	for _, seed := range []string{"one", "two", "", ""} {
		if o := begin(seed); seen[o] {
			t.Errorf("seed %q: got options a second time: %s", seed, o)
		} else {
			seen[o] = true
		}
	}
}

// TestConcurrentFinishes sends one registration and one assertion many times at once: one of each is accepted.
func TestConcurrentFinishes(t *testing.T) {
	v := pair(t)[0]
	create, get := sample(t, virtual.AttestPacked)
	b, err := v.RegisterBegin(t.Context(), fault.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	count(t, func() (*fault.Answer, error) { return v.RegisterFinish(t.Context(), b, create) })
	if b, err = v.SignInBegin(t.Context(), fault.Wish{}); err != nil {
		t.Fatal(err)
	}
	count(t, func() (*fault.Answer, error) { return v.SignInFinish(t.Context(), b, get) })
}

func count(t *testing.T, finish func() (*fault.Answer, error)) {
	t.Helper()
	const n = 16
	answers := make(chan string, n)
	for range n {
		go func() {
			a, err := finish()
			if err != nil {
				answers <- err.Error()
				return
			}
			answers <- fmt.Sprint(a.Accepted)
		}()
	}
	got := map[string]int{}
	for range n {
		got[<-answers]++
	}
	if got["true"] != 1 || got["false"] != n-1 {
		t.Errorf("got %v, want true once and false %d times", got, n-1)
	}
}
