package fault_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// fixtures are two correct relying parties, unless checks are left out: one that may not be framed and does not offer
// ES512, and one that may and does. Between them they offer every feature, and lack every one that excludes a fault.
type fixtures struct{ closed, framed *party.Party }

func newFixtures(t testing.TB, without ...fault.Check) fixtures {
	t.Helper()
	ca := newCA(t)
	return fixtures{newParty(t, ca, false, without...), newParty(t, ca, true, without...)}
}

// newOtherFixtures makes the other choice wherever parties differ and all are right.
func newOtherFixtures(t testing.TB) fixtures {
	t.Helper()
	ca := newCA(t)
	return fixtures{partyWith(t, party.Options{CA: ca, Otherwise: true}, false), partyWith(t, party.Options{CA: ca, Otherwise: true}, true)}
}

func newCA(t testing.TB) *virtual.CA {
	t.Helper()
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("fixture")})
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func newParty(t testing.TB, ca *virtual.CA, framed bool, without ...fault.Check) *party.Party {
	t.Helper()
	return partyWith(t, party.Options{CA: ca, Without: without}, framed)
}

func partyWith(t testing.TB, o party.Options, framed bool) *party.Party {
	t.Helper()
	o.Origin = "https://shop.example"
	o.RPID = "shop.example"
	o.Seed = []byte("fixture")
	if framed {
		o.Tops = []string{"https://mall.example"}
		o.Algorithms = []virtual.Algorithm{virtual.EdDSA, virtual.ES256, virtual.ES384, virtual.ES512, virtual.RS256}
	}
	p, err := party.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// of picks the party that a fault can be played against.
func (p fixtures) of(t testing.TB, f *fault.Fault) *party.Party {
	t.Helper()
	if one := p.fit(f); one != nil {
		return one
	}
	t.Fatalf("%s: got no party that offers %v and not %v", f.ID, f.Needs, f.Unless)
	return nil
}

func (p fixtures) fit(f *fault.Fault) *party.Party {
	for _, one := range []*party.Party{p.closed, p.framed} {
		if len(f.Missing(one.About())) == 0 {
			return one
		}
	}
	return nil
}

// play plays a fault, or its honest twin, against the party for it.
func (p fixtures) play(t testing.TB, f *fault.Fault, name string) *fault.Answer {
	t.Helper()
	played, err := f.Play(context.Background(), p.of(t, f), name)
	if err != nil {
		t.Fatalf("got %v", err)
	}
	return played.Answer
}

// broken lists what the fixture says of a response, over all its checks.
func broken(t testing.TB, a *fault.Answer) []fault.Check {
	t.Helper()
	var said struct {
		Broken []fault.Check `json:"broken"`
	}
	if err := json.Unmarshal(a.Response, &said); err != nil {
		t.Fatalf("reading what the fixture answers: %v in %s", err, a.Response)
	}
	return said.Broken
}

// TestEveryFaultBreaksItsCheckAlone plays the whole catalogue against correct parties of both kinds. The fixture judges
// every check by what was sent, whatever the others say, and notes all that a response breaks: a fault breaks the one
// it names and no other in one kind of party at least, a twin breaks none in either, and the refusal says why. So each
// check, if it alone is removed, is named by a fault that names nothing else. (That each is accepted then, package
// party shows.)
func TestEveryFaultBreaksItsCheckAlone(t *testing.T) {
	kinds := map[string]fixtures{"": newFixtures(t), "otherwise": newOtherFixtures(t)}
	var mu sync.Mutex
	alone := map[string]map[fault.Check]bool{"": {}, "otherwise": {}}
	t.Run("faults", func(t *testing.T) {
		for _, f := range fault.Catalogue() {
			t.Run(f.ID, func(t *testing.T) {
				t.Parallel()
				sole := false
				for kind, p := range kinds {
					if p.fit(f) == nil {
						continue
					}
					if p.onlyBreaks(t, f) {
						sole = true
						mu.Lock()
						alone[kind][f.Check] = true
						mu.Unlock()
					}
				}
				if !sole && len(f.Also) == 0 {
					t.Errorf("got other checks broken as well by every kind of party")
				}
			})
		}
	})
	for kind, checks := range alone {
		for _, d := range fault.Demands() {
			if !checks[d.Check] {
				t.Errorf("kind %q: got no fault that breaks %s alone", kind, d.Check)
			}
		}
	}
}

// onlyBreaks plays a fault and its twin, and reports whether the fault breaks the check that it names alone.
func (p fixtures) onlyBreaks(t *testing.T, f *fault.Fault) bool {
	base, err := f.PlayBaseline(context.Background(), p.of(t, f), "base-"+f.ID)
	if err != nil || !base.Answer.Accepted {
		t.Fatalf("the honest twin: got %+v, %v, want it accepted", base.Answer, err)
	}
	answer := p.play(t, f, "play-"+f.ID)
	got := broken(t, answer)
	if f.Class == fault.Accept {
		if !answer.Accepted || len(got) > 0 {
			t.Errorf("got %v broken by what has to be accepted: %s", got, answer.Text)
		}
		return true
	}
	if answer.Accepted || !slices.Contains(got, f.Check) {
		t.Errorf("got accepted %t and broken checks %v, want it refused and %s among them", answer.Accepted, got, f.Check)
	}
	sole := slices.Equal(got, []fault.Check{f.Check})
	if sole && !f.Expects(fault.Reason(answer.Code)) {
		t.Errorf("got reason %q, want %q", answer.Code, f.Reason)
	}
	if sole && len(f.Also) > 0 {
		t.Errorf("got %s broken alone, want %v broken as well, or not named", f.Check, f.Also)
	}
	if !sole {
		t.Logf("broken: %v", got)
	}
	return sole
}

// TestComposedFaults breaks two checks at once.
func TestComposedFaults(t *testing.T) {
	p := newFixtures(t)
	origin, presence := fault.Find("reg-origin-port"), fault.Find("reg-presence")
	f, err := fault.Compose(origin, presence)
	if err != nil {
		t.Fatal(err)
	}
	got := broken(t, p.play(t, f, "both"))
	if want := []fault.Check{fault.CheckCreateOrigin, fault.CheckCreatePresence}; !slices.Equal(got, want) {
		t.Errorf("got broken checks %v, want %v", got, want)
	}
	if !f.Expects(fault.WrongOrigin) || !f.Expects(fault.NoTouch) || f.Expects(fault.WrongRPID) {
		t.Errorf("got the wrong reasons expected of %s", f.ID)
	}
	f, err = fault.Compose(fault.Find("get-members-spaced"), fault.Find("get-challenge-expired"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Class != fault.Reject && f.Class != fault.Hardening || !f.Expects(fault.Expired) {
		t.Errorf("got %s of class %s, want a fault made of a twin and a fault to be one", f.ID, f.Class)
	}
	if got := broken(t, p.play(t, f, "twin")); !slices.Equal(got, []fault.Check{fault.CheckStateGetTime}) {
		t.Errorf("got broken checks %v, want that of the fault", got)
	}
	for _, ids := range [][]string{
		{"reg-origin-port"}, {"reg-origin-port", "get-origin-port"}, {"reg-presence", "reg-verification"},
		{"get-challenge-expired", "get-challenge-earlier"},
	} {
		var list []*fault.Fault
		for _, id := range ids {
			list = append(list, fault.Find(id))
		}
		if f, err := fault.Compose(list...); err == nil {
			t.Errorf("composing %v: got %s, want an error", ids, f.ID)
		}
	}
}

// TestARefusedBaselineIsNoVerdict plays against a party that refuses everything: what needs an honest step first ends
// in an error, and the honest twins are refused.
func TestARefusedBaselineIsNoVerdict(t *testing.T) {
	p, err := party.New(party.Options{Origin: "https://shop.example", RPID: "shop.example", RefuseAll: true})
	if err != nil {
		t.Fatal(err)
	}
	played, err := fault.Find("get-origin-port").Play(context.Background(), p, "nobody")
	if err == nil || !strings.Contains(err.Error(), "an honest step was refused") || played.Answer != nil || len(played.Exchanges) != 1 {
		t.Errorf("got %+v, %v, want an error about the registration and no answer", played, err)
	}
	base, err := fault.Find("reg-origin-port").PlayBaseline(context.Background(), p, "nobody-else")
	if err != nil || base.Answer.Accepted {
		t.Errorf("got %+v, %v, want the honest twin refused", base, err)
	}
	// A twin stands for all faults of its set-up, so its error names none of them.
	_, err = fault.Find("get-origin-port").PlayBaseline(context.Background(), p, "nobody-at-all")
	if err == nil || strings.Contains(err.Error(), "get-origin-port") || !strings.Contains(err.Error(), "the honest twin of sign-in") {
		t.Errorf("got %v, want it to name the twin and no fault", err)
	}
}

// BenchmarkCatalogue plays every fault once, and every set-up's honest twin.
func BenchmarkCatalogue(b *testing.B) {
	p := newFixtures(b)
	all := fault.Catalogue()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		seen := map[fault.Baseline]bool{}
		for _, f := range all {
			if !seen[f.Baseline] {
				seen[f.Baseline] = true
				if _, err := f.PlayBaseline(b.Context(), p.of(b, f), fmt.Sprintf("base-%d-%s", n, f.ID)); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := f.Play(b.Context(), p.of(b, f), fmt.Sprintf("play-%d-%s", n, f.ID)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestBreakAnswersByTheCallersKey breaks ceremonies of a key that was there before, held against the fixture.
func TestBreakAnswersByTheCallersKey(t *testing.T) {
	p := newFixtures(t).closed
	visit, err := p.Visit(context.Background(), "tester")
	if err != nil {
		t.Fatal(err)
	}
	device, err := virtual.New(virtual.Options{UserVerification: virtual.UVSucceeds, Attestation: virtual.AttestSelf, Seed: []byte("tester")})
	if err != nil {
		t.Fatal(err)
	}
	browser := &virtual.Client{Origin: "https://shop.example", Authenticators: []*virtual.Authenticator{device}}
	finish := func(id string) *fault.Answer {
		t.Helper()
		f := fault.Find(id)
		begin, end := visit.RegisterBegin, visit.RegisterFinish
		if f.Ceremony == fault.Authentication {
			begin, end = visit.SignInBegin, visit.SignInFinish
		}
		begun, err := begin(context.Background(), fault.Wish{})
		if err != nil {
			t.Fatal(err)
		}
		response, err := f.Break(context.Background(), browser, p.About(), begun.Options)
		if err != nil {
			t.Fatalf("%s: got %v", id, err)
		}
		answer, err := end(context.Background(), begun, response)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	for _, id := range []string{
		"reg-origin-port", "reg-packed-self-stranger", "reg-json-type-case", "reg-members-reversed",
		"get-signature-data-alone", "get-json-authenticator-data-padded", "get-handle-cut", "get-counter-zero", "get-plain",
	} {
		f := fault.Find(id)
		var want []fault.Check
		if f.Class != fault.Accept {
			want = []fault.Check{f.Check}
		}
		if got := broken(t, finish(id)); !slices.Equal(got, want) {
			t.Errorf("%s: got broken checks %v, want %v", id, got, want)
		}
	}
	for _, id := range []string{"get-counter-clone", "reg-tpm-magic", "reg-top-origin-other"} {
		if _, err := fault.Find(id).Break(context.Background(), browser, p.About(), nil); err == nil {
			t.Errorf("%s: got no error, want one: it cannot be broken by this key", id)
		}
	}
}

// TestAnyTwoComposeOrSayWhyNot composes pairs of one set-up, one in 23 of them: either they cannot be made together,
// which is an error, or a correct party refuses two faults. (A twin may undo a fault: a right handle after a wrong
// one.)
func TestAnyTwoComposeOrSayWhyNot(t *testing.T) {
	p := newFixtures(t)
	all := fault.Catalogue()
	n := 0
	played := 0
	for i, one := range all {
		for _, two := range all[i+1:] {
			f, err := fault.Compose(one, two)
			if err != nil {
				continue
			}
			if n++; n%23 != 0 {
				continue
			}
			if len(f.Missing(p.closed.About())) > 0 && len(f.Missing(p.framed.About())) > 0 {
				continue
			}
			out, err := f.Play(context.Background(), p.of(t, f), fmt.Sprint("pair-", n))
			if err != nil {
				continue
			}
			played++
			if out.Answer.Accepted && one.Class != fault.Accept && two.Class != fault.Accept {
				t.Errorf("%s: got it accepted, want it refused", f.ID)
			}
		}
	}
	t.Logf("%d pairs compose, %d of a sample were played", n, played)
	if played < n/23/2 {
		t.Errorf("got %d of %d pairs played, want the half of them at least", played, n/23)
	}
}
