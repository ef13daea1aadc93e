package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// maxSteps bounds what is said in one case.
const maxSteps = 60

// cleanText is a text of several lines as it is kept: no control signs, at most most characters. Refuses StoryMissing
// and StoryTooLong.
func cleanText(text string, most int) (string, error) {
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		if len(line) > ident.MaxTyped*8 {
			return "", auth.RefuseField(auth.StoryTooLong, "text")
		}
		lines = append(lines, cleanLine(line))
	}
	said := strings.TrimSpace(strings.Join(lines, "\n"))
	switch {
	case said == "":
		return "", auth.RefuseField(auth.StoryMissing, "text")
	case utf8.RuneCountInString(said) > most:
		return "", auth.RefuseField(auth.StoryTooLong, "text")
	}
	return said, nil
}

// cleanLine drops from a line what shows nothing, or turns what stands around it.
func cleanLine(line string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, line))
}

// tellOwner tells every address of a case's account what became of it, and every proved number in short. The mail has
// the link by which an owner objects, as long as the case may still be decided for somebody else.
func (s *Service) tellOwner(w *auth.Work, x *record, template, short string) error {
	if x.Account == "" {
		return nil
	}
	who, err := w.AccountOf(x.Account)
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		return nil
	}
	if err != nil {
		return err
	}
	args := map[string]string{"at": w.Now().Format(time.RFC3339), "person": who.Name}
	if x.Email != "" {
		args["becomes"] = string(x.Email.Mask())
	}
	if x.State == Done {
		args["payout"] = w.Now().Add(s.coolOff(x)).Format(time.RFC3339)
	}
	if x.State.isLive() {
		args["link"] = s.objectLink(w, x.ID)
		if !x.Due.IsZero() {
			args["due"] = x.Due.Format(time.RFC3339)
		}
	}
	if x.Takes {
		template = auth.TemplateTakesOver
		args["step"] = map[string]string{"recovery-opened": "case-opened", "recovery-approved": "case-approved",
			"recovery-stopped": "case-stopped", "recovery-done": "case-done"}[short]
		short = "takes-over" + strings.TrimPrefix(short, "recovery")
	}
	notify := w.NotifyNotMe
	if x.State.isLive() || x.Takes { // the link by which he objects; and who has lost the account says nothing in it
		notify = w.Notify
	}
	if err := notify(x.Account, template, args); err != nil {
		return err
	}
	return w.TextOwner(x.Account, short)
}

// tellApplicant tells who applied that his case stands elsewhere: at the new address or, once, at the account's own.
func (s *Service) tellApplicant(w *auth.Work, x *record) error {
	stands := string(x.told())
	if x.Takes && x.State == Done {
		stands = "takes-done"
	}
	m := auth.Message{Template: auth.TemplateRecoveryNews, Args: map[string]string{"stands": stands,
		"at": w.Now().Format(time.RFC3339), "link": s.caseLink(w, x.ID)}}
	if x.Email == "" {
		return w.MailOwner(x.Account, m)
	}
	m.Language = x.Lang
	return w.MailProved(x.Email, m)
}

// stoppedOfLate reports whether the account's owner has stopped a case within the last week: the next one waits as if
// he had objected to it already.
func (s *Service) stoppedOfLate(w *auth.Work, a auth.AccountID) (bool, error) {
	list, err := s.casesOf(w, a)
	return slices.ContainsFunc(list, func(x *record) bool {
		return x.State == Stopped && w.Now().Sub(x.MovedAt) < 7*24*time.Hour
	}), err
}

// casesOf are the cases of an account, nobody's none.
func (s *Service) casesOf(w *auth.Work, a auth.AccountID) ([]*record, error) {
	if a == "" {
		return nil, nil
	}
	ids, err := s.cases.Find(w, "account", string(a), maxOwn)
	if err != nil {
		return nil, err
	}
	var list []*record
	for _, id := range ids {
		x, err := s.cases.Get(w, id)
		if errors.Is(err, auth.ErrNoRecord) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// handedOver ends every case of an account that gets another owner: whoever applied before was, or played, the former
// one. A link that nobody has opened yet opens none any more, and what was refused has no appeal.
func (s *Service) handedOver(w *auth.Work, a auth.AccountID) error {
	list, err := s.casesOf(w, a)
	if err != nil {
		return err
	}
	for _, x := range list {
		if slices.Contains([]State{Done, Withdrawn, Stopped}, x.State) {
			continue
		}
		x.move(Stopped, w.Now())
		x.Due = time.Time{}
		if err := s.cases.Put(w, x.ID, x); err != nil {
			return err
		}
	}
	return s.closeReports(w, a)
}

// OwnCases are the cases about the caller's account from which something may still come. Of those that were only asked
// for nobody is told.
func (s *Service) OwnCases(ctx context.Context, c auth.Caller) ([]OwnCase, error) {
	return auth.Do(ctx, s.door, c, ActOwn, func(w *auth.Work) ([]OwnCase, error) {
		all, err := s.casesOf(w, w.Account().ID)
		list := []OwnCase{}
		for _, x := range all {
			if x.State.isLive() && !isOver(x, w.Now()) {
				list = append(list, x.ownInfo())
			}
		}
		slices.SortFunc(list, func(a, b OwnCase) int { return b.OpenedAt.Compare(a.OpenedAt) })
		return list, err
	})
}

// maxOwn bounds what is read of one account's cases: a day has fewer, and they are forgotten.
const maxOwn = 1000

// StopCase is the word of the account's owner, signed in, with what he has shown of late. A strong method that the case
// does not name as lost ends it, and so do two weak ones; anything else makes it wait, as ObjectCase does. Refuses
// NotFound.
func (s *Service) StopCase(ctx context.Context, c auth.Caller, id string) (*StopInfo, error) {
	return auth.DoOnce(ctx, s.door, c, ActStop, func(w *auth.Work) (*StopInfo, error) {
		x, err := s.existing(w, id)
		if err != nil {
			return nil, err
		}
		if x.Account != w.Account().ID || !x.State.isLive() {
			return nil, auth.Refuse(auth.NotFound)
		}
		shown, err := w.Shown(ageStop)
		if err != nil {
			return nil, err
		}
		info := &StopInfo{Stopped: x.stoppedBy(shown), Lost: x.Lost}
		if !info.Stopped {
			return info, s.object(w, x)
		}
		x.move(Stopped, w.Now())
		x.Due = time.Time{}
		if err := s.tellApplicant(w, x); err != nil {
			return nil, err
		}
		if err := s.tellOwner(w, x, auth.TemplateRecoveryStopped, "recovery-stopped"); err != nil {
			return nil, err
		}
		return info, s.cases.Put(w, x.ID, x)
	})
}

// stoppedBy reports whether what an owner has shown ends a case: what the case names as lost may be in other hands.
func (x *record) stoppedBy(shown []auth.Shown) bool {
	weak := 0
	for _, m := range shown {
		if slices.Contains(x.Lost, thingOf(m)) {
			continue
		}
		switch m.Class {
		case auth.Strong:
			return true
		case auth.Weak:
			weak++
		}
	}
	return weak >= 2
}

// Objection is the case that an owner's link is about, and reports whether it was used. Looking changes nothing.
// Refuses LinkUsed.
func (s *Service) Objection(ctx context.Context, c auth.Caller, link string) (*OwnCase, error) {
	return auth.Do(ctx, s.door, c, ActLook, func(w *auth.Work) (*OwnCase, error) {
		x, err := s.openLive(w, link)
		if err != nil {
			return nil, err
		}
		info := x.ownInfo()
		return &info, nil
	})
}

func (s *Service) openLive(w *auth.Work, link string) (*record, error) {
	x, err := s.open(w, forOwner, link)
	if err == nil && !x.State.isLive() {
		err = auth.Refuse(auth.LinkUsed)
	}
	return x, err
}

// ObjectCase is an owner's word by the link in a notice: the case waits, once, and two reviewers at least decide it.
// Refuses LinkUsed.
func (s *Service) ObjectCase(ctx context.Context, c auth.Caller, link string) (*OwnCase, error) {
	return auth.DoOnce(ctx, s.door, c, ActObject, func(w *auth.Work) (*OwnCase, error) {
		x, err := s.openLive(w, link)
		if err != nil {
			return nil, err
		}
		if err := s.object(w, x); err != nil {
			return nil, err
		}
		info := x.ownInfo()
		return &info, nil
	})
}

// object makes a case wait, the first time. One that too few have approved, or too few who are still there, goes back
// to where it was.
func (s *Service) object(w *auth.Work, x *record) error {
	if x.ObjectedAt.IsZero() {
		x.ObjectedAt = w.Now()
		if x.State == Approved {
			x.Due = x.Due.Add(s.config.Objection)
		}
	}
	if err := s.judgeAgain(w, x); err != nil {
		return err
	}
	return s.cases.Put(w, x.ID, x)
}
