package auth

import (
	"context"
	"slices"
	"time"
)

// This file is the security code with the password alone: it stands in for the second step, late.
//
//	password, code ── Policy.CodeDelay ──► password, code ── within Policy.CodeOpen ──► a session that may only enrol
//	    every address hears, with a link       the second step is off
//	    that stops it; no payout
//
// It falls with that link, with a stop in the settings, "not me", the end of the other sessions, a new password, a
// freeze, the retirement of the code and a restored backup. What came in by it can be put back for Policy.UndoLife by
// the link of its notice, whatever was bound since.

// A codeWait is a sign-in by the security code that waits. It is stored with the code.
type codeWait struct {
	ID      string    `json:"i"`
	AskAt   time.Time `json:"t"`
	Due     time.Time `json:"d"`           // the code counts from then
	Ends    time.Time `json:"e"`           // until then
	Restore uint64    `json:"r,omitempty"` // restore epoch: one of a backup may have been stopped since
	Seen    seen      `json:"sn,omitzero"` // of who asked
}

// liveCodeWait is the sign-in by the security code that waits or may be done, nil for none.
func (w *Work) liveCodeWait(a *Account) *codeWait {
	if !a.SecurityCode.live() {
		return nil
	}
	x := a.SecurityCode.Wait
	if x == nil || x.Restore != w.s.restoreEpoch() || !w.now.Before(x.Ends) {
		return nil
	}
	return x
}

// setCodeWait notes what waits for the security code, nil for nothing. The caller stores the account.
func (a *Account) setCodeWait(x *codeWait) {
	if a.SecurityCode == nil || a.SecurityCode.Wait == x {
		return
	}
	code := *a.SecurityCode // a copy of the account may share it
	code.Wait = x
	a.SecurityCode = &code
}

// info is what its owner is told.
func (x *codeWait) info() ChangeInfo {
	return ChangeInfo{ID: x.ID, What: string(SecurityCode), Methods: []string{}, AskAt: x.AskAt, Due: x.Due}
}

// CodeSignIn takes the security code where a sign-in asks for the second step. The first time it waits (StepWait), and
// every address of the account hears how to stop it. From SignInInfo.Due on the same leads to a session that has to
// enrol (StepEnrol): every method of before is gone. Refuses SecurityCodeNotSet, SecurityCodeWrong, SecurityCodeWaits,
// MethodResting, MethodDisabled, MailCodeNeeded, ChangePaused, KeysOnly.
func (s *Service) CodeSignIn(ctx context.Context, c Caller, ceremony, typed string) (*SignInInfo, error) {
	flow, err := s.unseal(ceremony, ForSignIn, c)
	if err != nil {
		return nil, err
	}
	if !flow.shown(Password) {
		return nil, Refuse(CeremonyOtherBrowser)
	}
	return s.signInOnce(ctx, c, ActCodeSignIn, flow.ID, func(c Caller) (*signInState, error) {
		return s.codeSignIn(ctx, c, flow, typed)
	})
}

func (s *Service) codeSignIn(ctx context.Context, c Caller, flow *Ceremony, typed string) (*signInState, error) {
	g, err := s.reserveAttempt(ctx, c, guessOfCode(flow))
	if err != nil {
		return nil, err
	}
	right, err := s.verifyPassword(ctx, g, g.way.clean(typed))
	if err != nil {
		return nil, err
	}
	drawn := removalDraw{changeID: s.newID(), messageIDs: s.newMessageIDs()}
	drawn.undoKey, drawn.undoURL = s.newLink(LinkUndo)
	session := s.newSessionDraw()
	return do(context.WithoutCancel(ctx), s, c, ActCodeSignIn, func(w *Work) (*signInState, error) {
		w.entry.Kind = SecurityCode
		w.About(flow.Account)
		var err error
		if w.account, err = w.flowAccount(flow); err != nil {
			return nil, err
		}
		if !right && g.locked == nil {
			if err := w.countStrangersStep(flow); err != nil {
				return nil, err
			}
		}
		if err := w.concludeGuess(g, right); err != nil {
			return nil, err
		}
		if err := w.forgiveSlips(flow); err != nil {
			return nil, err
		}
		x := w.liveCodeWait(w.account)
		if x == nil {
			if x, err = w.askCodeSignIn(drawn); err != nil {
				return nil, err
			}
		}
		if err := w.consumeFlow(flow); err != nil {
			return nil, err
		}
		if w.now.Before(x.Due) {
			w.entry.Due = x.Due
			return w.rememberSignIn(&signInState{flow: flow, wait: x}, nil)
		}
		return w.rememberSignIn(w.signInByCode(flow, session, drawn.messageIDs))
	})
}

// guessOfCode picks the attempts of whoever has shown the password: it may be told what is so.
func guessOfCode(flow *Ceremony) func(*Work) (*guess, error) {
	return func(w *Work) (*guess, error) {
		a, err := w.flowAccount(flow)
		if err != nil {
			return nil, err
		}
		if a.keysOnly() {
			return nil, Refuse(KeysOnly)
		}
		way := bySecurityCode()
		g := &guess{account: a, mayKnow: true, refuse: way.wrong, way: way}
		if g.hash, err = way.hash(w, a); err != nil {
			return nil, err
		}
		g.counter, err = w.counterOf(a.ID, way.kind)
		return g, err
	}
}

// consumeFlow consumes a sign-in under way.
func (w *Work) consumeFlow(c *Ceremony) error {
	if err := w.consume(c.ID, c.Expires, CeremonyUsed); err != nil || c.Flow == "" {
		return err
	}
	return w.consume(c.Flow, c.Begun.Add(w.s.policy.SignInLife), CeremonyUsed)
}

// askCodeSignIn writes the sign-in that waits, and the link that stops it.
func (w *Work) askCodeSignIn(drawn removalDraw) (*codeWait, error) {
	a := w.account
	if w.now.Before(a.PausedUntil) {
		return nil, Refuse(ChangePaused).At(a.PausedUntil)
	}
	due := w.now.Add(w.s.policy.CodeDelay)
	x := &codeWait{ID: drawn.changeID, AskAt: w.now, Due: due, Ends: due.Add(w.s.policy.CodeOpen),
		Restore: w.s.restoreEpoch(), Seen: w.seen()}
	a.setCodeWait(x)
	if err := w.s.accounts.Put(w.tx, string(a.ID), a); err != nil {
		return nil, err
	}
	l := link{Purpose: LinkUndo, Account: a.ID, Expires: x.Ends, Change: x.ID}
	if err := w.saveLink(drawn.undoKey, &l); err != nil {
		return nil, err
	}
	args := map[string]string{"due": messageTime(due), "undo": drawn.undoURL}
	return x, w.tell(a, toldCodeWaits, args, drawn.messageIDs)
}

// signInByCode switches the second step off, as an approved case does (R85, R86), and opens a session that may only
// enrol. No money is approved as long as it can be undone.
func (w *Work) signInByCode(flow *Ceremony, drawn sessionDraw, ids messageIDs) (*signInState, error) {
	a := w.account
	list, err := w.authenticators(a.ID)
	if err != nil {
		return nil, err
	}
	if err := w.tell(a, toldSignedInByCode, nil, ids, list...); err != nil { // those that go are told too
		return nil, err
	}
	a.setCodeWait(nil)
	a.SecurityCode.UsedAt = w.now
	a.coolOff(w.now.Add(w.s.policy.UndoLife), string(SecurityCode))
	if err := w.unbind(list, new(RemoveInfo)); err != nil {
		return nil, err
	}
	at, err := w.openSession(a, flow, drawn)
	if err != nil {
		return nil, err
	}
	w.session.Restricted = true // even where the site makes nobody enrol
	return at, w.s.sessions.Put(w.tx, sessionKey(a.ID, w.session.ID), w.session)
}

// stopCodeSignIn stops what waits for the security code, if something does. It stores the account.
func (w *Work) stopCodeSignIn(a *Account) error {
	if a.SecurityCode == nil || a.SecurityCode.Wait == nil {
		return nil
	}
	a.setCodeWait(nil)
	return w.s.accounts.Put(w.tx, string(a.ID), a)
}

// cancelCodeSignIn stops it from the settings. The next one has to wait: it may be a thief who asks. Refuses NotFound.
func (w *Work) cancelCodeSignIn(id string) error {
	x := w.liveCodeWait(w.account)
	if x == nil || x.ID != id {
		return Refuse(NotFound)
	}
	w.entry.Kind = SecurityCode
	w.account.PausedUntil = w.now.Add(w.s.policy.RemovalDelay)
	return w.stopCodeSignIn(w.account)
}

// revertCodeSignIn puts back what a sign-in by the security code has switched off. All that was bound since rests on
// it, however strong it is, and goes.
func (w *Work) revertCodeSignIn(a *Account, d *deed) error {
	list, err := w.authenticators(a.ID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(x *Authenticator) bool { return x.BoundAt.Before(d.At) })
	if err := w.unbind(list, new(RemoveInfo)); err != nil {
		return err
	}
	if err := w.putBack(d); err != nil {
		return err
	}
	a.EnrolledAt = d.EnrolledAt
	a.CoolUntil, a.CoolWhy = d.CoolUntil, d.CoolWhy
	a.moveEmail(d.Email, time.Time{})
	a.Phone, a.PhoneAt = d.Phone, d.PhoneAt
	if a.UserName != d.UserName {
		a.renameOwner(d.UserName)
	}
	a.Question = d.Question
	return nil
}
