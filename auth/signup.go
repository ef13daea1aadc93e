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
	SignUp  *typedEmail `json:"su,omitempty"` // of older sign-up links: the address that it went to
	Change  string      `json:"c,omitempty"`  // the change that waits and is to be stopped
	Deed    *deed       `json:"d,omitempty"`  // or what was done and is to be undone
	Email   ident.Email `json:"em,omitempty"` // the address that it went to
	Epoch   uint64      `json:"ep,omitempty"` // of the account: a later reset voids an earlier link
	Restore uint64      `json:"r,omitempty"`  // restore epoch: a backup holds links that were used since
	By      string      `json:"b,omitempty"`  // what a part has opened the form of sign-up by: see Work.SignUpLink
}

// typedEmail is all that is read of what older sign-up links hold: the name, number
// and password beside it may be a stranger's, and become nobody's.
type typedEmail struct {
	Email ident.Email `json:"e"`
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
// mail scanners open links, so opening one changes nothing. It returns the
// address that the link went to, where that is known: whoever holds the link
// reads its mail.
func (s *Service) LookLink(ctx context.Context, c Caller, purpose, token string) (ident.Email, error) {
	return do(ctx, s, c, ActLook, func(w *Work) (ident.Email, error) {
		if purpose == LinkSignUp {
			return w.openSignUp(token)
		}
		l, err := w.openLink(purpose, token)
		if err == nil && purpose == LinkReset { // the code of its mail may have been used, or the password changed
			_, _, err = w.proofOwner(resetProof{link: token})
		}
		if err != nil {
			return "", err
		}
		return l.Email, nil
	})
}

// openSignUp returns the address that a sign-up link went to. Until the address has
// an account, every link of it opens: a stranger who asks first, or presses
// first, so spends nothing of its owner's. Refuses LinkUsed, and SignedUp once
// it has one.
func (w *Work) openSignUp(token string) (ident.Email, error) {
	email, _, err := w.openSignUpBy(token)
	return email, err
}

// openSignUpBy is openSignUp, and what a part has opened the form by.
func (w *Work) openSignUpBy(token string) (ident.Email, string, error) {
	l, err := w.openLink(LinkSignUp, token)
	if err != nil {
		return "", "", err
	}
	email := l.Email
	if l.SignUp != nil {
		email = l.SignUp.Email
	}
	_, err = w.s.accounts.One(w.tx, "email", email.Key())
	if err == nil {
		return "", "", Refuse(SignedUp)
	}
	return email, l.By, ignoreMissing(err)
}

// SignUp mails a link to whoever wants an account at an address. The answer, the
// work done and the number of mails are the same for an address that has an
// account already: its owner is told by mail, nobody else is. Where enough was
// mailed to that mailbox nothing more is, and ResendAt says until when: the links
// that it has are good, so that whoever asks for it takes nothing away. Refuses
// EmailMalformed.
func (s *Service) SignUp(ctx context.Context, c Caller, address string) (*SignUpInfo, error) {
	to, err := ident.ParseEmail(address)
	if err != nil {
		return nil, RefuseTyped(err)
	}
	key, url := s.newLink(LinkSignUp)
	messageID := s.newID()
	return do(ctx, s, c, ActSignUp, func(w *Work) (*SignUpInfo, error) {
		info := &SignUpInfo{MaskedEmail: to.Mask(), Expires: w.now.Add(s.policy.LinkLife),
			ResendAt: w.now.Add(s.policy.ResendAfter)}
		err := w.takeLinkQuota(s.signUpKey(to), s.policy.SignUpsPerDay, s.policy.LinkLife)
		if e := new(Error); errors.As(err, &e) {
			info.ResendAt = e.Until
			return info, nil
		}
		if err != nil {
			return nil, err
		}
		w.About(siteChain(key))
		if err := w.saveLink(key, &link{Purpose: LinkSignUp, Email: to, Expires: info.Expires}); err != nil {
			return nil, err
		}
		// Nothing of what whoever asks has typed is said to a mailbox that he has not shown.
		m := Message{Channel: Mail, Recipient: ident.Recipient(to), Language: c.Language, Template: TemplateSignUp,
			Args: map[string]string{"link": url}, Expires: info.Expires}
		owner, err := s.accounts.One(w.tx, "email", to.Key())
		if err == nil { // told in the owner's own words
			m.Recipient, m.Language = ident.Recipient(owner.Email), owner.Language
			m.Template, m.Args = TemplateSignUpExisting, map[string]string{"name": owner.Name}
		} else if err := ignoreMissing(err); err != nil {
			return nil, err
		}
		return info, w.enqueue(m, messageID)
	})
}

// newAccount reads the form into an account that is not yet stored. It refuses all
// that is wrong with the form at once.
func (s *Service) newAccount(c Caller, email ident.Email, f SignUpForm) (*Account, error) {
	name, badName := ident.ParseName(f.Name)
	user, badUser := ident.ParseUserName(f.UserName)
	phone, badPhone := s.parseNumber(c, f.Phone, f.Region, nil)
	badPassword := s.acceptPassword(f.Password, user, email, name)
	var badTerms error
	if !f.Terms {
		badTerms = RefuseField(TermsNotAccepted, "terms")
	}
	err := refuseAll(RefuseTyped(badName), RefuseTyped(badUser), RefuseTyped(badPhone), badPassword, badTerms)
	if err != nil {
		return nil, err
	}
	return &Account{
		ID: AccountID(s.newID()), Name: name, UserName: user, Email: email, Phone: phone,
		Language: c.Language, Handle: s.random(64),
	}, nil
}

// ConfirmSignUp makes the account that a link is for, of what whoever opened the
// link has typed, and signs its owner in: he has shown the mailbox and chosen
// the password, and has yet to enrol. Refuses LinkUsed, SignedUp, and what is
// wrong with the form.
func (s *Service) ConfirmSignUp(ctx context.Context, c Caller, token string, f SignUpForm) (*SignInInfo, error) {
	return s.signInOnce(ctx, c, ActConfirmSignUp, "", func(c Caller) (*signInState, error) {
		return s.confirmSignUp(ctx, c, token, f)
	})
}

func (s *Service) confirmSignUp(ctx context.Context, c Caller, token string, f SignUpForm) (*signInState, error) {
	email, err := s.LookLink(ctx, c, LinkSignUp, token)
	if err != nil {
		return nil, err // before a password is judged and hashed (promise 14)
	}
	made, err := s.newAccount(c, email, f)
	if err != nil {
		return nil, err
	}
	if made.Password, err = HashPassword(ctx, s.hasher, f.Password); err != nil {
		return nil, err
	}
	drawn := s.newSessionDraw()
	return do(ctx, s, c, ActConfirmSignUp, func(w *Work) (*signInState, error) {
		email, by, err := w.openSignUpBy(token)
		if err != nil {
			return nil, err
		}
		if err := w.refuseStaff(email, SignedUp); err != nil {
			return nil, err
		}
		a := *made
		a.MadeBy = by
		a.CreatedAt, a.PasswordAt = w.now, w.now
		a.UsedAt = w.now
		if err := s.accounts.Insert(w.tx, string(a.ID), &a); err != nil {
			return nil, err
		}
		w.About(a.ID)
		return w.rememberSignIn(w.openSession(&a, &Ceremony{Account: a.ID, Greeting: ident.Greeting(a.Email),
			Proofs: []Proof{{Kind: Password, At: w.now}}}, drawn))
	})
}
