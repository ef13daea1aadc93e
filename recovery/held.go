package recovery

import (
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what a person takes away of the cases about his account. Who applies may be somebody else: what he says,
// and where he is written to, is the owner's to read only if it came by the account's own e-mail.

// A heldCase is a case about the account.
type heldCase struct {
	ID        string        `json:"id"`
	State     State         `json:"state"`
	AskedAt   time.Time     `json:"askedAt"`
	OpenedAt  time.Time     `json:"openedAt,omitzero"`
	MovedAt   time.Time     `json:"movedAt"`
	Lost      []Thing       `json:"lost"`
	Reason    Reason        `json:"reason,omitempty"`
	Approved  time.Time     `json:"approvedAt,omitzero"`
	Due       time.Time     `json:"due,omitzero"`
	TakesOver bool          `json:"takesOver"`
	Email     string        `json:"newEmail,omitempty"` // masked, unless it is the account's by now
	Others    bool          `json:"bySomebodyElse"`     // not by the account's e-mail: what was written is left out
	Name      string        `json:"name,omitempty"`
	Steps     []heldStep    `json:"steps,omitempty"`
	Pictures  []heldPicture `json:"pictures,omitempty"`
}

// A heldStep is one thing that was said.
type heldStep struct {
	At    time.Time `json:"at"`
	Own   bool      `json:"own"` // else by a reviewer
	Text  string    `json:"text,omitempty"`
	Wants []Want    `json:"wants,omitempty"`
}

// A heldPicture is a picture of a document. The picture itself is sealed away with a key of the case's own, for
// reviewers alone, and destroyed: it is not handed out.
type heldPicture struct {
	At          time.Time `json:"shownAt"`
	SentAt      time.Time `json:"sentAt,omitzero"`
	Kept        bool      `json:"kept"` // it has not been destroyed yet
	DestroyedAt time.Time `json:"destroyedAt,omitzero"`
}

// A heldReport is what he has said "this was not me" to.
type heldReport struct {
	ID       string         `json:"id"`
	OpenedAt time.Time      `json:"openedAt"`
	Happened []heldHappened `json:"happened"`
	ClosedAt time.Time      `json:"closedAt,omitzero"`
	Outcome  Outcome        `json:"outcome,omitempty"`
}

type heldHappened struct {
	What   string    `json:"what"`
	Item   string    `json:"item,omitempty"`
	At     time.Time `json:"at"`
	SaidAt time.Time `json:"saidAt"`
}

type held struct {
	Cases   []heldCase   `json:"cases"`
	Reports []heldReport `json:"reports"`
}

// heldOf is auth.Part.Held.
func (s *Service) heldOf(w *auth.Work, a auth.AccountID) (any, error) {
	account, err := w.AccountOf(a)
	if err != nil {
		return nil, err
	}
	list, err := s.casesOf(w, a)
	if err != nil {
		return nil, err
	}
	h := held{Cases: []heldCase{}, Reports: []heldReport{}}
	for _, x := range list {
		byCase := x.Takes && x.State == Done && !x.MovedAt.Before(account.HandedAt) // the account came to him by it
		if isOver(x, w.Now()) || x.AskedAt.Before(account.HandedAt) && !byCase {
			continue
		}
		c, err := s.heldCase(w, x)
		if err != nil {
			return nil, err
		}
		h.Cases = append(h.Cases, c)
	}
	h.Reports, err = s.heldReports(w, a)
	return h, err
}

func (s *Service) heldReports(w *auth.Work, a auth.AccountID) ([]heldReport, error) {
	list, err := s.reportsOf(w, a)
	if err != nil {
		return nil, err
	}
	all := []heldReport{}
	for _, x := range list {
		r := heldReport{ID: x.ID, OpenedAt: x.OpenAt, Happened: []heldHappened{}, ClosedAt: x.ClosedAt,
			Outcome: x.Outcome}
		for i := range x.Lines {
			l := &x.Lines[i]
			r.Happened = append(r.Happened, heldHappened{What: l.What.What, Item: l.What.Item, At: l.What.At,
				SaidAt: l.Said})
		}
		all = append(all, r)
	}
	return all, nil
}

func (s *Service) heldCase(w *auth.Work, x *record) (heldCase, error) {
	c := heldCase{ID: x.ID, State: x.State, AskedAt: x.AskedAt, OpenedAt: x.OpenAt, MovedAt: x.MovedAt, Lost: x.Lost,
		Reason: x.Reason, Approved: x.ApprovedAt, Due: x.Due, TakesOver: x.Takes}
	if x.Email != "" {
		own, err := w.HasEmail(x.Account, x.Email)
		if err != nil {
			return c, err
		}
		c.Email, c.Others = string(x.Email), !own
	}
	if c.Others {
		c.Email = string(x.Email.Mask())
		return c, nil
	}
	c.Name = x.Name
	for i := range x.Steps {
		p := &x.Steps[i]
		c.Steps = append(c.Steps, heldStep{At: p.At, Own: p.By == "", Text: p.Text, Wants: p.Wants})
	}
	for i := range x.Pictures {
		p := &x.Pictures[i]
		c.Pictures = append(c.Pictures, heldPicture{At: p.At, SentAt: p.SentAt, Kept: x.ShreddedAt.IsZero(),
			DestroyedAt: x.ShreddedAt})
	}
	return c, nil
}
