package auth

import (
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// An AccountID names an account: 16 random bytes, base64url. It says nothing
// about the person.
type AccountID string

// An Account is a subscriber account (NIST SP 800-63B-4 §1): whom the rest is
// about. Stored under its ID; Email and Phone are found by blind indexes.
type Account struct {
	V        int            `json:"v,omitempty"`
	ID       AccountID      `json:"id"`
	Parent   AccountID      `json:"pa,omitempty"` // set: a sub-account of that account
	Name     string         `json:"n"`
	UserName ident.UserName `json:"un"`
	Email    ident.Email    `json:"e"`
	Phone    ident.Phone    `json:"p,omitempty"`
	PhoneAt  time.Time      `json:"pt,omitzero"` // when a code sent to Phone came back; zero: only claimed
	// LateClaim says that many had claimed Phone before: it is not found by it until proved.
	LateClaim bool   `json:"lc,omitempty"`
	Language  string `json:"l,omitempty"`
	Handle    []byte `json:"h"` // the WebAuthn user handle
	Password  string `json:"pw"`
	// PasswordAt is when the password was last set.
	PasswordAt time.Time `json:"pwt"`
	CreatedAt  time.Time `json:"c"`
	EnrolledAt time.Time `json:"en,omitzero"` // since when two-step verification is on
	Epoch      uint64    `json:"ep,omitempty"`
	// MailReset says that the password was last set by a mailed link: until
	// the next sign-in that mailbox is no second step (D6).
	MailReset bool `json:"mr,omitempty"`
	// DisabledAt is when the account was switched off: it has no sessions and
	// nobody signs in to it until it is switched on again.
	DisabledAt time.Time `json:"dis,omitzero"`
}

// disabled reports whether the account is switched off.
func (a *Account) disabled() bool { return !a.DisabledAt.IsZero() }
