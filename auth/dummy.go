package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// dummyAccountID is the id of the stand-in, as long as any.
const dummyAccountID = AccountID("AAAAAAAAAAAAAAAAAAAAAA")

// saveDummyAccount stores, once, an account with one method that is nobody's: as
// large as a seller's with one key, and where no sign-in can find it. It is read
// for whoever asks about an identifier that nobody has: opening and reading two
// documents takes tens of microseconds, which could be told by who counts them.
func (s *Service) saveDummyAccount(tx store.Tx) error {
	_, err := s.dummies.accounts.Get(tx, string(dummyAccountID))
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := Account{ID: dummyAccountID, Name: "Nobody", UserName: "nobody", Email: "nobody@example.com",
		Phone: "+8613800000000", Language: "zh-CN",
		Handle: make([]byte, 64), Password: strings.Repeat("-", 97), PasswordAt: at, CreatedAt: at, EnrolledAt: at}
	if err := s.dummies.accounts.Insert(tx, string(dummyAccountID), &a); err != nil {
		return fmt.Errorf("writing the stand-in: %w", err)
	}
	data, err := json.Marshal(map[string]string{"": strings.Repeat("-", 400)})
	if err != nil {
		return fmt.Errorf("writing the stand-in: %w", err)
	}
	x := Authenticator{ID: string(dummyAccountID), Account: dummyAccountID, Kind: WebAuthn, Name: "Security key",
		Device:     string(dummyAccountID),
		Credential: strings.Repeat("-", 64), Data: data, BoundAt: at, UsedAt: at, State: Active}
	return s.dummies.authenticators.Insert(tx, authenticatorKey(dummyAccountID, x.ID), &x)
}

// readDummyAccount reads the stand-in as an account and its methods are read.
func (w *Work) readDummyAccount() error {
	if _, err := w.s.dummies.accounts.Get(w.tx, string(dummyAccountID)); err != nil {
		return err
	}
	for _, err := range w.s.dummies.authenticators.Prefix(w.tx, string(dummyAccountID)+"/", maxAuthenticators) {
		if err != nil {
			return err
		}
	}
	return nil
}
