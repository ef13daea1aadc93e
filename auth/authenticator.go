package auth

import (
	"encoding/json"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// A Kind names one kind of second factor. The spelling is API: it stands in
// requests, in stored records and in the audit trail, and is never renamed.
type Kind string

// The kinds, in the words of NIST SP 800-63B-4 §3.1 where it has one.
const (
	WebAuthn Kind = "webauthn" // a USB security key, or a passkey of a phone or PC
	TOTP     Kind = "totp"     // an authenticator app, RFC 6238
	HOTP     Kind = "hotp"     // a touch code (RFC 4226), or a hardware token, by count or by time (RFC 6238)
	YubiOTP  Kind = "yubiotp"  // a Yubico OTP: a code of 44 letters that a key types by itself
	Phone    Kind = "phone"    // out-of-band by SMS and voice: one number is one authenticator
	Email    Kind = "email"    // out-of-band by e-mail
	Lookup   Kind = "lookup"   // saved recovery codes (look-up secrets)
	Password Kind = "password" // the memorised secret; a proof, never an Authenticator
	Trusted  Kind = "trusted"  // a browser trusted earlier; a proof, never an Authenticator

	// Temporary is a mailed code or link in the place of the password, once; a proof, never an Authenticator.
	Temporary Kind = "temporary-code"
)

// A Channel is how an out-of-band code travels.
type Channel string

// The channels. SMS and Voice belong to Phone, Mail to Email.
const (
	SMS   Channel = "sms"
	Voice Channel = "voice"
	Mail  Channel = "email"
)

// The kinds of what only the owner knows, beside the password: proofs in the
// settings, and never Authenticators.
const (
	Question     Kind = "question"      // the answer to the security question
	SecurityCode Kind = "security-code" // see securityCode
)

// A Flavour tells apart the two things WebAuthn calls authenticator: the USB
// key that can be put into a drawer, and the passkey that is part of a phone,
// a PC or a cloud account. Sellers see them as different items (D10).
type Flavour string

// The flavours of WebAuthn.
const (
	SecurityKey Flavour = "key"     // asked for as cross-platform, hint security-key
	Passkey     Flavour = "passkey" // asked for as platform, hint client-device
)

// The flavours of HOTP: what a security key types by itself, and what a token
// of its own shows. Whether a token goes by count or by time its owner need not
// know, and who claims one is not told.
const (
	TouchCode     Flavour = "touch"
	HardwareToken Flavour = "token"
)

// A State says whether an authenticator may be used.
type State string

// The states. Only an Active authenticator verifies.
const (
	Active   State = "active"
	Frozen   State = "frozen"   // its counter went back: it may have been copied
	Disabled State = "disabled" // too many consecutive wrong codes (NIST SP 800-63B-4 §3.2.2)
)

// An Authenticator is a second factor bound to an account. It is stored under
// "<account>/<id>" and only ever replaced by compare-and-set on Rev, so that
// two requests that verified against the same record cannot both win.
type Authenticator struct {
	V          int             `json:"v,omitempty"`
	ID         string          `json:"id"`
	Account    AccountID       `json:"a"`
	Kind       Kind            `json:"k"`
	Name       string          `json:"n,omitempty"`
	Device     string          `json:"d,omitempty"`  // the Device it lives on
	Token      string          `json:"tk,omitempty"` // a HardwareToken: which one of the stock (Token.ID)
	Credential string          `json:"c,omitempty"`  // WebAuthn credential id, base64url; unique across all accounts
	Digest     string          `json:"dg,omitempty"` // of a secret that can have come from outside: bound once on the whole site
	Recipient  ident.Recipient `json:"to,omitempty"` // Phone, Email: the number or mailbox itself
	Data       json.RawMessage `json:"x,omitempty"`  // the factor's own, opaque to everyone else
	Traits     Traits          `json:"t,omitzero"`
	BoundAt    time.Time       `json:"b"`
	Weakly     bool            `json:"wk,omitempty"` // a weak proof bound it
	UsedAt     time.Time       `json:"u,omitzero"`
	FrozenAt   time.Time       `json:"fz,omitzero"` // zero: it is not
	State      State           `json:"s"`
	Rev        uint64          `json:"r"`
}

// boundOnce is what of an authenticator no other one of the site may have.
func (x *Authenticator) boundOnce() []string {
	once := indexValue(x.Credential)
	if x.Digest != "" { // no credential id has a sign outside of base64url
		once = append(once, "secret:"+x.Digest)
	}
	return once
}

// Traits is what a factor may say in the open about an authenticator that it
// bound: enough to rank it and to describe it to its owner, never a secret.
type Traits struct {
	Flavour      Flavour      `json:"f,omitempty"`  // WebAuthn and HOTP
	Synced       bool         `json:"sy,omitempty"` // backup eligible: may live in a cloud account
	Discoverable bool         `json:"rk,omitempty"` // can sign in without a typed identifier
	VerifiesUser bool         `json:"uv,omitempty"` // asked for a PIN or a finger when it was bound
	Serial       string       `json:"sn,omitempty"` // what is printed on a token
	Masked       ident.Masked `json:"to,omitempty"` // the number or mailbox, for lists
	Channels     []Channel    `json:"ch,omitempty"` // channels the number can take
	Left         int          `json:"l,omitempty"`  // recovery codes left
	Regression   *Regression  `json:"rg,omitempty"` // of a frozen key: by which count it was found out
	Recall       *Recall      `json:"rc,omitempty"` // its model is recalled
	Provenance
}

// A Device is one physical thing, or one number or mailbox, that several
// authenticators live on and are lost with. Stored under "<account>/<id>".
type Device struct {
	V     int        `json:"v,omitempty"`
	ID    string     `json:"id"`
	Kind  DeviceKind `json:"k"`
	Name  string     `json:"n,omitempty"`
	Place string     `json:"p,omitempty"` // where its owner keeps it
}

// A DeviceKind says what sort of thing a Device is.
type DeviceKind string

// The kinds of devices. A backup must live on another device than what it
// backs up (R61); an app on a phone and that phone's texts are one device.
const (
	Stick     DeviceKind = "stick"     // a USB security key
	Display   DeviceKind = "token"     // a hardware token, which shows its codes
	Handset   DeviceKind = "phone"     // a phone: its apps, its texts, its calls
	Computer  DeviceKind = "pc"        // a PC
	Extension DeviceKind = "extension" // a browser extension
	Cloud     DeviceKind = "cloud"     // the account that syncs a passkey
	Mailbox   DeviceKind = "mailbox"   // an e-mail account
	Paper     DeviceKind = "paper"     // the sheet with the recovery codes
)

// A Proof is one thing that a flow or a session has shown.
type Proof struct {
	Kind          Kind      `json:"k"`
	Authenticator string    `json:"id,omitempty"`
	At            time.Time `json:"at"`
	Class         Class     `json:"c"`
	UserVerified  bool      `json:"uv,omitempty"`
	Synced        bool      `json:"sy,omitempty"`
	Flavour       Flavour   `json:"f,omitempty"`  // with the channel, which of the kind's rows it was
	Channel       Channel   `json:"ch,omitempty"` // that the code went by last
}
