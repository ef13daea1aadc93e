package recovery

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what reviewers do. The desk says who they are; no seller's request comes here.

// needed is how many reviewers approve a case: two at least against the owner's objection, for an account that security
// keys alone open, and for a shop that is worth much.
func (s *Service) needed(w *auth.Work, x *record) (int, error) {
	shut, err := s.isKeysOnly(w, x)
	if err != nil {
		return 0, err
	}
	two := !x.ObjectedAt.IsZero() || x.Takes || shut
	if !two && s.config.TwoFrom > 0 && s.colleagues != nil && x.Account != "" {
		value, err := s.colleagues.ValueFor(w, x.Account)
		if err != nil {
			return 0, err
		}
		two = value >= s.config.TwoFrom
	}
	if two {
		return max(2, s.config.Reviewers), nil
	}
	return max(1, s.config.Reviewers), nil
}

// keysOnlyDelay is how long an approved case waits at least that is about an account that security keys alone open.
const keysOnlyDelay = 7 * 24 * time.Hour

// isKeysOnly reports whether security keys alone open the account of a case. It is asked in each pass: its owner may
// have said so since.
func (s *Service) isKeysOnly(w *auth.Work, x *record) (bool, error) {
	if x.Account == "" {
		return false, nil
	}
	a, err := w.AccountOf(x.Account)
	if errors.Is(err, auth.Refuse(auth.NotFound)) { // it was closed
		return false, nil
	}
	return err == nil && a.KeysOnly, err
}

// delay is how long an approved case waits.
func (s *Service) delay(w *auth.Work, x *record) (time.Duration, error) {
	d := s.config.Delay
	if x.ByWords {
		d = s.config.DelayWord
	}
	if x.Email != "" {
		d = s.config.DelayNew
	}
	if x.Takes {
		d = max(d, takesDelay)
	}
	shut, err := s.isKeysOnly(w, x)
	if shut {
		d = max(d, keysOnlyDelay)
	}
	if !x.ObjectedAt.IsZero() {
		d += s.config.Objection
	}
	return d, err
}

// mayView refuses Forbidden for a case that is a reviewer's own, or that of somebody whom he looks after.
func (x *record) mayView(r Reviewer) error {
	if r.ID == "" || x.Account != "" && slices.Contains(r.Accounts, x.Account) {
		return auth.Refuse(auth.Forbidden)
	}
	return nil
}

// mayDecide refuses Forbidden for what he may not view, what he has approved already, and an appeal against his
// refusal.
func (x *record) mayDecide(r Reviewer) error {
	voted := slices.ContainsFunc(x.Votes, func(v vote) bool { return v.By == r.ID })
	if voted || slices.Contains(x.By, r.ID) {
		return auth.Refuse(auth.Forbidden)
	}
	return x.mayView(r)
}

// decide is a reviewer's pass over a case that is in review; what do does to it is stored. Refuses NotFound, CaseMoved,
// Forbidden.
func (s *Service) decide(ctx context.Context, c auth.Caller, a auth.Action, r Reviewer, id string,
	do func(*auth.Work, *record) error) (*CaseFile, error) {
	return auth.DoOnce(ctx, s.door, s.door.Staff(c, r.ID), a, func(w *auth.Work) (*CaseFile, error) {
		x, err := s.existing(w, id)
		if err != nil {
			return nil, err
		}
		if x.State != Review {
			return nil, auth.Refuse(auth.CaseMoved)
		}
		if err := x.mayDecide(r); err != nil {
			return nil, err
		}
		if err := do(w, x); err != nil {
			return nil, err
		}
		if err := s.cases.Put(w, x.ID, x); err != nil {
			return nil, err
		}
		return s.file(w, x, r)
	})
}

// file is a case as a reviewer reads it.
func (s *Service) file(w *auth.Work, x *record, r Reviewer) (*CaseFile, error) {
	info, err := s.info(w, x)
	if err != nil {
		return nil, err
	}
	votes, err := s.standing(w, x)
	if err != nil {
		return nil, err
	}
	needed, err := s.needed(w, x)
	if err != nil {
		return nil, err
	}
	f := &CaseFile{CaseInfo: *info, ID: x.ID, Account: x.Account, Name: x.Name,
		Approvals: len(votes), Needed: needed, ObjectedAt: x.ObjectedAt, Appealed: x.Appealed, Notes: x.notes(r.ID),
		Checked: append([]Check{}, x.checked(r.ID)...)}
	f.State = x.State
	f.Drafts = nil
	f.Pictures = slices.DeleteFunc(f.Pictures, func(p PictureInfo) bool { return !p.Sent })
	return f, nil
}

// ViewCase shows a case to a reviewer. Every look is in the trail. Refuses NotFound; Forbidden for one's own.
func (s *Service) ViewCase(ctx context.Context, c auth.Caller, r Reviewer, id string) (*CaseFile, error) {
	return auth.Do(ctx, s.door, s.door.Staff(c, r.ID), ActView, func(w *auth.Work) (*CaseFile, error) {
		x, err := s.viewed(w, r, id)
		if err != nil {
			return nil, err
		}
		return s.file(w, x, r)
	})
}

// viewed is a case that a reviewer may look at. Refuses NotFound; Forbidden for his own.
func (s *Service) viewed(w *auth.Work, r Reviewer, id string) (*record, error) {
	x, err := s.existing(w, id)
	if err == nil {
		err = x.mayView(r)
	}
	return x, err
}

const maxQuestion = 500 // characters

// AskMore asks the applicant for more; the clock pauses until he answers. Refuses NotFound, CaseMoved, Forbidden,
// MalformedRequest for what nobody asks for, StoryMissing and StoryTooLong.
func (s *Service) AskMore(ctx context.Context, c auth.Caller, r Reviewer, id string, wants []Want, text string) (*CaseFile,
	error) {
	return s.decide(ctx, c, ActMore, r, id, func(w *auth.Work, x *record) error {
		for _, want := range wants {
			if !slices.Contains(Wants(), want) {
				return auth.RefuseField(auth.MalformedRequest, "wants")
			}
		}
		text, err := cleanText(text, maxQuestion)
		if err != nil {
			return err
		}
		if len(x.Steps) >= maxSteps-1 {
			return auth.Refuse(auth.CaseMoved)
		}
		x.Steps = append(x.Steps, step{At: w.Now(), By: r.ID, Wants: wants, Text: text})
		x.Votes = nil // they had seen less
		x.move(More, w.Now())
		return s.tellApplicant(w, x)
	})
}

// ApproveCase is a reviewer's word for a case, once he has checked all of it (NoteCase). With the last that is needed
// the delay begins, and every address hears of it. Refuses NotFound, also for a case that is nobody's, CaseMoved,
// Forbidden, ChecksMissing.
func (s *Service) ApproveCase(ctx context.Context, c auth.Caller, r Reviewer, id string) (*CaseFile, error) {
	return s.decide(ctx, c, ActApprove, r, id, func(w *auth.Work, x *record) error {
		if x.Account == "" {
			return auth.Refuse(auth.NotFound)
		}
		if len(x.checked(r.ID)) < len(Checks()) {
			return auth.RefuseField(auth.ChecksMissing, "checks")
		}
		var err error
		if x.Votes, err = w.Speak(x.Votes, r.ID, ActApprove); err != nil {
			return err
		}
		if needed, err := s.needed(w, x); err != nil || len(x.Votes) < needed {
			return err
		}
		return s.approve(w, x)
	})
}

// standing are the votes of those who may still approve: a vote falls with its reviewer's place.
func (s *Service) standing(w *auth.Work, x *record) ([]vote, error) {
	return w.StandingWords(x.Votes, ActApprove)
}

// approve begins the delay, and tells everybody.
func (s *Service) approve(w *auth.Work, x *record) error {
	x.move(Approved, w.Now())
	delay, err := s.delay(w, x)
	if err != nil {
		return err
	}
	x.ApprovedAt, x.Due = w.Now(), w.Now().Add(delay)
	if err := w.StopClosing(x.Account); err != nil { // whoever has asked for that was not the applicant
		return err
	}
	if err := s.tellApplicant(w, x); err != nil {
		return err
	}
	return s.tellOwner(w, x, auth.TemplateRecoveryApproved, "recovery-approved")
}

// RefuseCase ends a case for a reason. Refuses NotFound, CaseMoved, Forbidden, and MalformedRequest for what is no
// reason.
func (s *Service) RefuseCase(ctx context.Context, c auth.Caller, r Reviewer, id string, why Reason) (*CaseFile, error) {
	return s.decide(ctx, c, ActRefuse, r, id, func(w *auth.Work, x *record) error {
		if !slices.Contains(Reasons(), why) || why == NoAccount && x.Account != "" {
			return auth.RefuseField(auth.MalformedRequest, "reason")
		}
		return s.refuse(w, x, why, r.ID)
	})
}

func (s *Service) refuse(w *auth.Work, x *record, why Reason, by string) error {
	x.move(Refused, w.Now())
	x.Reason, x.Due = why, time.Time{}
	x.By = append(x.By, by)
	if err := s.tellApplicant(w, x); err != nil {
		return err
	}
	return s.tellOwner(w, x, auth.TemplateRecoveryStopped, "recovery-stopped")
}

// finish ends the second step of an account whose case has come due. It runs as the service itself.
func (s *Service) finish(ctx context.Context, c auth.Caller, id string) error {
	return s.door.Do(ctx, c, ActDone, func(w *auth.Work) error {
		x, err := s.cases.Get(w, id)
		if errors.Is(err, auth.ErrNoRecord) {
			return nil
		}
		if err != nil || !isDue(x, w.Now()) {
			return err
		}
		if err := s.judgeAgain(w, x); err != nil {
			return err
		}
		if x.State != Approved {
			return s.cases.Put(w, x.ID, x)
		}
		w.About(x.Account)
		if x.Email != "" {
			if has, err := w.HasAccount(x.Email); err != nil {
				return err
			} else if has { // since the case was opened
				if err := s.refuse(w, x, MailboxUsed, ""); err != nil {
					return err
				}
				return s.cases.Put(w, x.ID, x)
			}
		}
		if err := w.Consume(x.ID, w.Now().Add(keptLife), auth.CaseMoved); err != nil {
			return err
		}
		x.move(Done, w.Now())
		if err := s.tellOwner(w, x, auth.TemplateRecoveryDone, "recovery-done"); err != nil { // while he has addresses
			return err
		}
		if x.Email != "" {
			if err := s.tellApplicant(w, x); err != nil {
				return err
			}
		}
		if err := s.carryOut(w, x); err != nil {
			return err
		}
		return s.cases.Put(w, x.ID, x)
	})
}

// carryOut does to the account what a case was approved for.
func (s *Service) carryOut(w *auth.Work, x *record) error {
	if x.Takes {
		return w.HandOver(x.Account, auth.Successor{Name: x.Name, Email: x.Email, Language: x.Lang, CoolOff: s.coolOff(x)})
	}
	return w.SwitchOffSecondStep(x.Account, auth.SwitchOff{Email: x.Email, PhoneGone: slices.Contains(x.Lost, Phone),
		CodeGone: slices.Contains(x.Lost, Code) && !x.ByWords && len(x.Votes) > 1, CoolOff: s.coolOff(x)})
}
