package staff

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// The purposes of the staff's ceremonies.
const (
	forJoin   auth.Purpose = "join"
	forKey    auth.Purpose = "key"
	forSignIn auth.Purpose = "sign-in"
	forTouch  auth.Purpose = "touch"
)

const ceremonyLife = 5 * time.Minute

// linkKey is where an invitation is stored: the token itself is stored nowhere.
func linkKey(token string) string {
	h := sha256.Sum256([]byte("desk invitation\x00" + token))
	return base64.RawURLEncoding.EncodeToString(h[:16])
}

// open is the invitation that a token opens. Refuses LinkUsed: used, too old and never issued are alike.
func (s *Service) open(w *auth.Work, token string) (*invitation, error) {
	i, err := s.invitations.Get(w, linkKey(token))
	if errors.Is(err, auth.ErrNoRecord) || err == nil && isOver(i, w.Now()) {
		return nil, auth.Refuse(auth.LinkUsed)
	}
	if err == nil {
		err = w.NotConsumed(linkKey(token), auth.LinkUsed)
	}
	return i, err
}

// JoinInfo is what a link invites to.
type JoinInfo struct {
	Name, Email string
	Role        Role
	Again       bool // the keys of somebody who is there already begin anew
	Expires     time.Time
}

// Invited shows what a link invites to. Looking changes nothing. Refuses LinkUsed.
func (s *Service) Invited(ctx context.Context, c auth.Caller, link string) (*JoinInfo, error) {
	return auth.Do(ctx, s.door, c, ActLook, func(w *auth.Work) (*JoinInfo, error) {
		i, err := s.open(w, link)
		if err != nil {
			return nil, err
		}
		return &JoinInfo{Name: i.Name, Email: string(i.Email), Role: i.Role, Again: i.Member != "",
			Expires: i.Expires}, nil
	})
}

// A Prompt is a ceremony of the browser that a page carries.
type Prompt struct {
	Ceremony string          // sealed
	Options  json.RawMessage // {"publicKey": …}
}

// bindState is what a ceremony of binding remembers beside the factor's own.
type bindState struct {
	Handle []byte          `json:"h"`
	Factor json.RawMessage `json:"f"`
}

// prompt begins a binding for a handle and seals it.
func (s *Service) prompt(c auth.Caller, p auth.Purpose, session string, to auth.Subject) (*Prompt, error) {
	now := s.door.Now(c)
	x := &auth.Ceremony{ID: base64.RawURLEncoding.EncodeToString(s.door.Random(16)), Purpose: p, Kind: auth.WebAuthn,
		Session: session, Begun: now, Expires: now.Add(ceremonyLife), Now: now, Verify: true}
	var err error
	if x.Input, err = json.Marshal(auth.BindInput{KeyWish: auth.KeyWish{Verify: true}}); err != nil {
		return nil, fmt.Errorf("writing a wish: %w", err)
	}
	to.Site = s.site
	if err := s.key.BeginBind(x, to); err != nil {
		return nil, err
	}
	if x.State, err = json.Marshal(bindState{Handle: to.Handle, Factor: x.State}); err != nil {
		return nil, fmt.Errorf("writing a ceremony: %w", err)
	}
	sealed, err := s.door.Seal(c, x)
	return &Prompt{Ceremony: sealed, Options: x.Prompt}, err
}

// bound is the key that answered a binding, and for whom it was begun.
func (s *Service) bound(c auth.Caller, p auth.Purpose, session, ceremony string,
	response json.RawMessage) (*auth.Ceremony,
	*auth.Authenticator, []byte, error) {
	x, err := s.door.Unseal(c, ceremony, p)
	if err != nil {
		return nil, nil, nil, err
	}
	if x.Session != session {
		return nil, nil, nil, auth.Refuse(auth.CeremonyVoid)
	}
	var state bindState
	if err := json.Unmarshal(x.State, &state); err != nil {
		return nil, nil, nil, fmt.Errorf("reading a ceremony: %w", err)
	}
	x.State = state.Factor
	key, err := s.key.FinishBind(x, response)
	if err != nil {
		return nil, nil, nil, err
	}
	if !x.UserVerified {
		return nil, nil, nil, auth.Refuse(auth.KeyNotVerified)
	}
	key.Kind, key.State = auth.WebAuthn, auth.Active
	return x, key, state.Handle, nil
}

// Join begins to register the first key of whoever holds a link. Refuses LinkUsed.
func (s *Service) Join(ctx context.Context, c auth.Caller, link string) (*Prompt, error) {
	i, err := s.Invited(ctx, c, link)
	if err != nil {
		return nil, err
	}
	return s.prompt(c, forJoin, linkKey(link), auth.Subject{Handle: s.door.Random(64), Name: i.Email, Display: i.Name})
}

// Joined is a session that has begun. The token is for the browser alone.
type Joined struct {
	Token string `json:"-"`
	ID    string
}

// FinishJoin takes the first key: the link is used up, the member is there, and is signed in to register a second one.
// Refuses LinkUsed, AddressTaken, and what a key's answer is refused with.
func (s *Service) FinishJoin(ctx context.Context, c auth.Caller, link, ceremony string,
	response json.RawMessage) (*Joined,
	error) {
	x, key, handle, err := s.bound(c, forJoin, linkKey(link), ceremony, response)
	if err != nil {
		return nil, err
	}
	secret := s.door.Secret("session/" + x.ID)
	done, err := auth.DoOnce(ctx, s.door, c, ActJoin, func(w *auth.Work) (*Joined, error) {
		i, err := s.open(w, link)
		if err != nil {
			return nil, err
		}
		if err := w.Consume(linkKey(link), i.Expires, auth.LinkUsed); err != nil {
			return nil, err
		}
		m, err := s.joined(w, i, handle)
		if err != nil {
			return nil, err
		}
		w.About(auth.StaffChain(m.ID))
		w.Note(m.ID, string(m.Email.Mask()))
		if err := s.addKey(w, m, key); err != nil {
			return nil, err
		}
		if err := s.invitations.Delete(w, linkKey(link)); err != nil {
			return nil, err
		}
		return &Joined{ID: m.ID}, s.begin(w, m, m.Keys[len(m.Keys)-1].ID, secret)
	})
	if err != nil {
		return nil, err
	}
	done.Token = token(done.ID, secret)
	return done, nil
}

// joined is the member that an invitation is for, without any key.
func (s *Service) joined(w *auth.Work, i *invitation, handle []byte) (*member, error) {
	if i.Member == "" {
		if err := s.refuseTaken(w, i.Email); err != nil {
			return nil, err
		}
		return &member{ID: w.NewID(), Name: i.Name, Email: i.Email, Role: i.Role, Lang: w.Caller().Language,
			Handle: handle, JoinedAt: w.Now(), InvitedBy: i.inviter()}, nil
	}
	m, err := s.get(w, i.Member)
	if err != nil {
		return nil, err
	}
	m.Handle, m.Keys = handle, nil
	m.SettledAt = time.Time{}
	m.Proposed = proposal{}
	return m, s.endBegun(w, m)
}

// addKey binds a key to a member, who is told of it.
func (s *Service) addKey(w *auth.Work, m *member, key *auth.Authenticator) error {
	k := *key
	k.ID = w.NewID()
	k.BoundAt, k.UsedAt = w.Now(), w.Now()
	m.Keys = append(m.Keys, k)
	if m.SettledAt.IsZero() && m.ready() {
		m.SettledAt = w.Now()
	}
	if err := s.mailKey(w, m, auth.TemplateDeskKey); err != nil {
		return err
	}
	return s.put(w, m)
}

// existing are a member's keys as the factor takes them.
func (m *member) existing() []*auth.Authenticator {
	var all []*auth.Authenticator
	for i := range m.Keys {
		all = append(all, &m.Keys[i])
	}
	return all
}

// AddKey begins to register one more key. One whose second key has gone gets no new one here: others see to it.
// Nothing is written. Refuses TooManyMethods, Forbidden, StepUpRequired.
func (s *Service) AddKey(ctx context.Context, c auth.Caller) (*Prompt, error) {
	m, err := auth.Do(ctx, s.door, c, ActMe, func(w *auth.Work) (*member, error) {
		m, x, _, err := s.load(w, c.Token)
		if err == nil {
			_, err = s.judge(w, m, x, ActAddKey)
		}
		if err != nil {
			return nil, err
		}
		return s.mayAdd(w)
	})
	if err != nil {
		return nil, err
	}
	return s.prompt(c, forKey, m.ID, auth.Subject{Handle: m.Handle, Name: string(m.Email), Display: m.Name,
		Existing: m.existing()})
}

func (s *Service) mayAdd(w *auth.Work) (*member, error) {
	m, err := s.get(w, w.Staff().ID)
	if err != nil {
		return nil, err
	}
	if len(m.Keys) >= maxKeys {
		return nil, auth.Refuse(auth.TooManyMethods)
	}
	if !m.SettledAt.IsZero() && !m.ready() {
		return nil, auth.Refuse(auth.Forbidden)
	}
	return m, nil
}

// FinishAddKey takes the key. Refuses KeyExcluded for one that somebody has here, and what AddKey and a key's
// answer are refused with.
func (s *Service) FinishAddKey(ctx context.Context, c auth.Caller, ceremony string, response json.RawMessage) (*Me,
	error) {
	id, _, _ := parseToken(c.Token)
	x, key, _, err := s.bound(c, forKey, id, ceremony, response)
	if err != nil {
		return nil, err
	}
	return auth.DoOnce(ctx, s.door, c, ActAddKey, func(w *auth.Work) (*Me, error) {
		if err := w.Consume(x.ID, x.Expires, auth.CeremonyUsed); err != nil {
			return nil, err
		}
		m, err := s.mayAdd(w)
		if err != nil {
			return nil, err
		}
		if slices.Contains(m.credentials(), key.Credential) {
			return nil, auth.Refuse(auth.KeyExcluded)
		}
		w.Note(m.ID, string(m.Email.Mask()))
		if err := s.addKey(w, m, key); err != nil {
			return nil, err
		}
		return me(m), nil
	})
}

// A Me is a member as he sees himself.
type Me struct {
	ID, Name, Email string
	Role            Role
	Ready           bool // he may act: his keys are there
	Keys            []KeyInfo
	Accounts        int // that he looks after
}

// KeyInfo is a key of a member's.
type KeyInfo struct {
	ID, Model       string
	BoundAt, UsedAt time.Time
	Frozen          bool
}

func me(m *member) *Me {
	info := &Me{ID: m.ID, Name: m.Name, Email: string(m.Email), Role: m.Role, Ready: m.ready(), Keys: []KeyInfo{},
		Accounts: len(m.Accounts)}
	for i := range m.Keys {
		k := &m.Keys[i]
		info.Keys = append(info.Keys, KeyInfo{ID: k.ID, Model: k.Traits.Model, BoundAt: k.BoundAt, UsedAt: k.UsedAt,
			Frozen: k.State != auth.Active})
	}
	return info
}

// Me is who is signed in. Refuses SessionRequired, SessionEnded.
func (s *Service) Me(ctx context.Context, c auth.Caller) (*Me, error) {
	return auth.Do(ctx, s.door, c, ActMe, func(w *auth.Work) (*Me, error) {
		m, err := s.get(w, w.Staff().ID)
		if err != nil {
			return nil, err
		}
		return me(m), nil
	})
}

// invite writes an invitation and returns its link.
func (s *Service) invite(w *auth.Work, i *invitation) (link string, err error) {
	link, t := s.drawLink(w, i)
	return link, s.invitations.Insert(w, linkKey(t), i)
}

// drawLink draws the link of an invitation, which is stored by its token.
func (s *Service) drawLink(w *auth.Work, i *invitation) (link, token string) {
	token = w.NewID() + w.NewID()
	i.Expires = w.Now().Add(invitationLife)
	return s.origin + "/desk/join/" + token, token
}

// parseMember reads who is invited.
func parseMember(email, name string) (ident.Email, string, error) {
	to, badEmail := ident.ParseEmail(email)
	if badEmail != nil {
		return "", "", auth.RefuseTyped(badEmail)
	}
	cleaned, badName := ident.ParseName(name)
	if badName != nil {
		return "", "", auth.RefuseTyped(badName)
	}
	return to, cleaned, nil
}
