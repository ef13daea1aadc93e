package assets

import "time"

// Security is /security, the overview.
type Security struct {
	Frame
	Two         bool      // two-step verification is on
	Covered     bool      // losing any one thing still leaves a way in at once
	NeedsBackup bool      // R61: there is no backup on another device
	Methods     []Holder  // in policy's order
	Pending     []Pending // changes that wait and can be stopped
	Losses      []Loss    // the lock-out forecast
	Closes      time.Time // when the account is closed; zero: nobody has asked for it. The button posts nothing else to /security/close/keep
	Out         bool      // strangers have the password; the button posts nothing else to /security/password/mine
	Temporary   time.Time // when a temporary code stood in for the password; the button posts nothing else to /security/password/keep
	Password    time.Time // when it was changed; zero: not said
	UserName    string    // the account's own
	Email       string    // security e-mail; masked unless the second step is fresh
	Phone       string    // account phone, masked like it; "" for none
	PhoneProved bool      // a code sent to it came back: it signs in
	Question    time.Time // when the security question was set; zero: there is none
	Code        CodeState // of the security code
	Browsers    int       // trusted browsers
	TrustUntil  time.Time // the latest end of trust
	Sessions    int
	KeysOnly    bool       // security keys alone open the account
	Reminder    *Reminder  // one thing to do soon; nil: none
	TrustOn     bool       // policy allows trusted browsers
	Cases       []CaseLine // that want the second step switched off, and from which something may still come
	Asking      []Asking   // shops that ask for a security key, now or later, where there is none
	Invited     string     // the shop that invites the seller and that the account was made for; "" for none
	Offered     bool       // an account is handed over to him: this one was made for it
	OfferedBy   string     // its owner's name
}

// A Reminder says what is better mended while there is time: texts advice.<What>. It leads to Path, and its button posts
// nothing else to /security/reminders/{What}/put-off.
type Reminder struct {
	What, Path string
	Args       Args // n, name, day
}

// A Holder is one row of the overview: a method, or a stick with all that it holds.
type Holder struct {
	Method
	Holds []Way // for a stick that holds more than its touch: WayKey and, of WayApp, WayTouch and WayYubico, what it keeps; empty otherwise
}

// A Pending change waits for its time. It posts nothing but the button to /security/pending/{ID}/stop.
type Pending struct {
	ID   string
	What string // text change.<What>; with Told, pending.<What>
	Name string
	At   time.Time // when it will happen
	Code bool      // it is a sign-in by the security code: the button posts kind=security-code
	Told bool      // it is no removal: contact data that a shop moves, or a shop that gets another owner
}

// A Loss is one row of the forecast.
type Loss struct {
	What string   // "key", "phone", "mailbox", "pc", "paper", "number", "token", "passkey", "pair" or "all"
	Name string   // the device's or number's own name
	Both []Thing  // for "pair": the two that are kept together
	Goes []Method // what goes with it; empty with "all": every method
	Left []Method // what still gets the seller in
	Soon string   // "now", "later" (when something kept elsewhere is reached) or "documents"
	Ask  bool     // with "pair": it is not known where they are kept
}

// A Thing is one of two that are kept together: What and Name as in Loss.
type Thing struct{ What, Name string }

// Start is /security/start: "Get started". Choosing is by links, so nothing is posted.
type Start struct {
	Frame
	Must    bool     // the session can do nothing else until a method is set up
	Two     bool     // a second step exists already
	Backup  bool     // the first is there; now the backup (R61)
	Have    []Method // what exists already
	Number  string   // the account's number, masked, if it has yet to be proved
	Offer   []Offer  // what can be set up, in policy's order
	Asking  []Asking // nothing else opens before a security key is there, which these shops ask for
	CanSkip bool     // the backup may wait; goes on to Next
	Next    string   // path after skipping or finishing, without Config.Base; "" for /security
}

// An Offer is one method that can be set up.
type Offer struct {
	Way    Way    // WaySMS stands for text message and call
	Refuse string // "" offered, else why not: "have", "policy", "too-many"
}

// Keys is /security/keys: USB keys and passkeys, apart.
type Keys struct {
	Frame
	Keys     []Holder
	Passkeys []Holder
	CanAdd   bool
}

// KeyNew is /security/keys/new, with ?kind=passkey for a passkey of this phone or PC. It posts kind (key|passkey),
// name, place, ceremony and response to /security/keys/new.
type KeyNew struct {
	Frame
	Passkey bool
	Name    string // as typed; "" is proposed: "Key 3", or the browser for a passkey
	Number  int    // which key it will be; 0: nothing is proposed
	Browser string // "Chrome on Windows"
	Place   string
	Key     *KeyPrompt
	Step    int // 1 to 3 within enrolment; 0 shows no steps
	First   bool
	Backup  bool // it is to be the backup (R61): posted on as backup=1
}

// KeyView is /security/keys/{id}. It posts name and place to the same path.
type KeyView struct {
	Frame
	Holder
	Kept                  []Method // codes that live on it
	CanType               []Way    // codes that it may be given: those that it has not
	TypedName, TypedPlace string   // in the form: those that it has, or as typed
	Events                []Event  // its own history, newest first, at most ten
	Last                  bool     // it is the last strong method and cannot be removed
	Counts                *Counts  // of a key that is frozen, where they are known
	Recall                *Recall  // nil: its model is not recalled
}

// A Recall is what is known of a recalled model: texts recall.<Status>.
type Recall struct {
	Status  string // revoked, user-verification-bypass, attestation-key-compromise, user-key-remote-compromise …
	Claimed bool   // the key has only said that it is of the model
	Due     time.Time
}

// Counts are what a frozen key had counted to, and what it showed then.
type Counts struct {
	Had, Shown     int
	HadAt, ShownAt time.Time
}

// Unfreeze is /security/{keys|yubiotp}/{id}/unfreeze: it asks before what is frozen works again. It posts
// only the button.
type Unfreeze struct {
	Frame
	Method
	Counts *Counts // nil where they are not known
}

// KeyTest is /security/keys/{id}/test, the drill; with ID "" it is "touch it to see which one it is". It posts
// ceremony and response to the same path.
type KeyTest struct {
	Frame
	ID     string
	Name   string
	Key    *KeyPrompt
	Found  *Method // the key that answered; nil before
	Wanted bool    // Found is the one that was asked
}

// Remove is the confirmation page of any method: /security/{keys|app|token|phone|email|codes}/{id}/remove, or …/lost
// for a key that is lost. It posts only the button.
type Remove struct {
	Frame
	Method
	Lost  bool      // "I lost this key" instead of "remove": all that is on it goes
	Left  []Method  // what still gets the seller in
	Delay time.Time // set: it will stop only then, because the proof was weaker than what is removed
	Last  bool      // nothing would be left: the page explains and offers to add another first
}

// AppNew is /security/app/new. It posts ceremony, code, place (phone|new|pc|extension|key:ID) to the same path.
type AppNew struct {
	Frame
	Ceremony string
	URL      string // otpauth://…
	Secret   string // base 32, without blanks
	Account  string // as the app will show it
	Place    string // chosen before
	Keys     []Method
	Step     int
	Backup   bool // it is to be the backup (R61): posted on as backup=1
	Handset  bool // something lives on a phone already; another phone is offered
}

// TouchNew is /security/keys/{id}/touch-code/new: a key learns to type codes. It posts ceremony, code and second to the
// same path.
type TouchNew struct {
	Frame
	Key      Method
	Ceremony string
	URL      string // otpauth://…
	Secret   string // base 32, without blanks
	Hex      string // the same, as some programs want it
}

// YubicoNew is /security/keys/{id}/yubico-otp/new: a key learns to type a Yubico OTP. It posts ceremony, code and second
// to the same path, and for a file of the values only the button to …/file.
type YubicoNew struct {
	Frame
	Key       Method
	Ceremony  string
	PublicID  string // modhex; "" for a key that types none
	PrivateID string // this and Secret in hexadecimal; "" for a key that has them already
	Secret    string
}

// YubicoOwn is /security/keys/{id}/yubico-otp/own: the values of a key that has them already. It posts public-id,
// private-id and secret-key to the same path.
type YubicoOwn struct {
	Frame
	Key      Method
	PublicID string // as typed
}

// TokenNew is /security/token/new. It posts serial, code and second to the same path.
type TokenNew struct {
	Frame
	Serial string // as typed
	Step   int
	Backup bool // it is to be the backup (R61): posted on as backup=1
}

// MethodNew is the page on which a method without one of its own is set up, by typing a code of it. It posts ceremony,
// name and code to the same path. Its texts are <Way>-new.title and .lead, and those of its code.
type MethodNew struct {
	Frame
	Way      Way
	Ceremony string
	Name     string // as typed
	Step     int
	Backup   bool // it is to be the backup (R61): posted on as backup=1
}

// PhoneNew is /security/phone/new. Before a code is out it posts phone or own, and via (sms|call) to the same path;
// after, ceremony, code and place to the same path, and ceremony, via to /security/phone/new/send for another one.
type PhoneNew struct {
	Frame
	Help
	Phone     string // as typed
	Own       string // instead: the account's own number, masked, posted as own=yes
	Via       Way    // WaySMS or WayCall
	Sent      bool
	Step      int
	Backup    bool // it is to be the backup (R61): posted on as backup=1
	Countries Countries
	Handset   bool // something lives on a phone already; place=new says that this number is on another
	Other     bool // place=new was said
}

// EmailNew is /security/email/new, as PhoneNew with email instead of phone and via.
type EmailNew struct {
	Frame
	Help
	Email  string
	Sent   bool
	Step   int
	Backup bool // it is to be the backup (R61): posted on as backup=1
}

// MethodView is /security/{app|token|phone|email}/{id}. It posts name to the same path.
type MethodView struct {
	Frame
	Method
	TypedName string // in the form: that which it has, or as typed
	Events    []Event
	Last      bool
	Counts    *Counts // as KeyView
}

// Codes is /security/codes before any are made or when they are to be replaced. Making them posts the button to
// /security/codes.
type Codes struct {
	Frame
	Left, Total int // Total 0: none made yet
	Made        time.Time
	Step        int
}

// CodesShown is what /security/codes shows of a fresh set, for 5 minutes. Download posts sealed to
// /security/codes/file; done posts saved=yes to /security/codes/saved.
type CodesShown struct {
	Frame
	Codes    []string // as they are typed, such as "7KQ4-M2XD"
	Account  string   // masked, for the printed sheet
	Made     time.Time
	Replaced bool   // earlier codes stopped working
	Sealed   string // the codes, sealed for five minutes
	Step     int
}

// Password is /security/password, with ?by= for the way. It posts by, what proves the way (current, answer or
// security-code) and password to the same path; by e-mail only the button, to /security/password/mail.
type Password struct {
	Frame
	By       string   // "current", "email", "question" or "security-code"
	Ways     []string // the others
	UserName string   // for password managers
	Email    string   // that a link goes to
	Question string   // the account's own
	Changed  time.Time
	Rules    PasswordRules
}

// Icons are the drawings of the ways.
func (p *Password) Icons() map[string]string {
	return map[string]string{"current": "pass", "email": "mail", "question": "help", "security-code": "seal"}
}

// Question is /security/question. It posts question and answer to the same path.
type Question struct {
	Frame
	Now   string // "" for none
	Set   time.Time
	Typed string
}

// QuestionRemove is /security/question/remove: it asks first. It posts only the button.
type QuestionRemove struct{ Frame }

// A CodeState is how an account stands with its security code: "not-set", "set", "used" or "retired".
type CodeState struct {
	State              string
	Set, Used, Retired time.Time
}

// SecurityCode is /security/security-code. Making the code posts only the button to the same path; using it posts
// security-code to /security/security-code/use.
type SecurityCode struct {
	Frame
	Code  CodeState
	Hours int // after which it signs in with the password alone
}

// State is that of the code.
func (c *SecurityCode) State() string { return c.Code.State }

// SecurityCodeShown is what /security/security-code shows of a fresh code, for 5 minutes. Done posts saved=yes to
// /security/security-code/saved.
type SecurityCodeShown struct {
	Frame
	Secret  string // as it is typed, such as "7KQ4M-2XDR9-TB04W-HC3NV"
	Account string // masked, for the printed sheet
	Made    time.Time
}

// Contacts is /security/contact: what names the account at sign-in. It posts email to /security/contact/email and
// phone to /security/contact/phone.
type Contacts struct {
	Frame
	EmailNow, PhoneNow string // masked unless the second step is fresh; "" for none
	PhoneProved        bool   // a code sent to PhoneNow came back: it signs in
	ForPassword        bool   // changed first, and then the password: both forms post for=password
	Email, Phone       string // as typed
	Countries          Countries
}

// UserName is /security/name. It posts user-name to the same path.
type UserName struct {
	Frame
	Now   string
	Typed string
}

// Approved is /approve, once its text is approved.
type Approved struct {
	Frame
	Text  string
	Until time.Time
}

// PhoneRemove is /security/contact/phone/remove: it asks first. It posts remove=yes to /security/contact/phone.
type PhoneRemove struct {
	Frame
	PhoneNow string
}

// EmailConfirm is /security/contact/email/{link}. It posts nothing but the button, because mail scanners follow links.
type EmailConfirm struct {
	Frame
	Link string // "" with a problem: the link is no good
}

// Sessions is /security/sessions. It posts only the button to /security/sessions/{id}/end and to
// /security/sessions/end for all others.
type Sessions struct {
	Frame
	Sessions []Session // the current one first
}

// A Session is one place where the seller is signed in.
type Session struct {
	ID      string
	Browser string // "Chrome on Windows"; "" unknown
	Place   string // coarse, such as a country or an address range; "" not kept
	Since   time.Time
	Used    time.Time
	Way     Way // how its second step was done; "" none
	Kept    bool
	Current bool
}

// Browsers is /security/browsers. It posts only the button to /security/browsers/{id}/end and to
// /security/browsers/end for all.
type Browsers struct {
	Frame
	Browsers []Browser
	Days     int
}

// A Browser is one that is trusted to skip the second step.
type Browser struct {
	ID      string
	Browser string
	Since   time.Time
	Used    time.Time
	Until   time.Time
	Current bool
}

// History is /security/history and, with ?about=, that of one thing. /security/history/file/csv and …/lines are the same
// as files.
type History struct {
	Frame
	Events  []Event // newest first
	Older   string  // value of ?before= for the next page; "" when this is the last
	About   string  // the id of one thing; "": everything
	Methods []Method
	Shops   []ShopLine
	NotMes  int // cases that the owner has opened by "this was not me"
}

// NotMes is /security/not-me: the cases that the owner has opened by "this was not me", the newest first.
type NotMes struct {
	Frame
	Cases []NotMeCase
}

// CloseAccount is /security/close. It posts understood to the same path or, once it waits, nothing but the button to
// …/keep.
type CloseAccount struct {
	Frame
	Days   int       // that it waits
	Due    time.Time // when the account is closed; zero: nobody has asked for it
	PutOff bool      // something is in the way, and Due moves on until it is over
	Barred string    // the code of the problem that is in the way; "": it may be asked for
	Until  time.Time // of that problem
}

// KeysOnly is /security/keys-only. It posts understood to the same path, …/off posts nothing but the button, and the
// button of what waits posts kind=keys-only-off to /security/pending/{Change}/stop.
type KeysOnly struct {
	Frame
	Since  time.Time // zero: it is off
	Keys   int       // security keys that count
	Wanted int       // so many are needed before it can be switched on
	From   time.Time // when a key counts that does not yet; zero: none will
	Due    time.Time // when it ends; zero: that does not wait
	Change string    // what waits
	Hours  int       // that its end waits
	Off    bool      // …/off: it asks before it ends
}

// OwnData is /security/data. It posts the button to /security/data/file.
type OwnData struct{ Frame }

// An Event is one entry of the history. Its text is event.<What>; one that is not known reads "A change to the
// account's security".
type Event struct {
	At      time.Time
	What    string
	Else    string // the text where there is none of What
	Args    Args   // name, to, way …
	Browser string
	Place   string
	ID      string // of the audit entry, short; support can find it
	Times   int    // how often, if more than once: refusals within a minute or so are one entry
	Bad     bool   // a refusal or something to look at
}
