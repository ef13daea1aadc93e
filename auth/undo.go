package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// This file is "this was not me": the links in notices. Such a link is worth its
// mailbox: it reverts what a weak proof did. What a strong proof did it only
// pauses: nothing more changes for a while but behind a strong proof. It works
// once a notice, whichever address presses; an address that was replaced stops
// nothing but its own replacement.

// A deed is what a notice told of, as far as it takes to revert it. It is stored
// with the link.
type deed struct {
	Notice string          `json:"n"` // the notice, which is consumed once: never the id of a ceremony
	Told   told            `json:"t"`
	At     time.Time       `json:"at"`
	Strong bool            `json:"s,omitempty"` // a strong proof did it
	To     ident.Recipient `json:"to"`          // where the notice went
	By     seen            `json:"by,omitzero"`

	Kind    Kind    `json:"k,omitempty"` // of the method that it was about
	Flavour Flavour `json:"f,omitempty"`
	Item    string  `json:"i,omitempty"`

	Made    string           `json:"m,omitempty"` // the authenticator that came
	Gone    []*Authenticator `json:"g,omitempty"` // those that went
	Devices []*Device        `json:"d,omitempty"` // and what they lived on

	Email      ident.Email     `json:"em,omitempty"` // the account as it was before
	Phone      ident.Phone     `json:"ph,omitempty"`
	PhoneAt    time.Time       `json:"pa,omitzero"`
	UserName   ident.UserName  `json:"un,omitempty"`
	Question   *question       `json:"qu,omitempty"`
	Code       *securityCode   `json:"sc,omitempty"`
	Password   string          `json:"pw,omitempty"`
	PasswordAt time.Time       `json:"pt,omitzero"`
	FirstBy    ident.Recipient `json:"fb,omitempty"`
	EnrolledAt time.Time       `json:"ea,omitzero"`
	CoolUntil  time.Time       `json:"cu,omitzero"`
	CoolWhy    string          `json:"cw,omitempty"`
}

// newEnding is a deed of which nothing can be put back.
func (w *Work) newEnding(what told, ids messageIDs) *deed {
	return &deed{Notice: string(ids) + ".undo", Told: what, At: w.now, Strong: w.actedStrongly(), By: w.seen()}
}

// newDeed is the deed that a notice is about. before is the account as it was.
func (w *Work) newDeed(before *Account, what told, about []*Authenticator, ids messageIDs) (*deed, error) {
	d := w.newEnding(what, ids)
	if len(about) > 0 {
		d.Kind, d.Flavour = about[0].Kind, about[0].Traits.Flavour
		d.Item = about[0].Name
	}
	switch what {
	case toldAdded, toldCodesMade:
		d.Made = about[0].ID
	case toldRemoved:
		d.Gone, d.EnrolledAt = about, before.EnrolledAt
		return d, w.keepDevices(d)
	case toldSignedInByCode:
		d.Gone, d.EnrolledAt = about, before.EnrolledAt
		d.CoolUntil, d.CoolWhy = before.CoolUntil, before.CoolWhy
		d.Email, d.UserName = before.Email, before.UserName
		d.Phone, d.PhoneAt = before.Phone, before.PhoneAt
		d.Question = before.Question
		return d, w.keepDevices(d)
	case toldEmail:
		d.Email = before.Email
	case toldPhone:
		d.Phone, d.PhoneAt = before.Phone, before.PhoneAt
	case toldUserName:
		d.UserName = before.UserName
	case toldQuestion, toldQuestionGone:
		d.Question = before.Question
	case toldSecurityCode:
		d.Code = before.SecurityCode
	case toldPassword:
		d.Password, d.PasswordAt = before.Password, before.PasswordAt
		d.FirstBy = before.FirstBy
	}
	return d, nil
}

// actedStrongly reports whether the act rests on a fresh strong proof. A mailed link and what came due do not.
func (w *Work) actedStrongly() bool {
	return w.session != nil && w.shows(Strong, max(w.rule.Demand.MaxAge, ageRemove))
}

// weaklyAt is the time of an act that rests on no strong proof, zero for one that does.
func (w *Work) weaklyAt() time.Time {
	if w.actedStrongly() {
		return time.Time{}
	}
	return w.now
}

// isSettled reports whether an address may say "not me": none that a weak proof brought, as long as that can itself be
// reverted. Else a thief who has added a mailbox of his own undoes from there what its owner does against him.
func (w *Work) isSettled(a *Account, list []*Authenticator, r ident.Recipient) bool {
	young := func(at time.Time) bool { return w.now.Sub(at) < w.s.policy.UndoLife }
	if r.Key() == ident.Recipient(a.Email).Key() && !young(a.EmailWeakAt) {
		return true
	}
	return slices.ContainsFunc(list, func(x *Authenticator) bool {
		return x.Recipient.Key() == r.Key() && !(x.Weakly && young(x.BoundAt))
	})
}

// keepDevices notes what the methods that go live on.
func (w *Work) keepDevices(d *deed) error {
	for _, x := range d.Gone {
		v, err := w.s.devices.Get(w.tx, authenticatorKey(x.Account, x.Device))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		d.Devices = append(d.Devices, v)
	}
	return nil
}

// undoLink stores the link of a notice to one address and returns its URL. Its token follows from the site's secret
// and the message's id: nothing is drawn in a pass.
func (w *Work) undoLink(a AccountID, d deed, to ident.Recipient, messageID string) (string, error) {
	d.To = to
	return w.saveUndo(&link{Account: a, Expires: w.now.Add(w.s.policy.UndoLife), Deed: &d}, messageID)
}

// stopLink stores the link of a notice to all addresses of an account, which stops a change that waits, and returns its
// URL.
func (w *Work) stopLink(a AccountID, ch *change, until time.Time, ids messageIDs) (string, error) {
	return w.saveUndo(&link{Account: a, Expires: until, Change: ch.ID}, string(ids))
}

func (w *Work) saveUndo(l *link, messageID string) (string, error) {
	token := base64.RawURLEncoding.EncodeToString(w.s.mac("undo", messageID))
	l.Purpose = LinkUndo
	return w.s.origin + linkPath(LinkUndo) + token, w.saveLink(linkKey(token), l)
}

// LookUndo says what a link in a notice would stop, without spending it: mail scanners open links. Refuses LinkUsed.
func (s *Service) LookUndo(ctx context.Context, c Caller, token string) (*ChangeInfo, error) {
	return do(ctx, s, c, ActLook, func(w *Work) (*ChangeInfo, error) {
		l, err := w.openLink(LinkUndo, token)
		if err != nil {
			return nil, err
		}
		if l.Deed != nil {
			if err := w.notConsumed(l.Deed.Notice, LinkUsed); err != nil {
				return nil, err
			}
			a, err := w.linkAccount(l)
			if err != nil {
				return nil, err
			}
			return l.Deed.info(l), w.mayUndo(a, l.Deed)
		}
		info, _, _, err := w.waitingChange(l)
		return info, err
	})
}

// linkAccount is the account that a link is of. Refuses LinkUsed for one that is no more.
func (w *Work) linkAccount(l *link) (*Account, error) {
	a, err := w.s.accounts.Get(w.tx, string(l.Account))
	if errors.Is(err, store.ErrNotFound) {
		return nil, Refuse(LinkUsed)
	}
	return a, err
}

func (d *deed) info(l *link) *ChangeInfo {
	ends := !slices.ContainsFunc(notices(), func(n notice) bool { return n.Told == d.Told && !n.Ends }) // a part's do
	return &ChangeInfo{ID: d.Notice, What: string(d.Told), Methods: []string{}, Kind: d.Kind, Flavour: d.Flavour,
		Item: d.Item, AskAt: d.At, Due: l.Expires, Done: true, Pauses: d.Strong, Ends: ends}
}

// waitingChange is the change that a link stops, as its owner sees it, and what stops it.
func (w *Work) waitingChange(l *link) (*ChangeInfo, func() error, seen, error) {
	a, err := w.linkAccount(l)
	if err != nil {
		return nil, nil, seen{}, err
	}
	if x := w.liveCodeWait(a); x != nil && x.ID == l.Change {
		info := x.info()
		return &info, func() error { return w.stopCodeSignIn(a) }, x.Seen, nil
	}
	ch, err := w.s.changes.Get(w.tx, authenticatorKey(l.Account, l.Change))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, seen{}, Refuse(LinkUsed)
	}
	if err != nil {
		return nil, nil, seen{}, err
	}
	list, err := w.authenticators(l.Account)
	info := w.describeChange(ch, list)
	return &info, func() error {
		w.noteMove(ch)
		return w.deleteChange(ch)
	}, ch.Seen, err
}

// Undo is "this was not me", by a mailed link. It stops a change that waits, or reverts or pauses what a notice told
// of. Whoever did that had a session, so every session and all trust end with it. The parts hear of it (NotMe). Refuses
// LinkUsed.
func (s *Service) Undo(ctx context.Context, c Caller, token string) (*ChangeInfo, error) {
	return doOnce(ctx, s, c, ActUndo, linkKey(token), func(w *Work) (*ChangeInfo, error) {
		l, err := w.consumeLink(LinkUndo, token)
		if err != nil {
			return nil, err
		}
		w.About(l.Account)
		if l.Deed != nil {
			if err := w.undoDeed(l); err != nil {
				return nil, err
			}
			info := l.Deed.info(l)
			return info, w.tellParts(l.Account, token, info, l.Deed.By)
		}
		info, stop, by, err := w.waitingChange(l)
		if err != nil {
			return nil, err
		}
		w.noteChange(info)
		if err := stop(); err != nil {
			return nil, err
		}
		if info.What == "contact" { // nobody had a session of this account
			err = w.pauseChanges(l.Account)
		} else {
			err = w.endAllAccess(l.Account)
		}
		if err != nil {
			return nil, err
		}
		return info, w.tellParts(l.Account, token, info, by)
	})
}

// mayUndo refuses an address that is none of the account's any more, but for its own replacement and for what came in
// while it was one.
func (w *Work) mayUndo(a *Account, d *deed) error {
	if a.wasHandedOver(d.At) {
		return Refuse(LinkUsed) // whoever got that notice owns the account no more
	}
	own := func(x *Authenticator) bool { return x.Recipient.Key() == d.To.Key() }
	if d.Told == toldEmail && d.To.Key() == ident.Recipient(d.Email).Key() || slices.ContainsFunc(d.Gone, own) {
		return nil
	}
	if d.Told == toldSignedInByCode { // whoever came in so may have moved the e-mail since
		return nil
	}
	if d.Told == told(TemplateRecoveryDone) { // a case may have moved it
		return nil
	}
	to, err := w.addresses(a)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(to, func(r ident.Recipient) bool { return r.Key() == d.To.Key() }) {
		return Refuse(LinkUsed)
	}
	return nil
}

func (w *Work) undoDeed(l *link) error {
	d := l.Deed
	w.entry.Kind, w.entry.Flavour = d.Kind, d.Flavour
	w.entry.Item = d.Item
	a, err := w.linkAccount(l)
	if err != nil {
		return err
	}
	if err := w.mayUndo(a, d); err != nil {
		return err
	}
	if err := w.consume(d.Notice, l.Expires, LinkUsed); err != nil {
		return err
	}
	if !d.Strong {
		w.account = a
		if err := w.revert(a, d); err != nil {
			return err
		}
	}
	return w.endAllAccess(a.ID)
}

// noteStrong notes that a strong proof sets what a notice tells of, where one does. The caller stores the account.
func (w *Work) noteStrong(a *Account, what told) {
	if !w.actedStrongly() {
		return
	}
	if a.StrongAt = maps.Clone(a.StrongAt); a.StrongAt == nil { // a copy of the account may share it
		a.StrongAt = map[told]time.Time{}
	}
	a.StrongAt[what] = w.now
}

// strongSince reports whether a strong proof has set since what a deed changed. What is set again by weak ones alone
// can be reverted by each of their notices.
func (a *Account) strongSince(d *deed) bool {
	what := d.Told
	if what == toldQuestionGone {
		what = toldQuestion
	}
	at := a.StrongAt[what]
	return !at.IsZero() && !at.Before(d.At)
}

// revert puts back what a weak proof did, unless a strong one or something else has changed it since.
func (w *Work) revert(a *Account, d *deed) error {
	if a.strongSince(d) {
		return nil
	}
	switch d.Told {
	case toldAdded, toldCodesMade:
		x, err := w.s.authenticators.Get(w.tx, authenticatorKey(a.ID, d.Made))
		if err != nil {
			return ignoreMissing(err)
		}
		return w.unbind([]*Authenticator{x}, new(RemoveInfo))
	case toldRemoved:
		if err := w.putBack(d); err != nil || !a.EnrolledAt.IsZero() {
			return err
		}
		a.EnrolledAt = d.EnrolledAt
	case toldSignedInByCode:
		if err := w.revertCodeSignIn(a, d); err != nil {
			return err
		}
	case toldEmail:
		if err := w.refuseStaff(d.Email, LinkUsed); err != nil {
			return err
		}
		a.moveEmail(d.Email, time.Time{})
	case toldPhone:
		a.Phone, a.PhoneAt = d.Phone, d.PhoneAt
	case toldUserName:
		a.renameOwner(d.UserName)
	case toldQuestion, toldQuestionGone:
		a.Question = d.Question
	case toldSecurityCode:
		if a.SecurityCode == nil || !a.SecurityCode.SetAt.Equal(d.At) {
			return nil
		}
		a.SecurityCode = d.Code
	case toldPassword:
		if !a.PasswordAt.Equal(d.At) {
			return nil
		}
		a.Password, a.PasswordAt = d.Password, d.PasswordAt
		a.FirstBy = d.FirstBy
	}
	err := w.s.accounts.Put(w.tx, string(a.ID), a)
	if errors.Is(err, store.ErrExists) {
		return Refuse(LinkUsed) // it is somebody else's by now
	}
	return err
}

// putBack binds again what was removed.
func (w *Work) putBack(d *deed) error {
	for _, v := range d.Devices {
		if err := w.s.devices.Put(w.tx, authenticatorKey(d.Gone[0].Account, v.ID), v); err != nil {
			return err
		}
	}
	for _, x := range d.Gone {
		taken, err := w.tokenTaken(x)
		if err != nil {
			return err
		}
		if taken {
			continue
		}
		x.Rev++
		err = w.s.authenticators.Insert(w.tx, authenticatorKey(x.Account, x.ID), x)
		if errors.Is(err, store.ErrExists) {
			return Refuse(LinkUsed) // it was bound again by now
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pauseChanges has nothing asked for again for a while that would wait.
func (w *Work) pauseChanges(id AccountID) error {
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	a.PausedUntil = w.now.Add(w.s.policy.RemovalDelay)
	return w.s.accounts.Put(w.tx, string(id), a)
}

// endAllAccess is endAccess of an account whose changes are paused from now on.
func (w *Work) endAllAccess(id AccountID) error {
	a, err := w.ceremonyAccount(id)
	if err != nil {
		return err
	}
	a.PausedAt = w.now
	a.PausedUntil = w.now.Add(w.s.policy.RemovalDelay)
	return w.endAccess(a)
}

// endAccess ends every session, all trust and what is under way or waits of an account, and stores it.
func (w *Work) endAccess(a *Account) error {
	a.Epoch++
	a.setCodeWait(nil)
	if err := w.s.accounts.Put(w.tx, string(a.ID), a); err != nil {
		return err
	}
	if err := w.dropChanges(a.ID, func(*change) bool { return true }); err != nil {
		return err
	}
	if err := w.forgetBrowsers(a.ID, nil); err != nil {
		return err
	}
	return w.endSessions(a.ID, func(*session) bool { return true })
}

// refusePaused refuses a change while an owner's "this was not me" is young, but behind a strong proof that is younger.
// Who has to enrol has nothing yet that could be changed.
func (w *Work) refusePaused() error {
	if !w.rule.Change || !w.isPaused() {
		return nil
	}
	return Refuse(ChangePaused).At(w.account.PausedUntil)
}

// isPaused reports whether it is young, and the session has shown nothing strong since.
func (w *Work) isPaused() bool {
	a := w.account
	if a.PausedAt.IsZero() || !w.now.Before(a.PausedUntil) || w.session.Restricted {
		return false
	}
	lifts := func(p Proof) bool { return p.Class >= Strong && w.s.counts(a, p) && !p.At.Before(a.PausedAt) }
	return !slices.ContainsFunc(w.session.Proofs, lifts)
}
