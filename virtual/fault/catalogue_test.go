package fault_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// TestEveryRowIsWhole holds the form of ids, texts, steps and clauses.
func TestEveryRowIsWhole(t *testing.T) {
	id := regexp.MustCompile(`^(reg|get)-[a-z0-9]+(-[a-z0-9]+)*$`)
	step := regexp.MustCompile(`^7\.[12]\.[0-9]{1,2}$`)
	cites := regexp.MustCompile(`^(Level 3|RFC \d+|SEC 1|CTAP 2\.1) (§[\d.]+( step \d+)?|Appendix F): .{10,300}\.$`)
	clause := regexp.MustCompile(`^#[a-zA-Z][a-zA-Z0-9-]+$`)
	demands := map[fault.Check]fault.Demand{}
	for _, d := range fault.Demands() {
		if !cites.MatchString(d.Cites) {
			t.Errorf("demand %s: got %q, want a source and a sentence", d.Check, d.Cites)
		}
		if _, ok := demands[d.Check]; ok || d.Says == "" || !clause.MatchString(d.Clause) || !step.MatchString(d.Step) {
			t.Errorf("demand %s: got it twice or not whole: %+v", d.Check, d)
		}
		demands[d.Check] = d
	}
	seen, titles := map[string]bool{}, map[string]string{}
	for _, f := range fault.Catalogue() {
		prefix := map[fault.Ceremony]string{fault.Registration: "reg-", fault.Authentication: "get-"}[f.Ceremony]
		switch d, known := demands[f.Check]; {
		case !id.MatchString(f.ID) || !strings.HasPrefix(f.ID, prefix) || seen[f.ID]:
			t.Errorf("%s: got an id that is ill-formed, of another ceremony or there twice", f.ID)
		case !sentence(f.Title) || !sentence(f.Why):
			t.Errorf("%s: got %q and %q, want one sentence each", f.ID, f.Title, f.Why)
		case !step.MatchString(f.Step) || !clause.MatchString(f.Clause):
			t.Errorf("%s: got step %q and clause %q", f.ID, f.Step, f.Clause)
		case (f.Class != fault.Accept) != cites.MatchString(f.Cites):
			t.Errorf("%s: got %q cited", f.ID, f.Cites)
		case f.Class == fault.Accept && (f.Check != "" || f.Reason != ""):
			t.Errorf("%s: got check %q and reason %q of a twin", f.ID, f.Check, f.Reason)
		case f.Class != fault.Accept && (!known || f.Reason != d.Reason):
			t.Errorf("%s: got check %q and reason %q, want one of the demands and its reason", f.ID, f.Check, f.Reason)
		case strings.HasPrefix(f.Step, "7.") && (f.Step[2] == '1') != (f.Ceremony == fault.Registration):
			t.Errorf("%s: got step %s of the other ceremony", f.ID, f.Step)
		case titles[prefix+f.Title] != "":
			t.Errorf("%s: got the title of %s", f.ID, titles[prefix+f.Title])
		}
		seen[f.ID], titles[prefix+f.Title] = true, f.ID
	}
	if f := fault.Find("get-user-disabled"); f == nil || f.ID != "get-user-disabled" ||
		fault.Find("reg-no-such") != nil {
		t.Errorf("finding by id: got %+v, want the one of that id, and none for an id that is none's", f)
	}
}

func sentence(s string) bool {
	return len(s) > 8 && len(s) <= 160 && strings.HasSuffix(s, ".") && s[:1] == strings.ToUpper(s[:1]) &&
		!strings.Contains(s, ". ")
}

// TestEverythingIsCovered counts: every check has a fault, every step of both ceremonies a fault or a twin, and there
// are faults of every class.
func TestEverythingIsCovered(t *testing.T) {
	checks := map[fault.Check]int{}
	steps := map[string]int{}
	classes := map[string]int{}
	faults := 0
	for _, f := range fault.Catalogue() {
		checks[f.Check]++
		steps[f.Step]++
		classes[string(f.Ceremony)+" "+string(f.Class)]++
		if f.Class != fault.Accept {
			faults++
		}
	}
	for _, d := range fault.Demands() {
		if checks[d.Check] == 0 {
			t.Errorf("got no fault for check %s", d.Check)
		}
	}
	for section, n := range map[int]int{1: 29, 2: 25} {
		for i := 1; i <= n; i++ {
			if step := fmt.Sprintf("7.%d.%d", section, i); steps[step] == 0 {
				t.Errorf("got nothing for step %s", step)
			}
		}
	}
	for _, c := range []fault.Ceremony{fault.Registration, fault.Authentication} {
		for _, class := range []fault.Class{fault.Reject, fault.Policy, fault.Hardening, fault.Accept} {
			if classes[string(c)+" "+string(class)] == 0 {
				t.Errorf("got no %s of class %s", c, class)
			}
		}
	}
	if faults < 200 {
		t.Errorf("got %d faults, want 200 at least", faults)
	}
	t.Logf("%d faults of %d checks, %v", faults, len(fault.Demands()), classes)
}

// TestTheOrderIsTheSpecifications: registrations first, steps ascending.
func TestTheOrderIsTheSpecifications(t *testing.T) {
	var before *fault.Fault
	for _, f := range fault.Catalogue() {
		if before != nil && before.Ceremony == fault.Authentication && f.Ceremony == fault.Registration {
			t.Fatalf("got %s behind %s", f.ID, before.ID)
		}
		if before != nil && before.Ceremony == f.Ceremony && steps(before.Step) > steps(f.Step) {
			t.Errorf("got %s (%s) behind %s (%s)", f.ID, f.Step, before.ID, before.Step)
		}
		before = f
	}
}

// steps pads the numbers of a step so that they compare as texts.
func steps(s string) string {
	var out string
	for n := range strings.SplitSeq(s, ".") {
		out += fmt.Sprintf("%03s.", n)
	}
	return out
}

// A scribe is a party that notes every call to another one.
type scribe struct {
	fault.Party
	mu    sync.Mutex
	lines []string
	seats int
}

func (s *scribe) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *scribe) seat(v fault.Visit, err error) (fault.Visit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seats++
	return &seat{v, s, s.seats}, err
}

func (s *scribe) Visit(ctx context.Context, name string) (fault.Visit, error) {
	s.note("visit %s", name)
	return s.seat(s.Party.Visit(ctx, name))
}

type seat struct {
	fault.Visit
	s *scribe
	n int
}

func (v *seat) RegisterBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	v.s.note("%d register %+v", v.n, w)
	return v.Visit.RegisterBegin(ctx, w)
}

func (v *seat) RegisterFinish(ctx context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	v.s.note("%d registered %v %s %s", v.n, b.State, b.Options, response)
	return v.Visit.RegisterFinish(ctx, b, response)
}

func (v *seat) SignInBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	v.s.note("%d sign in %+v", v.n, w)
	return v.Visit.SignInBegin(ctx, w)
}

func (v *seat) SignInFinish(ctx context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	v.s.note("%d signed in %v %s %s", v.n, b.State, b.Options, response)
	return v.Visit.SignInFinish(ctx, b, response)
}

func (v *seat) Again(ctx context.Context) (fault.Visit, error) {
	v.s.note("%d again", v.n)
	return v.s.seat(v.Visit.Again(ctx))
}

func (v *seat) Expire(ctx context.Context) error {
	v.s.note("%d expire", v.n)
	return v.Visit.(fault.Desk).Expire(ctx)
}

func (v *seat) Remove(ctx context.Context, credential []byte) error {
	v.s.note("%d remove %x", v.n, credential)
	return v.Visit.(fault.Desk).Remove(ctx, credential)
}

func (v *seat) Disable(ctx context.Context) error {
	v.s.note("%d disable", v.n)
	return v.Visit.(fault.Desk).Disable(ctx)
}

// transcript plays against a fresh party whose draws are fixed, and returns all that was said to it.
func transcript(t *testing.T, ca *virtual.CA, f *fault.Fault, play func(context.Context, fault.Party,
	string) (*fault.Played, error)) string {
	t.Helper()
	s := &scribe{Party: fixtures{newParty(t, ca, false), newParty(t, ca, true)}.of(t, f)}
	if _, err := play(context.Background(), s, "somebody"); err != nil {
		t.Fatalf("got %v", err)
	}
	if strings.HasSuffix(f.ID, "-concurrent") { // in no order, and told apart from one after the other
		slices.Sort(s.lines)
		s.lines = append(s.lines, "at once")
	}
	return strings.Join(s.lines, "\n")
}

// TestEveryFaultChangesWhatIsSaid compares each fault with its honest twin, with the other faults of its check, and
// with itself played once more.
func TestEveryFaultChangesWhatIsSaid(t *testing.T) {
	honest := map[string]bool{ // twins that are nothing but their set-up
		"reg-plain": true, "reg-verified": true, "reg-discoverable": true, "reg-framed": true, "reg-model-none": true,
		"reg-counter-none": true, "reg-eddsa": true, "reg-es384": true, "reg-es512": true, "reg-id-1023": true,
		"reg-id-16": true, "reg-packed-self": true, "reg-packed": true, "reg-fido-u2f": true, "reg-tpm": true,
		"reg-android-key": true, "reg-apple": true, "reg-compound": true, "reg-trusted": true,
		"reg-backup-eligible": true,
		"reg-backed-up":       true, "get-plain": true, "get-verified": true, "get-discoverable": true,
		"get-framed": true,
		"get-eddsa":  true, "get-es384": true, "get-es512": true, "get-u2f": true, "get-counter-none": true,
		"get-backup-eligible": true, "get-backed-up": true,
	}
	others, ca := map[string]string{}, newCA(t)
	for _, f := range fault.Catalogue() {
		said := transcript(t, ca, f, f.Play)
		if twin := transcript(t, ca, f, f.PlayBaseline); (said == twin) != honest[f.ID] {
			t.Errorf("%s: got the same said as by the honest twin: %t", f.ID, said == twin)
		}
		if again := transcript(t, ca, f, f.Play); said != again {
			t.Errorf("%s: got other bytes when played again", f.ID)
		}
		key := string(f.Check) + "\n" + said
		if other := others[key]; other != "" && f.Class != fault.Accept {
			t.Errorf("%s: got the same as %s", f.ID, other)
		}
		others[key] = f.ID
	}
}

// TestExchangesAreKept for reports and for replays.
func TestExchangesAreKept(t *testing.T) {
	f := fault.Find("get-counter-clone")
	played, err := f.Play(context.Background(), newFixtures(t).of(t, f), "keeper")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range played.Exchanges {
		if !bytes.Contains(x.Options, []byte("challenge")) || !bytes.Contains(x.Response, []byte("clientDataJSON")) ||
			x.User != "keeper" {
			t.Errorf("got %+v, want options and response of the user", x)
		}
		got = append(got, fmt.Sprintf("%s %t", x.Ceremony, x.Answer.Accepted))
	}
	want := []string{"registration true", "authentication true", "authentication true", "authentication false"}
	if !slices.Equal(got, want) || played.Answer != played.Exchanges[3].Answer {
		t.Errorf("got %v, want %v, the last being the answer", got, want)
	}
}

// A bare party offers no feature, and errs when it is asked for one all the same.
type bare struct{ fault.Party }

func (b bare) About() fault.About {
	a := b.Party.About()
	return fault.About{Origin: a.Origin, RPID: a.RPID}
}

func (b bare) Visit(ctx context.Context, name string) (fault.Visit, error) {
	v, err := b.Party.Visit(ctx, name)
	return &bench{Visit: v}, err
}

// A bench is a visit of a bare party: one key a user, and no desk.
type bench struct {
	fault.Visit
	keys int
}

func (v *bench) RegisterBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	if w != (fault.Wish{}) || v.keys > 0 {
		return nil, fmt.Errorf("asked for %+v with %d keys, which the party does not offer", w, v.keys)
	}
	return v.Visit.RegisterBegin(ctx, w)
}

func (v *bench) RegisterFinish(ctx context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	answer, err := v.Visit.RegisterFinish(ctx, b, response)
	if err == nil && answer.Accepted {
		v.keys++
	}
	return answer, err
}

func (v *bench) SignInBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	if w != (fault.Wish{}) || v.keys == 0 {
		return nil, fmt.Errorf("asked for %+v with %d keys, which the party does not offer", w, v.keys)
	}
	return v.Visit.SignInBegin(ctx, w)
}

func (v *bench) Again(context.Context) (fault.Visit, error) {
	return nil, fmt.Errorf("asked for another browser, which the party does not offer")
}

// TestNeedsAreTold: what is not missing from a party that offers nothing can be played there.
func TestNeedsAreTold(t *testing.T) {
	p, n := bare{newParty(t, newCA(t), false)}, 0
	for _, f := range fault.Catalogue() {
		if len(f.Missing(p.About())) > 0 {
			continue
		}
		n++
		if _, err := f.Play(context.Background(), p, f.ID); err != nil {
			t.Errorf("got %v", err)
		}
		if _, err := f.PlayBaseline(context.Background(), p, "base-"+f.ID); err != nil {
			t.Errorf("baseline: got %v", err)
		}
	}
	if n < 200 {
		t.Errorf("got %d faults that need nothing, want 200 at least", n)
	}
	t.Logf("%d rows need nothing", n)
}
