package staff

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// SignIn asks for a key of whoever an address names. For an address that is nobody's it asks for keys that do not
// exist: who works here is nobody's business. Refuses EmailMalformed.
func (s *Service) SignIn(ctx context.Context, c auth.Caller, email string) (*Prompt, error) {
	to, err := ident.ParseEmail(email)
	if err != nil {
		return nil, auth.RefuseTyped(err)
	}
	m, err := auth.Do(ctx, s.door, c, ActLook, func(w *auth.Work) (*member, error) { return s.byEmail(w, to) })
	if err != nil {
		return nil, err
	}
	x := &auth.Ceremony{Greeting: ident.Greeting(to)}
	if m == nil || !m.SuspendedAt.IsZero() || len(m.working()) == 0 {
		x.Decoy, x.AnswersNobody = []byte(s.door.Secret("decoy/"+to.Key())), true
		return s.challenge(c, forSignIn, x, nil)
	}
	x.Account = auth.StaffChain(m.ID)
	return s.challenge(c, forSignIn, x, m.working())
}

// challenge begins a verification and seals it.
func (s *Service) challenge(c auth.Caller, p auth.Purpose, x *auth.Ceremony, keys []*auth.Authenticator) (*Prompt,
	error) {
	now := s.door.Now(c)
	x.ID = base64.RawURLEncoding.EncodeToString(s.door.Random(16))
	x.Purpose, x.Kind = p, auth.WebAuthn
	x.Begun, x.Now = now, now
	x.Expires = now.Add(ceremonyLife)
	x.Verify = true
	if err := s.key.BeginVerify(x, keys); err != nil {
		return nil, err
	}
	sealed, err := s.door.Seal(c, x)
	return &Prompt{Ceremony: sealed, Options: x.Prompt}, err
}

// FinishSignIn takes the key's answer: the session. Refuses KeyWrong for whoever is nobody here, and what a key's
// answer is refused with.
func (s *Service) FinishSignIn(ctx context.Context, c auth.Caller, ceremony string,
	response json.RawMessage) (*Joined, error) {
	x, err := s.door.Unseal(c, ceremony, forSignIn)
	if err != nil {
		return nil, err
	}
	owner := func(w *auth.Work) (*member, error) {
		m, err := s.byEmail(w, ident.Email(x.Greeting))
		if err == nil && (m == nil || x.AnswersNobody || !m.SuspendedAt.IsZero() ||
			x.Account != auth.StaffChain(m.ID)) {
			err = auth.Refuse(auth.KeyWrong)
		}
		return m, err
	}
	answer, err := s.verify(ctx, c, ActLook, x, response, owner)
	if err != nil {
		return nil, err
	}
	secret := s.door.Secret("session/" + x.ID)
	done, err := auth.DoOnce(ctx, s.door, c, ActSignIn, func(w *auth.Work) (*Joined, error) {
		m, err := owner(w)
		if err != nil {
			return nil, err
		}
		w.About(auth.StaffChain(m.ID))
		w.Note(m.ID, string(m.Email.Mask()))
		if err := s.take(w, m, x, answer); err != nil {
			return nil, err
		}
		return &Joined{ID: m.ID}, s.begin(w, m, answer.after.ID, secret)
	})
	if err != nil {
		return nil, err
	}
	done.Token = token(done.ID, secret)
	return done, nil
}

// An answer is what a key has answered: the key as it was, as it is by now, and what it is refused with.
type answer struct {
	before  string // its data
	after   *auth.Authenticator
	refused error
}

// verify checks a key's answer on a snapshot: signatures are nothing for the one who writes. Whoever answers with
// nothing that we know is refused here, and writes nothing.
func (s *Service) verify(ctx context.Context, c auth.Caller, a auth.Action, x *auth.Ceremony, response json.RawMessage,
	owner func(*auth.Work) (*member, error)) (*answer, error) {
	m, err := auth.Do(ctx, s.door, c, a, owner)
	if err != nil {
		return nil, err
	}
	key, refused := s.key.FinishVerify(x, m.existing(), response)
	if key == nil {
		return nil, refused
	}
	if refused == nil && !x.UserVerified {
		return nil, auth.Refuse(auth.KeyNotVerified)
	}
	at := slices.IndexFunc(m.Keys, func(k auth.Authenticator) bool { return k.ID == key.ID })
	if at < 0 {
		return nil, auth.Refuse(auth.KeyWrong)
	}
	return &answer{before: string(m.Keys[at].Data), after: key, refused: refused}, nil
}

// take uses a ceremony up and stores the key that has answered it. A copy of a key is frozen, though it is refused.
// Refuses CeremonyUsed, also where the key has answered something else meanwhile.
func (s *Service) take(w *auth.Work, m *member, x *auth.Ceremony, answered *answer) error {
	if err := w.Consume(x.ID, x.Expires, auth.CeremonyUsed); err != nil {
		return err
	}
	at := slices.IndexFunc(m.Keys, func(k auth.Authenticator) bool { return k.ID == answered.after.ID })
	if at < 0 || string(m.Keys[at].Data) != answered.before || m.Keys[at].State != auth.Active {
		return auth.Refuse(auth.CeremonyUsed)
	}
	m.Keys[at] = *answered.after
	if answered.refused == nil {
		m.Keys[at].UsedAt = w.Now()
	}
	if err := s.put(w, m); err != nil {
		return err
	}
	return answered.refused
}

// Touch asks a member for one of his keys again.
func (s *Service) Touch(ctx context.Context, c auth.Caller) (*Prompt, error) {
	m, err := auth.Do(ctx, s.door, c, ActMe, func(w *auth.Work) (*member, error) { return s.get(w, w.Staff().ID) })
	if err != nil {
		return nil, err
	}
	return s.challenge(c, forTouch, &auth.Ceremony{Account: auth.StaffChain(m.ID)}, m.working())
}

// FinishTouch takes the key's answer: for ten minutes the session may do what needs a fresh touch. Refuses what a key's
// answer is refused with.
func (s *Service) FinishTouch(ctx context.Context, c auth.Caller, ceremony string, response json.RawMessage) error {
	x, err := s.door.Unseal(c, ceremony, forTouch)
	if err != nil {
		return err
	}
	owner := func(w *auth.Work) (*member, error) {
		m, err := s.get(w, w.Staff().ID)
		if err == nil && x.Account != auth.StaffChain(m.ID) {
			err = auth.Refuse(auth.CeremonyVoid)
		}
		return m, err
	}
	answered, err := s.verify(ctx, c, ActMe, x, response, owner)
	if err != nil {
		return err
	}
	return s.door.DoOnce(ctx, c, ActTouch, func(w *auth.Work) error {
		m, err := owner(w)
		if err != nil {
			return err
		}
		if err := s.take(w, m, x, answered); err != nil {
			return err
		}
		_, now, key, err := s.load(w, c.Token)
		if err != nil {
			return err
		}
		now.Key = answered.after.ID
		now.Touched, now.SeenAt = w.Now(), w.Now()
		return s.sessions.Put(w, key, now)
	})
}

// SignOut ends the session. One that is over is no mistake.
func (s *Service) SignOut(ctx context.Context, c auth.Caller) error {
	return s.door.Do(ctx, c, ActSignOut, func(w *auth.Work) error {
		_, key, _ := parseToken(c.Token)
		return s.sessions.Delete(w, key)
	})
}
