package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// Work is one pass through the door: the transaction, the time, and whom it is
// about. It is good only inside the fn that Do runs, which may run twice.
type Work struct {
	s               *Service
	tx              store.Tx
	now             time.Time
	clockNow        time.Time // as the clock has it: now without Caller.Later
	codesNow        time.Time // by the wall clock, which app codes follow
	clockSet        uint64    // how often the clock had been set when the pass began
	caller          Caller
	action          Action
	rule            Rule
	session         *session
	account         *Account     // the session's account, or whom fn found
	asker           seen         // of who had asked for what the service does by itself
	memberships     []Membership // of the session's account
	staff           *StaffMember
	touchDue        bool  // the session's Seen is due
	entry           Event // what the audit entry will say beside the action and the outcome
	auditAccount    AccountID
	alsoFor         []AccountID // whose history the act, once done, is in as well
	messagesWritten int         // messages written
	saveTimeDue     bool
	turn            *repeatTurn // what the pass decides about its refusal
	alarms          []alarm

	door       *Door      // of the part whose pass it is; nil: auth's own
	passDraws  *passDraws // of the call, for passes of parts
	drawnCount int        // how many of them this run has had
}

// ErrUnavailable is the failure of a store that cannot write now: nothing has
// changed, and the same request may succeed later.
var ErrUnavailable = store.ErrUnavailable

// do is the one door to the data (Do, for parts). It looks the action's rule up, reads the
// caller's session in the same transaction, refuses what the rule refuses,
// runs fn and writes the audit event. The result is what fn returned; beside a
// refusal or a failure there is none.
//
// Laws: a refusal (*Error) commits what fn wrote, any other error rolls back;
// fn may run more than once, so it writes to nothing outside of it and uses no
// clock, no randomness and no network; no slow work inside.
func do[T any](ctx context.Context, s *Service, c Caller, a Action, fn func(*Work) (T, error)) (T, error) {
	return resultOf(func(fn func(*Work) error) error { return s.do(ctx, c, a, fn) }, fn)
}

// resultOf is what the last run of a pass returned. It is all of the door that is
// compiled for every result.
func resultOf[T any](pass func(func(*Work) error) error, fn func(*Work) (T, error)) (T, error) {
	var result, none T
	err := pass(func(w *Work) (err error) {
		result, err = fn(w)
		return err
	})
	if err != nil {
		return none, err
	}
	return result, nil
}

// do is the door for a pass that has no result, compiled once for all that have one.
func (s *Service) do(ctx context.Context, c Caller, a Action, fn func(*Work) error) error {
	last, err := s.enter(ctx, c, a, fn)
	if last != nil && last.messagesWritten > 0 {
		s.wakeUp()
	}
	if last != nil && last.rule.Reads && last.touchDue && err == nil {
		return s.touchSession(ctx, c)
	}
	return err
}

// enter is do in one world: a reset waits for whoever is inside, and whoever
// comes meanwhile finds an empty lab.
func (s *Service) enter(ctx context.Context, c Caller, a Action, fn func(*Work) error) (*Work, error) {
	if s.lab != nil {
		s.lab.worldLock.RLock()
		defer s.lab.worldLock.RUnlock()
	}
	return s.pass(ctx, c, a, fn)
}

// pass is one pass through the door. The Work is nil if nothing was done.
func (s *Service) pass(ctx context.Context, c Caller, a Action, fn func(*Work) error) (*Work, error) {
	rule, err := s.ruleFor(c, a)
	if err != nil {
		return nil, err
	}
	return s.passBy(ctx, c, a, rule, fn)
}

// admitted refuses whom the action's rule refuses, before a use case does what is
// dear (promise 14): it looks at a snapshot and writes nothing. The pass that acts
// holds the rule against the caller again. Who is refused is refused by a pass
// that does nothing else, and so is told and audited as ever.
func (s *Service) admitted(ctx context.Context, c Caller, a Action) error {
	rule, err := s.ruleFor(c, a)
	if err != nil {
		return err
	}
	rule.Reads = true
	var refused *Error
	if _, err = s.passBy(ctx, c, a, rule, func(*Work) error { return nil }); !errors.As(err, &refused) {
		return err
	}
	return s.do(ctx, c, a, func(*Work) error { return refused })
}

// passBy is a pass by a rule that was looked up.
func (s *Service) passBy(ctx context.Context, c Caller, a Action, rule Rule, fn func(*Work) error) (*Work, error) {
	service, wall := s.times()
	clockNow := service.Truncate(time.Second)
	now := s.callerTime(c, clockNow)
	codesNow := s.callerTime(c, wall.Truncate(time.Second))
	clockSet := s.siteRecord.Load().ClockSet
	saveTimeDue := !rule.Reads && s.clock.due(clockNow, clockGrain)
	var out struct { // of the last run: each run sets all of it
		refusal error
		work    *Work
		turn    repeatTurn
		closed  bool   // nothing was left but to store it
		caller  Caller // here, so that the closure costs one allocation less
	}
	out.caller = c
	run := s.db.Update
	if rule.Reads {
		run = s.db.View
	} else if err := s.refuseHasty(c, rule, clockNow); err != nil {
		return nil, err
	}
	err := run(ctx, func(tx store.Tx) error {
		w := &Work{s: s, tx: tx, now: now, clockNow: clockNow, codesNow: codesNow, caller: out.caller, action: a, rule: rule,
			saveTimeDue: saveTimeDue, clockSet: clockSet, turn: &out.turn}
		out.work = w
		err := w.admit()
		if err == nil {
			err = fn(w)
		}
		out.refusal = err
		err = w.closePass(err)
		out.closed = err == nil
		return err
	})
	s.repeats.settle(&out.turn, err == nil, clockNow)
	if w := out.work; w != nil && w.session != nil && !rule.Reads {
		s.pacer.spend(out.work.session.ID, clockNow)
	}
	if out.closed && !rule.Reads && ctx.Err() == nil {
		s.storeFails.Store(err != nil)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a, err)
	}
	s.sound(out.work.alarms)
	if saveTimeDue && out.work.auditAccount != "" {
		s.clock.noteSaved(clockNow)
	}
	if e, ok := errors.AsType[*Error](out.refusal); ok {
		e.InSession = out.work.session != nil
	}
	if out.refusal != nil {
		return out.work, out.refusal
	}
	return out.work, nil
}

// StoreAlarm reports whether the last pass that wrote could not be stored: a disk
// that is full still reads.
func (s *Service) StoreAlarm() bool { return s.storeFails.Load() }

// ruleFor returns the action's rule, or why nobody like the caller gets as far
// as the data.
func (s *Service) ruleFor(c Caller, a Action) (Rule, error) {
	rule, ok := s.rule(a)
	switch {
	case !ok:
		return rule, fmt.Errorf("action %q has no rule", a)
	case rule.Who == System && !c.system:
		return rule, Refuse(Forbidden)
	case rule.Who == Tester && s.lab == nil:
		return rule, Refuse(NotFound)
	case rule.Who == OfStaff && c.Token == "":
		return rule, Refuse(SessionRequired)
	case !rule.Who.signedIn():
		return rule, nil
	case c.Token == "":
		return rule, Refuse(SessionRequired)
	}
	if _, _, ok := s.parseToken(c.Token); !ok {
		return rule, Refuse(SessionEnded)
	}
	return rule, nil
}

// admit reads the session that the rule needs and holds it against the rule.
func (w *Work) admit() error {
	if err := w.refuseSucceeded(); err != nil {
		return err
	}
	if w.rule.Who == OfStaff || w.caller.staff {
		return w.admitStaff()
	}
	if !w.rule.Who.signedIn() {
		return nil
	}
	if err := w.loadSession(); err != nil {
		return err
	}
	if w.rule.Who == Enrolled && w.session.restricted() || w.rule.Who == Stepped && w.session.Restricted {
		return Refuse(MustEnrol) // before About: whoever has the password alone writes no history
	}
	w.About(w.account.ID)
	if err := w.Require(w.rule.Demand, NoClass); err != nil {
		return err
	}
	if err := w.requireKey(w.rule); err != nil {
		return err
	}
	return w.refusePaused()
}

// Require refuses unless the session shows what d demands. same is the class
// of the method that the action is about, for demands of class Same.
func (w *Work) Require(d Demand, same Class) error {
	class := d.Class
	switch class {
	case NoClass:
		return nil
	case Same:
		class = same
	case Best:
		best, err := w.bestClass()
		if err != nil {
			return err
		}
		class = best
	}
	if class == NoClass || w.shows(class, d.MaxAge) {
		return nil
	}
	code := StepUpRequired
	if class == Strong && w.shows(Weak, d.MaxAge) {
		code = TooWeak
	}
	e := Refuse(code)
	e.Demand = Demand{class, d.MaxAge}
	return e
}

// shows reports whether the session holds a fresh enough proof of the class.
// A trusted browser and a password are of no class: they never spare a step-up.
// The security code makes any fresh proof a strong one.
func (w *Work) shows(class Class, maxAge time.Duration) bool {
	return w.hasProof(class, maxAge) || class == Strong && w.showsSecurityCode(maxAge)
}

func (w *Work) hasProof(class Class, maxAge time.Duration) bool {
	for _, p := range w.session.Proofs {
		if p.Class >= class && w.s.counts(w.account, p) && !p.At.Before(w.now.Add(-maxAge)) {
			return true
		}
	}
	return false
}

// bestClass is the strongest class among the account's methods, those that are
// frozen or disabled included: else a hundred wrong codes would make a text
// enough to replace an app. Recovery codes do not raise it: who owns nothing
// else but a number must not be asked for a sheet of paper.
func (w *Work) bestClass() (Class, error) {
	list, err := w.authenticators(w.account.ID)
	if err != nil {
		return NoClass, err
	}
	best := NoClass
	for _, a := range list {
		if !w.s.isSet(a.Kind) {
			best = max(best, w.s.worth(a.Kind).Class)
		}
	}
	return best, nil
}

// About names the account that the act is about, for the audit trail. An act of the staff stands in the trail of who
// did it, with where from, and in the account's own.
func (w *Work) About(id AccountID) {
	if w.staff == nil {
		w.auditAccount = id
	} else if id != w.staff.chain() {
		w.NoteFor(id)
	}
}

// closePass writes what every pass through the door leaves behind, the refused one
// too. It returns err if that is no refusal: nothing is left behind then.
func (w *Work) closePass(err error) error {
	refused, ok := errors.AsType[*Error](err)
	if err != nil && !ok {
		return err
	}
	if w.rule.Reads {
		return nil
	}
	if refused == nil && w.touchDue && w.session != nil {
		if err := w.markSeen(); err != nil {
			return err
		}
	}
	if w.rule.Audit && w.auditAccount != "" {
		e := w.entry
		e.Action = w.action
		if err := w.appendOutcome(e, refused); err != nil {
			return err
		}
		if err := w.appendForOthers(e, refused); err != nil {
			return err
		}
	}
	return w.saveTimeIfDue()
}
