package staff

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

func itoa(n int) string { return strconv.Itoa(n) }

// ResponseInfo is a response as the staff see it.
type ResponseInfo struct {
	ID       string
	Stage    Stage
	Why      string
	Measures Measures
	By       string // who has begun it, by name
	At       time.Time
	Since    time.Time

	Network  string // of a search; "" of a list
	From, To time.Time
	Read     int
	Cut      int  // of how many accounts not all was read
	Full     bool // there were more than one response reaches

	Unknown  []string // the first of them
	Unknowns int
	Unread   []UnreadLine // the first of them
	Unreads  int
	Left     map[Reason]int
	Count    int
	Most     int // accounts of one response
	Today    int // that may still be reached in this day
	Accounts []ResponseAccount

	ProposedBy, AgreedBy, UndoBy, UndoneBy string // by name; "" nobody
	MayAgree, MayUndo                      bool   // whoever looks is a second person
	Done, Reached, Lifted                  int
	EndedAt                                time.Time
}

// ResponseAccount is one account of a response.
type ResponseAccount struct {
	ID      auth.AccountID
	Email   ident.Masked
	Reached bool
}

// Responses are those of late, the newest first.
func (s *Service) Responses(ctx context.Context, c auth.Caller) ([]ResponseInfo, error) {
	return auth.Do(ctx, s.door, c, ActResponses, func(w *auth.Work) ([]ResponseInfo, error) {
		list := []ResponseInfo{}
		all, err := s.allResponses(w)
		for _, x := range all {
			if !x.isOver(w.Now()) {
				list = append(list, s.brief(w, x))
			}
		}
		slices.SortFunc(list, func(a, b ResponseInfo) int { return b.At.Compare(a.At) })
		return list, err
	})
}

// mostResponses bounds how many are read: a day has no more than its people may begin.
const mostResponses = 1000

func (s *Service) allResponses(w *auth.Work) ([]*response, error) {
	var all []*response
	for item, err := range s.responses.Prefix(w, "", mostResponses) {
		if err != nil {
			return nil, err
		}
		all = append(all, item.Doc)
	}
	return all, nil
}

func (s *Service) brief(w *auth.Work, x *response) ResponseInfo {
	info := ResponseInfo{ID: x.ID, Stage: x.Stage, Why: x.Why, Measures: x.Does, By: s.nameOf(w, x.Begun.By),
		At: x.Begun.At, Since: x.Since, Unknown: x.Unknown, Unknowns: x.Unknowns, Unread: x.Unread,
		Unreads: x.Unreads, Left: x.Left, Count: x.Count,
		Reached: x.Reached, Lifted: x.Lifted, EndedAt: x.EndedAt}
	if q := x.Search; q != nil {
		info.Network, info.Full = q.Network.String(), q.Full
		info.From, info.To = q.From, q.To
		info.Read, info.Cut = q.Read, q.Cut
	}
	for _, who := range []struct {
		p  proposal
		to *string
	}{{x.Proposed, &info.ProposedBy}, {x.Agreed, &info.AgreedBy}, {x.Undo, &info.UndoBy}, {x.Undone,
		&info.UndoneBy}} {
		if who.p.By != "" {
			*who.to = s.nameOf(w, who.p.By)
		}
	}
	if x.Stage == Proposed && !x.Proposed.isOpen(w.Now()) {
		info.Stage, info.ProposedBy = Ready, ""
	}
	if !x.Undo.isOpen(w.Now()) && x.Undone.By == "" {
		info.UndoBy = ""
	}
	return info
}

// Response is one response, with the first of its accounts. Every look is in the trail. Refuses NotFound.
func (s *Service) Response(ctx context.Context, c auth.Caller, id string) (*ResponseInfo, error) {
	return auth.Do(ctx, s.door, c, ActResponse, func(w *auth.Work) (*ResponseInfo, error) {
		x, err := s.getResponse(w, id)
		if err != nil {
			return nil, err
		}
		w.Note(x.ID, x.words())
		info := s.brief(w, x)
		if info.Accounts, err = s.shown(w, id); err != nil {
			return nil, err
		}
		if info.Most, err = limit(w); err != nil {
			return nil, err
		}
		if info.Today, err = s.leftToday(w, info.Most); err != nil {
			return nil, err
		}
		info.MayAgree = info.Stage == Proposed && s.second(w, &x.Proposed, ActPropose) == nil
		info.MayUndo = info.UndoBy != "" && x.Undone.By == "" && s.second(w, &x.Undo, ActUndo) == nil
		return &info, nil
	})
}

// leftToday is how many accounts responses may still reach within this day. What was undone counts as well: to undo
// makes nobody's list longer.
func (s *Service) leftToday(w *auth.Work, most int) (int, error) {
	all, err := s.allResponses(w)
	left := most * dailyTargets
	for _, x := range all {
		if x.Agreed.By != "" && w.Now().Sub(x.Agreed.At) < 24*time.Hour {
			left -= x.Count
		}
	}
	return max(0, left), err
}

// moves is a pass over a response that stands at one of the stages; what do does to it is stored. Refuses NotFound, and
// CaseMoved for one that stands elsewhere by now.
func (s *Service) moves(ctx context.Context, c auth.Caller, a auth.Action, id string, from []Stage,
	do func(*auth.Work, *response) error) error {
	return s.door.DoOnce(ctx, c, a, func(w *auth.Work) error {
		x, err := s.getResponse(w, id)
		if err != nil {
			return err
		}
		w.Note(x.ID, x.words())
		if !slices.Contains(from, x.Stage) {
			return auth.Refuse(auth.CaseMoved)
		}
		if err := do(w, x); err != nil {
			return err
		}
		return s.responses.Put(w, x.ID, x)
	})
}

// withinLimits refuses what reaches nobody, more than one response may, or more than the day has left.
func (s *Service) withinLimits(w *auth.Work, x *response) error {
	most, err := limit(w)
	if err != nil {
		return err
	}
	left, err := s.leftToday(w, most)
	switch {
	case err != nil:
		return err
	case x.Count == 0:
		return auth.Refuse(auth.AccountsMissing)
	case x.Count > min(most, left):
		return tooMany("", min(most, left))
	}
	return nil
}

// ProposeResponse is the first word for a response. Refuses NotFound, CaseMoved, AccountsMissing, TooManyAccounts.
func (s *Service) ProposeResponse(ctx context.Context, c auth.Caller, id string) error {
	return s.moves(ctx, c, ActPropose, id, []Stage{Ready, Proposed}, func(w *auth.Work, x *response) error {
		if x.Stage == Proposed && x.Proposed.isOpen(w.Now()) {
			return auth.Refuse(auth.CaseMoved)
		}
		x.Stage, x.Proposed = Proposed, propose(w)
		return s.withinLimits(w, x)
	})
}

// WithdrawResponse takes back what is proposed, whoever has proposed it: nothing has happened. Refuses NotFound,
// CaseMoved.
func (s *Service) WithdrawResponse(ctx context.Context, c auth.Caller, id string) error {
	return s.moves(ctx, c, ActWithdraw, id, []Stage{Proposed}, func(_ *auth.Work, x *response) error {
		x.Stage, x.Proposed = Ready, proposal{}
		return nil
	})
}

// AgreeToResponse is the second word: from now on the service does it. Refuses NotFound, CaseMoved, TooManyAccounts, and
// Forbidden for who is no second person, or looks after an account that it reaches.
func (s *Service) AgreeToResponse(ctx context.Context, c auth.Caller, id string) error {
	return s.moves(ctx, c, ActAgree, id, []Stage{Proposed}, func(w *auth.Work, x *response) error {
		if err := s.second(w, &x.Proposed, ActPropose); err != nil {
			return err
		}
		for _, a := range w.Staff().Accounts {
			if _, err := s.targets.Get(w, targetKey(x.ID, a)); err == nil {
				return auth.Refuse(auth.Forbidden)
			}
		}
		if err := s.withinLimits(w, x); err != nil {
			return err
		}
		x.Stage, x.Agreed = Running, propose(w)
		return nil
	})
}

// ProposeUndo is the first word for undoing a response, also while it still runs. Refuses NotFound, CaseMoved.
func (s *Service) ProposeUndo(ctx context.Context, c auth.Caller, id string) error {
	return s.moves(ctx, c, ActUndo, id, []Stage{Running, Done}, func(w *auth.Work, x *response) error {
		if x.Undo.isOpen(w.Now()) {
			return auth.Refuse(auth.CaseMoved)
		}
		x.Undo = propose(w)
		return nil
	})
}

// AgreeToUndo is the second word for that. Refuses NotFound, CaseMoved, Forbidden for who is no second person.
func (s *Service) AgreeToUndo(ctx context.Context, c auth.Caller, id string) error {
	return s.moves(ctx, c, ActAgreeUndo, id, []Stage{Running, Done}, func(w *auth.Work, x *response) error {
		if err := s.second(w, &x.Undo, ActUndo); err != nil {
			return err
		}
		x.Stage, x.Undone = Undoing, propose(w)
		x.Cursor, x.EndedAt = "", time.Time{}
		return nil
	})
}

// responseDue does what there is to do for a response: it goes on until that is through, or the program stops.
func (s *Service) responseDue(ctx context.Context, c auth.Caller, id string) error {
	if err := s.search(ctx, c, id); err != nil {
		return err
	}
	for ctx.Err() == nil {
		more, err := s.step(ctx, c, id)
		if err != nil || !more {
			return err
		}
	}
	return ctx.Err()
}

// step reaches the next account of a response, in a pass of its own. It reports whether there is more to do.
func (s *Service) step(ctx context.Context, c auth.Caller, id string) (bool, error) {
	at, err := auth.Do(ctx, s.door, c, ActReadTrails, func(w *auth.Work) (*response, error) {
		x, err := s.responses.Get(w, id)
		return x, ignoreGone(err)
	})
	if err != nil || at == nil {
		return false, err
	}
	act, by := ActReached, at.Agreed.By
	switch {
	case at.Stage == Undoing:
		act, by = ActReleased, at.Undone.By
	case at.isOver(s.door.Now(c)):
		return s.forget(ctx, c, id)
	case at.Stage != Running:
		return false, nil
	case at.Does.Freeze && at.Does.Password:
		act = ActFrozenRenewed
	case at.Does.Freeze:
		act = ActFrozen
	case at.Does.Password:
		act = ActRenewed
	}
	return auth.Do(ctx, s.door, s.door.Staff(c, by), act, func(w *auth.Work) (bool, error) {
		x, err := s.responses.Get(w, id)
		if err != nil || x.Stage != at.Stage {
			return false, ignoreGone(err)
		}
		return s.stepOn(w, x)
	})
}

// stepOn does what a response does to the account after the last one.
func (s *Service) stepOn(w *auth.Work, x *response) (more bool, err error) {
	from := x.ID + "/"
	if x.Cursor != "" {
		from = targetKey(x.ID, auth.AccountID(x.Cursor)) + "\x00"
	}
	next, err := s.targets.IDs(w, from, 1)
	if err != nil {
		return false, err
	}
	if len(next) == 0 || !strings.HasPrefix(next[0], x.ID+"/") {
		if x.EndedAt = w.Now(); x.Stage == Running {
			x.Stage = Done
		} else {
			x.Stage = Undone
		}
		return false, s.responses.Put(w, x.ID, x)
	}
	t, err := s.targets.Get(w, next[0])
	if err == nil {
		x.Cursor = string(t.Account)
		w.About(t.Account)
		w.Note(x.ID, "")
		if x.Stage == Running {
			err = s.reach(w, x, t)
		} else {
			err = s.lift(w, x, t)
		}
	}
	if err != nil && !errors.Is(err, auth.ErrNoRecord) {
		return false, err
	}
	return true, s.responses.Put(w, x.ID, x)
}

// reach does to an account what its response does, and tells every address.
func (s *Service) reach(w *auth.Work, x *response, t *target) error {
	err := w.Hold(t.Account, auth.Hold{By: x.ID, Since: x.Since, Freeze: x.Does.Freeze, Password: x.Does.Password})
	if _, ok := errors.AsType[*auth.Error](err); ok { // switched off, or gone, since
		w.About("")
		x.leaveOut(Gone)
		return nil
	}
	if err != nil {
		return err
	}
	t.Reached = true
	x.Reached++
	if err := s.targets.Put(w, targetKey(x.ID, t.Account), t); err != nil {
		return err
	}
	template := auth.TemplateSafetyEnded
	switch {
	case x.Does.Freeze && x.Does.Password:
		template = auth.TemplateSafetyBoth
	case x.Does.Freeze:
		template = auth.TemplateSafetyFrozen
	case x.Does.Password:
		template = auth.TemplateSafetyPassword
	}
	return s.tellReached(w, t.Account, template)
}

// lift takes off what is left of a response, and tells every address where something was.
func (s *Service) lift(w *auth.Work, x *response, t *target) error {
	had := false
	var err error
	if t.Reached {
		had, err = w.Unhold(t.Account, x.ID)
	}
	if !had {
		w.About("") // there is nothing to write down
		if errors.Is(err, auth.Refuse(auth.NotFound)) {
			err = nil
		}
		return err
	}
	x.Lifted++
	return s.tellReached(w, t.Account, auth.TemplateSafetyOver)
}

func (s *Service) tellReached(w *auth.Work, id auth.AccountID, template string) error {
	a, err := w.AccountOf(id)
	if err != nil {
		return err
	}
	return w.Notify(id, template, map[string]string{"at": w.Now().Format(time.RFC3339), "person": a.Name})
}

// forget deletes a batch of the accounts of a response that is over, and then the response.
func (s *Service) forget(ctx context.Context, c auth.Caller, id string) (bool, error) {
	return auth.Do(ctx, s.door, c, ActStep, func(w *auth.Work) (bool, error) {
		x, err := s.responses.Get(w, id)
		if err != nil || !x.isOver(w.Now()) {
			return false, ignoreGone(err)
		}
		keys, err := s.targets.IDs(w, id+"/", 100)
		if err != nil {
			return false, err
		}
		keys = slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, id+"/") })
		for _, key := range keys {
			if err := s.targets.Delete(w, key); err != nil {
				return false, err
			}
		}
		if len(keys) > 0 {
			return true, nil
		}
		return false, s.responses.Delete(w, id)
	})
}
