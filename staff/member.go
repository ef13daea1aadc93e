package staff

import (
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// keysNeeded is how many keys a member has before any act.
const keysNeeded = 2

// maxKeys bounds the keys of one member.
const maxKeys = 10

// A member is one person of the staff, as stored.
type member struct {
	ID       string               `json:"id"`
	Name     string               `json:"n"`
	Email    ident.Email          `json:"e"`
	Role     Role                 `json:"r"`
	Lang     string               `json:"l,omitempty"`
	Handle   []byte               `json:"h"` // the WebAuthn user handle
	Keys     []auth.Authenticator `json:"k,omitempty"`
	Accounts []auth.AccountID     `json:"a,omitempty"` // that he looks after
	JoinedAt time.Time            `json:"j"`
	// SettledAt is when the second key came: from then on a new one needs a session with both.
	SettledAt   time.Time `json:"st,omitzero"`
	SuspendedAt time.Time `json:"su,omitzero"`
	// Proposed is who has asked for new keys; another one grants them.
	Proposed proposal `json:"pr,omitzero"`
	// InvitedBy is who of the staff has brought him in; "" is the host.
	InvitedBy string `json:"ib,omitempty"`
	// EndedAt is when all ended that had been begun in his name: his role, his keys or his place had.
	EndedAt time.Time `json:"ea,omitzero"`
}

func (m *member) emails() []string    { return []string{m.Email.Key()} }
func (m *member) mailboxes() []string { return []string{m.Email.Unaliased()} }

func (m *member) credentials() []string {
	var all []string
	for i := range m.Keys {
		all = append(all, m.Keys[i].Credential)
	}
	return all
}

// working are the keys that open something.
func (m *member) working() []*auth.Authenticator {
	var all []*auth.Authenticator
	for i := range m.Keys {
		if m.Keys[i].State == auth.Active {
			all = append(all, &m.Keys[i])
		}
	}
	return all
}

// ready reports whether the member has the keys that any act needs.
func (m *member) ready() bool { return len(m.working()) >= keysNeeded }

// An invitation opens a place among the staff, or, with Member, begins a member's keys anew.
type invitation struct {
	Member  string      `json:"m,omitempty"` // who has lost his keys; "" is a new one
	Email   ident.Email `json:"e"`
	Name    string      `json:"n"`
	Role    Role        `json:"r"`
	By      string      `json:"by"`
	ByHost  bool        `json:"ho,omitempty"` // By is who commanded it there
	Expires time.Time   `json:"x"`
}

const invitationLife = 24 * time.Hour

func (i *invitation) inviters() []string { return []string{i.By} }

// renewed is the member whose keys it begins anew.
func (i *invitation) renewed() []string {
	if i.Member == "" {
		return nil
	}
	return []string{i.Member}
}

func isOver(i *invitation, now time.Time) bool { return !now.Before(i.Expires) }

// get is the member with an id. Refuses NotFound.
func (s *Service) get(w *auth.Work, id string) (*member, error) {
	m, err := s.members.Get(w, id)
	if errors.Is(err, auth.ErrNoRecord) {
		return nil, auth.Refuse(auth.NotFound)
	}
	return m, err
}

// byEmail is the member with an address, nil for none.
func (s *Service) byEmail(w *auth.Work, email ident.Email) (*member, error) {
	m, err := s.members.One(w, "email", email.Key())
	if errors.Is(err, auth.ErrNoRecord) {
		return nil, nil
	}
	return m, err
}

func (s *Service) put(w *auth.Work, m *member) error { return s.members.Put(w, m.ID, m) }

// HasStaff implements auth.Staff.
func (s *Service) HasStaff(w *auth.Work, email ident.Email) (bool, error) {
	ids, err := s.members.Find(w, "mailbox", email.Unaliased(), 1)
	return len(ids) > 0, err
}

// refuseTaken refuses an address that a seller, or somebody else of the staff, has.
func (s *Service) refuseTaken(w *auth.Work, email ident.Email) error {
	seller, err := w.IsSeller(email)
	if err != nil {
		return err
	}
	staff, err := s.HasStaff(w, email)
	if err != nil {
		return err
	}
	if seller || staff {
		return auth.RefuseField(auth.AddressTaken, "email")
	}
	return nil
}

// voidInvitations ends the links that nobody has used: those that a member has had mailed to others, for what was begun
// in his name goes with what he was, and those by which his own keys begin anew, of which only the newest is good.
func (s *Service) voidInvitations(w *auth.Work, id string) error {
	for _, index := range []string{"by", "member"} {
		keys, err := s.invitations.Find(w, index, id, maxInvitations)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := s.invitations.Delete(w, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxInvitations bounds what is read of one member's: they live for a day.
const maxInvitations = 1000

// StillMay implements auth.Staff.
func (s *Service) StillMay(w *auth.Work, id string, a auth.Action, since time.Time) (bool, error) {
	m, err := s.members.Get(w, id)
	if err != nil {
		if errors.Is(err, auth.ErrNoRecord) {
			err = nil
		}
		return false, err
	}
	unbroken := m.EndedAt.IsZero() || since.After(m.EndedAt)
	return unbroken && m.SuspendedAt.IsZero() && m.ready() && s.May(m.Role, a), nil
}

// maxPeople bounds how many are read of the staff.
const maxPeople = 1000

func parseRole(r Role) error {
	if !slices.Contains(Roles(), r) {
		return auth.RefuseField(auth.MalformedRequest, "role")
	}
	return nil
}
