package factortest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

// replayHere gives a right answer to the same ceremony twice.
func replayHere(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	cer, res, err := c.answered(cl, 1, a)
	if err != nil {
		return err
	}
	first, second := *cer, *cer
	after, err := c.f.FinishVerify(&first, []*auth.Authenticator{a}, res)
	if err != nil {
		return err
	}
	got, err := c.f.FinishVerify(&second, []*auth.Authenticator{stored(after)}, res)
	return refused(got, err, c.Stores, c.Replayed...)
}

// replayThere gives a right answer to a ceremony that begins while it could
// still be right.
func replayThere(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	cer, res, err := c.answered(cl, 1, a)
	if err != nil {
		return err
	}
	after, err := c.f.FinishVerify(cer, []*auth.Authenticator{a}, res)
	if err != nil {
		return err
	}
	list := []*auth.Authenticator{stored(after)}
	next := c.ceremony(auth.ForSignIn, 1)
	next.Now = cer.Now
	if err := c.f.BeginVerify(next, list); err != nil {
		return err
	}
	back, err := sealed(next)
	if err != nil {
		return err
	}
	got, err := c.f.FinishVerify(back, list, res)
	return refused(got, err, c.Stores)
}

// stranger gives what one authenticator answered as another's answer.
func stranger(c *caller) error {
	mine, a, err := c.bound(1)
	if err != nil {
		return err
	}
	_, b, err := c.bound(2)
	if err != nil {
		return err
	}
	cer, res, err := c.answered(mine, 1, a)
	if err != nil {
		return err
	}
	theirs := c.ceremony(auth.ForSignIn, 2)
	theirs.Now = cer.Now
	if err := c.f.BeginVerify(theirs, []*auth.Authenticator{b}); err != nil {
		return err
	}
	back, err := sealed(theirs)
	if err != nil {
		return err
	}
	got, err := c.f.FinishVerify(back, []*auth.Authenticator{b}, res)
	if err := notPassed(got, err, c.Stores); err != nil {
		return fmt.Errorf("in the other's ceremony: %w", err)
	}
	got, err = c.f.FinishVerify(cer, []*auth.Authenticator{b}, res)
	if err := notPassed(got, err, c.Stores); err != nil {
		return fmt.Errorf("in the same ceremony, against the other: %w", err)
	}
	return nil
}

// oneOfSeveral lets the first of two authenticators answer.
func oneOfSeveral(c *caller) error {
	one, a, err := c.bound(1)
	if err != nil {
		return err
	}
	two, b, err := c.bound(2)
	if err != nil {
		return err
	}
	if got, err := c.passed(one, 1, a, b); err != nil || got.ID != a.ID {
		return fmt.Errorf("got %s and %v, want %s", text(got), err, a.ID)
	}
	if got, err := c.passed(two, 1, b, a); err != nil || got.ID != b.ID {
		return fmt.Errorf("got %s and %v, want %s", text(got), err, b.ID)
	}
	return nil
}

// otherPurpose crosses bindings and verifications.
func otherPurpose(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	list := []*auth.Authenticator{a}
	binding, err := c.beginBind(2)
	if err != nil {
		return err
	}
	made, err := c.Claimant(2).Bind(binding)
	if err != nil {
		return err
	}
	cer, res, err := c.answered(cl, 1, a)
	if err != nil {
		return err
	}
	opened, err := sealed(binding)
	if err != nil {
		return err
	}
	asBinding, asVerify := *cer, *cer
	asBinding.Purpose = auth.ForBind
	asVerify.State = opened.State
	type answer func() (*auth.Authenticator, error)
	for name, call := range map[string]answer{
		"a verification, finished as a binding": func() (*auth.Authenticator, error) {
			return c.f.FinishBind(&asBinding, res)
		},
		"a verification, given a bind response": func() (*auth.Authenticator, error) {
			return c.f.FinishVerify(cer, list, made)
		},
		"a verification with a binding's state": func() (*auth.Authenticator, error) {
			return c.f.FinishVerify(&asVerify, list, res)
		},
		"a binding, finished as a verification": func() (*auth.Authenticator, error) {
			return c.f.FinishVerify(opened, list, made)
		},
	} {
		got, err := call()
		if err := notPassed(got, err, c.Stores); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// noAuthenticator answers rightly where nothing is bound any more.
func noAuthenticator(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	cer, res, err := c.answered(cl, 1, a)
	if err != nil {
		return err
	}
	for _, list := range [][]*auth.Authenticator{nil, {}} {
		back := *cer
		got, err := c.f.FinishVerify(&back, list, res)
		if err := refused(got, err, false); err != nil {
			return err
		}
	}
	return nil
}

// decoy compares what an account that does not exist is shown and given.
func decoy(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	real, err := c.beginVerify(1, a)
	if err != nil {
		return err
	}
	fake := c.ceremony(auth.ForSignIn, 2)
	fake.Decoy = bytes.Repeat([]byte{7}, 32)
	if err := c.f.BeginVerify(fake, nil); err != nil {
		return fmt.Errorf("beginning for an account that does not exist: %w", err)
	}
	got, err := shape(fake.Prompt)
	if err != nil {
		return err
	}
	want, err := shape(real.Prompt)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("got prompt %s for an account that does not exist, want %s", got, want)
	}
	if len(fake.Messages) != 0 {
		return errors.New("got a message for an account that does not exist, want none")
	}
	res, err := cl.Wrong(real)
	if err != nil {
		return err
	}
	back, err := sealed(fake)
	if err != nil {
		return err
	}
	none, err := c.f.FinishVerify(back, nil, res)
	return refused(none, err, false, c.Wrong...)
}

// secrets looks for what must not show.
func secrets(c *caller) error {
	if c.Secrets == nil {
		return nil
	}
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	cer, err := c.beginVerify(1, a)
	if err != nil {
		return err
	}
	list := c.Secrets(cer, a)
	if len(list) == 0 {
		return errors.New("got no secrets from Suite.Secrets: nothing was looked for")
	}
	res, err := cl.Wrong(cer)
	if err != nil {
		return err
	}
	back, err := sealed(cer)
	if err != nil {
		return err
	}
	_, refusal := c.f.FinishVerify(back, []*auth.Authenticator{a}, res)
	_, malformed := c.f.FinishVerify(back, []*auth.Authenticator{a}, []byte(`{"code":"x"}`))
	places := map[string]string{
		"the prompt": string(cer.Prompt), "the traits": text(a.Traits),
		"a refusal": text(refusal) + fmt.Sprint(refusal), "another refusal": text(malformed) + fmt.Sprint(malformed),
		"a message": text(open(cer.Messages)),
	}
	for _, s := range list {
		for name, place := range places {
			if strings.Contains(place, s) {
				return fmt.Errorf("%s holds a secret", name)
			}
		}
	}
	return nil
}

// open returns messages without what they are there to carry: the code, and
// the address on the envelope.
func open(list []auth.Message) []auth.Message {
	var out []auth.Message
	for _, m := range list {
		args := maps.Clone(m.Args)
		delete(args, "code")
		m.Args, m.Recipient = args, ""
		out = append(out, m)
	}
	return out
}

// corruptData gives authenticators whose data cannot be read.
func corruptData(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	for _, data := range []string{``, `null`, `{}`, `[]`, `"x"`, `{`, `7`} {
		cer, res, err := c.answered(cl, 1, a)
		if err != nil {
			return err
		}
		b := *a
		b.Data = json.RawMessage(data)
		got, err := c.f.FinishVerify(cer, []*auth.Authenticator{&b}, res)
		if err := notPassed(got, err, false); err != nil {
			return fmt.Errorf("data %q: %w", data, err)
		}
	}
	return nil
}
