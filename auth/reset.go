package auth

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// This file is the forgotten password: a mail with a link and a code, and what either of them is good for.
//
//	Forgot ──► mail: link and code ──┬─ link ───────────────────────► ResetPassword
//	  │                              └─ ForgotCode (that browser) ──► ResetByCode
//	  └─ the browser's ceremony ────────┘
//
// Neither signs anybody in (D7). What proved the first factor so is remembered as itself (D14).

// A ForgotForm asks for a new password. A browser that the account does not know answers a puzzle as well.
type ForgotForm struct {
	Identifier string
	Ceremony   string // the one that asked last in this browser, or "": its codes stay good
	PuzzleAnswer
}

// Forgot mails a link to choose a new password, with a code that does as much in the browser that asks. The answer and
// the time it takes are the same for an identifier that nobody has: its code is never right. Refuses what takePuzzle
// refuses, alike for both, unless the account knows the caller's browser.
func (s *Service) Forgot(ctx context.Context, c Caller, f ForgotForm) (*Challenge, error) {
	start := time.Now()
	defer s.delayRefusal(ctx, &s.floors.forgot, start)
	f.Identifier = f.Identifier[:min(len(f.Identifier), ident.MaxTyped)]
	next, err := doOnce(ctx, s, c, ActForgot, "", s.askReset(c, f))
	if err != nil {
		return nil, err
	}
	s.keepAsked(c, next, f.Ceremony)
	return s.sealChallenge(c, next, nil, nil)
}

// A resetDraw is what a mail about a forgotten password draws before the pass: no code where none can be typed.
type resetDraw struct{ key, url, code, messageID string }

func (s *Service) newResetDraw() resetDraw {
	key, url := s.newLink(LinkReset)
	return resetDraw{key: key, url: url, messageID: s.newID()}
}

// askReset is the pass of Forgot, with what it draws.
func (s *Service) askReset(c Caller, f ForgotForm) func(*Work) (*Ceremony, error) {
	login := s.parseLogin(c, f.Identifier)
	id, drawn := s.newID(), s.newResetDraw()
	drawn.code = mailedCode(s.random(mailedCodeSigns))
	return func(w *Work) (*Ceremony, error) {
		next := &Ceremony{ID: id, Purpose: ForReset, Begun: w.now, Expires: w.now.Add(s.policy.ResetLife),
			Greeting: ident.Greeting(f.Identifier), Epochs: Epochs{Restore: s.restoreEpoch()}}
		asked := askedCodes{MACs: []string{s.shortMAC(string(ForReset), id)}} // as long as a real one, and nobody's
		a, err := w.findAccount(login)
		if err != nil {
			return nil, err
		}
		spared, err := w.sparesPuzzle(a)
		if err != nil {
			return nil, err
		}
		if !spared {
			if err := w.takePuzzle(f.PuzzleAnswer); err != nil {
				return nil, err
			}
		}
		if a != nil {
			next.Account, next.Epochs = a.ID, w.epochs(a)
			sent, err := w.mailForgotten(a, drawn)
			if err != nil {
				return nil, err
			}
			if sent {
				asked.MACs[0] = s.codeMAC(ForReset, a, next.Epochs, drawn.code)
			}
		}
		next.State, err = json.Marshal(asked)
		return next, err
	}
}

// mailForgotten mails the link and the code, unless it is too soon, or too many were mailed today: saying so would say
// that the account exists. It reports whether it did.
func (w *Work) mailForgotten(a *Account, d resetDraw) (bool, error) {
	err := w.takeLinkQuota(resetKey(a.ID), w.s.policy.SendsPerDay, w.s.policy.ResetLife)
	if e := new(Error); errors.As(err, &e) {
		return false, nil
	}
	if err != nil {
		return false, err // before About: repeating it fills nobody's history
	}
	w.About(a.ID)
	return true, w.mailReset(a, d)
}

// mailReset mails an account the link that sets a new password, and the code that does as much, if one was drawn. The
// quota is taken.
func (w *Work) mailReset(a *Account, d resetDraw) error {
	until := w.now.Add(w.s.policy.ResetLife)
	l := link{Purpose: LinkReset, Account: a.ID, Email: a.Email, Expires: until, Epoch: a.Epoch}
	if err := w.saveLink(d.key, &l); err != nil {
		return err
	}
	m := Message{Account: a.ID, Channel: Mail, Recipient: ident.Recipient(a.Email), Language: a.Language,
		Template: TemplateResetLink, Args: map[string]string{"link": d.url, "name": a.Name}, Expires: until}
	if d.code != "" {
		m.Template = TemplateReset
		m.Args["code"] = d.code[:4] + "-" + d.code[4:]
		if err := w.keepMailedCode(a, ForReset, d.code); err != nil {
			return err
		}
	}
	return w.enqueue(m, d.messageID)
}

// ForgotCode takes the mailed code in the browser that asked for it, and returns what proves that: a ceremony for
// ResetByCode, good once and for as long as a sign-in. Refuses CodeWrong, alike for codes of accounts that nobody has.
func (s *Service) ForgotCode(ctx context.Context, c Caller, ceremony, typed string) (*Challenge, error) {
	start := time.Now()
	asked, err := s.unseal(ceremony, ForReset, c)
	if err != nil {
		return nil, err
	}
	if len(asked.Proofs) > 0 {
		return nil, Refuse(CeremonyUsed)
	}
	id := s.newID()
	proven, err := doOnce(ctx, s, c, ActForgotCode, asked.ID, func(w *Work) (*Ceremony, error) {
		a, err := w.takeMailedCode(asked, cleanMailedCode(typed))
		if err != nil {
			return nil, err
		}
		return &Ceremony{ID: id, Purpose: ForReset, Account: a.ID, Begun: w.now, Expires: w.now.Add(s.policy.SignInLife),
			Greeting: asked.Greeting, Epochs: w.epochs(a), FirstBy: ident.Recipient(a.Email),
			Proofs: []Proof{{Kind: Temporary, At: w.now, Channel: Mail}}}, nil
	})
	if e := new(Error); errors.As(err, &e) {
		s.delayRefusal(ctx, &s.floors.forgot, start)
	}
	if err != nil {
		return nil, err
	}
	return s.sealChallenge(c, proven, nil, nil)
}

// A resetProof is what stands behind a reset: a mailed link, or the ceremony of ForgotCode or ForgotUserName.
type resetProof struct {
	link     string
	ceremony *Ceremony
}

// id names what the proof consumes.
func (p resetProof) id() string {
	if p.ceremony != nil {
		return p.ceremony.ID
	}
	return linkKey(p.link)
}

// channel is how what was shown had come.
func (p resetProof) channel() Channel {
	if p.ceremony != nil {
		return p.ceremony.Proofs[0].Channel
	}
	return Mail
}

// ceremonyProof opens the ceremony of ForgotCode. One that has proved nothing is none.
func (s *Service) ceremonyProof(c Caller, ceremony string) (resetProof, error) {
	proven, err := s.unseal(ceremony, ForReset, c)
	if err == nil && len(proven.Proofs) == 0 {
		err = Refuse(CeremonyOtherBrowser)
	}
	return resetProof{ceremony: proven}, err
}

// proofOwner returns the account that a proof is of, and what proved it. It consumes nothing. Refuses LinkUsed for a
// link that is over, and for the other what every ceremony is refused for.
func (w *Work) proofOwner(p resetProof) (*Account, ident.Recipient, error) {
	if p.ceremony != nil {
		a, err := w.flowAccount(p.ceremony)
		if err == nil && p.channel() != Mail {
			err = w.mayResetByNumber(a, p.ceremony.FirstBy)
		}
		return a, p.ceremony.FirstBy, err
	}
	l, err := w.openLink(LinkReset, p.link)
	if err != nil {
		return nil, "", err
	}
	a, err := w.s.accounts.Get(w.tx, string(l.Account))
	if errors.Is(err, store.ErrNotFound) || err == nil && a.Epoch != l.Epoch {
		return nil, "", Refuse(LinkUsed) // the password was changed since: an older link is void
	}
	if err != nil {
		return nil, "", err
	}
	return a, l.resetBy(a), nil
}

// consumeProof is proofOwner, and the end of the proof.
func (w *Work) consumeProof(p resetProof) (*Account, ident.Recipient, error) {
	a, by, err := w.proofOwner(p)
	if err != nil {
		return nil, "", err
	}
	w.About(a.ID)
	if p.ceremony != nil {
		return a, by, w.consume(p.ceremony.ID, p.ceremony.Expires, CeremonyUsed)
	}
	_, err = w.consumeLink(LinkReset, p.link)
	return a, by, err
}

// introduceBy introduces the browser to the account by a proof: who reads its mail, not who has its number (D12).
func (w *Work) introduceBy(a *Account, p resetProof) error {
	if p.channel() != Mail {
		return nil
	}
	return w.introduce(a)
}

// ResetPassword sets a new password by a mailed link. It signs nobody in and
// skips no second step (D7), and it works while sign-in is locked. Refuses
// LinkUsed and what the policy refuses; a refused password leaves the link
// good.
func (s *Service) ResetPassword(ctx context.Context, c Caller, token, password string) error {
	return s.resetOnce(ctx, c, resetProof{link: token}, password)
}

// ResetByCode is ResetPassword by the ceremony of ForgotCode or ForgotUserName.
func (s *Service) ResetByCode(ctx context.Context, c Caller, ceremony, password string) error {
	p, err := s.ceremonyProof(c, ceremony)
	if err != nil {
		return err
	}
	return s.resetOnce(ctx, c, p, password)
}

func (s *Service) resetOnce(ctx context.Context, c Caller, p resetProof, password string) error {
	_, err := once(ctx, s, c, ActReset, p.id(), func(c Caller) (struct{}, error) {
		return struct{}{}, s.resetPassword(ctx, c, p, password)
	}, recall[struct{}])
	return err
}

func (s *Service) resetPassword(ctx context.Context, c Caller, p resetProof, password string) error {
	owner, err := do(ctx, s, c, ActLook, func(w *Work) (*Account, error) {
		a, _, err := w.proofOwner(p)
		return a, err
	})
	if err != nil {
		return err
	}
	stored, err := s.acceptedHash(ctx, password, owner)
	if err != nil {
		return err
	}
	messages := s.newMessageIDs()
	return s.do(ctx, c, ActReset, func(w *Work) error {
		a, by, err := w.consumeProof(p)
		if err != nil {
			return err
		}
		if err := w.setPassword(a, stored, by, messages); err != nil {
			return err
		}
		if err := w.introduceBy(a, p); err != nil {
			return err
		}
		return w.remember(struct{}{}, nil)
	})
}
