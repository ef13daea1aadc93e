package auth

import (
	"errors"

	"github.com/latchkey-auth/latchkey/ident"
)

// This file is what auth asks of the part that keeps the stock of hardware tokens. Claiming one is an ordinary
// binding:
//
//	begin    the number is sealed, nobody is asked: the answer is the same for every number
//	finish   look:  FindToken ─► the factor compares two codes in a row, with nobody's where there is none
//	         write: FindToken, the same one ─► the Authenticator ─► AssignToken
//	removal  the Authenticator goes ─► ReturnToken
//
// Between begin and finish nothing is held for anybody, and what is written is written in one pass. Who claims
// what is not there, another's, lost or retired gets the answer of a wrong code, TokenWrong, and so does who
// comes second.

// A Token is a hardware token as the stock knows it.
type Token struct {
	ID     string // the stock's own name for it: unique, never given to another
	Serial string // as printed on it; 1 to 64 code points
	Model  string // for its owner; "" if not known

	Kind      Kind // HOTP or TOTP
	Secret    []byte
	Algorithm string // "SHA1", "SHA256" or "SHA512"
	Digits    int    // 6 to 8
	Counter   uint64 // HOTP: of the next code
	Period    int    // TOTP: seconds
	Drift     int    // TOTP: periods by which its clock is known to be ahead of ours
	Last      int64  // TOTP: the last step whose code was used; 0: not known

	// Given says that the house has given it to the very account that asks: what others have tried with its
	// number is not held against him.
	Given bool
}

// Tokens is asked in the pass that needs the answer, and writes in it.
type Tokens interface {
	// FindToken returns the token with a number, as somebody has typed it, if the account may claim it now: of
	// the stock, given to this account, or last bound to it (R79: removed, and set up again). It is nil if
	// there is none, if the tokens of two makers have that number, and if the token is another's, lost or
	// retired. It reads as much for the one as for the other, and writes nothing. Numbers are compared by
	// ident.SerialKey.
	FindToken(w *Work, a AccountID, serial string) (*Token, error)
	// AssignToken marks a token as the account's, which has found it in this pass, or which it is given back
	// to: an undone removal binds it again, whatever was said of it then. Refuses NoSuchMethod for one that is
	// another's now.
	AssignToken(w *Work, a AccountID, id string) error
	// ReturnToken is told of a token that it is bound no more. It does nothing for one that is not the
	// account's, or that the stock knows no more.
	ReturnToken(w *Work, a AccountID, id string, r Reached) error
}

// Reached says how far a token had come when it was unbound, so that no code that was used by then is believed
// again.
type Reached struct {
	Counter uint64 // HOTP: of the next code; a counter is never lowered to it
	Drift   int    // TOTP
	Last    int64  // TOTP: the last step whose code was used; never lowered
	Lost    bool   // its owner has said that it is lost
}

// A Claimed is a Factor that hardware tokens are bound by.
type Claimed interface {
	Factor
	// Reached says how far the authenticator of a token has come.
	Reached(x *Authenticator) Reached
}

// claimsPerToken is how many wrong claims of one number all accounts together have in a day. They touch no
// token that is bound: its owner signs in as ever.
const claimsPerToken = 100

// hasTokens reports whether there is a stock to claim from.
func (s *Service) hasTokens() bool { return s.rulebook.Load().tokens != nil }

// claimedSerial is the number of the token that a binding claims, "" where it claims none.
func (s *Service) claimedSerial(f BindForm) (string, error) {
	if f.Kind != HOTP || f.Serial == "" {
		return "", nil
	}
	if !s.hasTokens() {
		return "", Refuse(NoSuchMethod)
	}
	serial, err := ident.ParseSerial(f.Serial)
	return serial, RefuseTyped(err)
}

// findToken finds what a claim is about; nil for a binding that is none.
func (w *Work) findToken(c *Ceremony) (*Token, error) {
	asked := w.s.rulebook.Load().tokens
	if c.Serial == "" || asked == nil {
		return nil, nil
	}
	return asked.FindToken(w, c.Account, c.Serial)
}

// mayClaim refuses a claim of a number that too much was tried with.
func (w *Work) mayClaim(c *Ceremony, t *Token) error {
	if c.Serial == "" || t != nil && t.Given {
		return nil
	}
	q, err := w.quota(w.s.claimKey(c.Serial))
	if err == nil && q.Count >= claimsPerToken {
		return RefuseField(MethodResting, "serial").At(q.Since.Add(quiet))
	}
	return err
}

// countClaim counts a wrong claim under the number that was typed, whether or not there is such a token.
func (w *Work) countClaim(c *Ceremony, refused *Error) error {
	if c.Serial == "" || refused.Code != TokenWrong {
		return nil
	}
	key := w.s.claimKey(c.Serial)
	q, err := w.quota(key)
	if err != nil {
		return err
	}
	q.Count++
	q.LastAt = w.now
	return w.s.quotas.Put(w.tx, key, &q)
}

// stillFree refuses a claim that was right when it was looked at, if the token has gone to another since.
func (w *Work) stillFree(c *Ceremony, t *Token) (*Error, error) {
	if c.Serial == "" {
		return nil, nil
	}
	now, err := w.findToken(c)
	if err != nil || now != nil && t != nil && now.ID == t.ID {
		return nil, err
	}
	return RefuseField(TokenWrong, "serial"), nil
}

// assignToken marks the token of a new authenticator as the account's.
func (w *Work) assignToken(x *Authenticator) error {
	asked := w.s.rulebook.Load().tokens
	if x.Token == "" || asked == nil {
		return nil
	}
	return asked.AssignToken(w, x.Account, x.Token)
}

// tokenTaken gives a token that was removed back to its owner, and reports whether it is another's by now: then
// it stays away.
func (w *Work) tokenTaken(x *Authenticator) (bool, error) {
	err := w.assignToken(x)
	if errors.Is(err, Refuse(NoSuchMethod)) {
		return true, nil
	}
	return false, err
}

// returnToken tells the stock that an authenticator was a token of its, and is no more.
func (w *Work) returnToken(x *Authenticator, lost bool) error {
	asked := w.s.rulebook.Load().tokens
	if x.Token == "" || asked == nil {
		return nil
	}
	r := Reached{}
	if f, ok := w.s.factors[x.Kind].(Claimed); ok {
		r = f.Reached(x)
	}
	r.Lost = lost
	return asked.ReturnToken(w, x.Account, x.Token, r)
}

// claimKey is where claims of a number are counted, whichever blanks and dashes it is typed with.
func (s *Service) claimKey(serial string) string {
	return "tc/" + s.shortMAC("serial", ident.SerialKey(serial))
}
