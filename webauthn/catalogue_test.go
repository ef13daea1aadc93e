package webauthn_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// partner is a page in whose frames ours may be shown.
const partner = "https://partner.example"

// A house is a relying party that is nothing but the factor: accounts, and ceremonies that are ended once, by who began
// them.
type house struct {
	factor *webauthn.Factor
	about  fault.About

	mu     sync.Mutex
	owners map[string]*tenant // by credential
}

// A tenant is one account.
type tenant struct {
	handle   []byte
	keys     []*auth.Authenticator
	disabled bool
	later    time.Duration
}

// A doorway is an account in a browser of its own.
type doorway struct {
	house *house
	who   *tenant
	begun map[*auth.Ceremony]bool // and not yet ended
}

// newHouse trusts a tester's CA, for those two formats too whose roots the library fixes.
func newHouse(t *testing.T, tops ...string) *house {
	t.Helper()
	ca := testCA(t, "house")
	trustMaker(t, &androidRoots, ca.Root())
	trustMaker(t, &appleRoots, ca.Root())
	features := []fault.Feature{
		fault.Discoverable, fault.Verification, fault.SecondVisit, fault.SecondKey, fault.Expiry, fault.Removal,
		fault.Disabling, fault.Attestation, fault.Trust, fault.UniqueIDs, fault.SignCounter, fault.OneCeremony,
		fault.OffersRS256, fault.OffersEdDSA, fault.OffersES384, fault.OffersES512, fault.FormatU2F,
		fault.FormatTPM, fault.FormatAndroidKey, fault.FormatApple, fault.FormatCompound,
	}
	if len(tops) > 0 {
		features = append(features, fault.Framing)
	}
	return &house{
		factor: newFactor(t, func(c *webauthn.Config) {
			c.TopOrigins = tops
			c.Attestation.Roots = []webauthn.Root{{Certificate: ca.Root()}}
		}),
		about:  fault.About{Origin: origin, RPID: rpID, TopOrigins: tops, CA: ca, Features: features},
		owners: map[string]*tenant{},
	}
}

func (h *house) About() fault.About { return h.about }

func (h *house) Visit(_ context.Context, name string) (fault.Visit, error) {
	handle := sha256.Sum256([]byte(name)) // shorter than 64 bytes, so that longer ones can be tried
	return &doorway{house: h, who: &tenant{handle: handle[:]}, begun: map[*auth.Ceremony]bool{}}, nil
}

func (d *doorway) Again(context.Context) (fault.Visit, error) {
	return &doorway{house: d.house, who: d.who, begun: map[*auth.Ceremony]bool{}}, nil
}

func (d *doorway) Expire(context.Context) error {
	d.who.later += time.Hour
	return nil
}

func (d *doorway) Disable(context.Context) error {
	d.who.disabled = true
	return nil
}

func (d *doorway) Remove(_ context.Context, id []byte) error {
	d.house.mu.Lock()
	defer d.house.mu.Unlock()
	name := base64.RawURLEncoding.EncodeToString(id)
	delete(d.house.owners, name)
	d.who.keys = slices.DeleteFunc(d.who.keys, func(a *auth.Authenticator) bool { return a.Credential == name })
	return nil
}

// open begins a ceremony of five minutes.
func (d *doorway) open(c *auth.Ceremony, begin func(*auth.Ceremony) error) (*fault.Begun, error) {
	d.house.mu.Lock()
	defer d.house.mu.Unlock()
	c.Kind = auth.WebAuthn
	c.Now = start.Add(d.who.later)
	c.Expires = c.Now.Add(5 * time.Minute)
	if err := begin(c); err != nil {
		return nil, err
	}
	d.begun[c] = true
	return &fault.Begun{Options: c.Prompt, State: c}, nil
}

func (d *doorway) RegisterBegin(_ context.Context, w fault.Wish) (*fault.Begun, error) {
	input, err := json.Marshal(auth.BindInput{Flavour: auth.SecurityKey,
		KeyWish: auth.KeyWish{Verify: w.Verify, Resident: w.Discoverable, Attest: true, Certified: w.Trust}})
	if err != nil {
		return nil, err
	}
	return d.open(&auth.Ceremony{Account: "a", Purpose: auth.ForBind, Input: input}, func(c *auth.Ceremony) error {
		return d.house.factor.BeginBind(c, auth.Subject{Handle: d.who.handle, Name: "mei", Display: "Mei",
			Existing: d.who.keys})
	})
}

func (d *doorway) SignInBegin(_ context.Context, w fault.Wish) (*fault.Begun, error) {
	c := &auth.Ceremony{Purpose: auth.ForSignIn, Verify: w.Verify}
	keys := d.who.keys
	switch {
	case w.Discoverable:
		keys = nil
	case len(keys) == 0: // its owner would try next what asks for no key by name
		keys = nil
	default:
		c.Account = "a"
		c.Proofs = []auth.Proof{{Kind: auth.Password}}
	}
	return d.open(c, func(c *auth.Ceremony) error { return d.house.factor.BeginVerify(c, keys) })
}

// finish takes a ceremony's one answer, from the browser that began it and for what it was begun.
func (d *doorway) finish(b *fault.Begun, purpose auth.Purpose,
	judge func(*auth.Ceremony) error) (*fault.Answer, error) {
	d.house.mu.Lock()
	defer d.house.mu.Unlock()
	c := b.State.(*auth.Ceremony)
	open, ours := d.begun[c]
	d.begun[c] = false
	c.Now = start.Add(d.who.later)
	var err error
	switch {
	case !ours || c.Purpose != purpose:
		err = auth.Refuse(auth.CeremonyOtherBrowser)
	case !open:
		err = auth.Refuse(auth.CeremonyUsed)
	default:
		err = judge(c)
	}
	var refusal *auth.Error
	switch {
	case err == nil:
		return &fault.Answer{Accepted: true}, nil
	case !errors.As(err, &refusal):
		return nil, err
	}
	return &fault.Answer{Code: string(refusal.Code), Step: refusal.Step, Text: refusal.Field}, nil
}

func (d *doorway) RegisterFinish(_ context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	return d.finish(b, auth.ForBind, func(c *auth.Ceremony) error {
		a, err := d.house.factor.FinishBind(c, response)
		if err != nil {
			return err
		}
		if d.house.owners[a.Credential] != nil {
			return auth.Refuse(auth.KeyExcluded).In("7.1.26")
		}
		a.State = auth.Active
		d.house.owners[a.Credential] = d.who
		d.who.keys = append(d.who.keys, a)
		return nil
	})
}

func (d *doorway) SignInFinish(_ context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	return d.finish(b, auth.ForSignIn, func(c *auth.Ceremony) error {
		who := d.who
		if c.Account == "" {
			named, _, err := d.house.factor.Identify(response)
			if err != nil {
				return err
			}
			if who = d.house.owners[named]; who == nil {
				return auth.Refuse(auth.KeyWrong).In("7.2.6")
			}
		}
		if who.disabled {
			return auth.Refuse(auth.AccountDisabled)
		}
		a, err := d.house.factor.FinishVerify(c, who.keys, response)
		if a != nil {
			i := slices.IndexFunc(who.keys, func(k *auth.Authenticator) bool { return k.Credential == a.Credential })
			who.keys[i] = a
		}
		return err
	})
}

var update = flag.Bool("update", false, "write what is said of every fault anew")

// saidFile is what the factor says of every fault: its id, the code, the step and the member.
const saidFile = "testdata/catalogue.txt"

// TestCatalogue plays every fault there is against the factor alone: each is refused by the check that it breaks, with
// the code, the step and the member that it had before, and whatever is merely unusual is accepted. What a site that
// is framed cannot show, one that is not shows.
func TestCatalogue(t *testing.T) {
	faults := fault.Catalogue()
	said := []string{"# What the factor says of every fault: go test ./webauthn -run TestCatalogue -update"}
	for _, tops := range [][]string{{partner}, nil} {
		report, err := conform.Run(t.Context(), newHouse(t, tops...), faults, conform.Options{Seed: "factor",
			Oracle: conform.LatchkeyOracle(), Policy: conform.LatchkeyPolicy(), Strict: true, Parallel: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(report.Line())
		faults = nil
		for _, r := range report.Results {
			switch r.Verdict {
			case conform.Pass, conform.AsPolicy:
				said = append(said, strings.Join(strings.Fields(strings.Join([]string{r.ID, r.Answer.Code,
					r.Answer.Step, r.Answer.Text}, " ")), " "))
			case conform.Skipped:
				faults = append(faults, fault.Find(r.ID))
			default:
				t.Errorf("%s (%s, %s): got %s: %s", r.ID, r.Class, r.Check, r.Verdict, r.Detail)
			}
		}
	}
	for _, f := range faults {
		if f.ID != "reg-key-unoffered-es512" { // every algorithm is offered
			t.Errorf("%s: got not played, want it played", f.ID)
		}
	}
	wantSaid(t, said)
}

// wantSaid compares with what was said before.
func wantSaid(t *testing.T, said []string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(saidFile, []byte(strings.Join(said, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(saidFile)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(before)), "\n")
	for _, line := range said {
		if !slices.Contains(want, line) {
			t.Errorf("got %q, which is not what was said of it before", line)
		}
	}
	if len(said) != len(want) {
		t.Errorf("got %d faults refused or taken, want %d", len(said)-1, len(want)-1)
	}
}
