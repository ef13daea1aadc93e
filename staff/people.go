package staff

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// This file is what administrators do with the staff, and the command on the host.

// Person is a member of the staff as administrators see him.
type Person struct {
	ID, Name, Email string
	Role            Role
	Keys            int // that work
	JoinedAt        time.Time
	SuspendedAt     time.Time
	AskedBy         string // who has asked for new keys for him; "" nobody
	MayGrant        bool   // the caller may grant them: he has not asked himself
	Accounts        int    // that he looks after
}

func (s *Service) person(w *auth.Work, m *member) Person {
	p := Person{ID: m.ID, Name: m.Name, Email: string(m.Email), Role: m.Role, Keys: len(m.working()),
		JoinedAt:    m.JoinedAt,
		SuspendedAt: m.SuspendedAt, Accounts: len(m.Accounts)}
	if m.Proposed.isOpen(w.Now()) {
		p.AskedBy = s.nameOf(w, m.Proposed.By)
		p.MayGrant = w.Staff().ID != m.ID && s.second(w, &m.Proposed, ActAskKeys) == nil
	}
	return p
}

// People are the staff, by name.
func (s *Service) People(ctx context.Context, c auth.Caller) ([]Person, error) {
	return auth.Do(ctx, s.door, c, ActPeople, func(w *auth.Work) ([]Person, error) { return s.people(w) })
}

func (s *Service) people(w *auth.Work) ([]Person, error) {
	list := []Person{}
	for item, err := range s.members.Prefix(w, "", maxPeople) {
		if err != nil {
			return nil, err
		}
		list = append(list, s.person(w, item.Doc))
	}
	slices.SortFunc(list, func(a, b Person) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return list, nil
}

// Person is one of the staff. Refuses NotFound.
func (s *Service) Person(ctx context.Context, c auth.Caller, id string) (*Person, error) {
	return auth.Do(ctx, s.door, c, ActPeople, func(w *auth.Work) (*Person, error) {
		m, err := s.get(w, id)
		if err != nil {
			return nil, err
		}
		w.Note(m.ID, m.Name)
		p := s.person(w, m)
		return &p, nil
	})
}

// Invite mails a link to somebody who is to work here. Refuses AddressTaken, EmailMalformed, NameMissing, NameTooLong,
// SendLimitReached, ResendTooSoon.
func (s *Service) Invite(ctx context.Context, c auth.Caller, email, name string, r Role) error {
	to, cleaned, bad := parseMember(email, name)
	return s.door.DoOnce(ctx, c, ActInvite, func(w *auth.Work) error {
		if bad != nil {
			return bad
		}
		if err := parseRole(r); err != nil {
			return err
		}
		if err := s.refuseTaken(w, to); err != nil {
			return err
		}
		w.Note("", string(to.Mask()))
		return s.mailLink(w, &invitation{Email: to, Name: cleaned, Role: r, By: w.Staff().ID}, nil)
	})
}

// mailLink mails the link of an invitation, does what goes with it, and stores what the link leads to. A mail that the
// limits do not allow is a refusal, which commits: so nothing is done before it has left.
func (s *Service) mailLink(w *auth.Work, i *invitation, does func() error) error {
	link, token := s.drawLink(w, i)
	err := w.Send(auth.Message{Channel: auth.Mail, Recipient: ident.Recipient(i.Email), Language: w.Caller().Language,
		Template: auth.TemplateDeskInvitation, Args: map[string]string{"link": link}, Expires: i.Expires})
	if err == nil && does != nil {
		err = does()
	}
	if err != nil {
		return err
	}
	return s.invitations.Insert(w, linkKey(token), i)
}

// changes is an administrator's pass over another member; what do does to him is stored. Refuses NotFound, and
// Forbidden for himself.
func (s *Service) changes(ctx context.Context, c auth.Caller, a auth.Action, id string, do func(*auth.Work,
	*member) error) error {
	return s.door.DoOnce(ctx, c, a, func(w *auth.Work) error {
		m, err := s.get(w, id)
		if err != nil {
			return err
		}
		w.Note(m.ID, m.Name)
		w.NoteFor(auth.StaffChain(m.ID))
		if m.ID == w.Staff().ID {
			return auth.Refuse(auth.Forbidden)
		}
		if err := do(w, m); err != nil {
			return err
		}
		return s.put(w, m)
	})
}

// endBegun ends what goes on in a member's name: sessions, links that he has had mailed, and words of his that others
// wait for. The caller stores him.
func (s *Service) endBegun(w *auth.Work, m *member) error {
	m.EndedAt = w.Now()
	if err := s.endAll(w, m.ID); err != nil {
		return err
	}
	return s.voidInvitations(w, m.ID)
}

// SetRole gives a member another role; his sessions end. Refuses NotFound, Forbidden, MalformedRequest.
func (s *Service) SetRole(ctx context.Context, c auth.Caller, id string, r Role) error {
	return s.changes(ctx, c, ActRole, id, func(w *auth.Work, m *member) error {
		if err := parseRole(r); err != nil {
			return err
		}
		m.Role = r
		return s.endBegun(w, m)
	})
}

// Suspend locks a member out, or lets him in again. Refuses NotFound, Forbidden.
func (s *Service) Suspend(ctx context.Context, c auth.Caller, id string, out bool) error {
	return s.changes(ctx, c, ActSuspend, id, func(w *auth.Work, m *member) error {
		m.SuspendedAt = time.Time{}
		if out {
			m.SuspendedAt = w.Now()
		}
		return s.endBegun(w, m)
	})
}

// AskNewKeys asks for new keys for a member who has lost one: another administrator grants them. Refuses NotFound,
// Forbidden.
func (s *Service) AskNewKeys(ctx context.Context, c auth.Caller, id string) error {
	return s.changes(ctx, c, ActAskKeys, id, func(w *auth.Work, m *member) error {
		m.Proposed = propose(w)
		return nil
	})
}

// GrantNewKeys mails a member a link by which his keys begin anew; those that he has, and his sessions, end with it. It
// takes another one than who has asked, and than the member. Refuses NotFound, also where nobody has asked, Forbidden,
// SendLimitReached and ResendTooSoon: then his keys stand.
func (s *Service) GrantNewKeys(ctx context.Context, c auth.Caller, id string) error {
	return s.changes(ctx, c, ActNewKeys, id, func(w *auth.Work, m *member) error {
		if err := s.second(w, &m.Proposed, ActAskKeys); err != nil {
			return err
		}
		m.Proposed = proposal{}
		m.Keys = nil
		return s.mailLink(w, m.again(w.Staff().ID), func() error { return s.endBegun(w, m) })
	})
}

// again is an invitation by which a member's keys begin anew.
func (m *member) again(by string) *invitation {
	return &invitation{Member: m.ID, Email: m.Email, Name: m.Name, Role: m.Role, By: by}
}

// Assign has a member look after an account, or no longer. Refuses NotFound, AccountUnknown, Forbidden.
func (s *Service) Assign(ctx context.Context, c auth.Caller, id, identifier string, on bool) error {
	return s.changes(ctx, c, ActAssign, id, func(w *auth.Work, m *member) error {
		a, err := w.Find(identifier)
		if err != nil {
			return err
		}
		if a == nil {
			return auth.RefuseField(auth.AccountUnknown, "identifier")
		}
		w.About(a.ID)
		m.Accounts = slices.DeleteFunc(m.Accounts, func(x auth.AccountID) bool { return x == a.ID })
		if on {
			m.Accounts = append(m.Accounts, a.ID)
		}
		return nil
	})
}

// Add is the command on the host: it returns a link by which somebody becomes a member, or, for a member's address, by
// which his keys begin anew: he is let in again, whoever had locked him out. r is his role, "" leaves a member's, and
// is that of an administrator for a new one. operator is who commands. Refuses AddressTaken and what is wrong with
// the address.
func (s *Service) Add(ctx context.Context, operator, email, name string, r Role) (link string, err error) {
	to, cleaned, err := parseMember(email, name)
	if err != nil {
		return "", err
	}
	if err := parseRole(cmp.Or(r, Administrator)); err != nil {
		return "", err
	}
	return auth.Do(ctx, s.door, s.door.Operator(operator), ActCommand, func(w *auth.Work) (string, error) {
		m, err := s.byEmail(w, to)
		if err != nil {
			return "", err
		}
		if m == nil {
			if err := s.refuseTaken(w, to); err != nil {
				return "", err
			}
			w.About(auth.StaffChain("host"))
			w.Note("", string(to.Mask()))
			return s.invite(w, &invitation{Email: to, Name: cleaned, Role: cmp.Or(r, Administrator), By: operator,
				ByHost: true})
		}
		w.About(auth.StaffChain(m.ID))
		w.Note(m.ID, m.Name)
		m.Keys, m.Role = nil, cmp.Or(r, m.Role)
		m.SuspendedAt, m.InvitedBy = time.Time{}, ""
		if err := s.endBegun(w, m); err != nil {
			return "", err
		}
		if err := s.put(w, m); err != nil {
			return "", err
		}
		return s.invite(w, m.again(operator))
	})
}
