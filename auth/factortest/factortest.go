// Package factortest is the suite that every auth.Factor passes.
//
// The suite plays the caller: it seals and opens ceremonies (by marshalling
// and unmarshalling them, so that what is not sealed is lost), gives the
// authenticators their ids, keeps the time and stores what it is handed back.
// The test of a factor plays the other side, a Claimant: the app, the phone,
// the key or the sheet of paper.
//
//	func TestFactor(t *testing.T) {
//		factortest.Run(t, factortest.Suite{
//			New:       func() auth.Factor { … },
//			Claimant:  func(n int) factortest.Claimant { … },
//			Wrong:     []auth.Code{auth.CodeWrong},
//			Malformed: []auth.Code{auth.CodeMalformed},
//			Replayed:  []auth.Code{auth.CodeUsed},
//		})
//	}
//
// What the suite holds every factor to:
//
//   - a right answer binds and verifies, after the ceremony was sealed;
//   - a wrong or unreadable answer is a refusal with one of the named codes,
//     never a failure, a panic or an authenticator;
//   - the same call with the same arguments answers alike, and changes none of
//     its arguments except the ceremony's open fields;
//   - an answer counts once, for the authenticator that gave it, in the kind of
//     ceremony that it was given to;
//   - nobody is let in where there is no authenticator, and a decoy looks like
//     the real thing;
//   - no secret shows in a prompt of a verification, a trait, a refusal or a
//     message (the code in Args["code"] apart).
//
// Not tested here, because it is the caller's: expiry of ceremonies, counting
// and resting, spending a ceremony, and the seal itself.
package factortest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A Suite says how to test one Factor. New, Claimant, Wrong, Malformed and
// Replayed are required.
type Suite struct {
	// New returns the factor. It is called anew for every check.
	New func() auth.Factor
	// Claimant returns the other side of authenticator n: claimants of
	// different n share no secret.
	Claimant func(n int) Claimant
	// Input returns what person n chose before binding; nil means nothing.
	Input func(n int) auth.BindInput
	// Channel is the channel that ceremonies begin with; "" for kinds
	// without channels.
	Channel auth.Channel

	Wrong     []auth.Code // what a well-formed wrong answer may be refused with
	Malformed []auth.Code // what an answer that cannot be read may be refused with
	Replayed  []auth.Code // what an answer that has counted may be refused with

	// UserVerified is what a right answer says about the user.
	UserVerified bool
	// Stores is set for a factor that documents that it returns a changed
	// authenticator beside a refusal.
	Stores bool
	// Secrets returns what must not show: c is a begun verification and a the
	// authenticator as it is stored. nil means that there is nothing to hide.
	Secrets func(c *auth.Ceremony, a *auth.Authenticator) []string
}

// A Claimant answers what a factor asks. It sees a ceremony as the client and
// the mailman do: Prompt, Messages and Now, never State.
type Claimant interface {
	// Bind returns the right response to a begun binding, and remembers what
	// it learnt from it.
	Bind(c *auth.Ceremony) (json.RawMessage, error)
	// Answer returns the right response to a begun verification.
	Answer(c *auth.Ceremony) (json.RawMessage, error)
	// Wrong returns a response that is well formed and wrong, to a binding or
	// a verification as c.Purpose says.
	Wrong(c *auth.Ceremony) (json.RawMessage, error)
}

// A check is one thing that every factor is held to.
type check struct {
	name string
	run  func(*caller) error
}

// checks is the suite.
func checks() []check {
	return []check{
		{"Kind", kind},
		{"Bind", bind},
		{"BindWrong", bindWrong},
		{"BindMalformed", bindMalformed},
		{"BindInputMalformed", bindInputMalformed},
		{"BindPure", bindPure},
		{"Verify", verify},
		{"VerifyAgain", verifyAgain},
		{"VerifyWrong", verifyWrong},
		{"VerifyMalformed", verifyMalformed},
		{"VerifyBent", verifyBent},
		{"VerifyPure", verifyPure},
		{"Leftover", leftover},
		{"Resend", resend},
		{"ReplayHere", replayHere},
		{"ReplayThere", replayThere},
		{"Stranger", stranger},
		{"OneOfSeveral", oneOfSeveral},
		{"OtherPurpose", otherPurpose},
		{"NoAuthenticator", noAuthenticator},
		{"Decoy", decoy},
		{"Secrets", secrets},
		{"CorruptData", corruptData},
	}
}

// Run holds the factor of s to the suite, one subtest a check.
func Run(t *testing.T, s Suite) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			if err := guarded(c, s); err != nil {
				t.Error(err)
			}
		})
	}
}

// guarded runs one check and turns a panic of the factor into an error.
func guarded(c check, s Suite) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: the factor panicked: %v", c.name, p)
		}
	}()
	return c.run(newCaller(s))
}

// A caller plays what package auth does around a factor.
type caller struct {
	Suite
	f   auth.Factor
	now time.Time
	n   int // ceremonies begun
}

func newCaller(s Suite) *caller {
	return &caller{Suite: s, f: s.New(), now: time.Date(2026, 3, 3, 14, 3, 7, 0, time.UTC)}
}

// account returns the account of person n.
func account(n int) auth.AccountID { return auth.AccountID(fmt.Sprintf("account-%014d", n)) }

// subject returns person n.
func subject(n int) auth.Subject {
	handle := make([]byte, 64)
	for i := range handle {
		handle[i] = byte(i + n)
	}
	return auth.Subject{
		Handle: handle, Name: fmt.Sprintf("seller%d@example.com", n),
		Display: "李 & Co", Site: "Tom & Co",
	}
}

// ceremony returns a new ceremony of person n. Every one begins two minutes
// after the last, so that time-based codes never meet their own step again.
func (c *caller) ceremony(p auth.Purpose, n int) *auth.Ceremony {
	c.n++
	c.now = c.now.Add(2 * time.Minute)
	return &auth.Ceremony{
		ID: fmt.Sprintf("ceremony-%013d", c.n), Flow: fmt.Sprintf("flow-%017d", c.n),
		Account: account(n), Purpose: p, Kind: c.f.Kind(), Channel: c.Channel,
		Begun: c.now, Expires: c.now.Add(5 * time.Minute), Now: c.now, Language: "en",
	}
}

// sealed returns the ceremony as it comes back from the client: what is not
// marshalled is gone, and it is a second later.
func sealed(c *auth.Ceremony) (*auth.Ceremony, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("sealing a ceremony: %w", err)
	}
	back := &auth.Ceremony{}
	if err := json.Unmarshal(text, back); err != nil {
		return nil, fmt.Errorf("opening a ceremony: %w", err)
	}
	back.Now = c.Now.Add(time.Second)
	return back, nil
}

// beginBind begins a binding for person n.
func (c *caller) beginBind(n int) (*auth.Ceremony, error) {
	cer := c.ceremony(auth.ForBind, n)
	in := auth.BindInput{}
	if c.Input != nil {
		in = c.Input(n)
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	cer.Input = text
	if err := c.f.BeginBind(cer, subject(n)); err != nil {
		return nil, fmt.Errorf("beginning a binding: %w", err)
	}
	return cer, nil
}

// bound binds an authenticator for person n and stores it.
func (c *caller) bound(n int) (Claimant, *auth.Authenticator, error) {
	cl := c.Claimant(n)
	cer, err := c.beginBind(n)
	if err != nil {
		return nil, nil, err
	}
	res, err := cl.Bind(cer)
	if err != nil {
		return nil, nil, fmt.Errorf("answering a binding: %w", err)
	}
	back, err := sealed(cer)
	if err != nil {
		return nil, nil, err
	}
	a, err := c.f.FinishBind(back, res)
	if err != nil {
		return nil, nil, fmt.Errorf("finishing a binding with the right answer: %w", err)
	}
	if a == nil {
		return nil, nil, errors.New("finishing a binding: got no authenticator and no error")
	}
	a.ID, a.Account = fmt.Sprintf("authenticator-%08d", n), account(n)
	a.BoundAt = back.Now
	a.State = auth.Active
	a.Rev = 1
	return cl, stored(a), nil
}

// stored returns a as it comes back from the store.
func stored(a *auth.Authenticator) *auth.Authenticator {
	text, err := json.Marshal(a)
	if err != nil {
		panic(fmt.Sprintf("storing an authenticator: %v", err))
	}
	back := &auth.Authenticator{}
	if err := json.Unmarshal(text, back); err != nil {
		panic(fmt.Sprintf("reading an authenticator: %v", err))
	}
	return back
}

// beginVerify begins a verification of person n.
func (c *caller) beginVerify(n int, list ...*auth.Authenticator) (*auth.Ceremony, error) {
	cer := c.ceremony(auth.ForSignIn, n)
	if err := c.f.BeginVerify(cer, list); err != nil {
		return nil, fmt.Errorf("beginning a verification: %w", err)
	}
	return cer, nil
}

// answered begins a verification and returns it, as it comes back, with the
// claimant's right answer.
func (c *caller) answered(cl Claimant, n int, list ...*auth.Authenticator) (*auth.Ceremony, json.RawMessage, error) {
	cer, err := c.beginVerify(n, list...)
	if err != nil {
		return nil, nil, err
	}
	res, err := cl.Answer(cer)
	if err != nil {
		return nil, nil, fmt.Errorf("answering a verification: %w", err)
	}
	back, err := sealed(cer)
	return back, res, err
}

// passed verifies with the right answer and returns what is to be stored.
func (c *caller) passed(cl Claimant, n int, list ...*auth.Authenticator) (*auth.Authenticator, error) {
	cer, res, err := c.answered(cl, n, list...)
	if err != nil {
		return nil, err
	}
	a, err := c.f.FinishVerify(cer, list, res)
	if err != nil {
		return nil, fmt.Errorf("finishing a verification with the right answer: %w", err)
	}
	if a == nil {
		return nil, errors.New("finishing a verification: got no authenticator and no error")
	}
	return stored(a), nil
}
