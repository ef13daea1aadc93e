package staff

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// How long a session lives: a day's work at most, and not over a long absence.
const (
	sessionLife = 12 * time.Hour
	sessionIdle = 30 * time.Minute
	seenGrain   = time.Minute
)

// A session is one browser in which a member is signed in.
type session struct {
	Member  string    `json:"m"`
	BegunAt time.Time `json:"b"`
	SeenAt  time.Time `json:"s"`
	Touched time.Time `json:"t"` // when a key last verified its user
	Key     string    `json:"k"` // which one
	Agent   string    `json:"ag,omitempty"`
}

func (x *session) until() time.Time {
	idle, life := x.SeenAt.Add(sessionIdle), x.BegunAt.Add(sessionLife)
	if idle.Before(life) {
		return idle
	}
	return life
}

func isOverSession(x *session, now time.Time) bool { return !now.Before(x.until()) }

// A token is "desk-", the member's id and 256 random bits; the session is stored under the hash of these.
const (
	tokenMark = "desk-"
	idSigns   = 22
)

func sessionKey(member, secret string) string {
	h := sha256.Sum256([]byte("desk session\x00" + secret))
	return member + "/" + base64.RawURLEncoding.EncodeToString(h[:16])
}

// parseToken is the session that a token names.
func parseToken(token string) (member, key string, ok bool) {
	token, ok = strings.CutPrefix(token, tokenMark)
	if !ok || len(token) <= idSigns {
		return "", "", false
	}
	return token[:idSigns], sessionKey(token[:idSigns], token[idSigns:]), true
}

// load is the live session of a token, and whose it is. Refuses SessionEnded.
func (s *Service) load(w *auth.Work, token string) (*member, *session, string, error) {
	ended := auth.Refuse(auth.SessionEnded)
	id, key, ok := parseToken(token)
	if !ok {
		return nil, nil, "", ended
	}
	x, err := s.sessions.Get(w, key)
	if errors.Is(err, auth.ErrNoRecord) || err == nil && isOverSession(x, w.Now()) {
		return nil, nil, "", ended
	}
	if err != nil {
		return nil, nil, "", err
	}
	m, err := s.members.Get(w, id)
	if errors.Is(err, auth.ErrNoRecord) || err == nil && !m.SuspendedAt.IsZero() {
		return nil, nil, "", ended
	}
	return m, x, key, err
}

// AdmitStaff implements auth.Staff: the one place that holds a session and a role against an act.
func (s *Service) AdmitStaff(w *auth.Work, token string, a auth.Action) (*auth.StaffMember, error) {
	m, x, key, err := s.load(w, token)
	if err != nil {
		return nil, err
	}
	who, err := s.judge(w, m, x, a)
	if err != nil {
		return who, err
	}
	if !w.Reads() && w.Now().Sub(x.SeenAt) >= seenGrain {
		x.SeenAt = w.Now()
		err = s.sessions.Put(w, key, x)
	}
	return who, err
}

// judge holds a session and its member's role against an act.
func (s *Service) judge(w *auth.Work, m *member, x *session, a auth.Action) (*auth.StaffMember, error) {
	who := &auth.StaffMember{ID: m.ID, Name: m.Name, Accounts: m.Accounts}
	p, ok := s.permits[a]
	switch {
	case !ok || !s.May(m.Role, a):
		return who, auth.Refuse(auth.Forbidden)
	case !p.early && !m.ready():
		return who, auth.Refuse(auth.MustEnrol)
	case p.fresh && w.Now().Sub(x.Touched) > ageTouch:
		e := auth.Refuse(auth.StepUpRequired)
		e.Demand = auth.Demand{Class: auth.Strong, MaxAge: ageTouch}
		return who, e
	}
	return who, nil
}

// Acting is who is about to do an act of another part, if he may: that part has him judged again in the pass that acts
// (auth.Door.Staff). Refuses SessionEnded, Forbidden, MustEnrol, StepUpRequired.
func (s *Service) Acting(ctx context.Context, c auth.Caller, a auth.Action) (*auth.StaffMember, error) {
	return auth.Do(ctx, s.door, c, ActMe, func(w *auth.Work) (*auth.StaffMember, error) {
		m, x, _, err := s.load(w, c.Token)
		if err != nil {
			return nil, err
		}
		return s.judge(w, m, x, a)
	})
}

// begin opens a session for a member, by a secret that was drawn before the pass.
func (s *Service) begin(w *auth.Work, m *member, key, secret string) error {
	x := &session{Member: m.ID, BegunAt: w.Now(), SeenAt: w.Now(), Touched: w.Now(), Key: key, Agent: w.Caller().Agent}
	return s.sessions.Put(w, sessionKey(m.ID, secret), x)
}

func token(member, secret string) string { return tokenMark + member + secret }

// endAll ends every session of a member.
func (s *Service) endAll(w *auth.Work, id string) error {
	var keys []string
	for item, err := range s.sessions.Prefix(w, id+"/", maxSessions) {
		if err != nil {
			return err
		}
		keys = append(keys, item.ID)
	}
	for _, key := range keys {
		if err := s.sessions.Delete(w, key); err != nil {
			return err
		}
	}
	return nil
}

// maxSessions bounds what is read of one member's: each needs a key's touch, and they are forgotten.
const maxSessions = 10000
