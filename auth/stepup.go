package auth

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/latchkey-auth/latchkey/ident"
)

// StepUp says what an action demands, whether the caller's session shows it,
// and which methods would. target is the authenticator or device that the
// action is about, "" if none. Refuses NotFound for what nobody can ask for:
// whoever mistypes an action must not read that all is shown.
func (s *Service) StepUp(ctx context.Context, c Caller, a Action, target string) (*StepUpInfo, error) {
	return do(ctx, s, c, ActLookStep, func(w *Work) (*StepUpInfo, error) {
		if !s.askable(a) {
			return nil, Refuse(NotFound)
		}
		d, err := w.resolveDemand(a, target)
		if err != nil {
			return nil, err
		}
		if err := w.mayAskFor(a, target); err != nil {
			return nil, err
		}
		info := &StepUpInfo{For: a, Demand: d, MaskedEmail: w.account.Email.Mask()}
		rule, _ := s.rule(a)
		info.Done = d.Class == NoClass || w.shows(d.Class, d.MaxAge) && (!rule.Key || w.showsKey(d.MaxAge))
		if a == ActUnfreeze {
			info.Done = info.Done && w.showsBeside(target)
		}
		if a == ActPayout {
			err := w.refuseUnapproved(target)
			if e := new(Error); err != nil && !errors.As(err, &e) {
				return nil, err
			}
			if info.Done = err == nil; info.Done {
				info.Until = w.session.Approved.At.Add(agePayout)
			}
		}
		info.Waits = !info.Done && (a == ActRemove || a == ActLose) && w.shows(Weak, d.MaxAge)
		if info.Waits {
			info.Due = w.now.Add(s.policy.RemovalDelay)
		}
		list, err := w.offered(w.account, "", rule)
		info.Methods = serving(a, d, list)
		return info, err
	})
}

// mayAskFor refuses a step-up that would be for nothing.
func (w *Work) mayAskFor(a Action, target string) error {
	if rule, _ := w.s.rule(a); rule.Key {
		return w.requireAnyKey()
	}
	if a != ActPayout {
		return nil
	}
	if err := checkPayoutText(target); err != nil {
		return err
	}
	return w.refusePayout()
}

// serving are the methods that show what an action demands. A removal may be asked for with a weaker one, and then
// waits; so is everything where there is no method that shows it.
func serving(a Action, d Demand, list []MethodInfo) []MethodInfo {
	weaker := func(m MethodInfo) bool { return m.Class < d.Class }
	if a == ActRemove || a == ActLose || !slices.ContainsFunc(list, func(m MethodInfo) bool { return !weaker(m) }) {
		return list
	}
	return slices.DeleteFunc(list, weaker)
}

// askable reports whether a request can be for an action: it has a rule, and is
// not the service's own.
func (s *Service) askable(a Action) bool {
	rule, known := s.rule(a)
	return known && rule.Who != System
}

// resolveDemand resolves what an action asks for into a class: the best that the
// account has, or that of what would be removed.
func (w *Work) resolveDemand(a Action, target string) (Demand, error) {
	d := w.s.DemandOf(a)
	switch {
	case a == ActRemove || a == ActLose:
		list, err := w.removalList(a, target)
		if err != nil {
			return d, err
		}
		d.Class = w.strongestClass(list)
	case d.Class == Best:
		best, err := w.bestClass()
		if err != nil {
			return d, err
		}
		d.Class = best
	}
	return d, nil
}

// strongestClass is the strongest class among authenticators, at least Weak.
func (w *Work) strongestClass(list []*Authenticator) Class {
	c := Weak
	for _, x := range list {
		c = max(c, w.s.worth(x.Kind).Class)
	}
	return c
}

// StepUpBegin begins a fresh second step for an action on target.
func (s *Service) StepUpBegin(ctx context.Context, c Caller, a Action, target string, m MethodChoice) (*Challenge, error) {
	if !s.askable(a) {
		return nil, Refuse(NotFound)
	}
	flowID := s.newID()
	flow, err := do(ctx, s, c, ActLookStep, func(w *Work) (*Ceremony, error) {
		if err := w.mayAskFor(a, target); err != nil {
			return nil, err
		}
		return &Ceremony{ID: flowID, Purpose: ForStepUp, For: a, About: target,
			Account: w.account.ID, Session: w.session.lineID(), Epochs: w.epochs(w.account),
			Begun: w.now, Expires: w.now.Add(s.policy.SignInLife), Greeting: ident.Greeting(w.account.Email.Mask())}, nil
	})
	if err != nil {
		return nil, err
	}
	return s.challengeOnce(ctx, c, c.Token, func(c Caller) (*begunChallenge, error) { return s.beginChallenge(ctx, c, flow, m) })
}

// StepUpResend sends the code of a begun step-up again, perhaps by another
// channel.
func (s *Service) StepUpResend(ctx context.Context, c Caller, ceremony string, ch Channel) (*Challenge, error) {
	return s.resendCode(ctx, c, ForStepUp, ceremony, ch)
}

// StepUpFinish checks the response, notes the proof in the session and rotates
// its token. It tells which authenticator answered, so that a seller with
// several keys can see which one he holds.
func (s *Service) StepUpFinish(ctx context.Context, c Caller, ceremony string, response json.RawMessage) (*StepUpDone, error) {
	cer, err := s.unseal(ceremony, ForStepUp, c)
	if err != nil {
		return nil, err
	}
	action := ActStepUp
	if cer.For == ActTest {
		action = ActTest
	}
	secret := s.random(sessionSecretBytes)
	onSuccess := func(w *Work, a *Account, x *Authenticator, p Proof) (*StepUpDone, error) {
		proofs := append(slices.DeleteFunc(slices.Clone(w.session.Proofs), func(old Proof) bool {
			return old.Authenticator == p.Authenticator
		}), p)
		if err := w.approve(cer, p); err != nil {
			return nil, err
		}
		token, err := w.grant(a, secret, proofs, w.session.Remember)
		if err != nil {
			return nil, err
		}
		answered, err := w.describe(x)
		if err != nil {
			return nil, err
		}
		return &StepUpDone{Token: token, Session: w.s.sessionInfo(w.session, w.session), Answered: answered},
			w.remember(&answered, w.session)
	}
	return once(ctx, s, c, action, cer.ID, func(c Caller) (*StepUpDone, error) {
		return finish(ctx, s, c, action, cer, response, onSuccess)
	}, func(_ *Work, r *priorSuccess) (*StepUpDone, error) {
		done := &StepUpDone{Token: r.token, Session: s.sessionInfo(r.session, r.session)}
		return done, r.read(&done.Answered)
	})
}

// Challenge looks at a begun ceremony again: where its code is by now, and the
// other ways. Nothing is sent and nothing is spent. The prompt is not told
// twice.
func (s *Service) Challenge(ctx context.Context, c Caller, p Purpose, ceremony string) (*Challenge, error) {
	cer, err := s.unseal(ceremony, p, c)
	if err != nil {
		return nil, err
	}
	return do(ctx, s, c, lookAction(p), func(w *Work) (*Challenge, error) {
		out := &Challenge{Ceremony: ceremony, Kind: cer.Kind, Channel: cer.Channel, Expires: cer.Expires, Who: cer.Greeting}
		if p == ForSignIn && len(cer.Proofs) == 0 { // key first: to a stranger all accounts look alike
			return out, w.notConsumed(cer.ID, CeremonyUsed)
		}
		a, err := w.flowAccount(cer)
		if err != nil {
			return nil, err
		}
		if err := w.requireOwnSession(cer); err != nil {
			return nil, err
		}
		if out.Methods, err = w.offered(a, cer.FirstBy, s.ruleOf(cer)); err != nil || cer.Message == "" {
			return out, err
		}
		out.Delivery, err = w.delivery(cer)
		return out, err
	})
}

// delivery says how far the message of a ceremony has come.
func (w *Work) delivery(c *Ceremony) (*DeliveryInfo, error) {
	m, err := w.findMessage(c.Message)
	if err != nil || m == nil {
		return nil, err
	}
	asks, err := w.partyIn(c.Account, c.Session)
	if err != nil {
		return nil, err
	}
	q, err := w.quota(w.s.sendKey(c.Account, m.Recipient, asks.side))
	if err != nil {
		return nil, err
	}
	d := &DeliveryInfo{Channel: m.Channel, Masked: m.Recipient.Mask(), Label: m.Label, State: m.State, SentAt: m.CreatedAt,
		ChangedAt: m.ChangedAt, Expires: m.Expires, ResendAt: q.LastAt.Add(w.s.policy.ResendAfter),
		LeftToday: max(0, w.s.policy.SendsPerDay-q.Count)}
	if c.Typed {
		d.Recipient = c.Recipient
	}
	if (d.State == Queued || d.State == Accepted) && !w.now.Before(d.Expires) {
		d.State = Expired
	}
	return d, nil
}
