package auth

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// This file is the way in that owners have and strangers lack (D12): a code
// mailed to the account, or a reset link, introduces a browser. Its answers are
// counted apart from strangers' from then on; known it is by its first complete
// sign-in.

// An introduction says that somebody who reads the account's mail is at a
// browser. Stored under "<account>/<browser>"; it ends with the account's epoch.
type introduction struct {
	At     time.Time `json:"t"`
	Epochs Epochs    `json:"ep"`
}

// introducedLife is for how long an introduction counts: until the sign-in that follows.
const introducedLife = 24 * time.Hour

// mailedCodes are the last codes that were mailed to an account, under its id:
// whichever browser asked may use them, so that a stranger who asks without end
// leaves the owner a good one in the newest mail.
type mailedCodes struct {
	MACs  []string  `json:"m"` // the newest last
	At    time.Time `json:"t"` // of the newest
	Epoch Epochs    `json:"ep"`
}

const (
	mailedCodesKept = 3
	mailedCodeSigns = 8
	crockford       = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// askedCodes is the State of the ceremony: the codes that were mailed to this browser.
type askedCodes struct {
	MACs []string `json:"m"`
}

// IntroduceBegin mails a code that introduces the caller's browser. The answer
// and the time it takes are the same for an identifier that nobody has: its code
// is never right. before is the ceremony that asked last in this browser, or "":
// its codes stay good. Refuses CookiesOff for who brings no browser.
func (s *Service) IntroduceBegin(ctx context.Context, c Caller, identifier, before string) (*Challenge, error) {
	start := time.Now()
	defer s.delayRefusal(ctx, &s.floors.introduce, start)
	if c.Browser == "" {
		return nil, Refuse(CookiesOff)
	}
	identifier = identifier[:min(len(identifier), ident.MaxTyped)]
	login := s.parseLogin(c, identifier)
	id, messageID := s.newID(), s.newID()
	code := mailedCode(s.random(mailedCodeSigns))
	next, err := do(ctx, s, c, ActAskMail, func(w *Work) (*Ceremony, error) {
		next := &Ceremony{ID: id, Purpose: ForIntroduce, Begun: w.now, Expires: w.now.Add(s.policy.MailCodeLife),
			Greeting: ident.Greeting(identifier), Epochs: Epochs{Restore: s.restoreEpoch()}}
		a, err := w.findAccount(login)
		if err != nil {
			return nil, err
		}
		asked := askedCodes{MACs: []string{s.shortMAC("introduce", id)}} // as long as a real one, and nobody's
		if a != nil {
			next.Account, next.Epochs = a.ID, w.epochs(a)
			sent, err := w.mailCode(a, code, messageID)
			if err != nil {
				return nil, err
			}
			if sent {
				asked.MACs[0] = s.codeMAC(ForIntroduce, a, next.Epochs, code)
			}
		}
		next.State, err = json.Marshal(asked)
		return next, err
	})
	if err != nil {
		return nil, err
	}
	s.keepAsked(c, next, before)
	return s.sealChallenge(c, next, nil, nil)
}

// keepAsked carries the codes over that were mailed to this browser before.
func (s *Service) keepAsked(c Caller, next *Ceremony, before string) {
	old, err := s.unseal(before, next.Purpose, c)
	if err != nil || old.Account != next.Account || len(old.Proofs) > 0 {
		return
	}
	var was, is askedCodes
	if json.Unmarshal(old.State, &was) != nil || json.Unmarshal(next.State, &is) != nil {
		return
	}
	is.MACs = append(was.MACs, is.MACs...)
	is.MACs = is.MACs[max(0, len(is.MACs)-mailedCodesKept):]
	if state, err := json.Marshal(is); err == nil {
		next.State = state
	}
}

// mailCode mails a code, unless enough were mailed: SendsPerDay, then one in a
// code's life. It reports whether it did.
func (w *Work) mailCode(a *Account, code, messageID string) (bool, error) {
	err := w.takeLinkQuota(mailKey(a.ID), w.s.policy.SendsPerDay, w.s.policy.MailCodeLife)
	if e := new(Error); errors.As(err, &e) {
		return false, nil // one that is good is in the mailbox
	}
	if err != nil {
		return false, err
	}
	w.About(a.ID)
	if err := w.keepMailedCode(a, ForIntroduce, code); err != nil {
		return false, err
	}
	return true, w.enqueue(Message{Account: a.ID, Channel: Mail, Recipient: ident.Recipient(a.Email),
		Language: a.Language, Template: TemplateIntroduce, Expires: w.now.Add(w.s.policy.MailCodeLife),
		Args: map[string]string{"code": code[:4] + "-" + code[4:], "name": a.Name,
			"minutes": strconv.Itoa(int(w.s.policy.MailCodeLife / time.Minute))}}, messageID)
}

// keepMailedCode adds a code to the last that were mailed for a purpose.
func (w *Work) keepMailedCode(a *Account, p Purpose, code string) error {
	list, err := w.mailedCodes(a, p)
	if err != nil {
		return err
	}
	list.MACs = append(list.MACs, w.s.codeMAC(p, a, list.Epoch, code))
	list.MACs = slices.Clone(list.MACs[max(0, len(list.MACs)-mailedCodesKept):])
	list.At = w.now
	return w.s.mailed.Put(w.tx, mailedKey(a.ID, p), list)
}

// mailedCodes reads what was mailed for a purpose and is good still. A new password voids it.
func (w *Work) mailedCodes(a *Account, p Purpose) (*mailedCodes, error) {
	list, err := w.s.mailed.Get(w.tx, mailedKey(a.ID, p))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err != nil || list.Epoch != w.epochs(a) || w.now.Sub(list.At) > 2*w.s.policy.MailCodeLife {
		return &mailedCodes{Epoch: w.epochs(a)}, nil
	}
	return list, nil
}

func (w *Work) mailedCodesOver(m *mailedCodes) bool { return w.now.Sub(m.At) > quiet }

// IntroduceFinish takes the mailed code and introduces the browser that asked. It
// signs nobody in. Refuses CodeWrong, alike for codes of accounts that nobody has.
func (s *Service) IntroduceFinish(ctx context.Context, c Caller, ceremony, typed string) error {
	start := time.Now()
	asked, err := s.unseal(ceremony, ForIntroduce, c)
	if err != nil {
		return err
	}
	_, err = once(ctx, s, c, ActIntroduce, asked.ID, func(c Caller) (struct{}, error) {
		return do(ctx, s, c, ActIntroduce, func(w *Work) (struct{}, error) {
			return struct{}{}, w.useMailedCode(asked, cleanMailedCode(typed))
		})
	}, func(*Work, *priorSuccess) (struct{}, error) { return struct{}{}, nil })
	if e := new(Error); errors.As(err, &e) {
		s.delayRefusal(ctx, &s.floors.introduce, start)
	}
	return err
}

func (w *Work) useMailedCode(asked *Ceremony, code string) error {
	a, err := w.takeMailedCode(asked, code)
	if err != nil {
		return err
	}
	if err := w.introduce(a); err != nil {
		return err
	}
	return w.remember(struct{}{}, nil)
}

// takeMailedCode consumes a ceremony by a code that was mailed for it, and returns whose it is.
func (w *Work) takeMailedCode(asked *Ceremony, code string) (*Account, error) {
	if err := w.notConsumed(asked.ID, CeremonyUsed); err != nil {
		return nil, err
	}
	if len(code) != mailedCodeSigns {
		return nil, RefuseField(CodeMalformed, "code")
	}
	if asked.Account == "" {
		return nil, RefuseField(CodeWrong, "code")
	}
	a, err := w.ceremonyAccount(asked.Account)
	if err != nil {
		return nil, err
	}
	var own askedCodes
	if err := json.Unmarshal(asked.State, &own); err != nil {
		return nil, fmt.Errorf("reading the codes of a ceremony: %w", err)
	}
	list, err := w.mailedCodes(a, asked.Purpose)
	if err != nil {
		return nil, err
	}
	mac := w.s.codeMAC(asked.Purpose, a, w.epochs(a), code)
	same := func(other string) bool { return hmac.Equal([]byte(mac), []byte(other)) }
	if asked.Epochs != w.epochs(a) || !slices.ContainsFunc(own.MACs, same) && !slices.ContainsFunc(list.MACs, same) {
		return nil, RefuseField(CodeWrong, "code") // before About: guesses fill nobody's history
	}
	w.About(a.ID)
	return a, w.consume(asked.ID, asked.Expires, CeremonyUsed)
}

// introduce notes that whoever reads the account's mail is at the caller's browser.
func (w *Work) introduce(a *Account) error {
	id := w.s.browserID(w.caller)
	if id == "" {
		return nil
	}
	return w.s.introductions.Put(w.tx, sessionKey(a.ID, id), &introduction{At: w.now, Epochs: w.epochs(a)})
}

// isIntroduced reports whether the caller's browser was introduced to the account.
func (w *Work) isIntroduced(a AccountID, browser string) (bool, error) {
	if browser == "" {
		return false, nil
	}
	x, err := w.s.introductions.Get(w.tx, sessionKey(a, browser))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil || w.introductionOver(x) {
		return false, err
	}
	account, err := w.s.accounts.Get(w.tx, string(a))
	return err == nil && x.Epochs == w.epochs(account), ignoreMissing(err)
}

func (w *Work) introductionOver(x *introduction) bool { return w.now.Sub(x.At) > introducedLife }

// codeMAC is how a code is kept: whoever reads it finds no code. One that resets is bound to the mailbox as well: what
// proves the first factor is remembered as itself.
func (s *Service) codeMAC(p Purpose, a *Account, e Epochs, code string) string {
	value := fmt.Sprintf("%s/%d/%d/%s", a.ID, e.Account, e.Restore, code)
	if p == ForReset {
		value += "/" + a.Email.Key()
	}
	return s.shortMAC(string(p), value)
}

// mailedCode spells random bytes as signs.
func mailedCode(random []byte) string {
	code := make([]byte, len(random))
	for i, b := range random {
		code[i] = crockford[b%32]
	}
	return string(code)
}

// cleanMailedCode reads a code as people type it: in small letters, with O for 0, I or L for 1.
func cleanMailedCode(typed string) string {
	return strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(ident.CleanCode(typed)))
}

// mailedKey is where the codes for a purpose are kept: those that introduce where they always were.
func mailedKey(a AccountID, p Purpose) string {
	if p == ForIntroduce {
		return string(a)
	}
	return string(a) + "/" + string(p)
}

func mailKey(a AccountID) string { return "v/" + string(a) }
