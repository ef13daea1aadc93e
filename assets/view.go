package assets

import (
	"io"
	"time"
)

// A Renderer writes pages. *Pages is the one implementation; server holds it by this name so that its own tests may
// look at the view it would have shown.
type Renderer interface {
	// Render writes the whole page of v in lang ("en" or "zh-CN", anything else is read as "en") to w. Nothing is
	// written when the template fails. v is a pointer to one of the view structs of this package.
	Render(w io.Writer, lang string, v View) error
}

// A View is what one page shows: a pointer to any struct of this package that embeds Frame. The template has the
// struct's name.
type View interface{ frame() *Frame }

// A Frame is what every page shares: who is here, what has just happened, what was refused.
type Frame struct {
	Path     string    // path and query of this page without Config.Base; the language button returns to it
	Now      time.Time // the service's clock; decides whether a time needs its date
	Who      string    // e-mail, phone or user name of the account; "" when nobody is known
	SignedIn bool      // Who is signed in, rather than signing in
	Enrolled bool      // false with SignedIn: the session may only enrol, so the navigation is left out
	Notice   *Notice   // what the last act did, after a 303
	Problems []Problem // what was refused; the form below shows each beside its Field
	Ticket   string    // support ticket number of a refusal; "" for none
	WeChat   bool      // the page is open in WeChat's own browser, which cannot speak to keys
	Old      bool      // the browser is too old for keys and for our script: a key's page says so (R73)
	Signals  *Signals  // what the browser's password manager should learn (WebAuthn Level 3 §5.1.10)
	Desk     *Desk     // the page is the staff's; nil: the sellers'
	Banner   string    // key of a text under "banner." shown above everything, such as "fresh-local"; "" for none
}

func (f *Frame) frame() *Frame { return f }

// A Notice is a calm sentence at the top of a page. Its text is done.<Key>.title and done.<Key>.detail.
type Notice struct {
	Key  string // such as "key-added"; see texts/en.json, keys beginning with "done."
	Args Args
	Tone string // "good" (also the zero value), "warn", "bad" or "info"
}

// A Problem is one refusal, shown as problem.<Code>.title and problem.<Code>.detail.
type Problem struct {
	Code  string // kebab case, as in package auth
	Args  Args   // values of the text's placeholders; sentences whose value is missing are left out
	Field string // the form field it belongs to (its name attribute); "" for the page as a whole
}

// Signals is what the page tells the browser through the Signal API. Ids and handles are base64url without padding.
type Signals struct {
	RPID     string
	UserID   string   // the account's WebAuthn user handle
	Unknown  string   // a credential id that nobody has here; "" sends nothing
	Accepted []string // every credential id of the account; nil sends nothing, empty says "none"
}

// A Way is one way to do the second step, in the order of policy. Its name stands in ?with= and in the keys of texts.
type Way string

// The ways that have pages of their own here; what pages show of any way is in its Row.
const (
	WayKey      Way = "key"      // USB security key by touch (FIDO2, U2F)
	WayPasskey  Way = "passkey"  // passkey of a phone or PC
	WayApp      Way = "app"      // authenticator app
	WayTouch    Way = "touch"    // code that a security key types
	WayYubico   Way = "yubiotp"  // letters that a security key types
	WayToken    Way = "token"    // hardware token that shows digits
	WaySMS      Way = "sms"      // code by text message
	WayCall     Way = "call"     // the same code read aloud
	WayEmail    Way = "email"    // code by e-mail
	WayRecovery Way = "recovery" // recovery code
)

// A Row is what pages know of one way, from the site's table of methods. This package imports nothing of ours: it is
// handed the rows, and has the same columns as they so that the compiler holds the two alike.
type Row struct {
	Way     string
	Stem    string // of the texts about what was done: "<Stem>-added" …
	Path    string // its settings stand at /security/<Path>/{id}
	New     string // where one is set up
	Onto    string // what joins a key: below the key's own page, where it is set up
	Icon    string
	Cut     bool   // each is drawn with a cut of its own instead
	Joined  bool   // all of an account are one row to choose
	Best    bool   // offered as the best
	Placed  bool   // its pages ask and say on which device it is
	Says    string // begins the short texts that carry its code
	Help    string // "clock", "count", "keyboard", "phone" or "mail": what may be wrong when its code does not come or fit
	Made    string // the texts "done.<Made>", "event.<Made>" and "change.<Made>" of its making
	Gone    string // the text "done.<Gone>" after it went; "" is "removed"
	Contact string
	Input   string // "touch", "short", "long" or "key": see package auth
	Channel string // "sms", "voice" or "email": by what its code is sent; "" sends none
	Set     bool   // recovery codes, and the like: used up, and listed as one
	Weak    bool   // offered as weaker
	Served  bool   // the site has it
}

// A Method is one second factor that is set up, or one way to use it.
type Method struct {
	ID     string // stable opaque id; part of the paths /security/keys/{id} and so on
	Way    Way    // for a phone in the overview: WaySMS
	Name   string // what the seller called it; "" shows the kind's own name
	Place  string // where it is kept or runs, the seller's words or a key "phone", "pc", "extension" or "key"
	Model  string // model name of a key by its AAGUID; "" unknown
	Make   Make   // of a key: what is proved of it
	Serial string // the number printed on a hardware token
	To     string // masked number or address
	Left   int    // recovery codes left
	Total  int    // recovery codes made

	Made     time.Time // when it was registered or made
	Used     time.Time // last use; zero: never
	First    bool      // it is the one asked first
	Weak     bool      // shows the tag "Weaker"
	Verified bool      // key: its PIN or fingerprint was used when it was registered
	Synced   bool      // passkey: it is kept in a cloud account
	State    string    // "" works, else "resting", "frozen", "disabled", "pending-removal"
	Until    time.Time // end of State, where it has one
}

// A Make is what a key has proved about itself when it was added. The zero value is nothing: its model is what it says.
type Make struct {
	Proved   bool
	Maker    string // "" not told
	Firmware string // "" not told
	Level    string // as "L1": how far the FIDO Alliance has certified the model; "" not at all
	Icon     string // path of a picture of the model; "" none
}

// Countries is the choice beside a telephone number: where it is dialled.
type Countries struct {
	List   []Country
	Chosen string // a code of List, "" for none yet
}

// A Country is one of them.
type Country struct {
	Code string // ISO 3166-1
	Name string // in the page's language, with its calling code
}

// A KeyPrompt is one WebAuthn ceremony as a page carries it. The page's form posts the fields "ceremony" (as given)
// and "response" (JSON of PublicKeyCredential.toJSON()) together with the form's own fields.
type KeyPrompt struct {
	Options  string // JSON of PublicKeyCredentialCreationOptions or …RequestOptions, without the "publicKey" around it
	Ceremony string // the sealed ceremony
	Auto     bool   // begin without a click, where the browser allows it
	Seconds  int    // the ceremony's timeout; 0 shows no countdown
	PIN      string // what will be asked: "none", "maybe" (if the key has one) or "required"
}

// Config is what all pages of one installation share.
type Config struct {
	Base    string         // path prefix, "" or "/accounts", without a slash at the end
	Site    string         // the site's name, as pages, mails and texts say it; "" is Latchkey
	Host    string         // host and port that the address line names
	Home    string         // where "your shop" is; "" is Base + "/security"
	Privacy string         // address of the privacy notice; "" hides the link
	Terms   string         // address of the terms; "" names them without a link
	Zone    *time.Location // zone in which times are written; nil goes by the language, see NewTexts
	Lab     bool           // every page says that it is a lab's
	Methods []Row          // the site's table of methods

	Signature string // the name that texts are signed with; "" is Site
	CodeLine  string // "@host #code" as a text's last line: fit (or ""): where it makes no second segment; always, never
}
