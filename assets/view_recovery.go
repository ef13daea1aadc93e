package assets

import "time"

// Recovery is /recovery: the ways that are open to somebody who has lost every second step, the fastest first.
type Recovery struct {
	Frame
	Cases         bool // somebody reviews cases here
	Vouching      bool // the word of a shop's people counts here
	Word          int  // hours from it on
	Hours         int  // within which reviewers decide
	Wait, WaitNew int  // hours from their approval on: with the account's own mailbox, and with a new address
	Removal       int  // hours that a removal waits
	Code          int  // hours that a sign-in by the security code waits
}

// RecoveryAsk is /recovery/ask. It posts identifier, new-email, "lost-<Name>" for each thing that is ticked, and what
// was made of the puzzle, to the same path.
type RecoveryAsk struct {
	Frame
	Identifier, Email string
	Things            []Tick
	Puzzle            string // the sealed puzzle
	Picture           string // its picture's path, without Config.Base
	Work              string // JSON of the work that a script can do instead
	Takes             bool   // it is /recovery/bought, for who has taken an account over: nothing is lost, and there is a name
	Name              string
}

// A Tick is a box to tick. Its text is "lost.<Name>".
type Tick struct {
	Name string
	On   bool
}

// RecoverySent is /recovery/sent.
type RecoverySent struct{ Frame }

// RecoveryCase is /recovery/case/{link}. The forms post to …/open, and to …/answer and …/appeal (text).
type RecoveryCase struct {
	Frame
	Link      string // "" with a problem: the link is no good
	State     string // texts "recovery-case.<State>.title" and ".lead"
	Email     string // the new address, masked; "" for the account's own
	Clock     CaseClock
	Said      []Said
	Reason    string // text "reason.<Reason>"
	MayAppeal bool
	Due       time.Time // when the second step ends
	Until     time.Time // when the case is dropped
	Payout    time.Time // when payouts are approved again, once it is done
	Typed     string
	Reviewed  bool   // somebody reviews cases here
	Vouching  string // text "recovery-word.<Vouching>"; "" for none
	Words     int    // of colleagues that stand
	Word      int    // hours from the last of them on
	Shown     ShownPictures
	Takes     bool // the account is to be the applicant's: texts "recovery-takes.<State>" where the case is decided
}

// ShownPictures are the pictures of documents of a case. The form of the page posts picture, a file, to …/pictures, and
// buttons of it post to …/pictures/<ID>, which takes one away, and to …/look: what is written beside them goes along.
type ShownPictures struct {
	Pictures []ShownPicture
	Drafts   []ShownDraft
	PDF      bool // PDFs are taken
	May      bool // they may be added and taken away
	Wanted   bool // reviewers have asked for one
	Left     int  // how many more
	Most     int
	Days     int       // after the decision they are destroyed
	Shred    time.Time // that day, once it is decided
	Shredded time.Time // they were
}

// A ShownPicture is one of them.
type ShownPicture struct {
	ID     string
	Number int // 1 is the first
	At     time.Time
	Sent   bool // to the reviewers
}

// A ShownDraft is a PDF that became no pictures yet.
type ShownDraft struct {
	ID  string
	At  time.Time
	Why string // text "pdf.<Why>": it never will; "": its pages are being prepared
}

// RecoveryWithdraw is /recovery/case/{link}/withdraw: it asks first, and posts the button to the same path.
type RecoveryWithdraw struct {
	Frame
	Link string
}

// A CaseClock is the reviewers' clock.
type CaseClock struct {
	Hours       int // they have
	Used, Above int // hours of it that are used, and minutes above
	Due         time.Time
	Paused      bool
}

// Said is one thing that was said in a case.
type Said struct {
	At   time.Time
	Own  bool // by the applicant
	Text string
	Want []string // texts "want.<Want>"
}

// RecoveryStop is /recovery/stop/{link}, of the owner's notice. It posts the button to the same path.
type RecoveryStop struct {
	Frame
	Link string // "" with a problem: the link is no good
	CaseLine
}

// RecoveryOwn is /security/recovery/{case}: the owner, signed in, stops a case. It posts the button to the same path.
type RecoveryOwn struct {
	Frame
	CaseLine
}

// A CaseLine is a case as the account's owner sees it.
type CaseLine struct {
	ID    string
	At    time.Time // it was opened
	Email string    // the new address, masked; "" for the account's own
	Due   time.Time // when the second step ends
	Waits bool      // it waits longer already
	Lost  []string  // texts "lost.<Lost>"
	Takes bool      // the account is to be the applicant's
}

// Vouch is /security/vouch/{case}: what somebody vouches for. It posts spoke to the same path, and the button that
// takes the word back to …/back.
type Vouch struct {
	Frame
	CaseLine
	Name    string // the colleague's
	Mailbox string // his account's, masked
	Given   bool   // the seller has vouched
	More    bool   // somebody else's word is needed as well
	Wait    int    // hours from the last word on
}

// A WordAsked is a colleague's case on the page of a shop.
type WordAsked struct {
	Case, Name string
	At         time.Time
	Given      bool // the seller has vouched
}
