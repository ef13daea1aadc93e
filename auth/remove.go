package auth

import (
	"context"
	"encoding/base64"
	"slices"
	"time"
)

// A change is something decided that waits: a strong method that a weak one
// asked to remove (D6), contact data that a shop moves (move.go), something of a part's (wait.go), the end of
// keys-only protection (keys_only.go), or of the account (closing.go). Every address got a link that stops it.
// Stored under "<account>/<id>"; a move under the account of who asked as well, and both go together.
type change struct {
	ID      string    `json:"id"`
	Account AccountID `json:"a"`
	Remove  []string  `json:"rm"`           // authenticators
	Lost    bool      `json:"lo,omitempty"` // their device was called lost
	Item    string    `json:"i"`
	AskAt   time.Time `json:"t"`
	Due     time.Time `json:"d"`
	Restore uint64    `json:"r,omitempty"`  // restore epoch: one of a backup may have been stopped since, and never happens
	Session string    `json:"s,omitempty"`  // the line of the session that asked: it falls with it
	By      []string  `json:"b,omitempty"`  // the authenticators that this session had shown: it falls with each
	Move    *move     `json:"m,omitempty"`  // nil: no contact data
	Waits   string    `json:"w,omitempty"`  // what of a part's waits, as ChangeInfo.What; "": nothing of the kind
	Closes  *closes   `json:"cl,omitempty"` // nil: it does not close the account
	KeysOff bool      `json:"ko,omitempty"` // it ends keys-only protection
	Seen    seen      `json:"sn,omitzero"`  // of who asked; of another person, who moves contact data, nothing
}

func (ch *change) key() string { return authenticatorKey(ch.Account, ch.ID) }

// deleteChange ends a change that waits, for whomever it is about.
func (w *Work) deleteChange(ch *change) error {
	if m := ch.Move; m != nil {
		for _, id := range []AccountID{m.Of, m.By} {
			if err := w.s.changes.Delete(w.tx, authenticatorKey(id, ch.ID)); err != nil {
				return err
			}
		}
	}
	return w.s.changes.Delete(w.tx, ch.key())
}

// describeChange returns a change as its owner sees it: what goes is called as it is now. list is the account's
// authenticators.
func (w *Work) describeChange(ch *change, list []*Authenticator) ChangeInfo {
	info := ChangeInfo{ID: ch.ID, What: "removal", Methods: ch.Remove, Item: ch.Item, AskAt: ch.AskAt, Due: ch.Due}
	if ch.Move != nil {
		info.Methods = []string{}
		if info.What = "contact-asked"; ch.movesContact() {
			info.What = "contact"
		}
	}
	if ch.Waits != "" {
		info.What, info.Methods = ch.Waits, []string{}
	}
	if ch.Closes != nil {
		info.What, info.Methods = waitClosing, []string{}
	}
	if ch.KeysOff {
		info.What, info.Methods = waitKeysOnly, []string{}
	}
	for _, x := range list {
		if slices.Contains(ch.Remove, x.ID) {
			info.Kind, info.Flavour = x.Kind, x.Traits.Flavour
			info.Item = x.Name
			break
		}
	}
	return info
}

// noteChange notes a change in the history of what would go.
func (w *Work) noteChange(info *ChangeInfo) {
	w.entry.Item = info.Item
	w.entry.Kind = info.Kind
	if info.What == string(SecurityCode) {
		w.entry.Kind = SecurityCode
		return
	}
	if info.What == waitKeysOnly {
		w.entry.ID = waitKeysOnly
	}
	if len(info.Methods) > 0 {
		w.entry.ID = info.Methods[0]
	}
}

// removalList returns what an action on a target would remove: one authenticator,
// or all that a device holds.
func (w *Work) removalList(a Action, target string) ([]*Authenticator, error) {
	if a == ActRemove {
		x, err := w.ownAuthenticator(target)
		return []*Authenticator{x}, err
	}
	list, err := w.authenticators(w.account.ID)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(x *Authenticator) bool { return x.Device != target })
	if target == "" || len(list) == 0 {
		return nil, Refuse(NoSuchMethod)
	}
	return list, nil
}

// Remove unbinds a method. It needs a fresh proof of the class of what is
// removed; with a weaker one it waits (RemoveInfo.Due) and can be undone.
func (s *Service) Remove(ctx context.Context, c Caller, id string) (*RemoveInfo, error) {
	return s.remove(ctx, c, ActRemove, id)
}

// LoseDevice unbinds everything that lives on a device: one thing lost, one
// act.
func (s *Service) LoseDevice(ctx context.Context, c Caller, device string) (*RemoveInfo, error) {
	return s.remove(ctx, c, ActLose, device)
}

func (s *Service) remove(ctx context.Context, c Caller, action Action, target string) (*RemoveInfo, error) {
	drawn := removalDraw{changeID: s.newID(), messageIDs: s.newMessageIDs()}
	drawn.undoKey, drawn.undoURL = s.newLink(LinkUndo)
	return doOnce(ctx, s, c, action, "", func(w *Work) (*RemoveInfo, error) {
		list, err := w.removalList(action, target)
		if err != nil {
			return nil, err
		}
		w.entry.setMethod(list[0])
		if action == ActRemove { // what is lost goes whatever is left
			if err := w.refuseSoleMailboxWithout(list[0]); err != nil {
				return nil, err
			}
		}
		if err := w.refuseLastKey(list); err != nil {
			return nil, err
		}
		info := new(RemoveInfo)
		if info.Removed, err = w.describe(list[0]); err != nil {
			return nil, err
		}
		if !w.shows(w.strongestClass(list), ageRemove) {
			info.Due, err = w.removeLater(list, drawn)
			if err == nil {
				w.entry.Due = info.Due
			}
			return info, err
		}
		err = w.tell(w.account, toldRemoved, nil, drawn.messageIDs, list...) // the mailbox that goes is told too
		if err != nil {
			return nil, err
		}
		return info, w.unbind(list, info)
	})
}

// refuseSoleMailboxWithout refuses a removal that would leave the mailbox that resets
// the password as the only second step.
func (w *Work) refuseSoleMailboxWithout(x *Authenticator) error {
	list, err := w.authenticators(w.account.ID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(o *Authenticator) bool { return o.ID == x.ID })
	return w.refuseSoleMailbox(w.account.Email, list)
}

// removalDraw is what is drawn for a change that may have to wait: its id, the
// link that stops it, and the messages about it.
type removalDraw struct {
	changeID         string
	undoKey, undoURL string
	messageIDs       messageIDs
}

// removeLater writes the change that waits and the link that stops it.
func (w *Work) removeLater(list []*Authenticator, drawn removalDraw) (time.Time, error) {
	changes, err := w.changes(w.account.ID)
	if err != nil {
		return time.Time{}, err
	}
	for _, ch := range changes {
		if slices.Contains(ch.Remove, list[0].ID) {
			return time.Time{}, Refuse(ChangePending).At(ch.Due)
		}
	}
	if w.now.Before(w.account.PausedUntil) {
		return time.Time{}, Refuse(ChangePaused).At(w.account.PausedUntil)
	}
	due := w.now.Add(w.s.policy.RemovalDelay)
	ch := change{ID: drawn.changeID, Account: w.account.ID, Item: list[0].Name, AskAt: w.now, Due: due,
		Lost:    w.action == ActLose,
		Restore: w.s.restoreEpoch(), Session: w.session.lineID(), By: w.shownMethods(ageRemove), Seen: w.seen()}
	for _, x := range list {
		ch.Remove = append(ch.Remove, x.ID)
	}
	if err := w.s.changes.Insert(w.tx, authenticatorKey(ch.Account, ch.ID), &ch); err != nil {
		return due, err
	}
	l := link{Purpose: LinkUndo, Account: ch.Account, Expires: due, Change: ch.ID}
	if err := w.saveLink(drawn.undoKey, &l); err != nil {
		return due, err
	}
	args := map[string]string{"due": messageTime(due), "undo": drawn.undoURL}
	return due, w.tell(w.account, toldWaiting, args, drawn.messageIDs, list...)
}

// shownMethods are the authenticators that the session has shown within an age, those that count.
func (w *Work) shownMethods(maxAge time.Duration) []string {
	var ids []string
	for _, p := range w.session.Proofs {
		if p.Authenticator != "" && w.s.counts(w.account, p) && !p.At.Before(w.now.Add(-maxAge)) {
			ids = append(ids, p.Authenticator)
		}
	}
	return ids
}

// unbind deletes authenticators and all that rested on them: sessions that
// they opened, browsers that are known by nothing else, trust, ceremonies under way, and their device if nothing is
// left on it.
func (w *Work) unbind(list []*Authenticator, info *RemoveInfo) error {
	return w.unbindAs(list, w.action == ActLose, info)
}

// unbindAs is unbind of what was called lost, or not.
func (w *Work) unbindAs(list []*Authenticator, lost bool, info *RemoveInfo) error {
	a := w.account
	gone := map[string]bool{}
	for _, x := range list {
		gone[x.ID] = true
		if err := w.s.authenticators.Delete(w.tx, authenticatorKey(a.ID, x.ID)); err != nil {
			return err
		}
		if err := w.returnToken(x, lost); err != nil {
			return err
		}
	}
	rest, err := w.authenticators(a.ID)
	if err != nil {
		return err
	}
	if err := w.deleteLeftovers(list, rest); err != nil {
		return err
	}
	if err := w.forgetBrowsersOf(a.ID, gone); err != nil {
		return err
	}
	on, err := w.hasMethods(a.ID)
	if err != nil {
		return err
	}
	if !on {
		a.EnrolledAt = time.Time{}
	}
	a.Epoch++
	if err := w.s.accounts.Put(w.tx, string(a.ID), a); err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(x *Authenticator) bool { return x.Credential != "" }) {
		info.Signal = w.signal(a, rest)
	}
	return w.endDependentSessions(a.ID, gone, on, info)
}

// deleteLeftovers deletes devices with nothing left on them, and changes about what is
// gone, or asked for with it.
func (w *Work) deleteLeftovers(gone, rest []*Authenticator) error {
	for _, x := range gone {
		used := slices.ContainsFunc(rest, func(o *Authenticator) bool { return o.Device == x.Device })
		if !used && x.Device != "" {
			if err := w.s.devices.Delete(w.tx, authenticatorKey(x.Account, x.Device)); err != nil {
				return err
			}
		}
		err := w.dropChanges(x.Account, func(ch *change) bool {
			return slices.Contains(ch.Remove, x.ID) || slices.Contains(ch.By, x.ID)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// endDependentSessions ends the sessions that rested on what is gone. The caller's own
// session loses its proofs; it ends too if none is left, or becomes one that
// must enrol if the account has no second step any more (R80).
func (w *Work) endDependentSessions(a AccountID, gone map[string]bool, on bool, info *RemoveInfo) error {
	list, err := w.sessions(a)
	if err != nil {
		return err
	}
	for _, x := range list {
		kept := slices.DeleteFunc(slices.Clone(x.Proofs), func(p Proof) bool { return gone[p.Authenticator] })
		if len(kept) == len(x.Proofs) && on {
			continue
		}
		own := w.isOwnSession(x)
		second := slices.ContainsFunc(kept, func(p Proof) bool { return p.Class > NoClass })
		if own && (second || !on) {
			x.Proofs = kept
			x.Restricted = !on && w.s.policy.MustEnrol
			if err := w.s.sessions.Put(w.tx, sessionKey(a, x.ID), x); err != nil {
				return err
			}
			continue
		}
		info.Ended = info.Ended || own && x.ID == w.session.ID
		if err := w.endSession(x); err != nil {
			return err
		}
	}
	return nil
}

// signal is what the browser should be told is still accepted.
func (w *Work) signal(a *Account, rest []*Authenticator) *Signal {
	sig := &Signal{RPID: w.s.rpID, UserID: base64.RawURLEncoding.EncodeToString(a.Handle), Accepted: []string{}}
	for _, x := range rest {
		if x.Credential != "" {
			sig.Accepted = append(sig.Accepted, x.Credential)
		}
	}
	return sig
}

// changes returns what waits for an account, without what a restore has ended.
func (w *Work) changes(a AccountID) ([]*change, error) {
	var list []*change
	for item, err := range w.s.changes.Prefix(w.tx, string(a)+"/", maxAuthenticators) {
		if err != nil {
			return nil, err
		}
		if item.Doc.Restore == w.s.restoreEpoch() {
			list = append(list, item.Doc)
		}
	}
	return list, nil
}

// dropChanges stops what waits for an account and matches. That an account is not closed after all is told.
func (w *Work) dropChanges(a AccountID, match func(*change) bool) error {
	list, err := w.changes(a)
	if err != nil {
		return err
	}
	for _, ch := range list {
		if !match(ch) {
			continue
		}
		if err := w.deleteChange(ch); err != nil {
			return err
		}
		if ch.Closes == nil {
			continue
		}
		if err := w.tellKept(ch); err != nil {
			return err
		}
	}
	return nil
}

// CancelChange stops a waiting change from the settings. Where another session had asked for it, the next one has to
// wait: it may be a thief who asks. Refuses NotFound.
func (s *Service) CancelChange(ctx context.Context, c Caller, id string) error {
	return s.doOnce(ctx, c, ActCancelChange, func(w *Work) error {
		changes, err := w.changes(w.account.ID)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(changes, func(ch *change) bool { return ch.ID == id })
		if at < 0 {
			return w.cancelCodeSignIn(id)
		}
		ch := changes[at]
		list, err := w.authenticators(w.account.ID)
		if err != nil {
			return err
		}
		info := w.describeChange(ch, list)
		w.noteChange(&info)
		w.noteMove(ch)
		return w.stopChange(ch)
	})
}

// stopChange stops a change that waits for the caller's account.
func (w *Work) stopChange(ch *change) error {
	if err := w.deleteChange(ch); err != nil || ch.Session == w.session.lineID() {
		return err
	}
	w.account.PausedUntil = w.now.Add(w.s.policy.RemovalDelay)
	return w.s.accounts.Put(w.tx, string(w.account.ID), w.account)
}

// removalDue reports whether a removal has come due, or something of a part's should have been ended long ago.
func (w *Work) removalDue(ch *change) bool {
	if ch.Waits != "" {
		return w.now.After(ch.Due.Add(keptWait))
	}
	return ch.Move == nil && ch.Closes == nil && !ch.KeysOff && !w.now.Before(ch.Due)
}

// applyChange does what came due. It runs as the service itself.
func (s *Service) applyChange(ctx context.Context, c Caller, key string) error {
	messages := s.newMessageIDs()
	return s.do(ctx, c, ActRemoved, func(w *Work) error {
		ch, err := s.changes.Get(w.tx, key)
		if err != nil || !w.removalDue(ch) {
			return ignoreMissing(err)
		}
		if ch.Restore != s.restoreEpoch() || ch.Waits != "" { // a part has not ended it
			return s.changes.Delete(w.tx, key)
		}
		if w.account, err = w.s.accounts.Get(w.tx, string(ch.Account)); err != nil {
			return ignoreMissing(err)
		}
		w.About(ch.Account)
		list, err := w.authenticators(ch.Account)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(x *Authenticator) bool { return !slices.Contains(ch.Remove, x.ID) })
		if err := s.changes.Delete(w.tx, key); err != nil || len(list) == 0 {
			return err
		}
		w.entry.setMethod(list[0])
		w.asker = ch.Seen
		if err := w.tell(w.account, toldRemoved, nil, messages, list...); err != nil {
			return err
		}
		return w.unbindAs(list, ch.Lost, new(RemoveInfo))
	})
}
