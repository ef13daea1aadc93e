package auth

import (
	"context"
)

// This file is the four ways to change a password in the settings (R25 to R29):
// the current password, a link to the security e-mail, the answer to the security
// question, the security code. Each proves the first factor, and none spares the
// fresh second step (R76, D11).

// A firstWay is one of those that are typed.
type firstWay struct {
	kind  Kind // Password, Question or SecurityCode
	field string
	wrong Code
	clean func(typed string) string
	// hash is what the answer is held against, or why nothing is.
	hash func(*Work, *Account) (string, error)
}

func byPassword() firstWay {
	return firstWay{kind: Password, field: "current", wrong: PasswordWrong,
		clean: func(typed string) string { return typed },
		hash:  func(_ *Work, a *Account) (string, error) { return a.Password, nil }}
}

func byQuestion() firstWay {
	return firstWay{kind: Question, field: "answer", wrong: AnswerWrong, clean: foldAnswer,
		hash: func(_ *Work, a *Account) (string, error) {
			if a.Question == nil {
				return "", Refuse(QuestionNotSet)
			}
			return a.Question.Hash, nil
		}}
}

func bySecurityCode() firstWay {
	return firstWay{kind: SecurityCode, field: "securityCode", wrong: SecurityCodeWrong, clean: cleanMailedCode,
		hash: func(w *Work, a *Account) (string, error) {
			if !a.SecurityCode.live() {
				return "", Refuse(SecurityCodeNotSet)
			}
			return a.SecurityCode.Hash, w.securityCodeWaits(a)
		}}
}

// ChangePassword sets a new password from the settings: a fresh second step
// and the current password. Every other session ends, trust ends, every other
// browser is forgotten, and the caller's token is rotated. Refuses PasswordWrong, SignInLocked and what the
// policy refuses.
func (s *Service) ChangePassword(ctx context.Context, c Caller, current, password string) (string, error) {
	return s.changePasswordBy(ctx, c, byPassword(), current, password)
}

// ChangePasswordByAnswer is ChangePassword with the answer to the security question
// instead of the current password. Refuses QuestionNotSet, AnswerWrong,
// MethodResting, MethodDisabled and what the policy refuses.
func (s *Service) ChangePasswordByAnswer(ctx context.Context, c Caller, answer, password string) (string, error) {
	return s.changePasswordBy(ctx, c, byQuestion(), answer, password)
}

// ChangePasswordByCode is ChangePassword with the security code instead of the
// current password. Refuses SecurityCodeNotSet, SecurityCodeWrong,
// SecurityCodeWaits, MethodResting, MethodDisabled and what the policy refuses.
func (s *Service) ChangePasswordByCode(ctx context.Context, c Caller, code, password string) (string, error) {
	return s.changePasswordBy(ctx, c, bySecurityCode(), code, password)
}

func (s *Service) changePasswordBy(ctx context.Context, c Caller, way firstWay, typed, password string) (token string,
	err error) {
	return once(ctx, s, c, ActNewPassword, "", func(c Caller) (string, error) {
		return s.changePassword(ctx, c, way, typed, password)
	}, func(_ *Work, r *priorSuccess) (string, error) { return r.token, nil })
}

func (s *Service) changePassword(ctx context.Context, c Caller, way firstWay, typed, password string) (string, error) {
	g, right, err := s.tryFirstWay(ctx, c, ActNewPassword, way, typed)
	if err != nil {
		return "", err
	}
	judged := context.WithoutCancel(ctx)
	var stored string
	if right {
		if stored, err = s.acceptedHash(ctx, password, g.account); err != nil {
			return "", s.clearAttempts(judged, c, g, err)
		}
	}
	drawn := s.newSessionDraw()
	return do(judged, s, c, ActNewPassword, func(w *Work) (string, error) {
		w.entry.Kind = way.entryKind()
		if err := w.concludeGuess(g, right); err != nil {
			return "", err
		}
		if way.kind == SecurityCode {
			w.useSecurityCode()
		}
		if err := w.setPassword(w.account, stored, "", drawn.messageIDs); err != nil {
			return "", err
		}
		token, err := w.grant(w.account, drawn.sessionSecret, w.session.Proofs, w.session.Remember)
		if err != nil {
			return "", err
		}
		return token, w.remember(nil, w.session)
	})
}

// entryKind is how the history tells the way: the usual one goes without saying.
func (way firstWay) entryKind() Kind {
	if way.kind == Password {
		return ""
	}
	return way.kind
}

// tryFirstWay charges a try by a signed-in owner for an act, and holds it against
// what the account keeps. Wrong answers to the question and to the code are counted
// by sides, apart from passwords and from each other.
func (s *Service) tryFirstWay(ctx context.Context, c Caller, a Action, way firstWay,
	typed string) (g *guess, right bool, err error) {
	if g, err = s.reserveAttempt(ctx, c, s.guessBySession(c, a, way)); err != nil {
		return nil, false, err
	}
	right, err = s.verifyPassword(ctx, g, way.clean(typed))
	return g, right, err
}

// guessBySession picks the attempts of a signed-in owner. What a session has shown
// lets it be told what is so.
func (s *Service) guessBySession(c Caller, a Action, way firstWay) func(*Work) (*guess, error) {
	return func(w *Work) (*guess, error) {
		if err := w.loadSession(); err != nil {
			return nil, err
		}
		if w.session.restricted() {
			return nil, Refuse(MustEnrol)
		}
		if err := w.requireExchange(); err != nil {
			return nil, err
		}
		if err := w.Require(s.DemandOf(a), NoClass); err != nil {
			return nil, err
		}
		g := &guess{account: w.account, mayKnow: true, refuse: way.wrong, way: way}
		var err error
		if g.hash, err = way.hash(w, w.account); err != nil {
			return nil, err
		}
		if way.kind == Password {
			g.counter = s.provenCounter(browserKey(w.account.ID, "own", Password), w.account.ID)
			return g, nil
		}
		g.counter, err = w.counterOf(w.account.ID, way.kind)
		return g, err
	}
}

// concludeGuess refuses a try that was wrong, or was held against what has changed
// since; a right one ends its count.
func (w *Work) concludeGuess(g *guess, right bool) error {
	now, err := g.way.hash(w, w.account)
	if err != nil {
		return err
	}
	if !right || now != g.hash {
		e := g.refusal()
		e.Field = g.way.field
		return e
	}
	if err := w.requireExchange(); err != nil { // exchanged while it was checked
		return err
	}
	return w.clearGuess(g)
}

// MailOwnPasswordLink mails the link of a forgotten password to the account's own
// e-mail, from its settings: the way for who has the mailbox and not the
// password. Refuses ResendTooSoon, SendLimitReached.
func (s *Service) MailOwnPasswordLink(ctx context.Context, c Caller) (*SignUpInfo, error) {
	drawn := s.newResetDraw()
	return doOnce(ctx, s, c, ActMailPassword, "", func(w *Work) (*SignUpInfo, error) {
		if err := w.takeLinkQuota(resetKey(w.account.ID), s.policy.SendsPerDay, s.policy.ResetLife); err != nil {
			return nil, err
		}
		info := &SignUpInfo{MaskedEmail: w.account.Email.Mask(), Expires: w.now.Add(s.policy.ResetLife),
			ResendAt: w.now.Add(s.policy.ResendAfter)}
		return info, w.mailReset(w.account, drawn)
	})
}
