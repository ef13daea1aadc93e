package auth

import (
	"crypto/subtle"
	"fmt"
)

// This file is how what somebody has set up in an account of his own, that was made for it, becomes that of an account
// which he takes over. So it is at no moment without a second step, and a mailbox alone never opens it.
//
//	SignUpLink ──► an account of his own: password, methods ──► HandOver(From) ──► all of it is the other account's
//	                                                                          └──► that one is no more

// belongings are what a successor brings: an account that is no more, and what was bound to it.
type belongings struct {
	account Account
	methods []*Authenticator
	devices []*Device
}

// dissolve ends an account that was made for a successor, and returns what it had; nil for none. It is a failure for
// one that a part has not had made, that has no second step or is switched off: whoever decides has looked.
func (w *Work) dissolve(id AccountID) (*belongings, error) {
	if id == "" {
		return nil, nil
	}
	b, err := w.existingAccount(id)
	if err != nil {
		return nil, err
	}
	if w.infoFor(b).MadeBy == "" || b.EnrolledAt.IsZero() || b.disabled() || id == w.account.ID {
		return nil, fmt.Errorf("handing an account over to one that was not made for it: %s", id)
	}
	has := &belongings{account: *b}
	if has.methods, err = w.authenticators(id); err != nil {
		return nil, err
	}
	if has.devices, err = w.devices(id); err != nil {
		return nil, err
	}
	if err := w.partsHandOver(id); err != nil {
		return nil, err
	}
	if err := w.endAllOf(id); err != nil {
		return nil, err
	}
	if err := w.forgetAllOf(id); err != nil {
		return nil, err
	}
	return has, w.s.accounts.Delete(w.tx, string(id))
}

// become takes from an account that is no more all that says who its owner is, and what he knows.
func (a *Account) become(b *Account) {
	a.Name, a.Language = b.Name, b.Language
	a.UserName, a.FirstUserName = b.UserName, b.FirstUserName
	a.moveEmail(b.Email, b.EmailWeakAt)
	a.Phone, a.PhoneAt = b.Phone, b.PhoneAt
	a.Handle = b.Handle // it is in his keys
	a.Password, a.PasswordAt = b.Password, b.PasswordAt
	a.FirstBy = b.FirstBy
	a.TemporaryAt = b.TemporaryAt
	a.Question = b.Question
	a.KeysOnlyAt = b.KeysOnlyAt
	if b.SecurityCode.live() {
		a.SecurityCode = b.SecurityCode
	}
}

// takeIn binds what a successor brings to the account that is his now, which has nothing else.
func (w *Work) takeIn(a *Account, has *belongings) error {
	for _, x := range has.methods {
		x.Account = a.ID
		if err := w.assignToken(x); err != nil {
			return err
		}
		if err := w.s.authenticators.Insert(w.tx, authenticatorKey(a.ID, x.ID), x); err != nil {
			return err
		}
	}
	for _, d := range has.devices {
		if err := w.s.devices.Insert(w.tx, authenticatorKey(a.ID, d.ID), d); err != nil {
			return err
		}
	}
	a.EnrolledAt = has.account.EnrolledAt
	return w.s.accounts.Put(w.tx, string(a.ID), a)
}

// Signs are eight signs, in two groups, that only this site can make of a label of the part's own: what one person
// reads to another.
func (w *Work) Signs(label string) string {
	return grouped(mailedCode(w.s.mac("signs", w.partKey(label))[:8]))
}

// AreSigns reports whether somebody has typed the signs of a label, as people type them. Wrong ones are the part's to
// count.
func (w *Work) AreSigns(label, typed string) bool {
	want := cleanMailedCode(w.Signs(label))
	return subtle.ConstantTimeCompare([]byte(cleanMailedCode(typed)), []byte(want)) == 1
}
