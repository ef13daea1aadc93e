package fault

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/latchkey-auth/latchkey/virtual"
)

// Break answers options with the fault in the response, by a client with authenticators of the caller's: what Play does
// to the one ceremony that it breaks. The client's hooks are not used. about tells origin and RP ID of the party, and
// what else the fault looks at. It errors on a fault that is more than one broken ceremony, and on one that needs
// another authenticator than the client's first. Nothing is sent.
func (f *Fault) Break(_ context.Context, c *virtual.Client, about About, options []byte) ([]byte, error) {
	fail := func(err error) ([]byte, error) { return nil, fmt.Errorf("breaking by %s: %w", f.ID, err) }
	if f.scene != nil {
		return fail(errors.New("it is more than one broken ceremony; play it against a party"))
	}
	s := &harness{about: about, name: f.ID, setup: f.setup}
	s.lead = &actor{harness: s, user: f.ID}
	client := *c
	if err := s.fits(&client); err != nil {
		return fail(err)
	}
	e := &edits{}
	e.Assertion = func(r *virtual.AuthenticationResponse) { s.lead.holds(client.Authenticators, r.RawID) }
	for _, change := range f.edits {
		change(s, e)
	}
	client.Hooks = &e.Hooks
	answer := client.Create
	if f.Ceremony == Authentication {
		answer = client.Get
	} else if asked, err := creation(options); err == nil {
		s.lead.handle = asked.User.ID
	}
	response, err := e.made(answer, options)
	if err = errors.Join(err, s.err); err != nil {
		return fail(err)
	}
	return response, nil
}

// fits reports whether the client's first authenticator is one that the set-up would make, and frames the client where
// the set-up does.
func (s *harness) fits(c *virtual.Client) error {
	if len(c.Authenticators) == 0 {
		return errors.New("the client has no authenticator")
	}
	if s.setup.framed && c.TopOrigin == "" {
		if len(s.about.TopOrigins) == 0 {
			return errors.New("it needs a page that may frame the party")
		}
		c.TopOrigin = s.about.TopOrigins[0]
	}
	if s.setup.device == nil {
		return nil
	}
	have := c.Authenticators[0].Options()
	want := have
	if err := s.setup.device(s, &want); err != nil {
		return err
	}
	if !reflect.DeepEqual(character(have), character(want)) {
		return fmt.Errorf("it needs another authenticator: one as for %q", s.setup.baseline)
	}
	return nil
}

// character is what set-ups choose of an authenticator; which CA certifies it is left open.
func character(o virtual.Options) []any {
	return []any{
		o.Protocol, o.AAGUID, o.Algorithms, o.ResidentKeys, o.UserVerification, o.Platform, o.Backup,
		o.BackedUp, o.Counter,
		o.Attestation, o.Compound, o.IDSize,
	}
}

// holds makes the actor the owner of the credential that was used.
func (a *actor) holds(devices []*virtual.Authenticator, id []byte) {
	for _, device := range devices {
		for _, c := range device.Credentials() {
			if string(c.ID) == string(id) {
				a.device = device
				a.id = c.ID
				a.handle = c.UserHandle
			}
		}
	}
}
