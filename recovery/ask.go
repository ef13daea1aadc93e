package recovery

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// An AskForm asks for a case. A browser that the account does not know answers a puzzle as well.
type AskForm struct {
	Identifier string
	NewEmail   string // an address other than the account's, whose mailbox is out of reach; "" is the account's
	Lost       []Thing
	auth.PuzzleAnswer

	// TakesOver says that the account was sold or given to whoever asks, and that its former owner does not hand it over:
	// it is to be his, at NewEmail, and in that Name.
	TakesOver bool
	Name      string
}

// Ask mails a link that opens a case: to the account's security e-mail, or to a new address. The answer and the time
// that it takes are the same for an identifier that nobody has. Refuses NotFound where nobody decides such cases,
// LostMissing, EmailMalformed, NameMissing, NameTooLong, and what a puzzle is refused with.
func (s *Service) Ask(ctx context.Context, c auth.Caller, f AskForm) error {
	start := time.Now()
	defer s.alike.Until(ctx, s.door, start)
	return s.door.DoOnce(ctx, c, ActAsk, func(w *auth.Work) error {
		x, err := s.asked(w, f)
		if err != nil {
			return err
		}
		who, err := w.Find(f.Identifier)
		if err != nil {
			return err
		}
		if err := w.TakePuzzle(who, f.PuzzleAnswer); err != nil {
			return err
		}
		mayAsk, err := s.countAsk(w, who, f.Identifier)
		if err != nil || !mayAsk || who == nil && x.Email == "" {
			return err
		}
		if who != nil {
			x.Account = who.ID
		}
		sent, err := s.mailLink(w, x)
		if err != nil || !sent {
			return err
		}
		if who != nil {
			w.About(who.ID)
		}
		return s.cases.Insert(w, x.ID, x)
	})
}

// asked is the case that a form is for.
func (s *Service) asked(w *auth.Work, f AskForm) (*record, error) {
	if !s.MayAsk() {
		return nil, auth.Refuse(auth.NotFound)
	}
	x := &record{ID: w.NewID(), State: Asked, Lang: w.Caller().Language, AskedAt: w.Now(), MovedAt: w.Now()}
	for _, t := range Things() {
		if slices.Contains(f.Lost, t) {
			x.Lost = append(x.Lost, t)
		}
	}
	if f.TakesOver {
		return x, s.takesOver(x, f)
	}
	if len(x.Lost) == 0 || len(f.Lost) > len(Things()) {
		return nil, auth.RefuseField(auth.LostMissing, "lost")
	}
	var err error
	if f.NewEmail != "" {
		x.Email, err = newEmail(f.NewEmail)
	}
	return x, err
}

// newEmail reads the address of whoever asks; what is wrong with it is told beside that field.
func newEmail(typed string) (ident.Email, error) {
	email, err := ident.ParseEmail(typed)
	err = auth.RefuseTyped(err)
	if e, ok := errors.AsType[*auth.Error](err); ok {
		err = auth.RefuseField(e.Code, "new-email")
	}
	return email, err
}

// countAsk counts one asking, and reports whether it is within what a day has. Who it was about makes no difference to
// whoever asks.
func (s *Service) countAsk(w *auth.Work, who *auth.AccountInfo, identifier string) (bool, error) {
	key := w.SiteKey(identifier)
	if who != nil {
		key = string(who.ID)
	}
	by, err := w.Party(who)
	if err != nil {
		return false, err
	}
	_, err = w.Count("ask/"+key+"/"+by, asksPerDay, 0)
	if err == nil && by[0] == 's' {
		_, err = w.Count("ask/"+key, asksByStrangers, 0)
	}
	return isWithin(err)
}

// isWithin reports whether a count was not refused.
func isWithin(err error) (bool, error) {
	if e := new(auth.Error); errors.As(err, &e) {
		return false, nil
	}
	return err == nil, err
}

// mailLink mails the link of a case that was asked for, and reports whether it did.
func (s *Service) mailLink(w *auth.Work, x *record) (bool, error) {
	m := auth.Message{Template: auth.TemplateRecoveryLink, Expires: x.until(),
		Args: map[string]string{"link": s.caseLink(w, x.ID)}}
	if x.Email == "" {
		return true, w.MailOwner(x.Account, m)
	}
	_, err := w.Count("to/"+w.SiteKey(x.Email.Unaliased()), asksPerDay, 0)
	if err == nil {
		m.Template = auth.TemplateRecoveryNew // to a mailbox that nobody has shown yet: it carries no stranger's words
		m.Channel, m.Recipient = auth.Mail, ident.Recipient(x.Email)
		m.Language = x.Lang
		err = w.Send(m)
	}
	return isWithin(err)
}

// Case is what a link leads to. Looking changes nothing: mail scanners open links. Refuses LinkUsed.
func (s *Service) Case(ctx context.Context, c auth.Caller, link string) (*CaseInfo, error) {
	return auth.Do(ctx, s.door, c, ActLook, func(w *auth.Work) (*CaseInfo, error) {
		x, err := s.open(w, forApplicant, link)
		if err != nil {
			return nil, err
		}
		return s.info(w, x)
	})
}

// act is a pass by the link of a case that must be in one of the states; what do does to it is stored. Refuses
// LinkUsed, and CaseMoved for a case that stands elsewhere by now.
func (s *Service) act(ctx context.Context, c auth.Caller, a auth.Action, link string, in []State,
	do func(*auth.Work, *record) error) (*CaseInfo, error) {
	return auth.DoOnce(ctx, s.door, c, a, func(w *auth.Work) (*CaseInfo, error) {
		x, err := s.open(w, forApplicant, link)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(in, x.State) {
			return nil, auth.Refuse(auth.CaseMoved)
		}
		if err := do(w, x); err != nil {
			return nil, err
		}
		if err := s.cases.Put(w, x.ID, x); err != nil {
			return nil, err
		}
		return s.info(w, x)
	})
}

// OpenCase opens the case that was asked for. Every address of the account hears of it. Refuses LinkUsed, CaseMoved,
// and SignedUp where the new address is another account's.
func (s *Service) OpenCase(ctx context.Context, c auth.Caller, link string) (*CaseInfo, error) {
	return s.act(ctx, c, ActOpen, link, []State{Asked}, func(w *auth.Work, x *record) error {
		if x.Email != "" {
			if has, err := w.HasAccount(x.Email); err != nil {
				return err
			} else if has { // told to who reads that mailbox
				return auth.Refuse(auth.SignedUp)
			}
		}
		x.OpenAt = w.Now()
		x.move(Open, w.Now())
		if stopped, err := s.stoppedOfLate(w, x.Account); err != nil {
			return err
		} else if stopped {
			x.ObjectedAt = w.Now()
		}
		return s.tellOwner(w, x, auth.TemplateRecoveryOpened, "recovery-opened")
	})
}

const maxStory = 600 // characters: what is refused has room in a cookie

// AnswerCase says what reviewers need to know, or answers what they asked for: the case is theirs from then on. Refuses
// LinkUsed, CaseMoved, also where nobody reviews cases, StoryMissing, StoryTooLong, PicturePreparing.
func (s *Service) AnswerCase(ctx context.Context, c auth.Caller, link, text string) (*CaseInfo, error) {
	return s.act(ctx, c, ActAnswer, link, []State{Open, More}, func(w *auth.Work, x *record) error {
		if !s.config.Cases {
			return auth.Refuse(auth.CaseMoved)
		}
		return x.say(w, text)
	})
}

// AppealCase asks for another reviewer's eyes on a case that was refused; once. Refuses LinkUsed, CaseMoved,
// StoryMissing, StoryTooLong, PicturePreparing.
func (s *Service) AppealCase(ctx context.Context, c auth.Caller, link, text string) (*CaseInfo, error) {
	return s.act(ctx, c, ActAppeal, link, []State{Refused}, func(w *auth.Work, x *record) error {
		if !x.mayAppeal() {
			return auth.Refuse(auth.CaseMoved)
		}
		if err := x.say(w, text); err != nil {
			return err
		}
		x.Appealed, x.Reason = true, ""
		x.Votes, x.Clock = nil, clock{Since: w.Now()}
		x.Words = nil // given before the refusal
		return s.tellOwner(w, x, auth.TemplateRecoveryOpened, "recovery-opened")
	})
}

// say adds the applicant's words and hands the case to the reviewers, with the pictures that he has added.
func (x *record) say(w *auth.Work, text string) error {
	text, err := cleanText(text, maxStory)
	if err != nil {
		return err
	}
	if len(x.Steps) >= maxSteps {
		return auth.Refuse(auth.CaseMoved)
	}
	if x.preparing() > 0 { // else reviewers would decide without it
		return auth.Refuse(auth.PicturePreparing)
	}
	x.Steps = append(x.Steps, step{At: w.Now(), Text: text})
	x.Drafts = nil
	x.send(w.Now())
	x.move(Review, w.Now())
	return nil
}

// WithdrawCase ends a case by its applicant's will. Refuses LinkUsed, CaseMoved.
func (s *Service) WithdrawCase(ctx context.Context, c auth.Caller, link string) (*CaseInfo, error) {
	return s.act(ctx, c, ActWithdraw, link, []State{Asked, Open, Review, More, Approved}, func(w *auth.Work, x *record) error {
		told := x.State != Asked
		x.move(Withdrawn, w.Now())
		x.Due = time.Time{}
		if !told {
			return nil
		}
		return s.tellOwner(w, x, auth.TemplateRecoveryStopped, "recovery-stopped")
	})
}
