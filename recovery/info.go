package recovery

import (
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// CaseInfo is a case as its applicant sees it.
type CaseInfo struct {
	State     State
	Lost      []Thing
	NewEmail  ident.Masked // the address that the account moves to; "" is its own
	TakesOver bool         // the account is to be the applicant's, who has taken it over
	OpenedAt  time.Time    `json:",omitzero"`
	Clock     ClockInfo
	Wants     []Want // what is asked for at present
	Steps     []StepInfo
	Reason    Reason    `json:",omitempty"` // of the refusal
	MayAppeal bool      // once
	Due       time.Time `json:",omitzero"` // when the second step ends
	Until     time.Time `json:",omitzero"` // when the case is over if nothing is done
	Payout    time.Time `json:",omitzero"` // from when payouts are approved again, once it is done
	Reviewed  bool      // reviewers look at cases here
	Vouching  Vouching  // whether colleagues may help
	Words     int       // of colleagues that stand

	Pictures []PictureInfo // that he has shown
	Drafts   []DraftInfo   // PDFs that are being prepared, and those that became no pictures
	PDF      bool          // PDFs are taken
	MayShow  bool          // he may add and take away pictures
	Left     int           // how many more
	ShredAt  time.Time     `json:",omitzero"` // when they are destroyed; zero before the decision
	Shredded time.Time     `json:",omitzero"` // when they were
}

// ClockInfo is the reviewers' clock.
type ClockInfo struct {
	Hours  int       // they have
	Used   int       // minutes of it
	Due    time.Time `json:",omitzero"` // when they should have decided; zero while the clock pauses
	Paused bool
}

// StepInfo is one thing that was said in a case.
type StepInfo struct {
	At    time.Time
	Own   bool // by the applicant
	Text  string
	Wants []Want
}

// OwnCase is a case as the account's owner sees it who is signed in.
type OwnCase struct {
	ID       string
	State    State
	Lost     []Thing
	NewEmail ident.Masked
	OpenedAt time.Time
	Due      time.Time `json:",omitzero"`
	Objected bool      // it waits longer already

	TakesOver bool // the account is to be the applicant's, who says that he has taken it over
}

// StopInfo is what an owner's word has done to a case.
type StopInfo struct {
	Stopped bool // it is over
	Lost    []Thing
}

func (s *Service) info(w *auth.Work, x *record) (*CaseInfo, error) {
	now := w.Now()
	info := &CaseInfo{State: x.told(), Lost: x.Lost, NewEmail: x.Email.Mask(), OpenedAt: x.OpenAt, Wants: x.wants(),
		Steps: []StepInfo{}, Due: x.Due, Until: x.until(), Reviewed: s.config.Cases, TakesOver: x.Takes}
	info.Clock = s.clockInfo(x, now)
	for i := range x.Steps {
		p := &x.Steps[i]
		info.Steps = append(info.Steps, StepInfo{At: p.At, Own: p.By == "", Text: p.Text, Wants: append([]Want{}, p.Wants...)})
	}
	if x.State == Done {
		info.Payout = x.MovedAt.Add(s.coolOff(x))
	}
	if info.State == Refused {
		info.Reason, info.MayAppeal = x.Reason, x.mayAppeal()
	}
	s.describePictures(x, info)
	return info, s.describeWords(w, x, info)
}

// clockInfo is the reviewers' clock of a case.
func (s *Service) clockInfo(x *record, now time.Time) ClockInfo {
	k := ClockInfo{Hours: int(s.config.Target / time.Hour), Used: int(x.Clock.used(now) / time.Minute),
		Paused: x.Clock.Since.IsZero()}
	if !k.Paused {
		k.Due = x.Clock.Since.Add(s.config.Target - x.Clock.Ran)
	}
	return k
}

// told is the state as the applicant is told it.
func (x *record) told() State {
	if x.State == Stopped || x.State == Refused && x.Reason == NoAccount {
		return Closed
	}
	return x.State
}

func (x *record) mayAppeal() bool {
	return x.State == Refused && !x.Appealed && x.Reason != MailboxUsed
}

func (x *record) ownInfo() OwnCase {
	return OwnCase{ID: x.ID, State: x.State, Lost: x.Lost, NewEmail: x.Email.Mask(), OpenedAt: x.OpenAt, Due: x.Due,
		Objected: !x.ObjectedAt.IsZero(), TakesOver: x.Takes}
}

// A Reviewer is a member of the staff who decides, as the desk knows him.
type Reviewer struct {
	ID       string           // his name in the trail
	Name     string           // as it stands across the pictures that he looks at
	Accounts []auth.AccountID // his own, and those that he looks after: he decides none of their cases
}

// A CaseFile is a case as reviewers see it.
type CaseFile struct {
	CaseInfo
	ID         string
	Account    auth.AccountID // "" : nobody has such an account
	Name       string         // with TakesOver: the applicant's
	Approvals  int
	Needed     int
	ObjectedAt time.Time // by the owner, with what does not stop it
	Appealed   bool
	Notes      []NoteInfo // of reviewers for each other, the oldest first
	Checked    []Check    // by whom it is shown to, of all that was said
}
