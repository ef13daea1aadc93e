package auth

import (
	"encoding/json"
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
	Language string         `json:"l,omitempty"`
	Handle   []byte         `json:"h"`  // the WebAuthn user handle
	Password string         `json:"pw"` // its hash; "" is none that opens anything, until a link sets one
	// PasswordAt is when the password was last set.
	PasswordAt time.Time `json:"pwt"`
	CreatedAt  time.Time `json:"c"`
	// TemporaryAt is when a temporary code last stood in for Password; zero once it is new, or its owner keeps it.
	TemporaryAt time.Time `json:"tpa,omitzero"`
	EnrolledAt  time.Time `json:"en,omitzero"` // since when two-step verification is on
	Epoch       uint64    `json:"ep,omitempty"`
	// FirstBy is the mailbox or number by which the password was last set, its
	// aliases folded: no second step, until another one has been shown beside
	// that password (D14). It is remembered as itself, wherever Email moves.
	FirstBy ident.Recipient `json:"fb,omitempty"`
	// EmailWeakAt is when a weak proof moved Email to where it is; zero: none did.
	EmailWeakAt time.Time `json:"ewa,omitzero"`
	// PausedUntil is the end of the pause after a change was stopped: until then none is asked for that would wait.
	PausedUntil time.Time `json:"pu,omitzero"`
	// PausedAt is when the owner last said "this was not me": until PausedUntil nothing changes but behind a strong
	// proof that is younger.
	PausedAt time.Time `json:"pat,omitzero"`
	// BreachedAt is when its owner signed in with a password that was published; zero once it is new.
	BreachedAt time.Time `json:"bat,omitzero"`
	// PutOff is until when its owner is not told of reminders that he has put off.
	PutOff map[Reminder]time.Time `json:"ro,omitempty"`
	// DisabledAt is when the account was switched off: it has no sessions and
	// nobody signs in to it until it is switched on again.
	DisabledAt time.Time `json:"dis,omitzero"`
	// UsedAt is when somebody last signed in, to the day; zero: before that was noted.
	UsedAt     time.Time `json:"ua,omitzero"`
	Dormancy   dormancy  `json:"dm,omitempty"`
	DormancyAt time.Time `json:"dma,omitzero"` // when it came to that
	// StrongAt is when a strong proof last set what a notice tells of: a link of before reverts none of it.
	StrongAt map[told]time.Time `json:"sat,omitempty"`
	// FirstUserName is the user name of the sign-up, once there is another one (R18): see signUpName.
	FirstUserName ident.UserName `json:"fun,omitempty"`
	// MadeBy is what a part has opened the form of sign-up by (Work.SignUpLink), "" for a link that was asked for.
	MadeBy string `json:"mb,omitempty"`

	// KeysOnlyAt is since when security keys alone open the account (keys_only.go); zero: whatever is bound does.
	KeysOnlyAt time.Time `json:"ko,omitzero"`

	SecurityCode *securityCode `json:"sc,omitempty"`
	Question     *question     `json:"sq,omitempty"`

	CoolUntil time.Time `json:"cu,omitzero"` // until then no payout is approved
	CoolWhy   string    `json:"cw,omitempty"`

	// Holds are what responses of the staff have put on the account (held.go).
	Holds []Hold `json:"hd,omitempty"`

	// HandedAt is when the account last got another owner: no link of before is good, and his history begins there.
	HandedAt time.Time `json:"ha,omitzero"`
}

// Version is that of the stored form: 1 remembers what proved the first factor as
// itself, where 0 had a flag that meant the account's e-mail.
func (a *Account) Version() byte { return 1 }

// Upgrade reads the flag of version 0.
func (a *Account) Upgrade(_ byte, old []byte) error {
	var was struct {
		MailReset bool `json:"mr"`
	}
	if err := json.Unmarshal(old, &was); err != nil {
		return err
	}
	if was.MailReset {
		a.setFirstBy(ident.Recipient(a.Email))
	}
	return nil
}

// moveEmail gives the account another e-mail, by a weak proof at a time that is not zero.
func (a *Account) moveEmail(to ident.Email, weaklyAt time.Time) {
	a.Email, a.EmailWeakAt = to, weaklyAt
}

// setFirstBy notes what proved the first factor; "" for the password itself.
func (a *Account) setFirstBy(r ident.Recipient) { a.FirstBy = ident.Recipient(r.Unaliased()) }

// provedFirst reports whether r proved the first factor, so that it is no second one.
func (a *Account) provedFirst(r ident.Recipient) bool {
	return a.FirstBy != "" && r.Unaliased() == string(a.FirstBy)
}

// disabled reports whether the account is switched off.
func (a *Account) disabled() bool { return !a.DisabledAt.IsZero() }
