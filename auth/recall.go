package auth

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// This file is keys whose model is recalled: something is wrong with all of them, as a list says that the house
// trusts (Recaller). Nothing is wrong with their owners, so such a key goes on signing in. It only proves less:
// a touch, even where it asks for a PIN, and nothing of its make.
//
//	bound ──► the list recalls its model ──► recalled: its owner is told once ── and again when the staff push
//	  ▲                                          │
//	  └── the list has the model, not recalled ──┘
//
// What changes demand does not fall with it: a recalled key is strong, so that an account whose best method it
// is asks for it as before, and its owner can register another one by it. The day passes without effect:
// whatever ended by itself then would lock out whoever was on a journey. The list is gone through by
// recall_run.go.

// A Recaller is a Factor that knows from a list which models are recalled.
type Recaller interface {
	// Recalls is what the list says at a time, nil if there is none to go by: none was verified yet, or the next
	// one is overdue. What it returns does not change.
	Recalls(now time.Time) *Recalls
}

// Recalls is a list of models at a time.
type Recalls struct {
	Number int64         // of a later list it is higher
	Time   time.Duration // that owners have to register another key
	Of     func(*Authenticator) ModelNews
}

// ModelNews is what a list says of the model of one authenticator.
type ModelNews struct {
	Listed bool   // the list knows the model; else nothing follows from it
	Model  string // names it in counts
	Status string // by which it is recalled, as FIDO calls it; "": it is not
}

// A Recall is that the model of a key is recalled.
type Recall struct {
	Model  string    `json:"m"`
	Status string    `json:"s"`
	At     time.Time `json:"at"`
	Due    time.Time `json:"d"` // until then another one should be registered
	ToldAt time.Time `json:"t"` // last
}

// RecallInfo is a Recall as the key's owner sees it.
type RecallInfo struct {
	Status  string
	Claimed bool // the key has only said of which model it is
	At, Due time.Time
}

// recall is what is shown of a key whose model is recalled, nil if it is not.
func (x *Authenticator) recall() *RecallInfo {
	r := x.Traits.Recall
	if r == nil {
		return nil
	}
	return &RecallInfo{Status: r.Status, Claimed: !x.Traits.Certified, At: r.At, Due: r.Due}
}

// A recallStep is what is to be done about a key: the act, "" for nothing.
type recallStep struct {
	act  Action
	news ModelNews
}

// recallStepOf compares a key with what the list says of it. pushed is when the staff last had the owners of
// its model told again, replaced whether its owner has registered another one since.
func recallStepOf(x *Authenticator, list *Recalls, pushed time.Time, replaced bool) recallStep {
	r, step := x.Traits.Recall, recallStep{news: list.Of(x)}
	switch {
	case step.news.Listed && step.news.Status == "" && r != nil:
		step.act = ActRecallLifted
	case step.news.Listed && step.news.Status != "" && (r == nil || r.Status != step.news.Status):
		step.act = ActRecalled
	case r != nil && pushed.After(r.ToldAt) && !replaced:
		step.act = ActRecallTold
	}
	return step
}

// recalled reports whether the key is of a recalled model once the step is done.
func (t recallStep) recalled(x *Authenticator) bool {
	if t.news.Listed {
		return t.news.Status != ""
	}
	return x.Traits.Recall != nil
}

// replaced reports whether the owner of a recalled key has since registered something as strong that is not
// recalled.
func (s *Service) replaced(x *Authenticator, all []*Authenticator) bool {
	r := x.Traits.Recall
	if r == nil {
		return false
	}
	for _, o := range all {
		row := s.row(o)
		strong := o.State == Active && !row.Set && row.Worth.Class == Strong
		if strong && o.Traits.Recall == nil && o.BoundAt.After(r.At) {
			return true
		}
	}
	return false
}

// applyRecall does an act that a key is due for, unless it is due for it no more. It reports whether it did.
func (s *Service) applyRecall(ctx context.Context, c Caller, list *Recalls, key string,
	act Action) (bool, error) {
	ids := s.newMessageIDs()
	return do(ctx, s, c, act, func(w *Work) (bool, error) {
		x, err := s.authenticators.Get(w.tx, key)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil // removed meanwhile
		}
		if err != nil {
			return false, err
		}
		all, err := w.authenticators(x.Account)
		if err != nil {
			return false, err
		}
		pushed, err := w.recallPushed(x)
		if err != nil {
			return false, err
		}
		step := recallStepOf(x, list, pushed, s.replaced(x, all))
		if step.act != act {
			return false, nil
		}
		a, err := w.existingAccount(x.Account)
		if err != nil {
			return false, err
		}
		w.About(a.ID)
		w.entry.setMethod(x)
		return true, w.recallDo(a, x, all, step, list.Time, ids)
	})
}

// recallDo changes a key as a step says, counts it under its model, and tells its owner. A status in the place
// of another one is noted, and nobody is told: he knows what to do.
func (w *Work) recallDo(a *Account, x *Authenticator, all []*Authenticator, step recallStep, life time.Duration,
	ids messageIDs) error {
	r, tells := x.Traits.Recall, toldRecalled
	switch {
	case step.act == ActRecallLifted:
		if err := w.countRecall(x, all, r.Model, -1); err != nil {
			return err
		}
		x.Traits.Recall, tells = nil, toldRecallLifted
	case step.act == ActRecalled && r == nil:
		x.Traits.Recall = &Recall{Model: step.news.Model, Status: step.news.Status, At: w.now, Due: w.now.Add(life),
			ToldAt: w.now}
		if err := w.countRecall(x, all, step.news.Model, +1); err != nil {
			return err
		}
	case step.act == ActRecalled:
		r.Status, tells = step.news.Status, ""
	default:
		r.ToldAt = w.now
	}
	x.Rev++
	if err := w.s.authenticators.Put(w.tx, authenticatorKey(x.Account, x.ID), x); err != nil || tells == "" {
		return err
	}
	args := map[string]string{"item": x.Name}
	if r := x.Traits.Recall; r != nil && w.now.Before(r.Due) {
		args["due"] = messageTime(r.Due)
	}
	return w.tell(a, tells, args, ids)
}
