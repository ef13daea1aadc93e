package auth

import (
	"context"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/password"
)

// ChangeUserName gives the account another user name, and returns it as it is
// shown. Several accounts may have the same one: it finds none, it is asked for
// once a number has found one (R17), and then that of the sign-up is as good
// (R18). Refuses UserNameMissing, UserNameMalformed, and UserNameIsPassword (R38).
func (s *Service) ChangeUserName(ctx context.Context, c Caller, typed string) (string, error) {
	return once(ctx, s, c, ActUserName, "",
		func(c Caller) (string, error) { return s.changeUserName(ctx, c, typed) }, recall[string])
}

func (s *Service) changeUserName(ctx context.Context, c Caller, typed string) (string, error) {
	if err := s.admitted(ctx, c, ActUserName); err != nil {
		return "", err
	}
	name, err := ident.ParseUserName(typed)
	if err != nil {
		return "", RefuseTyped(err)
	}
	if err := s.refusePasswordAsName(ctx, c, name); err != nil {
		return "", err
	}
	messages := s.newMessageIDs()
	return do(ctx, s, c, ActUserName, func(w *Work) (string, error) {
		w.entry.Item = string(name)
		before := *w.account
		if name == before.UserName {
			return string(name), w.remember(string(name), nil)
		}
		w.account.renameOwner(name)
		w.noteStrong(w.account, toldUserName)
		if err := s.accounts.Put(w.tx, string(w.account.ID), w.account); err != nil {
			return "", err
		}
		if err := w.tell(&before, toldUserName, nil, messages); err != nil {
			return "", err
		}
		return string(name), w.remember(string(name), nil)
	})
}

// refusePasswordAsName refuses the account's own password as its user name, which
// everybody sees. Only what would pass as a password is held against it, and is
// counted as a guess: else a thief with a session tries passwords as names.
func (s *Service) refusePasswordAsName(ctx context.Context, c Caller, name ident.UserName) error {
	if len(s.policy.Password.Problems(string(name), password.Owner{})) > 0 {
		return nil
	}
	g, err := s.reserveAttempt(ctx, c, s.guessBySession(c, ActUserName, byPassword()))
	if err != nil {
		return err
	}
	if g.locked != nil {
		return g.locked
	}
	right, err := s.verifyPassword(ctx, g, string(name))
	if err != nil || !right {
		return err
	}
	return s.do(context.WithoutCancel(ctx), c, ActUserName, func(w *Work) error {
		if err := w.clearGuess(g); err != nil {
			return err
		}
		return RefuseField(UserNameIsPassword, "userName")
	})
}

// renameOwner gives the account another user name. That of the sign-up stays on record.
func (a *Account) renameOwner(name ident.UserName) {
	a.FirstUserName = a.signUpName()
	a.UserName = name
}

// signUpName is the user name of the sign-up.
func (a *Account) signUpName() ident.UserName {
	if a.FirstUserName == "" {
		return a.UserName
	}
	return a.FirstUserName
}
