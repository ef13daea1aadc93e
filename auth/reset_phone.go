package auth

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// This file is the forgotten password by phone (R16 to R20): a puzzle, a text to a number that somebody has proved, and
// after its code the user name, which whoever has only the number does not know.
//
//	ForgotPhone ──► text: code ──► ForgotPhoneCode ──► ForgotUserName ──► ResetByCode or SignInTemporary
//
// What is said before the right code is the same for numbers that nobody has. The number is then what proved the first
// factor (D14): behind it stands another second step, or there is no way by it.

// A ForgotPhoneForm asks for a text to a number. Region is the ISO region that Phone is dialled in; "" goes by the
// language. Everybody answers a puzzle: texts are paid for.
type ForgotPhoneForm struct {
	Phone, Region string
	PuzzleAnswer
}

const (
	nameTries   = 3 // user names, in nameLock
	nameLock    = 24 * time.Hour
	textedTries = 5 // codes of one text
	textedSigns = 6
)

// textedState is the State of the ceremony: what its code is held against.
type textedState struct {
	MAC   string `json:"m"`
	Label string `json:"n"`
}

// ForgotPhone texts a code to a number that an account has proved, or reads it out where the number takes no texts. The
// answer and the time it takes are the same for a number that nobody has: its code is never right, and what a day has
// of texts is counted alike. Refuses what takePuzzle refuses, ResendTooSoon and PhoneResetLater.
func (s *Service) ForgotPhone(ctx context.Context, c Caller, f ForgotPhoneForm) (*Challenge, error) {
	start := time.Now()
	defer s.delayRefusal(ctx, &s.floors.forgot, start)
	number, err := s.parseNumber(c, f.Phone, f.Region, s.policy.Countries)
	if err != nil {
		return nil, RefuseTyped(err)
	}
	if !s.numberReached(number) {
		return nil, RefuseField(PhoneLandline, "phone")
	}
	begun, err := doOnce(ctx, s, c, ActForgotPhone, "", s.askNumber(number, f.PuzzleAnswer))
	if err != nil {
		return nil, err
	}
	return s.sealChallenge(c, &begun.Ceremony, nil, begun.Delivery)
}

// numberReached reports whether somebody delivers a code to such a number, whoever has it.
func (s *Service) numberReached(n ident.Phone) bool {
	return n.TakesSMS() && s.delivers(Phone, SMS) || s.delivers(Phone, Voice)
}

// askNumber is the pass of ForgotPhone, with what it draws.
func (s *Service) askNumber(number ident.Phone, answer PuzzleAnswer) func(*Work) (*begunChallenge, error) {
	id, messageID := s.newID(), s.newID()
	code, label := textedCode(s.random(16))
	channel := SMS
	if !number.TakesSMS() || !s.delivers(Phone, SMS) {
		channel = Voice
	}
	return func(w *Work) (*begunChallenge, error) {
		if err := w.takePuzzle(answer); err != nil {
			return nil, err
		}
		left, err := w.takeAll(w.resetDraws(number)...)
		if err != nil {
			return nil, err
		}
		next := &begunChallenge{Ceremony: Ceremony{ID: id, Purpose: ForResetPhone, Kind: Phone, Channel: channel,
			Recipient: ident.Recipient(number), Greeting: ident.Greeting(number.Mask()), Begun: w.now,
			Expires: w.now.Add(s.policy.CodeLife), Epochs: Epochs{Restore: s.restoreEpoch()}}}
		m := Message{Channel: channel, Recipient: next.Recipient, Template: TemplateCode, Label: label, State: Queued,
			CreatedAt: w.now, Expires: next.Expires, Args: map[string]string{"code": code, "label": label,
				"purpose": string(ForReset), "minutes": strconv.Itoa(int(s.policy.CodeLife / time.Minute))}}
		a, err := w.findByNumber(number)
		if err != nil {
			return nil, err
		}
		if a != nil {
			w.About(a.ID)
			w.entry.Kind, w.entry.Channel = Phone, channel
			next.Account, next.Epochs = a.ID, w.epochs(a)
			m.Account, m.Language = a.ID, a.Language
			if err := w.enqueue(m, messageID); err != nil {
				return nil, err
			}
		}
		next.Delivery = &DeliveryInfo{Channel: channel, Masked: m.Recipient.Mask(), Label: label, State: Queued,
			SentAt: w.now, ChangedAt: w.now, Expires: m.Expires, ResendAt: w.now.Add(s.policy.ResendAfter), LeftToday: left}
		next.State, err = json.Marshal(textedState{s.textedMAC(id, code), label})
		return next, err
	}
}

// resetDraws is what a text of a forgotten password draws: of its number, of the caller's network and of the site,
// from a budget of its own. Nobody's number draws as much.
func (w *Work) resetDraws(n ident.Phone) []draw {
	p, mark := w.s.policy, w.s.shortMAC("address", string(n))
	part := string("0123456789abcdef"[mark[0]%siteParts])
	draws := []draw{
		{key: "fn/" + mark, most: p.ResetTextsPerNumber, pause: p.ResendAfter, code: PhoneResetLater},
		{key: "fs/" + part, most: partOf(p.ResetTextsPerSite), code: PhoneResetLater, alarm: true},
	}
	return capped(append(draws, w.drawsOfNetwork("fw/", p.ResetTextsPerNetwork, PhoneResetLater)...))
}

// textedCode spells random bytes as six digits and a label.
func textedCode(random []byte) (code, label string) {
	const letters, figures = "ACDEFHJKMNPRTUVWXY", "2345679"
	n := binary.BigEndian.Uint64(random[:8]) % 1e6
	return fmt.Sprintf("%0*d", textedSigns, n),
		string([]byte{letters[int(random[8])%len(letters)], figures[int(random[9])%len(figures)]})
}

func (s *Service) textedMAC(ceremony, code string) string {
	return s.shortMAC(string(ForResetPhone), ceremony+"/"+code)
}

// ForgotPhoneCode takes the texted code in the browser that asked for it, and returns a ceremony for ForgotUserName.
// Refuses CodeWrong, alike for numbers that nobody has; and to whom the number belongs NumberIsOnlyStep and
// UserNameClosed.
func (s *Service) ForgotPhoneCode(ctx context.Context, c Caller, ceremony, typed string) (*Challenge, error) {
	start := time.Now()
	asked, err := s.unseal(ceremony, ForResetPhone, c)
	if err != nil {
		return nil, err
	}
	if len(asked.Proofs) > 0 {
		return nil, Refuse(CeremonyUsed)
	}
	id := s.newID()
	shown, err := doOnce(ctx, s, c, ActForgotCode, asked.ID, func(w *Work) (*Ceremony, error) {
		w.entry.Kind, w.entry.Channel = Phone, asked.Channel
		if err := w.takeTextedCode(asked, ident.DigitsIn(typed, textedSigns)); err != nil {
			return nil, err
		}
		a, err := w.numberOwner(asked)
		if used := w.consume(asked.ID, asked.Expires, CeremonyUsed); used != nil {
			return nil, used
		}
		if err != nil {
			return nil, err
		}
		return &Ceremony{ID: id, Purpose: ForResetPhone, Account: a.ID, Begun: w.now,
			Expires: w.now.Add(s.policy.SignInLife), Recipient: asked.Recipient, Greeting: asked.Greeting,
			Epochs: asked.Epochs, Proofs: []Proof{{Kind: Temporary, At: w.now, Channel: asked.Channel}}}, nil
	})
	if e := new(Error); errors.As(err, &e) {
		s.delayRefusal(ctx, &s.floors.forgot, start)
	}
	if err != nil {
		return nil, err
	}
	return s.sealChallenge(c, shown, nil, nil)
}

// takeTextedCode refuses a wrong code. The last of those that a text has uses the ceremony up.
func (w *Work) takeTextedCode(asked *Ceremony, code string) error {
	if err := w.notConsumed(asked.ID, CeremonyUsed); err != nil {
		return err
	}
	if len(code) != textedSigns {
		return RefuseField(CodeMalformed, "code")
	}
	var is textedState
	if err := json.Unmarshal(asked.State, &is); err != nil {
		return fmt.Errorf("reading the code of a ceremony: %w", err)
	}
	if right := hmac.Equal([]byte(is.MAC), []byte(w.s.textedMAC(asked.ID, code))); right && asked.Account != "" {
		return nil
	}
	t, err := w.attempts(textedKey(asked.ID))
	if err != nil {
		return err
	}
	t.Failures, t.At = t.Failures+1, w.now
	if err := w.s.attempts.Put(w.tx, textedKey(asked.ID), &t); err != nil {
		return err
	}
	if t.Failures >= textedTries {
		if err := w.consume(asked.ID, asked.Expires, CeremonyUsed); err != nil {
			return err
		}
	}
	return RefuseField(CodeWrong, "code").With("label", is.Label).With("n", strconv.Itoa(textedTries-t.Failures))
}

func textedKey(ceremony string) string { return "g/" + ceremony }

// numberOwner returns the account of a ceremony whose number has been shown, if the number may lead any further.
func (w *Work) numberOwner(c *Ceremony) (*Account, error) {
	a, err := w.flowAccount(c)
	if err != nil {
		return nil, err
	}
	w.About(a.ID)
	if err := w.mayResetByNumber(a, c.Recipient); err != nil {
		return nil, err
	}
	_, err = w.nameAttempts(a.ID)
	return a, err
}

// mayResetByNumber refuses a number that the account has no more, or that is all its second step (D14).
func (w *Work) mayResetByNumber(a *Account, n ident.Recipient) error {
	if a.PhoneAt.IsZero() || ident.Recipient(a.Phone) != n {
		return Refuse(CeremonyVoid)
	}
	methods, err := w.offeredMethods(a, n)
	if err == nil && len(methods) == 0 {
		return RefuseField(NumberIsOnlyStep, "phone")
	}
	return err
}

// nameAttempts reads how many user names were wrong. Refuses UserNameClosed while they were too many: of this way
// alone, which nobody comes to without the number's texts (D4).
func (w *Work) nameAttempts(a AccountID) (attempts, error) {
	t, err := w.attempts(nameKey(a))
	if err != nil {
		return t, err
	}
	if w.now.Before(t.RestsUntil) {
		return t, RefuseField(UserNameClosed, "userName").At(t.RestsUntil)
	}
	if w.now.Sub(t.Since) >= nameLock {
		t = attempts{Since: w.now}
	}
	return t, nil
}

func nameKey(a AccountID) string { return "h/" + string(a) }

// ForgotUserName takes the account's user name, or the one of its sign-up (R18), after the right code, and returns what
// ForgotCode returns. Refuses UserNameWrong, with the tries that are left, and UserNameClosed.
func (s *Service) ForgotUserName(ctx context.Context, c Caller, ceremony, typed string) (*Challenge, error) {
	shown, err := s.unseal(ceremony, ForResetPhone, c)
	if err != nil {
		return nil, err
	}
	if len(shown.Proofs) == 0 {
		return nil, Refuse(CeremonyOtherBrowser)
	}
	name, err := ident.ParseUserName(typed)
	if err != nil {
		return nil, RefuseTyped(err) // no try: it could not be right
	}
	id, messages := s.newID(), s.newMessageIDs()
	proven, err := doOnce(ctx, s, c, ActForgotName, shown.ID, func(w *Work) (*Ceremony, error) {
		w.entry.Kind = Phone
		a, err := w.numberOwner(shown)
		if err != nil {
			return nil, err
		}
		if name.Key() != a.UserName.Key() && name.Key() != a.signUpName().Key() {
			return nil, w.countName(a, messages)
		}
		if err := w.clearFailures(nameKey(a.ID)); err != nil {
			return nil, err
		}
		next := *shown
		next.ID, next.Purpose = id, ForReset
		next.FirstBy, next.Recipient = shown.Recipient, ""
		return &next, w.consume(shown.ID, shown.Expires, CeremonyUsed)
	})
	if err != nil {
		return nil, err
	}
	return s.sealChallenge(c, proven, nil, nil)
}

// countName counts a wrong user name. After the third of a day this way is closed for another (R19, R20), and the owner
// told: whoever got that far has his number.
func (w *Work) countName(a *Account, ids messageIDs) error {
	t, err := w.nameAttempts(a.ID)
	if err != nil {
		return err
	}
	t.Failures, t.At = t.Failures+1, w.now
	left, refused := nameTries-t.Failures, RefuseField(UserNameWrong, "userName")
	if left == 0 {
		t.RestsUntil = w.now.Add(nameLock)
		refused = RefuseField(UserNameClosed, "userName").At(t.RestsUntil)
		if err := w.tell(a, toldResetClosed, map[string]string{"until": messageTime(t.RestsUntil)}, ids); err != nil {
			return err
		}
	}
	if err := w.s.attempts.Put(w.tx, nameKey(a.ID), &t); err != nil {
		return err
	}
	return refused.With("n", strconv.Itoa(left))
}
