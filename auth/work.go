package auth

import (
	"cmp"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// This file is what a part's use cases may do in a pass.

// passDraws is the randomness of one call of Do: drawn when a pass first asks for
// it and the same in every run of it.
type passDraws struct{ bytes [][]byte }

// drawBytes returns the next n random bytes of this call.
func (w *Work) drawBytes(n int) []byte {
	at := w.drawnCount
	w.drawnCount++
	if at == len(w.passDraws.bytes) {
		w.passDraws.bytes = append(w.passDraws.bytes, nil)
	}
	if len(w.passDraws.bytes[at]) != n {
		w.passDraws.bytes[at] = w.s.random(n)
	}
	return w.passDraws.bytes[at]
}

// NewID returns 128 random bits, but for those that idText takes, in 22 characters: in each run of a pass the
// same, asked for in the same order.
func (w *Work) NewID() string { return idText(w.drawBytes(16)) }

// Now is the time of the pass, in seconds UTC. It never goes back.
func (w *Work) Now() time.Time { return w.now }

// ClockNow is the clock's own time: in a lab, without what the caller has asked
// to be ahead of it (Caller.Later).
func (w *Work) ClockNow() time.Time { return w.clockNow }

// Caller is who asks.
func (w *Work) Caller() Caller { return w.caller }

// Session is the caller's session, nil where the rule reads none.
func (w *Work) Session() *SessionInfo {
	if w.session == nil {
		return nil
	}
	info := w.s.sessionInfo(w.session, w.session)
	return &info
}

// AccountInfo is an account as a part may know it.
type AccountInfo struct {
	ID          AccountID
	Parent      AccountID // set: a sub-account of that account
	Name        string
	UserName    string
	MaskedEmail ident.Masked
	Language    string
	CreatedAt   time.Time
	EnrolledAt  time.Time // since when two-step verification is on; zero: it is not
	FrozenAt    time.Time // zero: it is not
	KeysOnly    bool      // security keys alone open it
	CoolUntil   time.Time // until then no payout is approved; zero: nothing of the kind has been
	MadeBy      string    // what the part has opened the form of sign-up by, "" if nothing of the part's
	HandedAt    time.Time // when it last got another owner; zero: never
	Epoch       uint64    // grows with what ends all that waits or is under way: a new password, "this was not me"
}

func (a *Account) info() *AccountInfo {
	return &AccountInfo{ID: a.ID, Parent: a.Parent, Name: a.Name, UserName: string(a.UserName), MaskedEmail: a.Email.Mask(),
		Language: a.Language, CreatedAt: a.CreatedAt, EnrolledAt: a.EnrolledAt, FrozenAt: a.DisabledAt, CoolUntil: a.CoolUntil,
		HandedAt: a.HandedAt, Epoch: a.Epoch, KeysOnly: a.keysOnly()}
}

// infoFor is info with what is the part's own.
func (w *Work) infoFor(a *Account) *AccountInfo {
	info := a.info()
	if w.door != nil {
		info.MadeBy, _ = strings.CutPrefix(a.MadeBy, w.partKey(""))
		if info.MadeBy == a.MadeBy {
			info.MadeBy = "" // another part's
		}
	}
	return info
}

// Account is the caller's account, nil where the rule reads no session.
func (w *Work) Account() *AccountInfo {
	if w.session == nil {
		return nil
	}
	return w.infoFor(w.account)
}

// AccountOf is the account with the id. Refuses NotFound.
func (w *Work) AccountOf(id AccountID) (*AccountInfo, error) {
	a, err := w.existingAccount(id)
	if err != nil {
		return nil, err
	}
	return w.infoFor(a), nil
}

func (w *Work) existingAccount(id AccountID) (*Account, error) {
	a, err := w.s.accounts.Get(w.tx, string(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, Refuse(NotFound)
	}
	return a, err
}

// Note says in the audit entry which thing the act was about: its id, and its
// name at that time.
func (w *Work) Note(id, item string) { w.entry.ID, w.entry.Item = id, item }

// NoteFor writes the act, once it is done, into the history of another account as well: of whom it was about. Where
// from and in what session it was done is the caller's own.
func (w *Work) NoteFor(id AccountID) {
	if (w.account == nil || id != w.account.ID) && !slices.Contains(w.alsoFor, id) {
		w.alsoFor = append(w.alsoFor, id)
	}
}

// HasAccount reports whether somebody has an account at an address, or is of the staff with it. It is for those who
// have shown its mailbox: nobody else is told.
func (w *Work) HasAccount(email ident.Email) (bool, error) {
	if is, err := w.isStaff(email); err != nil || is {
		return is, err
	}
	return w.isSeller(email)
}

func (w *Work) isSeller(email ident.Email) (bool, error) {
	_, err := w.s.accounts.One(w.tx, "email", email.Key())
	return err == nil, ignoreMissing(err)
}

// SignUpLink opens the form of sign-up for an address whose mailbox somebody has shown, by a link that the part has
// mailed: it returns the token of a link as ConfirmSignUp takes it. by is the part's name for what it was, and stays
// with the account that is made: AccountInfo.MadeBy. Asked again, it is the same token. Refuses SignedUp.
func (w *Work) SignUpLink(email ident.Email, by string) (string, error) {
	if has, err := w.HasAccount(email); err != nil || has {
		return "", cmp.Or(err, error(Refuse(SignedUp)))
	}
	token := base64.RawURLEncoding.EncodeToString(w.s.mac("sign-up", w.partKey(by)))
	return token, w.s.links.Put(w.tx, linkKey(token), &link{Purpose: LinkSignUp, Email: email, By: w.partKey(by),
		Expires: w.now.Add(w.s.policy.LinkLife), Restore: w.s.restoreEpoch()})
}

// Consume is the one primitive of single use: the first pass to consume an id
// wins, every other is refused with the code, until expires. The id is random,
// and the part's own.
func (w *Work) Consume(id string, expires time.Time, code Code) error {
	return w.consumeAs(w.partKey(id), spreadOf(id), expires, code)
}

// NotConsumed refuses with the code what is consumed.
func (w *Work) NotConsumed(id string, code Code) error { return w.notConsumed(w.partKey(id), code) }

// Count counts one of something under a key of the part's own, at most most in
// 24 hours and not two within pause; it returns how many are left. Refuses
// SendLimitReached and ResendTooSoon.
func (w *Work) Count(key string, most int, pause time.Duration) (left int, err error) {
	return w.takeQuota("x/"+w.partKey(key), most, pause)
}

// partKey puts a part's ids apart from every other's.
func (w *Work) partKey(id string) string { return w.door.part.Name + "/" + id }

// Send writes a message to an address that need not be anybody's: within the
// limits on what one address gets, and on what the site pays for. Refuses
// ResendTooSoon, SendLimitReached, TextsLater, CountryNotServed.
func (w *Work) Send(m Message) error {
	if m.Channel != Mail && !w.s.served(ident.Phone(m.Recipient)) {
		return RefuseField(CountryNotServed, "phone")
	}
	draws := []draw{w.sendDraw(m.Account, m.Recipient, known)}
	if m.Channel != Mail {
		draws = append(draws, w.textDraws(ident.Phone(m.Recipient), binding)...)
	}
	if _, err := w.takeAll(draws...); err != nil {
		return err
	}
	return w.enqueue(m, w.NewID())
}

// Notify writes a notice to every address of an account. One of what was done in the account's own session has a link
// that says "this was not me"; what others have done stays theirs. Refuses NotFound.
func (w *Work) Notify(id AccountID, template string, args map[string]string) error {
	if w.session != nil && w.session.Account == id {
		return w.NotifyNotMe(id, template, args)
	}
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	return w.notify(a, Message{Template: template, Args: args}, messageIDs(w.NewID()), nil, "")
}

// NotifyNotMe is Notify of something that was done in the account's name, though not in this pass by its session: its
// link ends all access. Refuses NotFound.
func (w *Work) NotifyNotMe(id AccountID, template string, args map[string]string) error {
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	ids := messageIDs(w.NewID())
	args = maps.Clone(args)
	args["not-me-until"] = messageTime(w.now.Add(w.s.policy.UndoLife))
	return w.notify(a, Message{Template: template, Args: args}, ids, w.newEnding(told(template), ids), argNotMe)
}

// EndSessions ends every session of an account but the caller's own.
func (w *Work) EndSessions(id AccountID) error {
	return w.endSessions(id, func(x *session) bool { return !w.isOwnSession(x) })
}

// Freeze switches an account off: it ends all its sessions, what waits and what it has
// begun, and nobody signs in to it until Thaw. Refuses NotFound.
func (w *Work) Freeze(id AccountID) error {
	if err := w.setFrozen(id, w.now); err != nil {
		return err
	}
	if err := w.dropChanges(id, func(*change) bool { return true }); err != nil {
		return err
	}
	return w.endSessions(id, func(*session) bool { return true })
}

// Thaw switches a frozen account on again. Refuses NotFound.
func (w *Work) Thaw(id AccountID) error { return w.setFrozen(id, time.Time{}) }

func (w *Work) setFrozen(id AccountID, at time.Time) error {
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	a.Epoch++
	a.setCodeWait(nil)
	a.DisabledAt, a.Dormancy = at, inUse // why it is switched off is another reason by now
	return w.s.accounts.Put(w.tx, string(id), a)
}
