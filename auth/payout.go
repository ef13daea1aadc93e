package auth

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/ident"
)

// This file is the step-up for money (R7): a strong proof for one text, which the
// page shows in large type.
//
//	StepUpBegin(payout, text) ─► page shows the text ─► StepUpFinish ─► Payout(text), once, within 5 minutes
//
// What makes an account less sure than it was refuses it for a time: a pause after
// "this was not me", a cooling-off, and the end that its owner has asked for.

const (
	agePayout     = 5 * time.Minute
	maxPayoutText = 200 // characters
)

// approval is the text that a session's owner has approved last.
type approval struct {
	ID   string    `json:"id"` // consumed with it
	Text string    `json:"t"`
	At   time.Time `json:"at"`
}

// checkPayoutText refuses a text that would not be shown as it is written, or not whole.
func checkPayoutText(text string) error {
	long := len(text) > ident.MaxTyped || utf8.RuneCountInString(text) > maxPayoutText
	if text == "" || long || ident.CleanName(text) != text {
		return RefuseField(PayoutTextMalformed, "text")
	}
	return nil
}

// payoutInfo says whether the account may approve money now.
func (w *Work) payoutInfo() (PayoutInfo, error) {
	a, refuses := w.account, PayoutInfo{}
	if w.now.Before(a.CoolUntil) {
		refuses = PayoutInfo{Until: a.CoolUntil, Why: a.CoolWhy}
	}
	if x := w.liveCodeWait(a); x != nil && w.now.Before(x.Due) && x.Due.After(refuses.Until) {
		refuses = PayoutInfo{Until: x.Due, Why: string(SecurityCode)}
	}
	if until := a.PausedUntil; w.isPaused() && until.After(refuses.Until) {
		refuses = PayoutInfo{Until: until, Why: "paused"}
	}
	ch, err := w.closing(a.ID)
	if ch != nil && ch.Due.After(refuses.Until) {
		refuses = PayoutInfo{Until: ch.Due, Why: waitClosing}
	}
	refuses.Allowed = refuses.Until.IsZero() && !w.session.restricted()
	if w.session.restricted() {
		refuses.Why = "must-enrol"
	}
	return refuses, err
}

// refusePayout refuses what payoutInfo does not allow.
func (w *Work) refusePayout() error {
	info, err := w.payoutInfo()
	if err != nil || info.Allowed {
		return err
	}
	return Refuse(PayoutRefused, "reason", info.Why).At(info.Until)
}

// refuseUnapproved refuses a text for which the session holds no fresh approval that
// is unused.
func (w *Work) refuseUnapproved(text string) error {
	x := w.session.Approved
	if x == nil || x.Text != text || x.At.Before(w.now.Add(-agePayout)) {
		return Refuse(StepUpRequired)
	}
	return w.notConsumed(x.ID, StepUpRequired)
}

// Payout takes the approval of a text that the owner has given in this session by a
// strong proof not older than five minutes. It counts once: the next needs a proof
// of its own. Refuses PayoutTextMalformed, PayoutRefused, and StepUpRequired where
// this text was not approved.
func (s *Service) Payout(ctx context.Context, c Caller, text string) (*PayoutDone, error) {
	return doOnce(ctx, s, c, ActPayout, "", func(w *Work) (*PayoutDone, error) {
		if err := checkPayoutText(text); err != nil {
			return nil, err
		}
		w.entry.Item = text
		if err := w.refusePayout(); err != nil {
			return nil, err
		}
		err := w.refuseUnapproved(text)
		if e := new(Error); errors.As(err, &e) {
			e.Demand = w.rule.Demand
			return nil, e
		}
		if err != nil {
			return nil, err
		}
		x := w.session.Approved // by whichever token of the session: its id is used once
		return &PayoutDone{Text: text, ApprovedAt: x.At}, w.consume(x.ID, x.At.Add(agePayout), StepUpRequired)
	})
}

// approve notes what a finished step-up has approved; nothing for one of another
// purpose, or by a weak method.
func (w *Work) approve(c *Ceremony, p Proof) error {
	if c.For != ActPayout || p.Class < Strong {
		return nil
	}
	if err := w.refusePayout(); err != nil {
		return err
	}
	w.session.Approved = &approval{ID: c.ID + ".payout", Text: c.About, At: w.now}
	return nil
}

// CoolOff refuses the account's payouts until a time, for a reason of one word. A
// later end that is set already stays. Refuses NotFound.
func (w *Work) CoolOff(id AccountID, until time.Time, why string) error {
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	a.coolOff(until, why)
	return w.s.accounts.Put(w.tx, string(id), a)
}

// coolOff moves the end of an account's cooling-off on. The caller stores it.
func (a *Account) coolOff(until time.Time, why string) {
	if until.After(a.CoolUntil) {
		a.CoolUntil, a.CoolWhy = until, why
	}
}
