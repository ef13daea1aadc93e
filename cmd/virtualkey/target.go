package main

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// targetFlags say which relying party is meant, and how it is spoken to.
type targetFlags struct {
	rp, adapter, origin, rpID string
	own, tops                 []string
	ca, tlsRoots              string
	timeout                   time.Duration
	offers, lacks             []string
}

func (t *targetFlags) add(f *pflag.FlagSet) {
	f.StringVar(&t.rp, "rp", "", "`address` of the relying party: http://localhost:8080")
	f.StringVar(&t.adapter, "adapter", "fido", "`how` it is spoken to: fido, latchkey, "+
		strings.Join(conform.Presets(), ", ")+", or a file FILE.yaml")
	f.StringVar(&t.origin, "origin", "", "`origin` of its pages, where it is not that of its address")
	f.StringVar(&t.rpID, "rp-id", "", "its RP `ID`, where it is not the host of the origin")
	f.StringSliceVar(&t.own, "i-own", nil, "`host` beyond this machine that is yours to test; may be repeated")
	f.StringSliceVar(&t.tops, "top-origin", nil, "`origin` of a page that may frame it; may be repeated")
	f.StringVar(&t.ca, "ca", "", "`name` of the CA whose root it trusts for attestation (virtualkey ca init)")
	f.StringVar(&t.tlsRoots, "tls-roots", "",
		"PEM `file` with the roots of its TLS certificate; those of this machine when not given")
	f.DurationVar(&t.timeout, "timeout", 10*time.Second, "`time` allowed for one request")
	f.StringSliceVar(&t.offers, "offers", nil, "`list` of features that it has besides those the adapter knows of")
	f.StringSliceVar(&t.lacks, "lacks", nil, "`list` of features that it does not have")
}

// An opened target is a relying party that can be spoken to, and how its answers are read.
type opened struct {
	*manner
	party fault.Party
}

// open checks the flags and readies the relying party. Nothing is sent yet.
func (t *targetFlags) open(h home) (*opened, error) {
	if t.rp == "" {
		return nil, errors.New("say which relying party is meant: --rp http://localhost:8080")
	}
	target := conform.Target{
		URL: t.rp, Origin: t.origin, RPID: t.rpID, Own: t.own, Timeout: t.timeout, Tops: t.tops,
	}
	var err error
	if target.TLS, err = trusted(t.tlsRoots); err != nil {
		return nil, err
	}
	if t.ca != "" {
		if target.CA, err = h.ca(t.ca); err != nil {
			return nil, err
		}
	}
	m, err := t.manner()
	if err != nil {
		return nil, err
	}
	party, err := m.open(target)
	if err != nil {
		return nil, ownHint(err)
	}
	o := &opened{manner: m, party: party}
	return o, t.refine(o)
}

// ownHint tells what to do about a host that is not loopback.
func ownHint(err error) error {
	if errors.Is(err, conform.ErrNotLoopback) {
		return fmt.Errorf("%w; if it is, add --i-own HOST", err)
	}
	return err
}

func trusted(path string) (*tls.Config, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("no certificate in %s", path)
	}
	return &tls.Config{RootCAs: pool}, nil
}

// A manner is how a kind of relying party is spoken to, and how its refusals are read.
type manner struct {
	open   func(conform.Target) (fault.Party, error)
	oracle *conform.Oracle
	policy map[string]conform.Expectation
	waived map[string]string
}

// manner reads the adapter.
func (t *targetFlags) manner() (*manner, error) {
	switch {
	case t.adapter == "fido":
		open := func(to conform.Target) (fault.Party, error) { return conform.FIDO{Target: to}.Open() }
		return &manner{open: open, oracle: codesAndWords()}, nil
	case t.adapter == "latchkey":
		open := func(to conform.Target) (fault.Party, error) { return conform.Latchkey{Target: to}.Open() }
		return &manner{open: open, oracle: conform.LatchkeyOracle(), policy: conform.LatchkeyPolicy()}, nil
	case strings.HasSuffix(t.adapter, ".yaml") || strings.HasSuffix(t.adapter, ".yml"):
		f, err := os.Open(t.adapter)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		m, err := conform.ReadMapping(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.adapter, err)
		}
		return mannerOf(m), nil
	case slices.Contains(conform.Presets(), t.adapter):
		m, err := conform.Preset(t.adapter)
		if err != nil {
			return nil, err
		}
		return mannerOf(m), nil
	}
	return nil, fmt.Errorf("there is no adapter %q; there are fido, latchkey, %s, and files FILE.yaml",
		t.adapter, strings.Join(conform.Presets(), ", "))
}

// mannerOf is what a mapping says. One without an oracle is read like the interface of the conformance tools.
func mannerOf(m *conform.Mapping) *manner {
	out := &manner{m.Open, m.Oracle(), m.Policy(), m.Waivers()}
	if out.oracle.Codes == nil { // the usual words alone
		out.oracle = codesAndWords()
	}
	return out
}

// codesAndWords reads codes that are reasons of package fault, those of Latchkey, and else the usual words.
func codesAndWords() *conform.Oracle {
	o := conform.WordOracle()
	o.Codes = conform.ReasonOracle().Codes
	maps.Copy(o.Codes, conform.LatchkeyOracle().Codes)
	return o
}

// A refined party is one of which the tester knows more than the adapter.
type refined struct {
	fault.Party
	about fault.About
}

// About tells what the tester said.
func (r refined) About() fault.About { return r.about }

// refine adds and takes away features.
func (t *targetFlags) refine(o *opened) error {
	if len(t.offers)+len(t.lacks) == 0 {
		return nil
	}
	about := o.party.About()
	about.Features = slices.Clone(about.Features)
	for _, name := range slices.Concat(t.offers, t.lacks) {
		if !slices.Contains(conform.Features(), fault.Feature(name)) {
			return fmt.Errorf("there is no feature %q; there are: %s", name, list(conform.Features()))
		}
	}
	for _, name := range t.offers {
		if f := fault.Feature(name); !about.Has(f) {
			about.Features = append(about.Features, f)
		}
	}
	about.Features = slices.DeleteFunc(about.Features,
		func(f fault.Feature) bool { return slices.Contains(t.lacks, string(f)) })
	o.party = refined{o.party, about}
	return nil
}

func list[T ~string](items []T) string {
	out := make([]string, 0, len(items))
	for _, s := range items {
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}

func drawSeed() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return b
}

// expectations reads --policy: ID=accept, ID=refuse, or a JSON file with an object of these.
func expectations(given []string, into map[string]conform.Expectation) (map[string]conform.Expectation, error) {
	out := map[string]conform.Expectation{}
	for id, e := range into {
		out[id] = e
	}
	for _, s := range given {
		id, word, pair := strings.Cut(s, "=")
		if pair {
			out[id] = conform.Expectation(word)
			continue
		}
		text, err := os.ReadFile(s)
		if err != nil {
			return nil, fmt.Errorf("policy %q is neither ID=accept, ID=refuse nor a file: %w", s, err)
		}
		if err := json.Unmarshal(text, &out); err != nil {
			return nil, fmt.Errorf("%s: want a JSON object of ids and \"accept\" or \"refuse\": %w", s, err)
		}
	}
	for id, e := range out {
		f := fault.Find(id)
		switch {
		case f == nil:
			return nil, fmt.Errorf("policy: there is no fault %q", id)
		case e != conform.ExpectAccept && e != conform.ExpectRefuse:
			return nil, fmt.Errorf("policy of %s: got %q, want accept or refuse", id, e)
		case f.Class != fault.Policy && f.Class != fault.Hardening:
			return nil, fmt.Errorf("policy of %s: it is of class %s, which no policy decides", id, f.Class)
		}
	}
	return out, nil
}

// waivers reads --waive: ID=REASON, each for any row.
func waivers(given []string, into map[string]string) (map[string]string, error) {
	out := map[string]string{}
	maps.Copy(out, into)
	for _, s := range given {
		id, why, _ := strings.Cut(s, "=")
		if why = strings.TrimSpace(why); why == "" {
			return nil, fmt.Errorf("--waive %q: want ID=REASON", s)
		}
		out[id] = why
	}
	for id := range out {
		if _, err := compose(strings.Split(id, "+")); err != nil {
			return nil, fmt.Errorf("waive: %w", err)
		}
	}
	return out, nil
}
