package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// A link is what a mailed link opens. Stored under the SHA-256 of its token,
// so that reading the store opens nothing. Deleted when it is spent.
type link struct {
	Purpose string      `json:"p"`
	Account AccountID   `json:"a,omitempty"`
	Expires time.Time   `json:"e"`
	SignUp  *Account    `json:"su,omitempty"` // the account to be made
	Change  string      `json:"c,omitempty"`  // the change to be undone
	Email   ident.Email `json:"em,omitempty"` // the address that it went to
	Epoch   uint64      `json:"ep,omitempty"` // of the account: a later reset voids an earlier link
	Restore uint64      `json:"r,omitempty"`  // restore epoch: a backup holds links that were used since
}

// The purposes of links.
const (
	LinkSignUp = "sign-up"
	LinkReset  = "reset"
	LinkUndo   = "undo"
	LinkEmail  = "email"
)

// linkPath is where the page stands that a link leads to.
func linkPath(purpose string) string {
	switch purpose {
	case LinkSignUp:
		return "/sign-up/confirm/"
	case LinkReset:
		return "/forgot/link/"
	case LinkEmail:
		return "/security/contact/email/"
	}
	return "/undo/"
}

// newLink draws a link's token and returns it with its URL, which is built
// from configuration alone: a forged Host header can point it nowhere.
func (s *Service) newLink(purpose string) (key, url string) {
	t := base64.RawURLEncoding.EncodeToString(s.random(32))
	return linkKey(t), s.origin + linkPath(purpose) + t
}

func linkKey(token string) string {
	h := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// saveLink stores a new link.
func (w *Work) saveLink(key string, l *link) error {
	l.Restore = w.s.restoreEpoch()
	if err := w.s.links.Insert(w.tx, key, l); err != nil {
		return fmt.Errorf("writing a link: %w", err)
	}
	return nil
}

// openLink returns the link that a token opens. Refuses LinkUsed for one that is
// used, too old, of another purpose or never issued: the answers are alike.
func (w *Work) openLink(purpose, token string) (*link, error) {
	l, err := w.s.links.Get(w.tx, linkKey(token))
	if errors.Is(err, store.ErrNotFound) {
		return nil, Refuse(LinkUsed)
	}
	if err != nil {
		return nil, err
	}
	if l.Purpose != purpose || !w.now.Before(l.Expires) || l.Restore != w.s.restoreEpoch() {
		return nil, Refuse(LinkUsed)
	}
	return l, nil
}

// consumeLink is link, and the end of it.
func (w *Work) consumeLink(purpose, token string) (*link, error) {
	l, err := w.openLink(purpose, token)
	if err != nil {
		return nil, err
	}
	if err := w.consume(linkKey(token), l.Expires, LinkUsed); err != nil {
		return nil, err
	}
	return l, w.s.links.Delete(w.tx, linkKey(token))
}

// resetBy is the mailbox that a reset link went to; older ones do not say.
func (l *link) resetBy(a *Account) ident.Recipient { return ident.Recipient(cmp.Or(l.Email, a.Email)) }

// LookLink reports whether a mailed link would work now, without spending it:
// mail scanners open links, so opening one changes nothing.
func (s *Service) LookLink(ctx context.Context, c Caller, purpose, token string) error {
	return s.do(ctx, c, ActLook, func(w *Work) error {
		_, err := w.openLink(purpose, token)
		return err
	})
}

// SignUp takes a new seller's data and mails a link that confirms it. The
// answer, the work done and the number of mails are the same for an address
// that has an account already: its owner is told by mail, nobody else is.
func (s *Service) SignUp(ctx context.Context, c Caller, f SignUpForm) (*SignUpInfo, error) {
	a, err := s.newAccount(c, f)
	if err != nil {
		return nil, err
	}
	if a.Password, err = HashPassword(ctx, s.hasher, f.Password); err != nil {
		return nil, err
	}
	key, url := s.newLink(LinkSignUp)
	messageID := s.newID()
	return do(ctx, s, c, ActSignUp, func(w *Work) (*SignUpInfo, error) {
		info := &SignUpInfo{MaskedEmail: a.Email.Mask(), Expires: w.now.Add(s.policy.LinkLife),
			ResendAt: w.now.Add(s.policy.ResendAfter)}
		if _, err := w.takeSendQuota("", ident.Recipient(a.Email)); err != nil {
			return nil, err
		}
		w.About(siteChain(key))
		made := *a
		made.CreatedAt, made.PasswordAt = w.now, w.now
		m := Message{Channel: Mail, Recipient: ident.Recipient(a.Email), Language: a.Language, Template: TemplateSignUp,
			Args: map[string]string{"link": url, "name": a.Name}, Expires: info.Expires}
		owner, err := s.accounts.One(w.tx, "email", a.Email.Key())
		if err == nil { // told in the owner's own words: a stranger's are no part of our mail
			m.Recipient, m.Language = ident.Recipient(owner.Email), owner.Language
			m.Template, m.Args = TemplateSignUpExisting, map[string]string{"name": owner.Name}
			return info, w.enqueue(m, messageID)
		}
		if err := ignoreMissing(err); err != nil {
			return nil, err
		}
		if err := w.saveLink(key, &link{Purpose: LinkSignUp, Expires: info.Expires, SignUp: &made}); err != nil {
			return nil, err
		}
		return info, w.enqueue(m, messageID)
	})
}

// newAccount reads the form into an account that is not yet stored.
func (s *Service) newAccount(c Caller, f SignUpForm) (*Account, error) {
	name, err := ident.ParseName(f.Name)
	if err != nil {
		return nil, RefuseTyped(err)
	}
	user, err := ident.ParseUserName(f.UserName)
	if err != nil {
		return nil, RefuseTyped(err)
	}
	email, err := ident.ParseEmail(f.Email)
	if err != nil {
		return nil, RefuseTyped(err)
	}
	phone, err := ident.ParsePhone(f.Phone, nil)
	if err != nil {
		return nil, RefuseTyped(err)
	}
	if err := s.policy.acceptPassword(f.Password, user, email, name); err != nil {
		return nil, err
	}
	if !f.Terms {
		return nil, RefuseField(TermsNotAccepted, "terms")
	}
	return &Account{
		ID: AccountID(s.newID()), Name: name, UserName: user, Email: email, Phone: phone,
		Language: c.Language, Handle: s.random(64),
	}, nil
}

// ConfirmSignUp makes the account that a link confirms and returns its masked
// address. It signs nobody in: whoever opened the mail has shown the mailbox,
// not the password. Refuses LinkUsed.
func (s *Service) ConfirmSignUp(ctx context.Context, c Caller, token string) (ident.Masked, error) {
	return do(ctx, s, c, ActConfirmSignUp, func(w *Work) (ident.Masked, error) {
		l, err := w.consumeLink(LinkSignUp, token)
		if err != nil {
			return "", err
		}
		a := l.SignUp
		a.CreatedAt = w.now
		w.About(a.ID)
		if a.LateClaim, err = w.claimsFull(a.Phone); err != nil {
			return "", err
		}
		err = s.accounts.Insert(w.tx, string(a.ID), a)
		if errors.Is(err, store.ErrExists) { // another link for the same mailbox was first
			w.About("")
			return "", Refuse(LinkUsed)
		}
		return a.Email.Mask(), err
	})
}
