package recovery

import (
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// A State is how far a case has come.
type State string

// The states.
const (
	Asked     State = "asked"    // mailed, and nobody has opened it
	Open      State = "open"     // waits for what the applicant has to say
	Review    State = "review"   // waits for reviewers: the clock runs
	More      State = "more"     // waits for more from the applicant
	Approved  State = "approved" // waits for its time
	Done      State = "done"     // the second step is off
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
	Stopped   State = "stopped" // by the owner; the applicant is told that it is Closed
	Closed    State = "closed"  // told only: by the owner, or there is no such account
)

// isLive reports whether something may still come of a case.
func (s State) isLive() bool { return slices.Contains([]State{Open, Review, More, Approved}, s) }

// A Thing is what an applicant says that he has lost, or that was stolen.
type Thing string

// The things.
const (
	Key      Thing = "key"
	Passkey  Thing = "passkey"
	Phone    Thing = "phone"
	Computer Thing = "pc"
	Mailbox  Thing = "mailbox"
	Paper    Thing = "paper" // with recovery codes
	Code     Thing = "code"  // the security code
)

// Things are all of them, as they are asked for.
func Things() []Thing { return []Thing{Phone, Key, Passkey, Computer, Mailbox, Paper, Code} }

// thingOf is the thing that falls with a method.
func thingOf(m auth.Shown) Thing {
	switch {
	case m.Kind == auth.Lookup:
		return Paper
	case m.Kind == auth.Email:
		return Mailbox
	case m.Kind == auth.Phone:
		return Phone
	case m.Flavour == auth.Passkey:
		return Passkey
	case m.On == auth.Handset:
		return Phone
	case m.On == auth.Computer, m.On == auth.Extension:
		return Computer
	}
	return Key
}

// A Want is something that reviewers ask for.
type Want string

// What they may ask for.
const (
	WantDocument Want = "document" // a better picture of an identity document
	WantShop     Want = "shop"     // something that only who runs the shop has
	WantAnswer   Want = "answer"   // to a question
)

// Wants are all of them.
func Wants() []Want { return []Want{WantDocument, WantShop, WantAnswer} }

// A Reason is why a case was refused.
type Reason string

// The reasons.
const (
	NotProved   Reason = "not-proved"   // what was shown does not prove who it is
	NoMatch     Reason = "no-match"     // it is not of the account's owner
	NotReadable Reason = "not-readable" // it cannot be read
	NoAccount   Reason = "no-account"   // told as Closed
	MailboxUsed Reason = "mailbox-used" // another account has the new address by now
)

// Reasons are those that a reviewer may give.
func Reasons() []Reason { return []Reason{NotProved, NoMatch, NotReadable, NoAccount} }

// A step is one thing that was said in a case.
type step struct {
	At    time.Time `json:"t"`
	By    string    `json:"by,omitempty"` // the reviewer; "" is the applicant
	Text  string    `json:"x,omitempty"`
	Wants []Want    `json:"w,omitempty"`
}

// A vote is a reviewer's for a case.
type vote = auth.Word

// A clock runs while reviewers have a case.
type clock struct {
	Ran   time.Duration `json:"r,omitempty"` // before Since
	Since time.Time     `json:"s,omitzero"`  // when it last began to run; zero: it pauses
}

func (k clock) used(now time.Time) time.Duration {
	if k.Since.IsZero() {
		return k.Ran
	}
	return k.Ran + now.Sub(k.Since)
}

func (k *clock) run(now time.Time) {
	if k.Since.IsZero() {
		k.Since = now
	}
}

func (k *clock) pause(now time.Time) { *k = clock{Ran: k.used(now)} }

// A record is a case as it is stored.
type record struct {
	ID      string         `json:"id"`
	Account auth.AccountID `json:"a,omitempty"` // "" is nobody's
	State   State          `json:"s"`
	Email   ident.Email    `json:"e,omitempty"` // the new address; "" leaves the account its own
	Lost    []Thing        `json:"l"`
	Lang    string         `json:"la,omitempty"`
	Takes   bool           `json:"to,omitempty"` // he has taken the account over, and its former owner is not to be found
	Name    string         `json:"nm,omitempty"` // with Takes: his
	AskedAt time.Time      `json:"at"`
	OpenAt  time.Time      `json:"ot,omitzero"`
	MovedAt time.Time      `json:"mt"` // when it came to where it stands
	Clock   clock          `json:"c,omitzero"`
	Steps   []step         `json:"st,omitempty"`
	Votes   []vote         `json:"vo,omitempty"`
	Words   []word         `json:"wo,omitempty"`
	Ticks   []tick         `json:"tk,omitempty"`
	Notes   []note         `json:"no,omitempty"`
	By      []string       `json:"by,omitempty"` // who has refused it
	Reason  Reason         `json:"r,omitempty"`

	Appealed   bool      `json:"ap,omitempty"`
	ObjectedAt time.Time `json:"ob,omitzero"` // an owner's word that only makes it wait
	ApprovedAt time.Time `json:"av,omitzero"`
	ByWords    bool      `json:"bw,omitempty"` // it was approved by those of colleagues
	Due        time.Time `json:"d,omitzero"`   // the end of the second step

	Pictures   []picture `json:"pi,omitempty"`
	Drafts     []draft   `json:"dr,omitempty"` // PDFs that are to be drawn, and those that had no pages
	Drawn      int       `json:"dn,omitempty"` // how often one was begun
	Keyed      bool      `json:"k,omitempty"`  // there may be a key of its pictures
	ShreddedAt time.Time `json:"sh,omitzero"`  // its pictures were destroyed
	Gone       bool      `json:"g,omitempty"`  // the account was closed since
}

func (x *record) owners() []string { return []string{string(x.Account)} }

// isOver reports whether a case is to be forgotten.
func isOver(x *record, now time.Time) bool {
	until := x.until()
	return !until.IsZero() && !now.Before(until)
}

// until is when a case is over if nobody does anything, zero for one that waits for the house.
func (x *record) until() time.Time {
	switch x.State {
	case Asked:
		return x.AskedAt.Add(askedLife)
	case Open, More:
		return x.MovedAt.Add(idleLife)
	case Review, Approved:
		return time.Time{}
	}
	return x.MovedAt.Add(keptLife)
}

// isDue reports whether an approved case has waited long enough.
func isDue(x *record, now time.Time) bool { return x.State == Approved && !now.Before(x.Due) }

// move brings a case on; the clock runs in review alone.
func (x *record) move(to State, now time.Time) {
	x.State, x.MovedAt = to, now
	if to == Review {
		x.Clock.run(now)
	} else {
		x.Clock.pause(now)
	}
}

// A link's token is the case's id and a secret that the site makes of it.
const idSigns = 22

const (
	forApplicant = "case/"
	forOwner     = "object/"
	forReport    = "report/"
)

func (s *Service) linkTo(w *auth.Work, path, use, id string) string {
	return s.origin + path + id + w.Secret(use+id)
}

func (s *Service) caseLink(w *auth.Work, id string) string {
	return s.linkTo(w, "/recovery/case/", forApplicant, id)
}

func (s *Service) objectLink(w *auth.Work, id string) string {
	return s.linkTo(w, "/recovery/stop/", forOwner, id)
}

// open is the case that a link leads to. Refuses LinkUsed for one that is over or that was never issued: the answers
// are alike.
func (s *Service) open(w *auth.Work, use, token string) (*record, error) {
	if len(token) <= idSigns {
		return nil, auth.Refuse(auth.LinkUsed)
	}
	id, secret := token[:idSigns], token[idSigns:]
	if subtle.ConstantTimeCompare([]byte(secret), []byte(w.Secret(use+id))) == 0 {
		return nil, auth.Refuse(auth.LinkUsed)
	}
	x, err := s.cases.Get(w, id)
	if errors.Is(err, auth.ErrNoRecord) || err == nil && isOver(x, w.Now()) {
		return nil, auth.Refuse(auth.LinkUsed)
	}
	if err == nil && x.Account != "" {
		w.About(x.Account)
	}
	return x, err
}

// existing is the case with an id. Refuses NotFound.
func (s *Service) existing(w *auth.Work, id string) (*record, error) {
	x, err := s.cases.Get(w, id)
	if errors.Is(err, auth.ErrNoRecord) || err == nil && isOver(x, w.Now()) {
		return nil, auth.Refuse(auth.NotFound)
	}
	if err == nil && x.Account != "" {
		w.About(x.Account)
	}
	return x, err
}
