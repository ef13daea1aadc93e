package auth

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// SignIn checks an identifier and a password. A right password yields no
// session but a sealed ceremony (StepSecond); only an account that has yet to
// set up its second step gets a session, which can do nothing else
// (StepEnrol). A browser that the account trusts is signed in (StepDone).
//
// Refuses SignInRefused, behind a known browser SignInLocked, and behind an
// unknown one MailCodeNeeded while the password is out.
func (s *Service) SignIn(ctx context.Context, c Caller, f SignInForm) (*SignInInfo, error) {
	start := time.Now()
	info, err := s.signIn(ctx, c, f)
	if e := new(Error); errors.As(err, &e) {
		s.delayRefusal(ctx, &s.floors.signIn, start)
	}
	return info, err
}

func (s *Service) signIn(ctx context.Context, c Caller, f SignInForm) (*SignInInfo, error) {
	g, err := s.reserveAttempt(ctx, c, s.guessAtSignIn(s.parseLogin(c, f.Identifier)))
	if err != nil {
		return nil, err
	}
	right, err := s.verifyPassword(ctx, g, f.Password)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // it is judged
	if g.account == nil || g.locked != nil {
		return nil, g.refusal() // names nobody, or was not judged: nothing is written
	}
	rehashed, err := s.rehash(ctx, g, right, f.Password)
	breached := s.usedBreached(right, f.Password)
	if err != nil {
		return nil, err
	}
	flowID, drawn := s.newID(), s.newSessionDraw()
	at, err := do(ctx, s, c, ActSignIn, func(w *Work) (*signInState, error) {
		w.About(g.account.ID)
		w.entry.Kind = Password
		if !right {
			if err := w.tellLocked(g, drawn.messageIDs); err != nil {
				return nil, err
			}
			return nil, g.refusal()
		}
		a, err := w.ceremonyAccount(g.account.ID)
		if err != nil {
			return nil, err
		}
		if a.Password != g.account.Password { // changed while it was checked
			return nil, g.refusal()
		}
		if err := w.clearGuess(g); err != nil {
			return nil, err
		}
		if a.disabled() {
			return nil, Refuse(AccountDisabled)
		}
		if a.passwordDue() {
			return nil, Refuse(PasswordDue)
		}
		if err := w.refuseOutAtSignIn(a, g, drawn.messageIDs); err != nil {
			return nil, err
		}
		if err := errors.Join(w.saveRehash(a, rehashed), w.noteBreached(a, breached)); err != nil {
			return nil, err
		}
		return w.afterPassword(a, &Ceremony{ID: flowID, Purpose: ForSignIn, Account: a.ID,
			Remember: f.Remember && !f.Shared, Shared: f.Shared, Greeting: ident.Greeting(f.Identifier),
			Begun: w.now, Expires: w.now.Add(s.policy.SignInLife), Epochs: w.epochs(a),
			Proofs: []Proof{{Kind: Password, At: w.now}}}, drawn)
	})
	if err != nil {
		return nil, err
	}
	return s.signInInfo(c, at)
}

// A sessionDraw is the randomness that a pass may need. It is drawn before the pass,
// which may run twice.
type sessionDraw struct {
	sessionSecret []byte // of a session
	messageIDs    messageIDs
}

func (s *Service) newSessionDraw() sessionDraw {
	return sessionDraw{s.random(sessionSecretBytes), s.newMessageIDs()}
}

// signInState is where a sign-in stands after a pass: signed in, if there is a
// token, or at a next step.
type signInState struct {
	flow     *Ceremony
	token    string
	session  *session
	methods  []MethodInfo
	mayTrust bool
	wait     *codeWait // of a sign-in by the security code
}

// afterPassword decides what follows a right password, or what stands in for it. That trusts no browser.
func (w *Work) afterPassword(a *Account, flow *Ceremony, d sessionDraw) (*signInState, error) {
	open, err := w.hasMethods(a.ID)
	if err != nil {
		return nil, err
	}
	if !open {
		return w.openSession(a, flow, d)
	}
	if a.frozen() {
		methods, err := w.offeredMethods(a, flow.FirstBy)
		if err == nil && len(methods) == 0 {
			err = Refuse(AccountHeld)
		}
		return &signInState{flow: flow, methods: methods}, err
	}
	trusted, err := w.browserTrusted(a)
	if err != nil {
		return nil, err
	}
	if trusted && !flow.Shared && !flow.shown(Temporary) {
		flow.Proofs = append(flow.Proofs, Proof{Kind: Trusted, At: w.now})
		return w.openSession(a, flow, d)
	}
	methods, err := w.offeredMethods(a, flow.FirstBy)
	return &signInState{flow: flow, methods: methods}, err
}

// openSession opens the session that a flow has earned.
func (w *Work) openSession(a *Account, flow *Ceremony, d sessionDraw) (*signInState, error) {
	token, err := w.grant(a, d.sessionSecret, flow.Proofs, flow.Remember)
	if err != nil {
		return nil, err
	}
	at := &signInState{flow: flow, token: token, session: w.session}
	if err := w.noteFirst(a, flow); err != nil {
		return nil, err
	}
	if flow.Shared {
		w.session.Shared = true
		if err := w.s.sessions.Put(w.tx, sessionKey(a.ID, w.session.ID), w.session); err != nil {
			return nil, err
		}
	}
	if flow.Shared || w.caller.Browser == "" {
		return at, w.tellUnknownBrowser(a, d.messageIDs)
	}
	at.mayTrust, err = w.recordBrowser(a, d.messageIDs)
	return at, err
}

// noteFirst notes on the account what its first factor was shown by.
func (w *Work) noteFirst(a *Account, flow *Ceremony) error {
	shown := a.FirstBy != "" && len(flow.Proofs) > 1 // a second step, which FirstBy was not
	if shown {
		a.setFirstBy("")
	}
	if flow.shown(Temporary) {
		a.TemporaryAt = w.now
	} else if !shown {
		return nil
	}
	return w.s.accounts.Put(w.tx, string(a.ID), a)
}

// signInInfo describes where a sign-in stands.
func (s *Service) signInInfo(c Caller, out *signInState) (*SignInInfo, error) {
	flow := out.flow
	info := &SignInInfo{Who: flow.Greeting, Token: out.token, MayTrust: out.mayTrust}
	if x := out.wait; x != nil {
		info.Step = StepWait
		info.Due, info.Expires = x.Due, x.Ends
		return info, nil
	}
	if out.token != "" {
		x := s.sessionInfo(out.session, out.session)
		info.Step = StepDone
		info.Session = &x
		info.Expires = x.Expires
		if x.Restricted {
			info.Step, info.MayTrust = StepEnrol, false
		}
		return info, nil
	}
	info.Step = StepSecond
	info.Methods = out.methods
	info.Expires = flow.Expires
	if !flow.firstShown() {
		info.Step = StepPassword
	}
	var err error
	info.Ceremony, err = s.seal(flow, c)
	return info, err
}

// SignInState says where a sealed sign-in stands, so that a page can be loaded
// again. It spends nothing.
func (s *Service) SignInState(ctx context.Context, c Caller, ceremony string) (*SignInInfo, error) {
	flow, err := s.unseal(ceremony, ForSignIn, c)
	if err != nil {
		return nil, err
	}
	if len(flow.Proofs) == 0 { // a challenge to a key: it tells nobody which methods there are
		return nil, Refuse(CeremonyOtherBrowser)
	}
	methods, err := do(ctx, s, c, ActLook, func(w *Work) ([]MethodInfo, error) {
		a, err := w.flowAccount(flow)
		if err != nil {
			return nil, err
		}
		return w.offeredMethods(a, flow.FirstBy)
	})
	if err != nil {
		return nil, err
	}
	info, err := s.signInInfo(c, &signInState{flow: flow, methods: methods})
	if err == nil {
		info.Ceremony = ceremony
	}
	return info, err
}

// flowAccount reads the account of a flow that is neither spent nor void.
func (w *Work) flowAccount(c *Ceremony) (*Account, error) {
	if err := w.notConsumed(c.ID, CeremonyUsed); err != nil {
		return nil, err
	}
	if c.Flow != "" {
		if err := w.notConsumed(c.Flow, CeremonyUsed); err != nil {
			return nil, err
		}
	}
	a, err := w.ceremonyAccount(c.Account)
	if err != nil {
		return nil, err
	}
	if e := w.refuseVoid(c.Epochs, a); e != nil {
		return nil, e
	}
	return a, nil
}

// SignInKeyFirst begins a sign-in with the key (D5): by an identifier, or
// without one by a credential that names its account. For an identifier that
// nobody has, or whose owner has no key, the challenge looks as any other and
// takes as long.
func (s *Service) SignInKeyFirst(ctx context.Context, c Caller, f KeyFirstForm) (*Challenge, error) {
	f.Identifier = f.Identifier[:min(len(f.Identifier), ident.MaxTyped)] // it comes back sealed: no longer than it can mean something
	id := s.newID()
	next, err := do(ctx, s, c, ActLook, func(w *Work) (*Ceremony, error) {
		next := &Ceremony{ID: id, Purpose: ForSignIn, Kind: WebAuthn, Language: c.Language,
			Remember: f.Remember && !f.Shared, Shared: f.Shared, Greeting: ident.Greet(f.Identifier), Verify: f.Verify,
			Begun: w.now, Now: w.now, Expires: w.now.Add(s.policy.CeremonyLife),
			Epochs: Epochs{Restore: s.restoreEpoch()}}
		list, err := w.challengeStranger(next, f.Identifier)
		if err != nil {
			return nil, err
		}
		return next, s.factors[WebAuthn].BeginVerify(next, list)
	})
	if err != nil {
		return nil, err
	}
	return s.sealChallenge(c, next, nil, nil)
}

// SignInBegin begins the second step with one method. Codes are sent only now,
// after the password was right.
func (s *Service) SignInBegin(ctx context.Context, c Caller, ceremony string, m MethodChoice) (*Challenge, error) {
	flow, err := s.unseal(ceremony, ForSignIn, c)
	if err != nil {
		return nil, err
	}
	if !flow.firstShown() { // a key that came first is no way round the password, nor to a text
		return nil, Refuse(CeremonyOtherBrowser)
	}
	return s.challengeOnce(ctx, c, ceremony, func(c Caller) (*begunChallenge, error) { return s.beginChallenge(ctx, c, flow, m) })
}

// SignInResend sends the code of a begun second step again, perhaps by another
// channel of the same number.
func (s *Service) SignInResend(ctx context.Context, c Caller, ceremony string, ch Channel) (*Challenge, error) {
	return s.resendCode(ctx, c, ForSignIn, ceremony, ch)
}

// SignInFinish checks the response of the second step, or of a key that came
// first, and opens the session in the same transaction. A key that was only
// touched and came first still needs the password (StepPassword).
//
// Until something is shown every answer but a right one is refused alike.
func (s *Service) SignInFinish(ctx context.Context, c Caller, ceremony string, response json.RawMessage) (*SignInInfo, error) {
	start := time.Now()
	flow, err := s.unseal(ceremony, ForSignIn, c)
	if err != nil {
		return nil, err
	}
	info, err := s.signInFinish(ctx, c, flow, response)
	if e := new(Error); flow.anonymous() && errors.As(err, &e) {
		s.delayRefusal(ctx, &s.floors.keyFirst, start)
	}
	return info, err
}

func (s *Service) signInFinish(ctx context.Context, c Caller, flow *Ceremony, response json.RawMessage) (*SignInInfo, error) {
	drawn, nextID := s.newSessionDraw(), s.newID()
	onSuccess := func(w *Work, a *Account, x *Authenticator, p Proof) (*signInState, error) {
		next := *flow
		next.Flow = ""
		next.Kind = ""
		next.State = nil
		next.Account, next.Epochs = a.ID, w.epochs(a)
		next.Proofs = append(slices.Clone(flow.Proofs), p)
		if next.Greeting == "" {
			next.Greeting = ident.Greeting(a.Email.Mask())
		}
		if !flow.firstShown() && s.methods.worthOfProof(p).Alone < 2 {
			next.ID, next.Begun, next.Expires = nextID, w.now, w.now.Add(s.policy.SignInLife)
			return w.rememberSignIn(&signInState{flow: &next}, nil)
		}
		return w.rememberSignIn(w.openSession(a, &next, drawn))
	}
	return s.signInOnce(ctx, c, ActSecondStep, flow.ID, func(c Caller) (*signInState, error) {
		return finish(ctx, s, c, ActSecondStep, flow, response, onSuccess)
	})
}

// signInOnce describes where act has led a sign-in that act consumes; the same
// request is led there again.
func (s *Service) signInOnce(ctx context.Context, c Caller, a Action, id string, act func(Caller) (*signInState, error)) (*SignInInfo, error) {
	at, err := once(ctx, s, c, a, id, act, func(w *Work, r *priorSuccess) (*signInState, error) {
		x := reached{Flow: new(Ceremony)}
		err := r.read(&x)
		return &signInState{flow: x.Flow, token: r.token, session: r.session, mayTrust: x.MayTrust, wait: x.Wait}, err
	})
	if err != nil {
		return nil, err
	}
	return s.signInInfo(c, at)
}

// reached is how a pass of a sign-in is remembered, beside the session.
type reached struct {
	Flow     *Ceremony `json:"f"`
	MayTrust bool      `json:"t"`
	Wait     *codeWait `json:"w,omitempty"`
}

func (w *Work) rememberSignIn(at *signInState, err error) (*signInState, error) {
	if err != nil {
		return nil, err
	}
	return at, w.remember(&reached{at.flow, at.mayTrust, at.wait}, at.session)
}

// SignInPassword follows a key that came first: the password against a counter
// that only the proven holder of the key spends (D5).
func (s *Service) SignInPassword(ctx context.Context, c Caller, ceremony, password string) (*SignInInfo, error) {
	flow, err := s.unseal(ceremony, ForSignIn, c)
	if err != nil {
		return nil, err
	}
	if len(flow.Proofs) != 1 || flow.Proofs[0].Kind != WebAuthn {
		return nil, Refuse(CeremonyOtherBrowser)
	}
	return s.signInOnce(ctx, c, ActSignIn, flow.ID, func(c Caller) (*signInState, error) {
		return s.signInPassword(ctx, c, flow, password)
	})
}

func (s *Service) signInPassword(ctx context.Context, c Caller, flow *Ceremony, password string) (*signInState, error) {
	g, err := s.reserveAttempt(ctx, c, func(w *Work) (*guess, error) {
		a, err := w.flowAccount(flow)
		return &guess{account: a, mayKnow: true, refuse: PasswordWrong,
			counter: s.provenCounter(provenKey(flow.Account, flow.Proofs[0].Authenticator), flow.Account)}, err
	})
	if err != nil {
		return nil, err
	}
	right, err := s.verifyPassword(ctx, g, password)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // it is judged
	rehashed, err := s.rehash(ctx, g, right, password)
	breached := s.usedBreached(right, password)
	if err != nil {
		return nil, err
	}
	drawn := s.newSessionDraw()
	return do(ctx, s, c, ActSignIn, func(w *Work) (*signInState, error) {
		w.About(flow.Account)
		w.entry.Kind = Password
		a, err := w.flowAccount(flow)
		if err != nil {
			return nil, err
		}
		if !right || a.Password != g.account.Password {
			return nil, g.refusal()
		}
		if err := w.clearGuess(g); err != nil {
			return nil, err
		}
		if err := w.consume(flow.ID, flow.Expires, CeremonyUsed); err != nil {
			return nil, err
		}
		if err := errors.Join(w.saveRehash(a, rehashed), w.noteBreached(a, breached)); err != nil {
			return nil, err
		}
		done := *flow
		done.Proofs = []Proof{{Kind: Password, At: w.now}, flow.Proofs[0]}
		return w.rememberSignIn(w.openSession(a, &done, drawn))
	})
}
