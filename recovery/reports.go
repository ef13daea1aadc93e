package recovery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what becomes of "this was not me" once it is said. What his word does to the account auth does; here it
// opens a report, with what happened filled in, that those who help read and close.
//
//	Undo ──auth.NotMe──► open ──CloseReport, by support or a reviewer──► closed ──90 days──► (gone)
//	                      ▲ └── the next press of the same account: one line more, and never another report
//
// Who has a notice's link reads there what his word has made of it, as long as the report is kept: the link is worth
// its mailbox, and the notice said as much. A report decides nothing and opens nothing; what it asks for, such as ending
// sessions again or a case, is done where that is done.

// An Outcome is what came of a report.
type Outcome string

// What may come of one.
const (
	OutcomeSafe     Outcome = "safe"     // its owner was reached, and has his account
	OutcomeOwn      Outcome = "own"      // it had been the owner himself, or somebody whom he let
	OutcomeGoesOn   Outcome = "goes-on"  // a recovery case or a response goes on from here
	OutcomeNotFound Outcome = "no-reply" // nobody could be reached
)

// Outcomes are all of them, as they are offered.
func Outcomes() []Outcome { return []Outcome{OutcomeSafe, OutcomeOwn, OutcomeGoesOn, OutcomeNotFound} }

const (
	maxHappened = 20 // lines of one report: of what is beyond only the number is kept
	maxReports  = 1000
)

// A happened is one line of a report.
type happened struct {
	Said time.Time  `json:"sa"`
	What auth.NotMe `json:"w"`
}

// A report is what somebody's "this was not me" has opened, as it is stored.
type report struct {
	ID       string         `json:"id"`
	Account  auth.AccountID `json:"a"`
	OpenAt   time.Time      `json:"ot"`
	Lines    []happened     `json:"l"`
	More     int            `json:"m,omitempty"`  // lines that had no room
	Links    []string       `json:"li,omitempty"` // their names: whoever has one reads the report
	Notes    []note         `json:"no,omitempty"`
	ClosedAt time.Time      `json:"ct,omitzero"`
	ClosedBy string         `json:"cb,omitempty"`
	Outcome  Outcome        `json:"oc,omitempty"`
	Handed   bool           `json:"h,omitempty"` // the account has got another owner since
}

func (x *report) links() []string { return x.Links }

// owners is whose report it is: of an account that was handed over nobody's.
func (x *report) owners() []string {
	if x.Handed {
		return nil
	}
	return []string{string(x.Account)}
}

func (x *report) waits() []string {
	if x.ClosedAt.IsZero() {
		return []string{"yes"}
	}
	return nil
}

// said is when somebody last added to it.
func (x *report) said() time.Time { return x.Lines[len(x.Lines)-1].Said }

func reportOver(x *report, now time.Time) bool {
	last := x.said()
	if x.ClosedAt.After(last) {
		last = x.ClosedAt
	}
	return !now.Before(last.Add(keptLife))
}

// HappenedInfo is one line of a report: what was done, and what the owner's word has made of it.
type HappenedInfo struct {
	What    string // as auth.NotMe.What
	Kind    auth.Kind
	Flavour auth.Flavour
	Item    string
	At      time.Time
	Agent   string
	Place   string
	Became  auth.Became
	SaidAt  time.Time
}

// ReportInfo is a report as its owner reads it.
type ReportInfo struct {
	ID       string
	OpenedAt time.Time
	Happened []HappenedInfo
	More     int       // lines that are counted alone
	ClosedAt time.Time `json:",omitzero"`
	Outcome  Outcome   `json:",omitempty"`
}

// A ReportFile is a report as those who help read it.
type ReportFile struct {
	ReportInfo
	Account     auth.AccountID
	MaskedEmail string
	Notes       []NoteInfo
	By          string // who has closed it
}

func (x *report) info() ReportInfo {
	info := ReportInfo{ID: x.ID, OpenedAt: x.OpenAt, Happened: []HappenedInfo{}, More: x.More, ClosedAt: x.ClosedAt,
		Outcome: x.Outcome}
	for i := range x.Lines {
		l := &x.Lines[i]
		info.Happened = append(info.Happened, HappenedInfo{What: l.What.What, Kind: l.What.Kind,
			Flavour: l.What.Flavour,
			Item:    l.What.Item, At: l.What.At, Agent: l.What.Agent, Place: l.What.Place, Became: l.What.Became,
			SaidAt: l.Said})
	}
	return info
}

// reported writes down what somebody has said "this was not me" to: in the report that is open, or in a new one.
func (s *Service) reported(w *auth.Work, id auth.AccountID, said auth.NotMe) error {
	list, err := s.reportsOf(w, id)
	if err != nil {
		return err
	}
	number := w.Secret(forReport + said.Link)[:idSigns] // drawn from the link: the pass is another's, and may run again
	x := &report{ID: number, Account: id, OpenAt: w.Now()}
	if at := slices.IndexFunc(list, func(r *report) bool { return r.ClosedAt.IsZero() }); at >= 0 {
		x = list[at]
	}
	x.Links = append(x.Links, said.Link)
	if len(x.Lines) < maxHappened {
		x.Lines = append(x.Lines, happened{Said: w.Now(), What: said})
	} else {
		x.More++
		x.Links = x.Links[1:]
		x.Lines[maxHappened-1].Said = w.Now()
	}
	return s.reports.Put(w, x.ID, x)
}

// reportsOf are the reports of an account.
func (s *Service) reportsOf(w *auth.Work, id auth.AccountID) ([]*report, error) {
	ids, err := s.reports.Find(w, "account", string(id), maxReports)
	if err != nil {
		return nil, err
	}
	return s.readReports(w, ids)
}

// readReports are those of the ids that are kept.
func (s *Service) readReports(w *auth.Work, ids []string) ([]*report, error) {
	var list []*report
	for _, id := range ids {
		x, err := s.reports.Get(w, id)
		if errors.Is(err, auth.ErrNoRecord) || err == nil && reportOver(x, w.Now()) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// closeReports ends what is kept of an account that gets another owner: its former one reads nothing more.
func (s *Service) closeReports(w *auth.Work, id auth.AccountID) error {
	list, err := s.reportsOf(w, id)
	if err != nil {
		return err
	}
	for _, x := range list {
		x.Handed, x.Links = true, nil
		if err := s.reports.Put(w, x.ID, x); err != nil {
			return err
		}
	}
	return nil
}

// Reported is the report that the link of a notice has gone into. Looking changes nothing. Refuses LinkUsed for a link
// that has gone into none.
func (s *Service) Reported(ctx context.Context, c auth.Caller, link string) (*ReportInfo, error) {
	return auth.Do(ctx, s.door, c, ActLook, func(w *auth.Work) (*ReportInfo, error) {
		ids, err := s.reports.Find(w, "links", w.LinkName(link), 1)
		if err != nil {
			return nil, err
		}
		list, err := s.readReports(w, ids)
		if err != nil || len(list) == 0 {
			return nil, cmp.Or(err, error(auth.Refuse(auth.LinkUsed)))
		}
		info := list[0].info()
		return &info, nil
	})
}

// OwnReports are the reports of the caller's account, the newest first.
func (s *Service) OwnReports(ctx context.Context, c auth.Caller) ([]ReportInfo, error) {
	return auth.Do(ctx, s.door, c, ActOwn, func(w *auth.Work) ([]ReportInfo, error) {
		all, err := s.reportsOf(w, w.Account().ID)
		list := []ReportInfo{}
		for _, x := range all {
			list = append(list, x.info())
		}
		slices.SortFunc(list, func(a, b ReportInfo) int { return b.OpenedAt.Compare(a.OpenedAt) })
		return list, err
	})
}

// Reports are those that are open, the oldest first, without those of the reader's own contacts. Looking is in the
// trail.
func (s *Service) Reports(ctx context.Context, c auth.Caller, r Reviewer) ([]ReportFile, error) {
	return auth.Do(ctx, s.door, s.door.Staff(c, r.ID), ActReports, func(w *auth.Work) ([]ReportFile, error) {
		ids, err := s.reports.Find(w, "waits", "yes", maxReports)
		if err != nil {
			return nil, err
		}
		all, err := s.readReports(w, ids)
		if err != nil {
			return nil, err
		}
		list := []ReportFile{}
		for _, x := range all {
			if x.mayView(r) != nil {
				continue
			}
			f, err := x.file(w, r)
			if err != nil {
				return nil, err
			}
			list = append(list, *f)
		}
		slices.SortFunc(list, func(a, b ReportFile) int {
			return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.ID, b.ID))
		})
		return list, nil
	})
}

// mayView refuses Forbidden for a report of the reader's own, or of somebody whom he looks after.
func (x *report) mayView(r Reviewer) error {
	if r.ID == "" || slices.Contains(r.Accounts, x.Account) {
		return auth.Refuse(auth.Forbidden)
	}
	return nil
}

func (x *report) file(w *auth.Work, r Reviewer) (*ReportFile, error) {
	f := &ReportFile{ReportInfo: x.info(), Account: x.Account, Notes: []NoteInfo{}, By: x.ClosedBy}
	for _, n := range x.Notes {
		f.Notes = append(f.Notes, NoteInfo{At: n.At, Own: n.By == r.ID, By: n.By, Text: n.Text, Stands: true})
	}
	a, err := w.AccountOf(x.Account)
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	f.MaskedEmail = string(a.MaskedEmail)
	return f, nil
}

// helped is a report that somebody who helps may read. Refuses NotFound; Forbidden for his own.
func (s *Service) helped(w *auth.Work, r Reviewer, id string) (*report, error) {
	x, err := s.reports.Get(w, id)
	if errors.Is(err, auth.ErrNoRecord) || err == nil && reportOver(x, w.Now()) {
		return nil, auth.Refuse(auth.NotFound)
	}
	if err != nil {
		return nil, err
	}
	w.About(x.Account)
	w.Note(x.ID, "")
	return x, x.mayView(r)
}

// ViewReport shows a report to somebody who helps. Every look is in the trail. Refuses NotFound; Forbidden for one's
// own.
func (s *Service) ViewReport(ctx context.Context, c auth.Caller, r Reviewer, id string) (*ReportFile, error) {
	return auth.Do(ctx, s.door, s.door.Staff(c, r.ID), ActViewReport, func(w *auth.Work) (*ReportFile, error) {
		x, err := s.helped(w, r, id)
		if err != nil {
			return nil, err
		}
		return x.file(w, r)
	})
}

// CloseReport ends a report with what came of it, and a note, "" for none. It changes nothing of the account. Refuses
// NotFound, CaseMoved for one that is closed, Forbidden for one's own, MalformedRequest for what is no outcome,
// StoryTooLong.
func (s *Service) CloseReport(ctx context.Context, c auth.Caller, r Reviewer, id string, as Outcome,
	text string) (*ReportFile, error) {
	return auth.DoOnce(ctx, s.door, s.door.Staff(c, r.ID), ActCloseReport, func(w *auth.Work) (*ReportFile, error) {
		x, err := s.helped(w, r, id)
		if err != nil {
			return nil, err
		}
		if !x.ClosedAt.IsZero() {
			return nil, auth.Refuse(auth.CaseMoved)
		}
		if !slices.Contains(Outcomes(), as) {
			return nil, auth.RefuseField(auth.MalformedRequest, "outcome")
		}
		if x.Notes, err = withNote(x.Notes, w.Now(), r.ID, text); err != nil {
			return nil, err
		}
		x.ClosedAt, x.ClosedBy = w.Now(), r.ID
		x.Outcome = as
		w.Note(x.ID, string(as))
		if err := s.reports.Put(w, x.ID, x); err != nil {
			return nil, err
		}
		return x.file(w, r)
	})
}
