package staff

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what a member does with what is his own: the browsers that he is signed in in, and a key that he has no
// use for any more. He never has fewer than two keys by his own doing: the last two go by two other people, or the host.

// SessionInfo is a browser in which a member is signed in.
type SessionInfo struct {
	ID     string
	Agent  string
	SeenAt time.Time
	Own    bool // the one that asks
}

// shownID names a session to its member: whoever reads it cannot make the token of it.
func shownID(key string) string {
	h := sha256.Sum256([]byte("desk session shown\x00" + key))
	return base64.RawURLEncoding.EncodeToString(h[:9])
}

// ownSessions are the live sessions of a member, by their keys.
func (s *Service) ownSessions(w *auth.Work, id string) (map[string]*session, error) {
	all := map[string]*session{}
	for item, err := range s.sessions.Prefix(w, id+"/", maxSessions) {
		if err != nil {
			return nil, err
		}
		if !isOverSession(item.Doc, w.Now()) {
			all[item.ID] = item.Doc
		}
	}
	return all, nil
}

// Sessions are where the caller is signed in, the latest first.
func (s *Service) Sessions(ctx context.Context, c auth.Caller) ([]SessionInfo, error) {
	return auth.Do(ctx, s.door, c, ActMe, func(w *auth.Work) ([]SessionInfo, error) {
		all, err := s.ownSessions(w, w.Staff().ID)
		if err != nil {
			return nil, err
		}
		_, own, _ := parseToken(c.Token)
		list := []SessionInfo{}
		for key, x := range all {
			list = append(list, SessionInfo{ID: shownID(key), Agent: x.Agent, SeenAt: x.SeenAt, Own: key == own})
		}
		slices.SortFunc(list, func(a, b SessionInfo) int {
			if d := b.SeenAt.Compare(a.SeenAt); d != 0 {
				return d
			}
			return strings.Compare(a.ID, b.ID)
		})
		return list, nil
	})
}

// EndOwnSessions ends one of the caller's other sessions, "" for all of them; the one that asks goes on. Refuses
// NotFound.
func (s *Service) EndOwnSessions(ctx context.Context, c auth.Caller, id string) error {
	return s.door.DoOnce(ctx, c, ActEndOwn, func(w *auth.Work) error {
		all, err := s.ownSessions(w, w.Staff().ID)
		if err != nil {
			return err
		}
		_, own, _ := parseToken(c.Token)
		ended := 0
		for key := range all {
			if key == own || id != "" && shownID(key) != id {
				continue
			}
			if err := s.sessions.Delete(w, key); err != nil {
				return err
			}
			ended++
		}
		if id != "" && ended == 0 {
			return auth.Refuse(auth.NotFound)
		}
		return nil
	})
}

// RemoveKey takes one of the caller's keys away, with every session that rests on it, and tells him by mail. Refuses
// NotFound, and Forbidden where fewer than two keys that work would be left.
func (s *Service) RemoveKey(ctx context.Context, c auth.Caller, id string) error {
	return s.door.DoOnce(ctx, c, ActRemoveKey, func(w *auth.Work) error {
		m, err := s.get(w, w.Staff().ID)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(m.Keys, func(k auth.Authenticator) bool { return k.ID == id })
		if at < 0 {
			return auth.Refuse(auth.NotFound)
		}
		w.Note(id, m.Keys[at].Traits.Model)
		m.Keys = slices.Delete(slices.Clone(m.Keys), at, at+1)
		if !m.ready() {
			return auth.Refuse(auth.Forbidden)
		}
		if err := s.endByKey(w, m.ID, id); err != nil {
			return err
		}
		if err := s.mailKey(w, m, auth.TemplateDeskKeyGone); err != nil {
			return err
		}
		return s.put(w, m)
	})
}

// endByKey ends every session of a member that was last shown a key.
func (s *Service) endByKey(w *auth.Work, member, key string) error {
	all, err := s.ownSessions(w, member)
	if err != nil {
		return err
	}
	for id, x := range all {
		if x.Key != key {
			continue
		}
		if err := s.sessions.Delete(w, id); err != nil {
			return err
		}
	}
	return nil
}

// mailKey tells a member what became of a key of his.
func (s *Service) mailKey(w *auth.Work, m *member, template string) error {
	return w.MailProved(m.Email, auth.Message{Language: m.Lang, Template: template,
		Args: map[string]string{"at": w.Now().Format(time.RFC3339), "agent": w.Caller().Agent,
			"link": s.origin + "/desk/keys"}})
}
