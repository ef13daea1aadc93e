package party

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// lifetime is how long a ceremony may take, and what options tell the browser.
const lifetime = 5 * time.Minute

// Options say how a party is made.
type Options struct {
	Origin string   // of its pages: "https://shop.example"
	RPID   string   // "shop.example"
	Tops   []string // origins of pages that may frame it; with any, it offers fault.Framing

	Algorithms []virtual.Algorithm // it offers; EdDSA, ES256, ES384, RS256 when empty
	CA         *virtual.CA         // attestation root that it trusts; may be nil
	Roots      []*x509.Certificate // further roots; with any, it offers fault.Trust

	Without   []fault.Check // the checks that it leaves out
	RefuseAll bool          // it refuses every response, whatever it is

	// Otherwise makes the other choice wherever relying parties differ and all are right: a session may have several
	// open
	// ceremonies, told apart by their challenges, instead of one; credentials are looked up by id instead of rawId; a
	// point is judged by the curve that its key names instead of by that of its algorithm.
	Otherwise bool

	Now  func() time.Time // time.Now when nil
	Seed []byte           // determines challenges, user handles and sessions; drawn when empty
}

// A Party is a relying party in memory. It is safe for concurrent use.
type Party struct {
	options Options
	offered []int64
	roots   []*x509.Certificate
	demands []fault.Demand
	without map[fault.Check]bool

	mu          sync.Mutex
	users       map[string]*user       // by name
	credentials map[string]*credential // by id; deleted ones stay, marked
	issued      map[string]*ceremony   // by challenge, as it stands in the options
	sessions    map[string]*session
	opened      map[string]int // sessions by user name
}

type user struct {
	name     string
	handle   []byte
	disabled bool
	keys     []*credential
}

type credential struct {
	id       []byte
	owner    *user
	key      *coseKey
	eligible bool // BE at registration
	known    bool // the fields above and below could be read at registration
	counter  uint32
	deleted  bool
}

// A session is one browser.
type session struct {
	id     string
	user   *user // nil until it names one
	drawn  int
	newest map[fault.Ceremony]*ceremony
}

type ceremony struct {
	kind      fault.Ceremony
	challenge string
	session   *session
	user      *user // nil: not named
	named     bool  // allow and user bind
	verify    bool  // user verification is required
	trust     bool  // a chain to a root is demanded
	allow     [][]byte
	expires   time.Time
	spent     bool
}

// New makes a party without users. It errors on options that name no origin, or a check that does not exist.
func New(o Options) (*Party, error) {
	if o.Origin == "" || o.RPID == "" {
		return nil, errors.New("making a party: it needs an origin and an RP ID")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Algorithms) == 0 {
		o.Algorithms = []virtual.Algorithm{virtual.EdDSA, virtual.ES256, virtual.ES384, virtual.RS256}
	}
	if len(o.Seed) == 0 {
		o.Seed = make([]byte, 32)
		if _, err := io.ReadFull(rand.Reader, o.Seed); err != nil {
			return nil, fmt.Errorf("drawing a seed: %w", err)
		}
	}
	p := &Party{
		options: o, roots: slices.Clone(o.Roots), demands: fault.Demands(), without: map[fault.Check]bool{},
		users: map[string]*user{}, credentials: map[string]*credential{},
		issued: map[string]*ceremony{}, sessions: map[string]*session{}, opened: map[string]int{},
	}
	for _, c := range o.Without {
		if !slices.ContainsFunc(p.demands, func(d fault.Demand) bool { return d.Check == c }) {
			return nil, fmt.Errorf("making a party: no check %q", c)
		}
		p.without[c] = true
	}
	for _, a := range o.Algorithms {
		p.offered = append(p.offered, int64(a))
	}
	if o.CA != nil {
		p.roots = append(p.roots, o.CA.Root())
	}
	return p, nil
}

// About tells what the party offers: everything but what Options do not give it the means for.
func (p *Party) About() fault.About {
	a := fault.About{
		Origin: p.options.Origin, RPID: p.options.RPID, TopOrigins: p.options.Tops, CA: p.options.CA,
		Features: []fault.Feature{
			fault.Discoverable, fault.Verification, fault.SecondVisit, fault.SecondKey, fault.Expiry, fault.Removal,
			fault.Disabling, fault.Attestation, fault.UniqueIDs, fault.SignCounter,
			fault.FormatU2F, fault.FormatTPM, fault.FormatAndroidKey, fault.FormatApple, fault.FormatCompound,
		},
	}
	if len(p.roots) > 0 {
		a.Features = append(a.Features, fault.Trust)
	}
	if !p.options.Otherwise {
		a.Features = append(a.Features, fault.OneCeremony)
	}
	if len(p.options.Tops) > 0 {
		a.Features = append(a.Features, fault.Framing)
	}
	for _, offer := range []struct {
		alg     virtual.Algorithm
		feature fault.Feature
	}{
		{virtual.RS256, fault.OffersRS256}, {virtual.EdDSA, fault.OffersEdDSA},
		{virtual.ES384, fault.OffersES384}, {virtual.ES512, fault.OffersES512},
	} {
		if slices.Contains(p.options.Algorithms, offer.alg) {
			a.Features = append(a.Features, offer.feature)
		}
	}
	return a
}

// draw derives bytes from the seed; the same parts give the same bytes.
func (p *Party) draw(parts ...string) []byte {
	h := sha256.New()
	h.Write(p.options.Seed)
	for _, s := range parts {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return h.Sum(nil)
}

// addUser makes a user, or returns the one there is; the caller holds the lock.
func (p *Party) addUser(name string) (u *user, fresh bool) {
	if u := p.users[name]; u != nil {
		return u, false
	}
	u = &user{name: name, handle: p.draw("handle", name)}
	p.users[name] = u
	return u, true
}

// addSession makes a session; the caller holds the lock.
func (p *Party) addSession(u *user) *session {
	s := &session{user: u, newest: map[fault.Ceremony]*ceremony{}}
	name := ""
	if u != nil {
		name = u.name
	}
	s.id = base64.RawURLEncoding.EncodeToString(p.draw("session", name, strconv.Itoa(p.opened[name])))
	p.opened[name]++
	p.sessions[s.id] = s
	return s
}

// begin draws a challenge; the caller holds the lock.
func (p *Party) begin(kind fault.Ceremony, s *session, u *user, verify bool) *ceremony {
	s.drawn++
	c := &ceremony{
		kind: kind, session: s, user: u, named: u != nil, verify: verify, expires: p.options.Now().Add(lifetime),
		challenge: base64.RawURLEncoding.EncodeToString(p.draw("challenge", s.id, strconv.Itoa(s.drawn))),
	}
	if u != nil && kind == fault.Authentication {
		for _, k := range u.keys {
			if !k.deleted {
				c.allow = append(c.allow, k.id)
			}
		}
	}
	p.issued[c.challenge] = c
	s.newest[kind] = c
	return c
}
