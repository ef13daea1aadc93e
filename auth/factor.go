package auth

import (
	"encoding/json"

	"github.com/latchkey-auth/latchkey/ident"
)

// A Factor is one kind of second factor. It keeps nothing between calls: what
// one ceremony must remember is in Ceremony.State, what an authenticator must
// remember for life is in its Data. It does no I/O: the caller stores both and
// delivers Messages. Time comes from Ceremony.Now; a method may be called more
// than once with the same arguments and must then answer alike.
//
// Expected answers are refusals (Refuse); any other error is a failure and
// rolls back. Counting wrong answers, resting and single use are the caller's.
type Factor interface {
	// Kind returns the kind that this factor serves.
	Kind() Kind

	// BeginBind starts binding a new authenticator. Ceremony.Input holds what
	// the person chose (see BindInput). It sets State, Prompt and, if a code
	// must travel, Messages.
	BeginBind(c *Ceremony, s Subject) error

	// FinishBind checks the response and returns the new authenticator with
	// Kind, Credential, Digest, Data and Traits set; the caller sets the rest.
	FinishBind(c *Ceremony, response json.RawMessage) (*Authenticator, error)

	// BeginVerify starts a verification by any of the given authenticators,
	// all active and of this kind. With State already set it is asked to send
	// again, perhaps by another Channel. For an account that does not exist
	// the list is empty and Ceremony.Decoy is set: the prompt must then look
	// as it would for an account that has authenticators.
	BeginVerify(c *Ceremony, list []*Authenticator) error

	// FinishVerify checks the response and returns a changed copy of the
	// authenticator that answered (new counter, last step, used code). It sets
	// Ceremony.UserVerified. A non-nil authenticator beside a refusal is stored
	// too: a clone is frozen and refused.
	FinishVerify(c *Ceremony, list []*Authenticator, response json.RawMessage) (*Authenticator, error)
}

// An Identifier is a Factor whose response can name the account itself
// (discoverable credentials).
type Identifier interface {
	// Identify reads, without believing it, which credential (base64url) the
	// response claims and which user handle it carries, nil if none.
	Identify(response json.RawMessage) (credential string, handle []byte, err error)
}

// A Subject is whom a new authenticator is bound for.
type Subject struct {
	Handle   []byte // the WebAuthn user handle: random, 64 bytes, no personal data
	Name     string // the account's name in lists of accounts: the e-mail address
	Display  string // the seller's display name
	Site     string // the site's name, as issuer and relying party name
	Existing []*Authenticator
}

// BindInput is what the person chose before a binding: the JSON of
// Ceremony.Input for BeginBind. Fields that a kind does not know are "".
type BindInput struct {
	Flavour Flavour     `json:"flavour,omitempty"` // webauthn
	Phone   ident.Phone `json:"number,omitempty"`
	Email   ident.Email `json:"address,omitempty"`
	Serial  string      `json:"serial,omitempty"` // hotp: the hardware token that is claimed
	KeyWish
	KeyValues
}

// KeyValues are what a key that types codes was programmed with before, as its own program writes them; all "": they
// are made anew.
type KeyValues struct {
	PublicID  string `json:"publicId,omitempty"`  // yubiotp: in modhex; "" for a key that types none
	PrivateID string `json:"privateId,omitempty"` // in hexadecimal
	Secret    string `json:"secret,omitempty"`    // in hexadecimal
}

// A KeyWish asks more of a security key than the policy does, never less.
type KeyWish struct {
	Verify    bool `json:"verify,omitempty"`    // it must verify its user: a PIN or a finger
	Resident  bool `json:"resident,omitempty"`  // it must keep the credential, so that it can name the account
	Attest    bool `json:"attest,omitempty"`    // the browser is asked for its attestation
	Certified bool `json:"certified,omitempty"` // its attestation must lead to a trusted root. Implies Attest
}

// CodeResponse is the response of every kind that types something back.
type CodeResponse struct {
	Code string `json:"code"`
}

// PairResponse is the response of a binding that one code does not prove: two
// in a row.
type PairResponse struct {
	Code   string `json:"code"`
	Second string `json:"second"`
}
