package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// This file is what auth does when an account gets another owner (R33): the one act that retires all that the former
// one has or knows. Who decides on it is no business of this package.

// handedOver is why no payout is approved after it.
const handedOver = "handed-over"

// A Successor is who owns an account from now on. He has shown the mailbox of an address that nobody else has, or he
// comes with an account that was made for this.
type Successor struct {
	Name     string
	Email    ident.Email // he has shown that he reads its mail
	Language string
	CoolOff  time.Duration // for so long no payout is approved

	// From is an account that was made by a link of the part's own (Work.SignUpLink), and has a second step. Name,
	// Email and Language are that one's; its password, number and methods go over with them, and it is no more.
	From AccountID
}

// HandOver gives an account to another owner. Everything of the former one is retired: password, methods, recovery
// codes, security code, question, number, sessions, browsers, introductions, mailed codes, what waits, counts, and the
// links in his notices; and what parts keep that could still open it (Part.HandedOver). Who comes with an account signs
// in as he did to that; else the next password is set by a link to the new e-mail, and the session after it can do
// nothing but enrol. The former owner is told before, by whoever decides: afterwards he has no address here. It is a
// failure in an act that is not audited, or that anybody but the service itself can do. Refuses NotFound, and
// AccountExists for an address that somebody has.
func (w *Work) HandOver(id AccountID, to Successor) error {
	if !w.rule.Audit || w.rule.Who != System {
		return fmt.Errorf("handing an account over by the act %s: its rule asks for too little", w.action)
	}
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	w.account = a
	w.About(id)
	if err := w.refuseSuccessor(to); err != nil {
		return err
	}
	if err := w.StopClosing(id); err != nil { // while the former owner has addresses here
		return err
	}
	if err := w.partsHandOver(id); err != nil {
		return err
	}
	list, err := w.authenticators(id)
	if err != nil {
		return err
	}
	brings, err := w.dissolve(to.From)
	if err != nil {
		return err
	}
	a.succeedTo(to, w.drawBytes(len(a.Handle)), w.now)
	if brings != nil {
		a.become(&brings.account)
	}
	if err := w.unbind(list, new(RemoveInfo)); err != nil { // stores the account
		return err
	}
	if err := w.endAllOf(id); err != nil {
		return err
	}
	if err := w.forgetAllOf(id); err != nil || brings == nil {
		return err
	}
	return w.takeIn(a, brings)
}

// refuseSuccessor refuses an address that somebody has, the former owner himself included: he would go on reading its
// mail.
func (w *Work) refuseSuccessor(to Successor) error {
	if to.From != "" {
		return nil // that one's own, which nobody else has
	}
	if err := w.refuseStaff(to.Email, AccountExists); err != nil {
		return err
	}
	_, err := w.s.accounts.One(w.tx, "email", to.Email.Key())
	if err == nil {
		return Refuse(AccountExists)
	}
	return ignoreMissing(err)
}

// succeedTo takes from an account what its former owner has set or knows. The methods are the caller's.
func (a *Account) succeedTo(to Successor, handle []byte, now time.Time) {
	a.Name, a.Language = to.Name, to.Language
	a.moveEmail(to.Email, time.Time{})
	a.Phone, a.PhoneAt = "", time.Time{}
	a.Handle = handle
	a.Password, a.FirstBy = "", ""
	a.TemporaryAt = time.Time{}
	a.FirstUserName = ""
	a.MadeBy = ""
	a.Question = nil
	a.KeysOnlyAt = time.Time{}
	a.Holds = nil
	a.PutOff = nil
	a.BreachedAt = time.Time{}
	if a.SecurityCode.live() {
		a.SecurityCode = &securityCode{SetAt: a.SecurityCode.SetAt, UsedAt: a.SecurityCode.UsedAt, RetiredAt: now}
	}
	a.PausedAt, a.PausedUntil = time.Time{}, time.Time{}
	a.settleAll(now)
	a.HandedAt = now
	a.UsedAt = now
	if a.Dormancy != asleep { // else support switches it on
		a.use(now)
	}
	a.coolOff(now.Add(to.CoolOff), handedOver)
}

// wasHandedOver reports whether the account has got another owner since.
func (a *Account) wasHandedOver(since time.Time) bool {
	return !a.HandedAt.IsZero() && !since.After(a.HandedAt)
}

// partsHandOver has every part end what it keeps of the former owner's that could still open the account.
func (w *Work) partsHandOver(id AccountID) error {
	return w.askParts(id, func(p *Part) func(*Work, AccountID) error { return p.HandedOver })
}

// askParts has every part do what the function picks of it, about an account.
func (w *Work) askParts(id AccountID, pick func(*Part) func(*Work, AccountID) error) error {
	own := w.door
	defer func() { w.door = own }()
	for _, d := range w.s.rulebook.Load().doors {
		ask := pick(&d.part)
		if ask == nil {
			continue
		}
		w.door = d
		err := ask(w, id)
		if _, refused := errors.AsType[*Error](err); err != nil && !refused {
			return fmt.Errorf("part %s: %w", d.part.Name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// forgetAllOf deletes what is left beside an account of who has dealt with it, what opens nothing any more included.
func (w *Work) forgetAllOf(id AccountID) error {
	of := string(id) + "/"
	list, err := w.authenticators(id)
	if err != nil {
		return err
	}
	for _, x := range list {
		if err := w.returnToken(x, false); err != nil {
			return err
		}
	}
	if err := deleteAll(w, w.s.introductions, of); err != nil {
		return err
	}
	if err := deleteAll(w, w.s.sessions, of); err != nil {
		return err
	}
	if err := deleteAll(w, w.s.authenticators, of); err != nil {
		return err
	}
	if err := deleteAll(w, w.s.devices, of); err != nil {
		return err
	}
	for _, p := range []Purpose{ForIntroduce, ForReset} {
		if err := w.s.mailed.Delete(w.tx, mailedKey(id, p)); err != nil {
			return err
		}
	}
	if err := w.clearCounts(id, func(string, string, Kind) bool { return true }); err != nil {
		return err
	}
	for _, family := range []string{"n/", "l/"} {
		if err := deleteAll(w, w.s.quotas, family+of); err != nil {
			return err
		}
	}
	for _, key := range []string{outKey(id), nameKey(id), crowdKey(id), resetKey(id), mailKey(id), textsKey(id),
		takenKey(id), closingKey(id)} {
		if err := w.s.quotas.Delete(w.tx, key); err != nil { // attempts and quotas are one collection
			return err
		}
	}
	return nil
}

// deleteAll deletes the documents whose key begins with a prefix.
func deleteAll[T any](w *Work, c *store.Collection[T], prefix string) error {
	var keys []string
	for item, err := range c.Prefix(w.tx, prefix, maxCounts) {
		if err != nil {
			return err
		}
		keys = append(keys, item.ID)
	}
	for _, key := range keys {
		if err := c.Delete(w.tx, key); err != nil {
			return err
		}
	}
	return nil
}
