package auth

import (
	"context"
	"encoding/base64"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// This file is what auth asks of the part that keeps the staff, and what the staff's acts do to accounts. Who of
// them may do what is that part's; no act of theirs reads or sets anything that opens an account.

// A StaffMember is who acts at the desk.
type StaffMember struct {
	ID, Name string
	Accounts []AccountID // those that he looks after: he decides nothing about them
}

// chain is where a member's acts are written.
func (m *StaffMember) chain() AccountID { return StaffChain(m.ID) }

// StaffChain is where the acts of a member of the staff are written.
func StaffChain(id string) AccountID { return AccountID("staff-" + id) }

// Staff is asked in the pass that needs the answer: what it returns is so when the pass ends.
type Staff interface {
	// AdmitStaff returns whose session the token is, and refuses SessionEnded for none, and whatever the act is refused
	// him with.
	AdmitStaff(w *Work, token string, a Action) (*StaffMember, error)
	// HasStaff reports whether a mailbox, its aliases folded, is one of the staff's: nobody is seller and staff at
	// once.
	HasStaff(w *Work, email ident.Email) (bool, error)
	// StillMay reports whether one of the staff may do an act, and has kept his place since a time: what he did then
	// counts as long as that.
	StillMay(w *Work, id string, a Action, since time.Time) (bool, error)
	// Apart reports whether two of the staff count as two persons where an act takes two: neither has brought in the
	// other.
	Apart(w *Work, a, b string) (bool, error)
}

// admitStaff reads the session of a member of the staff and has it held against the act.
func (w *Work) admitStaff() error {
	asked := w.s.rulebook.Load().staff
	if asked == nil {
		return Refuse(NotFound)
	}
	m, err := asked.AdmitStaff(w, w.caller.Token, w.action)
	if m != nil && w.caller.staff && m.ID != w.caller.operator {
		return Refuse(Forbidden)
	}
	if m != nil { // who is refused is known as well
		w.staff = m
		w.caller.operator, w.auditAccount = m.ID, m.chain()
	}
	return err
}

// Staff is the member of the staff who acts, nil where the rule is not for the staff.
func (w *Work) Staff() *StaffMember { return w.staff }

// StaffMay reports whether what one of the staff did at a time still counts: he has kept his place since, and his
// role has the act. Where no part keeps a staff, everybody's does.
func (w *Work) StaffMay(id string, a Action, since time.Time) (bool, error) {
	asked := w.s.rulebook.Load().staff
	if asked == nil {
		return true, nil
	}
	return asked.StillMay(w, id, a, since)
}

// Reads reports whether the pass can change nothing.
func (w *Work) Reads() bool { return w.rule.Reads }

// isStaff reports whether a mailbox is one of the staff's.
func (w *Work) isStaff(email ident.Email) (bool, error) {
	asked := w.s.rulebook.Load().staff
	if asked == nil {
		return false, nil
	}
	return asked.HasStaff(w, email)
}

// refuseStaff refuses a mailbox of the staff's for an account, with the code.
func (w *Work) refuseStaff(email ident.Email, code Code) error {
	if is, err := w.isStaff(email); err != nil || !is {
		return err
	}
	return Refuse(code)
}

// IsSeller reports whether a seller has an account at an address or at another alias of its mailbox.
func (w *Work) IsSeller(email ident.Email) (bool, error) {
	if is, err := w.isSeller(email); err != nil || is {
		return is, err
	}
	if is, err := w.isSeller(ident.Email(email.Unaliased())); err != nil || is {
		return is, err
	}
	return w.hasAlias(email.Unaliased())
}

// aliased is the mailbox behind the account's address, as an index value, where the address is an alias of it: to
// refuse by, never to find anybody by.
func (a *Account) aliased() []string {
	if mailbox := a.Email.Unaliased(); mailbox != a.Email.Key() {
		return []string{mailbox}
	}
	return nil
}

// hasAlias reports whether an account has an alias of a mailbox for its address.
func (w *Work) hasAlias(mailbox string) (bool, error) {
	ids, err := w.s.accounts.Find(w.tx, "mailbox", mailbox, 1)
	return len(ids) > 0, err
}

// unindexed reports whether an account of before there was an index of aliases is to be put into it.
func (w *Work) unindexed(a *Account) bool {
	for _, mailbox := range a.aliased() {
		ids, err := w.s.accounts.Find(w.tx, "mailbox", mailbox, maxAliases)
		return err == nil && !slices.Contains(ids, string(a.ID)) && len(ids) < maxAliases
	}
	return false
}

// maxAliases bounds how many accounts of one mailbox are looked at.
const maxAliases = 100

// index puts an account into every index.
func (s *Service) index(ctx context.Context, c Caller, id string) error {
	return s.do(ctx, c, ActSweep, func(w *Work) error {
		_, err := s.accounts.Renew(w.tx, id, 1)
		return err
	})
}

// Standing is what the staff may see of an account: how it stands, and nothing that opens it.
type Standing struct {
	ID                     AccountID
	Name, UserName         string
	MaskedEmail            ident.Masked
	MaskedPhone            ident.Masked
	Language               string
	CreatedAt              time.Time
	EnrolledAt             time.Time // zero: two-step verification is off
	PasswordAt             time.Time
	FrozenAt               time.Time // zero: it is not
	Held, PasswordDue      bool      // by a response of the staff
	PausedUntil, CoolUntil time.Time // zero: nothing of the kind
	Dormant                bool      // it is switched off since nobody used it
	KeysOnlyAt             time.Time // since when security keys alone open it; zero: whatever is bound does
	ClosesAt               time.Time // its owner has asked for it; zero: he has not
	Sessions               int
	Methods                []MethodStanding
}

// MethodStanding is one method of an account, as the staff may see it.
type MethodStanding struct {
	Kind            Kind
	Flavour         Flavour
	State           State
	BoundAt, UsedAt time.Time
}

// Standing is how an account stands. Refuses NotFound.
func (w *Work) Standing(id AccountID) (*Standing, error) {
	a, err := w.existingAccount(id)
	if err != nil {
		return nil, err
	}
	x := &Standing{ID: a.ID, Name: a.Name, UserName: string(a.UserName), MaskedEmail: a.Email.Mask(),
		Language:  a.Language,
		CreatedAt: a.CreatedAt, EnrolledAt: a.EnrolledAt, PasswordAt: a.PasswordAt, FrozenAt: a.DisabledAt, Dormant: a.Dormancy == asleep,
		Held: a.frozen(), PasswordDue: a.passwordDue(), KeysOnlyAt: a.KeysOnlyAt}
	if a.Phone != "" {
		x.MaskedPhone = a.Phone.Mask()
	}
	if w.now.Before(a.PausedUntil) {
		x.PausedUntil = a.PausedUntil
	}
	if w.now.Before(a.CoolUntil) {
		x.CoolUntil = a.CoolUntil
	}
	ch, err := w.closing(id)
	if err != nil {
		return nil, err
	}
	if ch != nil {
		x.ClosesAt = ch.Due
	}
	list, err := w.authenticators(id)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		x.Methods = append(x.Methods, MethodStanding{Kind: m.Kind, Flavour: m.Traits.Flavour, State: m.State,
			BoundAt: m.BoundAt, UsedAt: m.UsedAt})
	}
	for item, err := range w.s.sessions.Prefix(w.tx, string(id)+"/", maxSessions) {
		if err != nil {
			return nil, err
		}
		if !item.Doc.exchanged() && !w.sessionOver(item.Doc) {
			x.Sessions++
		}
	}
	return x, nil
}

// MailReset mails an account the link of a forgotten password, for somebody who has named its e-mail to the staff: who
// asked sees nothing of it. Refuses NotFound, SendLimitReached, ResendTooSoon.
func (w *Work) MailReset(id AccountID) error {
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	if err := w.takeLinkQuota(resetKey(a.ID), w.s.policy.SendsPerDay, w.s.policy.ResetLife); err != nil {
		return err
	}
	token := base64.RawURLEncoding.EncodeToString(w.drawBytes(32))
	return w.mailReset(a, resetDraw{key: linkKey(token), url: w.s.origin + linkPath(LinkReset) + token,
		messageID: w.NewID()})
}

// HasEmail reports whether an account's e-mail is exactly the one that was named. Refuses NotFound.
func (w *Work) HasEmail(id AccountID, email ident.Email) (bool, error) {
	a, err := w.existingAccount(id)
	if err != nil {
		return false, err
	}
	return a.Email.Key() == email.Key(), nil
}

// Trail lists the acts of a chain, newest first: of an account, or of a member of the staff (StaffChain). limit is 1 to
// MaxHistory; before is TrailInfo.Next of the page before, 0 for the first.
func (w *Work) Trail(chain AccountID, before uint64, limit int) (*TrailInfo, error) {
	head, err := w.s.chains.Get(w.tx, string(chain))
	if err != nil {
		return new(TrailInfo), ignoreMissing(err)
	}
	end := head.Seq + 1
	if before > 0 {
		end = min(end, before)
	}
	start := uint64(1)
	if end > uint64(limit) {
		start = end - uint64(limit)
	}
	info := new(TrailInfo)
	for item, err := range w.s.events.Scan(w.tx, eventKey(string(chain), start), eventKey(string(chain), end), limit) {
		if err != nil {
			return nil, err
		}
		e := item.Doc
		info.Events = append([]TrailEvent{{At: e.At, Action: e.Action, Outcome: e.Outcome, Who: e.Who, About: e.ID,
			Item:  e.Item,
			Times: max(e.Times, 1)}}, info.Events...)
	}
	if start > 1 {
		info.Next = start
	}
	return info, nil
}

// TrailInfo is one page of the audit trail.
type TrailInfo struct {
	Of     string // whose it is: the id of an account, or of a member of the staff
	Events []TrailEvent
	Next   uint64 // 0: there is no more
}

// TrailEvent is one act, as the staff may see it.
type TrailEvent struct {
	At          time.Time
	Action      Action
	Outcome     Code   // "" if it was done
	Who         string // of the staff, or the operator; "" is the account's owner, or the service itself
	About, Item string // what the act was about
	Times       int
}

// Seal seals a ceremony of the part's own for the caller's browser. Its purposes are apart from those of accounts,
// so that nothing of theirs is ever answered by it.
func (d *Door) Seal(c Caller, x *Ceremony) (string, error) {
	sealed := *x
	sealed.Purpose = d.purpose(x.Purpose)
	sealed.Epochs.Restore = d.s.restoreEpoch()
	return d.s.seal(&sealed, c)
}

// Unseal returns what Seal has sealed, with the time of this call. Refuses CeremonyOtherBrowser, CeremonyExpired, and
// CeremonyVoid once a backup was restored.
func (d *Door) Unseal(c Caller, text string, p Purpose) (*Ceremony, error) {
	x, err := d.s.unseal(text, d.purpose(p), c)
	if err != nil {
		return nil, err
	}
	if x.Epochs.Restore != d.s.restoreEpoch() {
		return nil, Refuse(CeremonyVoid)
	}
	x.Purpose = p
	return x, nil
}

func (d *Door) purpose(p Purpose) Purpose { return Purpose(d.part.Name) + "/" + p }

// Random returns n random bytes, for what is drawn before a pass.
func (d *Door) Random(n int) []byte { return d.s.random(n) }

// Now is service time, for what is begun without a pass.
func (d *Door) Now(c Caller) time.Time { return d.s.callerTime(c, d.s.now()).Truncate(time.Second) }

// Secret is as Work.Secret.
func (d *Door) Secret(label string) string {
	return base64.RawURLEncoding.EncodeToString(d.s.mac("part", d.part.Name+"/"+label))
}

// Operator is a caller for what an operator of the site has commanded.
func (d *Door) Operator(name string) Caller { return Caller{system: true, operator: name} }
