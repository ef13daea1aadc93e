package party

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A Record is what a party knows of a credential before a sign-in: the credential record of Level 3 §4.
type Record struct {
	ID             []byte
	PublicKey      []byte // COSE_Key
	Counter        uint32
	BackupEligible bool
	UserHandle     []byte // nil: not known
}

// A Finding is one check that a response breaks.
type Finding struct {
	Check  fault.Check
	Step   string // "7.1.9", or the section
	Clause string // the fragment in https://www.w3.org/TR/webauthn-3/
	Reason fault.Reason
	Says   string // what must hold
	What   string // what is wrong
}

// Judge tells which checks one response breaks, in the order of the specification, for a party that sent these options,
// bare or within publicKey. Options o name the origin, the RP ID unless the options do, and the roots: with any, a
// registration must be trusted. Time, sessions and other ceremonies are not judged.
//
// A sign-in is judged against records of the user's credentials. Without any, what needs one is left out: signature,
// counter, backup eligibility, owner.
func Judge(o Options, options []byte, records []Record, response []byte) (fault.Ceremony, []Finding, error) {
	a, err := readAsked(options)
	if err != nil {
		return "", nil, err
	}
	if o.RPID == "" {
		o.RPID = a.rpID
	}
	o.Algorithms = a.algorithms
	p, err := New(o)
	if err != nil {
		return "", nil, err
	}
	s := p.addSession(&user{handle: a.handle})
	c := &ceremony{
		kind: a.kind, challenge: a.challenge, session: s, user: s.user, named: a.named(), verify: a.verify,
		trust: len(p.roots) > 0, allow: a.listed, expires: o.now().Add(lifetime),
	}
	p.issued[c.challenge], s.newest[c.kind] = c, c
	v := verdict{}
	if a.kind == fault.Registration {
		for _, id := range a.listed {
			p.credentials[string(id)] = &credential{id: id, owner: s.user}
		}
		p.register(v, s, c.challenge, response, true)
	} else {
		p.enter(c, records, response)
		p.signIn(v, s, c.challenge, response, true)
	}
	return a.kind, p.findings(v, a.kind), nil
}

func (o Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

func (p *Party) findings(v verdict, kind fault.Ceremony) []Finding {
	var out []Finding
	for _, d := range v.broken(p.demands) {
		out = append(out, Finding{
			Check: d.Check, Step: d.StepIn(kind), Clause: d.Clause, Reason: d.Reason, Says: d.Says, What: v[d.Check],
		})
	}
	return out
}

// enter makes the credentials of a sign-in known. Without a record the response's own is, of which nothing is known.
func (p *Party) enter(c *ceremony, records []Record, response []byte) {
	lax := verdict{}
	e := lax.envelope(response, true)
	told, _ := lax.handle(e)
	if len(records) == 0 {
		id := e.rawID
		if id == nil {
			id = e.id
		}
		c.user.handle = told
		p.credentials[string(id)] = &credential{id: id, owner: c.user}
		return
	}
	for _, r := range records {
		if r.UserHandle == nil {
			r.UserHandle = told
		}
		// All are the user's: whose they are is not in the options.
		c.user.handle = r.UserHandle
		k := verdict{}.key(authData{attested: true, key: r.PublicKey}, nil, false)
		p.credentials[string(r.ID)] = &credential{
			id: r.ID, owner: c.user, key: k, known: true, counter: r.Counter, eligible: r.BackupEligible,
		}
	}
}

// RecordOf reads the record that an honest party makes of a registration response, however that may be attested.
func RecordOf(registration []byte) (Record, error) {
	v := verdict{}
	e := v.envelope(registration, true)
	a := v.attestation(v.bytes(e, "attestationObject", fault.CheckResponseIsAttestation))
	d := v.authData(a.authData, setOf(fault.Registration))
	if !d.fixed || !d.attested {
		return Record{}, errors.New("reading a registration: there is no attested credential data that can be read")
	}
	return Record{ID: d.id, PublicKey: d.key, Counter: d.counter, BackupEligible: d.flags&flagBE != 0}, nil
}

// asked is what of options matters to a verdict.
type asked struct {
	kind       fault.Ceremony
	challenge  string
	rpID       string
	handle     []byte // user.id
	verify     bool
	algorithms []virtual.Algorithm
	listed     [][]byte // excluded, or allowed
}

// named reports whether the user was named: in a sign-in, by the credentials that are allowed.
func (a *asked) named() bool { return a.kind == fault.Registration || len(a.listed) > 0 }

// readAsked reads options. Those of a registration have pubKeyCredParams, user or rp.
func readAsked(options []byte) (*asked, error) {
	var wrapped struct {
		PublicKey json.RawMessage `json:"publicKey"`
	}
	if err := json.Unmarshal(options, &wrapped); err != nil {
		return nil, fmt.Errorf("reading options: %w", err)
	}
	if wrapped.PublicKey != nil {
		options = wrapped.PublicKey
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(options, &members); err != nil {
		return nil, fmt.Errorf("reading options: %w", err)
	}
	a := &asked{kind: fault.Authentication}
	for _, name := range []string{"pubKeyCredParams", "user", "rp"} {
		if members[name] != nil {
			a.kind = fault.Registration
		}
	}
	read := a.request
	if a.kind == fault.Registration {
		read = a.creation
	}
	if err := read(options); err != nil {
		return nil, fmt.Errorf("reading options of the %s: %w", a.kind, err)
	}
	if a.challenge == "" {
		return nil, fmt.Errorf("reading options of the %s: there is no challenge", a.kind)
	}
	return a, nil
}

func (a *asked) creation(text []byte) error {
	var o virtual.CreationOptions
	if err := json.Unmarshal(text, &o); err != nil {
		return err
	}
	a.challenge = o.Challenge
	a.rpID = o.RP.ID
	a.handle = o.User.ID
	a.verify = o.AuthenticatorSelection.UserVerification == "required"
	for _, d := range o.Exclude {
		a.listed = append(a.listed, d.ID)
	}
	// Without a list, what browsers take for it (Level 3 §5.1.3 step 10).
	a.algorithms = []virtual.Algorithm{virtual.ES256, virtual.RS256}
	if len(o.Parameters) > 0 {
		a.algorithms = nil
	}
	for _, p := range o.Parameters {
		a.algorithms = append(a.algorithms, p.Algorithm)
	}
	return nil
}

func (a *asked) request(text []byte) error {
	var o virtual.RequestOptions
	if err := json.Unmarshal(text, &o); err != nil {
		return err
	}
	a.challenge = o.Challenge
	a.rpID = o.RPID
	a.verify = o.UserVerification == "required"
	for _, d := range o.Allow {
		a.listed = append(a.listed, d.ID)
	}
	return nil
}
