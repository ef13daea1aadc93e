package party

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A visit is one user in one browser, in process. It implements fault.Visit, and what testers ask an administrator for.
type visit struct {
	p *Party
	s *session
}

// Visit makes a user and a session. It errors when the name is taken.
func (p *Party) Visit(_ context.Context, name string) (fault.Visit, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, fresh := p.addUser(name)
	if !fresh {
		return nil, fmt.Errorf("visiting: there is a user %q already", name)
	}
	return &visit{p, p.addSession(u)}, nil
}

// RegisterBegin makes creation options for the user of the session.
func (v *visit) RegisterBegin(_ context.Context, w fault.Wish) (*fault.Begun, error) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	c := v.p.begin(fault.Registration, v.s, v.s.user, w.Verify)
	c.trust = w.Trust
	resident := "discouraged"
	if w.Discoverable {
		resident = "required"
	}
	sel := selection{ResidentKey: resident, RequireResident: w.Discoverable, UserVerification: verification(w.Verify)}
	out, err := encodeJSON(v.p.creation(c, sel))
	return &fault.Begun{Options: out, State: c.challenge}, err
}

// SignInBegin makes request options, with the user's credentials unless w.Discoverable.
func (v *visit) SignInBegin(_ context.Context, w fault.Wish) (*fault.Begun, error) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	named := v.s.user
	if w.Discoverable {
		named = nil
	}
	c := v.p.begin(fault.Authentication, v.s, named, w.Verify)
	out, err := encodeJSON(v.p.request(c))
	return &fault.Begun{Options: out, State: c.challenge}, err
}

// RegisterFinish judges a registration.
func (v *visit) RegisterFinish(_ context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	return v.finish(fault.Registration, b, response)
}

// SignInFinish judges an assertion.
func (v *visit) SignInFinish(_ context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	return v.finish(fault.Authentication, b, response)
}

func (v *visit) finish(kind fault.Ceremony, b *fault.Begun, response []byte) (*fault.Answer, error) {
	sent := ""
	if b != nil {
		sent, _ = b.State.(string)
	}
	return v.p.judge(kind, v.s, sent, response, false)
}

// Again opens another session of the same user.
func (v *visit) Again(context.Context) (fault.Visit, error) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	return &visit{v.p, v.p.addSession(v.s.user)}, nil
}

// Expire makes the ceremonies of this session too old.
func (v *visit) Expire(context.Context) error {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	for _, c := range v.p.issued {
		if c.session == v.s {
			c.expires = v.p.options.Now().Add(-time.Second)
		}
	}
	return nil
}

// Remove deletes a credential of the user.
func (v *visit) Remove(_ context.Context, id []byte) error {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	k := v.p.credentials[string(id)]
	if k == nil || k.deleted || k.owner != v.s.user {
		return fmt.Errorf("removing a credential: user %q has none with this id", v.s.user.name)
	}
	k.deleted = true
	return nil
}

// Disable keeps the user from signing in.
func (v *visit) Disable(context.Context) error {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	v.s.user.disabled = true
	return nil
}

// An outcome is the JSON that a party answers, in process and over HTTP: the members of the FIDO conformance API, and
// why.
type outcome struct {
	Status  string        `json:"status"`       // "ok" or "failed"
	Message string        `json:"errorMessage"` // empty with "ok"
	Code    string        `json:"code,omitempty"`
	Step    string        `json:"step,omitempty"`
	Broken  []fault.Check `json:"broken,omitempty"` // every check that the response breaks, removed ones too
}

// judge verifies a response and does what follows from it, in one go: two concurrent ones with one challenge cannot
// both pass.
func (p *Party) judge(kind fault.Ceremony, s *session, sent string, response []byte, bare bool) (*fault.Answer, error) {
	start := time.Now()
	p.mu.Lock()
	v := verdict{}
	var accept func()
	if kind == fault.Registration {
		accept = p.register(v, s, sent, response, bare)
	} else {
		accept = p.signIn(v, s, sent, response, bare)
	}
	out := p.decide(v, kind)
	if out.Status == "ok" {
		accept()
	}
	p.mu.Unlock()
	body, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encoding an answer: %w", err)
	}
	return &fault.Answer{
		Accepted: out.Status == "ok", Code: out.Code, Text: out.Message, Step: out.Step,
		Request: response, Response: body, Took: time.Since(start),
	}, nil
}

// decide turns a verdict into an answer: the first broken check that is not left out refuses.
func (p *Party) decide(v verdict, kind fault.Ceremony) outcome {
	out := outcome{Status: "ok"}
	for _, d := range v.broken(p.demands) {
		out.Broken = append(out.Broken, d.Check)
		if out.Status == "ok" && !p.without[d.Check] {
			out.Status = "failed"
			out.Message = v[d.Check]
			out.Code = string(d.Reason)
			out.Step = d.StepIn(kind)
		}
	}
	if p.options.RefuseAll {
		out.Status = "failed"
		out.Message = "this party refuses everything"
		out.Code = string(fault.Disabled)
		out.Step = ""
	}
	return out
}
