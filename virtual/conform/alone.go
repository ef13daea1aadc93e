package conform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// oneState finds out whether a party keeps one state for everybody, as demonstrations do: what an honest user begins
// cannot be ended once another, in a browser of his own, has begun and ended the same, though each alone succeeds.
// Faults that are played at the same time would then disturb each other. Where nothing can be told it is not so.
func (r *run) oneState(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	var users [3]*honestUser
	for i := range users {
		visit, err := r.party.Visit(ctx, r.name(fmt.Sprintf("state-%d", i)))
		if err != nil {
			return false
		}
		users[i] = &honestUser{visit: visit, origin: r.about.Origin, name: r.name(fmt.Sprintf("state-%d", i))}
	}
	lone := users[0]
	first, second := users[1], users[2]
	nothing := func() error { return nil }
	if lone.register(ctx, nothing) != nil || lone.signIn(ctx, nothing) != nil {
		return false
	}
	between := func(what func(context.Context, func() error) error) func() error {
		return func() error { return what(ctx, nothing) }
	}
	return first.register(ctx, between(second.register)) != nil || first.signIn(ctx, between(second.signIn)) != nil
}

// An honestUser registers a key and signs in with it.
type honestUser struct {
	visit        fault.Visit
	name, origin string
	key          *virtual.Authenticator
}

// register plays a registration; between happens once it has begun.
func (u *honestUser) register(ctx context.Context, between func() error) error {
	begun, err := u.visit.RegisterBegin(ctx, fault.Wish{})
	if err != nil {
		return err
	}
	options, err := creationOptions(begun.Options)
	if err != nil {
		return err
	}
	if u.key, err = honestKey(u.name, options); err != nil {
		return err
	}
	if err := between(); err != nil {
		return err
	}
	response, err := u.browser().Create(begun.Options)
	if err != nil {
		return err
	}
	return honestly(u.visit.RegisterFinish(ctx, begun, response))
}

// signIn plays a sign-in; between happens once it has begun.
func (u *honestUser) signIn(ctx context.Context, between func() error) error {
	begun, err := u.visit.SignInBegin(ctx, fault.Wish{})
	if err != nil {
		return err
	}
	if err := between(); err != nil {
		return err
	}
	response, err := u.browser().Get(begun.Options)
	if err != nil {
		return err
	}
	return honestly(u.visit.SignInFinish(ctx, begun, response))
}

func (u *honestUser) browser() *virtual.Client {
	return &virtual.Client{Origin: u.origin, Authenticators: []*virtual.Authenticator{u.key}}
}

// honestly is an error unless the answer accepts.
func honestly(a *fault.Answer, err error) error {
	if err == nil && (a == nil || !a.Accepted) {
		return errors.New("an honest ceremony was refused")
	}
	return err
}

// honestKey is the key that a play's name determines, of the attachment that the options ask for.
func honestKey(name string, o virtual.CreationOptions) (*virtual.Authenticator, error) {
	return virtual.New(virtual.Options{
		Seed: []byte(name), ResidentKeys: true, UserVerification: virtual.UVSucceeds,
		Platform: o.AuthenticatorSelection.Attachment == "platform",
	})
}

// creationOptions reads options, bare or within publicKey.
func creationOptions(raw []byte) (o virtual.CreationOptions, err error) {
	var wrapped struct {
		PublicKey json.RawMessage `json:"publicKey"`
	}
	if json.Unmarshal(raw, &wrapped) == nil && len(wrapped.PublicKey) > 0 {
		raw = wrapped.PublicKey
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return o, fmt.Errorf("reading the options: %w", err)
	}
	return o, nil
}
