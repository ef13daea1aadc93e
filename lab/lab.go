// Package lab makes the accounts of a lab: fixtures with everything that their
// owner knows, for programs that are to be tested against the service. What
// else a lab is, its clock, its one world and its mark, is auth.Lab's, which a
// Service shows as well.
//
// It is a subject as any other: its use cases go through auth.Do, by the rules
// that it registers. What it alone may do (write accounts and methods at will,
// sign people in) are acts of auth that refuse outside of a lab.
package lab

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/password"
)

// The actions of a lab's maker.
const (
	ActMake   auth.Action = "lab-make"
	ActChange auth.Action = "lab-change"
)

// rules are for testers alone: at a site nobody can be one.
func rules() map[auth.Action]auth.Rule {
	return map[auth.Action]auth.Rule{
		ActMake:   {Who: auth.Tester},
		ActChange: {Who: auth.Tester},
	}
}

// Service is every use case of a lab. It is safe for concurrent use.
type Service struct {
	*auth.Lab
	door      *auth.Door
	hasher    *password.Hasher // of fixtures' passwords: cheap, and verified like any other
	countries []string         // whose numbers may be taken, nil for all
}

// New registers the lab's maker with a service that is a lab.
func New(s *auth.Service, countries []string) (*Service, error) {
	if s.Lab() == nil {
		return nil, errors.New("the service is no lab")
	}
	door, err := auth.Register(s, auth.Part{Name: "lab", Rules: rules()})
	if err != nil {
		return nil, fmt.Errorf("registering the lab: %w", err)
	}
	h := password.NewHasher(rand.Reader, 2, 4096)
	h.Cost = password.Cost{Memory: 8, Time: 1, Threads: 1}
	return &Service{Lab: s.Lab(), door: door, hasher: h, countries: countries}, nil
}
