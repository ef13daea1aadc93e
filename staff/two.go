package staff

import (
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what takes two of the staff (ADR 0021): one proposes it, another one agrees, and the pass in which he
// does also does it.
//
//	propose ──► open ──second: another person, in time──► done, once
//	             │
//	             └── 24 h, or the proposer's place or role has gone ──► nothing
//
// Both rules ask for a fresh touch; the words are counted as those of reviewers are (auth.Work.Speak). What is proposed
// is stored with what it is about, and taken away in the pass that does it, so that one agreement wins.

// A proposal is the word of one of the staff for something that takes two; none is the zero value.
type proposal struct {
	By string    `json:"by,omitempty"`
	At time.Time `json:"t,omitzero"`
}

const proposalLife = 24 * time.Hour

// propose is the word of who acts.
func propose(w *auth.Work) proposal { return proposal{By: w.Staff().ID, At: w.Now()} }

// isOpen reports whether there is something to agree to.
func (p *proposal) isOpen(now time.Time) bool { return p.By != "" && now.Sub(p.At) < proposalLife }

// second refuses whoever acts, unless his word is the second one for what was proposed by the act. Refuses
// NotFound for what is not proposed, has lapsed, or fell with its proposer's place; Forbidden for who is no second
// person.
func (s *Service) second(w *auth.Work, p *proposal, proposed auth.Action) error {
	if !p.isOpen(w.Now()) {
		return auth.Refuse(auth.NotFound)
	}
	words, err := w.Speak([]auth.Word{{By: p.By, At: p.At}}, w.Staff().ID, proposed)
	if err == nil && len(words) < 2 {
		err = auth.Refuse(auth.NotFound)
	}
	return err
}

// newcomer is how long two whom the same colleague has brought in do not decide between them what takes two: who may
// invite would else invite both.
const newcomer = 7 * 24 * time.Hour

// Apart implements auth.Staff. Whom the host has let in is nobody's.
func (s *Service) Apart(w *auth.Work, a, b string) (bool, error) {
	var pair [2]*member
	for i, id := range []string{a, b} {
		m, err := s.members.Get(w, id)
		if errors.Is(err, auth.ErrNoRecord) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		pair[i] = m
	}
	x, y := pair[0], pair[1]
	if x.ID == y.ID || x.InvitedBy == y.ID || y.InvitedBy == x.ID {
		return false, nil
	}
	settled := func(m *member) bool { return w.Now().Sub(m.JoinedAt) >= newcomer }
	siblings := x.InvitedBy != "" && x.InvitedBy == y.InvitedBy
	return !siblings || settled(x) && settled(y), nil
}

// nameOf is how one of the staff is called; an id that is nobody's any more stays one.
func (s *Service) nameOf(w *auth.Work, id string) string {
	if m, err := s.get(w, id); err == nil {
		return m.Name
	}
	return id
}

// inviter is who of the staff has brought somebody in; "" for the host.
func (i *invitation) inviter() string {
	if i.ByHost {
		return ""
	}
	return i.By
}
