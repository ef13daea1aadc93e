package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// sessionSecretBytes is the length of a session's secret: 256 bits.
const sessionSecretBytes = 32

// sessionToken writes a session token: the account id's 16 bytes and the secret; in a
// lab, its mark before them.
func (s *Service) sessionToken(a AccountID, secret []byte) string {
	id, _ := base64.RawURLEncoding.DecodeString(string(a)) // ours: newID wrote it
	return s.tokenMark() + base64.RawURLEncoding.EncodeToString(append(id, secret...))
}

func (s *Service) tokenMark() string {
	if s.lab != nil {
		return labToken
	}
	return ""
}

// parseToken returns the account and the session id that a token names.
func (s *Service) parseToken(t string) (AccountID, string, bool) {
	t, ok := strings.CutPrefix(t, s.tokenMark())
	if !ok {
		return "", "", false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(t)
	if err != nil || len(b) != 16+sessionSecretBytes {
		return "", "", false
	}
	return AccountID(base64.RawURLEncoding.EncodeToString(b[:16])), sessionID(b[16:]), true
}

// sessionID is the name of the session with that secret: 128 bits of SHA-256,
// from which the secret cannot be found.
func sessionID(secret []byte) string {
	h := sha256.Sum256(secret)
	return base64.RawURLEncoding.EncodeToString(h[:16])
}

func sessionKey(a AccountID, id string) string { return string(a) + "/" + id }

// loadSession reads the caller's session and its account, and refuses one that
// is over.
func (w *Work) loadSession() error {
	if w.caller.Token == "" {
		return Refuse(SessionRequired)
	}
	account, id, ok := w.s.parseToken(w.caller.Token)
	if !ok {
		return Refuse(SessionEnded)
	}
	x, err := w.s.sessions.Get(w.tx, sessionKey(account, id))
	if errors.Is(err, store.ErrNotFound) {
		return Refuse(SessionEnded)
	}
	if err != nil {
		return err
	}
	if x.exchanged() {
		if err := w.openExchanged(x); err != nil {
			return err
		}
	} else if w.sessionOver(x) {
		return Refuse(SessionEnded)
	}
	a, err := w.s.accounts.Get(w.tx, string(account))
	if errors.Is(err, store.ErrNotFound) {
		return Refuse(SessionEnded)
	}
	if err != nil {
		return err
	}
	if a.disabled() {
		return Refuse(SessionEnded)
	}
	w.session, w.account = x, a
	w.touchDue = w.now.Sub(x.Seen) > w.s.policy.SessionIdle/16 && !x.exchanged()
	return w.readShops()
}

// sessionOver reports whether a session has ended by time or by a restored backup,
// or its token's time after an exchange.
func (w *Work) sessionOver(x *session) bool {
	if x.exchanged() && w.now.Sub(x.NextAt) >= rotationGrace {
		return true
	}
	p := w.s.policy
	kept := x.Remember && p.SessionLife > p.SessionShort // else there is nothing that keeping would lengthen
	idle := !kept && w.now.Sub(x.Seen) >= p.SessionIdle
	return idle || !w.now.Before(x.Expires) || x.Epochs.Restore != w.s.restoreEpoch()
}

// markSeen moves the idle time of the session on.
func (w *Work) markSeen() error {
	key := sessionKey(w.session.Account, w.session.ID)
	x, err := w.s.sessions.Get(w.tx, key)
	if err != nil { // ended or rotated in this very pass
		return ignoreMissing(err)
	}
	x.Seen = w.now
	return w.s.sessions.Put(w.tx, key, x)
}

// touchSession does what a read could not: it notes that the session is used.
func (s *Service) touchSession(ctx context.Context, c Caller) error {
	account, id, _ := s.parseToken(c.Token) // a pass has just read it
	return s.do(ctx, systemCaller(c), ActSweep, func(w *Work) error {
		x, err := s.sessions.Get(w.tx, sessionKey(account, id))
		if err != nil {
			return ignoreMissing(err)
		}
		x.Seen = w.now
		return s.sessions.Put(w.tx, sessionKey(account, id), x)
	})
}

// grant is the one gate through which every session comes: a new secret, the
// proofs, and the end of the session that it replaces.
//
// secret is drawn outside of the transaction.
func (w *Work) grant(a *Account, secret []byte, proofs []Proof, remember bool) (string, error) {
	p := w.s.policy
	x := session{
		ID: sessionID(secret), Account: a.ID, Opened: w.now, Seen: w.now, Remember: remember,
		Proofs: proofs, Browser: w.s.browserID(w.caller), Agent: w.caller.Agent,
		Epochs: w.epochs(a),
	}
	if w.caller.IP.IsValid() {
		x.IP = w.caller.IP.String()
	}
	life := p.SessionShort
	if remember {
		life = p.SessionLife
	}
	x.Expires = w.now.Add(life)
	if last := len(proofs) - 1; last >= 0 {
		x.OpenedBy = proofs[last].Authenticator
	}
	if old := w.session; old != nil { // raised, not opened anew: the age stays
		x.Opened = old.Opened
		x.Expires = old.Expires
		x.Remember = old.Remember
		x.OpenedBy = old.OpenedBy
		x.Shared = old.Shared
		x.CodeAt = old.CodeAt
		x.Approved = old.Approved
	} else if err := w.requireKeyOf(a, proofs); err != nil {
		return "", err
	} else if err := w.liftHeld(a, proofs); err != nil {
		return "", err
	} else if err := w.makeRoom(a.ID); err != nil {
		return "", err
	}
	if !w.s.isStepped(a, proofs) && (p.MustEnrol || a.keysOnly()) {
		open, err := w.hasMethods(a.ID)
		if err != nil {
			return "", err
		}
		if open { // the gate: where there is a second step, no session without it
			return "", errors.New("a session without the account's second step")
		}
		x.Restricted = true
	} else if due, err := w.keyDue(a.ID); err != nil {
		return "", err
	} else {
		x.keyDue = due
	}
	old := w.session
	w.session = &x
	w.touchDue = false
	if err := w.noteUse(a); err != nil {
		return "", err
	}
	if old != nil {
		return w.s.sessionToken(a.ID, secret), w.exchange(old, &x, false)
	}
	return w.s.sessionToken(a.ID, secret), w.s.sessions.Insert(w.tx, sessionKey(a.ID, x.ID), &x)
}

// isStepped reports whether proofs hold one that counts as the second step of an account.
func (s *Service) isStepped(a *Account, proofs []Proof) bool {
	return slices.ContainsFunc(proofs, func(p Proof) bool {
		return (p.Class > NoClass || p.Kind == Trusted) && s.counts(a, p)
	})
}

// proofBy is what an authenticator has proved now, and by which channel its code went.
func (w *Work) proofBy(x *Authenticator, ch Channel) Proof {
	return Proof{Kind: x.Kind, Authenticator: x.ID, At: w.now, Class: w.s.worth(x.Kind).Class,
		UserVerified: x.Traits.VerifiesUser, Synced: x.Traits.Synced, Flavour: x.Traits.Flavour, Channel: ch}
}

// secondProof is the one that a session was opened by besides the password, nil for none.
func secondProof(proofs []Proof) *Proof {
	for i := range proofs {
		if k := proofs[i].Kind; k != Password && k != Temporary && k != Trusted {
			return &proofs[i]
		}
	}
	return nil
}

// sessionInfo describes a session to its owner.
func (s *Service) sessionInfo(x, current *session) SessionInfo {
	aal, amr := s.methods.assurance(x.Proofs)
	info := SessionInfo{
		ID: x.ID, Current: x.lineID() == current.lineID(), Restricted: x.restricted(),
		KeyNeeded: x.keyDue, Remember: x.Remember,
		AAL: aal, AMR: amr, AuthTime: x.authTime(), Opened: x.Opened, Seen: x.Seen, Expires: x.Expires,
		Agent: x.Agent, IP: x.IP,
	}
	if p := secondProof(x.Proofs); p != nil {
		info.Kind, info.Flavour = p.Kind, p.Flavour
		info.Channel = p.Channel
	}
	return info
}

// assurance is the level that proofs amount to (NIST SP 800-63B-4 §2) and
// their methods after RFC 8176.
func (t Table) assurance(proofs []Proof) (aal int, amr []string) {
	shown := func(k Kind) bool { return slices.ContainsFunc(proofs, func(p Proof) bool { return p.Kind == k }) }
	most := 0 // that a second step reaches behind the first
	if shown(Password) {
		most = 3
	} else if shown(Temporary) {
		most = 2
	}
	for _, p := range proofs {
		w := t.worthOfProof(p)
		aal = max(aal, w.Alone, min(most, w.WithPassword))
		if !slices.Contains(amr, w.AMR) {
			amr = append(amr, w.AMR)
		}
		if p.UserVerified && !slices.Contains(amr, "user") {
			amr = append(amr, "user")
		}
	}
	if len(proofs) > 1 && aal > 1 {
		amr = append(amr, "mfa")
	}
	return aal, amr
}

// Me is the session check: who is signed in, and how well proved. Refuses
// SessionRequired and SessionEnded.
func (s *Service) Me(ctx context.Context, c Caller) (*Me, error) {
	return do(ctx, s, c, ActMe, (*Work).me)
}

func (w *Work) me() (*Me, error) {
	payout, err := w.payoutInfo()
	return &Me{
		Account: w.account.ID, Name: w.account.Name, UserName: string(w.account.UserName), Shops: w.shops(),
		MaskedEmail: w.account.Email.Mask(), Session: w.s.sessionInfo(w.session, w.session), Lab: w.s.lab != nil,
		Payout: payout,
	}, err
}

// SignOut ends the caller's session.
func (s *Service) SignOut(ctx context.Context, c Caller) error {
	return s.do(ctx, c, ActSignOut, func(w *Work) error { return w.endLine(w.session) })
}

// mostSessions is how many sessions one account may have open; when they are
// that many, they are cut to fewSessions, so that this is rare. maxSessions
// bounds what its lists read: more, so that ending all of them ends all.
const (
	mostSessions = 100
	fewSessions  = 80
	maxSessions  = 500
)

// makeRoom deletes the account's sessions that are over and, if one more would
// be too many, those that were longest unused.
func (w *Work) makeRoom(a AccountID) error {
	if n, err := w.s.sessions.Count(w.tx, string(a)+"/", mostSessions); err != nil || n < mostSessions {
		return err
	}
	var live, gone []*session
	for item, err := range w.s.sessions.Prefix(w.tx, string(a)+"/", maxSessions) {
		if err != nil {
			return err
		}
		if w.sessionOver(item.Doc) {
			gone = append(gone, item.Doc)
		} else {
			live = append(live, item.Doc)
		}
	}
	slices.SortFunc(live, func(x, y *session) int { return x.Seen.Compare(y.Seen) })
	gone = append(gone, live[:max(0, len(live)+1-fewSessions)]...)
	for _, x := range gone {
		if err := w.s.sessions.Delete(w.tx, sessionKey(a, x.ID)); err != nil {
			return err
		}
	}
	return nil
}

// Sessions lists where the account is signed in, the newest use first.
func (s *Service) Sessions(ctx context.Context, c Caller) ([]SessionInfo, error) {
	return do(ctx, s, c, ActHistory, func(w *Work) ([]SessionInfo, error) {
		all, err := w.sessions(w.account.ID)
		var list []SessionInfo
		for _, x := range all {
			if x.exchanged() {
				continue
			}
			list = append(list, w.s.sessionInfo(x, w.session))
		}
		slices.SortFunc(list, func(a, b SessionInfo) int { return b.Seen.Compare(a.Seen) })
		return list, err
	})
}

// sessions returns the account's sessions that are not over, by each token that
// opens them.
func (w *Work) sessions(a AccountID) ([]*session, error) {
	var list []*session
	for item, err := range w.s.sessions.Prefix(w.tx, string(a)+"/", maxSessions) {
		if err != nil {
			return nil, err
		}
		if !w.sessionOver(item.Doc) {
			list = append(list, item.Doc)
		}
	}
	return list, nil
}

// EndSession ends one session of the account, the caller's own included.
// Refuses NotFound.
func (s *Service) EndSession(ctx context.Context, c Caller, id string) error {
	return s.doOnce(ctx, c, ActEndSession, func(w *Work) error {
		key := sessionKey(w.account.ID, id)
		x, err := s.sessions.Get(w.tx, key)
		if errors.Is(err, store.ErrNotFound) {
			return Refuse(NotFound)
		}
		if err != nil {
			return err
		}
		w.entry.ID, w.entry.Item = x.ID, x.Agent
		return w.endLine(x)
	})
}

// EndOtherSessions ends every session of the account but the caller's, and all that waits but what was asked for in
// this one.
func (s *Service) EndOtherSessions(ctx context.Context, c Caller) error {
	return s.do(ctx, c, ActEndSession, func(w *Work) error {
		line := w.session.lineID()
		if err := w.endSessions(w.account.ID, func(x *session) bool { return x.lineID() != line }); err != nil {
			return err
		}
		if err := w.stopCodeSignIn(w.account); err != nil {
			return err
		}
		return w.dropChanges(w.account.ID, func(ch *change) bool { return ch.Session != line })
	})
}

// endSession ends a session that somebody wants to end, and what it has asked for. One that runs out by itself has
// been disowned by nobody: what it asked for goes on waiting. Who signs out has not thought better of the end of his
// account either.
func (w *Work) endSession(x *session) error {
	if err := w.s.sessions.Delete(w.tx, sessionKey(x.Account, x.ID)); err != nil || x.exchanged() {
		return err
	}
	line := x.lineID()
	return w.dropChanges(x.Account, func(ch *change) bool {
		return ch.Session == line && (ch.Closes == nil || w.action != ActSignOut)
	})
}

// endLine ends a session by every token that opens it.
func (w *Work) endLine(x *session) error {
	if x.Line == "" && !x.exchanged() {
		return w.endSession(x)
	}
	line := x.lineID()
	return w.endSessions(x.Account, func(o *session) bool { return o.lineID() == line })
}

// endSessions deletes the account's sessions that match.
func (w *Work) endSessions(a AccountID, match func(*session) bool) error {
	list, err := w.sessions(a)
	if err != nil {
		return err
	}
	for _, x := range list {
		if !match(x) {
			continue
		}
		if err := w.endSession(x); err != nil {
			return err
		}
	}
	return nil
}

// hasMethods reports whether the account has a second step: a method that is more
// than recovery codes. One that is frozen or disabled counts: else whoever knows
// the password could switch the second step off by a hundred wrong codes.
func (w *Work) hasMethods(a AccountID) (bool, error) {
	list, err := w.authenticators(a)
	return slices.ContainsFunc(list, func(x *Authenticator) bool { return !w.s.isSet(x.Kind) }), err
}

// maxAuthenticators bounds what one account's lists read.
const maxAuthenticators = 200

// authenticators returns all that is bound to the account, oldest first, without
// recovery codes that a restore has made void.
func (w *Work) authenticators(a AccountID) ([]*Authenticator, error) {
	var list []*Authenticator
	for item, err := range w.s.authenticators.Prefix(w.tx, string(a)+"/", maxAuthenticators) {
		if err != nil {
			return nil, err
		}
		if !w.isVoidCodeSet(item.Doc) {
			list = append(list, item.Doc)
		}
	}
	slices.SortFunc(list, func(x, y *Authenticator) int {
		if c := x.BoundAt.Compare(y.BoundAt); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	return list, nil
}

func authenticatorKey(a AccountID, id string) string { return string(a) + "/" + id }

func systemCaller(c Caller) Caller {
	return Caller{system: true, RequestID: c.RequestID}
}

// laterOf returns the later of two times.
func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
