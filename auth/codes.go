package auth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
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
	kept, err := sealByToken(c, prompt.Codes)
	if err != nil {
		return nil, err
	}
	messages := s.newMessageIDs()
	type made struct {
		CodesInfo
		account AccountID
	}
	out, err := once(ctx, s, c, ActCodes, "", func(c Caller) (*made, error) {
		return do(ctx, s, c, ActCodes, func(w *Work) (*made, error) {
			w.entry.Kind = Lookup
			info := CodesInfo{Codes: prompt.Codes, MadeAt: w.now, MaskedEmail: w.account.Email.Mask()}
			if err := w.replaceCodes(set, messages); err != nil {
				return nil, err
			}
			return &made{info, w.account.ID}, w.remember(kept, nil)
		})
	}, func(w *Work, r *priorSuccess) (*made, error) {
		info := CodesInfo{MadeAt: r.At, MaskedEmail: w.account.Email.Mask()}
		var kept []byte
		if err := r.read(&kept); err != nil {
			return nil, err
		}
		err := openByToken(c, kept, &info.Codes)
		return &made{info, w.account.ID}, err
	})
	if err != nil {
		return nil, err
	}
	out.Sealed, err = s.sealShown(c, forCodes, out.account, out.MadeAt, &out.CodesInfo)
	return &out.CodesInfo, err
}

// replaceCodes stores a new set in place of the earlier one. Its Device is the
// id of a new one, should it need one.
func (w *Work) replaceCodes(x Authenticator, ids messageIDs) error {
	if err := w.refuseBesideKeys(x.Kind, "", false); err != nil {
		return err
	}
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
			if err := w.forgetBrowsersOf(old.Account, map[string]bool{old.ID: true}); err != nil {
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

// sealByToken seals what is shown once for a browser that may have to ask for it
// again: whoever reads the store, with all its keys, has no session's token.
func sealByToken(c Caller, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing what is shown once: %w", err)
	}
	return tokenCipher(c).Seal(nil, nil, text, []byte(c.Request)), nil
}

func openByToken(c Caller, sealed []byte, v any) error {
	text, err := tokenCipher(c).Open(nil, nil, sealed, []byte(c.Request))
	if err != nil {
		return Refuse(CeremonyOtherBrowser)
	}
	return json.Unmarshal(text, v)
}

// tokenCipher encrypts under a session's token, 256 random bits. It draws its nonce.
func tokenCipher(c Caller) cipher.AEAD {
	key := sha256.Sum256([]byte("shown once\x00" + c.Token))
	block, _ := aes.NewCipher(key[:]) // 32 bytes: it cannot fail
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	return aead
}

// codesLife is how long what is shown once is shown again in the same browser.
const codesLife = 5 * time.Minute

// CodesFile opens CodesInfo.Sealed for the download, in the browser that it
// was made for.
func (s *Service) CodesFile(ctx context.Context, c Caller, sealed string) (*CodesInfo, error) {
	info := new(CodesInfo)
	return info, s.openShown(ctx, c, forCodes, sealed, info)
}
