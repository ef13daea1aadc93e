package auth

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// This file is the temporary code (R13, R14): what has proved the first factor of who forgot the password stands in for
// it once, in the browser that showed it. The second step stays, whatever the browser is trusted with; what was shown
// is none (D14); and the password stays as it is until its owner chooses another.

// A TemporaryForm signs in by what a forgotten password was asked for: the mailed link, or the ceremony of ForgotCode
// or ForgotUserName.
// Shared is "this is a shared computer".
type TemporaryForm struct {
	Link, Ceremony string
	Shared         bool
}

// SignInTemporary puts what a reset could be done by in the place of the password, and uses it up. It leads where a
// right password does: to the second step. Refuses LinkUsed, and MethodRefused where policy takes
// nothing but the password, or nothing would stand behind a mailbox.
func (s *Service) SignInTemporary(ctx context.Context, c Caller, f TemporaryForm) (*SignInInfo, error) {
	if !s.policy.TemporaryCodes {
		return nil, Refuse(MethodRefused)
	}
	p := resetProof{link: f.Link}
	if f.Ceremony != "" || f.Link == "" {
		var err error
		if p, err = s.ceremonyProof(c, f.Ceremony); err != nil {
			return nil, err
		}
	}
	info, err := s.signInOnce(ctx, c, ActTemporary, p.id(), func(c Caller) (*signInState, error) {
		return s.signInTemporary(ctx, c, p, f.Shared)
	})
	if err != nil || info.Step != StepSecond {
		return info, err
	}
	return s.SignInState(ctx, c, info.Ceremony) // with the ways, which are not remembered
}

func (s *Service) signInTemporary(ctx context.Context, c Caller, p resetProof, shared bool) (*signInState, error) {
	flowID, drawn := s.newID(), s.newSessionDraw()
	return do(ctx, s, c, ActTemporary, func(w *Work) (*signInState, error) {
		w.entry.Kind = Temporary
		if err := w.mayStandIn(p); err != nil {
			return nil, err
		}
		a, by, err := w.consumeProof(p)
		if err != nil {
			return nil, err
		}
		if err := w.introduceBy(a, p); err != nil {
			return nil, err
		}
		flow := &Ceremony{ID: flowID, Purpose: ForSignIn, Account: a.ID, Shared: shared, FirstBy: by,
			Greeting: ident.Greeting(a.Email.Mask()), Begun: w.now, Expires: w.now.Add(s.policy.SignInLife),
			Epochs: w.epochs(a), Proofs: []Proof{{Kind: Temporary, At: w.now, Channel: p.channel()}}}
		if p.ceremony != nil {
			flow.Greeting = p.ceremony.Greeting
		}
		return w.rememberSignIn(w.afterPassword(a, flow, drawn))
	})
}

// mayStandIn refuses an account whose only door would then be a mailbox: it has no second step, and need not have one.
func (w *Work) mayStandIn(p resetProof) error {
	a, _, err := w.proofOwner(p)
	if err != nil {
		return err
	}
	if a.disabled() {
		return Refuse(AccountDisabled)
	}
	open, err := w.hasMethods(a.ID)
	if err == nil && !open && !w.s.policy.MustEnrol {
		return Refuse(MethodRefused)
	}
	return err
}

// KeepPassword puts the offer of a new password aside that follows a temporary code.
func (s *Service) KeepPassword(ctx context.Context, c Caller) error {
	return s.doOnce(ctx, c, ActKeepPassword, func(w *Work) error {
		w.account.TemporaryAt = time.Time{}
		return s.accounts.Put(w.tx, string(w.account.ID), w.account)
	})
}
