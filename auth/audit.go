package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// An Event is one audited act. Events of an account form a chain:
//
//	events   "<account>/<seq, 12 hex>"  {at, action, outcome, ..., h}
//	chain    "<account>"                {seq, h}
//	moved    "<account>"                its head is in no checkpoint yet (trail.go)
//	h = SHA-256(h of the event before || JSON of this event without h)
//
// so that an edit, a cut or a reordering shows. Acts that name no account go
// to one of 64 site chains, "site-00" to "site-3f".
type Event struct {
	At      time.Time `json:"at"`
	Action  Action    `json:"a"`
	Outcome Code      `json:"o,omitempty"` // "" if it was done
	Kind    Kind      `json:"k,omitempty"`
	Flavour Flavour   `json:"f,omitempty"`  // Passkey for one; entries about keys leave it out
	Channel Channel   `json:"ch,omitempty"` // that the code went by last, where one did
	Due     time.Time `json:"d,omitzero"`   // when what was asked for will be done, if it waits
	Item    string    `json:"i,omitempty"`  // the method's or session's name at that time
	ID      string    `json:"id,omitempty"`
	Session string    `json:"s,omitempty"`
	Agent   string    `json:"ag,omitempty"`
	IP      string    `json:"ip,omitempty"`
	Request string    `json:"rq,omitempty"`
	Who     string    `json:"w,omitempty"` // the operator whose command it was
	Times   int       `json:"n,omitempty"` // how many refusals it stands for, if more than one
	Hash    string    `json:"h,omitempty"`
}

// chainHead is the end of one chain.
type chainHead struct {
	Seq  uint64 `json:"n"`
	Hash string `json:"h"`
}

// setMethod notes which method the act is about.
func (e *Event) setMethod(x *Authenticator) {
	e.ID = x.ID
	e.Item = x.Name
	e.Kind = x.Kind
	e.Flavour = ""
	if x.Traits.Flavour != SecurityKey { // which entries about keys leave out
		e.Flavour = x.Traits.Flavour
	}
}

// hashAfter returns the event's hash after the one before it.
func (e Event) hashAfter(before string) (string, error) {
	e.Hash = ""
	text, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("writing an event: %w", err)
	}
	h := sha256.New()
	h.Write([]byte(before))
	h.Write(text)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)), nil
}

// appendEvent appends e to its account's chain.
func (w *Work) appendEvent(e Event) error { return w.chainEvent(w.auditAccount, w.stamped(e)) }

// appendForOthers appends what was done to the histories of others whom it was about: they do not read where the
// caller was.
func (w *Work) appendForOthers(e Event, refused *Error) error {
	if refused != nil {
		return nil
	}
	e.At, e.Request = w.now, w.caller.RequestID
	e.Who = w.caller.operator
	for _, id := range w.alsoFor {
		if err := w.chainEvent(id, e); err != nil {
			return err
		}
	}
	return nil
}

// appendOutcome appends e as what it came to: done, or refused.
func (w *Work) appendOutcome(e Event, refused *Error) error {
	if refused == nil {
		return w.appendEvent(e)
	}
	e.Outcome = refused.Code
	return w.appendRefusal(e)
}

// appendRefusal is appendEvent for a refusal, which is only counted if its like was written a moment ago.
func (w *Work) appendRefusal(e Event) error {
	e = w.stamped(e)
	key := repeatKey{chain: w.auditAccount, action: e.Action, outcome: e.Outcome, method: e.ID, session: e.Session}
	times := w.s.repeats.begin(w.turn, key, e, w.clockNow)
	if times == 0 {
		return nil
	}
	if times > 1 {
		e.Times = times
	}
	return w.chainEvent(w.auditAccount, e)
}

// stamped is e with who asked, and when.
func (w *Work) stamped(e Event) Event {
	e.At, e.Request = w.now, w.caller.RequestID
	e.Agent, e.Who = w.caller.Agent, w.caller.operator
	if w.caller.IP.IsValid() {
		e.IP = w.caller.IP.String()
	}
	if w.session != nil {
		e.Session = w.session.ID
	}
	return e
}

// chainEvent appends e to a chain. If that cannot be done, the act does not happen
// either: it is the same transaction.
func (w *Work) chainEvent(account AccountID, e Event) error {
	chain := string(account)
	head, err := w.s.chains.Get(w.tx, chain)
	if errors.Is(err, store.ErrNotFound) {
		head, err = &chainHead{}, nil
	}
	if err != nil {
		return fmt.Errorf("reading the audit chain: %w", err)
	}
	if e.Hash, err = e.hashAfter(head.Hash); err != nil {
		return err
	}
	head.Seq, head.Hash = head.Seq+1, e.Hash
	if err := w.s.events.Insert(w.tx, eventKey(chain, head.Seq), &e); err != nil {
		return fmt.Errorf("writing an audit event: %w", err)
	}
	if err := w.s.chains.Put(w.tx, chain, head); err != nil {
		return err
	}
	return w.markMoved(chain)
}

// eventKey is chain, "/" and seq in twelve hex digits: that is the order of the events.
func eventKey(chain string, seq uint64) string {
	key := append(append(make([]byte, 0, 64), chain...), '/')
	for shift := 44; shift >= 0; shift -= 4 {
		key = append(key, "0123456789abcdef"[seq>>shift&15])
	}
	return string(key)
}

// siteChain spreads acts that name no account over 64 chains, so that no
// single document is everyone's bottleneck.
func siteChain(id string) AccountID {
	h := sha256.Sum256([]byte(id))
	return AccountID(fmt.Sprintf("site-%02x", h[0]%64))
}
