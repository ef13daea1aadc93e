package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what reviewers write down for each other: what each of them has checked, and notes. The applicant reads
// none of it.

// A Check is a question that each reviewer answers for himself before he approves.
type Check string

// The questions.
const (
	CheckOwner Check = "owner" // what was shown is of the account's owner
	CheckFits  Check = "fits"  // it fits together
	CheckOnly  Check = "only"  // nobody else is likely to have it
)

// Checks are all of them, as they are asked.
func Checks() []Check { return []Check{CheckOwner, CheckFits, CheckOnly} }

// A tick is what one reviewer has checked. It is of what had been said by then: after more of the applicant's it is
// none.
type tick struct {
	By     string    `json:"by"`
	At     time.Time `json:"t"`
	Said   int       `json:"n"` // how many things had been said
	Checks []Check   `json:"c"`
}

// A note is what one reviewer writes for the others.
type note struct {
	By   string    `json:"by"`
	At   time.Time `json:"t"`
	Text string    `json:"x"`
}

const (
	maxNote  = 600 // characters
	maxNotes = 60  // in one case
)

// NoteInfo is what a reviewer has written down, or what he has checked.
type NoteInfo struct {
	At     time.Time
	Own    bool // by whom it is shown to
	By     string
	Text   string
	Checks []Check // where Text is ""
	Stands bool    // the applicant has said nothing since
}

// heard is how many things had been said when the applicant last said something.
func (x *record) heard() int {
	for i := len(x.Steps); i > 0; i-- {
		if x.Steps[i-1].By == "" {
			return i
		}
	}
	return 0
}

// checked is what a reviewer has checked of all that the applicant has said.
func (x *record) checked(by string) []Check {
	for _, t := range x.Ticks {
		if t.By == by && t.Said >= x.heard() {
			return t.Checks
		}
	}
	return nil
}

// notes are what reviewers have written down and checked, as one of them reads it.
func (x *record) notes(reader string) []NoteInfo {
	list := []NoteInfo{}
	for _, n := range x.Notes {
		list = append(list, NoteInfo{At: n.At, Own: n.By == reader, By: n.By, Text: n.Text, Stands: true})
	}
	for _, t := range x.Ticks {
		list = append(list, NoteInfo{At: t.At, Own: t.By == reader, By: t.By, Checks: append([]Check{}, t.Checks...),
			Stands: t.Said >= x.heard()})
	}
	slices.SortStableFunc(list, func(a, b NoteInfo) int { return a.At.Compare(b.At) })
	return list
}

// NoteCase keeps what a reviewer has checked, in the place of what he had checked before, and a note, "" for none. It
// decides nothing. Refuses NotFound, CaseMoved, also where there are too many notes, Forbidden for one's own,
// MalformedRequest for what nobody asks, StoryTooLong.
func (s *Service) NoteCase(ctx context.Context, c auth.Caller, r Reviewer, id string, checks []Check,
	text string) (*CaseFile, error) {
	return auth.DoOnce(ctx, s.door, s.door.Staff(c, r.ID), ActNote, func(w *auth.Work) (*CaseFile, error) {
		x, err := s.viewed(w, r, id)
		if err == nil && x.State != Review && x.State != More {
			err = auth.Refuse(auth.CaseMoved)
		}
		if err != nil {
			return nil, err
		}
		t := tick{By: r.ID, At: w.Now(), Said: len(x.Steps)}
		for _, check := range checks {
			if !slices.Contains(Checks(), check) {
				return nil, auth.RefuseField(auth.MalformedRequest, "checks")
			}
		}
		for _, check := range Checks() {
			if slices.Contains(checks, check) {
				t.Checks = append(t.Checks, check)
			}
		}
		if err := x.write(w, r.ID, text); err != nil {
			return nil, err
		}
		x.Ticks = append(slices.DeleteFunc(x.Ticks, func(old tick) bool { return old.By == r.ID }), t)
		w.Note(x.ID, t.words())
		if err := s.cases.Put(w, x.ID, x); err != nil {
			return nil, err
		}
		return s.file(w, x, r)
	})
}

// write adds a note; nothing but blanks is none.
func (x *record) write(w *auth.Work, by, text string) (err error) {
	x.Notes, err = withNote(x.Notes, w.Now(), by, text)
	return err
}

// withNote adds a note to others. Refuses StoryTooLong, and CaseMoved where there are too many.
func withNote(list []note, at time.Time, by, text string) ([]note, error) {
	if strings.TrimSpace(text) == "" {
		return list, nil
	}
	text, err := cleanText(text, maxNote)
	if e, ok := errors.AsType[*auth.Error](err); ok {
		e.Field = "note"
		return list, e
	}
	if len(list) >= maxNotes {
		return list, auth.Refuse(auth.CaseMoved)
	}
	return append(list, note{By: by, At: at, Text: text}), nil
}

// words are a tick as the audit trail has it.
func (t *tick) words() string {
	var all []string
	for _, c := range t.Checks {
		all = append(all, string(c))
	}
	return strings.Join(all, " ")
}
