package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// This file is what auth does for those who have lost every second step: what a part
// may ask about people who are not signed in, and the one act that ends the second
// step of an account. Who decides on it is no business of this package.

// Find returns the account that an identifier names, nil if none does. It is for acts
// that answer alike whoever exists, and reads as much for nobody as for a seller.
func (w *Work) Find(identifier string) (*AccountInfo, error) {
	a, err := w.findAccount(w.s.parseLogin(w.caller, identifier[:min(len(identifier), ident.MaxTyped)]))
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, w.readDummyAccount()
	}
	return w.infoFor(a), nil
}

// TakePuzzle consumes the puzzle that was answered, save in a browser that the account
// knows. Refuses PuzzleNeeded, PuzzleOver and PuzzleWrong.
func (w *Work) TakePuzzle(a *AccountInfo, answer PuzzleAnswer) error {
	if a != nil {
		p, err := w.partyOf(a.ID)
		if err != nil || p.side == known {
			return err
		}
	}
	return w.takePuzzle(answer)
}

// Party names whose acts are counted together before an account, nil for nobody's: a
// browser that it knows, or a strangers' network (D12).
func (w *Work) Party(a *AccountInfo) (string, error) {
	if a == nil {
		return string(strangers) + "/" + w.s.network(w.caller.IP), nil
	}
	p, err := w.partyOf(a.ID)
	if err == nil && p.side == introduced { // he reads the account's mail, and so do all of that side
		return string(introduced), nil
	}
	return string(p.side) + "/" + p.id, err
}

// SiteKey names an identifier that nobody has, so that it can be counted and shows
// nothing where it is stored.
func (w *Work) SiteKey(identifier string) string {
	return w.s.shortMAC("part", w.partKey(ident.Fold(identifier)))
}

// Secret is 256 bits that only this site can make of a label of the part's own: the
// token of a link that is stored nowhere, and that can be mailed again.
func (w *Work) Secret(label string) string {
	return w.door.Secret(label)
}

// MailOwner mails a link to the security e-mail of an account: whoever holds it reads
// its mail. Refuses NotFound.
func (w *Work) MailOwner(id AccountID, m Message) error {
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	m.Account, m.Language = id, a.Language
	m.Channel, m.Recipient = Mail, ident.Recipient(a.Email)
	return w.enqueue(m, w.NewID())
}

// MailProved writes a mail to an address whose mailbox somebody has shown to the part: no limit is for it.
func (w *Work) MailProved(to ident.Email, m Message) error {
	m.Channel, m.Recipient = Mail, ident.Recipient(to)
	return w.enqueue(m, w.NewID())
}

// TextOwner tells every proved number of an account in short that something has
// happened, as far as the limits on texts allow. what is as in Message.Args. Refuses
// NotFound.
func (w *Work) TextOwner(id AccountID, what string) error {
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	m := Message{Template: TemplateChange, Args: map[string]string{"what": what}}
	return w.textNotice(a, m, messageIDs(w.NewID()))
}

// Shown is a method that the caller's session has shown, as a part may know it.
type Shown struct {
	ID, Name string
	Kind     Kind
	Flavour  Flavour
	Channel  Channel
	Class    Class
	On       DeviceKind // what it lives on
	BoundAt  time.Time
}

// Shown are the methods that the session has shown within an age, each once. What was
// unbound since is not among them.
func (w *Work) Shown(maxAge time.Duration) ([]Shown, error) {
	var all []Shown
	seen := map[string]bool{}
	for _, id := range w.shownMethods(maxAge) {
		x, err := w.s.authenticators.Get(w.tx, authenticatorKey(w.account.ID, id))
		if ignoreMissing(err) != nil {
			return nil, err
		}
		if err != nil || seen[id] {
			continue
		}
		seen[id] = true
		row := w.s.row(x)
		s := Shown{ID: x.ID, Name: x.Name, Kind: x.Kind, Flavour: x.Traits.Flavour, Channel: row.Channel,
			Class: row.Worth.Class, BoundAt: x.BoundAt}
		d, err := w.s.devices.Get(w.tx, authenticatorKey(x.Account, x.Device))
		if ignoreMissing(err) != nil {
			return nil, err
		}
		if err == nil {
			s.On = d.Kind
		}
		all = append(all, s)
	}
	return all, nil
}

// A SwitchOff is how the second step of an account ends.
type SwitchOff struct {
	Email     ident.Email   // the account's from now on; "" leaves it
	PhoneGone bool          // its own number is in other hands: it names the account no more
	CodeGone  bool          // its security code is, too
	CoolOff   time.Duration // for so long no payout is approved
}

// SwitchOffSecondStep ends the second step of an account whose owner has lost all of it: every method, session, browser
// and waiting change goes. The password goes as well, or whoever has it would be let in by that
// alone: the next one is set by a link to the account's e-mail, and the session after it can do nothing but enrol. It
// is a failure in an act that is not audited, or that anybody but the service itself can do. Refuses NotFound, and
// AccountExists for an address that another account has.
func (w *Work) SwitchOffSecondStep(id AccountID, off SwitchOff) error {
	if !w.rule.Audit || w.rule.Who != System {
		return fmt.Errorf("switching the second step off by the act %s: its rule asks for too little", w.action)
	}
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	w.account = a
	list, err := w.authenticators(id)
	if err != nil {
		return err
	}
	if off.CodeGone && a.SecurityCode.live() {
		if err := w.RetireSecurityCode(id); err != nil {
			return err
		}
		if a, err = w.existingAccount(id); err != nil {
			return err
		}
		w.account = a
	}
	if off.Email != "" {
		if other, err := w.s.accounts.One(w.tx, "email", off.Email.Key()); ignoreMissing(err) != nil {
			return err
		} else if err == nil && other.ID != id {
			return Refuse(AccountExists)
		}
		a.moveEmail(off.Email, time.Time{})
	}
	if off.PhoneGone {
		a.PhoneAt = time.Time{}
	}
	a.Password, a.FirstBy = "", ""
	a.settleAll(w.now)
	a.PausedAt, a.PausedUntil = time.Time{}, time.Time{}
	a.Holds = nil // two people have seen who he is
	a.coolOff(w.now.Add(off.CoolOff), "recovered")
	if err := w.unbind(list, new(RemoveInfo)); err != nil { // stores the account
		return err
	}
	return w.endAllOf(id)
}

// settleAll notes that everything was set by a strong proof: no link in an older notice brings anything back.
func (a *Account) settleAll(now time.Time) {
	a.StrongAt = map[told]time.Time{}
	for _, n := range notices() {
		if n.Undo {
			a.StrongAt[n.Told] = now
		}
	}
}

// endAllOf ends what is left of an account's access: sessions, browsers, waiting changes, counts.
func (w *Work) endAllOf(id AccountID) error {
	if err := w.dropChanges(id, func(*change) bool { return true }); err != nil {
		return err
	}
	if err := w.forgetBrowsers(id, nil); err != nil {
		return err
	}
	if err := w.endOldCounts(id); err != nil {
		return err
	}
	return w.endSessions(id, func(*session) bool { return true })
}

// A HoldBack makes the answers of one act leave alike, whoever it was asked about.
type HoldBack struct{ floor delayFloor }

// Until holds an answer that began at start back until it may leave.
func (h *HoldBack) Until(ctx context.Context, d *Door, start time.Time) {
	d.s.delayRefusal(ctx, &h.floor, start)
}
