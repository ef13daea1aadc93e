package auth

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// The Info structs are all that leaves this package. None of them holds a
// stored record or a secret; a test walks them.

// SignUpForm is what a new seller enters behind the mailed link (R88, D13). All
// fields are required.
type SignUpForm struct {
	Name, UserName, Phone, Password string
	Region                          string // the ISO region that Phone is dialled in; "" goes by the language
	Terms                           bool
}

// SignUpInfo says where the confirmation went. It is the same whether or not
// the address has an account already.
type SignUpInfo struct {
	MaskedEmail ident.Masked `json:"email"`
	Expires     time.Time    // of the link
	ResendAt    time.Time    // before that, asking again sends nothing
}

// SignInForm is the first step with a password. Shared is "this is a shared
// computer": nothing is remembered, whatever Remember says.
type SignInForm struct {
	Identifier, Password string
	Remember, Shared     bool
}

// KeyFirstForm begins with the key (D5). Identifier "" asks for a discoverable
// credential, which names the account itself.
type KeyFirstForm struct {
	Identifier       string
	Remember, Shared bool
	Verify           bool // the key must verify its user, whatever the policy says
}

// A Step is what a sign-in needs next.
type Step string

// The steps of a sign-in.
const (
	StepPassword Step = "password"    // key first, touched only: the password is still needed
	StepSecond   Step = "second-step" // the password was right
	StepEnrol    Step = "enrol"       // signed in, but may do nothing except set up a second step, or a shop's key
	StepDone     Step = "signed-in"
	StepWait     Step = "wait" // the security code was right, and stands in for the second step from Due on
)

// SignInInfo is where a sign-in stands. Ceremony is set for StepPassword and
// StepSecond, Token (the new session's) for StepEnrol and StepDone, Due for StepWait.
type SignInInfo struct {
	Step     Step
	Ceremony string
	Due      time.Time // the same sign-in is done from then on, until Expires
	Expires  time.Time
	Who      ident.Greeting // whom the pages greet
	Methods  []MethodInfo
	Token    string
	Session  *SessionInfo
	MayTrust bool // this browser may be trusted for the second step
}

// MethodInfo is one way to take the second step, in the order of policy. One
// entry stands for all authenticators of its kind, since any of them may
// answer; numbers and mailboxes have an entry each, since a code goes to one.
type MethodInfo struct {
	Kind     Kind
	ID       string       // phone and email: which one
	Channels []Channel    // phone only
	Names    []string     // of its authenticators
	Masked   ident.Masked `json:"address"` // the number or mailbox
	Left     int          // recovery codes left
	Passkeys bool         // webauthn: some are passkeys of a device
	Keys     bool         // webauthn: some are USB keys
	Flavours []Flavour    // of its authenticators, where they are told apart
	Class    Class
	Resting  time.Time // not before; zero if ready
}

// Takes reports whether a row of the table is one of the ways that m stands for.
func (m MethodInfo) Takes(row *Method) bool {
	if row.Kind != m.Kind || row.Channel != "" && len(m.Channels) > 0 && !slices.Contains(m.Channels, row.Channel) {
		return false
	}
	return len(m.Flavours) == 0 || slices.Contains(m.Flavours, row.Flavour)
}

// MethodChoice asks for one method: its kind, for Phone the channel, and for
// numbers and mailboxes which one ("" for the first).
type MethodChoice struct {
	Kind    Kind
	ID      string
	Channel Channel
	Verify  bool // the key must verify its user, whatever the policy says
}

// A Challenge is a begun exchange: Prompt is what the client needs to answer,
// by kind:
//
//	webauthn  {"publicKey": PublicKeyCredential{Creation,Request}OptionsJSON}
//	totp      binding: {"secret","uri","account","issuer","digits","period"}; verifying: {}
//	hotp      binding: {"secret","hex","uri","account","issuer","digits","counter"}, or {"serial"} of a token that
//	          is claimed; verifying: {}
//	phone     {}   (Delivery says where the code went)
//	email     {}
//	lookup    binding: {"codes": [...]}; verifying: {}
type Challenge struct {
	Ceremony string
	Kind     Kind
	Channel  Channel
	Expires  time.Time
	Prompt   json.RawMessage
	Delivery *DeliveryInfo
	Methods  []MethodInfo // the other ways, for "Didn't receive the code?"
	Who      ident.Greeting
}

// DeliveryInfo says how far the newest message of a ceremony has come.
type DeliveryInfo struct {
	Channel   Channel
	Masked    ident.Masked    `json:"to"`
	Recipient ident.Recipient `json:"-"` // of a binding: as it is, for whoever has just typed it
	Label     string          // which message counts
	State     Delivery
	SentAt    time.Time
	ChangedAt time.Time
	Expires   time.Time
	ResendAt  time.Time
	LeftToday int
}

// StepUpInfo says what a step-up needs.
type StepUpInfo struct {
	For         Action
	Demand      Demand
	Done        bool         // the session already shows it
	Waits       bool         // the session shows a weaker method: the act would be done after a delay (D6)
	Due         time.Time    // when it would be done, if it waits
	Until       time.Time    // of a payout that is approved: it counts until then
	Methods     []MethodInfo // those that serve
	MaskedEmail ident.Masked `json:"who"`
}

// StepUpDone is a finished step-up: the session's token was rotated.
type StepUpDone struct {
	Token    string
	Session  SessionInfo
	Answered AuthenticatorInfo // which one it was
}

// BindForm begins a new method: Flavour for WebAuthn, Number and Channel for
// Phone, Address for Email, Serial for a hardware token, and for a key that types
// what it has been programmed with the three of KeyValues.
type BindForm struct {
	Kind    Kind
	Flavour Flavour
	Number  string
	Region  string // the ISO region that Number is dialled in; "" goes by the language
	Own     bool   // Phone: the account's own number, instead of Number
	Address string
	Channel Channel
	Serial  string // HOTP: what is printed on the token that is claimed; "": touch codes

	PublicID  string `json:"publicId"` // YubiOTP: this, and the two below, of a key that has them already
	PrivateID string `json:"privateId"`
	Secret    string

	Verify, Resident, Attest, Certified bool // WebAuthn: see KeyWish
}

// BindDone ends it. Device names where the method lives: "" for a new one of
// the usual sort, a DeviceKind, or the id of a Device.
type BindDone struct {
	Ceremony string
	Name     string
	Place    string
	Device   string
	Backup   bool // it is to be the backup: refused if it would be lost together with the rest (R61)
	Response json.RawMessage
}

// BindInfo is a new method. Token is set if the session was raised by it.
type BindInfo struct {
	Authenticator AuthenticatorInfo
	Token         string
	Session       *SessionInfo
	First         bool // two-step verification is on from now
	BackupNeeded  bool // R61: nothing yet to fall back on
}

// AuthenticatorInfo is one method as its owner sees it.
type AuthenticatorInfo struct {
	ID           string
	Kind         Kind
	Name         string
	Place        string
	Device       string
	DeviceKind   DeviceKind
	Flavour      Flavour
	Model        string
	ModelID      string          // of a key: its AAGUID
	Maker        string          // of a key whose make is proved
	Firmware     string          // of one that tells it
	Level        string          // as "L1": how far its model is certified, as known when it was bound
	Serial       string          // of a hardware token
	Masked       ident.Masked    `json:"address"` // the number or mailbox
	Recipient    ident.Recipient `json:"-"`       // the same as it is: for the pages of a fresh session, else ""
	Channels     []Channel
	Class        Class
	Synced       bool
	VerifiesUser bool
	Discoverable bool
	Certified    bool // its make is proved
	Left         int
	State        State
	BoundAt      time.Time
	UsedAt       time.Time
	RemovalDue   time.Time       // a delayed removal is under way
	Last         bool            // without it nothing would be left but recovery codes
	Regression   *RegressionInfo // of a frozen key: why
	Recall       *RecallInfo     // nil: its model is not recalled
}

// SessionInfo is one session as its owner sees it.
type SessionInfo struct {
	ID         string
	Current    bool
	Restricted bool
	KeyNeeded  bool // it is restricted because a shop asks for a security key
	Remember   bool
	AAL        int
	AMR        []string
	Kind       Kind // of the second step that opened it, "" for none; with the two below, which of the methods it was
	Flavour    Flavour
	Channel    Channel
	AuthTime   time.Time
	Opened     time.Time
	Seen       time.Time
	Expires    time.Time
	Agent      string
	IP         string
}

// Me is who is signed in: the answer to the session check.
type Me struct {
	Account     AccountID
	Name        string
	UserName    string
	MaskedEmail ident.Masked `json:"email"`
	Session     SessionInfo
	Shops       []Membership // none for a session that has to enrol
	Lab         bool         // nobody is really signed in: this is a lab, for tests
	Payout      PayoutInfo
}

// PayoutInfo says whether the account may approve money, or until when not, and why:
// "cooling-off" and what a part has said, "paused" after "this was not me",
// "security-code" while a sign-in by it waits or can be undone, "must-enrol".
type PayoutInfo struct {
	Allowed bool
	Until   time.Time
	Why     string
}

// PayoutDone is an approval that was taken.
type PayoutDone struct {
	Text       string
	ApprovedAt time.Time
}

// SecurityInfo is the overview of Advanced security settings.
type SecurityInfo struct {
	Me             Me
	MaskedPhone    ident.Masked `json:"phone"`
	Email          ident.Email  `json:"-"` // both as they are: for the pages of a fresh session, else ""
	Phone          ident.Phone  `json:"-"`
	Region         string       `json:"-"` // of a number that the account has: the next is likely of the same
	PhoneConfirmed bool
	PasswordAt     time.Time
	PasswordOut    bool      // strangers have it: see Service.ItWasMe
	TemporaryAt    time.Time // when a temporary code stood in for the password: a new one is offered; zero: no
	EnrolledAt     time.Time // zero: two-step verification is off
	KeysOnlyAt     time.Time // since when security keys alone open the account; zero: it is not so
	Methods        []AuthenticatorInfo
	BackupNeeded   bool
	Forecast       []Forecast
	Sessions       int
	Trusted        int
	TrustUntil     time.Time
	MayTrust       bool
	Changes        []ChangeInfo
	KeysAsked      []Membership // shops that ask for a security key, now or later, where there is none
	Offers         []OfferInfo
	Covered        bool           // whichever one thing is lost, something still gets the owner in
	FewCodes       int            // recovery codes left, where they are few; 0 says nothing
	Reminders      []ReminderInfo // what is due and was not put off, the most urgent first
	SecurityCode   SecretInfo
	QuestionAt     time.Time // when the security question was set; zero: there is none
}

// SecurityCodeInfo is a fresh security code, shown once. Sealed carries it to the
// page for five minutes, so that it is stored nowhere.
type SecurityCodeInfo struct {
	Code        string
	MadeAt      time.Time
	MaskedEmail ident.Masked `json:"who"`
	Sealed      string
}

// SecretInfo says how an account stands with its security code.
type SecretInfo struct {
	State     SecretState
	SetAt     time.Time
	UsedAt    time.Time
	RetiredAt time.Time
}

// OfferInfo is one sort of method that an account might set up, in the order of policy.
type OfferInfo struct {
	Kind    Kind
	Flavour Flavour
	Refused Code // why it can not be set up now; "" if it can
}

// A Forecast row says what happens if one device, or a likely pair, is lost.
type Forecast struct {
	Lost  []DeviceInfo // one device, or two kept together; empty means everything
	Falls []AuthenticatorInfo
	Left  []AuthenticatorInfo
	Soon  Soon
	Ask   bool // keys among them of which nobody has said where they are kept: they may be lost at once
}

// Soon is how soon an owner is in again who has lost something.
type Soon string

// What is left decides it.
const (
	SoonNow   Soon = "now"       // a method
	SoonLater Soon = "later"     // recovery codes alone, which are kept elsewhere
	SoonDesk  Soon = "documents" // nothing
)

// DeviceInfo is a physical thing as its owner sees it.
type DeviceInfo struct {
	ID, Name, Place string
	Kind            DeviceKind
}

// ChangeInfo is a change that waits and can be undone (D6).
type ChangeInfo struct {
	ID      string
	What    string   // "removal", "contact", "contact-asked", "security-code" (a sign-in by it), a part's; see Done
	Methods []string // the ids of what goes
	Kind    Kind     // of the first of them
	Flavour Flavour
	Item    string // its name; of contact data, the shop's that moves it and, to who asked, whose it is; a part's
	AskAt   time.Time
	Due     time.Time // when it happens; if it is done, until when it can be stopped
	Done    bool      // What has been done already, and is "added", "removed", "password" …
	Pauses  bool      // a strong proof did it: stopping it reverts nothing, and pauses all changes
	Ends    bool      // there is nothing to revert, such as of a sign-in: stopping it ends all access
}

// RemoveInfo says what a removal did. Due is set if it waits. Signal is what
// the browser should be told (Signal API); zero if nothing.
type RemoveInfo struct {
	Removed AuthenticatorInfo
	Due     time.Time
	Signal  *Signal
	Ended   bool // the caller's session rested on what was removed, and is over
}

// A Signal is the argument of PublicKeyCredential.signalAllAcceptedCredentials:
// after a removal, what is still accepted (WebAuthn Level 3 §5.1.10).
type Signal struct {
	RPID     string   `json:"rpId"`
	UserID   string   `json:"userId"` // base64url
	Accepted []string `json:"allAcceptedCredentialIds"`
}

// BrowserInfo is a browser that the account knows.
type BrowserInfo struct {
	ID           string
	Current      bool
	Agent        string
	FirstAt      time.Time
	SeenAt       time.Time
	TrustedUntil time.Time
	Cookie       string // from TrustBrowser alone: the value that the browser's own cookie has from now on
}

// CodesInfo is a fresh set of recovery codes, shown once. Sealed carries them
// to the download for five minutes, so that nothing is stored.
type CodesInfo struct {
	Codes       []string
	MadeAt      time.Time
	MaskedEmail ident.Masked `json:"who"`
	Sealed      string
	Token       string // set if the session was raised
}

// HistoryInfo is one page of the account's history, newest first.
type HistoryInfo struct {
	Events []EventInfo
	Next   string // "" at the end
}

// EventInfo is one audited act as its owner sees it.
type EventInfo struct {
	At      time.Time
	Action  Action
	Outcome Code // "" if it was done
	Kind    Kind
	Flavour Flavour   // Passkey for one
	Channel Channel   // that a code was sent by, where one was
	Due     time.Time // what was asked for waits until then
	Item    string    // the name that the method it was about had then
	ItemID  string    // the id of that method, session or browser
	Agent   string
	IP      string
	Times   int // how many refusals it stands for, within about a minute; else 1
}
