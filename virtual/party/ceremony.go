package party

import (
	"bytes"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// belongs finds the ceremony that a response answers, checks its state and ends it. nil: there is none.
func (p *Party) belongs(v verdict, d clientData, kind fault.Ceremony, s *session, sent string, checks set) *ceremony {
	meant := p.issued[sent]
	if meant == nil {
		meant = s.newest[kind]
	}
	challenge, _ := d.members["challenge"].(string)
	c := p.issued[challenge]
	if c == nil {
		c = meant
		v.must(checks.challenge, d.members == nil, "challenge is %v", d.members["challenge"])
	}
	if c == nil {
		return nil
	}
	here := v.must(checks.sess, c.session == s, "the ceremony was begun in another session")
	here = v.must(fault.CheckStatePurpose, c.kind == kind, "the challenge is for a %s", c.kind) && here
	fresh := v.must(checks.once, !c.spent, "the ceremony has had its answer")
	fresh = v.must(checks.old, !p.options.Now().After(c.expires), "the ceremony is too old") && fresh
	if here && fresh && meant != nil && !p.options.Otherwise {
		v.must(checks.challenge, c == meant, "the challenge is that of another ceremony")
	}
	if here {
		c.spent = true
	}
	return c
}

// register verifies a registration (Level 3 §7.1) and returns what remains to be done if it is accepted.
func (p *Party) register(v verdict, s *session, sent string, raw []byte, bare bool) func() {
	checks := setOf(fault.Registration)
	e := v.envelope(raw, bare)
	v.must(fault.CheckResponseIsAttestation, !e.read || e.response != nil, "response is not an object")
	object := v.bytes(e, "attestationObject", fault.CheckResponseIsAttestation)
	client := v.clientData(e)
	c := p.belongs(v, client, fault.Registration, s, sent, checks)
	v.page(client, &p.options, checks)
	a := v.attestation(object)
	d := v.authData(a.authData, checks)
	v.flagged(d, &p.options, c != nil && c.verify, checks)
	k := v.key(d, p.offered, p.options.Otherwise)
	st := v.statement(a, d, k, client)
	if c != nil && c.trust {
		v.trust(st, p.roots, p.options.Now())
	}
	owner := s.user
	if c != nil && c.user != nil {
		owner = c.user
	}
	p.newID(v, d, e, owner)
	return func() { p.store(d, e, k, owner) }
}

// newID checks the credential id: Level 3 §7.1 steps 25 and 26.
func (p *Party) newID(v verdict, d authData, e envelope, owner *user) {
	if !d.attested || !v.must(fault.CheckCreateIDEmpty, len(d.id) > 0, "the credential id is empty") {
		return
	}
	told := e.identifier(p.options.Otherwise)
	v.must(fault.CheckCreateIDMatch, told == nil || bytes.Equal(d.id, told), "the credential id is not the response's")
	v.must(fault.CheckCreateIDLength, len(d.id) <= 1023, "a credential id of %d bytes", len(d.id))
	if have := p.credentials[string(d.id)]; have != nil && !have.deleted {
		v.must(fault.CheckCreateIDAgain, have.owner != owner, "the user has registered the credential id already")
		v.must(fault.CheckCreateIDNew, have.owner == owner, "another user has registered the credential id")
	}
}

// store keeps a credential: Level 3 §7.1 step 27. One that could not be read is kept under the id of the response, an
// id that is taken changes hands.
func (p *Party) store(d authData, e envelope, k *coseKey, owner *user) {
	id := d.id
	if !d.attested {
		id = e.rawID
	}
	if len(id) == 0 || owner == nil {
		return
	}
	if had := p.credentials[string(id)]; had != nil && had.owner != nil {
		had.owner.keys = slices.DeleteFunc(had.owner.keys, func(k *credential) bool { return k == had })
	}
	kept := &credential{
		id: bytes.Clone(id), owner: owner, key: k, known: d.fixed, counter: d.counter, eligible: d.flags&flagBE != 0,
	}
	p.credentials[string(id)] = kept
	owner.keys = append(owner.keys, kept)
}

// signIn verifies an assertion (Level 3 §7.2) and returns what remains to be done if it is accepted.
func (p *Party) signIn(v verdict, s *session, sent string, raw []byte, bare bool) func() {
	checks := setOf(fault.Authentication)
	e := v.envelope(raw, bare)
	v.must(fault.CheckResponseIsAssertion, !e.read || e.response != nil, "response is not an object")
	sig := v.bytes(e, "signature", fault.CheckResponseIsAssertion)
	data := v.bytes(e, "authenticatorData", fault.CheckResponseIsAssertion)
	client := v.clientData(e)
	c := p.belongs(v, client, fault.Authentication, s, sent, checks)
	k := p.find(v, e, c)
	v.page(client, &p.options, checks)
	d := v.authData(data, checks)
	v.flagged(d, &p.options, c != nil && c.verify, checks)
	if k == nil {
		return func() {}
	}
	if d.fixed && k.known {
		v.must(fault.CheckGetEligible, d.flags&flagBE != 0 == k.eligible, "flag BE is not as it was at registration")
		v.must(fault.CheckGetCounter, d.counter > k.counter || d.counter == 0 && k.counter == 0,
			"the counter went from %d to %d", k.counter, d.counter)
	}
	if k.key != nil && k.key.public != nil && sig != nil && data != nil && client.raw != nil {
		message := append(bytes.Clone(data), client.hash()...)
		v.must(fault.CheckGetSignature, k.key.known.verifies(k.key.public, message, sig),
			"the signature does not verify")
	}
	return func() {
		if d.fixed {
			k.counter = d.counter
		}
	}
}

// find finds the credential and checks whose it is: Level 3 §7.2 steps 5 and 6.
func (p *Party) find(v verdict, e envelope, c *ceremony) *credential {
	handle, absent := v.handle(e)
	if !e.read || e.id == nil && e.rawID == nil {
		return nil
	}
	told := e.identifier(p.options.Otherwise)
	k := p.credentials[string(told)]
	named := c != nil && c.named
	if v.must(fault.CheckGetKnown, k != nil, "the credential is not known") {
		v.must(fault.CheckStateDeleted, !k.deleted, "the credential was deleted")
		v.must(fault.CheckGetOwner, !named || k.owner == c.user, "the credential is another user's")
	}
	if named && len(c.allow) > 0 && c.kind == fault.Authentication {
		allowed := slices.ContainsFunc(c.allow, func(id []byte) bool { return bytes.Equal(id, told) })
		v.must(fault.CheckGetAllowed, allowed, "the credential is not one of those allowed")
	}
	if c != nil && !named {
		v.must(fault.CheckGetHandlePresent, !absent, "userHandle is missing, and the user was not named")
	}
	var owner *user
	switch {
	case k != nil:
		owner = k.owner
	case named:
		owner = c.user
	}
	if handle != nil && owner != nil {
		v.must(fault.CheckGetHandle, bytes.Equal(handle, owner.handle), "userHandle is another user's")
	}
	if k == nil {
		return nil
	}
	v.must(fault.CheckStateDisabled, !k.owner.disabled, "the user is disabled")
	return k
}
