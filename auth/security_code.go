package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// This file is the security code (R29 to R33, D3): the highest authority over an
// account. The service makes it, shows it once, and keeps a hash of it.
//
//	not set ── SetSecurityCode ──► set ── a right answer ──► used
//	                                │                          │
//	                                └─ Work.RetireSecurityCode ┴─► retired ── SetSecurityCode ──► set
//
// Nobody changes or removes it. It stands in for the current password where the
// password is changed, and beside a fresh second step of any class it counts as a
// strong one: nothing then waits that would wait behind a weak one. Behind the
// password alone it stands in for the second step, late: see CodeSignIn.

// A SecretState is how an account stands with its security code (R32).
type SecretState string

// The states.
const (
	SecretNotSet  SecretState = "not-set"
	SecretSet     SecretState = "set"
	SecretUsed    SecretState = "used"
	SecretRetired SecretState = "retired"
)

const (
	securityCodeSigns = 20 // of Crockford's base 32: 100 bits
	securityCodeGroup = 5
)

// securityCode is what an account keeps of its security code.
type securityCode struct {
	Hash      string    `json:"h,omitempty"` // "" once it is retired
	SetAt     time.Time `json:"t"`
	WeakAt    time.Time `json:"w,omitzero"` // when a weak proof set it; zero: a strong one did
	UsedAt    time.Time `json:"u,omitzero"`
	RetiredAt time.Time `json:"r,omitzero"`
	Wait      *codeWait `json:"wt,omitempty"` // a sign-in by it and the password alone
}

// live reports whether there is a code that counts, or will.
func (x *securityCode) live() bool { return x != nil && x.Hash != "" }

// state is that of an account's code, which may be nil.
func (x *securityCode) state() SecretState {
	switch {
	case x == nil:
		return SecretNotSet
	case x.Hash == "":
		return SecretRetired
	case !x.UsedAt.IsZero():
		return SecretUsed
	}
	return SecretSet
}

// info is what its owner is told.
func (x *securityCode) info() SecretInfo {
	info := SecretInfo{State: x.state()}
	if x != nil {
		info.SetAt = x.SetAt
		info.UsedAt = x.UsedAt
		info.RetiredAt = x.RetiredAt
	}
	return info
}

// SetSecurityCode makes the account's security code, shown once. Refuses
// SecurityCodeSet where there is one: it is never replaced.
func (s *Service) SetSecurityCode(ctx context.Context, c Caller) (*SecurityCodeInfo, error) {
	if err := s.admitted(ctx, c, ActSetSecurityCode); err != nil { // a hash follows
		return nil, err
	}
	code := mailedCode(s.random(securityCodeSigns))
	hash, err := HashPassword(ctx, s.hasher.First(), code)
	if err != nil {
		return nil, err
	}
	shown := inGroups(code, securityCodeGroup)
	kept, err := sealByToken(c, shown)
	if err != nil {
		return nil, err
	}
	messages := s.newMessageIDs()
	type made struct {
		SecurityCodeInfo
		account AccountID
	}
	out, err := once(ctx, s, c, ActSetSecurityCode, "", func(c Caller) (*made, error) {
		return do(ctx, s, c, ActSetSecurityCode, func(w *Work) (*made, error) {
			w.entry.Kind = SecurityCode
			if err := w.setSecurityCode(hash, messages); err != nil {
				return nil, err
			}
			info := SecurityCodeInfo{Code: shown, MadeAt: w.now, MaskedEmail: w.account.Email.Mask()}
			return &made{info, w.account.ID}, w.remember(kept, nil)
		})
	}, func(w *Work, r *priorSuccess) (*made, error) {
		info := SecurityCodeInfo{MadeAt: r.At, MaskedEmail: w.account.Email.Mask()}
		var kept []byte
		if err := r.read(&kept); err != nil {
			return nil, err
		}
		err := openByToken(c, kept, &info.Code)
		return &made{info, w.account.ID}, err
	})
	if err != nil {
		return nil, err
	}
	out.Sealed, err = s.sealShown(c, forSecret, out.account, out.MadeAt, &out.SecurityCodeInfo)
	return &out.SecurityCodeInfo, err
}

// setSecurityCode stores the hash of a code that has just been made.
func (w *Work) setSecurityCode(hash string, ids messageIDs) error {
	a := w.account
	if a.SecurityCode.live() {
		return Refuse(SecurityCodeSet)
	}
	before := *a
	a.SecurityCode = &securityCode{Hash: hash, SetAt: w.now, WeakAt: w.weaklyAt()}
	if err := w.s.accounts.Put(w.tx, string(a.ID), a); err != nil {
		return err
	}
	if err := w.endCountsOf(a.ID, SecurityCode); err != nil {
		return err
	}
	return w.tell(&before, toldSecurityCode, nil, ids)
}

// SecurityCodeAgain opens SecurityCodeInfo.Sealed for the page that shows a fresh
// code, in the browser that it was made for.
func (s *Service) SecurityCodeAgain(ctx context.Context, c Caller, sealed string) (*SecurityCodeInfo, error) {
	info := new(SecurityCodeInfo)
	return info, s.openShown(ctx, c, forSecret, sealed, info)
}

// ShowSecurityCode proves the security code in the caller's session, beside a
// fresh second step of any class: for ten minutes that step counts as a strong
// one. The session's token is rotated. Refuses SecurityCodeNotSet,
// SecurityCodeWrong, SecurityCodeWaits, MethodResting, MethodDisabled.
func (s *Service) ShowSecurityCode(ctx context.Context, c Caller, typed string) (string, error) {
	return once(ctx, s, c, ActSecurityCode, "", func(c Caller) (string, error) {
		g, right, err := s.tryFirstWay(ctx, c, ActSecurityCode, bySecurityCode(), typed)
		if err != nil {
			return "", err
		}
		drawn := s.newSessionDraw()
		return do(context.WithoutCancel(ctx), s, c, ActSecurityCode, func(w *Work) (string, error) {
			w.entry.Kind = SecurityCode
			if err := w.concludeGuess(g, right); err != nil {
				return "", err
			}
			w.useSecurityCode()
			if err := s.accounts.Put(w.tx, string(w.account.ID), w.account); err != nil {
				return "", err
			}
			token, err := w.grant(w.account, drawn.sessionSecret, w.session.Proofs, w.session.Remember)
			if err != nil {
				return "", err
			}
			if err := w.tell(w.account, toldSecurityCodeUsed, nil, drawn.messageIDs); err != nil {
				return "", err
			}
			return token, w.remember(nil, w.session)
		})
	}, func(_ *Work, r *priorSuccess) (string, error) { return r.token, nil })
}

// useSecurityCode notes that the account's code was answered rightly in this session.
// The caller stores the account.
func (w *Work) useSecurityCode() {
	x := *w.account.SecurityCode
	x.UsedAt = w.now
	w.account.SecurityCode = &x
	w.session.CodeAt = w.now
}

// showsSecurityCode reports whether the session holds a fresh enough proof of the
// security code, and a fresh second step beside it.
func (w *Work) showsSecurityCode(maxAge time.Duration) bool {
	if w.session.CodeAt.IsZero() || w.account == nil { // a session that opens has no account here yet, and no code
		return false
	}
	x := w.account.SecurityCode
	return x.live() && !w.session.CodeAt.Before(x.SetAt) && !w.session.CodeAt.Before(w.now.Add(-maxAge)) &&
		w.hasProof(Weak, maxAge)
}

// securityCodeWaits refuses a code that a weak proof has set, as long as that can be undone.
func (w *Work) securityCodeWaits(a *Account) error {
	at := a.SecurityCode.WeakAt
	if until := at.Add(w.s.policy.UndoLife); !at.IsZero() && w.now.Before(until) {
		return Refuse(SecurityCodeWaits).At(until)
	}
	return nil
}

// RetireSecurityCode ends the security code of an account for good: at its
// hand-over, or by a case that two persons have decided (D3). Every address hears
// of it; a new one may be set. It is a failure in an act that is not audited, or
// that asks people for less than a strong proof. Refuses NotFound, SecurityCodeNotSet.
func (w *Work) RetireSecurityCode(id AccountID) error {
	if !w.rule.Audit || w.rule.Who != System && w.rule.Demand.Class < Strong {
		return fmt.Errorf("retiring a security code by the act %s: its rule asks for too little", w.action)
	}
	a, err := w.existingAccount(id)
	if err != nil {
		return err
	}
	if !a.SecurityCode.live() {
		return Refuse(SecurityCodeNotSet)
	}
	x := *a.SecurityCode
	x.Hash, x.RetiredAt = "", w.now // what waits for it counts no more
	a.SecurityCode = &x
	if err := w.s.accounts.Put(w.tx, string(id), a); err != nil {
		return err
	}
	m := Message{Template: TemplateChange, Args: map[string]string{"at": messageTime(w.now), "person": a.Name,
		"what": "security-code-retired", "ends": "yes", "due": messageTime(w.now.Add(w.s.policy.UndoLife))}}
	ids := messageIDs(w.NewID())
	return w.notify(a, m, ids, w.newEnding("security-code-retired", ids), argUndo)
}

// inGroups writes a code in groups with dashes between.
func inGroups(code string, size int) string {
	var groups []string
	for ; len(code) > size; code = code[size:] {
		groups = append(groups, code[:size])
	}
	return strings.Join(append(groups, code), "-")
}

// sealShown seals what is shown once, so that the same browser shows it again for
// five minutes and it is stored nowhere.
func (s *Service) sealShown(c Caller, p Purpose, a AccountID, at time.Time, v any) (string, error) {
	state, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("writing what is shown once: %w", err)
	}
	return s.seal(&Ceremony{ID: s.newID(), Purpose: p, Account: a, Begun: at,
		Expires: at.Add(codesLife), Epochs: Epochs{Restore: s.restoreEpoch()}, State: state}, c)
}

// openShown opens what sealShown has sealed into v, in the browser that it was made for.
func (s *Service) openShown(ctx context.Context, c Caller, p Purpose, sealed string, v any) error {
	cer, err := s.unseal(sealed, p, c)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(cer.State, v); err != nil {
		return fmt.Errorf("reading what is shown once: %w", err)
	}
	return s.do(ctx, c, ActMe, func(w *Work) error {
		if w.account.ID != cer.Account {
			return Refuse(CeremonyOtherBrowser)
		}
		if cer.Epochs.Restore != s.restoreEpoch() {
			return Refuse(CeremonyVoid)
		}
		return nil
	})
}
