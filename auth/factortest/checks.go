package factortest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/auth"
)

func kind(c *caller) error {
	k := c.f.Kind()
	if k == "" || k != c.f.Kind() || k != c.New().Kind() {
		return fmt.Errorf("got kind %q, want one that is set and stays", k)
	}
	return nil
}

func bind(c *caller) error {
	cl := c.Claimant(1)
	cer, err := c.beginBind(1)
	if err != nil {
		return err
	}
	if !json.Valid(cer.Prompt) {
		return fmt.Errorf("got prompt %q, want JSON", cer.Prompt)
	}
	res, err := cl.Bind(cer)
	if err != nil {
		return err
	}
	back, err := sealed(cer)
	if err != nil {
		return err
	}
	a, err := c.f.FinishBind(back, res)
	if err != nil {
		return fmt.Errorf("the right answer: %w", err)
	}
	if a == nil || a.Kind != c.f.Kind() || len(a.Data) == 0 {
		return fmt.Errorf("got authenticator %s, want kind %s and data", text(a), c.f.Kind())
	}
	if back.UserVerified != c.UserVerified {
		return fmt.Errorf("got user verified %t, want %t", back.UserVerified, c.UserVerified)
	}
	return nil
}

func bindWrong(c *caller) error {
	cer, err := c.beginBind(1)
	if err != nil {
		return err
	}
	res, err := c.Claimant(1).Wrong(cer)
	if err != nil {
		return err
	}
	back, err := sealed(cer)
	if err != nil {
		return err
	}
	a, err := c.f.FinishBind(back, res)
	return refused(a, err, false, c.Wrong...)
}

func bindMalformed(c *caller) error {
	cer, err := c.beginBind(1)
	if err != nil {
		return err
	}
	var bad error
	for name, res := range unreadable() {
		back, err := sealed(cer)
		if err != nil {
			return err
		}
		a, err := c.f.FinishBind(back, res)
		if err := refused(a, err, false, c.Malformed...); err != nil {
			bad = errors.Join(bad, fmt.Errorf("%s: %w", name, err))
		}
	}
	return bad
}

// bindInputMalformed begins with input of the wrong shape. A kind that reads no
// input may take it; none may panic.
func bindInputMalformed(c *caller) error {
	for _, in := range []string{`[]`, `"x"`, `{`, `null`, `{"number":7,"address":7,"flavour":7,"serial":7}`} {
		cer := c.ceremony(auth.ForBind, 1)
		cer.Input = json.RawMessage(in)
		if err := c.f.BeginBind(cer, subject(1)); err == nil && len(cer.Prompt) == 0 {
			return fmt.Errorf("input %s: got neither a prompt nor an error", in)
		}
	}
	return nil
}

func bindPure(c *caller) error {
	cer, err := c.beginBind(1)
	if err != nil {
		return err
	}
	res, err := c.Claimant(1).Bind(cer)
	if err != nil {
		return err
	}
	var said [2]string
	for i := range said {
		back, err := sealed(cer)
		if err != nil {
			return err
		}
		before, was := text(back), bytes.Clone(res)
		a, err := c.f.FinishBind(back, res)
		said[i] = verdict(back, a, err)
		if text(back) != before || !bytes.Equal(was, res) {
			return errors.New("FinishBind changed the sealed part of the ceremony or the response")
		}
	}
	if said[0] != said[1] {
		return fmt.Errorf("got %s, then %s, want the same answer", said[0], said[1])
	}
	return nil
}

func verify(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	cer, res, err := c.answered(cl, 1, a)
	if err != nil {
		return err
	}
	got, err := c.f.FinishVerify(cer, []*auth.Authenticator{a}, res)
	if err != nil {
		return fmt.Errorf("the right answer: %w", err)
	}
	if got == nil || got.ID != a.ID || got.Kind != a.Kind || got.Account != a.Account || got.Rev != a.Rev ||
		got.State != a.State {
		return fmt.Errorf("got authenticator %s, want a changed copy of %s", text(got), text(a))
	}
	if got == a {
		return errors.New("got the authenticator that was passed in, want a copy")
	}
	if cer.UserVerified != c.UserVerified {
		return fmt.Errorf("got user verified %t, want %t", cer.UserVerified, c.UserVerified)
	}
	return nil
}

func verifyAgain(c *caller) error {
	cl, a, err := c.bound(1)
	for i := 0; i < 3 && err == nil; i++ {
		a, err = c.passed(cl, 1, a)
	}
	return err
}

func verifyWrong(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	cer, err := c.beginVerify(1, a)
	if err != nil {
		return err
	}
	res, err := cl.Wrong(cer)
	if err != nil {
		return err
	}
	back, err := sealed(cer)
	if err != nil {
		return err
	}
	back.UserVerified = true
	got, err := c.f.FinishVerify(back, []*auth.Authenticator{a}, res)
	if err := refused(got, err, c.Stores, c.Wrong...); err != nil {
		return err
	}
	if back.UserVerified {
		return errors.New("got user verified beside a refusal, want not")
	}
	// A wrong answer burns nothing of the right one that follows.
	_, err = c.passed(cl, 1, a)
	return err
}

func verifyMalformed(c *caller) error {
	_, a, err := c.bound(1)
	if err != nil {
		return err
	}
	cer, err := c.beginVerify(1, a)
	if err != nil {
		return err
	}
	var bad error
	for name, res := range unreadable() {
		back, err := sealed(cer)
		if err != nil {
			return err
		}
		got, err := c.f.FinishVerify(back, []*auth.Authenticator{a}, res)
		if err := refused(got, err, false, c.Malformed...); err != nil {
			bad = errors.Join(bad, fmt.Errorf("%s: %w", name, err))
		}
	}
	return bad
}

// verifyBent gives right responses with one member missing or of another
// type. Some members may be absent; but nothing may fail or panic.
func verifyBent(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	cer, res, err := c.answered(cl, 1, a)
	if err != nil {
		return err
	}
	list, err := bent(res)
	if err != nil {
		return err
	}
	for _, r := range list {
		back := *cer
		got, err := c.f.FinishVerify(&back, []*auth.Authenticator{a}, r)
		if err == nil {
			continue
		}
		if err := refused(got, err, c.Stores); err != nil {
			return fmt.Errorf("%.200s: %w", r, err)
		}
	}
	return nil
}

func verifyPure(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	if a.Traits.Channels == nil {
		a.Traits.Channels = []auth.Channel{auth.SMS, auth.Voice} // to see that they are kept, and not shared
	}
	list := []*auth.Authenticator{a}
	before := text(list)
	cer, res, err := c.answered(cl, 1, a)
	if err != nil {
		return err
	}
	if text(list) != before {
		return errors.New("BeginVerify changed an authenticator")
	}
	for _, r := range []json.RawMessage{res, []byte(`{"code":"000000"}`), []byte(`{}`)} {
		var said [2]string
		for i := range said {
			back, was := *cer, bytes.Clone(r)
			opened := text(back)
			mine := clones(list)
			got, err := c.f.FinishVerify(&back, mine, r)
			said[i] = verdict(&back, got, err)
			if text(mine) != before || text(back) != opened || !bytes.Equal(was, r) {
				return errors.New("FinishVerify changed an authenticator, the sealed part of the ceremony or the response")
			}
			if err := unshared(got, mine[0], a); err != nil {
				return err
			}
		}
		if said[0] != said[1] {
			return fmt.Errorf("got %s, then %s, want the same answer", said[0], said[1])
		}
	}
	return nil
}

// unshared changes a copy, and looks whether what was passed in changes with it.
func unshared(got, given, was *auth.Authenticator) error {
	if got == nil {
		return nil
	}
	if len(got.Data) > 0 {
		got.Data[len(got.Data)/2] ^= 1
	}
	if len(got.Traits.Channels) > 0 {
		got.Traits.Channels[0] = "changed"
	}
	if text(given.Data) != text(was.Data) || text(given.Traits) != text(was.Traits) {
		return errors.New("the copy shares its data or channels with what was passed in")
	}
	return nil
}

// leftover finishes ceremonies that say the user was verified: what is refused does not say so any more.
func leftover(c *caller) error {
	_, a, err := c.bound(1)
	if err != nil {
		return err
	}
	binding, err := c.beginBind(2)
	if err != nil {
		return err
	}
	binding.UserVerified = true
	if _, err := c.f.FinishBind(binding, []byte(`{}`)); err == nil || binding.UserVerified {
		return fmt.Errorf("a refused binding: got %v, verified %v, want neither", err, binding.UserVerified)
	}
	cer, err := c.beginVerify(1, a)
	if err != nil {
		return err
	}
	cer.UserVerified = true
	if _, err := c.f.FinishVerify(cer, []*auth.Authenticator{a}, []byte(`{}`)); err == nil || cer.UserVerified {
		return fmt.Errorf("a refused verification: got %v, verified %v, want neither", err, cer.UserVerified)
	}
	return nil
}

// resend begins a verification again with its State set, as "send it again"
// does, and answers what came last.
func resend(c *caller) error {
	cl, a, err := c.bound(1)
	if err != nil {
		return err
	}
	cer, err := c.beginVerify(1, a)
	if err != nil {
		return err
	}
	again, err := sealed(cer)
	if err != nil {
		return err
	}
	if err := c.f.BeginVerify(again, []*auth.Authenticator{a}); err != nil {
		return fmt.Errorf("sending again: %w", err)
	}
	res, err := cl.Answer(again)
	if err != nil {
		return err
	}
	back, err := sealed(again)
	if err != nil {
		return err
	}
	if _, err := c.f.FinishVerify(back, []*auth.Authenticator{a}, res); err != nil {
		return fmt.Errorf("the right answer to what was sent last: %w", err)
	}
	return nil
}
