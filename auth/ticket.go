package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// This file is the ticket of the self-check (R74): eight signs that can be read over a telephone, by which support sees
// what a browser found out about itself. It proves nothing, and nobody is let in for it. It names an account only where
// a first factor had been shown, in the browser that asks.

// A Finding is what a check came to: Yes, No, or "" where it could not be tried.
type Finding string

// The findings.
const (
	Yes Finding = "yes"
	No  Finding = "no"
)

// A SelfCheck is what a browser found out about itself. Nobody vouches for it: who asks may have typed it.
type SelfCheck struct {
	Cookies  Finding `json:"cookies"`  // it keeps ours
	Window   Finding `json:"window"`   // it is a browser of its own, no window of an app
	Current  Finding `json:"current"`  // its version is not too old
	Script   Finding `json:"script"`   // it runs scripts
	Secure   Finding `json:"secure"`   // the connection is one that keys work over
	Key      Finding `json:"key"`      // it knows keys
	AddOn    Finding `json:"addOn"`    // nothing stands between the page and the key
	Autofill Finding `json:"autofill"` // it offers passkeys in the field
	Clock    Finding `json:"clock"`    // its clock is right to the minute
	Ahead    int     `json:"ahead"`    // seconds that its clock is ahead of ours
	Version  int     `json:"version"`  // of the browser, as it tells; 0: none
}

// A TicketForm asks for a ticket. Ceremony is a sign-in under way in this browser, "" for none.
type TicketForm struct {
	Ceremony string
	Check    SelfCheck
}

// A TicketInfo is a ticket, for who asked for it.
type TicketInfo struct {
	Ticket  string // in two groups of four
	Expires time.Time
}

// A TicketView is what support sees of a ticket.
type TicketView struct {
	Ticket      string
	At, Expires time.Time
	Browser     string
	Check       SelfCheck
	Account     AccountID // "": no first factor had been shown there
	MaskedEmail ident.Masked
	Looks       int       // how often it was looked up, this time included
	LookedAt    time.Time // the last time before
}

// A ticket is kept under a keyed hash of its signs.
type ticket struct {
	At      time.Time `json:"t"`
	Account AccountID `json:"a,omitempty"`
	Agent   string    `json:"ua,omitempty"`
	Check   SelfCheck `json:"c"`
	Looks   int       `json:"n,omitempty"`
	Looked  time.Time `json:"l,omitzero"`
}

const (
	ticketSigns       = 8
	ticketDraws       = 3 // of signs: two tickets are never one
	ticketsPerNetwork = 20
	ticketsPerSite    = 16000
)

// TicketLife is for how long support can look a ticket up.
const TicketLife = 30 * 24 * time.Hour

// MakeTicket keeps what a browser found out, for support. Refuses TicketLater.
func (s *Service) MakeTicket(ctx context.Context, c Caller, f TicketForm) (*TicketInfo, error) {
	f.Check.clean()
	account, err := s.signedInAs(ctx, c)
	if err != nil {
		return nil, err
	}
	flow, err := s.unseal(f.Ceremony, ForSignIn, c)
	if err != nil || len(flow.Proofs) == 0 {
		flow = nil
	}
	drawn := make([]string, ticketDraws)
	for i := range drawn {
		drawn[i] = mailedCode(s.random(ticketSigns))
	}
	return doOnce(ctx, s, c, ActTicket, "", func(w *Work) (*TicketInfo, error) {
		if _, err := w.takeAll(w.ticketDraws(drawn[0])...); err != nil {
			return nil, err
		}
		t := ticket{At: w.now, Account: account, Agent: c.Agent, Check: f.Check}
		if flow != nil && account == "" {
			a, err := w.flowAccount(flow)
			if e := new(Error); err != nil && !errors.As(err, &e) {
				return nil, err
			}
			if err == nil {
				t.Account = a.ID
			}
		}
		if t.Account != "" {
			w.About(t.Account)
		}
		signs, err := w.unusedSigns(drawn)
		if err != nil {
			return nil, err
		}
		return &TicketInfo{Ticket: grouped(signs), Expires: w.now.Add(TicketLife)},
			s.tickets.Insert(w.tx, s.ticketKey(signs), &t)
	})
}

// signedInAs is the account of the caller's session, "" where there is none.
func (s *Service) signedInAs(ctx context.Context, c Caller) (AccountID, error) {
	if c.Token == "" {
		return "", nil
	}
	me, err := s.Me(ctx, c)
	if e := new(Error); errors.As(err, &e) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return me.Account, nil
}

// unusedSigns returns signs that no ticket has.
func (w *Work) unusedSigns(drawn []string) (string, error) {
	for _, signs := range drawn {
		_, err := w.s.tickets.Get(w.tx, w.s.ticketKey(signs))
		if errors.Is(err, store.ErrNotFound) {
			return signs, nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", errors.New("every ticket that was drawn is in use")
}

// ticketDraws is what a ticket draws: anybody may make one, so there is an end of them.
func (w *Work) ticketDraws(drawn string) []draw {
	draws := []draw{{key: "ks/" + drawn[:1], most: ticketsPerSite / len(crockford), code: TicketLater, alarm: true}}
	return append(draws, w.drawsOfNetwork("kw/", ticketsPerNetwork, TicketLater)...)
}

// clean keeps what a check can come to.
func (c *SelfCheck) clean() {
	for _, f := range []*Finding{&c.Cookies, &c.Window, &c.Current, &c.Script, &c.Secure, &c.Key, &c.AddOn, &c.Autofill,
		&c.Clock} {
		if *f != Yes && *f != No {
			*f = ""
		}
	}
}

func (s *Service) ticketKey(signs string) string { return s.shortMAC("ticket", signs) }

// grouped spells eight signs in two groups.
func grouped(signs string) string { return signs[:4] + "-" + signs[4:] }

// LookTicket looks a ticket up on an operator's word. Refuses NotFound.
func (s *Service) LookTicket(ctx context.Context, operator, typed string) (*TicketView, error) {
	return do(ctx, s, Caller{system: true, operator: operator}, ActLookTicket, func(w *Work) (*TicketView, error) {
		return w.LookTicket(typed)
	})
}

// LookTicket returns what a ticket says, as it was read over a telephone, and counts that. Refuses NotFound, for one of
// before 30 days as well. A part that lets staff look up has a rule of its own for it.
func (w *Work) LookTicket(typed string) (*TicketView, error) {
	w.About(siteChain("ticket")) // until it names somebody
	signs := cleanMailedCode(typed)
	if len(signs) != ticketSigns {
		return nil, Refuse(NotFound)
	}
	t, err := w.s.tickets.Get(w.tx, w.s.ticketKey(signs))
	if errors.Is(err, store.ErrNotFound) || err == nil && w.ticketOver(t) {
		return nil, Refuse(NotFound)
	}
	if err != nil {
		return nil, err
	}
	v := &TicketView{Ticket: grouped(signs), At: t.At, Expires: t.At.Add(TicketLife), Browser: t.Agent, Check: t.Check,
		Looks: t.Looks + 1, LookedAt: t.Looked}
	t.Looks, t.Looked = t.Looks+1, w.now
	if err := w.s.tickets.Put(w.tx, w.s.ticketKey(signs), t); err != nil {
		return nil, err
	}
	a, err := w.s.accounts.Get(w.tx, string(t.Account))
	if errors.Is(err, store.ErrNotFound) {
		return v, nil // it names nobody, or nobody any more
	}
	if err != nil {
		return nil, fmt.Errorf("reading whose ticket it is: %w", err)
	}
	w.About(a.ID)
	v.Account, v.MaskedEmail = a.ID, a.Email.Mask()
	return v, nil
}

func (w *Work) ticketOver(t *ticket) bool { return !w.now.Before(t.At.Add(TicketLife)) }
