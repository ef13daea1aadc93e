package assets

import "time"

// A Desk is what pages of the staff share beside the Frame.
type Desk struct {
	Role  string // text "role.desk.<Role>"; "" nobody is signed in
	Links []DeskLink
}

// A DeskLink is one entry of the staff's navigation.
type DeskLink struct {
	Path, Text string // Text is the key of its name
	Here       bool
}

// DeskSignIn is /desk/sign-in. It posts email.
type DeskSignIn struct {
	Frame
	Email string
}

// DeskKey is a page that asks for a key: /desk/sign-in/key, and /desk/touch, which posts next as well.
type DeskKey struct {
	Frame
	Action string // it posts to
	Key    *KeyPrompt
	Email  string
	Next   string
	Touch  bool
}

// DeskJoin is /desk/join/{link}.
type DeskJoin struct {
	Frame
	Link, Name, Email, Role string
	Again                   bool // keys begin anew
	Key                     *KeyPrompt
}

// DeskKeys is /desk/keys: one's own keys, and one more.
type DeskKeys struct {
	Frame
	Keys  []Method
	Ready bool       // there are enough of them
	Key   *KeyPrompt // nil: a fresh touch comes first

	Removable []bool        // of each key: there would be enough without it
	Sessions  []DeskSession // the latest first
}

// A DeskSession is a browser in which the reader is signed in.
type DeskSession struct {
	ID, Browser string
	Seen        time.Time
	Own         bool // this one
}

// DeskFind is /desk/accounts. It posts identifier.
type DeskFind struct {
	Frame
	Identifier string
}

// DeskAccount is /desk/accounts/{id}: how an account stands, and nothing that opens it. The forms post to …/reset
// (email) and …/sessions.
type DeskAccount struct {
	Frame
	ID, Name, UserName, Email, Phone string // the latter two masked
	Made, Enrolled, Password         time.Time
	Frozen, Paused, CoolsOff, Closes time.Time // zero: nothing of the kind
	KeysOnly                         time.Time // since when security keys alone open it
	Sessions                         int
	Methods                          []Method
	Typed                            string
	MayEnd, Dormant, MayUnlock       bool
	Held, PasswordDue                bool // by a response
}

// DeskUnlock is /desk/accounts/{id}/unlock. It posts email and "sure-<Name>".
type DeskUnlock struct {
	Frame
	ID, Email string
	Checks    []DeskTick // texts "desk-sure.<Name>"
}

// DeskTicket is /desk/tickets, which posts ticket, and with a Ticket /desk/tickets/{ticket}.
type DeskTicket struct {
	Frame
	Typed               string
	Ticket, Browser     string
	Version             int
	Old                 bool      // the browser is
	Made, Until, Looked time.Time // Looked is the last time before; zero: never
	Looks               int
	Ahead               int    // seconds that its clock is ahead of ours
	Account, Email      string // masked; "" for nobody's
	Checks              []DeskFinding
}

// DeskTokens is /desk/tokens, which posts serial; with Found, the tokens of one number.
type DeskTokens struct {
	Frame
	Typed               string
	Found               []DeskToken
	MayCount, MayImport bool
}

// DeskImport is /desk/tokens/import, which posts file, box, maker, secrets (""|hex|base32), key, passphrase and do
// (check|import).
type DeskImport struct {
	Frame
	Box, Maker, Secrets string
	MegaBytes, Most     int           // of a file, and tokens in it, at most
	Done                *DeskImported // nil: no file came yet
}

// DeskImported is what became of a file, or of what would become of it.
type DeskImported struct {
	Dry            bool   // nothing was stored
	Broken         string // why nothing of it was taken, a key of "stock-why"; "" is no such reason
	BrokenLine     int
	New, Here, Not int         // tokens
	Faults         []DeskFault // of those that are not taken, the first
}

// More is how many are not taken besides those that are named.
func (d *DeskImported) More() int { return d.Not - len(d.Faults) }

// A DeskFault is a token that is not taken.
type DeskFault struct {
	Line        int
	Serial, Why string
}

// A DeskToken is a hardware token as the staff see it.
type DeskToken struct {
	Key, Maker, Serial, Model string
	Kind                      string // "hotp" or "totp"
	Digits, Period            int
	Until, Taken, Moved       time.Time
	Box, Note                 string
	State                     string // text "desk-token.<State>"
	Owner                     string // an account's id; "" nobody's
}

// DeskTokenPage is /desk/tokens/{token}. The forms post to …/give (identifier), …/note (note), …/lost, …/found, and
// …/retire, which asks first.
type DeskTokenPage struct {
	Frame
	DeskToken
	Identifier, TypedNote                  string
	SeesAccounts                           bool
	MayGive, MayLose, MayRegain, MayRetire bool
}

// DeskStock is /desk/tokens/stock.
type DeskStock struct {
	Frame
	Few, Years        int // what is few in a box, and old for a battery
	All               []DeskCount
	Low, Worn, Models []DeskGroup
}

// DeskRecalls is /desk/recalls: the recalled models of keys.
type DeskRecalls struct {
	Frame
	Models  []DeskRecall
	MayPush bool // at /desk/recalls/{model}/push
}

// A DeskRecall is how far the owners of keys of one model have come. Its status is in texts recall.<Status>.
type DeskRecall struct {
	ID, Name, Status string
	Since, Due       time.Time
	Keys, Accounts   int       // that were ever found
	Counted          time.Time // when what follows was; zero: not yet
	Gone, Left       int       // keys that were removed, and that are there
	Claimed          int       // of those that are there, have only said that they are of the model
	Replaced         int       // accounts that have one still, and something as strong since
	Waiting          int       // and accounts that have nothing else since
	Pushed, Rests    time.Time // zero: never; it may be pushed
}

// A DeskGroup is the tokens of one model or box; "" is that of those without.
type DeskGroup struct {
	Name   string
	Counts []DeskCount
}

// A DeskCount is how many tokens are in a state: text "desk-token.<State>".
type DeskCount struct {
	State string
	N     int
}

// A DeskFinding is what a browser found out: text "check.<Name>" and "check.<Name>.yes" or ".no".
type DeskFinding struct{ Name, Is string }

// DeskNotMes is /desk/not-me, the oldest first.
type DeskNotMes struct {
	Frame
	List []DeskNotMe
}

// A DeskNotMe is what somebody's "this was not me" has opened, as those who help read it.
type DeskNotMe struct {
	NotMeCase
	Account, Email string // masked
}

// DeskNotMePage is /desk/not-me/{report}; its form posts outcome and note to …/close.
type DeskNotMePage struct {
	Frame
	DeskNotMe
	Notes    []DeskNote
	Outcomes []string // the texts "desk-not-me.outcome.<…>"
	Chosen   string
	Note     string
}

// DeskCases is /desk/recovery, the most urgent first.
type DeskCases struct {
	Frame
	Cases         []DeskCaseLine
	Page, Pages   int // ?page=
	Sooner, Later int // the pages beside it; 0: there is none
	Waiting, Late int // of all pages
}

// A DeskCaseLine is one case of the queue.
type DeskCaseLine struct {
	ID, Number, State string
	At                time.Time
	Clock             CaseClock
	Approvals, Needed int
	Other             bool // somebody else must review it
	Notes             int
	Checked, Checks   int      // by who looks, and how many there are to be
	Wants             []string // what was asked for, where it waits for that
	Takes             bool     // the account is to be the applicant's
}

// DeskCase is /desk/recovery/{case}. The forms post to …/note ("check-<Check>", note), …/more (text, "want-<Want>"),
// …/approve, and …/refuse asks for the reason.
type DeskCase struct {
	Frame
	ID, Number, State, Email string // the new address, masked; "" for the account's own
	At                       time.Time
	Lost                     []string
	Clock                    CaseClock
	Said                     []Said
	Approvals, Needed        int
	Objected                 time.Time // by the owner
	Appealed, Nobody         bool
	Takes                    bool // the account is to be the applicant's, in that Name
	Name                     string
	Wants, Checks            []DeskTick
	Notes                    []DeskNote
	MayApprove               bool // all is checked
	Typed, Note              string
	Pictures                 []ShownPicture // each is at …/pictures/<ID>
	Shredded                 time.Time      // they were destroyed
}

// A DeskTick is a box to tick.
type DeskTick struct {
	Name string // text "want.<Name>" or "desk-check.<Name>"
	On   bool
}

// A DeskNote is what a reviewer wrote down, or what he has checked.
type DeskNote struct {
	At     time.Time
	Own    bool
	Text   string
	Checks []string // where Text is ""
	Stands bool     // the applicant has said nothing since
}

// DeskResponses is /desk/responses, the newest first.
type DeskResponses struct {
	Frame
	List []DeskResponseLine
}

// A DeskResponseLine is one act on many accounts.
type DeskResponseLine struct {
	ID, Number, Stage, Why, By string   // text "desk-stage.<Stage>"
	Does                       []string // texts "desk-does.<Does>"
	At                         time.Time
	Count, Reached, Lifted     int
}

// DeskRespond begins one: /desk/responses/list, which posts list, file and since, or /desk/responses/search, which
// posts network, from and to; both post why, freeze and password.
type DeskRespond struct {
	Frame
	Search                              bool
	Why, List, Since, Network, From, To string
	Freeze, Password                    bool
}

// DeskResponse is /desk/responses/{id}. Its buttons post to …/propose, …/withdraw, …/agree, …/undo and …/agree-undo.
type DeskResponse struct {
	Frame
	DeskResponseLine
	Since, From, To                time.Time
	Network                        string // "" of a list
	Read, Cut                      int    // accounts; of how many not all
	Full                           bool
	Unknown                        []string
	Unknowns                       int
	Unread                         []DeskUnread // the first lines that name no account
	Unreads                        int
	Left                           []DeskLeft
	Most, Today                    int
	Accounts                       []DeskReached
	More                           int // that are not shown
	Proposed, Agreed, Undo, Undone string
	MayAgree, MayUndo              bool
}

// A DeskUnread is a line that could not be read, of the file or of what was typed.
type DeskUnread struct {
	File bool
	Line int
	Text string
}

// DeskLeft is how many accounts were left out for a reason: text "desk-left.<Why>".
type DeskLeft struct {
	Why string
	N   int
}

// DeskReached is one account of a response.
type DeskReached struct {
	Email   string
	Reached bool
}

// DeskTrail is /desk/audit, which posts of, or account, from and to to /desk/audit/export; and /desk/audit/{id}.
type DeskTrail struct {
	Frame
	Of, ID string
	Found  bool
	Events []DeskEvent
	Next   uint64 // ?before=

	Account, From, To string // what is to be taken out, as it was typed
}

// A DeskEvent is one act of the trail.
type DeskEvent struct {
	At                        time.Time
	What, Refused, Who, About string
	Times                     int
}

// DeskStaff is /desk/staff. The form posts email, name and role to /desk/staff/invite.
type DeskStaff struct {
	Frame
	People            []DeskPerson
	Roles             []string
	Email, Name, Role string
}

// A DeskPerson is one of the staff.
type DeskPerson struct {
	ID, Name, Email, Role string
	Keys                  int
	Joined, Suspended     time.Time
	AskedBy               string // who has asked for new keys for him
	MayGrant              bool
	Accounts              int
}

// DeskPersonPage is /desk/staff/{id}. The forms post to …/role, …/suspend (out), …/ask-keys, …/new-keys, …/assign
// (identifier, on).
type DeskPersonPage struct {
	Frame
	DeskPerson
	Roles      []string
	Own        bool
	Identifier string
}

// DeskAsk asks first: the button posts to Action.
type DeskAsk struct {
	Frame
	What         string // texts "<What>.title", ".lead" and ".do"
	Action, Back string
	Field        string // posted as "yes"
	Reasons      []string
	Reason       string
}
