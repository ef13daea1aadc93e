package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// lookAction is the read action that a ceremony of each purpose goes through: a
// step-up and a binding need the session that they belong to.
func lookAction(p Purpose) Action {
	switch p {
	case ForStepUp:
		return ActLookStep
	case ForBind:
		return ActLookBind
	}
	return ActLook
}

// beginChallenge turns a flow into a challenge for one method. The flow itself stays
// good: another method can be begun beside it, and one success spends it.
func (s *Service) beginChallenge(ctx context.Context, c Caller, flow *Ceremony, m MethodChoice) (*begunChallenge, error) {
	next := *flow
	next.ID = s.newID()
	next.Kind = m.Kind
	next.Channel = m.Channel
	next.AuthenticatorID = m.ID
	next.Message = ""
	next.Verify = m.Verify
	if next.Flow == "" {
		next.Flow = flow.ID
	}
	next.State = nil
	return s.askFactor(ctx, c, &next, flow.Expires)
}

// resendCode asks the factor of a begun ceremony to send again. The ceremony that
// results replaces the one before.
func (s *Service) resendCode(ctx context.Context, c Caller, p Purpose, ceremony string, ch Channel) (*Challenge, error) {
	return s.challengeOnce(ctx, c, ceremony, func(c Caller) (*begunChallenge, error) { return s.resend(ctx, c, p, ceremony, ch) })
}

func (s *Service) resend(ctx context.Context, c Caller, p Purpose, ceremony string, ch Channel) (*begunChallenge, error) {
	before, err := s.unseal(ceremony, p, c)
	if err != nil {
		return nil, err
	}
	if s.methods.Of(before.Kind, "").Channel == "" { // a challenge that is begun anew could be answered twice
		return nil, Refuse(NoSuchMethod)
	}
	next := *before
	next.ID, next.Channel = s.newID(), ch
	if p == ForBind {
		return s.resendBinding(ctx, c, &next)
	}
	return s.askFactor(ctx, c, &next, before.Begun.Add(s.policy.SignInLife))
}

// askFactor asks the factor for a challenge on a snapshot, then sends what must
// be sent in a transaction of its own: a challenge that sends nothing writes
// nothing.
func (s *Service) askFactor(ctx context.Context, c Caller, next *Ceremony, until time.Time) (*begunChallenge, error) {
	factor := s.factors[next.Kind]
	if factor == nil || !s.delivers(next.Kind, next.Channel) { // alike for whoever has such a method and who has none
		return nil, Refuse(NoSuchMethod)
	}
	next.Language = c.Language
	asked, err := do(ctx, s, c, lookAction(next.Purpose), func(w *Work) (*begunChallenge, error) {
		asked := &begunChallenge{Ceremony: *next}
		asked.Now, asked.Messages = w.now, nil
		a, list, err := w.loadChallenged(next)
		if err != nil {
			return nil, err
		}
		if asked.Others, err = w.offered(a, next.FirstBy, w.s.ruleOf(next)); err != nil {
			return nil, err
		}
		if asked.Expires = w.now.Add(s.challengeLife(next.Kind)); until.Before(asked.Expires) {
			asked.Expires = until
		}
		return asked, factor.BeginVerify(&asked.Ceremony, list)
	})
	if err != nil {
		return nil, err
	}
	return asked, s.sendCode(ctx, c, asked)
}

// delivers reports whether a code of a kind can be asked for by that channel, "" for whichever there is.
func (s *Service) delivers(k Kind, by Channel) bool {
	return by == "" || s.methods.By(k, by).Served
}

// challengeLife is how long a challenge to a method can be answered. What asks for a code and sends none tells nothing
// that could grow old: the code has its own time, so the challenge lives as long as what it is a step of.
func (s *Service) challengeLife(k Kind) time.Duration {
	switch {
	case !s.worth(k).Guessable:
		return s.policy.CeremonyLife
	case s.methods.Of(k, "").Channel == "":
		return s.policy.SignInLife
	}
	return s.policy.CodeLife
}

// begunChallenge is a ceremony as its factor left it, and what else could be asked for.
type begunChallenge struct {
	Ceremony `json:"c"`
	Shown    json.RawMessage `json:"p,omitempty"` // the prompt, for a success that is remembered
	Others   []MethodInfo    `json:"m,omitempty"`
	Delivery *DeliveryInfo   `json:"d,omitempty"`
}

// challengeOnce seals what begin has begun. The same request is sent no second
// code: it gets the exchange that it has begun. The ceremony that it goes on from
// may have come by a cookie, beside a body that is the same each time.
func (s *Service) challengeOnce(ctx context.Context, c Caller, ceremony string, begin func(Caller) (*begunChallenge, error)) (*Challenge, error) {
	if c.Request != "" {
		c.Request += "\x00" + ceremony
	}
	begun, err := once(ctx, s, c, ActSendCode, "", begin, func(_ *Work, r *priorSuccess) (*begunChallenge, error) {
		begun := new(begunChallenge)
		err := r.read(begun)
		begun.Prompt = begun.Shown
		return begun, err
	})
	if err != nil {
		return nil, err
	}
	return s.sealChallenge(c, &begun.Ceremony, begun.Others, begun.Delivery)
}

// loadChallenged reads whom a challenge is for and refuses what cannot be asked.
func (w *Work) loadChallenged(c *Ceremony) (*Account, []*Authenticator, error) {
	a, err := w.flowAccount(c)
	if err != nil {
		return nil, nil, err
	}
	if err := w.requireOwnSession(c); err != nil {
		return nil, nil, err
	}
	if err := w.mayAnswer(c); err != nil {
		return nil, nil, err
	}
	list, err := w.activeMethods(a.ID, c.Kind, c.AuthenticatorID)
	if err != nil {
		return nil, nil, err
	}
	list = slices.DeleteFunc(list, func(x *Authenticator) bool {
		return !w.usable(a, x, c.FirstBy) || w.s.ruleOf(c).Key && !w.s.isKey(x)
	})
	if len(list) == 0 {
		return nil, nil, Refuse(NoSuchMethod)
	}
	return a, list, nil
}

// sendCode writes the ceremony's messages to the outbox, within the limits of
// their addresses.
func (s *Service) sendCode(ctx context.Context, c Caller, next *begunChallenge) error {
	if len(next.Messages) == 0 {
		return nil
	}
	id := s.newID()
	next.Message, next.Shown = next.Messages[0].rankedID(id), next.Prompt
	var err error
	next.Delivery, err = do(ctx, s, c, ActSendCode, func(w *Work) (*DeliveryInfo, error) {
		w.About(next.Account)
		w.entry.Kind, w.entry.Channel = next.Kind, next.Channel
		m := next.Messages[0]
		if m.Channel != Mail && !s.served(ident.Phone(m.Recipient)) {
			return nil, RefuseField(CountryNotServed, "phone")
		}
		draws, err := w.codeDraws(next.Account, next.Session, next.Purpose, m)
		if err != nil {
			return nil, err
		}
		left, err := w.takeAll(draws...)
		if err != nil {
			return nil, err
		}
		m.Account, m.Language = next.Account, c.Language
		if err := w.enqueue(m, id); err != nil {
			return nil, err
		}
		sent := *next
		sent.Delivery = &DeliveryInfo{Channel: m.Channel, Masked: m.Recipient.Mask(), Label: m.Label, State: Queued, SentAt: w.now,
			ChangedAt: w.now, Expires: m.Expires, ResendAt: w.now.Add(s.policy.ResendAfter), LeftToday: left}
		return sent.Delivery, w.remember(&sent, nil)
	})
	return err
}

// codeDraws is what a code of a ceremony draws: of its address, and of the budget that it is sent on.
func (w *Work) codeDraws(id AccountID, session string, purpose Purpose, m Message) ([]draw, error) {
	asks, err := w.partyIn(id, session)
	if err != nil {
		return nil, err
	}
	draws := []draw{w.sendDraw(id, m.Recipient, asks.side)}
	if purpose == ForBind {
		a, err := w.existingAccount(id)
		if err != nil {
			return nil, err
		}
		return append(draws, w.bindDraws(a, m.Channel, m.Recipient)...), nil
	}
	if m.Channel != Mail {
		draws = append(draws, w.textDraws(ident.Phone(m.Recipient), proved)...)
		if asks.side == strangers {
			draws = append(draws, w.strangersDraws(ident.Phone(m.Recipient))...)
		}
	}
	return draws, nil
}

// served reports whether texts and calls go to the number's country.
func (s *Service) served(n ident.Phone) bool {
	return len(s.policy.Countries) == 0 || slices.Contains(s.policy.Countries, n.Region())
}

// sealChallenge seals a begun ceremony and describes it.
func (s *Service) sealChallenge(c Caller, next *Ceremony, methods []MethodInfo, d *DeliveryInfo) (*Challenge, error) {
	sealed, err := s.seal(next, c)
	if err != nil {
		return nil, err
	}
	return &Challenge{Ceremony: sealed, Kind: next.Kind, Channel: next.Channel, Expires: next.Expires,
		Prompt: next.Prompt, Delivery: d, Methods: methods, Who: next.Greeting}, nil
}

// errStale says that what was verified has changed before it was concluded.
var errStale = errors.New("verified against an older record")

// staleTries bounds how often a finish is verified anew. Losing more often
// means that as many others won.
const staleTries = 8

// finish is the one way in which a second step is verified. The response is
// checked on a snapshot; one transaction then spends the ceremony and its
// flow, compares the record that it was checked against, counts or clears,
// stores the changed authenticator and runs grant, whose result is finish's.
func finish[T any](ctx context.Context, s *Service, c Caller, a Action, cer *Ceremony, response json.RawMessage,
	onSuccess func(*Work, *Account, *Authenticator, Proof) (T, error)) (T, error) {
	var none T
	for range staleTries {
		v, err := s.verifyResponse(ctx, c, cer, response)
		if err != nil {
			return none, err
		}
		result, err := do(ctx, s, c, a, func(w *Work) (T, error) {
			account, err := w.conclude(cer, v)
			if err != nil {
				return none, err
			}
			return onSuccess(w, account, v.answered, v.proof)
		})
		if !errors.Is(err, errStale) {
			return result, s.uncheckedRefusal(cer.Kind, err)
		}
	}
	return none, Refuse(CeremonyUsed)
}

// uncheckedRefusal tells a code that could not be checked from one that is wrong
// (R72): the store cannot write, so nothing was counted either.
func (s *Service) uncheckedRefusal(k Kind, err error) error {
	if s.worth(k).Guessable && errors.Is(err, ErrUnavailable) {
		return Refuse(CodeUnavailable)
	}
	return err
}

// verdict is what a factor said about a response.
type verdict struct {
	account  *Account
	answered *Authenticator // changed copy; may stand beside a refusal
	refused  *Error
	unknown  string // the credential that answered, where its owner would know that it is none of ours
	proof    Proof
}

// verifyResponse verifies the response on a snapshot.
func (s *Service) verifyResponse(ctx context.Context, c Caller, cer *Ceremony, response json.RawMessage) (*verdict, error) {
	factor := s.factors[cer.Kind]
	if factor == nil {
		return nil, Refuse(NoSuchMethod)
	}
	v, err := do(ctx, s, c, lookAction(cer.Purpose), func(w *Work) (*verdict, error) {
		v := new(verdict)
		list, err := w.candidates(cer, factor, response, v)
		if err != nil || v.refused != nil {
			return v, err
		}
		asked := *cer
		asked.Now, asked.Wall = w.now, w.codesNow
		asked.Restored = s.siteRecord.Load().Restored
		asked.UserVerified = false
		v.answered, err = factor.FinishVerify(&asked, list, response)
		if err != nil && !errors.As(err, &v.refused) {
			return nil, fmt.Errorf("verifying %s: %w", cer.Kind, err)
		}
		if v.answered != nil {
			v.proof = w.proofBy(v.answered, cer.Channel)
			v.proof.UserVerified = asked.UserVerified && v.answered.Traits.Recall == nil
		}
		return v, nil
	})
	if err != nil {
		return nil, err
	}
	if cer.anonymous() && v.refused != nil && v.answered == nil {
		v.refused, v.account = s.genericRefusal(cer, v.refused), nil // one answer for all, and nobody's history
		if v.unknown != "" {
			v.refused.Unknown = &UnknownCredential{RPID: s.rpID, CredentialID: v.unknown}
		}
	}
	return v, nil
}

// genericRefusal is the one refusal that strangers get, whatever was wrong: they must not
// learn who has an account or which key is real. Testers in a lab see the cause.
func (s *Service) genericRefusal(c *Ceremony, e *Error) *Error {
	if !c.anonymous() {
		return e
	}
	generic := Refuse(KeyWrong)
	if s.lab != nil {
		generic.Cause, generic.Step = e.Code, e.Step
	}
	return generic
}

// candidates returns the authenticators that may answer. A ceremony that knows
// no account is answered by a credential that names one.
func (w *Work) candidates(c *Ceremony, f Factor, response json.RawMessage, v *verdict) ([]*Authenticator, error) {
	var credential string
	var handle []byte
	if c.anonymous() {
		names, ok := f.(Identifier)
		if !ok {
			return nil, Refuse(NoSuchMethod)
		}
		var err error
		if credential, handle, err = names.Identify(response); err != nil {
			return nil, err // garbage burns nothing
		}
	}
	if c.Account != "" {
		a, list, err := w.loadChallenged(c)
		var e *Error
		if c.anonymous() && errors.As(err, &e) && e.Code != CeremonyUsed {
			v.refused = e // as an answer to a decoy: bluntly, and the challenge is burnt
			return nil, nil
		}
		v.account = a
		return list, err
	}
	if err := w.notConsumed(c.ID, CeremonyUsed); err != nil {
		return nil, err
	}
	if c.AnswersNobody { // a decoy was issued: nobody's keys can answer it
		v.refused = Refuse(KeyWrong).In("7.2.5")
		return nil, nil
	}
	return w.lookupDiscoverable(credential, handle, v)
}

// lookupDiscoverable returns the authenticator that a discoverable credential claims to be.
func (w *Work) lookupDiscoverable(credential string, handle []byte, v *verdict) ([]*Authenticator, error) {
	x, err := w.s.authenticators.One(w.tx, "credential", credential)
	if errors.Is(err, store.ErrNotFound) {
		v.refused = Refuse(KeyWrong).In("7.2.6")
		if handle != nil {
			v.unknown = credential
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if v.account, err = w.ceremonyAccount(x.Account); err != nil {
		return nil, err
	}
	switch {
	case handle != nil && string(handle) != string(v.account.Handle):
		v.refused = Refuse(KeyUserHandleWrong).In("7.2.6")
		v.unknown = credential // for all that its bearer can know
	case x.State != Active:
		v.refused = Refuse(KeyFrozen)
	case !w.s.accepts(v.account, x):
		v.refused = Refuse(KeysOnly)
	case v.account.disabled():
		v.refused = Refuse(AccountDisabled)
	}
	return []*Authenticator{x}, nil
}

// conclude turns a verdict into its effects, but for what a right answer is
// granted, and returns the account.
func (w *Work) conclude(c *Ceremony, v *verdict) (*Account, error) {
	if v.account == nil {
		if err := w.consume(c.ID, c.Expires, CeremonyUsed); err != nil {
			return nil, err
		}
		return nil, v.refused
	}
	w.About(v.account.ID)
	w.entry.Kind, w.entry.Channel = c.Kind, c.Channel
	a, err := w.ceremonyAccount(v.account.ID)
	if err != nil {
		return nil, err
	}
	epochs := c.Epochs
	if c.Account == "" { // named by its credential: nothing of the account was pinned yet
		epochs.Account = a.Epoch
	}
	if e := w.refuseVoid(epochs, a); e != nil {
		return nil, w.s.genericRefusal(c, e)
	}
	w.account = a
	if err := w.requireOwnSession(c); err != nil {
		return nil, err
	}
	if err := w.requireExchange(); err != nil {
		return nil, err
	}
	if err := w.mayAnswer(c); err != nil {
		return nil, err
	}
	if err := w.saveAnswered(c, v); err != nil {
		return nil, err
	}
	if v.refused != nil {
		return nil, w.recordFailure(c, v.refused)
	}
	if err := w.consume(c.ID, c.Expires, CeremonyUsed); err != nil {
		return nil, err
	}
	if c.Flow != "" {
		if err := w.consume(c.Flow, c.Begun.Add(w.s.policy.SignInLife), CeremonyUsed); err != nil {
			return nil, err
		}
	}
	if w.s.worth(c.Kind).Guessable {
		if err := w.clearAnswers(c); err != nil {
			return nil, err
		}
	}
	if err := w.forgiveSlips(c); err != nil {
		return nil, err
	}
	w.entry.setMethod(v.answered)
	if w.s.isSet(c.Kind) { // one of a few that are left: its owner hears of each
		return a, w.tell(a, toldCodeUsed, nil, messageIDs(c.ID), v.answered)
	}
	return a, nil
}

// saveAnswered stores the changed authenticator, if the record is still the one that
// the response was checked against. A response that fails changes only what
// its factor says: a clone is frozen.
func (w *Work) saveAnswered(c *Ceremony, v *verdict) error {
	if v.answered == nil {
		return nil
	}
	key := authenticatorKey(v.account.ID, v.answered.ID)
	now, err := w.s.authenticators.Get(w.tx, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && now.Rev != v.answered.Rev {
		return errStale
	}
	if err != nil {
		return err
	}
	x := *v.answered
	x.Rev++
	if v.refused == nil {
		x.UsedAt = w.now
	}
	if x.State == Frozen && now.State != Frozen {
		x.FrozenAt = w.now
	}
	if err := w.s.authenticators.Put(w.tx, key, &x); err != nil || x.State == now.State {
		return err
	}
	w.entry.setMethod(&x) // its own history has it

	return w.tell(w.account, toldFrozen, nil, messageIDs(c.ID), &x) // named after the ceremony: nothing is drawn here
}
