package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// RecoveryCodes makes ten new codes, shown once, and voids earlier ones.
func (s *Service) RecoveryCodes(ctx context.Context, c Caller) (*CodesInfo, error) {
	factor := s.factors[Lookup]
	if factor == nil {
		return nil, Refuse(NoSuchMethod)
	}
	if err := s.admitted(ctx, c, ActCodes); err != nil { // ten derivations follow
		return nil, err
	}
	cer := &Ceremony{ID: s.newID(), Purpose: ForBind, Kind: Lookup, Input: json.RawMessage("{}"), Now: s.now()}
	if err := factor.BeginBind(cer, Subject{}); err != nil {
		return nil, fmt.Errorf("making recovery codes: %w", err)
	}
	bound, err := factor.FinishBind(cer, json.RawMessage(`{"saved":true}`))
	if err != nil {
		return nil, fmt.Errorf("making recovery codes: %w", err)
	}
	var prompt struct {
		Codes []string `json:"codes"`
	}
	if err := json.Unmarshal(cer.Prompt, &prompt); err != nil {
		return nil, fmt.Errorf("reading recovery codes: %w", err)
	}
	set := *bound
	set.ID, set.Device = s.newID(), s.newID()
	messages := s.newMessageIDs()
	type made struct {
		CodesInfo
		account AccountID
	}
	out, err := do(ctx, s, c, ActCodes, func(w *Work) (*made, error) {
		w.entry.Kind = Lookup
		info := CodesInfo{Codes: prompt.Codes, MadeAt: w.now, MaskedEmail: w.account.Email.Mask()}
		return &made{info, w.account.ID}, w.replaceCodes(set, messages)
	})
	if err != nil {
		return nil, err
	}
	out.Sealed, err = s.sealCodes(c, out.account, &out.CodesInfo)
	return &out.CodesInfo, err
}

// replaceCodes stores a new set in place of the earlier one. Its Device is the
// id of a new one, should it need one.
func (w *Work) replaceCodes(x Authenticator, ids messageIDs) error {
	list, err := w.authenticators(w.account.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(x *Authenticator) bool { return x.State == Active && x.Kind != Lookup }) {
		return Refuse(MethodRefused) // codes are a way back to something, not a second step of their own
	}
	for _, old := range list {
		if old.Kind == Lookup {
			if err := w.s.authenticators.Delete(w.tx, authenticatorKey(old.Account, old.ID)); err != nil {
				return err
			}
			if err := w.dropChanges(old.Account, func(ch *change) bool { return slices.Contains(ch.By, old.ID) }); err != nil {
				return err
			}
			opened := func(s *session) bool { return s.OpenedBy == old.ID && !w.isOwnSession(s) }
			if err := w.endSessions(old.Account, opened); err != nil {
				return err
			}
		}
	}
	x.Account = w.account.ID
	x.State = Active
	x.BoundAt = w.now
	device, err := w.assignDevice(&x, BindDone{}, x.Device)
	if err != nil {
		return err
	}
	if err := w.saveDevice(device); err != nil {
		return err
	}
	if err := w.endCountsOf(x.Account, Lookup); err != nil {
		return err
	}
	if err := w.tell(w.account, toldCodesMade, nil, ids, &x); err != nil {
		return err
	}
	return w.s.authenticators.Insert(w.tx, authenticatorKey(x.Account, x.ID), &x)
}

// codesLife is how long a fresh set can be downloaded.
const codesLife = 5 * time.Minute

// sealCodes seals a fresh set for the download, so that it is stored nowhere.
func (s *Service) sealCodes(c Caller, a AccountID, info *CodesInfo) (string, error) {
	state, err := json.Marshal(info)
	if err != nil {
		return "", fmt.Errorf("writing recovery codes: %w", err)
	}
	return s.seal(&Ceremony{ID: s.newID(), Purpose: forCodes, Account: a, Begun: info.MadeAt,
		Expires: info.MadeAt.Add(codesLife), Epochs: Epochs{Restore: s.restoreEpoch()}, State: state}, c)
}

// CodesFile opens CodesInfo.Sealed for the download, in the browser that it
// was made for.
func (s *Service) CodesFile(ctx context.Context, c Caller, sealed string) (*CodesInfo, error) {
	cer, err := s.unseal(sealed, forCodes, c)
	if err != nil {
		return nil, err
	}
	info := new(CodesInfo)
	if err := json.Unmarshal(cer.State, info); err != nil {
		return nil, fmt.Errorf("reading recovery codes: %w", err)
	}
	return info, s.do(ctx, c, ActMe, func(w *Work) error {
		if w.account.ID != cer.Account {
			return Refuse(CeremonyOtherBrowser)
		}
		if cer.Epochs.Restore != s.restoreEpoch() {
			return Refuse(CeremonyVoid)
		}
		return nil
	})
}
