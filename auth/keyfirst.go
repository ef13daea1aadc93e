package auth

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// This file is what a challenge to a key shows to somebody of whom nothing is
// known but what he typed. The ids of a key cannot be disguised, so what may be
// told from them is kept apart:
//
//	e-mail                      the keys of its account, else decoys
//	number, unknown browser     decoys, always: else the same keys for a number and an
//	                            address would say that both are one person's
//	number, known browser       as an e-mail
//
// Decoys are the same for months, and move on by themselves: keys that change
// would else say that the address has an account whose owner got one.

// decoyLife is how long an identifier shows the same decoys. Each begins at a
// time of its own.
const decoyLife = 180 * 24 * time.Hour

// challengeStranger fills in whom a challenge to a key is for and returns the keys
// that may answer; none and a Decoy for an identifier that shows no keys, none for
// no identifier at all.
func (w *Work) challengeStranger(next *Ceremony, identifier string) ([]*Authenticator, error) {
	if identifier == "" {
		return nil, nil
	}
	login := w.s.parseLogin(w.caller, identifier)
	a, list, err := w.keysShown(login)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		next.Decoy, next.AnswersNobody = w.s.decoySeed(login.Key(), w.now), true
		return nil, nil
	}
	next.Account, next.Epochs = a.ID, w.epochs(a)
	return list, nil
}

// keysShown returns the account that an identifier names and the keys that the
// caller's browser may be shown for it. It reads as much for nobody's.
func (w *Work) keysShown(login ident.Login) (*Account, []*Authenticator, error) {
	a, err := w.findAccount(login)
	if err != nil {
		return nil, nil, err
	}
	if a == nil {
		return nil, nil, w.readDummyAccount()
	}
	list, err := w.activeMethods(a.ID, WebAuthn, "")
	list = slices.DeleteFunc(list, func(x *Authenticator) bool { return !w.s.accepts(a, x) })
	if err != nil || login.Phone == "" {
		return a, list, err
	}
	_, err = w.s.browsers.Get(w.tx, sessionKey(a.ID, w.s.browserID(w.caller)))
	if errors.Is(err, store.ErrNotFound) {
		return a, nil, nil
	}
	return a, list, err
}

// decoySeed is what the decoys of an identifier are drawn from at a time.
func (s *Service) decoySeed(key string, at time.Time) []byte {
	offset := binary.BigEndian.Uint64(s.mac("decoy-age", key)) % uint64(decoyLife/time.Second)
	generation := (uint64(at.Unix()) + offset) / uint64(decoyLife/time.Second)
	return s.mac("decoy", key+"\x00"+strconv.FormatUint(generation, 10))
}
