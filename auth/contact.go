package auth

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// ChangeEmail mails a link to a new security e-mail; the change is made when
// the link comes back in a session of this account. The answer is the same for
// an address that has an account already, and the mail says nothing that the
// account's owner has written. Refuses EmailMalformed, MailboxResets,
// ResendTooSoon, SendLimitReached.
func (s *Service) ChangeEmail(ctx context.Context, c Caller, address string) (*SignUpInfo, error) {
	if err := s.admitted(ctx, c, ActContact); err != nil {
		return nil, err
	}
	to, err := ident.ParseEmail(address)
	if err != nil {
		return nil, RefuseTyped(err)
	}
	key, url := s.newLink(LinkEmail)
	messageID := s.newID()
	return doOnce(ctx, s, c, ActContact, "", func(w *Work) (*SignUpInfo, error) {
		w.entry.Kind = Email
		if err := w.mayMoveEmail(to); err != nil {
			return nil, err
		}
		info := &SignUpInfo{MaskedEmail: to.Mask(), Expires: w.now.Add(s.policy.LinkLife),
			ResendAt: w.now.Add(s.policy.ResendAfter)}
		draws := append(w.bindDraws(w.account, Mail, ident.Recipient(to)), w.sendDraw(w.account.ID, ident.Recipient(to), known))
		if _, err := w.takeAll(draws...); err != nil {
			return nil, err
		}
		l := link{Purpose: LinkEmail, Account: w.account.ID, Email: to, Expires: info.Expires, Epoch: w.account.Epoch}
		if err := w.saveLink(key, &l); err != nil {
			return nil, err
		}
		return info, w.enqueue(Message{Account: w.account.ID, Channel: Mail, Recipient: ident.Recipient(to), Template: TemplateEmailChange,
			Args: map[string]string{"link": url}, Expires: info.Expires}, messageID)
	})
}

// mayMoveEmail refuses an e-mail that is the account's only second step.
func (w *Work) mayMoveEmail(to ident.Email) error {
	list, err := w.authenticators(w.account.ID)
	if err != nil {
		return err
	}
	return w.refuseSoleMailbox(to, list)
}

// ConfirmEmail makes the change that a link confirms and returns the new
// address, masked. It needs a session of the account that asked: whoever reads
// the new mailbox, or presses a link for the press, gives nobody an address.
// The old address is told. Refuses LinkUsed, also where the address belongs to
// another account by now, and LinkOtherAccount.
func (s *Service) ConfirmEmail(ctx context.Context, c Caller, token string) (ident.Masked, error) {
	messages := s.newMessageIDs()
	return doOnce(ctx, s, c, ActConfirmEmail, linkKey(token), func(w *Work) (ident.Masked, error) {
		w.entry.Kind = Email
		l, err := w.openLink(LinkEmail, token)
		if err != nil {
			return "", err
		}
		a := w.account
		if l.Account != a.ID {
			return "", Refuse(LinkOtherAccount) // and the link stays good for whom it was sent to
		}
		if _, err := w.consumeLink(LinkEmail, token); err != nil {
			return "", err
		}
		if a.Epoch != l.Epoch {
			return "", Refuse(LinkUsed) // something changed since: whoever asked may not be the owner any more
		}
		if err := w.refuseStaff(l.Email, LinkUsed); err != nil {
			return "", err
		}
		if err := w.mayMoveEmail(l.Email); err != nil {
			return "", err
		}
		before := *a
		a.moveEmail(l.Email, w.weaklyAt())
		w.noteStrong(a, toldEmail)
		a.Epoch++
		err = s.accounts.Put(w.tx, string(a.ID), a)
		if errors.Is(err, store.ErrExists) {
			return "", Refuse(LinkUsed)
		}
		if err != nil {
			return "", err
		}
		return a.Email.Mask(), w.tell(&before, toldEmail, nil, messages) // the old address is told, and the others
	})
}

// OwnEmail is the account's e-mail in full, for forms that a password manager fills
// in: the name that it has for the account. It needs a fresh second step.
func (s *Service) OwnEmail(ctx context.Context, c Caller) (ident.Email, error) {
	return do(ctx, s, c, ActOwnEmail, func(w *Work) (ident.Email, error) { return w.account.Email, nil })
}

// ChangePhone sets the number that names the account at sign-in. It is only
// claimed until a code sent to it has come back. "" takes the number away.
// region is the one that it is dialled in, "" to go by the language. Refuses
// PhoneNoCountry, PhoneOtherCountry, PhoneMalformed.
func (s *Service) ChangePhone(ctx context.Context, c Caller, number, region string) (ident.Masked, error) {
	if err := s.admitted(ctx, c, ActContact); err != nil { // to read a number takes the plans of the world
		return "", err
	}
	var n ident.Phone
	if number != "" {
		var err error
		if n, err = s.parseNumber(c, number, region, nil); err != nil {
			return "", RefuseTyped(err)
		}
	}
	messages := s.newMessageIDs()
	err := s.do(ctx, c, ActContact, func(w *Work) error {
		w.entry.Kind = Phone
		if n == w.account.Phone {
			return nil
		}
		before := *w.account
		w.account.Phone, w.account.PhoneAt = n, time.Time{}
		w.noteStrong(w.account, toldPhone)
		list, err := w.activeMethods(w.account.ID, Phone, "")
		if err != nil {
			return err
		}
		holder, err := w.findByNumber(n)
		if err != nil {
			return err
		}
		for _, x := range list { // bound earlier: a code sent to it did come back, and no later one to somebody else
			if x.Recipient == ident.Recipient(n) && (holder == nil || x.BoundAt.After(holder.PhoneAt)) {
				w.account.PhoneAt = x.BoundAt
			}
		}
		if err := s.accounts.Put(w.tx, string(w.account.ID), w.account); err != nil {
			return err
		}
		return w.tell(&before, toldPhone, nil, messages) // the old number is told, and the addresses
	})
	return n.Mask(), err
}
