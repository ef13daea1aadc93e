package auth

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// A Purpose says what a ceremony is for. It is bound into the seal, so that a
// challenge issued for one purpose can never be spent on another.
type Purpose string

// The purposes.
const (
	ForSignIn    Purpose = "sign-in"
	ForStepUp    Purpose = "step-up"
	ForBind      Purpose = "bind"
	ForIntroduce Purpose = "introduce" // a mailed code on its way back into the browser that asked
	ForReset     Purpose = "reset"     // a mailed code on its way back, and then what it has proved
	// ForResetPhone is a texted code on its way back, and then the user name.
	ForResetPhone Purpose = "reset-phone"
	forCodes      Purpose = "codes" // recovery codes on their way into a file
)

// forSecret is a security code on its way to a page that is loaded again.
const forSecret Purpose = "security-code"

// A Ceremony is one begun, unfinished exchange. It is sealed and handed to the
// client, not stored: beginning costs the site nothing that an attacker could
// use up. What may happen only once is recorded when it happens, under ID and
// under Flow.
//
//	sealed: ID Flow Account Purpose Kind Channel Now Expires Epochs Proofs State ...
//	bound:  purpose, the browser's cookie (as associated data)
//	open:   Prompt, Messages, Input, Decoy, UserVerified (never sealed)
type Ceremony struct {
	ID              string          `json:"i"`           // spent by one finish
	Flow            string          `json:"f,omitempty"` // the sign-in this belongs to; spent by its one success
	Account         AccountID       `json:"a,omitempty"` // "" while a discoverable credential has yet to name it
	Purpose         Purpose         `json:"p"`
	Kind            Kind            `json:"k,omitempty"`
	Channel         Channel         `json:"c,omitempty"`
	Session         string          `json:"s,omitempty"`  // the session that a step-up or a binding belongs to
	AuthenticatorID string          `json:"tg,omitempty"` // the authenticator chosen to answer, "" if any may
	Recipient       ident.Recipient `json:"to,omitempty"` // the number or mailbox that a binding is about
	Serial          string          `json:"sn,omitempty"` // of the hardware token that is claimed, as typed
	Typed           bool            `json:"ty,omitempty"` // it was typed to begin: its page shows it as it is
	For             Action          `json:"w,omitempty"`  // the action that a step-up is for
	About           string          `json:"ab,omitempty"` // the authenticator that this action is about

	Begun   time.Time `json:"b"`
	Expires time.Time `json:"e"`
	Epochs  Epochs    `json:"ep"`

	Proofs   []Proof `json:"pr,omitempty"` // what this flow has shown so far
	Remember bool    `json:"rm,omitempty"`
	Verify   bool    `json:"uv,omitempty"` // the key must verify its user, whatever the policy says
	Shared   bool    `json:"sh,omitempty"` // begun on what was called a shared computer
	// AnswersNobody says that the challenge names credentials that do not exist: no answer to it is right.
	AnswersNobody bool            `json:"nb,omitempty"`
	Greeting      ident.Greeting  `json:"h,omitempty"`  // whom the pages greet: the identifier as typed
	FirstBy       ident.Recipient `json:"fb,omitempty"` // what proved the first factor instead of the password
	Message       string          `json:"m,omitempty"`  // the outbox message that carries the code
	State         json.RawMessage `json:"x,omitempty"`  // the factor's own

	Now          time.Time       `json:"-"` // the time of this call
	Wall         time.Time       `json:"-"` // the wall clock at this call, which codes by time follow; zero: Now
	Restored     time.Time       `json:"-"` // when a backup was last put back: what was used until then is not known
	Input        json.RawMessage `json:"-"` // what was asked for at Begin (BindInput)
	Token        *Token          `json:"-"` // of a claim: the token of that number; nil: none that may be claimed
	Decoy        []byte          `json:"-"` // set instead of authenticators for an account that does not exist: a stable seed
	Prompt       json.RawMessage `json:"-"` // what the client needs to answer
	Messages     []Message       `json:"-"` // what must be delivered
	UserVerified bool            `json:"-"` // set by FinishVerify and FinishBind
	Language     string          `json:"-"` // the person's language, for messages
}

// upgrade reads what was sealed earlier: a binding while its recipient stood in
// Target, and a decoy while its greeting told it.
func (c *Ceremony) upgrade() {
	if c.anonymous() && c.Account == "" && c.Greeting != "" {
		c.AnswersNobody = true
	}
	if c.Purpose == ForBind && c.AuthenticatorID != "" {
		c.Recipient, c.AuthenticatorID = ident.Recipient(c.AuthenticatorID), ""
	}
}

// shown reports whether the flow has shown a proof of the kind.
func (c *Ceremony) shown(k Kind) bool {
	return slices.ContainsFunc(c.Proofs, func(p Proof) bool { return p.Kind == k })
}

// firstShown reports whether the flow has shown the password, or what stands in for it.
func (c *Ceremony) firstShown() bool { return c.shown(Password) || c.shown(Temporary) }

// anonymous reports whether nothing was shown yet: whoever answers may be anyone,
// and must not learn from a refusal who has an account or which key is real.
func (c *Ceremony) anonymous() bool { return c.Purpose == ForSignIn && len(c.Proofs) == 0 }

// challengeStep is where WebAuthn Level 3 asks for the challenge of this very
// ceremony, "" for other kinds.
func (c *Ceremony) challengeStep() string {
	if c.Kind != WebAuthn {
		return ""
	}
	if c.Purpose == ForBind {
		return "7.1.8"
	}
	return "7.2.11"
}

// Epochs pin a ceremony to a state of the world. Restore rises when a backup
// is restored, Account with a password change, a removal or a recovery; a
// ceremony from before either is void.
type Epochs struct {
	Restore uint64 `json:"r,omitempty"`
	Account uint64 `json:"a,omitempty"`
}
