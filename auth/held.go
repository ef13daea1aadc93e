package auth

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// This file is what a response of the staff does to an account that a thief may have been in (package staff): all access
// ends, and as the response says its password opens nothing until there is a new one, or nobody comes in but by a strong
// method that had been set up before it all began. Whoever does is its owner, and lifts that for himself. What the owner
// has asked for himself, by "this was not me", is apart from it: it is neither lifted nor put in place here.
//
//	Hold ──► held ──┬── a sign-in by a strong method of before, a case, a hand-over ──► as before
//	                ├── a new password ──► the part of it that asks for one
//	                └── Unhold, of that response alone

// A Hold is what a response puts on an account.
type Hold struct {
	By       string    `json:"b"`           // the response
	At       time.Time `json:"t"`           // when
	Since    time.Time `json:"s"`           // a method that came later lifts nothing: a thief may have brought it
	Freeze   bool      `json:"f,omitempty"` // nobody comes in but by a strong method of before
	Password bool      `json:"p,omitempty"` // the password opens nothing until there is a new one
}

// maxHolds bounds the responses that an account is held by at a time.
const maxHolds = 10

// frozen reports whether nobody comes in but by a strong method of before.
func (a *Account) frozen() bool {
	return slices.ContainsFunc(a.Holds, func(h Hold) bool { return h.Freeze })
}

// passwordDue reports whether the password opens nothing until there is a new one.
func (a *Account) passwordDue() bool {
	return slices.ContainsFunc(a.Holds, func(h Hold) bool { return h.Password })
}

// release takes off what the function clears of each hold.
func (a *Account) release(clear func(*Hold)) {
	var left []Hold
	for _, h := range a.Holds {
		if clear(&h); h.Freeze || h.Password {
			left = append(left, h)
		}
	}
	a.Holds = left
}

// Hold ends all access to an account, and holds it as the response says. It is a failure in an act that is not audited,
// or that anybody but the service itself can do. Refuses NotFound, AccountDisabled for one that is switched off, and
// TooManyMethods for one that is held by too many already.
func (w *Work) Hold(id AccountID, h Hold) error {
	if !w.rule.Audit || w.rule.Who != System {
		return fmt.Errorf("holding an account by the act %s: its rule asks for too little", w.action)
	}
	a, err := w.existingAccount(id)
	switch {
	case err != nil:
		return err
	case a.disabled():
		return Refuse(AccountDisabled)
	case len(a.Holds) >= maxHolds:
		return Refuse(TooManyMethods)
	}
	h.At = w.now
	if h.Freeze || h.Password {
		a.Holds = append(slices.Clone(a.Holds), h)
	}
	return w.endAccess(a)
}

// Unhold takes off what a response has put on an account, and reports whether there was any of it left.
func (w *Work) Unhold(id AccountID, by string) (bool, error) {
	a, err := w.existingAccount(id)
	if err != nil {
		return false, err
	}
	before := len(a.Holds)
	a.Holds = slices.DeleteFunc(slices.Clone(a.Holds), func(h Hold) bool { return h.By == by })
	if len(a.Holds) == before {
		return false, nil
	}
	return true, w.s.accounts.Put(w.tx, string(id), a)
}

// lifts reports whether a method, shown, lifts what an account is frozen by.
func (w *Work) lifts(a *Account, x *Authenticator) bool {
	return w.s.worth(x.Kind).Class >= Strong &&
		!slices.ContainsFunc(a.Holds, func(h Hold) bool { return h.Freeze && !x.BoundAt.Before(h.Since) })
}

// liftHeld lets in to a frozen account whoever has shown a strong method of before, and lifts that. Refuses AccountHeld.
func (w *Work) liftHeld(a *Account, proofs []Proof) error {
	if !a.frozen() {
		return nil
	}
	list, err := w.authenticators(a.ID)
	if err != nil {
		return err
	}
	shown := func(x *Authenticator) bool {
		return w.lifts(a, x) && slices.ContainsFunc(proofs, func(p Proof) bool { return p.Authenticator == x.ID })
	}
	if !slices.ContainsFunc(list, shown) {
		return Refuse(AccountHeld)
	}
	a.release(func(h *Hold) { h.Freeze = false })
	if err := w.s.accounts.Put(w.tx, string(a.ID), a); err != nil {
		return err
	}
	return w.chainEvent(a.ID, w.stamped(Event{Action: ActLifted}))
}

// CountAccounts is how many accounts there are, at most most.
func (w *Work) CountAccounts(most int) (int, error) { return w.s.accounts.Count(w.tx, "", most) }

// A SignInSearch asks who has signed in from a network between two times.
type SignInSearch struct {
	Network  netip.Prefix
	From, To time.Time
	After    AccountID // the search goes on behind it
	Accounts int       // how many it reads at most
}

// Found is what a slice of a search has found.
type Found struct {
	Accounts []AccountID
	Next     AccountID // to go on behind; "" where there are no more
	Read     int       // how many were read
	Cut      int       // of how many the newest events alone were read
}

// How many events of one account a search reads: the first handful says of most accounts that there is nothing more.
const (
	fewEvents  = 20
	mostEvents = 500
)

// SignedIn searches a slice of the accounts for whoever has signed in from a network. Accounts that nobody has used since
// are passed over unread.
func (w *Work) SignedIn(q SignInSearch) (*Found, error) {
	found := new(Found)
	from := ""
	if q.After != "" {
		from = string(q.After) + "\x00"
	}
	for item, err := range w.s.accounts.Scan(w.tx, from, "", q.Accounts) {
		if err != nil {
			return nil, err
		}
		a := item.Doc
		found.Read++
		found.Next = a.ID
		if !a.UsedAt.IsZero() && a.UsedAt.Before(q.From.Add(-useGrain)) {
			continue
		}
		has, cut, err := w.signedIn(a.ID, q)
		if err != nil {
			return nil, err
		}
		if has {
			found.Accounts = append(found.Accounts, a.ID)
		} else if cut {
			found.Cut++
		}
	}
	if found.Read < q.Accounts {
		found.Next = ""
	}
	return found, nil
}

// signedIn reports whether somebody has signed in to an account as a search asks, and whether not all was read.
func (w *Work) signedIn(id AccountID, q SignInSearch) (has, cut bool, err error) {
	head, err := w.s.chains.Get(w.tx, string(id))
	if err != nil {
		return false, false, ignoreMissing(err)
	}
	end := head.Seq + 1
	for _, n := range []uint64{fewEvents, mostEvents - fewEvents} {
		start := max(1, end-min(end, n))
		oldest := q.To
		for item, err := range w.s.events.Scan(w.tx, eventKey(string(id), start), eventKey(string(id), end), int(n)) {
			if err != nil {
				return false, false, err
			}
			if item.Doc.At.Before(oldest) {
				oldest = item.Doc.At
			}
			if item.Doc.opened(q) {
				return true, false, nil
			}
		}
		if start == 1 || oldest.Before(q.From) {
			return false, false, nil
		}
		end = start
	}
	return false, true, nil
}

// opened reports whether an event is a sign-in as a search asks.
func (e *Event) opened(q SignInSearch) bool {
	if e.Outcome != "" || e.Session == "" || e.At.Before(q.From) || !e.At.Before(q.To) ||
		!slices.Contains(opening(), e.Action) {
		return false
	}
	ip, err := netip.ParseAddr(e.IP)
	return err == nil && q.Network.Contains(ip.Unmap())
}

// opening are the acts by which a session begins.
func opening() []Action {
	return []Action{ActSignIn, ActSecondStep, ActTemporary, ActCodeSignIn, ActConfirmSignUp}
}
