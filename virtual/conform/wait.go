package conform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// lateBy is how much longer than a ceremony may take is waited.
const lateBy = 2 * time.Second

// A patientParty is one whose clock cannot be moved: what is to be too old is waited for.
type patientParty struct {
	fault.Party
	about fault.About
	most  time.Duration
	sleep func(context.Context, time.Duration) error
}

// patient adds the feature expiry to a party that lacks it.
func patient(p fault.Party, about fault.About, most time.Duration,
	sleep func(context.Context, time.Duration) error) *patientParty {
	if sleep == nil {
		sleep = sleepFor
	}
	about.Features = append(about.Features[:len(about.Features):len(about.Features)], fault.Expiry)
	return &patientParty{Party: p, about: about, most: most, sleep: sleep}
}

// sleepFor lets time pass, or ends with the context.
func sleepFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// About tells that ceremonies can grow old.
func (p *patientParty) About() fault.About { return p.about }

// Visit opens a visit that remembers how long its ceremonies may take.
func (p *patientParty) Visit(ctx context.Context, name string) (fault.Visit, error) {
	v, err := p.Party.Visit(ctx, name)
	if err != nil {
		return nil, err
	}
	return &patientVisit{Visit: v, party: p}, nil
}

type patientVisit struct {
	fault.Visit
	party *patientParty

	mu      sync.Mutex
	timeout time.Duration // the longest of the ceremonies begun so far
}

// RegisterBegin begins a registration.
func (v *patientVisit) RegisterBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	b, err := v.Visit.RegisterBegin(ctx, w)
	return v.begun(b), err
}

// SignInBegin begins a sign-in.
func (v *patientVisit) SignInBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	b, err := v.Visit.SignInBegin(ctx, w)
	return v.begun(b), err
}

func (v *patientVisit) begun(b *fault.Begun) *fault.Begun {
	type members struct {
		Timeout float64 `json:"timeout"`
	}
	var in struct {
		members
		PublicKey *members `json:"publicKey"`
	}
	if b == nil || json.Unmarshal(b.Options, &in) != nil {
		return b
	}
	if in.PublicKey != nil {
		in.members = *in.PublicKey
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.timeout = max(v.timeout, time.Duration(in.Timeout)*time.Millisecond)
	return b
}

// Again opens another browser of the same user.
func (v *patientVisit) Again(ctx context.Context) (fault.Visit, error) {
	again, err := v.Visit.Again(ctx)
	if err != nil {
		return nil, err
	}
	return &patientVisit{Visit: again, party: v.party}, nil
}

// Expire waits until the ceremonies begun so far are too old by the timeout that their options tell.
func (v *patientVisit) Expire(ctx context.Context) error {
	v.mu.Lock()
	timeout := v.timeout
	v.mu.Unlock()
	switch {
	case timeout == 0:
		return errors.New("waiting for a ceremony to expire: its options tell no timeout")
	case timeout+lateBy > v.party.most:
		return fmt.Errorf("waiting for a ceremony to expire: its options allow %s, and no more than %s may be waited",
			timeout, v.party.most)
	}
	return v.party.sleep(ctx, timeout+lateBy)
}

// Remove deletes a credential where the party lets that be done.
func (v *patientVisit) Remove(ctx context.Context, credential []byte) error {
	desk, ok := v.Visit.(fault.Desk)
	if !ok {
		return errors.New("removing a credential: the party does not let that be done")
	}
	return desk.Remove(ctx, credential)
}

// Disable keeps the user out where the party lets that be done.
func (v *patientVisit) Disable(ctx context.Context) error {
	desk, ok := v.Visit.(fault.Desk)
	if !ok {
		return errors.New("disabling a user: the party does not let that be done")
	}
	return desk.Disable(ctx)
}
