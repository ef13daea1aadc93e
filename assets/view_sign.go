package assets

import "time"

// SignUp is /sign-up. It posts email to /sign-up.
type SignUp struct {
	Frame
	Email string // as typed
}

// PasswordRules say which advice stands under a new password.
type PasswordRules struct {
	Min, Max int  // characters; Max 0: no ceiling worth naming
	Mixed    bool // capital, small letter, digit and sign are demanded
}

// SignUpSent is /sign-up/sent. It posts email to /sign-up.
type SignUpSent struct {
	Frame
	Email  string    // as typed
	Resend time.Time // when a new mail may be asked for; zero: now
}

// SignUpConfirm is /sign-up/confirm/{link}. It posts name, user-name, phone, password and terms=yes to the same path.
type SignUpConfirm struct {
	Frame
	Link                  string // the path's last part; "" with a problem: the link is no good
	Known                 bool   // with no link: the address has an account by now
	As                    string // with Known: who is signed in; "" for nobody
	Email                 string // the address that the link went to
	Name, UserName, Phone string // as typed; the password never comes back
	Countries             Countries
	Terms                 bool
	Rules                 PasswordRules
}

// SignIn is /sign-in. It posts identifier, password, remember=yes and shared=yes to /sign-in. With Key set it carries a
// conditional ceremony, posted as ceremony and response to /sign-in/key.
type SignIn struct {
	Frame
	Identifier string
	Remember   bool
	Shared     bool
	Key        *KeyPrompt // discoverable keys and passkeys in the browser's autofill; nil where policy forbids it
	Locked     bool       // password sign-in is locked here: key first is offered in large
	As, To     string     // who is signed in already, and where he goes on; "" for nobody
}

// SignInKey is /sign-in/key: the key before the password. Its three steps are
// identifier (posts identifier to /sign-in/key), key (posts ceremony and response to /sign-in/key) and
// password (posts ceremony, password and remember to /sign-in/key/password).
type SignInKey struct {
	Frame
	Step       string // "identifier", "key" or "password"
	Identifier string
	Key        *KeyPrompt // for the step "key"
	Ceremony   string     // for the step "password": the sealed proof of the key
	Remember   bool
	Shared     bool
}

// SignInMail is /sign-in/mail, which posts identifier to /sign-in/mail, and with Ceremony set /sign-in/mail/code, which
// posts ceremony and code to /sign-in/mail/code. It is the same for accounts that exist and that don't.
type SignInMail struct {
	Frame
	Identifier string
	Ceremony   string
}

// Verify is the second step: /sign-in/verify?with= and, with For set, /confirm?for=&with=.
// A code posts with, ceremony, code (and for) to the same path; a key posts with, ceremony and response. Asking for
// a code to be sent, first or again, posts with (sms, call or email), ceremony and id to /sign-in/send or
// /confirm/send.
type Verify struct {
	Frame
	Help
	For  string     // "" at sign-in, else the action, as in the texts "for.<For>" such as "add-key"
	Next string     // with For: where to go on, posted back as next
	Text string     // what is approved, in large type
	With Way        // the way shown now
	ID   string     // the authenticator chosen, posted back as id; "" for any of this way
	Key  *KeyPrompt // for WayKey and WayPasskey; nil: it cannot be asked now
	Keys []string   // names of the keys that will do, at most three are named
	Sent bool       // WaySMS, WayCall, WayEmail: a code is on its way. Otherwise the page offers to send one.
}

// Help is "Didn't receive the code?", at the foot of every code page and as a page of its own.
type Help struct {
	Ceremony string
	To       string    // masked number or address the code went to
	SentAt   time.Time // when
	Label    string    // mark of the newest message, such as "K7"
	Delivery string    // what is known: "", "queued", "accepted", "delivered", "failed" or "expired"
	Heard    time.Time // when Delivery became known
	Resend   time.Time // when a new code may be asked for; zero or past: now
	Texts    int       // texts left today; negative: not limited
	CanSend  bool      // a code of this way can be sent again
	CanCall  bool      // the same number can be called
	Others   []Method  // every other method that is set up, in policy's order
	Open     bool      // show it unfolded
}

// SignInHelp is /sign-in/help: Help as a page of its own.
type SignInHelp struct {
	Frame
	Help
	For  string
	With Way
	ID   string
}

// CodeSignIn is /sign-in/security-code: the security code where no second step is at hand. It posts security-code to
// the same path.
type CodeSignIn struct {
	Frame
	Hours int // that it waits
	Days  int // for which it counts then
	Undo  int // days for which it can be undone, and approves no payout
}

// TrustOffer is /sign-in/trust, offered once after a second step on one's own device. It posts trust=yes|no and next
// to /sign-in/trust.
type TrustOffer struct {
	Frame
	Days int
	Next string
}

// Forgot is /forgot. It posts identifier to /forgot.
type Forgot struct {
	Frame
	Identifier string
}

// ForgotCheck is /forgot/check, before anything is sent from a browser that the account does not know. It posts
// identifier, puzzle and signs, or identifier and work, to the same path. With Phone set it is /forgot/phone/check, and
// posts phone and region instead of identifier.
type ForgotCheck struct {
	Frame
	Identifier string
	Phone      string // as typed
	Region     string // that it was dialled in
	Puzzle     string // the sealed puzzle
	Picture    string // its picture's path, without Config.Base
	Work       string // JSON of the work that a script can do instead
}

// ForgotPhone is /forgot/phone. It posts phone and region to the same path.
type ForgotPhone struct {
	Frame
	Phone     string // as typed
	Countries Countries
}

// ForgotPhoneCode is /forgot/phone/code, the same for numbers that nobody has. It posts ceremony and code to the same
// path.
type ForgotPhoneCode struct {
	Frame
	Ceremony string
	Number   string // as typed
	Label    string // that the text carries; "" for a call
}

// ForgotName is /forgot/phone/name, behind the right code. It posts ceremony and user-name to the same path.
type ForgotName struct {
	Frame
	Ceremony string
	UserName string // as typed
}

// ForgotSent is /forgot/sent, the same for accounts that exist and that don't. It posts ceremony and code to the same
// path, and identifier to /forgot.
type ForgotSent struct {
	Frame
	Identifier string
	Ceremony   string // "" where nothing was asked for in this browser: there is no code to type
	Resend     time.Time
}

// ForgotPassword is /forgot/password/{link}, and with Ceremony set /forgot/choose. It posts password to the same path.
type ForgotPassword struct {
	Frame
	Link     string // "" with a problem, and without Ceremony: the link is no good
	Ceremony string
	UserName string // for password managers; may be ""
	Rules    PasswordRules
	// Temporary says that either may stand in for the password instead: a button posts it to the path with /sign-in.
	Temporary bool
}

// Message is a page that says one thing: done, sent, ended. Its texts are message.<Key>.title, .detail and .act.
type Message struct {
	Frame
	// "signed-out", "password-changed", "email-changed", "removal-stopped", "contact-stopped", "undone", "paused",
	// "introduced", "code-waits"
	Key  string
	Args Args
	Tone string // as in Notice
	Next string // path of the button, without Config.Base; "" for /sign-in
	Also string // path of a second one, with the text message.<Key>.also; "" for none
}

// Failure is the page of a refusal that has no form to return to: its first Problem in large.
type Failure struct {
	Frame
	Retry string // path to begin again, without Config.Base; "" for /sign-in or /security
}

// NoCookie is shown when the browser refused the cookie. It offers to load Retry again.
type NoCookie struct {
	Frame
	Retry string
}

// Undo is /undo/{link}: the veto of a change, reached from a notice. It posts only the button to the same path.
type Undo struct {
	Frame
	Link  string // "" with a problem: too late or used
	What  string // the change, as in the texts "change.<What>", such as "key-removed"
	Name  string // name of the item, where it has one
	At    time.Time
	Until time.Time
	Ahead bool // the change has not happened yet: it waits until Until, and this stops it
	Pause bool // it stays, and this pauses all changes
	Ends  bool // there is nothing to put back, such as of a sign-in: this ends all access
	Code  bool // with Ahead: it is a sign-in by the security code

	Contact bool // with Ahead: it is contact data that the shop Name moves
	Hands   bool // with Ahead: the shop Name is handed over
	Account bool // with Hands: the account itself
	Closes  bool // with Ahead: the account is closed

	KeysOnly bool // with Ahead: keys-only protection ends
}

// NotMe is /undo/{link} once its owner has pressed: what his word has made of what happened, and the case that it has
// opened.
type NotMe struct {
	Frame
	NotMeCase
}

// A NotMeCase is what "this was not me" has opened.
type NotMeCase struct {
	ID, Number string
	At         time.Time
	Lines      []NotMeLine
	More       int       // lines that are not listed
	Closed     time.Time // zero: it is open
	Outcome    string    // with Closed: the text "not-me.outcome.<Outcome>"
}

// A NotMeLine is one thing that was done and was not its owner's: what, when, in which browser, where from; and what
// has become of it, as in the texts "not-me.became.<Became>".
type NotMeLine struct {
	What, Name, Browser, Place, Became string
	At, Said                           time.Time
}

// Check is /help/check: why can't I get in? The script fills in what the browser can do; without it the page says
// what to look for.
type Check struct {
	Frame
	Cookies bool   // the cookie that the redirect to ?c=1 had set came back
	Tried   bool   // that redirect has been made
	Browser string // "Chrome on Windows", from the User-Agent; "" unknown
	Version int    // that it tells; 0: none
	Dated   bool   // that version is older than two years
	InApp   bool   // the page is open in the window of an app
}

// Ticket is /help/ticket/{ticket}: the number that support can look up.
type Ticket struct {
	Frame
	Number string
	Days   int // for which it is good
}

// Contact is /help/contact. With Can set it posts reply, topic and text to /help/contact.
type Contact struct {
	Frame
	Email string // support's address; "" for none
	Phone string // support's number
}

// BoughtHelp is /help/bought: for who has bought an account, or taken one over.
type BoughtHelp struct {
	Frame
	Cases bool // somebody reviews cases here
}

// PictureHelp is /help/pictures: which pictures of documents are taken, and how to make them.
type PictureHelp struct{ Frame }

// DevMessages is /dev/messages: the file sink as a page, for trying Latchkey on this machine.
type DevMessages struct {
	Frame
	Messages []DevMessage // newest first
}

// A DevMessage is one message that would have been sent.
type DevMessage struct {
	At      time.Time
	Channel string // "email", "sms" or "voice"
	To      string
	Subject string
	Text    string
	Links   []string // addresses in Text, to be clicked
}
