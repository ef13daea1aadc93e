package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// This file is the check of all keys against the list of models: once a night, at once after another list was
// taken, and when the staff push.
//
//	nothing due ── a day is over, a list with a higher number, a push ──► run: from the first account,
//	   ▲                                                                    │ some thousand a sweep
//	   └──── the last account: counts are stored, one entry in the trail ◄──┘
//
// A list with a lower number than one gone by before says nothing: a file of before a model was recalled, or
// another node's, would lift what is true. A run that is cut off goes on where its place was stored last; what
// it does twice is done once, since each step looks at the key again.

// A recallRun is how far the check has come, under "run".
//
//	{"no": number of the list, "b": begun, "e": ended, "a": last account done, "k": keys looked at,
//	 "n": recalled by it, "l": lifted, "t": told again, "m": by model, what is there, "r": revision}
type recallRun struct {
	Number   int64                   `json:"no"`
	BegunAt  time.Time               `json:"b"`
	EndedAt  time.Time               `json:"e,omitzero"` // zero: it is under way
	After    AccountID               `json:"a,omitempty"`
	Keys     int                     `json:"k,omitempty"`
	Recalled int                     `json:"n,omitempty"`
	Lifted   int                     `json:"l,omitempty"`
	Told     int                     `json:"t,omitempty"`
	Models   map[string]*RecallCount `json:"m,omitempty"`
	Rev      uint64                  `json:"r"`
}

// A RecallCount is what a run has found of a recalled model.
type RecallCount struct {
	Keys     int `json:"k"`           // that are there
	Claimed  int `json:"c,omitempty"` // of these, have only said that they are of it
	Accounts int `json:"a"`           // with one of them
	Replaced int `json:"r,omitempty"` // of these accounts, have registered something as strong since
}

// A recallModel is a model that was recalled, under what names it.
//
//	{"n": its name, "s": status, "at": first key, "d": last day that an owner was given, "k": keys that were ever
//	 recalled, "a": their accounts, "l": some are so no more, "f": what the last run has found, "fa": when,
//	 "p": last push}
type recallModel struct {
	Name     string      `json:"n,omitempty"`
	Status   string      `json:"s"`
	At       time.Time   `json:"at"`
	Due      time.Time   `json:"d"`
	Keys     int         `json:"k"`
	Accounts int         `json:"a"`
	Lifted   bool        `json:"l,omitempty"`
	Found    RecallCount `json:"f,omitzero"`
	FoundAt  time.Time   `json:"fa,omitzero"`
	PushedAt time.Time   `json:"p,omitzero"`
}

const (
	recallEvery = 24 * time.Hour
	recallBatch = 100 // accounts that one pass reads
	recallKey   = "run"
)

// countRecall counts a key under its model: by is 1 for one that is recalled, -1 for one that is so no more.
func (w *Work) countRecall(x *Authenticator, all []*Authenticator, model string, by int) error {
	m, err := w.s.recallModels.Get(w.tx, model)
	if errors.Is(err, store.ErrNotFound) {
		m, err = &recallModel{At: w.now}, nil
	}
	if err != nil {
		return err
	}
	if r := x.Traits.Recall; by > 0 {
		m.Status, m.Due = r.Status, laterOf(m.Due, r.Due)
		if x.Traits.Certified || m.Name == "" { // what a key only says goes before nothing
			m.Name = x.Traits.Model
		}
	}
	m.Keys, m.Lifted = max(0, m.Keys+by), by < 0
	only := true
	for _, o := range all {
		only = only && (o.ID == x.ID || o.Traits.Recall == nil || o.Traits.Recall.Model != model)
	}
	if only {
		m.Accounts = max(0, m.Accounts+by)
	}
	return w.s.recallModels.Put(w.tx, model, m)
}

// recallPushed is when the owners of a key's recalled model were last to be told again, zero for never.
func (w *Work) recallPushed(x *Authenticator) (time.Time, error) {
	if x.Traits.Recall == nil {
		return time.Time{}, nil
	}
	m, err := w.s.recallModels.Get(w.tx, x.Traits.Recall.Model)
	if err != nil {
		return time.Time{}, ignoreMissing(err)
	}
	return m.PushedAt, nil
}

// recallsDue is the list to go by, and the run that is under way or due; nil for none.
func (w *Work) recallsDue(r Recaller) (*Recalls, *recallRun, error) {
	list := r.Recalls(w.now)
	if list == nil {
		return nil, nil, nil
	}
	run, err := w.s.recallRuns.Get(w.tx, recallKey)
	if errors.Is(err, store.ErrNotFound) {
		run, err = new(recallRun), nil
	}
	if err != nil || list.Number < run.Number {
		return nil, nil, err
	}
	due := run.BegunAt.IsZero() || list.Number > run.Number || w.now.Sub(run.BegunAt) >= recallEvery
	for item, err := range w.s.recallModels.Scan(w.tx, "", "", scanBatch) {
		if err != nil {
			return nil, nil, err
		}
		due = due || !item.Doc.PushedAt.IsZero() && !item.Doc.PushedAt.Before(run.BegunAt) // in one second, too
	}
	switch {
	case due:
		run = &recallRun{Number: list.Number, BegunAt: w.now, Rev: run.Rev}
	case !run.EndedAt.IsZero():
		return nil, nil, nil
	}
	return list, run, nil
}

// A recallSlice is what was found in some accounts.
type recallSlice struct {
	due    []dueRecall
	counts map[string]*RecallCount
	keys   int
	after  AccountID
	last   bool
}

type dueRecall struct {
	key string
	act Action
}

// checkRecalls goes on with the check of all keys, or begins it, if that is due.
func (s *Service) checkRecalls(ctx context.Context, sys Caller) error {
	for _, f := range s.factors {
		if r, ok := f.(Recaller); ok {
			return s.checkRecallsBy(ctx, sys, r)
		}
	}
	return nil
}

func (s *Service) checkRecallsBy(ctx context.Context, sys Caller, by Recaller) error {
	type task struct {
		list *Recalls
		run  *recallRun
	}
	t, err := do(ctx, s, sys, ActOutbox, func(w *Work) (t task, err error) {
		t.list, t.run, err = w.recallsDue(by)
		return t, err
	})
	if err != nil || t.run == nil {
		return err
	}
	var failed error
	for acts, slices := 0, 0; slices < dueSlices && acts < scanBatch && ctx.Err() == nil; slices++ {
		find := func(w *Work) (*recallSlice, error) { return w.findRecalls(t.list, t.run.After) }
		found, err := do(ctx, s, sys, ActOutbox, find)
		if err != nil {
			failed = errors.Join(failed, err)
			break
		}
		for _, d := range found.due {
			failed = errors.Join(failed, WithoutPanic(func() error { return t.run.apply(ctx, s, sys, t.list, d) }))
		}
		acts += len(found.due)
		if t.run.add(found); found.last {
			return errors.Join(failed, s.endRecalls(ctx, sys, t.run))
		}
	}
	return errors.Join(failed, s.do(ctx, sys, ActSweep, func(w *Work) error {
		_, err := w.saveRecallRun(t.run)
		return err
	}))
}

// apply does one step, and counts it.
func (r *recallRun) apply(ctx context.Context, s *Service, sys Caller, list *Recalls, d dueRecall) error {
	did, err := s.applyRecall(ctx, sys, list, d.key, d.act)
	if err != nil || !did {
		return err
	}
	switch d.act {
	case ActRecalled:
		r.Recalled++
	case ActRecallLifted:
		r.Lifted++
	case ActRecallTold:
		r.Told++
	}
	return nil
}

// add counts what was found in a slice.
func (r *recallRun) add(found *recallSlice) {
	r.After = found.after
	r.Keys += found.keys
	for model, n := range found.counts {
		if r.Models == nil {
			r.Models = map[string]*RecallCount{}
		}
		sum := r.Models[model]
		if sum == nil {
			sum = new(RecallCount)
			r.Models[model] = sum
		}
		sum.Keys, sum.Claimed = sum.Keys+n.Keys, sum.Claimed+n.Claimed
		sum.Accounts, sum.Replaced = sum.Accounts+n.Accounts, sum.Replaced+n.Replaced
	}
}

// findRecalls looks at the keys of some accounts behind one.
func (w *Work) findRecalls(list *Recalls, after AccountID) (*recallSlice, error) {
	from := ""
	if after != "" {
		from = string(after) + "\x00"
	}
	found, n := &recallSlice{counts: map[string]*RecallCount{}, after: after}, 0
	for item, err := range w.s.accounts.Scan(w.tx, from, "", recallBatch) {
		if err != nil {
			return nil, err
		}
		n++
		found.after = item.Doc.ID
		if err := w.findRecallsOf(found, list, item.Doc.ID); err != nil {
			return nil, err
		}
	}
	found.last = n < recallBatch
	return found, nil
}

// findRecallsOf looks at the keys of one account.
func (w *Work) findRecallsOf(found *recallSlice, list *Recalls, id AccountID) error {
	all, err := w.authenticators(id)
	if err != nil {
		return err
	}
	models := map[string]bool{} // of the account: whether something as strong was registered since
	for _, x := range all {
		if w.s.row(x).Input != KeyTouch {
			continue
		}
		found.keys++
		pushed, err := w.recallPushed(x)
		if err != nil {
			return err
		}
		replaced := w.s.replaced(x, all)
		step := recallStepOf(x, list, pushed, replaced)
		if step.act != "" {
			found.due = append(found.due, dueRecall{authenticatorKey(id, x.ID), step.act})
		}
		if !step.recalled(x) {
			continue
		}
		model := step.news.Model
		if x.Traits.Recall != nil {
			model = x.Traits.Recall.Model
		}
		n := found.count(model)
		if n.Keys++; !x.Traits.Certified {
			n.Claimed++
		}
		models[model] = models[model] || replaced
	}
	for model, replaced := range models {
		n := found.count(model)
		if n.Accounts++; replaced {
			n.Replaced++
		}
	}
	return nil
}

func (f *recallSlice) count(model string) *RecallCount {
	if f.counts[model] == nil {
		f.counts[model] = new(RecallCount)
	}
	return f.counts[model]
}

// endRecalls stores what a run has found, and writes it into the trail.
func (s *Service) endRecalls(ctx context.Context, sys Caller, r *recallRun) error {
	return s.do(ctx, sys, ActRecallCheck, func(w *Work) error {
		ended := *r
		ended.EndedAt, ended.After = w.now, "" // the account may be closed one day, and nothing of it stays
		if saved, err := w.saveRecallRun(&ended); err != nil || !saved {
			return err
		}
		if err := w.saveFound(r.Models); err != nil {
			return err
		}
		w.AboutSite("recall")
		w.Note("", fmt.Sprintf("list %d: %d keys, %d recalled, %d lifted, %d told again", r.Number, r.Keys,
			r.Recalled, r.Lifted, r.Told))
		return nil
	})
}

// saveFound stores with each recalled model what a run has found of it. One that is recalled no more, and of
// which no key is left that is, goes.
func (w *Work) saveFound(models map[string]*RecallCount) error {
	list, err := w.RecalledModels()
	if err != nil {
		return err
	}
	for i := range list {
		m, err := w.s.recallModels.Get(w.tx, list[i].ID)
		if err != nil {
			return err
		}
		m.Found, m.FoundAt = RecallCount{}, w.now
		if found := models[list[i].ID]; found != nil {
			m.Found = *found
		}
		if m.Lifted && m.Found.Keys == 0 {
			err = w.s.recallModels.Delete(w.tx, list[i].ID)
		} else {
			err = w.s.recallModels.Put(w.tx, list[i].ID, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// saveRecallRun stores a run, unless another node has gone on with it meanwhile: then it is its own.
func (w *Work) saveRecallRun(r *recallRun) (saved bool, err error) {
	now, err := w.s.recallRuns.Get(w.tx, recallKey)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if now != nil && now.Rev != r.Rev {
		return false, nil
	}
	next := *r
	next.Rev++
	return true, w.s.recallRuns.Put(w.tx, recallKey, &next)
}
